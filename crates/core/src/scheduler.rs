//! Scheduler: assigns chunks, takes answers, and detects when every number is covered.
//!
//! A pure state machine. The caller gives each event to [`Scheduler::handle`] with the time, then calls
//! [`Scheduler::poll`] until it returns `None`, and carries out each action. An action that stays inside is work that
//! is not done.
//!
//! Every number of the range is at each moment in exactly one place:
//!
//! ```text
//!   remaining ──lend──► leased ──answer──► to record ──Record──► recording ──Recorded──► covered
//!       returned ──lend──┘ │└──Lost or Silent──► returned, or quarantined ──► to record
//!                          └──Released──► remaining
//! ```
//!
//! and the lengths of these places add up to the length of the range; debug builds check it at each
//! event. An answer counts when it is recorded: a run with a journal makes the [`Record`] durable before it
//! gives it back, a run without one gives it back at once. An answer under a lease that is not in force is dropped and
//! counted, so nothing is merged twice.
//!
//! `answers` merges answers of workers, `staff` has the workers, `account` what each of them did, `assign` gives them chunks, `aim` says the length of
//! the next ones, `returns` puts chunks of lost and silent workers back
//! and searches for the number that loses its worker, `once` is about runs that hand out nothing twice, `steal` takes
//! back the tail of a long chunk for idle workers, `late` compares late answers, and `supply` is about open runs, as an
//! agent has them.
//!
//! What is absent: clocks, descriptors, process numbers, and any knowledge of what a function is.

mod account;
mod aim;
mod allowance;
mod answers;
mod assign;
mod early;
mod late;
mod message;
mod once;
mod options;
mod progress;
mod recent;
mod resume;
mod returns;
mod running_output;
mod staff;
mod steal;
mod supply;
mod window;

use crate::aggregate::{Aggregate, Selection, Value};
use crate::chunk_cost::CostFit;
use crate::credit::Credits;
use crate::interval::Interval;
use crate::items::Items;
use crate::lease::{Assignment, AssignmentRow, LeaseTable, WorkerId};
use crate::ledger::{Ledger, Shuffle};
use crate::pace::Meter;
use crate::partial::Cause;
use crate::policy::{Policy, Sizer};
use crate::range::Range;
use crate::stream::Stream;
use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;
use allowance::{Allowance, AtMostOnce};
use late::LateAnswers;
use message::CrashReport;
use recent::Recent;
use window::Window;

pub use account::WorkAccount;
pub use allowance::Counts;
pub use message::{Action, LeasePiece, Progress, Record, SchedulerEvent, TakenBack, Violation};
pub use options::ChunkSizes;
pub use window::Capacity;

/// Record of one worker in the scheduler.
#[derive(Debug)]
struct WorkerRecord {
    window: Window,
    account: WorkAccount,
    /// Whether it is an agent that has said farewell.
    has_said_farewell: bool,
    is_lost: bool,
    /// Lives, but has said nothing for too long.
    is_silent: bool,
    /// Whether it stands in the queue of those that want chunks.
    is_queued: bool,
    /// Whether it was never given anything.
    is_fresh: bool,
    /// The crash report that it sent.
    crash_report: Option<CrashReport>,
    /// At which numbers it is stopped, and by what.
    stopped_at: Option<(Interval, Cause)>,
    /// Whether a stop that some number is to blame for explains its loss.
    is_explained: bool,
}

