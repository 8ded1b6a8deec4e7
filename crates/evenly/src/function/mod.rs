//! Functions: what is applied to every n.
//!
//! A function lives in the workers. It is made before they are forked and simply inherited, so it
//! may be anything: a builtin, a closure over data of the calling program. Descriptors are the one
//! exception: a worker keeps only its own five, so a function that reads a file must open it when
//! it is first called, and not use one that the calling program had opened.
//!
//! Another builtin is one entry in `builtin.rs`.

mod builtin;
mod closure;
mod digest;
mod expression;
mod faulty;
mod fold;
mod jit;
mod library;
mod prime;
mod vector;

pub use builtin::{BUILTINS, Builtin, named};
pub use closure::{integers, predicate};
pub use evenly_core::hello::Program;
pub use expression::{
    Expression, ExpressionError, Fault, OPERATIONS, Operation, Place, UnusableExpression,
    expression,
};
pub use jit::NoMachineCode;
pub use library::{LibraryError, library};
pub use vector::instruction_set;

use evenly_core::{Interval, Tally};

/// What is applied to every number of a range.
pub trait Function {
    /// The name, for messages and reports.
    fn name(&self) -> &str;

    /// Whether it says yes or no, or gives an integer.
    fn kind(&self) -> Kind {
        Kind::Truth
    }

    /// How many numbers may be handed out at once before anything is known about their cost. One,
    /// unless they are sure to take no more than a moment together.
    fn opening(&self) -> u64 {
        1
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

    /// Applies it to the numbers of a slice, ascending, and tells the tally what came of each. It ends
    /// early when the tally is full. The last number that it was applied to. Called in a worker, with
    /// parts of at most 2^62 numbers, in any order.
    fn fold(&mut self, slice: Interval, tally: &mut Tally) -> i64;
}

/// Says that this process is at number `n` now, before a [function](Function::says_at) is applied to it.
#[inline]
pub fn at(n: i64) {
    crate::process::sys::last_gasp::at(n);
}

/// What a function gives for a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Yes or no; where an integer is asked for, 1 or 0.
    Truth,
    /// An integer of up to 128 bits; where yes or no is asked for, 0 is no and anything else yes.
    Integer,
}
