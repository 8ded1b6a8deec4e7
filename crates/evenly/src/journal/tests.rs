//! Journals in files: what is written is read back, damaged and foreign files are refused.

mod begun;
mod damage;
mod several;
mod windows;

use super::check::Contents;
use super::writer::{Committed, JournalWriter, ResumeTerms};
use super::{Fingerprint, JournalError, PartOfItems, reading, verify};
use crate::scratch::Scratch;
use evenly_core::aggregate::Binned;
use evenly_core::real::Number;
use evenly_core::{
    Aggregate, Cause, Extreme, Failure, Interval, IntervalSet, Items, ItemsPart, Partial, Range,
    Record, Sum, Value,
};
use proptest::prelude::*;
use std::path::Path;

const RESUME: ResumeTerms = ResumeTerms {
    resume: true,
    retry_failed: false,
    accept_change: false,
    is_expected: false,
    until: None,
};
const CAUSE: Cause = Cause::Signal(11);

fn interval(first: i64, last: i64) -> Interval {
    Interval::new(first, last).unwrap()
}

fn fingerprint(aggregate: Aggregate, end: i128) -> Fingerprint {
    Fingerprint::new(aggregate, Range::new(0, end).unwrap(), "even", "")
}

fn begin(path: &Path, fingerprint: &Fingerprint) -> JournalWriter {
    JournalWriter::open(path, fingerprint, None, ResumeTerms::default()).unwrap().0
}

fn commit(writer: &mut JournalWriter) -> Vec<Record> {
    match writer.commit(&[]).unwrap() {
        Committed::Records(records) => records,
        Committed::NotYet => panic!("no other process has it locked"),
    }
}

fn put(writer: &mut JournalWriter, covered: &[Interval], failed: &[i64], value: Value) {
    let failure = |n: &i64| Failure { interval: Interval::single(*n), cause: CAUSE };
    let failed = failed.iter().map(failure).collect();
    writer.put(Record::new(covered.to_vec(), failed, value));
}

fn lines(numbers: impl Iterator<Item = i64>) -> Value {
    let text: Vec<String> = numbers.map(|n| format!("{n}\n")).collect();
    Value::Lines { lines: text.len() as u64, text: text.concat().into_bytes() }
}

fn read(path: &Path) -> Contents {
    reading::read(path).unwrap().1
}

/// Whatever it is called, and whether it was there before or not, one at a time has it.
#[test]
fn its_lock_is_the_same_by_another_name() {
    let scratch = Scratch::new("links");
    let (link, chain) = (scratch.path("link"), scratch.path("chain"));
    std::os::unix::fs::symlink("file", &link).unwrap();
    std::os::unix::fs::symlink(&link, &chain).unwrap();
    let fingerprint = fingerprint(Aggregate::Count, 100);
    let writer = begin(&chain, &fingerprint);
    for name in ["link", "chain", "file"] {
        let again = JournalWriter::open(&scratch.path(name), &fingerprint, None, RESUME);
        assert!(matches!(again, Err(JournalError::InUse { .. })), "{name}");
    }
    drop(writer);
    assert!(scratch.path("file").is_file() && link.is_symlink());
}

/// All that a writer gives back of what is due.
fn all_kept(writer: &mut JournalWriter, due: Interval) -> Vec<Partial> {
    let mut rest = Some(due);
    let mut all = vec![];
    while let Some(due) = rest {
        let partial = writer.kept(due).unwrap();
        let span = partial.span().unwrap();
        assert!(span.first() == due.first() && span.last() <= due.last());
        rest = due.above(span.last());
        all.push(partial);
    }
    all
}

