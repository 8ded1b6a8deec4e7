//! Settings of a run, made before its first poll: durability, times, limits and what its owner observes.

use super::halt::Halt;
use super::journal_sync::Durability;
use super::line_output::LineDestination;
use super::primary::Primary;
use super::rate::RateLimiter;
use crate::partial::Failure;

impl Primary {
    /// Sets when records count.
    pub fn set_durability(&mut self, durability: Durability) {
        self.journal.set_durability(durability);
    }

    /// Sets how long a record may wait for its commit. Default: [`COMMIT_INTERVAL_NS`](super::COMMIT_INTERVAL_NS).
    pub fn set_commit_interval(&mut self, interval_ns: u64) {
        self.journal.set_interval(interval_ns);
    }

    /// Sets how long a stopped worker, or an agent from which no frame comes, keeps its chunks. Default:
    /// [`SILENCE_NS`](crate::seats::SILENCE_NS).
    pub fn set_silence(&mut self, silence_ns: u64) {
        self.supervisor.set_silence(silence_ns);
    }

    /// Sets the interval of heartbeats to agents. Default: [`HEARTBEAT_NS`](super::HEARTBEAT_NS).
    pub fn set_heartbeat(&mut self, interval_ns: u64) {
        self.heartbeats.set_interval(interval_ns);
    }

    /// Sets where lines go.
    pub fn set_lines(&mut self, lines: LineDestination) {
        self.lines.set_lines(lines);
    }

    /// Sets how long workers may take over the numbers in work after a signal or a halt. Default:
    /// [`DRAIN_NS`](super::DRAIN_NS).
    pub fn set_drain(&mut self, grace_ns: u64) {
        self.drain.set_grace(grace_ns);
    }

    /// Limits the time of a command to this percentage of the median of those that succeeded.
    pub fn set_median_limit(&mut self, percent: core::num::NonZeroU32) {
        self.supervisor.set_median_limit(percent);
    }

    /// Drains the run at this time.
    pub fn set_deadline(&mut self, deadline_ns: Option<u64>) {
        self.drain.set_deadline(deadline_ns);
    }

    /// Ends the run early on a condition. `has_windows`: a chunk that one command gets as a whole counts as one.
    pub fn set_halt(&mut self, halt: Option<Halt>, has_windows: bool) {
        self.halt.set_halt(halt, has_windows);
    }

    /// Sets how many numbers earlier runs of the journal covered, failed ones included, and how many failed.
    pub fn set_resumed(&mut self, covered: u128, failed: u128) {
        self.halt.set_before(covered, failed);
    }

    /// Adds numbers that an earlier run of the journal did at a later try, with the cause of the failed one.
    pub fn resume_flaky(&mut self, flaky: Failure) {
        self.flaky.insert(flaky);
    }

    /// Limits the starts per second. The scheduler must be [rationed](crate::scheduler::Scheduler::rationed).
    pub fn set_rate(&mut self, rate: RateLimiter) {
        self.rate = Some(rate);
    }

    /// Compares files before each record counts; see [`EngineOutput::CompareFiles`](super::EngineOutput::CompareFiles).
    pub fn compare_files(&mut self) {
        self.compares_files = true;
    }

    /// Gives a copy of each record that counts; see [`EngineOutput::Counted`](super::EngineOutput::Counted).
    pub fn watch_records(&mut self) {
        self.watches_records = true;
    }
}
