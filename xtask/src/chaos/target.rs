//! Processes of one run as targets of faults, and a record of the hits.

use std::collections::{BTreeMap, HashSet};

use rustix::process::Signal;

use super::process::Process;
use super::signals;
use evenly_testkit::random::Random;

/// Number of sent signals, by "worker" or "primary" and the name of the signal.
pub(crate) type Blows = BTreeMap<(&'static str, &'static str), u64>;

pub(crate) struct Target {
    primary: Process,
    /// All workers seen so far.
    pub(crate) seen: HashSet<Process>,
    /// The process numbers of all workers that were hit.
    pub(crate) hit: HashSet<u32>,
    pub(crate) blows: Blows,
}

impl Target {
    pub(crate) fn new(primary: Process) -> Self {
        Self { primary, seen: HashSet::new(), hit: HashSet::new(), blows: Blows::new() }
    }

    pub(crate) fn state_of_primary(&self) -> Option<char> {
        self.primary.state()
    }

    /// The living workers.
    pub(crate) fn workers(&mut self) -> Vec<Process> {
        let workers = self.primary.children();
        self.seen.extend(&workers);
        workers
    }

    /// Sends a signal to a random worker, and returns the worker.
    pub(crate) fn hit_random_worker(
        &mut self,
        signal: Signal,
        random: &mut Random,
    ) -> Option<Process> {
        // Asking after one of them only: this is done up to a thousand times a second.
        let numbers = self.primary.numbers_of_children();
        let worker = self.primary.child(random.choose(&numbers)?)?;
        self.hit(worker, signal).then_some(worker)
    }

    pub(crate) fn hit(&mut self, worker: Process, signal: Signal) -> bool {
        self.seen.insert(worker);
        let is_hit = worker.signal(signal, Some(self.primary.pid));
        if is_hit {
            self.hit.insert(worker.pid);
            self.count("worker", signal);
        }
        is_hit
    }

    pub(crate) fn hit_primary(&mut self, signal: Signal) -> bool {
        let is_hit = self.primary.signal(signal, Some(std::process::id()));
        if is_hit {
            self.count("primary", signal);
        }
        is_hit
    }

    fn count(&mut self, whom: &'static str, signal: Signal) {
        *self.blows.entry((whom, signals::name(signal))).or_default() += 1;
    }
}
