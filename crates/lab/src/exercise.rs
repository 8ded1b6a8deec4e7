//! One exercise: two programs, each in C and in Rust, what each does, and the texts in both languages.

use crate::comments::{localized, printed};
use crate::program::Run;
use evenly_inspect::Language;

/// An exercise.
#[derive(Clone, Copy, Debug)]
pub struct Exercise {
    pub(crate) name: &'static str,
    pub(crate) mistake: Program,
    pub(crate) fix: Program,
    /// The right answer to the question, from 0.
    pub(crate) right: usize,
    pub(crate) english: Text,
    pub(crate) spanish: Text,
}

/// A program and what it does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Program {
    pub(crate) source: Source,
    /// What it prints on both outputs, in C. `#1` stands for a number, and is the same number everywhere.
    pub(crate) prints: &'static str,
    /// Its exit status, or none if it does not end.
    pub(crate) status: Option<i32>,
    /// The name of the verdict, if it stands still with a mistake.
    pub(crate) verdict: Option<&'static str>,
}

/// A program in C and in Rust. Both do the same; the one in Rust needs the standard library alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    pub(crate) c: &'static str,
    pub(crate) rust: &'static str,
}

/// The texts of an exercise in one language.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text {
    /// One line: what the exercise shows.
    pub(crate) title: &'static str,
    pub(crate) question: &'static str,
    pub(crate) answers: &'static [&'static str],
    /// Why the mistake does what it does, and what the fix changes.
    pub(crate) explanation: &'static str,
}

impl Exercise {
    /// The name on the command line.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The source of the mistake or of the fix.
    #[must_use]
    pub fn source(&self, is_fixed: bool) -> Source {
        if is_fixed { self.fix.source } else { self.mistake.source }
    }

    pub(crate) fn text(&self, language: Language) -> &Text {
        match language {
            Language::English => &self.english,
            Language::Spanish => &self.spanish,
        }
    }
}

impl Source {
    /// The text in C, with comments and output in a language.
    #[must_use]
    pub fn c(&self, language: Language) -> String {
        localized(self.c, language)
    }

    /// The text in Rust, with comments and output in a language.
    #[must_use]
    pub fn rust(&self, language: Language) -> String {
        localized(self.rust, language)
    }
}

impl Program {
    /// Whether a run of the program in this language did what the table says.
    pub(crate) fn is_shown_by(&self, run: &Run, language: Language) -> bool {
        self.has_printed(&run.output, language)
            && run.status.map(|status| status.code()) == self.status.map(Some)
            && run.verdicts.first().copied() == self.verdict
    }

    /// Whether it printed what the table says.
    fn has_printed(&self, output: &str, language: Language) -> bool {
        let mut numbers: Vec<(char, &str)> = Vec::new();
        let mut rest = output;
        let prints = printed(self.prints, language);
        let mut parts = prints.split('#');
        let first = parts.next().unwrap_or_default();
        let Some(after) = rest.strip_prefix(first) else { return false };
        rest = after;
        for part in parts {
            let mut signs = part.chars();
            let name = signs.next().unwrap_or_default();
            let end = rest.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(rest.len());
            let (number, after) = rest.split_at(end);
            let is_same = |&(known, value): &(char, &str)| (known == name) == (value == number);
            if number.is_empty() || !numbers.iter().all(is_same) {
                return false;
            }
            numbers.push((name, number));
            let Some(after) = after.strip_prefix(signs.as_str()) else { return false };
            rest = after;
        }
        rest.is_empty()
    }
}

/// A program that ends with this status.
pub(crate) const fn ends(source: Source, status: i32, prints: &'static str) -> Program {
    Program { source, prints, status: Some(status), verdict: None }
}

/// A program that prints nothing and never ends, with the name of its verdict.
pub(crate) const fn hangs(source: Source, verdict: Option<&'static str>) -> Program {
    Program { source, prints: "", status: None, verdict }
}

/// The C file and the Rust file of a program in `exercises`.
macro_rules! source {
    ($path:literal) => {
        crate::exercise::Source {
            c: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/exercises/", $path, ".c")),
            rust: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/exercises/", $path, ".rs")),
        }
    };
}
pub(crate) use source;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_stand_for_equal_numbers() {
        let source = Source { c: "", rust: "" };
        let has_printed = |prints, output| {
            let program = ends(source, 0, prints);
            [Language::English, Language::Spanish].map(|one| program.has_printed(output, one))
        };
        assert_eq!(has_printed("12\n", "12\n"), [true; 2]);
        assert_eq!(has_printed("12\n", "12\n3"), [false; 2]);
        assert_eq!(has_printed("a #1 b #1\n", "a 70 b 70\n"), [true; 2]);
        assert_eq!(has_printed("a #1 b #1\n", "a 70 b 71\n"), [false; 2]);
        assert_eq!(has_printed("a #1 b #2\n", "a 70 b 71\n"), [true; 2]);
        assert_eq!(has_printed("a #1 b #2\n", "a 70 b 70\n"), [false; 2]);
        assert_eq!(has_printed("a #1\n", "a \n"), [false; 2]);
        assert_eq!(has_printed("child: #1\n", "child: 7\n"), [true, false]);
        assert_eq!(has_printed("child: #1\n", "hijo: 7\n"), [false, true]);
    }
}
