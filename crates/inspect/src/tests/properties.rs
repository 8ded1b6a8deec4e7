//! Properties of the verdict on any facts.

use super::world::{WAIT, World, end, futex, read, write};
use crate::case::Case;
use crate::facts::{Activity, Facts, Holders};
use crate::verdict::judge;
use crate::wakers::{Waits, wakers};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// What one process does, and its descriptors as (number, mode, pipe).
type Plan = (u8, u8, Vec<(u8, u8)>);

fn facts(plans: &[Plan]) -> Facts {
    let mut world = World::default();
    for (index, (does, parent, ends)) in plans.iter().enumerate() {
        let pid = 10 + index as u32;
        // A parent has a lower number, as it was there first; 0 has none.
        let parent = if index == 0 { 1 } else { 10 + u32::from(*parent) % index as u32 };
        let table: Vec<_> = ends
            .iter()
            .enumerate()
            .map(|(fd, (mode, pipe))| {
                let mode = ["r", "w", "rw"][usize::from(mode % 3)];
                end(fd as i32, mode, u64::from(pipe % 4))
            })
            .collect();
        let first = ends.first().map_or(0, |(_, pipe)| u64::from(pipe % 4));
        let activity = match does % 8 {
            0 | 1 => read(0, first),
            2 | 3 => write(0, first, 5000),
            4 => WAIT,
            5 => futex(None),
            6 => Activity::Sleeps,
            _ => Activity::Signal,
        };
        world = world.process((pid, parent, ["a", "b"][index % 2]), &table, activity);
    }
    world.0
}

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let plan = (any::<u8>(), any::<u8>(), prop::collection::vec((any::<u8>(), any::<u8>()), 0..4));
    prop::collection::vec(plan, 1..9)
}

/// The same set from the other side: what can run, and again and again what that can wake.
fn awake(facts: &Facts, holders: &Holders<'_>) -> BTreeSet<u32> {
    let mut awake: BTreeSet<u32> = BTreeSet::new();
    loop {
        let before = awake.len();
        for (&pid, process) in &facts.processes {
            let can_wake = process.threads.iter().any(|thread| {
                let wakers = wakers(facts, holders, pid, &thread.does);
                wakers.outside.is_some() || !wakers.processes.is_disjoint(&awake)
            });
            if can_wake {
                awake.insert(pid);
            }
        }
        if awake.len() == before {
            return awake;
        }
    }
}

/// Whether every living thread of the process never wakes.
fn never_wakes(waits: &Waits, pid: u32) -> bool {
    let mut own = waits.wakers.range((pid, 0)..=(pid, u32::MAX)).peekable();
    own.peek().is_some() && own.all(|(thread, _)| waits.stuck.contains(thread))
}

proptest! {
    #[test]
    fn what_can_be_woken_is_not_among_those_that_never_wake(plans in plans()) {
        let facts = facts(&plans);
        let holders = Holders::of(&facts);
        let waits = Waits::of(&facts, &holders);
        let awake = awake(&facts, &holders);
        for &pid in facts.processes.keys() {
            prop_assert_eq!(never_wakes(&waits, pid), !awake.contains(&pid), "process {}", pid);
        }
        for finding in judge(&Case::of(&facts)).findings {
            for link in finding.links.iter().filter(|_| finding.kind.never_wakes()) {
                prop_assert!(!awake.contains(&link.pid()), "{:?}", finding.kind);
            }
        }
    }

    /// Process numbers say nothing but who is whose parent: other numbers give the same kinds.
    #[test]
    fn the_order_of_processes_does_not_matter(plans in plans(), turn in 1_u32..8) {
        let facts = facts(&plans);
        let count = plans.len() as u32;
        let moved = |pid: u32| if pid < 10 { pid } else { 10 + (pid - 10 + turn) % count };
        let mut other = facts.clone();
        other.asked = facts.asked.iter().map(|&pid| moved(pid)).collect();
        other.processes = facts
            .processes
            .iter()
            .map(|(&pid, process)| {
                let mut process = process.clone();
                process.parent = moved(process.parent);
                for thread in &mut process.threads {
                    thread.tid = moved(thread.tid);
                }
                (moved(pid), process)
            })
            .collect();
        let stuck = |facts: &Facts| -> BTreeSet<u32> {
            Waits::of(facts, &Holders::of(facts)).stuck.into_iter().map(|(pid, _)| pid).collect()
        };
        let expected: BTreeSet<u32> = stuck(&facts).into_iter().map(moved).collect();
        prop_assert_eq!(stuck(&other), expected);
        let wrong = |facts: &Facts| {
            let verdict = judge(&Case::of(facts));
            verdict.findings.iter().any(|finding| finding.kind.never_wakes())
        };
        prop_assert_eq!(wrong(&facts), wrong(&other));
    }
}
