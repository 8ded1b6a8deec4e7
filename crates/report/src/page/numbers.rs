//! Totals of a run, from the source that knows each best.

use crate::report_page::ReportPage;
use crate::run_outcome::RunOutcome;

/// Totals that the summary and the charts share.
pub(crate) struct RunNumbers {
    /// All items; `None` if they have no end or are not known.
    pub(crate) total: Option<u128>,
    pub(crate) done: Option<u128>,
    pub(crate) failed: u128,
    /// Items that are neither done nor failed.
    pub(crate) missing: Option<u128>,
    /// Whether the answer needs nothing more; `None` if that is not known.
    pub(crate) is_complete: Option<bool>,
    /// Seconds on the time axis.
    pub(crate) elapsed: f64,
}

impl RunNumbers {
    pub(crate) fn of(page: &ReportPage) -> Self {
        let elapsed = page.clock.length() as f64 / 1e6;
        let items = page.items.as_ref().filter(|items| !items.is_open_ended());
        let total = items.map(evenly_core::Items::len);
        if let Some(journal) = &page.journal {
            return Self {
                total,
                done: Some(journal.done),
                failed: journal.failed,
                missing: Some(journal.missing),
                is_complete: Some(journal.is_complete),
                elapsed,
            };
        }
        let failed = page.failures.numbers();
        let by_log = page.sources.joblog.as_ref().map(|_| page.chunks.numbers as u128);
        let done = page.covered.map(|covered| covered.saturating_sub(failed)).or(by_log);
        let (missing, is_complete) = match &page.outcome {
            Some(RunOutcome::Finished { complete, not_done, failed, .. }) => {
                (not_done.or(Some(0)), Some(*complete && *failed == 0))
            }
            Some(RunOutcome::Ended { not_done, .. }) => {
                let rest =
                    total.zip(page.covered).map(|(all, covered)| all.saturating_sub(covered));
                (not_done.or(rest), Some(false))
            }
            Some(RunOutcome::StoppedAtFailure { .. } | RunOutcome::NotRecorded) => (
                total.zip(page.covered).map(|(all, covered)| all.saturating_sub(covered)),
                Some(false),
            ),
            None => (total.zip(done).map(|(all, done)| all.saturating_sub(done)), None),
        };
        Self { total, done, failed, missing, is_complete, elapsed }
    }

    /// Numbers each second, if both are known.
    pub(crate) fn rate(&self, page: &ReportPage) -> Option<f64> {
        // What an earlier call did is in the journal, and not on the time axis.
        let (_, _, sum) = rates(page);
        (self.elapsed > 0.0 && sum > 0.0).then(|| sum / self.elapsed)
    }
}

/// Whether the job log or windows say when numbers were done, or else the progress in events; and the sum of numbers.
pub(crate) fn rates(page: &ReportPage) -> (bool, f64, f64) {
    let cells = || page.time.iter().map(|(.., cell)| cell);
    let (done, covered): (f64, f64) =
        (cells().map(|cell| cell.done).sum(), cells().map(|cell| cell.covered).sum());
    let by_chunks = !page.chunks.is_empty();
    (by_chunks, done, if by_chunks { done } else { covered })
}
