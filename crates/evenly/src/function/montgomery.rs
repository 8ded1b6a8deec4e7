//! Montgomery multiplication modulo an odd number of 64 bits.
//!
//! Source: Montgomery, "Modular multiplication without trial division", 1985. A number x stands for x / 2^64.

/// An odd modulus above 1 and below 2^63, so that sums of two residues fit 64 bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Montgomery {
    modulus: u64,
    /// The negative inverse of the modulus modulo 2^64.
    inverse: u64,
    /// 2^128 modulo the modulus.
    square: u64,
}

/// A residue times 2^64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Residue(u64);

impl Montgomery {
    /// `None` if the modulus is even, 1, or 2^63 or more.
    pub(crate) fn new(modulus: u64) -> Option<Self> {
        if modulus.is_multiple_of(2) || modulus == 1 || modulus >> 63 != 0 {
            return None;
        }
        // Newton: each step doubles the number of right bits, from 5 on.
        let mut inverse = modulus.wrapping_mul(3) ^ 2;
        for _ in 0..4 {
            inverse = inverse.wrapping_mul(2_u64.wrapping_sub(modulus.wrapping_mul(inverse)));
        }
        let one = (1_u128 << 64) % u128::from(modulus);
        let square = (one * one % u128::from(modulus)) as u64;
        Some(Self { modulus, inverse: inverse.wrapping_neg(), square })
    }

    /// The residue of any number.
    pub(crate) fn residue(self, x: u64) -> Residue {
        // Right for any x: the product is below 2^64 times the modulus.
        self.times(Residue(x), Residue(self.square))
    }

    /// The number below the modulus.
    pub(crate) fn number(self, x: Residue) -> u64 {
        self.times(x, Residue(1)).0
    }

    pub(crate) fn times(self, a: Residue, b: Residue) -> Residue {
        let product = u128::from(a.0) * u128::from(b.0);
        let multiple = (product as u64).wrapping_mul(self.inverse);
        let sum = (u128::from(multiple) * u128::from(self.modulus)).wrapping_add(product) >> 64;
        Residue(self.reduced(sum as u64))
    }

    pub(crate) fn power(self, base: Residue, mut exponent: u128) -> Residue {
        let (mut power, mut square) = (self.residue(1), base);
        loop {
            if exponent & 1 == 1 {
                power = self.times(power, square);
            }
            exponent >>= 1;
            if exponent == 0 {
                return power;
            }
            square = self.times(square, square);
        }
    }

    fn reduced(self, x: u64) -> u64 {
        if x >= self.modulus { x - self.modulus } else { x }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn products_and_powers_are_those_of_128_bits(modulus in 2_u64..1 << 63, a: u64, b: u64) {
            let modulus = modulus | 1;
            let field = Montgomery::new(modulus).unwrap();
            let (x, y) = (field.residue(a), field.residue(b));
            let wide = u128::from(modulus);
            let product = u128::from(a) % wide * (u128::from(b) % wide) % wide;
            prop_assert_eq!(u128::from(field.number(field.times(x, y))), product);
            let cube = u128::from(a) % wide * (u128::from(a) % wide) % wide * (u128::from(a) % wide) % wide;
            prop_assert_eq!(u128::from(field.number(field.power(x, 3))), cube);
            prop_assert_eq!(field.number(field.power(x, 0)), 1);
        }
    }
}
