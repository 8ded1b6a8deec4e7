//! End of commands that still run when a job ends early: their workers end them and report what they printed.

use super::EventLoop;
use crate::error::{Error, system};
use crate::process::end_is_asked_for;
use crate::transport::Transport;
use rustix::process::Signal;
use std::thread::sleep;
use std::time::Duration;

/// Time for a worker to leave after its command has had its grace.
const LEAVING: Duration = Duration::from_millis(500);

/// Pause between two looks at workers whose reports are not read.
const PAUSE: Duration = Duration::from_millis(5);

impl EventLoop<'_> {
    /// The grace of a command, or nothing if this job runs no commands.
    pub(super) fn grace(&self) -> Duration {
        self.job.function.command().map_or(Duration::ZERO, |_| self.job.grace)
    }

    /// Closes the assignment pipes of workers that run commands, so that they end these, and waits for the workers
    /// to leave: for the grace and a little more at most, and until another signal asks for the end. Takes in what
    /// they report meanwhile if it `is_trusted`.
    pub(in crate::driver) fn end_commands(&mut self, is_trusted: bool) -> Result<(), Error> {
        if self.job.function.command().is_none() || self.pool.slots.is_empty() {
            return Ok(());
        }
        self.signals.heed_children(false).map_err(system("signalfd"))?;
        for slot in 0..self.pool.slots.len() {
            self.worker_pipes.close(slot);
        }
        // A stopped worker reads no end of file.
        let stopped = self.pool.slots.iter().filter(|slot| slot.is_stopped);
        stopped.for_each(|slot| slot.child.signal(Signal::KILL));
        let deadline = self.clock.elapsed() + self.grace() + LEAVING;
        if !is_trusted {
            let is_there = |event_loop: &Self| {
                let mut slots = event_loop.pool.slots.iter();
                slots.any(|slot| matches!(slot.child.has_ended(), Ok(false)))
            };
            while self.clock.elapsed() < deadline && !end_is_asked_for() && is_there(self) {
                sleep(PAUSE);
            }
            return Ok(());
        }
        let mut is_asked_again = false;
        while !self.is_end_of_file && !is_asked_again && self.clock.elapsed() < deadline {
            let ready = self.wait(Some(deadline))?;
            if ready.results {
                self.receive()?;
                self.act()?;
            }
            if ready.signals {
                while let Some(signal) = self.signals.next().map_err(system("read signalfd"))? {
                    is_asked_again |= signal.asks_for_the_end();
                }
            }
            for token in ready.elsewhere {
                self.attend_elsewhere(token)?;
            }
        }
        Ok(())
    }
}
