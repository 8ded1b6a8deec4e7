//! Cost of a chunk: a fixed part and a part for each number, fitted to measured chunks.
//!
//! A command that takes a whole chunk has a cost of its own (start, connection, commit) that its numbers do not change.
//! The time for each number alone does not show it: short chunks look slow, so they would become shorter still.

/// Nanoseconds that a chunk takes.
///
/// Floating point is enough: a cost decides how long a chunk is and never what the answer is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ChunkCost {
    /// For the chunk, whatever its length.
    pub(crate) fixed_ns: f64,
    /// For each of its numbers; above 0.
    pub(crate) each_ns: f64,
}

impl ChunkCost {
    /// The time of a chunk of this length.
    pub(crate) fn of(self, numbers: u128) -> f64 {
        self.fixed_ns + numbers as f64 * self.each_ns
    }

    /// The time of some work at this cost.
    pub(crate) fn of_work(self, work: Work) -> f64 {
        self.fixed_ns * work.chunks as f64 + self.each_ns * work.numbers as f64
    }

    /// How many numbers a chunk of this time has.
    pub(crate) fn numbers_in(self, ns: f64) -> u128 {
        ((ns - self.fixed_ns) / self.each_ns) as u128
    }

    /// How many numbers take as long as the fixed part.
    pub(crate) fn numbers_in_fixed(self) -> u128 {
        (self.fixed_ns / self.each_ns) as u128
    }

    /// The cost on a worker that takes `factor` times as long.
    pub(crate) fn times(self, factor: f64) -> Self {
        Self { fixed_ns: self.fixed_ns * factor, each_ns: self.each_ns * factor }
    }
}

/// What a worker did between two reports.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Work {
    /// Chunks that ended.
    pub(crate) chunks: u64,
    /// Numbers that were done, also of chunks that go on.
    pub(crate) numbers: u128,
    pub(crate) busy_ns: f64,
    pub(crate) reports: u64,
}

/// Least squares over the reports of all workers: `busy = fixed * chunks + each * numbers`.
///
/// Each report is divided by its time, so that a short chunk and a long one have the same weight. The weight of older
/// reports decays. A report that took longer than expected counts as [`MOST_LATE`] times the expected time at most: one
/// number in a thousand may take a thousand times longer.
#[derive(Clone, Debug, Default)]
pub(crate) struct CostFit {
    cost: Option<ChunkCost>,
    /// Sums over reports, each divided by its time.
    reports: f64,
    chunks_chunks: f64,
    chunks_numbers: f64,
    numbers_numbers: f64,
    chunks_time: f64,
    numbers_time: f64,
    time_time: f64,
    /// No chunk takes less than its fixed part, so that is no more than the cheapest one took.
    cheapest_ns: f64,
    late_in_a_row: u32,
    /// The longest chunk that ended.
    longest: u128,
    /// Whether reports over different lengths have shown the fixed part.
    is_told_apart: bool,
}

/// Weight of all earlier reports together at each new one.
const MEMORY: f64 = 0.9;
/// See [`CostFit`].
const MOST_LATE: f64 = 2.0;
/// After this many late reports in a row the numbers cost more than before, and earlier reports are forgotten.
const RISEN: u32 = 3;
/// Reports tell the two parts apart if the squared correlation of chunks and numbers is at most 1 less this.
const APART: f64 = 0.1;
/// The cost of each number falls by this factor at most with a report.
const MOST_FALL: f64 = 2.0;
/// The limit for the cheapest chunk rises by this factor with each report: the cost may change along the range.
const RISE: f64 = 1.1;
/// A fixed part below this changes nothing: see `TAIL_CHUNK_NS` of the policy.
const LEAST_FIXED_NS: f64 = 50_000.0;
/// The cost of each number is not known better than this part of the fixed cost of the longest chunk.
const RESOLUTION: f64 = 0.05;
/// A fixed part counts from this many standard errors on,
const SIGNIFICANT: f64 = 2.0;
/// or from this part of the time of a report on.
const LEAST_SHARE: f64 = 0.1;

