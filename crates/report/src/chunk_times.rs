//! Times of chunks, from a job log or the windows of a journal: cost along the range, the slowest, and each host.

use crate::growing_bins::BinCell;
use std::collections::BTreeMap;

/// Slowest chunks that are shown.
const SLOWEST: usize = 8;
/// Hosts that are kept apart; the rest is one row.
const MOST_HOSTS: usize = 60;

/// What is known of the numbers in a bin of the range.
#[derive(Debug, Default)]
pub(crate) struct RangeCell {
    pub(crate) done: f64,
    pub(crate) failed: f64,
    /// Numbers whose time is known, the sum of their times, and the mean time of a number in the dearest chunk.
    pub(crate) timed: f64,
    pub(crate) seconds: f64,
    pub(crate) dearest: f64,
}

impl BinCell for RangeCell {
    fn join(&mut self, other: Self) {
        self.done += other.done;
        self.failed += other.failed;
        self.timed += other.timed;
        self.seconds += other.seconds;
        self.dearest = self.dearest.max(other.dearest);
    }
}

/// A chunk that took long.
#[derive(Clone, Debug)]
pub(crate) struct SlowChunk {
    pub(crate) micros: i128,
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) numbers: u128,
    pub(crate) host: String,
    pub(crate) command: Option<String>,
}

/// What one host did.
#[derive(Debug, Default)]
pub(crate) struct HostRow {
    pub(crate) numbers: f64,
    pub(crate) chunks: u64,
    pub(crate) micros: i128,
    pub(crate) losses: u64,
}

/// Sums over all chunks.
#[derive(Debug, Default)]
pub(crate) struct ChunkTimes {
    /// Chunks that counted, and chunks that did not because they failed or their worker was lost.
    pub(crate) counted: u64,
    pub(crate) wasted: u64,
    /// Numbers in chunks that counted.
    pub(crate) numbers: f64,
    /// Microseconds of both.
    pub(crate) useful_micros: i128,
    pub(crate) wasted_micros: i128,
    slowest: Vec<SlowChunk>,
    pub(crate) hosts: BTreeMap<String, HostRow>,
}

impl ChunkTimes {
    pub(crate) fn add(&mut self, chunk: &SlowChunk, is_counted: bool) {
        let is_known = self.hosts.contains_key(&chunk.host) || self.hosts.len() < MOST_HOSTS;
        let host = if is_known { chunk.host.clone() } else { "other hosts".to_owned() };
        let host = self.hosts.entry(host).or_default();
        host.micros += chunk.micros;
        if !is_counted {
            host.losses += 1;
            self.wasted += 1;
            self.wasted_micros += chunk.micros;
            return;
        }
        host.numbers += chunk.numbers as f64;
        host.chunks += 1;
        self.counted += 1;
        self.numbers += chunk.numbers as f64;
        self.useful_micros += chunk.micros;
        let is_slow = self.slowest.last().is_none_or(|last| chunk.micros > last.micros);
        if is_slow || self.slowest.len() < SLOWEST {
            let place = self.slowest.partition_point(|other| other.micros >= chunk.micros);
            self.slowest.insert(place, chunk.clone());
            self.slowest.truncate(SLOWEST);
        }
    }

    /// The slowest that counted, the slowest first.
    pub(crate) fn slowest(&self) -> &[SlowChunk] {
        &self.slowest
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.counted + self.wasted == 0
    }
}
