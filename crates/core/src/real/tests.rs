//! Sums against integers of any length, order against both kinds of values, text.

use super::*;
use crate::aggregate::Sum;
use num_bigint::BigInt;
use proptest::prelude::*;
use std::string::ToString;
use std::vec::Vec;

fn real(value: f64) -> Real {
    Real::new(value).unwrap()
}

fn sum_of(values: &[f64]) -> ExactSum {
    let mut sum = ExactSum::default();
    values.iter().for_each(|value| sum.add(real(*value)));
    sum
}

/// A finite double in units of 2^-1074.
fn units(value: f64) -> BigInt {
    let bits = value.abs().to_bits();
    let (exponent, mantissa) = (bits >> 52, bits & ((1 << 52) - 1));
    let magnitude = match exponent {
        0 => BigInt::from(mantissa),
        _ => BigInt::from(mantissa | 1 << 52) << (exponent - 1),
    };
    if value < 0.0 { -magnitude } else { magnitude }
}

/// Whether a double is the nearest one to `numerator / denominator` units, by the distance to its neighbours.
fn is_nearest(value: f64, numerator: &BigInt, denominator: u64) -> bool {
    let doubled = BigInt::from(2) * numerator;
    let beyond: BigInt = BigInt::from(1) << 2098;
    let place = |value: f64| match value {
        f64::INFINITY => beyond.clone(),
        f64::NEG_INFINITY => -beyond.clone(),
        value => units(value),
    };
    let halfway = |a: f64, b: f64| (place(a) + place(b)) * denominator;
    let is_even = value.to_bits() & 1 == 0;
    let is_above = || {
        let middle = halfway(value.next_down(), value);
        doubled > middle || doubled == middle && is_even
    };
    let is_below = || {
        let middle = halfway(value, value.next_up());
        doubled < middle || doubled == middle && is_even
    };
    (value == f64::NEG_INFINITY || is_above()) && (value == f64::INFINITY || is_below())
}

/// Doubles of every size, many of them close to each other or to a power of two.
fn doubles() -> impl Strategy<Value = f64> {
    let finite =
        any::<u64>().prop_map(f64::from_bits).prop_filter("finite", |value| value.is_finite());
    let power = (-1074i32..1024, -3i64..=3).prop_map(|(exponent, offset)| {
        let power = 2f64.powi(exponent);
        f64::from_bits(power.to_bits().saturating_add_signed(offset))
    });
    let power = power.prop_filter("finite", |value| value.is_finite());
    prop_oneof![
        finite,
        power.clone(),
        power.prop_map(|value| -value),
        (-1000i32..1000).prop_map(|tenths| f64::from(tenths) / 10.0),
        any::<i64>().prop_map(|integer| integer as f64),
        prop::sample::select(std::vec![f64::MAX, f64::MIN, 5e-324, -5e-324, 0.0, -0.0]),
    ]
}

#[test]
fn sums_that_lose_everything_in_doubles_are_exact() {
    for (values, sum) in [
        (&[1e308, 1.0, -1e308][..], 1.0),
        (&[1e308, 1e308, -1e308, -1e308, 1e-300], 1e-300),
        (&[0.1; 10], 1.0),
        (&[f64::MAX, 5e-324, -f64::MAX], 5e-324),
        (&[1e16, 1.0, 1.0], 10_000_000_000_000_002.0),
        (&[1e16, 1.0], 1e16),
        (&[1e16, 1.0, 5e-324], 10_000_000_000_000_002.0),
        (&[0.5, -0.5], 0.0),
        (&[-0.0], 0.0),
        (&[], 0.0),
        (&[f64::MAX, f64::MAX], f64::INFINITY),
        (&[f64::MIN, f64::MIN, 1.0], f64::NEG_INFINITY),
    ] {
        let rounded = sum_of(values).rounded().unwrap().get();
        assert_eq!(rounded.to_bits(), sum.to_bits(), "{values:?}");
    }
}

