//! Single cases of what comes back: late and double answers, blame, stealing, draining.

use super::*;
use crate::frame::{Body, EVERY_LEASE, PIPE_FRAME, Packer, Unpacker};
use crate::lease::LeaseId;
use crate::partial::{Cause, Failure, Partial};
use std::num::NonZeroU64;
use std::{vec, vec::Vec};

mod rows;

const SEGV: Option<Cause> = Some(Cause::Signal(11));

/// A scheduler whose actions are kept, with workers that do only what a test says.
struct Bench {
    scheduler: Scheduler,
    /// The last chunks of each worker.
    held: Vec<Vec<Assignment>>,
    done: Vec<Action>,
}

impl Bench {
    fn new(len: i128, policy: Policy, workers: u32) -> Self {
        let range = Range::new(0, len).unwrap();
        let scheduler = Scheduler::new(range, Aggregate::Count, policy, workers);
        let mut bench = Self { scheduler, held: vec![], done: vec![] };
        (0..workers).for_each(|_| bench.join());
        bench
    }

    fn fixed(len: i128, chunk: u64, workers: u32) -> Self {
        Self::new(len, Policy::Fixed(NonZeroU64::new(chunk).unwrap()), workers)
    }

    fn join(&mut self) {
        let worker = WorkerId(self.held.len() as u32);
        self.held.push(vec![]);
        self.handle(SchedulerEvent::Joined { worker, capacity: Capacity::worker(4) }).unwrap();
    }

    fn handle(&mut self, event: SchedulerEvent<'_>) -> Result<(), Violation> {
        let outcome = self.scheduler.handle(event, 1);
        while let Some(action) = self.scheduler.poll() {
            match action {
                Action::Assign { worker } => {
                    self.held[worker.0 as usize] = self.scheduler.assignments();
                }
                Action::Record(record) => {
                    self.scheduler.handle(SchedulerEvent::Recorded(record), 1)?;
                }
                other => self.done.push(other),
            }
        }
        outcome.map(drop)
    }

    /// Lets a worker say what `pack` packs, having worked for `busy_ns`.
    fn say(
        &mut self,
        worker: u32,
        busy_ns: u64,
        pack: impl FnOnce(&mut Packer),
    ) -> Result<(), Violation> {
        let worker = WorkerId(worker);
        let mut packer = Packer::new(worker, PIPE_FRAME);
        pack(&mut packer);
        packer.seal(busy_ns);
        let mut unpacker = Unpacker::new(PIPE_FRAME, PIPE_FRAME);
        unpacker.room()[..packer.bytes().len()].copy_from_slice(packer.bytes());
        unpacker.filled(packer.bytes().len());
        let event = match unpacker.next_frame().unwrap().unwrap().body {
            Body::Answers(answers) => SchedulerEvent::Answered { worker, busy_ns, answers },
            Body::Begun(begun) => SchedulerEvent::Begun { worker, busy_ns, begun },
            Body::Releases(releases) => SchedulerEvent::Released { worker, busy_ns, releases },
            other => panic!("{other:?}"),
        };
        self.handle(event)
    }

    fn answer(&mut self, worker: u32, lease: LeaseId, count: u64) -> Result<(), Violation> {
        self.say(worker, 1000, |packer| packer.answer(lease, count))
    }

    /// The one chunk that a worker holds.
    fn chunk(&self, worker: u32) -> (LeaseId, i64, i64) {
        let [Assignment { lease, interval }] = self.held[worker as usize][..] else {
            panic!("{:?}", self.held)
        };
        (lease, interval.first(), interval.last())
    }

    /// Lets a worker begin its chunk and be lost at it, and another join.
    fn lose_at_it(&mut self, worker: u32) {
        let (lease, ..) = self.chunk(worker);
        self.say(worker, 0, |packer| packer.begun(lease)).unwrap();
        self.handle(SchedulerEvent::Lost { worker: WorkerId(worker), cause: SEGV }).unwrap();
        self.join();
    }
}

/// One at a time, each would cost a round trip: over a slow network thousands of short chunks would take an hour.
#[test]
fn a_worker_gets_its_share_of_the_chunks_that_were_taken_back() {
    let mut bench = Bench::fixed(6, 1, 2);
    let (lease, ..) = bench.chunk(0);
    bench.answer(0, lease, 1).unwrap();
    assert_eq!(bench.held[0].len(), 3);
    for _ in 0..2 {
        let (lease, ..) = bench.chunk(1);
        bench.answer(1, lease, 1).unwrap();
    }
    bench.handle(SchedulerEvent::Silent { worker: WorkerId(0) }).unwrap();
    assert_eq!(bench.held[1].len(), 2, "the half of three, and one");
}

