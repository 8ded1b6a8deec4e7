//! Messages about a running job on standard error, one line for each observation.

use crate::unit::Unit;
use evenly::journal::JournalChange;
use evenly::observe::{Early, Observation, Parting, Resumed, Stuck};
use evenly::{Interval, Signal, printable};
use std::borrow::Cow;

/// Amount of messages: `--quiet`, neither, or `--verbose`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Volume {
    /// Errors only.
    Quiet,
    /// Errors and unexpected events.
    Normal,
    /// All events except progress.
    Verbose,
}

impl Volume {
    /// That of these two options.
    pub(crate) fn of(is_quiet: bool, is_verbose: bool) -> Self {
        match (is_quiet, is_verbose) {
            (true, _) => Self::Quiet,
            (false, false) => Self::Normal,
            (false, true) => Self::Verbose,
        }
    }
}

/// The line for an observation, if it has one. [`FailureCollector`](crate::failures::FailureCollector) reports the numbers that failed,
/// each once, at the end.
pub(crate) fn line(observation: &Observation<'_>, volume: Volume, unit: Unit) -> Option<String> {
    // Like the standard error of a command of this machine, it is shown always.
    if let Observation::LauncherWrote { name, text } = observation {
        return Some(format!("{name}: {text}\n"));
    }
    let text = match volume {
        Volume::Quiet => None,
        Volume::Normal => surprise(observation, unit),
        Volume::Verbose => surprise(observation, unit).or_else(|| detail(observation, unit)),
    };
    text.map(|text| format!("evenly: {text}\n"))
}

fn surprise(observation: &Observation<'_>, unit: Unit) -> Option<String> {
    Some(match observation {
        Observation::FewerWorkers { wanted, started, refused } => {
            let workers = if *started == 1 { "worker" } else { "workers" };
            format!("{started} {workers} instead of {wanted}: {refused}")
        }
        Observation::WorkerLost { worker, pid, end, reason, reclaimed } => {
            let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
            let reclaimed = chunks(*reclaimed, unit);
            format!("worker {worker} (pid {pid}) {end}{reason}; {reclaimed}")
        }
        Observation::WorkerSilent { worker, pid, limit, reclaimed } => {
            let reclaimed = chunks(*reclaimed, unit);
            format!(
                "worker {worker} (pid {pid}) has been stopped for {} s; {reclaimed}",
                limit.as_secs_f64()
            )
        }
        Observation::Garbage { what, suspects } => {
            let workers = if *suspects == 1 { "the worker" } else { "the workers" };
            format!(
                "the result pipe carries {what}; {workers} that may have written it \
                 ({suspects}) will be replaced"
            )
        }
        Observation::StillDraining(Early::Signal(signal)) => still_draining(*signal, unit),
        Observation::Listening { address } => format!("listening at {address}"),
        Observation::AgentJoined(agent) => {
            let workers = agent.workers;
            let plural = if workers == 1 { "" } else { "s" };
            format!("{agent} joined with {workers} worker{plural}")
        }
        Observation::LaunchFailed { name, why, again: Some(again) } => {
            format!("{name}: {why}; tries again in {} s", again.as_secs())
        }
        Observation::LaunchFailed { name, why, again: None } => {
            format!("{name} is given up: {why}")
        }
        Observation::AwaitingAgents { names } => {
            format!("no worker yet: waits for {}", listed(names))
        }
        Observation::AgentLost { agent, why, reclaimed } => {
            // An agent that leaves in order has returned its chunks.
            let gave_back = matches!(why, Parting::Left(_)) && reclaimed.0 == 0;
            let rest =
                if gave_back { String::new() } else { format!("; {}", chunks(*reclaimed, unit)) };
            format!("{agent} {why}{rest}")
        }
        Observation::AgentSilent { agent, limit, reclaimed } => {
            let (limit, reclaimed) = (limit.as_secs_f64(), chunks(*reclaimed, unit));
            format!("{agent} has sent nothing for {limit} s; {reclaimed}")
        }
        Observation::AgentAwake(agent) => format!("{agent} sends again"),
        Observation::AgentRefused { address, why, unreported } => {
            let before = match unreported {
                0 => String::new(),
                more => format!(" (and {more} more before it)"),
            };
            format!("{address} was refused{before}: {}", printable(why.as_bytes(), MOST_WORDS))
        }
        Observation::Strangers { count, wrong_key } => strangers(*count, *wrong_key),
        Observation::Joined { address, function, range } => joined(address, function, *range),
        Observation::OverAlready { address } => format!("the job at {address} is over"),
        Observation::PassedOver { why } => format!("{why} (waits for another primary)"),
        Observation::PrimaryLost { why } => format!("lost the primary: {why}; trying to reconnect"),
        Observation::JournalGivenUp { why } => format!("continues without a journal: {why}"),
        Observation::Begun {
            resumed: Some(Resumed { done, is_over, change: Some(change), .. }),
        } if *done > 0 => mixed(change, (*done, *is_over), unit),
        Observation::JournalLocked { path } => {
            let path = path.display();
            format!(
                "journal '{path}' is locked by another program; finished work is recorded when it is free"
            )
        }
        Observation::NotReplaced { worker, refused } => {
            format!("worker {worker} is not replaced: {refused}")
        }
        _ => return None,
    })
}

