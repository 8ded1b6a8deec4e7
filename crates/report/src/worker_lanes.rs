//! Timeline of workers and agents: when each was in the run, and when one was lost.

use crate::growing_bins::{BinCell, GrowingBins};
use std::collections::BTreeMap;

/// Lanes that are kept apart; the workers beyond share one.
const MOST_LANES: usize = 24;
/// Bins of a lane.
const BINS: usize = 120;
/// Kinds of losses that are kept apart.
const MOST_KINDS: usize = 16;

/// A bin of a lane.
#[derive(Debug, Default)]
pub(crate) struct LaneCell {
    /// Microseconds that its workers were there, and silent.
    pub(crate) alive: f64,
    pub(crate) silent: f64,
    pub(crate) losses: u32,
}

impl BinCell for LaneCell {
    fn join(&mut self, other: Self) {
        self.alive += other.alive;
        self.silent += other.silent;
        self.losses += other.losses;
    }
}

/// The workers of one seat, one after the other.
#[derive(Debug)]
pub(crate) struct WorkerLane {
    pub(crate) label: String,
    pub(crate) cells: GrowingBins<LaneCell>,
    pub(crate) losses: u64,
    /// How many workers it had.
    pub(crate) workers: u64,
}

/// Losses of one kind.
#[derive(Debug, Default)]
pub(crate) struct LossRow {
    pub(crate) times: u64,
    pub(crate) chunks: u64,
    pub(crate) numbers: u128,
    /// The first and the last of them, in microseconds on the axis.
    pub(crate) first: i128,
    pub(crate) last: i128,
}

#[derive(Debug)]
struct Seated {
    since: i128,
    /// Workers that it stands for: those of an agent.
    weight: f64,
    silent_since: Option<i128>,
}

/// All lanes.
#[derive(Debug, Default)]
pub(crate) struct WorkerLanes {
    lanes: BTreeMap<usize, WorkerLane>,
    seated: BTreeMap<usize, Seated>,
    kinds: BTreeMap<String, LossRow>,
    pub(crate) losses: u64,
    pub(crate) started: u64,
    pub(crate) most_at_once: usize,
}

/// Time in which a worker was there: from, to, and for how many workers it counts.
pub(crate) type Presence = (i128, i128, f64);

impl WorkerLanes {
    /// A worker or an agent takes a seat.
    pub(crate) fn start(&mut self, worker: usize, label: &str, weight: f64, now: i128) {
        let seated = Seated { since: now, weight, silent_since: None };
        self.seated.insert(worker, seated);
        self.started += 1;
        self.most_at_once = self.most_at_once.max(self.seated.len());
        let lane = self.lane(worker, label);
        lane.workers += 1;
        lane.cells.reach(now);
    }

    fn lane(&mut self, worker: usize, label: &str) -> &mut WorkerLane {
        // The workers of the first seats have lanes of their own, whenever they come.
        let key = worker.min(MOST_LANES + 1);
        let label = if key > MOST_LANES { "all others" } else { label };
        self.lanes.entry(key).or_insert_with(|| WorkerLane {
            label: label.to_owned(),
            cells: GrowingBins::from(BINS, 0, 1000),
            losses: 0,
            workers: 0,
        })
    }

    /// A worker was lost, or is given up as silent if `is_silent`; its chunks go to others. The time that it was there.
    pub(crate) fn lose(
        &mut self,
        worker: usize,
        kind: &str,
        (chunks, numbers): (u64, u128),
        (now, is_silent): (i128, bool),
    ) -> Option<Presence> {
        self.losses += 1;
        let is_known = self.kinds.contains_key(kind) || self.kinds.len() < MOST_KINDS;
        let row = self.kinds.entry(if is_known { kind } else { "other reasons" }.to_owned());
        let row = row.or_insert_with(|| LossRow { first: now, ..LossRow::default() });
        row.times += 1;
        row.chunks += chunks;
        row.numbers += numbers;
        row.last = now;
        let lane = self.lane(worker, "");
        lane.losses += 1;
        lane.cells.at(now).losses += 1;
        if is_silent {
            if let Some(seated) = self.seated.get_mut(&worker) {
                seated.silent_since.get_or_insert(now);
            }
            return None;
        }
        self.leave(worker, now)
    }

    /// A silent agent speaks again.
    pub(crate) fn wake(&mut self, worker: usize, now: i128) {
        let since = self.seated.get_mut(&worker).and_then(|seated| seated.silent_since.take());
        if let Some(since) = since {
            self.lane(worker, "").cells.spread(since, now, |cell, part| {
                cell.silent += part * (now - since) as f64;
            });
        }
    }

    fn leave(&mut self, worker: usize, now: i128) -> Option<Presence> {
        self.wake(worker, now);
        let Seated { since, weight, .. } = self.seated.remove(&worker)?;
        let micros = (now - since) as f64;
        self.lane(worker, "").cells.spread(since, now, |cell, part| cell.alive += part * micros);
        Some((since, now, weight))
    }

    /// The call ended: all leave.
    pub(crate) fn end(&mut self, now: i128) -> Vec<Presence> {
        let workers: Vec<usize> = self.seated.keys().copied().collect();
        workers.into_iter().filter_map(|worker| self.leave(worker, now)).collect()
    }

    pub(crate) fn lanes(&self) -> impl Iterator<Item = &WorkerLane> {
        self.lanes.values()
    }

    /// Kinds of losses, the most frequent first.
    pub(crate) fn kinds(&self) -> Vec<(&str, &LossRow)> {
        let mut kinds: Vec<_> = self.kinds.iter().map(|(kind, row)| (&**kind, row)).collect();
        kinds.sort_by_key(|(_, row)| std::cmp::Reverse(row.times));
        kinds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replacement_takes_the_lane_of_the_lost_worker() {
        let mut lanes = WorkerLanes::default();
        lanes.start(1, "worker 1", 1.0, 0);
        lanes.start(2, "worker 2", 1.0, 0);
        let presence = lanes.lose(2, "signal 9", (3, 30), (1000, false));
        assert_eq!(presence, Some((0, 1000, 1.0)));
        lanes.start(2, "worker 2", 1.0, 1500);
        assert_eq!(lanes.end(5000), [(0, 5000, 1.0), (1500, 5000, 1.0)]);
        let second = lanes.lanes().nth(1).unwrap();
        assert_eq!((&*second.label, second.workers, second.losses), ("worker 2", 2, 1));
        let alive: f64 = second.cells.iter().map(|(_, _, cell)| cell.alive).sum();
        assert!((alive - 4500.0).abs() < 1.0, "{alive}");
        assert_eq!(lanes.kinds()[0].1.numbers, 30);
    }

    #[test]
    fn a_thousand_workers_have_a_fixed_number_of_lanes() {
        let mut lanes = WorkerLanes::default();
        (1..=1000).for_each(|worker| lanes.start(worker, "worker", 1.0, 0));
        lanes.end(10);
        assert_eq!(lanes.lanes().count(), MOST_LANES + 1);
        assert_eq!(lanes.most_at_once, 1000);
    }
}
