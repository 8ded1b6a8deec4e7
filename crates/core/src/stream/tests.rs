//! Lines leave in the order of the numbers, and no more of them than are wanted.

use super::*;
use crate::partial::{Cause, Partial};
use core::num::NonZeroU64;
use proptest::prelude::*;
use std::string::String;
use std::vec;

const FAILED: Cause = Cause::Exit(7);

/// What a worker says of these numbers: each third is found, those in `failed` fail.
fn record(first: i64, last: i64, failed: &[i64]) -> Record {
    let interval = Interval::new(first, last).unwrap();
    let failures = failed.iter().filter(|n| interval.contains(Interval::single(**n)));
    let failed: Vec<_> =
        failures.map(|n| Failure { interval: Interval::single(*n), cause: FAILED }).collect();
    let is_found = |n: &i64| n % 3 == 0 && failed.iter().all(|f| f.interval.first() != *n);
    let found: Vec<_> = (first..=last).filter(is_found).collect();
    let text: String = found.iter().map(|n| std::format!("{n}\n")).collect();
    let value = Value::Lines { lines: found.len() as u64, text: text.into_bytes() };
    let covered = crate::tally::without(interval, &failed);
    Record::of(Partial { covered, failed, value }, WorkerId(0))
}

fn passed(stream: &mut Stream) -> (String, u64) {
    let (mut text, mut merged) = (String::new(), 0);
    while let Some(passed) = stream.pass() {
        match passed {
            StreamOutput::Lines(lines) => text += core::str::from_utf8(&lines).unwrap(),
            StreamOutput::Merged(_, bytes) => merged += bytes,
        }
    }
    (text, merged)
}

fn find(first: Option<u64>) -> Aggregate {
    Aggregate::Find { first: first.and_then(NonZeroU64::new) }
}

#[test]
fn what_is_above_a_gap_waits() {
    let mut stream = Stream::new(find(None), Some(0));
    assert_eq!(stream.put(&mut record(4, 7, &[])), None);
    assert_eq!(passed(&mut stream).0, "");
    stream.put(&mut record(0, 3, &[]));
    assert_eq!(passed(&mut stream).0, "0\n3\n6\n");
    assert_eq!(stream.lines(), 3);
}

#[test]
fn nothing_is_passed_on_above_a_number_that_failed() {
    let mut stream = Stream::new(find(None), Some(0));
    assert_eq!(stream.put(&mut record(0, 9, &[5])), Some(5));
    stream.put(&mut record(10, 19, &[]));
    assert_eq!(passed(&mut stream).0, "0\n3\n");
    let mut stream = Stream::new(find(None), Some(0));
    stream.leave_out_failures();
    assert_eq!(stream.put(&mut record(0, 9, &[5])), None);
    assert_eq!(passed(&mut stream).0, "0\n3\n6\n9\n");
}

#[test]
fn no_more_than_are_wanted() {
    let mut stream = Stream::new(find(Some(2)), Some(0));
    assert_eq!(stream.put(&mut record(10, 19, &[])), Some(19));
    assert_eq!(stream.put(&mut record(0, 9, &[])), Some(3), "the number of the last line");
    assert_eq!(passed(&mut stream).0, "0\n3\n");
    assert_eq!(stream.lines(), 2);
}

#[test]
fn failures_are_lines_by_themselves() {
    let mut stream = Stream::new(Aggregate::Failures { first: None }, Some(0));
    let interval = Interval::new(3, 9_999).unwrap();
    let failed = vec![Failure { interval, cause: Cause::Signal(6) }];
    let covered = vec![Interval::new(0, 2).unwrap()];
    let partial = Partial { covered, failed, value: Value::Nothing };
    stream.put(&mut Record::of(partial, WorkerId(0)));
    let (text, merged) = passed(&mut stream);
    assert!(text.starts_with("3\tsignal 6\n4\tsignal 6\n") && text.ends_with("9999\tsignal 6\n"));
    assert_eq!((text.lines().count(), merged), (9_997, 24));
    assert_eq!(stream.lines(), 9_997);
}

