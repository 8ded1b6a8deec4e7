//! Superaccumulator: the exact sum of up to 2^64 doubles, whatever their order.
//!
//! It is a fixed-point number wide enough for every double (Kulisch; the layout is that of the small
//! superaccumulator of R. M. Neal, "Fast exact summation using small and large superaccumulators", 2015):
//! overlapping limbs of 64 bits, one for each 32 bits, so that an addition changes three limbs and carries nothing.

use super::Real;
use crate::aggregate::Sum;
use alloc::vec::Vec;

/// Bits of a limb that are its own; the rest of its 64 bits collects carries.
const BITS: usize = 32;
/// Limbs: the highest bit of a double is bit 2097 above 2^-1074, 2^64 of them need 64 bits more.
const LIMBS: usize = 70;
/// Limbs of the magnitude of a sum of 2^64 doubles; those above have room for sums that cannot be.
const USED_LIMBS: usize = 68;
/// The place of 2^0 above 2^-1074.
const ONE: usize = 1074;
/// Additions until the carries must move on. Each adds less than 2^32 to a limb, so 2^30 of them leave room.
const MOST_ADDITIONS: u32 = 1 << 30;

const MASK: i64 = (1 << BITS) - 1;
const MANTISSA_BITS: u32 = 52;
/// The exponent of infinity in the bits of a double.
const EXPONENTS: u64 = 0x7ff;
/// Modulus of [`ExactSum::residue`].
pub(crate) const PRIME: u64 = (1 << 61) - 1;

/// Limbs of a magnitude, the lowest first.
type Magnitude = [u32; LIMBS];

/// The exact sum of doubles. Infinities are counted apart.
///
/// ```
/// use evenly_core::real::{ExactSum, Real};
///
/// let mut sum = ExactSum::default();
/// for value in [1e308, 0.1, 1e-300, -1e308, 1e16, -1e16] {
///     sum.add(Real::new(value).unwrap());
/// }
/// assert_eq!(sum.rounded(), Real::new(0.1));
/// ```
#[derive(Clone, Debug)]
pub struct ExactSum {
    /// It is the sum of each times 2^(32 i - 1074).
    limbs: [i64; LIMBS],
    /// Additions since the carries moved on.
    additions: u32,
    has_infinity: bool,
    has_minus_infinity: bool,
}

impl Default for ExactSum {
    fn default() -> Self {
        Self { limbs: [0; LIMBS], additions: 0, has_infinity: false, has_minus_infinity: false }
    }
}

impl ExactSum {
    /// Adds a double.
    #[inline]
    pub fn add(&mut self, value: Real) {
        let bits = value.get().to_bits();
        let (exponent, mantissa) =
            (bits >> MANTISSA_BITS & EXPONENTS, bits & ((1 << MANTISSA_BITS) - 1));
        let is_negative = bits >> 63 == 1;
        match exponent {
            EXPONENTS if is_negative => self.has_minus_infinity = true,
            EXPONENTS => self.has_infinity = true,
            // A subnormal number has the exponent of the smallest normal one, and no hidden bit.
            0 => self.add_bits(mantissa, 0, is_negative),
            _ => self.add_bits(mantissa | 1 << MANTISSA_BITS, exponent as usize - 1, is_negative),
        }
    }

    /// Adds an integer.
    pub(crate) fn add_integer(&mut self, integer: Sum) {
        let (is_negative, words) = integer.magnitude();
        for (place, word) in words.into_iter().enumerate() {
            self.add_bits(word, ONE + 64 * place, is_negative);
        }
    }

    /// Adds `bits` times 2^(`place` - 1074), or subtracts it.
    #[inline]
    fn add_bits(&mut self, bits: u64, place: usize, is_negative: bool) {
        let wide = u128::from(bits) << (place % BITS);
        let limb = place / BITS;
        let parts = [wide as i64 & MASK, (wide >> BITS) as i64 & MASK, (wide >> (2 * BITS)) as i64];
        for (limb, part) in self.limbs[limb..limb + 3].iter_mut().zip(parts) {
            *limb = limb.wrapping_add(if is_negative { -part } else { part });
        }
        self.count_addition();
    }

    #[inline]
    fn count_addition(&mut self) {
        self.additions += 1;
        if self.additions >= MOST_ADDITIONS {
            self.carry();
        }
    }

    /// Adds another sum.
    pub fn merge(&mut self, mut other: Self) {
        other.carry();
        for (limb, other) in self.limbs.iter_mut().zip(other.limbs) {
            *limb = limb.wrapping_add(other);
        }
        self.count_addition();
        self.has_infinity |= other.has_infinity;
        self.has_minus_infinity |= other.has_minus_infinity;
    }

    /// Moves carries on, so that each limb has its 32 bits and the highest also has the sign.
    fn carry(&mut self) {
        let mut carry = 0;
        let [limbs @ .., last] = &mut self.limbs;
        for limb in limbs {
            let sum = limb.wrapping_add(carry);
            *limb = sum & MASK;
            carry = sum >> BITS;
        }
        *last = last.wrapping_add(carry);
        self.additions = 0;
    }

    /// Whether the finite part is negative, and its magnitude.
    fn magnitude(&self) -> (bool, Magnitude) {
        let mut sum = self.clone();
        sum.carry();
        let is_negative = sum.limbs[LIMBS - 1] < 0;
        if is_negative {
            for limb in &mut sum.limbs {
                *limb = limb.wrapping_neg();
            }
            sum.carry();
        }
        (is_negative, sum.limbs.map(|limb| limb as u32))
    }

