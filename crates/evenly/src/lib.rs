//! Applies a function to every integer of a range, in worker processes on all cores, and gives one exact answer.
//! A number whose function panics, crashes, hangs or takes too much memory fails alone: the other numbers are done, and
//! the error names it. A hang needs a limit by [`timeout`](Over::timeout), and memory one by [`memory`](Over::memory): there is
//! none by default.
//!
//! A question in one line:
//!
//! ```
//! let squares = evenly::count(0..1_000_000_u64, |n| n.isqrt().pow(2) == n)?;
//! assert_eq!(squares, 1000);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! An exhaustive test, which panics with the lowest number that fails and with the line that tests it alone:
//!
//! ```no_run
//! #[test]
//! fn a_division_by_3_is_a_product_and_a_shift() {
//!     evenly::check(0..=u32::MAX, |n| {
//!         let third = (u64::from(n) * 2_863_311_531) >> 33;
//!         if third == u64::from(n / 3) { Ok(()) } else { Err(format!("gives {third}")) }
//!     });
//! }
//! ```
//!
//! Failures. A call is an error if a number failed, unless you take the answer over the others:
//!
//! ```
//! use evenly::AllowFailures;
//!
//! let (sum, failures) = evenly::sum(0..100, |n: i32| 1000 / (n - 42)).allow_failures()?;
//! assert_eq!(sum, 295);
//! assert_eq!(failures[0].first, 42);
//! assert!(failures[0].to_string().ends_with("attempt to divide by zero"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Settings:
//!
//! ```
//! use std::time::Duration;
//!
//! fn collatz_steps(n: u64) -> usize {
//!     let next = |n: &u64| (*n > 1).then(|| if n % 2 == 0 { n / 2 } else { 3 * n + 1 });
//!     std::iter::successors(Some(n), next).count() - 1
//! }
//!
//! let call = evenly::over(1..100_000).workers(4).timeout(Duration::from_secs(10)).memory(1 << 30);
//! assert_eq!(call.max(collatz_steps)?, Some((77_031, 350)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Values in order, while they are computed:
//!
//! ```
//! for item in evenly::map(1..=9_i64, |n| n.pow(3))? {
//!     let (n, cube) = item?;
//!     println!("{n}\t{cube}");
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A fold into any type of serde. Workers fold parts of the range, which are merged in order:
//!
//! ```
//! let (sum, sum_of_squares) = evenly::fold(
//!     0..1000_u64,
//!     || (0, 0),
//!     |(sum, squares), n| (sum + n, squares + n * n),
//!     |below, above| (below.0 + above.0, below.1 + above.1),
//! )?;
//! assert_eq!((sum, sum_of_squares), (499_500, 332_833_500));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Calls
//!
//! [`count`], [`sum`], [`min`], [`max`], [`mean`], [`find`], [`find_first`], [`any`], [`all`], [`hist`], [`map()`], [`fold()`],
//! [`failures`] and [`check`] are calls with default settings. [`over()`] makes a call with settings: [`Over`] lists them.
//!
//! - **The range** is `a..b` or `a..=b` of any integer type of at most 64 bits, with numbers that fit `i64`; the closure gets that
//!   type. Write it once, `0..100_u32` or `|n: u32|`: otherwise the compiler says that `?` expected `i128` and found `!`. For
//!   the items of a slice, take their indexes: `evenly::sum(0..items.len(), |i| f(&items[i]))`.
//! - **The closure** may use what it captures. It returns `bool` for a count or a search, an integer or `f64` for a sum, an
//!   extreme or a [`map()`], nothing or `bool` for a check (`|n| assert_eq!(f(n), g(n))`; `false` fails the number), or a `Result` of
//!   these, whose error fails the number with the error's text. So does the step of a fold. A NaN fails its number. A text or a tuple
//!   needs a fold.
//! - **The answer** does not depend on the number of workers. A count is `u128`. Sums are exact: an `i128`, or an `f64` that is
//!   rounded once.
//! - **The error** `CallError::Failed(failed)` has `failed.failures` (numbers, causes and messages) and `failed.partial`, the answer
//!   over the others: see [`CallError`].
//! - **A number that panics** is tried again in a fresh worker. The hook of the program prints its first panic, and not those of
//!   the tries. Of many numbers that panic, it prints a few: about one for each worker. The error has the messages of all.
//!
//! # From rayon
//!
//! | rayon | here |
//! |---|---|
//! | `(0..n).into_par_iter().map(f).sum()` | `evenly::sum(0..n, f)?`, or `evenly::over(0..n).map(f).sum()?` |
//! | `.filter(f).count()` | `evenly::count(0..n, f)?` |
//! | `.filter(p).map(f).sum()` | the filter is in the closure: `evenly::sum(0..n, \|i\| if p(i) { f(i) } else { 0 })?` |
//! | `.any(f)`, `.all(f)` | `evenly::any(0..n, f)?`, `evenly::all(0..n, f)?` |
//! | `.find_first(f)`, `.find_any(f)` | `evenly::find(0..n, f)?`, always the lowest |
//! | `.filter(f).collect::<Vec<_>>()` | `evenly::find_first(0..n, most, f)?`, the lowest `most` |
//! | `.min_by_key(f)`, `.max_by_key(f)` | `evenly::min(0..n, f)?`, `evenly::max(0..n, f)?`: the lowest such number, and its value |
//! | `.map(f).collect::<Vec<_>>()` | `evenly::map(0..n, f)?`, an iterator over `Result<(n, value), _>` |
//! | `.fold(init, f).reduce(init, merge)` | `evenly::fold(0..n, init, f, merge)?`, over any type of serde |
//! | `.for_each(f)` | `evenly::failures(0..n, f)?`; what `f` changes in memory is lost |
//! | `ThreadPoolBuilder::num_threads(k)` | `evenly::over(0..n).workers(k)` |
//! | `.with_min_len(k)` | `evenly::over(0..n).chunk(k)`; rarely needed, as chunks follow the time that they take |
//! | a panic reaches the caller, and the rest is given up | the number fails, the rest is done, and the error names the number |
//!
//! # What a forked process means for you
//!
//! Workers are copies of the process as it was at the call (fork(2)).
//!
//! - **Memory.** Pages are shared until one side writes to them, so a large table costs nothing. What a closure changes stays in its
//!   worker, and is lost with it: a captured counter, a `Mutex`, an `AtomicU64` or a cache of the program is as before.
//! - **Random numbers.** Each worker begins with the same state of a captured or thread-local generator. Make the generator from the
//!   number: then the answer is the same at each run.
//! - **Files and sockets.** Workers have none of the program's open files, sockets and database connections: a captured one
//!   is a bad file descriptor. A closure opens what it needs, or reads the file into memory before the call.
//! - **Standard streams.** Standard input is empty. Standard output goes to standard error. Text that is still in a buffer of
//!   the program at the call, such as a line without its end, may come from each worker again: flush it before.
//! - **Threads.** Workers have one thread. A closure must not wait for a thread of the program, so it gives no work to a pool of rayon
//!   or to a runtime that was there before the call: it would wait for ever, or until a timeout. It may start threads of its own.
//! - **Locks and allocators.** A lock that the calling thread holds at the call stays held in each worker. An allocator that
//!   needs a thread of its own in the background must be able to do without it.
//! - **Devices.** Handles of a GPU or of another driver are not usable in a copy of a process. Open the device in the closure.
//! - **Signals.** While a call runs, `SIGINT`, `SIGTERM`, `SIGHUP`, `SIGTSTP`, `SIGCONT`, `SIGUSR1` and `SIGCHLD` are
//!   taken from the process by a signalfd, unless they were ignored. Afterwards they are as before.
//! - **Ends.** A worker ends without destructors. A closure that exits or crashes fails its number only. A process that a closure
//!   starts and does not wait for stays after the call, unless a limit ended its worker.
//! - **Panics that abort.** With `panic = "abort"`, and where a panic cannot unwind, a number that panics fails with the cause `signal 6`
//!   and with the message and place of the panic. The rest is done as usual. A panic outside of a worker, such as that of
//!   `merge` or of a [`check`] that fails, ends the program as it does without this crate.
//! - **Cost.** A call forks its workers and waits for their end, which takes about a millisecond.
//!
//! # Processes with threads
//!
//! Workers are forked without exec (fork(2)), which needs a process with one thread. A call in a process with several takes the
//! first of these ways that is open:
//!
//! 1. **After [`init`]**, which is the first line of `main`, a closure without captured variables runs in copies of a process
//!    that was forked there. Its memory is that of that moment: a static that was set later is not set there. This is the
//!    way for a program with a runtime of tokio, or with threads that work meanwhile.
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
//! - So n calls one after the other cost about n²/2 jobs: the second start for the last one does all others again. Write one call in each
//!   test. In a program, write [`evenly::init()`](init) as the first line of `main`, and closures without captured variables: then nothing is done
//!   twice. If every other thread waits, as in a test under `--test-threads=1`, nothing is done twice either.
//! - It ends at the call, without destructors: a temporary directory that it made stays.
//! - Captured variables are those of the second start. Take them from what is the same at each start, and not from the time,
//!   a random number or a process number. **This cannot be checked**: a value that differs gives the answer for the other value. Only
//!   another range or setting is an error.
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
//! # A command line
//!
//! The crate `evenly-cli` gives a program all commands of `evenly` for functions that it registers by name: journals,
//! `resume`, and agents that are the same executable on other machines. See `evenly_cli::Program`. It is a crate of its
//! own because a command line compiles many crates that a call does not need.
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
mod encoding;
mod error;
mod exercise;
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
mod launch;
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
pub use evenly_core::printable::printable;
pub use evenly_core::real;
pub use evenly_core::{
    Aggregate, Arithmetic, Cause, Extreme, Failure, Interval, Items, Policy, Progress, Range,
    RangeError, Sum, Tally, Value, Violation,
};
pub use grid::{Grid, GridError, Point};
pub use halt::Halt;
pub use job::Job;
pub use job::report::Report;
pub use job::settings::MIN_MEMORY;
#[cfg(feature = "sockets")]
pub use join::{Join, JoinError, Misunderstood};
pub use os_error::OsError;
pub use over::{
    AccumulatorError, AllowFailures, AllowedResult, Answer, CallError, CallResult, ExtremeResult,
    Failed, FailedNumbers, FailuresResult, Folded, Integer, IntegerRange, Mapped, Outcome, Over,
    Quantity, Values, ValuesResult, all, any, check, count, failures, find, find_first, fold, hist,
    map, max, mean, min, over, sum,
};
pub use process::{ProcessEnd, Signal};
pub use relaunch::{RelaunchError, init};
#[cfg(feature = "sockets")]
pub use secure::{Key, KeyError, KeyText};
pub use silence::{MAX_SILENCE, MIN_SILENCE};
pub use time_limit::TimeLimit;
pub use transport::{Address, AddressError, AddressKind, ListenError};
pub use worker_settings::default_workers;
