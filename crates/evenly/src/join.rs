//! Agents: how a job accepts them, and how this process works as one for a primary elsewhere.

use crate::driver;
use crate::error::Error;
use crate::function::{Function, Functions, Program};
use crate::job::Job;
use crate::observe::Observer;
use crate::secure::Key;
use crate::transport::stream::{ConnectError, StdioEnds};
use crate::transport::{Address, AddressError, AddressKind, Gone};
use crate::worker_settings::{WorkerSettings, worker_setters};
use evenly_core::frame::Malformed;
use evenly_core::hello::MAX_TEXT;
pub use evenly_core::hello::Misunderstood;
use evenly_core::printable::{LIMIT, printable};
use rustix::io::Errno;
use std::cell::Cell;
use std::time::Duration;

/// How a job takes agents.
impl Job {
    /// Listens for agents at this address from the start to the end of the job. Several calls add addresses.
    #[must_use]
    pub fn listen(mut self, address: Address) -> Self {
        self.entrances.addresses.push(address);
        self
    }

    /// Sets the keys that agents may have. An agent over a network is accepted with one of them only. Two keys
    /// serve while one replaces the other.
    #[must_use]
    pub fn keys(mut self, keys: Vec<Key>) -> Self {
        self.entrances.keys = keys;
        self
    }

    /// Starts no worker in this process; agents that [join](Self::listen) do all the work.
    #[must_use]
    pub fn no_workers(mut self) -> Self {
        self.worker_settings.workers = Some(0);
        self
    }
}

/// An agent: this process joins a primary on another machine or in another process, and works for it.
///
/// The primary is a [`Job`] that [listens](Job::listen) at an [`Address`]. The agent forks workers of its own.
///
/// The primary sends the aggregate, the range, the name of the function and the limits of a number. The agent takes
/// the name for that of a builtin or for an expression; a job over a closure refuses to listen. A
/// [library](crate::function::library) or a [command](crate::function::Command) is never sent either: the agent brings
/// it by [`with_function`](Self::with_function), and the primary compares its digest.
///
/// # Limits
/// - The process must have one thread, and signals are taken from it, as for a [`Job`].
/// - Over a network (`tcp`, `udp`) both sides need the same [`Key`], and every message is encrypted (Noise protocol
///   framework, pattern NNpsk0). `unix` and `unixgram` sockets need no key: the kernel names the user of the
///   peer (unix(7), `SO_PEERCRED`).
/// - An agent looks for its primary for 10 s at first ([`first_join`](Self::first_join)) and for 30 s after it lost it
///   ([`reconnect`](Self::reconnect)). Its finished chunks count once, whatever the network repeats or loses.
///
/// # Examples
/// ```no_run
/// use evenly::observe::Gone;
/// use evenly::{Join, JoinError, Key};
/// use std::io::ErrorKind;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = Key::read("/etc/evenly.key".as_ref())?;
/// match Join::new("tcp:192.0.2.7:4000".parse()?, Some(key))?.run() {
///     Ok(()) => println!("the job is over"),
///     Err(JoinError::Unreachable { why: Gone::Broken(cause), .. })
///         if cause.kind() == ErrorKind::ConnectionRefused =>
///     {
///         println!("no primary listens there yet");
///     }
///     Err(other) => return Err(other.into()),
/// }
/// # Ok(())
/// # }
/// ```
pub struct Join {
    pub(crate) address: Address,
    pub(crate) key: Option<Key>,
    pub(crate) worker_settings: WorkerSettings,
    /// Longest search for the primary: at first, and after its loss.
    pub(crate) first: Duration,
    pub(crate) reconnect: Duration,
    /// What it brings for jobs that need a program.
    pub(crate) brought: Vec<Box<dyn Function>>,
    /// The functions of this program.
    pub(crate) functions: Functions,
    /// The connection, if the address is `stdio:`. It can be used once.
    pub(crate) stdio: Cell<Option<StdioEnds>>,
    /// Whether it works for one primary after the other.
    pub(crate) stays: bool,
}

worker_setters!(Join);

