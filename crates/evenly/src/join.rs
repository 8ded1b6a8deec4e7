//! Agents: how a job accepts them, and how this process works as one for a primary elsewhere.

use crate::driver;
use crate::error::Error;
use crate::function::{Function, Functions, Program};
use crate::job::Job;
use crate::observe::Observer;
use crate::secure::Key;
use crate::transport::stream::{ConnectError, StdioEnds};
use crate::transport::{Address, AddressError, AddressKind, Gone, ListenError};
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
    /// Calls the agent that [waits](Join::called_at) at this address, from the start to the end of the job, and calls it again
    /// with back-off if it cannot be reached or is lost. The name of a host is looked up once. Several calls add agents.
    #[must_use]
    pub fn call(mut self, address: Address) -> Self {
        self.agent_sources.calls.push(address);
        self
    }

    /// Listens for agents at this address from the start to the end of the job. Several calls add addresses.
    #[must_use]
    pub fn listen(mut self, address: Address) -> Self {
        self.agent_sources.addresses.push(address);
        self
    }

    /// Sets the keys that agents may have. An agent over a network is accepted with one of them only. Two keys
    /// serve while one replaces the other.
    #[must_use]
    pub fn keys(mut self, keys: Vec<Key>) -> Self {
        self.agent_sources.keys = keys;
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
    /// The keys that primaries may have, if they call this agent.
    pub(crate) called_with: Option<Vec<Key>>,
    /// Whether primaries may send texts to its commands.
    pub(crate) takes_texts: bool,
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
            called_with: None,
            takes_texts: true,
        })
    }

    /// An agent that waits at `address` for primaries that [call](Job::call) it, and works for one after the other until a
    /// signal ends it. On a network a primary needs one of these keys.
    ///
    /// A primary may ask for any builtin and expression, and for a library or command that this agent
    /// [allows](Self::allow). A primary that calls while the agent works for another one is refused, and calls again.
    ///
    /// # Errors
    /// [`AddressError`], if primaries cannot call at the address: it is `stdio:`.
    ///
    /// # Examples
    /// ```no_run
    /// use evenly::{Join, Key};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let key = Key::read("/etc/evenly.key".as_ref())?;
    /// Join::called_at("tcp:0.0.0.0:7000".parse()?, vec![key])?.run()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn called_at(address: Address, keys: Vec<Key>) -> Result<Self, AddressError> {
        address.check_can_be_listened_at()?;
        Ok(Self {
            address,
            key: None,
            worker_settings: WorkerSettings::default(),
            first: Duration::ZERO,
            reconnect: Duration::ZERO,
            brought: Vec::new(),
            functions: Functions::new(),
            stdio: Cell::new(None),
            stays: true,
            called_with: Some(keys),
            takes_texts: false,
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

    /// Adds a function that needs a [program](Function::program) to those that this agent applies if a primary calls for it.
    /// Both compare its digest.
    #[must_use]
    pub fn allow(mut self, function: Box<dyn Function>) -> Self {
        if function.program() != Program::None {
            self.brought.push(function);
        }
        self
    }

    /// Lets primaries that call send texts to the commands that this agent allows: those of lines, and the directory in which
    /// an array job was submitted. A program that runs what an argument says, as a shell does, then runs what the primary
    /// says.
    #[must_use]
    pub fn allow_texts(mut self) -> Self {
        self.takes_texts = true;
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
    #[error("lost the primary at {address}: {why}{}", lost_for(.address, *.why, *.waited))]
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
    /// The primary sends texts to a command, and this agent does not allow that.
    #[error("{}; to allow that, start it with --allow-texts", shown_texts(.name))]
    Texts {
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
    /// The agent cannot wait for calls.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// What keeps any job from going on kept this one.
    #[error(transparent)]
    Job(#[from] Error),
}

impl JoinError {
    /// Whether it concerns the job of one primary, so that an agent can work for another one.
    pub(crate) fn is_of_one_job(&self) -> bool {
        match self {
            Self::Address(_)
            | Self::NoKey
            | Self::WrongKey { .. }
            | Self::Unreachable { .. }
            | Self::Listen(_) => false,
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
fn lost_for(address: &Address, why: Gone, waited: Duration) -> String {
    if address.kind() == AddressKind::Stdio {
        // The program that started this agent starts another one, if its job still runs.
        return String::new();
    }
    let (waited, instead) = (waited.as_secs_f64(), why.next_step());
    format!(
        " (looked for it for {waited} s){instead}; if its job still runs, start this agent again"
    )
}

/// What a message says of a command that gets texts.
fn shown_texts(function: &str) -> String {
    format!(
        "this agent lets no primary send texts to its commands, as --lines and --as in {}",
        shown(function)
    )
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
        Gone::Silent if address.kind() == AddressKind::Udp => {
            "check that it is a primary of evenly, that both key files are the same (sha256sum), and that the network \
             carries datagrams of 1200 bytes; if it does not, use tcp"
        }
        Gone::EndOfFile | Gone::Silent if address.needs_key() => {
            "check that it is a primary of evenly, and that both key files are the same (sha256sum)"
        }
        Gone::EndOfFile | Gone::Silent => "check that it is a primary of evenly",
        Gone::Broken(cause) if cause.errno() == Errno::MSGSIZE => "use tcp",
        _ if address.needs_key() => {
            "check that a primary listens there, and that no firewall is between"
        }
        _ => "check that a primary listens there",
    }
}
