//! Verdict on a run in which a system call failed.

use crate::run::Run;
use crate::scenario::{Ending, SIGPIPE, Scenario};
use crate::table::{self, Row};
use std::os::unix::process::ExitStatusExt;

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As if nothing had failed.
    Unharmed,
    /// With a line that names the call and the error.
    Named,
    /// Neither, and why.
    Wrong(String),
}

/// Whether a run without any injection ended as its scenario says.
pub(crate) fn is_undisturbed(run: &Run, ending: Ending) -> bool {
    let Some(status) = run.status else { return false };
    run.orphans.is_empty()
        && match ending {
            Ending::Answer(answer) => status.code() == Some(0) && run.stdout == answer,
            Ending::Signal(signal) => status.signal() == Some(signal) && run.stdout.is_empty(),
        }
}

/// Judges a run in which this call failed with this error.
pub(crate) fn judge(scenario: &Scenario, row: &Row, errno: &str, run: &Run) -> Verdict {
    match ending(scenario, row, errno, run) {
        Ok(verdict) => verdict,
        Err(why) => Verdict::Wrong(why),
    }
}

fn ending(scenario: &Scenario, row: &Row, errno: &str, run: &Run) -> Result<Verdict, String> {
    let Some(status) = run.status else { return Err("it hangs".to_owned()) };
    if !run.orphans.is_empty() {
        return Err(format!("it leaves processes behind: {:?}", run.orphans));
    }
    if run.stderr.contains("panicked") {
        return Err("it panics".to_owned());
    }
    let strange = run.stderr.lines().find(|line| !line.starts_with("evenly: "));
    if let (Some(strange), false) = (strange, scenario.shows_pictures) {
        return Err(format!("a line that is none of ours: {strange}"));
    }
    // What it was to end like anyway. Where a signal cannot be raised, its status has to do.
    let code = status.code();
    match (scenario.ending, code, status.signal()) {
        (Ending::Answer(answer), Some(0), _) if run.stdout == answer => {
            return Ok(Verdict::Unharmed);
        }
        (Ending::Signal(signal), _, by)
            if run.stdout.is_empty() && (by == Some(signal) || code == Some(128 + signal)) =>
        {
            return Ok(Verdict::Unharmed);
        }
        _ => {}
    }
    if !run.stdout.is_empty() {
        return Err(format!("standard output carries {:?}", run.stdout));
    }
    let is_of_answer = row.call == "write" && row.about == "(1<";
    if is_of_answer && errno == "EPIPE" && status.signal() == Some(SIGPIPE) {
        return Ok(Verdict::Named);
    }
    // Cannot start, or incomplete. When there is an answer to write, it has started.
    let is_right = if is_of_answer { code == Some(4) } else { matches!(code, Some(2 | 4)) };
    if !is_right {
        return Err(format!("it ends with {status}"));
    }
    if run.stderr.lines().any(|line| is_naming(line, row, errno)) {
        return Ok(Verdict::Named);
    }
    Err(format!("no line names {} and {errno}", row.call))
}

/// Whether a line names a call and then its error. The call must stand before the error: the
/// text after it may be advice, and the words of that may be names of calls.
fn is_naming(line: &str, row: &Row, errno: &str) -> bool {
    let text = table::errno(errno).to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let is_part_of_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let Some((before, _)) = line.split_once(text) else { return false };
    let has_word = |word: &str| before.split(|c| !is_part_of_word(c)).any(|part| part == word);
    before.starts_with("evenly: ") && table::names(row).into_iter().any(has_word)
}
