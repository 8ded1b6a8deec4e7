//! Chunks that come back: of workers that are lost or silent, and what workers give back.
//!
//! A chunk that is lost with its worker goes to another, whole. A worker says when it begins a chunk
//! that was lost before, so that it is known which one it was at. A chunk that lost so many workers
//! is halved, and each half is tried; so the one number that is to blame is found in about as many
//! losses as its chunk has binary digits. Alone, it gets all tries once more before it fails.

use super::{Action, Piece, Scheduler, Violation};
use crate::frame::{Begun, EVERY_LEASE, Releases};
use crate::interval::Interval;
use crate::lease::{Reclaimed, Standing, WorkerId};
use crate::ledger::Returned;
use crate::partial::{Cause, Failure};

/// So many times as many tries for numbers whose workers are killed from outside.
const OUTSIDE: u16 = 4;

impl Scheduler {
    pub(super) fn lose(&mut self, worker: WorkerId, cause: Option<Cause>) -> Result<(), Violation> {
        self.living(worker)?;
        self.late.forget_worker(worker);
        self.reclaim(worker, cause.is_some(), |scheduler, chunk| {
            scheduler.late.forget(chunk.lease);
            scheduler.put_back(chunk, cause);
        });
        self.close_account(worker);
        let state = &mut self.workers[worker.0 as usize];
        state.is_lost = true;
        self.strength -= state.window.workers();
        self.living.retain(|living| *living != worker);
        Ok(())
    }

    pub(super) fn silence(&mut self, worker: WorkerId) -> Result<(), Violation> {
        self.living(worker)?;
        let everything = Action::Withdraw { worker, lease: EVERY_LEASE, parts: 0 };
        self.pending.push_back(everything);
        self.reclaim(worker, false, |scheduler, chunk| {
            // Another worker may have been waiting for an answer of this one: no more.
            scheduler.late.forget(chunk.lease);
            scheduler.late.expect(chunk.lease, worker);
            let Reclaimed { lease, rest: interval, losses, cause, .. } = chunk;
            let (attempts, late) = (lease.attempt(), Some(lease));
            scheduler.ledger.put_back(Returned { interval, attempts, losses, cause, late });
        });
        let state = &mut self.workers[worker.0 as usize];
        state.is_silent = true;
        state.window.clear();
        Ok(())
    }

    pub(super) fn awaken(&mut self, worker: WorkerId) -> Result<(), Violation> {
        self.living(worker)?;
        self.workers[worker.0 as usize].is_silent = false;
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
        begun.iter().for_each(|lease| self.leases.begin(lease, worker));
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
            let Standing::InForce(rest) = self.leases.standing(lease, worker) else { continue };
            let tail = Interval::new(first, rest.last()).filter(|tail| rest.contains(*tail));
            let Some(tail) = tail else { return Err(Violation::NotDue { worker, lease }) };
            // A number that is alone from now on gets all tries once more.
            let losses = if tail.len() == 1 { 0 } else { self.leases.losses(lease) };
            let cause = self.leases.cause(lease);
            match Interval::new(rest.first(), tail.first().saturating_sub(1)) {
                Some(kept) if tail.first() > rest.first() => self.leases.shorten(lease, kept),
                _ => {
                    self.leases.end(lease);
                    settled += 1;
                }
            }
            match lease.attempt() {
                1 => self.ledger.give_back(tail),
                // What was tried before is not new: the next to try it is told so.
                attempt => {
                    let (attempts, late) = (attempt - 1, None);
                    let interval = tail;
                    self.ledger.put_back(Returned { interval, attempts, losses, cause, late });
                }
            }
        }
        self.account(worker, settled, 0, busy_ns);
        self.queue_everybody();
        Ok(())
    }

    /// Takes all leases of a worker back. Only where `blames` one of them may be what it is lost for.
    fn reclaim(
        &mut self,
        worker: WorkerId,
        blames: bool,
        mut put_back: impl FnMut(&mut Self, Reclaimed),
    ) {
        let before = self.leases.numbers();
        let mut reclaimed = alloc::vec::Vec::new();
        self.leases.reclaim(worker, |chunk| reclaimed.push(chunk));
        let numbers = before - self.leases.numbers();
        let is_explained = blames && reclaimed.iter().any(|chunk| chunk.is_blamed);
        let chunks = reclaimed.len();
        for chunk in reclaimed {
            if let Some(pieces) = &mut self.pieces {
                let (attempt, interval) = (chunk.lease.attempt(), chunk.rest);
                let (busy_ns, is_end, is_lost, failed) = (0, true, true, None);
                pieces.push(Piece { worker, attempt, interval, busy_ns, is_end, is_lost, failed });
            }
            put_back(self, chunk);
        }
        self.pending.push_back(Action::Reclaimed { worker, chunks, numbers, is_explained });
        if chunks > 0 {
            // Somebody who has run out of work may take it.
            self.queue_everybody();
        }
    }

    pub(super) fn queue_everybody(&mut self) {
        for index in 0..self.living.len() {
            self.queue(self.living[index]);
        }
    }

    /// How often a single number may be lost alone before it fails.
    ///
    /// Whoever kills workers at random hits those that are at one number, too. That is told apart by
    /// trying more often; whoever runs out of memory is killed each time.
    fn tries(&self, cause: Cause) -> u16 {
        let tries = u16::from(self.retries) + 1;
        let tries = if cause.is_from_outside() { OUTSIDE * tries } else { tries };
        // Losses are counted no further.
        tries.min(u8::MAX.into())
    }

    /// Puts a lost chunk back: whole, in halves, or as a failure.
    fn put_back(&mut self, chunk: Reclaimed, cause: Option<Cause>) {
        let Reclaimed { lease, rest: interval, losses, cause: before, is_blamed } = chunk;
        let whole =
            Returned { interval, attempts: lease.attempt(), losses, cause: before, late: None };
        let Some(cause) = cause.filter(|_| is_blamed) else {
            self.ledger.put_back(whole);
            return;
        };
        let digest = cause.digest();
        // What a number does to its worker is the same each time; what others do need not be.
        let is_another = interval.len() == 1 && before != 0 && before != digest;
        let losses = if is_another { 1 } else { losses.saturating_add(1) };
        let whole = Returned { losses, cause: digest, ..whole };
        // The first loss of a chunk blames nobody, so its tries are one more than its blamed losses.
        let most = self.retries.max(1);
        if interval.len() == 1 && u16::from(losses) >= self.tries(cause) {
            let failure = Failure { interval, cause };
            self.quarantined += 1;
            // Said before it is in a record.
            self.pending.push_back(Action::Quarantined(failure));
            self.fail(failure);
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
}
