//! Knots: smallest sets of threads that wait for nothing but each other.

use crate::wakers::{ThreadId, Waits};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A set of threads, each of which waits for others of the set, directly or through others, and for no more.
pub(crate) type Knot = BTreeSet<ThreadId>;

/// The threads that could wake this one, of those that never wake.
fn next(waits: &Waits, thread: ThreadId) -> impl Iterator<Item = ThreadId> {
    let processes = waits.wakers.get(&thread).into_iter().flat_map(|wakers| &wakers.processes);
    processes.flat_map(|&pid| waits.stuck.range((pid, 0)..=(pid, u32::MAX)).copied())
}

fn reached(waits: &Waits, from: ThreadId) -> BTreeSet<ThreadId> {
    let mut found = BTreeSet::new();
    let mut to_do = vec![from];
    while let Some(thread) = to_do.pop() {
        to_do.extend(next(waits, thread).filter(|&thread| found.insert(thread)));
    }
    found
}

/// The knots for which these processes wait, each with the processes that wait for it and are no part of it.
#[must_use]
pub(crate) fn knots(waits: &Waits, shown: &BTreeSet<u32>) -> Vec<(Knot, BTreeSet<u32>)> {
    let of_shown = waits.stuck.iter().filter(|(pid, _)| shown.contains(pid));
    let reach: BTreeMap<ThreadId, Knot> =
        of_shown.map(|&thread| (thread, reached(waits, thread))).collect();
    let mut found: BTreeMap<Knot, BTreeSet<u32>> = BTreeMap::new();
    for threads in reach.values() {
        for &thread in threads {
            let own = reached(waits, thread);
            // It is in a knot if every thread that it reaches leads back to it.
            let is_knot = own.contains(&thread)
                && own.iter().all(|&other| reached(waits, other).contains(&thread));
            if is_knot {
                found.entry(own).or_default();
            }
        }
    }
    for (knot, also) in &mut found {
        let waiting = reach.iter().filter(|(_, reached)| !reached.is_disjoint(knot));
        let processes = waiting.map(|((pid, _), _)| *pid);
        also.extend(processes.filter(|pid| !knot.iter().any(|(own, _)| own == pid)));
    }
    found.into_iter().collect()
}

/// The shortest circle within a knot that begins at this thread: each thread waits for the process of the next.
#[must_use]
pub(crate) fn circle(waits: &Waits, knot: &Knot, start: ThreadId) -> Vec<ThreadId> {
    let mut before: BTreeMap<ThreadId, ThreadId> = BTreeMap::new();
    let mut to_do = VecDeque::from([start]);
    while let Some(thread) = to_do.pop_front() {
        for other in next(waits, thread).filter(|thread| knot.contains(thread)) {
            if other == start && (thread != start || knot.len() == 1) {
                let mut circle = vec![thread];
                let mut at = thread;
                while let Some(&previous) = before.get(&at).filter(|_| at != start) {
                    circle.push(previous);
                    at = previous;
                }
                circle.reverse();
                return circle;
            }
            if other != start && !before.contains_key(&other) {
                before.insert(other, thread);
                to_do.push_back(other);
            }
        }
    }
    vec![start]
}
