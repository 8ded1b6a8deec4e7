//! The scheduler: hands out chunks, takes answers, and knows when every number is covered.
//!
//! A pure state machine. What happens is told to [`Scheduler::handle`] with the time; then
//! [`Scheduler::poll`] is called until it gives `None`, and each action is carried out. No other
//! order is right: an action that stays inside is work that nobody does.
//!
//! Every number of the range is at each moment in exactly one place:
//!
//! ```text
//!   remaining ──lend──► leased ──answer──► to record ──Record──► recording ──Recorded──► covered
//!       returned ──lend──┘  └──Lost──► returned
//! ```
//!
//! and the lengths of these places add up to the length of the range; debug builds check it at each
//! event. An answer counts only once it is recorded: whoever keeps a journal makes the [`Record`]
//! durable before giving it back, whoever keeps none gives it back at once. A worker's answer under
//! a name that is not in force is dropped and counted, so nothing is merged twice.
//!
//! What is absent: clocks, descriptors, process numbers, and any knowledge of what a function is.

mod message;
mod window;

use crate::aggregate::{Aggregate, Value};
use crate::frame::Answers;
use crate::lease::{Assignment, LeaseId, LeaseTable, WorkerId};
use crate::ledger::{Ledger, Returned};
use crate::pace::Meter;
use crate::partial::Partial;
use crate::policy::{Outlook, Policy, Sizer};
use crate::range::Range;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use window::Window;

pub use message::{Action, Event, Progress, Record, Violation};

/// What is known of one worker.
#[derive(Debug)]
struct Worker {
    window: Window,
    is_lost: bool,
    /// Whether it stands in the queue of those that want chunks.
    is_queued: bool,
}

/// The state of one run.
#[derive(Debug)]
pub struct Scheduler {
    total: u128,
    aggregate: Aggregate,
    answer: Value,
    ledger: Ledger,
    leases: LeaseTable,
    sizer: Sizer,
    /// How long the first chunk of a worker may be.
    opening: u128,
    /// By name; names are given out ascending, so a name is an index.
    workers: Vec<Worker>,
    living: u32,
    /// Workers with room for chunks, in the order in which they asked.
    hungry: VecDeque<WorkerId>,
    /// What the last assignment consists of.
    assignments: Vec<Assignment>,
    /// Answers that no record holds yet.
    to_record: Record,
    /// Numbers in records that were given out and have not come back.
    recording: u128,
    reclaimed: VecDeque<Action>,
    meter: Meter,
    stale_answers: u64,
    is_finished: bool,
}

impl Scheduler {
    /// A run over `range` that begins with `workers` workers, each of which must still join.
    #[must_use]
    pub fn new(range: Range, aggregate: Aggregate, policy: Policy, workers: u32) -> Self {
        Self {
            total: range.len(),
            aggregate,
            answer: aggregate.empty(),
            ledger: Ledger::new(range.interval()),
            leases: LeaseTable::default(),
            sizer: Sizer::new(policy, range.len(), workers),
            opening: 1,
            workers: Vec::new(),
            living: 0,
            hungry: VecDeque::new(),
            assignments: Vec::new(),
            to_record: Record::empty(aggregate),
            recording: 0,
            reclaimed: VecDeque::new(),
            meter: Meter::default(),
            stale_answers: 0,
            is_finished: false,
        }
    }

    /// Lets the timed policy begin with chunks of so many numbers, where they are known to be cheap.
    /// Otherwise it begins with one, which may take hours.
    #[must_use]
    pub fn opening(mut self, numbers: u64) -> Self {
        self.opening = u128::from(numbers.max(1));
        self
    }

    /// Takes an event that happened at `now_ns`, on any clock that does not run backwards.
    ///
    /// # Errors
    /// If a worker said what cannot be; that is not used, and the run should be ended.
    pub fn handle(&mut self, event: Event<'_>, now_ns: u64) -> Result<(), Violation> {
        let outcome = match event {
            Event::Joined { worker, window } => self.join(worker, window, now_ns),
            Event::Answered { worker, busy_ns, answers } => self.answered(worker, busy_ns, answers),
            Event::Partly { worker, lease, busy_ns, partial } => {
                self.partly(worker, lease, busy_ns, &partial)
            }
            Event::Lost { worker } => self.lose(worker),
            Event::Recorded(record) => self.recorded(record, now_ns),
        };
        debug_assert!(self.accounts_for_everything());
        outcome
    }

