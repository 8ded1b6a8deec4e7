//! Pseudorandom number generator (splitmix64): all numbers follow from the seed.

use std::time::Duration;

/// splitmix64 (Steele, Lea, Flood 2014): every seed is good, and neighbouring seeds give unrelated sequences.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The sequence of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Any number of 64 bits.
    #[expect(clippy::should_implement_trait, reason = "an endless iterator would give options")]
    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is at least 1.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// An index into something of this length, which is at least 1.
    pub fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    /// A number from `least` to `most`, both included.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        debug_assert!(least <= most, "{least}..={most} is empty");
        let numbers = u128::from(most - least) + 1;
        least + ((u128::from(self.next()) * numbers) >> 64) as u64
    }

    /// A number from `least` to `most` whose logarithm is even: small ones as often as large ones.
    pub fn magnitude(&mut self, least: u64, most: u64) -> u64 {
        let octaves = u64::from(most.ilog2() - least.max(1).ilog2()) + 1;
        let base = least.max(1) << self.below(octaves);
        self.between(base, base.saturating_mul(2) - 1).clamp(least, most)
    }

    /// True in `percent` of a hundred cases.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// True `parts` times in a million.
    pub fn happens(&mut self, parts: u32) -> bool {
        parts > 0 && self.below(1_000_000) < u64::from(parts)
    }

    /// True once in `times` times.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of the choices, of which there is at least one.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// Any number from 0 to 1 without 1.
    fn fraction(&mut self) -> f64 {
        // 53 bits are what an f64 holds exactly.
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number from `low` to `high` whose logarithm is even: each order of magnitude is as likely as any other.
    pub fn real_magnitude(&mut self, low: f64, high: f64) -> f64 {
        low * (high / low).powf(self.fraction())
    }

    /// One of these; `None` if there are none.
    pub fn choose<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let last = from.len().checked_sub(1)?;
        Some(from[self.between(0, last as u64) as usize])
    }

    /// A duration in milliseconds, both limits included.
    pub fn duration_ms(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_millis(self.between(low, high))
    }

    /// How long until the next of events that come independently of each other, in the mean after
    /// `mean`.
    pub fn pause(&mut self, mean: Duration) -> Duration {
        // 1 - fraction is never 0, and its logarithm is never infinite.
        mean.mul_f64(-(1.0 - self.fraction()).ln())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_splitmix64() {
        let mut random = Random::new(1_234_567);
        let first = [(); 3].map(|()| random.next());
        let published =
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!(first, published);
    }

    #[test]
    fn between_reaches_both_ends_and_nothing_beyond() {
        let mut random = Random::new(1);
        let mut seen = [0; 4];
        for _ in 0..4000 {
            seen[random.between(3, 6) as usize - 3] += 1;
        }
        assert!(seen.iter().all(|times| (800..1200).contains(times)), "{seen:?}");
        assert_eq!(random.between(9, 9), 9);
        random.between(0, u64::MAX);
    }

    #[test]
    fn magnitudes_are_equally_likely() {
        let mut random = Random::new(2);
        let drawn: Vec<f64> = (0..3000).map(|_| random.real_magnitude(1.0, 1000.0)).collect();
        assert!(drawn.iter().all(|value| (1.0..1000.0).contains(value)));
        let small = drawn.iter().filter(|value| **value < 10.0).count();
        assert!((900..1100).contains(&small), "{small} of 3000 below 10");
    }

    #[test]
    fn pauses_have_their_mean() {
        let mut random = Random::new(3);
        let mean = Duration::from_millis(10);
        let total: Duration = (0..10_000).map(|_| random.pause(mean)).sum();
        assert!((90..110).contains(&total.as_secs()), "{total:?} for 10000 pauses of 10 ms");
    }

    #[test]
    fn nothing_is_chosen_from_nothing() {
        assert_eq!(Random::new(4).choose::<u8>(&[]), None);
        assert_eq!(Random::new(4).choose(&[7]), Some(7));
    }
}
