//! Code for division: by constants, as a multiplication.
//!
//! Sources: Granlund and Montgomery, "Division by invariant integers using multiplication", 1994, for quotients
//! and for divisibility; Lemire, Kaser and Kurz, "Faster remainder by direct computation", 2019.

use super::super::tree::{BinaryFunction, Comparison, Node, NodeForm};
use super::emit::{ComputedValue, Emitter};
use super::facts::is_narrow;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};

impl Emitter<'_, '_> {
    /// A quotient or remainder of 64 bits, by a constant other than 0. `a` is the part that gave `x`.
    pub(super) fn by_constant(
        &mut self,
        two: BinaryFunction,
        a: &Node,
        x: Value,
        constant: i64,
    ) -> Value {
        let size = constant.unsigned_abs();
        let negated = constant < 0;
        if a.bounds.low >= 0 {
            let quotient = self.quotient(x, size, a.bounds.high);
            return match two {
                BinaryFunction::Divide | BinaryFunction::DivideEuclid if negated => {
                    self.to.ins().ineg(quotient)
                }
                BinaryFunction::Divide | BinaryFunction::DivideEuclid => quotient,
                _ if size.is_power_of_two() => self.to.ins().band_imm(x, (size - 1).cast_signed()),
                _ => {
                    let multiple = self.to.ins().imul_imm(quotient, size.cast_signed());
                    self.to.ins().isub(x, multiple)
                }
            };
        }
        let divisor = self.number(constant);
        match two {
            // Cranelift writes these two as multiplications itself.
            BinaryFunction::Divide if constant == -1 => self.to.ins().ineg(x),
            BinaryFunction::Divide => self.to.ins().sdiv(x, divisor),
            BinaryFunction::Remainder => self.to.ins().srem(x, divisor),
            BinaryFunction::Modulo if size.is_power_of_two() => {
                self.to.ins().band_imm(x, (size - 1).cast_signed())
            }
            BinaryFunction::Modulo => {
                // Not 2^63, so the size is a number of 64 bits.
                let divisor = self.number(size.cast_signed());
                let remainder = self.to.ins().srem(x, divisor);
                let sign = self.to.ins().sshr_imm(remainder, 63);
                let correction = self.to.ins().band(sign, divisor);
                self.to.ins().iadd(remainder, correction)
            }
            _ => {
                let quotient = if size.is_power_of_two() {
                    self.to.ins().sshr_imm(x, i64::from(size.trailing_zeros()))
                } else {
                    let divisor = self.number(size.cast_signed());
                    let quotient = self.to.ins().sdiv(x, divisor);
                    let multiple = self.to.ins().imul(quotient, divisor);
                    let remainder = self.to.ins().isub(x, multiple);
                    let sign = self.to.ins().sshr_imm(remainder, 63);
                    self.to.ins().iadd(quotient, sign)
                };
                if negated { self.to.ins().ineg(quotient) } else { quotient }
            }
        }
    }

    /// The quotient of a number from 0 to `most`. For numbers of 63 bits there is always a multiplier of 64 bits: with
    /// l bits in `size - 1` it is 2^(63 + l) / size, rounded up. For numbers of 31 bits there is one of 32 bits, and
    /// their product fits 64.
    pub(super) fn quotient(&mut self, x: Value, size: u64, most: i128) -> Value {
        if size.is_power_of_two() {
            return self.to.ins().ushr_imm(x, i64::from(size.trailing_zeros()));
        }
        let bits = u64::BITS - (size - 1).leading_zeros();
        if most < 1 << 31 && bits < 32 {
            let multiplier = (1u64 << (31 + bits)) / size + 1;
            let product = self.to.ins().imul_imm(x, multiplier.cast_signed());
            return self.to.ins().ushr_imm(product, i64::from(31 + bits));
        }
        let multiplier = (1u128 << (63 + bits)) / u128::from(size) + 1;
        let multiplier = self.number((multiplier as u64).cast_signed());
        let product = self.to.ins().umulhi(x, multiplier);
        self.to.ins().ushr_imm(product, i64::from(bits - 1))
    }

