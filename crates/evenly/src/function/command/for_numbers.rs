//! Program, arguments and environment of one start of a command, for the numbers that it gets.

use super::array::ArrayJob;
use super::lines::{Lines, NoText};
use super::lookup;
use super::template::{Filling, Mark, TemplateWord, for_program, variable};
use super::{Command, Form, UnusableCommand, shown};
use crate::grid::Point;
use crate::process::orphans::WORKER;
use crate::process::task_directories::TaskFiles;
use evenly_core::Interval;
use rustix::io::Errno;
use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// Why the words of a run cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoWords {
    /// No program is found, or it cannot be executed.
    Program(Errno),
    /// The text of the line cannot be given.
    Text(NoText),
}

impl Command {
    /// The path of the program for these numbers, and its words.
    pub(crate) fn words_for(&self, numbers: Interval) -> Result<(CString, Vec<CString>), NoWords> {
        let words = self.filled(numbers).map_err(NoWords::Text)?;
        let program = match &self.program {
            Some(path) => path.clone(),
            None => lookup::find(OsStr::from_bytes(&words[0])).map_err(|error| match error {
                UnusableCommand::NotExecutable { cause, .. } => NoWords::Program(cause.errno()),
                _ => NoWords::Program(Errno::NOENT),
            })?,
        };
        let program = for_program(program.into_os_string().into_encoded_bytes());
        Ok((program, words.into_iter().map(for_program).collect()))
    }

    /// Whether a missing program is a failure of its number: texts name programs.
    pub(crate) fn has_texts_for_programs(&self) -> bool {
        self.program.is_none() && (self.lines.is_some() || self.grid.is_some())
    }

    fn filled(&self, numbers: Interval) -> Result<Vec<Vec<u8>>, NoText> {
        let marks = || self.words.iter().flat_map(TemplateWord::marks);
        let needs_text = marks().any(|mark| matches!(mark, Mark::Text(_)));
        let text = match self.line(numbers.first()).filter(|_| needs_text) {
            Some((lines, n)) => lines.text(n)?,
            None => Vec::new(),
        };
        let point = self.grid.as_ref().and_then(|grid| grid.point(numbers.first()));
        let values: Vec<i64> =
            point.into_iter().flat_map(Point::values).map(|(_, value)| value).collect();
        let bounds = Filling::of(numbers.first(), i128::from(numbers.last()) + 1);
        let filling = Filling { text: &text, values: &values, ..bounds };
        Ok(self.words.iter().map(|word| word.fill(filling)).collect())
    }

    /// The line that n stands for; `None` if n has no text: the items are numbers, or a run has several lines.
    fn line(&self, n: i64) -> Option<(&Lines, u64)> {
        let lines = self.lines.as_deref().filter(|_| self.form == Form::PerNumber)?;
        Some((lines, u64::try_from(n).unwrap_or(0)))
    }

    /// The text or point that n stands for, if it has one and can be read; of a text above 256 KiB the beginning. Any
    /// bytes: for a message, see [`printable`](crate::printable).
    #[must_use]
    pub fn text_of(&self, n: i64) -> Option<Vec<u8>> {
        if let Some(grid) = self.grid.as_ref().filter(|_| self.form == Form::PerNumber) {
            return Some(grid.point(n)?.to_string().into_bytes());
        }
        let (lines, n) = self.line(n)?;
        lines.beginning(n).ok()
    }

    /// The lines that its runs get.
    #[must_use]
    pub fn lines(&self) -> Option<&Lines> {
        self.lines.as_deref()
    }

    /// One run of it for these numbers, as one would type it into a shell; `None` of a coprocess, and of a text that
    /// cannot be given.
    #[doc(hidden)]
    #[must_use]
    pub fn shown_for(&self, numbers: Interval) -> Option<String> {
        if self.form == Form::Coprocess {
            return None;
        }
        let words = self.filled(numbers).ok()?.into_iter().map(OsString::from_vec);
        Some(shown(&words.collect::<Vec<_>>()))
    }

    /// The names of the variables that each command gets.
    pub(super) fn variables(&self) -> Vec<&'static str> {
        let mut names = vec![WORKER, "EVENLY_ATTEMPT"];
        names.extend_from_slice(match self.form {
            Form::PerNumber => &["EVENLY_INDEX"],
            Form::PerChunk => &["EVENLY_START", "EVENLY_END"],
            Form::Coprocess => &[],
        });
        names
    }

    /// What every command gets as its environment.
    pub(crate) fn environment(&self) -> &[CString] {
        &self.environment
    }

    /// Environment variables of one run: its numbers, the number of its worker, its attempt, and what a task of an
    /// array job gets; that has `files`.
    pub(crate) fn variables_for(
        &self,
        numbers: Interval,
        worker: usize,
        attempt: u32,
        files: Option<&TaskFiles>,
    ) -> Vec<CString> {
        let (start, end) = (numbers.first(), i128::from(numbers.last()) + 1);
        let number =
            |name: &str, value: i128| variable(name.as_bytes(), value.to_string().as_bytes());
        let mut variables =
            vec![number(WORKER, worker as i128), number("EVENLY_ATTEMPT", attempt.into())];
        match self.form {
            Form::PerNumber => variables.push(number("EVENLY_INDEX", start.into())),
            Form::PerChunk => {
                variables.push(number("EVENLY_START", start.into()));
                variables.push(number("EVENLY_END", end));
            }
            Form::Coprocess => {}
        }
        if let (Some(array), Some(files)) = (&self.array, files) {
            variables.extend(array.variables(start, attempt, files));
            variables.extend(self.path_with_srun(&files.programs));
        }
        variables
    }

    /// The lines of the file with one host for each CPU of a task, if it has an array job.
    pub(crate) fn array_hosts(&self) -> Option<String> {
        self.array.as_ref().map(ArrayJob::hosts)
    }
}
