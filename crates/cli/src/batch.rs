//! A batch script that is ready to run, and the lines that run its tasks again.

use evenly::function::{ArrayJob, BatchScript};

/// A batch script that is ready to run.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) job: ArrayJob,
    pub(crate) script: BatchScript,
    /// The line that says under which id it was submitted.
    pub(crate) submitted: String,
    /// What the user should know about its options.
    pub(crate) hints: Vec<String>,
    pub(crate) rerun: RerunLine,
    /// Words for the options that environment variables have: a journal records them, as if they had been typed.
    pub(crate) from_environment: Vec<String>,
}

/// The call that runs some tasks again, before and behind the value of `--array`.
#[derive(Clone, Debug)]
pub(crate) struct RerunLine {
    pub(crate) before: String,
    pub(crate) behind: String,
    pub(crate) is_array: bool,
}

impl RerunLine {
    /// The line that runs these tasks again, which are written as for `--array`.
    pub(crate) fn of_tasks(&self, tasks: &str) -> String {
        let Self { before, behind, is_array } = self;
        let array = if *is_array { format!(" --array={tasks}") } else { String::new() };
        format!("{before}{array}{behind}")
    }
}
