//! Commands as functions: a program that is run for each n, for each chunk, or once in each worker.
//!
//! Here are the program, its arguments and environment, and the meaning of its output. The worker starts it, waits for
//! it and ends it (`driver/worker`).

mod answer;
mod array;
mod batch;
mod braces;
mod external;
mod fingerprint;
mod for_numbers;
mod lines;
mod lookup;
mod obstacle;
mod output_form;
mod output_options;
mod placeholder;
mod results;
mod scripts;
mod srun;
mod start_limits;
mod template;
#[cfg(test)]
mod tests;
mod text_part;
mod unusable;

pub(crate) use answer::MOST_OUTPUT;
pub use array::{ArrayJob, ArraySystem};
pub use batch::{BatchScript, Exported};
pub use fingerprint::UnreadableFile;
pub(crate) use for_numbers::NoWords;
pub(crate) use lines::NoText;
pub use lines::{LineEnd, Lines, LinesError};
pub use obstacle::Obstacle;
pub(crate) use output_form::LineTags;
pub(crate) use results::KeptOutput;
pub use results::ResultFiles;
pub use start_limits::StartLimits;
pub use unusable::UnusableCommand;

use crate::grid::Grid;
use crate::quoted::quoted;
use evenly_core::{Interval, Items};
use fingerprint::CommandFingerprint;
use output_form::OutputForm;
use std::ffi::{CString, OsStr, OsString};
use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::rc::Rc;
use template::{Filling, Mark, Placeholders, TemplateWord};

/// How often a command is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Once for each number.
    PerNumber,
    /// Once for each chunk.
    PerChunk,
    /// Once in each worker: it reads chunks as lines and answers each with a line.
    Coprocess,
}

/// A program that workers run for each number, for each chunk, or once each as a coprocess; its exit status and its
/// standard output are the answer.
///
/// [`new`](Self::new) searches the program in `PATH` as execvp(3) does and checks that it can be executed, so a missing
/// program is refused before the job starts. [`into_function`](Self::into_function) makes the function of a [`Job`].
///
/// # How a command is run
/// - No shell reads the words: `{}`, `{start}` and `{end}` are replaced by numbers, and nothing else is. `{{}}` is a
///   literal `{}`.
/// - Each run has a process group of its own, `/dev/null` as standard input, and the environment of the calling
///   process with `EVENLY_INDEX`, or `EVENLY_START` and `EVENLY_END`, and with `EVENLY_WORKER` and `EVENLY_ATTEMPT`.
/// - Where a job asks for yes or no, exit status 0 is yes, 1 is [no](Self::no_status), and any other status or a signal
///   is a failure. Where a job asks for integers, the command prints one integer and exits with status 0. Output of
///   more than 16 MiB is a failure there.
/// - [`Job::timeout`](crate::Job::timeout) and [`Job::memory`](crate::Job::memory) limit one run, with all that it
///   started. A command that has to end gets `SIGTERM`, and `SIGKILL` after [`Job::grace`](crate::Job::grace).
/// - A run can be repeated after its worker was lost. Commands with side effects take
///   [`at_most_once`](Self::at_most_once).
///
/// # Examples
/// ```
/// use evenly::function::{Command, UnusableCommand};
/// use evenly::{Job, Range};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let words = ["test", "{}", "-ge", "5"].map(Into::into).to_vec();
/// let report = Job::count(Range::new(0, 8)?, Command::new(words)?.into_function()).run()?;
/// assert_eq!(report.answer.to_string(), "3");
///
/// let missing = Command::new(["no-such-program", "{}"].map(Into::into).to_vec());
/// assert!(matches!(missing, Err(UnusableCommand::NotFound { .. })));
/// # Ok(())
/// # }
/// ```
///
/// [`Job`]: crate::Job
#[derive(Clone, Debug)]
pub struct Command {
    form: Form,
    /// As they were given, and taken apart at their marks.
    given: Vec<OsString>,
    words: Vec<TemplateWord>,
    /// As one would type it into a shell.
    shown: String,
    /// Where the program is, unless a number stands in its name.
    program: Option<PathBuf>,
    /// The exit status that means no.
    no_status: u8,
    /// The array job that each run is a task of (`--as`).
    array: Option<ArrayJob>,
    output_form: OutputForm,
    /// How often it is run again for what failed.
    repeats: u8,
    /// Whether the standard error of attempts that others follow is passed on, too.
    shows_failed_attempts: bool,
    /// Whether it is never started again for numbers whose end is unknown.
    is_at_most_once: bool,
    /// Where its output is kept (`--results`).
    results: Option<ResultFiles>,
    start_limits: StartLimits,
    /// The environment of this process, but for the variables that each command gets its own of.
    environment: Vec<CString>,
    fingerprint: CommandFingerprint,
    /// The batch script of which a copy is run in the place of the program.
    batch: Option<BatchScript>,
    /// The texts that stand for numbers in its words.
    lines: Option<Rc<Lines>>,
    /// The grid whose points the numbers are.
    grid: Option<Rc<Grid>>,
}

