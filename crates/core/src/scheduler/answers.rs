//! Answers: whole leases and parts of them, checked before they are merged.

use super::late::Conflict;
use super::{Action, LeasePiece, Record, Scheduler, Violation};
use crate::aggregate::{Aggregate, AnswerDigest, Value};
use crate::frame::Answers;
use crate::interval::Interval;
use crate::lease::{AnswerRow, AssignmentRow, HeldRow, LeaseId, Standing, WorkerId};
use crate::partial::{Cause, Failure, Partial};

/// What the answers of one message settled.
#[derive(Clone, Copy, Debug, Default)]
struct Settled {
    chunks: usize,
    numbers: u128,
}

impl Scheduler {
    #[inline]
    pub(super) fn answered(
        &mut self,
        worker: WorkerId,
        busy_ns: u64,
        answers: Answers<'_>,
    ) -> Result<(), Violation> {
        self.living(worker)?;
        let mut settled = Settled::default();
        let mut rows = answers.rows();
        let outcome = rows.try_for_each(|row| self.answered_row(worker, row, &mut settled));
        let Settled { chunks, numbers } = settled;
        self.windows += chunks as u64;
        self.time_pieces(chunks, numbers, busy_ns);
        self.credits.count(numbers);
        self.account(worker, chunks, numbers, busy_ns);
        outcome
    }

    /// Takes answers to leases that follow each other: those to chunks that were lent in a row in one step.
    fn answered_row(
        &mut self,
        worker: WorkerId,
        answers: AnswerRow<'_>,
        settled: &mut Settled,
    ) -> Result<(), Violation> {
        let mut rest = Some(answers);
        while let Some(answers) = rest {
            let standing = self.leases.standing(answers.lease(), worker);
            let at_once = match standing {
                Standing::InForce(held) if self.settles_rows() => held.row().len(),
                _ => 1,
            };
            let (answers, behind) = answers.split_front(at_once);
            rest = behind;
            match standing {
                Standing::InForce(held) => {
                    let held = held.first(answers.len());
                    self.settle(worker, held, answers)?;
                    settled.chunks += answers.len() as usize;
                    settled.numbers += held.row().numbers().len();
                }
                _ => self.answered_again(standing, answers)?,
            }
        }
        Ok(())
    }

    /// Whether the answers to a row of chunks are one piece of the answer of the run: no single one is reported or
    /// passed on. Those that are compared are in no row: a chunk that goes out again has a lease of its own.
    fn settles_rows(&self) -> bool {
        !self.is_open && !self.aggregate.is_streamed() && self.pieces.is_none()
    }

    /// Compares an answer to a chunk that is not in force with what is known of that chunk.
    #[cold]
    fn answered_again(
        &mut self,
        standing: Standing,
        answers: AnswerRow<'_>,
    ) -> Result<(), Violation> {
        for (lease, word) in answers.answers() {
            if let Standing::Settled { word: before, first } = standing
                && before != word
            {
                let digest = |word| {
                    let value = self.aggregate.from_word(word);
                    value.map_or(AnswerDigest::default(), |value| AnswerDigest::of(&value))
                };
                let values = AnswerDigest::integers([digest(before), digest(word)], self.aggregate);
                return Err(Violation::Twice { first, values });
            }
            self.stale_answers += 1;
            if let Some(value) = self.aggregate.from_word(word) {
                self.compare(lease, &value, true)?;
            }
        }
        Ok(())
    }

    /// Takes an answer to each chunk of a row in force, over its rest.
    #[inline]
    fn settle(
        &mut self,
        worker: WorkerId,
        held: HeldRow,
        answers: AnswerRow<'_>,
    ) -> Result<(), Violation> {
        let (lease, numbers) = (answers.lease(), held.row().numbers());
        let value = self.value_of(held.row(), answers);
        let value = value.ok_or(Violation::ImpossibleValue { worker, lease })?;
        self.compare(lease, &value, true)?;
        self.leases.settle(worker, answers);
        self.done(numbers, value);
        if lease.attempt() > 1 {
            self.note_recovery(held);
        }
        self.tell_piece(worker, lease, numbers, true);
        Ok(())
    }

    /// The value over a row of chunks; `None` if a word cannot be the value of its chunk.
    #[inline]
    fn value_of(&self, row: AssignmentRow, answers: AnswerRow<'_>) -> Option<Value> {
        if self.aggregate == Aggregate::Count {
            let (largest, sum) = answers.largest_and_sum();
            let is_possible = u128::from(largest) <= row.first().interval.len();
            return is_possible.then_some(Value::Count(sum));
        }
        let mut whole = self.aggregate.empty();
        for (chunk, word) in row.chunks().zip(answers.words()) {
            let value = self.aggregate.from_word(word)?;
            if !self.aggregate.admits(&value, &[chunk.interval], self.selection) {
                return None;
            }
            whole.merge(value);
        }
        Some(whole)
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
        let Standing::InForce(held) = self.leases.standing(lease, worker) else {
            self.stale_answers += 1;
            // Not its end: what follows under the same name says that.
            let noted = self.compare(lease, &partial.value, false);
            self.give_credit(worker, partial.in_flight());
            return noted;
        };
        let rest = held.rest();
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
        if !self.aggregate.admits(&partial.value, &partial.covered, self.selection) {
            return Err(Violation::ImpossibleValue { worker, lease });
        }
        let is_end = span.last() == rest.last();
        self.compare(lease, &partial.value, is_end)?;
        let settled = match rest.above(span.last()) {
            Some(rest) if !is_end => {
                self.leases.shorten(worker, lease, rest);
                0
            }
            _ => {
                if lease.attempt() > 1 && partial.failed.is_empty() {
                    self.note_recovery(held.first(1));
                }
                self.windows += u64::from(partial.failed.is_empty());
                self.leases.end(worker, lease);
                1
            }
        };
        for failure in &partial.failed {
            self.pending.push_back(Action::Quarantined(*failure));
        }
        let pieces = self.tell_partial(worker, lease, &partial, is_end);
        if self.is_open || self.aggregate.is_streamed() {
            let mut record = Record::of(partial, worker);
            self.stream.answered(span, worker, &mut record);
            self.pass_on(record);
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
        if self.late.is_empty() {
            return Ok(());
        }
        self.late.note(lease, AnswerDigest::of(value), is_end).map_err(
            |Conflict { numbers, found }| Violation::Conflict {
                numbers,
                values: AnswerDigest::integers(*found, self.aggregate),
            },
        )
    }
}
