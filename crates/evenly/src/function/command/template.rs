//! Words of a command with placeholders for numbers.

use super::braces::{is_formatted, padded, stands_alone};
use super::text_part::TextPart;
use crate::grid::Grid;
use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

/// What stands in a word for a number, or for the text of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// `{}`, or `{n}` beside texts: the number.
    Number,
    /// `{start}`: the first of a chunk.
    Start,
    /// `{end}`: the one behind the last of a chunk.
    End,
    /// `{}` beside texts: the text of the line, or a part of it.
    Text(TextPart),
    /// `{a}`, `{1}`: the value of this variable of a grid.
    Variable(usize),
    /// `{}` of a grid: all values, with spaces between them.
    Values,
}

impl Mark {
    /// Whether it stands for one number, and not for a bound of a chunk.
    pub(super) fn is_of_number(self) -> bool {
        !matches!(self, Self::Start | Self::End)
    }
}

/// Which placeholders a command has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placeholders<'a> {
    /// None: each word stands as it is.
    None,
    /// Those of numbers.
    Numbers,
    /// Those of numbers and texts.
    Lines,
    /// Those of numbers and of the variables of a grid, by name or place.
    Points(&'a Grid),
}

impl Placeholders<'_> {
    /// How they are written, but those of variables.
    fn marks(self) -> &'static [(&'static str, Mark)] {
        const NUMBERS: [(&str, Mark); 3] =
            [("{}", Mark::Number), ("{start}", Mark::Start), ("{end}", Mark::End)];
        const LINES: [(&str, Mark); 9] = [
            ("{}", Mark::Text(TextPart::Whole)),
            ("{start}", Mark::Start),
            ("{end}", Mark::End),
            ("{n}", Mark::Number),
            ("{#}", Mark::Number),
            ("{.}", Mark::Text(TextPart::WithoutExtension)),
            ("{/}", Mark::Text(TextPart::Name)),
            ("{//}", Mark::Text(TextPart::Directory)),
            ("{/.}", Mark::Text(TextPart::NameWithoutExtension)),
        ];
        const POINTS: [(&str, Mark); 5] = [
            ("{}", Mark::Values),
            ("{start}", Mark::Start),
            ("{end}", Mark::End),
            ("{n}", Mark::Number),
            ("{#}", Mark::Number),
        ];
        match self {
            Self::None => &[],
            Self::Numbers => &NUMBERS,
            Self::Lines => &LINES,
            Self::Points(_) => &POINTS,
        }
    }

    /// The variable of a grid that stands between two braces.
    fn variable(self, inside: &str) -> Option<Mark> {
        let Self::Points(grid) = self else { return None };
        let place = || inside.parse::<usize>().ok()?.checked_sub(1);
        let index = grid.names().position(|name| name == inside).or_else(place)?;
        (index < grid.names().count()).then_some(Mark::Variable(index))
    }

    /// The mark that begins at a place of a word. `${n}` and `${#}` are the shell's.
    fn mark_at(self, word: &[u8], at: usize) -> Option<(&[u8], Mark)> {
        let rest = &word[at..];
        let inside = rest.strip_prefix(b"{")?;
        let length = inside.iter().position(|byte| *byte == b'}')?;
        let (typed, inside) = (&rest[..length + 2], std::str::from_utf8(&inside[..length]).ok()?);
        let found = self.marks().iter().find(|(mark, _)| mark.as_bytes() == typed);
        let found = found.map(|(_, mark)| *mark);
        let is_named = found.is_none() || matches!(inside, "n" | "#");
        let mark = found.or_else(|| self.variable(inside))?;
        let is_other = is_named && !stands_alone(&word[..at], inside);
        (!is_other).then_some((typed, mark))
    }

    /// The mark of a name before a width, as `{n:04}`.
    fn named(self, name: &str) -> Option<Mark> {
        // GNU parallel's name of the number, beside texts and values.
        let name = match self {
            Self::Lines | Self::Points(_) if name == "#" => "n",
            _ => name,
        };
        let known = NAMED_MARKS.into_iter().find(|(known, _)| *known == name);
        known.map(|(_, mark)| mark).or_else(|| self.variable(name))
    }

    /// Whether a text between two braces can only be meant as a variable of a grid, or as the text of a line.
    /// `is_word`: nothing else stands in the word.
    pub(super) fn is_like_a_name(self, inside: &str, is_word: bool) -> bool {
        let is_letter = inside.len() == 1 && inside.bytes().all(|byte| byte.is_ascii_alphabetic());
        match self {
            Self::Points(_) => is_letter,
            // `sed -n '/x/{p}'` is no placeholder.
            Self::Lines => NAMES_OF_TEXTS.contains(&inside) || (is_letter && is_word),
            Self::None | Self::Numbers => false,
        }
    }

    /// All of them and what they are for, for a message.
    pub(super) fn described(self) -> String {
        let chunks = "{start} and {end} for a chunk, with zeros {n:04}, {start:04} and {end:04}";
        match self {
            Self::None | Self::Numbers => format!(
                "{{}} for each n, and {chunks}, with --lines also {{n}} {{#}} {{.}} {{/}} {{//}} {{/.}}, and with \
                 --grid a=… also {{a}}"
            ),
            Self::Lines => format!(
                "{{}} for the text of a line, {{.}} {{/}} {{//}} {{/.}} for parts of it, {{n}} or {{#}} for its \
                 number, and {chunks}"
            ),
            Self::Points(_) => format!(
                "{} for the values of a point, {{}} for all of them, {{n}} or {{#}} for its number, and {chunks}",
                self.variables(" ")
            ),
        }
    }

    /// What has no place in a command without placeholders, and what to write.
    pub(super) fn missing(self) -> String {
        let chunks = "{start} and {end} for a command that does a whole chunk";
        match self {
            Self::None | Self::Numbers => {
                format!(
                    "a number; write {{}} where it goes, {chunks}, or use --coprocess, or --as slurm for a script that \
                     reads a variable"
                )
            }
            Self::Lines => format!("the text of a line; write {{}} where it goes, or {chunks}"),
            Self::Points(_) => format!(
                "a value of the grid; write {} where it goes, {{}} for all values, or {chunks}",
                self.variables(" or ")
            ),
        }
    }

    /// The placeholders of the variables of a grid.
    fn variables(self, between: &str) -> String {
        let Self::Points(grid) = self else { return String::new() };
        let names: Vec<String> = grid.names().map(|name| format!("{{{name}}}")).collect();
        names.join(between)
    }

    /// Whether this text, with its braces, is one of them.
    pub(super) fn has(self, text: &str) -> bool {
        let inside = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
        self.marks().iter().any(|(mark, _)| *mark == text)
            || inside.is_some_and(|inside| {
                let padded = padded(inside).and_then(|(name, _)| self.named(name));
                padded.or_else(|| self.variable(inside)).is_some()
            })
    }
}

