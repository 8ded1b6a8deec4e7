//! Findings about processes that may still wake.

use crate::case::Case;
use crate::facts::{Activity, Call, Channel, End, Object, Process};
use crate::finding::{Finding, Kind, LeftBehind};
use crate::wakers::{Outside, ThreadId};
use std::collections::BTreeSet;

/// Longest write to a pipe that never mixes with others (`PIPE_BUF`).
const PIPE_BUF: u64 = 4096;
/// A program that has read this and written nothing may keep its output in a buffer.
const READ_MUCH: u64 = 4096;

/// What is to be said about these processes, apart from knots. `named` are the processes that knots name.
pub(crate) fn remarks(case: &Case<'_>, named: &BTreeSet<u32>) -> Vec<Finding> {
    let mut found = Vec::new();
    for &pid in &case.subjects {
        let Some(process) = case.facts.processes.get(&pid) else { continue };
        let one = About { case, pid, process };
        found.extend(one.stopped());
        for thread in &process.threads {
            found.extend(one.thread((pid, thread.tid), &thread.does));
        }
        // Nothing more is wrong with a reader that waits for a process left in the background.
        let waits = case.left.iter().any(|left| left.reader.0 == pid);
        if !named.contains(&pid) && !waits {
            found.extend(one.not_waited_for());
            found.extend(one.buffered());
            found.extend(one.private_pipe());
        }
        found.extend(one.reader_gone());
        found.extend(one.full_queue());
    }
    found.extend(case.left.iter().map(|left| inherited_output(case, left)));
    found.extend(long_writes(case, named));
    let connecting = |one: &Finding| one.kind == Kind::FullQueue;
    let mut seen = BTreeSet::new();
    found.retain(|one| !connecting(one) || seen.insert(one.object.clone()));
    found
}

/// One process of the case.
struct About<'a> {
    case: &'a Case<'a>,
    pid: u32,
    process: &'a Process,
}

impl About<'_> {
    fn finding(&self, kind: Kind, threads: &[ThreadId]) -> Finding {
        let links: Vec<_> = threads.iter().filter_map(|&thread| self.case.link(thread)).collect();
        Finding {
            kind,
            subject: self.pid,
            ends: links.first().map(|link| link.ends.clone()).unwrap_or_default(),
            object: links.first().and_then(|link| link.object.clone()),
            others: BTreeSet::new(),
            links,
            also: BTreeSet::new(),
        }
    }

    fn channel(&self, object: &Object) -> Option<&Channel> {
        self.case.facts.channels.get(object)
    }

    fn stopped(&self) -> Option<Finding> {
        let is_stopped = self.process.threads.first()?.does == Activity::Stopped;
        is_stopped.then(|| self.finding(Kind::Stopped, &[]))
    }

    fn thread(&self, thread: ThreadId, does: &Activity) -> Option<Finding> {
        let wakers = self.case.waits.wakers.get(&thread)?;
        let is_stuck = self.case.waits.stuck.contains(&thread);
        match does {
            Activity::OpensFifo { .. } => Some(self.finding(Kind::FifoPartner, &[thread])),
            Activity::FileLock { .. } if !is_stuck && !wakers.processes.is_empty() => {
                let mut finding = self.finding(Kind::LockHeld, &[thread]);
                finding.others = wakers.processes.clone();
                Some(finding)
            }
            Activity::Io(wait) if wait.interests.len() == 1 && !wait.interests[0].to_write => {
                let object = &wait.interests[0].object;
                let channel = self.channel(object)?;
                if wakers.outside == Some(Outside::Hidden)
                    && object.is_pipe()
                    && channel.has_writer == Some(true)
                    && channel.waiting == Some(0)
                {
                    return Some(self.finding(Kind::HiddenWriteEnd, &[thread]));
                }
                None
            }
            _ => None,
        }
    }

    fn not_waited_for(&self) -> Option<Finding> {
        let children: Vec<_> = self.case.facts.children(self.pid).collect();
        let is_idle = self.process.threads.iter().all(|thread| {
            !matches!(thread.does, Activity::Runs | Activity::Ended | Activity::Children { .. })
        });
        let have_ended = !children.is_empty() && children.iter().all(|(_, child)| child.is_zombie);
        if !is_idle || !have_ended || self.process.threads.is_empty() {
            return None;
        }
        let threads: Vec<ThreadId> =
            self.process.threads.iter().take(1).map(|thread| (self.pid, thread.tid)).collect();
        let mut finding = self.finding(Kind::NotWaitedFor, &threads);
        finding.others = children.iter().map(|(pid, _)| *pid).collect();
        Some(finding)
    }

    /// A guess: it read much and wrote nothing, and a reader waits for its output.
    fn buffered(&self) -> Option<Finding> {
        let (read, written) = self.process.io?;
        let thread = self.process.threads.first()?;
        let reads = matches!(&thread.does, Activity::Io(wait) if wait.call == Call::Read);
        if !reads || written != 0 || read < READ_MUCH {
            return None;
        }
        let output = self.process.table.iter().flatten().find(|entry| entry.number == 1)?;
        let input = self.process.table.iter().flatten().find(|entry| entry.number == 0)?;
        let source = self.case.facts.source(&output.object)?;
        let is_piped = self.case.facts.source(&input.object).is_some();
        let readers = self.case.holders.readers(&source).iter().filter(|end| end.pid != self.pid);
        let waits = readers.flat_map(|end| {
            let threads =
                self.case.facts.processes.get(&end.pid).into_iter().flat_map(|one| &one.threads);
            threads.map(|thread| ((end.pid, thread.tid), &thread.does))
        });
        let mut waits = waits.filter(|(_, does)| {
            matches!(does, Activity::Io(wait) if wait.interests.iter().any(|one| one.object == output.object))
        });
        let (reader, _) = waits.next().filter(|_| is_piped)?;
        let mut finding = self.finding(Kind::Buffered, &[(self.pid, thread.tid), reader]);
        finding.others.insert(reader.0);
        Some(finding)
    }

    /// It wrote into a pipe that no other process has, and a relative has another one at the same number.
    fn private_pipe(&self) -> Option<Finding> {
        let runs = self.process.threads.iter().any(|thread| thread.does == Activity::Runs);
        for entry in self.process.table.iter().flatten().filter(|entry| !runs && entry.writes) {
            let has_bytes = self.channel(&entry.object)?.waiting.is_some_and(|bytes| bytes > 0);
            if !has_bytes {
                continue;
            }
            if let Some(other) = self.case.made_after_fork(self.pid, &entry.object) {
                let mut finding = self.finding(Kind::PrivatePipe, &[]);
                finding.object = Some(entry.object.clone());
                finding.ends = vec![End { pid: self.pid, fd: entry.number }];
                finding.others.insert(other);
                return Some(finding);
            }
        }
        None
    }

    fn reader_gone(&self) -> Option<Finding> {
        let is_gone = |object: &Object| {
            let channel = self.channel(object);
            matches!(object, Object::Pipe(_))
                && channel.is_some_and(|channel| channel.has_reader == Some(false))
        };
        // A program may not even know of other ends that it has inherited.
        let entries =
            self.process.table.iter().flatten().filter(|entry| [1, 2].contains(&entry.number));
        let ends: Vec<_> = entries.filter(|entry| entry.writes && is_gone(&entry.object)).collect();
        let first = ends.first()?;
        let mut finding = self.finding(Kind::ReaderGone, &[]);
        finding.object = Some(first.object.clone());
        let same = ends.iter().filter(|entry| entry.object == first.object);
        finding.ends = same.map(|entry| End { pid: self.pid, fd: entry.number }).collect();
        Some(finding)
    }

    /// A queue of connections that is full: the kernel lets one more wait than `listen` asked for.
    fn full_queue(&self) -> Option<Finding> {
        let mut listeners = self.process.table.iter().flatten().filter(|entry| {
            self.channel(&entry.object).is_some_and(|channel| {
                channel.socket.as_ref().is_some_and(|socket| socket.listens)
                    && channel.waiting.zip(channel.capacity).is_some_and(|(now, most)| now > most)
            })
        });
        let listener = listeners.next()?;
        let mut finding = self.finding(Kind::FullQueue, &[]);
        finding.object = Some(listener.object.clone());
        finding.ends = vec![End { pid: self.pid, fd: listener.number }];
        let clients = self.case.facts.processes.iter().filter(|(_, process)| {
            process.threads.iter().any(|thread| {
                matches!(&thread.does, Activity::Connects { listener: Some(object), .. } if *object == listener.object)
            })
        });
        finding.others = clients.map(|(&pid, _)| pid).collect();
        Some(finding)
    }
}

