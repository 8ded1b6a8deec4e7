//! Settings of the engine in a run: commit interval, comparison of files, and how often the journal is locked.

use crate::options::SimOptions;
use evenly_core::engine;
use evenly_core::ledger::Shuffle;
use evenly_testkit::random::Random;

/// Settings of an engine, drawn from the seed.
#[derive(Clone, Debug, Default)]
pub(crate) struct EngineSettings {
    /// How long a record may wait for its commit, and how long a commit seems to take: the engine rests after it.
    commit_interval_ns: u64,
    pub(crate) commit_took_ns: u64,
    compares_files: bool,
    /// The order of work, in some runs.
    pub(crate) shuffle: Option<Shuffle>,
    /// Of a million syncs, how many find the journal locked.
    pub(crate) locked: u32,
}

impl EngineSettings {
    pub(crate) fn draw(random: &mut Random, numbers: u128, options: &SimOptions) -> Self {
        let is_long = numbers > 1 << 12;
        // A run that waits for lines, or for begins, waits for many commits.
        let is_patient = random.once_in(3) && !is_long;
        let is_locked = options.are_faults_wanted && random.once_in(3);
        Self {
            commit_interval_ns: if is_patient {
                random.magnitude(1_000_000, 100_000_000)
            } else {
                0
            },
            commit_took_ns: if is_patient { random.magnitude(1_000, 10_000_000) } else { 0 },
            compares_files: random.once_in(4),
            shuffle: None,
            locked: if is_locked { random.magnitude(1_000, 300_000) as u32 } else { 0 },
        }
    }

    /// Draws the order of work: that of each primary of the run.
    pub(crate) fn draw_shuffle(&mut self, random: &mut Random) {
        self.shuffle = random.once_in(3).then(|| Shuffle {
            seed: random.magnitude(1, u64::MAX),
            most_blocks: random.magnitude(1, 1000),
            unit: random.magnitude(1, 20),
        });
    }

    /// Tells an engine.
    pub(crate) fn apply(&self, engine: &mut engine::Primary) {
        engine.set_commit_interval(self.commit_interval_ns);
        if self.compares_files {
            engine.compare_files();
        }
    }

    /// The longest time until a record is durable, where a sync takes this long.
    pub(crate) fn sync_ns(&self, sync_ns: Option<u64>) -> u64 {
        sync_ns.map_or(0, |sync_ns| sync_ns + self.commit_interval_ns + 10 * self.commit_took_ns)
    }

    /// How much longer these terms may make a run.
    pub(crate) fn bound_ns(&self) -> u64 {
        100 * (self.commit_interval_ns + 10 * self.commit_took_ns)
    }
}