#[test]
fn above_a_gap_everything_is_passed_on_ascending_where_gaps_do_not_matter() {
    let mut stream = Stream::new(Aggregate::Failures { first: None }, Some(0));
    stream.leave_out_failures();
    let failing = |first, last, failed: &[i64]| {
        let mut record = record(first, last, failed);
        record.value = Value::Nothing;
        record
    };
    stream.put(&mut failing(0, 4, &[2]));
    stream.put(&mut failing(30, 39, &[35]));
    stream.put(&mut failing(10, 19, &[11, 13]));
    stream.keep(Interval::new(20, 24).unwrap(), 0);
    assert_eq!(passed(&mut stream).0, "2\texit 7\n");
    let unknown = Failure { interval: Interval::single(7), cause: Cause::Unknown };
    stream.pass_over_gaps(&[unknown]);
    assert_eq!(passed(&mut stream).0, "7\tunknown\n11\texit 7\n13\texit 7\n");
    assert_eq!(stream.due(), Interval::new(20, 24));
    let failed = vec![Failure { interval: Interval::single(22), cause: FAILED }];
    let covered = crate::tally::without(Interval::new(20, 24).unwrap(), &failed);
    stream.give_back(Partial { covered, failed, value: Value::Nothing });
    assert_eq!(passed(&mut stream).0, "22\texit 7\n35\texit 7\n");
    assert!(stream.is_empty());
}

proptest! {
    #[test]
    fn any_order_gives_the_same(
        cuts in prop::collection::btree_set(1i64..200, 0..20),
        order in any::<prop::sample::Index>(),
        failed in prop::collection::btree_set(0i64..200, 0..3),
        wanted in prop::option::of(1u64..80),
        leaves_out: bool,
    ) {
        let failed: Vec<i64> = failed.into_iter().collect();
        let mut pieces = vec![];
        let mut first = 0;
        for cut in cuts.into_iter().chain([200]) {
            pieces.push((first, cut - 1));
            first = cut;
        }
        let turn = order.index(pieces.len());
        pieces.rotate_left(turn);
        pieces.reverse();
        let mut stream = Stream::new(find(wanted), Some(0));
        if leaves_out {
            stream.leave_out_failures();
        }
        let (mut limit, mut in_flight) = (i64::MAX, 0);
        let mut text = String::new();
        let mut merged = 0;
        for (first, last) in pieces {
            let mut record = record(first, last, &failed);
            in_flight += record.in_flight;
            limit = limit.min(stream.put(&mut record).unwrap_or(i64::MAX));
            let (more, bytes) = passed(&mut stream);
            text += &more;
            merged += bytes;
        }
        let stop = failed.first().copied().filter(|_| !leaves_out).unwrap_or(200);
        let expected: Vec<i64> = (0..stop)
            .filter(|n| n % 3 == 0 && !failed.contains(n))
            .take(wanted.unwrap_or(u64::MAX) as usize)
            .collect();
        let came: Vec<i64> = text.lines().map(|line| line.parse().unwrap()).collect();
        prop_assert_eq!(&came, &expected);
        prop_assert_eq!(stream.lines(), expected.len() as u64);
        prop_assert_eq!(merged, in_flight);
        // Nothing that is wanted lies above the limit.
        prop_assert!(expected.last().is_none_or(|last| *last <= limit));
    }
}

