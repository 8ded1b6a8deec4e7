//! Workers that name the number they die at: against any numbers that crash, always or once, any chunks
//! and any number of tries.

use super::*;
use crate::lease::{LeaseId, Standing};
use crate::partial::{Cause, Failure, Partial};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::{vec, vec::Vec};

const SEGV: Cause = Cause::Signal(11);

/// How often the chunk of a lease in force was lost, and the digest of the last cause.
fn history(scheduler: &Scheduler, worker: WorkerId, lease: LeaseId) -> (u8, u16) {
    match scheduler.leases.standing(lease, worker) {
        Standing::InForce(held) => (held.losses(), held.cause()),
        standing => panic!("{standing:?}"),
    }
}

/// Workers that do their chunks in order, and send a crash report and die where a number makes them.
struct Run {
    scheduler: Scheduler,
    hands: BTreeMap<WorkerId, VecDeque<Assignment>>,
    /// Workers that were not given anything yet.
    fresh: BTreeSet<WorkerId>,
    /// Numbers that crash each time, and those that crash once more so often.
    poison: BTreeSet<i64>,
    flaky: BTreeMap<i64, u32>,
    deaths: BTreeMap<i64, u32>,
    quarantined: Vec<i64>,
    recovered: Vec<i64>,
    is_finished: bool,
}

impl Run {
    fn new(scheduler: Scheduler) -> Self {
        Self {
            scheduler,
            hands: BTreeMap::new(),
            fresh: BTreeSet::new(),
            poison: BTreeSet::new(),
            flaky: BTreeMap::new(),
            deaths: BTreeMap::new(),
            quarantined: vec![],
            recovered: vec![],
            is_finished: false,
        }
    }

    fn join(&mut self) {
        let worker = WorkerId(self.scheduler.workers.len() as u32);
        self.hands.insert(worker, VecDeque::new());
        self.fresh.insert(worker);
        self.handle(SchedulerEvent::Joined { worker, capacity: Capacity::worker(3) });
    }

    fn lose(&mut self, worker: WorkerId, cause: Option<Cause>) {
        self.hands.remove(&worker);
        self.handle(SchedulerEvent::Lost { worker, cause });
    }

    fn handle(&mut self, event: SchedulerEvent<'_>) {
        self.scheduler.handle(event, 1).unwrap();
        while let Some(action) = self.scheduler.poll() {
            match action {
                Action::Assign { worker } => {
                    let hand = self.hands.get_mut(&worker).unwrap();
                    let assigned = self.scheduler.assignments();
                    let mut losses =
                        assigned.iter().map(|a| history(&self.scheduler, worker, a.lease).0);
                    if losses.any(|losses| losses > 0) {
                        let is_fresh = self.fresh.remove(&worker) && assigned.len() == 1;
                        assert!(is_fresh, "{worker:?} has done something else");
                    }
                    self.fresh.remove(&worker);
                    hand.extend(assigned);
                }
                Action::Record(record) => {
                    self.scheduler.handle(SchedulerEvent::Recorded(record), 1).unwrap();
                }
                Action::Quarantined(failure) => self.quarantined.push(failure.interval.first()),
                Action::Recovered(Failure { interval, cause }) => {
                    assert_eq!((interval.len(), cause), (1, SEGV));
                    self.recovered.push(interval.first());
                }
                Action::Finished => self.is_finished = true,
                _ => {}
            }
        }
    }

    /// The first worker that has something does its next chunk, or dies at it.
    fn step(&mut self) {
        let at_work = self.hands.iter().find(|(_, hand)| !hand.is_empty());
        let worker = *at_work.expect("a worker has something to do").0;
        let Assignment { lease, interval } = self.hands[&worker][0];
        for n in interval.first()..=interval.last() {
            let is_flaky = self.flaky.get_mut(&n).is_some_and(|times| {
                let is_left = *times > 0;
                *times -= u32::from(is_left);
                is_left
            });
            if is_flaky || self.poison.contains(&n) {
                *self.deaths.entry(n).or_default() += 1;
                self.handle(SchedulerEvent::CrashReported { worker, n, cause: None });
                self.lose(worker, Some(SEGV));
                self.join();
                return;
            }
        }
        self.hands.get_mut(&worker).unwrap().pop_front();
        let partial = crate::partial::Partial::over(interval, Value::Count(interval.len()));
        self.handle(SchedulerEvent::Partly { worker, lease, busy_ns: 1, partial });
    }

