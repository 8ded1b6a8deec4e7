//! Settings of the engine in a run: commits, comparison of files, limits of silence and of starts, locks of the journal.

use crate::options::SimOptions;
use crate::plan::fault_rates::SECOND;
use evenly_core::Scheduler;
use evenly_core::engine::{self, RateLimiter};
use evenly_core::ledger::Shuffle;
use evenly_core::scheduler::Counts;
use evenly_testkit::random::Random;

/// What decides which limits a run can have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LimitedRun {
    pub(crate) numbers: u128,
    pub(crate) is_piped: bool,
    pub(crate) has_agents: bool,
    /// Whether it has a journal without which it can go on.
    pub(crate) has_optional_journal: bool,
}

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
    /// How many syncs there are until the journal cannot be written any more.
    syncs_left: Option<u64>,
    /// The limit of silence, unless it is the default.
    silence_ns: Option<u64>,
    /// Whether the primary sees at which numbers a stopped worker is.
    pub(crate) are_positions_seen: bool,
    /// Chunks that start per second, at most.
    pub(crate) rate: Option<f64>,
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
            syncs_left: None,
            silence_ns: None,
            are_positions_seen: false,
            rate: None,
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

    /// Adds limits: of silence, of starts, and of the syncs that a journal has room for.
    pub(crate) fn with_limits(
        self,
        random: &mut Random,
        run: LimitedRun,
        options: &SimOptions,
    ) -> Self {
        let LimitedRun { numbers, is_piped, has_agents, has_optional_journal } = run;
        let is_rated = random.once_in(10) && numbers <= 1 << 12;
        let rate = random.magnitude(1, 50_000).max(20 + numbers as u64 / 10);
        let rate = is_rated.then_some(rate as f64);
        if !options.are_faults_wanted {
            return Self { rate, ..self };
        }
        let is_given_up = random.once_in(8) && has_optional_journal;
        let syncs = random.magnitude(1, 100) - 1;
        let is_impatient = random.once_in(3);
        // Agents send a heartbeat each second.
        let silence_ns = match has_agents {
            true => random.between(3 * SECOND, 8 * SECOND),
            false => random.magnitude(5_000_000, 5 * SECOND),
        };
        Self {
            syncs_left: is_given_up.then_some(syncs),
            silence_ns: is_impatient.then_some(silence_ns),
            are_positions_seen: random.once_in(2) && is_piped,
            rate,
            ..self
        }
    }

    /// Whether the journal cannot be written any more, at each sync.
    pub(crate) fn is_given_up_now(&mut self) -> bool {
        let Some(left) = &mut self.syncs_left else { return false };
        *left = left.saturating_sub(1);
        *left == 0
    }

    /// A scheduler that knows of them.
    pub(crate) fn limited(&self, scheduler: Scheduler) -> Scheduler {
        match self.rate {
            Some(_) => scheduler.rationed(Counts::Chunks),
            None => scheduler,
        }
    }

    /// The most chunks that may have started `ns` after the begin of a primary.
    pub(crate) fn most_starts(&self, ns: u64) -> u64 {
        // Several starts share a wake-up, a millisecond after the last one.
        let most = |rate: f64| (rate * (ns + 1_000_000) as f64 / 1e9) as u64 + 2;
        self.rate.map_or(u64::MAX, most)
    }

    /// Tells an engine, also that of an agent, the limit of silence.
    pub(crate) fn limit_silence(&self, engine: &mut engine::Primary) {
        if let Some(silence_ns) = self.silence_ns {
            engine.set_silence(silence_ns);
        }
    }

    /// Tells an engine.
    pub(crate) fn apply(&self, engine: &mut engine::Primary) {
        engine.set_commit_interval(self.commit_interval_ns);
        if let Some(rate) = self.rate {
            engine.set_rate(RateLimiter::new(rate));
        }
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
        // As many starts as a run of the longest range needs, each chunk four times.
        let starts_ns = self.rate.map_or(0, |rate| (16_384.0 * 1e9 / rate) as u64);
        100 * (self.commit_interval_ns + 10 * self.commit_took_ns) + starts_ns
    }
}
