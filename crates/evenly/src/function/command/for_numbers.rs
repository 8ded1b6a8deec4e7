//! Program, arguments and environment of one start of a command, for the numbers that it gets.

use super::array::ArrayJob;
use super::lookup;
use super::template::{for_program, variable};
use super::{Command, Form, UnusableCommand, shown};
use crate::process::orphans::WORKER;
use crate::process::task_directories::TaskFiles;
use evenly_core::Interval;
use rustix::io::Errno;
use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

impl Command {
    /// The path of the program for these numbers.
    pub(crate) fn program_for(&self, numbers: Interval) -> Result<CString, Errno> {
        let found = match &self.program {
            Some(path) => path.clone(),
            None => {
                let name = self.words[0].fill(numbers.first(), i128::from(numbers.last()) + 1);
                lookup::find(OsStr::from_bytes(&name)).map_err(|error| match error {
                    UnusableCommand::NotExecutable { cause, .. } => cause.errno(),
                    _ => Errno::NOENT,
                })?
            }
        };
        Ok(for_program(found.into_os_string().into_encoded_bytes()))
    }

    /// Its words for these numbers.
    pub(crate) fn arguments_for(&self, numbers: Interval) -> Vec<CString> {
        let (start, end) = (numbers.first(), i128::from(numbers.last()) + 1);
        self.words.iter().map(|word| for_program(word.fill(start, end))).collect()
    }

    /// One run of it for these numbers, as one would type it into a shell; `None` of a coprocess.
    #[must_use]
    pub fn shown_for(&self, numbers: Interval) -> Option<String> {
        if self.form == Form::Coprocess {
            return None;
        }
        let (start, end) = (numbers.first(), i128::from(numbers.last()) + 1);
        let words = self.words.iter().map(|word| OsString::from_vec(word.fill(start, end)));
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
