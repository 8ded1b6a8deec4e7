//! Why a call could not do its job in another process.

use super::helper::STATUS_NOT_BEGUN;
use super::libtest::is_in_test;
use crate::process::ProcessEnd;
use evenly_core::printable::{LIMIT, printable};
use std::fmt;

/// Why a call in a process with several threads has no answer.
///
/// Such a call starts the program once more, and does its job there: see the
/// [crate documentation](crate#processes-with-threads).
///
/// ```
/// use evenly::{CallError, Error, RelaunchError};
/// use std::time::Duration;
///
/// // The second start has this thread, too.
/// std::thread::spawn(|| std::thread::sleep(Duration::from_secs(60)));
/// let error = evenly::count(0..1000, |n| n % 2 == 0).unwrap_err();
/// assert!(matches!(error, CallError::Job(Error::Relaunch(RelaunchError::StillThreads { .. }))));
/// assert!(error.to_string().contains("write evenly::init() as the first line of main"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RelaunchError {
    /// The second start of the program ended before it reached the call.
    #[error(
        "the call at {call} cannot fork workers: this process has {threads} threads, and a second start of its program {} before \
         that call{}; {Advice}",
        End(.end), Text(.text)
    )]
    NotReached {
        /// Place of the call in the source, and how often it was reached before.
        call: String,
        /// Threads of the calling process.
        threads: u64,
        /// How the second start ended, if that is known.
        end: Option<ProcessEnd>,
        /// The end of what it wrote to standard error.
        text: String,
    },
    /// The second start of the program has several threads at the call, too.
    #[error(
        "the call at {call} cannot fork workers: this process has {threads} threads, and a second start of its program had {again} \
         {}; {Advice}",
        if *.is_earlier { "at an earlier call" } else { "there, too" }
    )]
    StillThreads {
        /// Place of the call in the source, and how often it was reached before.
        call: String,
        /// Threads of the calling process.
        threads: u64,
        /// Threads of the second start.
        again: u64,
        /// Whether this was at a call before the wanted one.
        is_earlier: bool,
    },
    /// The second start of the program made the call with another range or other settings.
    #[error(
        "the call at {call} cannot fork workers: this process has {threads} threads, and a second start of its program came to \
         that call with another range or other settings; let them and captured variables not depend on time, random numbers, process \
         numbers or standard input"
    )]
    OtherRequest {
        /// Place of the call in the source, and how often it was reached before.
        call: String,
        /// Threads of the calling process.
        threads: u64,
    },
    /// The call is in a thread that a test started, so the test to start again is unknown.
    #[error(
        "the call at {call} cannot fork workers: this process has {threads} threads, and a second start cannot come to {}, which no \
         test is named after; make the call in the thread of the test, and not in tokio::spawn or spawn_blocking, in a pool of rayon, \
         or in a thread that the test starts",
        Thread(.thread)
    )]
    NotInTestThread {
        /// Place of the call in the source.
        call: String,
        /// Threads of the calling process.
        threads: u64,
        /// The name of the thread that made the call.
        thread: Option<String>,
    },
    /// The process that did the job ended before it had sent the whole outcome.
    #[error("the process that did the job of this call {}; there is no answer; run it again", End(.end))]
    Lost {
        /// How it ended, if that is known.
        end: Option<ProcessEnd>,
    },
}

/// The next step.
struct Advice;

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match is_in_test() {
            true => {
                "make the call in the thread of the test, and before the test starts a thread or a runtime that works meanwhile \
                 (#[tokio::test] in its default flavor has no other thread)"
            }
            false => {
                "make the call before any thread is started (in a tokio program: before the runtime, or with \
                 #[tokio::main(flavor = \"current_thread\")]), or write evenly::init() as the first line of main and give the \
                 call a function without captured variables"
            }
        })
    }
}

struct Thread<'a>(&'a Option<String>);

impl fmt::Display for Thread<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(f, "the thread '{}'", printable(name.as_bytes(), LIMIT)),
            None => f.write_str("a thread without a name"),
        }
    }
}

struct End<'a>(&'a Option<ProcessEnd>);

impl fmt::Display for End<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(end @ ProcessEnd::Exit(STATUS_NOT_BEGUN)) => {
                write!(f, "{end} (as after a failed fork)")
            }
            Some(end @ ProcessEnd::Exit(_)) => write!(f, "{end}"),
            Some(end) => write!(f, "was {end}"),
            None => f.write_str("ended"),
        }
    }
}

struct Text<'a>(&'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, " (it wrote: {})", self.0) }
    }
}
