//! Rust functions that machine code calls for operations too long to inline.
//!
//! None of these panics; if one did, the process would abort at the boundary, and no worse.

use crate::function::expression::compute;
use crate::function::expression::functions::{MOST_ARGUMENTS, NamedFunction};
use crate::function::expression::items::{Listed, list};
use crate::function::expression::tree::{BinaryFunction, UnaryFunction};
use evenly_core::Arithmetic;
use std::cell::RefCell;
use std::mem::MaybeUninit;

/// A function that machine code may call. All arguments and results have 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::function) enum RuntimeCall {
    /// `(which, low, high, result)`: a function of one value of 128 bits, whose result is written. Gives 0, or
    /// the code of an `Arithmetic`.
    One,
    /// `(which, low, high, low, high, result)`: the same of two values.
    Two,
    /// `(function, low, high, low, high, low, high, result)`: the same of a named function, which is passed as the
    /// address of its row. It reads as many of the arguments as it takes.
    Named,
    /// `(which, slot, low, high, last low, last high, result)`: the next items of a source, see `list`. Their address
    /// and their bytes are written. They stay there until the next call for this slot.
    Items,
    /// Whether a number is prime, as 1 or 0.
    Prime,
    /// The greatest common divisor of two numbers. 2^63 does not fit and must not be asked for.
    Gcd,
    /// How many digits.
    Digits,
    /// The sum of the digits.
    DigitSum,
}

impl RuntimeCall {
    /// All of them.
    pub(in crate::function) const ALL: [Self; 8] = [
        Self::One,
        Self::Two,
        Self::Named,
        Self::Items,
        Self::Prime,
        Self::Gcd,
        Self::Digits,
        Self::DigitSum,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::One => "evenly_one",
            Self::Two => "evenly_two",
            Self::Named => "evenly_named",
            Self::Items => "evenly_items",
            Self::Prime => "evenly_prime",
            Self::Gcd => "evenly_gcd",
            Self::Digits => "evenly_digits",
            Self::DigitSum => "evenly_digit_sum",
        }
    }

    pub(super) fn arguments(self) -> usize {
        match self {
            Self::One => 4,
            Self::Two => 6,
            Self::Named => 2 + 2 * MOST_ARGUMENTS,
            Self::Items => 7,
            Self::Gcd => 2,
            Self::Prime | Self::Digits | Self::DigitSum => 1,
        }
    }

    pub(super) fn address(self) -> *const u8 {
        match self {
            Self::One => one as *const u8,
            Self::Two => two as *const u8,
            Self::Named => named as *const u8,
            Self::Items => items as *const u8,
            Self::Prime => prime as *const u8,
            Self::Gcd => gcd as *const u8,
            Self::Digits => digits as *const u8,
            Self::DigitSum => digit_sum as *const u8,
        }
    }
}

/// By number, as machine code names them: see [`number_of_one`].
const ONES: [UnaryFunction; 10] = [
    UnaryFunction::Negate,
    UnaryFunction::Not,
    UnaryFunction::Abs,
    UnaryFunction::Isqrt,
    UnaryFunction::Popcount,
    UnaryFunction::Digits,
    UnaryFunction::DigitSum,
    UnaryFunction::Even,
    UnaryFunction::Odd,
    UnaryFunction::Prime,
];

/// By number, as machine code names them: see [`number_of_two`].
const TWOS: [BinaryFunction; 17] = [
    BinaryFunction::Add,
    BinaryFunction::Subtract,
    BinaryFunction::Multiply,
    BinaryFunction::Divide,
    BinaryFunction::Remainder,
    BinaryFunction::DivideEuclid,
    BinaryFunction::Modulo,
    BinaryFunction::Power,
    BinaryFunction::ShiftLeft,
    BinaryFunction::ShiftRight,
    BinaryFunction::And,
    BinaryFunction::Or,
    BinaryFunction::Xor,
    BinaryFunction::Min,
    BinaryFunction::Max,
    BinaryFunction::Gcd,
    BinaryFunction::Lcm,
];

/// The number that [`RuntimeCall::One`] knows it by.
pub(in crate::function) fn number_of_one(one: UnaryFunction) -> i64 {
    ONES.iter().position(|known| *known == one).map_or(-1, |at| at as i64)
}

/// The number that [`RuntimeCall::Two`] knows it by.
pub(in crate::function) fn number_of_two(two: BinaryFunction) -> i64 {
    TWOS.iter().position(|known| *known == two).map_or(-1, |at| at as i64)
}

type ResultSlot<'a> = &'a mut MaybeUninit<i128>;

extern "C" fn one(which: u64, low: u64, high: u64, result: ResultSlot<'_>) -> u64 {
    let value = ONES.get(which as usize).map(|one| compute::one(*one, joined(low, high)));
    told(value, result)
}

extern "C" fn two(
    which: u64,
    low: u64,
    high: u64,
    other_low: u64,
    other_high: u64,
    result: ResultSlot<'_>,
) -> u64 {
    let (a, b) = (joined(low, high), joined(other_low, other_high));
    told(TWOS.get(which as usize).map(|two| compute::two(*two, a, b)), result)
}