/// What other tools and languages call the text of a line, or a part of it.
const NAMES_OF_TEXTS: [&str; 13] = [
    "line", "text", "item", "arg", "word", "input", "file", "filename", "basename", "dirname",
    "dir", "ext", "stem",
];

/// Names of the marks with a width, as `{n:04}`.
const NAMED_MARKS: [(&str, Mark); 3] =
    [("n", Mark::Number), ("start", Mark::Start), ("end", Mark::End)];

/// What the marks of a word become.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filling<'a> {
    pub(super) start: i64,
    /// The number behind the last.
    pub(super) end: i128,
    /// The text of the line.
    pub(super) text: &'a [u8],
    /// The values of the variables of a grid.
    pub(super) values: &'a [i64],
}

impl Filling<'_> {
    /// For these numbers.
    pub(super) fn of(start: i64, end: i128) -> Self {
        Self { start, end, text: &[], values: &[] }
    }
}

/// A word, taken apart at its marks.
#[derive(Clone, Debug)]
pub(super) struct TemplateWord {
    /// What stands before each mark, and the width to which zeros fill the number up.
    parts: Vec<(Vec<u8>, Mark, usize)>,
    rest: Vec<u8>,
}

impl TemplateWord {
    /// Takes a word apart. A mark in a second pair of braces is text.
    pub(super) fn new(word: OsString, placeholders: Placeholders<'_>) -> Self {
        let bytes = word.into_vec();
        let has_widths = placeholders != Placeholders::None && !is_formatted(&bytes);
        let (mut parts, mut text, mut at) = (Vec::new(), Vec::new(), 0);
        while at < bytes.len() {
            if has_widths && let Some(padded) = padded_at(&bytes, at, placeholders) {
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
            let is_brace = bytes[at] == b'{';
            let inner = placeholders.mark_at(&bytes, at + 1).filter(|_| is_brace);
            if let Some((typed, _)) = inner
                && bytes[at + 1 + typed.len()..].starts_with(b"}")
            {
                text.extend_from_slice(typed);
                at += typed.len() + 2;
                continue;
            }
            match placeholders.mark_at(&bytes, at) {
                Some((typed, mark)) => {
                    parts.push((std::mem::take(&mut text), mark, 0));
                    at += typed.len();
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

    /// The word with its marks replaced.
    pub(super) fn fill(&self, filling: Filling<'_>) -> Vec<u8> {
        let mut filled = Vec::with_capacity(self.rest.len() + 32 * self.parts.len());
        for (text, mark, width) in &self.parts {
            filled.extend_from_slice(text);
            let number = match mark {
                Mark::Number | Mark::Start => i128::from(filling.start),
                Mark::End => filling.end,
                Mark::Variable(index) => {
                    filling.values.get(*index).copied().unwrap_or_default().into()
                }
                Mark::Values => {
                    let values = filling.values.iter().map(ToString::to_string);
                    filled.extend(values.collect::<Vec<_>>().join(" ").into_bytes());
                    continue;
                }
                Mark::Text(part) => {
                    filled.extend_from_slice(part.of(filling.text));
                    continue;
                }
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
fn padded_at(word: &[u8], at: usize, placeholders: Placeholders<'_>) -> Option<Padded> {
    let rest = word[at..].strip_prefix(b"{")?;
    let inside = &rest[..rest.iter().position(|byte| *byte == b'}')?];
    let inside = std::str::from_utf8(inside).ok()?;
    if !stands_alone(&word[..at], inside) {
        return None;
    }
    let (name, width) = padded(inside)?;
    let mark = placeholders.named(name)?;
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
    let text = TemplateWord::new(OsString::from_vec(word.to_vec()), Placeholders::Numbers);
    if text.marks().next().is_some() {
        return None;
    }
    let named = PathBuf::from(OsString::from_vec(text.fill(Filling::of(0, 0))));
    Some(if named.exists() { named } else { OsString::from_vec(word.to_vec()).into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(word: &str) -> String {
        let word = TemplateWord::new(word.into(), Placeholders::Numbers);
        String::from_utf8(word.fill(Filling::of(-5, 12))).unwrap()
    }

    #[test]
    fn texts_take_their_places_as_in_gnu_parallel() {
        let filled = |word: &str| {
            let word = TemplateWord::new(word.into(), Placeholders::Lines);
            let text = b"d.x/a b.tar.gz\xff";
            word.fill(Filling { text, ..Filling::of(7, 8) })
        };
        for (word, expected) in [
            ("{}", &b"d.x/a b.tar.gz\xff"[..]),
            ("-o{.}", b"-od.x/a b.tar"),
            ("{/}|{//}|{/.}", b"a b.tar.gz\xff|d.x|a b.tar"),
            ("{n} {#} {n:03} {#:04}", b"7 7 007 0007"),
            ("${n} ${#} {{n}} {{}} {{/.}}", b"${n} ${#} {n} {} {/.}"),
            ("$(f){.}", b"$(f)d.x/a b.tar"),
            ("{start}-{end}", b"7-8"),
        ] {
            assert_eq!(filled(word), expected, "{word}");
        }
    }

    #[test]
    fn variables_of_a_grid_take_their_places_by_name_and_by_place() {
        let axes = [("a", "0..10".parse().unwrap()), ("b_2", "1,2,5".parse().unwrap())];
        let grid = Grid::new(axes).unwrap();
        for (word, expected) in [
            ("{a}x{b_2}", "3x5"),
            ("{1}-{2}-{3}", "3-5-{3}"),
            ("{} {n} {#}", "3 5 11 11"),
            ("{a:03} {n:04} {#:03}", "003 0011 011"),
            ("{{a}} ${a} ${1} {c} {0}", "{a} ${a} ${1} {c} {0}"),
        ] {
            let filling = Filling { values: &[3, 5], ..Filling::of(11, 12) };
            let word = TemplateWord::new(word.into(), Placeholders::Points(&grid));
            assert_eq!(String::from_utf8(word.fill(filling)).unwrap(), expected);
        }
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
        let plain = TemplateWord::new("{print $1} {}".into(), Placeholders::None);
        assert_eq!(plain.fill(Filling::of(1, 2)), b"{print $1} {}");
        assert_eq!(plain.marks().count(), 0);
    }

    #[test]
    fn words_need_not_be_text() {
        let word = OsString::from_vec(b"\xff{}\xfe".to_vec());
        let word = TemplateWord::new(word, Placeholders::Numbers);
        assert_eq!(word.fill(Filling::of(7, 8)), b"\xff7\xfe");
    }
}
