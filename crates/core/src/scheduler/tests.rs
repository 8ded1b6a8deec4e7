//! The scheduler against any policy, any order of events, any workers lost: every n exactly once.

use super::*;
use crate::frame::{Body, Frame, PIPE_FRAME, Packer, Unpacker};
use crate::interval::Interval;
use crate::lease::LeaseId;
use crate::partial::{Cause, Failure, Partial};
use core::num::NonZeroU64;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::{vec, vec::Vec};

/// What a worker of the test holds: its assignments, each with what it has not answered yet.
type Hands = BTreeMap<WorkerId, Vec<(LeaseId, Interval)>>;

/// A run under test: the scheduler, the hands of its workers, and an oracle that notes each number.
struct Run {
    scheduler: Scheduler,
    hands: Hands,
    records: Vec<Record>,
    /// Answers of lost workers that arrive late.
    late: Vec<(WorkerId, LeaseId)>,
    next_worker: u32,
    now_ns: u64,
    seen: BTreeSet<i64>,
    failed: BTreeSet<i64>,
    is_finished: bool,
}

/// One thing that may happen, chosen by the property test; the number picks among candidates.
#[derive(Clone, Copy, Debug)]
enum Step {
    Join,
    Lose(usize),
    /// Of a worker in whose hand the number may be, or may not; it need not be lost.
    CrashReport(usize, i64),
    Answer(usize),
    AnswerPartly(usize, usize),
    FailPartly(usize, usize),
    AnswerLate,
    Record(usize),
}

fn is_even(n: i64) -> bool {
    n % 2 == 0
}

fn count(interval: Interval) -> u64 {
    (interval.first()..=interval.last()).filter(|n| is_even(*n)).count() as u64
}

impl Run {
    fn new(range: Range, policy: Policy, workers: u32) -> Self {
        let mut run = Self {
            scheduler: Scheduler::new(range, Aggregate::Count, policy, workers),
            hands: Hands::new(),
            records: vec![],
            late: vec![],
            next_worker: 0,
            now_ns: 0,
            seen: BTreeSet::new(),
            failed: BTreeSet::new(),
            is_finished: false,
        };
        (0..workers).for_each(|_| run.step(Step::Join));
        run
    }

    fn handle(&mut self, event: SchedulerEvent<'_>) {
        self.now_ns += 1_000;
        self.scheduler.handle(event, self.now_ns).unwrap();
        self.take_actions();
        let waiting: u128 = self.records.iter().map(Record::len).sum();
        let accounts = self.scheduler.accounts().map(|(_, account)| account.numbers);
        let recorded = self.scheduler.ledger().covered().len() + waiting;
        assert_eq!(accounts.sum::<u128>(), recorded, "the accounts do not add up");
    }

