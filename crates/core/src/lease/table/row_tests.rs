//! Rows of leases that are answered, withdrawn and lost in parts, against a table of single chunks.

use super::*;
use crate::lease::LeaseId;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::vec;
use std::vec::Vec;

const ONE: WorkerId = WorkerId(1);

fn interval(first: i64, last: i64) -> Interval {
    Interval::new(first, last).unwrap()
}

/// A table that has lent `numbers` to `ONE` in chunks of `len`, and these chunks.
fn table_of(numbers: Interval, len: u128) -> (LeaseTable, Vec<Assignment>) {
    let (mut table, mut rows) = (LeaseTable::default(), vec![]);
    table.lend_run(ONE, numbers, len, &mut rows);
    (table, rows.into_iter().flat_map(AssignmentRow::chunks).collect())
}

fn settle(table: &mut LeaseTable, first: LeaseId, words: &[u8]) {
    table.settle(ONE, AnswerRow::new(first, 1, words).unwrap());
}

/// The chunks that are in force, with the numbers that they lack.
fn held(table: &LeaseTable) -> Vec<Assignment> {
    table.in_force().map(|(_, chunk)| chunk).collect()
}

fn reclaimed(table: &mut LeaseTable) -> Vec<(LeaseId, Interval)> {
    let mut chunks = vec![];
    table.reclaim(ONE, |chunk| chunks.push((chunk.lease, chunk.rest)));
    chunks
}

#[test]
fn a_row_that_is_partly_answered_holds_the_other_chunks() {
    let (mut table, chunks) = table_of(interval(0, 9), 1);
    settle(&mut table, chunks[0].lease, &[1, 0, 1]);
    assert_eq!(held(&table), chunks[3..]);
    settle(&mut table, chunks[6].lease, &[1, 0]);
    assert_eq!(held(&table), [&chunks[3..6], &chunks[8..]].concat());
    assert_eq!((table.numbers(), table.room()), (5, MAX_LEASES - 5));
    let Standing::InForce(row) = table.standing(chunks[4].lease, ONE) else { panic!() };
    assert_eq!(row.row().chunks().collect::<Vec<_>>(), chunks[4..6]);
    assert_eq!(reclaimed(&mut table).len(), 5, "each chunk comes back by itself");
    assert_eq!((table.numbers(), table.room()), (0, MAX_LEASES));
}

#[test]
fn each_answer_of_a_row_is_known_when_it_comes_a_second_time() {
    let (mut table, chunks) = table_of(interval(10, 15), 2);
    settle(&mut table, chunks[0].lease, &[1, 2]);
    let words = |n: usize| table.standing(chunks[n].lease, ONE);
    assert_eq!(words(0), Standing::Settled { word: 1, first: 10 });
    assert_eq!(words(1), Standing::Settled { word: 2, first: 12 });
    assert!(matches!(words(2), Standing::InForce(_)));
}

#[test]
fn a_chunk_in_the_middle_of_a_row_is_withdrawn_alone() {
    let (mut table, chunks) = table_of(interval(0, 19), 4);
    table.ask(ONE, chunks[2].lease);
    assert_eq!(table.asked(), 1);
    table.shorten(ONE, chunks[2].lease, interval(8, 9));
    table.end(ONE, chunks[3].lease);
    let shorter = Assignment { lease: chunks[2].lease, interval: interval(8, 9) };
    assert_eq!(held(&table), [chunks[0], chunks[1], shorter, chunks[4]]);
    assert_eq!(table.standing(chunks[3].lease, ONE), Standing::Unknown);
    assert_eq!(table.numbers(), 14);
}

#[test]
fn chunks_above_a_limit_end_and_the_others_of_their_row_stay() {
    let (mut table, chunks) = table_of(interval(0, 19), 4);
    let mut told = vec![];
    table.end_above(9, |lease, _, numbers| told.push((lease, numbers)));
    let expected =
        [(chunks[2].lease, None), (chunks[3].lease, Some(4)), (chunks[4].lease, Some(4))];
    assert_eq!(told, expected);
    assert_eq!(held(&table), chunks[..3]);
}

#[test]
fn a_row_ends_with_the_lower_bits_of_the_names_and_before_a_shorter_chunk() {
    let mut table = LeaseTable { next: LOWER - 1, ..LeaseTable::default() };
    let mut rows = vec![];
    table.lend_run(ONE, interval(0, 10), 2, &mut rows);
    assert_eq!(rows.iter().map(AssignmentRow::len).collect::<Vec<_>>(), [2, 3, 1]);
    let chunks: Vec<_> = rows.into_iter().flat_map(AssignmentRow::chunks).collect();
    assert!(chunks.iter().all(|chunk| chunk.lease.attempt() == 1));
    assert_eq!(held(&table), chunks);
    for chunk in &chunks {
        settle(&mut table, chunk.lease, &[0]);
    }
    assert_eq!((table.numbers(), table.room()), (0, MAX_LEASES));
}