#[test]
fn the_same_answer_twice_is_dropped_and_another_is_a_conflict() {
    let mut bench = Bench::new(20, Policy::Static, 2);
    let (lease, first, _) = bench.chunk(0);
    bench.answer(0, lease, 5).unwrap();
    bench.answer(0, lease, 5).unwrap();
    assert_eq!(bench.scheduler.stale_answers(), 1);
    let twice = Err(Violation::Twice { first, values: Some([5, 6]) });
    assert_eq!(bench.answer(0, lease, 6), twice);
    assert_eq!(*bench.scheduler.answer(), Value::Count(5), "it is not merged");
}

#[test]
fn an_answer_to_a_lease_of_another_worker_or_of_none_is_dropped() {
    let mut bench = Bench::new(20, Policy::Static, 2);
    let (lease, ..) = bench.chunk(1);
    bench.answer(0, lease, 5).unwrap();
    bench.answer(0, LeaseId(77 << 20), 5).unwrap();
    assert_eq!(bench.scheduler.stale_answers(), 2);
    assert_eq!(*bench.scheduler.answer(), Value::Count(0));
}

#[test]
fn a_silent_worker_loses_its_chunk_and_its_late_answer_is_compared() {
    for (late, is_conflict) in [(5, false), (4, true)] {
        let mut bench = Bench::new(20, Policy::Static, 2);
        let (old, first, last) = bench.chunk(0);
        let (own, ..) = bench.chunk(1);
        bench.handle(SchedulerEvent::Silent { worker: WorkerId(0) }).unwrap();
        let everything = |action: &Action| {
            matches!(action, Action::Withdraw { worker: WorkerId(0), lease: EVERY_LEASE, parts: 0 })
        };
        assert!(bench.done.iter().any(everything));
        bench.answer(1, own, 5).unwrap();
        let (new, ..) = bench.chunk(1);
        assert_eq!((bench.chunk(1).1, bench.chunk(1).2, new.attempt()), (first, last, 2));
        bench.answer(0, old, late).unwrap();
        assert_eq!(bench.scheduler.stale_answers(), 1);
        let numbers = Interval::new(first, last).unwrap();
        let conflict = Err(Violation::Conflict { numbers, values: Some([4, 5]) });
        assert_eq!(bench.answer(1, new, 5), if is_conflict { conflict } else { Ok(()) });
        assert_eq!(bench.scheduler.is_finished(), !is_conflict);
    }
}

#[test]
fn an_answer_in_parts_is_compared_with_a_late_one() {
    for (late, is_conflict) in [(5, false), (4, true)] {
        let mut bench = Bench::new(20, Policy::Static, 2);
        let (old, first, last) = bench.chunk(0);
        let (own, ..) = bench.chunk(1);
        bench.handle(SchedulerEvent::Silent { worker: WorkerId(0) }).unwrap();
        bench.answer(1, own, 5).unwrap();
        let (new, ..) = bench.chunk(1);
        bench.answer(0, old, late).unwrap();
        let partly = |first, last, count| {
            let partial = Partial::over(Interval::new(first, last).unwrap(), Value::Count(count));
            SchedulerEvent::Partly { worker: WorkerId(1), lease: new, busy_ns: 1, partial }
        };
        bench.handle(partly(first, first + 3, 2)).unwrap();
        let numbers = Interval::new(first, last).unwrap();
        let conflict = Err(Violation::Conflict { numbers, values: Some([4, 5]) });
        let outcome = bench.handle(partly(first + 4, last, 3));
        assert_eq!(outcome, if is_conflict { conflict } else { Ok(()) });
    }
}

#[test]
fn a_stop_blames_numbers_only_where_another_worker_was_stopped_before() {
    let mut bench = Bench::new(20, Policy::Static, 2);
    let (numbers, stopped) = (Interval::single(4), Cause::Signal(19));
    let (_, first, last) = bench.chunk(0);
    let (own, ..) = bench.chunk(1);
    assert!(!bench.scheduler.stopped_at(WorkerId(0), numbers, stopped));
    bench.handle(SchedulerEvent::Silent { worker: WorkerId(0) }).unwrap();
    bench.answer(1, own, 5).unwrap();
    assert_eq!((bench.chunk(1).1, bench.chunk(1).2), (first, last), "the first stop blames none");
    assert!(bench.scheduler.stopped_at(WorkerId(1), numbers, stopped));
    bench.handle(SchedulerEvent::Silent { worker: WorkerId(1) }).unwrap();
    bench.join();
    let (lease, ..) = bench.chunk(2);
    assert_eq!((bench.chunk(2).1, bench.chunk(2).2), (4, 4), "it is tried alone");
    assert_eq!(lease.attempt(), 3);
}

