//! The verdict: which mistake each knot of waiting threads is.

use crate::case::Case;
use crate::facts::{Activity, End, Object, Thread};
use crate::finding::{Finding, Kind, Link, Verdict};
use crate::knots::{Knot, circle, knots};
use crate::remarks;
use crate::wakers::{Outside, ThreadId};
use std::collections::BTreeSet;

/// Judges: a pure function of the facts.
#[must_use]
pub(crate) fn judge(case: &Case<'_>) -> Verdict {
    Judge(case).verdict()
}

/// The case that is judged.
struct Judge<'a>(&'a Case<'a>);

impl<'a> std::ops::Deref for Judge<'a> {
    type Target = Case<'a>;

    fn deref(&self) -> &Case<'a> {
        self.0
    }
}

impl Judge<'_> {
    fn verdict(&self) -> Verdict {
        let knots = knots(&self.waits, &self.subjects);
        let mut findings: Vec<Finding> =
            knots.iter().map(|(knot, also)| self.of_knot(knot, also.clone())).collect();
        merge(&mut findings);
        let named = findings.iter().flat_map(|one| &one.links).map(Link::pid).collect();
        findings.extend(remarks::remarks(self.0, &named));
        findings.sort_by_key(|one| (one.kind, one.subject));
        let has_ends = findings.iter().any(|one| !one.ends.is_empty());
        let waits = self.causes();
        let is_asked = |pid: &u32| self.facts.asked.contains(pid);
        let is_unknown = waits.iter().any(|(pid, cause)| {
            let has_table = self.facts.processes.get(pid).is_some_and(|one| one.table.is_some());
            *cause == Outside::Hidden || is_asked(pid) && !has_table
        });
        let hidden = if has_ends || is_unknown { self.hidden() } else { BTreeSet::new() };
        Verdict { findings, waits, hidden, hidden_calls: self.hidden_calls() }
    }

    fn finding(&self, kind: Kind, threads: &[ThreadId], also: BTreeSet<u32>) -> Finding {
        let links: Vec<Link> = threads.iter().filter_map(|&thread| self.link(thread)).collect();
        Finding {
            kind,
            subject: links.first().map_or(0, Link::pid),
            ends: links.first().map(|link| link.ends.clone()).unwrap_or_default(),
            object: links.first().and_then(|link| link.object.clone()),
            others: BTreeSet::new(),
            links,
            also,
        }
    }

    fn of_knot(&self, knot: &Knot, also: BTreeSet<u32>) -> Finding {
        let pids: BTreeSet<u32> = knot.iter().map(|(pid, _)| *pid).collect();
        let is_own = |&&thread: &&ThreadId| {
            self.reads(thread).any(|read| {
                let ends = self.ends(&read.object, false);
                !ends.is_empty() && ends.iter().all(|end| end.pid == thread.0)
            })
        };
        if let Some(&reader) = knot.iter().find(is_own) {
            let mut finding = self.finding(Kind::OwnWriteEnd, &[reader], also);
            let object = finding.object.clone();
            if let Some(other) = object.and_then(|object| self.made_after_fork(reader.0, &object)) {
                finding.kind = Kind::PipeMadeAfterFork;
                finding.others.insert(other);
            }
            return finding;
        }
        if let Some(found) = self.lost_token(knot, &also) {
            return found;
        }
        if let Some(found) = self.waits_for_children(knot, &pids, &also) {
            return found;
        }
        if let Some(found) = self.inherited(knot, &also) {
            return found;
        }
        let all = |test: &dyn Fn(ThreadId) -> bool| knot.iter().all(|&thread| test(thread));
        if pids.len() == 1 && all(&|one| matches!(self.activity(one), Some(Activity::Futex(_)))) {
            let threads: Vec<ThreadId> = knot.iter().copied().collect();
            return self.finding(Kind::ThreadDeadlock, &threads, also);
        }
        // The sentence begins with a thread that waits for one of its ancestors: that one has to close or write.
        let waits_for_ancestor = |&&(pid, tid): &&ThreadId| {
            let wakers = &self.waits.wakers[&(pid, tid)].processes;
            wakers.iter().any(|&waker| pids.contains(&waker) && self.facts.descends(pid, waker))
        };
        let start = knot.iter().find(waits_for_ancestor).or(knot.first());
        let round = start.map(|&start| circle(&self.waits, knot, start)).unwrap_or_default();
        let writing = round.iter().filter(|&&one| self.writes(one).next().is_some()).count();
        let reading = round.iter().filter(|&&one| self.reads(one).next().is_some()).count();
        let kind = match round.len() {
            2.. if writing == round.len() => Kind::BothFill,
            2.. if reading == round.len() => Kind::ReadEachOther,
            _ => Kind::Circle,
        };
        let mut finding = self.finding(kind, &round, also);
        let named: BTreeSet<u32> = finding.links.iter().map(Link::pid).collect();
        finding.also.extend(pids.difference(&named));
        finding
    }

    /// A process of `make` holds both ends of the pipe that is read: it is the pool of tokens.
    fn lost_token(&self, knot: &Knot, also: &BTreeSet<u32>) -> Option<Finding> {
        let is_make = |end: &End| matches!(self.facts.name(end.pid), "make" | "gmake");
        let reader = knot.iter().find(|&&thread| {
            self.reads(thread).any(|read| {
                let holds = |end: &End| is_make(end) && self.holds(end.pid, &read.object, false);
                read.object.is_pipe() && self.ends(&read.object, false).iter().any(holds)
            })
        })?;
        let others = knot.iter().map(|(pid, _)| *pid).filter(|&pid| pid != reader.0);
        let mut also = also.clone();
        also.extend(others);
        Some(self.finding(Kind::LostToken, &[*reader], also))
    }

    fn waits_for_children(
        &self,
        knot: &Knot,
        pids: &BTreeSet<u32>,
        also: &BTreeSet<u32>,
    ) -> Option<Finding> {
        let waits =
            |thread: &&ThreadId| matches!(self.activity(**thread), Some(Activity::Children { .. }));
        for &parent in knot.iter().filter(waits) {
            let depends = |object: &Object, to_write| {
                self.ends(object, to_write).iter().any(|end| end.pid == parent.0)
            };
            let is_full = |thread: &&ThreadId| {
                self.writes(**thread).any(|write| depends(&write.object, true))
            };
            let is_empty =
                |thread: &&ThreadId| self.reads(**thread).any(|read| depends(&read.object, false));
            let writers: Vec<ThreadId> = knot.iter().filter(is_full).copied().collect();
            let readers: Vec<ThreadId> = knot.iter().filter(is_empty).copied().collect();
            let (kind, children) = match (writers.is_empty(), readers.is_empty()) {
                (false, _) => (Kind::WaitBeforeRead, writers),
                (true, false) => (Kind::WaitBeforeClose, readers),
                (true, true) => continue,
            };
            let threads: Vec<ThreadId> = [parent].into_iter().chain(children).collect();
            let mut finding = self.finding(kind, &threads, also.clone());
            let child = finding.links.get(1);
            finding.ends = child.map(|link| link.ends.clone()).unwrap_or_default();
            finding.object = child.and_then(|link| link.object.clone());
            let named: BTreeSet<u32> = finding.links.iter().map(Link::pid).collect();
            finding.also.extend(pids.difference(&named));
            return Some(finding);
        }
        None
    }

    /// Forked copies hold write ends of pipes that they should only read, or not have at all.
    fn inherited(&self, knot: &Knot, also: &BTreeSet<u32>) -> Option<Finding> {
        let is_copy = |one: u32, other: u32| {
            let parent = |pid| self.facts.processes.get(&pid).map(|process| process.parent);
            parent(one) == parent(other) && self.facts.name(one) == self.facts.name(other)
        };
        let is_it = |thread: &&ThreadId| {
            self.reads(**thread).any(|read| {
                let ends = self.ends(&read.object, false);
                let own = ends.iter().any(|end| end.pid == thread.0);
                let is_pipe = read.object.is_pipe();
                is_pipe
                    && (own
                        || !ends.is_empty() && ends.iter().all(|end| is_copy(end.pid, thread.0)))
            })
        };
        let readers: Vec<ThreadId> = knot.iter().filter(is_it).copied().collect();
        if readers.is_empty() {
            return None;
        }
        let mut also = also.clone();
        also.extend(knot.iter().map(|(pid, _)| *pid));
        for (pid, _) in &readers {
            also.remove(pid);
        }
        Some(self.finding(Kind::InheritedWriteEnds, &readers, also))
    }

    /// What the processes wait for that something outside can wake. Those that wait for others are left out.
    fn causes(&self) -> Vec<(u32, Outside)> {
        let mut found = Vec::new();
        for &pid in &self.subjects {
            let own = self.waits.wakers.range((pid, 0)..=(pid, u32::MAX));
            let cause = own.filter_map(|(_, wakers)| wakers.outside).min();
            let waits_for_others = self.waits.wakers_of(pid).iter().any(|other| *other != pid);
            if let Some(cause) =
                cause.filter(|cause| *cause == Outside::Nothing || !waits_for_others)
            {
                found.push((pid, cause));
            }
        }
        found
    }

    /// Subjects whose system calls may not be read. One that computes or has ended has none.
    fn hidden_calls(&self) -> BTreeSet<u32> {
        let hides = |pid: &&u32| {
            self.facts.processes.get(*pid).is_some_and(|process| {
                let waits = |one: &Thread| !matches!(one.does, Activity::Runs | Activity::Ended);
                process.hides_calls && process.threads.iter().any(waits)
            })
        };
        self.subjects.iter().filter(hides).copied().collect()
    }

    /// Processes whose table cannot be read and that may have inherited an end: children and parents of those shown.
    fn hidden(&self) -> BTreeSet<u32> {
        let facts = self.facts;
        let is_parent = |pid: u32| {
            let mut shown = self.shown.iter().filter_map(|one| facts.processes.get(one));
            pid != 1 && shown.any(|one| one.parent == pid)
        };
        let all = facts.processes.iter().filter(|(_, process)| process.table.is_none());
        let all = all.map(|(&pid, _)| pid);
        all.filter(|&pid| {
            self.shown.iter().any(|&one| one == pid || facts.descends(pid, one)) || is_parent(pid)
        })
        .collect()
    }
}

/// Puts the knots of one mistake together: the same parent does not read the outputs of several children.
fn merge(findings: &mut Vec<Finding>) {
    let mut merged: Vec<Finding> = Vec::new();
    for finding in findings.drain(..) {
        let same = |other: &&mut Finding| {
            other.kind == finding.kind
                && other.subject == finding.subject
                && other.object == finding.object
        };
        match merged.iter_mut().find(same) {
            Some(other) => {
                other.also.extend(finding.links.iter().map(Link::pid));
                other.also.extend(finding.also);
                let named: BTreeSet<u32> = other.links.iter().map(Link::pid).collect();
                other.also.retain(|pid| !named.contains(pid));
            }
            None => merged.push(finding),
        }
    }
    *findings = merged;
}
