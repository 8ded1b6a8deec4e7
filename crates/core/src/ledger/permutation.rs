//! Pseudorandom permutation of `0..len` by a seed, in constant memory: a Feistel network with cycle walking.

/// A Feistel network of four rounds with good round functions is a pseudorandom permutation (Luby and Rackoff, 1988).
const ROUNDS: usize = 4;

/// A permutation of `0..len`, which can be asked in both directions.
#[derive(Clone, Debug)]
pub struct Permutation {
    len: u64,
    /// Bits of each half. The network permutes `0..4^bits`, the smallest such range that holds `0..len`.
    bits: u32,
    keys: [u64; ROUNDS],
}

impl Permutation {
    /// The permutation of `0..len` by this seed; `len` is at most 2^62.
    #[must_use]
    pub fn new(len: u64, seed: u64) -> Self {
        let mut state = seed;
        let keys = core::array::from_fn(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            mixed(state)
        });
        let used = u64::BITS - len.saturating_sub(1).leading_zeros();
        Self { len, bits: used.div_ceil(2).max(1), keys }
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// What stands at this index, which is below `len`.
    #[must_use]
    pub fn at(&self, index: u64) -> u64 {
        // A value outside of `0..len` lies on a cycle that comes back into it.
        let mut value = self.forward(index);
        while value >= self.len {
            value = self.forward(value);
        }
        value
    }

    /// At which index this value stands.
    pub(super) fn index_of(&self, value: u64) -> u64 {
        let mut index = self.backward(value);
        while index >= self.len {
            index = self.backward(index);
        }
        index
    }

    fn halves(&self, value: u64) -> (u64, u64) {
        (value >> self.bits, value & self.mask())
    }

    fn mask(&self) -> u64 {
        (1 << self.bits) - 1
    }

    fn forward(&self, value: u64) -> u64 {
        let (mut left, mut right) = self.halves(value);
        for key in self.keys {
            (left, right) = (right, left ^ (mixed(right ^ key) & self.mask()));
        }
        left << self.bits | right
    }

    fn backward(&self, value: u64) -> u64 {
        let (mut left, mut right) = self.halves(value);
        for key in self.keys.into_iter().rev() {
            (left, right) = (right ^ (mixed(left ^ key) & self.mask()), left);
        }
        left << self.bits | right
    }
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood, 2014).
fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    proptest! {
        #[test]
        fn each_value_stands_at_one_index(len in 1u64..3000, seed: u64) {
            let permutation = Permutation::new(len, seed);
            let mut values: Vec<u64> = (0..len).map(|index| permutation.at(index)).collect();
            for (index, value) in values.iter().enumerate() {
                prop_assert_eq!(permutation.index_of(*value), index as u64);
            }
            values.sort_unstable();
            prop_assert!(values.into_iter().eq(0..len));
        }

        #[test]
        fn both_directions_agree(len in 1u64..1 << 62, seed: u64, index: u64) {
            let permutation = Permutation::new(len, seed);
            let value = permutation.at(index % len);
            prop_assert!(value < len);
            prop_assert_eq!(permutation.index_of(value), index % len);
        }
    }

    /// Each place of 20 gets each value about equally often.
    #[test]
    fn seeds_give_even_permutations() {
        let mut counts = [[0_u32; 20]; 20];
        for seed in 0..20_000 {
            let permutation = Permutation::new(20, seed);
            for (index, count) in counts.iter_mut().enumerate() {
                count[permutation.at(index as u64) as usize] += 1;
            }
        }
        let all = counts.iter().flatten();
        assert!(all.clone().all(|count| (800..1200).contains(count)), "{counts:?}");
    }
}
