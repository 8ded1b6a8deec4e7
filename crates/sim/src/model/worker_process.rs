//! Simulated worker process: the real `Worker` and its inbox, driven one step at a time.
//!
//! Like the real driver, it reads when it has no work and between slices, computes slices, reports at intervals, and
//! sends when a frame is full, when a frame is overdue, and when a chunk begins again. It waits where the result pipe
//! is full, and exits at end of file. The world can interrupt it between any two steps.

use crate::model::pipe::BoundedPipe;
use crate::model::worker_link::WorkerLink;
use crate::options::SimTransport;
use crate::plan::RunPlan;
use crate::plan::crash_reports::WorkerCrash;
use evenly_core::frame::{Body, Unpacker};
use evenly_core::{Cause, Interval, Worker, WorkerId};
use std::collections::VecDeque;

/// What a worker does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WorkerStep {
    /// Waits for assignments.
    Reading,
    /// Reads what has arrived, then takes the next slice.
    TakingSlice,
    /// Computes a slice; this step ends with the slice done up to this number.
    Computing(i64),
    /// Computes, and dies of this number at the end of this step, if the number still kills.
    ReachingDeadly(i64, Interval),
    /// Is ended by a fault: sends a crash report with its number, then exits.
    WritingCrashReport(WorkerCrash),
    Crashing(WorkerCrash),
    /// Sends what is packed.
    Sending(AfterSend),
}

/// The step after every frame is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterSend {
    Read,
    Work,
    Count(Interval),
}

/// A process, alive or remembered.
#[derive(Debug)]
pub(crate) struct SimWorker {
    pub(crate) slot: usize,
    pub(crate) name: WorkerId,
    pub(crate) running: Option<Box<RunningWorker>>,
    /// Its link, if frames travel as datagrams.
    pub(crate) link: Option<Box<WorkerLink>>,
    /// Whether garbage took the place of one of its frames.
    pub(crate) has_lost_frame: bool,
    /// Of a worker that ended: its number, and the cause.
    pub(crate) last_at: Vec<Interval>,
    pub(crate) may_be_at: Vec<Interval>,
    pub(crate) cause: Option<Cause>,
    /// The crash report that it wrote, and whether the reported crash ended it.
    pub(crate) reported: Option<WorkerCrash>,
    pub(crate) died_of_crash: bool,
}

/// State of a living process.
#[derive(Debug)]
pub(crate) struct RunningWorker {
    pub(crate) core: Worker,
    unpacker: Unpacker,
    pub(crate) inbox: BoundedPipe,
    /// Whole frames that arrived through a link.
    pub(crate) frames: VecDeque<Vec<u8>>,
    pub(crate) step: WorkerStep,
    /// Stopped by another process.
    pub(crate) is_stopped: bool,
    /// No step is due: it waits for bytes, for room, or to go on.
    pub(crate) is_parked: bool,
    /// Its chunks in order, from the one that it computes or computed last.
    held: VecDeque<Interval>,
    has_begun: bool,
    /// Every chunk that it was given.
    given: Vec<Interval>,
    /// Start of the time that no frame accounts for; time of its last report.
    pub(crate) busy_since_ns: u64,
    /// Time of the last frame sent.
    pub(crate) sent_ns: u64,
    /// About how many numbers a slice has, and where the last slice began.
    pub(crate) slice_len: u64,
    pub(crate) slice_first: i64,
    /// With at most once: the numbers that it computes.
    pub(crate) at_once: Option<Interval>,
}