/// The state of one run.
#[derive(Debug)]
pub struct Scheduler {
    whole: Option<Interval>,
    total: u128,
    aggregate: Aggregate,
    selection: Selection,
    answer: Value,
    ledger: Ledger,
    /// The order of work, if it is not ascending.
    shuffle: Option<Shuffle>,
    leases: LeaseTable,
    sizer: Sizer,
    /// How long the first chunk of a worker may be.
    opening: u128,
    /// What a chunk of the timed policy should take, and how long it may be.
    sizes: ChunkSizes,
    /// What chunks cost on workers of this machine.
    fit: CostFit,
    /// Work of the last part of the run, for the time that is left.
    recent: Recent,
    /// Time between the starts of two chunks; 0 if they may start at once.
    distance_ns: f64,
    /// The time of the last event.
    now_ns: u64,
    /// Whether a chunk in force is only withdrawn as a whole.
    is_undivided: bool,
    /// How much may be handed out now, if that is limited.
    allowance: Option<Allowance>,
    /// What is handed out once and never again, if anything is.
    once: Option<AtMostOnce>,
    /// What a worker of this machine holds one of, if it must not begin another before its answer is here.
    one_by_one: Option<Counts>,
    /// Where no chunk may reach over the end of consecutive integers: the numbers at the positions of this run.
    windows_of: Option<Items>,
    /// By name; names are given out ascending, so a name is an index.
    workers: Vec<WorkerRecord>,
    /// Those that are not lost, how many of them are agents, and how many are silent.
    living: BTreeSet<WorkerId>,
    agents: u32,
    silent: u32,
    /// For how many workers they stand together.
    strength: u32,
    /// Lost workers whose replacements are expected and have not joined.
    missing: u32,
    /// Workers with room for chunks, in the order in which they asked.
    hungry: VecDeque<WorkerId>,
    /// Workers that got fewer chunks than they have room for. Some may be in the queue again.
    low: BTreeSet<WorkerId>,
    /// What the last assignment consists of.
    assigned: Vec<AssignmentRow>,
    /// Answers that no record holds yet.
    to_record: Record,
    /// Numbers in records that were given out and have not come back.
    recording: u128,
    /// What must be done before anything else, in this order.
    pending: VecDeque<Action>,
    /// How many more tries a chunk gets after its worker was lost.
    retries: u8,
    late: LateAnswers,
    quarantined: u64,
    /// How many numbers were given up together with their workers.
    given_up: u128,
    meter: Meter,
    stale_answers: u64,
    /// Leases that ended with a value.
    windows: u64,
    /// What was done and lost since it was taken; `None` if the caller does not want to know.
    pieces: Option<Vec<LeasePiece>>,
    /// Whether a worker may have run out of work since `steal` looked, and how many more times it does not look then.
    may_steal: bool,
    steals_to_skip: usize,
    is_draining: bool,
    is_finished: bool,
    /// Whether numbers come in while it goes on, and leave it when they are recorded.
    is_open: bool,
    /// Memory for its records.
    spare: Vec<Record>,
    /// Where the answer is lines: those that are not passed on, and who may send more.
    stream: Stream,
    credits: Credits,
    /// Whether the length of chunks does not depend on what is put out for them.
    ignores_output: bool,
    /// Whether no worker gets more credit than its share, because lines cannot be written.
    is_held_back: bool,
}

/// How many more tries a chunk gets after its worker was lost, unless something else is said.
pub const RETRIES: u8 = 2;

impl WorkerRecord {
    fn can_work(&self) -> bool {
        !self.is_lost && !self.is_silent
    }
}

impl Scheduler {
    /// A run over `range` that begins with `workers` workers, each of which must still join.
    #[must_use]
    pub fn new(range: Range, aggregate: Aggregate, policy: Policy, workers: u32) -> Self {
        Self {
            whole: range.interval(),
            total: range.len(),
            aggregate,
            selection: Selection::Every,
            answer: aggregate.empty(),
            ledger: Ledger::new(range.interval()).ascending(aggregate.is_streamed()),
            shuffle: None,
            leases: LeaseTable::default(),
            sizer: Sizer::new(policy, range.len(), workers),
            opening: 1,
            sizes: ChunkSizes::default(),
            fit: CostFit::default(),
            recent: Recent::default(),
            distance_ns: 0.0,
            now_ns: 0,
            is_undivided: false,
            allowance: None,
            once: None,
            one_by_one: None,
            windows_of: None,
            workers: Vec::new(),
            living: BTreeSet::new(),
            agents: 0,
            silent: 0,
            strength: 0,
            missing: 0,
            hungry: VecDeque::new(),
            low: BTreeSet::new(),
            assigned: Vec::new(),
            to_record: Record::empty(aggregate),
            recording: 0,
            pending: VecDeque::new(),
            retries: RETRIES,
            late: LateAnswers::default(),
            quarantined: 0,
            given_up: 0,
            meter: Meter::default(),
            stale_answers: 0,
            windows: 0,
            pieces: None,
            may_steal: false,
            steals_to_skip: 0,
            is_draining: false,
            is_finished: false,
            is_open: false,
            spare: Vec::new(),
            stream: Stream::new(aggregate, range.interval().map(|whole| whole.first())),
            credits: Credits::default(),
            ignores_output: false,
            is_held_back: false,
        }
    }

    /// Takes an event that happened at `now_ns`, on any clock that does not run backwards. The result is what
    /// [`SchedulerEvent::Lost`] and [`SchedulerEvent::Silent`] took back from a worker; other events take nothing back.
    ///
    /// # Errors
    /// If a worker said what cannot be; that is not used, and the run should be ended.
    pub fn handle(
        &mut self,
        event: SchedulerEvent<'_>,
        now_ns: u64,
    ) -> Result<TakenBack, Violation> {
        self.now_ns = now_ns;
        let mut taken_back = TakenBack::default();
        let outcome = match event {
            SchedulerEvent::Joined { worker, capacity } => self.join(worker, capacity, now_ns),
            SchedulerEvent::Answered { worker, busy_ns, answers } => {
                self.answered(worker, busy_ns, answers)
            }
            SchedulerEvent::Partly { worker, lease, busy_ns, partial } => {
                self.partly(worker, lease, busy_ns, partial)
            }
            SchedulerEvent::Begun { worker, busy_ns, begun } => self.begun(worker, busy_ns, begun),
            SchedulerEvent::Printed { worker, text } => self.printed(worker, text),
            SchedulerEvent::Released { worker, busy_ns, releases } => {
                self.released(worker, busy_ns, releases)
            }
            SchedulerEvent::CrashReported { worker, n, cause } => {
                self.note_crash_report(worker, CrashReport { n, cause })
            }
            SchedulerEvent::Silent { worker } => {
                self.silence(worker).map(|taken| taken_back = taken)
            }
            SchedulerEvent::Awake { worker } => self.awaken(worker),
            SchedulerEvent::Lost { worker, cause } => {
                self.lose(worker, cause).map(|taken| taken_back = taken)
            }
            SchedulerEvent::Recorded(record) => self.recorded(record, now_ns),
        };
        debug_assert!(self.accounts_for_everything());
        debug_assert!(self.late.can_end(self.leases.count() == 0, |holder| {
            !self.workers[holder.0 as usize].is_lost
        }));
        outcome.map(|()| taken_back)
    }

