//! The processes of one run as those see them who do harm: whom to hit, and who was hit.

use std::collections::{BTreeMap, HashSet};

use rustix::process::Signal;

use super::process::Process;
use super::random::Random;
use super::signals;

/// How often each signal was sent, by "worker" or "primary" and its name.
pub(crate) type Blows = BTreeMap<(&'static str, &'static str), u64>;

pub(crate) struct Target {
    primary: Process,
    /// Every worker that was ever seen.
    pub(crate) seen: HashSet<Process>,
    /// The numbers of all workers that were done harm to.
    pub(crate) harmed: HashSet<u32>,
    pub(crate) blows: Blows,
}

impl Target {
    pub(crate) fn new(primary: Process) -> Self {
        Self { primary, seen: HashSet::new(), harmed: HashSet::new(), blows: Blows::new() }
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

    /// Sends a signal to some worker; whom it hit, if anybody.
    pub(crate) fn hit_somebody(&mut self, signal: Signal, random: &mut Random) -> Option<Process> {
        // Asking after one of them only: this is done up to a thousand times a second.
        let numbers = self.primary.numbers_of_children();
        let worker = self.primary.child(random.choose(&numbers)?)?;
        self.hit(worker, signal).then_some(worker)
    }

    pub(crate) fn hit(&mut self, worker: Process, signal: Signal) -> bool {
        self.seen.insert(worker);
        let is_hit = worker.signal(signal, Some(self.primary.pid));
        if is_hit {
            self.harmed.insert(worker.pid);
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
