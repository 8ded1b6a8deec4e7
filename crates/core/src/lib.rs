//! Core of `evenly`, without I/O: scheduling, exact accounting of numbers, frames, and the engine of a run.
//!
//! This crate performs no I/O. It knows no clock, no descriptor, no thread and no random source:
//! time is an argument, events come in through [`Scheduler::handle`], and what must happen next
//! comes out of [`Scheduler::poll`]. The same code therefore runs over pipes, over sockets and
//! in a simulator.
//!
//! One chunk from argument to answer, in the order of the modules:
//!
//! 1. [`range`] and [`items`]: what was asked for; [`interval`]: sets of numbers, exactly.
//! 2. [`policy`]: how long the next chunk is; [`pace`]: what a number costs, as measured.
//! 3. [`lease`]: who holds which chunk, at which attempt; [`ledger`]: what remains, what is done.
//! 4. [`scheduler`]: the state machine that composes them; [`supervisor`]: the workers by slot, lost
//!    and replaced ([`seats`]), on top of it; [`worker`]: the other side; [`agent`]: both at once, for a
//!    machine elsewhere.
//! 5. [`frame`]: the bytes of an assignment and of its answer; [`partial`]: an answer in general.
//! 6. [`aggregate`]: how answers merge, in any order; [`real`]: values that are no integers, and their exact sums.
//!
//! Before the first chunk goes to another machine, both ends say who they are ([`hello`]), and where
//! [`datagram`]s carry the frames, they go over a [`channel`].
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod agent;
pub mod aggregate;
pub mod channel;
mod chunk_cost;
pub mod credit;
pub mod datagram;
mod descriptions;
pub mod engine;
pub mod frame;
pub mod hello;
pub mod interval;
pub mod items;
pub mod lease;
pub mod ledger;
mod median_time;
pub mod pace;
pub mod partial;
pub mod policy;
pub mod printable;
pub mod range;
pub mod real;
pub mod scheduler;
pub mod seats;
pub mod stream;
pub mod supervisor;
pub mod tally;
pub mod worker;

pub use agent::Agent;
pub use aggregate::{Aggregate, Extreme, Selection, Sum, Value};
pub use interval::{Interval, IntervalSet};
pub use items::{Items, ItemsPart};
pub use lease::{AnswerRow, Assignment, AssignmentRow, LeaseId, WorkerId};
pub use partial::{Arithmetic, Cause, Failure, Partial};
pub use policy::Policy;
pub use printable::printable;
pub use range::{Range, RangeError};
pub use scheduler::{Action, Progress, Record, Scheduler, SchedulerEvent, Violation};
pub use supervisor::{Heard, InvalidFrame, Order, Supervisor};
pub use tally::Tally;
pub use worker::Worker;
