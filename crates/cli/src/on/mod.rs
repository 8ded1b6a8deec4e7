//! `--on WHERE`: other machines on which the job starts or calls agents.

mod copies;
mod hosts;
mod ssh;

use crate::arguments::JobArguments;
use copies::Copies;
use evenly::internal::Launch;
use hosts::in_file;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The places of a call, and what agents there are started with.
#[derive(Clone, Debug, Default)]
pub(crate) struct On {
    places: Vec<Where>,
    call: AgentCall,
}

/// What an agent of this call is started with.
#[derive(Clone, Debug, Default)]
struct AgentCall {
    lib: Option<String>,
    depends: Vec<PathBuf>,
    cmd: Vec<OsString>,
    directory: PathBuf,
    silence: Option<String>,
    is_verbose: bool,
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

/// One place where agents of the job work: a variant for each kind of WHERE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    /// `ssh:HOST[/WORKERS]`: an agent that is started by ssh.
    Ssh(SshHost),
    /// `:` in a file of hosts: this machine, with this many workers if the file says so.
    Here(Option<u32>),
}

/// A host for ssh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SshHost {
    /// What ssh is given: a name of the user's configuration, `HOST` or `USER@HOST`.
    pub(crate) host: String,
    /// Its workers; `None`: one for each CPU there.
    pub(crate) workers: Option<u32>,
}

/// The places of all `--on` options, in the order in which they are given.
///
/// # Errors
/// One line that names the option or the line of the file, and says what is wrong with it.
pub(crate) fn parse(options: &[String]) -> Result<Vec<Where>, String> {
    let mut places = Vec::new();
    for typed in options {
        let found = match typed.strip_prefix('@') {
            Some(file) => in_file(Path::new(file))?,
            None => {
                place(typed).map_err(|cause| format!("bad value '{typed}' for --on: {cause}"))?
            }
        };
        for place in found {
            if places.contains(&place) {
                return Err(format!(
                    "--on names {place} twice; give it more workers, as in {place}/8"
                ));
            }
            places.push(place);
        }
    }
    Ok(places)
}

/// The places in one WHERE that is no file.
fn place(typed: &str) -> Result<Vec<Where>, String> {
    match typed.split_once(':') {
        Some(("ssh", hosts)) => {
            hosts.split(',').map(|host| Ok(Where::Ssh(hosts::ssh_host(host)?))).collect()
        }
        _ => Err("it is ssh:HOST, ssh:HOST/WORKERS, or @FILE with a host on each line".to_owned()),
    }
}

impl Where {
    fn ssh_host(&self) -> Option<&SshHost> {
        match self {
            Self::Ssh(host) => Some(host),
            Self::Here(_) => None,
        }
    }
}

impl std::fmt::Display for Where {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ssh(host) => write!(f, "ssh:{}", host.host),
            Self::Here(_) => f.write_str("this machine (:)"),
        }
    }
}

#[cfg(test)]
mod tests;
