//! Sum of up to 2^64 numbers of 128 bits, without overflow.

/// A sum. Whether it fits 128 bits is asked of the whole and of nothing before, so the order in which
/// numbers are added does not matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// It is `high` times 2^64 and `low`.
    high: i128,
    low: u64,
}

impl Sum {
    /// The sum of nothing.
    pub const ZERO: Self = Self { high: 0, low: 0 };

    /// Adds another. Of 2^64 numbers of 128 bits, the high part has 128 bits at most.
    #[inline]
    pub const fn add(&mut self, other: Self) {
        let (low, carry) = self.low.overflowing_add(other.low);
        self.low = low;
        self.high = self.high.wrapping_add(other.high).wrapping_add(carry as i128);
    }

    /// The sum as a number, if it has no more than 128 bits.
    #[must_use]
    pub const fn number(self) -> Option<i128> {
        if self.high >> 63 == self.high >> 127 {
            Some((self.high << 64) | self.low as i128)
        } else {
            None
        }
    }

    /// Whether it is negative, and its magnitude: 64 bits each, the lowest first.
    pub(crate) fn magnitude(self) -> (bool, [u64; 3]) {
        let is_negative = self.high < 0;
        let (low, high) = if is_negative {
            let (low, borrow) = 0u64.overflowing_sub(self.low);
            (low, self.high.wrapping_neg().wrapping_sub(borrow.into()))
        } else {
            (self.low, self.high)
        };
        let high = high.cast_unsigned();
        (is_negative, [low, high as u64, (high >> 64) as u64])
    }

    /// Its lowest 128 bits.
    pub(super) const fn low_bits(self) -> u128 {
        (self.high.cast_unsigned() << 64) | self.low as u128
    }

    /// The 24 bytes of it.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&self.low.to_le_bytes());
        bytes[8..].copy_from_slice(&self.high.to_le_bytes());
        bytes
    }

    /// What these bytes are; any are a sum.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 24]) -> Self {
        let (low, high) = bytes.split_at(8);
        Self {
            low: u64::from_le_bytes(low.try_into().unwrap_or_default()),
            high: i128::from_le_bytes(high.try_into().unwrap_or_default()),
        }
    }
}

impl From<i128> for Sum {
    #[inline]
    fn from(number: i128) -> Self {
        Self { high: number >> 64, low: number as u64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_grows_beyond_128_bits_and_comes_back() {
        let mut sum = Sum::from(i128::MAX);
        sum.add(Sum::from(i128::MAX));
        assert_eq!(sum.number(), None);
        sum.add(Sum::from(-i128::MAX));
        assert_eq!(sum.number(), Some(i128::MAX));
        sum.add(Sum::from(i128::MIN));
        assert_eq!(sum.number(), Some(-1));
        sum.add(Sum::from(i128::MIN));
        assert_eq!(sum.number(), None);
    }

    proptest! {
        #[test]
        fn it_is_that_of_numbers(a in any::<i64>(), b in any::<i128>(), c in any::<i32>()) {
            let mut sum = Sum::from(i128::from(a));
            sum.add(Sum::from(b));
            sum.add(Sum::from(i128::from(c)));
            sum.add(Sum::from(-i128::from(a)));
            prop_assert_eq!(sum.number(), b.checked_add(i128::from(c)));
            prop_assert_eq!(Sum::from_bytes(&sum.to_bytes()), sum);
        }
    }
}
