//! Jobs with known answers: half a second to ten seconds of work, and some without work.

use std::fmt;

use super::reference;
use evenly_testkit::random::Random;

/// What is counted over which range, and how many there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) function: &'static str,
    start: i128,
    /// Not itself part of the range.
    end: i128,
    answer: Answer,
    /// How many numbers a chunk may have at least and at most, where a fixed length is asked for.
    pub(crate) chunks: (u64, u64),
    /// Whether other policies would be through with it at once.
    pub(crate) only_fixed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Known(u128),
    /// To be had from a plain sieve.
    Sieved,
}

/// The primes from 0 to an end, as primesieve 11 and others count them, and the shortest chunk in
/// which the work does not take many times as long.
const FROM_ZERO: [(i128, u128, u64); 7] = [
    (1_000_000_000, 50_847_534, 3_000),
    (2_000_000_000, 98_222_287, 10_000),
    (5_000_000_000, 234_954_223, 100_000),
    (10_000_000_000, 455_052_511, 100_000),
    (20_000_000_000, 882_206_716, 1_000_000),
    (50_000_000_000, 2_119_654_578, 10_000_000),
    (100_000_000_000, 4_118_054_813, 10_000_000),
];

/// Numbers of primes in ranges, from primesieve 11.
const HIGH_UP: [(i128, i128, u128); 6] = [
    (9_223_372_036_844_775_808, 10_000_000, 229_023),
    (1_000_000_000_000_000_000, 20_000_000, 483_161),
    (100_000_000_000_000_000, 30_000_000, 766_099),
    (10_000_000_000_000_000, 50_000_000, 1_357_793),
    (1_000_000_000_000_000, 30_000_000, 868_343),
    (100_000_000_000_000, 100_000_000, 3_102_679),
];

impl Job {
    pub(crate) fn draw(random: &mut Random) -> Self {
        match random.between(1, 16) {
            1..=4 => Self::vast(random),
            5..=7 => Self::many_cheap_chunks(random),
            8..=9 => Self::primes_from_zero(random),
            10..=12 => Self::primes_high_up(random),
            13..=14 => Self::primes_somewhere(random),
            _ => Self::tiny(random),
        }
    }

    /// A job that does not end before a fault ends it.
    pub(crate) fn endless(random: &mut Random) -> Self {
        match random.once_in(2) {
            true => Self {
                function: "prime",
                start: 0,
                end: 10_000_000_000_000,
                answer: Answer::Known(346_065_536_839),
                chunks: (10_000_000, 10_000_000_000),
                only_fixed: false,
            },
            false => Self::parity("even", -(1 << 62), 1 << 63),
        }
    }

    fn parity(function: &'static str, start: i128, len: i128) -> Self {
        let evens = reference::evens(start, start + len);
        let answer = if function == "even" { evens } else { len.unsigned_abs() - evens };
        let (answer, chunks) = (Answer::Known(answer), (10_000, 10_000_000_000));
        Self { function, start, end: start + len, answer, chunks, only_fixed: false }
    }

    /// Somewhere in all of `i64`, so that negative numbers and its ends come up, too.
    fn parity_somewhere(random: &mut Random, len: u64) -> Self {
        let function = if random.once_in(2) { "even" } else { "odd" };
        let from_start = random.between(0, u64::MAX - len);
        let start = i128::from(i64::MIN) + i128::from(from_start);
        Self::parity(function, start, i128::from(len))
    }

    fn vast(random: &mut Random) -> Self {
        let len = random.real_magnitude(1e10, 5e11) as u64;
        Self::parity_somewhere(random, len)
    }

    fn many_cheap_chunks(random: &mut Random) -> Self {
        let len = random.real_magnitude(5e6, 5e7) as u64;
        Self { chunks: (1, 100), only_fixed: true, ..Self::parity_somewhere(random, len) }
    }

    fn prime(start: i128, end: i128, answer: Answer, chunks: (u64, u64)) -> Self {
        Self { function: "prime", start, end, answer, chunks, only_fixed: false }
    }

    fn primes_from_zero(random: &mut Random) -> Self {
        let (end, count, shortest) = random.choose(&FROM_ZERO).unwrap_or(FROM_ZERO[0]);
        Self::prime(0, end, Answer::Known(count), (shortest, 1_000_000_000))
    }

    fn primes_high_up(random: &mut Random) -> Self {
        let (start, len, count) = random.choose(&HIGH_UP).unwrap_or(HIGH_UP[0]);
        Self::prime(start, start + len, Answer::Known(count), (1, 1_000_000))
    }

    fn primes_somewhere(random: &mut Random) -> Self {
        let start = i128::from(random.between(0, 1_000_000_000_000));
        let len = random.real_magnitude(5e6, 2e7) as i128;
        Self { only_fixed: true, ..Self::prime(start, start + len, Answer::Sieved, (1, 300)) }
    }

    /// FaultPlan comes to its processes when they have hardly begun, or not at all.
    fn tiny(random: &mut Random) -> Self {
        let start = i128::from(random.between(0, 10));
        let len = i128::from(random.between(0, 1000));
        Self::prime(start, start + len, Answer::Sieved, (1, 100))
    }

    pub(crate) fn answer(&self) -> u128 {
        match self.answer {
            Answer::Known(answer) => answer,
            Answer::Sieved => u128::from(reference::primes(self.start as u64, self.end as u64)),
        }
    }
}

/// As it is typed.
impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "count {} {}..{}", self.function, self.start, self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_range_is_within_i64() {
        let mut random = Random::new(5);
        for _ in 0..1000 {
            for job in [Job::draw(&mut random), Job::endless(&mut random)] {
                assert!(job.start >= i128::from(i64::MIN) && job.end <= 1 << 63, "{job}");
                assert!(job.start <= job.end && job.chunks.0 <= job.chunks.1, "{job}");
            }
        }
    }

    #[test]
    fn odd_and_even_numbers_are_all() {
        let mut random = Random::new(6);
        let len = random.between(1, 1000);
        let other = |function, job: &Job| Job::parity(function, job.start, i128::from(len));
        let job = Job::parity_somewhere(&mut random, len);
        let both = other("odd", &job).answer() + other("even", &job).answer();
        assert_eq!(both, u128::from(len));
    }

    #[test]
    fn a_job_reads_as_it_is_typed() {
        assert_eq!(Job::parity("odd", -3, 7).to_string(), "count odd -3..4");
        assert_eq!(Job::parity("odd", -3, 7).answer(), 4);
    }
}
