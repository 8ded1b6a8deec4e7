//! `--on WHERE`: other machines on which the job starts or calls agents.

mod agent_call;
mod copies;
mod hosts;
mod places;
mod slurm;
mod ssh;

use crate::arguments::JobArguments;
use crate::keys::KeySource;
use agent_call::AgentCall;
use copies::Copies;
use evenly::internal::Launch;
use evenly::{Address, AddressKind};
use hosts::parse;
use places::{SlurmNode, Where};
use slurm::SlurmCall;

/// The places of a call, and what agents there are started with.
#[derive(Clone, Debug, Default)]
pub(crate) struct On {
    places: Vec<Where>,
    /// The nodes of the Slurm job; none while a script for such a job is written.
    nodes: Vec<SlurmNode>,
    advertise: Option<String>,
    call: AgentCall,
}

impl On {
    /// Reads `--on`, and the files of hosts that it names.
    ///
    /// # Errors
    /// One line that names the option or the line of the file.
    pub(crate) fn resolve(arguments: &JobArguments) -> Result<Self, String> {
        let advertise = arguments.call.advertise.clone();
        let places = parse(&arguments.call.on)?;
        let slurm = places.iter().find_map(|place| match place {
            Where::Slurm(nodes) => Some(*nodes),
            Where::Ssh(_) | Where::Agent(_) | Where::Here(_) => None,
        });
        if advertise.is_some() && slurm.is_none() {
            return Err("--advertise is only used with --on slurm, which is missing".to_owned());
        }
        if places.is_empty() {
            return Ok(Self::default());
        }
        let nodes = match slurm.filter(|_| !arguments.is_for_script) {
            Some(most) => slurm::nodes(most).map_err(|cause| format!("--on slurm: {cause}"))?,
            None => Vec::new(),
        };
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
        Ok(Self { places, nodes, advertise, call })
    }

    /// Whether agents are started in a Slurm job, also on the node of this process.
    pub(crate) fn is_slurm(&self) -> bool {
        self.places.iter().any(|place| matches!(place, Where::Slurm(_)))
    }

    /// The address at which the job listens for agents that it starts, beside those of `--listen`.
    pub(crate) fn listens_at(&self, listen: &[Address]) -> Option<&'static str> {
        let has_one = listen.iter().any(|address| address.kind() == AddressKind::Tcp);
        (self.is_slurm() && !has_one).then_some(slurm::LISTEN)
    }

    /// Workers on this machine, if a file of hosts says so.
    pub(crate) fn workers_here(&self) -> Option<u32> {
        self.places.iter().find_map(|place| match place {
            Where::Here(workers) => *workers,
            Where::Ssh(_) | Where::Agent(_) | Where::Slurm(_) => None,
        })
    }

    /// The other machines, as messages call them.
    pub(crate) fn names(&self) -> Vec<String> {
        self.started().chain(self.calls().map(ToString::to_string)).collect()
    }

    /// The hosts on which agents are started, as messages call them.
    pub(crate) fn started(&self) -> impl Iterator<Item = String> {
        let hosts = self.places.iter().filter_map(Where::ssh_host);
        let hosts = hosts.map(|host| format!("ssh:{}", host.host));
        hosts.chain(self.nodes.iter().map(|node| format!("slurm:{}", node.name)))
    }

    /// The addresses at which agents wait to be called.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &Address> {
        self.places.iter().filter_map(Where::called)
    }

    /// The programs that start agents on the other machines. `listen`: where the job listens.
    ///
    /// # Errors
    /// If a file for them cannot be read.
    pub(crate) fn launches(
        &self,
        key: &KeySource,
        listen: &[Address],
    ) -> Result<Vec<Launch>, String> {
        let mut launches = Vec::new();
        let hosts: Vec<_> = self.places.iter().filter_map(Where::ssh_host).collect();
        if !hosts.is_empty() {
            let copies = Copies::open(self.call.lib.as_deref(), &self.call.depends)?;
            let program = ssh::program()?;
            let start = |host| ssh::launch(host, &program, (&self.call, &copies));
            launches.extend(hosts.into_iter().map(start));
        }
        if !self.nodes.is_empty() {
            let advertise = self.advertise.as_deref();
            let call = SlurmCall { call: &self.call, key, listen, advertise };
            launches.extend(call.launches(&self.nodes)?);
        }
        Ok(launches)
    }
}

#[cfg(test)]
mod tests;
