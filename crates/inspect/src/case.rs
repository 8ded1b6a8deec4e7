//! The facts with what follows from them before any judgement: holders, waits, and the choice of processes.

use crate::facts::{Activity, Call, End, Facts, Holders, Interest, Object};
use crate::finding::{LeftBehind, Link};
use crate::wakers::{ThreadId, Waits};
use std::collections::BTreeSet;

/// The facts, and what follows from them before any judgement.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    /// The facts.
    pub(crate) facts: &'a Facts,
    /// Who holds what.
    pub(crate) holders: Holders<'a>,
    /// Who waits for whom.
    pub(crate) waits: Waits,
    /// The processes that the verdict is about.
    pub(crate) subjects: BTreeSet<u32>,
    /// These, and their neighbours: the processes that the report lists.
    pub(crate) shown: BTreeSet<u32>,
    /// The readers that wait for a process left in the background.
    pub(crate) left: Vec<LeftBehind>,
}

impl<'a> Case<'a> {
    pub(crate) fn activity(&self, thread: ThreadId) -> Option<&Activity> {
        let process = self.facts.processes.get(&thread.0)?;
        Some(&process.threads.iter().find(|one| one.tid == thread.1)?.does)
    }

    /// A thread that waits, with what could wake it.
    pub(crate) fn link(&self, thread: ThreadId) -> Option<Link> {
        let does = self.activity(thread)?.clone();
        let (fd, object, to_write) = match &does {
            Activity::Io(wait) => match wait.interests.first() {
                Some(one) => (Some(one.fd), Some(one.object.clone()), one.to_write),
                None => (None, None, false),
            },
            Activity::FileLock { fd, object } => (Some(*fd), Some(object.clone()), false),
            Activity::Connects { fd, listener } => (Some(*fd), listener.clone(), false),
            _ => (None, None, false),
        };
        let ends = object.as_ref().map(|object| match does {
            Activity::Io(_) => self.ends(object, to_write),
            _ => self.holders.readers(object).to_vec(),
        });
        let wakers = self.waits.wakers.get(&thread).map(|wakers| wakers.processes.clone());
        Some(Link {
            thread,
            does,
            fd,
            object,
            to_write,
            ends: ends.unwrap_or_default(),
            wakers: wakers.unwrap_or_default(),
        })
    }

    /// The ends through which a reader or a writer of this object could be woken.
    pub(crate) fn ends(&self, object: &Object, to_write: bool) -> Vec<End> {
        let Some(source) = self.facts.source(object) else { return Vec::new() };
        let ends =
            if to_write { self.holders.readers(&source) } else { self.holders.writers(&source) };
        ends.to_vec()
    }

    /// The interests of a thread that reads, or polls to read.
    pub(crate) fn reads(&self, thread: ThreadId) -> impl Iterator<Item = &Interest> {
        let wait = match self.activity(thread) {
            Some(Activity::Io(wait)) if wait.call != Call::Write => Some(wait),
            _ => None,
        };
        wait.into_iter().flat_map(|wait| &wait.interests).filter(|one| !one.to_write)
    }

    pub(crate) fn writes(&self, thread: ThreadId) -> impl Iterator<Item = &Interest> {
        let wait = match self.activity(thread) {
            Some(Activity::Io(wait)) => Some(wait),
            _ => None,
        };
        wait.into_iter().flat_map(|wait| &wait.interests).filter(|one| one.to_write)
    }

    /// Whether a process has an end of this object that can write, or one that can read.
    pub(crate) fn holds(&self, pid: u32, object: &Object, to_write: bool) -> bool {
        let ends =
            if to_write { self.holders.writers(object) } else { self.holders.readers(object) };
        ends.iter().any(|end| end.pid == pid)
    }

    /// A relative that runs the same program and has another pipe at the same number: `object` was made after the
    /// fork, and no other process has it.
    pub(crate) fn made_after_fork(&self, pid: u32, object: &Object) -> Option<u32> {
        let Object::Pipe(_) = object else { return None };
        let ends = self.holders.readers(object).iter().chain(self.holders.writers(object));
        if ends.clone().any(|end| end.pid != pid) {
            return None;
        }
        let numbers: BTreeSet<i32> = ends.map(|end| end.fd).collect();
        let own = self.facts.processes.get(&pid)?;
        let found = self.facts.processes.iter().find(|&(&other, process)| {
            let is_relative = other != pid
                && process.name == own.name
                && (process.parent == pid || own.parent == other || own.parent == process.parent);
            let has_another = process.table.iter().flatten().any(|entry| {
                let is_pipe = matches!(entry.object, Object::Pipe(_));
                is_pipe
                    && numbers.contains(&entry.number)
                    && !self.holds(pid, &entry.object, false)
                    && !self.holds(pid, &entry.object, true)
            });
            is_relative && has_another
        });
        found.map(|(&other, _)| other)
    }
}
