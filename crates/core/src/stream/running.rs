//! Output of commands that still run, and of commands that were ended by force.
//!
//! In the order of the numbers, the output of the lowest number flows, and that of the others is held until they are
//! the lowest. In any order, whole lines flow at once. A command whose output must stand together, or that has begun a
//! line, holds the stream: the output of others is held until it has finished. Held bytes are charged to the credit of
//! their workers, so they are bounded.

use super::entries::BufferedLines;
use super::held::{HeldText, Holder, RunningKey};
use super::{ReadyOutput, Stream};
use crate::interval::Interval;
use crate::lease::WorkerId;
use crate::scheduler::Record;
use alloc::vec::Vec;

impl Stream {
    /// Takes a part of what a running command prints.
    pub(crate) fn put_text(&mut self, key: RunningKey, bytes: &[u8], is_open: bool) {
        if let Some(relay) = &mut self.relay {
            relay.put(key, bytes, is_open);
            return;
        }
        let is_passed = match self.in_any_order {
            true => !self.running.is_held_by_other(key),
            false => i128::from(key.0) == self.next,
        };
        if !is_passed {
            if bytes.is_empty() && !self.running.held.contains_key(&key) {
                return;
            }
            let held = self.running.held.entry(key).or_default();
            held.bytes.extend_from_slice(bytes);
            held.is_open = is_open;
            return;
        }
        self.pass_text(key, HeldText { bytes: bytes.to_vec(), is_open });
        if !is_open {
            self.release();
        }
    }

    fn pass_text(&mut self, key: RunningKey, HeldText { bytes, is_open }: HeldText) {
        let (_, worker) = key;
        let in_flight = bytes.len() as u64;
        let is_in_line = bytes.last().is_some_and(|last| *last != b'\n');
        self.running.holder = is_open.then_some(Holder { key, is_in_line, is_answered: false });
        self.count_lines(&bytes);
        if in_flight > 0 {
            self.ready.push_back(ReadyOutput::Text(bytes));
            self.ready.push_back(ReadyOutput::Merged(Some(worker), in_flight));
        }
    }

    fn count_lines(&mut self, bytes: &[u8]) {
        self.lines += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
    }

    /// The commands for these numbers are answered: what was held of them belongs to the record now, before the rest of
    /// their output. A worker answers for one command at a time, an agent for several.
    pub(crate) fn answered(&mut self, span: Interval, worker: WorkerId, record: &mut Record) {
        if let Some(relay) = &mut self.relay {
            relay.answered((span.first(), worker), record);
            return;
        }
        let is_answered =
            |key: &RunningKey| key.1 == worker && span.contains(Interval::single(key.0));
        if let Some(holder) = &mut self.running.holder
            && is_answered(&holder.key)
        {
            holder.is_answered = true;
        }
        let mut held_before = Vec::new();
        self.running.held.retain(|key, held| {
            let is_answered = is_answered(key);
            if is_answered {
                held_before.append(&mut held.bytes);
            }
            !is_answered
        });
        if !held_before.is_empty() {
            record.put_before(held_before);
        }
    }

    /// Takes the output of a command that has finished.
    pub(super) fn put_in_any_order(&mut self, first: i64, piece: BufferedLines) {
        let key = piece.worker.map(|worker| (first, worker));
        if self.running.holder.is_some_and(|holder| Some(holder.key) != key) {
            self.running.finished.push_back(piece);
            return;
        }
        self.merge(piece);
        self.release();
    }

    /// Ends the hold of a command, and passes on what waited, up to output that holds the stream in turn.
    fn release(&mut self) {
        self.running.holder = None;
        if !self.in_any_order {
            return;
        }
        while let Some(piece) = self.running.finished.pop_front() {
            self.merge(piece);
        }
        while self.running.holder.is_none()
            && let Some((key, held)) = self.running.held.pop_first()
        {
            self.pass_text(key, held);
        }
    }

    /// In the order of the numbers: passes on what was held of the command that is at the lowest number now.
    pub(super) fn pass_lowest_held(&mut self) {
        if !self.in_any_order
            && let Some(entry) = self.running.held.first_entry()
            && i128::from(entry.key().0) == self.next
        {
            let (key, held) = entry.remove_entry();
            self.pass_text(key, held);
        }
    }

    /// Drops what was held of a worker that does not answer: another worker runs its command again. A line that it has
    /// begun in the stream ends here.
    pub(crate) fn drop_text(&mut self, worker: WorkerId) {
        if let Some(relay) = &mut self.relay {
            relay.drop_text(worker);
            return;
        }
        let is_of = |key: &RunningKey| key.1 == worker;
        let mut dropped = 0;
        self.running.held.retain(|key, held| {
            dropped += if is_of(key) { held.bytes.len() as u64 } else { 0 };
            !is_of(key)
        });
        if dropped > 0 {
            self.ready.push_back(ReadyOutput::Merged(Some(worker), dropped));
        }
        let holder = self.running.holder.filter(|holder| is_of(&holder.key));
        if let Some(holder) = holder.filter(|holder| !holder.is_answered) {
            self.end_line_of(holder);
            self.release();
        }
    }

    fn end_line_of(&mut self, holder: Holder) {
        if holder.is_in_line {
            self.lines += 1;
            self.ready.push_back(ReadyOutput::Text(b"\n".to_vec()));
        }
    }

    /// Whether the output of this worker waits for that of another one.
    pub(crate) fn holds_back(&self, worker: WorkerId) -> bool {
        if let Some(relay) = &self.relay {
            return relay.holds_back(worker);
        }
        self.in_any_order && self.running.holder.is_some_and(|holder| holder.key.1 != worker)
    }

    /// In the order of the numbers: the number of the command of this worker whose output waits for lower numbers.
    pub(crate) fn waits_in_order(&self, worker: WorkerId) -> Option<i64> {
        if self.in_any_order {
            return None;
        }
        let is_of = |key: &&RunningKey| key.1 == worker;
        let key = match &self.relay {
            Some(relay) => relay.waiting().find(is_of),
            None => self.running.held.keys().find(is_of),
        };
        key.map(|key| key.0)
    }

    /// Keeps what a command printed that was ended by force.
    pub(crate) fn put_interrupted(&mut self, first: i64, text: &[u8]) {
        self.interrupted.insert(first, text.to_vec());
    }

    /// Passes on what such commands printed, in the order of their numbers, unless these are done.
    pub(crate) fn pass_interrupted(&mut self, is_done: impl Fn(i64) -> bool) {
        self.end_holders();
        for ((first, _), held) in core::mem::take(&mut self.running.held) {
            let mut text = held.bytes;
            text.extend(self.interrupted.remove(&first).unwrap_or_default());
            self.interrupted.insert(first, text);
        }
        for (first, text) in core::mem::take(&mut self.interrupted) {
            if !is_done(first) {
                self.pass_interrupted_text(text);
            }
        }
    }

    /// Passes on the rest of commands whose output is in the stream already, directly behind it.
    pub(super) fn end_holders(&mut self) {
        while let Some(holder) = self.running.holder {
            match self.interrupted.remove(&holder.key.0) {
                Some(text) => self.pass_interrupted_text(text),
                None => self.end_line_of(holder),
            }
            self.release();
        }
    }

    fn pass_interrupted_text(&mut self, text: Vec<u8>) {
        self.count_lines(&text);
        self.ready.push_back(ReadyOutput::Text(text));
    }
}

#[cfg(test)]
mod tests;
