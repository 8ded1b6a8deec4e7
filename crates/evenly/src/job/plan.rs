//! What follows from the settings of a job: the order of its work and the sizes of its chunks.

use super::Job;
use crate::function::Form;
use crate::halt::Halt;
use evenly_core::Policy;
use evenly_core::ledger::Shuffle;
use evenly_core::scheduler::ChunkSizes;
use std::time::Duration;

/// Most blocks of a shuffled order. Each gap in what is done takes memory, and a chunk is at most a block.
const MOST_BLOCKS: u64 = 1 << 10;
/// The same where a chunk begins with the start of a command, so that blocks may be short.
const MOST_BLOCKS_OF_COMMANDS: u64 = 1 << 16;
/// The same for each worker where a command does a chunk of any length, so that its start is a small part of the cost.
const WINDOW_BLOCKS: u64 = 32;

/// The order of work by a seed, for chunks of this policy and a command of this form, if the function is one.
pub(crate) fn shuffle_by(
    seed: u64,
    (policy, form): (Policy, Option<Form>),
    workers: u32,
) -> Shuffle {
    let (unit, most_blocks) = match (policy, form) {
        (Policy::Fixed(len), _) => (len.get(), MOST_BLOCKS_OF_COMMANDS),
        (_, Some(Form::PerNumber)) => (1, MOST_BLOCKS_OF_COMMANDS),
        (_, Some(Form::PerChunk | Form::Coprocess)) => {
            (1, WINDOW_BLOCKS * u64::from(workers.max(1)))
        }
        (_, None) => (1, MOST_BLOCKS),
    };
    Shuffle { seed, most_blocks, unit }
}

impl Job {
    /// The form of its command, if it has one.
    pub(crate) fn form(&self) -> Option<Form> {
        self.function.command().map(|command| command.form())
    }

    /// The order of work, if it is not ascending.
    pub(crate) fn shuffle(&self) -> Option<Shuffle> {
        let is_ordered = self.policy == Policy::Static || self.items.is_open_ended();
        let seed = self.shuffle_seed.filter(|_| !is_ordered)?;
        Some(shuffle_by(seed, (self.policy, self.form()), self.worker_settings.workers()))
    }

    /// Whether a command begins chunks as a whole, so that a rate counts those.
    pub(crate) fn begins_by_chunk(&self) -> bool {
        matches!(self.form(), Some(Form::PerChunk | Form::Coprocess))
    }

    /// Whether a worker must wait for the end of a run after each command: where the user has set a
    /// [condition](Self::halt). That costs a round trip for each command, so the default condition, which prevents floods
    /// of failures, does without.
    pub(crate) fn halts_before_the_next_command(&self) -> bool {
        self.form().is_some() && self.halt.is_some_and(|halt| halt != Halt::default())
    }

    /// Whether the journal keeps each window. Coprocesses do windows at a rate that would fill the disk; those of
    /// commands cost the start of a process each.
    pub(crate) fn audits_windows(&self) -> bool {
        self.journal.is_some() && self.form() == Some(Form::PerChunk)
    }

    /// Whether its command is not started again when its outcome is unknown.
    pub(crate) fn is_at_most_once(&self) -> bool {
        self.function.command().is_some_and(|command| command.is_at_most_once())
    }

    /// Limits for chunks that are sized by time. A command that does a whole chunk should take at most a quarter of the
    /// timeout.
    pub(crate) fn chunk_sizes(&self) -> ChunkSizes {
        let wanted = self.chunk_time.unwrap_or_else(|| self.function.chunk_time());
        let is_whole = self.begins_by_chunk();
        let limit = self.timeout.filter(|_| is_whole).map(|timeout| timeout / 4);
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).max(1);
        ChunkSizes {
            aim_ns: nanos(limit.map_or(wanted, |limit| wanted.min(limit))),
            is_aim_typed: self.chunk_time.is_some(),
            most_ns: limit.map_or(u64::MAX, nanos),
            least: self.chunk_min,
            most: self.chunk_max,
            is_whole,
        }
    }
}