#[derive(Clone, Debug)]
enum Step {
    /// Lends numbers: how many, and the length of their chunks.
    Lend(i64, u8),
    /// Answers chunks: from which one on, and how many, as far as they are a row.
    Settle(prop::sample::Index, u64),
    /// The chunk ends without an answer.
    End(prop::sample::Index),
    /// The chunk loses its front or its tail.
    Shorten(prop::sample::Index, bool),
    Ask(prop::sample::Index),
    Reclaim,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1..40_i64, 1..6_u8).prop_map(|(numbers, len)| Step::Lend(numbers, len)),
        6 => (any::<prop::sample::Index>(), 1..9_u64).prop_map(|(at, count)| Step::Settle(at, count)),
        1 => any::<prop::sample::Index>().prop_map(Step::End),
        2 => (any::<prop::sample::Index>(), any::<bool>()).prop_map(|(at, front)| Step::Shorten(at, front)),
        1 => any::<prop::sample::Index>().prop_map(Step::Ask),
        1 => Just(Step::Reclaim),
    ]
}

proptest! {
    /// Whatever happens to chunks of rows, the table knows of each chunk what a table of single chunks would know.
    #[test]
    fn rows_are_leases_one_by_one(steps in prop::collection::vec(step(), 1..60)) {
        let mut table = LeaseTable { next: LOWER - 50, ..LeaseTable::default() };
        let mut model: BTreeMap<LeaseId, Interval> = BTreeMap::new();
        let mut next = 0;
        for step in steps {
            let pick = |at: &prop::sample::Index| {
                let picked = (!model.is_empty()).then(|| at.index(model.len()))?;
                model.iter().nth(picked).map(|(lease, rest)| (*lease, *rest))
            };
            match step {
                Step::Lend(numbers, len) => {
                    let mut rows = vec![];
                    table.lend_run(ONE, interval(next, next + numbers - 1), len.into(), &mut rows);
                    next += numbers;
                    let chunks = rows.into_iter().flat_map(AssignmentRow::chunks);
                    model.extend(chunks.map(|chunk| (chunk.lease, chunk.interval)));
                }
                Step::Settle(at, count) => {
                    let Some((lease, _)) = pick(&at) else { continue };
                    let Standing::InForce(held) = table.standing(lease, ONE) else { panic!() };
                    let settled = held.first(count).row();
                    for chunk in settled.chunks() {
                        prop_assert_eq!(model.remove(&chunk.lease), Some(chunk.interval));
                    }
                    settle(&mut table, lease, &vec![1; settled.len() as usize]);
                    for chunk in settled.chunks() {
                        let first = chunk.interval.first();
                        let known = table.standing(chunk.lease, ONE);
                        prop_assert_eq!(known, Standing::Settled { word: 1, first });
                    }
                }
                Step::End(at) => {
                    let Some((lease, _)) = pick(&at) else { continue };
                    model.remove(&lease);
                    table.end(ONE, lease);
                }
                Step::Shorten(at, front) => {
                    let Some((lease, rest)) = pick(&at) else { continue };
                    let (lower, upper) = rest.split_front(1);
                    let Some(upper) = upper else { continue };
                    let rest = if front { upper } else { lower };
                    model.insert(lease, rest);
                    table.shorten(ONE, lease, rest);
                }
                Step::Ask(at) => {
                    let Some((lease, _)) = pick(&at) else { continue };
                    table.ask(ONE, lease);
                }
                Step::Reclaim => {
                    let expected: Vec<_> = core::mem::take(&mut model).into_iter().collect();
                    prop_assert_eq!(reclaimed(&mut table), expected);
                }
            }
            let chunks: BTreeMap<_, _> =
                held(&table).into_iter().map(|chunk| (chunk.lease, chunk.interval)).collect();
            prop_assert_eq!(&chunks, &model);
            prop_assert_eq!(table.numbers(), model.values().map(Interval::len).sum::<u128>());
            prop_assert_eq!(table.room(), MAX_LEASES - model.len());
        }
    }
}

#[test]
fn chunks_that_continue_the_last_row_of_a_worker_join_it() {
    let mut table = LeaseTable::default();
    let mut lent = std::vec![];
    for first in [0, 10, 20] {
        let numbers = Interval::new(first, first + 9).unwrap();
        table.lend_run(WorkerId(0), numbers, 10, &mut lent);
    }
    assert_eq!((table.holders[0].rows.len(), table.count(), table.busy()), (1, 3, 1));
    // Not behind one that was begun already, and not a chunk that was lost before.
    table.shorten(WorkerId(0), lent[2].first().lease, Interval::new(25, 29).unwrap());
    table.lend_run(WorkerId(0), Interval::new(30, 34).unwrap(), 5, &mut lent);
    table.lend(WorkerId(0), Interval::new(35, 39).unwrap(), 2, (1, 7));
    assert_eq!((table.holders[0].rows.len(), table.count()), (4, 5));
    table.ask(WorkerId(0), lent[0].first().lease);
    assert_eq!((table.asked(), table.holders[0].rows.len()), (1, 5));
    let mut reclaimed = 0;
    table.reclaim(WorkerId(0), |_| reclaimed += 1);
    assert_eq!((reclaimed, table.count(), table.asked(), table.busy()), (5, 0, 0, 0));
}
