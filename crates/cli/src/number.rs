//! Parser of numbers and ranges: `1_000`, `1e9`, `2^32`, `2**32`, `-2^63`, `0xff`, `A..B`, `A..=B`, `A..+LEN`.

use evenly::Range;
use std::num::NonZeroU64;

/// What the messages say about notations.
const HINT: &str = "numbers are written as 1000, 1_000, 1e3, 2^10, 2**10, 0x3e8, 0o17 or 0b11";
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
fn read_number(text: &str) -> Result<Option<i128>, String> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let magnitude = if let Some((base, exponent)) = split_power(digits) {
        let (base, exponent) = (whole(base)?, whole(exponent)?);
        base.zip(exponent).and_then(|(base, exponent)| power(base, exponent))
    } else if let Some((mantissa, exponent)) = split_exponent(digits) {
        let (mantissa, exponent) = (whole(mantissa)?, whole(exponent)?);
        let scale = exponent.and_then(|exponent| power(10, exponent));
        mantissa.zip(scale).and_then(|(mantissa, scale)| mantissa.checked_mul(scale))
    } else {
        whole(digits)?
    };
    Ok(magnitude.map(|magnitude| if is_negative { -magnitude } else { magnitude }))
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
fn whole(text: &str) -> Result<Option<i128>, String> {
    let (radix, digits) = radix(text).unwrap_or((10, text));
    let is_group = |group: &str| !group.is_empty() && group.chars().all(|c| c.is_digit(radix));
    if !digits.split('_').all(is_group) {
        return Err(if text.is_empty() {
            "a number is missing".to_owned()
        } else {
            format!("'{text}' is not a whole number")
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

/// Reads a range.
///
/// # Errors
/// One line that names the range, the cause and the next step.
pub(crate) fn parse_range(text: &str) -> Result<Range, String> {
    let Some((start, end)) = text.split_once("..") else {
        let ends = text.split_once([':', '-']);
        let is_meant = ends.is_some_and(|(start, end)| whole(start).is_ok() && whole(end).is_ok());
        let alone = match read_number(text) {
            Ok(_) => format!(", or {text}..={text} for this one number"),
            Err(_) => String::new(),
        };
        return Err(match ends.filter(|_| is_meant) {
            Some((start, end)) => {
                format!("bad range '{text}': it has no '..'; did you mean {start}..{end}?")
            }
            None => format!(
                "bad range '{text}': it has no '..'; write START..END (END excluded) or START..=LAST{alone}"
            ),
        });
    };
    if let Some(last) = end.strip_prefix('.').map(|rest| rest.trim_start_matches(['.', '='])) {
        return Err(format!(
            "bad range '{text}': it has three dots; write {start}..{last} (without {last}) or {start}..={last} (with it)"
        ));
    }
    let (last, is_included) = match end.strip_prefix('=') {
        Some(last) => (last, true),
        None => (end, false),
    };
    let number = |typed: &str| {
        let number = read_number(typed);
        let number = number.map_err(|cause| format!("bad range '{text}': {cause}; {HINT}"))?;
        number.ok_or_else(|| outside(text, typed))
    };
    if let Some(len) = end.strip_prefix('+') {
        let (first, len) = (number(start)?, number(len)?);
        if len < 0 {
            return Err(format!("bad range '{text}': a length is not negative"));
        }
        let range = first.checked_add(len).and_then(|end| Range::new(first, end).ok());
        return range.ok_or_else(|| {
            let is_low = first < i128::from(i64::MIN);
            outside(text, if is_low { start } else { end })
        });
    }
    let (first, last_or_end) = (number(start)?, number(last)?);
    // The end, which is excluded. `1..=0` is empty.
    let end = if is_included { last_or_end.checked_add(1) } else { Some(last_or_end) };
    let end = end.ok_or_else(|| outside(text, last))?;
    if first > end {
        let dots = if is_included { "..=" } else { ".." };
        return Err(format!(
            "bad range '{text}': it is reversed; did you mean {last}{dots}{start}?"
        ));
    }
    Range::new(first, end).map_err(|_| {
        let is_low = first < i128::from(i64::MIN);
        outside(text, if is_low { start } else { last })
    })
}

/// Why a range is refused one of whose ends, as typed, is not within the signed 64-bit integers.
fn outside(range: &str, end: &str) -> String {
    let limit = if end.starts_with('-') { "below -2^63" } else { "above 2^63-1" };
    format!(
        "bad range '{range}': with {end} it has numbers {limit}; every n must fit a signed 64-bit integer, \
         and the widest range is -2^63..2^63"
    )
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

    #[test]
    fn ranges_with_and_without_the_end() {
        let range = |text: &str| parse_range(text).map(|range| (range.start(), range.end()));
        assert_eq!(range("0..10"), Ok((0, 10)));
        assert_eq!(range("0..=10"), Ok((0, 11)));
        assert_eq!(range("-5..5"), Ok((-5, 5)));
        assert_eq!(range("7..7"), Ok((7, 7)));
        assert_eq!(range("-2^63..2^63"), Ok((-(1 << 63), 1 << 63)));
        assert_eq!(range("0..=9223372036854775807"), Ok((0, 1 << 63)));
        assert_eq!(range("0x10..0xff"), Ok((16, 255)));
        assert_eq!(range("-0xf..=0xF"), Ok((-15, 16)));
        // One number fewer than `1..=1` is none; so it is everywhere.
        assert_eq!(range("1..=0"), Ok((1, 1)));
        assert_eq!(range("-4..=-5"), Ok((-4, -4)));
        assert_eq!(range("2^63..=9223372036854775807"), Ok((1 << 63, 1 << 63)));
    }

    #[test]
    fn a_bad_range_says_what_to_do() {
        let error = |text: &str| parse_range(text).unwrap_err();
        assert!(error("10..0").contains("did you mean 0..10?"));
        assert!(error("10..=0").contains("did you mean 0..=10?"));
        assert!(error("1e3..=2^5").contains("did you mean 2^5..=1e3?"));
        assert!(error("10").contains("START..END"));
        for other in ["1-10", "1:10"] {
            assert!(error(other).contains("did you mean 1..10?"), "{other}");
        }
        for three in ["0...10", "0...=10"] {
            assert!(
                error(three).contains("write 0..10 (without 10) or 0..=10 (with it)"),
                "{three}"
            );
        }
        assert!(error("..10").contains("a number is missing"));
        assert!(error("0..2^63+1").contains("'63+1' is not a whole number"));
        for range in ["0..1e19", "0..=2^63", "0..1e30", "0..=2^128", "0..1e99"] {
            let (_, end) = range.rsplit_once(['.', '=']).unwrap();
            let expected = format!("'{range}': with {end} it has numbers above 2^63-1; ");
            assert!(error(range).contains(&expected), "{}", error(range));
        }
        for range in ["-1e19..0", "-2^64..=-1", "-1e99..0", "-1e19..1e19"] {
            let (start, _) = range.split_once("..").unwrap();
            let expected = format!("'{range}': with {start} it has numbers below -2^63; ");
            assert!(error(range).contains(&expected), "{}", error(range));
        }
    }

    proptest! {
        #[test]
        fn every_number_is_read_back(n: i64, m: i64) {
            prop_assert_eq!(parse_number(&n.to_string()), Ok(n.into()));
            let (low, high) = (n.min(m), n.max(m));
            let range = parse_range(&format!("{low}..={high}")).unwrap();
            prop_assert_eq!((range.start(), range.end()), (low.into(), i128::from(high) + 1));
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = parse_range(&text);
        }
    }
}