    fn finish(&mut self) {
        for _ in 0..100_000 {
            if self.is_finished {
                return;
            }
            self.step();
        }
        panic!("the run does not finish: {:?}", self.scheduler);
    }
}

fn run(len: i64, policy: Policy, workers: u32, retries: u8) -> Run {
    let range = Range::new(0, len.into()).unwrap();
    let mut run = Run::new(
        Scheduler::new(range, Aggregate::Count, policy, workers).retries(retries).tell_pieces(),
    );
    (0..workers).for_each(|_| run.join());
    run
}

fn policies() -> impl Strategy<Value = Policy> {
    prop_oneof![
        Just(Policy::Static),
        (1u64..40).prop_map(|len| Policy::Fixed(core::num::NonZeroU64::new(len).unwrap())),
        Just(Policy::Guided),
        Just(Policy::Timed),
    ]
}

proptest! {
    #[test]
    fn every_culprit_is_named_at_the_cost_of_its_tries_and_the_rest_is_done(
        policy in policies(), len in 1i64..200, workers in 1u32..4, retries in 0u8..4,
        poison in prop::collection::btree_set(0i64..200, 0..30),
        flaky in prop::collection::btree_map(0i64..200, 0u32..5, 0..10),
    ) {
        let mut run = run(len, policy, workers, retries);
        run.poison = poison.into_iter().filter(|n| *n < len).collect();
        run.flaky = flaky.into_iter().filter(|(n, _)| !run.poison.contains(n) && *n < len).collect();
        let flaky = run.flaky.clone();
        run.finish();

        // Its crash in a chunk is the first of its tries, but it is tried alone in any case.
        let tries = u32::from(retries).max(1) + 1;
        let fails = |n: &i64| {
            run.poison.contains(n) || flaky.get(n).is_some_and(|times| *times >= tries)
        };
        let failed: Vec<i64> = (0..len).filter(fails).collect();
        let recovers = |n: &i64| flaky.get(n).is_some_and(|times| (1..tries).contains(times));
        let recovered: Vec<i64> = (0..len).filter(recovers).collect();
        run.quarantined.sort_unstable();
        run.recovered.sort_unstable();
        prop_assert_eq!(&run.quarantined, &failed);
        prop_assert_eq!(&run.recovered, &recovered);
        for n in &failed {
            prop_assert_eq!(run.deaths[n], tries);
        }
        prop_assert_eq!(run.scheduler.answer(), &Value::Count((len as usize - failed.len()) as u128));
    }
}

#[test]
fn a_crash_report_splits_the_chunk_around_its_number() {
    let mut run = run(10, Policy::Static, 1, 2);
    run.handle(SchedulerEvent::CrashReported {
        worker: WorkerId(0),
        n: 4,
        cause: Some(Cause::Timeout),
    });
    run.lose(WorkerId(0), Some(Cause::Signal(9)));
    (0..3).for_each(|_| run.join());
    let held = run.hands.iter().flat_map(|(worker, hand)| hand.iter().map(|held| (*worker, held)));
    let part = |(worker, held): (WorkerId, &Assignment)| {
        let (losses, cause) = history(&run.scheduler, worker, held.lease);
        (held.interval, losses, cause)
    };
    let parts: Vec<_> = held.map(part).collect();
    let part = |first, last| Interval::new(first, last).unwrap();
    let alone = (part(4, 4), 1, Cause::Timeout.digest());
    // The first to join takes the number that is set apart.
    assert_eq!(parts, [alone, (part(0, 3), 0, 0), (part(5, 9), 0, 0)]);
}

#[test]
fn a_crash_report_of_a_number_not_held_is_ignored() {
    for n in [10, -1, i64::MIN, i64::MAX] {
        let mut run = run(10, Policy::Static, 1, 2);
        run.handle(SchedulerEvent::CrashReported {
            worker: WorkerId(0),
            n,
            cause: Some(Cause::Timeout),
        });
        run.lose(WorkerId(0), Some(SEGV));
        run.join();
        assert_eq!(run.hands[&WorkerId(1)][0].interval.len(), 10, "whole");
        run.finish();
        assert!(run.quarantined.is_empty() && run.recovered.is_empty());
    }
}

#[test]
fn a_worker_that_sends_a_crash_report_and_lives_goes_on() {
    let mut run = run(10, Policy::Static, 1, 2);
    run.handle(SchedulerEvent::CrashReported { worker: WorkerId(0), n: 4, cause: None });
    run.finish();
    assert!(run.quarantined.is_empty() && run.recovered.is_empty());
}