#[test]
fn an_infinity_stays_and_both_have_no_sum() {
    let (infinity, minus) = (f64::INFINITY, f64::NEG_INFINITY);
    assert_eq!(sum_of(&[1.0, infinity, f64::MIN]).rounded(), Real::new(infinity));
    assert_eq!(sum_of(&[minus, 7.0]).divided(2), Real::new(minus));
    let mut both = sum_of(&[infinity]);
    both.merge(sum_of(&[minus]));
    assert_eq!((both.rounded(), both.divided(3)), (None, None));
}

#[test]
fn carries_move_on_before_a_limb_is_full() {
    let mut sum = ExactSum::default();
    let doubled = |sum: &mut ExactSum| sum.merge(sum.clone());
    sum.add(real(f64::MAX));
    (0..64).for_each(|_| doubled(&mut sum));
    let mut back = sum.clone();
    assert_eq!(sum.divided(1 << 64), Real::new(f64::MAX));
    back.merge(sum_of(&[f64::MIN]));
    assert_eq!(back.divided(1 << 64), Real::new(f64::MAX));
    let mut bytes = Vec::new();
    sum.encode(&mut bytes);
    assert_eq!(ExactSum::decode(&bytes), Some(sum));
}

#[test]
fn the_sum_of_nothing_has_no_mean() {
    assert_eq!(ExactSum::default().divided(0), None);
}

#[test]
fn text_is_the_shortest_decimal_and_has_an_exponent_where_it_is_long() {
    for (value, text) in [
        (0.1, "0.1"),
        (0.1 + 0.2, "0.30000000000000004"),
        (-0.0, "0"),
        (1e-4, "0.0001"),
        (0.000_099, "9.9e-5"),
        (9_999_999_999_999_998.0, "9999999999999998"),
        (1e16, "1e16"),
        (-1.5e300, "-1.5e300"),
        (5e-324, "5e-324"),
        (f64::INFINITY, "inf"),
        (f64::NEG_INFINITY, "-inf"),
    ] {
        assert_eq!(real(value).to_string(), text);
        assert_eq!(Number::of(value).unwrap().to_string(), text);
    }
}

#[test]
fn integers_may_have_a_sign_leading_zeros_and_zeros_behind_a_point() {
    let read = |text: &str| text.parse::<Number>();
    for (text, integer) in [
        ("007", 7),
        ("+5", 5),
        ("-0", 0),
        ("-5.000", -5),
        ("5.", 5),
        ("1e3", 1000),
        ("-0.0", 0),
        ("170141183460469231731687303715884105727.0", i128::MAX),
        ("-170141183460469231731687303715884105728", i128::MIN),
    ] {
        assert_eq!(read(text), Ok(Number::Integer(integer)), "{text}");
    }
    for (text, value) in [
        (".5", 0.5),
        ("-2.5e-3", -0.0025),
        ("1e16", 1e16),
        ("inf", f64::INFINITY),
        ("-Infinity", f64::NEG_INFINITY),
    ] {
        assert_eq!(read(text), Ok(Number::Real(real(value))), "{text}");
    }
    // What `printf("%f")` writes.
    let long = std::format!("{:.6}", 1e300);
    assert_eq!(read(&long), Ok(Number::Real(real(1e300))));
    assert_eq!(read("nan"), Err(UnreadableNumber::NotANumber));
    assert_eq!(read("-NaN"), Err(UnreadableNumber::NotANumber));
    for text in [
        "",
        "-",
        ".",
        "e5",
        "five",
        "5 6",
        "1e400",
        "0x10",
        "1_000",
        "170141183460469231731687303715884105728",
    ] {
        assert_eq!(read(text), Err(UnreadableNumber::Malformed), "{text}");
    }
}

#[test]
fn an_integer_without_its_last_digits_is_no_value() {
    for (text, value) in [
        ("2.500000e+01", 25.0),
        ("0.000000e+00", 0.0),
        ("1e-3", 1e-3),
        ("1e308", 1e308),
        ("1.5e0", 1.5),
        ("-INF", f64::NEG_INFINITY),
    ] {
        assert_eq!(Number::printed(text), Ok(Number::of(value).unwrap()), "{text}");
    }
    for text in ["1e3", "1.3701e+10", "-4.99999E11", "1e16", "6.022e+23"] {
        assert_eq!(Number::printed(text), Err(UnreadableNumber::Rounded), "{text}");
    }
    assert_eq!(Number::printed("e"), Err(UnreadableNumber::Malformed));
}

