//! Where the job of a call is done.

use super::outcome::{OutcomeReader, OutcomeWriter};
use crate::process::sys::relaunched::Run;

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
    /// Does the job, and writes its encoded outcome: see `captureless`.
    pub(crate) run: Run,
    /// What `run` gets.
    pub(crate) settings: Vec<u8>,
}
