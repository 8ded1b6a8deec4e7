//! Parser of ITEMS: `A..B`, `A..=B`, `A..+LEN`, `A..`, each with `:STEP`, and unions `0..10,50..=60:2,15`.

use crate::constant::{Refused, evaluate};
use crate::range::{in_brackets, other_notation, parse_open_range, parse_range};
use evenly::function::Lines;
use evenly::{Items, Range};
use std::num::NonZeroU64;

/// Most characters of items in a message or a progress bar.
const LONGEST: usize = 60;

/// Reads a set of items: one range with or without a step, or several pieces separated by commas. A number alone is a
/// piece, but not a set: as a set it could be meant as the end of a range.
///
/// # Errors
/// One line that names the piece, the cause and the next step.
pub(crate) fn parse_items(text: &str) -> Result<Items, String> {
    if let Some(here) = in_brackets(text) {
        return Err(format!("bad range '{}': did you mean {here}?", quote(text)));
    }
    if !text.contains(',') {
        return parse_ranged(text);
    }
    parse_pieces(text.split(','))
}

/// Reads the union of these pieces, each a number or a range with or without a step.
///
/// # Errors
/// As [`parse_items`].
pub(crate) fn parse_pieces<'a>(pieces: impl Iterator<Item = &'a str>) -> Result<Items, String> {
    let mut refused = None;
    let sets = pieces.map_while(|text| match parse_piece(text.trim()) {
        Ok(items) => Some(items),
        Err(cause) => {
            refused = Some(cause);
            None
        }
    });
    let items = Items::union(sets);
    match refused {
        Some(cause) => Err(cause),
        None => items.map_err(|error| error.to_string()),
    }
}

fn parse_piece(text: &str) -> Result<Items, String> {
    if text.contains("..") {
        return parse_ranged(text);
    }
    if text.is_empty() {
        return Err("bad items: between two commas a number or a range is missing".to_owned());
    }
    let bad = |cause: &str| format!("bad item '{}': {cause}", quote(text));
    if let Some(here) = other_notation(text) {
        return Err(bad(&format!("it is no range; did you mean {here}?")));
    }
    let number = match evaluate(text) {
        Ok(number) => i64::try_from(number).ok(),
        Err(Refused::TooLarge) => None,
        Err(Refused::Malformed(cause)) => {
            return Err(bad(&format!("{cause}; a piece is a number, A..B, A..=B or A..B:STEP")));
        }
    };
    let n =
        number.ok_or_else(|| bad("it does not fit a signed 64-bit integer (-2^63 to 2^63-1)"))?;
    Items::list([n]).map_err(|error| error.to_string())
}

/// Reads a range with or without a step.
fn parse_ranged(text: &str) -> Result<Items, String> {
    // A colon without dots is a range in another notation, for which there is a hint.
    let Some((range, step)) = text.rsplit_once(':').filter(|(range, _)| range.contains(".."))
    else {
        return match parse_open_range(text) {
            Some(first) => Ok(Items::from_on(first?, NonZeroU64::MIN)),
            None => parse_range(text).map(Items::from),
        };
    };
    let bad = |cause: &str| format!("bad step '{step}' in '{}': {cause}", quote(text));
    let number = match evaluate(step) {
        Ok(number) => u64::try_from(number).ok(),
        Err(Refused::TooLarge) => None,
        Err(Refused::Malformed(cause)) => return Err(bad(&cause)),
    };
    let step = number.and_then(NonZeroU64::new);
    let step = step.ok_or_else(|| bad("it is from 1 to 2^64-1; items always ascend"))?;
    match parse_open_range(range) {
        Some(first) => Ok(Items::from_on(first?, step)),
        None => Ok(Items::stepped(parse_range(range)?, step)),
    }
}

/// The first number that begins with a zero, which it loses as an item.
pub(crate) fn leading_zero(text: &str) -> Option<&str> {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.find(|word| {
        let is_decimal = word.bytes().all(|byte| byte.is_ascii_digit());
        is_decimal && word.len() > 1 && word.starts_with('0')
    })
}

/// The numbers of all lines.
pub(crate) fn all_lines(lines: &Lines) -> Items {
    Range::new(1, i128::from(lines.len()) + 1).map_or_else(|_| Range::EMPTY.into(), Items::from)
}

/// All of a range, or the range from the lowest to the highest of other items.
pub(crate) fn span(items: &Items) -> Range {
    let plain = items.as_range();
    plain.unwrap_or_else(|| items.hull().map_or(Range::EMPTY, Range::from))
}

