//! Several journals together: gaps, overlaps, one of all of them.

use super::super::{merge, verify};
use super::*;
use std::path::PathBuf;

/// A journal of this part of the numbers, of which these are done.
fn part(path: &Path, aggregate: Aggregate, range: (i128, i128), done: &[(i64, i64)]) -> PathBuf {
    let range = Range::new(range.0, range.1).unwrap();
    let mut writer = begin(path, &Fingerprint::new(aggregate, range, "even", ""));
    for (first, last) in done {
        let evens = (*first..=*last).filter(|n| n % 2 == 0);
        let value = match aggregate {
            Aggregate::Count => Value::Count(evens.count() as u128),
            Aggregate::Any => Value::Witness(evens.min()),
            _ => lines(evens),
        };
        put(&mut writer, &[interval(*first, *last)], &[], value);
    }
    commit(&mut writer);
    path.to_owned()
}

#[test]
fn parts_make_a_whole() {
    let scratch = Scratch::new("journal-parts");
    let count = Aggregate::Count;
    let one = part(&scratch.path("one"), count, (0, 50), &[(0, 49)]);
    let other = part(&scratch.path("other"), count, (50, 100), &[(50, 69), (80, 99)]);
    let together = verify(&[other.clone(), one.clone()]).unwrap();
    assert!(!together.is_complete());
    assert_eq!((together.gaps.clone(), together.missing), (vec![interval(70, 79)], 10));
    assert_eq!((together.done, together.value), (90, Some(Value::Count(45))));
    let rest = part(&scratch.path("rest"), count, (70, 80), &[(70, 79)]);
    let all = [one.clone(), other, rest];
    let together = verify(&all).unwrap();
    assert!(together.is_complete(), "{together:?}");
    assert_eq!(together.fingerprint.items, Range::new(0, 100).unwrap().into());
    let out = scratch.path("out");
    merge(&all, &out).unwrap();
    let contents = read(&out);
    assert_eq!(contents.pieces, [(interval(0, 99), 0)]);
    assert_eq!(contents.value, Value::Count(50));
    assert!(matches!(merge(&all, &out), Err(JournalError::MergeExists { .. })));
}

#[test]
fn numbers_in_two_journals_are_no_whole() {
    let scratch = Scratch::new("journal-double");
    let count = Aggregate::Count;
    let one = part(&scratch.path("one"), count, (0, 50), &[(0, 49)]);
    let other = part(&scratch.path("other"), count, (40, 100), &[(40, 99)]);
    let together = verify(&[one.clone(), other.clone()]).unwrap();
    assert!(!together.is_complete());
    assert_eq!((together.overlaps, together.double), (vec![interval(40, 49)], 10));
    assert_eq!(together.value, None);
    let out = scratch.path("out");
    let error = merge(&[one.clone(), other], &out).unwrap_err().to_string();
    assert!(error.contains("40..=49") && error.contains("one") && error.contains("other"));
    assert!(!out.exists());
    let odd = part(&scratch.path("any"), Aggregate::Any, (50, 100), &[(51, 51)]);
    assert!(matches!(verify(&[one, odd]), Err(JournalError::OfOthers { .. })));
}

#[test]
fn a_part_of_another_version_is_refused_by_name() {
    let scratch = Scratch::new("journal-version");
    let whole: Items = "0..=99:3".parse().unwrap();
    let part = |number: u32, version: Option<&str>| {
        let part = PartOfItems::new(ItemsPart::new(number, 2).unwrap().strided(), whole.clone());
        let items = part.items().unwrap();
        let mut fingerprint = Fingerprint::new(Aggregate::Count, Range::EMPTY, "even", "");
        fingerprint.items = items;
        fingerprint.part = Some(part);
        if let Some(version) = version {
            version.clone_into(&mut fingerprint.version);
        }
        let path = scratch.path(&format!("p{number}"));
        let mut writer = begin(&path, &fingerprint);
        let all = fingerprint.items.positions().interval().unwrap();
        put(&mut writer, &[all], &[], Value::Count(1));
        commit(&mut writer);
        path
    };
    let paths = [part(1, None), part(2, Some("0.0.77"))];
    let out = scratch.path("out");
    for refusal in [verify(&paths).unwrap_err(), merge(&paths, &out).unwrap_err()] {
        let said = refusal.to_string();
        let versions = concat!(
            "version '0.0.77' there, '",
            env!("CARGO_PKG_VERSION"),
            "' in the journals before it; if the results"
        );
        assert!(said.contains("p2") && said.contains(versions), "{said}");
        assert!(said.contains("--accept-change"), "{said}");
    }
    assert!(!out.exists());
}

#[test]
fn what_decides_the_answer_makes_the_rest_superfluous() {
    let scratch = Scratch::new("journal-decided");
    let one = part(&scratch.path("any"), Aggregate::Any, (1, 50), &[(1, 9), (20, 29)]);
    assert!(verify(&[one]).unwrap().is_complete());
    let first = Aggregate::Find { first: std::num::NonZeroU64::new(3) };
    let one = part(&scratch.path("find"), first, (0, 50), &[(0, 3), (4, 9)]);
    let other = part(&scratch.path("gap"), first, (0, 50), &[(0, 3), (6, 9)]);
    assert!(verify(&[one]).unwrap().is_complete());
    assert_eq!(verify(&[other]).unwrap().gaps, [interval(4, 5)]);
}

#[test]
fn lines_are_merged_in_their_place() {
    let scratch = Scratch::new("journal-merged-lines");
    let find = Aggregate::Find { first: None };
    let one = part(&scratch.path("one"), find, (0, 50), &[(0, 9), (11, 49)]);
    let other = part(&scratch.path("other"), find, (50, 100), &[(50, 99)]);
    let out = scratch.path("out");
    merge(&[other, one], &out).unwrap();
    let fingerprint = fingerprint(find, 100);
    let (mut writer, contents) = JournalWriter::open(&out, &fingerprint, None, RESUME).unwrap();
    let pieces = contents.unwrap().pieces;
    assert_eq!(pieces, [(interval(0, 9), 5), (interval(11, 99), 44)]);
    let mut found = vec![];
    for partial in all_kept(&mut writer, interval(11, 99)) {
        if let Value::Lines { text, .. } = partial.value {
            found.extend(text);
        }
    }
    let expected: Vec<String> = (12..100).step_by(2).map(|n| format!("{n}\n")).collect();
    assert_eq!(String::from_utf8(found).unwrap(), expected.concat());
}