#[test]
fn values_of_each_kind_come_back() {
    let extreme = |n| Some(Extreme { value: -1 << 90, n });
    let mut sum = Sum::from(i128::MAX);
    sum.add(Sum::from(i128::MAX));
    let bins = "0..1/10".parse().unwrap();
    let binned = |values: &[f64]| {
        let mut binned = Binned::new(bins);
        values.iter().for_each(|value| binned.add(Number::of(*value).unwrap(), 1));
        Value::Binned(binned)
    };
    for (aggregate, one, other, both) in [
        (Aggregate::Count, Value::Count(3), Value::Count(4), Value::Count(7)),
        (
            Aggregate::Sum,
            Value::Sum(i128::MAX.into()),
            Value::Sum(i128::MAX.into()),
            Value::Sum(sum),
        ),
        (Aggregate::Min, Value::Min(extreme(9)), Value::Min(extreme(4)), Value::Min(extreme(4))),
        (Aggregate::Max, Value::Max(extreme(9)), Value::Max(extreme(4)), Value::Max(extreme(4))),
        (Aggregate::Any, Value::Witness(None), Value::Witness(Some(2)), Value::Witness(Some(2))),
        (
            Aggregate::Hist,
            Value::Histogram([(-1, 4), (1 << 80, 1)].into()),
            Value::Histogram([(-1, 5)].into()),
            Value::Histogram([(-1, 9), (1 << 80, 1)].into()),
        ),
        (
            Aggregate::Binned(bins),
            binned(&[0.3, 0.1, -7.0, 0.3, 1.0]),
            binned(&[0.3; 5]),
            binned(&[-7.0, 0.1, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 1.0]),
        ),
    ] {
        let scratch = Scratch::new(&format!("journal-values-{}", aggregate.name()));
        let path = scratch.path("j");
        let mut writer = begin(&path, &fingerprint(aggregate, 10));
        put(&mut writer, &[interval(5, 9)], &[], one);
        commit(&mut writer);
        put(&mut writer, &[interval(0, 4)], &[], other);
        assert_eq!(commit(&mut writer).len(), 1);
        drop(writer);
        let contents = read(&path);
        assert_eq!((contents.value, contents.pieces), (both, vec![(interval(0, 9), 0)]));
        assert_eq!(scratch.names(), ["j"], "nothing is left beside it");
    }
}

#[test]
fn adjacent_numbers_are_one_row_however_long_the_run() {
    let scratch = Scratch::new("journal-coalesce");
    let path = scratch.path("j");
    let mut writer = begin(&path, &fingerprint(Aggregate::Count, 1 << 40));
    let mut size = 0;
    for chunk in 0..400 {
        // Two workers, one of them behind.
        let first = if chunk % 2 == 0 { chunk } else { 10_000 + chunk } * 1_000;
        put(&mut writer, &[interval(first, first + 999)], &[], Value::Count(500));
        put(&mut writer, &[interval(first + 1_000, first + 1_999)], &[], Value::Count(500));
        commit(&mut writer);
        let length = std::fs::metadata(&path).unwrap().len();
        assert!(chunk == 0 || length == size, "{length} after {chunk}");
        size = length;
    }
    drop(writer);
    assert_eq!(read(&path).pieces.len(), 2);
}

#[test]
fn what_is_not_committed_is_not_there() {
    let scratch = Scratch::new("journal-uncommitted");
    let path = scratch.path("j");
    let mut writer = begin(&path, &fingerprint(Aggregate::Count, 100));
    put(&mut writer, &[interval(0, 9)], &[], Value::Count(5));
    drop(writer);
    assert_eq!(read(&path).done, 0);
}

#[test]
fn it_is_opened_only_on_its_terms() {
    let scratch = Scratch::new("journal-terms");
    let path = scratch.path("j");
    let count = fingerprint(Aggregate::Count, 100);
    let open = |fingerprint: &Fingerprint, terms| {
        JournalWriter::open(&path, fingerprint, None, terms).map(|(_, contents)| contents)
    };
    let expected = ResumeTerms { is_expected: true, ..RESUME };
    assert!(matches!(open(&count, expected), Err(JournalError::Missing { .. })));
    assert!(!path.exists());
    // What is empty is begun, but only with the terms of a resumed run.
    std::fs::write(&path, "").unwrap();
    assert!(matches!(open(&count, ResumeTerms::default()), Err(JournalError::Exists { .. })));
    assert!(open(&count, RESUME).unwrap().is_none());
    assert!(matches!(open(&count, ResumeTerms::default()), Err(JournalError::Exists { .. })));
    let in_use = JournalWriter::open(&path, &count, None, RESUME).unwrap();
    assert!(matches!(open(&count, RESUME), Err(JournalError::InUse { .. })));
    drop(in_use);
    let refused = |other: &Fingerprint, expected: &[&str]| {
        let said = open(other, RESUME).unwrap_err().to_string();
        assert!(expected.iter().all(|word| said.contains(word)), "{said}");
        assert!(!said.contains('\n'), "{said}");
    };
    refused(&fingerprint(Aggregate::Count, 99), &["range", "0..100", "0..99", "another file"]);
    refused(&fingerprint(Aggregate::All, 100), &["command", "'count' there", "'all' here"]);
    let odd = Fingerprint { function: "odd".to_owned(), ..count.clone() };
    refused(&odd, &["function", "even", "odd", "--accept-change"]);
    let accepted = ResumeTerms { accept_change: true, ..RESUME };
    let contents = open(&odd, accepted).unwrap().unwrap();
    assert_eq!(contents.fingerprints, [count.clone(), odd.clone()]);
    refused(&count, &["'odd' there", "'even' here"]);
    assert!(open(&odd, RESUME).unwrap().is_some());
    // The range grows, and never shrinks.
    let of_range =
        |end| Fingerprint { function: "odd".to_owned(), ..fingerprint(Aggregate::Count, end) };
    assert!(open(&of_range(99), accepted).is_err());
    let contents = open(&of_range(101), RESUME).unwrap().unwrap();
    assert_eq!(contents.fingerprints, [count, odd, of_range(101)]);
    assert_eq!(contents.changes(), 1);
    assert!(open(&of_range(100), accepted).is_err());
}