/// The items for a person: whole, or their beginning.
pub(crate) fn shown(items: &Items) -> String {
    // Of millions of pieces the text is long.
    let text = items.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The text in a message.
fn quote(text: &str) -> String {
    evenly::printable(text.as_bytes(), 200).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_form_of_items() {
        for (text, canonical) in [
            ("0..10", "0..10"),
            ("5..=5", "5..6"),
            ("7..7", "7..7"),
            ("0..100:4", "0..=96:4"),
            ("0..=100:25", "0..=100:25"),
            ("1e3..1e3+", "no"),
            ("5..+3", "5..8"),
            ("-2^63..+1", "-9223372036854775808..-9223372036854775807"),
            ("1e15..+1e3:250", "1000000000000000..=1000000000000750:250"),
            ("5..+0", "5..5"),
            ("3,7,12", "3,7,12"),
            ("12, 7, 3, 7", "3,7,12"),
            ("0..10,50..=60:2,15", "0..=9,15,50..=60:2"),
            ("0..10,5..20", "0..20"),
            ("1e3,2^10,0x10", "16,1000,1024"),
            ("-3,-5..=-4", "-5..-2"),
            ("0x10..0x20:0x4", "16..=28:4"),
            ("1..=0,4", "4..5"),
            ("10^6..=2*10^6:2", "1000000..=2000000:2"),
            ("2^31-1, 2^61-1", "2147483647,2305843009213693951"),
            ("0..10*10:2^2", "0..=96:4"),
            ("(3),4 - 2", "2..4"),
            ("1e3..", "1000.."),
            ("-5..", "-5.."),
            ("1..:2", "1..:2"),
            ("1..10,2^10..:4,20", "1..=9,20,1024..:4"),
            ("0..,5", "0.."),
            ("2^63-1..", "9223372036854775807.."),
            ("0..:2^63", "0..1"),
        ] {
            let items = parse_items(text);
            if canonical == "no" {
                assert!(items.is_err(), "{text}");
                continue;
            }
            assert_eq!(items.map(|items| items.to_string()).as_deref(), Ok(canonical), "{text}");
        }
    }

    #[test]
    fn bad_items_say_which_piece_and_what_to_do() {
        for (text, expected) in [
            ("0..10:0", "bad step '0' in '0..10:0': it is from 1 to 2^64-1"),
            ("0..10:-2", "bad step '-2' in '0..10:-2': it is from 1 to 2^64-1"),
            ("0..10:", "bad step '' in '0..10:': a number is missing"),
            ("0..10:x", "bad step 'x' in '0..10:x': 'x' is not a whole number"),
            ("0..10:2^64", "it is from 1 to 2^64-1"),
            ("10..0:2", "bad range '10..0': it is reversed; did you mean 0..=10?"),
            ("1,9..5,7", "bad range '9..5': it is reversed; did you mean 5..=9?"),
            ("1,,2", "between two commas a number or a range is missing"),
            ("1,2,", "between two commas a number or a range is missing"),
            ("1,x", "bad item 'x': 'x' is not a whole number; a piece is"),
            ("1,1-5", "bad item '1-5': it is no range; did you mean 1..=5?"),
            ("1,2^9*", "bad item '2^9*': a number is missing; a piece is"),
            ("1,1e99", "bad item '1e99': it does not fit a signed 64-bit integer"),
            ("1,2^63", "bad item '2^63': it does not fit a signed 64-bit integer"),
            ("1,0..2^64", "'0..2^64': with 2^64 it has numbers above 2^63-1"),
            ("5..+-1", "bad range '5..+-1': a length is not negative"),
            ("2^63..", "bad range '2^63..': with 2^63 it has numbers above 2^63-1"),
            ("x..", "bad range 'x..': 'x' is not a whole number"),
            ("..", "a number is missing"),
            ("5..+x", "bad range '5..+x': 'x' is not a whole number"),
            ("5..+2^63", "bad range '5..+2^63': with +2^63 it has numbers above 2^63-1"),
            ("7", "or 7..=7 for this one number"),
            ("1:10", "did you mean 1..=10?"),
            ("1-10", "did you mean 1..=10?"),
            ("0..1e12:4,0..1e12:6", "pieces"),
        ] {
            let error = parse_items(text).unwrap_err();
            assert!(error.contains(expected) && !error.contains('\n'), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn canonical_items_are_read_back(
            pieces in prop::collection::vec((any::<i64>(), 0u64..1000, 1u64..99), 1..9)
        ) {
            let sets = pieces.iter().map(|&(first, more, step)| {
                let end = i128::from(first.saturating_add_unsigned(more));
                let range = evenly::Range::new(first.into(), end).unwrap();
                Items::stepped(range, NonZeroU64::new(step).unwrap())
            });
            let items = Items::union(sets).unwrap();
            prop_assert_eq!(parse_items(&items.to_string()), Ok(items));
        }

        #[test]
        fn no_text_panics(text in "[-+0-9.,:=ex^]{0,30}|.{0,40}") {
            let _ = parse_items(&text);
        }
    }
}
