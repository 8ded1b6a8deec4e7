//! What a run must look like: judges what was seen of one, and does nothing else.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Wrong {
    /// Not the answer on standard output, or some of it where there must be none.
    Answer,
    /// It did not end in its time.
    Hang,
    /// A process of the run was alive when there must be none.
    Orphan,
    /// It did not end as it must.
    Status,
    /// A line on standard error that is not one of its own.
    Stderr,
    /// It told the loss of a worker to which nothing was done.
    Loss,
    /// It did not stop, or did not stop its workers.
    Tstp,
    /// Gone on with by its journal, it did not come to its answer.
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

/// One thing that is wrong with a run.
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

/// What was seen of a run.
pub(crate) struct Seen<'a> {
    /// How the primary ended; `None` if it did not, and was killed for that.
    pub(crate) status: Option<ExitStatus>,
    /// What it and its workers were doing when they should have ended.
    pub(crate) hung: &'a str,
    /// The signal that asked the primary to end, and how long after that it did.
    pub(crate) asked: Option<(i32, Duration)>,
    pub(crate) answer: u128,
    pub(crate) stdout: &'a str,
    pub(crate) stderr: &'a str,
    /// The processes that outlived the run.
    pub(crate) survivors: &'a [u32],
    /// The workers that were done harm to.
    pub(crate) harmed: &'a HashSet<u32>,
    pub(crate) disobedience: &'a BTreeSet<String>,
}

/// A signal that arrives when the answer has just been written comes too late to be obeyed. The
/// run has no more to do than to end then.
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
    let without_cause = |line: &&str| lost(line).is_some_and(|pid| !seen.harmed.contains(&pid));
    if let Some(line) = seen.stderr.lines().find(without_cause) {
        found(Wrong::Loss, line.to_owned());
    }
    seen.disobedience.iter().for_each(|text| found(Wrong::Tstp, text.clone()));
    faults
}

impl Seen<'_> {
    fn is_right(&self) -> bool {
        self.stdout == format!("{}\n", self.answer)
    }

    /// Whether the signal came too late to be obeyed.
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

    /// Whoever ends badly must at least not have written an answer.
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
    fn right(harmed: &HashSet<u32>) -> Seen<'_> {
        Seen {
            status: Some(ExitStatus::from_raw(0)),
            hung: "",
            asked: None,
            answer: 25,
            stdout: "25\n",
            stderr: LOSS,
            survivors: &[],
            harmed,
            disobedience: OBEDIENT,
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
        let harmed = &HashSet::from([77]);
        let none = HashSet::new();
        let four = Some(ExitStatus::from_raw(4 << 8));
        for (seen, expected) in [
            (Seen { stdout: "24\n", ..right(harmed) }, vec![Wrong::Answer]),
            (Seen { stdout: "25", ..right(harmed) }, vec![Wrong::Answer]),
            (Seen { stdout: "25\n25\n", ..right(harmed) }, vec![Wrong::Answer]),
            (Seen { stdout: "", ..right(harmed) }, vec![Wrong::Answer]),
            (Seen { status: None, stdout: "", ..right(harmed) }, vec![Wrong::Hang]),
            (Seen { survivors: &[5], ..right(harmed) }, vec![Wrong::Orphan]),
            (Seen { status: four, ..right(harmed) }, vec![Wrong::Status, Wrong::Answer]),
            (Seen { status: four, stdout: "", ..right(harmed) }, vec![Wrong::Status]),
            (Seen { status: by_signal(1), stdout: "", ..right(harmed) }, vec![Wrong::Status]),
            (Seen { stderr: "thread panicked\n", ..right(harmed) }, vec![Wrong::Stderr]),
            (right(&none), vec![Wrong::Loss]),
            (
                Seen { disobedience: &BTreeSet::from(["went on".into()]), ..right(harmed) },
                vec![Wrong::Tstp],
            ),
        ] {
            assert_eq!(wrongs(&seen), expected, "{:?}", judge(&seen));
        }
    }

    #[test]
    fn who_is_asked_to_end_ends_by_that_signal_without_an_answer() {
        let harmed = &HashSet::from([77]);
        let soon = Some((2, Duration::from_millis(20)));
        let later = Some((2, Duration::from_secs(2)));
        let asked = |asked| Seen { asked, stdout: "", status: by_signal(2), ..right(harmed) };
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
