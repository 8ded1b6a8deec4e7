//! Write-ahead rules of a run: which records wait until they are durable, and which assignments wait until their
//! begin is durable.
//!
//! It writes nothing itself. The [engine](super::Primary) gives its owner `Append` and `Sync`, and the owner
//! reports what became durable, at once or later.

use super::commit_pace::{COMMIT_INTERVAL_NS, CommitPace};
use super::output::{EngineOutput, Seat};
use super::pending_output::PendingOutput;
use crate::aggregate::Aggregate;
use crate::interval::Interval;
use crate::lease::{Assignment, WorkerId};
use crate::partial::Failure;
use crate::scheduler::{Record, Scheduler};
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// When a record counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// At once: the run has no journal.
    None,
    /// When the owner [confirms](super::Primary::confirm) it: an agent sends it to its primary first.
    Confirmed,
    /// When it is durable in a journal.
    Journal {
        /// Whether an assignment is sent only when the journal says that it begins. For runs that begin each number
        /// at most once.
        is_ahead: bool,
    },
}

/// An assignment that is sent when the journal record of its begin is durable.
#[derive(Clone, Copy, Debug)]
struct HeldAssignment {
    seat: Seat,
    worker: WorkerId,
    assignment: Assignment,
}

impl HeldAssignment {
    fn stands(&self, scheduler: &Scheduler) -> bool {
        scheduler.stands(self.worker, &self.assignment)
    }
}

/// Records and assignments on their way to the journal.
#[derive(Debug)]
pub(super) struct JournalSync {
    durability: Durability,
    aggregate: Aggregate,
    pace: CommitPace,
    /// For `run`: what is done and waits for its output to be written.
    pending: PendingOutput,
    held: Vec<HeldAssignment>,
    /// How many of `held`, from the first, the running sync makes durable; `None` while no sync runs.
    syncing: Option<usize>,
    /// The numbers of those.
    beginning: Vec<Interval>,
    /// Whether another process has locked the journal.
    is_locked: bool,
}

/// What becomes of a record.
#[derive(Debug)]
pub(super) enum Fate {
    /// It counts now.
    Counts(Record),
    /// It goes to the journal and counts when it is durable.
    Waits(Record),
}

impl JournalSync {
    pub(super) fn new(aggregate: Aggregate) -> Self {
        Self {
            durability: Durability::None,
            aggregate,
            pace: CommitPace::new(COMMIT_INTERVAL_NS),
            pending: PendingOutput::default(),
            held: Vec::new(),
            syncing: None,
            beginning: Vec::new(),
            is_locked: false,
        }
    }

    pub(super) fn set_durability(&mut self, durability: Durability) {
        self.durability = durability;
    }

    pub(super) fn set_interval(&mut self, interval_ns: u64) {
        self.pace = CommitPace::new(interval_ns);
    }

    /// Whether records go to a journal.
    pub(super) fn is_journal(&self) -> bool {
        matches!(self.durability, Durability::Journal { .. })
    }

    /// Whether assignments wait for the journal.
    #[inline]
    pub(super) fn is_ahead(&self) -> bool {
        matches!(self.durability, Durability::Journal { is_ahead: true })
    }

    /// Whether records count before they are durable. A command that ran again would print again, so what it
    /// printed is written first, and only then is the number durable.
    pub(super) fn counts_before(&self) -> bool {
        matches!(self.aggregate, Aggregate::Run { .. })
    }

    /// Takes a record of the scheduler.
    #[inline]
    pub(super) fn take(&mut self, record: Record, now_ns: u64) -> Fate {
        match self.durability {
            Durability::None => Fate::Counts(record),
            Durability::Confirmed => Fate::Waits(record),
            Durability::Journal { .. } if self.counts_before() => {
                self.pending.add(&record);
                Fate::Counts(record)
            }
            Durability::Journal { .. } => {
                self.pace.add(weight(&record), now_ns);
                Fate::Waits(record)
            }
        }
    }

    /// Makes a sync of what waits due at once.
    pub(super) fn hurry(&mut self) {
        self.pace.hurry();
    }

    /// What commands have done whose output is written: everything below `bound`.
    pub(super) fn take_written(&mut self, bound: i128, now_ns: u64) -> Option<Record> {
        if !self.is_journal() {
            return None;
        }
        let (covered, failed) = self.pending.take_below(bound)?;
        let record = Record::new(covered, failed, self.aggregate.empty());
        self.pace.add(weight(&record), now_ns);
        Some(record)
    }

    /// Notes that numbers come back unbegun; whether the journal must take that down.
    pub(super) fn untouch(&mut self, now_ns: u64) -> bool {
        if self.is_journal() {
            self.pace.add(size_of::<Interval>(), now_ns);
        }
        self.is_journal()
    }

    /// Notes rows about windows, which the owner has appended.
    pub(super) fn add_windows(&mut self, windows: usize, now_ns: u64) {
        if self.is_journal() {
            for _ in 0..windows {
                self.pace.add(WINDOW_BYTES, now_ns);
            }
        }
    }

    /// Holds assignments back until their begin is durable.
    pub(super) fn hold(&mut self, seat: Seat, worker: WorkerId, assignments: &[Assignment]) {
        let held = |one: &Assignment| HeldAssignment { seat, worker, assignment: *one };
        self.held.extend(assignments.iter().map(held));
    }

