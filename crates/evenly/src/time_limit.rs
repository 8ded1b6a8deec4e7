//! Limit on the time of one number, or of one run of a command.

use std::num::NonZeroU32;
use std::time::Duration;

/// How long one number may take, or one run of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeLimit {
    /// This long; see [`Job::timeout`](crate::Job::timeout).
    Fixed(Duration),
    /// This percentage of the median time of the commands that have succeeded, from the third on. Only for commands
    /// that are run for each number or chunk, by workers of this machine.
    OfMedian(NonZeroU32),
}
