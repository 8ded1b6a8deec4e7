//! Description of an agent for observers of a job.

use crate::os_error::OsError;
use crate::transport::Gone;
use evenly_core::Violation;
use evenly_core::agent::Leave;
use evenly_core::printable;
use std::fmt;

/// Characters that a message shows of the name of a machine: a host name (gethostname(2)) and a number.
const HOST: usize = 80;

/// An agent that has joined, by its own account and that of its connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentSeen {
    /// Which one, in one row with the workers of this machine, from 1.
    pub worker: usize,
    /// How many workers it has.
    pub workers: u32,
    /// The name of its machine.
    pub host: String,
    /// The name of its machine in this run, which no other agent has: see [`Machine`](super::Machine).
    pub machine: String,
    /// Its process number there.
    pub pid: u32,
    /// Whether that is this machine, where its process number means the same.
    pub is_here: bool,
    /// From where it came, as in `tcp:192.0.2.7:40112`.
    pub address: String,
}

impl fmt::Display for AgentSeen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { worker, machine, pid, address, .. } = self;
        let machine = printable(machine.as_bytes(), HOST);
        write!(f, "agent {worker} (pid {pid} on {machine}, at {address})")
    }
}

/// Why an agent is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Parting {
    /// It said so itself.
    Left(Leave),
    /// Its connection is gone.
    Gone(Gone),
    /// What it said cannot be, and the connection was closed.
    Said(Violation),
}

impl fmt::Display for Parting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Left(Leave::Over) => f.write_str("left"),
            Self::Left(Leave::Signal(signal)) => write!(f, "left, ended by signal {signal}"),
            Self::Left(Leave::NoWorker(number)) => match OsError::received(*number) {
                Some(cause) => write!(f, "left: it has no worker: {cause}"),
                None => {
                    f.write_str("left: it cannot go on, and says why on its own standard error")
                }
            },
            Self::Left(Leave::Protocol) => {
                f.write_str("left: it does not understand a message of the primary")
            }
            Self::Left(Leave::Untrusted) => f.write_str("left: its answers cannot be trusted"),
            Self::Left(Leave::Other(code, detail)) => {
                write!(f, "left, for reason {code}, {detail}")
            }
            Self::Gone(gone) => write!(f, "is gone: {gone}{}", gone.next_step()),
            Self::Said(violation) => write!(f, "was sent away: it {violation}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;

    #[test]
    fn an_agent_that_leaves_for_no_error_of_linux_is_reported() {
        for number in [0, 4096, 70_000, u32::MAX] {
            let text = Parting::Left(Leave::NoWorker(number)).to_string();
            assert!(text.starts_with("left: it cannot go on"), "{text}");
        }
        let text = Parting::Left(Leave::NoWorker(11)).to_string();
        assert!(text.starts_with("left: it has no worker: Resource temporarily"), "{text}");
    }

    #[test]
    fn a_network_for_shorter_datagrams_is_named_with_the_next_step() {
        let why = Parting::Gone(Gone::broken(Errno::MSGSIZE)).to_string();
        let expected = "is gone: Message too long (os error 90): the network does not carry datagrams of 1200 bytes; use tcp";
        assert_eq!(why, expected);
        let why = Parting::Gone(Gone::broken(Errno::CONNRESET)).to_string();
        assert_eq!(why, "is gone: Connection reset by peer (os error 104)");
    }
}
