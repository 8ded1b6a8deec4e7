//! Journal options of a job: a named file, or an automatic journal after a minute.

use crate::arguments::JobArguments;
use crate::duration::parse_duration;
use crate::exit::ExitOutcome;
use crate::journal_options::JournalArguments;
use crate::lines;
use crate::resume_line::ResumeLine;
use crate::stderr;
use evenly::internal::quoted;
use evenly::journal::{self, Journal, PartOfItems};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Time before an automatic journal is begun: a shorter run needs none.
const MINUTE: Duration = Duration::from_secs(60);

/// Environment variable with another time before an automatic journal, as in `30s`, or `never`.
const AFTER: &str = "EVENLY_JOURNAL_AFTER";

/// The journal options of one call.
#[derive(Clone, Debug)]
pub(crate) struct Journaling {
    options: JournalArguments,
    /// Time before an automatic journal is begun; `None`: never.
    after: Option<Duration>,
    is_quiet: bool,
    part: Option<PartOfItems>,
    /// Whether the items are lines of standard input, which no journal keeps.
    has_piped_lines: bool,
}

impl Journaling {
    pub(crate) fn resolve(arguments: &JobArguments) -> Result<Self, ExitOutcome> {
        let after = match std::env::var(AFTER).as_deref() {
            // A run with --wiring stands still for as long as its user looks.
            _ if arguments.call.wiring.is_given() => None,
            Ok("never") => None,
            Ok(text) => Some(parse_duration(text).map_err(|cause| {
                ExitOutcome::Usage(format!("bad value '{text}' of {AFTER}: {cause}; or never"))
            })?),
            Err(_) => Some(MINUTE),
        };
        let (options, is_quiet) = (arguments.journal.clone(), arguments.call.quiet);
        let has_piped_lines = lines::are_piped(arguments);
        Ok(Self { options, after, is_quiet, part: None, has_piped_lines })
    }

    /// The same for a job that is this part of others.
    pub(crate) fn of_part(self, part: Option<PartOfItems>) -> Self {
        Self { part, ..self }
    }

    /// Whether an existing journal is continued.
    pub(crate) fn resumes(&self) -> bool {
        self.options.resume
    }

    /// The file of `--journal`.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.options.file.as_deref()
    }

    /// The journal settings for the library, with the words of the call for a later `evenly resume`.
    pub(crate) fn journal(&self, words: Vec<OsString>) -> Option<Journal> {
        let mut journal = match (&self.options.file, self.after) {
            (Some(file), _) => Journal::at(file),
            (None, Some(after)) => Journal::in_state_directory_after(after),
            (None, None) => return None,
        };
        if let Some(part) = &self.part {
            journal = journal.part(part.clone());
        }
        if self.options.is_expected {
            journal = journal.resume_existing();
        } else if self.options.resume {
            journal = journal.resume();
        }
        if self.options.retry_failed {
            journal = journal.retry_failed();
        }
        if self.options.accept_change {
            journal = journal.accept_change();
        }
        match std::env::current_dir() {
            Ok(directory) => Some(evenly::internal::with_command_line(journal, words, directory)),
            Err(_) => Some(journal),
        }
    }

    /// Prints the `evenly resume` line after a run without an answer; removes the automatic journal after a run with
    /// one. `begun` is the path of an automatic journal that was begun during the run.
    pub(crate) fn end(&self, begun: Option<PathBuf>, outcome: &Result<(), ExitOutcome>) {
        let is_unnamed = self.options.file.as_ref().is_none_or(|file| is_unnamed(file));
        let Some(file) = begun.or_else(|| self.options.file.clone()) else { return };
        let again = ResumeLine::new(&file, self.has_piped_lines);
        let options = match outcome {
            // A resumed run would come to the same end, or refuse the journal.
            Ok(())
            | Err(ExitOutcome::No | ExitOutcome::NoAnswer(_) | ExitOutcome::Untrusted(_)) => {
                if is_unnamed && let Err(error) = journal::discard(&file) {
                    stderr::say_at_last(&format!("evenly: {error}\n"));
                }
                return;
            }
            Err(ExitOutcome::FateUnknown(_)) if !self.is_quiet && file.exists() => {
                stderr::say_at_last(&format!(
                    "evenly: finished work is kept; to decide about a command of unknown fate: evenly settle {} \
                     ITEMS done|retry; to start all of them again: {}{}\n",
                    quoted(file),
                    again.with(" --retry-failed"),
                    again.needs()
                ));
                return;
            }
            Err(ExitOutcome::SomeFailed(_)) => " --retry-failed",
            // The reader that closed the pipe may want the rest later.
            Err(
                ExitOutcome::Incomplete(_)
                | ExitOutcome::Deadline(_)
                | ExitOutcome::NoAtDeadline(_)
                | ExitOutcome::Interrupted(..)
                | ExitOutcome::BrokenPipe,
            ) => "",
            Err(_) => return,
        };
        if !self.is_quiet && file.exists() {
            stderr::say_at_last(&format!(
                "evenly: finished work is kept; to continue: {}{}\n",
                again.with(options),
                again.needs()
            ));
        }
    }
}

/// Whether this is an automatic journal: it lies in the state directory.
fn is_unnamed(file: &Path) -> bool {
    let directory = journal::directory().ok().and_then(|path| path.canonicalize().ok());
    let parent = file.canonicalize().ok().and_then(|file| file.parent().map(ToOwned::to_owned));
    directory.is_some() && directory == parent
}
