//! `evenly settle`: decisions about commands of unknown fate and commands that failed, in the journal of their run.

use crate::closed_stdout;
use crate::exit::ExitOutcome;
use crate::intervals::half_open;
use crate::items::parse_items;
use crate::report::write_out;
use crate::resume;
use crate::settle_arguments::{DecisionArgument, SettleArguments};
use crate::stderr;
use evenly::internal::quoted;
use evenly::journal::{self, JournalError, SettleDecision};

/// Writes the decision to the journal, and prints each window that it is about.
pub(crate) fn settle(arguments: &SettleArguments) -> Result<(), ExitOutcome> {
    let SettleArguments { journal: path, items: typed, decision } = arguments;
    let items = parse_items(typed).map_err(ExitOutcome::Usage)?;
    if items.is_empty() {
        let typed = evenly::printable(typed.as_bytes(), 200);
        return Err(ExitOutcome::Usage(format!("'{typed}' is empty; name a window to settle")));
    }
    closed_stdout::check_stdout()?;
    let (decision, name) = match decision {
        DecisionArgument::Done => (SettleDecision::Done, "done"),
        DecisionArgument::Retry => (SettleDecision::Retry, "retry"),
    };
    let settled = journal::settle(path, &items, decision).map_err(|error| match error {
        JournalError::NotOpen { .. }
        | JournalError::TooManyItems { .. }
        | JournalError::HasValues { .. } => ExitOutcome::Usage(error.to_string()),
        error => error.into(),
    })?;
    let lines = settled.windows.iter().map(|window| format!("{}\t{name}\n", half_open(*window)));
    write_out(&lines.collect::<String>())?;
    if let (failed @ 1.., SettleDecision::Done) = (settled.failed, decision) {
        let count = if failed == 1 { "counts" } else { "count" };
        let line = format!("evenly: {failed} of these had failed and now {count} as done\n");
        stderr::say_at_last(&line);
    }
    let (named, again) = (quoted(path), || resume::line(path));
    let next = match (settled.left, decision) {
        (0, SettleDecision::Done) => return Ok(()),
        (0, SettleDecision::Retry) => {
            format!("to start them again: {}{}", again().with(""), again().needs())
        }
        (1, _) => format!("1 window of unknown fate is left: evenly verify {named}"),
        (left, _) => format!("{left} windows of unknown fate are left: evenly verify {named}"),
    };
    stderr::say_at_last(&format!("evenly: {next}\n"));
    Ok(())
}
