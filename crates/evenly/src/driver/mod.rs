//! Drivers: the only place where the core meets I/O.
//!
//! `primary` is the order of the board, `gather` its loop, `ending` its last steps, `worker` the other
//! side; `crew` is the processes.

mod clock;
mod crew;
mod ending;
mod gather;
mod primary;
mod worker;

pub(crate) use primary::run;
