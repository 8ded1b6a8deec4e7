//! Chunks that come back from lost and silent workers, and the search for the number that loses its worker.
//!
//! A lost worker's chunk goes to another worker, whole. A worker reports when it begins a chunk that was lost before, so
//! the scheduler knows which chunk the worker was at. A chunk that lost `retries` workers is halved, and each half is
//! tried: the number to blame is found in about as many losses as its chunk has binary digits. Alone, it gets all tries
//! once more before it fails.
//!
//! A dying worker that can still write names its number in a crash report. Then nothing is searched: the number goes out
//! alone, and the numbers below and above it go out without blame. That loss counts as the first of its tries, but the
//! number is tried alone at least once. So a number that crashes each time costs as many workers as it has tries, and at
//! least two. A crash report that lies costs one number a try of its own, and no more.
//!
//! A number that is set apart is tried in a fresh worker, as long as one is expected.

use super::message::CrashReport;
use super::{Action, LeasePiece, Scheduler, TakenBack, Violation};
use crate::aggregate::Aggregate;
use crate::frame::{Begun, EVERY_LEASE, Releases};
use crate::interval::Interval;
use crate::lease::{HeldRow, Reclaimed, Standing, WorkerId};
use crate::ledger::Returned;
use crate::partial::{Cause, Failure};

/// What is to blame for a loss.
#[derive(Clone, Copy, Debug)]
enum Blame {
    /// The chunk that the worker had begun, if that was lost before.
    Begun(Cause),
    /// The number that the worker was at by its own account, and no other.
    Number(i64, Cause),
}

/// Tries are multiplied by this for numbers whose workers are killed from outside.
const OUTSIDE: u16 = 4;

impl Scheduler {
    pub(super) fn lose(
        &mut self,
        worker: WorkerId,
        cause: Option<Cause>,
    ) -> Result<TakenBack, Violation> {
        self.living(worker)?;
        self.late.forget_worker(worker);
        let crash_report = self.workers[worker.0 as usize].crash_report.take();
        let crash_report =
            crash_report.filter(|crash_report| self.leases.is_held(worker, crash_report.n));
        let blame = cause.map(|cause| match crash_report {
            Some(crash_report) => {
                Blame::Number(crash_report.n, crash_report.cause.unwrap_or(cause))
            }
            None => Blame::Begun(cause),
        });
        let taken_back = self.reclaim(worker, blame, |scheduler, chunk| {
            scheduler.late.forget(chunk.lease);
            match scheduler.once {
                Some(_) => scheduler.take_from_lost(worker, chunk, crash_report.is_some()),
                None => scheduler.put_back(chunk, blame),
            }
        });
        self.leases.forget(worker);
        self.stream.drop_text(worker);
        self.close_account(worker);
        let state = &mut self.workers[worker.0 as usize];
        state.is_lost = true;
        self.silent -= u32::from(core::mem::take(&mut state.is_silent));
        self.agents -= u32::from(state.window.is_agent());
        let has_said_farewell = state.has_said_farewell;
        self.missing += u32::from(!state.window.is_agent());
        self.strength -= state.window.workers();
        self.living.remove(&worker);
        self.low.remove(&worker);
        self.close_work_account(worker, has_said_farewell);
        Ok(taken_back)
    }

    pub(super) fn note_crash_report(
        &mut self,
        worker: WorkerId,
        crash_report: CrashReport,
    ) -> Result<(), Violation> {
        self.living(worker)?;
        self.workers[worker.0 as usize].crash_report = Some(crash_report);
        Ok(())
    }

    pub(super) fn silence(&mut self, worker: WorkerId) -> Result<TakenBack, Violation> {
        self.living(worker)?;
        let everything = Action::Withdraw { worker, lease: EVERY_LEASE, parts: 0 };
        self.pending.push_back(everything);
        let stop = self.workers[worker.0 as usize].stopped_at.take();
        let mut is_blamed = false;
        let taken_back = self.reclaim(worker, None, |scheduler, chunk| {
            // Another worker may have been waiting for an answer of this one: no more.
            scheduler.late.forget(chunk.lease);
            if scheduler.once.is_some() {
                return scheduler.forsake(chunk.rest);
            }
            let stop =
                stop.filter(|(numbers, _)| chunk.rest.contains(Interval::single(numbers.first())));
            is_blamed |= stop.is_some();
            // The first time, a process from outside is to blame: the chunk stays whole, and its answers can
            // be compared.
            if let Some((numbers, cause)) = stop
                && chunk.cause == cause.digest()
            {
                return scheduler.blame_for_stop(chunk, numbers, cause);
            }
            let Reclaimed { lease, rest: interval, losses, cause, .. } = chunk;
            let cause = stop.map_or(cause, |(_, cause)| cause.digest());
            // What a program puts out need not be the same twice.
            let is_compared = !matches!(scheduler.aggregate, Aggregate::Run { .. });
            let (attempts, late) = (lease.attempt(), is_compared.then_some(lease));
            if is_compared {
                scheduler.late.expect(lease, worker, interval);
            }
            scheduler.ledger.put_back(Returned { interval, attempts, losses, cause, late });
        });
        let state = &mut self.workers[worker.0 as usize];
        state.is_explained = is_blamed;
        self.silent += u32::from(!core::mem::replace(&mut state.is_silent, true));
        state.window.clear();
        self.note_silence(worker, true);
        self.stream.drop_text(worker);
        Ok(taken_back)
    }

