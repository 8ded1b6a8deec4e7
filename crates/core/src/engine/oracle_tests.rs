//! The engine against an oracle: any order of answers, losses, syncs that succeed late or not at all, and a reader
//! that takes little. Every number counts once, nothing counts or begins before it is durable, and lines are in order.

use super::{Durability, EngineOutput, LineDestination, Primary};
use crate::aggregate::{Aggregate, Value};
use crate::frame::{EVERY_LEASE, Packer, Unpacker};
use crate::interval::{Interval, IntervalSet};
use crate::lease::{Assignment, WorkerId};
use crate::partial::{Cause, Partial};
use crate::policy::Policy;
use crate::range::Range;
use crate::scheduler::{Counts, Record, Scheduler};
use proptest::prelude::*;
use std::format;
use std::vec::Vec;

const SEATS: usize = 3;
const MS: u64 = 1_000_000;

#[derive(Clone, Debug)]
enum Step {
    /// The worker in this slot answers its first chunk.
    Answer(usize),
    Lose(usize),
    /// The running sync is durable.
    Synced,
    /// The running sync is impossible for this many milliseconds.
    PutOff(u64),
    /// The reader takes this many bytes.
    Read(usize),
    /// This many milliseconds pass.
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..SEATS).prop_map(Step::Answer),
        1 => (0..SEATS).prop_map(Step::Lose),
        3 => Just(Step::Synced),
        1 => (1..300_u64).prop_map(Step::PutOff),
        3 => (1..40_usize).prop_map(Step::Read),
        2 => (1..200_u64).prop_map(Step::Wait),
    ]
}

#[derive(Clone, Copy, Debug)]
struct Terms {
    aggregate: Aggregate,
    len: i128,
    chunk: u64,
    has_journal: bool,
    is_once: bool,
    compares_files: bool,
}

fn terms() -> impl Strategy<Value = Terms> {
    let aggregate = prop_oneof![Just(Aggregate::Count), Just(Aggregate::Find { first: None })];
    (aggregate, 1..200_i128, 1..20_u64, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(aggregate, len, chunk, has_journal, is_once, compares_files)| Terms {
            aggregate,
            len,
            chunk,
            has_journal,
            is_once,
            compares_files,
        },
    )
}

/// The world of an engine: workers, a journal, a reader.
struct World {
    terms: Terms,
    engine: Primary,
    now_ns: u64,
    /// By slot: the name of its worker, and what it has in hand.
    names: [Option<WorkerId>; SEATS],
    hands: [Vec<Assignment>; SEATS],
    appended: Vec<Record>,
    /// Records and begins of the running sync.
    syncing: Option<(Vec<Record>, Vec<Interval>)>,
    durable: IntervalSet,
    begun: IntervalSet,
    /// Numbers that count.
    counted: IntervalSet,
    failed: u128,
    /// Lines that were taken from the engine, that the reader has, and what it will take.
    kept: Vec<u8>,
    read: Vec<u8>,
    room: usize,
}

impl World {
    fn new(terms: Terms) -> Self {
        let range = Range::new(0, terms.len).unwrap();
        let policy = Policy::Fixed(terms.chunk.try_into().unwrap());
        let mut scheduler = Scheduler::new(range, terms.aggregate, policy, SEATS as u32);
        if terms.is_once {
            scheduler = scheduler.at_most_once(Counts::Chunks);
        }
        let scheduler = scheduler.leave_out_failures();
        let mut engine = Primary::new(scheduler, terms.aggregate, SEATS);
        engine.watch_records();
        if terms.has_journal {
            engine.set_durability(Durability::Journal { is_ahead: terms.is_once });
        }
        if terms.aggregate.is_streamed() {
            engine.set_lines(LineDestination::Written { most: 16 });
        }
        if terms.compares_files {
            engine.compare_files();
        }
        let mut world = Self {
            terms,
            engine,
            now_ns: 0,
            names: [None; SEATS],
            hands: [const { Vec::new() }; SEATS],
            appended: Vec::new(),
            syncing: None,
            durable: IntervalSet::new(),
            begun: IntervalSet::new(),
            counted: IntervalSet::new(),
            failed: 0,
            kept: Vec::new(),
            read: Vec::new(),
            room: 0,
        };
        (0..SEATS).for_each(|slot| world.start(slot));
        world.act();
        world
    }

