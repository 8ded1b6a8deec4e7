//! Throughput of the recent part of a run, for the remaining time.

use crate::chunk_cost::Work;

/// Sums of the work of all workers since a time.
#[derive(Clone, Copy, Debug, Default)]
struct Since {
    ns: u64,
    work: Work,
}

/// Two sums: one since the time has doubled last, one of the time before.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent {
    began_ns: Option<u64>,
    before: Since,
    now: Since,
}

impl Recent {
    /// Adds what a worker did, or an agent with this many workers.
    #[inline]
    pub(super) fn add(&mut self, work: Work, workers: u32, now_ns: u64) {
        let busy_ns = work.busy_ns * f64::from(workers);
        let Some(began_ns) = self.began_ns else {
            let ns = now_ns.saturating_sub(work.busy_ns as u64);
            self.began_ns = Some(ns);
            (self.before.ns, self.now) = (ns, Since { ns, work: Work { busy_ns, ..work } });
            return;
        };
        if now_ns - began_ns >= 2 * (self.now.ns - began_ns) && self.now.work.numbers > 0 {
            self.before = self.now;
            self.now = Since { ns: now_ns, work: Work::default() };
        }
        let sum = &mut self.now.work;
        sum.chunks += work.chunks;
        sum.numbers += work.numbers;
        sum.busy_ns += busy_ns;
        sum.reports += work.reports;
    }

    /// The work and the time at which it began; `None` before the first.
    pub(super) fn work(&self) -> Option<(Work, u64)> {
        self.began_ns?;
        let (before, now) = (self.before.work, self.now.work);
        let work = Work {
            chunks: before.chunks + now.chunks,
            numbers: before.numbers + now.numbers,
            busy_ns: before.busy_ns + now.busy_ns,
            reports: before.reports + now.reports,
        };
        Some((work, self.before.ns))
    }
}
