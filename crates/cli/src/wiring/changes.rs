//! What changed between two snapshots: new and closed descriptors, bytes that moved, processes that began or ended.

use evenly::internal::procfs_snapshot::{
    Activity, Descriptor, PipeView, ProcessView, Snapshot, SocketView, Target,
};

/// Mark of a row of which nothing changed.
pub(super) const SAME: char = ' ';
/// Mark of what was not there before.
pub(super) const NEW: char = '+';
/// Mark of what is no more.
pub(super) const GONE: char = '-';
/// Mark of what is different.
const CHANGED: char = '*';

/// A comparison with the snapshot of the stage before; `None` at the first stage, where nothing is marked.
#[derive(Clone, Copy)]
pub(super) struct Changes<'a> {
    before: Option<&'a Snapshot>,
}

impl<'a> Changes<'a> {
    pub(super) fn since(before: Option<&'a Snapshot>) -> Self {
        Self { before }
    }

    /// Whether there was no stage before.
    pub(super) fn is_first(&self) -> bool {
        self.before.is_none()
    }

    fn process(&self, pid: u32) -> Option<&'a ProcessView> {
        self.before?.processes.iter().find(|process| process.pid == pid)
    }

    /// The mark of a process.
    pub(super) fn of_process(&self, process: &ProcessView) -> char {
        if self.is_first() {
            return SAME;
        }
        let Some(before) = self.process(process.pid) else { return NEW };
        let is_dead = matches!(process.activity, Activity::Zombie | Activity::Gone);
        if is_dead && process.activity != before.activity {
            GONE
        } else if process.activity != before.activity || process.descriptors != before.descriptors {
            CHANGED
        } else {
            SAME
        }
    }

    /// Whether a process that was there before did not have this entry then.
    pub(super) fn is_new_entry(&self, pid: u32, entry: &Descriptor) -> bool {
        self.process(pid).is_some_and(|before| !before.descriptors.contains(entry))
    }

    /// The entries that a living process had before and has no more, those of pipes and sockets first.
    pub(super) fn closed(&self, process: &ProcessView) -> Vec<Descriptor> {
        let before = self.process(process.pid).map_or(&[][..], |before| &before.descriptors);
        let closed = before.iter().filter(|entry| !process.descriptors.contains(entry));
        let (ends, others): (Vec<_>, Vec<_>) = closed
            .cloned()
            .partition(|entry| matches!(entry.target, Target::Pipe(_) | Target::Socket(_)));
        [ends, others].concat()
    }

    /// The mark of a pipe.
    pub(super) fn of_pipe(&self, pipe: &PipeView) -> char {
        let Some(all) = self.before else { return SAME };
        let before = all.pipes.iter().find(|before| before.inode == pipe.inode);
        match before {
            None => NEW,
            Some(before) if before == pipe => SAME,
            Some(_) => CHANGED,
        }
    }

    /// The bytes that waited in a pipe before, if there were more or fewer.
    pub(super) fn bytes_before(&self, pipe: &PipeView) -> Option<u32> {
        let before = self.before?.pipes.iter().find(|before| before.inode == pipe.inode)?;
        before.bytes_waiting.filter(|bytes| pipe.bytes_waiting.is_some_and(|now| now != *bytes))
    }

    /// The mark of a socket.
    pub(super) fn of_socket(&self, socket: &SocketView) -> char {
        let Some(all) = self.before else { return SAME };
        match all.sockets.iter().find(|before| before.inode == socket.inode) {
            None => NEW,
            Some(before) if before == socket => SAME,
            Some(_) => CHANGED,
        }
    }
}
