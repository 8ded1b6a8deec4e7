//! Rules of the engine that whole simulated runs do not show: each of these tests fails when its rule is taken away.

use super::halt::{Halt, HaltSpeed, HaltThreshold, HaltTrigger};
use super::*;
use crate::aggregate::{Aggregate, Value};
use crate::frame::{Body, Frame, PIPE_FRAME, Packer, Unpacker};
use crate::interval::Interval;
use crate::lease::WorkerId;
use crate::partial::{Cause, Failure, Partial};
use crate::policy::Policy;
use crate::range::Range;
use crate::scheduler::{Counts, Record, Scheduler};
use crate::worker::Worker;
use core::num::NonZeroU64;
use std::vec;
use std::vec::Vec;

const SECOND: u64 = 1_000_000_000;

/// An engine, and one worker that does what it is sent.
struct Bench {
    engine: Primary,
    worker: Worker,
    now_ns: u64,
    /// What a command prints.
    line: Vec<u8>,
    /// Outputs that are not about the worker.
    seen: Vec<EngineOutput>,
}

impl Bench {
    /// A run over ten numbers in chunks of one.
    fn new(aggregate: Aggregate, prepare: impl FnOnce(Scheduler) -> Scheduler) -> Self {
        Self::of_chunks(aggregate, Policy::Fixed(NonZeroU64::MIN), prepare)
    }

    /// The same in other chunks.
    fn of_chunks(
        aggregate: Aggregate,
        policy: Policy,
        prepare: impl FnOnce(Scheduler) -> Scheduler,
    ) -> Self {
        let range = Range::new(0, 10).unwrap();
        let scheduler = prepare(Scheduler::new(range, aggregate, policy, 1));
        Self {
            engine: Primary::new(scheduler, aggregate, 1),
            worker: Worker::new(WorkerId(0), aggregate, PIPE_FRAME),
            now_ns: 1,
            line: b"line\n".to_vec(),
            seen: vec![],
        }
    }

    fn join(&mut self) {
        self.engine.worker_joined(0, 4, self.now_ns).unwrap();
        self.poll();
    }

    /// Carries out what there is to do: what is for the worker reaches it, the rest is noted.
    fn poll(&mut self) {
        let mut packer = Packer::new(WorkerId(0), PIPE_FRAME);
        while let Some(output) = self.engine.poll(self.now_ns).unwrap() {
            match output {
                EngineOutput::Assign { .. } => packer.assign(self.engine.assignments()),
                EngineOutput::Begin { assignment, .. } => packer.assign([assignment]),
                EngineOutput::Withdraw { lease, parts, .. } => packer.withdraw(lease, parts),
                EngineOutput::Credit { bytes, .. } => packer.credit(bytes),
                other => self.seen.push(other),
            }
        }
        // Its owner waits now: what is not said yet would be said too late.
        let more = self.engine.poll(self.now_ns).unwrap();
        assert!(more.is_none(), "{more:?}");
        packer.seal(0);
        deliver(packer.bytes(), |body| self.worker.take(body).unwrap());
    }

    /// Lets the worker do up to `most` chunks, each of which prints a line, and the engine hear of it.
    fn work(&mut self, most: usize) {
        for _ in 0..most {
            let Some(step) = self.worker.next(1) else { break };
            match self.engine.aggregate {
                Aggregate::Run { .. } => self.worker.tally().output(&self.line),
                _ => self.worker.tally().count(1, 1),
            }
            self.worker.counted(step.slice.last());
            self.worker.report(1);
        }
        self.worker.seal(1);
        let frames = self.worker.first_frames(usize::MAX).to_vec();
        self.worker.sent(frames.len());
        let mut unpacker = Unpacker::new(PIPE_FRAME, frames.len().max(1));
        unpacker.room_for(frames.len())[..frames.len()].copy_from_slice(&frames);
        unpacker.filled(frames.len());
        self.now_ns += 1;
        while let Some(frame) = unpacker.next_frame().unwrap() {
            self.engine.hear_worker(frame, self.now_ns).unwrap();
        }
        self.poll();
    }

    fn count(&self, is_it: impl Fn(&EngineOutput) -> bool) -> usize {
        self.seen.iter().filter(|output| is_it(output)).count()
    }