    fn take_actions(&mut self) {
        while let Some(action) = self.scheduler.poll() {
            match action {
                Action::Assign { worker } => {
                    let hand = self.hands.get_mut(&worker).expect("only the living are assigned");
                    let assigned = self.scheduler.assignments().into_iter();
                    hand.extend(assigned.map(|assigned| (assigned.lease, assigned.interval)));
                }
                Action::Record(record) => self.records.push(record),
                // A worker may answer before it hears of a withdrawal; those here always do.
                Action::Withdraw { .. }
                | Action::Credit { .. }
                | Action::Quarantined(_)
                | Action::Untouched(_)
                | Action::Recovered(_) => {}
                Action::Finished => {
                    assert!(!self.is_finished, "finished is said once");
                    self.is_finished = true;
                }
            }
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Join => {
                let worker = WorkerId(self.next_worker);
                self.next_worker += 1;
                self.hands.insert(worker, vec![]);
                self.handle(SchedulerEvent::Joined {
                    worker,
                    capacity: Capacity::worker(1 + self.next_worker as usize % 7),
                });
            }
            Step::Lose(which) => {
                let Some(worker) = self.pick(which, |_| true) else { return };
                let hand = self.hands.remove(&worker).unwrap_or_default();
                self.late.extend(hand.iter().map(|(lease, _)| (worker, *lease)));
                self.handle(SchedulerEvent::Lost { worker, cause: Some(Cause::Signal(9)) });
            }
            Step::CrashReport(which, n) => {
                let Some(worker) = self.pick(which, |_| true) else { return };
                self.handle(SchedulerEvent::CrashReported {
                    worker,
                    n,
                    cause: Some(Cause::Timeout),
                });
            }
            Step::Answer(which) => self.answer(which),
            Step::AnswerPartly(which, len) => self.answer_partly(which, len, None),
            Step::FailPartly(which, len) => self.answer_partly(which, len, Some(Cause::Timeout)),
            Step::AnswerLate => {
                let Some((worker, lease)) = self.late.pop() else { return };
                // A lost worker is refused; the same name from a living one is merely stale.
                let event =
                    SchedulerEvent::Partly { worker, lease, busy_ns: 1, partial: anything() };
                assert!(self.scheduler.handle(event, self.now_ns).is_err());
                let Some(worker) = self.pick(0, |_| true) else { return };
                self.handle(SchedulerEvent::Partly {
                    worker,
                    lease,
                    busy_ns: 1,
                    partial: anything(),
                });
            }
            Step::Record(which) => {
                if self.records.is_empty() {
                    return;
                }
                let record = self.records.swap_remove(which % self.records.len());
                self.note(&record);
                self.handle(SchedulerEvent::Recorded(record));
            }
        }
    }

    /// A living worker with this property.
    fn pick(&self, which: usize, has: impl Fn(&[(LeaseId, Interval)]) -> bool) -> Option<WorkerId> {
        let candidates: Vec<WorkerId> =
            self.hands.iter().filter(|(_, hand)| has(hand)).map(|(worker, _)| *worker).collect();
        (!candidates.is_empty()).then(|| candidates[which % candidates.len()])
    }

    /// A worker answers its first half of chunks, at least one, in one frame.
    fn answer(&mut self, which: usize) {
        let Some(worker) = self.pick(which, |hand| !hand.is_empty()) else { return };
        let hand = self.hands.get_mut(&worker).unwrap();
        let answered: Vec<_> = hand.drain(..hand.len().div_ceil(2)).collect();
        let mut packer = Packer::new(worker, PIPE_FRAME);
        for (lease, interval) in &answered {
            packer.answer(*lease, count(*interval));
        }
        packer.seal(1 + which as u64 % 5_000);
        let mut unpacker = Unpacker::new(PIPE_FRAME, PIPE_FRAME);
        unpacker.room()[..packer.bytes().len()].copy_from_slice(packer.bytes());
        unpacker.filled(packer.bytes().len());
        while let Some(frame) = unpacker.next_frame().unwrap() {
            let Body::Answers(answers) = frame.body else { panic!() };
            let (worker, busy_ns) = (frame.worker, frame.busy_ns);
            self.handle(SchedulerEvent::Answered { worker, busy_ns, answers });
        }
    }

    fn answer_partly(&mut self, which: usize, len: usize, cause: Option<Cause>) {
        let Some(worker) = self.pick(which, |hand| !hand.is_empty()) else { return };
        let hand = self.hands.get_mut(&worker).unwrap();
        let (lease, interval) = hand[0];
        let (front, rest) = interval.split_front(1 + len as u128 % 5);
        match rest {
            Some(rest) => hand[0].1 = rest,
            None => drop(hand.remove(0)),
        }
        let partial = match cause {
            None => Partial::over(front, Value::Count(count(front).into())),
            Some(cause) => Partial {
                covered: vec![],
                failed: vec![Failure { interval: front, cause }],
                value: Value::Count(0),
            },
        };
        self.handle(SchedulerEvent::Partly { worker, lease, busy_ns: 77, partial });
    }

    /// The oracle: no number twice.
    fn note(&mut self, record: &Record) {
        for interval in &record.covered {
            for n in interval.first()..=interval.last() {
                assert!(self.seen.insert(n), "{n} was counted twice");
            }
        }
        for failure in &record.failed {
            for n in failure.interval.first()..=failure.interval.last() {
                assert!(self.seen.insert(n) && self.failed.insert(n), "{n} was counted twice");
            }
        }
    }

