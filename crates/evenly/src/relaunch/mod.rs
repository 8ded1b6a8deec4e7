//! Calls that work in a process with several threads: the job is done in another process.
//!
//! Workers are forked without exec, which needs a process with one thread (fork(2)).
#![expect(dead_code, unused_imports, reason = "the calls of one line, which use it, come next")]

mod descriptors;
mod error;
mod fork_here;
mod fork_server;
mod helper;
mod libtest;
mod occurrence;
mod outcome;
mod second_start;
mod threads;
mod token;

pub use error::RelaunchError;
pub(crate) use fork_here::fork_for as fork;
pub use fork_server::init;
pub(crate) use outcome::{OutcomeReader, OutcomeWriter};

use crate::error::{Error, system};
use crate::process::sys::relaunched::Run;
use occurrence::Occurrence;
use std::panic::Location;
use threads::{Threads, threads};

/// Where a call that needs a process with one thread can do its job.
pub(crate) enum Place {
    /// This process has one thread: the job runs here.
    Here,
    /// The job runs in another process; its encoded outcome is read from here, in parts while it runs.
    Elsewhere(OutcomeReader),
    /// This process exists only for this call: it does the job, writes the encoded outcome, and leaves.
    Instead(OutcomeWriter),
}

pub(crate) use crate::process::sys::relaunched::{Work, captureless};

/// A job whose function captures nothing, so that a process that was forked before can do it.
pub(crate) struct CapturelessJob {
    /// Does the job, and writes its encoded outcome: see [`captureless`].
    pub(crate) run: Run,
    /// What `run` gets.
    pub(crate) settings: Vec<u8>,
}

/// Finds the place for the job of a call.
///
/// Every call of a public function that runs a job asks here, also those that can run here: a second start counts calls
/// to find the one that it was made for.
///
/// # Errors
/// The process has several threads, and no other process could do the job.
pub(crate) fn place(
    call: &'static Location<'static>,
    captureless: Option<CapturelessJob>,
) -> Result<Place, Error> {
    let call = Occurrence::next(call);
    let wanted = token::wanted();
    let threads = threads(wanted.is_some()).map_err(system("stat /proc/self/task"))?;
    match (wanted, threads) {
        (Some(wanted), _) if wanted.occurrence == call => Ok(fork_here::begin(wanted, threads)),
        (_, Threads::One) => Ok(Place::Here),
        (_, threads) => {
            let served = captureless.map(|job| fork_server::call(&job)).transpose()?.flatten();
            match (served, threads, wanted) {
                (Some(reader), ..) => Ok(Place::Elsewhere(reader)),
                (None, Threads::Several(count), Some(wanted)) => {
                    fork_here::leave_early(wanted, count)
                }
                (None, Threads::Several(count), None) => {
                    second_start::start(&call, count).map(Place::Elsewhere)
                }
                (None, Threads::One | Threads::OthersWait, _) => fork_here::fork_here(),
            }
        }
    }
}
