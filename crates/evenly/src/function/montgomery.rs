//! Montgomery multiplication modulo an odd number of 64 bits.
//!
//! Source: Montgomery, "Modular multiplication without trial division", 1985. A number x stands for x / 2^64.

/// An odd modulus above 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Montgomery {
    modulus: u64,
    /// The inverse of the modulus modulo 2^64.
    inverse: u64,
    /// 2^128 modulo the modulus.
    square: u64,
}

/// A residue times 2^64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Residue(u64);

impl Montgomery {
    /// `None` if the modulus is even or 1.
    pub(crate) fn new(modulus: u64) -> Option<Self> {
        if modulus.is_multiple_of(2) || modulus == 1 {
            return None;
        }
        // Newton: each step doubles the number of right bits, from 5 on.
        let mut inverse = modulus.wrapping_mul(3) ^ 2;
        for _ in 0..4 {
            inverse = inverse.wrapping_mul(2_u64.wrapping_sub(modulus.wrapping_mul(inverse)));
        }
        let one = u128::from(modulus.wrapping_neg() % modulus);
        let square = (one * one % u128::from(modulus)) as u64;
        Some(Self { modulus, inverse, square })
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
        let multiple = u128::from((product as u64).wrapping_mul(self.inverse));
        // The lower halves of both are the same.
        let taken = ((multiple * u128::from(self.modulus)) >> 64) as u64;
        let (rest, is_negative) = ((product >> 64) as u64).overflowing_sub(taken);
        Residue(if is_negative { rest.wrapping_add(self.modulus) } else { rest })
    }

    pub(crate) fn plus(self, a: Residue, b: Residue) -> Residue {
        let (rest, is_negative) = a.0.overflowing_sub(self.modulus - b.0);
        Residue(if is_negative { rest.wrapping_add(self.modulus) } else { rest })
    }

    /// The size of the difference: a divisor of the modulus divides it if and only if both are congruent.
    pub(crate) fn apart(a: Residue, b: Residue) -> Residue {
        Residue(a.0.abs_diff(b.0))
    }

    /// The greatest common divisor of the modulus and a residue; the modulus if the residue is 0.
    pub(crate) fn common_divisor(self, x: Residue) -> u64 {
        let (mut a, mut b) = (self.modulus, x.0);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn products_and_powers_are_those_of_128_bits(modulus in 2_u64.., a: u64, b: u64) {
            let modulus = modulus | 1;
            let field = Montgomery::new(modulus).unwrap();
            let (x, y) = (field.residue(a), field.residue(b));
            let wide = u128::from(modulus);
            let product = u128::from(a) % wide * (u128::from(b) % wide) % wide;
            prop_assert_eq!(u128::from(field.number(field.times(x, y))), product);
            let sum = (u128::from(a) + u128::from(b)) % wide;
            prop_assert_eq!(u128::from(field.number(field.plus(x, y))), sum);
            let cube = u128::from(a) % wide * (u128::from(a) % wide) % wide * (u128::from(a) % wide) % wide;
            prop_assert_eq!(u128::from(field.number(field.power(x, 3))), cube);
            prop_assert_eq!(field.number(field.power(x, 0)), 1);
        }
    }
}
