//! Splits a range of integers evenly among worker processes and gives one exact answer.
//!
//! ```
//! use evenly::{Job, Range, function};
//!
//! let range = Range::new(0, 1_000_000)?;
//! let squares = function::predicate("square", |n| n.isqrt().pow(2) == n);
//! let report = Job::count(range, squares).run()?;
//! assert_eq!(report.answer.to_string(), "1000");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A [`Job`] is a [`Range`] or a set of [`Items`], a function and an aggregate. [`Job::run`] makes one pipe to each worker and one
//! result pipe from all of them, forks the workers and sends them chunks of the range. It merges their
//! answers until every number has one, closes the pipes and waits for the workers. A chunk of a worker
//! that dies goes to another worker. The answer is exact, or there is an [`Error`].
//!
//! The calling process must have a single thread, because the workers are forked without exec
//! (fork(2)); otherwise the result is [`Error::Threads`]. While a job runs, `SIGINT`, `SIGTERM`,
//! `SIGHUP`, `SIGTSTP`, `SIGCONT`, `SIGUSR1` and `SIGCHLD` are taken from the process by a signalfd,
//! unless they were ignored; afterwards they are as before.
//!
//! Cargo features, all off by default: `expression` (functions written as text, compiled to machine
//! code), `journal` (runs that can be resumed), `primes` (the builtin `prime`) and `sockets` (agents:
//! workers on other machines).

#![cfg_attr(
    not(all(feature = "expression", feature = "journal", feature = "sockets")),
    allow(dead_code, reason = "the part of a run that only an absent feature calls")
)]

mod driver;
mod error;
pub mod function;
mod grid;
pub use evenly_core::engine::halt;
#[doc(hidden)]
pub mod internal;
mod item;
mod job;
#[cfg(feature = "sockets")]
mod join;
#[cfg(feature = "journal")]
pub mod journal;
#[cfg(not(feature = "journal"))]
#[path = "journal/absent.rs"]
pub mod journal;
mod lock;
pub mod observe;
mod os_error;
pub mod output;
mod process;
mod procfs_snapshot;
mod quoted;
mod relaunch;
#[cfg(test)]
mod scratch;
#[cfg(feature = "sockets")]
mod secure;
mod silence;
mod time_limit;
mod transport;
mod worker_settings;

pub use error::Error;
pub use evenly_core::aggregate::{Binned, Bins, Mean, RealExtreme, RealSum};
pub use evenly_core::items::{MOST_PIECES, MalformedItems, TooManyPieces};
pub use evenly_core::real;
pub use evenly_core::{
    Aggregate, Arithmetic, Cause, Extreme, Failure, Interval, Items, Policy, Progress, Range,
    RangeError, Sum, Tally, Value, Violation, printable,
};
pub use grid::{Grid, GridError, Point};
pub use halt::Halt;
pub use job::{Job, MIN_MEMORY, Report};
#[cfg(feature = "sockets")]
pub use join::{Join, JoinError, Misunderstood};
pub use os_error::OsError;
pub use process::{ProcessEnd, Signal};
pub use relaunch::{RelaunchError, init};
#[cfg(feature = "sockets")]
pub use secure::{Key, KeyError};
pub use silence::{MAX_SILENCE, MIN_SILENCE};
pub use time_limit::TimeLimit;
pub use transport::{Address, AddressError, AddressKind, ListenError};
pub use worker_settings::default_workers;