/// Where the results of a journal come from that goes on after a change.
fn mixed(change: &JournalChange, (done, is_over): (u128, bool), unit: Unit) -> String {
    let JournalChange { before, now, is_new, .. } = change;
    let done = unit.counted(done);
    match (is_over, is_new) {
        (true, true) => format!(
            "--accept-change: nothing is left to do, so the answer is that of {before}, and not of {now}"
        ),
        (_, true) => format!(
            "--accept-change: the {done} done keep the results of {before}, and the others get those of {now}; the \
             answer is of neither alone"
        ),
        _ => format!(
            "after an earlier --accept-change, some of the {done} done have the results of {before}, and the others \
             those of {now}; the answer is of neither alone"
        ),
    }
}

/// Names in a line at most.
const MOST_NAMES: usize = 10;

fn listed(names: &[String]) -> String {
    let shown = names.iter().take(MOST_NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(MOST_NAMES) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} and {more} more"),
    }
}

/// Longest text of another process in a line, in characters.
const MOST_WORDS: usize = 500;

fn strangers(count: u64, wrong_key: Option<&str>) -> String {
    let attempts = if count == 1 { "attempt" } else { "attempts" };
    match wrong_key {
        Some(address) => format!(
            "refused {count} {attempts} to join: wrong key at {address}; run the line that 'evenly key show' prints \
             here on that machine, or name the key of this run there by --key-file"
        ),
        None => format!(
            "refused {count} {attempts} to join without a valid hello; an agent needs this version of evenly and, on \
             tcp and udp, the key of this run"
        ),
    }
}

fn joined(address: &str, function: &str, range: Option<Interval>) -> String {
    let range = range.map_or_else(|| "nothing".to_owned(), |range| range.to_string());
    let function = printable(function.as_bytes(), MOST_WORDS);
    format!("joined {address}: {function} over {range}")
}

fn still_draining(signal: Signal, unit: Unit) -> String {
    let items = unit.name(2);
    format!("{signal}: the workers finish the {items} they are at; a second signal ends at once")
}

fn detail(observation: &Observation<'_>, unit: Unit) -> Option<String> {
    Some(match observation {
        Observation::WorkerStarted { worker, pid } => {
            format!("worker {worker} (pid {pid}) started")
        }
        Observation::Begun { resumed: Some(Resumed { path, done, failed, .. }) } => {
            let (path, done) = (path.display(), unit.counted(*done));
            format!("resumes journal '{path}': {done} done, {failed} failed")
        }
        Observation::Stuck(all) => {
            let news: Vec<Stuck> = all.iter().filter(|stuck| stuck.is_news).cloned().collect();
            if news.is_empty() {
                return None;
            }
            stuck(&news, usize::MAX)
        }
        Observation::JournalBegun { path } => {
            format!("keeps a journal in '{}'", path.display())
        }
        Observation::Paused => "paused, and so are its workers".to_owned(),
        Observation::Resumed(pause) => {
            format!("continues after a pause of {:.1} s", pause.as_secs_f64())
        }
        Observation::EndsEarly(why) => {
            let (why, items) = (why_early(*why), unit.name(2));
            format!("ends early: {why}; the workers finish the {items} they are at")
        }
        _ => return None,
    })
}

/// Lists up to `most` stuck numbers.
pub(crate) fn stuck(stuck: &[Stuck], most: usize) -> String {
    let named: Vec<String> = stuck.iter().take(most).map(Stuck::to_string).collect();
    let rest = match stuck.len() - named.len() {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    };
    named.join(", ") + &rest
}

/// Why a job ends early, in a word or two.
pub(crate) fn why_early(why: Early) -> Cow<'static, str> {
    match why {
        Early::Signal(signal) => signal.to_string().into(),
        Early::Deadline => "deadline".into(),
        Early::Halt => "halt".into(),
    }
}

/// Describes the chunks that were taken back from a worker.
fn chunks((chunks, numbers): (usize, u128), unit: Unit) -> String {
    match chunks {
        0 => "it had no chunk".to_owned(),
        _ => {
            let plural = if chunks == 1 { "" } else { "s" };
            format!("{chunks} chunk{plural} reclaimed ({})", unit.counted(numbers))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenly::{Cause, Failure, ProcessEnd};

    #[test]
    fn a_loss_is_said_unless_it_is_quiet() {
        let end = ProcessEnd::Signal(9);
        let lost =
            Observation::WorkerLost { worker: 2, pid: 77, end, reason: None, reclaimed: (1, 30) };
        let said = "evenly: worker 2 (pid 77) killed by signal 9; 1 chunk reclaimed (30 numbers)\n";
        assert_eq!(line(&lost, Volume::Normal, Unit::Number).as_deref(), Some(said));
        assert_eq!(line(&lost, Volume::Verbose, Unit::Number).as_deref(), Some(said));
        assert_eq!(line(&lost, Volume::Quiet, Unit::Number), None);
    }

    #[test]
    fn the_course_of_the_work_is_said_to_who_wants_to_know() {
        let started = Observation::WorkerStarted { worker: 1, pid: 77 };
        assert_eq!(line(&started, Volume::Normal, Unit::Number), None);
        let said = "evenly: worker 1 (pid 77) started\n";
        assert_eq!(line(&started, Volume::Verbose, Unit::Number).as_deref(), Some(said));
        let early = Observation::EndsEarly(Early::Deadline);
        assert!(
            line(&early, Volume::Verbose, Unit::Number).unwrap().contains("ends early: deadline")
        );
    }

    #[test]
    fn a_failure_is_left_to_the_end() {
        let interval = Interval::single(500);
        let failure = Failure { interval, cause: Cause::Signal(11) };
        assert_eq!(line(&Observation::Quarantined(failure), Volume::Verbose, Unit::Number), None);
    }
}