    fn synced(&mut self) {
        let records: Vec<_> = vec![];
        self.engine.synced(records, 1, self.now_ns).unwrap();
        self.poll();
    }
}

fn deliver(bytes: &[u8], mut take: impl FnMut(Body<'_>)) {
    let mut unpacker = Unpacker::new(PIPE_FRAME, bytes.len().max(1));
    unpacker.room_for(bytes.len())[..bytes.len()].copy_from_slice(bytes);
    unpacker.filled(bytes.len());
    while let Some(frame) = unpacker.next_frame().unwrap() {
        take(frame.body);
    }
}

fn commands(is_ahead: bool) -> Bench {
    let aggregate = Aggregate::Run { in_order: true };
    let mut bench = Bench::new(aggregate, |scheduler| match is_ahead {
        true => scheduler.at_most_once(Counts::Numbers),
        false => scheduler,
    });
    bench.engine.set_durability(Durability::Journal { is_ahead });
    bench.engine.set_lines(LineDestination::Written { most: 10 });
    bench
}

#[test]
fn an_assignment_that_a_signal_overtakes_goes_back_to_the_journal_as_not_begun() {
    let mut bench = commands(true);
    bench.join();
    assert_eq!(bench.count(|output| matches!(output, EngineOutput::Sync)), 1);
    let beginning = bench.engine.beginning().to_vec();
    assert_eq!(beginning, [Interval::single(0)]);
    assert!(bench.engine.ask_for_end(15, bench.now_ns));
    bench.synced();
    assert!(bench.worker.next(1).is_none(), "the assignment was sent");
    let untouched = bench.seen.iter().filter_map(|output| match output {
        EngineOutput::AppendUntouched(interval) => Some(*interval),
        _ => None,
    });
    assert_eq!(untouched.collect::<Vec<_>>(), beginning);
}

#[test]
fn no_line_is_written_while_the_reader_takes_none() {
    let mut bench = commands(false);
    bench.join();
    bench.work(4);
    let written = |bench: &Bench| bench.count(|output| matches!(output, EngineOutput::Write(_)));
    // Two lines of five bytes fill what may be unwritten.
    let at_first = written(&bench);
    assert!((1..=2).contains(&at_first), "{:?}", bench.seen);
    bench.engine.flushed(10);
    bench.work(4);
    assert_eq!(written(&bench), at_first);
    bench.engine.flushed(0);
    bench.poll();
    assert!(written(&bench) > at_first);
}

#[test]
fn the_run_goes_on_until_the_journal_has_what_was_written() {
    let mut bench = commands(false);
    bench.join();
    while !bench.engine.scheduler().is_finished() {
        bench.work(1);
        bench.engine.flushed(0);
        bench.poll();
    }
    assert!(bench.engine.is_complete());
    assert!(!bench.engine.is_over(), "records are not durable");
    for _ in 0..3 {
        bench.now_ns += 10 * SECOND;
        bench.poll();
        bench.synced();
    }
    assert!(
        bench.count(|output| matches!(output, EngineOutput::Append(_))) > 0,
        "{:?}",
        bench.seen
    );
    assert!(bench.engine.is_over());
}

#[test]
fn a_run_that_ended_syncs_what_it_did_once_more() {
    let mut bench = commands(false);
    bench.join();
    bench.work(1);
    bench.engine.flushed(0);
    bench.poll();
    bench.engine.end();
    bench.poll();
    assert_eq!(
        bench.count(|output| matches!(output, EngineOutput::Append(_))),
        1,
        "{:?}",
        bench.seen
    );
    assert!(bench.engine.begin_last_sync());
    bench.synced();
    assert!(!bench.engine.begin_last_sync(), "nothing is left to write");
}

#[test]
fn records_of_a_journal_that_is_given_up_count() {
    let mut bench = Bench::new(Aggregate::Count, |scheduler| scheduler);
    bench.engine.set_durability(Durability::Journal { is_ahead: false });
    bench.join();
    bench.work(2);
    let covered = |bench: &Bench| bench.engine.scheduler().ledger().covered().len();
    let appended = bench.seen.drain(..).filter_map(|output| match output {
        EngineOutput::Append(record) => Some(record),
        _ => None,
    });
    let appended: Vec<_> = appended.collect();
    let numbers: u128 = appended.iter().map(Record::len).sum();
    assert!(numbers > 0);
    assert_eq!(covered(&bench), 0, "not durable");
    bench.engine.give_up_journal(appended, bench.now_ns).unwrap();
    assert_eq!(covered(&bench), numbers);
}

#[test]
fn the_rate_allows_one_start_at_a_time() {
    let mut bench = Bench::new(Aggregate::Count, |scheduler| scheduler.rationed(Counts::Numbers));
    bench.engine.set_rate(RateLimiter::new(1.0));
    bench.join();
    for second in 1..=4 {
        (0..3).for_each(|_| bench.work(1));
        assert_eq!(bench.engine.scheduler().ledger().covered().len(), second);
        bench.now_ns = second as u64 * SECOND;
        bench.poll();
    }
}

#[test]
fn lines_that_left_are_credit_for_their_worker_at_once() {
    let mut bench = commands(false);
    bench.engine.set_durability(Durability::None);
    bench.line = vec![b'x'; 300];
    bench.join();
    for _ in 0..10 {
        bench.work(1);
        bench.engine.flushed(0);
        bench.poll();
    }
    assert!(bench.engine.is_complete());
}

#[test]
fn what_a_command_did_is_durable_only_behind_its_written_output() {
    let mut bench = commands(false);
    bench.join();
    bench.work(1);
    bench.engine.flushed(5);
    bench.work(1);
    let appended = |bench: &Bench| bench.count(|output| matches!(output, EngineOutput::Append(_)));
    assert_eq!(appended(&bench), 0, "{:?}", bench.seen);
    bench.engine.flushed(0);
    bench.poll();
    assert_eq!(appended(&bench), 1);
}

/// Number 0 is done and written, 1 is in work, and 2 is done and has printed a line.
fn gap_below_output(durability: Durability) -> Bench {
    let mut bench = commands(false);
    bench.engine.set_durability(durability);
    bench.join();
    bench.work(1);
    bench.engine.flushed(0);
    bench.poll();
    // The worker holds 1 and 2, and answers 2 first.
    let [first, second] = bench.engine.assignments()[..2] else { panic!() };
    assert_eq!(first.interval, Interval::single(1));
    let mut encoded = vec![];
    let value = Value::Lines { lines: 1, text: b"two\n".to_vec() };
    Partial::over(second.interval, value).encode(&mut encoded);
    let mut packer = Packer::new(WorkerId(0), PIPE_FRAME);
    packer.partial(second.lease, &encoded, 1);
    let bytes = packer.bytes().to_vec();
    let frame = Frame::whole(&bytes, PIPE_FRAME).unwrap();
    bench.engine.hear_worker(frame, bench.now_ns).unwrap();
    bench.poll();
    bench.engine.flushed(0);
    bench.poll();
    assert_eq!(bench.engine.scheduler().ledger().covered().len(), 2);
    bench
}

#[test]
fn output_above_a_gap_is_not_durable_before_the_gap_is_closed() {
    let bench = gap_below_output(Durability::Journal { is_ahead: false });
    let appended = bench.count(|output| matches!(output, EngineOutput::Append(_)));
    assert_eq!(appended, 1, "{:?}", bench.seen);
}

/// With a journal, the next run does the number again and prints again.
#[test]
fn output_above_a_gap_is_written_at_an_early_end_if_there_is_no_journal() {
    for (durability, lines) in [(Durability::Journal { is_ahead: false }, 1), (Durability::None, 2)]
    {
        let mut bench = gap_below_output(durability);
        bench.engine.end();
        bench.engine.write_rest(&[]);
        bench.poll();
        let written = bench.count(|output| matches!(output, EngineOutput::Write(_)));
        assert_eq!(written, lines, "{:?}", bench.seen);
    }
}

#[test]
fn no_worker_falls_silent_after_the_end() {
    let mut bench =
        Bench::new(Aggregate::Count, |scheduler| scheduler.at_most_once(Counts::Numbers));
    bench.join();
    bench.engine.worker_stopped(0, None, bench.now_ns);
    bench.engine.end();
    bench.now_ns += 60 * SECOND;
    bench.poll();
    // Silent, it would fail as unknown, and be named twice.
    assert_eq!(bench.engine.unknown_in_hand().len(), 1);
}

#[test]
fn a_number_that_fails_for_good_is_flaky_no_more() {
    let mut bench = Bench::new(Aggregate::Count, |scheduler| scheduler);
    bench.join();
    let interval = bench.worker.next(1).unwrap().slice;
    let cause = Cause::Exit(1);
    bench.worker.recover(Failure { interval, cause });
    bench.work(0);
    assert_eq!(bench.engine.flaky().numbers, 1);
    bench.worker.tally().fail(interval.first(), cause);
    bench.worker.counted(interval.last());
    bench.worker.report(1);
    bench.work(0);
    assert_eq!(bench.engine.flaky().numbers, 0);
}

#[test]
fn a_window_that_fails_counts_once_towards_a_halt() {
    let three = Policy::Fixed(NonZeroU64::new(3).unwrap());
    let mut bench = Bench::of_chunks(Aggregate::Count, three, |scheduler| scheduler);
    let after = HaltThreshold::Numbers(2);
    let halt = Halt { when: HaltSpeed::Soon, why: HaltTrigger::Fail, after };
    bench.engine.set_halt(Some(halt), true);
    bench.join();
    for is_halted in [false, true] {
        let interval = bench.worker.next(3).unwrap().slice;
        for n in interval.first()..=interval.last() {
            bench.worker.tally().fail(n, Cause::Exit(1));
        }
        bench.worker.counted(interval.last());
        bench.worker.report(1);
        bench.work(0);
        let why = bench.engine.drains_for();
        assert_eq!(why, is_halted.then_some(DrainReason::Halt));
    }
}

#[test]
fn records_that_meet_a_halt_make_a_sync_due_at_once() {
    for (numbers, syncs) in [(1, 0), (2, 1)] {
        let mut bench = Bench::new(Aggregate::Count, |scheduler| scheduler);
        bench.engine.set_durability(Durability::Journal { is_ahead: false });
        let after = HaltThreshold::Numbers(2);
        let halt = Halt { when: HaltSpeed::Now, why: HaltTrigger::Done, after };
        bench.engine.set_halt(Some(halt), false);
        bench.join();
        for _ in 0..numbers {
            bench.work(1);
        }
        assert_eq!(bench.count(|output| matches!(output, EngineOutput::Sync)), syncs, "{numbers}");
    }
}

#[test]
fn a_deadline_takes_back_what_the_worker_has_not_begun() {
    let mut bench = Bench::new(Aggregate::Count, |scheduler| scheduler);
    bench.engine.set_deadline(Some(SECOND));
    bench.join();
    assert!(bench.worker.next(1).is_some());
    assert!(bench.worker.ahead().count() > 0 || bench.engine.scheduler().ledger().remaining() > 0);
    bench.now_ns = SECOND;
    bench.poll();
    assert_eq!(
        bench.count(|output| matches!(
            output,
            EngineOutput::Notify(Notice::EndsEarly(DrainReason::Deadline))
        )),
        1
    );
    assert_eq!(bench.worker.ahead().count(), 0, "chunks are still there");
    bench.work(2);
    assert!(bench.worker.next(1).is_none(), "the worker got another chunk");
}

#[test]
fn a_locked_journal_is_left_alone_for_as_long_as_its_owner_said() {
    let mut bench = commands(true);
    bench.join();
    let syncs = |bench: &Bench| bench.count(|output| matches!(output, EngineOutput::Sync));
    assert_eq!(syncs(&bench), 1);
    bench.engine.put_off_sync(SECOND, bench.now_ns);
    bench.poll();
    assert_eq!(syncs(&bench), 1, "the sync was tried again at once");
    let due_ns = bench.engine.next_due_ns().unwrap();
    assert_eq!(due_ns, bench.now_ns + SECOND);
    bench.now_ns = due_ns;
    bench.poll();
    assert_eq!(syncs(&bench), 2);
    let locked =
        |output: &EngineOutput| matches!(output, EngineOutput::Notify(Notice::JournalLocked));
    assert_eq!(bench.count(locked), 1);
}
