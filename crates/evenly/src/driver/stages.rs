//! The stages at which a job stands still, if somebody wants to look: see
//! [`Job::stand_still_at_stages`](crate::Job::stand_still_at_stages).
//!
//! However long it stands, it is a pause on the clock of the run: no deadline passes, and nobody has been
//! silent. Agents have other clocks, so they are told meanwhile that the primary lives; what they say
//! waits until the job goes on.

use super::clock::Clock;
use super::gather::Gathering;
use super::reception::AGENTS;
use crate::error::Error;
use crate::observe::{Layout, Observation, Observer, Stage};
use crate::process::end_is_asked_for;
use crate::transport::Token;
use rustix::event::{Timespec, epoll};
use std::mem::MaybeUninit;
use std::time::Instant;

/// The observer, and what it is shown when the job stands still.
pub(super) struct Stages<'a> {
    pub(super) observer: &'a mut dyn Observer,
    pub(super) layout: Layout,
    pub(super) is_wanted: bool,
}

impl Stages<'_> {
    /// Stands still where nobody else has to be kept waiting, if anybody wants to look.
    pub(super) fn at(&mut self, stage: Stage, clock: &mut Clock) {
        let nothing_fails = self.stand(stage, clock, || Ok(()));
        debug_assert!(nothing_fails.is_ok());
    }

    /// Stands still until the observer has seen enough or a signal asks for the end, and does
    /// something again and again meanwhile.
    fn stand(
        &mut self,
        stage: Stage,
        clock: &mut Clock,
        mut meanwhile: impl FnMut() -> Result<(), Error>,
    ) -> Result<(), Error> {
        if !self.is_wanted {
            return Ok(());
        }
        let began = Instant::now();
        self.observer.observe(&Observation::Stage(stage, &self.layout));
        let mut outcome = Ok(());
        while outcome.is_ok() && !end_is_asked_for() && !self.observer.may_go_on() {
            outcome = meanwhile();
        }
        clock.leave_out(began.elapsed());
        outcome
    }
}

impl Gathering<'_> {
    /// Stands still in the middle of the work, and keeps up the connections to agents.
    pub(super) fn stand_still(&mut self, stage: Stage) -> Result<(), Error> {
        // For the transports no time passes.
        let now_ns = self.clock.now_ns();
        let (registry, agents) = (&self.registry, &mut self.agents);
        let heartbeat = self.job.silence.heartbeat();
        let mut next = Instant::now();
        self.stages.stand(stage, &mut self.clock, || {
            if next <= Instant::now() {
                next = Instant::now() + heartbeat;
                agents.beat_while_standing();
            }
            // Whoever is heard later must be let say it now: else what waits to be confirmed to the
            // other end would end the connection.
            let mut events = [MaybeUninit::<epoll::Event>::uninit(); 64];
            let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
            if let Ok((events, _)) = epoll::wait(registry.epoll(), &mut events, Some(&at_once)) {
                let tokens = events.iter().map(|event| Token::from_data(event.data));
                for token in tokens.filter(|token| token.transport >= AGENTS) {
                    agents.attend(token, now_ns)?;
                }
            }
            agents.flush(now_ns)
        })
    }
}
