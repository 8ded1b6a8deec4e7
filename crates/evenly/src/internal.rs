//! Items for the command line `evenly` and the fuzz targets. They are not part of the public interface and
//! may change in any version.

#[cfg(feature = "journal")]
use std::ffi::OsString;
#[cfg(feature = "journal")]
use std::path::{Path, PathBuf};

pub use crate::exercise::{Exercise, ExerciseError, ExerciseStage, ExerciseWatcher};
#[cfg(feature = "expression")]
pub use crate::function::expression::{Operation, operations};
pub use crate::item::shown_text;
#[cfg(feature = "journal")]
pub use crate::journal::{JournalSurvey, SurveyedRow, merge_finished_parts, survey, surveyed_rows};
pub use crate::launch::{Bootstrap, Launch, SentFile};
pub use crate::observe::stages::{CommandProcess, Processes, Stage, StageHook, WorkerProcess};
pub use crate::process::{
    EndSignals, continue_guarded, end_is_asked_for, make_full_files_errors, raise_again,
    raise_broken_pipe, stack_limit, stop_if_asked,
};
pub use crate::quoted::quoted;

/// Snapshots of processes, descriptor tables, pipes and sockets: what `--wiring` draws.
pub mod procfs_snapshot {
    pub use crate::procfs_snapshot::*;
}

/// Pauses the job at each [`Stage`] and calls the hook. Workers stop themselves (`SIGSTOP`) after the fork
/// and after they close descriptors, so that the hook can read their state in proc(5).
#[must_use]
pub fn at_stages(mut job: crate::Job, hook: Box<dyn StageHook>) -> crate::Job {
    job.stage_hook = Some(hook);
    job
}

/// The positions of items in the order of a job that is [shuffled](crate::Job::shuffled) by this seed, block by block.
pub fn shuffled_blocks(
    items: &crate::Items,
    (policy, form): (crate::Policy, crate::function::Form),
    workers: u32,
    seed: u64,
) -> impl Iterator<Item = crate::Interval> {
    let shuffle = crate::job::plan::shuffle_by(seed, (policy, Some(form)), workers);
    items.positions().interval().into_iter().flat_map(move |all| shuffle.blocks(all))
}

/// Starts a program that starts an agent elsewhere, and starts it again whenever it ends before the job.
#[cfg(feature = "sockets")]
#[must_use]
pub fn launching(mut job: crate::Job, launch: Launch) -> crate::Job {
    job.agent_sources.launches.push(launch);
    job
}

/// Keeps in the journal the command line that starts its job again, and the directory to start it in.
#[cfg(feature = "journal")]
#[must_use]
pub fn with_command_line(
    journal: crate::journal::Journal,
    words: Vec<OsString>,
    directory: PathBuf,
) -> crate::journal::Journal {
    journal.with_command_line(words, directory)
}

/// The command line that a journal keeps, its directory and items; `None` if it keeps none.
///
/// # Errors
/// If the journal cannot be read, or is not sound.
#[cfg(feature = "journal")]
pub fn command_line(
    path: &Path,
) -> Result<Option<crate::journal::RecordedCall>, crate::journal::JournalError> {
    crate::journal::command_line(path)
}

/// The process that works on a journal at this moment, if there is one and the kernel says which one it is.
#[cfg(feature = "journal")]
#[must_use]
pub fn journal_user(path: &Path) -> Option<u32> {
    crate::journal::user_of(path)
}

/// The value of an expression for `n`, by evaluation of its syntax tree: the reference for its machine code. `None`
/// if that takes more rounds of loops than this.
///
/// # Errors
/// The arithmetic fault, if it has no value.
#[cfg(feature = "expression")]
pub fn value_by_tree(
    expression: &crate::function::Expression,
    n: i64,
    rounds: u64,
) -> Option<Result<i128, evenly_core::Arithmetic>> {
    expression.value_by_tree(n, rounds)
}
