//! Answers: whole leases and parts of them, checked before they are merged.

use super::late::Conflict;
use super::{Action, LeasePiece, Record, Scheduler, Violation};
use crate::aggregate::{Aggregate, Gist, Value};
use crate::frame::Answers;
use crate::interval::Interval;
use crate::lease::{LeaseId, Standing, WorkerId};
use crate::partial::{Cause, Failure, Partial};

impl Scheduler {
    #[inline]
    pub(super) fn answered(
        &mut self,
        worker: WorkerId,
        busy_ns: u64,
        answers: Answers<'_>,
    ) -> Result<(), Violation> {
        self.living(worker)?;
        let (mut numbers, mut settled) = (0, 0);
        let mut outcome = Ok(());
        let mut answers = answers.iter();
        loop {
            let next = if self.counts_alone() {
                let Self { leases, to_record, .. } = self;
                let (ended, of_them, next) =
                    leases.settle_run(worker, &mut answers, |done, count| {
                        to_record.count(done, count);
                    });
                settled += ended;
                numbers += of_them;
                next
            } else {
                answers.next()
            };
            let Some((lease, word)) = next else { break };
            let rest = match self.leases.standing(lease, worker) {
                Standing::InForce(rest) => rest,
                Standing::Settled { word: before, first } if before != word => {
                    let gist = |word| {
                        self.aggregate
                            .from_word(word)
                            .map_or(Gist::default(), |value| Gist::of(&value))
                    };
                    let values = Gist::integers([gist(before), gist(word)], self.aggregate);
                    outcome = Err(Violation::Twice { first, values });
                    break;
                }
                Standing::Settled { .. } | Standing::Unknown => {
                    self.stale_answers += 1;
                    if let Some(value) = self.aggregate.from_word(word)
                        && let Err(conflict) = self.compare(lease, &value, true)
                    {
                        outcome = Err(conflict);
                        break;
                    }
                    continue;
                }
            };
            if let Err(violation) = self.settle(worker, lease, (rest, word)) {
                outcome = Err(violation);
                break;
            }
            if lease.attempt() > 1 {
                self.note_recovery(lease, rest);
            }
            self.tell_piece(worker, lease, rest, true);
            numbers += rest.len();
            settled += 1;
        }
        self.windows += settled as u64;
        self.time_pieces(settled, numbers, busy_ns);
        self.credits.count(numbers);
        self.account(worker, settled, numbers, busy_ns);
        outcome
    }

    /// Whether an answer to a first attempt is only counted: at the highest rates, this is the way of almost every
    /// answer.
    fn counts_alone(&self) -> bool {
        let is_plain = self.late.is_empty() && !self.is_open && self.pieces.is_none();
        is_plain && self.aggregate == Aggregate::Count
    }

    /// Takes the answer to a lease in force over its rest.
    #[inline]
    fn settle(
        &mut self,
        worker: WorkerId,
        lease: LeaseId,
        (rest, word): (Interval, u64),
    ) -> Result<(), Violation> {
        let value = self.aggregate.from_word(word);
        let value = value.filter(|value| self.aggregate.admits(value, &[rest]));
        let value = value.ok_or(Violation::ImpossibleValue { worker, lease })?;
        self.compare(lease, &value, true)?;
        self.leases.settle(lease, word);
        self.done(rest, value);
        Ok(())
    }

