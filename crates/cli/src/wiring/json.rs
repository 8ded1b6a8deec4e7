//! The wiring as JSON: one object on one line for each stage.

use super::{purpose, role};
use crate::report::line;
use evenly::observe::{Layout, Stage};
use evenly::view::{Access, Activity, End, Snapshot, Target};
use serde_json::{Value, json};

/// A stage as the kernel has it.
pub(super) fn stage(stage: Stage, snapshot: &Snapshot, layout: &Layout) -> String {
    let processes = snapshot.processes.iter().map(|process| {
        let range = layout.workers.iter().find(|place| place.pid == process.pid);
        let range = range.and_then(|place| place.range);
        let descriptors = process.descriptors.iter().map(|descriptor| {
            json!({
                "number": descriptor.number,
                "access": access(descriptor.access),
                "target": target(&descriptor.target),
            })
        });
        json!({
            "pid": process.pid,
            "parent": process.parent,
            "role": role(layout, process.pid),
            "range": range.map(|range| [range.first().to_string(), range.last().to_string()]),
            "doing": doing(&process.activity),
            "descriptors": descriptors.collect::<Vec<_>>(),
        })
    });
    let pipes = snapshot.pipes.iter().map(|pipe| {
        json!({
            "inode": pipe.inode,
            "purpose": purpose(layout, pipe.inode),
            "writers": ends(&pipe.writers),
            "readers": ends(&pipe.readers),
            "write_ends_open": pipe.writers.len(),
            "bytes_waiting": pipe.bytes_waiting,
            "capacity": pipe.capacity,
        })
    });
    line(&json!({
        "version": 1,
        "stage": name(stage),
        "processes": processes.collect::<Vec<_>>(),
        "pipes": pipes.collect::<Vec<_>>(),
        "hidden_processes": snapshot.hidden_processes,
    }))
}

fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::PipesMade => "pipes_made",
        Stage::Forked => "forked",
        Stage::Closed => "closed",
        Stage::RangesSent => "ranges_sent",
        Stage::Results => "results",
        Stage::WriteEndClosed => "write_end_closed",
        Stage::EndOfFile => "end_of_file",
        Stage::Waited => "waited",
    }
}

fn access(access: Access) -> &'static str {
    match access {
        Access::Read => "read",
        Access::Write => "write",
        Access::Both => "both",
        Access::Neither => "neither",
    }
}

fn target(target: &Target) -> Value {
    match target {
        Target::Pipe(inode) => json!({ "pipe": inode }),
        Target::Socket(inode) => json!({ "socket": inode }),
        Target::File(path) => json!({ "file": path }),
        Target::Device(path) => json!({ "device": path }),
        Target::Anonymous(kind) => json!({ "anonymous": kind }),
    }
}

fn doing(activity: &Activity) -> Value {
    match activity {
        Activity::Running => json!({ "state": "running" }),
        Activity::Reading { descriptor } => json!({ "state": "reading", "descriptor": descriptor }),
        Activity::Writing { descriptor } => json!({ "state": "writing", "descriptor": descriptor }),
        Activity::Polling { call } => json!({ "state": "polling", "call": call }),
        Activity::WaitingForChild => json!({ "state": "waiting_for_child" }),
        Activity::Stopped => json!({ "state": "stopped" }),
        Activity::Zombie => json!({ "state": "zombie" }),
        Activity::Sleeping { detail } => json!({ "state": "sleeping", "detail": detail }),
        Activity::Gone => json!({ "state": "gone" }),
    }
}

fn ends(ends: &[End]) -> Vec<Value> {
    ends.iter().map(|end| json!({ "pid": end.pid, "descriptor": end.descriptor })).collect()
}
