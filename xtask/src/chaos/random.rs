//! Chance from a seed: splitmix64, so that what was planned by chance can be planned again.

use std::time::Duration;

pub(crate) struct Random {
    state: u64,
}

impl Random {
    /// Neighbouring seeds give unrelated sequences.
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Any number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        assert!(low <= high, "{low}..={high} is empty");
        let numbers = u128::from(high - low) + 1;
        // The upper half of the product: each number about as often as any other.
        low + ((u128::from(self.next()) * numbers) >> 64) as u64
    }

    /// Any number from 0 to 1 without 1.
    fn fraction(&mut self) -> f64 {
        // 53 bits are what an f64 holds exactly.
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Between the two so that each order of magnitude is as likely as any other.
    pub(crate) fn magnitude(&mut self, low: f64, high: f64) -> f64 {
        low * (high / low).powf(self.fraction())
    }

    pub(crate) fn one_in(&mut self, many: u64) -> bool {
        self.between(1, many) == 1
    }

    pub(crate) fn choose<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let last = from.len().checked_sub(1)?;
        Some(from[self.between(0, last as u64) as usize])
    }

    pub(crate) fn duration_ms(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_millis(self.between(low, high))
    }

    /// How long until the next of events that come independently of each other, in the mean after
    /// `mean`.
    pub(crate) fn pause(&mut self, mean: Duration) -> Duration {
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
        let drawn: Vec<f64> = (0..3000).map(|_| random.magnitude(1.0, 1000.0)).collect();
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
