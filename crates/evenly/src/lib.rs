//! Applies a function to every integer of a range, in worker processes, and gives one exact answer.
//!
//! ```
//! let squares = evenly::count(0..1_000_000_u64, |n| n.isqrt().pow(2) == n)?;
//! assert_eq!(squares, 1000);
//!
//! // The lowest number that is wrong, or a proof that there is none.
//! let is_right = |n: u32| (u64::from(n) * 2_863_311_531) >> 33 == u64::from(n / 3);
//! assert!(evenly::all(0..=1_000_000, is_right)?);
//!
//! // A sum of doubles is exact and rounded once: the same on any number of workers.
//! assert_eq!(evenly::over(0..1_000_u16).workers(3).map(|_| 0.1).sum()?, 100.0);
//!
//! // A number that panics, crashes or returns an error fails. The others are done.
//! let failures = evenly::failures(0..100_u8, |n| assert_ne!(n, 42, "no value for {n}"))?;
//! assert_eq!(failures[0].first, 42);
//!
//! // Values in order, while they are computed.
//! let mut cubes = evenly::over(1..=9_i64).map(|n| n.pow(3)).values()?;
//! assert_eq!(cubes.next().transpose()?, Some((1, 1)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Calls
//!
//! [`count`], [`sum`], [`min`], [`max`], [`mean`], [`find`], [`find_first`], [`any`], [`all`], [`hist`] and [`failures`] are
//! calls with default settings. [`over()`] makes a call with settings: `evenly::over(0..100).workers(2).count(f)`.
//!
//! | rayon | here |
//! |---|---|
//! | `(0..n).into_par_iter().map(f).sum()` | `evenly::over(0..n).map(f).sum()?`, or `evenly::sum(0..n, f)?` |
//! | `.filter(f).count()` | `evenly::count(0..n, f)?` |
//! | `.any(f)`, `.all(f)` | `evenly::any(0..n, f)?`, `evenly::all(0..n, f)?` |
//! | `.find_first(f)` | `evenly::find(0..n, f)?` |
//! | `.min()`, `.max()` of mapped values | `evenly::min(0..n, f)?`, with the number that gives it |
//! | `.collect::<Vec<_>>()` of mapped values | `evenly::over(0..n).map(f).values()?`, an iterator |
//! | `ThreadPoolBuilder::num_threads(k)` | `.workers(k)` |
//! | a panic ends the program | the number fails, and the error of the call names it |
//!
//! A call is an error if a number failed: [`CallError::Failed`] has the numbers, with the answer over the others, and
//! [`AllowFailures::allow_failures`] gives both. [`check`] is a call for exhaustive tests.
//!
//! # What a worker process means for a closure
//!
//! - **Memory.** Each worker has a copy of the memory of the program as it was at the call (fork(2)). Pages are shared
//!   until one side writes to them. What a closure changes stays in its worker, and is lost with it.
//! - **Files.** Workers have none of the program's open files. Standard input is empty, and standard output goes to
//!   standard error. A closure opens what it needs.
//! - **Threads and locks.** Workers have one thread. A lock of the program is as it was at the call.
//! - **Cost.** A call forks its workers and waits for their end. Each number is stored before its closure is called, so
//!   that a crash names it.
//! - **Signals.** While a call runs, `SIGINT`, `SIGTERM`, `SIGHUP`, `SIGTSTP`, `SIGCONT`, `SIGUSR1` and `SIGCHLD` are
//!   taken from the process by a signalfd, unless they were ignored. Afterwards they are as before.
//!
//! # Processes with threads
//!
//! Workers are forked without exec (fork(2)), which needs a process with one thread. A call in a process with several takes the
//! first of these ways that is open:
//!
//! 1. **After [`init`]**, which is the first line of `main`, a closure without captured variables runs in copies of a process
//!    that was forked there. This is the way for a program with a runtime of tokio, or with threads that work
//!    meanwhile.
//! 2. **If every other thread waits** without a limit of time, for a lock, a message or the end of a thread, as an idle pool of
//!    rayon does, the process that does the job is forked from this one. Captured variables are those of the call. In
//!    a worker those other threads do not exist: a closure must not wait for them, or give work to that pool.
//! 3. **A second start**: the program is started again, with the arguments and the environment of its start, or in a libtest
//!    binary with those that run the same test alone. It runs to the same call, and does the job there. This is
//!    the way for a `#[test]` under `cargo test` and nextest.
//!
//! What a second start means:
//!
//! - What the program or the test does before the call is done twice, earlier calls included. Its standard output is dropped
//!   until the call; its standard error is shown only if it ends before the call.
//! - It ends at the call, without destructors: a temporary directory that it made stays.
//! - Captured variables are those of the second start. Take them from what is the same at each start, and not from the time,
//!   a random number or a process number. Another range or setting is an error.
//! - Standard input is the same file from its start, or cannot be read. The working directory is that of the call.
//! - Calls are told apart by their place in the source and by how often the thread was there before. In a thread that
//!   a test has started, a call is an error.
//! - It ends with the thread that made the call, and gets Ctrl-C from the terminal like the program.
//!
//! If the second start does not come to the call, or has several threads there, too, [`RelaunchError`] says what to write. A
//! doctest is a program with one thread and needs none of this. A [`Job`] itself runs in a process with one thread only.
//!
//! # Jobs
//!
//! A [`Job`] is what a call is made of: a [`Range`] or a set of [`Items`], a function by its name, an aggregate, and all
//! settings, with events for an observer, agents on other machines, and commands. It runs in a process with one thread.
//!
//! ```
//! use evenly::{Job, Range, function};
//!
//! let squares = function::predicate("square", |n| n.isqrt().pow(2) == n);
//! let report = Job::count(Range::new(0, 1_000_000)?, squares).run()?;
//! assert_eq!(report.answer.to_string(), "1000");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
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
mod over;
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
pub use evenly_core::items::{
    ItemsPart, MOST_PIECES, MalformedItems, NoPart, PartError, TooManyPieces,
};
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
pub use over::{
    AllowFailures, AllowedResult, CallError, CallResult, ExtremeResult, Failed, FailedNumbers,
    FailuresResult, Integer, IntegerRange, Mapped, Outcome, Over, Quantity, Values, all, any,
    check, count, failures, find, find_first, hist, max, mean, min, over, sum,
};
pub use process::{ProcessEnd, Signal};
pub use relaunch::{RelaunchError, init};
#[cfg(feature = "sockets")]
pub use secure::{Key, KeyError};
pub use silence::{MAX_SILENCE, MIN_SILENCE};
pub use time_limit::TimeLimit;
pub use transport::{Address, AddressError, AddressKind, ListenError};
pub use worker_settings::default_workers;
