//! The sentences around every exercise, in English and in Spanish, and their form.

use crate::program::Run;
use evenly_inspect::{Language, say};
use std::fmt::Write;

/// Width of paragraphs, in characters.
const WIDTH: usize = 80;

/// A text in lines of at most 80 characters; a line end in the text ends a paragraph.
pub(crate) fn wrapped(text: &str) -> String {
    let mut wrapped = String::new();
    for paragraph in text.lines() {
        let mut width = 0;
        for word in paragraph.split_whitespace() {
            let length = word.chars().count();
            if width > 0 && width + 1 + length > WIDTH {
                wrapped.push('\n');
                width = 0;
            } else if width > 0 {
                wrapped.push(' ');
                width += 1;
            }
            wrapped.push_str(word);
            width += length;
        }
        wrapped.push('\n');
    }
    wrapped
}

/// A source text with the numbers of its lines.
pub(crate) fn numbered(source: &str) -> String {
    let mut text = String::new();
    for (at, line) in source.lines().enumerate() {
        let _ = writeln!(text, "{}", format!("{:3}  {line}", at + 1).trim_end());
    }
    text
}

/// What a program did: its output, the report of `evenly inspect`, its end.
pub(crate) fn of_run(run: &Run, language: Language) -> String {
    let mut text = String::new();
    for line in run.output.lines() {
        let _ = writeln!(text, "  | {line}");
    }
    if run.output.is_empty() {
        text.push_str(&say!(language, "It prints nothing.\n", "No imprime nada.\n"));
    }
    if let Some(report) = &run.report {
        text.push_str(&say!(
            language,
            "\nNothing moved for a second. evenly inspect says:\n\n",
            "\nDurante un segundo no se movió nada. evenly inspect dice:\n\n"
        ));
        // The table of a program that is well and goes on tells nothing.
        let is_well = run.verdicts.is_empty() && run.status.is_some();
        text.push_str(if is_well { &report.summary } else { &report.text });
        text.push_str(if is_well { "\n\n" } else { "\n" });
    }
    let status = run.status.map(|status| (status.code(), status));
    text.push_str(&match status {
        None => say!(
            language,
            "It does not end by itself. evenly has ended it.\n",
            "No termina solo: lo cortó evenly.\n"
        ),
        Some((Some(status), _)) => {
            say!(language, "It ends with status {status}.\n", "Termina con estado {status}.\n")
        }
        Some((None, status)) => say!(language, "It ends: {status}.\n", "Termina: {status}.\n"),
    });
    text
}

/// The letter of an answer.
pub(crate) fn letter(answer: usize) -> char {
    char::from(b'a'.saturating_add(u8::try_from(answer).unwrap_or(u8::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_80_characters() {
        let text = format!("{}\nend", "word ".repeat(40));
        let wrapped = wrapped(&text);
        assert!(wrapped.lines().all(|line| (1..=WIDTH).contains(&line.chars().count())));
        assert_eq!(wrapped.lines().last(), Some("end"));
        assert_eq!(wrapped.split_whitespace().count(), 41);
    }
}