    /// The next thing to do; `None` until the next event.
    #[inline]
    pub fn poll(&mut self) -> Option<Action> {
        if let Some(reclaimed) = self.reclaimed.pop_front() {
            return Some(reclaimed);
        }
        if !self.to_record.is_empty() {
            let record = core::mem::replace(&mut self.to_record, Record::empty(self.aggregate));
            self.recording += record.len();
            return Some(Action::Record(record));
        }
        if let Some(assign) = self.assign() {
            return Some(assign);
        }
        if self.ledger.covered().len() == self.total && !self.is_finished {
            self.is_finished = true;
            return Some(Action::Finished);
        }
        None
    }

    /// The chunks of the [`Action::Assign`] that was polled last.
    #[must_use]
    pub fn assignments(&self) -> &[Assignment] {
        &self.assignments
    }

    /// The answer over everything recorded so far.
    #[must_use]
    pub fn answer(&self) -> Value {
        self.answer
    }

    /// What remains, what is covered, what failed.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Whether every number is covered.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.is_finished
    }

    /// How many answers came under a name that was no longer in force, and were dropped.
    #[must_use]
    pub fn stale_answers(&self) -> u64 {
        self.stale_answers
    }

    /// How far the run is at `now_ns`.
    #[must_use]
    pub fn progress(&self, now_ns: u64) -> Progress {
        let covered = self.ledger.covered().len();
        let pace = self.meter.pace(now_ns);
        Progress {
            total: self.total,
            covered,
            per_second: pace.map(|pace| 1e9 / pace.cost_ns(1)),
            seconds_left: pace.map(|pace| pace.cost_ns(self.total - covered) / 1e9),
        }
    }

    fn join(&mut self, worker: WorkerId, window: usize, now_ns: u64) -> Result<(), Violation> {
        if worker.0 as usize != self.workers.len() {
            return Err(Violation::UnknownWorker(worker));
        }
        self.meter.start(now_ns);
        self.workers.push(Worker { window: Window::new(window), is_lost: false, is_queued: false });
        self.living += 1;
        self.queue(worker);
        Ok(())
    }

    #[inline]
    fn answered(
        &mut self,
        worker: WorkerId,
        busy_ns: u64,
        answers: Answers<'_>,
    ) -> Result<(), Violation> {
        self.living(worker)?;
        let (mut numbers, mut settled) = (0, 0);
        let mut outcome = Ok(());
        for (lease, count) in answers.iter() {
            let Some(rest) = self.leases.rest(lease, worker) else {
                self.stale_answers += 1;
                continue;
            };
            let value = Value::Count(u128::from(count));
            if !self.aggregate.admits(value, rest.len()) {
                outcome = Err(Violation::ImpossibleValue { worker, lease });
                break;
            }
            self.leases.settle(lease);
            self.to_record.add(rest, value);
            numbers += rest.len();
            settled += 1;
        }
        self.account(worker, settled, numbers, busy_ns);
        outcome
    }

    fn partly(
        &mut self,
        worker: WorkerId,
        lease: LeaseId,
        busy_ns: u64,
        partial: &Partial,
    ) -> Result<(), Violation> {
        self.living(worker)?;
        let Some(rest) = self.leases.rest(lease, worker) else {
            self.stale_answers += 1;
            return Ok(());
        };
        let span = partial.span().filter(|span| span.first() == rest.first());
        let Some(span) = span.filter(|span| rest.contains(*span)) else {
            return Err(Violation::NotDue { worker, lease });
        };
        if !self.aggregate.admits(partial.value, partial.numbers()) {
            return Err(Violation::ImpossibleValue { worker, lease });
        }
        let settled = match rest.above(span.last()) {
            Some(rest) => {
                self.leases.shorten(lease, rest);
                0
            }
            None => {
                self.leases.settle(lease);
                1
            }
        };
        self.to_record.append(partial);
        self.account(worker, settled, span.len(), busy_ns);
        Ok(())
    }

    fn lose(&mut self, worker: WorkerId) -> Result<(), Violation> {
        self.living(worker)?;
        let Self { leases, ledger, .. } = self;
        let (mut chunks, before) = (0, leases.numbers());
        leases.reclaim(worker, |interval, attempts| {
            ledger.put_back(Returned { interval, attempts });
            chunks += 1;
        });
        let numbers = before - leases.numbers();
        self.workers[worker.0 as usize].is_lost = true;
        self.living -= 1;
        self.reclaimed.push_back(Action::Reclaimed { worker, chunks, numbers });
        if chunks > 0 {
            // Somebody who has run out of work may take it.
            (0..self.workers.len() as u32).for_each(|other| self.queue(WorkerId(other)));
        }
        Ok(())
    }

    fn recorded(&mut self, record: Record, now_ns: u64) -> Result<(), Violation> {
        let numbers = record.len();
        self.recording -= numbers;
        let failed = record.failed.iter().map(|failure| failure.interval);
        for interval in record.covered.iter().copied().chain(failed) {
            self.ledger.cover(interval)?;
        }
        self.ledger.fail(&record.failed);
        self.answer = self.answer.merge(record.value);
        self.meter.add(numbers, now_ns);
        self.to_record.reuse(record);
        Ok(())
    }

    /// Lends chunks to the first worker that has room for some.
    fn assign(&mut self) -> Option<Action> {
        while let Some(&worker) = self.hungry.front() {
            if self.leases.is_full() {
                // It keeps its place until somebody answers.
                return None;
            }
            self.hungry.pop_front();
            let state = &mut self.workers[worker.0 as usize];
            state.is_queued = false;
            if !state.is_lost && self.fill(worker) {
                return Some(Action::Assign { worker });
            }
        }
        None
    }

    /// Lends `worker` as many chunks as its window has room for; whether there were any.
    fn fill(&mut self, worker: WorkerId) -> bool {
        let Self { ledger, leases, sizer, assignments, .. } = self;
        let window = &mut self.workers[worker.0 as usize].window;
        let mut outlook = Outlook {
            remaining: 0,
            workers: self.living.max(1),
            pace: window.pace(),
            longest: window.longest(),
            opening: self.opening,
        };
        assignments.clear();
        for _ in 0..window.room() {
            outlook.remaining = ledger.remaining();
            let (interval, attempt) = if let Some(returned) = ledger.take_returned() {
                (returned.interval, returned.attempts.saturating_add(1))
            } else if outlook.remaining > 0
                && let Some(front) = ledger.take_front(sizer.next(outlook))
            {
                (front, 1)
            } else {
                break;
            };
            let lease = leases.lend(worker, interval, attempt);
            assignments.push(Assignment { lease, interval });
            window.lent(interval.len());
            if leases.is_full() {
                break;
            }
        }
        !assignments.is_empty()
    }

    /// Notes what a worker finished, and queues it if it runs low.
    #[inline]
    fn account(&mut self, worker: WorkerId, settled: usize, numbers: u128, busy_ns: u64) {
        self.workers[worker.0 as usize].window.settled(settled, numbers, busy_ns);
        self.queue(worker);
    }

    /// Puts a worker that runs low into the queue, with the window that it may fill now.
    #[inline]
    fn queue(&mut self, worker: WorkerId) {
        let state = &mut self.workers[worker.0 as usize];
        if state.is_lost || state.is_queued || !state.window.runs_low() {
            return;
        }
        let waiting = self.ledger.remaining() / u128::from(self.living.max(1));
        state.window.open(self.sizer.policy(), waiting);
        state.is_queued = true;
        self.hungry.push_back(worker);
    }

    fn living(&self, worker: WorkerId) -> Result<(), Violation> {
        match self.workers.get(worker.0 as usize) {
            Some(state) if !state.is_lost => Ok(()),
            _ => Err(Violation::UnknownWorker(worker)),
        }
    }

    /// Whether the places of the module page add up to the range.
    fn accounts_for_everything(&self) -> bool {
        let in_hand = self.leases.numbers() + self.to_record.len() + self.recording;
        let at_rest =
            self.ledger.remaining() + self.ledger.returned() + self.ledger.covered().len();
        in_hand + at_rest == self.total
    }
}

#[cfg(test)]
mod tests;
