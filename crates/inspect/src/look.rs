//! One look at processes: two passes over /proc, of which only what stood still in between is judged.

use crate::case::Case;
use crate::facts::Facts;
use crate::finding::{Link, Verdict};
use crate::gather;
use crate::json;
use crate::svg;
use crate::text;
use crate::verdict::judge;
use crate::wakers::ThreadId;
use crate::words::{Language, say};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io;
use std::thread;
use std::time::Duration;

/// Time between the two passes.
const BETWEEN: Duration = Duration::from_millis(30);

/// Facts and verdict.
#[derive(Clone, Debug)]
pub struct Look {
    facts: Facts,
    verdict: Verdict,
}

/// Why there is no report.
#[derive(Debug)]
pub enum InspectError {
    /// There is no process with this number.
    NoProcess(u32),
    /// /proc cannot be read.
    NoProc(io::Error),
}

impl InspectError {
    /// One line: what happened, why, and what to do.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        match self {
            Self::NoProcess(pid) => say!(
                language,
                "no process {pid}; ps -e lists the processes",
                "no hay un proceso {pid}; ps -e los lista"
            ),
            Self::NoProc(cause) => say!(
                language,
                "cannot read /proc: {cause}; mount it",
                "no se puede leer /proc: {cause}; montalo"
            ),
        }
    }
}

impl fmt::Display for InspectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message(Language::English))
    }
}

impl std::error::Error for InspectError {}

impl Look {
    /// Looks at these processes, their descendants, and those that share pipes with them.
    ///
    /// A pass over /proc is not one instant. A finding counts if none of its threads ran between the two passes and
    /// the second pass found it.
    ///
    /// # Errors
    /// If one of the processes does not exist, or /proc cannot be read.
    pub fn at(asked: &BTreeSet<u32>) -> Result<Self, InspectError> {
        let first = gather::gather(asked).map_err(InspectError::NoProc)?;
        if let Some(&missing) = asked.iter().find(|pid| !first.processes.contains_key(pid)) {
            return Err(InspectError::NoProcess(missing));
        }
        let before = switches(&Case::of(&first));
        thread::sleep(BETWEEN);
        let mut facts = gather::gather(asked).map_err(InspectError::NoProc)?;
        let shown = Case::of(&facts).shown;
        gather::measure(&mut facts, &shown);
        let case = Case::of(&facts);
        let mut verdict = judge(&case);
        let after = switches(&case);
        let stood = |link: &Link| {
            let count = before.get(&link.thread);
            count.is_some() && count == after.get(&link.thread)
        };
        verdict.findings.retain(|finding| finding.links.iter().all(stood));
        Ok(Self { facts, verdict })
    }

    /// The report calls these processes so, and not by their programs and numbers.
    #[must_use]
    pub fn with_roles(mut self, roles: BTreeMap<u32, String>) -> Self {
        self.facts.roles = roles;
        self
    }

    /// The children of a process, by their numbers.
    pub fn children(&self, parent: u32) -> impl Iterator<Item = u32> {
        self.facts.children(parent).map(|(pid, _)| pid)
    }

    /// Whether something is wrong.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        self.verdict.is_wrong()
    }

    /// The verdict.
    #[must_use]
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// The report as text.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        text::report(&Case::of(&self.facts), &self.verdict, language)
    }

    /// The first finding in two sentences, or that nothing is wrong.
    #[must_use]
    pub fn summary(&self, language: Language) -> String {
        text::summary(&Case::of(&self.facts), &self.verdict, language)
    }

    /// Why processes that should have ended have not: the first finding in two sentences, or what they wait for.
    #[must_use]
    pub fn hold_up(&self, language: Language) -> String {
        text::hold_up(&Case::of(&self.facts), &self.verdict, language)
    }

    /// The report as a picture in SVG.
    #[must_use]
    pub fn svg(&self, language: Language) -> String {
        svg::report(&Case::of(&self.facts), &self.verdict, language)
    }

    /// The report as one line of JSON.
    #[must_use]
    pub fn json(&self, language: Language) -> String {
        json::report(&Case::of(&self.facts), &self.verdict, language)
    }
}

/// How often each thread has gone to sleep or been interrupted: a number that stays as long as it does not run.
fn switches(case: &Case<'_>) -> BTreeMap<ThreadId, u64> {
    let mut all = BTreeMap::new();
    for pid in &case.shown {
        let Some(process) = case.facts.processes.get(pid) else { continue };
        for thread in &process.threads {
            let path = format!("/proc/{pid}/task/{}/status", thread.tid);
            let text = fs::read_to_string(path).unwrap_or_default();
            let lines = text.lines().filter(|line| line.contains("ctxt_switches"));
            let numbers =
                lines.filter_map(|line| line.rsplit('\t').next()?.trim().parse::<u64>().ok());
            all.insert((*pid, thread.tid), numbers.sum());
        }
    }
    all
}
