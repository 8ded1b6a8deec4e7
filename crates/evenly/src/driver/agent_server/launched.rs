//! Programs that start agents, and calls of agents, at the primary: their timers, their news, the connections of their agents.

use super::AgentServer;
use crate::driver::launcher::{Launcher, News};
use crate::error::Error;
use crate::transport::FailedCall;
use rustix::process::Pid;
use std::time::Duration;

impl AgentServer {
    /// Process numbers of the programs that run.
    pub(in crate::driver) fn launched(&self) -> Vec<Pid> {
        self.launcher.iter().flat_map(Launcher::pids).collect()
    }

    /// Whether no agent is here or can come.
    pub(in crate::driver) fn is_deserted(&self) -> bool {
        !self.listeners.is_empty()
            && self.launcher.as_ref().is_none_or(Launcher::is_given_up)
            && self.seats.is_empty()
            && !self.listeners.iter().any(|listener| listener.awaits_agents())
    }

    /// Starts the programs that are due.
    pub(in crate::driver) fn keep_launcher_time(&mut self, now: Duration) -> Result<(), Error> {
        match &mut self.launcher {
            Some(launcher) => Ok(launcher.keep_time(now)?),
            None => Ok(()),
        }
    }

    /// The next news of a program or a call. The connection of an agent that begins is taken over on the way.
    pub(in crate::driver) fn next_launcher_news(
        &mut self,
        now_ns: u64,
    ) -> Result<Option<News>, Error> {
        let mut listeners = self.listeners.iter_mut();
        if let Some(failed) = listeners.find_map(|listener| listener.next_failed_call()) {
            let FailedCall { address: name, why, again } = failed;
            return Ok(Some(News::Failed { name, why, again }));
        }
        let Some(launcher) = &mut self.launcher else { return Ok(None) };
        while let Some(news) = launcher.next_news() {
            match (news, self.listeners.last_mut()) {
                (News::Connected { name, socket }, Some(listener)) => {
                    listener.adopt(socket, &name, now_ns)?;
                }
                (news, _) => return Ok(Some(news)),
            }
        }
        Ok(None)
    }
}
