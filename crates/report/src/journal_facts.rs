//! What a journal says about a run beside its rows.

use crate::run_outcome::AnswerFacts;
use evenly_core::Items;

/// What a journal says about a run beside its rows.
#[derive(Clone, Debug)]
pub struct JournalFacts {
    /// The verb, the function, and the digest of what runs.
    pub command: String,
    /// The function by its name or source.
    pub function: String,
    /// The digest of what runs and is not in the name; empty if there is nothing of the kind.
    pub program: String,
    /// The version of evenly.
    pub version: String,
    /// Which part of which items, if the job is a part.
    pub part: Option<String>,
    /// The items, whose positions the rows have.
    pub items: Items,
    /// Accepted changes of function, program or version.
    pub changes: usize,
    /// The call that made it, and its directory.
    pub call: Option<(String, String)>,
    /// The call that continues the job.
    pub resume: String,
    /// The call that continues the job and tries again what failed.
    pub retry_failed: String,
    /// Numbers done and failed, and numbers that are still needed.
    pub done: u128,
    /// Numbers that failed.
    pub failed: u128,
    /// Numbers that the answer still needs.
    pub missing: u128,
    /// Whether nothing is missing and nothing failed that the answer needs.
    pub is_complete: bool,
    /// The answer over the numbers that are done.
    pub answer: AnswerFacts,
}

/// A window of a chunk command: one attempt.
#[derive(Clone, Debug)]
pub struct JournalWindow {
    /// First and last position.
    pub positions: (i64, i64),
    /// When it began and ended, in milliseconds since 1970.
    pub times: Option<(i64, i64)>,
    /// Whether its command ended well.
    pub is_done: bool,
}
