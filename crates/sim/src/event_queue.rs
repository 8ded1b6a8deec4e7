//! What will happen, by time and then in the order in which it was arranged.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// Names a process for the whole run.
pub(crate) type Pid = usize;

/// Names a session of an agent with a primary for the whole run.
pub(crate) type Sid = usize;

#[derive(Debug)]
pub(crate) enum Event {
    /// A worker does its next step.
    Step {
        pid: Pid,
    },
    /// The primary may learn that a worker ended, was stopped or went on.
    Notice {
        pid: Pid,
    },
    /// A stopped worker goes on.
    Continue {
        pid: Pid,
    },
    /// What the journal of a primary was writing is durable.
    Synced {
        life: u32,
    },
    /// The reader reads lines that a primary has written.
    Read {
        life: u32,
    },
    /// A signal asks for an early end.
    Drain,
    /// The primary and with it all workers are gone.
    Crash,
    /// A datagram reaches the end of a line at one side.
    Datagram {
        life: u32,
        pid: Pid,
        side: usize,
        segment: Vec<u8>,
    },
    /// Something is due at that end.
    Look {
        life: u32,
        pid: Pid,
        side: usize,
    },
    /// Bytes of a stream, or a datagram, reach an end of the link of a session.
    Bytes {
        sid: Sid,
        side: usize,
    },
    Segment {
        sid: Sid,
        side: usize,
        segment: Vec<u8>,
    },
    /// Something is due at that end; or it learns that the other is gone.
    LookAt {
        sid: Sid,
        side: usize,
    },
    Gone {
        sid: Sid,
        side: usize,
    },
    /// The agent of a machine looks for a primary.
    Come {
        machine: usize,
    },
    /// Something befalls a machine.
    Trouble {
        machine: usize,
    },
    /// A stopped agent goes on.
    Wake {
        sid: Sid,
    },
    /// Without a channel: a frame of a worker arrives.
    Heard {
        life: u32,
        pid: Pid,
        frame: Vec<u8>,
    },
    /// Without a channel: a frame of the primary reaches a worker; `None` is the end.
    Told {
        pid: Pid,
        frame: Option<Vec<u8>>,
    },
}

#[derive(Debug, Default)]
pub(crate) struct Queue {
    due: BinaryHeap<Reverse<(u64, u64)>>,
    events: BTreeMap<u64, Event>,
    next: u64,
}

impl Queue {
    pub(crate) fn add(&mut self, at_ns: u64, event: Event) {
        self.due.push(Reverse((at_ns, self.next)));
        self.events.insert(self.next, event);
        self.next += 1;
    }

    pub(crate) fn pop(&mut self) -> Option<(u64, Event)> {
        let Reverse((at_ns, number)) = self.due.pop()?;
        Some((at_ns, self.events.remove(&number)?))
    }

    /// When the next event is due.
    pub(crate) fn next_ns(&self) -> Option<u64> {
        self.due.peek().map(|Reverse((at_ns, _))| *at_ns)
    }

    pub(crate) fn len(&self) -> usize {
        self.due.len()
    }
}