proptest! {
    #[test]
    fn the_sum_is_the_nearest_double_in_any_order(
        values in prop::collection::vec(doubles(), 0..40),
        integers in prop::collection::vec(any::<i128>(), 0..4),
        cut in any::<prop::sample::Index>(),
        by in prop_oneof![Just(1u64), 2..100u64, any::<u64>().prop_filter("not 0", |by| *by > 0)],
    ) {
        let exact: BigInt = values.iter().map(|value| units(*value)).sum();
        let exact = exact + integers.iter().map(|integer| BigInt::from(*integer) << 1074).sum::<BigInt>();
        let mut sum = sum_of(&values);
        integers.iter().for_each(|integer| sum.add_integer(Sum::from(*integer)));
        let (mean, rounded) = (sum.divided(by.into()).unwrap(), sum.rounded().unwrap());
        prop_assert!(is_nearest(mean.get(), &exact, by));
        prop_assert!(is_nearest(rounded.get(), &exact, 1));

        // The same in two parts, backwards, over the wire.
        let cut = cut.index(values.len() + 1);
        let mut other = sum_of(&values[cut..]);
        integers.iter().rev().for_each(|integer| other.add_integer(Sum::from(*integer)));
        let mut first: Vec<f64> = values[..cut].to_vec();
        first.reverse();
        let first = sum_of(&first);
        let residue = (first.residue() + other.residue()) % exact_sum::PRIME;
        prop_assert_eq!(residue, sum.residue());
        let mut bytes = Vec::new();
        first.encode(&mut bytes);
        other.merge(ExactSum::decode(&bytes).unwrap());
        prop_assert_eq!(&other, &sum);
        let encoded = |sum: &ExactSum| {
            let mut bytes = Vec::new();
            sum.encode(&mut bytes);
            bytes
        };
        prop_assert_eq!(encoded(&other), encoded(&sum));
    }

    #[test]
    fn what_decodes_encodes_to_the_same_bytes(bytes in prop::collection::vec(any::<u8>(), 0..40), start in 0u8..70) {
        let mut bytes = bytes;
        if let Some(byte) = bytes.get_mut(1) {
            *byte = start;
        }
        if let Some(sum) = ExactSum::decode(&bytes) {
            let mut again = Vec::new();
            sum.encode(&mut again);
            prop_assert_eq!(again, bytes);
        }
    }

    #[test]
    fn integers_and_doubles_have_one_order(a in doubles(), b in doubles(), integer in any::<i128>(), shift in 0..127) {
        let order = |value: f64| {
            let exact = units(value);
            move |other: &BigInt| exact.cmp(other)
        };
        prop_assert_eq!(real(a).place().cmp(&real(b).place()), order(a)(&units(b)));
        let integer = integer >> shift;
        let place = Number::Integer(integer).place();
        let exact = BigInt::from(integer) << 1074;
        for value in [a, integer as f64, (integer as f64).next_up(), (integer as f64).next_down()] {
            prop_assert_eq!(real(value).place().cmp(&place), order(value)(&exact));
            prop_assert_eq!(real(value).place().turned().cmp(&place.turned()), place.cmp(&real(value).place()));
        }
    }

    #[test]
    fn the_text_of_a_value_reads_back_as_it(value in doubles(), integer in any::<i128>()) {
        for number in [Number::of(value).unwrap(), Number::Integer(integer)] {
            prop_assert_eq!(number.to_string().parse(), Ok(number));
        }
        prop_assert_eq!(real(value).to_string().parse::<f64>().unwrap(), value);
    }
}

#[test]
fn the_reference_knows_the_nearest_double() {
    let third = BigInt::from(1) << 1074;
    assert!(is_nearest(1.0 / 3.0, &third, 3));
    assert!(!is_nearest((1.0f64 / 3.0).next_up(), &third, 3));
    assert!(!is_nearest((1.0f64 / 3.0).next_down(), &third, 3));
}
