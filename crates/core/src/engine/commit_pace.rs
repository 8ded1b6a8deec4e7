//! Pace of journal commits: soon after a record arrives, but never so often that commits cost much.

/// Longest wait of a record for its commit, unless commits are slow.
pub const COMMIT_INTERVAL_NS: u64 = 100_000_000;
/// Rest after a commit, as a multiple of the time that the commit took.
const REST: u64 = 10;
/// Waiting bytes and records that make a commit due at once: their workers have used up credit that comes back
/// only when the lines are durable.
const MOST_BYTES: usize = 1 << 21;
const MOST_RECORDS: usize = 1 << 16;

/// Decides when the next commit is due. All times are on the clock of the run.
#[derive(Clone, Copy, Debug)]
pub(super) struct CommitPace {
    interval_ns: u64,
    /// Arrival of the first record that waits, and how much waits in all.
    since_ns: Option<u64>,
    bytes: usize,
    records: usize,
    /// How many records the running commit takes in.
    taken: usize,
    /// End of the rest after the last commit.
    rested_ns: u64,
    /// Whether what waits should not wait longer.
    is_urgent: bool,
}

impl CommitPace {
    pub(super) fn new(interval_ns: u64) -> Self {
        Self {
            interval_ns,
            since_ns: None,
            bytes: 0,
            records: 0,
            taken: 0,
            rested_ns: 0,
            is_urgent: false,
        }
    }

    /// One more entry of this size waits.
    pub(super) fn add(&mut self, bytes: usize, now_ns: u64) {
        self.since_ns.get_or_insert(now_ns);
        self.bytes += bytes;
        self.records += 1;
    }

    /// When the next commit is due; `None` if nothing waits.
    pub(super) fn due_ns(&self) -> Option<u64> {
        let since_ns = self.since_ns?;
        if self.is_urgent || self.bytes >= MOST_BYTES || self.records >= MOST_RECORDS {
            return Some(since_ns);
        }
        Some((since_ns + self.interval_ns).max(self.rested_ns))
    }

    /// A commit begins: it takes in everything that waits.
    pub(super) fn begin(&mut self) {
        self.taken = self.records;
        (self.since_ns, self.bytes, self.records) = (None, 0, 0);
        self.is_urgent = false;
    }

    /// Makes the next commit due at once.
    pub(super) fn hurry(&mut self) {
        self.is_urgent = true;
    }

    /// The commit succeeded after `took_ns`.
    pub(super) fn done(&mut self, took_ns: u64, now_ns: u64) {
        self.rested_ns = now_ns + REST * took_ns;
    }

    /// The commit was impossible. Its entries wait again; the next try is due after `rest_ns`.
    pub(super) fn put_off(&mut self, rest_ns: u64, now_ns: u64) {
        self.rested_ns = now_ns + rest_ns;
        self.records += self.taken;
        self.since_ns = (self.records > 0).then_some(self.rested_ns);
    }

    /// When the rest after the last commit is over.
    pub(super) fn rested_ns(&self) -> u64 {
        self.rested_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn a_commit_is_due_soon_but_not_too_often() {
        let mut pace = CommitPace::new(COMMIT_INTERVAL_NS);
        assert_eq!(pace.due_ns(), None);
        pace.add(10, 5 * MS);
        pace.add(10, 50 * MS);
        assert_eq!(pace.due_ns(), Some(105 * MS));
        pace.begin();
        pace.done(30 * MS, 140 * MS);
        assert_eq!(pace.due_ns(), None);
        pace.add(10, 150 * MS);
        assert_eq!(pace.due_ns(), Some(440 * MS));
        pace.add(MOST_BYTES, 160 * MS);
        assert_eq!(pace.due_ns(), Some(150 * MS), "a worker without credit waits for this commit");
    }
}
