//! Output of commands that still run, and of commands that were ended by force.
//!
//! In the order of the numbers, the output of the lowest number flows, and that of the others is held until they are
//! the lowest. In any order, whole lines flow at once. A command whose output must stand together, or that has begun a
//! line, holds the stream: the output of others is held until it has finished. Held bytes are charged to the credit of
//! their workers, so they are bounded.

use super::entries::BufferedLines;
use super::{ReadyOutput, Stream};
use crate::aggregate::Value;
use crate::lease::WorkerId;
use crate::scheduler::Record;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

/// A running command: its first number, and its worker.
type RunningKey = (i64, WorkerId);

/// Output of running commands.
#[derive(Debug, Default)]
pub(super) struct RunningOutput {
    /// What was printed and waits.
    held: BTreeMap<RunningKey, HeldText>,
    /// The command that holds the stream.
    holder: Option<Holder>,
    /// In any order: the output of commands that finished while another one held the stream.
    finished: VecDeque<BufferedLines>,
}

#[derive(Debug, Default)]
struct HeldText {
    bytes: Vec<u8>,
    is_open: bool,
}

#[derive(Clone, Copy, Debug)]
struct Holder {
    key: RunningKey,
    /// Whether its last byte in the stream is no newline.
    is_in_line: bool,
    /// Whether its answer has arrived, and is on its way here.
    is_answered: bool,
}

impl RunningOutput {
    /// Whether no output of finished commands waits.
    pub(super) fn has_no_finished(&self) -> bool {
        self.finished.is_empty()
    }

    fn is_held_by_other(&self, key: RunningKey) -> bool {
        self.holder.is_some_and(|holder| holder.key != key)
    }
}

