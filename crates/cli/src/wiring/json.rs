//! JSON form of the wiring: one object on one line for each stage.

use super::caption::Caption;
use super::roles::Roles;
use crate::report::line;
use evenly::Interval;
use evenly::internal::procfs_snapshot::{Access, Activity, PipeEnd, Snapshot, SocketState, Target};
use evenly::internal::{ExerciseStage, Stage};
use serde_json::{Value, json};

/// A stage as the kernel has it, under its name.
pub(super) fn stage(
    name: &str,
    caption: &Caption,
    snapshot: &Snapshot,
    roles: &Roles<'_>,
) -> String {
    let processes = snapshot.processes.iter().map(|process| {
        let range = roles.processes.workers.iter().find(|worker| worker.pid == process.pid);
        let range = range.and_then(|worker| worker.range);
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
            "role": roles.role(process.pid),
            "program": process.name,
            "range": range.map(ends_of),
            "doing": doing(&process.activity),
            "descriptors": descriptors.collect::<Vec<_>>(),
        })
    });
    let pipes = snapshot.pipes.iter().map(|pipe| {
        json!({
            "inode": pipe.inode,
            "purpose": roles.purpose(pipe.inode),
            "writers": ends(&pipe.writers),
            "readers": ends(&pipe.readers),
            "write_ends_open": pipe.writers.len(),
            "bytes_waiting": pipe.bytes_waiting,
            "capacity": pipe.capacity,
            "has_writer": pipe.has_writer,
        })
    });
    let sockets = snapshot.sockets.iter().map(|socket| {
        json!({
            "inode": socket.inode,
            "purpose": roles.socket(snapshot, socket.inode),
            "kind": socket.kind.map(|kind| kind.to_string()),
            "state": state(socket.state),
            "holders": ends(&socket.holders),
            "address": socket.own_address(),
            "peer_address": socket.peer_address(),
            "peer_inode": socket.peer_inode,
            "bytes_to_read": socket.bytes_to_read,
            "bytes_unsent": socket.bytes_unsent,
            "to_accept": socket.to_accept,
        })
    });
    let agents = roles.agents.iter().map(|(agent, family)| {
        let workers = family
            .as_ref()
            .map(|family| family.children.iter().map(|child| child.pid).collect::<Vec<_>>());
        json!({
            "worker": agent.worker,
            "workers": agent.workers,
            "host": agent.host,
            "pid": agent.pid,
            "address": agent.address,
            "is_here": agent.is_here,
            "range": roles.range_of_agent(agent.worker).map(ends_of),
            "worker_pids": workers,
        })
    });
    line(&json!({
        "version": 1,
        "stage": name,
        "call": caption.call,
        "processes": processes.collect::<Vec<_>>(),
        "pipes": pipes.collect::<Vec<_>>(),
        "sockets": sockets.collect::<Vec<_>>(),
        "agents": agents.collect::<Vec<_>>(),
        "agent": roles.processes.agent.filter(|_| name.starts_with("agent_")),
        "hidden_processes": snapshot.hidden_processes,
    }))
}

/// The name of a stage of a job.
pub(super) fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::SocketMade => "socket_made",
        Stage::SocketBound => "socket_bound",
        Stage::Listening => "listening",
        Stage::AgentConnecting => "agent_connecting",
        Stage::AgentRangeSent => "agent_range_sent",
        Stage::AgentAnswered => "agent_answered",
        Stage::CommandForked => "command_forked",
        Stage::CommandExecuted => "command_executed",
        Stage::PipesMade => "pipes_made",
        Stage::Forked => "forked",
        Stage::Closed => "closed",
        Stage::RangesSent => "ranges_sent",
        Stage::Results => "results",
        Stage::AgentJoined => "agent_joined",
        Stage::WriteEndClosed => "write_end_closed",
        Stage::EndOfFile => "end_of_file",
        Stage::Waited => "waited",
    }
}

/// The name of a stage of the exercise.
pub(super) fn exercise_name(stage: ExerciseStage) -> &'static str {
    match stage {
        ExerciseStage::PipesMade => "pipes_made",
        ExerciseStage::Forked => "forked",
        ExerciseStage::Closed => "closed",
        ExerciseStage::WorkersRead => "workers_read",
        ExerciseStage::RangesWritten => "ranges_sent",
        ExerciseStage::PrimaryReads => "primary_reads",
        ExerciseStage::ResultsWritten => "results",
        ExerciseStage::PrimaryReadsOn => "primary_reads_on",
        ExerciseStage::WorkerEnded => "worker_ended",
        ExerciseStage::EndOfFile => "end_of_file",
        ExerciseStage::Waited => "waited",
    }
}

fn ends_of(range: Interval) -> [String; 2] {
    [range.first().to_string(), range.last().to_string()]
}

fn state(state: SocketState) -> &'static str {
    match state {
        SocketState::Listening => "listening",
        SocketState::Connecting => "connecting",
        SocketState::Connected => "connected",
        SocketState::Closing => "closing",
        SocketState::Bound => "bound",
        SocketState::Unbound => "unbound",
        SocketState::Unknown => "unknown",
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

fn ends(ends: &[PipeEnd]) -> Vec<Value> {
    ends.iter().map(|end| json!({ "pid": end.pid, "descriptor": end.descriptor })).collect()
}
