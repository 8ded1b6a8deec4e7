//! The line that continues a journal, as messages write it.

use evenly::internal::quoted;
use std::path::Path;

/// What stands before a call whose lines come from standard input.
pub(crate) const PIPE: &str = "… | ";

/// A line that continues a journal.
#[derive(Clone, Debug)]
pub(crate) struct ResumeLine {
    /// The name of the journal, for a shell.
    file: String,
    form: Form,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Resume,
    /// No journal keeps the lines of standard input: the call reads them again.
    ResumePipedLines,
    Program,
}

impl ResumeLine {
    pub(crate) fn new(file: &Path, has_piped_lines: bool) -> Self {
        let form = if has_piped_lines { Form::ResumePipedLines } else { Form::Resume };
        Self { file: quoted(file), form }
    }

    /// That of a journal without its call: a program that uses the library wrote it.
    pub(crate) fn of_program(file: &Path) -> Self {
        Self { file: quoted(file), form: Form::Program }
    }

    /// The same line for any one of several journals.
    pub(crate) fn of_any(self) -> Self {
        Self { file: "FILE".to_owned(), ..self }
    }

    /// The line with these options, each after a space.
    pub(crate) fn with(&self, options: &str) -> String {
        match self.form {
            Form::Resume => format!("evenly resume {}{options}", self.file),
            Form::ResumePipedLines => format!("{PIPE}evenly resume {}{options}", self.file),
            Form::Program if options.is_empty() => {
                "a second call of the program that wrote it".to_owned()
            }
            Form::Program => format!("a second call of the program that wrote it, with{options},"),
        }
    }

    /// What else the line needs, in brackets.
    pub(crate) fn needs(&self) -> &'static str {
        match self.form {
            Form::ResumePipedLines => {
                " (the lines came from standard input: give the same ones again)"
            }
            Form::Resume | Form::Program => "",
        }
    }
}
