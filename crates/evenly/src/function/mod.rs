//! Functions that workers apply to each n.
//!
//! A function lives in the workers. It is made before they are forked and simply inherited, so it
//! may be anything: a builtin, a closure over data of the calling program. Descriptors are the one
//! exception: a worker keeps only its own five, so a function that reads a file must open it when
//! it is first called, and not use one that the calling program had opened.
//!
//! Another builtin is one entry in `builtin.rs`.

mod builtin;
mod closure;
mod command;
#[cfg(feature = "expression")]
mod condition;
#[cfg(feature = "expression")]
mod conditional;
pub(crate) mod digest;
#[cfg(feature = "expression")]
pub(crate) mod expression;
#[cfg(feature = "expression")]
mod factor;
#[cfg(feature = "expression")]
mod factor_sieve;
#[cfg(feature = "test-functions")]
mod faulty;
mod files;
mod fold;
#[cfg(feature = "expression")]
mod jit;
mod library;
#[cfg(feature = "expression")]
mod montgomery;
#[cfg(feature = "primes")]
mod prime;
#[cfg(feature = "expression")]
mod prime_count;
mod registered;
mod vector;

pub use builtin::{BUILTINS, Builtin, named};
pub use closure::{integers, predicate, reals};
pub use command::{
    ArrayJob, ArraySystem, BatchScript, Command, Exported, Form, LineEnd, Lines, LinesError,
    Obstacle, ResultFiles, StartLimits, UnreadableFile, UnusableCommand,
};
pub(crate) use command::{KeptOutput, LineTags, MOST_OUTPUT, NoText, NoWords};
#[cfg(feature = "expression")]
pub use condition::{Condition, UnusableCondition};
#[cfg(all(feature = "expression", feature = "sockets"))]
pub(crate) use conditional::condition_in;
#[cfg(feature = "expression")]
pub use conditional::{WholeChunks, only_where};
pub use evenly_core::hello::Program;
#[cfg(feature = "expression")]
pub use expression::{
    Expression, ExpressionError, Fault, Place, UnusableExpression, expression, expression_over,
};
#[cfg(feature = "expression")]
pub use jit::NoMachineCode;
pub use library::{LibraryError, library, library_with};
pub use registered::Functions;

use crate::quoted::quoted;
use evenly_core::policy::CHUNK_AIM_NS;
use evenly_core::{Arithmetic, Interval, Items, Tally};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

/// A function that workers apply to every number of a range.
///
/// Most callers need no implementation of their own: [`predicate`], [`integers`] and [`reals`] make one of a closure, [`named`]
/// finds a builtin, [`library`](fn@library) loads a shared object, [`Command`] runs a program. With the feature
/// `expression`, a function of that name compiles text. Implement the trait to compute many numbers at once, for
/// example by a sieve.
///
/// # How it is called
/// The job forks its workers after the function was made, so each worker has a copy of its memory (fork(2)). A change
/// that a worker makes stays in that worker. A worker keeps only its own descriptors: open files in
/// [`begin`](Self::begin) or later. Each worker calls `begin` once, and then [`fold`](Self::fold) for each part of a
/// chunk, in any order. A replacement for a lost worker begins anew.
///
/// # Limits and failures
/// A crash, a panic, an exit, or more [time](crate::Job::timeout) or [memory](crate::Job::memory) than is allowed ends
/// the worker. The number is then tried again in a fresh worker, and fails after
/// [`Job::retries`](crate::Job::retries). Time limits need [`says_at`](Self::says_at). A function may
/// be called more than once for a number, but only one value counts.
///
/// # Examples
/// ```
/// use evenly::function::Function;
/// use evenly::{Interval, Job, Range, Tally};
///
/// /// Counts the multiples of 7 of a whole chunk by division.
/// struct MultiplesOf7;
///
/// impl Function for MultiplesOf7 {
///     fn name(&self) -> &str {
///         "multiples of 7"
///     }
///
///     fn fold(&mut self, slice: Interval, tally: &mut Tally) -> i64 {
///         if tally.takes_counts() {
///             let up_to = |n: i64| n.div_euclid(7);
///             let multiples = up_to(slice.last()) - up_to(slice.first() - 1);
///             tally.count(multiples as u64, slice.len() as u64);
///             return slice.last();
///         }
///         for n in slice.first()..=slice.last() {
///             tally.truth(n, n % 7 == 0);
///             if tally.is_full() {
///                 return n;
///             }
///         }
///         slice.last()
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let report = Job::count(Range::new(-7, 70_000)?, Box::new(MultiplesOf7)).run()?;
/// assert_eq!(report.answer.to_string(), "10001");
/// # Ok(())
/// # }
/// ```
pub trait Function {
    /// The name, for messages and reports.
    fn name(&self) -> &str;

    /// The name that agents get: with all that theirs must know of it to be [the same](Self::as_in_job).
    fn name_for_agents(&self) -> String {
        self.name().to_owned()
    }

    /// How it is typed in a call of `evenly`: what stands before the range and what behind it, quoted as a
    /// shell needs it. For the command line only.
    #[doc(hidden)]
    fn typed(&self) -> Typed {
        Typed { before: quoted(self.name()), behind: String::new() }
    }

    /// Whether it says yes or no, or gives an integer or a double.
    fn kind(&self) -> Kind {
        Kind::Truth
    }

    /// How many numbers may be handed out at once before anything is known about their cost. One,
    /// unless they are sure to take no more than a moment together.
    fn opening(&self) -> u64 {
        1
    }

    /// The same where a job counts the numbers of this range with this many workers.
    #[doc(hidden)]
    fn opening_over(&self, _range: Interval, _workers: u32) -> u64 {
        self.opening()
    }

