//! Event queue of a run: ordered by virtual time, then by the order of insertion.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// Names a process for the whole run.
pub(crate) type Pid = usize;

/// Names a session of an agent with a primary for the whole run.
pub(crate) type SessionId = usize;

#[derive(Debug)]
pub(crate) enum SimEvent {
    /// A worker does its next step.
    WorkerStep {
        pid: Pid,
    },
    /// The primary may learn that a worker ended, was stopped or went on.
    WorkerStatus {
        pid: Pid,
    },
    /// A stopped worker goes on.
    WorkerContinues {
        pid: Pid,
    },
    /// What the journal of a primary was writing is durable.
    JournalSynced {
        incarnation: u32,
    },
    /// The reader reads lines that a primary has written.
    ReaderReads {
        incarnation: u32,
    },
    /// A signal asks for an early end.
    Drain,
    /// The primary and with it all workers are gone.
    PrimaryCrash,
    /// A datagram reaches the end of a line at one side.
    WorkerDatagram {
        incarnation: u32,
        pid: Pid,
        side: usize,
        segment: Vec<u8>,
    },
    /// A timer of that end is due.
    WorkerLinkTimer {
        incarnation: u32,
        pid: Pid,
        side: usize,
    },
    /// Bytes of a stream, or a datagram, reach an end of the link of a session.
    StreamBytes {
        sid: SessionId,
        side: usize,
    },
    AgentDatagram {
        sid: SessionId,
        side: usize,
        segment: Vec<u8>,
    },
    /// A timer of that end is due, or the end learns that the other is gone.
    AgentLinkTimer {
        sid: SessionId,
        side: usize,
    },
    LinkLost {
        sid: SessionId,
        side: usize,
    },
    /// The agent of a machine tries to connect to a primary.
    AgentConnects {
        machine: usize,
    },
    /// A fault of a machine.
    AgentFault {
        machine: usize,
    },
    /// A stopped agent goes on.
    AgentContinues {
        sid: SessionId,
    },
    /// Without a channel: a frame of a worker arrives.
    RawFrameToPrimary {
        incarnation: u32,
        pid: Pid,
        frame: Vec<u8>,
    },
    /// Without a channel: a frame of the primary reaches a worker; `None` is the end.
    RawFrameToWorker {
        pid: Pid,
        frame: Option<Vec<u8>>,
    },
}

#[derive(Debug, Default)]
pub(crate) struct EventQueue {
    due: BinaryHeap<Reverse<(u64, u64)>>,
    events: BTreeMap<u64, SimEvent>,
    next: u64,
}

impl EventQueue {
    pub(crate) fn add(&mut self, at_ns: u64, event: SimEvent) {
        self.due.push(Reverse((at_ns, self.next)));
        self.events.insert(self.next, event);
        self.next += 1;
    }

    pub(crate) fn pop(&mut self) -> Option<(u64, SimEvent)> {
        let Reverse((at_ns, number)) = self.due.pop()?;
        Some((at_ns, self.events.remove(&number)?))
    }

    /// When the next event is due.
    pub(crate) fn next_event_ns(&self) -> Option<u64> {
        self.due.peek().map(|Reverse((at_ns, _))| *at_ns)
    }

    pub(crate) fn len(&self) -> usize {
        self.due.len()
    }
}
