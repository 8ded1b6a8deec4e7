//! Line output with back-pressure: lines leave in order while the run goes on, and stop where the reader stops.
//!
//! A line that cannot be written stays in the stream, so its worker gets no credit for it and stops, too.

use super::output::EngineOutput;
use crate::interval::Interval;
use crate::supervisor::Supervisor;

/// Bytes that the owner may keep unwritten: enough to write while the next lines are gathered.
pub const MOST_UNWRITTEN: usize = 1 << 20;

/// Where the lines of a run go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineDestination {
    /// The run has no lines, or an agent sends them to its primary.
    None,
    /// Nothing reads them.
    Dropped,
    /// The owner writes them and keeps about this many bytes at most.
    Written {
        /// See [`MOST_UNWRITTEN`].
        most: usize,
    },
}

/// Lines on their way from the stream to their reader.
#[derive(Debug)]
pub(super) struct LineOutput {
    lines: LineDestination,
    /// Bytes that the owner has and could not write.
    unwritten: usize,
    is_flush_due: bool,
    /// Whether the owner is asked for the lines of an earlier run.
    is_reading_back: bool,
    /// Whether something left the stream, so that workers may get credit.
    has_passed: bool,
}

impl LineOutput {
    pub(super) fn new() -> Self {
        Self {
            lines: LineDestination::None,
            unwritten: 0,
            is_flush_due: false,
            is_reading_back: false,
            has_passed: false,
        }
    }

    pub(super) fn set_lines(&mut self, lines: LineDestination) {
        self.lines = lines;
    }

    /// The next thing to do about lines.
    #[inline]
    pub(super) fn poll(&mut self, supervisor: &mut Supervisor) -> Option<EngineOutput> {
        let most = match self.lines {
            LineDestination::None => return None,
            LineDestination::Dropped => {
                while supervisor.scheduler().stream().has_ready() {
                    self.has_passed = true;
                    supervisor.next_lines();
                }
                return self.read_back(supervisor);
            }
            LineDestination::Written { most } => most,
        };
        if self.is_reading_back {
            return None;
        }
        if self.unwritten < most && supervisor.scheduler().stream().has_ready() {
            self.has_passed = true;
            if let Some(lines) = supervisor.next_lines() {
                self.unwritten += lines.len();
                self.is_flush_due = true;
                return Some(EngineOutput::Write(lines));
            }
        }
        if core::mem::take(&mut self.is_flush_due) {
            return Some(EngineOutput::Flush);
        }
        if self.unwritten < most { self.read_back(supervisor) } else { None }
    }

    /// Whether something left the stream since the last call.
    pub(super) fn take_passed(&mut self) -> bool {
        core::mem::take(&mut self.has_passed)
    }

    /// Asks for the lines of an earlier run that are next.
    fn read_back(&mut self, supervisor: &Supervisor) -> Option<EngineOutput> {
        let due: Option<Interval> = supervisor.scheduler().stream().due();
        let due = due.filter(|_| !self.is_reading_back)?;
        self.is_reading_back = true;
        Some(EngineOutput::ReadBack(due))
    }

    /// The owner wrote what it could, and this many bytes are left.
    pub(super) fn flushed(&mut self, unwritten: usize) {
        self.unwritten = unwritten;
    }

    /// The reader may take more.
    pub(super) fn retry(&mut self) {
        self.is_flush_due |= self.unwritten > 0;
    }

    pub(super) fn read_back_done(&mut self) {
        self.is_reading_back = false;
    }

    /// Bytes that the owner has and could not write.
    pub(super) fn unwritten(&self) -> usize {
        self.unwritten
    }

    /// Whether every line that can leave has been written.
    pub(super) fn is_empty(&self, supervisor: &Supervisor) -> bool {
        let is_due =
            self.lines != LineDestination::None && !supervisor.scheduler().stream().is_empty();
        self.unwritten == 0 && !self.is_flush_due && !is_due
    }
}
