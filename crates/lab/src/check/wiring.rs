//! What a trace shows of the processes and pipes of a program.

use crate::check::finding::Finding;
use crate::check::trace::{PipeEnd, Role, Trace};

/// Longest write that enters a pipe as a whole (`PIPE_BUF` of Linux, pipe(7)).
const PIPE_BUF: i32 = 4096;

/// Mistakes in the number of processes and pipes, in the ends that workers keep, and in the length of writes. A program that
/// does not end by itself may not have come to its last fork.
pub(crate) fn wiring(trace: &Trace, workers: usize, has_ended: bool) -> Vec<Finding> {
    let mut found = Vec::new();
    // That is said already, and all numbers are wrong.
    if trace.forked_too_many() {
        return found;
    }
    let (own, others) = trace.forked();
    let forked = own.len() + others;
    let goes_on = others > 0 && forked > workers;
    if goes_on {
        found.push(Finding::WorkerForks);
    } else if forked > workers || forked < workers && has_ended {
        found.push(Finding::Workers { asked: workers, forked });
    }
    match trace.pipes() {
        (_, made) if made > 0 => found.push(Finding::PipesInChild { made }),
        // Not all of them are made yet, or are made for other workers than those that were asked for.
        _ if forked == 0 || goes_on || forked < workers && !has_ended => {}
        // Of the workers that there are: their number is a sentence of its own.
        (made, _) if made != forked + 1 => found.push(Finding::Pipes { made, workers: forked }),
        _ => {}
    }
    let worst = trace.ends().into_values().max_by_key(Vec::len);
    if let Some(ends) = worst.filter(|ends| ends.len() > 2) {
        found.push(Finding::WorkerEnds { ends: listed(&ends), count: ends.len() });
    }
    let length = trace.longest_write();
    if length > PIPE_BUF {
        found.push(Finding::LongWrite { length });
    }
    found
}

/// Mistakes at the end of a run that has ended by itself.
pub(crate) fn ending(trace: &Trace) -> Vec<Finding> {
    let mut found = Vec::new();
    if let (true, false) = trace.reads(Role::Parent) {
        found.push(Finding::NoEndOfFile);
    }
    let (children, _) = trace.forked();
    let left = children.difference(&trace.waited()).count();
    if left > 0 {
        found.push(Finding::NotWaited { left, workers: children.len() });
    }
    found
}

/// Descriptors with `r` for read ends and `w` for write ends.
fn listed(ends: &[PipeEnd]) -> String {
    let one = |end: &PipeEnd| format!("{}{}", end.fd, if end.writes { "w" } else { "r" });
    ends.iter().map(one).collect::<Vec<_>>().join(" ")
}
