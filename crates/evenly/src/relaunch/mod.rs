//! Calls that work in a process with several threads: the job is done in another process.
//!
//! Workers are forked without exec, which needs a process with one thread (fork(2)).
#![expect(dead_code, reason = "the calls of one line, which use it, come next")]

mod error;
mod helper;
mod outcome;

pub use error::RelaunchError;
pub(crate) use outcome::{OutcomeReader, OutcomeWriter};

use crate::error::{Error, system};
use crate::process::limits;
use std::io::Write;
use std::panic::Location;

/// Where a call that needs a process with one thread can do its job.
pub(crate) enum Place {
    /// This process has one thread: the job runs here.
    Here,
    /// The job runs in another process; its encoded outcome is read from here, in parts while it runs.
    Elsewhere(OutcomeReader),
    /// This process exists only for this call: it does the job, writes the encoded outcome, and leaves.
    Instead(OutcomeWriter),
}

/// A job whose function captures nothing, so that a process that was forked before can do it.
pub(crate) struct CapturelessJob {
    /// Does the job, and writes its encoded outcome.
    pub(crate) run: fn(&[u8], &mut dyn Write),
    /// What `run` gets.
    pub(crate) settings: Vec<u8>,
}

/// Finds the place for the job of a call.
pub(crate) fn place(
    _call: &'static Location<'static>,
    _captureless: Option<CapturelessJob>,
) -> Result<Place, Error> {
    match limits::threads().map_err(system("stat /proc/self/task"))? {
        1 => Ok(Place::Here),
        count => Err(Error::Threads { count }),
    }
}