#[test]
fn a_part_of_a_chunk_is_not_compared_with_the_whole() {
    let mut bench = Bench::new(20, Policy::Static, 2);
    let (old, ..) = bench.chunk(0);
    let (own, ..) = bench.chunk(1);
    bench.handle(SchedulerEvent::Silent { worker: WorkerId(0) }).unwrap();
    bench.answer(1, own, 5).unwrap();
    let (new, ..) = bench.chunk(1);
    bench.say(1, 0, |packer| packer.release(new, 4)).unwrap();
    bench.answer(0, old, 5).unwrap();
    bench.answer(1, new, 2).unwrap();
    bench.answer(1, bench.chunk(1).0, 3).unwrap();
    assert_eq!(*bench.scheduler.answer(), Value::Count(10));
}

#[test]
fn nothing_is_kept_to_compare_with_a_lost_worker() {
    let mut bench = Bench::new(20, Policy::Static, 2);
    let worker = WorkerId(0);
    bench.handle(SchedulerEvent::Silent { worker }).unwrap();
    assert!(!bench.scheduler.late.is_empty());
    bench.handle(SchedulerEvent::Lost { worker, cause: None }).unwrap();
    assert!(bench.scheduler.late.is_empty());
}

#[test]
fn an_agent_that_gives_everything_back_compares_nothing() {
    let scheduler = Scheduler::open_ended(Aggregate::Count, 2);
    let mut bench = Bench { scheduler, held: vec![], done: vec![] };
    bench.scheduler.supply(Interval::new(0, 19).unwrap());
    (0..2).for_each(|_| bench.join());
    bench.handle(SchedulerEvent::Silent { worker: WorkerId(0) }).unwrap();
    assert!(!bench.scheduler.late.is_empty());
    bench.scheduler.forget_everything();
    assert!(bench.scheduler.late.is_empty());
}

#[test]
fn what_is_put_out_need_not_be_the_same_twice() {
    let range = Range::new(0, 20).unwrap();
    let run = Aggregate::Run { in_order: false };
    let scheduler = Scheduler::new(range, run, Policy::Static, 2);
    let mut bench = Bench { scheduler, held: vec![], done: vec![] };
    (0..2).for_each(|_| bench.join());
    let (old, first, last) = bench.chunk(0);
    let (own, ..) = bench.chunk(1);
    bench.handle(SchedulerEvent::Silent { worker: WorkerId(0) }).unwrap();
    bench.answer(1, own, 0).unwrap();
    let (new, ..) = bench.chunk(1);
    for (worker, lease, text) in [(0, old, "at noon"), (1, new, "at one")] {
        let value = Value::Lines { lines: 1, text: text.into() };
        let partial = Partial::over(Interval::new(first, last).unwrap(), value);
        let worker = WorkerId(worker);
        bench.handle(SchedulerEvent::Partly { worker, lease, busy_ns: 1, partial }).unwrap();
    }
    assert_eq!(bench.scheduler.next_lines(), Some(b"at one".to_vec()));
    assert_eq!(bench.scheduler.next_lines(), None);
}

#[test]
fn a_number_that_failed_for_one_holder_and_not_for_another_is_no_conflict() {
    for is_late in [true, false] {
        let mut bench = Bench::new(20, Policy::Static, 2);
        let (old, first, last) = bench.chunk(0);
        let (own, ..) = bench.chunk(1);
        bench.handle(SchedulerEvent::Silent { worker: WorkerId(0) }).unwrap();
        bench.answer(1, own, 5).unwrap();
        let (new, ..) = bench.chunk(1);
        let failed = vec![Failure { interval: Interval::single(first), cause: Cause::Signal(9) }];
        let covered = vec![Interval::new(first + 1, last).unwrap()];
        let partial = Partial { covered, failed, value: Value::Count(4) };
        let partly = |worker, lease| SchedulerEvent::Partly { worker, lease, busy_ns: 1, partial };
        if is_late {
            bench.handle(partly(WorkerId(0), old)).unwrap();
            bench.answer(0, old, 0).unwrap();
            bench.answer(1, new, 5).unwrap();
        } else {
            bench.answer(0, old, 5).unwrap();
            bench.handle(partly(WorkerId(1), new)).unwrap();
        }
        assert!(bench.scheduler.is_finished());
    }
}

