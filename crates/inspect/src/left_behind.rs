//! Readers whose end of file only a process left in the background can give, and the processes that wait for them.

use crate::case::Case;
use crate::facts::{Activity, Call, Interest};
use crate::finding::LeftBehind;
use crate::wakers::{Outside, ThreadId};
use std::collections::BTreeSet;

/// Most processes that wait for each other: a server that polls many clients does not wait for all of them.
const LONGEST: usize = 8;

/// All readers that the subjects of a case wait for, each once.
pub(crate) fn find(case: &Case<'_>) -> Vec<LeftBehind> {
    let mut found: Vec<LeftBehind> = Vec::new();
    for &pid in &case.subjects {
        let threads = case.facts.processes.get(&pid).into_iter().flat_map(|one| &one.threads);
        let mut direct: Vec<LeftBehind> = threads
            .filter_map(|thread| match &thread.does {
                Activity::Io(wait) if wait.interests.len() == 1 => held(case, (pid, thread.tid)),
                _ => None,
            })
            .collect();
        if direct.is_empty() {
            direct.extend(from(case, pid));
        }
        direct.retain(|one| found.iter().all(|other| other.reader != one.reader));
        found.extend(direct);
    }
    found.retain(|one| !case.waits.stuck.contains(&one.reader));
    found
}

/// The pipes of a waiting thread of which processes left in the background hold all write ends.
fn held(case: &Case<'_>, reader: ThreadId) -> Option<LeftBehind> {
    let is_held = |one: &&Interest| {
        let ends = case.ends(&one.object, false);
        one.object.is_pipe()
            && !ends.is_empty()
            && ends.iter().all(|end| is_left(case, reader.0, end.pid))
    };
    let interests: Vec<Interest> = case.reads(reader).filter(is_held).cloned().collect();
    if interests.is_empty() {
        return None;
    }
    let ends = interests.iter().flat_map(|one| case.ends(&one.object, false)).collect();
    Some(LeftBehind { reader, interests, ends, others: BTreeSet::new() })
}

/// Follows the waits from a process. All on the way wait for each other, or for the one process that was left.
fn from(case: &Case<'_>, start: u32) -> Option<LeftBehind> {
    let (mut chain, mut next) = (BTreeSet::from([start]), vec![start]);
    let mut found: Option<LeftBehind> = None;
    while let Some(pid) = next.pop() {
        for thread in &case.facts.processes.get(&pid)?.threads {
            if thread.does == Activity::Ended {
                continue;
            }
            let id = (pid, thread.tid);
            let wakers = case.waits.wakers.get(&id)?;
            let Activity::Io(wait) = &thread.does else { return None };
            let is_poll = matches!(wait.call, Call::Poll(_));
            match wakers.outside {
                // What is typed for ssh(1) does not end a remote command that has ended already.
                None | Some(Outside::Terminal) => {}
                // sshd(8) polls with a limit and a mask of signals, and polls again.
                Some(Outside::Timer) if is_poll => {}
                Some(_) => return None,
            }
            let held = held(case, id);
            let holders = held.iter().flat_map(|one| &one.ends).map(|end| end.pid);
            let holders: BTreeSet<u32> = holders.collect();
            if held.is_some() && found.is_some() {
                return None;
            }
            found = found.or(held);
            let others = wakers.processes.difference(&holders);
            next.extend(others.filter(|&&waker| chain.insert(waker)));
            if chain.len() > LONGEST {
                return None;
            }
        }
    }
    let mut found = found?;
    chain.remove(&found.reader.0);
    found.others = chain;
    Some(found)
}

/// Whether that process was left in the background: the process that started it has ended, and it holds pipes of
/// this reader as standard output or error only, while it waits for something else.
fn is_left(case: &Case<'_>, reader: u32, pid: u32) -> bool {
    let facts = case.facts;
    let (Some(own), Some(process)) = (facts.processes.get(&reader), facts.processes.get(&pid))
    else {
        return false;
    };
    let parent = own.parent;
    let has_parent = parent > 1 && facts.processes.contains_key(&parent);
    let is_relative = pid == reader
        || facts.descends(pid, reader)
        || has_parent && (facts.descends(pid, parent) || pid == parent)
        // Of two children of init, either may be the one that was left.
        || parent == 1 && process.parent == 1;
    let is_awake = process.threads.iter().any(|thread| thread.does == Activity::Runs);
    let entries = process.table.iter().flatten().filter(|entry| {
        entry.writes && entry.object.is_pipe() && case.holds(reader, &entry.object, false)
    });
    let mut numbers = entries.map(|entry| entry.number).peekable();
    !is_relative
        && !is_awake
        && numbers.peek().is_some()
        && numbers.all(|number| [1, 2].contains(&number))
}
