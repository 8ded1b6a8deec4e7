//! Verdict on a run from the observations of it.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

/// Kinds of errors of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Wrong {
    /// Wrong output on standard output, or output where there must be none.
    Answer,
    /// The run did not end in time.
    Hang,
    /// A process of the run outlived it.
    Orphan,
    /// Wrong exit status or signal.
    Status,
    /// Unexpected line on standard error.
    Stderr,
    /// Reported loss of a worker that was not hit.
    Loss,
    /// The primary or its workers did not stop at SIGTSTP.
    Tstp,
    /// The resumed run did not give its answer.
    Resume,
}

impl Wrong {
    pub(crate) const EVERY: [Self; 8] = [
        Self::Answer,
        Self::Hang,
        Self::Orphan,
        Self::Status,
        Self::Stderr,
        Self::Loss,
        Self::Tstp,
        Self::Resume,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Answer => "wrong answers",
            Self::Hang => "hangs",
            Self::Orphan => "orphans",
            Self::Status => "bad statuses",
            Self::Stderr => "stray lines on stderr",
            Self::Loss => "losses without cause",
            Self::Tstp => "SIGTSTP not obeyed",
            Self::Resume => "journals not gone on with",
        }
    }
}

/// One error of a run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) wrong: Wrong,
    pub(crate) text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.wrong.name(), self.text)
    }
}

/// Observations of a run.
pub(crate) struct Seen<'a> {
    /// End of the primary; `None` if it did not end in time and was killed.
    pub(crate) status: Option<ExitStatus>,
    /// States of the primary and its workers at the time when they should have ended.
    pub(crate) hung: &'a str,
    /// The signal that asked the primary to end, and the time until it ended.
    pub(crate) asked: Option<(i32, Duration)>,
    pub(crate) answer: u128,
    pub(crate) stdout: &'a str,
    pub(crate) stderr: &'a str,
    /// The processes that outlived the run.
    pub(crate) survivors: &'a [u32],
    /// The workers that were hit.
    pub(crate) hit: &'a HashSet<u32>,
    pub(crate) stop_errors: &'a BTreeSet<String>,
}

/// A signal that arrives after the answer is written may be ignored: the run ends within this time anyway.
const LATE: Duration = Duration::from_secs(1);

pub(crate) fn judge(seen: &Seen<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut found = |wrong: Wrong, text: String| faults.push(Fault { wrong, text });
    match seen.status {
        None => found(Wrong::Hang, seen.hung.to_owned()),
        Some(status) => {
            if !seen.ended_well(status) {
                found(Wrong::Status, format!("{status}, {}", seen.due_status()));
            }
            if !seen.wrote_well(status) {
                let due = if seen.asked.is_some() { "nothing" } else { &seen.answer.to_string() };
                found(Wrong::Answer, format!("{:?} on stdout, {due} is right", seen.stdout));
            }
        }
    }
    if !seen.survivors.is_empty() {
        found(Wrong::Orphan, format!("{:?} outlived the run", seen.survivors));
    }
    if let Some(line) = seen.stderr.lines().find(|line| !line.starts_with("evenly: ")) {
        found(Wrong::Stderr, format!("{line:?}"));
    }
    let without_cause = |line: &&str| lost(line).is_some_and(|pid| !seen.hit.contains(&pid));
    if let Some(line) = seen.stderr.lines().find(without_cause) {
        found(Wrong::Loss, line.to_owned());
    }
    seen.stop_errors.iter().for_each(|text| found(Wrong::Tstp, text.clone()));
    faults
}

impl Seen<'_> {
    fn is_right(&self) -> bool {
        self.stdout == format!("{}\n", self.answer)
    }

    /// Whether the signal came too late to have an effect.
    fn was_late(&self) -> bool {
        self.is_right() && self.asked.is_some_and(|(_, after)| after < LATE)
    }

    fn ended_well(&self, status: ExitStatus) -> bool {
        match self.asked {
            Some((signal, _)) if status.signal() == Some(signal) => true,
            Some(_) => self.was_late() && status.success(),
            None => status.success(),
        }
    }

    fn due_status(&self) -> String {
        match self.asked {
            Some((signal, _)) => format!("signal {signal} is right"),
            None => "0 is right".to_owned(),
        }
    }

    /// A run with an error status must not have written an answer.
    fn wrote_well(&self, status: ExitStatus) -> bool {
        match self.asked {
            Some(_) => self.stdout.is_empty() || self.was_late(),
            None if status.success() => self.is_right(),
            None => self.stdout.is_empty(),
        }
    }
}