    fn start(&mut self, slot: usize) {
        self.names[slot] = Some(self.engine.next_name());
        self.engine.worker_joined(slot, 4, self.now_ns).unwrap();
    }

    /// Carries out every output.
    fn act(&mut self) {
        while let Some(output) = self.engine.poll(self.now_ns).unwrap() {
            self.carry_out(output);
        }
    }

    fn carry_out(&mut self, output: EngineOutput) {
        match output {
            EngineOutput::Assign { seat } => {
                assert!(
                    !(self.terms.has_journal && self.terms.is_once),
                    "sent before it is durable"
                );
                self.hands[seat.slot()].extend(self.engine.assignments());
            }
            EngineOutput::Begin { seat, assignment } => {
                let is_begun = self.begun.iter().any(|begun| begun.contains(assignment.interval));
                assert!(is_begun, "{} begins before that is durable", assignment.interval);
                self.hands[seat.slot()].push(assignment);
            }
            EngineOutput::Withdraw { seat, lease, parts } => {
                assert!(lease != EVERY_LEASE && parts > 0, "no worker was stopped");
                let hand = &mut self.hands[seat.slot()];
                // What is in work is kept.
                if let Some(at) = hand.iter().skip(1).position(|one| one.lease == lease) {
                    let Assignment { lease, interval } = hand.remove(at + 1);
                    self.say(seat.slot(), |packer| packer.release(lease, interval.first()));
                }
            }
            EngineOutput::Start { slot } => self.start(slot),
            EngineOutput::CompareFiles => {
                assert!(self.terms.compares_files);
                self.engine.files_are_unchanged();
            }
            EngineOutput::Append(record) => {
                assert!(self.terms.has_journal, "a record for no journal");
                self.appended.push(record);
            }
            EngineOutput::Sync => {
                assert!(self.syncing.is_none(), "a sync within a sync");
                let beginning = self.engine.beginning().to_vec();
                self.syncing = Some((core::mem::take(&mut self.appended), beginning));
            }
            EngineOutput::Counted(record) => self.count(&record),
            EngineOutput::Write(lines) => self.kept.extend(lines),
            EngineOutput::Flush => {
                let taken = self.room.min(self.kept.len());
                self.read.extend(self.kept.drain(..taken));
                self.room -= taken;
                self.engine.flushed(self.kept.len());
            }
            EngineOutput::AppendUntouched(_)
            | EngineOutput::Credit { .. }
            | EngineOutput::Heartbeat { .. }
            | EngineOutput::LimitTime { .. }
            | EngineOutput::Notify(_) => {}
            EngineOutput::Kill { .. } | EngineOutput::ReadBack(_) | EngineOutput::End(_) => {
                panic!("nothing asks for {output:?}");
            }
        }
    }

    fn count(&mut self, record: &Record) {
        let failed = record.failed.iter().map(|failure| failure.interval);
        for interval in record.covered.iter().copied().chain(failed.clone()) {
            self.counted.insert(interval).expect("a number counts twice");
            let is_durable = self.durable.iter().any(|durable| durable.contains(interval));
            assert!(is_durable || !self.terms.has_journal, "{interval} counts too early");
        }
        assert!(record.failed.iter().all(|failure| failure.cause == Cause::Unknown));
        self.failed += failed.map(|interval| interval.len()).sum::<u128>();
    }

    /// The worker in a slot sends what `pack` packs.
    fn say(&mut self, slot: usize, pack: impl FnOnce(&mut Packer)) {
        let Some(name) = self.names[slot] else { return };
        let mut packer = Packer::new(name, 4096);
        pack(&mut packer);
        packer.seal(MS);
        let mut unpacker = Unpacker::new(4096, 4096);
        unpacker.room()[..packer.bytes().len()].copy_from_slice(packer.bytes());
        unpacker.filled(packer.bytes().len());
        while let Some(frame) = unpacker.next_frame().unwrap() {
            self.engine.hear_worker(frame, self.now_ns).unwrap();
        }
    }

