//! The function of these tests, and what a plain loop makes of each question about it.

use crate::aggregate::{Aggregate, Extreme, Sum, Value};
use crate::interval::Interval;
use crate::partial::{Arithmetic, Cause};
use crate::tally::Tally;
use core::num::NonZeroU64;
use proptest::prelude::*;
use std::format;
use std::string::String;
use std::vec;

/// One number in 97 fails, and values repeat.
fn value(n: i64) -> Result<i128, Cause> {
    match n.rem_euclid(97) {
        13 => Err(Cause::Arithmetic(Arithmetic::Overflow)),
        _ => Ok((i128::from(n) * 5).rem_euclid(11) - 4),
    }
}

fn truth(n: i64) -> Result<bool, Cause> {
    value(n).map(|value| value > 2)
}

pub(super) fn apply(slice: Interval, tally: &mut Tally) -> i64 {
    for n in slice.first()..=slice.last() {
        match value(n) {
            Err(cause) => tally.fail(n, cause),
            Ok(_) if tally.aggregate().wants_truth() => {
                tally.truth(n, truth(n) == Ok(true));
            }
            Ok(value) => tally.number(n, value),
        }
        if tally.is_full() {
            return n;
        }
    }
    slice.last()
}

pub(super) fn aggregates() -> impl Strategy<Value = Aggregate> {
    use Aggregate::{All, Any, Binned, Count, Failures, Find, Hist, Map, Max, Min, Sum};
    prop_oneof![
        Just(Count),
        Just(Sum),
        Just(Min),
        Just(Max),
        Just(Find { first: None }),
        (1u64..40).prop_map(|first| Find { first: NonZeroU64::new(first) }),
        Just(Any),
        Just(All),
        Just(Hist),
        Just(Binned("-3..40/7".parse().unwrap())),
        Just(Map),
        Just(Failures { first: None }),
        (1u64..40).prop_map(|first| Failures { first: NonZeroU64::new(first) }),
    ]
}

/// The answer, and the lines.
pub(super) fn answer(
    aggregate: Aggregate,
    range: Option<Interval>,
    leaves_out: bool,
) -> (Value, String) {
    // None lies near the end of all numbers.
    let all = range.map_or(0..0, |range| range.first()..range.last() + 1);
    let with_values = || all.clone().filter_map(|n| Some((n, value(n).ok()?)));
    let extreme = |best: Option<(i64, i128)>| best.map(|(n, value)| Extreme { value, n });
    let of_interest = |wanted| all.clone().find(|n| truth(*n) == Ok(wanted));
    let true_ones = || all.clone().filter(|n| truth(*n) == Ok(true));
    let answer = match aggregate {
        Aggregate::Count => Value::Count(true_ones().count() as u128),
        Aggregate::Sum => {
            Value::Sum(Sum::from(with_values().map(|(_, value)| value).sum::<i128>()))
        }
        Aggregate::Min => Value::Min(extreme(with_values().min_by_key(|(n, v)| (*v, *n)))),
        Aggregate::Max => Value::Max(extreme(with_values().min_by_key(|(n, v)| (-*v, *n)))),
        Aggregate::Any => Value::Witness(of_interest(true)),
        Aggregate::All => Value::Witness(of_interest(false)),
        Aggregate::Hist => {
            let mut values = std::collections::BTreeMap::new();
            with_values().for_each(|(_, value)| *values.entry(value).or_default() += 1);
            Value::Histogram(values)
        }
        Aggregate::Binned(bins) => {
            let mut binned = crate::aggregate::Binned::new(bins);
            with_values().for_each(|(_, value)| binned.add(crate::real::Number::Integer(value), 1));
            Value::Binned(binned)
        }
        // No lines are written in these tests.
        Aggregate::Find { .. }
        | Aggregate::Map
        | Aggregate::Failures { .. }
        | Aggregate::Mean
        | Aggregate::Run { .. } => aggregate.empty(),
    };
    let is_end = |n: &i64| leaves_out || value(*n).is_ok();
    let lines = match aggregate {
        Aggregate::Find { first } => {
            let most = first.map_or(usize::MAX, |first| first.get() as usize);
            let found = all.take_while(is_end).filter(|n| truth(*n) == Ok(true));
            found.take(most).map(|n| format!("{n}\n")).collect()
        }
        Aggregate::Map => {
            let values = all.take_while(is_end).filter_map(|n| Some((n, value(n).ok()?)));
            values.map(|(n, value)| format!("{n}\t{value}\n")).collect()
        }
        Aggregate::Failures { first } => {
            let most = first.map_or(usize::MAX, |first| first.get() as usize);
            let failed = all.filter_map(|n| Some((n, value(n).err()?)));
            failed.take(most).map(|(n, cause)| format!("{n}\t{cause}\n")).collect()
        }
        _ => String::new(),
    };
    (answer, lines)
}
