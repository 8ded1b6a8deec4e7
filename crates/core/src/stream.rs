//! Ordered stream of lines: workers find them in any order, and they leave in the order of the numbers.
//!
//! What is found above a number that is not done waits here, and so that it cannot fill the memory,
//! workers have [credit](crate::credit::CREDIT). Lines leave as far as all numbers below are done: what
//! stands in the output is at any time a correct beginning.

mod cut;
mod entries;
mod held;
mod journaled;
mod running;
mod text_relay;

use crate::aggregate::{Aggregate, Value};
use crate::interval::Interval;
use crate::lease::WorkerId;
use crate::partial::{Failure, numbers_of};
use crate::scheduler::Record;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Write;
use core::num::NonZeroU64;
pub(crate) use cut::cut_failures;
use cut::{cut_after, cut_below, last_number, nth};
use entries::{BufferedLines, JournaledLines};
use held::RunningOutput;
pub(crate) use text_relay::{RelayedText, TextRelay};

/// What is passed on at once of numbers that failed, in lines.
const LINES_AT_ONCE: usize = 4096;

/// Lines on their way out.
#[derive(Debug)]
pub struct Stream {
    aggregate: Aggregate,
    /// Whether numbers that fail are left out. Otherwise nothing above the lowest is passed on.
    leaves_out_failures: bool,
    /// Whether everything is passed on as it comes.
    in_any_order: bool,
    /// The first number of the range that is not done, or is behind one that is not.
    next: i128,
    /// What is done behind it, by its first number.
    ahead: BTreeMap<i64, BufferedLines>,
    lines_ahead: u64,
    /// What is done and not here: see [`due`](Self::due). Its lines are ahead, too.
    journaled: BTreeMap<i64, JournaledLines>,
    /// What can be passed on, and to whose credit.
    ready: VecDeque<ReadyOutput>,
    /// How many lines were put there, and how many there may be.
    lines: u64,
    wanted: u64,
    /// Nothing more is passed on: there is enough, or a number failed.
    is_ended: bool,
    /// The number of the last wanted line, once there is enough.
    ended_at: Option<i64>,
    /// Whether a number that is not done holds back nothing above it.
    passes_over_gaps: bool,
    /// What commands printed that were ended by force, by the first of their numbers.
    interrupted: BTreeMap<i64, Vec<u8>>,
    /// What running commands printed.
    running: RunningOutput,
    /// In an agent: what running commands printed and is not sent to its primary.
    relay: Option<TextRelay>,
}

#[derive(Debug)]
enum ReadyOutput {
    Text(Vec<u8>),
    /// A line for each of these.
    Failed(Failure),
    /// All of a piece has been passed on.
    Merged(Option<WorkerId>, u64),
}

/// What leaves the stream.
#[derive(Debug, PartialEq, Eq)]
pub enum StreamOutput {
    /// Lines, to be written behind those before.
    Lines(Vec<u8>),
    /// Bytes of a worker that have been passed on.
    Merged(WorkerId, u64),
}

impl Stream {
    /// The lines of numbers from `first` on.
    pub(crate) fn new(aggregate: Aggregate, first: Option<i64>) -> Self {
        let wanted = aggregate.first().map_or(u64::MAX, NonZeroU64::get);
        Self {
            aggregate,
            leaves_out_failures: matches!(
                aggregate,
                Aggregate::Failures { .. } | Aggregate::Run { .. }
            ),
            in_any_order: aggregate == Aggregate::Run { in_order: false },
            next: first.map_or(0, i128::from),
            ahead: BTreeMap::new(),
            lines_ahead: 0,
            journaled: BTreeMap::new(),
            ready: VecDeque::new(),
            lines: 0,
            wanted,
            is_ended: false,
            ended_at: None,
            passes_over_gaps: false,
            interrupted: BTreeMap::new(),
            running: RunningOutput::default(),
            relay: None,
        }
    }

    /// The same for an agent, which passes on what running commands print.
    pub(crate) fn relaying(mut self) -> Self {
        self.relay = Some(TextRelay::new(!self.in_any_order));
        self
    }

    /// What running commands printed and an agent has not sent.
    pub(crate) fn relay(&mut self) -> Option<&mut TextRelay> {
        self.relay.as_mut()
    }

    /// Leaves out numbers that fail.
    pub(crate) fn leave_out_failures(&mut self) {
        self.leaves_out_failures = true;
    }

    /// How many lines there are so far.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// The lowest number that is not done; what is below it has been, or is, passed on.
    #[must_use]
    pub fn next(&self) -> i128 {
        self.next
    }