impl Join {
    /// An agent of the primary that listens at `address`. On a network both must have the same key.
    ///
    /// With `stdio:` the standard input and output of this process are the connection, and the primary started this
    /// process. From this call on, descriptor 0 is `/dev/null` and 1 is standard error. The agent ends when its
    /// input ends.
    ///
    /// # Errors
    /// [`AddressError`], if the address cannot be connected to: it has port 0, or no host, or the standard streams are
    /// neither pipes nor sockets.
    pub fn new(address: Address, key: Option<Key>) -> Result<Self, AddressError> {
        address.check_can_be_joined()?;
        let is_stdio = address.kind() == AddressKind::Stdio;
        let stdio = is_stdio.then(StdioEnds::take).transpose()?;
        let (first, reconnect) = (Duration::from_secs(10), Duration::from_secs(30));
        Ok(Self {
            address,
            key,
            worker_settings: WorkerSettings::default(),
            first,
            reconnect,
            brought: Vec::new(),
            functions: Functions::new(),
            stdio: Cell::new(stdio),
            stays: false,
        })
    }

    /// Sets how long the agent tries to reach its primary at first; 10 s without this call.
    #[must_use]
    pub fn first_join(mut self, within: Duration) -> Self {
        self.first = within;
        self
    }

    /// Sets how long the agent tries to reach a primary that it lost; 30 s without this call.
    #[must_use]
    pub fn reconnect(mut self, within: Duration) -> Self {
        self.reconnect = within;
        self
    }

    /// Gives the agent a function that needs a [program](Function::program), which is never sent. Only a job of the
    /// same function accepts this agent then.
    #[must_use]
    pub fn with_function(mut self, function: Box<dyn Function>) -> Self {
        self.brought = vec![function];
        self.brought.retain(|function| function.program() != Program::None);
        self
    }

    /// Works for one primary after the other that listens at the address, and waits for the next when a job is over. Only
    /// a signal ends it, or a reason for which it cannot work for any primary, as a wrong key. At `stdio:` there is one
    /// primary only.
    #[must_use]
    pub fn stay(mut self) -> Self {
        self.stays = self.address.kind() != AddressKind::Stdio;
        self
    }

    /// Gives the agent the functions that this program knows by name. A job over one of them accepts this agent if the
    /// primary is the same executable. Jobs over builtins and expressions accept it, too.
    #[must_use]
    pub fn with_functions(mut self, functions: Functions) -> Self {
        self.functions = functions;
        self
    }

    /// Works until the primary says that its job is over.
    ///
    /// # Errors
    /// See [`JoinError`]. After every error all workers have ended and are reaped.
    pub fn run(self) -> Result<(), JoinError> {
        self.run_observed(&mut ())
    }

    /// Works until the primary says that its job is over, and reports to an observer.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_observed(self, observer: &mut dyn Observer) -> Result<(), JoinError> {
        driver::join(self, observer)
    }
}