    /// Heals everything: one more worker, all answers, all records. Then the run must finish.
    fn finish(&mut self) {
        self.step(Step::Join);
        // Workers that were lost before are not replaced.
        (0..self.next_worker).for_each(|_| self.scheduler.expect_no_replacement());
        for _ in 0..100_000 {
            if self.is_finished {
                return;
            }
            self.step(Step::Answer(0));
            self.step(Step::Record(0));
        }
        panic!("the run does not finish: {:?}", self.scheduler);
    }
}

fn anything() -> Partial {
    Partial::over(Interval::single(0), Value::Count(1))
}

fn policies() -> impl Strategy<Value = Policy> {
    prop_oneof![
        Just(Policy::Static),
        (1u64..40).prop_map(|len| Policy::Fixed(NonZeroU64::new(len).unwrap())),
        Just(Policy::Guided),
        Just(Policy::Timed),
    ]
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => Just(Step::Join),
        2 => any::<usize>().prop_map(Step::Lose),
        2 => (any::<usize>(), -310i64..710).prop_map(|(which, n)| Step::CrashReport(which, n)),
        6 => any::<usize>().prop_map(Step::Answer),
        3 => any::<(usize, usize)>().prop_map(|(which, len)| Step::AnswerPartly(which, len)),
        1 => any::<(usize, usize)>().prop_map(|(which, len)| Step::FailPartly(which, len)),
        1 => Just(Step::AnswerLate),
        6 => any::<usize>().prop_map(Step::Record),
    ]
}

proptest! {
    // Six times as many as elsewhere, and as PROPTEST_CASES says.
    #![proptest_config(ProptestConfig {
        cases: 6 * ProptestConfig::default().cases, ..ProptestConfig::default()
    })]

    #[test]
    fn every_n_exactly_once(
        policy in policies(), start in -300i64..300, len in 0i64..400, workers in 1u32..6,
        steps in prop::collection::vec(steps(), 0..200),
    ) {
        let range = Range::new(start.into(), (start + len).into()).unwrap();
        let mut run = Run::new(range, policy, workers);
        steps.into_iter().for_each(|step| run.step(step));
        run.finish();

        prop_assert_eq!(run.seen.iter().copied().collect::<Vec<_>>(), (start..start + len).collect::<Vec<_>>());
        let expected = (start..start + len).filter(|n| is_even(*n) && !run.failed.contains(n));
        prop_assert_eq!(run.scheduler.answer(), &Value::Count(expected.count() as u128));
        prop_assert_eq!(run.scheduler.ledger().covered().pieces(), usize::from(len > 0));
        let failed: u128 = run.scheduler.ledger().failures().iter().map(|f| f.interval.len()).sum();
        prop_assert_eq!(failed, run.failed.len() as u128);
    }
}

fn empty_run() -> Run {
    Run::new(Range::new(5, 5).unwrap(), Policy::Timed, 2)
}

#[test]
fn an_undivided_chunk_that_waits_goes_to_an_idle_worker_as_a_whole() {
    let range = Range::new(0, 100).unwrap();
    let policy = Policy::Fixed(25.try_into().unwrap());
    let mut scheduler = Scheduler::new(range, Aggregate::Count, policy, 2).undivided();
    let mut held = vec![];
    for worker in [0, 1] {
        let worker = WorkerId(worker);
        let joined = SchedulerEvent::Joined { worker, capacity: Capacity::worker(100) };
        scheduler.handle(joined, 0).unwrap();
        assert!(matches!(scheduler.poll(), Some(Action::Assign { .. })));
        held.push(scheduler.assignments()[0].lease);
    }
    let answer = |scheduler: &mut Scheduler, worker: u32, lease| {
        let mut packer = Packer::new(WorkerId(worker), PIPE_FRAME);
        packer.answer(lease, 5);
        packer.seal(1_000_000_000);
        let frame = Frame::whole(packer.bytes(), PIPE_FRAME).unwrap();
        let Body::Answers(answers) = frame.body else { panic!() };
        let worker = WorkerId(worker);
        let event = SchedulerEvent::Answered { worker, busy_ns: frame.busy_ns, answers };
        scheduler.handle(event, 0).unwrap();
    };
    answer(&mut scheduler, 0, held[0]);
    while !matches!(scheduler.poll(), Some(Action::Assign { .. })) {}
    let queued = scheduler.assignments().to_vec();
    assert_eq!(queued.len(), 2, "one to work on and one that waits");
    answer(&mut scheduler, 1, held[1]);
    let withdrawn: Vec<_> = core::iter::from_fn(|| scheduler.poll())
        .filter_map(|action| match action {
            Action::Withdraw { worker, lease, parts } => Some((worker, lease, parts)),
            _ => None,
        })
        .collect();
    // The other chunk is at work.
    assert_eq!(withdrawn, [(WorkerId(0), queued[1].lease, 0)]);
}

