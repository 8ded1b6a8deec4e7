//! Bounds of loops: of their items, and of what they make of these.

use super::bounds::{fitting, two_wide};
use super::reach::{Bounds, BoundsResult, Reach};
use super::reduction::{Reduction, Source};
use super::tree::{BinaryFunction, Node, Reduce};
use crate::function::factor::MOST_DIVISORS;

/// The largest number whose divisors are listed, and the largest prime that can be.
const MOST_FACTORED: i128 = u64::MAX as i128;

/// What is known about the items of a loop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Items {
    pub(super) bounds: Bounds,
    /// The most that there can be.
    pub(super) most: i128,
    /// Whether there may be no items because the argument has none.
    pub(super) may_fail: bool,
}

/// Of a source.
pub(super) fn items(source: &Source<Node>) -> Items {
    let may_fail = false;
    match source {
        Source::Range { first, end, is_inclusive } => {
            let low = first.bounds.low;
            let high =
                if *is_inclusive { end.bounds.high } else { end.bounds.high.saturating_sub(1) };
            if high < low {
                return Items { bounds: Bounds::new(low, low), most: 0, may_fail };
            }
            let most = high.saturating_sub(low).saturating_add(1);
            Items { bounds: Bounds::new(low, high), most, may_fail }
        }
        Source::Primes { first, end, is_inclusive } => {
            let low = first.bounds.low.max(2);
            let end = end.bounds.high.saturating_sub(i128::from(!is_inclusive));
            let high = end.min(MOST_FACTORED).max(low);
            let most = (high - low).saturating_add(1);
            Items { bounds: Bounds::new(low, high), most, may_fail: end > MOST_FACTORED }
        }
        Source::Divisors(number) => {
            let Bounds { low, high } = number.bounds;
            let may_fail = low < 1 || high > MOST_FACTORED;
            let high = high.clamp(1, MOST_FACTORED);
            // Of two divisors whose product is the number, one is at most its root.
            let most = (2 * high.isqrt()).min(MOST_DIVISORS);
            Items { bounds: Bounds::new(1, high), most, may_fail }
        }
        Source::Digits(number) => {
            let (_, size) = number.bounds.magnitude();
            let most = i128::from(size.checked_ilog10().unwrap_or(0) + 1);
            let high = size.min(9) as i128;
            Items { bounds: Bounds::new(0, high), most, may_fail }
        }
    }
}

/// Of a loop. The bounds contain what it has after each round, so that code may keep it in as many bits.
pub(super) fn reduce(reduce: &Reduce) -> Reach {
    let term = reduce.term.bounds;
    let overflowing =
        |known: BoundsResult| known.unwrap_or(Reach { bounds: Bounds::ALL, may_fail: true });
    match reduce.reduction {
        // Whether there are items is not known, so only one of the two truth values can be excluded.
        Reduction::Any => Reach { bounds: Bounds::new(0, term.high), may_fail: false },
        Reduction::All => Reach { bounds: Bounds::new(term.low, 1), may_fail: false },
        Reduction::Count => Reach { bounds: Bounds::new(0, reduce.most), may_fail: false },
        Reduction::Sum => {
            let most = |term| two_wide(BinaryFunction::Multiply, term, reduce.most);
            let ends = [two_wide(BinaryFunction::Add, 0, 0), most(term.low), most(term.high)];
            overflowing(fitting(ends))
        }
        Reduction::Product => product(term, reduce.most),
        Reduction::Min | Reduction::Max => chosen(reduce, term),
        Reduction::Find => chosen(reduce, reduce.items),
    }
}

/// Of a value that is one of these, or the default.
fn chosen(reduce: &Reduce, bounds: Bounds) -> Reach {
    match &reduce.default {
        None => Reach { bounds, may_fail: true },
        Some(default) => Reach { bounds: bounds.join(default.bounds), may_fail: false },
    }
}

/// Of a product of at most `most` factors.
fn product(factor: Bounds, most: i128) -> Reach {
    let (_, size) = factor.magnitude();
    let power = match (u32::try_from(most), i128::try_from(size)) {
        (_, Ok(..=1)) => Some(1),
        (Ok(most), Ok(size)) => size.checked_pow(most),
        _ => None,
    };
    let low = match factor.low {
        1.. => 1,
        0 => 0,
        _ => power.map_or(i128::MIN, |power| -power),
    };
    let Some(high) = power else {
        return Reach { bounds: Bounds::new(low, i128::MAX), may_fail: true };
    };
    Reach { bounds: Bounds::new(low, high.max(1)), may_fail: false }
}
