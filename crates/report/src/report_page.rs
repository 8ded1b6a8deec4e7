//! What a page is made of, collected from its sources.

use crate::causes::CauseTable;
use crate::chunk_times::{ChunkTimes, RangeCell, SlowChunk};
use crate::growing_bins::GrowingBins;
use crate::journal_facts::{JournalFacts, JournalWindow};
use crate::run_clock::{RunClock, TimeCell};
use crate::run_outcome::{AnswerFacts, RunOutcome};
use crate::source_error::SourceError;
use crate::worker_lanes::{Presence, WorkerLanes};
use evenly_core::{Interval, Items};

/// Bins of the range and of time: each is more than a pixel wide on a phone.
pub(crate) const BINS: usize = 240;
/// Notes and stuck numbers that are shown.
const MOST_NOTES: usize = 12;

/// Which sources a page has, by the name of each.
#[derive(Debug, Default)]
pub(crate) struct SourceNames {
    pub(crate) journal: Option<String>,
    pub(crate) events: Option<String>,
    pub(crate) joblog: Option<String>,
}

/// A page about one run.
///
/// The journal says which items there are, so it is set first; the events say where a time of day is on the time axis, so
/// they come before the job log, and the rows of the journal come last.
#[derive(Debug)]
pub struct ReportPage {
    pub(crate) sources: SourceNames,
    /// Verb and function, as the first source has them.
    pub(crate) job: Option<(String, String)>,
    pub(crate) condition: Option<String>,
    pub(crate) items: Option<Items>,
    pub(crate) range: GrowingBins<RangeCell>,
    pub(crate) clock: RunClock,
    pub(crate) time: GrowingBins<TimeCell>,
    pub(crate) lanes: WorkerLanes,
    pub(crate) chunks: ChunkTimes,
    /// Whether the times of chunks are those of windows.
    pub(crate) has_windows: bool,
    pub(crate) failures: CauseTable,
    pub(crate) flaky: CauseTable,
    /// Failures in events beside a journal, which has the last word: for their rerun lines.
    event_failures: CauseTable,
    pub(crate) outcome: Option<RunOutcome>,
    pub(crate) answer: AnswerFacts,
    pub(crate) journal: Option<JournalFacts>,
    /// Numbers covered by the last progress, or by the end.
    pub(crate) covered: Option<u128>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) machines: Vec<[String; 5]>,
    pub(crate) notes: Vec<String>,
    dropped_notes: u64,
    /// Intervals outside of the items.
    pub(crate) foreign: u64,
}

impl Default for ReportPage {
    fn default() -> Self {
        Self {
            sources: SourceNames::default(),
            job: None,
            condition: None,
            items: None,
            range: GrowingBins::from(BINS, 0, 1),
            clock: RunClock::default(),
            time: GrowingBins::from(BINS, 0, 1000),
            lanes: WorkerLanes::default(),
            chunks: ChunkTimes::default(),
            has_windows: false,
            failures: CauseTable::default(),
            flaky: CauseTable::default(),
            event_failures: CauseTable::default(),
            outcome: None,
            answer: AnswerFacts::default(),
            journal: None,
            covered: None,
            environment: Vec::new(),
            machines: Vec::new(),
            notes: Vec::new(),
            dropped_notes: 0,
            foreign: 0,
        }
    }
}

impl ReportPage {
    /// A page without a source.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what the journal says beside its rows, before all other sources.
    pub fn set_journal(&mut self, name: &str, facts: JournalFacts) {
        self.job = Some((facts.command.clone(), facts.function.clone()));
        self.set_items(facts.items.clone());
        self.sources.journal = Some(name.to_owned());
        self.answer = facts.answer.clone();
        self.covered = Some(facts.done + facts.failed);
        self.journal = Some(facts);
    }

    /// Adds positions that are done.
    pub fn add_done(&mut self, first: i64, last: i64) {
        self.cover(first, last, true);
    }

    /// Adds positions that failed. `rerun` makes the line that runs them again.
    pub fn add_failed(
        &mut self,
        positions: (i64, i64),
        cause: &str,
        rerun: impl FnOnce() -> Option<String>,
    ) {
        self.cover(positions.0, positions.1, false);
        let (first, last) = self.numbers_at(positions);
        let known = self.event_failures.rerun_of(cause, first, last);
        let count = i128::from(positions.1) - i128::from(positions.0) + 1;
        self.failures.add(cause, (first, last), count.unsigned_abs(), || known.or_else(rerun));
    }

    /// Adds a failure that events name.
    pub(crate) fn add_event_failure(
        &mut self,
        cause: &str,
        numbers: Interval,
        positions: Interval,
        rerun: impl FnOnce() -> Option<String>,
    ) {
        let ends = (numbers.first(), numbers.last());
        if self.journal.is_some() {
            self.event_failures.add(cause, ends, positions.len(), rerun);
            return;
        }
        self.failures.add(cause, ends, positions.len(), rerun);
        self.cover(positions.first(), positions.last(), false);
    }

