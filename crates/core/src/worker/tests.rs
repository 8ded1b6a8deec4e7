//! What a worker says of its chunks.

use super::*;
use crate::frame::{PIPE_FRAME, Unpacker};
use crate::partial::Partial;
use std::vec;

mod rows;

const LEASE: LeaseId = LeaseId(1 << 20);
const NEXT: LeaseId = LeaseId(1 << 20 | 1);

fn worker(chunks: &[(LeaseId, i64, i64)]) -> Worker {
    let mut worker = Worker::new(WorkerId(0), Aggregate::Count, PIPE_FRAME);
    let mut packer = Packer::new(WorkerId(0), PIPE_FRAME);
    for (lease, first, last) in chunks {
        let interval = Interval::new(*first, *last).unwrap();
        packer.assign([Assignment { lease: *lease, interval }]);
    }
    tell(&mut worker, &mut packer);
    worker
}

fn tell(worker: &mut Worker, packer: &mut Packer) {
    packer.seal(0);
    let mut unpacker = Unpacker::new(PIPE_FRAME, PIPE_FRAME);
    unpacker.room()[..packer.bytes().len()].copy_from_slice(packer.bytes());
    unpacker.filled(packer.bytes().len());
    while let Some(frame) = unpacker.next_frame().unwrap() {
        worker.take(frame.body).unwrap();
    }
}

fn withdraw(worker: &mut Worker, lease: LeaseId, parts: u64) {
    let mut packer = Packer::new(WorkerId(0), PIPE_FRAME);
    packer.withdraw(lease, parts);
    tell(worker, &mut packer);
}

/// What a worker said, as text.
fn said(worker: &mut Worker) -> Vec<std::string::String> {
    worker.seal(1);
    let mut unpacker = Unpacker::new(PIPE_FRAME, 1 << 16);
    let mut said = vec![];
    while !worker.is_silent() {
        let frame = worker.first_frames(1);
        unpacker.room()[..frame.len()].copy_from_slice(frame);
        unpacker.filled(frame.len());
        worker.sent(frame.len());
        match unpacker.next_frame().unwrap().unwrap().body {
            Body::Answers(answers) => {
                said.extend(answers.iter().map(|(id, n)| std::format!("{} is {n}", id.0 & 7)));
            }
            Body::Releases(back) => {
                said.extend(back.iter().map(|(id, n)| std::format!("{} from {n}", id.0 & 7)));
            }
            Body::Begun(begun) => {
                said.extend(begun.iter().map(|id| std::format!("{} again", id.0 & 7)));
            }
            Body::Part(part) => {
                let partial = Partial::decode(part.bytes).unwrap();
                said.push(std::format!(
                    "{:?} is {:?}",
                    partial.span().unwrap(),
                    partial.value.word()
                ));
            }
            other => panic!("{other:?}"),
        }
    }
    said
}

fn count(worker: &mut Worker, most: u64) {
    let step = worker.next(most).unwrap();
    worker.tally().count(1, 1);
    worker.counted(step.slice.last());
}

#[test]
fn a_chunk_in_slices_is_one_answer() {
    let mut worker = worker(&[(LEASE, 0, 9)]);
    (0..4).for_each(|_| count(&mut worker, 3));
    assert_eq!(worker.next(3), None);
    assert_eq!(said(&mut worker), ["0 is 4"]);
}

#[test]
fn answers_are_due_when_as_many_wait_as_chunks_are_queued() {
    let chunks: Vec<_> =
        (0..8).map(|at| (LeaseId(1 << 20 | at), at as i64 * 10, at as i64 * 10 + 9)).collect();
    let mut worker = worker(&chunks);
    let due: Vec<bool> = (0..8)
        .map(|_| {
            count(&mut worker, 100);
            let is_due = worker.is_due();
            if is_due {
                said(&mut worker);
            }
            is_due
        })
        .collect();
    assert_eq!(due, [false, false, false, true, false, true, true, true]);
}

#[test]
fn half_of_the_rest_is_given_back_and_the_other_half_done() {
    let mut worker = worker(&[(LEASE, 0, 9)]);
    count(&mut worker, 3);
    withdraw(&mut worker, LEASE, 2);
    assert_eq!(said(&mut worker), ["0 from 7"]);
    count(&mut worker, 100);
    assert_eq!(worker.next(3), None);
    assert_eq!(said(&mut worker), ["0 is 2"]);
}

