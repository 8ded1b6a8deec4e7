//! What a job lets others see while it runs. Observers get no handle back: they cannot change it.

use crate::process::End;
use evenly_core::{Interval, Progress};
use rustix::io::Errno;

/// Watches a job. It is called by the primary between two system calls, so that what it looks at
/// stands still for as long as it looks; it should not take long unless that is wanted.
pub trait Observer {
    /// Something can be seen.
    fn observe(&mut self, observation: &Observation<'_>);
}

/// Sees nothing.
impl Observer for () {
    fn observe(&mut self, _: &Observation<'_>) {}
}

/// Something that can be seen.
#[derive(Debug)]
#[non_exhaustive]
pub enum Observation<'a> {
    /// Fewer workers than asked for could be started; the job goes on with them.
    FewerWorkers {
        /// How many were asked for.
        wanted: usize,
        /// How many there are.
        started: usize,
        /// The system call that was refused, its error, and what to do about it.
        refused: (&'static str, Errno, &'static str),
    },
    /// A worker is gone; what it had in hand goes to others.
    WorkerLost {
        /// Which worker, from 1.
        worker: usize,
        /// Its process number.
        pid: u32,
        /// How it ended.
        end: End,
        /// How many chunks it held, and how many of their numbers were not covered.
        reclaimed: (usize, u128),
    },
    /// The place of a lost worker stays empty, because no new one could be started.
    NotReplaced {
        /// Which worker, from 1.
        worker: usize,
        /// The system call that was refused, its error, and what to do about it.
        refused: (&'static str, Errno, &'static str),
    },
    /// How far the job is; as often as was asked for.
    Progress(Progress),
    /// The job stands still at a stage; only if that was asked for.
    Stage(Stage, &'a Layout),
}

/// The stages of a job, in the order of the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The primary made the pipes and holds both ends of all of them.
    PipesMade,
    /// The workers are forked and have inherited everything.
    Forked,
    /// Everybody closed the ends that are not theirs.
    Closed,
    /// The first chunks are in the assignment pipes.
    RangesSent,
    /// Answers are in the result pipe.
    Results,
    /// Every number is covered; the primary closed one more assignment pipe, its worker has read
    /// end of file and left, and with it one write end of the result pipe.
    WriteEndClosed,
    /// The primary has read end of file from the result pipe.
    EndOfFile,
    /// Every worker has been waited for.
    Waited,
}

/// Who takes part in a job: what one needs to ask the kernel about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The process number of the primary.
    pub primary: u32,
    /// The workers in order; empty before they are forked.
    pub workers: Vec<Place>,
    /// The inodes of the assignment pipes, in the order of the workers.
    pub assignment_pipes: Vec<u64>,
    /// The inode of the result pipe.
    pub result_pipe: u64,
}

impl Layout {
    /// Notes that another process with another pipe has taken the place of a worker.
    pub(crate) fn replace(&mut self, slot: usize, pid: u32, assignment_pipe: u64) {
        if let (Some(place), Some(pipe)) =
            (self.workers.get_mut(slot), self.assignment_pipes.get_mut(slot))
        {
            *place = Place { pid, range: None };
            *pipe = assignment_pipe;
        }
    }
}

/// One worker of a [`Layout`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its process number.
    pub pid: u32,
    /// The first chunk that it was sent, if it was sent one.
    pub range: Option<Interval>,
}
