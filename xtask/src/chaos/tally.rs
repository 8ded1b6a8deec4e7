//! Counts over all runs, and their tables.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::plan::Policy;
use super::run::Report;
use super::target::Blows;
use super::verdict::Wrong;
use crate::table::{Style, Table, significant};

/// Lines of standard error shown for a bad run.
const TAIL: usize = 15;

#[derive(Default)]
pub(crate) struct Tally {
    policies: BTreeMap<&'static str, Counts>,
    blows: Blows,
    wrongs: Vec<Wrong>,
    /// Descriptions of the bad runs.
    pub(crate) bad: Vec<String>,
}

/// The runs of one policy.
#[derive(Clone, Copy, Default)]
struct Counts {
    runs: u64,
    without_faults: u64,
    /// The primary was asked to end, or killed.
    ended: u64,
    /// It was resumed from its journal.
    resumed: u64,
    losses: u64,
    bad: u64,
    longest: Duration,
}

impl Counts {
    fn plus(self, other: Self) -> Self {
        Self {
            runs: self.runs + other.runs,
            without_faults: self.without_faults + other.without_faults,
            ended: self.ended + other.ended,
            resumed: self.resumed + other.resumed,
            losses: self.losses + other.losses,
            bad: self.bad + other.bad,
            longest: self.longest.max(other.longest),
        }
    }

    fn cells(self, name: &str) -> Vec<String> {
        let counts =
            [self.runs, self.without_faults, self.ended, self.resumed, self.losses, self.bad];
        let cells = counts.iter().map(u64::to_string);
        let longest = significant(self.longest.as_secs_f64());
        [name.to_owned()].into_iter().chain(cells).chain([longest]).collect()
    }
}

impl Tally {
    /// Counts a run.
    pub(crate) fn add(&mut self, report: &Report, options: &str) {
        let is_bad = !report.faults.is_empty();
        let counts = Counts {
            runs: 1,
            without_faults: u64::from(report.plan.faults.is_none()),
            ended: u64::from(report.asked.is_some()),
            resumed: u64::from(report.is_resumed),
            losses: report.losses as u64,
            bad: u64::from(is_bad),
            longest: report.elapsed,
        };
        let policy = self.policies.entry(report.plan.policy.name).or_default();
        *policy = policy.plus(counts);
        for (blow, times) in &report.blows {
            *self.blows.entry(*blow).or_default() += times;
        }
        self.wrongs.extend(report.faults.iter().map(|fault| fault.wrong));
        if is_bad {
            self.bad.push(describe(report, options));
        }
    }

    fn total(&self) -> Counts {
        self.policies.values().fold(Counts::default(), |sum, counts| sum.plus(*counts))
    }

    /// The progress line.
    pub(crate) fn progress(&self, elapsed: Duration) -> String {
        let Counts { runs, losses, bad, .. } = self.total();
        let blows: u64 = self.blows.values().sum();
        let seconds = elapsed.as_secs();
        format!("{seconds} s: {runs} runs, {blows} signals sent, {losses} losses told, {bad} bad")
    }

    /// Everything that was counted.
    pub(crate) fn render(&self) -> String {
        let header = [
            "policy",
            "runs",
            "no faults",
            "ended",
            "resumed",
            "losses reported",
            "bad",
            "longest, s",
        ];
        let note = "ended: the primary was asked to end by a signal, or killed. \
                    resumed: then gone on with by its journal.";
        let mut runs = Table::new("Runs", note, &header);
        for name in Policy::NAMES {
            let counts = self.policies.get(name).copied().unwrap_or_default();
            runs.rows.push(counts.cells(name));
        }
        runs.rows.push(self.total().cells("all"));

        let mut blows = Table::new("Signals sent", "", &["to", "signal", "times"]);
        for ((whom, signal), times) in &self.blows {
            blows.rows.push(vec![(*whom).into(), (*signal).into(), times.to_string()]);
        }
        let mut wrongs = Table::new("What was wrong", "", &["all should be 0", "times"]);
        for wrong in Wrong::EVERY {
            let times = self.wrongs.iter().filter(|other| **other == wrong).count();
            wrongs.rows.push(vec![wrong.name().into(), times.to_string()]);
        }
        [runs, blows, wrongs].map(|table| table.render(Style::Text)).join("\n")
    }
}

/// A bad run: its errors, its plan, the seed that repeats it, and its last lines.
fn describe(report: &Report, options: &str) -> String {
    let Report { plan, faults, stderr, elapsed, .. } = report;
    let mut text = String::new();
    for fault in faults {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "bad: {fault}");
    }
    let kept = if plan.is_kept { " --journal FILE" } else { "" };
    let _ = writeln!(text, "  ran    evenly {}{kept}", plan.words());
    let _ = writeln!(text, "  took   {} s", significant(elapsed.as_secs_f64()));
    let _ = writeln!(text, "  faults {}", plan.faults_in_words());
    let sent = report.blows.iter().map(|((whom, name), times)| format!("{times} {name} to {whom}"));
    let _ = writeln!(text, "  sent   {}", sent.collect::<Vec<_>>().join(", "));
    let _ = writeln!(text, "  again  cargo xtask chaos --runs 1 --seed {}{options}", plan.seed);
    let lines: Vec<&str> = stderr.lines().collect();
    let left_out = lines.len().saturating_sub(TAIL);
    if left_out > 0 {
        let _ = writeln!(text, "  stderr … {left_out} lines more");
    }
    for line in &lines[left_out..] {
        let _ = writeln!(text, "  stderr {line}");
    }
    text
}