#[test]
fn everything_is_given_back_after_a_report_of_what_is_counted() {
    let mut worker = worker(&[(LEASE, 0, 9), (NEXT, 10, 19)]);
    count(&mut worker, 3);
    withdraw(&mut worker, EVERY_LEASE, 0);
    let covered = Interval::new(0, 2).unwrap();
    let expected = [std::format!("{covered:?} is Some(1)"), "0 from 3".into(), "1 from 10".into()];
    assert_eq!(said(&mut worker), expected);
    assert_eq!(worker.next(3), None);
}

#[test]
fn what_is_unknown_or_too_short_is_kept() {
    let mut worker = worker(&[(LEASE, 5, 5)]);
    withdraw(&mut worker, NEXT, 0);
    withdraw(&mut worker, LEASE, 2);
    assert_eq!(said(&mut worker), [""; 0]);
    count(&mut worker, 1);
    assert_eq!(said(&mut worker), ["0 is 1"]);
}

#[test]
fn a_chunk_that_was_lost_before_is_announced() {
    let mut worker = worker(&[(LeaseId(2 << 20), 0, 9), (LEASE, 10, 19)]);
    assert!(worker.next(5).unwrap().is_begun_again);
    assert_eq!(said(&mut worker), ["0 again"]);
    worker.counted(4);
    assert!(!worker.next(5).unwrap().is_begun_again);
}

#[test]
fn nothing_else_is_begun_before_a_chunk_that_was_announced_is_answered() {
    let chunks = [(LeaseId(2 << 20), 0, 4), (LEASE, 10, 14), (NEXT, 20, 24)];
    let mut worker = worker(&chunks);
    count(&mut worker, 5);
    assert!(worker.next(5).unwrap().is_begun_again);
    assert_eq!(said(&mut worker), ["0 again", "0 is 1"]);
    count(&mut worker, 5);
    assert!(!worker.next(5).unwrap().is_begun_again);
}

#[test]
fn what_is_sent_is_owed_no_more() {
    let mut worker = worker(&[(LeaseId(2 << 20), 0, 4), (LEASE, 10, 14)]);
    let step = worker.next(5).unwrap();
    assert_eq!(said(&mut worker), ["0 again"]);
    worker.tally().count(2, 2);
    worker.counted(step.slice.last());
    assert_eq!(said(&mut worker), ["0 is 2"]);
    assert!(!worker.next(5).unwrap().is_begun_again);
}

#[test]
fn what_is_not_for_a_worker_is_refused() {
    let mut worker = worker(&[]);
    assert_eq!(worker.take(Body::Farewell { call: 0, errno: 0 }), Err(Malformed::Entry));
}

#[test]
fn what_is_at_work_elsewhere_is_kept_and_the_rest_is_given_back() {
    let mut worker = worker(&[(LEASE, 10, 19), (NEXT, 20, 29)]);
    assert_eq!(worker.ahead().collect::<Vec<_>>(), [(10, 19), (20, 29)].map(interval));
    let slice = worker.next(3).unwrap().slice;
    worker.hold(slice);
    assert_eq!(worker.ahead().collect::<Vec<_>>(), [interval((20, 29))]);
    withdraw(&mut worker, EVERY_LEASE, 0);
    assert_eq!(said(&mut worker), ["0 from 13", "1 from 20"]);
    // Another withdrawal of it finds nothing more to take.
    withdraw(&mut worker, LEASE, 0);
    assert_eq!(said(&mut worker), [""; 0]);
    worker.tally().count(2, 3);
    assert_eq!(worker.counted(slice.last()), ChunkState::Answered);
    assert_eq!(said(&mut worker), ["0 is 2"]);
    assert_eq!(worker.next(1), None);
}

#[test]
fn a_part_that_is_kept_is_not_shorter_than_what_is_at_work() {
    let mut worker = worker(&[(LEASE, 0, 99)]);
    let slice = worker.next(60).unwrap().slice;
    worker.hold(slice);
    withdraw(&mut worker, LEASE, 4);
    assert_eq!(said(&mut worker), ["0 from 60"]);
}

fn interval((first, last): (i64, i64)) -> Interval {
    Interval::new(first, last).unwrap()
}