    /// What a chunk should take, where chunks are sized by time.
    fn chunk_time(&self) -> Duration {
        Duration::from_nanos(CHUNK_AIM_NS)
    }

    /// The command that is to be run instead of [folding](Self::fold), if it is one.
    fn command(&self) -> Option<Rc<Command>> {
        None
    }

    /// Whether it calls [`at`] before each number. Then the number that ended a worker is known at once, and
    /// [`Job::timeout`](crate::Job::timeout) limits its time. Otherwise the chunk is halved until the number is found.
    fn says_at(&self) -> bool {
        false
    }

    /// Whether it is code of this program, which may have captured a file or another descriptor. Workers have those
    /// closed, and have their pipe ends at other numbers.
    #[doc(hidden)]
    fn may_capture(&self) -> bool {
        false
    }

    /// What computes, where it is not part of evenly. An agent needs the same.
    fn program(&self) -> Program {
        Program::None
    }

    /// Whether its program is the executable of this process, whose digest takes time.
    #[doc(hidden)]
    fn is_of_executable(&self) -> bool {
        false
    }

    /// Its [program](Self::program) without the lines of a file, which agents get from their primary.
    #[doc(hidden)]
    fn program_for_agents(&self) -> Program {
        self.program()
    }

    /// In an agent: the lines of the primary, if the numbers stand for lines.
    #[doc(hidden)]
    fn set_lines(&mut self, _lines: Option<Rc<Lines>>) {}

    /// Whether an agent that gets the name, and brings the [program](Self::program) if there is one, has the same function.
    /// If not, a job over it cannot listen for agents.
    fn is_known_to_agents(&self) -> bool {
        self.program() != Program::None
    }

    /// The function of an agent as a job over these items uses it, which [calls it so](Self::name_for_agents); `None` if
    /// there is one way to use it only, or the name is not understood.
    fn as_in_job(&self, _name: &str, _items: &Items) -> Option<Box<dyn Function>> {
        None
    }

    /// Prepares the function in a worker, before its first number.
    ///
    /// # Errors
    /// If the worker cannot use it. The worker ends, and is replaced.
    fn begin(&mut self) -> std::io::Result<()> {
        Ok(())
    }

    /// Says that the next calls of [`fold`](Self::fold) go over these numbers, ascending and without a gap. Some of them
    /// may be taken back.
    #[doc(hidden)]
    fn announce(&mut self, _ahead: Interval) {}

    /// The files that are part of what computes, as they were when it was made.
    fn files(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// The first of these files that is used during the job and is not what it was. A look at its size, its
    /// times and its place is enough, unless it is to be done `thoroughly`: then all bytes are read again.
    fn changed_file(&self, _thoroughly: bool) -> Option<PathBuf> {
        None
    }

    /// Its text as an expression in n, if it has one.
    #[doc(hidden)]
    fn source(&self) -> Option<String> {
        None
    }

    /// The condition under which it is [applied](only_where), if there is one.
    #[doc(hidden)]
    fn condition(&self) -> Option<&str> {
        None
    }

    /// The function without its condition, taken out of this one.
    #[doc(hidden)]
    fn take_unconditional(&mut self) -> Option<Box<dyn Function>> {
        None
    }

    /// Which of the first of these numbers are part of the question. For commands, which are not folded.
    #[doc(hidden)]
    fn asked(&mut self, _numbers: Interval) -> Asked {
        Asked::First
    }

    /// Takes the texts about numbers that it failed since the last call, with [`Cause::Error`](evenly_core::Cause::Error).
    #[doc(hidden)]
    fn take_errors(&mut self) -> Vec<(i64, String)> {
        Vec::new()
    }

    /// Adds to the tally what it has kept of the numbers since the last call. Called at the end of each chunk, and before
    /// a part of one is reported.
    #[doc(hidden)]
    fn settle(&mut self, _tally: &mut Tally) {}

    /// About how many bytes [`settle`](Self::settle) adds. A large report about a part of a chunk is made less often.
    #[doc(hidden)]
    fn kept_bytes(&self) -> usize {
        0
    }

    /// Applies the function to the numbers of `slice`, ascending, and adds each value to the tally. Returns the last
    /// number that it was applied to: that of the slice, or a lower one once the tally
    /// [is full](Tally::is_full). A slice has at most 2^62 numbers.
    ///
    /// # Panics
    /// A panic in it is a failure of the number, and never reaches the calling program: it happens in a worker. The
    /// functions of this crate that load something in [`begin`](Self::begin) panic if `begin` was not called.
    fn fold(&mut self, slice: Interval, tally: &mut Tally) -> i64;
}

/// Which numbers at the beginning of an interval are part of the question; see [`Function::asked`].
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The first number is.
    First,
    /// No number up to this one is.
    NoneUpTo(i64),
    /// The condition has no value for the first number.
    Failed(Arithmetic),
}

/// Whether a [name](Function::name) is of a function that some numbers may be left out of.
pub(crate) fn may_leave_out(name: &str) -> bool {
    name.split(' ').any(|word| word == "--where")
}

/// A function as it is typed; see [`Function::typed`].
#[doc(hidden)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// What stands before the range.
    pub before: String,
    /// What stands behind it; nothing, or a space first.
    pub behind: String,
}

/// Says that this process is at number `n` now, before a [function](Function::says_at) is applied to it.
#[inline]
pub fn at(n: i64) {
    crate::process::sys::position::at(n);
}

/// What a function gives for a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Yes or no; where an integer is asked for, 1 or 0.
    Truth,
    /// An integer of up to 128 bits, or a double; where yes or no is asked for, 0 is no and anything else yes.
    Integer,
}