#[test]
fn an_empty_range_is_finished_at_once() {
    let run = empty_run();
    assert!(run.is_finished);
    assert_eq!(*run.scheduler.answer(), Value::Count(0));
}

#[test]
fn static_gives_each_worker_one_equal_part() {
    let run = Run::new(Range::new(0, 10).unwrap(), Policy::Static, 3);
    let parts: Vec<_> = run.hands.values().map(|hand| (hand.len(), hand[0].1)).collect();
    let part = |first, last| (1, Interval::new(first, last).unwrap());
    assert_eq!(parts, [part(0, 2), part(3, 5), part(6, 9)]);
}

#[test]
fn the_first_chunks_go_to_all_workers() {
    for policy in [Policy::Timed, Policy::Guided, Policy::Fixed(NonZeroU64::new(100).unwrap())] {
        let run = Run::new(Range::new(0, 400).unwrap(), policy, 4);
        let held: Vec<_> = run.hands.values().map(Vec::len).collect();
        assert_eq!(held, [1; 4], "{policy:?}");
    }
}

#[test]
fn all_of_i64_is_counted_in_128_bits() {
    let whole = Range::new(-(1 << 63), 1 << 63).unwrap();
    let mut scheduler = Scheduler::new(whole, Aggregate::Count, Policy::Static, 1);
    let worker = WorkerId(0);
    scheduler.handle(SchedulerEvent::Joined { worker, capacity: Capacity::worker(9) }, 0).unwrap();
    let Some(Action::Assign { .. }) = scheduler.poll() else { panic!() };
    let [assignment] = *scheduler.assignments() else { panic!() };
    let partial = Partial::over(assignment.interval, Value::Count(1 << 64));
    let lease = assignment.lease;
    scheduler.handle(SchedulerEvent::Partly { worker, lease, busy_ns: 1, partial }, 1).unwrap();
    let Some(Action::Record(record)) = scheduler.poll() else { panic!() };
    scheduler.handle(SchedulerEvent::Recorded(record), 2).unwrap();
    assert!(matches!(scheduler.poll(), Some(Action::Finished)));
    assert_eq!(*scheduler.answer(), Value::Count(1 << 64));
}

#[test]
fn what_cannot_be_is_refused_and_not_merged() {
    let mut run = Run::new(Range::new(0, 10).unwrap(), Policy::Static, 1);
    let worker = WorkerId(0);
    let (lease, interval) = run.hands[&worker][0];
    let mut refused = |partial: Partial| {
        run.scheduler
            .handle(SchedulerEvent::Partly { worker, lease, busy_ns: 1, partial }, 0)
            .unwrap_err()
    };
    let too_many = Partial::over(interval, Value::Count(11));
    assert_eq!(refused(too_many), Violation::ImpossibleValue { worker, lease });
    for (first, last) in [(1, 3), (0, 10), (-1, 3)] {
        let elsewhere = Partial::over(Interval::new(first, last).unwrap(), Value::Count(0));
        assert_eq!(refused(elsewhere), Violation::NotDue { worker, lease });
    }
    let unknown = SchedulerEvent::Lost { worker: WorkerId(9), cause: None };
    assert!(run.scheduler.handle(unknown, 0).is_err());
    run.finish();
    assert_eq!(*run.scheduler.answer(), Value::Count(5));
}

