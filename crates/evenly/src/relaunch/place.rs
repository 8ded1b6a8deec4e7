//! Process that does the job of a call: this one, another one, or this one for a call of another.

use super::outcome::{OutcomeReader, OutcomeWriter};
use crate::process::sys::relaunched::Entry;

/// Where a call that needs a process with one thread can do its job.
pub(crate) enum Place {
    /// This process has one thread: the job runs here.
    Here,
    /// The job runs in another process; its encoded outcome is read from here, in parts while it runs.
    Elsewhere(OutcomeReader),
    /// This process exists only for this call: it does the job, writes the encoded outcome, and leaves.
    Instead(OutcomeWriter),
}

/// What a call asks for.
pub(crate) struct Request {
    /// Its range and settings. A second start that comes to the call with others is refused.
    pub(crate) settings: Vec<u8>,
    /// The entry that does the job from the settings, if its function captures nothing and nothing else is of the calling
    /// process: see `captureless`.
    pub(crate) entry: Option<Entry>,
}