/// Why an agent could not join a primary, or why it stopped before the job was over.
///
/// The text of an error is one line: what happened, the cause, and what to do next. Text that the primary sent is
/// cut to a limit and made safe for a terminal in it; the fields have it as it came.
///
/// After every error all workers of the agent have ended, and the primary gives their unfinished chunks to others.
///
/// # Examples
/// ```
/// use evenly::{Join, JoinError};
/// use std::time::Duration;
///
/// let address = "unix:/no/such/socket".parse()?;
/// match Join::new(address, None)?.first_join(Duration::from_millis(100)).run() {
///     Err(JoinError::Unreachable { address, why, waited }) => {
///         println!("{address} after {waited:?}: {why}"); // No such file or directory
///     }
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), evenly::AddressError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// The address leads nowhere.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Nothing goes over a network unsealed.
    #[error(
        "an agent joins over a network only with a key, and none was given; give it the key of the primary"
    )]
    NoKey,
    /// No primary was found.
    #[error("cannot join {address}: {why} (tried for {} s); {}", .waited.as_secs_f64(), advice(.address, .why))]
    Unreachable {
        /// Where it was looked for.
        address: Address,
        /// What came of the last try.
        why: Gone,
        /// How long.
        waited: Duration,
    },
    /// The other end closes each connection before it answers, as a primary with another key does.
    #[error(
        "wrong key: {address} closes the connection without an answer; on the machine of the primary run \
         'evenly key show', and run the line that it prints here (or no primary of evenly listens there)"
    )]
    WrongKey {
        /// The address of the primary.
        address: Address,
    },
    /// The primary was lost and not found again.
    #[error("lost the primary at {address}: {why}{}", lost_for(.address, *.waited))]
    Lost {
        /// Where it was.
        address: Address,
        /// What came of the last try.
        why: Gone,
        /// How long.
        waited: Duration,
    },
    /// The primary does not want this agent.
    #[error("{address} refuses this agent: {}", printable(.text.as_bytes(), MAX_TEXT))]
    Refused {
        /// Where it listens.
        address: Address,
        /// Why.
        text: String,
    },
    /// The primary asks for another program than this agent was started with, and has let it in.
    #[error("the primary asks for {}, which this agent was not started with; start it with the same --lib or command", shown(.name))]
    OtherProgram {
        /// What it asks for.
        name: String,
    },
    /// The primary asks for something that is not known here.
    #[error(
        "the primary asks for '{}', which this evenly does not know; use the same version at both ends",
        shown(.name)
    )]
    UnknownFunction {
        /// What it asks for.
        name: String,
    },
    #[cfg(feature = "expression")]
    /// The primary asks for an expression that makes no sense here.
    #[error(
        "the primary asks for '{}', which cannot be computed here: {why}; use the same version at both ends",
        shown(.expression)
    )]
    Expression {
        /// What it asks for.
        expression: String,
        /// Why not.
        why: Box<crate::function::UnusableExpression>,
    },
    #[cfg(feature = "expression")]
    /// The primary asks for a condition that makes no sense here.
    #[error(
        "the primary asks for the numbers where '{}', which cannot be computed here: {why}; use the same version at both ends",
        shown(.condition)
    )]
    Condition {
        /// What it asks for.
        condition: String,
        /// Why not.
        why: Box<crate::function::UnusableCondition>,
    },
    /// What the primary answers to a hello is not to be understood.
    #[error("cannot understand the primary: {0}; use the same version at both ends")]
    Misunderstood(#[from] Misunderstood),
    /// What the primary says is not to be understood.
    #[error("stopped: the primary sent {0}; use the same version at both ends")]
    Nonsense(Malformed),
    /// What keeps any job from going on kept this one.
    #[error(transparent)]
    Job(#[from] Error),
}

impl JoinError {
    /// Whether it concerns the job of one primary, so that an agent can work for another one.
    pub(crate) fn is_of_one_job(&self) -> bool {
        match self {
            Self::Address(_) | Self::NoKey | Self::WrongKey { .. } | Self::Unreachable { .. } => {
                false
            }
            Self::Job(error) => !matches!(error, Error::Interrupted(_)),
            _ => true,
        }
    }
}

impl From<ConnectError> for JoinError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Address(error) => Self::Address(error),
            ConnectError::NoKey => Self::NoKey,
            ConnectError::Failed(failed) => Self::Job(Error::from(failed)),
        }
    }
}

/// How long a lost primary was looked for, and what to do.
fn lost_for(address: &Address, waited: Duration) -> String {
    if address.kind() == AddressKind::Stdio {
        // The program that started this agent starts another one, if its job still runs.
        return String::new();
    }
    let waited = waited.as_secs_f64();
    format!(" (looked for it for {waited} s); if its job still runs, start this agent again")
}

/// What a message shows of a function that the primary names.
fn shown(function: &str) -> String {
    printable(function.as_bytes(), LIMIT)
}

fn advice(address: &Address, why: &Gone) -> &'static str {
    match why {
        _ if address.kind() == AddressKind::Stdio => {
            "another program starts an agent this way, as --on ssh:HOST does"
        }
        Gone::EndOfFile | Gone::Silent if address.needs_key() => {
            "check that it is a primary of evenly, and that both key files are the same (sha256sum)"
        }
        Gone::EndOfFile | Gone::Silent => "check that it is a primary of evenly",
        Gone::Broken(cause) if cause.errno() == Errno::MSGSIZE => {
            "the network does not carry datagrams of 1200 bytes; use tcp"
        }
        _ if address.needs_key() => {
            "check that a primary listens there, and that no firewall is between"
        }
        _ => "check that a primary listens there",
    }
}
