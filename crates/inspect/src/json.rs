//! The report as one JSON object on one line.

use crate::case::Case;
use crate::facts::{Activity, Call, End, Object};
use crate::finding::{Link, Verdict};
use crate::text;
use crate::words::{Language, Words};
use serde_json::{Value, json};

/// Version of the format. A field is added without a new one.
const VERSION: u32 = 1;

/// The whole report.
pub(crate) fn report(case: &Case<'_>, verdict: &Verdict, language: Language) -> String {
    let words = Words { case, language };
    let shown = case.shown.iter().filter_map(|pid| Some((pid, case.facts.processes.get(pid)?)));
    let processes: Vec<Value> = shown
        .map(|(pid, process)| {
            let threads: Vec<Value> = process
                .threads
                .iter()
                .map(|one| {
                    let fds: Vec<i32> = match &one.does {
                        Activity::Io(wait) => wait.interests.iter().map(|one| one.fd).collect(),
                        Activity::FileLock { fd, .. } | Activity::Connects { fd, .. } => vec![*fd],
                        _ => Vec::new(),
                    };
                    json!({
                        "tid": one.tid,
                        "state": state(&one.does),
                        "fds": fds,
                        "text": words.does(&one.does),
                        "never_wakes": case.waits.stuck.contains(&(*pid, one.tid)),
                    })
                })
                .collect();
            json!({
                "pid": pid,
                "parent": process.parent,
                "name": process.name,
                "zombie": process.is_zombie,
                "table_readable": process.table.is_some(),
                "threads": threads,
            })
        })
        .collect();
    let ends = |ends: &[End]| -> Vec<Value> {
        ends.iter().map(|end| json!({"pid": end.pid, "fd": end.fd})).collect()
    };
    let channels: Vec<Value> = text::objects(case)
        .into_iter()
        .map(|object| {
            let channel = case.facts.channels.get(object);
            let source = case.facts.source(object);
            let writers = source.map(|source| ends(case.holders.writers(&source)));
            json!({
                "kind": kind(object),
                "name": words.object(object),
                "waiting": channel.and_then(|channel| channel.waiting),
                "capacity": channel.and_then(|channel| channel.capacity),
                "writers": writers.unwrap_or_default(),
                "readers": ends(case.holders.readers(object)),
            })
        })
        .collect();
    let findings: Vec<Value> = verdict
        .findings
        .iter()
        .map(|finding| {
            let sentences = words.sentences(finding);
            let named = finding.links.iter().map(Link::pid).chain([finding.subject]);
            let mut processes: Vec<u32> = named.chain(finding.others.iter().copied()).collect();
            processes.sort_unstable();
            processes.dedup();
            json!({
                "kind": finding.kind.name(),
                "never_wakes": finding.kind.never_wakes(),
                "wrong": finding.kind.is_wrong(),
                "subject": finding.subject,
                "processes": processes,
                "also_waiting": finding.also,
                "cause": sentences.cause,
                "remedy": sentences.remedy,
            })
        })
        .collect();
    let waits: Vec<Value> = verdict
        .waits
        .iter()
        .map(|&(pid, cause)| json!({"pid": pid, "text": words.outside(cause)}))
        .collect();
    let report = json!({
        "version": VERSION,
        "wrong": verdict.is_wrong(),
        "findings": findings,
        "processes": processes,
        "channels": channels,
        "waits": waits,
        "hidden": verdict.hidden,
        "hidden_calls": verdict.hidden_calls,
        "ptrace_scope": case.facts.ptrace_scope,
    });
    format!("{report}\n")
}

fn state(does: &Activity) -> &'static str {
    match does {
        Activity::Runs => "running",
        Activity::Disk => "disk",
        Activity::Stopped => "stopped",
        Activity::Traced => "traced",
        Activity::Ended => "ended",
        Activity::Io(wait) => match wait.call {
            Call::Read => "read",
            Call::Write => "write",
            Call::Accept => "accept",
            Call::Poll(call) => call,
        },
        Activity::Children { .. } => "wait",
        Activity::OpensFifo { .. } => "open",
        Activity::Futex(_) => "futex",
        Activity::FileLock { .. } => "lock",
        Activity::Connects { .. } => "connect",
        Activity::Sleeps => "sleep",
        Activity::Signal => "signal",
        Activity::Unknown(_) => "unknown",
    }
}

fn kind(object: &Object) -> &'static str {
    match object {
        Object::Pipe(_) => "pipe",
        Object::Fifo(..) => "fifo",
        Object::Socket(_) => "socket",
        Object::Terminal(_) => "terminal",
        Object::Controller(_) => "controller",
        Object::Event(_) => "eventfd",
        Object::File(..) => "file",
        Object::Kernel(_) => "kernel",
        Object::Epoll => "epoll",
        Object::Other(_) => "other",
    }
}
