//! Signals, and what makes a job end early: a signal, the deadline, enough failures.
//!
//! To end early is to *drain*: nothing more is handed out, what is not counted is taken back, and the
//! workers finish the numbers they are at, within [`Job::drain`](crate::Job::drain). A second signal ends it at once.

use super::gather::{Gathering, system};
use super::upstream::End;
use crate::error::Error;
use crate::observe::{Early, Observation};
use crate::process::signals::Signal;
use evenly_core::agent::Leave;
use evenly_core::{Cause, Failure, Interval};
use std::time::{Duration, Instant};

/// Time that workers have for the numbers they are at when the deadline has passed.
const DRAIN_AT_DEADLINE: Duration = Duration::from_millis(500);

/// Whoever waits so long is told what for.
const PATIENCE: Duration = Duration::from_millis(500);

/// A job on its way to an early end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draining {
    pub(super) why: Early,
    /// When the workers must have finished what they are at.
    until: Duration,
    /// When to tell that they have not yet, unless it was told.
    patience: Option<Duration>,
}

impl Draining {
    /// When something is to be done about it.
    pub(super) fn next(&self) -> Duration {
        self.patience.unwrap_or(self.until)
    }
}

impl Gathering<'_> {
    /// Reads all signals that have arrived, and does what they ask for.
    pub(super) fn heed_signals(&mut self) -> Result<(), Error> {
        let mut is_about_children = false;
        while let Some(signal) = self.signals.next().map_err(system("read signalfd"))? {
            match signal {
                Signal::CHILD => is_about_children = true,
                Signal::STOP => self.pause()?,
                // Whoever was stopped with us goes on with us.
                Signal::CONTINUE => self.crew.continue_all(),
                Signal::STATUS => {
                    let progress = self.progress();
                    self.observer.observe(&Observation::Status(progress));
                }
                end => self.ask_for_the_end(end)?,
            }
        }
        if is_about_children { self.heed_children() } else { Ok(()) }
    }

    /// The first signal drains, the second ends at once.
    fn ask_for_the_end(&mut self, signal: Signal) -> Result<(), Error> {
        let is_second = self.early.is_some_and(|early| matches!(early.why, Early::Signal(_)));
        // The stages of an early end are not shown.
        if is_second || self.stages.is_wanted() {
            return Err(Error::Interrupted(signal));
        }
        if let Some(upstream) = &mut self.upstream {
            // Others do what is not done, and need not wait for it.
            let number = signal.number().unsigned_abs();
            upstream.leave(&mut self.supervisor, Leave::Signal(number), End::Signal(signal));
            return Ok(());
        }
        self.end_early(Early::Signal(signal), self.job.drain);
        Ok(())
    }

    /// Begins to drain.
    pub(super) fn end_early(&mut self, why: Early, within: Duration) {
        let now = self.clock.elapsed();
        self.early = Some(Draining { why, until: now + within, patience: Some(now + PATIENCE) });
        self.supervisor.drain();
        self.observer.observe(&Observation::EndsEarly(why));
    }

    /// Ends what has had its time.
    pub(super) fn keep_time(&mut self) -> Result<(), Error> {
        let now = self.clock.elapsed();
        match &mut self.early {
            Some(Draining { why, until, .. }) if *until <= now => {
                let why = *why;
                Err(self.ended_early(why))
            }
            Some(Draining { why, patience, .. }) => {
                if patience.take_if(|patience| *patience <= now).is_some() {
                    self.observer.observe(&Observation::StillDraining(*why));
                }
                Ok(())
            }
            None if self.job.deadline.is_some_and(|deadline| deadline <= now) => {
                self.end_early(Early::Deadline, DRAIN_AT_DEADLINE);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Why there is no answer.
    pub(super) fn ended_early(&self, why: Early) -> Error {
        let (failed, covered, total) = self.counts();
        match why {
            Early::Signal(signal) => Error::Interrupted(signal),
            Early::Halt => Error::Halted { failed, covered, total },
            Early::Deadline => {
                let deadline = self.job.deadline.unwrap_or_default();
                Error::Deadline { deadline, covered, total }
            }
        }
    }

    /// Where nothing is started twice: names what had begun when the job ended at once, for nobody will hear how
    /// that went.
    pub(super) fn tell_what_is_unknown(&mut self) -> Vec<Failure> {
        if !self.job.is_at_most_once() {
            return Vec::new();
        }
        let in_hand = self.supervisor.scheduler().in_hand();
        let mut begun: Vec<Interval> = in_hand
            .filter(|assignment| !self.keeper.holds(assignment))
            .map(|assignment| assignment.interval)
            .collect();
        begun.sort_unstable();
        let as_failure = |interval| Failure { interval, cause: Cause::Unknown };
        let unknown: Vec<Failure> = begun.into_iter().map(as_failure).collect();
        for failure in &unknown {
            self.observer.observe(&Observation::Quarantined(*failure));
        }
        unknown
    }

    /// Failed, covered and all numbers.
    pub(super) fn counts(&self) -> (u128, u128, u128) {
        let scheduler = self.supervisor.scheduler();
        let ledger = scheduler.ledger();
        (ledger.failed(), ledger.covered().len(), scheduler.total())
    }

    /// Stops the workers and then ourselves, as the terminal asked for, until somebody continues us.
    fn pause(&mut self) -> Result<(), Error> {
        // Whoever was stopped by somebody else and goes on again is one of us again.
        self.heed_children()?;
        self.observer.observe(&Observation::Paused);
        let began = Instant::now();
        self.crew.stop_all();
        let stopped = self.signals.stop_here();
        self.crew.continue_all();
        let pause = began.elapsed();
        self.clock.leave_out(pause);
        self.observer.observe(&Observation::Resumed(pause));
        stopped.map_err(|(call, cause)| Error::System { call, cause })
    }
}