#[test]
fn what_is_not_ours_is_left_as_it_is() {
    let scratch = Scratch::new("journal-foreign");
    let count = fingerprint(Aggregate::Count, 100);
    let database = scratch.path("database");
    rusqlite::Connection::open(&database)
        .unwrap()
        .execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
        .unwrap();
    std::fs::write(scratch.path("text"), "a text\n".repeat(2000)).unwrap();
    std::fs::create_dir(scratch.path("directory")).unwrap();
    // As if its writer had been killed: to go back would be to write.
    std::fs::write(scratch.path("database-journal"), "not empty").unwrap();
    for name in ["database", "text", "directory"] {
        let path = scratch.path(name);
        let before = std::fs::read(&path).ok();
        let error = JournalWriter::open(&path, &count, None, RESUME).map(drop).unwrap_err();
        assert!(matches!(error, JournalError::NotOurs { .. }), "{error:?}");
        assert!(reading::read(&path).is_err());
        assert_eq!(std::fs::read(&path).ok(), before);
    }
    assert!(scratch.path("database-journal").exists());
    assert!(!scratch.names().iter().any(|name| name.ends_with(".lock")));
}

#[test]
fn changes_by_another_program_are_noticed() {
    let scratch = Scratch::new("journal-changed");
    let path = scratch.path("j");
    let mut writer = begin(&path, &fingerprint(Aggregate::Count, 100));
    put(&mut writer, &[interval(0, 9)], &[], Value::Count(5));
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(writer.commit(&[]), Ok(Committed::NotYet)));
    other.execute_batch("UPDATE total SET hash = hash + 1; COMMIT").unwrap();
    let error = writer.commit(&[]).unwrap_err();
    assert!(error.to_string().contains("row 1: its hash"), "{error}");
}

#[test]
fn failures_are_known_and_can_be_tried_again() {
    let scratch = Scratch::new("journal-failed");
    let path = scratch.path("j");
    let find = fingerprint(Aggregate::Find { first: None }, 100);
    let mut writer = begin(&path, &find);
    let covered = [interval(0, 4), interval(6, 6), interval(9, 19)];
    put(&mut writer, &covered, &[5, 7, 8], lines([0, 3, 6, 9, 12].into_iter()));
    commit(&mut writer);
    // A neighbour that fails later makes the row longer, and nothing else.
    put(&mut writer, &[interval(21, 30)], &[20], lines([21].into_iter()));
    commit(&mut writer);
    let mut known = vec![];
    writer.each_failure(|some| known.extend_from_slice(some)).unwrap();
    assert_eq!(known.iter().map(|failure| failure.interval.len()).sum::<u128>(), 4);
    let all = all_kept(&mut writer, interval(0, 19));
    let text = |partial: &Partial| match &partial.value {
        Value::Lines { text, .. } => String::from_utf8(text.clone()).unwrap(),
        _ => panic!(),
    };
    let texts: Vec<String> = all.iter().map(text).filter(|text| !text.is_empty()).collect();
    assert_eq!(texts, ["0\n3\n", "6\n", "9\n12\n"]);
    let failed: u128 = all.iter().flat_map(|p| &p.failed).map(|f| f.interval.len()).sum();
    assert_eq!(failed, 3);
    drop(writer);
    let contents = read(&path);
    assert_eq!(contents.pieces, [(interval(0, 30), 6)]);
    assert_eq!((contents.lowest_failure, contents.failed), (Some(5), 4));
    let terms = ResumeTerms { retry_failed: true, ..RESUME };
    let (mut writer, contents) = JournalWriter::open(&path, &find, None, terms).unwrap();
    let contents = contents.unwrap();
    assert_eq!(contents.failed, 0);
    let pieces: Vec<_> = contents.pieces.iter().map(|(piece, _)| *piece).collect();
    assert_eq!(pieces, [interval(0, 4), interval(6, 6), interval(9, 19), interval(21, 30)]);
    put(&mut writer, &[interval(7, 8), interval(20, 20)], &[5], lines([7, 20].into_iter()));
    commit(&mut writer);
    drop(writer);
    assert_eq!(read(&path).pieces, [(interval(0, 30), 8)]);
}

