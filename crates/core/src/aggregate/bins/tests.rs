//! Edges against decimals and a second way to compute them; the bin of each value against a search through all edges.

use super::*;
use alloc::string::ToString;
use alloc::vec::Vec;
use proptest::prelude::*;

fn bins(text: &str) -> Bins {
    text.parse().unwrap()
}

fn edges(text: &str) -> Vec<String> {
    let bins = bins(text);
    (0..bins.rows()).map(|row| bins.lower_edge(row).to_string()).collect()
}

/// The row by a search through all edges, with comparisons of places.
fn searched(bins: Bins, value: Number) -> u32 {
    let below = |row: &u32| value.place() < bins.lower_edge(*row).place();
    (1..bins.rows()).find(below).unwrap_or(bins.rows()) - 1
}

#[test]
fn edges_are_the_doubles_nearest_to_the_decimals_of_the_ends() {
    assert_eq!(edges("0..1/5"), ["-inf", "0", "0.2", "0.4", "0.6", "0.8", "1"]);
    // 0.1 + 0.2 in doubles is 0.30000000000000004, and -0.7 + 7 * 0.1 is no zero.
    assert_eq!(edges("0..0.4/4"), ["-inf", "0", "0.1", "0.2", "0.3", "0.4"]);
    assert_eq!(edges("-.7..0.1/8")[8], "0");
    assert_eq!(edges("-10..10/4"), ["-inf", "-10", "-5", "0", "5", "10"]);
    assert_eq!(edges("0..1e3/3")[2], (1000.0f64 / 3.0).to_string());
    assert_eq!(edges("1e40..3e40/2"), ["-inf", "1e40", "2e40", "3e40"]);
    assert_eq!(edges("0..3e-50/3")[2], "1e-50");
}

#[test]
fn a_text_reads_back_as_the_same_bins() {
    for (typed, normal) in [
        ("0..1/10", "0..1/10"),
        ("-0.50..+5e-1/1_000", "-0.5..0.5/1000"),
        ("-1_000..1e6/1e3", "-1000..1000000/1000"),
        ("1e20..3e20/2", "1e20..3e20/2"),
        ("1e-30..2.5e-30/3", "1e-30..25e-31/3"),
        ("0.0..10.0/1", "0..10/1"),
    ] {
        let read = bins(typed);
        assert_eq!(read.to_string(), normal, "{typed}");
        assert_eq!(bins(normal), read, "{typed}");
    }
}

#[test]
fn bins_that_cannot_be_are_refused_with_a_reason() {
    use UnreadableBins::{Count, Digits, End, Form, Narrow, Reversed};
    for (text, why) in [
        ("", Form),
        ("0..1", Form),
        ("0-1/3", Form),
        ("0..1/", Form),
        ("..1/3", End),
        ("0..x/3", End),
        ("0..inf/3", End),
        ("0..NaN/3", End),
        ("0..0x10/3", End),
        ("1..1/3", Reversed),
        ("2..-2/3", Reversed),
        ("0..1/0", Count),
        ("0..1/-3", Count),
        ("0..1/2.5", Count),
        ("0..1/1048577", Count),
        ("0..1/1e30", Count),
        ("1e20..1/3", Digits),
        ("0..1e61/3", Digits),
        ("1e-61..1/3", Digits),
        ("1..1.00000000000000001/10", Narrow),
    ] {
        assert_eq!(text.parse::<Bins>(), Err(why), "{text}");
    }
}

#[test]
fn infinities_and_integers_beyond_doubles_have_their_row() {
    let bins = bins("-9007199254740993..9007199254740993/2");
    let row = |value| bins.row_of(value);
    let real = |value| Number::Real(Real::new(value).unwrap());
    assert_eq!(row(real(f64::NEG_INFINITY)), 0);
    assert_eq!(row(real(f64::INFINITY)), 3);
    assert_eq!(row(Number::Integer(i128::MIN)), 0);
    assert_eq!(row(Number::Integer(i128::MAX)), 3);
    assert_eq!(row(Number::Integer(-1)), 1);
    assert_eq!(row(Number::Integer(0)), 2);
    // The edge is the nearest double of 2^53 + 1, which is 2^53.
    assert_eq!(bins.lower_edge(3), Number::Integer(1 << 53));
    assert_eq!(row(Number::Integer(1 << 53)), 3);
    assert_eq!(row(Number::Integer((1 << 53) - 1)), 2);
}

proptest! {
    #[test]
    fn a_value_is_in_the_bin_whose_edges_enclose_it(
        (low, width, exponent) in (-1_000_000_000i64..1_000_000_000, 1i64..2_000_000_000, -25i32..25),
        count in 1u32..3000,
        at in 0u32..3000,
        nudge in -2i32..3,
    ) {
        let text = format!("{low}e{exponent}..{}e{exponent}/{count}", low + width);
        let bins = bins(&text);
        let edge = match bins.lower_edge(1 + at % (count + 1)) {
            Number::Integer(integer) => integer as f64,
            Number::Real(real) => real.get(),
        };
        let step = |value: f64, up: bool| if up { value.next_up() } else { value.next_down() };
        let value = (0..nudge.abs()).fold(edge, |value, _| step(value, nudge > 0));
        let value = Number::of(value).unwrap();
        prop_assert_eq!(bins.row_of(value), searched(bins, value), "{} in {}", value, text);
        prop_assert_eq!(bins.to_string().parse::<Bins>(), Ok(bins));
    }

    /// The short way is by division of doubles; the long way by decimal digits.
    #[test]
    fn both_ways_to_an_edge_give_the_same_double(
        low in -1_000_000i64..1_000_000,
        width in 1i64..1_000_000,
        exponent in -6i32..7,
        count in 1u32..2000,
        at in 0u32..2000,
    ) {
        let bins = bins(&format!("{low}e{exponent}..{}e{exponent}/{count}", low + width));
        let index = at % (count + 1);
        let numerator = i128::from(bins.low) * i128::from(count - index)
            + i128::from(bins.high) * i128::from(index);
        let long = bins.long_quotient(numerator.unsigned_abs());
        prop_assert_eq!(bins.edge(index).abs(), long);
    }
}
