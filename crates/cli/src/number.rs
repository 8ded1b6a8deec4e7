//! Parser of numbers: `1_000`, `1e9`, `2^32`, `2**32`, `-2^63`, `0xff`.

use std::num::NonZeroU64;

/// Why a number is refused that 128 bits do not hold.
const TOO_LARGE: &str = "it does not fit 128 bits";

/// Reads an integer in any of the notations.
///
/// # Errors
/// Says what is wrong with it; without the text itself, which the caller has.
pub(crate) fn parse_number(text: &str) -> Result<i128, String> {
    read_number(text)?.ok_or_else(|| TOO_LARGE.to_owned())
}

/// The integer, or `None` if 128 bits do not hold it.
pub(crate) fn read_number(text: &str) -> Result<Option<i128>, String> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let magnitude = if let Some((base, exponent)) = split_power(digits) {
        let (base, exponent) = (part(base, text)?, part(exponent, text)?);
        base.zip(exponent).and_then(|(base, exponent)| power(base, exponent))
    } else if let Some((mantissa, exponent)) = split_exponent(digits) {
        let (mantissa, exponent) = (part(mantissa, text)?, part(exponent, text)?);
        let scale = exponent.and_then(|exponent| power(10, exponent));
        mantissa.zip(scale).and_then(|(mantissa, scale)| mantissa.checked_mul(scale))
    } else {
        whole(digits)?
    };
    Ok(magnitude.map(|magnitude| if is_negative { -magnitude } else { magnitude }))
}

/// A part of a number. Of a word with an `e`, as `red`, no part is a number, and the message names the whole.
fn part(part: &str, text: &str) -> Result<Option<i128>, String> {
    let is_word = text.starts_with(|first: char| first.is_alphabetic());
    whole(part).map_err(|cause| if is_word { no_number(text) } else { cause })
}

fn no_number(text: &str) -> String {
    format!("'{text}' is not a whole number")
}

fn split_power(text: &str) -> Option<(&str, &str)> {
    text.split_once("**").or_else(|| text.split_once('^'))
}

/// Takes `1e9` apart; in `0x1e9` the `e` is a digit.
fn split_exponent(text: &str) -> Option<(&str, &str)> {
    text.split_once(['e', 'E']).filter(|_| radix(text).is_none())
}

fn power(base: i128, exponent: i128) -> Option<i128> {
    match base {
        // Their powers fit for exponents that do not.
        0 | 1 if exponent > 0 => Some(base),
        _ => base.checked_pow(u32::try_from(exponent).ok()?),
    }
}

/// The radix that the prefix of a number names, and the rest. The prefixes are those of Rust.
fn radix(text: &str) -> Option<(u32, &str)> {
    let prefixes = [("0x", 16), ("0o", 8), ("0b", 2)];
    prefixes.into_iter().find_map(|(prefix, radix)| Some((radix, text.strip_prefix(prefix)?)))
}

/// Digits with single underscores between them; `None` if 128 bits do not hold the number.
pub(crate) fn whole(text: &str) -> Result<Option<i128>, String> {
    let (radix, digits) = radix(text).unwrap_or((10, text));
    let is_group = |group: &str| !group.is_empty() && group.chars().all(|c| c.is_digit(radix));
    if !digits.split('_').all(is_group) {
        return Err(if text.is_empty() {
            "a number is missing".to_owned()
        } else {
            no_number(text)
        });
    }
    Ok(i128::from_str_radix(&digits.replace('_', ""), radix).ok())
}

/// Parses a count.
///
/// # Errors
/// Says what is wrong with it; without the text itself, which the caller has.
pub(crate) fn parse_count(text: &str) -> Result<NonZeroU64, String> {
    let number = u64::try_from(parse_number(text)?).ok().and_then(NonZeroU64::new);
    number.ok_or_else(|| "it is from 1 to 2^64-1".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_notation() {
        for (text, number) in [
            ("0", 0),
            ("-0", 0),
            ("007", 7),
            ("1_000_000", 1_000_000),
            ("1e9", 1_000_000_000),
            ("12E3", 12_000),
            ("1_0e0", 10),
            ("2^32", 1 << 32),
            ("2**32", 1 << 32),
            ("-2^63", -(1 << 63)),
            ("-2**63", -(1 << 63)),
            ("10^0", 1),
            ("0^0", 1),
            ("1_0^1_0", 10_000_000_000),
            ("0x10", 16),
            ("0xFF", 255),
            ("-0xff", -255),
            ("0x1e3", 0x1e3),
            ("0xdead_beef", 0xdead_beef),
            ("0o17", 15),
            ("0b1010", 10),
            ("0x10^2", 256),
            ("0^99999999999", 0),
        ] {
            assert_eq!(parse_number(text), Ok(number), "{text}");
        }
    }

    #[test]
    fn a_word_with_an_e_is_named_whole() {
        for (text, named) in [("red", "red"), ("eve", "eve"), ("1e3x", "3x"), ("x^2", "x^2")] {
            let expected = Err(format!("'{named}' is not a whole number"));
            assert_eq!(parse_number(text), expected);
        }
    }

    #[test]
    fn what_is_no_number() {
        for text in [
            "", "-", "--1", "+1", "1.5", "1e", "e9", "1e-3", "2^", "^2", "2^-1", " 1", "1 ", "0x",
            "0X1", "0xg", "0b2", "0o8", "0x_1", "0x1.8", "0xff^", "x10",
        ] {
            assert!(parse_number(text).is_err(), "{text}");
        }
        for text in
            ["_1", "1_", "1__0", "1e9e9", "2^2^2", "2***2", "١", "1e40", "2^128", "9^99999999"]
        {
            assert!(parse_number(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_number_is_read_back(n: i64) {
            prop_assert_eq!(parse_number(&n.to_string()), Ok(n.into()));
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = parse_number(&text);
        }
    }
}