    /// A quotient or remainder of 64 bits by what is not known before, but not 0.
    pub(super) fn divided(
        &mut self,
        two: BinaryFunction,
        (a, x): (&Node, Value),
        (b, y): (&Node, Value),
    ) -> Value {
        if a.bounds.low >= 0 && b.bounds.low >= 0 {
            return self.divided_unsigned(two, (a, x), (b, y));
        }
        // The one quotient that does not fit, of -2^63 and -1, is not narrow.
        match two {
            BinaryFunction::Divide => self.to.ins().sdiv(x, y),
            BinaryFunction::Remainder => self.to.ins().srem(x, y),
            BinaryFunction::Modulo => {
                let remainder = self.to.ins().srem(x, y);
                let size = self.to.ins().iabs(y);
                let sign = self.to.ins().sshr_imm(remainder, 63);
                let correction = self.to.ins().band(sign, size);
                self.to.ins().iadd(remainder, correction)
            }
            _ => {
                let quotient = self.to.ins().sdiv(x, y);
                let multiple = self.to.ins().imul(quotient, y);
                let remainder = self.to.ins().isub(x, multiple);
                let remainder_sign = self.to.ins().sshr_imm(remainder, 63);
                // 1 or -1, with the sign of the divisor.
                let sign = self.to.ins().sshr_imm(y, 63);
                let unit = self.to.ins().bor_imm(sign, 1);
                let correction = self.to.ins().band(remainder_sign, unit);
                self.to.ins().isub(quotient, correction)
            }
        }
    }

    fn divided_unsigned(
        &mut self,
        two: BinaryFunction,
        (a, x): (&Node, Value),
        (b, y): (&Node, Value),
    ) -> Value {
        let is_quotient = matches!(two, BinaryFunction::Divide | BinaryFunction::DivideEuclid);
        let half = i128::from(u32::MAX);
        if a.bounds.high <= half && b.bounds.high <= half {
            let x = self.to.ins().ireduce(types::I32, x);
            let y = self.to.ins().ireduce(types::I32, y);
            let to = self.to.ins();
            let value = if is_quotient { to.udiv(x, y) } else { to.urem(x, y) };
            return self.to.ins().uextend(types::I64, value);
        }
        let to = self.to.ins();
        if is_quotient { to.udiv(x, y) } else { to.urem(x, y) }
    }

    /// A remainder of 128 bits by a small constant, of what is not negative: of each half, put together.
    pub(super) fn remainder_of_wide(&mut self, a: &Node, x: Value, b: &Node) -> Option<Value> {
        let size = self.facts.constant(b)?.unsigned_abs();
        let is_half = a.bounds.high <= i128::from(u64::MAX);
        let most = if is_half { u64::MAX } else { u64::from(u32::MAX) };
        if a.bounds.low < 0 || size == 0 || size > u128::from(most) {
            return None;
        }
        let (low, high) = self.to.ins().isplit(x);
        let divisor = self.number((size as u64).cast_signed());
        let mut remainder = self.to.ins().urem(low, divisor);
        if !is_half {
            // Below size * (size - 1), so it does not overflow.
            let shift = ((1u128 << 64) % size) as u64;
            let high = self.to.ins().urem(high, divisor);
            let high = self.to.ins().imul_imm(high, shift.cast_signed());
            let sum = self.to.ins().iadd(high, remainder);
            remainder = self.to.ins().urem(sum, divisor);
        }
        Some(self.to.ins().uextend(types::I128, remainder))
    }

