//! `--on WHERE`: other machines on which the job starts or calls agents.

mod agent_call;
mod copies;
mod hosts;
mod places;
mod ssh;

use crate::arguments::JobArguments;
use agent_call::AgentCall;
use copies::Copies;
use evenly::internal::Launch;
use hosts::parse;
use places::Where;

/// The places of a call, and what agents there are started with.
#[derive(Clone, Debug, Default)]
pub(crate) struct On {
    places: Vec<Where>,
    call: AgentCall,
}

impl On {
    /// Reads `--on`, and the files of hosts that it names.
    ///
    /// # Errors
    /// One line that names the option or the line of the file.
    pub(crate) fn resolve(arguments: &JobArguments) -> Result<Self, String> {
        if arguments.call.on.is_empty() {
            return Ok(Self::default());
        }
        let directory = std::env::current_dir()
            .map_err(|error| format!("cannot say where agents work (--on): getcwd: {error}"))?;
        let call = AgentCall {
            lib: arguments.lib.clone(),
            depends: arguments.depends.clone(),
            cmd: arguments.cmd.clone(),
            directory,
            silence: arguments.call.times.silence.clone(),
            is_verbose: arguments.call.verbose,
        };
        Ok(Self { places: parse(&arguments.call.on)?, call })
    }

    /// Workers on this machine, if a file of hosts says so.
    pub(crate) fn workers_here(&self) -> Option<u32> {
        self.places.iter().find_map(|place| match place {
            Where::Here(workers) => *workers,
            Where::Ssh(_) => None,
        })
    }

    /// The other machines, as messages call them.
    pub(crate) fn names(&self) -> Vec<String> {
        let others = self.places.iter().filter(|place| !matches!(place, Where::Here(_)));
        others.map(ToString::to_string).collect()
    }

    /// The programs that start agents on the other machines.
    ///
    /// # Errors
    /// If a file for them cannot be read.
    pub(crate) fn launches(&self) -> Result<Vec<Launch>, String> {
        let hosts: Vec<_> = self.places.iter().filter_map(Where::ssh_host).collect();
        if hosts.is_empty() {
            return Ok(Vec::new());
        }
        let copies = Copies::open(self.call.lib.as_deref(), &self.call.depends)?;
        let program = ssh::program()?;
        Ok(hosts
            .into_iter()
            .map(|host| ssh::launch(host, &program, (&self.call, &copies)))
            .collect())
    }
}

#[cfg(test)]
mod tests;