    /// A worker did not go on after it was stopped at these numbers of a chunk. A process that stops workers
    /// from outside hits the same number again and again only by chance, so such a number gets more tries.
    fn blame_for_stop(&mut self, chunk: Reclaimed, numbers: Interval, cause: Cause) {
        let blame = match numbers.len() {
            1 => Blame::Number(numbers.first(), cause),
            _ => Blame::Begun(cause),
        };
        self.put_back(Reclaimed { is_blamed: true, ..chunk }, Some(blame));
    }

    /// Notes at which numbers a worker is stopped; whether a worker was stopped in that chunk before.
    pub(crate) fn stopped_at(&mut self, worker: WorkerId, numbers: Interval, cause: Cause) -> bool {
        self.workers[worker.0 as usize].stopped_at = Some((numbers, cause));
        self.leases.cause_at(worker, numbers.first()) == Some(cause.digest())
    }

    /// A worker goes on after a stop.
    pub(crate) fn went_on(&mut self, worker: WorkerId) {
        self.workers[worker.0 as usize].stopped_at = None;
    }

    /// A worker is about to be lost at this number, as can be seen from outside.
    pub(crate) fn report_crash_for(&mut self, worker: WorkerId, n: i64, cause: Cause) {
        self.workers[worker.0 as usize].crash_report = Some(CrashReport { n, cause: Some(cause) });
    }

    pub(super) fn awaken(&mut self, worker: WorkerId) -> Result<(), Violation> {
        self.living(worker)?;
        let state = &mut self.workers[worker.0 as usize];
        self.silent -= u32::from(core::mem::take(&mut state.is_silent));
        state.is_explained = false;
        self.note_silence(worker, false);
        self.queue(worker);
        Ok(())
    }

    pub(super) fn begun(
        &mut self,
        worker: WorkerId,
        busy_ns: u64,
        begun: Begun<'_>,
    ) -> Result<(), Violation> {
        self.living(worker)?;
        begun.iter().for_each(|lease| self.leases.begin(worker, lease));
        self.account(worker, 0, 0, busy_ns);
        Ok(())
    }

    pub(super) fn released(
        &mut self,
        worker: WorkerId,
        busy_ns: u64,
        releases: Releases<'_>,
    ) -> Result<(), Violation> {
        self.living(worker)?;
        let mut settled = 0;
        for (lease, first) in releases.iter() {
            // Whatever comes of it, it is not done by one worker alone.
            self.late.forget(lease);
            let Standing::InForce(held) = self.leases.standing(lease, worker) else { continue };
            let rest = held.rest();
            let tail = Interval::new(first, rest.last()).filter(|tail| rest.contains(*tail));
            let Some(tail) = tail else { return Err(Violation::NotDue { worker, lease }) };
            // A number that is alone from now on gets all tries once more.
            let is_alone_now = tail.len() == 1 && rest.len() > 1;
            let losses = if is_alone_now { 0 } else { held.losses() };
            let cause = held.cause();
            match Interval::new(rest.first(), tail.first().saturating_sub(1)) {
                Some(kept) if tail.first() > rest.first() => {
                    self.leases.shorten(worker, lease, kept);
                }
                _ => {
                    self.leases.end(worker, lease);
                    settled += 1;
                }
            }
            self.workers[worker.0 as usize].window.relieved(tail.len());
            self.note_untouched(tail);
            match lease.attempt() {
                1 => self.ledger.give_back(tail),
                // It was tried before: the next worker learns that by its attempt.
                attempt => {
                    let (attempts, late) = (attempt - 1, None);
                    let interval = tail;
                    self.ledger.put_back(Returned { interval, attempts, losses, cause, late });
                }
            }
        }
        self.account(worker, settled, 0, busy_ns);
        self.queue_all();
        Ok(())
    }

    /// Takes all leases of a worker back, of which one may be to blame for that.
    fn reclaim(
        &mut self,
        worker: WorkerId,
        blame: Option<Blame>,
        mut put_back: impl FnMut(&mut Self, Reclaimed),
    ) -> TakenBack {
        let before = self.leases.numbers();
        let mut reclaimed = alloc::vec::Vec::new();
        self.leases.reclaim(worker, |chunk| reclaimed.push(chunk));
        let numbers = before - self.leases.numbers();
        let is_explained = match blame {
            Some(Blame::Number(..)) => true,
            Some(Blame::Begun(_)) => reclaimed.iter().any(|chunk| chunk.is_blamed),
            None => self.workers[worker.0 as usize].is_explained,
        };
        let chunks = reclaimed.len();
        let given_up = self.given_up;
        for chunk in reclaimed {
            if let Some(pieces) = &mut self.pieces {
                let (attempt, interval) = (chunk.lease.attempt(), chunk.rest);
                let (busy_ns, is_end, is_lost, failed) = (0, true, true, None);
                pieces.push(LeasePiece {
                    worker,
                    attempt,
                    interval,
                    busy_ns,
                    is_end,
                    is_lost,
                    failed,
                });
            }
            put_back(self, chunk);
        }
        self.workers[worker.0 as usize].account.numbers += self.given_up - given_up;
        if chunks > 0 {
            // Workers that have run out of work may take them.
            self.queue_all();
        }
        TakenBack { chunks, numbers, is_explained }
    }

