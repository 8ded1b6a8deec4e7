//! Messages of the supervisor: orders for its owner, and the results of frames.

#[cfg(doc)]
use super::Supervisor;
use crate::interval::Interval;
use crate::lease::LeaseId;
use crate::partial::{Cause, Failure};
#[cfg(doc)]
use crate::scheduler::Action;
use crate::scheduler::{Record, Violation};

/// Something that the owner of a supervisor must do now.
#[derive(Debug)]
pub enum Order {
    /// Send the worker in a slot the chunks in [`Supervisor::assignments`].
    Assign {
        /// Where it sits.
        slot: usize,
    },
    /// Send the worker in a slot a withdrawal; see [`Action::Withdraw`].
    Withdraw {
        /// Where it sits.
        slot: usize,
        /// What is wanted back.
        lease: LeaseId,
        /// Into how many parts the rest is divided.
        parts: u64,
    },
    /// Let the worker in a slot send more bytes of lines.
    Credit {
        /// Where it sits.
        slot: usize,
        /// How many.
        bytes: u64,
    },
    /// Tell the worker in a slot how long a command may take from now on.
    LimitTime {
        /// Where it sits.
        slot: usize,
        /// Nanoseconds.
        ns: u64,
    },
    /// Make this durable, then give it back to [`Supervisor::recorded`].
    Record(Record),
    /// Make a worker for an empty slot: [`Supervisor::join`], or [`Supervisor::refuse`].
    Fill {
        /// Where it will sit.
        slot: usize,
    },
    /// Kill the worker in a slot: it is stopped, and no other worker can do its work.
    Kill {
        /// Where it sits.
        slot: usize,
    },
    /// A number has no value; for the report.
    Quarantined(Failure),
    /// Numbers of which a try failed of this cause have a value after all; for the report.
    Recovered(Failure),
    /// Handed out and not begun; see [`Action::Untouched`].
    Untouched(Interval),
    /// A worker that was stopped too long has lost what it held; for the report.
    Silenced {
        /// Where it sits.
        slot: usize,
        /// How many chunks it held, and how many of their numbers were not covered.
        reclaimed: (usize, u128),
    },
    /// A slot has lost its worker too often in a row; the run should end.
    GiveUp {
        /// Which.
        slot: usize,
        /// How often.
        times: u32,
    },
    /// Every number is covered. Said once.
    Finished,
}

/// What a frame was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The work.
    Work,
    /// Why a worker leaves.
    Farewell {
        /// Where it sits.
        slot: usize,
        /// A call, as the transport numbers them.
        call: u32,
        /// Its error number.
        errno: u32,
    },
    /// At which number something ends a worker, by its own account.
    CrashReport {
        /// Where it sits.
        slot: usize,
        /// The number.
        n: i64,
        /// What ends it, where the way it ends does not say so.
        cause: Option<Cause>,
    },
    /// The text of a failure that may follow: see [`Supervisor::description`].
    Description {
        /// The number.
        n: i64,
        /// The cause of the failure.
        cause: Cause,
    },
    /// Nothing: its author is gone.
    Nothing,
}

/// An invalid frame, and whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidFrame {
    /// Its author is at fault and known by its slot: it should be killed, and the run goes on.
    Worker {
        /// Where it sits.
        slot: usize,
        /// What it said.
        violation: Violation,
    },
    /// No worker ever had the name in it: as if it were no frame.
    UnknownName,
    /// No answer can be trusted any more.
    Run {
        /// The slot of the worker or agent whose message shows it.
        slot: usize,
        /// What it shows.
        violation: Violation,
    },
}