proptest! {
    /// Some pieces were found by an earlier run, and are given back bit by bit when they are due.
    #[test]
    fn what_was_kept_comes_in_its_place(
        cuts in prop::collection::btree_set(1i64..200, 0..20),
        is_kept in prop::collection::vec(any::<bool>(), 21),
        failed in prop::collection::btree_set(0i64..200, 0..3),
        wanted in prop::option::of(1u64..80),
        leaves_out: bool,
        step in 1i64..30,
    ) {
        let failed: Vec<i64> = failed.into_iter().collect();
        let lines_of = |record: &Record| match record.value {
            Value::Lines { lines, .. } => lines,
            _ => 0,
        };
        let mut stream = Stream::new(find(wanted), Some(0));
        if leaves_out {
            stream.leave_out_failures();
        }
        let (mut news, mut first, mut kept_failure) = (vec![], 0, None::<i64>);
        for (cut, is_kept) in cuts.into_iter().chain([200]).zip(is_kept) {
            let record = record(first, cut - 1, &failed);
            if is_kept {
                stream.keep(Interval::new(first, cut - 1).unwrap(), lines_of(&record));
                let lowest = record.failed.first().map(|failure| failure.interval.first());
                kept_failure = kept_failure.or(lowest);
            } else {
                news.push(record);
            }
            first = cut;
        }
        let mut limit = stream.limit_of_journaled(kept_failure).unwrap_or(i64::MAX);
        let mut text = String::new();
        let (mut in_flight, mut merged) = (0, 0);
        for mut record in news.into_iter().rev().map(Some).chain([None]) {
            if let Some(record) = &mut record {
                in_flight += record.in_flight;
                limit = limit.min(stream.put(record).unwrap_or(i64::MAX));
            }
            loop {
                let (more, bytes) = passed(&mut stream);
                text += &more;
                merged += bytes;
                let Some(due) = stream.due() else { break };
                let last = due.last().min(due.first() + step - 1);
                let Record { covered, failed, value, .. } = self::record(due.first(), last, &failed);
                stream.give_back(Partial { covered, failed, value });
            }
        }
        prop_assert!(stream.is_empty());
        let stop = failed.first().copied().filter(|_| !leaves_out).unwrap_or(200);
        let expected: Vec<i64> = (0..stop)
            .filter(|n| n % 3 == 0 && !failed.contains(n))
            .take(wanted.unwrap_or(u64::MAX) as usize)
            .collect();
        let came: Vec<i64> = text.lines().map(|line| line.parse().unwrap()).collect();
        prop_assert_eq!(&came, &expected);
        prop_assert_eq!(stream.lines(), expected.len() as u64);
        prop_assert_eq!(merged, in_flight);
        prop_assert!(expected.last().is_none_or(|last| *last <= limit));
    }
}

/// A value is written down by its bytes, and read back with what is known of its aggregate.
#[test]
fn values_come_back_from_their_bytes() {
    for value in [Value::Count(1 << 64), Value::Min(None), Value::Witness(Some(-3)), Value::Nothing]
    {
        assert_eq!(value.like(&value.to_bytes()), Some(value));
    }
    assert_eq!(Value::Count(0).like(&[1, 2, 3]), None);
}

#[test]
fn joined_records_take_no_more_memory_than_they_have_gaps() {
    let single = |n| Partial::over(Interval::single(n), Value::Count(1));
    let mut all = Record::of(single(0), WorkerId(0));
    for n in (1..100_000).map(|n| if n % 2 == 0 { n / 2 } else { 99_999 - n / 2 }) {
        all.join(Record::of(single(n), WorkerId(1)));
        assert!(all.covered.len() <= 2048);
    }
    assert_eq!(crate::interval::coalesce(&mut all.covered), 1);
    assert_eq!((all.len(), all.value), (100_000, Value::Count(100_000)));
}

#[test]
fn what_is_put_out_is_passed_on_as_it_comes_or_in_order_and_nothing_ends_it() {
    let put_out = |first: i64, failed: bool| {
        let text = std::format!("out of {first}").into_bytes();
        let failure = Failure { interval: Interval::single(first), cause: FAILED };
        let (covered, failed) = match failed {
            true => (vec![], vec![failure]),
            false => (vec![failure.interval], vec![]),
        };
        Record::of(Partial { covered, failed, value: Value::Lines { lines: 1, text } }, WorkerId(0))
    };
    for (in_order, expected) in
        [(false, "out of 2out of 0out of 1"), (true, "out of 0out of 1out of 2")]
    {
        let mut stream = Stream::new(Aggregate::Run { in_order }, Some(0));
        for (n, failed) in [(2, false), (0, true), (1, false)] {
            assert_eq!(stream.put(&mut put_out(n, failed)), None);
        }
        let (text, merged) = passed(&mut stream);
        assert_eq!((text.as_str(), merged), (expected, 3 * (8 + 64)));
    }
}
