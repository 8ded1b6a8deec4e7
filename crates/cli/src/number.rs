//! Numbers and ranges as they are typed: `1_000`, `1e9`, `2^32`, `2**32`, `-2^63`, `A..B`, `A..=B`.

use evenly::Range;

/// Reads an integer in any of the notations.
///
/// # Errors
/// Says what is wrong with it; without the text itself, which the caller has.
pub(crate) fn parse_number(text: &str) -> Result<i128, String> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let magnitude = if let Some((base, exponent)) = split_power(digits) {
        power(whole(base)?, whole(exponent)?)
    } else if let Some((mantissa, exponent)) = digits.split_once(['e', 'E']) {
        let scale = power(10, whole(exponent)?);
        let mantissa = whole(mantissa)?;
        scale.and_then(|scale| mantissa.checked_mul(scale))
    } else {
        Some(whole(digits)?)
    };
    let magnitude = magnitude.ok_or("it does not fit 128 bits")?;
    Ok(if is_negative { -magnitude } else { magnitude })
}

fn split_power(text: &str) -> Option<(&str, &str)> {
    text.split_once("**").or_else(|| text.split_once('^'))
}

fn power(base: i128, exponent: i128) -> Option<i128> {
    base.checked_pow(u32::try_from(exponent).ok()?)
}

/// Decimal digits with single underscores between them.
fn whole(digits: &str) -> Result<i128, String> {
    let is_separated = digits.split('_').all(|group| !group.is_empty());
    if !is_separated || !digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') {
        return Err(if digits.is_empty() {
            "a number is missing".to_owned()
        } else {
            format!("'{digits}' is not a whole number")
        });
    }
    let digits = digits.replace('_', "");
    digits.parse().map_err(|_| "it does not fit 128 bits".to_owned())
}

/// Reads a range.
///
/// # Errors
/// One line that names the range, the cause and the next step.
pub(crate) fn parse_range(text: &str) -> Result<Range, String> {
    let Some((start, end)) = text.split_once("..") else {
        return Err(format!(
            "bad range '{text}': it has no '..'; write START..END (END excluded) or START..=LAST"
        ));
    };
    let (end, is_included) = match end.strip_prefix('=') {
        Some(end) => (end, true),
        None => (end, false),
    };
    let number = |end: &str| {
        let hint = "numbers are written as 1000, 1_000, 1e3, 2^10 or 2**10";
        parse_number(end).map_err(|cause| format!("bad range '{text}': {cause}; {hint}"))
    };
    let (start, last_or_end) = (number(start)?, number(end)?);
    if start > last_or_end {
        let dots = if is_included { "..=" } else { ".." };
        let hint = format!("did you mean {last_or_end}{dots}{start}?");
        return Err(format!("bad range '{text}': it is reversed; {hint}"));
    }
    let end = if is_included { last_or_end.checked_add(1) } else { Some(last_or_end) };
    let range = end.map_or_else(
        || Err("it does not fit 128 bits".to_owned()),
        |end| Range::new(start, end).map_err(|cause| cause.to_string()),
    );
    range.map_err(|cause| format!("bad range '{text}': {cause}; the widest range is -2^63..2^63"))
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
        ] {
            assert_eq!(parse_number(text), Ok(number), "{text}");
        }
    }

    #[test]
    fn what_is_no_number() {
        for text in [
            "", "-", "--1", "+1", "1.5", "1e", "e9", "1e-3", "2^", "^2", "2^-1", "0x10", " 1", "1 ",
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
    }

    #[test]
    fn a_bad_range_says_what_to_do() {
        let error = |text: &str| parse_range(text).unwrap_err();
        assert!(error("10..0").contains("did you mean 0..10?"));
        assert!(error("10..=0").contains("did you mean 0..=10?"));
        assert!(error("10").contains("START..END"));
        assert!(error("..10").contains("a number is missing"));
        assert!(error("0..2^63+1").contains("'63+1' is not a whole number"));
        assert!(error("0..=2^63").contains("9223372036854775808 does not fit"));
        assert!(error("0..1e30").contains("does not fit"));
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