#[test]
fn another_answer_to_a_settled_chunk_is_stale_if_it_is_the_same_and_else_a_conflict() {
    let mut run = Run::new(Range::new(0, 10).unwrap(), Policy::Static, 2);
    let (worker, (lease, interval)) = (WorkerId(0), run.hands[&WorkerId(0)][0]);
    run.step(Step::Answer(0));
    let mut answer = |count| {
        let mut packer = Packer::new(worker, PIPE_FRAME);
        packer.answer(lease, count);
        packer.seal(1);
        let mut unpacker = Unpacker::new(PIPE_FRAME, PIPE_FRAME);
        unpacker.room()[..packer.bytes().len()].copy_from_slice(packer.bytes());
        unpacker.filled(packer.bytes().len());
        let Body::Answers(answers) = unpacker.next_frame().unwrap().unwrap().body else { panic!() };
        run.scheduler.handle(SchedulerEvent::Answered { worker, busy_ns: 1, answers }, 0)
    };
    assert!(answer(count(interval)).is_ok());
    let (first, other) = (interval.first(), count(interval) + 1);
    let values = Some([count(interval), other].map(u64::cast_signed));
    assert_eq!(answer(other), Err(Violation::Twice { first, values }));
    assert_eq!(run.scheduler.stale_answers(), 1);
}

#[test]
fn a_run_is_not_finished_before_its_records_come_back() {
    let mut run = Run::new(Range::new(0, 4).unwrap(), Policy::Static, 1);
    run.step(Step::Answer(0));
    assert_eq!(run.records.len(), 1);
    assert!(!run.is_finished);
    assert_eq!(*run.scheduler.answer(), Value::Count(0));
    run.step(Step::Record(0));
    assert!(run.is_finished);
}

#[test]
fn a_chunk_goes_out_again_with_a_higher_attempt() {
    let mut run = Run::new(Range::new(0, 4).unwrap(), Policy::Static, 1);
    assert_eq!(run.hands[&WorkerId(0)][0].0.attempt(), 1);
    run.step(Step::AnswerPartly(0, 0));
    run.step(Step::Lose(0));
    run.step(Step::Join);
    let (lease, interval) = run.hands[&WorkerId(1)][0];
    assert_eq!(lease.attempt(), 2);
    assert_eq!(interval, Interval::new(1, 3).unwrap());
}

#[test]
fn progress_counts_what_is_recorded() {
    let mut run = Run::new(Range::new(0, 100).unwrap(), Policy::Static, 2);
    assert_eq!(run.scheduler.progress(0).per_second, None);
    run.step(Step::Answer(0));
    run.step(Step::Record(0));
    let progress = run.scheduler.progress(run.now_ns);
    assert_eq!((progress.covered, progress.total), (50, 100));
    assert!(progress.seconds_left.unwrap() > 0.0);
}

/// What failed before leaves the rest to be done, where the answer is no lines.
#[test]
fn a_run_with_failures_is_gone_on_with_above_them() {
    let range = Range::new(0, 100).unwrap();
    let failure = Failure { interval: Interval::single(5), cause: crate::Cause::Memory };
    let mut done = crate::interval::IntervalSet::new();
    done.insert(Interval::new(0, 9).unwrap()).unwrap();
    let scheduler = Scheduler::new(range, Aggregate::Count, Policy::Timed, 1);
    let mut scheduler = scheduler.resume(&done, Value::Count(4), &[]).unwrap();
    scheduler.resume_failures(&[failure]);
    scheduler.keep_lines(&[(Interval::new(0, 9).unwrap(), 0)], Some(5));
    assert_eq!((scheduler.ledger().waived(), scheduler.ledger().remaining()), (0, 90));
    // A witness decides what is above it.
    let scheduler = Scheduler::new(range, Aggregate::Any, Policy::Timed, 1);
    let scheduler = scheduler.resume(&done, Value::Witness(Some(7)), &[]).unwrap();
    assert_eq!((scheduler.ledger().waived(), scheduler.ledger().remaining()), (90, 0));
}
