//! Bits, and words of 64 bits.

use super::row::{Limit, Row, between};
use crate::function::Kind;
use crate::function::expression::reach::Bounds;
use evenly_core::Arithmetic;

/// What a word of 64 bits can stand for, with or without a sign.
const WORD: Limit = Limit {
    argument: 0,
    low: i64::MIN as i128,
    high: u64::MAX as i128,
    below: Arithmetic::MoreThan64Bits,
    above: Arithmetic::MoreThan64Bits,
};

pub(super) static ROWS: &[Row] = &[
    Row {
        form: "bit(a, i)",
        summary: "bit i of a, from 0 for the lowest: 0 or 1",
        example: ("bit(10, 3)", "1"),
        gives: Kind::Integer,
        cost: 20,
        domain: &[Limit::at_least(1, 0, Arithmetic::NegativeShift)],
        bounds: |_| between(0, 1),
        value: |a| Ok(a[0] >> a[1].min(127) & 1),
    },
    Row {
        form: "ctz(a)",
        summary: "number of zeros at the end in binary",
        example: ("ctz(40)", "3"),
        gives: Kind::Integer,
        cost: 20,
        domain: &[],
        bounds: |b| {
            // A multiple of 2^k is 0 or at least 2^k.
            let most = b[0].magnitude().1.checked_ilog2().ok_or(Arithmetic::ZerosOfZero)?;
            Bounds::new(0, most.into()).reach(b[0].contains(0))
        },
        value: |a| {
            if a[0] == 0 { Err(Arithmetic::ZerosOfZero) } else { Ok(a[0].trailing_zeros().into()) }
        },
    },
    Row {
        form: "clz(a)",
        summary: "number of zeros at the start of 64 bits",
        example: ("clz(1)", "63"),
        gives: Kind::Integer,
        cost: 20,
        domain: &[WORD],
        bounds: |_| between(0, 64),
        value: |a| Ok((a[0] as u64).leading_zeros().into()),
    },
    Row {
        form: "rotl(a, k)",
        summary: "64 bits, rotated left by k places",
        example: ("rotl(3 << 62, 1)", "9223372036854775809"),
        gives: Kind::Integer,
        cost: 20,
        domain: &[WORD],
        bounds: |_| between(0, u64::MAX.into()),
        value: |a| Ok((a[0] as u64).rotate_left(a[1].rem_euclid(64) as u32).into()),
    },
    Row {
        form: "hash(a)",
        summary: "mixed 64 bits, from 0 to 2 ** 64 - 1",
        example: ("hash(1)", "10451216379200822465"),
        gives: Kind::Integer,
        cost: 20,
        domain: &[WORD],
        bounds: |_| between(0, u64::MAX.into()),
        value: |a| Ok(mix(a[0] as u64).into()),
    },
];

/// A bijection of 64 bits: variant 13 of Stafford, "Better bit mixing", as in `SplitMix64`, after a step that takes
/// 0 elsewhere. Answers depend on it, so it never changes.
const fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

#[cfg(test)]
mod tests {
    use super::mix;

    /// The first outputs of `SplitMix64` with the seed 0, as Vigna's C program prints them.
    #[test]
    fn the_mixer_is_that_of_splitmix64() {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let outputs: Vec<u64> = (0..3).map(|i| mix(STEP.wrapping_mul(i))).collect();
        assert_eq!(outputs, [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f]);
    }
}