    /// Whether nothing waits to be [passed on](Self::pass), or is [due](Self::due).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.running.has_no_finished() && self.due().is_none()
    }

    /// Whether lines wait for lower numbers.
    pub(crate) fn is_in_order(&self) -> bool {
        !self.in_any_order
    }

    /// Whether something can be [passed on](Self::pass) now.
    pub(crate) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Takes in what a record holds: numbers that follow one another. The highest number that is
    /// still wanted, if that is known now.
    pub(crate) fn put(&mut self, record: &mut Record) -> Option<i64> {
        let covered = record.covered.iter().copied();
        let all = covered.chain(record.failed.iter().map(|failure| failure.interval));
        let span = all.reduce(Interval::hull)?;
        let mut failed = core::mem::take(&mut record.failed);
        failed.sort_unstable_by_key(|failure| failure.interval);
        let (lines, text) = self.lines_of(&mut record.value, &failed);
        let (last, worker, in_flight) = (span.last(), record.worker, record.in_flight);
        let piece = BufferedLines { last, lines, text, failed, worker, in_flight };
        let lowest_failure = piece.failed.first().map(|failure| failure.interval.first());
        if self.in_any_order {
            self.put_in_any_order(span.first(), piece);
        } else if i128::from(span.first()) == self.next {
            self.running.end_hold();
            self.merge(piece);
            self.advance();
        } else {
            self.put_ahead(span.first(), piece);
        }
        self.limit(lowest_failure)
    }

    /// The lines of a value; of `failures` the number of lines that these failures make.
    fn lines_of(&self, value: &mut Value, failed: &[Failure]) -> (u64, Vec<u8>) {
        match core::mem::replace(value, Value::Nothing) {
            Value::Lines { lines, text } => (lines, text),
            _ if self.lists_failures() => (numbers_of(failed), Vec::new()),
            _ => (0, Vec::new()),
        }
    }

    /// Whether each failure is a line.
    fn lists_failures(&self) -> bool {
        matches!(self.aggregate, Aggregate::Failures { .. })
    }

    /// Takes what follows without a gap, as far as it is here.
    fn advance(&mut self) {
        loop {
            while let Some(entry) = self.ahead.first_entry()
                && i128::from(*entry.key()) == self.next
            {
                let piece = entry.remove();
                self.lines_ahead = self.lines_ahead.saturating_sub(piece.lines);
                self.merge(piece);
            }
            if !self.skip_journaled() && !self.skip_gap() {
                break;
            }
        }
        self.pass_lowest_held();
    }

    /// Passes on everything that is done, still ascending, also above numbers that are not done; these failed
    /// besides. For a run that ends early: what is passed on is then a correct set and no correct beginning.
    pub(crate) fn pass_over_gaps(&mut self, failed: &[Failure]) {
        for failure in failed {
            let Failure { interval, .. } = *failure;
            let lines = if self.lists_failures() { numbers_of(&[*failure]) } else { 0 };
            let (last, text, failed) = (interval.last(), Vec::new(), vec![*failure]);
            let piece = BufferedLines { last, lines, text, failed, worker: None, in_flight: 0 };
            self.put_ahead(interval.first(), piece);
        }
        self.end_holders();
        self.passes_over_gaps = true;
        self.advance();
    }

    /// Goes to the lowest number that is done and not passed on, if gaps do not matter; whether something
    /// there is to be merged.
    fn skip_gap(&mut self) -> bool {
        if !self.passes_over_gaps {
            return false;
        }
        let ahead = self.ahead.first_key_value().map(|(first, _)| *first);
        let kept = self.journaled.first_key_value().map(|(first, _)| *first);
        let Some(lowest) = ahead.into_iter().chain(kept).min() else { return false };
        self.next = i128::from(lowest);
        ahead == Some(lowest)
    }

    /// The highest number that is still wanted.
    fn limit(&self, lowest_failure: Option<i64>) -> Option<i64> {
        let failure = lowest_failure.filter(|_| !self.leaves_out_failures);
        let is_enough = self.lines.saturating_add(self.lines_ahead) >= self.wanted;
        let enough = if is_enough { self.enough() } else { None };
        match (failure, enough) {
            (Some(failure), Some(enough)) => Some(failure.min(enough)),
            (failure, enough) => failure.or(enough),
        }
    }

    /// Up to which number there are as many lines as are wanted, whatever is found in between.
    fn enough(&self) -> Option<i64> {
        let mut lines = self.lines;
        if lines >= self.wanted {
            return self.ended_at;
        }
        let ahead = self.ahead.values().map(|piece| (piece.last, piece.lines, &piece.failed[..]));
        let kept = self.journaled.values().map(|kept| (kept.last, kept.lines, &[][..]));
        let mut pieces: Vec<(i64, u64, &[Failure])> = ahead.chain(kept).collect();
        pieces.sort_unstable_by_key(|(last, ..)| *last);
        pieces.into_iter().find_map(|(last, more, failed)| {
            let missing = self.wanted - lines;
            if more < missing {
                lines += more;
                return None;
            }
            // What was found in the journal, or as text, is checked when it leaves.
            let exact = if self.lists_failures() { nth(failed, missing) } else { None };
            exact.or(Some(last))
        })
    }

    fn put_ahead(&mut self, first: i64, mut piece: BufferedLines) {
        self.lines_ahead = self.lines_ahead.saturating_add(piece.lines);
        // What is resumed counts against no credit and may have lines all the same.
        let is_bare = |piece: &BufferedLines| {
            piece.in_flight == 0 && piece.text.is_empty() && piece.failed.is_empty()
        };
        if is_bare(&piece)
            && let Some(next) = piece.last.checked_add(1)
            && let Some(above) = self.ahead.get(&next)
            && is_bare(above)
        {
            piece.last = above.last;
            self.ahead.remove(&next);
        }
        if let Some((_, below)) = self.ahead.range_mut(..first).next_back()
            && below.last.checked_add(1) == Some(first)
            && (below.worker == piece.worker || (is_bare(below) && is_bare(&piece)))
        {
            below.last = piece.last;
            below.lines = below.lines.saturating_add(piece.lines);
            below.text.append(&mut piece.text);
            below.failed.append(&mut piece.failed);
            below.in_flight += piece.in_flight;
        } else {
            self.ahead.insert(first, piece);
        }
    }

    /// Everything below this piece is done: its lines can be passed on.
    fn merge(&mut self, mut piece: BufferedLines) {
        self.next = i128::from(piece.last) + 1;
        if !self.is_ended {
            if !self.leaves_out_failures
                && let Some(failure) = piece.failed.first()
            {
                piece.lines = cut_below(&mut piece.text, failure.interval.first());
                self.is_ended = true;
            }
            if piece.lines >= self.wanted - self.lines {
                piece.lines = self.wanted - self.lines;
                self.ended_at = if self.lists_failures() {
                    cut_failures(&mut piece.failed, piece.lines)
                } else {
                    cut_after(&mut piece.text, piece.lines);
                    last_number(&piece.text)
                };
                self.is_ended = true;
            }
            self.lines += piece.lines;
            if !piece.text.is_empty() {
                self.ready.push_back(ReadyOutput::Text(piece.text));
            }
            if self.lists_failures() {
                self.ready.extend(piece.failed.into_iter().map(ReadyOutput::Failed));
            }
        }
        if piece.in_flight > 0 {
            self.ready.push_back(ReadyOutput::Merged(piece.worker, piece.in_flight));
        }
    }

    /// The next that leaves; `None` until more is put in.
    pub fn pass(&mut self) -> Option<StreamOutput> {
        loop {
            return Some(match self.ready.pop_front()? {
                ReadyOutput::Text(text) => StreamOutput::Lines(text),
                ReadyOutput::Merged(Some(worker), in_flight) => {
                    StreamOutput::Merged(worker, in_flight)
                }
                ReadyOutput::Merged(None, _) => continue,
                ReadyOutput::Failed(failure) => {
                    self.ready.push_front(ReadyOutput::Failed(failure));
                    StreamOutput::Lines(self.failed_lines().into_bytes())
                }
            });
        }
    }

    /// Takes lines of the first numbers that failed.
    fn failed_lines(&mut self) -> String {
        let (mut text, mut lines) = (String::new(), 0);
        while lines < LINES_AT_ONCE
            && let Some(ReadyOutput::Failed(failure)) = self.ready.front()
        {
            let Failure { interval, cause } = *failure;
            self.ready.pop_front();
            let (now, later) = interval.split_front((LINES_AT_ONCE - lines) as u128);
            if let Some(interval) = later {
                self.ready.push_front(ReadyOutput::Failed(Failure { interval, cause }));
            }
            for n in now.first()..=now.last() {
                // A string takes everything.
                let _ = writeln!(text, "{n}\t{cause}");
                lines += 1;
            }
        }
        text
    }
}

#[cfg(test)]
mod tests;