    /// Whether any assignment is held back.
    pub(super) fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    /// Whether an assignment is held back, so that no worker knows of it.
    pub(super) fn holds(&self, assignment: &Assignment) -> bool {
        self.held.iter().any(|held| held.assignment.lease == assignment.lease)
    }

    pub(super) fn held_for(&self, slot: usize) -> impl Iterator<Item = Interval> + '_ {
        let held = self.held.iter().filter(move |held| held.seat.slot() == slot);
        held.map(|held| held.assignment.interval)
    }

    /// Begins a sync if one is due. Held assignments make it due at once, unless the run `is_ending`; records when
    /// their pace says so, or when no worker has anything in hand.
    pub(super) fn begin_sync(
        &mut self,
        scheduler: &Scheduler,
        is_ending: bool,
        now_ns: u64,
    ) -> bool {
        if !self.is_journal() || self.syncing.is_some() || self.is_put_off(now_ns) {
            return false;
        }
        let due_ns = self.pace.due_ns();
        let mut most = 0;
        if !self.held.is_empty() && !is_ending {
            // A worker that was lost since has lost these, too.
            self.held.retain(|held| held.stands(scheduler));
            most = self.held.len();
        }
        let is_due = due_ns.is_some_and(|due_ns| due_ns <= now_ns);
        // With nothing in hand the run waits for this commit alone.
        let is_idle = due_ns.is_some() && scheduler.is_idle();
        if most == 0 && !is_due && !is_idle {
            return false;
        }
        self.begin(most);
        true
    }

    /// Whether another process had the journal locked, and the next try is not due.
    fn is_put_off(&self, now_ns: u64) -> bool {
        self.is_locked && now_ns < self.pace.rested_ns()
    }

    /// Begins a sync of everything that waits, but of no assignment; whether anything waits.
    pub(super) fn begin_last_sync(&mut self) -> bool {
        let is_wanted = self.is_journal() && self.syncing.is_none() && self.pace.due_ns().is_some();
        if is_wanted {
            self.begin(0);
        }
        is_wanted
    }

    fn begin(&mut self, most: usize) {
        self.syncing = Some(most);
        self.beginning.clear();
        self.beginning.extend(self.held[..most].iter().map(|held| held.assignment.interval));
        self.pace.begin();
    }

    /// The numbers whose begin the running sync makes durable.
    pub(super) fn beginning(&self) -> &[Interval] {
        &self.beginning
    }

    /// The running sync is durable. Gives the assignments that may begin now, or says of each that it did not
    /// begin if the run `is_ending`.
    pub(super) fn synced(
        &mut self,
        scheduler: &Scheduler,
        is_ending: bool,
        (took_ns, now_ns): (u64, u64),
        outputs: &mut VecDeque<EngineOutput>,
    ) {
        let Some(begun) = self.syncing.take() else { return };
        self.is_locked = false;
        self.pace.done(took_ns, now_ns);
        if is_ending {
            // Of one that does not stand, a worker was lost: its numbers have failed.
            for held in self.held[..begun].iter().filter(|held| held.stands(scheduler)) {
                self.pace.add(size_of::<Interval>(), now_ns);
                outputs.push_back(EngineOutput::AppendUntouched(held.assignment.interval));
            }
            return;
        }
        for held in self.held.drain(..begun).filter(|held| held.stands(scheduler)) {
            let HeldAssignment { seat, assignment, .. } = held;
            outputs.push_back(EngineOutput::Begin { seat, assignment });
        }
    }

    /// The running sync was impossible, because another process has locked the journal; whether that is news.
    pub(super) fn put_off(&mut self, rest_ns: u64, now_ns: u64) -> bool {
        self.syncing = None;
        self.pace.put_off(rest_ns, now_ns);
        !core::mem::replace(&mut self.is_locked, true)
    }

    /// The run goes on without its journal.
    pub(super) fn give_up(&mut self) {
        self.durability = Durability::None;
        self.syncing = None;
        self.pending = PendingOutput::default();
        self.pace.begin();
    }

    /// Whether everything that the journal should have is durable.
    pub(super) fn is_settled(&self) -> bool {
        self.syncing.is_none() && self.pace.due_ns().is_none()
    }

    /// When a sync is due, if one can begin.
    pub(super) fn next_due_ns(&self, is_ending: bool) -> Option<u64> {
        if self.syncing.is_some() {
            return None;
        }
        let due_ns = self.pace.due_ns();
        if !self.is_locked {
            return due_ns;
        }
        let rested_ns = self.pace.rested_ns();
        let is_wanted_then = !self.held.is_empty() && !is_ending;
        if is_wanted_then { Some(rested_ns) } else { due_ns.map(|due_ns| due_ns.max(rested_ns)) }
    }
}

/// About the bytes of a row about a window.
const WINDOW_BYTES: usize = 64;

/// Bytes of a record, as a journal would hold it.
fn weight(record: &Record) -> usize {
    record.value.weight()
        + size_of::<Interval>() * record.covered.len()
        + size_of::<Failure>() * record.failed.len()
}
