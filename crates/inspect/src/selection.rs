//! The choice of processes that a report shows.

use crate::facts::{Activity, Call, Facts, Holders, Object};
use crate::wakers::Waits;
use std::collections::BTreeSet;

/// The processes that were asked for, and their descendants.
fn asked(facts: &Facts) -> BTreeSet<u32> {
    let is_asked = |&&pid: &&u32| {
        facts.asked.contains(&pid) || facts.asked.iter().any(|&asked| facts.descends(pid, asked))
    };
    facts.processes.keys().filter(is_asked).copied().collect()
}

/// The processes with the other end of a pipe or socket of those asked for, or of one of their descendants.
pub(crate) fn neighbours(facts: &Facts, holders: &Holders<'_>) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    for pid in asked(facts) {
        for entry in facts.processes[&pid].table.iter().flatten() {
            let is_shared = entry.object.is_pipe() || matches!(entry.object, Object::Socket(_));
            let Some(source) = facts.source(&entry.object).filter(|_| is_shared) else { continue };
            if entry.reads {
                found.extend(holders.writers(&source).iter().map(|end| end.pid));
            }
            if entry.writes {
                found.extend(holders.readers(&source).iter().map(|end| end.pid));
            }
        }
    }
    found
}

/// The processes that the verdict is about: those asked for, their descendants, and, again and again, those for
/// which one of them waits.
pub(crate) fn subjects(facts: &Facts, waits: &Waits) -> BTreeSet<u32> {
    let mut all = asked(facts);
    loop {
        let mut more = BTreeSet::new();
        for &pid in &all {
            let own = waits.wakers.range((pid, 0)..=(pid, u32::MAX));
            for (thread, wakers) in own {
                // A server that polls thousands of connections does not wait for all their clients.
                let polls = facts.processes[&pid].threads.iter().any(|one| {
                    one.tid == thread.1
                        && matches!(&one.does, Activity::Io(wait) if matches!(wait.call, Call::Poll(_)))
                });
                if !polls || waits.stuck.contains(thread) {
                    more.extend(wakers.processes.iter().copied());
                }
            }
        }
        let before = all.len();
        all.extend(more.into_iter().filter(|pid| facts.processes.contains_key(pid)));
        if all.len() == before {
            return all;
        }
    }
}
