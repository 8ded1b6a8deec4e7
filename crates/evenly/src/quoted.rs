//! Quotes a word for a shell command line that a user may paste into bash.

use evenly_core::printable;
use std::ffi::OsStr;
use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;

/// The word as bash reads it back, without any byte that a terminal acts on.
///
/// Plain words stand as they are, also with the placeholders of commands in them, which mean nothing to
/// a shell; other text stands in quotes. A word with control characters or bytes that are
/// not UTF-8 becomes `$'…'` (bash(1), QUOTING).
///
/// ```
/// use evenly::internal::quoted;
/// assert_eq!(quoted("even"), "even");
/// assert_eq!(quoted("n % 7"), "'n % 7'");
/// assert_eq!(quoted("a\tb\x1b"), r"$'a\tb\x1b'");
/// ```
#[must_use]
pub fn quoted(word: impl AsRef<OsStr>) -> String {
    let word = word.as_ref();
    let text = word.to_str().filter(|text| printable(text.as_bytes(), text.len()) == *text);
    if let Some(text) = text.filter(|text| is_plain(text)) {
        return text.to_owned();
    }
    text.and_then(|text| shlex::try_quote(text).ok())
        .map_or_else(|| escaped(word.as_bytes()), std::borrow::Cow::into_owned)
}

/// Whether a shell reads the word as it stands.
fn is_plain(text: &str) -> bool {
    let filled = ["{}", "{start}", "{end}", "{n}", "{#}", "{.}", "{/}", "{//}", "{/.}"]
        .iter()
        .fold(text.to_owned(), |text, placeholder| text.replace(placeholder, "0"));
    shlex::try_quote(&filled).is_ok_and(|quoted| quoted == filled)
}

/// The `$'…'` form. A quote and an exclamation mark are escaped by their bytes, so that history expansion
/// of an interactive bash finds neither.
fn escaped(word: &[u8]) -> String {
    let mut quoted = String::from("$'");
    for chunk in word.utf8_chunks() {
        for character in chunk.valid().chars() {
            let mut bytes = [0; 4];
            let bytes = character.encode_utf8(&mut bytes).as_bytes();
            match character {
                '\n' => quoted.push_str("\\n"),
                '\r' => quoted.push_str("\\r"),
                '\t' => quoted.push_str("\\t"),
                '\\' => quoted.push_str("\\\\"),
                '\'' | '!' => push_bytes(&mut quoted, bytes),
                _ if printable(bytes, 1).as_bytes() != bytes => push_bytes(&mut quoted, bytes),
                _ => quoted.push(character),
            }
        }
        push_bytes(&mut quoted, chunk.invalid());
    }
    quoted.push('\'');
    quoted
}

fn push_bytes(quoted: &mut String, bytes: &[u8]) {
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(quoted, "\\x{byte:02x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::process::Command;

    #[test]
    fn only_words_that_need_it_are_in_the_dollar_form() {
        for (word, expected) in [
            (&b"./test"[..], "./test"),
            (b"", "''"),
            (b"./{}.log", "./{}.log"),
            (b"{start}..{end}", "{start}..{end}"),
            (b"{print}", "'{print}'"),
            (b"{{},{end}}", "'{{},{end}}'"),
            (b"it's", "\"it's\""),
            (b"n % 2 == 0", "'n % 2 == 0'"),
            (b"\xff", r"$'\xff'"),
            (b"\xffab", r"$'\xffab'"),
            (b"a\nb\t\r\x1b[2J\x7f", r"$'a\nb\t\r\x1b[2J\x7f'"),
            (b"it's\\\n!", r"$'it\x27s\\\n\x21'"),
            ("数\u{202e}\n".as_bytes(), r"$'数\xe2\x80\xae\n'"),
        ] {
            assert_eq!(quoted(OsStr::from_bytes(word)), expected);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn bash_reads_every_word_back(word in prop::collection::vec(1..=255_u8, 0..20)) {
            let line = format!("printf %s {}", quoted(OsStr::from_bytes(&word)));
            prop_assert!(!line.chars().any(char::is_control));
            let output = Command::new("bash").args(["-c", &line]).output().unwrap();
            prop_assert_eq!(output.stdout, word);
        }
    }
}
