//! Made-up facts.

use crate::case::Case;
use crate::facts::{
    Activity, Call, Channel, Descriptor, Facts, FutexWait, Interest, IoWait, Object, Process,
    Socket, Thread,
};
use crate::finding::{Kind, Verdict};
use crate::verdict::judge;

/// A descriptor of a pipe.
pub(super) fn end(number: i32, mode: &str, pipe: u64) -> Descriptor {
    let (reads, writes) = (mode.contains('r'), mode.contains('w'));
    Descriptor { number, reads, writes, object: Object::Pipe(pipe) }
}

pub(super) fn read(fd: i32, pipe: u64) -> Activity {
    io(Call::Read, fd, Object::Pipe(pipe), false, None)
}

pub(super) fn write(fd: i32, pipe: u64, length: u64) -> Activity {
    io(Call::Write, fd, Object::Pipe(pipe), true, Some(length))
}

pub(super) fn io(
    call: Call,
    fd: i32,
    object: Object,
    to_write: bool,
    length: Option<u64>,
) -> Activity {
    let interests = vec![Interest { fd, object, to_write }];
    Activity::Io(IoWait { call, interests, ends_by_itself: false, length })
}

pub(super) const WAIT: Activity = Activity::Children { only: None };

pub(super) fn futex(owner: Option<u32>) -> Activity {
    Activity::Futex(FutexWait { is_private: true, is_timed: false, owner })
}

/// Facts that a test adds to.
#[derive(Default)]
pub(super) struct World(pub(super) Facts);

impl World {
    /// A process with one thread. The first one is asked about.
    pub(super) fn process(
        mut self,
        (pid, parent, name): (u32, u32, &str),
        table: &[Descriptor],
        does: Activity,
    ) -> Self {
        if self.0.processes.is_empty() {
            self.0.asked.insert(pid);
        }
        for entry in table {
            self.0.channels.entry(entry.object.clone()).or_insert_with(|| Channel {
                waiting: Some(0),
                capacity: Some(65536),
                has_writer: Some(true),
                has_reader: Some(true),
                ..Channel::default()
            });
        }
        self.0.processes.insert(
            pid,
            Process {
                parent,
                name: name.to_owned(),
                threads: vec![Thread { tid: pid, does }],
                table: Some(table.to_vec()),
                io: Some((0, 0)),
                ..Process::default()
            },
        );
        self
    }

    pub(super) fn thread(mut self, pid: u32, tid: u32, does: Activity) -> Self {
        self.0.processes.get_mut(&pid).unwrap().threads.push(Thread { tid, does });
        self
    }

    pub(super) fn zombie(mut self, pid: u32, parent: u32, name: &str) -> Self {
        self = self.process((pid, parent, name), &[], Activity::Ended);
        self.0.processes.get_mut(&pid).unwrap().is_zombie = true;
        self
    }

    pub(super) fn change(mut self, pid: u32, change: impl FnOnce(&mut Process)) -> Self {
        change(self.0.processes.get_mut(&pid).unwrap());
        self
    }

    pub(super) fn channel(mut self, object: Object, change: impl FnOnce(&mut Channel)) -> Self {
        change(self.0.channels.entry(object).or_default());
        self
    }

    pub(super) fn socket(self, inode: u64, listens: bool, peer: Option<u64>) -> Self {
        let socket = Socket { kind: "unix", listens, address: String::new(), peer };
        self.channel(Object::Socket(inode), |channel| channel.socket = Some(socket))
    }

    pub(super) fn verdict(&self) -> Verdict {
        judge(&Case::of(&self.0))
    }

    pub(super) fn kinds(&self) -> Vec<Kind> {
        self.verdict().findings.iter().map(|finding| finding.kind).collect()
    }
}