    /// The double that is nearest to it; of two that are as near the one with an even mantissa. Beyond the largest
    /// double it is an infinity. `None` if it has both infinities.
    #[must_use]
    pub fn rounded(&self) -> Option<Real> {
        self.divided(1)
    }

    /// The double that is nearest to it divided by at most 2^64, as [`rounded`](Self::rounded). `None` for 0, too.
    #[must_use]
    pub fn divided(&self, by: u128) -> Option<Real> {
        let infinity = match (self.has_infinity, self.has_minus_infinity) {
            (true, true) => return None,
            (true, false) => Some(f64::INFINITY),
            (false, true) => Some(f64::NEG_INFINITY),
            (false, false) => None,
        };
        if by == 0 {
            return None;
        }
        if let Some(infinity) = infinity {
            return Real::new(infinity);
        }
        let (is_negative, magnitude) = self.magnitude();
        let (quotient, rest) = divide(&magnitude, by);
        let value = round(&quotient, rest);
        Real::new(if is_negative { -value } else { value })
    }

    /// What remains of its finite part modulo the prime 2^61 - 1, for a comparison: that of a sum of sums is the sum of
    /// theirs modulo the prime.
    pub(crate) fn residue(&self) -> u64 {
        let (is_negative, magnitude) = self.magnitude();
        let residue = magnitude.iter().rev().fold(0, |residue, limb| {
            ((u128::from(residue) << BITS | u128::from(*limb)) % u128::from(PRIME)) as u64
        });
        if is_negative { (PRIME - residue) % PRIME } else { residue }
    }

    /// Appends its bytes: flags, one byte: 1 for a negative sum, 2 for an infinity, 4 for a negative infinity, added;
    /// the lowest limb of its magnitude that is not zero, one byte; the limbs from there to the highest that is not
    /// zero, four bytes each.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let (is_negative, magnitude) = self.magnitude();
        let flags = [is_negative, self.has_infinity, self.has_minus_infinity];
        out.push(flags.iter().rev().fold(0, |bits, flag| bits << 1 | u8::from(*flag)));
        let is_used = |limb: &u32| *limb != 0;
        let end = magnitude.iter().rposition(is_used).map_or(0, |last| last + 1);
        let start = magnitude.iter().position(is_used).unwrap_or(0);
        out.push(start as u8);
        out.extend(magnitude[start..end].iter().flat_map(|limb| limb.to_le_bytes()));
    }

    /// What [`encode`](Self::encode) wrote for a sum of at most 2^64 doubles, and nothing else.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let ([flags, start], rest) = bytes.split_first_chunk()?;
        let (words, rest) = rest.as_chunks::<4>();
        let start = usize::from(*start);
        let end = start + words.len();
        let is_canonical = match (words.first(), words.last()) {
            (Some(first), Some(last)) => *first != [0; 4] && *last != [0; 4],
            _ => start == 0 && flags & 1 == 0,
        };
        let is_possible = rest.is_empty() && is_canonical && *flags < 8 && end <= USED_LIMBS;
        is_possible.then_some(())?;
        let sign = if flags & 1 == 1 { -1 } else { 1 };
        let mut sum = Self {
            has_infinity: flags & 2 != 0,
            has_minus_infinity: flags & 4 != 0,
            additions: 1,
            ..Self::default()
        };
        for (limb, word) in sum.limbs[start..end].iter_mut().zip(words) {
            *limb = sign * i64::from(u32::from_le_bytes(*word));
        }
        Some(sum)
    }
}

/// Equal values, however their carries are placed.
impl PartialEq for ExactSum {
    fn eq(&self, other: &Self) -> bool {
        let infinities = |sum: &Self| (sum.has_infinity, sum.has_minus_infinity);
        infinities(self) == infinities(other) && self.magnitude() == other.magnitude()
    }
}

impl Eq for ExactSum {}

/// A magnitude times 2^32, divided by at most 2^64: the quotient, and whether something remains.
fn divide(magnitude: &Magnitude, by: u128) -> ([u32; LIMBS + 1], bool) {
    let mut quotient = [0; LIMBS + 1];
    let mut rest = 0;
    let limbs = [0].iter().chain(magnitude).rev();
    for (place, limb) in quotient.iter_mut().rev().zip(limbs) {
        let part = rest << BITS | u128::from(*limb);
        *place = (part / by) as u32;
        rest = part % by;
    }
    (quotient, rest > 0)
}

/// The double nearest to a number of units of 2^(-1074 - 32), with more behind it or not.
fn round(limbs: &[u32; LIMBS + 1], has_more: bool) -> f64 {
    let Some(last) = limbs.iter().rposition(|limb| *limb != 0) else { return 0.0 };
    let highest = BITS * last + limbs[last].ilog2() as usize;
    // The lowest bit of the mantissa; below 2^-1074 there is none.
    let lowest = highest.saturating_sub(MANTISSA_BITS as usize).max(BITS);
    let bit = |place: usize| limbs[place / BITS] >> (place % BITS) & 1;
    let mantissa =
        (lowest..=highest).rev().fold(0, |bits, place| bits << 1 | u64::from(bit(place)));
    let is_half = bit(lowest - 1) == 1;
    let is_more = || has_more || (0..lowest - 1).any(|place| bit(place) == 1);
    let is_up = is_half && (mantissa & 1 == 1 || is_more());
    let exponent = (lowest - BITS) as u64;
    // The hidden bit of the mantissa adds one to the exponent, and so does a carry out of it.
    let bits = (exponent.min(EXPONENTS) << MANTISSA_BITS) + mantissa + u64::from(is_up);
    f64::from_bits(bits.min(EXPONENTS << MANTISSA_BITS))
}