#[test]
fn what_was_done_before_it_began_is_taken_over() {
    let scratch = Scratch::new("journal-take-over");
    let path = scratch.path("j");
    let mut writer = begin(&path, &fingerprint(Aggregate::Count, 100));
    let mut covered = IntervalSet::new();
    covered.insert(interval(0, 9)).unwrap();
    covered.insert(interval(20, 29)).unwrap();
    let failure = |first, last| Failure { interval: interval(first, last), cause: CAUSE };
    let failed = [failure(25, 29), failure(0, 0), failure(4, 5)];
    writer.take_over(&covered, &failed, &Value::Count(7)).unwrap();
    drop(writer);
    let contents = read(&path);
    assert_eq!((contents.done, contents.failed, contents.value), (12, 8, Value::Count(7)));
    assert_eq!(contents.pieces, [(interval(0, 9), 0), (interval(20, 29), 0)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Any chunks in any order, committed at any time, under failures: what is read is what was put.
    #[test]
    fn what_is_put_is_read(
        cuts in prop::collection::btree_set(1i64..300, 0..25),
        order in any::<prop::sample::Index>(),
        commits in prop::collection::vec(any::<bool>(), 26),
        left_out in prop::collection::btree_set(0usize..26, 0..4),
        failed in prop::collection::btree_set(0i64..300, 0..8),
    ) {
        let scratch = Scratch::new("journal-random");
        let path = scratch.path("j");
        let map = fingerprint(Aggregate::Find { first: None }, 300);
        let mut writer = begin(&path, &map);
        let mut pieces = vec![];
        let mut first = 0;
        for cut in cuts.into_iter().chain([300]) {
            pieces.push((first, cut - 1));
            first = cut;
        }
        let turn = order.index(pieces.len());
        pieces.rotate_left(turn);
        let mut expected = IntervalSet::new();
        for (index, (first, last)) in pieces.into_iter().enumerate() {
            if left_out.contains(&index) {
                continue;
            }
            let span = interval(first, last);
            expected.insert(span).unwrap();
            let failed: Vec<i64> = failed.range(first..=last).copied().collect();
            let mut covered = vec![];
            let mut rest = Some(span);
            for n in &failed {
                let left = rest.unwrap();
                covered.extend(Interval::new(left.first(), n - 1));
                rest = left.above(*n);
            }
            covered.extend(rest);
            let found = (first..=last).filter(|n| n % 3 == 0 && !failed.contains(n));
            put(&mut writer, &covered, &failed, lines(found));
            if commits[index] {
                commit(&mut writer);
            }
        }
        commit(&mut writer);
        let mut text = vec![];
        for piece in expected.iter() {
            for partial in all_kept(&mut writer, piece) {
                if let Value::Lines { text: more, .. } = partial.value {
                    text.extend(more);
                }
            }
        }
        drop(writer);
        let contents = read(&path);
        let pieces: Vec<_> = contents.pieces.iter().map(|(piece, _)| *piece).collect();
        prop_assert_eq!(pieces, expected.iter().collect::<Vec<_>>());
        let of = |n: &i64| expected.iter().any(|piece| piece.contains(Interval::single(*n)));
        let found: Vec<String> = (0..300)
            .filter(|n| n % 3 == 0 && !failed.contains(n) && of(n))
            .map(|n| format!("{n}\n"))
            .collect();
        prop_assert_eq!(String::from_utf8(text).unwrap(), found.concat());
        prop_assert_eq!(contents.lines, found.len() as u64);
    }
}
