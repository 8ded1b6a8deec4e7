//! What had begun when its run ended, whenever that was: never begun again, and never forgotten.

use super::*;
use std::collections::BTreeSet;

const RETRY: ResumeTerms = ResumeTerms {
    resume: true,
    retry_failed: true,
    accept_change: false,
    is_expected: false,
    until: None,
};

fn unknown(path: &Path, fingerprint: &Fingerprint) -> Vec<Interval> {
    let (writer, _) = JournalWriter::open(path, fingerprint, None, RESUME).unwrap();
    let mut found = vec![];
    writer
        .each_failure(|failed| {
            let unknown = failed.iter().filter(|failure| failure.cause == Cause::Unknown);
            found.extend(unknown.map(|failure| failure.interval));
        })
        .unwrap();
    found
}

#[test]
fn what_had_begun_has_failed() {
    let scratch = Scratch::new("journal-begun");
    let path = scratch.path("j");
    let fingerprint = fingerprint(Aggregate::Count, 100);
    let mut writer = begin(&path, &fingerprint);
    writer.commit(&[interval(0, 9), interval(10, 19), interval(30, 39)]).unwrap();
    put(&mut writer, &[interval(0, 4), interval(10, 19)], &[], Value::Count(9));
    writer.untouch(interval(35, 39));
    commit(&mut writer);
    drop(writer);
    let contents = read(&path);
    assert_eq!((contents.done, contents.failed, contents.begun), (15, 10, 10));
    let together = verify(std::slice::from_ref(&path)).unwrap();
    assert_eq!((together.failed, together.missing), (10, 75));
    assert_eq!(together.failures[0], Failure { interval: interval(5, 9), cause: Cause::Unknown });
    assert_eq!(unknown(&path, &fingerprint), [interval(5, 9), interval(30, 34)]);
    assert_eq!(read(&path).begun, 0, "it is settled");
    let (_, contents) = JournalWriter::open(&path, &fingerprint, None, RETRY).unwrap();
    assert_eq!(contents.unwrap().failed, 0);
}

#[test]
fn what_had_begun_may_be_begun_on_purpose() {
    let scratch = Scratch::new("journal-begun-again");
    let path = scratch.path("j");
    let fingerprint = fingerprint(Aggregate::Count, 100);
    let mut writer = begin(&path, &fingerprint);
    put(&mut writer, &[], &[3], Value::Count(0));
    writer.commit(&[interval(5, 5)]).unwrap();
    drop(writer);
    let (writer, contents) = JournalWriter::open(&path, &fingerprint, None, RETRY).unwrap();
    assert_eq!(contents.unwrap().pieces, []);
    drop(writer);
    assert_eq!(read(&path).failed, 0);
}

proptest! {
    /// Numbers begin, end, or come back, and the run ends at any time: what had begun then and not ended is
    /// what is unknown.
    #[test]
    fn nothing_begun_is_forgotten(steps in prop::collection::vec((0_i64..20, 0_u8..5), 1..40)) {
        let scratch = Scratch::new("journal-begun-random");
        let path = scratch.path("j");
        let fingerprint = fingerprint(Aggregate::Count, 20);
        let mut writer = begin(&path, &fingerprint);
        let (mut begun, mut over, mut lost) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for (n, what) in steps {
            match what {
                // What was durable is there.
                0 => {
                    drop(writer);
                    writer = JournalWriter::open(&path, &fingerprint, None, RESUME).unwrap().0;
                    over.extend(begun.iter().copied());
                    lost.append(&mut begun);
                }
                1 if begun.remove(&n) => {
                    put(&mut writer, &[interval(n, n)], &[], Value::Count(1));
                    commit(&mut writer);
                    over.insert(n);
                }
                2 if begun.remove(&n) => {
                    writer.untouch(interval(n, n));
                    commit(&mut writer);
                }
                _ if !begun.contains(&n) && !over.contains(&n) => {
                    writer.commit(&[interval(n, n)]).unwrap();
                    begun.insert(n);
                }
                _ => {}
            }
        }
        drop(writer);
        lost.append(&mut begun);
        let found = unknown(&path, &fingerprint);
        let found: BTreeSet<i64> = found.iter().flat_map(|one| one.first()..=one.last()).collect();
        prop_assert_eq!(found, lost);
    }
}
