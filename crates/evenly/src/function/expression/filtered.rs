//! Counts or finds among the numbers that pass a filter.

use super::filter::Filter;
use crate::function::jit::Window;
use evenly_core::{Arithmetic, Cause, Interval, Tally};

/// A part of a range with a filter that has all its numbers.
pub(super) struct Filtered<'a> {
    pub(super) filter: &'a Filter,
    pub(super) windows: &'a [Window],
    pub(super) part: Interval,
}

impl Filtered<'_> {
    /// Counts the numbers that pass and have a value other than 0. Returns the last number that was decided.
    pub(super) fn count(
        &self,
        tally: &mut Tally,
        value: impl Fn(i64) -> Result<i128, Arithmetic>,
    ) -> i64 {
        // From here on, the numbers are not in the tally yet.
        let mut from = Some(self.part.first());
        let mut count = 0;
        let decides = self.filter.decides(self.windows);
        for (begin, mut bits) in self.filter.words(self.windows, self.part) {
            if decides {
                count += u64::from(bits.count_ones());
                continue;
            }
            while bits != 0 {
                let n = begin + i64::from(bits.trailing_zeros());
                bits &= bits - 1;
                match value(n) {
                    Ok(value) => count += u64::from(value != 0),
                    Err(why) => {
                        tally.count(count, from.map_or(0, |from| n.abs_diff(from)));
                        tally.fail(n, Cause::Arithmetic(why));
                        if tally.is_full() {
                            return n;
                        }
                        (count, from) = (0, n.checked_add(1));
                    }
                }
            }
        }
        let rest = from.and_then(|from| Interval::new(from, self.part.last()));
        tally.count(count, rest.map_or(0, |rest| rest.len() as u64));
        self.part.last()
    }

    /// Adds the numbers that pass and have a value other than 0 to the tally, and those that fail. Returns the last number
    /// that was decided.
    pub(super) fn find(
        &self,
        tally: &mut Tally,
        value: impl Fn(i64) -> Result<i128, Arithmetic>,
    ) -> i64 {
        let decides = self.filter.decides(self.windows);
        for (begin, mut bits) in self.filter.words(self.windows, self.part) {
            while bits != 0 {
                let n = begin + i64::from(bits.trailing_zeros());
                bits &= bits - 1;
                let value = if decides { Ok(1) } else { value(n) };
                match value {
                    Ok(0) => {}
                    Ok(_) => tally.truth(n, true),
                    Err(why) => tally.fail(n, Cause::Arithmetic(why)),
                }
                if tally.is_full() {
                    return n;
                }
            }
        }
        self.part.last()
    }
}
