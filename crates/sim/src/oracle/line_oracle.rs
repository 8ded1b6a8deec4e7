//! Oracle of output lines: what the reader has is always a prefix of what a plain loop writes.

use crate::oracle::record_ledger::RecordLedger;
use crate::plan::question::SimQuestion;
use crate::step_result::check;
use evenly_core::Interval;

/// The lines that the reader has read.
#[derive(Debug, Default)]
pub(crate) struct LineOracle {
    /// The next number to check; `None` before the first.
    next: Option<i128>,
    count: u64,
    /// The rest of the current line, which must follow.
    rest: Vec<u8>,
    /// Bytes read so far.
    pub(crate) passed: u64,
}

impl LineOracle {
    /// The reader reads these bytes.
    pub(crate) fn read(
        &mut self,
        mut bytes: &[u8],
        question: &SimQuestion,
        whole: Interval,
        books: &RecordLedger,
    ) -> Result<(), String> {
        while !bytes.is_empty() {
            if self.rest.is_empty() {
                self.rest = self.next_due_line(question, whole, books)?.ok_or_else(|| {
                    format!("{:?} is written, and no more lines are due", first_line(bytes))
                })?;
                self.count += 1;
                // The rest is stored reversed.
                self.rest.reverse();
            }
            let count = bytes.len().min(self.rest.len());
            let left = self.rest.split_off(self.rest.len() - count);
            let is_due = bytes[..count].iter().eq(left.iter().rev());
            check(is_due, || {
                let due: Vec<u8> = left.iter().rev().copied().collect();
                format!("{:?} is written instead of {:?}", first_line(bytes), first_line(&due))
            })?;
            bytes = &bytes[count..];
        }
        let Some(next) = self.next else { return Ok(()) };
        let done = books.covered.iter().next().filter(|done| done.first() == whole.first());
        let is_done = done.is_some_and(|done| next <= i128::from(done.last()) + 1);
        check(is_done, || format!("lines up to {} are written before all is done", next - 1))
    }

    /// The line that follows.
    fn next_due_line(
        &mut self,
        question: &SimQuestion,
        whole: Interval,
        books: &RecordLedger,
    ) -> Result<Option<Vec<u8>>, String> {
        if let Some(first) = question.aggregate.first()
            && self.count >= first.get()
        {
            return Ok(None);
        }
        let from = self.next.unwrap_or(whole.first().into());
        Ok(match question.next_line(from, whole.last(), &books.failed) {
            Ok(Some((n, line))) => {
                self.next = Some(i128::from(n) + 1);
                Some(line)
            }
            // A failed number ends the lines.
            Ok(None) | Err(_) => None,
        })
    }

    /// All lines have been read.
    pub(crate) fn check_end(
        &mut self,
        question: &SimQuestion,
        whole: Option<Interval>,
        books: &RecordLedger,
    ) -> Result<(), String> {
        let Some(whole) = whole.filter(|_| question.aggregate.is_streamed()) else { return Ok(()) };
        let is_whole = self.rest.is_empty();
        check(is_whole, || "a line ends in the middle".into())?;
        match self.next_due_line(question, whole, books)? {
            None => Ok(()),
            Some(line) => Err(format!("{:?} is missing", first_line(&line))),
        }
    }
}

fn first_line(bytes: &[u8]) -> String {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    String::from_utf8_lossy(line).into_owned()
}
