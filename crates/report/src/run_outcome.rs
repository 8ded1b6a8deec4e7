//! How a run ended, and its answer.

/// How the last call of a run ended, as its events say.
#[derive(Clone, Debug)]
pub(crate) enum RunOutcome {
    /// Every number that can change the answer was tried.
    Finished { complete: bool, failed: u128, not_done: Option<u128> },
    /// `find` or `map` stopped at its lowest failure.
    StoppedAtFailure { n: String, cause: String, status: u64 },
    /// It ended early.
    Ended { why: String, error: Option<String>, not_done: Option<u128>, status: u64 },
    /// There is no last event.
    NotRecorded,
}

/// The answer of a run, or what is known of it so far.
#[derive(Clone, Debug, Default)]
pub enum AnswerFacts {
    /// It is not known.
    #[default]
    Unknown,
    /// It is withheld because some numbers failed, or there is none.
    None,
    /// One line of text, and the number that it belongs to.
    Text(String, Option<String>),
    /// For each value, how many numbers give it.
    Histogram(Vec<(String, u128)>),
    /// Lines: how many, and the lowest of them. None are known if the list is empty.
    Lines(u128, Vec<String>),
}
