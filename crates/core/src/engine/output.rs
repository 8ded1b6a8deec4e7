//! Outputs of the engine: what its owner must do now, and what the user may want to know.

use super::drain::DrainReason;
use crate::interval::Interval;
use crate::lease::{Assignment, LeaseId};
use crate::partial::{Cause, Failure};
use crate::scheduler::{Record, Violation};
use alloc::vec::Vec;

/// A seat of the run, by its slot. Workers of this machine have the lower slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seat {
    /// A worker process of this machine.
    Worker(usize),
    /// An agent on another machine, with workers of its own.
    Agent(usize),
}

impl Seat {
    /// Its slot.
    #[must_use]
    pub const fn slot(self) -> usize {
        match self {
            Self::Worker(slot) | Self::Agent(slot) => slot,
        }
    }
}

/// An action that the owner of an engine must carry out now.
#[derive(Debug)]
pub enum EngineOutput {
    /// Send the chunks in [`Primary::assignments`](super::Primary::assignments).
    Assign {
        /// To this worker or agent.
        seat: Seat,
    },
    /// Send a chunk whose begin is durable now.
    Begin {
        /// To this worker or agent.
        seat: Seat,
        /// The chunk.
        assignment: Assignment,
    },
    /// Ask for a part of a lease; see [`Action::Withdraw`](crate::Action::Withdraw).
    Withdraw {
        /// From this worker or agent.
        seat: Seat,
        /// What is wanted back.
        lease: LeaseId,
        /// Into how many parts the rest is divided.
        parts: u64,
    },
    /// Allow more bytes of lines.
    Credit {
        /// To this worker or agent.
        seat: Seat,
        /// How many.
        bytes: u64,
    },
    /// Set how long a command may take from now on.
    LimitTime {
        /// Of this worker.
        seat: Seat,
        /// Nanoseconds.
        ns: u64,
    },
    /// Fork a worker for an empty slot: [`Primary::worker_joined`](super::Primary::worker_joined), or [`Primary::worker_refused`](super::Primary::worker_refused).
    Start {
        /// Its slot.
        slot: usize,
    },
    /// Kill a worker at once, then [`Primary::worker_ended`](super::Primary::worker_ended): it is stopped, and no other
    /// worker can do its work.
    Kill {
        /// Its slot.
        slot: usize,
    },
    /// Compare the files that the function uses with what they were. If they are the same, say
    /// [`Primary::files_are_unchanged`](super::Primary::files_are_unchanged); if not, end the run.
    CompareFiles,
    /// Write this record with the next [`Sync`](Self::Sync), or send it to the primary of this agent and
    /// [confirm](super::Primary::confirm) it.
    Append(Record),
    /// Write with the next sync that these numbers did not begin.
    AppendUntouched(Interval),
    /// Make durable what was appended, and that the numbers in [`Primary::beginning`](super::Primary::beginning) begin: then
    /// [`Primary::synced`](super::Primary::synced), [`Primary::put_off_sync`](super::Primary::put_off_sync) or [`Primary::give_up_journal`](super::Primary::give_up_journal).
    Sync,
    /// Tell an agent that this primary lives, unless another frame is on its way to it.
    Heartbeat {
        /// Its seat.
        seat: Seat,
    },
    /// Take these lines, in order.
    Write(Vec<u8>),
    /// Write the lines that were taken, as far as their reader has room: then [`Primary::flushed`](super::Primary::flushed).
    Flush,
    /// Read back what an earlier run found in the first of these numbers: then [`Primary::read_back_done`](super::Primary::read_back_done).
    ReadBack(Interval),
    /// This record counts now. Only where the owner [watches records](super::Primary::watch_records).
    Counted(Record),
    /// For the user.
    Notify(Notice),
    /// End the run now, without an answer.
    End(StopReason),
}

/// A notice about the run for its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Numbers have no value.
    Failed(Failure),
    /// Numbers of which a try failed of this cause have a value after all.
    Recovered(Failure),
    /// Numbers of a run that begins each at most once were assigned, and are back although they have not begun.
    Unbegun(Interval),
    /// A worker was stopped, or an agent not heard, for too long: its chunks go to others.
    Silent {
        /// Which.
        seat: Seat,
        /// How many chunks it held, and how many of their numbers were not covered.
        reclaimed: (usize, u128),
    },
    /// Another process has locked the journal. Said once for each time.
    JournalLocked,
    /// The run drains, and no signal asked for it.
    EndsEarly(DrainReason),
    /// The drain takes long.
    StillDraining(DrainReason),
}

/// Why a worker of this machine is lost, where that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossReason {
    /// It said farewell: a system call of its own failed.
    Left {
        /// The call, as the transport numbers them.
        call: u32,
        /// Its error number.
        errno: u32,
    },
    /// It sent a crash report: the number at which something ends it.
    CrashReport {
        /// The number.
        n: i64,
        /// What ends it, where the way it ends does not say so.
        cause: Option<Cause>,
    },
    /// It sent a frame that cannot be, and is killed.
    Violation(Violation),
    /// It may have written bytes that are no frame, and is killed.
    Garbage,
    /// It is stopped, no other worker can do its work, and it is killed.
    Stopped,
    /// It has more memory than it may, and is killed.
    Memory,
    /// A number takes too long, and the worker is killed.
    Timeout {
        /// The number, if it is known.
        n: Option<i64>,
    },
}

/// Why a run ends without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The time for a drain is over, or a halt should not wait for one.
    Early(DrainReason),
    /// A slot has lost its worker too often in a row.
    LostBeyondRepair {
        /// Which.
        slot: usize,
        /// How often.
        times: u32,
    },
    /// No worker is left, and none can be forked.
    NoWorkerLeft,
    /// Several workers could not begin, and no number is done.
    NoWorkerBegins {
        /// The slot of the last one.
        slot: usize,
    },
}