/// The number of the worker whose loss a line tells.
pub(crate) fn lost(line: &str) -> Option<u32> {
    line.strip_prefix("evenly: worker ")?.split_once("(pid ")?.1.split_once(')')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBEDIENT: &BTreeSet<String> = &BTreeSet::new();
    const LOSS: &str = "evenly: worker 2 (pid 77) killed by signal 9; it had no chunk\n";

    /// A run that was right: in these tests something is changed in it.
    fn right(hit: &HashSet<u32>) -> Seen<'_> {
        Seen {
            status: Some(ExitStatus::from_raw(0)),
            hung: "",
            asked: None,
            answer: 25,
            stdout: "25\n",
            stderr: LOSS,
            survivors: &[],
            hit,
            stop_errors: OBEDIENT,
        }
    }

    fn wrongs(seen: &Seen<'_>) -> Vec<Wrong> {
        judge(seen).into_iter().map(|fault| fault.wrong).collect()
    }

    fn by_signal(signal: i32) -> Option<ExitStatus> {
        Some(ExitStatus::from_raw(signal))
    }

    #[test]
    fn a_run_that_is_right_has_no_fault() {
        assert_eq!(wrongs(&right(&HashSet::from([77]))), []);
    }

    #[test]
    fn every_fault_is_found() {
        let hit = &HashSet::from([77]);
        let none = HashSet::new();
        let four = Some(ExitStatus::from_raw(4 << 8));
        for (seen, expected) in [
            (Seen { stdout: "24\n", ..right(hit) }, vec![Wrong::Answer]),
            (Seen { stdout: "25", ..right(hit) }, vec![Wrong::Answer]),
            (Seen { stdout: "25\n25\n", ..right(hit) }, vec![Wrong::Answer]),
            (Seen { stdout: "", ..right(hit) }, vec![Wrong::Answer]),
            (Seen { status: None, stdout: "", ..right(hit) }, vec![Wrong::Hang]),
            (Seen { survivors: &[5], ..right(hit) }, vec![Wrong::Orphan]),
            (Seen { status: four, ..right(hit) }, vec![Wrong::Status, Wrong::Answer]),
            (Seen { status: four, stdout: "", ..right(hit) }, vec![Wrong::Status]),
            (Seen { status: by_signal(1), stdout: "", ..right(hit) }, vec![Wrong::Status]),
            (Seen { stderr: "thread panicked\n", ..right(hit) }, vec![Wrong::Stderr]),
            (right(&none), vec![Wrong::Loss]),
            (
                Seen { stop_errors: &BTreeSet::from(["went on".into()]), ..right(hit) },
                vec![Wrong::Tstp],
            ),
        ] {
            assert_eq!(wrongs(&seen), expected, "{:?}", judge(&seen));
        }
    }

    #[test]
    fn who_is_asked_to_end_ends_by_that_signal_without_an_answer() {
        let hit = &HashSet::from([77]);
        let soon = Some((2, Duration::from_millis(20)));
        let later = Some((2, Duration::from_secs(2)));
        let asked = |asked| Seen { asked, stdout: "", status: by_signal(2), ..right(hit) };
        assert_eq!(wrongs(&asked(soon)), []);
        assert_eq!(wrongs(&asked(later)), []);
        // By another signal, or by none.
        assert_eq!(wrongs(&Seen { status: by_signal(15), ..asked(soon) }), [Wrong::Status]);
        let as_shells_do = Some(ExitStatus::from_raw(130 << 8));
        assert_eq!(wrongs(&Seen { status: as_shells_do, ..asked(soon) }), [Wrong::Status]);
        // With the answer already written, and only then.
        let done = Some(ExitStatus::from_raw(0));
        assert_eq!(wrongs(&Seen { stdout: "25\n", status: done, ..asked(soon) }), []);
        assert_eq!(wrongs(&Seen { stdout: "25\n", ..asked(soon) }), []);
        let late = Seen { stdout: "25\n", status: done, ..asked(later) };
        assert_eq!(wrongs(&late), [Wrong::Status, Wrong::Answer]);
        assert_eq!(wrongs(&Seen { stdout: "24\n", ..asked(soon) }), [Wrong::Answer]);
    }

    #[test]
    fn a_loss_is_read_from_its_line() {
        assert_eq!(lost(LOSS.trim_end()), Some(77));
        assert_eq!(lost("evenly: 3 of 4 numbers (75%)"), None);
    }
}