#[test]
fn a_crash_report_is_ignored_if_the_worker_is_lost_for_another_reason() {
    let mut run = run(10, Policy::Static, 1, 2);
    run.handle(SchedulerEvent::CrashReported { worker: WorkerId(0), n: 4, cause: None });
    run.lose(WorkerId(0), None);
    run.join();
    assert_eq!(run.hands[&WorkerId(1)][0].interval.len(), 10, "whole");
}

/// Killed from outside as often as that may be, it failed of its first crash.
#[test]
fn a_number_does_not_answer_for_what_others_do_to_workers_at_it() {
    let mut run = run(1, Policy::Static, 1, 1);
    for name in 0..5 {
        let worker = WorkerId(name);
        let lease = run.hands[&worker][0].lease;
        run.scheduler.leases.begin(worker, lease);
        run.lose(worker, Some(Cause::Signal(9)));
        run.join();
    }
    run.flaky.insert(0, 1);
    run.finish();
    assert!(run.quarantined.is_empty());
    assert_eq!(run.recovered, [0]);
}

/// An agent that gives everything back has not done it, and nothing failed there.
#[test]
fn a_forgotten_number_is_not_reported_as_recovered_or_failed() {
    let interval = Interval::single(5);
    let failed = vec![Failure { interval, cause: SEGV }];
    forget_before_it_is_recorded(Partial::over(interval, Value::Count(1)));
    forget_before_it_is_recorded(Partial { covered: vec![], failed, value: Value::Count(0) });
}

/// A worker of an agent answers for number 5, and the agent forgets everything before it polls.
fn forget_before_it_is_recorded(partial: Partial) {
    let mut run = Run::new(Scheduler::open_ended(Aggregate::Count, 1));
    let interval = Interval::single(5);
    run.scheduler.supply(interval);
    run.join();
    run.handle(SchedulerEvent::CrashReported { worker: WorkerId(0), n: 5, cause: None });
    run.lose(WorkerId(0), Some(SEGV));
    run.join();
    let (worker, lease) = (WorkerId(1), run.hands[&WorkerId(1)][0].lease);
    run.scheduler.handle(SchedulerEvent::Partly { worker, lease, busy_ns: 1, partial }, 1).unwrap();
    run.scheduler.forget_everything();
    while let Some(action) = run.scheduler.poll() {
        let is_about_it =
            matches!(action, Action::Recovered(_) | Action::Record(_) | Action::Quarantined(_));
        assert!(!is_about_it, "{action:?}");
    }
}

#[test]
fn a_recovery_counts_only_from_the_worker_that_holds_the_number() {
    let mut run = run(2, Policy::Static, 2, 2);
    let mut is_reported = |worker| {
        let recovered = Failure { interval: Interval::single(0), cause: SEGV };
        run.scheduler.recovered(WorkerId(worker), recovered);
        matches!(run.scheduler.poll(), Some(Action::Recovered(_)))
    };
    assert_eq!([is_reported(1), is_reported(0)], [false, true]);
}

/// Given back by the worker that had it alone, it got all its tries once more.
#[test]
fn a_number_that_is_given_back_keeps_its_losses() {
    let mut run = run(1, Policy::Static, 1, 2);
    run.handle(SchedulerEvent::CrashReported { worker: WorkerId(0), n: 0, cause: None });
    run.lose(WorkerId(0), Some(SEGV));
    run.join();
    let worker = WorkerId(1);
    let lease = run.hands.insert(worker, VecDeque::new()).unwrap()[0].lease;
    let mut packer = crate::frame::Packer::new(worker, crate::frame::PIPE_FRAME);
    packer.release(lease, 0);
    packer.seal(1);
    let mut unpacker =
        crate::frame::Unpacker::new(crate::frame::PIPE_FRAME, crate::frame::PIPE_FRAME);
    unpacker.room()[..packer.bytes().len()].copy_from_slice(packer.bytes());
    unpacker.filled(packer.bytes().len());
    let crate::frame::Body::Releases(releases) = unpacker.next_frame().unwrap().unwrap().body
    else {
        panic!("no release")
    };
    run.fresh.insert(worker);
    run.handle(SchedulerEvent::Released { worker, busy_ns: 1, releases });
    let again = run.hands[&worker][0].lease;
    assert_eq!(history(&run.scheduler, worker, again).0, 1);
    run.finish();
    assert_eq!(run.recovered, [0]);
}
