//! Signals of the primary: they end the job, pause it, or ask how far it is.
//!
//! The engine decides how a job drains, within [`Job::drain`](crate::Job::drain). A second signal ends it at once.

use super::EventLoop;
use crate::driver::agent_client::AgentEnd;
use crate::error::{Error, system};
use crate::observe::{Early, Observation};
use crate::process::signals::Signal;
use evenly_core::Failure;
use evenly_core::agent::Leave;
use evenly_core::engine::halt::{Halt, ReachedHalt};
use std::time::Instant;

impl EventLoop<'_> {
    /// Reads all signals that have arrived, and does what they ask for.
    pub(super) fn heed_signals(&mut self) -> Result<(), Error> {
        let mut is_about_children = false;
        while let Some(signal) = self.signals.next().map_err(system("read signalfd"))? {
            match signal {
                Signal::CHILD => is_about_children = true,
                Signal::STOP => self.pause()?,
                // Workers that were stopped with the primary go on with it.
                Signal::CONTINUE => self.pool.continue_all(),
                Signal::STATUS => self.tell_status(),
                end => self.ask_for_the_end(end)?,
            }
        }
        if is_about_children { self.heed_children() } else { Ok(()) }
    }

    /// The first signal drains, the second ends at once.
    fn ask_for_the_end(&mut self, signal: Signal) -> Result<(), Error> {
        // The user of --wiring does not want to see the stages of an early end.
        if self.stages.is_wanted() {
            return Err(Error::Interrupted(signal));
        }
        if let Some(upstream) = &mut self.upstream {
            // Others do what is not done, and need not wait for it.
            let number = signal.number().unsigned_abs();
            upstream.leave(&mut self.engine, Leave::Signal(number), AgentEnd::Signal(signal));
            return Ok(());
        }
        if !self.engine.ask_for_end(signal.number(), self.clock.now_ns()) {
            return Err(Error::Interrupted(signal));
        }
        self.observer.observe(&Observation::EndsEarly(Early::Signal(signal)));
        Ok(())
    }

    /// Why there is no answer.
    pub(super) fn ended_early(&self, why: Early) -> Error {
        let (failed, covered, total) = self.counts();
        let total = (!self.job.items.is_open_ended()).then_some(total);
        match why {
            Early::Signal(signal) => Error::Interrupted(signal),
            Early::Halt => {
                // A run without a condition is never halted.
                let reached = self.engine.reached_halt().unwrap_or(ReachedHalt {
                    halt: Halt::default(),
                    counted: failed,
                    has_windows: false,
                    has_end: true,
                });
                let reached = ReachedHalt { has_end: total.is_some(), ..reached };
                Error::Halted { reached: Box::new(reached), failed, covered, total }
            }
            Early::Deadline => {
                let deadline = self.job.deadline.unwrap_or_default();
                Error::Deadline { deadline, covered, total }
            }
        }
    }

    /// Names the numbers of at-most-once runs that had begun when the job ended at once.
    pub(super) fn tell_what_is_unknown(&mut self) -> Vec<Failure> {
        let unknown = self.engine.unknown_in_hand();
        for failure in &unknown {
            self.observer.observe(&Observation::Quarantined(*failure));
        }
        unknown
    }

    /// Failed, covered and all numbers.
    pub(super) fn counts(&self) -> (u128, u128, u128) {
        let scheduler = self.engine.scheduler();
        let ledger = scheduler.ledger();
        (ledger.failed(), ledger.covered().len(), scheduler.total())
    }

    /// Stops the workers and then this process, as the terminal asked for, until it gets `SIGCONT`.
    fn pause(&mut self) -> Result<(), Error> {
        // A worker that another process stopped and continued is stopped with the others again.
        self.heed_children()?;
        self.observer.observe(&Observation::Paused);
        let began = Instant::now();
        self.pool.stop_all();
        let stopped = self.signals.stop_here();
        self.pool.continue_all();
        let pause = began.elapsed();
        self.clock.leave_out(pause);
        self.observer.observe(&Observation::Resumed(pause));
        stopped.map_err(|(call, cause)| system(call)(cause))
    }
}