#[test]
fn who_is_awake_again_gets_chunks_again() {
    let mut bench = Bench::fixed(100, 10, 2);
    bench.handle(SchedulerEvent::Silent { worker: WorkerId(0) }).unwrap();
    bench.held[0].clear();
    bench.handle(SchedulerEvent::Awake { worker: WorkerId(0) }).unwrap();
    // The returned one first: its own.
    assert_eq!(bench.chunk(0).1, 0);
}

#[test]
fn a_chunk_that_loses_its_workers_is_halved_down_to_one_number() {
    let mut bench = Bench::new(4, Policy::Static, 1);
    // The first loss is not blamed: perhaps the worker was at another chunk.
    bench.handle(SchedulerEvent::Lost { worker: WorkerId(0), cause: SEGV }).unwrap();
    bench.join();
    assert_eq!((bench.chunk(1).1, bench.chunk(1).2), (0, 3));
    bench.lose_at_it(1);
    assert_eq!((bench.chunk(2).1, bench.chunk(2).2), (0, 3), "two more tries");
    bench.lose_at_it(2);
    assert_eq!((bench.chunk(3).1, bench.chunk(3).2), (0, 1));
    bench.answer(3, bench.chunk(3).0, 1).unwrap();
    assert_eq!((bench.chunk(3).1, bench.chunk(3).2), (2, 3));
    bench.lose_at_it(3);
    // Halves of two are numbers, and have all their tries.
    bench.answer(4, bench.chunk(4).0, 1).unwrap();
    for worker in 4..7 {
        assert_eq!((bench.chunk(worker).1, bench.chunk(worker).2), (3, 3));
        assert!(bench.scheduler.ledger().failures().is_empty());
        bench.lose_at_it(worker);
    }
    let failure = Failure { interval: Interval::single(3), cause: Cause::Signal(11) };
    assert_eq!(bench.scheduler.ledger().failures(), [failure]);
    assert!(bench.scheduler.is_finished());
    assert_eq!(*bench.scheduler.answer(), Value::Count(2));
}

#[test]
fn a_number_whose_workers_are_killed_from_outside_gets_four_times_as_many_tries() {
    let losses_until_it_fails = |cause: Cause, retries: u8| {
        let mut bench = Bench::new(1, Policy::Static, 1);
        bench.scheduler = bench.scheduler.retries(retries);
        // The first loss is not blamed.
        bench.handle(SchedulerEvent::Lost { worker: WorkerId(0), cause: Some(cause) }).unwrap();
        for losses in 1..1000 {
            bench.join();
            let (lease, ..) = bench.chunk(losses);
            bench.say(losses, 0, |packer| packer.begun(lease)).unwrap();
            bench
                .handle(SchedulerEvent::Lost { worker: WorkerId(losses), cause: Some(cause) })
                .unwrap();
            if bench.scheduler.is_finished() {
                return losses;
            }
        }
        panic!("it never fails")
    };
    assert_eq!(losses_until_it_fails(Cause::Signal(11), 2), 3);
    assert_eq!(losses_until_it_fails(Cause::Exit(9), 0), 1);
    assert_eq!(losses_until_it_fails(Cause::Signal(9), 2), 12);
    assert_eq!(losses_until_it_fails(Cause::Signal(9), 255), 255);
    assert_eq!(losses_until_it_fails(Cause::Signal(11), 255), 255);
}

#[test]
fn a_number_that_a_worker_gives_back_alone_gets_all_its_tries() {
    let mut bench = Bench::fixed(2, 2, 1);
    bench.lose_at_it(0);
    let (lease, first, last) = bench.chunk(1);
    let losses = |bench: &Bench, worker: usize, lease| {
        let standing = bench.scheduler.leases.standing(lease, WorkerId(worker as u32));
        let crate::lease::Standing::InForce(held) = standing else { panic!("{standing:?}") };
        held.losses()
    };
    assert_eq!((first, last, losses(&bench, 1, lease)), (0, 1, 1));
    bench.held[1].clear();
    bench.say(1, 1, |packer| packer.release(lease, last)).unwrap();
    bench.join();
    let mut held = bench.held.iter().enumerate().flat_map(|(worker, held)| {
        held.iter().map(move |chunk| (worker, chunk.lease, chunk.interval))
    });
    let again = held.find(|(.., interval)| *interval == Interval::single(last));
    let (worker, again, _) = again.expect("the number goes out again");
    assert_eq!(losses(&bench, worker, again), 0);
}