    pub(super) fn partly(
        &mut self,
        worker: WorkerId,
        lease: LeaseId,
        busy_ns: u64,
        partial: Partial,
    ) -> Result<(), Violation> {
        self.living(worker)?;
        self.credits.receive(worker, partial.in_flight());
        if !partial.failed.is_empty() {
            // Whether a number fails depends on more than the number: that is no conflict.
            self.late.forget(lease);
        }
        let Standing::InForce(rest) = self.leases.standing(lease, worker) else {
            self.stale_answers += 1;
            // Not its end: what follows under the same name says that.
            let noted = self.compare(lease, &partial.value, false);
            self.give_credit(worker, partial.in_flight());
            return noted;
        };
        let span = partial.span().filter(|span| span.first() == rest.first());
        let Some(span) = span.filter(|span| rest.contains(*span)) else {
            return Err(Violation::NotDue { worker, lease });
        };
        if let Aggregate::Run { .. } = self.aggregate
            && let [Failure { cause: Cause::Unknown, .. }] = partial.failed[..]
            && let Value::Lines { text, .. } = &partial.value
            && !text.is_empty()
        {
            // The worker ended the command, and leaves: its numbers stay in hand.
            if self.is_draining && !self.is_open {
                self.stream.put_interrupted(span.first(), text);
            }
            return Ok(());
        }
        if !self.aggregate.admits(&partial.value, &partial.covered) {
            return Err(Violation::ImpossibleValue { worker, lease });
        }
        let is_end = span.last() == rest.last();
        self.compare(lease, &partial.value, is_end)?;
        let settled = match rest.above(span.last()) {
            Some(rest) if !is_end => {
                self.leases.shorten(lease, rest);
                0
            }
            _ => {
                if lease.attempt() > 1 && partial.failed.is_empty() {
                    self.note_recovery(lease, rest);
                }
                self.windows += u64::from(partial.failed.is_empty());
                self.leases.end(lease);
                1
            }
        };
        for failure in &partial.failed {
            self.pending.push_back(Action::Quarantined(*failure));
        }
        let pieces = self.tell_partial(worker, lease, &partial, is_end);
        if self.is_open || self.aggregate.is_streamed() {
            self.pass_on(Record::of(partial, worker));
        } else {
            self.to_record.append(partial);
        }
        self.time_pieces(pieces, span.len(), busy_ns);
        self.credits.count(span.len());
        self.account(worker, settled, span.len(), busy_ns);
        Ok(())
    }

    #[inline]
    fn tell_piece(&mut self, worker: WorkerId, lease: LeaseId, interval: Interval, is_end: bool) {
        if let Some(pieces) = &mut self.pieces {
            let (attempt, busy_ns, is_lost, failed) = (lease.attempt(), 0, false, None);
            pieces.push(LeasePiece { worker, attempt, interval, busy_ns, is_end, is_lost, failed });
        }
    }

    /// Tells the intervals and the failures of a partial, each as a piece; how many.
    fn tell_partial(
        &mut self,
        worker: WorkerId,
        lease: LeaseId,
        partial: &Partial,
        is_end: bool,
    ) -> usize {
        let Some(pieces) = &mut self.pieces else { return 0 };
        let before = pieces.len();
        let (attempt, busy_ns, is_lost) = (lease.attempt(), 0, false);
        let covered = partial.covered.iter().map(|interval| (*interval, None));
        let failed = partial.failed.iter().map(|failure| (failure.interval, Some(failure.cause)));
        pieces.extend(covered.chain(failed).map(|(interval, failed)| {
            let is_end = failed.is_some();
            LeasePiece { worker, attempt, interval, busy_ns, is_end, is_lost, failed }
        }));
        pieces[before..].sort_unstable_by_key(|piece| piece.interval.first());
        if let Some(last) = pieces.last_mut() {
            last.is_end |= is_end;
        }
        pieces.len() - before
    }

    /// Shares out the time that a message measured among its pieces, the last ones told.
    #[inline]
    fn time_pieces(&mut self, count: usize, numbers: u128, busy_ns: u64) {
        if let Some(pieces) = &mut self.pieces {
            let first = pieces.len() - count;
            for piece in &mut pieces[first..] {
                let share = u128::from(busy_ns) * piece.interval.len() / numbers.max(1);
                piece.busy_ns = share as u64;
            }
        }
    }

    /// Compares what is about to be merged with what another holder of the chunk said, if any did.
    #[inline]
    fn compare(&mut self, lease: LeaseId, value: &Value, is_end: bool) -> Result<(), Violation> {
        // What a program puts out need not be the same twice.
        if self.late.is_empty() || matches!(self.aggregate, Aggregate::Run { .. }) {
            return Ok(());
        }
        self.late.note(lease, Gist::of(value), is_end).map_err(|Conflict { numbers, found }| {
            Violation::Conflict { numbers, values: Gist::integers(*found, self.aggregate) }
        })
    }
}
