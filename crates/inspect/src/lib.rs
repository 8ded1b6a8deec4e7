//! Why processes hang: what each thread is blocked in, who holds each pipe and socket, and a verdict.
//!
//! [`Look::at`] reads /proc and sock_diag(7), judges, and gives the report as text or JSON. Nothing is stopped,
//! signalled or written to. The verdict is a pure function of the [`facts`].

mod case;
mod command;
pub mod facts;
pub mod finding;
mod gather;
mod json;
mod knots;
mod left_behind;
mod look;
mod prepare;
mod remarks;
mod selection;
mod svg;
mod text;
mod verdict;
pub mod wakers;
mod words;

#[cfg(test)]
mod tests;

pub use command::{Event, Started};
pub use look::{InspectError, Look};
pub use words::Language;
