//! Nothing is handed out twice, whatever becomes of its worker; and every number is accounted for.

use super::super::{Capacity, Policy, SchedulerEvent};
use super::*;
use crate::aggregate::{Aggregate, Value};
use crate::frame::{Body, PIPE_FRAME, Packer, Unpacker};
use crate::partial::Partial;
use crate::range::Range;
use core::num::NonZeroU32;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::{vec, vec::Vec};

/// A run whose workers follow their frames, and notes of the chunks that they were given.
struct Bench {
    scheduler: Scheduler,
    held: Vec<Vec<Assignment>>,
    is_lost: Vec<bool>,
    is_silent: Vec<bool>,
    /// How often each number was handed out and not given back.
    handed_out: BTreeMap<i64, u32>,
    done: u128,
    unknown: u128,
    is_finished: bool,
}

impl Bench {
    fn new(len: i128, counts: Counts, policy: Policy) -> Self {
        let range = Range::new(0, len).unwrap();
        let scheduler = Scheduler::new(range, Aggregate::Count, policy, 2).at_most_once(counts);
        let (held, is_lost, is_silent) = (vec![], vec![], vec![]);
        let (handed_out, done, unknown) = (BTreeMap::new(), 0, 0);
        let is_finished = false;
        Self { scheduler, held, is_lost, is_silent, handed_out, done, unknown, is_finished }
    }

    fn join(&mut self, agent: u32) {
        let worker = WorkerId(self.held.len() as u32);
        self.held.push(vec![]);
        self.is_lost.push(false);
        self.is_silent.push(false);
        let capacity = Capacity { window: 100, agent: NonZeroU32::new(agent) };
        self.handle(SchedulerEvent::Joined { worker, capacity });
    }

    fn handle(&mut self, event: SchedulerEvent<'_>) {
        self.scheduler.handle(event, 1).unwrap();
        while let Some(action) = self.scheduler.poll() {
            match action {
                Action::Assign { worker } => {
                    for assignment in self.scheduler.assignments() {
                        let (first, last) =
                            (assignment.interval.first(), assignment.interval.last());
                        (first..=last).for_each(|n| *self.handed_out.entry(n).or_default() += 1);
                        self.held[worker.0 as usize].push(assignment);
                    }
                }
                Action::Record(record) => {
                    self.done += record.covered.iter().map(Interval::len).sum::<u128>();
                    let unknown = |failure: &&Failure| failure.cause == Cause::Unknown;
                    let unknown = record.failed.iter().filter(unknown);
                    self.unknown += unknown.map(|failure| failure.interval.len()).sum::<u128>();
                    self.scheduler.handle(SchedulerEvent::Recorded(record), 1).unwrap();
                }
                Action::Untouched(interval) => {
                    let numbers = interval.first()..=interval.last();
                    numbers.for_each(|n| *self.handed_out.get_mut(&n).unwrap() -= 1);
                }
                Action::Finished => self.is_finished = true,
                _ => {}
            }
        }
    }

    fn release(&mut self, worker: WorkerId, given_back: Assignment) {
        let mut packer = Packer::new(worker, PIPE_FRAME);
        packer.release(given_back.lease, given_back.interval.first());
        packer.seal(1);
        let mut unpacker = Unpacker::new(PIPE_FRAME, PIPE_FRAME);
        unpacker.room()[..packer.bytes().len()].copy_from_slice(packer.bytes());
        unpacker.filled(packer.bytes().len());
        let Body::Releases(releases) = unpacker.next_frame().unwrap().unwrap().body else {
            panic!("no release")
        };
        self.handle(SchedulerEvent::Released { worker, busy_ns: 1, releases });
    }

    /// Lets something happen to a worker.
    fn step(&mut self, (worker, what): (usize, u8)) {
        let index = worker % self.held.len();
        let worker = WorkerId(index as u32);
        if self.is_lost[index] {
            return;
        }
        match what {
            0 => {
                self.is_lost[index] = true;
                self.held[index].clear();
                self.handle(SchedulerEvent::Lost { worker, cause: Some(Cause::Signal(9)) });
                self.join(index as u32 % 3);
            }
            1 if !self.is_silent[index] => {
                self.is_silent[index] = true;
                self.handle(SchedulerEvent::Silent { worker });
            }
            2 if self.is_silent[index] => {
                self.is_silent[index] = false;
                self.handle(SchedulerEvent::Awake { worker });
            }
            // The last one may not have begun; but a silent worker does not say that.
            3 if !self.is_silent[index] => {
                if let Some(assignment) = self.held[index].pop() {
                    self.release(worker, assignment);
                }
            }
            _ if !self.held[index].is_empty() => {
                let Assignment { lease, interval } = self.held[index].remove(0);
                let partial = Partial::over(interval, Value::Count(0));
                self.handle(SchedulerEvent::Partly { worker, lease, busy_ns: 1000, partial });
            }
            _ => {}
        }
    }
}

proptest! {
    #[test]
    fn nothing_is_handed_out_twice_and_all_is_accounted_for(
        len in 1_i128..200,
        is_chunks in any::<bool>(),
        policy in prop_oneof![
            Just(Policy::Timed), Just(Policy::Static), Just(Policy::Guided),
            (1_u64..20).prop_map(|len| Policy::Fixed(len.try_into().unwrap())),
        ],
        steps in prop::collection::vec((0_usize..64, 0_u8..12), 0..300),
    ) {
        let counts = if is_chunks { Counts::Chunks } else { Counts::Numbers };
        let mut bench = Bench::new(len, counts, policy);
        (0..3).for_each(|agent| bench.join(agent));
        for step in steps {
            bench.step(step);
            prop_assert!(bench.handed_out.values().all(|times| *times <= 1));
        }
        for index in 0..bench.held.len() {
            bench.step((index, 2));
        }
        for round in 0..1000 * len as usize {
            if bench.is_finished {
                break;
            }
            bench.step((round, 9));
        }
        prop_assert!(bench.is_finished, "no worker does the rest");
        prop_assert!(bench.handed_out.values().all(|times| *times == 1));
        prop_assert_eq!(bench.done + bench.unknown, len as u128);
        prop_assert_eq!(bench.scheduler.ledger().unknown(), bench.unknown);
    }
}

#[test]
fn no_worker_holds_more_than_it_does_at_once() {
    let mut bench = Bench::new(1000, Counts::Numbers, Policy::Static);
    bench.join(0);
    bench.join(3);
    for _ in 0..50 {
        bench.step((0, 9));
        bench.step((1, 9));
        let lengths = |held: &[Assignment]| -> Vec<u128> {
            held.iter().map(|one| one.interval.len()).collect()
        };
        assert_eq!(lengths(&bench.held[0]), [1]);
        assert!(bench.held[1].len() <= 3 && lengths(&bench.held[1]).iter().all(|len| *len == 1));
    }
}

#[test]
fn a_lost_worker_costs_what_it_held_and_nothing_else() {
    let mut bench = Bench::new(100, Counts::Chunks, Policy::Fixed(10.try_into().unwrap()));
    bench.join(0);
    bench.step((0, 9));
    let held = bench.held[0][0];
    assert!(bench.scheduler.stands(WorkerId(0), &held));
    bench.step((0, 0));
    assert!(!bench.scheduler.stands(WorkerId(0), &held));
    assert_eq!(
        bench.scheduler.ledger().failures(),
        [Failure { interval: held.interval, cause: Cause::Unknown }]
    );
    (0..20).for_each(|_| bench.step((1, 9)));
    assert!(bench.is_finished);
    assert_eq!((bench.done, bench.unknown), (90, 10));
}