/// The words as one types them into a shell.
fn shown(words: &[OsString]) -> String {
    let words: Vec<String> = words.iter().map(quoted).collect();
    words.join(" ")
}

fn check_placeholders(words: &[OsString], known: Placeholders<'_>) -> Result<(), UnusableCommand> {
    match words.iter().find_map(|word| placeholder::unknown(word.as_bytes(), known)) {
        None => Ok(()),
        Some(placeholder) => Err(UnusableCommand::UnknownPlaceholder {
            placeholder: placeholder.to_owned(),
            command: shown(words),
            placeholders: known.described() + placeholder::instead_of(placeholder),
        }),
    }
}

impl Command {
    /// A command that is run for each number, where `{}` stands in one of its words, or for each chunk, where
    /// `{start}` and `{end}` do. There is no shell.
    ///
    /// # Errors
    /// If there is no such program, if the kernel would not execute it (execve(2)), if no word has a place for a
    /// number, or if a placeholder is unknown.
    pub fn new(words: Vec<OsString>) -> Result<Self, UnusableCommand> {
        Self::with_placeholders(words, Placeholders::Numbers)
    }

    /// A command that is run for each line of a file, or for each chunk of its lines. The number of a line counts from 1;
    /// the numbers of the job are such numbers. `{}` is the text of the line, `{n}` its number, and `{.}`, `{/}`, `{//}`
    /// and `{/.}` are the parts of the text that GNU parallel gives. The text is passed as it is; no shell reads it.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of_lines(words: Vec<OsString>, lines: Rc<Lines>) -> Result<Self, UnusableCommand> {
        Ok(Self::with_placeholders(words, Placeholders::Lines)?.with_lines(lines))
    }

    /// A command that is run for each point of a grid, by its number. `{a}` is the value of the variable a, `{1}` that of
    /// the first variable, `{}` all values with spaces between them, and `{n}` the number of the point.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of_grid(words: Vec<OsString>, grid: Rc<Grid>) -> Result<Self, UnusableCommand> {
        let command = Self::with_placeholders(words, Placeholders::Points(&grid))?;
        Ok(Self { grid: Some(grid), ..command })
    }

    fn with_placeholders(
        words: Vec<OsString>,
        placeholders: Placeholders<'_>,
    ) -> Result<Self, UnusableCommand> {
        check_placeholders(&words, placeholders)?;
        let mut command = Self::of(words, placeholders)?;
        let has = |is_wanted: fn(Mark) -> bool| {
            command.words.iter().flat_map(TemplateWord::marks).any(is_wanted)
        };
        command.form = match (has(Mark::is_of_number), has(|mark| !mark.is_of_number())) {
            (true, false) => Form::PerNumber,
            (false, true) => Form::PerChunk,
            (false, false) => {
                let missing = placeholders.missing();
                return Err(UnusableCommand::NoMark { command: command.shown, missing });
            }
            (true, true) => return Err(UnusableCommand::BothMarks { command: command.shown }),
        };
        Ok(command)
    }

    /// A command that is started once in each worker and answers lines.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn coprocess(words: Vec<OsString>) -> Result<Self, UnusableCommand> {
        Ok(Self { form: Form::Coprocess, ..Self::of(words, Placeholders::None)? })
    }

    /// A script of an array job: it is run for each number, with the environment of a task of that job.
    ///
    /// # Errors
    /// As [`new`](Self::new); but it needs no place for the number.
    pub fn array(words: Vec<OsString>, job: ArrayJob) -> Result<Self, UnusableCommand> {
        check_placeholders(&words, Placeholders::Numbers)?;
        let command = Self::of(words, Placeholders::Numbers)?;
        if command.words.iter().flat_map(TemplateWord::marks).any(|mark| mark != Mark::Number) {
            return Err(UnusableCommand::NoArray { command: command.shown });
        }
        let job = job.named_after(&command.given[0]);
        Ok(Self { array: Some(job), ..command })
    }

    /// What an agent brings: how it is run is for the job to say.
    ///
    /// # Errors
    /// As [`new`](Self::new); but it needs no place for a number.
    pub fn brought(words: Vec<OsString>) -> Result<Self, UnusableCommand> {
        Self::of(words, Placeholders::None)
    }

    /// The same over these lines.
    fn with_lines(self, lines: Rc<Lines>) -> Self {
        let fingerprint = self.fingerprint.with_lines(&lines);
        Self { fingerprint, lines: Some(lines), ..self }
    }

    fn of(words: Vec<OsString>, placeholders: Placeholders<'_>) -> Result<Self, UnusableCommand> {
        let shown = shown(&words);
        let given = words.clone();
        let words: Vec<TemplateWord> =
            words.into_iter().map(|word| TemplateWord::new(word, placeholders)).collect();
        let name = words.first().ok_or(UnusableCommand::Empty)?;
        let program = match name.marks().next() {
            Some(_) => None,
            None => Some(lookup::find(OsStr::from_bytes(&name.fill(Filling::of(0, 0))))?),
        };
        let fingerprint = CommandFingerprint::of(&given);
        Ok(Self {
            form: Form::PerNumber,
            given,
            words,
            shown,
            program,
            no_status: 1,
            array: None,
            output_form: OutputForm::default(),
            repeats: 0,
            shows_failed_attempts: false,
            is_at_most_once: false,
            results: None,
            start_limits: StartLimits::default(),
            environment: Vec::new(),
            fingerprint,
            batch: None,
            lines: None,
            grid: None,
        })
    }

    /// Takes this exit status for no, instead of 1.
    #[must_use]
    pub fn no_status(self, status: std::num::NonZeroU8) -> Self {
        Self { no_status: status.get(), ..self }
    }

    /// Runs it this many times more for numbers that failed.
    #[must_use]
    pub fn repeats(self, repeats: u8) -> Self {
        Self { repeats, ..self }
    }

    /// Passes on the standard error of every attempt. Without this call, workers pass on that of the last attempt
    /// where one that failed is run again, for half of its chunk or by [`repeats`](Self::repeats). Not part of the
    /// function's name: agents decide for their own workers.
    #[must_use]
    pub fn show_failed_attempts(self) -> Self {
        Self { shows_failed_attempts: true, ..self }
    }

    /// Never starts it again for numbers for which it may have been started, and whose end is unknown:
    /// these fail with [a cause](evenly_core::Cause::Unknown) of their own. Not for a coprocess, which is
    /// asked again what it did not answer.
    #[must_use]
    pub fn at_most_once(self) -> Self {
        Self { is_at_most_once: true, ..self }
    }

    /// Keeps the output of each run in files. Not for a coprocess, whose runs have no end of their own. Not part of
    /// the function's name: the workers of an agent keep none.
    #[must_use]
    pub fn results(self, files: ResultFiles) -> Self {
        Self { results: Some(files), ..self }
    }

    /// Starts it only within these limits, on this machine. Not part of the function's name: agents have none. Not for
    /// a coprocess.
    #[must_use]
    pub fn start_limits(self, limits: StartLimits) -> Self {
        Self { start_limits: limits, ..self }
    }

    /// Depends on these files, too. An agent needs the same, by their bytes; their names may differ.
    ///
    /// # Errors
    /// If one of them cannot be read, or is no regular file.
    pub fn depends(self, paths: &[PathBuf]) -> Result<Self, UnreadableFile> {
        Ok(Self { fingerprint: self.fingerprint.with(paths)?, ..self })
    }

    /// How often it is run.
    #[must_use]
    pub fn form(&self) -> Form {
        self.form
    }

    /// How often it is run again for what failed.
    pub(crate) fn repeats_of_failed(&self) -> u8 {
        self.repeats
    }

    /// Whether the standard error of attempts that others follow is passed on, too.
    pub(crate) fn shows_failed_attempts(&self) -> bool {
        self.shows_failed_attempts
    }

    /// Whether it is never started again for numbers whose end is unknown.
    pub(crate) fn is_at_most_once(&self) -> bool {
        self.is_at_most_once
    }

    /// The array job that its runs are tasks of.
    #[must_use]
    pub fn array_job(&self) -> Option<&ArrayJob> {
        self.array.as_ref()
    }

    /// Checks that agents can get all that they need to know of it.
    ///
    /// # Errors
    /// If the path of the directory that an array job was submitted in is too long.
    #[doc(hidden)]
    pub fn check_for_agents(&self) -> Result<(), UnusableCommand> {
        // The options in front of it are short.
        let most = evenly_core::hello::MAX_TEXT - 100;
        match &self.array {
            Some(array) if array.submitted().len() > most => Err(UnusableCommand::LongDirectory),
            _ => Ok(()),
        }
    }

    /// Why it may not start now; `None` if it may.
    pub(crate) fn obstacle_to_start(&self) -> Option<String> {
        self.start_limits.obstacle()
    }

    /// Where the output of each run is kept.
    pub(crate) fn result_files(&self) -> Option<&ResultFiles> {
        self.results.as_ref()
    }

    /// The name of a run in result files, and in tags without texts: `7`, or `0..250` for a chunk.
    pub(crate) fn run_name(&self, numbers: Interval) -> String {
        results::run_name(numbers, self.form != Form::PerNumber)
    }

    /// As it is typed, but for the range and the id of an array job: the same for each run of one job.
    fn name(&self) -> String {
        format!("{}-- {}", self.options(false), self.shown)
    }

    /// The name with the submission of its array job and the form of its output, which agents need.
    fn name_for_agents(&self) -> String {
        let submitted =
            self.array.as_ref().map(|array| format!("{SUBMITTED} {} ", array.submitted()));
        let most = self.most_output().map(|most| format!("{MAX_OUTPUT} {most} "));
        let live = if self.has_live_lines() { "--line-buffer " } else { "" };
        format!(
            "{}{}{live}{}",
            submitted.unwrap_or_default(),
            most.unwrap_or_default(),
            self.name()
        )
    }

    /// The same command as a job over these items runs it that calls it so; `None` if the name is not understood.
    fn as_in(&self, name: &str, items: &Items) -> Option<Self> {
        let mut options = name.split(' ').take_while(|word| *word != "--");
        let (mut form, mut submitted, mut has_lines) = (None, "", false);
        let mut axes = Vec::new();
        let output_form = OutputForm::default();
        let mut command = Self { array: None, no_status: 1, output_form, ..self.clone() };
        while let Some(option) = options.next() {
            match option {
                "--coprocess" => form = Some(Form::Coprocess),
                SUBMITTED => submitted = options.next()?,
                "--as" => {
                    command.array = Some(ArrayJob::of_words(options.next()?, submitted, items)?);
                }
                "--no-status" => command.no_status = options.next()?.parse().ok()?,
                "--retries" => command.repeats = options.next()?.parse().ok()?,
                "--tag" => command.output_form.is_tagged = true,
                "--line-buffer" => command.output_form.has_live_lines = true,
                MAX_OUTPUT => command.output_form.most = Some(options.next()?.parse().ok()?),
                "--at-most-once" => command.is_at_most_once = true,
                // Which lines: the agent got them from its primary.
                "--lines" | "--lines0" => has_lines = true,
                "--grid" => {
                    let (name, values) = options.next()?.split_once('=')?;
                    axes.push((name, values.parse().ok()?));
                }
                _ => return None,
            }
        }
        let again = match form {
            Some(_) => Self::coprocess(self.given.clone()),
            None if command.array.is_some() => Self::of(self.given.clone(), Placeholders::Numbers),
            None if has_lines => Self::with_placeholders(self.given.clone(), Placeholders::Lines),
            None if !axes.is_empty() => {
                Self::of_grid(self.given.clone(), Rc::new(Grid::new(axes).ok()?))
            }
            None => Self::new(self.given.clone()),
        };
        if has_lines != self.lines.is_some() {
            return None;
        }
        let Self { no_status, array, output_form, repeats, is_at_most_once, .. } = command;
        // The files as they were when they were compared; and what this agent says for its own workers.
        let again = Self {
            fingerprint: self.fingerprint.clone(),
            lines: self.lines.clone(),
            shows_failed_attempts: self.shows_failed_attempts,
            ..again.ok()?
        };
        Some(Self { no_status, array, output_form, repeats, is_at_most_once, ..again })
    }

    /// Its options as they are typed before the range, each with a space behind it; with the tasks and the id of
    /// an array job and the file of its lines, if `is_rerun`.
    fn options(&self, is_rerun: bool) -> String {
        let mut options = String::new();
        if self.form == Form::Coprocess {
            options += "--coprocess ";
        }
        if let Some(lines) = &self.lines {
            let _ = write!(options, "{} ", lines.line_end().option());
            if is_rerun {
                let _ = write!(options, "{} ", quoted(lines.named()));
            }
        }
        if let Some(grid) = &self.grid {
            options += grid.options().trim_start();
            options += " ";
        }
        if let Some(array) = &self.array {
            let _ = write!(options, "--as {} ", array.shown(is_rerun, is_rerun));
        }
        if self.no_status != 1 {
            let _ = write!(options, "--no-status {} ", self.no_status);
        }
        if self.output_form.is_tagged {
            options += "--tag ";
        }
        if self.is_at_most_once {
            options += "--at-most-once ";
        }
        if self.repeats > 0 {
            let _ = write!(options, "--retries {} ", self.repeats);
        }
        options
    }
}

/// Option in the name that agents get: the submission of an array job.
const SUBMITTED: &str = "--submitted";

/// Option in the name that agents get: the most bytes of output.
const MAX_OUTPUT: &str = "--max-output";
