//! `evenly settle`: decisions about commands of unknown fate, in the journal of a run with `--at-most-once`.

use crate::arguments::{DecisionArgument, SettleArguments};
use crate::closed_stdout;
use crate::exit::ExitOutcome;
use crate::intervals::half_open;
use crate::range::parse_range;
use crate::report::write_out;
use crate::stderr;
use evenly::internal::quoted;
use evenly::journal::{self, JournalError, SettleDecision};

/// Writes the decision to the journal, and prints each window that it is about.
pub(crate) fn settle(arguments: &SettleArguments) -> Result<(), ExitOutcome> {
    let SettleArguments { journal: path, items, decision } = arguments;
    let range = parse_range(items).map_err(ExitOutcome::Usage)?;
    let empty =
        || ExitOutcome::Usage(format!("the range '{items}' is empty; name a window to settle"));
    let numbers = range.interval().ok_or_else(empty)?;
    closed_stdout::check_stdout()?;
    let (decision, name) = match decision {
        DecisionArgument::Done => (SettleDecision::Done, "done"),
        DecisionArgument::Retry => (SettleDecision::Retry, "retry"),
    };
    let settled = journal::settle(path, numbers, decision).map_err(|error| match error {
        JournalError::NotUnknown { .. } | JournalError::HasValues { .. } => {
            ExitOutcome::Usage(error.to_string())
        }
        error => error.into(),
    })?;
    let lines = settled.windows.iter().map(|window| format!("{}\t{name}\n", half_open(*window)));
    write_out(&lines.collect::<String>())?;
    let path = quoted(path);
    let next = match (settled.left, decision) {
        (0, SettleDecision::Done) => return Ok(()),
        (0, SettleDecision::Retry) => format!("to start them again: evenly resume {path}"),
        (1, _) => format!("1 window of unknown fate is left: evenly verify {path}"),
        (left, _) => format!("{left} windows of unknown fate are left: evenly verify {path}"),
    };
    stderr::say_at_last(&format!("evenly: {next}\n"));
    Ok(())
}