impl CostFit {
    /// The cost of a chunk on the average worker; `None` before the first report.
    ///
    /// A cost of numbers that the fixed part hides is taken as large as it may be.
    pub(crate) fn cost(&self) -> Option<ChunkCost> {
        let ChunkCost { fixed_ns, each_ns } = self.cost?;
        Some(ChunkCost { fixed_ns, each_ns: each_ns.max(self.resolution_ns()) })
    }

    /// The least and the greatest cost of a chunk that fit the reports.
    pub(crate) fn bounds(&self) -> Option<(ChunkCost, ChunkCost)> {
        let ChunkCost { fixed_ns, each_ns } = self.cost?;
        let resolution_ns = self.resolution_ns();
        let with = |each_ns: f64| ChunkCost { fixed_ns, each_ns: each_ns.max(f64::MIN_POSITIVE) };
        Some((with(each_ns - resolution_ns), with(each_ns + resolution_ns)))
    }

    fn resolution_ns(&self) -> f64 {
        let fixed_ns = self.cost.map_or(0.0, |cost| cost.fixed_ns);
        RESOLUTION * fixed_ns / self.longest.max(1) as f64
    }

    /// Whether reports over different lengths have shown what the fixed part is.
    pub(crate) fn is_told_apart(&self) -> bool {
        self.is_told_apart
    }

    /// The longest chunk that ended so far.
    pub(crate) fn longest(&self) -> u128 {
        self.longest
    }

    /// Notes that a chunk of this length ended.
    #[inline]
    pub(crate) fn ended(&mut self, numbers: u128) {
        self.longest = self.longest.max(numbers);
    }

    /// Takes in a report. The result is how many times as long as expected it took.
    pub(crate) fn note(&mut self, work: Work) -> f64 {
        let (chunks, numbers) = (work.chunks as f64, work.numbers as f64);
        let busy_ns = work.busy_ns.max(1.0);
        if work.chunks > 0 {
            let risen = if self.cost.is_none() { f64::INFINITY } else { self.cheapest_ns * RISE };
            self.cheapest_ns = risen.min(busy_ns / chunks);
        } else if self.cost.is_none() {
            self.cheapest_ns = f64::INFINITY;
        }
        let first = ChunkCost { fixed_ns: 0.0, each_ns: busy_ns / numbers.max(1.0) };
        let before = *self.cost.get_or_insert(first);
        let expected_ns = before.of_work(work);
        let lateness = if expected_ns > 0.0 { busy_ns / expected_ns } else { 1.0 };
        let scale = busy_ns.min(expected_ns.max(1.0));
        let (chunks, numbers) = (chunks / scale, numbers / scale);
        self.late_in_a_row = if lateness >= MOST_LATE { self.late_in_a_row + 1 } else { 0 };
        if self.late_in_a_row > RISEN {
            return self.begin_anew(work, lateness);
        }
        let time = (busy_ns / scale).min(MOST_LATE);
        for (sum, product) in [
            (&mut self.reports, 1.0),
            (&mut self.chunks_chunks, chunks * chunks),
            (&mut self.chunks_numbers, chunks * numbers),
            (&mut self.numbers_numbers, numbers * numbers),
            (&mut self.chunks_time, chunks * time),
            (&mut self.numbers_time, numbers * time),
            (&mut self.time_time, time * time),
        ] {
            *sum = *sum * MEMORY + product;
        }
        // Only a chunk longer than all before shows at once that numbers cost much less.
        let is_longest = work.chunks > 0 && work.numbers > self.longest;
        let least_each_ns = if is_longest { 0.0 } else { before.each_ns / MOST_FALL };
        self.solve(before, least_each_ns);
        lateness
    }

    /// Forgets all reports but this one. The fixed part stays as it was.
    fn begin_anew(&mut self, work: Work, lateness: f64) -> f64 {
        let before = self.cost.map_or(0.0, |cost| cost.fixed_ns);
        let by_numbers_ns = work.busy_ns - before * work.chunks as f64;
        let each_ns = by_numbers_ns.max(work.busy_ns / 2.0) / work.numbers.max(1) as f64;
        let cost = Some(ChunkCost { fixed_ns: before, each_ns });
        let Self { cheapest_ns, longest, is_told_apart, .. } = *self;
        *self = Self { cost, cheapest_ns, longest, is_told_apart, ..Self::default() };
        lateness
    }