    /// Adds a window of a chunk command.
    pub fn add_window(&mut self, window: &JournalWindow) {
        // The job log has the same chunks.
        let Some((began, ended)) = window.times.filter(|_| self.sources.joblog.is_none()) else {
            return;
        };
        self.has_windows = true;
        let (began, ended) = (i128::from(began) * 1000, i128::from(ended) * 1000);
        if !self.clock.has_calls() {
            self.clock.begin_call(began);
        }
        if self.sources.events.is_none() {
            self.clock.extend_to_unix(ended);
        }
        let (first, last) = window.positions;
        let chunk = SlowChunk {
            micros: (ended - began).max(0),
            first,
            last,
            numbers: (i128::from(last) - i128::from(first) + 1).unsigned_abs(),
            host: String::new(),
            command: None,
        };
        self.add_chunk(chunk, began, window.is_done);
    }

    /// Names the job, or compares it with that of the sources before.
    pub(crate) fn set_job(
        &mut self,
        name: &str,
        command: &str,
        function: &str,
        range: Option<&str>,
    ) -> Result<(), SourceError> {
        let there = (command.to_owned(), function.to_owned());
        // The items of a journal are those of all its calls.
        if let Some(here) = &self.job {
            let text = |(command, function): &(String, String)| format!("{command} {function}");
            return match *here == there {
                true => Ok(()),
                false => Err(SourceError::AnotherJob {
                    name: name.to_owned(),
                    there: text(&there),
                    here: text(here),
                }),
            };
        }
        self.job = Some(there);
        if let Some(items) = range.and_then(|range| range.parse().ok()) {
            self.set_items(items);
        }
        Ok(())
    }

    /// Marks positions as done by a job log, unless a journal says what is done.
    pub(crate) fn cover_by_log(&mut self, positions: Interval) {
        if self.journal.is_none() {
            self.cover(positions.first(), positions.last(), true);
        }
    }

    /// Sets what the range axis shows.
    pub(crate) fn set_items(&mut self, items: Items) {
        let positions = items.positions().interval();
        self.range = match positions {
            Some(all) if items.is_open_ended() => GrowingBins::from(BINS, all.first().into(), 1),
            Some(all) => GrowingBins::over(BINS, all.first().into(), all.last().into()),
            None => GrowingBins::from(BINS, 0, 1),
        };
        self.items = Some(items);
    }

    /// The positions of numbers.
    pub(crate) fn positions(&self, numbers: Interval) -> Option<Interval> {
        self.items.as_ref().map_or(Some(numbers), |items| items.within(numbers))
    }

    /// The first and the last number at positions.
    #[must_use]
    pub fn numbers_at(&self, (first, last): (i64, i64)) -> (i64, i64) {
        let at = |position| self.items.as_ref().and_then(|items| items.at(position));
        (at(first).unwrap_or(first), at(last).unwrap_or(last))
    }

    /// Marks positions as done or failed.
    fn cover(&mut self, first: i64, last: i64, is_done: bool) {
        let (first, last) = (i128::from(first), i128::from(last));
        let count = (last - first + 1) as f64;
        self.range.spread(first, last, |cell, part| {
            *(if is_done { &mut cell.done } else { &mut cell.failed }) += part * count;
        });
    }

    /// Adds a chunk of positions that began at a time since 1970, in microseconds.
    pub(crate) fn add_chunk(&mut self, mut chunk: SlowChunk, began: i128, is_counted: bool) {
        let (from, to) =
            (self.clock.at_unix(began), self.clock.at_unix(began + chunk.micros.max(0)));
        let (numbers, micros) = (chunk.numbers as f64, chunk.micros as f64);
        self.time.spread(from, to, |cell, part| {
            if is_counted {
                cell.done += part * numbers;
                cell.useful += part * micros;
            } else {
                cell.wasted += part * micros;
            }
        });
        if is_counted {
            let seconds = micros / 1e6;
            let each = seconds / numbers.max(1.0);
            self.range.spread(chunk.first.into(), chunk.last.into(), |cell, part| {
                cell.timed += part * numbers;
                cell.seconds += part * seconds;
                cell.dearest = cell.dearest.max(each);
            });
        }
        (chunk.first, chunk.last) = self.numbers_at((chunk.first, chunk.last));
        self.chunks.add(&chunk, is_counted);
    }

    /// Adds the time that workers were there.
    pub(crate) fn add_presence(&mut self, presences: impl IntoIterator<Item = Presence>) {
        for (from, to, weight) in presences {
            let micros = weight * (to - from) as f64;
            self.time.spread(from, to, |cell, part| cell.alive += part * micros);
        }
    }

    /// Adds a sentence about the run that the charts do not show.
    pub(crate) fn note(&mut self, text: String) {
        if self.notes.len() < MOST_NOTES {
            self.notes.push(text);
        } else {
            self.dropped_notes += 1;
        }
    }

    /// Notes that had no room.
    pub(crate) fn dropped_notes(&self) -> u64 {
        self.dropped_notes
    }
}
