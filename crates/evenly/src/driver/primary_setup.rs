//! A primary before its event loop: the job, the worker processes, signals, the observer, stages and the clock.

use super::clock::Clock;
use super::stages::Stages;
use super::worker_pool::WorkerPool;
use crate::job::Job;
use crate::observe::Observer;
use crate::process::signals::Signals;

/// `primary` fills it in the order of system calls, and the event loop takes it over.
pub(super) struct PrimarySetup<'a> {
    pub(super) job: &'a mut Job,
    /// How many workers were asked for.
    pub(super) wanted: usize,
    pub(super) pool: WorkerPool,
    pub(super) signals: &'a Signals,
    pub(super) observer: &'a mut dyn Observer,
    pub(super) stages: Stages,
    pub(super) clock: Clock,
}
