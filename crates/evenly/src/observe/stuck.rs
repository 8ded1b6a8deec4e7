//! Description of a number that takes unusually long, for observers of a job.

use evenly_core::Interval;
use std::fmt;
use std::time::Duration;

/// A worker or an agent that has been at the same number, or the same chunk, for unusually long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// Which one, from 1.
    pub worker: usize,
    /// Its process number.
    pub pid: u32,
    /// What to call it in a message: `worker 2`, or the agent with its machine.
    pub name: String,
    /// What it has been at: one number where that is known, else what it is to do next.
    pub numbers: Interval,
    /// For how long, without pauses.
    pub since: Duration,
    /// Whether this is to be said now: the first time, and whenever the time has doubled.
    pub is_news: bool,
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, numbers, since, .. } = self;
        let seconds = since.as_secs();
        match numbers.len() {
            1 => write!(f, "{name} has been at n = {} for {seconds} s", numbers.first()),
            _ => write!(f, "{name} has been at {numbers} for {seconds} s"),
        }
    }
}
