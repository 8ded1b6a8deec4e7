//! Delivery of a job that ends early: received answers, known lines, and how many numbers are not done.

use super::EventLoop;
use crate::driver::line_output;
use crate::driver::prefix_value::PrefixValue;
use crate::error::Error;
use crate::observe::{Early, Observation, Unfinished};
use evenly_core::engine::{FailureSummary, FlakySummary};
use evenly_core::{Failure, Record};
use std::time::Duration;

/// The most time for reading answers that have arrived already.
const READING: Duration = Duration::from_millis(100);

/// How long the reader of the lines may take nothing, and how long writing to it may take in all.
const IDLE: Duration = Duration::from_secs(1);
const WRITING: Duration = Duration::from_secs(5);

impl EventLoop<'_> {
    /// Delivers what is known when the job ends with this error, and tells observers what is not done.
    pub(in crate::driver) fn wind_up(&mut self, why: Error) -> Error {
        let is_trusted = !matches!(
            why,
            Error::Untrusted { .. }
                | Error::Unasked
                | Error::Contradiction { .. }
                | Error::Violation(_)
        );
        if is_trusted {
            // Nothing more is assigned, and no failure that arrives now halts the job again.
            self.engine.end();
        }
        // The error that ends the job is the one to report, and not what fails from here on.
        let _ = self.end_commands(is_trusted);
        if is_trusted {
            let _ = self.read_what_has_arrived();
        }
        let why = match self.leave_the_journal(why) {
            // With the numbers that are known by now.
            Error::Halted { .. } => self.ended_early(Early::Halt),
            Error::Deadline { .. } => self.ended_early(Early::Deadline),
            other => other,
        };
        let unknown = self.tell_what_is_unknown();
        if matches!(why, Error::NoWorker { .. } | Error::CannotExecute { is_beginning: true, .. }) {
            // That is a job that could not begin.
            return why;
        }
        self.tell_machines();
        let (lowest, not_done) = self.engine.scheduler().unfinished(&unknown);
        let is_written = is_trusted
            && !matches!(why, Error::Output(_))
            && matches!(self.write_what_is_known(&unknown), Ok(true));
        let FailureSummary { failures, failed, .. } = self.engine.failures(&unknown);
        let FlakySummary { flaky, numbers: flaky_numbers } = self.engine.flaky();
        let prefix = self.prefix.as_ref().filter(|_| is_trusted).and_then(PrefixValue::get);
        let unfinished = Unfinished {
            lowest,
            not_done,
            prefix,
            failures,
            failed,
            flaky,
            flaky_numbers,
            is_written,
        };
        self.observer.observe(&Observation::Unfinished(&unfinished));
        why
    }

    /// Takes a record that counts. With a journal, records count together, and came one by one when they were appended.
    pub(super) fn add_to_prefix(&mut self, record: &Record) {
        if let Some(prefix) = self.prefix.as_mut().filter(|_| !self.journal_file.has_journal()) {
            prefix.add(record);
        }
    }

    /// Takes in the answers that workers and agents have sent by now, but waits for none.
    fn read_what_has_arrived(&mut self) -> Result<(), Error> {
        let until = self.clock.elapsed() + READING;
        loop {
            let ready = self.wait(Some(Duration::ZERO))?;
            let has_results = ready.results && !self.is_end_of_file;
            if has_results {
                self.receive()?;
            }
            let has_messages = !ready.elsewhere.is_empty();
            for token in ready.elsewhere {
                self.attend_elsewhere(token)?;
            }
            self.act()?;
            if !(has_results || has_messages) || self.clock.elapsed() >= until {
                return Ok(());
            }
        }
    }

    /// Writes the lines that can be passed on, as long as the reader takes them; whether that is all of them.
    /// Of `failures` these are all known failures: a correct set, where other lines are a correct beginning.
    fn write_what_is_known(&mut self, unknown: &[Failure]) -> Result<bool, Error> {
        if !self.job.aggregate.is_streamed() {
            return Ok(true);
        }
        self.engine.write_rest(unknown);
        let until = self.clock.elapsed() + WRITING;
        let (mut left, mut taken_at) = (usize::MAX, self.clock.elapsed());
        loop {
            self.engine.retry_lines();
            self.act()?;
            if self.engine.has_written_lines() {
                // What commands printed is written now, so their numbers are done.
                self.sync_the_rest()?;
                return Ok(true);
            }
            let now = self.clock.elapsed();
            let unwritten = self.engine.unwritten();
            if unwritten != left {
                (left, taken_at) = (unwritten, now);
            }
            let is_over = now >= until || now - taken_at >= IDLE;
            let output = self.job.output.as_ref().and_then(|output| output.descriptor());
            if is_over || !line_output::wait_for_room(output)? {
                return Ok(false);
            }
        }
    }
}
