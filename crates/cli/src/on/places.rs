//! Places where agents work, each as messages call it.

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

impl Where {
    /// The host, if it is one for ssh.
    pub(super) fn ssh_host(&self) -> Option<&SshHost> {
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
