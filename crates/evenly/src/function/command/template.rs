//! Words of a command with placeholders for numbers.

use super::braces::{is_formatted, padded, stands_alone};
use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

/// What stands in a word for a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// `{}`: the number.
    Number,
    /// `{start}`: the first of a chunk.
    Start,
    /// `{end}`: the one behind the last of a chunk.
    End,
}

/// How they are written.
pub(super) const MARKS: [(&str, Mark); 3] =
    [("{}", Mark::Number), ("{start}", Mark::Start), ("{end}", Mark::End)];

/// Names of the marks with a width, as `{n:04}`.
const NAMED_MARKS: [(&str, Mark); 3] =
    [("n", Mark::Number), ("start", Mark::Start), ("end", Mark::End)];

/// A mark in a second pair of braces, and the text that it stands for.
const LITERALS: [(&str, &str); 3] =
    [("{{}}", "{}"), ("{{start}}", "{start}"), ("{{end}}", "{end}")];

/// A word, taken apart at its marks.
#[derive(Clone, Debug)]
pub(super) struct TemplateWord {
    /// What stands before each mark, and the width to which zeros fill the number up.
    parts: Vec<(Vec<u8>, Mark, usize)>,
    rest: Vec<u8>,
}

impl TemplateWord {
    /// Takes a word apart; one that is `plain` has no marks, whatever stands in it.
    pub(super) fn new(word: OsString, is_plain: bool) -> Self {
        let bytes = word.into_vec();
        let has_widths = !is_plain && !is_formatted(&bytes);
        let (mut parts, mut text, mut at) = (Vec::new(), Vec::new(), 0);
        while at < bytes.len() {
            if has_widths && let Some(padded) = padded_at(&bytes, at) {
                if bytes[..at].ends_with(b"{") && bytes[at + padded.length..].starts_with(b"}") {
                    // In a second pair of braces it is text.
                    text.pop();
                    text.extend_from_slice(&bytes[at..at + padded.length]);
                    at += padded.length + 1;
                } else {
                    parts.push((std::mem::take(&mut text), padded.mark, padded.width));
                    at += padded.length;
                }
                continue;
            }
            let literal = LITERALS
                .iter()
                .find(|(typed, _)| !is_plain && bytes[at..].starts_with(typed.as_bytes()));
            if let Some((typed, meant)) = literal {
                text.extend_from_slice(meant.as_bytes());
                at += typed.len();
                continue;
            }
            let found = MARKS
                .iter()
                .find(|(mark, _)| !is_plain && bytes[at..].starts_with(mark.as_bytes()));
            match found {
                Some((mark, which)) => {
                    parts.push((std::mem::take(&mut text), *which, 0));
                    at += mark.len();
                }
                None => {
                    text.push(bytes[at]);
                    at += 1;
                }
            }
        }
        Self { parts, rest: text }
    }

    pub(super) fn marks(&self) -> impl Iterator<Item = Mark> + '_ {
        self.parts.iter().map(|(_, mark, _)| *mark)
    }

    /// The word for these numbers: `end` is the one behind the last.
    pub(super) fn fill(&self, start: i64, end: i128) -> Vec<u8> {
        let mut filled = Vec::with_capacity(self.rest.len() + 32 * self.parts.len());
        for (text, mark, width) in &self.parts {
            filled.extend_from_slice(text);
            let number = match mark {
                Mark::Number | Mark::Start => i128::from(start),
                Mark::End => end,
            };
            filled.extend_from_slice(format!("{number:0width$}").as_bytes());
        }
        filled.extend_from_slice(&self.rest);
        filled
    }
}

/// A mark with a width in a word.
struct Padded {
    mark: Mark,
    width: usize,
    /// Bytes from brace to brace.
    length: usize,
}

/// The mark with a width that begins at a place: `{n:04}`, `{start:08}`. `${n:04}` is the shell's.
fn padded_at(word: &[u8], at: usize) -> Option<Padded> {
    let rest = word[at..].strip_prefix(b"{")?;
    let inside = &rest[..rest.iter().position(|byte| *byte == b'}')?];
    let inside = std::str::from_utf8(inside).ok()?;
    if !stands_alone(&word[..at], inside) {
        return None;
    }
    let (name, width) = padded(inside)?;
    let (_, mark) = NAMED_MARKS.into_iter().find(|(known, _)| *known == name)?;
    Some(Padded { mark, width, length: inside.len() + 2 })
}

/// A word as a program gets it. No argument of a process has a NUL in it, and neither has a number.
pub(super) fn for_program(word: Vec<u8>) -> CString {
    CString::new(word).unwrap_or_default()
}

/// A variable of an environment.
pub(super) fn variable(name: &[u8], value: &[u8]) -> CString {
    for_program([name, b"=", value].concat())
}

/// The environment of this process without the variables that are replaced: of two with one name, programs
/// would find the first.
pub(super) fn inherited_environment(is_replaced: impl Fn(&OsStr) -> bool) -> Vec<CString> {
    let others = std::env::vars_os().filter(|(name, _)| !is_replaced(name));
    others.map(|(name, value)| variable(name.as_bytes(), value.as_bytes())).collect()
}

/// The file that a word names: without the outer braces of `{{}}`, if there is such a file. `None` if a number
/// goes into the word. Agents compare the file too, and do not know whether the job replaces placeholders.
pub(super) fn named_file(word: &[u8]) -> Option<PathBuf> {
    let text = TemplateWord::new(OsString::from_vec(word.to_vec()), false);
    if text.marks().next().is_some() {
        return None;
    }
    let named = PathBuf::from(OsString::from_vec(text.fill(0, 0)));
    Some(if named.exists() { named } else { OsString::from_vec(word.to_vec()).into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(word: &str) -> String {
        let word = TemplateWord::new(word.into(), false);
        String::from_utf8(word.fill(-5, 12)).unwrap()
    }

    #[test]
    fn numbers_take_their_places_anywhere() {
        for (word, expected) in [
            ("plain", "plain"),
            ("{}", "-5"),
            ("--seed={}", "--seed=-5"),
            ("{}{}x{}", "-5-5x-5"),
            ("{start}..{end}", "-5..12"),
            ("{start", "{start"),
            ("{{}}", "{}"),
            ("a{{}}={},{{start}}{{end}}", "a{}=-5,{start}{end}"),
            ("{{ {} }}", "{{ -5 }}"),
            ("{ }", "{ }"),
            ("{n:04}", "-005"),
            ("row{n:1}{n:01}{n:012}", "row{n:1}-5-00000000005"),
            ("a{start:03}-{end:08}.csv", "a-05-00000012.csv"),
            ("{{n:04}} {{end:03}}", "{n:04} {end:03}"),
            (
                "${n:04} {n:4} {n:04d} {n:00} {:04} {m:04}",
                "${n:04} {n:4} {n:04d} {n:00} {:04} {m:04}",
            ),
            ("print(f'{n:04}')", "print(f'{n:04}')"),
            ("", ""),
        ] {
            assert_eq!(filled(word), expected, "{word}");
        }
        let plain = TemplateWord::new("{print $1} {}".into(), true);
        assert_eq!(plain.fill(1, 2), b"{print $1} {}");
        assert_eq!(plain.marks().count(), 0);
    }

    #[test]
    fn words_need_not_be_text() {
        let word = TemplateWord::new(OsString::from_vec(b"\xff{}\xfe".to_vec()), false);
        assert_eq!(word.fill(7, 8), b"\xff7\xfe");
    }
}
