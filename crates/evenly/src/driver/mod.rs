//! Drivers: the only place where the core meets I/O.
//!
//! `primary` is the order of the board, `gather` its loop, `losses` what it does about workers that are
//! lost, `memory` about those that grow, `stuck` about those that stay at one number, `early` about signals and pauses, `ending` its last steps, `unfinished` what a job that ends early still delivers, `keeping` the journal, `outlet`
//! where lines leave, `worker` the other side; `crew` is the processes. `reception` is about agents of this
//! primary; `agent` is this process as one of them, and `upstream` its side of the connection.

#[cfg(feature = "sockets")]
mod agent;
mod clock;
mod command_end;
mod crew;
mod early;
mod ending;
mod gather;
mod keeping;
mod losses;
mod memory;
mod outlet;
mod primary;
mod reception;
mod stages;
mod stuck;
mod unfinished;
mod upstream;
mod worker;

#[cfg(feature = "sockets")]
pub(crate) use agent::join;
pub(crate) use primary::run;
