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
mod digest;
#[cfg(feature = "expression")]
pub(crate) mod expression;
#[cfg(feature = "test-functions")]
mod faulty;
mod files;
mod fold;
#[cfg(feature = "expression")]
mod jit;
mod library;
#[cfg(feature = "primes")]
mod prime;
mod vector;

pub use builtin::{BUILTINS, Builtin, named};
pub use closure::{integers, predicate};
pub(crate) use command::MOST_OUTPUT;
pub use command::{
    ArrayJob, ArraySystem, Command, Form, Obstacle, ResultFiles, UnreadableFile, UnusableCommand,
};
pub use evenly_core::hello::Program;
#[cfg(feature = "expression")]
pub use expression::{Expression, ExpressionError, Fault, Place, UnusableExpression, expression};
#[cfg(feature = "expression")]
pub use jit::NoMachineCode;
pub use library::{LibraryError, library, library_with};

use crate::quoted::quoted;
use evenly_core::policy::CHUNK_AIM_NS;
use evenly_core::{Interval, Tally};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

/// What is applied to every number of a range.
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

    /// Whether it says yes or no, or gives an integer.
    fn kind(&self) -> Kind {
        Kind::Truth
    }

    /// How many numbers may be handed out at once before anything is known about their cost. One,
    /// unless they are sure to take no more than a moment together.
    fn opening(&self) -> u64 {
        1
    }

    /// What a chunk should take, where chunks are sized by time.
    fn chunk_time(&self) -> Duration {
        Duration::from_nanos(CHUNK_AIM_NS)
    }

    /// The command that is to be run instead of [folding](Self::fold), if it is one.
    fn command(&self) -> Option<Rc<Command>> {
        None
    }

    /// Whether it says [`at`] which number it is, always. Then that number is named if it ends its worker,
    /// and may be given a [time](crate::Job::timeout).
    fn says_at(&self) -> bool {
        false
    }

    /// What computes, where it is not part of this program. An agent needs the same.
    fn program(&self) -> Program {
        Program::None
    }

    /// The same function as a job has it that [calls it so](Self::name_for_agents), whose numbers these are, where an agent has
    /// brought it and how it is used is for the job to say; `None` where there is nothing to say, or it is
    /// not understood.
    fn as_in_job(&self, _name: &str, _range: Option<Interval>) -> Option<Box<dyn Function>> {
        None
    }

    /// Prepares it in a worker, before its first number.
    ///
    /// # Errors
    /// If it cannot be used there. The worker ends then.
    fn begin(&mut self) -> std::io::Result<()> {
        Ok(())
    }

    /// The files that are part of what computes, as they were when it was made.
    fn files(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// The first of these files that is used during the job and is not what it was. A look at its size, its
    /// times and its place is enough, unless it is to be done `thoroughly`: then all bytes are read again.
    fn changed_file(&self, _thoroughly: bool) -> Option<PathBuf> {
        None
    }

    /// Applies it to the numbers of a slice, ascending, and tells the tally what came of each. It ends
    /// early when the tally is full. The last number that it was applied to. Called in a worker, with
    /// parts of at most 2^62 numbers, in any order.
    fn fold(&mut self, slice: Interval, tally: &mut Tally) -> i64;
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
    /// An integer of up to 128 bits; where yes or no is asked for, 0 is no and anything else yes.
    Integer,
}