impl SimWorker {
    pub(crate) fn new(plan: &RunPlan, slot: usize, name: WorkerId, now_ns: u64) -> Self {
        let at_once = usize::try_from(plan.read_most).unwrap_or(usize::MAX);
        // The packer exists before the worker has its name, as in the real driver.
        let mut core = Worker::new(WorkerId(u32::MAX), plan.question.aggregate, plan.frame_limit)
            .with_credit(plan.question.credit);
        core.rename(name);
        let worker = RunningWorker {
            core,
            unpacker: Unpacker::new(plan.frame_limit, at_once),
            inbox: BoundedPipe::new(plan.assignment_pipe),
            frames: VecDeque::new(),
            step: WorkerStep::Reading,
            is_stopped: false,
            is_parked: false,
            held: VecDeque::new(),
            has_begun: false,
            given: Vec::new(),
            busy_since_ns: now_ns,
            sent_ns: now_ns,
            slice_len: 1,
            slice_first: 0,
            at_once: None,
        };
        let is_far = plan.transport == SimTransport::Datagrams;
        Self {
            slot,
            name,
            running: Some(Box::new(worker)),
            link: is_far.then(|| Box::new(WorkerLink::new(plan.frame_limit, now_ns))),
            has_lost_frame: false,
            last_at: Vec::new(),
            may_be_at: Vec::new(),
            cause: None,
            reported: None,
            died_of_crash: false,
        }
    }

    /// Exits without a frame, because its primary is gone.
    pub(crate) fn discard(&mut self) {
        (self.running, self.link) = (None, None);
    }
}

impl RunningWorker {
    /// Reads at most `most` bytes from the pipe, or one whole frame from the link.
    pub(crate) fn read(&mut self, most: u64) -> Result<(), String> {
        let room = self.unpacker.room();
        let count = if let Some(frame) = self.frames.pop_front() {
            room[..frame.len()].copy_from_slice(&frame);
            frame.len()
        } else {
            let len = room.len().min(most as usize);
            self.inbox.read(&mut room[..len])
        };
        self.unpacker.filled(count);
        self.take_frames()
    }

    /// Whether there is something to read.
    pub(crate) fn has_input(&self) -> bool {
        !self.inbox.is_empty() || !self.frames.is_empty()
    }

    /// Whether a read gives end of file.
    pub(crate) fn is_at_end(&self) -> bool {
        self.inbox.is_at_end() && self.frames.is_empty()
    }

    fn take_frames(&mut self) -> Result<(), String> {
        let Self { unpacker, core, held, given, .. } = self;
        let malformed = |malformed| format!("a worker cannot read: {malformed}");
        while let Some(frame) = unpacker.next_frame().map_err(malformed)? {
            if let Body::Assignments(assignments) = &frame.body {
                for assignment in assignments.iter() {
                    let interval = assignment.interval;
                    held.push_back(interval);
                    given.push(interval);
                }
            }
            core.take(frame.body).map_err(malformed)?;
        }
        Ok(())
    }

    /// Records that a slice begins; `false` if it is not part of the next chunk in order.
    pub(crate) fn begin(&mut self, slice: Interval) -> bool {
        while self.held.front().is_some_and(|held| !held.contains(slice)) {
            self.held.pop_front();
        }
        (self.has_begun, self.slice_first) = (true, slice.first());
        !self.held.is_empty()
    }

    /// The chunk that it computes or computed last, and the next one if the frame that says so is being sent.
    pub(crate) fn position(&self) -> Vec<Interval> {
        let last = self.held.front().filter(|_| self.has_begun);
        let is_next = |held: &&Interval| match self.step {
            WorkerStep::Sending(AfterSend::Count(slice)) => held.contains(slice),
            _ => false,
        };
        last.into_iter().chain(self.held.iter().filter(is_next)).copied().collect()
    }

    /// Every chunk that it was given: it may be at any of them if its frames are lost.
    pub(crate) fn given(&self) -> Vec<Interval> {
        self.given.clone()
    }

    /// Sizes the next slice by a slice that took `ns`.
    pub(crate) fn adjust_slice_len(&mut self, slice: Interval, ns: u64, slice_ns: u64) {
        let most = u128::from(self.slice_len) * 16;
        let by_cost = slice.len() * u128::from(slice_ns) / u128::from(ns.max(1));
        self.slice_len = by_cost.clamp(1, most.min(1 << 62)) as u64;
    }
}