    /// How often a single number may be lost alone before it fails.
    ///
    /// A process that kills workers at random also hits workers at one number. More tries tell this apart: a number that
    /// runs out of memory loses its worker each time.
    fn tries(&self, cause: Cause) -> u16 {
        let tries = u16::from(self.retries) + 1;
        let tries = if cause.is_from_outside() { OUTSIDE * tries } else { tries };
        // Losses are counted no further.
        tries.min(u8::MAX.into())
    }

    /// Puts a lost chunk back: whole, in halves, around a number that is to blame, or as a failure.
    fn put_back(&mut self, chunk: Reclaimed, blame: Option<Blame>) {
        let Reclaimed { lease, rest: interval, losses, cause: before, is_blamed } = chunk;
        let whole =
            Returned { interval, attempts: lease.attempt(), losses, cause: before, late: None };
        let cause = match blame {
            Some(Blame::Number(n, cause)) if interval.contains(Interval::single(n)) => {
                self.set_apart(whole, n, cause);
                return;
            }
            Some(Blame::Begun(cause)) if is_blamed => cause,
            _ => {
                self.ledger.put_back(whole);
                return;
            }
        };
        let digest = cause.digest();
        // A number does the same to its worker each time; another process need not.
        let is_another = interval.len() == 1 && before != 0 && before != digest;
        let losses = if is_another { 1 } else { losses.saturating_add(1) };
        let whole = Returned { losses, cause: digest, ..whole };
        // The first loss of a chunk is not blamed on it, so its tries are one more than its blamed losses.
        let most = self.retries.max(1);
        if interval.len() == 1 && u16::from(losses) >= self.tries(cause) {
            self.give_up(Failure { interval, cause });
        } else if interval.len() == 1 || losses < most {
            self.ledger.put_back(whole);
        } else {
            let (lower, upper) = interval.split_front(interval.len().div_ceil(2));
            for interval in core::iter::once(lower).chain(upper) {
                let losses = if interval.len() == 1 { 0 } else { most - 1 };
                self.ledger.put_back(Returned { interval, losses, ..whole });
            }
        }
    }

    /// Puts a chunk back in up to three: the number that a worker said it was at when it was lost, alone,
    /// and what lies below and above it.
    fn set_apart(&mut self, whole: Returned, n: i64, cause: Cause) {
        let interval = Interval::single(n);
        // In its chunk the number was not alone, so that is one loss, whatever the chunk lost before. Kills from outside
        // do not count against the number either.
        let before = Cause::from_digest(whole.cause);
        let is_by_others = before.is_some_and(Cause::is_from_outside) && !cause.is_from_outside();
        let is_again = whole.interval == interval && !is_by_others;
        let losses = if is_again { whole.losses.saturating_add(1) } else { 1 };
        if u16::from(losses) >= self.tries(cause).max(2) {
            self.give_up(Failure { interval, cause });
            return;
        }
        let digest = cause.digest();
        let alone = Returned { interval, losses, cause: digest, ..whole };
        let below = n.checked_sub(1).and_then(|last| Interval::new(whole.interval.first(), last));
        let below = below.map(|interval| Returned { interval, ..whole });
        let above = whole.interval.above(n).map(|interval| Returned { interval, ..whole });
        [below, Some(alone), above].into_iter().flatten().for_each(|part| {
            let is_alone = part.interval.len() == 1 && part.interval != interval;
            // A number that is alone from now on gets all tries once more.
            self.ledger.put_back(if is_alone { Returned { losses: 0, ..part } } else { part });
        });
    }

    /// A number has been lost often enough.
    pub(super) fn give_up(&mut self, failure: Failure) {
        self.quarantined += 1;
        self.given_up += failure.interval.len();
        // Said before it is in a record.
        self.pending.push_back(Action::Quarantined(failure));
        self.fail(failure);
    }

    /// Reports a number that workers were lost at, when it is done after all. Not after a signal that other processes
    /// send: that says nothing about the number.
    #[cold]
    pub(super) fn note_recovery(&mut self, done: HeldRow) {
        if done.row().numbers().len() == 1
            && done.losses() > 0
            && let Some(cause) = Cause::from_digest(done.cause())
            && !cause.is_from_outside()
        {
            self.pending.push_back(Action::Recovered(Failure { interval: done.rest(), cause }));
        }
    }

    /// A worker or agent reports numbers of which a try failed and a later one passed. Nothing is reported of numbers
    /// that it does not hold any more: others do them.
    pub(crate) fn recovered(&mut self, worker: WorkerId, recovered: Failure) {
        if self.leases.is_held(worker, recovered.interval.first()) {
            self.pending.push_back(Action::Recovered(recovered));
        }
    }
}
