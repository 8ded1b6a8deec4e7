//! The choice of processes that a report shows.

use crate::facts::{Activity, Call, Facts, Holders, Object};
use crate::wakers::Waits;
use std::collections::BTreeSet;

/// The processes to show: those asked for and their descendants, processes with the other end of one of their
/// pipes or sockets, and, again and again, those for which one of them waits.
pub(crate) fn shown(facts: &Facts, holders: &Holders<'_>, waits: &Waits) -> BTreeSet<u32> {
    let is_asked = |&&pid: &&u32| {
        facts.asked.contains(&pid) || facts.asked.iter().any(|&asked| facts.descends(pid, asked))
    };
    let asked: BTreeSet<u32> = facts.processes.keys().filter(is_asked).copied().collect();
    let mut shown = asked.clone();
    for pid in &asked {
        for entry in facts.processes[pid].table.iter().flatten() {
            let is_shared = entry.object.is_pipe() || matches!(entry.object, Object::Socket(_));
            let Some(source) = facts.source(&entry.object).filter(|_| is_shared) else { continue };
            if entry.reads {
                shown.extend(holders.writers(&source).iter().map(|end| end.pid));
            }
            if entry.writes {
                shown.extend(holders.readers(&source).iter().map(|end| end.pid));
            }
        }
    }
    loop {
        let mut more = BTreeSet::new();
        for &pid in &shown {
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
        let before = shown.len();
        shown.extend(more.into_iter().filter(|pid| facts.processes.contains_key(pid)));
        if shown.len() == before {
            return shown;
        }
    }
}
