//! Escapes text that comes from outside the process, so that it fits one line of a terminal.

use alloc::string::String;
use core::fmt::Write;

/// Characters that a message shows of one piece of foreign text at most.
pub const LIMIT: usize = 200;

/// Escapes `text` for a message: what a terminal would act on becomes visible, and after `limit`
/// characters of the text the rest is an ellipsis.
///
/// Escaped are bytes that are not UTF-8 (`\xff`), control characters (`\n`, `\t`, `\r`, `\0`, others as
/// `\x1b` or `\u{85}`), and the Unicode characters that break a line or change the direction of text.
/// A backslash stays as it is, so that ordinary text is shown unchanged; the result is for people and
/// cannot be read back.
///
/// ```
/// use evenly_core::printable::printable;
/// assert_eq!(printable(b"a\x1b[31mb\xff", 40), r"a\x1b[31mb\xff");
/// assert_eq!(printable(b"abcdef", 3), "abc…");
/// ```
#[must_use]
pub fn printable(text: &[u8], limit: usize) -> String {
    escaped(text, limit, false)
}

/// Escapes `text` as [`printable`] does, but keeps the ends of its lines.
pub(crate) fn printable_lines(text: &[u8], limit: usize) -> String {
    escaped(text, limit, true)
}

/// Cuts `text` to `most` bytes, which end with an ellipsis if something is cut off.
///
/// ```
/// use evenly_core::printable::shortened;
/// assert_eq!(shortened("abcdef".to_owned(), 6), "abcdef");
/// assert_eq!(shortened("abcdefg".to_owned(), 6), "abc…");
/// ```
#[must_use]
pub fn shortened(mut text: String, most: usize) -> String {
    const ELLIPSIS: &str = "…";
    if text.len() > most {
        let most = most.saturating_sub(ELLIPSIS.len());
        let end = (0..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push_str(ELLIPSIS);
    }
    text
}

fn escaped(text: &[u8], limit: usize, keeps_lines: bool) -> String {
    let mut shown = String::new();
    let mut left = limit;
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            if left == 0 {
                shown.push('…');
                return shown;
            }
            left -= 1;
            match character {
                '\n' if keeps_lines => shown.push('\n'),
                _ => push(&mut shown, character),
            }
        }
        for byte in chunk.invalid() {
            if left == 0 {
                shown.push('…');
                return shown;
            }
            left -= 1;
            // Writing to a string cannot fail.
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    shown
}

fn push(shown: &mut String, character: char) {
    let _ = match character {
        '\n' => write!(shown, "\\n"),
        '\r' => write!(shown, "\\r"),
        '\t' => write!(shown, "\\t"),
        '\0' => write!(shown, "\\0"),
        '\u{1}'..='\u{1f}' | '\u{7f}' => write!(shown, "\\x{:02x}", u32::from(character)),
        _ if character.is_control() || changes_the_line(character) => {
            write!(shown, "\\u{{{:x}}}", u32::from(character))
        }
        _ => write!(shown, "{character}"),
    };
}

/// Line and paragraph separators, and the marks, embeddings, overrides and isolates of the Unicode
/// bidirectional algorithm (UAX #9).
fn changes_the_line(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_acts_on_is_escaped() {
        assert_eq!(printable(b"a\n\r\t\0b", 40), r"a\n\r\t\0b");
        assert_eq!(printable("\u{1b}[2J\u{7f}\u{85}".as_bytes(), 40), r"\x1b[2J\x7f\u{85}");
        assert_eq!(printable("a\u{202e}b\u{2028}c".as_bytes(), 40), r"a\u{202e}b\u{2028}c");
        assert_eq!(printable(b"\xff\xfe", 40), r"\xff\xfe");
    }

    #[test]
    fn ordinary_text_is_unchanged() {
        for text in ["", "prime(n) && n % 2 == 0", "ñandú 数 🦀", r"C:\new"] {
            assert_eq!(printable(text.as_bytes(), 40), text);
        }
    }

    #[test]
    fn no_more_than_the_limit_is_shown() {
        assert_eq!(printable(b"abc", 3), "abc");
        assert_eq!(printable(b"abcd", 3), "abc…");
        assert_eq!(printable(b"a\xff\xff\xff", 2), r"a\xff…");
        assert_eq!(printable("é".repeat(1000).as_bytes(), LIMIT).chars().count(), LIMIT + 1);
    }
}
