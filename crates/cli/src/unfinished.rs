//! Outcome and message of a job that ends before all numbers are done.

use crate::exit::ExitOutcome;
use crate::messages::why_early;
use crate::report::Delivery;
use evenly::observe::{Early, Prefix, Unfinished};
use evenly::{Aggregate, Error};

/// The outcome of a job that this error ended, and the reason as one word for programs. `is_kept`: a journal has what is
/// done.
pub(crate) fn stopped(
    delivery: &Delivery,
    error: &Error,
    (unfinished, is_kept): (Option<&Unfinished>, bool),
) -> (ExitOutcome, String) {
    let why = why(error);
    let is_asked_for =
        matches!(error, Error::Deadline { .. } | Error::Halted { .. } | Error::Interrupted(_));
    let rest = match unfinished {
        Some(unfinished) if is_lines(delivery.aggregate) => Some(not_done(delivery, unfinished)),
        Some(Unfinished { lowest: Some(lowest), prefix, .. })
            if is_asked_for && delivery.items.is_open_ended() =>
        {
            let value = prefix.as_ref().and_then(|prefix| below(delivery, prefix));
            let value = value.map_or_else(String::new, |value| format!("; {value}"));
            Some(format!("there is no answer; complete below {lowest}{value}"))
        }
        _ if matches!(error, Error::Deadline { .. }) && !is_kept => Some(
            "there is no answer, and nothing is kept: --journal FILE keeps what is done for evenly resume FILE"
                .to_owned(),
        ),
        _ if is_asked_for => Some("there is no answer".to_owned()),
        _ => None,
    };
    let outcome = ExitOutcome::of_stopped(error, delivery.rerun.unit(), rest.as_deref());
    let has_failures = unfinished.is_some_and(|unfinished| unfinished.failed > 0);
    match outcome {
        ExitOutcome::Deadline(message) if delivery.is_about_failures() && has_failures => {
            (ExitOutcome::NoAtDeadline(message), why)
        }
        outcome => (outcome, why),
    }
}

/// The value over the lowest numbers, as in `the sum below 1000 is 499500`.
fn below(delivery: &Delivery, prefix: &Prefix) -> Option<String> {
    let (asked, below) = match delivery.aggregate {
        Aggregate::Any | Aggregate::All => ("answer", prefix.below),
        aggregate => (aggregate.name(), prefix.below),
    };
    let answer = delivery.answer_below(prefix)?;
    let text = answer.text();
    let text = text.trim_end().replacen('\t', " at n = ", 1);
    (!text.is_empty()).then(|| format!("the {asked} below {below} is {text}"))
}

/// Whether the answer is written while the job runs.
fn is_lines(aggregate: Aggregate) -> bool {
    use Aggregate::{Failures, Find, Map, Run};
    matches!(aggregate, Find { .. } | Map | Failures { .. } | Run { .. })
}

/// The number up to which lines are complete, and how many numbers are not done.
fn not_done(delivery: &Delivery, unfinished: &Unfinished) -> String {
    let Unfinished { lowest, not_done, is_written, .. } = unfinished;
    let unit = delivery.rerun.unit();
    let mut text = match (lowest, not_done) {
        (Some(lowest), _) if delivery.items.is_open_ended() => format!("complete below {lowest}"),
        (Some(lowest), not_done) => {
            let (counted, are) =
                (unit.counted(*not_done), if *not_done == 1 { "is" } else { "are" });
            format!("complete below {lowest}; {counted} above {are} not done")
        }
        (None, _) => format!("all {} are done", unit.name(2)),
    };
    if !is_written {
        text += "; standard output did not take all lines";
    }
    text
}

/// Why a job was stopped, as one word.
fn why(error: &Error) -> String {
    match error {
        Error::Deadline { .. } | Error::DeadlineAtJournal { .. } => {
            why_early(Early::Deadline).into_owned()
        }
        Error::Halted { .. } => why_early(Early::Halt).into_owned(),
        Error::Interrupted(signal) => why_early(Early::Signal(*signal)).into_owned(),
        Error::TooManyValues => "no_answer".to_owned(),
        Error::Output(_) => "output".to_owned(),
        Error::Journal(_) => "journal".to_owned(),
        Error::LostBeyondRepair { .. } | Error::NoWorkerLeft { .. } => "gave_up".to_owned(),
        Error::Contradiction { .. }
        | Error::Violation(_)
        | Error::Unasked
        | Error::Untrusted { .. } => "untrusted".to_owned(),
        _ => "error".to_owned(),
    }
}
