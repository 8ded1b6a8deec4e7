//! Parser of one range: `A..B`, `A..=B`, `A..+LEN`, `A..`, whose ends are constant expressions.

use crate::constant::{Refused, evaluate};
use crate::number::{read_number, whole};
use evenly::Range;

/// What the messages say about notations.
const HINT: &str = "numbers are written as 1000, 1_000, 1e3, 2^10, 2**10, 0x3e8, 0o17 or 0b11, and computed as 2^31-1";

/// Reads a range.
///
/// # Errors
/// One line that names the range, the cause and the next step.
pub(crate) fn parse_range(text: &str) -> Result<Range, String> {
    let Some((start, end)) = text.split_once("..") else {
        let alone = match evaluate(text) {
            Ok(_) | Err(Refused::TooLarge) => {
                format!(", as 1..={text}, or {text}..={text} for this one number")
            }
            Err(Refused::Malformed(_)) => {
                "; items that are words are lines: --lines FILE".to_owned()
            }
        };
        return Err(match other_notation(text) {
            Some(here) => format!("bad range '{text}': it has no '..'; did you mean {here}?"),
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
    let start = start.trim_end_matches(' ');
    let number = |typed: &str| end_of(text, typed);
    if let Some(len) = end.strip_prefix('+') {
        let (first, len) = (number(start)?, number(len)?);
        if len < 0 {
            return Err(format!("bad range '{text}': a length is not negative"));
        }
        let range = first.checked_add(len).and_then(|end| Range::new(first, end).ok());
        return range.ok_or_else(|| {
            let is_low = first < i128::from(i64::MIN);
            outside(text, if is_low { start } else { end }, is_low)
        });
    }
    let (last, is_included) = match end.strip_prefix('=') {
        Some(last) => (last, true),
        None => (end, false),
    };
    let last = last.trim_start_matches(' ');
    let (first, last_or_end) = (number(start)?, number(last)?);
    // The end, which is excluded. `1..=0` is empty.
    let end = if is_included { last_or_end.checked_add(1) } else { Some(last_or_end) };
    let end = end.ok_or_else(|| outside(text, last, false))?;
    if first > end {
        return Err(format!("bad range '{text}': it is reversed; did you mean {last}..={start}?"));
    }
    Range::new(first, end).map_err(|_| {
        let is_low = first < i128::from(i64::MIN);
        let beyond = if is_low { start } else { last };
        outside(text, beyond, if is_low { true } else { last_or_end < 0 })
    })
}

/// Reads the first number of `A..`, which has no end; `None` if the text has another form.
pub(crate) fn parse_open_range(text: &str) -> Option<Result<i64, String>> {
    let start = text.strip_suffix("..").map(|start| start.trim_end_matches(' '));
    let start = start.filter(|start| !start.is_empty() && !start.contains(".."))?;
    let first = end_of(text, start);
    let in_range = |first: i128| i64::try_from(first).map_err(|_| outside(text, start, first < 0));
    Some(first.and_then(in_range))
}

/// One end of a range.
fn end_of(range: &str, typed: &str) -> Result<i128, String> {
    evaluate(typed).map_err(|refused| match refused {
        Refused::Malformed(cause) => format!("bad range '{range}': {cause}; {HINT}"),
        // The sign of what does not fit is known of a number only.
        Refused::TooLarge if is_number(typed) => outside(range, typed, typed.starts_with('-')),
        Refused::TooLarge => format!("bad range '{range}': {typed} does not fit 128 bits"),
    })
}

/// What is written here for `{1..9}`, `{1..9..2}`, `[1-9]` and `[1,9]` of shells and PARI/GP.
pub(crate) fn in_brackets(text: &str) -> Option<String> {
    let inside = [('{', '}'), ('[', ']'), ('(', ')')]
        .iter()
        .find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close))?;
    let numbers: Vec<&str> = inside.split("..").flat_map(|part| part.split(',')).collect();
    let is_number = |text: &&str| whole(text.trim().trim_start_matches('-')).is_ok();
    match &numbers[..] {
        [first, last] if numbers.iter().all(is_number) => {
            Some(format!("{}..={}", first.trim(), last.trim()))
        }
        [first, last, step] if inside.contains("..") && numbers.iter().all(is_number) => {
            Some(format!("{first}..={last}:{step}"))
        }
        _ => other_notation(inside),
    }
}

/// What is written here for a range of other tools: `1-10`, `1:10`, `0:5:100`, and `0-99:10%4` of an array job.
pub(crate) fn other_notation(text: &str) -> Option<String> {
    let (range, at_once) = match text.split_once('%') {
        Some((range, at_once)) => (range, Some(at_once)),
        None => (text, None),
    };
    let separator = if range.contains('-') { '-' } else { ':' };
    let (first, behind) = range.split_once(separator)?;
    let (last, step) = match behind.split_once(':') {
        None => (behind, None),
        Some((step, last)) if separator == ':' => (last, Some(step)),
        Some((last, step)) => (last, Some(step)),
    };
    let mut numbers = [Some(first), Some(last), step, at_once].into_iter().flatten();
    numbers.all(|number| whole(number).is_ok()).then(|| {
        let step = step.map(|step| format!(":{step}")).unwrap_or_default();
        let at_once = at_once.map(|jobs| format!(" with -j {jobs}")).unwrap_or_default();
        format!("{first}..={last}{step}{at_once}")
    })
}

/// Whether a text is a number without operators.
fn is_number(text: &str) -> bool {
    read_number(text).is_ok()
}

/// Why a range is refused one of whose ends, as typed, is not within the signed 64-bit integers.
fn outside(range: &str, end: &str, is_low: bool) -> String {
    let limit = if is_low { "below -2^63" } else { "above 2^63-1" };
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
        assert_eq!(range("1e15..1e15+1e9"), Ok((1_000_000_000_000_000, 1_000_001_000_000_000)));
        assert_eq!(range("(2^31-1)*2..+10"), Ok((4_294_967_294, 4_294_967_304)));
        assert_eq!(range("10-3..+2*3"), Ok((7, 13)));
        assert_eq!(range("2^64-2^63-5..=2^63-1"), Ok(((1 << 63) - 5, 1 << 63)));
        assert_eq!(range("2 * 3 .. 2 ^ 10"), Ok((6, 1024)));
        // One number fewer than `1..=1` is none; so it is everywhere.
        assert_eq!(range("1..=0"), Ok((1, 1)));
        assert_eq!(range("-4..=-5"), Ok((-4, -4)));
        assert_eq!(range("2^63..=9223372036854775807"), Ok((1 << 63, 1 << 63)));
    }

    #[test]
    fn a_bad_range_says_what_to_do() {
        let error = |text: &str| parse_range(text).unwrap_err();
        assert!(error("10..0").contains("did you mean 0..=10?"));
        assert!(error("10..=0").contains("did you mean 0..=10?"));
        assert!(error("1e3..=2^5").contains("did you mean 2^5..=1e3?"));
        assert!(error("10").contains("START..END"));
        for (other, here) in [
            ("1-10", "1..=10"),
            ("1:10", "1..=10"),
            ("0-9%2", "0..=9 with -j 2"),
            ("0-99:10%4", "0..=99:10 with -j 4"),
            ("0:5:100", "0..=100:5"),
        ] {
            let expected = format!("bad range '{other}': it has no '..'; did you mean {here}?");
            assert_eq!(error(other), expected);
        }
        for (other, here) in [
            ("{1..9}", "1..=9"),
            ("{1..9..2}", "1..=9:2"),
            ("[1-9]", "1..=9"),
            ("[1, 9]", "1..=9"),
            ("[-4..4]", "-4..=4"),
        ] {
            assert_eq!(in_brackets(other).as_deref(), Some(here));
        }
        for no_range in ["[1,2,3]", "{}", "(2*3)..9", "{a..b}"] {
            assert_eq!(in_brackets(no_range), None, "{no_range}");
        }
        for three in ["0...10", "0...=10"] {
            assert!(
                error(three).contains("write 0..10 (without 10) or 0..=10 (with it)"),
                "{three}"
            );
        }
        assert!(error("..10").contains("a number is missing"));
        for (range, cause) in [
            ("0..n", "'n' is not a whole number"),
            ("0..10/0", "it divides by zero"),
            ("0..2^99*2^99", "2^99*2^99 does not fit 128 bits"),
        ] {
            assert!(error(range).contains(cause), "{}", error(range));
        }
        for range in
            ["0..1e19", "0..=2^63", "0..1e30", "0..=2^128", "0..1e99", "0..2^64-1e9", "0..2^63+1"]
        {
            let (_, end) = range.rsplit_once(['.', '=']).unwrap();
            let expected = format!("'{range}': with {end} it has numbers above 2^63-1; ");
            assert!(error(range).contains(&expected), "{}", error(range));
        }
        for range in ["-1e19..0", "-2^64..=-1", "-1e99..0", "-1e19..1e19", "5-1e19..0"] {
            let (start, _) = range.split_once("..").unwrap();
            let expected = format!("'{range}': with {start} it has numbers below -2^63; ");
            assert!(error(range).contains(&expected), "{}", error(range));
        }
    }

    proptest! {
        #[test]
        fn every_range_is_read_back(n: i64, m: i64) {
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
