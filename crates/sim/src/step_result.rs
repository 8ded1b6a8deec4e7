//! Outcome of a step of a run, and the check that ends a run with a text.

/// What a step gives, or the text of the rule that is broken.
pub(crate) type Outcome<T = ()> = Result<T, String>;

/// Ends the run with this text unless the rule `holds`.
pub(crate) fn check(holds: bool, what: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(what()) }
}
