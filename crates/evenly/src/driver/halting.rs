//! `--halt`: what counts towards it, and when it ends the job.

use super::gather::Gathering;
use crate::error::Error;
use crate::function::Form;
use crate::halt::{After, Halt, When};
use crate::observe::Early;

/// What counts towards a halt.
#[derive(Debug, Default)]
pub(super) struct Counted {
    /// Numbers that earlier runs of the journal did, failed ones included, and those that failed: they do not
    /// count again, or a resumed job would halt at once.
    covered_before: u128,
    failed_before: u128,
    /// Windows that failed in this run.
    failed_windows: u64,
}

impl Counted {
    /// What an earlier run did: how many numbers have a value, and how many failed.
    pub(super) fn resumed((done, failed): (u128, u128)) -> Self {
        Self { covered_before: done + failed, failed_before: failed, failed_windows: 0 }
    }

    /// A number or a window failed.
    pub(super) fn fail(&mut self) {
        self.failed_windows += 1;
    }
}

impl Gathering<'_> {
    /// Whether enough has happened to end early.
    pub(super) fn consider_halting(&mut self) -> Result<(), Error> {
        let Some(halt) = self.job.halt else { return Ok(()) };
        if self.early.is_some() {
            return Ok(());
        }
        let (_, covered, total) = self.counts();
        let waived = self.supervisor.scheduler().ledger().waived();
        // With every number done or waived there is an answer: a halt would only withhold it.
        if covered + waived == total || !self.has_happened(halt) {
            return Ok(());
        }
        match halt.when {
            When::Now => Err(self.ended_early(Early::Halt)),
            When::Soon => {
                self.end_early(Early::Halt, self.job.drain);
                Ok(())
            }
        }
    }

    /// Whether that has happened in this run: to numbers, or to windows where a command or coprocess is asked
    /// for windows. A percentage is always one of numbers, because it is not known how many windows there will be.
    fn has_happened(&self, halt: Halt) -> bool {
        let Counted { covered_before, failed_before, failed_windows } = self.counted;
        let has_windows = matches!(self.job.form(), Some(Form::PerChunk | Form::Coprocess));
        if has_windows && matches!(halt.after, After::Numbers(_)) {
            let failed = u128::from(failed_windows);
            let done = failed + u128::from(self.supervisor.scheduler().windows());
            return halt.has_happened(failed, done, u128::MAX);
        }
        let (failed, covered, total) = self.counts();
        halt.has_happened(
            failed.saturating_sub(failed_before),
            covered.saturating_sub(covered_before),
            total,
        )
    }
}
