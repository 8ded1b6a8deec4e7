//! The journal of a job, as it is asked for: in a file that is named, or after a minute in one that is not.

use crate::arguments::JobArguments;
use crate::duration::parse_duration;
use crate::exit::Outcome;
use crate::stderr;
use evenly::journal::{self, Journal};
use evenly::quoted;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A run that is over before has no journal unless one is named.
const MINUTE: Duration = Duration::from_secs(60);

/// After how long, as in 30s, or never; for whoever wants it otherwise.
const AFTER: &str = "EVENLY_JOURNAL_AFTER";

/// What is wanted of a journal.
#[derive(Clone, Debug)]
pub(crate) struct Journaling {
    file: Option<PathBuf>,
    resume: bool,
    /// Whether the file must be there: `evenly resume` chose it.
    is_expected: bool,
    retry_failed: bool,
    accept_change: bool,
    /// Unless a file is named; `None`: never.
    after: Option<Duration>,
    is_quiet: bool,
}

impl Journaling {
    pub(crate) fn resolve(arguments: &JobArguments) -> Result<Self, Outcome> {
        let JobArguments { journal, resume, retry_failed, accept_change, .. } = arguments;
        let after = match std::env::var(AFTER).as_deref() {
            // Who looks at stages stands still for as long as it takes.
            _ if arguments.wiring => None,
            Ok("never") => None,
            Ok(text) => Some(parse_duration(text).map_err(|cause| {
                Outcome::Usage(format!("bad value '{text}' of {AFTER}: {cause}; or never"))
            })?),
            Err(_) => Some(MINUTE),
        };
        Ok(Self {
            file: journal.clone(),
            resume: *resume,
            is_expected: arguments.expects_journal,
            retry_failed: *retry_failed,
            accept_change: *accept_change,
            after,
            is_quiet: arguments.quiet,
        })
    }

    /// Whether a journal is gone on with if it is there.
    pub(crate) fn resumes(&self) -> bool {
        self.resume
    }

    /// The file that was named, if one was.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The journal of a job that is called by these words.
    pub(crate) fn journal(&self, words: Vec<OsString>) -> Option<Journal> {
        let mut journal = match (&self.file, self.after) {
            (Some(file), _) => Journal::at(file),
            (None, Some(after)) => Journal::in_state_directory_after(after),
            (None, None) => return None,
        };
        if self.is_expected {
            journal = journal.resume_existing();
        } else if self.resume {
            journal = journal.resume();
        }
        if self.retry_failed {
            journal = journal.retry_failed();
        }
        if self.accept_change {
            journal = journal.accept_change();
        }
        match std::env::current_dir() {
            Ok(directory) => Some(journal.call(words, directory)),
            Err(_) => Some(journal),
        }
    }

    /// Says how a run is gone on with that has no answer, or removes the journal of one that has and
    /// that nobody named. `begun` is where one was begun while it ran.
    pub(crate) fn end(&self, begun: Option<PathBuf>, outcome: &Result<(), Outcome>) {
        let is_unnamed = self.file.as_ref().is_none_or(|file| is_unnamed(file));
        let Some(file) = begun.or_else(|| self.file.clone()) else { return };
        let again = match outcome {
            // No resumed run comes to another end; one that cannot be trusted is refused.
            Ok(()) | Err(Outcome::No | Outcome::NoAnswer(_) | Outcome::Untrusted(_)) => {
                if is_unnamed && let Err(error) = journal::discard(&file) {
                    stderr::say_at_last(&format!("evenly: {error}\n"));
                }
                return;
            }
            // What is not known is started again on purpose only.
            Err(Outcome::SomeFailed(_) | Outcome::FateUnknown(_)) => " --retry-failed",
            // Whoever stopped reading may want to go on, after so long.
            Err(
                Outcome::Incomplete(_)
                | Outcome::Deadline(_)
                | Outcome::NoAtDeadline(_)
                | Outcome::Interrupted(..)
                | Outcome::BrokenPipe,
            ) => "",
            Err(_) => return,
        };
        if !self.is_quiet && file.exists() {
            let file = quoted(file);
            stderr::say_at_last(&format!(
                "evenly: finished work is kept; to continue: evenly resume {file}{again}\n"
            ));
        }
    }
}

/// Whether it is one of those that nobody named, and so nobody keeps.
fn is_unnamed(file: &Path) -> bool {
    let directory = journal::directory().ok().and_then(|path| path.canonicalize().ok());
    let parent = file.canonicalize().ok().and_then(|file| file.parent().map(ToOwned::to_owned));
    directory.is_some() && directory == parent
}
