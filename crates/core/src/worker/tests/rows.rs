//! Rows of chunks: computed in one call, they are answered as if each had been computed by itself.

use super::*;
use crate::partial::Cause;
use proptest::prelude::*;

fn row(count: u64, len: i64) -> Vec<(LeaseId, i64, i64)> {
    let chunk = |at: i64| (LeaseId(1 << 20 | at as u64), at * len, (at + 1) * len - 1);
    (0..count as i64).map(chunk).collect()
}

/// Counts every number.
fn every(slice: Interval, tally: &mut Tally) -> i64 {
    tally.count(slice.len() as u64, slice.len() as u64);
    slice.last()
}

#[test]
fn a_row_is_computed_until_half_of_it_is_answered() {
    let mut worker = worker(&row(8, 2));
    assert_eq!(worker.compute_row(1000, every), (8, ChunkState::Answered));
    assert!(worker.is_due());
    assert_eq!(said(&mut worker), ["0 is 2", "1 is 2", "2 is 2", "3 is 2"]);
    assert_eq!(worker.compute_row(5, every), (4, ChunkState::Answered), "whole chunks");
    assert!(worker.is_due());
}

#[test]
fn a_chunk_that_is_withdrawn_from_the_middle_of_a_row_is_not_computed() {
    let mut worker = worker(&row(8, 2));
    assert_eq!(worker.compute_row(4, every).0, 4);
    withdraw(&mut worker, LeaseId(1 << 20 | 5), 0);
    withdraw(&mut worker, LeaseId(1 << 20 | 3), 2);
    let said_first = said(&mut worker);
    assert_eq!(said_first, ["0 is 2", "1 is 2", "5 from 10", "3 from 7"]);
    let ahead = [(4, 5), (6, 6), (8, 9), (12, 13), (14, 15)].map(interval);
    assert_eq!(worker.ahead().collect::<Vec<_>>(), ahead);
    let mut said_then = vec![];
    while worker.compute_row(1000, every).0 > 0 {
        said_then.extend(said(&mut worker));
    }
    assert_eq!(said_then, ["2 is 2", "3 is 1", "4 is 2", "6 is 2", "7 is 2"]);
}

#[test]
fn a_chunk_that_was_lost_before_and_what_is_in_work_are_left_to_single_steps() {
    let mut lost = worker(&[(LeaseId(2 << 20), 0, 4), (LEASE, 10, 14)]);
    assert_eq!(lost.compute_row(1000, every).0, 0);
    count(&mut lost, 100);
    assert_eq!(lost.compute_row(1000, every).0, 0, "its answer must be sent first");
    said(&mut lost);
    assert_eq!(lost.compute_row(1000, every).0, 5);
    let mut cut = worker(&row(4, 10));
    count(&mut cut, 3);
    assert_eq!(cut.compute_row(1000, every).0, 0);
}

/// What a function does with the numbers of a chunk: it counts those below `bad`, which fails, and stops at `stop`.
fn partly(slice: Interval, tally: &mut Tally, (bad, stop): (i64, i64)) -> i64 {
    let last = if (slice.first()..=slice.last()).contains(&stop) { stop } else { slice.last() };
    for n in slice.first()..=last {
        if n == bad {
            tally.fail(n, Cause::Timeout);
        } else {
            tally.count(n.unsigned_abs() % 3, 1);
        }
    }
    last
}

proptest! {
    #[test]
    fn a_row_is_answered_as_its_chunks_are_one_by_one(
        count in 1u64..30, len in 1i64..5, bad in 0i64..150, stop in 0i64..150,
        budgets in prop::collection::vec(0u64..40, 1..20),
    ) {
        let fold = |slice: Interval, tally: &mut Tally| partly(slice, tally, (bad, stop));
        let mut answers = [vec![], vec![]];
        for (is_by_row, answers) in [false, true].into_iter().zip(&mut answers) {
            let mut worker = worker(&row(count, len));
            let mut budgets = budgets.iter().copied().cycle();
            while let Some(step) = worker.next(100) {
                let last = fold(step.slice, worker.tally());
                let mut state = worker.counted(last);
                if is_by_row && state == ChunkState::Answered {
                    state = worker.compute_row(budgets.next().unwrap(), fold).1;
                }
                if state == ChunkState::ToReport {
                    worker.report(1);
                }
                if worker.is_due() {
                    answers.extend(said(&mut worker));
                }
            }
            answers.extend(said(&mut worker));
        }
        prop_assert_eq!(&answers[0], &answers[1]);
    }
}
