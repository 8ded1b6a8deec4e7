//! Plan of crash reports: how a deadly number ends its worker, and which reports are lost or corrupted.
//!
//! A crash report is one small write into the result pipe, or one frame on a worker link. It waits for room;
//! a stop or a kill can come before or after the write. While faults are active, some reports are lost or corrupted.
//! A worker can also be interrupted at an innocent number, as when the memory limit ends it.

use crate::options::{SimOptions, SimTransport};
use evenly_core::Cause;
use evenly_testkit::random::Random;

/// Signal 11, of which one dies that computes a deadly number, where nothing else is drawn.
pub(crate) const SEGV: Cause = Cause::Signal(11);

/// How workers speak when something ends them; not at all in most runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct CrashReportPlan {
    pub(crate) are_sent: bool,
    /// Of a million reports: how many are never written, and how many are written corrupted.
    pub(crate) loss: u32,
    pub(crate) corruption: u32,
    /// Of steps: a worker at work is asked for its number, and ended.
    pub(crate) interruption: u32,
    /// How a deadly number ends its worker; and whether that is another way each time.
    pub(crate) salt: u64,
    pub(crate) varies_cause: bool,
}

/// What ends a worker, and at which number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WorkerCrash {
    pub(crate) n: i64,
    /// What it says of the cause.
    pub(crate) reported_cause: Option<Cause>,
    /// How the process ends.
    pub(crate) cause: Cause,
    /// Whether the number is to blame.
    pub(crate) is_by_number: bool,
}

impl CrashReportPlan {
    pub(crate) fn draw(
        random: &mut Random,
        (transport, is_once): (SimTransport, bool),
        options: &SimOptions,
    ) -> Self {
        let is_wanted = options.crash_reports.unwrap_or(random.once_in(2));
        // Where no number is tried twice, workers send no crash reports.
        if !is_wanted || transport == SimTransport::Raw || is_once {
            return Self::default();
        }
        let salt = random.next();
        let mut reports = Self { are_sent: true, salt, ..Self::default() };
        reports.varies_cause = random.once_in(4);
        if options.are_faults_wanted {
            let rate = |random: &mut Random, once_in: u64, rates: &[u32]| {
                if random.once_in(once_in) { random.pick(rates) } else { 0 }
            };
            reports.loss = rate(random, 3, &[50_000, 300_000, 1_000_000]);
            reports.corruption = rate(random, 4, &[50_000, 300_000, 1_000_000]);
            reports.interruption = rate(random, 4, &[300, 3_000, 20_000]);
            if transport != SimTransport::Pipes {
                reports.corruption = 0;
            }
        }
        reports
    }

    /// The same where nothing but numbers ends workers.
    pub(crate) fn without_outside_faults(&self) -> Self {
        Self { loss: 0, corruption: 0, interruption: 0, ..self.clone() }
    }

    /// How a deadly number ends its worker.
    pub(crate) fn draw_crash(&self, n: i64, random: &mut Random) -> WorkerCrash {
        let ends = [
            (SEGV, None),
            (SEGV, None),
            (Cause::Signal(6), None),
            (Cause::Exit(101), None),
            // Ended by itself, behind its word for it.
            (Cause::Signal(9), Some(Cause::Timeout)),
        ];
        let (cause, reported_cause) = if !self.are_sent {
            (SEGV, None)
        } else if self.varies_cause {
            random.pick(&ends)
        } else {
            Random::new(self.salt ^ n.cast_unsigned()).pick(&ends)
        };
        WorkerCrash { n, reported_cause, cause, is_by_number: true }
    }
}