#[test]
fn what_is_lost_of_something_else_each_time_is_not_found_guilty() {
    let mut bench = Bench::new(1, Policy::Static, 1);
    for losses in 0..40 {
        let cause = Some(Cause::Signal(if losses % 2 == 0 { 6 } else { 11 }));
        let (lease, ..) = bench.chunk(losses);
        if losses > 0 {
            bench.say(losses, 0, |packer| packer.begun(lease)).unwrap();
        }
        bench.handle(SchedulerEvent::Lost { worker: WorkerId(losses), cause }).unwrap();
        bench.join();
    }
    assert!(!bench.scheduler.is_finished());
    // Now it is the same as the last time.
    (40..42).for_each(|worker| bench.lose_at_it(worker));
    assert!(bench.scheduler.is_finished());
}

#[test]
fn a_worker_lost_elsewhere_blames_no_chunk() {
    let mut bench = Bench::new(4, Policy::Static, 1);
    for worker in 0..50 {
        bench.handle(SchedulerEvent::Lost { worker: WorkerId(worker), cause: SEGV }).unwrap();
        bench.join();
        assert_eq!((bench.chunk(worker + 1).1, bench.chunk(worker + 1).2), (0, 3));
    }
}

#[test]
fn an_idle_worker_makes_the_scheduler_ask_for_the_tail_of_the_longest_chunk() {
    let mut bench = Bench::fixed(1001, 1000, 2);
    let (long, short) = (bench.chunk(0).0, bench.chunk(1).0);
    // Its pace is known by a report: a millisecond for each number.
    let covered = Interval::new(0, 9).unwrap();
    let partial = Partial::over(covered, Value::Count(5));
    let (worker, busy_ns) = (WorkerId(0), 10_000_000);
    bench.handle(SchedulerEvent::Partly { worker, lease: long, busy_ns, partial }).unwrap();
    assert!(bench.done.is_empty(), "no worker is idle");
    bench.answer(1, short, 1).unwrap();
    let [Action::Withdraw { worker: WorkerId(0), lease, parts: 2 }] = bench.done[..] else {
        panic!("{:?}", bench.done)
    };
    assert_eq!(lease, long);
    bench.say(0, 0, |packer| packer.release(long, 500)).unwrap();
    assert_eq!((bench.chunk(1).1, bench.chunk(1).2), (500, 1000 - 1));
    bench.answer(1, bench.chunk(1).0, 250).unwrap();
    bench.answer(0, long, 245).unwrap();
    assert_eq!(*bench.scheduler.answer(), Value::Count(501));
}

#[test]
fn equal_parts_and_short_rests_are_left_to_their_workers() {
    let mut bench = Bench::new(20, Policy::Static, 2);
    bench.answer(0, bench.chunk(0).0, 5).unwrap();
    assert!(bench.done.is_empty());
    let mut bench = Bench::fixed(1001, 1000, 2);
    let partial = Partial::over(Interval::single(0), Value::Count(1));
    let (worker, lease) = (WorkerId(0), bench.chunk(0).0);
    bench.handle(SchedulerEvent::Partly { worker, lease, busy_ns: 1_000, partial }).unwrap();
    bench.answer(1, bench.chunk(1).0, 1).unwrap();
    assert!(bench.done.is_empty(), "a millisecond is not worth the trouble");
}

#[test]
fn what_is_given_back_beyond_what_is_due_is_refused() {
    let mut bench = Bench::fixed(1000, 1000, 1);
    let (lease, ..) = bench.chunk(0);
    for first in [-1, 1000] {
        let refused = bench.say(0, 0, |packer| packer.release(lease, first));
        assert_eq!(refused, Err(Violation::NotDue { worker: WorkerId(0), lease }));
    }
}

#[test]
fn a_drained_run_hands_out_nothing_and_ends_when_everything_came_back() {
    let mut bench = Bench::fixed(100, 10, 2);
    bench.scheduler.drain();
    let (one, two) = (bench.chunk(0).0, bench.chunk(1).0);
    bench.answer(0, one, 5).unwrap();
    assert_eq!(bench.done.len(), 2, "both are asked for everything: {:?}", bench.done);
    assert!(!bench.scheduler.is_drained());
    bench.say(1, 0, |packer| packer.release(two, 10)).unwrap();
    assert!(bench.scheduler.is_drained() && !bench.scheduler.is_finished());
    assert_eq!(bench.scheduler.ledger().covered().len(), 10);
}