    fn answer(&mut self, slot: usize) {
        if self.hands[slot].is_empty() {
            return;
        }
        let Assignment { lease, interval } = self.hands[slot].remove(0);
        let even = (interval.first()..=interval.last()).filter(|n| n % 2 == 0);
        if self.terms.aggregate == Aggregate::Count {
            let count = even.count() as u64;
            return self.say(slot, |packer| packer.answer(lease, count));
        }
        let lines = even.clone().count() as u64;
        let text = even.map(|n| format!("{n}\n")).collect::<std::string::String>().into_bytes();
        let mut encoded = Vec::new();
        Partial::over(interval, Value::Lines { lines, text }).encode(&mut encoded);
        self.say(slot, |packer| packer.partial(lease, &encoded, MS));
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Answer(slot) => self.answer(slot),
            Step::Lose(slot) => {
                if self.names[slot].take().is_some() {
                    self.hands[slot].clear();
                    self.engine.worker_ended(slot, None, self.now_ns).unwrap();
                }
            }
            Step::Synced => self.synced(),
            Step::PutOff(ms) => {
                if let Some((mut records, _)) = self.syncing.take() {
                    records.append(&mut self.appended);
                    self.appended = records;
                    self.engine.put_off_sync(ms * MS, self.now_ns);
                }
            }
            Step::Read(bytes) => {
                self.room += bytes;
                self.engine.retry_lines();
            }
            Step::Wait(ms) => self.now_ns += ms * MS,
        }
        self.act();
        assert!(self.engine.unwritten() == self.kept.len(), "unwritten bytes are forgotten");
        assert!(self.kept.len() < 16 + 4096, "a blocked reader does not stop the lines");
    }

    fn synced(&mut self) {
        let Some((mut records, beginning)) = self.syncing.take() else { return };
        for record in &records {
            let failed = record.failed.iter().map(|failure| failure.interval);
            for interval in record.covered.iter().copied().chain(failed) {
                self.durable.insert(interval).expect("a number is durable twice");
            }
        }
        for interval in beginning {
            // What came back unbegun may begin again.
            let _ = self.begun.insert(interval);
        }
        records.reverse();
        self.engine.synced(records, MS, self.now_ns).unwrap();
    }

    /// Lets everything happen until the run is over.
    fn finish(&mut self) {
        for _ in 0..10_000 {
            if self.engine.is_over() {
                return;
            }
            self.take(&Step::Synced);
            self.take(&Step::Read(64));
            (0..SEATS).for_each(|slot| self.take(&Step::Answer(slot)));
            self.take(&Step::Wait(100));
        }
        panic!("the run does not end");
    }
}

proptest! {
    #[test]
    fn every_number_counts_once_and_never_before_it_is_durable(
        terms in terms(),
        steps in prop::collection::vec(step(), 0..120),
    ) {
        let mut world = World::new(terms);
        // A slot that is lost twenty times in a row ends the run.
        let is_loss = |step: &&Step| matches!(step, Step::Lose(_));
        prop_assume!(steps.iter().filter(is_loss).count() < 20);
        for step in &steps {
            world.take(step);
        }
        world.finish();
        prop_assert_eq!(world.counted.len(), terms.len.cast_unsigned());
        prop_assert!(world.failed == 0 || terms.is_once);
        prop_assert!(world.engine.is_complete());
        if world.failed > 0 {
            return Ok(());
        }
        let even = (0..terms.len).filter(|n| n % 2 == 0);
        if terms.aggregate == Aggregate::Count {
            let count = even.count() as u128;
            prop_assert_eq!(world.engine.scheduler().answer(), &Value::Count(count));
        } else {
            let lines: std::string::String = even.map(|n| format!("{n}\n")).collect();
            prop_assert_eq!(world.read, lines.into_bytes());
        }
    }
}