impl Stream {
    /// Takes a part of what a running command prints.
    pub(crate) fn put_text(&mut self, key: RunningKey, bytes: &[u8], is_open: bool) {
        let is_passed = match self.in_any_order {
            true => !self.running.is_held_by_other(key),
            false => i128::from(key.0) == self.next,
        };
        if !is_passed {
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
        self.ready.push_back(ReadyOutput::Text(bytes));
        self.ready.push_back(ReadyOutput::Merged(Some(worker), in_flight));
    }

    fn count_lines(&mut self, bytes: &[u8]) {
        self.lines += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
    }

    /// A command is answered: what was held of it belongs to the record now, before the rest of its output.
    pub(crate) fn answered(&mut self, key: RunningKey, record: &mut Record) {
        if let Some(holder) = self.running.holder.as_mut().filter(|holder| holder.key == key) {
            holder.is_answered = true;
        }
        let Some(HeldText { mut bytes, .. }) = self.running.held.remove(&key) else { return };
        record.in_flight += bytes.len() as u64;
        if let Value::Lines { lines, text } = &mut record.value {
            bytes.append(text);
            (*lines, *text) = ((*lines).max(1), bytes);
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
        self.in_any_order && self.running.holder.is_some_and(|holder| holder.key.1 != worker)
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
mod tests {
    use super::*;
    use crate::aggregate::Aggregate;
    use crate::interval::Interval;
    use crate::partial::Partial;
    use crate::stream::StreamOutput;
    use std::string::String;

    const A: WorkerId = WorkerId(0);
    const B: WorkerId = WorkerId(1);

    struct Output(Stream);

    impl Output {
        fn new(in_order: bool) -> Self {
            Self(Stream::new(Aggregate::Run { in_order }, Some(0)))
        }

        fn text(&mut self, n: i64, worker: WorkerId, text: &str, is_open: bool) {
            self.0.put_text((n, worker), text.as_bytes(), is_open);
        }

        /// The answer of a command with the rest of its output.
        fn end(&mut self, n: i64, worker: WorkerId, text: &str) {
            let value =
                Value::Lines { lines: u64::from(!text.is_empty()), text: text.as_bytes().to_vec() };
            let mut record = Record::of(Partial::over(Interval::single(n), value), worker);
            self.0.answered((n, worker), &mut record);
            self.0.put(&mut record);
        }

        /// What has left, and the bytes for which each worker gets credit.
        fn passed(&mut self) -> (String, [u64; 2]) {
            let (mut text, mut merged) = (String::new(), [0; 2]);
            while let Some(passed) = self.0.pass() {
                match passed {
                    StreamOutput::Lines(lines) => text += core::str::from_utf8(&lines).unwrap(),
                    StreamOutput::Merged(worker, bytes) => merged[worker.0 as usize] += bytes,
                }
            }
            (text, merged)
        }
    }

    #[test]
    fn whole_lines_leave_at_once_in_any_order() {
        let mut output = Output::new(false);
        output.text(5, A, "a\n", false);
        output.text(2, B, "b\nc\n", false);
        assert_eq!(output.passed(), ("a\nb\nc\n".into(), [2, 4]));
        output.end(2, B, "");
        output.end(5, A, "rest");
        assert_eq!(output.passed().0, "rest");
        assert!(output.0.is_empty());
    }

    #[test]
    fn output_that_must_stand_together_holds_back_that_of_others() {
        let mut output = Output::new(false);
        output.text(0, A, "one ", true);
        output.text(1, B, "two ", true);
        output.text(1, B, "three\n", true);
        output.end(2, B, "small\n");
        assert!(output.0.holds_back(B) && !output.0.holds_back(A));
        output.text(0, A, "line", true);
        assert_eq!(output.passed(), ("one line".into(), [8, 0]));
        assert!(!output.0.is_empty(), "output of a command that is done waits");
        output.end(0, A, "\n");
        let (text, _) = output.passed();
        assert_eq!(text, "\nsmall\ntwo three\n");
        // That command holds the stream in its turn.
        output.text(3, A, "x\n", false);
        assert_eq!(output.passed().0, "");
        output.end(1, B, "four\n");
        assert_eq!(output.passed().0, "four\nx\n");
        assert!(output.0.is_empty());
    }

    #[test]
    fn in_order_the_lowest_flows_and_the_others_wait() {
        let mut output = Output::new(true);
        output.text(1, B, "b\n", false);
        output.text(0, A, "a\n", false);
        assert_eq!(output.passed().0, "a\n");
        output.end(2, B, "c\n");
        output.text(0, A, "aa\n", false);
        output.end(0, A, "");
        assert_eq!(output.passed().0, "aa\nb\n");
        output.text(1, B, "bb\n", false);
        assert_eq!(output.passed().0, "bb\n");
        output.end(1, B, "bbb\n");
        assert_eq!(output.passed().0, "bbb\nc\n");
    }

    #[test]
    fn a_lost_worker_ends_its_line_and_what_was_held_of_it_is_dropped() {
        for in_order in [false, true] {
            let mut output = Output::new(in_order);
            output.text(0, A, "half", true);
            output.text(1, B, "other\n", false);
            output.0.drop_text(A);
            output.end(1, B, "");
            let expected = if in_order { "half\n" } else { "half\nother\n" };
            assert_eq!(output.passed().0, expected);
            output.text(2, A, "held\n", true);
            output.0.drop_text(A);
            output.text(0, B, "half again\n", true);
            output.end(0, B, "");
            let after = output.passed();
            let expected = if in_order { "half again\nother\n" } else { "held\nhalf again\n" };
            assert_eq!(after.0, expected);
            assert!(output.0.is_empty());
        }
    }

    #[test]
    fn an_answer_that_arrived_before_its_worker_was_lost_counts() {
        let mut output = Output::new(false);
        output.text(0, A, "half", true);
        let value = Value::Lines { lines: 1, text: b" whole\n".to_vec() };
        let mut record = Record::of(Partial::over(Interval::single(0), value), A);
        output.0.answered((0, A), &mut record);
        output.0.drop_text(A);
        output.0.put(&mut record);
        assert_eq!(output.passed().0, "half whole\n");
    }

    #[test]
    fn commands_ended_by_force_pass_on_their_rest_behind_what_they_printed() {
        for in_order in [false, true] {
            let mut output = Output::new(in_order);
            output.text(0, A, "be", true);
            output.text(1, B, "x\n", false);
            output.0.put_interrupted(0, b"gun\n");
            output.0.put_interrupted(1, b"y\n");
            output.0.pass_over_gaps(&[]);
            output.0.pass_interrupted(|_| false);
            assert_eq!(output.passed().0, "begun\nx\ny\n");
        }
    }
}
