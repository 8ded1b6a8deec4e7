//! Places where agents work, each as messages call it.

use evenly::Address;

/// One place where agents of the job work: a variant for each kind of WHERE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    /// `ssh:HOST[/WORKERS]`: an agent that is started by ssh.
    Ssh(SshHost),
    /// `tcp:HOST:PORT` or another address: an agent that waits to be called.
    Agent(Address),
    /// `slurm[:NODES]`: the nodes of the Slurm job of this call, or the first of them, as many as it says.
    Slurm(Option<u32>),
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

/// A node of a Slurm job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SlurmNode {
    pub(crate) name: String,
    /// The CPUs that the job has there, if Slurm says it.
    pub(crate) workers: Option<u32>,
}

impl Where {
    /// The host, if it is one for ssh.
    pub(super) fn ssh_host(&self) -> Option<&SshHost> {
        match self {
            Self::Ssh(host) => Some(host),
            Self::Agent(_) | Self::Slurm(_) | Self::Here(_) => None,
        }
    }

    /// The address, if an agent is called there.
    pub(super) fn called(&self) -> Option<&Address> {
        match self {
            Self::Agent(address) => Some(address),
            Self::Ssh(_) | Self::Slurm(_) | Self::Here(_) => None,
        }
    }
}

impl std::fmt::Display for Where {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ssh(host) => write!(f, "ssh:{}", host.host),
            Self::Agent(address) => write!(f, "{address}"),
            Self::Slurm(None) => f.write_str("slurm"),
            Self::Slurm(Some(nodes)) => write!(f, "slurm:{nodes}"),
            Self::Here(_) => f.write_str("this machine (:)"),
        }
    }
}