/// A reader of pipes that a process in the background holds.
fn inherited_output(case: &Case<'_>, left: &LeftBehind) -> Finding {
    let mut links: Vec<_> = case.link(left.reader).into_iter().collect();
    for link in &mut links {
        if let Activity::Io(wait) = &mut link.does {
            // The sentence leaves out what else it polls.
            wait.interests.clone_from(&left.interests);
        }
    }
    Finding {
        kind: Kind::InheritedOutput,
        subject: left.reader.0,
        links,
        ends: left.ends.clone(),
        others: BTreeSet::new(),
        object: left.interests.first().map(|one| one.object.clone()),
        also: left.others.clone(),
    }
}

/// Two processes that wait to write into the same pipe, one of them a long message.
fn long_writes(case: &Case<'_>, named: &BTreeSet<u32>) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    let mut writing: Vec<(ThreadId, &Object, Option<u64>)> = Vec::new();
    for (&pid, process) in case.facts.processes.iter().filter(|(pid, _)| !named.contains(pid)) {
        for thread in &process.threads {
            let Activity::Io(wait) = &thread.does else { continue };
            let one = wait.interests.first().filter(|one| {
                wait.call == Call::Write && wait.interests.len() == 1 && one.object.is_pipe()
            });
            writing.extend(one.map(|one| ((pid, thread.tid), &one.object, wait.length)));
        }
    }
    for (thread, object, length) in &writing {
        let same = writing.iter().filter(|(_, other, _)| other == object);
        let others: BTreeSet<u32> = same.map(|((pid, _), ..)| *pid).collect();
        let is_subject = !others.is_disjoint(&case.subjects);
        let is_new = is_subject && found.iter().all(|one| one.object.as_ref() != Some(*object));
        if length.is_some_and(|length| length > PIPE_BUF) && others.len() > 1 && is_new {
            found.push(Finding {
                kind: Kind::LongWrites,
                subject: thread.0,
                links: case.link(*thread).into_iter().collect(),
                ends: case.holders.writers(object).to_vec(),
                others,
                object: Some((*object).clone()),
                also: BTreeSet::new(),
            });
        }
    }
    found
}