    /// The next thing to do; `None` until the next event.
    #[inline]
    pub fn poll(&mut self) -> Option<Action> {
        if let Some(action) = self.pending.pop_front() {
            return Some(action);
        }
        if !self.to_record.is_empty() {
            let record = core::mem::replace(&mut self.to_record, Record::empty(self.aggregate));
            self.recording += record.len();
            return Some(Action::Record(record));
        }
        if let Some(assign) = self.assign() {
            return Some(assign);
        }
        if self.credits.is_any_overdrawn()
            && let Some(credit) = self.extend_credit()
        {
            return Some(credit);
        }
        if self.may_steal
            && let Some(withdraw) = self.steal()
        {
            return Some(withdraw);
        }
        if self.ledger.covered().len() + self.ledger.waived() == self.total
            && !self.is_finished
            && !self.is_open
        {
            self.is_finished = true;
            return Some(Action::Finished);
        }
        None
    }

    /// The rows of chunks of the [`Action::Assign`] that was polled last.
    #[must_use]
    pub fn assigned(&self) -> &[AssignmentRow] {
        &self.assigned
    }

    /// Each of these chunks by itself.
    #[must_use]
    pub fn assignments(&self) -> Vec<Assignment> {
        self.assigned.iter().copied().flat_map(AssignmentRow::chunks).collect()
    }

    /// The answer over everything recorded so far.
    #[must_use]
    pub fn answer(&self) -> &Value {
        &self.answer
    }

    /// What remains, what is covered, what failed.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// How many numbers the range has.
    #[must_use]
    pub fn total(&self) -> u128 {
        self.total
    }

    /// Whether every number is covered.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.is_finished
    }

    /// Whether the run is to end early.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.is_draining
    }

    /// How often numbers were given up together with their workers.
    pub(crate) fn quarantined(&self) -> u64 {
        self.quarantined
    }

    /// Whether a worker owes answers, or is silent and may still give some.
    #[must_use]
    pub fn owes(&self, worker: WorkerId) -> bool {
        let state = self.workers.get(worker.0 as usize);
        state.is_some_and(|state| !state.is_lost && (state.is_silent || !state.window.is_empty()))
    }

    /// How many answers came under a name that was no longer in force, and were dropped.
    #[must_use]
    pub fn stale_answers(&self) -> u64 {
        self.stale_answers
    }

    /// How many chunks were answered to their end without a failure in the last part.
    #[must_use]
    pub fn windows(&self) -> u64 {
        self.windows
    }

    fn recorded(&mut self, mut record: Record, now_ns: u64) -> Result<(), Violation> {
        let numbers = record.len();
        self.recording -= numbers;
        if self.is_open {
            self.total -= numbers;
            self.keep_memory(record);
            return Ok(());
        }
        let failed = record.failed.iter().map(|failure| failure.interval);
        for interval in record.covered.iter().copied().chain(failed) {
            self.ledger.cover(interval)?;
        }
        self.ledger.fail(&record.failed);
        self.meter.add(numbers, now_ns);
        self.merge(&mut record)?;
        self.to_record.reuse(record);
        Ok(())
    }

    /// Adds what a record holds to the answer.
    fn merge(&mut self, record: &mut Record) -> Result<(), Violation> {
        if self.aggregate.is_streamed() {
            if let Some(limit) = self.stream.put(record) {
                self.waive_above(limit);
            }
            return Ok(());
        }
        self.answer.merge(core::mem::replace(&mut record.value, Value::Nothing));
        self.waive_by_answer();
        match self.answer.has_too_many_values() {
            true => Err(Violation::TooManyValues),
            false => Ok(()),
        }
    }

    /// Whether the places of the module page add up to the range.
    fn accounts_for_everything(&self) -> bool {
        let in_hand = self.leases.numbers() + self.to_record.len() + self.recording;
        let at_rest =
            self.ledger.remaining() + self.ledger.returned() + self.ledger.covered().len();
        in_hand + at_rest + self.ledger.waived() == self.total
    }
}

#[cfg(test)]
mod chunk_model;
#[cfg(test)]
mod chunk_tests;
#[cfg(test)]
mod crash_report_tests;
#[cfg(test)]
mod returns_tests;
#[cfg(test)]
mod tests;
