//! Settings of the workers of this process, which a job and an agent have in common.

use crate::silence::Silence;
use std::num::NonZeroU32;
use std::time::Duration;

/// Settings of the workers of this process: how many there are, and when they count as lost or stuck.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WorkerSettings {
    /// `None`: as many as this process may use processors.
    pub(crate) workers: Option<u32>,
    pub(crate) silence: Silence,
    /// Time at one number after which the number is reported.
    pub(crate) stuck_after: Duration,
}

impl WorkerSettings {
    /// The number of workers.
    pub(crate) fn workers(&self) -> u32 {
        self.workers.unwrap_or_else(|| default_workers().get())
    }
}

impl Default for WorkerSettings {
    fn default() -> Self {
        let stuck_after = Duration::from_secs(10);
        Self { workers: None, silence: Silence::default(), stuck_after }
    }
}

/// The number of processors that this process may use: by its affinity (sched_getaffinity(2)) and the quota of
/// its control group (cgroups(7)). 1 if the system does not say it.
#[must_use]
pub fn default_workers() -> NonZeroU32 {
    let processors = std::thread::available_parallelism();
    processors.ok().and_then(|n| NonZeroU32::try_from(n).ok()).unwrap_or(NonZeroU32::MIN)
}

/// Declares the public setters of [`WorkerSettings`] for a type that has them in `worker_settings`. A macro, so that
/// a caller sets them on a `Job` or a `Join` itself.
macro_rules! worker_setters {
    ($type:ty) => {
        impl $type {
            /// Sets the number of workers. Without this call it is [`default_workers`](crate::default_workers).
            #[must_use]
            pub fn workers(mut self, workers: std::num::NonZeroU32) -> Self {
                self.worker_settings.workers = Some(workers.get());
                self
            }

            /// Sets the limit of silence; 5 s without this call. A primary and each of its agents have their own.
            ///
            /// - After this time a worker that another process stopped (`SIGSTOP`), or an agent from which no frame
            ///   comes, loses its chunks to others.
            /// - A primary and its agents send each other five heartbeats in this time.
            /// - A new connection must say hello within this time, and a connection from which nothing comes is given
            ///   up after three times as long.
            ///
            /// A limit outside [`MIN_SILENCE`](crate::MIN_SILENCE) to [`MAX_SILENCE`](crate::MAX_SILENCE) becomes the
            /// nearest of the two.
            #[must_use]
            pub fn silence(mut self, limit: std::time::Duration) -> Self {
                self.worker_settings.silence = crate::silence::Silence::new(limit);
                self
            }

            /// Reports a number at which a worker has been for this time, if that is also ten times as long as usual;
            /// 10 s without this call. Positions are read once a second, or four times in this time if that is more
            /// often. See [`Observation::Stuck`](crate::observe::Observation::Stuck).
            #[must_use]
            pub fn stuck_after(mut self, time: std::time::Duration) -> Self {
                self.worker_settings.stuck_after = time;
                self
            }
        }
    };
}

pub(crate) use worker_setters;