    /// Whether `x % c` or `x mod c` is some constant: one multiplication by the inverse of `c` modulo 2^64.
    ///
    /// Say `base` is the lowest x whose remainder it can be. Then x has the remainder if x - base is a multiple
    /// of c, and not negative. The inverse of the odd part of c, and a rotation by the rest, turn the multiples
    /// of c that are below 2^64 into their quotients, in order, and everything else into something larger than
    /// all of these; x below `base`, which wraps around, included. So a comparison with the largest quotient
    /// that there is decides. The remainder of `%` has the sign of x; a negative one is that of -x, negated.
    pub(super) fn congruence(
        &mut self,
        comparison: Comparison,
        a: &Node,
        b: &Node,
    ) -> Option<Value> {
        let negate = match comparison {
            Comparison::Equal => false,
            Comparison::NotEqual => true,
            _ => return None,
        };
        let (division, constant) = match (&a.what, self.facts.constant(b)) {
            (
                NodeForm::Two(two @ (BinaryFunction::Remainder | BinaryFunction::Modulo), x, c),
                Some(constant),
            ) => ((*two, x, self.facts.constant(c)?), constant),
            _ => match (&b.what, self.facts.constant(a)) {
                (
                    NodeForm::Two(two @ (BinaryFunction::Remainder | BinaryFunction::Modulo), x, c),
                    Some(constant),
                ) => ((*two, x, self.facts.constant(c)?), constant),
                _ => return None,
            },
        };
        let (two, x, divisor) = division;
        let size = i64::try_from(divisor.checked_abs()?).ok().filter(|size| *size > 0)?;
        if !is_narrow(x) {
            return None;
        }
        let plan = RemainderTest::new(two, (x.bounds.low, x.bounds.high), size, constant);
        let ComputedValue::Narrow(x) = self.value(x) else { return None };
        Some(match plan {
            RemainderTest::Never => self.to.ins().iconst(types::I8, i64::from(negate)),
            RemainderTest::Multiple { base, reversed, most } => {
                let base = self.number(base);
                let (from, to) = if reversed { (base, x) } else { (x, base) };
                let difference = self.to.ins().isub(from, to);
                self.is_multiple(difference, size, most, negate)
            }
        })
    }

    /// Whether this, as an unsigned number, is at most `most` times `size` and a multiple of it.
    fn is_multiple(&mut self, value: Value, size: i64, most: u64, negate: bool) -> Value {
        let twos = size.trailing_zeros();
        let inverse = inverse((size >> twos).cast_unsigned());
        let mut quotient = value;
        if inverse != 1 {
            quotient = self.to.ins().imul_imm(value, inverse.cast_signed());
        }
        if twos > 0 {
            quotient = self.to.ins().rotr_imm(quotient, i64::from(twos));
        }
        let most = self.number(most.cast_signed());
        let condition =
            if negate { IntCC::UnsignedGreaterThan } else { IntCC::UnsignedLessThanOrEqual };
        self.to.ins().icmp(condition, quotient, most)
    }
}

/// Test whether a remainder equals some constant.
enum RemainderTest {
    /// It never is.
    Never,
    /// If x - base (reversed: base - x) is a multiple of the divisor, at most `most` times.
    Multiple { base: i64, reversed: bool, most: u64 },
}

impl RemainderTest {
    /// For x between `low` and `high`, which fit `i64`, and a positive divisor.
    fn new(two: BinaryFunction, (low, high): (i128, i128), size: i64, constant: i128) -> Self {
        let wide = i128::from(size);
        let is_euclid = two == BinaryFunction::Modulo;
        if constant.abs() >= wide || is_euclid && constant < 0 {
            return Self::Never;
        }
        // A remainder of 0 is one of both kinds; any other one of `%` has the sign of x.
        let (reversed, (low, high)) = match (is_euclid || constant == 0, constant > 0) {
            (true, _) => (false, (low, high)),
            (false, true) => (false, (low.max(constant), high)),
            (false, false) => (true, (-high.min(constant), -low)),
        };
        let constant = if reversed { -constant } else { constant };
        let base = low + (constant - low).rem_euclid(wide);
        let (true, Ok(most)) = (base <= high, u64::try_from((high - base) / wide)) else {
            return Self::Never;
        };
        let base = if reversed { -base } else { base };
        i64::try_from(base).map_or(Self::Never, |base| Self::Multiple { base, reversed, most })
    }
}

/// The inverse of an odd number modulo 2^64, by Newton's method: each step doubles the bits that are right,
/// and of an odd number three are its own inverse.
fn inverse(odd: u64) -> u64 {
    let mut inverse = odd;
    for _ in 0..5 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(inverse)));
    }
    inverse
}
