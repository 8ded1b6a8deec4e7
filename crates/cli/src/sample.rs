//! Random sample of items without repetition, the same for the same seed.

use evenly::{Items, TooManyPieces};
use std::collections::HashSet;

/// `count` of the items, or all of them if there are no more. The sample depends on the items, the count and the seed
/// alone.
///
/// # Errors
/// If the sample has more pieces than a set may have.
pub(crate) fn sample(items: &Items, count: usize, seed: u64) -> Result<Items, TooManyPieces> {
    let len = items.len();
    if count as u128 >= len {
        return Ok(items.clone());
    }
    let Some(first) = items.positions().interval().map(|all| all.first()) else {
        return Ok(items.clone());
    };
    let mut random = Mixer(seed);
    // Floyd's algorithm: Bentley, Programming Pearls: a sample of brilliance, CACM 30 (1987). It draws `count` numbers,
    // however many items there are.
    let mut chosen = HashSet::with_capacity(count);
    for top in len - count as u128..len {
        let drawn = random.below(top + 1);
        if !chosen.insert(drawn) {
            chosen.insert(top as u64);
        }
    }
    let numbers = chosen.into_iter().map(|at| items.at(first.wrapping_add_unsigned(at)));
    Items::list(numbers.flatten())
}

/// Generator of random numbers: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
struct Mixer(u64);

impl Mixer {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is from 1 to 2^64, each with the same probability.
    fn below(&mut self, end: u128) -> u64 {
        // The numbers from the highest multiple of `end` on would give the lower results once more than the others.
        let fair = (1 << 64) / end * end;
        loop {
            let drawn = u128::from(self.next());
            if drawn < fair {
                return (drawn % end) as u64;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_as_many_numbers_as_asked_for_each_once() {
        for (text, count) in [("0..10", 3), ("-5..=40:5", 9), ("-2^63..2^63", 1000), ("0..10", 9)] {
            let items = crate::items::parse_items(text).unwrap();
            for seed in 0..20 {
                let sampled = sample(&items, count, seed).unwrap();
                assert_eq!(sampled.len(), count as u128, "{text}");
                assert!(sampled.iter().all(|n| items.position_of(n).is_some()), "{text}");
                assert_eq!(sample(&items, count, seed).unwrap(), sampled);
            }
        }
        let items = Items::list([3, 7, 12]).unwrap();
        assert_eq!(sample(&items, 3, 1).unwrap(), items);
        assert_eq!(sample(&items, 99, 1).unwrap(), items);
    }

    #[test]
    fn each_item_is_as_likely_as_any_other() {
        let items = crate::items::parse_items("0..=45:5").unwrap();
        let mut counts = [0u32; 10];
        for seed in 0..10_000 {
            for n in sample(&items, 3, seed).unwrap().iter() {
                counts[n as usize / 5] += 1;
            }
        }
        // 3000 is expected, with a standard deviation of 46.
        assert!(counts.iter().all(|count| (2770..=3230).contains(count)), "{counts:?}");
    }

    #[test]
    fn the_sample_of_a_seed_stays_the_same_in_later_versions() {
        let items = crate::items::parse_items("0..1e12").unwrap();
        assert_eq!(
            sample(&items, 3, 42).unwrap().to_string(),
            "92129842117,532782634327,748462763858"
        );
    }
}