extern "C" fn named(
    function: NamedFunction,
    a_low: u64,
    a_high: u64,
    b_low: u64,
    b_high: u64,
    c_low: u64,
    c_high: u64,
    result: ResultSlot<'_>,
) -> u64 {
    let arguments = [joined(a_low, a_high), joined(b_low, b_high), joined(c_low, c_high)];
    told(Some(function.value(&arguments)), result)
}

thread_local! {
    /// Lists of items, by the slot of their loop: only one loop has a slot, and it needs one list at a time.
    static LISTS: RefCell<Vec<Vec<u64>>> = const { RefCell::new(Vec::new()) };
}

extern "C" fn items(
    which: u64,
    slot: u64,
    low: u64,
    high: u64,
    last_low: u64,
    last_high: u64,
    result: ResultSlot<'_>,
) -> u64 {
    let written = LISTS.with_borrow_mut(|lists| {
        let slot = slot as usize;
        if lists.len() <= slot {
            lists.resize_with(slot + 1, Vec::new);
        }
        let (first, last) = (joined(low, high), joined(last_low, last_high));
        let listed = Listed::ALL.get(which as usize)?;
        let list_of_slot = &mut lists[slot];
        Some(list(*listed, first, last, list_of_slot).map(|()| {
            let bytes = size_of_val(&list_of_slot[..]) as u64;
            joined(list_of_slot.as_ptr().expose_provenance() as u64, bytes)
        }))
    });
    told(written, result)
}

fn joined(low: u64, high: u64) -> i128 {
    (u128::from(high) << 64 | u128::from(low)).cast_signed()
}

/// There is no value only if the machine code was wrong about the number of a function.
fn told(value: Option<Result<i128, Arithmetic>>, result: ResultSlot<'_>) -> u64 {
    match value {
        Some(Ok(value)) => {
            result.write(value);
            0
        }
        Some(Err(why)) => code(why),
        None => code(Arithmetic::Overflow),
    }
}

fn code(why: Arithmetic) -> u64 {
    i64::from(why.code()).cast_unsigned()
}

extern "C" fn prime(n: i64) -> u64 {
    compute::one(UnaryFunction::Prime, n.into()).unwrap_or(0) as u64
}

/// The binary method: Stein, "Computational problems associated with Racah algebra", 1967.
extern "C" fn gcd(a: i64, b: i64) -> u64 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    if a == 0 || b == 0 {
        return a | b;
    }
    // One division where they are of different size; the rest takes a step for each bit of the smaller one.
    (a, b) = (a.min(b), a.max(b));
    b %= a;
    if b == 0 {
        return a;
    }
    let shift = (a | b).trailing_zeros();
    a >>= a.trailing_zeros();
    while b != 0 {
        b >>= b.trailing_zeros();
        (a, b) = (a.min(b), a.abs_diff(b));
    }
    a << shift
}

extern "C" fn digits(n: i64) -> u64 {
    n.unsigned_abs().checked_ilog10().map_or(1, |log| u64::from(log) + 1)
}

extern "C" fn digit_sum(n: i64) -> u64 {
    const EIGHT: u64 = 100_000_000;
    let mut rest = n.unsigned_abs();
    let mut sum = 0;
    while rest >= EIGHT {
        sum += sum_of_eight(rest % EIGHT);
        rest /= EIGHT;
    }
    sum + sum_of_eight(rest)
}

/// The sum of at most eight digits: two lanes of four, four of two, then both digits of each at once.
fn sum_of_eight(n: u64) -> u64 {
    let fours = (n / 10_000) | ((n % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x7f_0000_007f;
    let twos = hundreds | (fours - hundreds * 100) << 16;
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    let digits = twos - tens * 9;
    digits.wrapping_mul(0x0001_0001_0001_0001) >> 48
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_function_has_its_number() {
        for (at, one) in ONES.iter().enumerate() {
            assert_eq!(*one as usize, at);
        }
        for (at, two) in TWOS.iter().enumerate() {
            assert_eq!(*two as usize, at);
        }
    }

    #[test]
    fn the_sums_of_four_digits_are_right() {
        for n in 0..10_000u64 {
            let sum = n / 1000 + n / 100 % 10 + n / 10 % 10 + n % 10;
            assert_eq!(sum_of_eight(n), sum);
            assert_eq!(sum_of_eight(n * 10_000), sum);
        }
    }

    proptest! {
        #[test]
        fn short_calls_agree_with_long_ones(a: i64, b: i64, shift in 0u32..64) {
            let (a, b) = (a >> shift, if b % 7 == 0 { 0 } else { b });
            let one = |which| compute::one(which, a.into()).unwrap() as u64;
            prop_assert_eq!(digits(a), one(UnaryFunction::Digits));
            prop_assert_eq!(digit_sum(a), one(UnaryFunction::DigitSum));
            prop_assert_eq!(prime(a), one(UnaryFunction::Prime));
            prop_assert_eq!(gcd(a, b), compute::two(BinaryFunction::Gcd, a.into(), b.into()).unwrap() as u64);
        }
    }
}