    fn solve(&mut self, before: ChunkCost, least_each_ns: f64) {
        if self.numbers_numbers <= 0.0 {
            return;
        }
        let whole = self.chunks_chunks * self.numbers_numbers;
        let determinant = whole - self.chunks_numbers * self.chunks_numbers;
        let mut fixed_ns = before.fixed_ns;
        if determinant > APART * whole {
            self.is_told_apart = true;
            let (by_chunks, by_numbers) = (self.numbers_numbers, self.chunks_numbers);
            fixed_ns =
                (by_chunks * self.chunks_time - by_numbers * self.numbers_time) / determinant;
            let each_ns = self.each(fixed_ns);
            let unexplained =
                self.time_time - fixed_ns * self.chunks_time - each_ns * self.numbers_time;
            let variance = (unexplained / self.reports).max(0.0);
            let least = SIGNIFICANT * SIGNIFICANT * variance * by_chunks / determinant;
            let share = fixed_ns * self.chunks_time / self.time_time;
            if fixed_ns * fixed_ns < least && share < LEAST_SHARE {
                fixed_ns = 0.0;
            }
        }
        fixed_ns = fixed_ns.min(self.cheapest_ns);
        if fixed_ns < LEAST_FIXED_NS {
            fixed_ns = 0.0;
        }
        let each_ns = self.each(fixed_ns).max(least_each_ns).max(f64::MIN_POSITIVE);
        self.cost = Some(ChunkCost { fixed_ns, each_ns });
    }

    /// What a number costs under a fixed part.
    fn each(&self, fixed_ns: f64) -> f64 {
        (self.numbers_time - fixed_ns * self.chunks_numbers) / self.numbers_numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(reports: impl IntoIterator<Item = (u64, u128, f64)>) -> CostFit {
        let mut fit = CostFit::default();
        for (chunks, numbers, busy_ns) in reports {
            fit.note(Work { chunks, numbers, busy_ns, reports: 1 });
            fit.ended(numbers);
        }
        fit
    }

    #[test]
    fn two_lengths_show_the_fixed_part() {
        let fit = fit([(1, 1, 2_001_000.0), (1, 1000, 3_000_000.0)]);
        let cost = fit.cost().unwrap();
        assert!((cost.fixed_ns / 2e6 - 1.0).abs() < 0.01, "{cost:?}");
        assert!((cost.each_ns / 1e3 - 1.0).abs() < 0.01, "{cost:?}");
        assert!(fit.is_told_apart());
    }

    #[test]
    fn one_length_shows_no_fixed_part() {
        let fit = fit([(1, 10, 1e8), (1, 10, 1.1e8), (1, 10, 0.9e8)]);
        assert!(!fit.is_told_apart());
        assert_eq!(fit.cost().unwrap().fixed_ns, 0.0);
    }

    #[test]
    fn numbers_that_are_done_one_by_one_show_that_there_is_no_fixed_part() {
        let fit = fit((0..40).map(|n| (u64::from(n % 8 == 0), 1, 1e6 + f64::from(n % 3) * 1e5)));
        assert!(fit.is_told_apart());
        assert_eq!(fit.cost().unwrap().fixed_ns, 0.0);
    }

    #[test]
    fn a_cost_that_rises_a_hundredfold_is_followed_within_ten_chunks() {
        let chunks = |each: f64, count| {
            (0..count).map(move |n| (1, 100 + n % 5 * 50, 1e7 + (100 + n % 5 * 50) as f64 * each))
        };
        let cost = fit(chunks(1e5, 40).chain(chunks(1e7, 10))).cost().unwrap();
        assert!((0.5e7..2e7).contains(&cost.each_ns), "{cost:?}");
    }

    #[test]
    fn one_chunk_that_takes_a_thousand_times_longer_changes_little() {
        let steady = (0..40).map(|n| (1, 100 + n % 5 * 50, 1e7 + (100 + n % 5 * 50) as f64 * 1e5));
        let before = fit(steady.clone()).cost().unwrap();
        let after = fit(steady.chain([(1, 100, 2e10)])).cost().unwrap();
        assert!(after.each_ns < 3.0 * before.each_ns, "{before:?} {after:?}");
        assert!(after.fixed_ns < 3.0 * before.fixed_ns, "{before:?} {after:?}");
    }
}
