//! The primary of this agent in the event loop: leases in, descriptions and the farewell out.

use super::EventLoop;
use crate::driver::agent_client::AgentEnd;
use crate::error::Error;
use crate::function::Command;
use crate::observe::Observation;
use evenly_core::agent::Leave;
use evenly_core::frame::Description;
use evenly_core::{Cause, Failure, Interval};

impl EventLoop<'_> {
    /// Tells the primary that this agent leaves, if it does not know; and why the session is over.
    ///
    /// # Errors
    /// That of the session, if it had one.
    pub(in crate::driver) fn part_from_upstream(
        &mut self,
        served: Result<(), Error>,
    ) -> Result<AgentEnd, Error> {
        let now_ns = self.clock.now_ns();
        let Some(upstream) = &mut self.upstream else { return Ok(AgentEnd::Over) };
        if let Err(error) = &served {
            let why = match error {
                Error::Interrupted(signal) => Leave::Signal(signal.number().unsigned_abs()),
                Error::Unasked | Error::Contradiction { .. } | Error::Violation(_) => {
                    Leave::Untrusted
                }
                _ => Leave::NoWorker(0),
            };
            upstream.leave(&mut self.engine, why, AgentEnd::Over);
        }
        upstream.close();
        let sent = upstream.flush(now_ns);
        served.and(sent)?;
        Ok(upstream.end().unwrap_or(AgentEnd::Over))
    }

    /// Passes on to the primary of this agent how a worker described a number that may fail.
    pub(super) fn describe_upstream(&mut self, n: i64, cause: Cause) {
        let failure = Failure { interval: Interval::single(n), cause };
        if let Some(upstream) = &mut self.upstream
            && let Some((n, text)) = self.engine.description(&failure)
        {
            upstream.describe(Description { n, cause, text });
        }
    }

    /// Passes on to the primary of this agent what running commands print.
    pub(super) fn pass_texts_upstream(&mut self) {
        if let Some(upstream) = &mut self.upstream {
            upstream.pass_texts(&mut self.engine);
        }
    }

    /// Hears the primary that this agent works for.
    pub(super) fn hear_upstream(&mut self) -> Result<(), Error> {
        let now_ns = self.clock.now_ns();
        let Some(upstream) = &mut self.upstream else { return Ok(()) };
        let command = self.job.function.command();
        let lines = command.as_deref().and_then(Command::lines);
        upstream.hear(&mut self.engine, lines, now_ns)?;
        if let Some(AgentEnd::Protocol(_)) = upstream.end() {
            upstream.leave(&mut self.engine, Leave::Protocol, AgentEnd::Over);
        }
        Ok(())
    }

    /// Does what is due for the primary that this agent works for.
    pub(super) fn keep_time_of_upstream(&mut self) -> Result<(), Error> {
        let now_ns = self.clock.now_ns();
        let Some(upstream) = &mut self.upstream else { return Ok(()) };
        upstream.keep_time(now_ns)?;
        if let Some((count, wrong_key)) = upstream.take_strangers(self.clock.elapsed()) {
            let wrong_key = wrong_key.as_deref();
            self.observer.observe(&Observation::Strangers { count, wrong_key });
        }
        self.hear_upstream()
    }
}
