//! Partials: each is decoded as it was encoded, and all other bytes are refused.

use super::*;
use crate::aggregate::{Aggregate, Binned, Extreme, Selection};
use crate::real::Number;
use proptest::prelude::*;
use std::vec;

/// Adjacent intervals from `first` on, some of them failed.
fn partials() -> impl Strategy<Value = Partial> {
    let cause = prop_oneof![
        any::<i32>().prop_map(Cause::Exit),
        any::<i32>().prop_map(Cause::Signal),
        Just(Cause::Timeout),
        Just(Cause::Memory),
        Just(Cause::Unknown),
    ];
    let piece = (1i64..1_000_000, prop::option::of(cause));
    (-1i64 << 62..1 << 62, prop::collection::vec(piece, 1..40), 0u128..=40).prop_map(
        |(mut first, pieces, share)| {
            let mut covered = vec![];
            let mut failed = vec![];
            for (len, cause) in pieces {
                let interval = Interval::new(first, first + len - 1).unwrap();
                first += len;
                match cause {
                    Some(cause) => failed.push(Failure { interval, cause }),
                    None => covered.push(interval),
                }
            }
            let numbers: u128 = covered.iter().map(Interval::len).sum();
            Partial { covered, failed, value: Value::Count(numbers * share / 40) }
        },
    )
}

fn encoded(partial: &Partial) -> Vec<u8> {
    let mut bytes = vec![];
    partial.encode(&mut bytes);
    bytes
}

#[test]
fn all_of_i64_is_one_partial() {
    let all = Interval::new(i64::MIN, i64::MAX).unwrap();
    let partial = Partial::over(all, Value::Count(1 << 64));
    assert_eq!(Partial::decode(&encoded(&partial)), Ok(partial));
}

#[test]
fn a_value_that_cannot_be_is_not_admitted() {
    let three = [Interval::new(3, 5).unwrap()];
    let extreme = |n| Some(Extreme { value: 7, n });
    assert!(Aggregate::Count.admits(&Value::Count(3), &three, Selection::Every));
    assert!(!Aggregate::Count.admits(&Value::Count(4), &three, Selection::Every));
    assert!(Aggregate::Min.admits(&Value::Min(extreme(5)), &three, Selection::Every));
    assert!(!Aggregate::Min.admits(&Value::Min(extreme(6)), &three, Selection::Every));
    // A command that looks at a whole chunk may find no value in it.
    assert!(Aggregate::Min.admits(&Value::Min(None), &three, Selection::Every));
    assert!(Aggregate::Max.admits(&Value::Max(None), &[], Selection::Every));
    assert!(!Aggregate::Any.admits(&Value::Witness(Some(2)), &three, Selection::Every));
    assert!(Aggregate::Hist.admits(
        &Value::Histogram([(0, 1), (9, 2)].into()),
        &three,
        Selection::Every
    ));
    let one = Value::Histogram([(0, 1)].into());
    assert!(!Aggregate::Hist.admits(&one, &three, Selection::Every));
    assert!(Aggregate::Hist.admits(&one, &three, Selection::Some));
    let four = Value::Histogram([(0, 4)].into());
    assert!(!Aggregate::Hist.admits(&four, &three, Selection::Some));
    let binned = |text: &str, count| {
        let mut binned = Binned::new(text.parse().unwrap());
        binned.add(Number::Integer(1), count);
        Value::Binned(binned)
    };
    let bins = Aggregate::Binned("0..1/3".parse().unwrap());
    assert!(bins.admits(&binned("0..1/3", 3), &three, Selection::Every));
    assert!(!bins.admits(&binned("0..1/3", 2), &three, Selection::Every));
    assert!(bins.admits(&binned("0..1/3", 2), &three, Selection::Some));
    assert!(!bins.admits(&binned("0..1/4", 3), &three, Selection::Every));
    assert!(!bins.admits(&Value::Histogram([(1, 3)].into()), &three, Selection::Every));
    assert!(!Aggregate::Sum.admits(&Value::Count(0), &three, Selection::Every));
    let lines = |lines, text: &str| Value::Lines { lines, text: text.as_bytes().to_vec() };
    let (find, run) = (Aggregate::Find { first: None }, Aggregate::Run { in_order: false });
    assert!(find.admits(&lines(2, "3\n5\n"), &three, Selection::Every));
    assert!(find.admits(&lines(0, ""), &three, Selection::Every));
    let two = lines(2, "3\t3\n5\t5\n");
    assert!(!Aggregate::Map.admits(&two, &three, Selection::Every));
    assert!(Aggregate::Map.admits(&two, &three, Selection::Some));
    // A word for a chunk without a value.
    let nothing = Aggregate::Map.from_word(0).unwrap();
    assert!(!Aggregate::Map.admits(&nothing, &three, Selection::Every));
    assert!(Aggregate::Map.admits(&nothing, &three, Selection::Some));
    for (count, text) in [(2, "3\n"), (1, "3"), (1, "\n")] {
        assert!(!find.admits(&lines(count, text), &three, Selection::Every), "{text}");
        assert!(run.admits(&lines(count, text), &three, Selection::Every), "{text}");
    }
}

#[test]
fn what_a_program_puts_out_is_carried_byte_by_byte() {
    let numbers = Interval::new(3, 5).unwrap();
    for text in ["a", "\n", "a\nb", "\0", "a\n"] {
        let value = Value::Lines { lines: 1, text: text.as_bytes().to_vec() };
        let partial = Partial::over(numbers, value);
        assert_eq!(Partial::decode(&encoded(&partial)), Ok(partial), "{text}");
    }
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(partial in partials()) {
        prop_assert_eq!(Partial::decode(&encoded(&partial)), Ok(partial));
    }

    #[test]
    fn every_cut_is_refused(partial in partials(), cut in any::<prop::sample::Index>()) {
        let bytes = encoded(&partial);
        prop_assert!(Partial::decode(&bytes[..cut.index(bytes.len())]).is_err());
    }

    #[test]
    fn a_gap_is_refused(mut partial in partials(), gap in any::<prop::sample::Index>()) {
        if partial.covered.len() < 3 {
            return Ok(()); // one in seven has no interval in the middle
        }
        partial.covered.remove(1 + gap.index(partial.covered.len() - 2));
        partial.value = Value::Count(0);
        prop_assert!(Partial::decode(&encoded(&partial)).is_err());
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Partial::decode(&bytes);
    }
}
