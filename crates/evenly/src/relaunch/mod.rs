//! Calls that work in a process with several threads: the job is done in another process.
//!
//! Workers are forked without exec, which needs a process with one thread (fork(2)).

mod descriptors;
mod error;
mod fork_here;
mod fork_server;
mod helper;
mod libtest;
mod occurrence;
mod outcome;
mod place;
mod second_start;
mod threads;
mod token;

pub use error::RelaunchError;
pub(crate) use fork_here::fork_for as fork;
pub use fork_server::init;
pub(crate) use outcome::{OutcomeReader, OutcomeWriter};
pub(crate) use place::{Place, Request};
pub(crate) use token::chance;

use crate::error::{Error, system};
use occurrence::Occurrence;
use std::panic::Location;
use threads::{Threads, threads};

pub(crate) use crate::process::sys::relaunched::{Work, captureless};

/// Finds the place for the job of a call.
///
/// Every call of a public function that runs a job asks here, also those that can run here: a second start counts calls
/// to find the one that it was made for.
///
/// # Errors
/// The process has several threads, and no other process could do the job.
pub(crate) fn place(call: &'static Location<'static>, request: &Request) -> Result<Place, Error> {
    let call = Occurrence::next(call, &request.settings);
    let wanted = token::wanted();
    let threads = threads(wanted.is_some()).map_err(system("stat /proc/self/task"))?;
    match (wanted, threads) {
        (Some(wanted), _) if wanted.occurrence.is_at(&call) => {
            Ok(fork_here::begin(wanted, &call, threads))
        }
        (_, Threads::One) => Ok(Place::Here),
        (_, threads) => {
            let served = fork_server::call(request)?;
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
