//! Directory for one test of primaries and agents, with its keys and sockets, and a check that no process is left.

use super::process::Process;
use super::{EVENLY, state_and_parent, until};
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// How a primary and its agents are connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Unix,
    Tcp,
    Unixgram,
    Udp,
}

/// Those that every test of agents is made with, if it does not say otherwise.
pub(crate) const TRANSPORTS: &[Transport] =
    &[Transport::Unix, Transport::Tcp, Transport::Unixgram, Transport::Udp];

impl Transport {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unix => "unix",
            Self::Tcp => "tcp",
            Self::Unixgram => "unixgram",
            Self::Udp => "udp",
        }
    }

    /// Whether both ends need a key.
    pub(crate) fn is_of_a_network(self) -> bool {
        matches!(self, Self::Tcp | Self::Udp)
    }
}

/// The directory for what a test makes itself.
const OWN: &str = "own";

/// Where one test keeps its files. Its name stands in the environment of every process of the test,
/// the workers that they fork among them, and that is how those are found.
pub(crate) struct Site {
    directory: PathBuf,
}

impl Site {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // Short, because the path of a socket must be.
        let name = format!("evenly-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(directory.join(OWN)).unwrap();
        Self { directory }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Where a test makes a file of its own, which stays until the end.
    pub(crate) fn own(&self, name: &str) -> PathBuf {
        self.path(OWN).join(name)
    }

    /// The directory of the user's configuration, with the key in it.
    pub(crate) fn configuration(&self) -> PathBuf {
        self.path("config")
    }

    /// An address to listen at.
    pub(crate) fn address(&self, transport: Transport) -> String {
        match transport {
            Transport::Unix | Transport::Unixgram => {
                format!("{}:{}", transport.name(), self.path("socket").display())
            }
            Transport::Tcp | Transport::Udp => format!("{}:127.0.0.1:0", transport.name()),
        }
    }

    /// A call of the binary with these words, split at spaces, as from a shell in the foreground, independent of
    /// the parent of the tests.
    pub(crate) fn command(&self, words: &str) -> Command {
        self.command_through(&[], words)
    }

    /// The same, called through another program and its words.
    pub(crate) fn command_through(&self, through: &[&str], words: &str) -> Command {
        let mut all = through.to_vec();
        all.extend(["env", "--default-signal=HUP,INT,TERM,TSTP,USR1,PIPE", EVENLY]);
        let mut command = Command::new(all[0]);
        command.args(&all[1..]).args(words.split_whitespace()).process_group(0);
        command.env("XDG_CONFIG_HOME", self.configuration());
        command
    }

    /// Starts the binary.
    pub(crate) fn start(&self, words: &str) -> Process {
        Process::start(self.command(words))
    }

    /// Starts a primary that listens; also gives where.
    pub(crate) fn primary(&self, transport: Transport, words: &str) -> (Process, String) {
        let listen = self.address(transport);
        let mut primary = self.start(&format!("{words} --listen {listen} --progress none"));
        let address = listens_at(&mut primary);
        (primary, address)
    }

    /// Starts an agent.
    pub(crate) fn agent(&self, address: &str, words: &str) -> Process {
        self.start(&format!("join {address} {words}"))
    }

    /// The processes of this test, by number.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let entries = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
        let mut pids: Vec<u32> =
            entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
        pids.retain(|pid| belongs_to(*pid, &self.configuration()));
        pids
    }

    /// Nothing may be left: no process, and no file but the key and what the test made.
    pub(crate) fn check_is_clean(&self) {
        // Workers whose primary was killed take a moment to follow.
        until("no process is left", || {
            let left = self.processes();
            left.is_empty().then_some(())
        });
        let left: Vec<String> = fs::read_dir(&self.directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "config" && name != OWN)
            .collect();
        assert!(left.is_empty(), "{left:?} is left");
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.directory).unwrap();
    }
}

/// Where a primary says that it listens.
pub(crate) fn listens_at(primary: &mut Process) -> String {
    let line = primary.line("listening at ");
    line.rsplit_once(' ').unwrap().1.to_owned()
}

fn belongs_to(pid: u32, configuration: &Path) -> bool {
    let Ok(environment) = fs::read(format!("/proc/{pid}/environ")) else { return false };
    let wanted = format!("XDG_CONFIG_HOME={}", configuration.display());
    environment.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes())
        && matches!(state_and_parent(pid), Some((state, _)) if !matches!(state, 'Z' | 'X'))
}
