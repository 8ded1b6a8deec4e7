//! Values of integers and doubles are the same bytes, however the numbers are divided.

use super::*;
use crate::aggregate::{Aggregate, AnswerDigest, Selection};
use crate::interval::Interval;
use crate::partial::Partial;
use crate::real::Real;
use crate::tally::Tally;
use proptest::prelude::*;
use std::string::ToString;
use std::vec;
use std::vec::Vec;

const ASKED: [Aggregate; 5] =
    [Aggregate::Sum, Aggregate::Min, Aggregate::Max, Aggregate::Hist, Aggregate::Mean];

/// Few values, so that some are equal; two of them are equal in value and different in kind.
fn numbers() -> impl Strategy<Value = Number> {
    prop_oneof![
        (-3i128..3).prop_map(Number::Integer),
        (-9i32..9).prop_map(|tenths| Number::of(f64::from(tenths) / 10.0).unwrap()),
        prop::sample::select(vec![1e308, -1e308, 1e-300, 1e20, 2f64.powi(60), f64::MAX, -5e-324])
            .prop_map(|value| Number::of(value).unwrap()),
        prop::sample::select(vec![1 << 60, i128::MAX, i128::MIN, 100_000_000_000_000_000_000])
            .prop_map(Number::Integer),
    ]
}

/// The value over numbers from `first` on, over the wire.
fn partial_of(asked: Aggregate, first: usize, numbers: &[Number]) -> Value {
    let mut tally = Tally::new(asked);
    let interval = Interval::new(first as i64, (first + numbers.len()) as i64 - 1).unwrap();
    (interval.first()..).zip(numbers).for_each(|(n, number)| tally.value(n, *number));
    let partial = Partial::over(interval, tally.take_value());
    let mut bytes = vec![];
    partial.encode(&mut bytes);
    assert_eq!(Partial::decode(&bytes).as_ref(), Ok(&partial));
    assert!(asked.admits(&partial.value, &partial.covered, Selection::Every));
    assert_eq!(asked.empty().like(&partial.value.to_bytes()).as_ref(), Some(&partial.value));
    partial.value
}

proptest! {
    #[test]
    fn it_does_not_depend_on_how_the_numbers_are_divided(
        numbers in prop::collection::vec(numbers(), 1..30),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        order in any::<prop::sample::Index>(),
    ) {
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(numbers.len())).collect();
        ends.extend([0, numbers.len()]);
        ends.sort_unstable();
        ends.dedup();
        for asked in ASKED {
            let whole = partial_of(asked, 0, &numbers);
            let mut parts: Vec<Value> = ends
                .windows(2)
                .map(|ends| partial_of(asked, ends[0], &numbers[ends[0]..ends[1]]))
                .collect();
            let turn = order.index(parts.len());
            parts.rotate_left(turn);
            let mut digest = AnswerDigest::default();
            let mut merged = asked.empty();
            for part in parts {
                digest.add(AnswerDigest::of(&part));
                merged.merge(part);
            }
            prop_assert_eq!(digest, AnswerDigest::of(&whole), "{:?}", asked);
            prop_assert_eq!(merged.to_string(), whole.to_string());
            prop_assert_eq!(merged.to_bytes(), whole.to_bytes(), "{:?}", asked);
            prop_assert_eq!(merged, whole);
        }
    }
}

fn value_of(asked: Aggregate, values: &[f64]) -> Value {
    let numbers: Vec<Number> = values.iter().map(|value| Number::of(*value).unwrap()).collect();
    partial_of(asked, 0, &numbers)
}

#[test]
fn whole_doubles_are_integers_and_cost_a_word() {
    assert_eq!(value_of(Aggregate::Sum, &[1.0, -0.0, 2.0]), Value::Sum(Sum::from(3)));
    assert_eq!(value_of(Aggregate::Sum, &[1.0, 2.0]).word(), Some(3));
    assert_eq!(value_of(Aggregate::Min, &[7.0]), Value::Min(Some(Extreme { value: 7, n: 0 })));
    assert_eq!(value_of(Aggregate::Hist, &[7.0]), Value::Histogram([(7, 1)].into()));
}

#[test]
fn text_of_values_with_doubles() {
    for (asked, values, text) in [
        (Aggregate::Sum, &[0.1, 0.2, 0.3][..], "0.6"),
        (Aggregate::Sum, &[0.5, -0.5], "0"),
        (Aggregate::Sum, &[1e308, 1e308, -1e308], "1e308"),
        (Aggregate::Sum, &[f64::INFINITY, f64::NEG_INFINITY], "inf and -inf"),
        (Aggregate::Min, &[0.5, -1.5, 3.0, -1.5], "-1.5\t1"),
        (Aggregate::Max, &[0.5, 3.0, f64::INFINITY], "inf\t2"),
        (Aggregate::Hist, &[0.5, 3.0, 0.5], "0.5\t2\n3\t1\n"),
        (Aggregate::Mean, &[1.0, 2.0], "1.5"),
        (Aggregate::Mean, &[0.1, 0.2, 0.3], "0.2"),
        (Aggregate::Mean, &[f64::MAX, f64::MAX], "1.7976931348623157e308"),
    ] {
        assert_eq!(value_of(asked, values).to_string(), text, "{asked:?}");
    }
    assert_eq!(Aggregate::Mean.empty().to_string(), "");
}

#[test]
fn bytes_that_no_value_has_are_refused() {
    let whole = Real::new(5.0).unwrap().to_bytes();
    let half = Real::new(0.5).unwrap().to_bytes();
    let with_n = |value: [u8; 8]| [value, 7i64.to_le_bytes()].concat();
    let min = Aggregate::Min.empty();
    assert_eq!(min.like(&with_n(half)).unwrap().to_string(), "0.5\t7");
    // 5 is an integer, and neither NaN nor -0 is a value.
    for value in [whole, f64::NAN.to_le_bytes(), (-0.0f64).to_le_bytes()] {
        assert_eq!(min.like(&with_n(value)), None);
    }
    let hist = Aggregate::Hist.empty();
    let entry = |value: [u8; 8], count: u128| [&value[..], &count.to_le_bytes()].concat();
    let third = Real::new(0.25).unwrap().to_bytes();
    let bytes = |entries: &[Vec<u8>]| [vec![0; 4], entries.concat()].concat();
    assert!(hist.like(&bytes(&[entry(third, 1), entry(half, 2)])).is_some());
    for entries in [
        vec![],
        vec![entry(half, 2), entry(third, 1)],
        vec![entry(half, 2), entry(half, 2)],
        vec![entry(half, 0)],
        vec![entry(whole, 1)],
    ] {
        assert_eq!(hist.like(&bytes(&entries)), None);
    }
    let far = [&u32::MAX.to_le_bytes()[..], &entry(half, 1)].concat();
    assert_eq!(hist.like(&far), None);
    let mean = Aggregate::Mean.empty();
    let mut nothing = mean.to_bytes();
    assert_eq!(mean.like(&nothing), Some(mean.clone()));
    nothing[16] = 1;
    assert_eq!(mean.like(&nothing), None);
}

#[test]
fn nan_is_a_failure_of_its_number() {
    let mut tally = Tally::new(Aggregate::Sum);
    tally.real(3, f64::NAN);
    tally.real(4, 0.5);
    assert_eq!(tally.failed().len(), 1);
    assert_eq!(tally.failed()[0].cause.to_string(), "NaN");
    assert_eq!(tally.take_value().to_string(), "0.5");
}
