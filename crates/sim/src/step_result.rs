//! Result of one step of a run: a value, or the text of the rule that the run broke.

/// What a step gives, or the text of the rule that is broken.
pub(crate) type StepResult<T = ()> = Result<T, String>;

/// Ends the run with this text unless the rule `holds`.
pub(crate) fn check(holds: bool, what: impl FnOnce() -> String) -> StepResult {
    if holds { Ok(()) } else { Err(what()) }
}
