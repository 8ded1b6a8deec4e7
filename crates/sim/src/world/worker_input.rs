//! Input of the primary from workers: frames, garbage, losses, stops and silence.

use super::worker_faults::FAREWELL;
use crate::event_queue::Pid;
use crate::model::primary_process::RunPhase;
use crate::model::worker_link::PRIMARY;
use crate::model::worker_process::WorkerStep;
use crate::options::SimTransport;
use crate::oracle::blame_oracle::WorkerDeath;
use crate::plan::cost_model::number_of;
use crate::step_result::StepResult;
use crate::step_result::check;
use crate::world::SimWorld;
use evenly_core::frame::Body;
use evenly_core::{Cause, Heard, Interval, InvalidFrame};

/// On another machine, a worker that holds chunks and sends no frame for this time is treated as stopped. On lines
/// there are heartbeats; without, the slowest slice must fit in.
const QUIET_NS: u64 = 5_000_000_000;
const QUIET_RAW_NS: u64 = 20_000_000_000;

/// `SIGSTOP`.
const STOPPED: Cause = Cause::Signal(19);

/// Output of the unpacker.
enum WorkerInput {
    Frame {
        pid: Option<Pid>,
        is_work: bool,
        parts: u64,
        begun: u64,
        releases: u64,
    },
    Accused {
        slot: usize,
    },
    Garbage,
    /// A frame under a name that no worker had.
    UnknownName,
    Nothing,
}

impl SimWorld<'_> {
    /// Reads once from the result pipe.
    pub(crate) fn read_result_pipe(&mut self) -> StepResult {
        let most = self.random.between(1, self.plan.read_most) as usize;
        let room = self.primary.unpacker.room();
        check(!room.is_empty(), || "a read without room would look like end of file".into())?;
        let len = room.len().min(most);
        let count = self.results.read(&mut room[..len]);
        self.primary.unpacker.filled(count);
        if count > 0 {
            self.trace.record("read", count as u64, 0);
            for pid in std::mem::take(&mut self.waiting) {
                self.wake_worker(pid);
            }
        }
        self.process_worker_frames()
    }

    /// Processes every whole frame that was read.
    pub(crate) fn process_worker_frames(&mut self) -> StepResult {
        loop {
            match self.next_worker_input()? {
                WorkerInput::Nothing => {
                    // Writes are whole, so no other part of this frame will arrive.
                    let is_cut = self.results.is_empty() && self.primary.unpacker.is_inside_frame();
                    if !is_cut {
                        return Ok(());
                    }
                    self.skip_garbage()?;
                }
                WorkerInput::Garbage => self.skip_garbage()?,
                // The garbage is used up; a frame may follow.
                WorkerInput::UnknownName => self.kill_suspects()?,
                WorkerInput::Accused { slot } => self.kill_accused(slot)?,
                WorkerInput::Frame { pid, is_work, parts, begun, releases } => {
                    self.stats.frames += 1;
                    self.stats.parts += parts;
                    self.stats.begun_again += begun;
                    let is_once = self.plan.once.is_some();
                    check(!is_once || begun == 0, || "something is begun again".into())?;
                    self.stats.releases += releases;
                    if let Some(pid) = pid {
                        self.count_stolen_chunks(pid, releases);
                        self.note_worker_alive(pid, is_work)?;
                    }
                }
            }
        }
    }

    fn next_worker_input(&mut self) -> StepResult<WorkerInput> {
        let primary = &mut self.primary;
        let frame = match primary.unpacker.next_frame() {
            Err(malformed) => {
                self.trace.comment(|| malformed.to_string());
                return Ok(WorkerInput::Garbage);
            }
            Ok(Some(frame)) => frame,
            Ok(None) => return Ok(WorkerInput::Nothing),
        };
        let (name, mut parts, mut begun, mut releases) = (frame.worker.0, 0, 0, 0);
        let mut is_work = false;
        self.trace.record("heard", u64::from(name), frame.busy_ns);
        self.trace.comment(|| format!("{:?}", frame.body));
        match &frame.body {
            Body::Answers(_) => is_work = true,
            Body::Part(part) => (is_work, parts) = (part.is_last, 1),
            Body::Begun(entries) => begun = entries.iter().count() as u64,
            Body::Releases(entries) => releases = entries.iter().count() as u64,
            _ => {}
        }
        match primary.engine.hear_worker(frame, self.now_ns) {
            Ok(Heard::Work) => {
                let pid = primary.pids.get(name as usize).copied().flatten();
                Ok(WorkerInput::Frame { pid, is_work, parts, begun, releases })
            }
            Ok(Heard::Nothing | Heard::Description { .. }) => {
                Ok(WorkerInput::Frame { pid: None, is_work, parts: 0, begun: 0, releases: 0 })
            }
            Ok(Heard::CrashReport { slot, n, cause }) => {
                self.stats.crash_reports += 1;
                let pid = primary.pids.get(name as usize).copied().flatten();
                let said = pid.and_then(|pid| self.processes[pid].reported);
                let is_known = said.is_some_and(|said| (said.n, said.reported_cause) == (n, cause));
                check(is_known, || format!("no worker reported {n}"))?;
                let seat = &mut primary.worker_seats[slot];
                check(seat.pid == pid, || "another worker's crash report".into())?;
                seat.reported_n = Some(n);
                Ok(WorkerInput::Frame { pid, is_work: false, parts, begun, releases })
            }
            Ok(Heard::Farewell { slot, call, errno }) => {
                self.stats.farewells += 1;
                check((call, errno) == FAREWELL, || "another farewell than was said".into())?;
                let pid = primary.pids.get(name as usize).copied().flatten();
                check(primary.worker_seats[slot].pid == pid, || "another's farewell".into())?;
                primary.worker_seats[slot].has_said_farewell = true;
                Ok(WorkerInput::Frame { pid, is_work: false, parts, begun, releases })
            }
            Err(InvalidFrame::UnknownName) => Ok(WorkerInput::UnknownName),
            // The run is over and this worker was ended: the engine does not learn of that any more.
            Err(InvalidFrame::Worker { slot, .. })
                if primary.phase != RunPhase::Running
                    && primary.worker_seats[slot].pid.is_none() =>
            {
                Ok(WorkerInput::Frame {
                    pid: None,
                    is_work: false,
                    parts: 0,
                    begun: 0,
                    releases: 0,
                })
            }
            Err(InvalidFrame::Worker { slot, violation }) => {
                // A worker that owes no answer when garbage arrives is no suspect, until it sends another part.
                let pid = primary.worker_seats[slot].pid;
                let is_guilty = pid.is_some_and(|pid| self.processes[pid].has_lost_frame);
                let is_raw = self.plan.transport == SimTransport::Raw;
                check(is_raw || is_guilty, || format!("an honest worker is accused: {violation}"))?;
                Ok(WorkerInput::Accused { slot })
            }
            Err(InvalidFrame::Run { violation, .. }) => {
                Err(format!("no answer can be trusted: {violation}"))
            }
        }
    }

    /// A worker gives leases back only at an early end, after a silence, or after a withdrawal.
    fn count_stolen_chunks(&mut self, pid: Pid, releases: u64) {
        let seat = &self.primary.worker_seats[self.processes[pid].slot];
        let is_draining = self.primary.engine.scheduler().is_draining();
        if seat.pid == Some(pid) && seat.silences == 0 && !is_draining {
            self.stats.chunks_stolen += releases;
        }
    }

    /// A frame of a living worker has arrived.
    pub(crate) fn note_worker_alive(&mut self, pid: Pid, is_work: bool) -> StepResult {
        let slot = self.processes[pid].slot;
        let seat = &mut self.primary.worker_seats[slot];
        if seat.pid != Some(pid) {
            return Ok(());
        }
        seat.last_frame_ns = self.now_ns;
        if is_work {
            seat.losses = 0;
        }
        if std::mem::take(&mut seat.is_quiet) {
            self.report_continued(slot)?;
        }
        Ok(())
    }

    /// The primary learns that another process stopped a worker, and in some runs at which numbers.
    fn report_stopped(&mut self, slot: usize, pid: Pid) {
        let numbers = self.stopped_at(pid);
        self.stats.stops_seen_at_numbers += u64::from(numbers.is_some());
        self.primary.worker_seats[slot].stopped_at = numbers;
        let blamed = numbers.map(|numbers| (numbers, STOPPED));
        self.primary.engine.worker_stopped(slot, blamed, self.now_ns);
    }

    /// A stopped worker has lost its chunks: the numbers at which it is may be to blame.
    pub(crate) fn add_stop(&mut self, slot: usize) -> StepResult {
        let seat = &mut self.primary.worker_seats[slot];
        let Some(numbers) = seat.stopped_at.take() else { return Ok(()) };
        let is_in = |chunk: &&Interval| chunk.contains(Interval::single(numbers.first()));
        let is_named = numbers.len() == 1;
        let at = match is_named {
            true => vec![numbers],
            false => seat.given.iter().filter(is_in).copied().collect(),
        };
        self.oracle.is_only_numbers = false;
        self.oracle.add_death(WorkerDeath { at, cause: STOPPED, is_named, is_own: false })
    }

    fn report_continued(&mut self, slot: usize) -> StepResult {
        self.primary.worker_seats[slot].stopped_at = None;
        let was_silent = std::mem::take(&mut self.primary.worker_seats[slot].is_silent);
        self.stats.awakenings += u64::from(was_silent);
        let gone_on = self.primary.engine.worker_continued(slot, self.now_ns);
        gone_on.map_err(|violation| violation.to_string())
    }

    fn skip_garbage(&mut self) -> StepResult {
        let skipped = self.primary.unpacker.skip();
        self.trace.record("no frame", skipped as u64, 0);
        check(skipped > 0, || "garbage is not passed over".into())?;
        self.kill_suspects()
    }

    /// Bytes that are no frame: the workers that may have written them are lost at once, and their later frames are
    /// not heard. A frame that follows a broken one may rest on it.
    fn kill_suspects(&mut self) -> StepResult {
        self.stats.malformed += 1;
        let engine = &self.primary.engine;
        let slots = 0..self.primary.worker_seats.len();
        let owing = slots.clone().filter(|slot| engine.owes(*slot)).count();
        // If no worker owes an answer, a worker without work wrote it.
        let may_be = if owing == 0 { slots.len() } else { owing };
        let cause = (may_be == 1).then_some(Cause::Garbage);
        let suspects = self.primary.engine.suspect();
        self.trace.record("suspects", suspects.len() as u64, 0);
        self.stats.single_suspects += u64::from(cause.is_some());
        for slot in suspects {
            self.stats.suspects += 1;
            self.kill_and_reclaim(slot, cause)?;
        }
        Ok(())
    }

    fn kill_accused(&mut self, slot: usize) -> StepResult {
        self.oracle.is_only_numbers = false;
        self.kill_and_reclaim(slot, Some(Cause::Garbage))
    }

    /// Kills the worker in a slot and takes its work back without hearing it out.
    pub(crate) fn kill_and_reclaim(&mut self, slot: usize, cause: Option<Cause>) -> StepResult {
        let Some(pid) = self.primary.worker_seats[slot].pid else { return Ok(()) };
        self.end_worker(pid, None);
        let anywhere = self.processes[pid].may_be_at.clone();
        self.reclaim_seat(slot, anywhere, cause)
    }

    /// A seat has lost its worker.
    pub(crate) fn reclaim_seat(
        &mut self,
        slot: usize,
        at: Vec<Interval>,
        cause: Option<Cause>,
    ) -> StepResult {
        if self.primary.phase != RunPhase::Running {
            // The run is over: a worker that leaves is not lost.
            if let Some(pid) = self.primary.worker_seats[slot].pid.take() {
                self.drop_worker_link_end(pid, PRIMARY);
            }
            return Ok(());
        }
        self.mark_doubtful(slot);
        // A worker that says farewell ends for a reason of its own, whatever it was at.
        let cause = cause.filter(|_| !self.primary.worker_seats[slot].has_said_farewell);
        let death = cause.map(|cause| self.worker_death(slot, at, cause));
        let limit = self.primary.engine.scheduler().ledger().limit();
        let is_wanted = |n: i64| limit.is_none_or(|limit| n <= limit);
        // A loss that a number explains does not count for the seat.
        let is_explained = death
            .as_ref()
            .is_some_and(|death| death.is_named && death.at.iter().all(|at| is_wanted(at.first())));
        let seat = &mut self.primary.worker_seats[slot];
        let pid = seat.pid.take();
        seat.losses += u32::from(!is_explained);
        if let Some(pid) = pid {
            self.drop_worker_link_end(pid, PRIMARY);
        }
        if let Some(death) = death {
            self.stats.crash_reports_not_blamed += u64::from(death.is_named && !death.is_own);
            self.oracle.add_death(death)?;
        }
        let lost = self.primary.engine.worker_ended(slot, cause, self.now_ns);
        let lost = lost.map_err(|violation| violation.to_string())?;
        check(lost.cause == cause, || format!("blamed for {:?}, not {cause:?}", lost.cause))?;
        let (chunks, numbers) = lost.reclaimed;
        self.stats.losses_with_chunks += u64::from(chunks > 0);
        self.trace.record("lost", slot as u64, chunks as u64);
        check((chunks > 0) == (numbers > 0), || "chunks without numbers".into())
    }

    /// The primary may learn that a worker ended, was stopped, or went on: it looks how it is now.
    pub(crate) fn observe_worker(&mut self, pid: Pid) -> StepResult {
        let process = &self.processes[pid];
        let slot = process.slot;
        let is_stopped = process.running.as_deref().map(|worker| worker.is_stopped);
        if self.primary.worker_seats[slot].pid == Some(pid) {
            match is_stopped {
                None => self.primary.ended.push(pid),
                Some(true) => self.report_stopped(slot, pid),
                Some(false) => self.report_continued(slot)?,
            }
        }
        self.wake_in(1);
        Ok(())
    }

    /// The numbers at which a stopped worker is: one, or the rest of its slice.
    fn stopped_at(&mut self, pid: Pid) -> Option<Interval> {
        if !self.plan.engine_settings.are_positions_seen {
            return None;
        }
        let worker = self.processes[pid].running.as_deref()?;
        // Between slices it is at no number.
        let (WorkerStep::Computing(last) | WorkerStep::ReachingDeadly(last, _)) = worker.step
        else {
            return None;
        };
        let slice = Interval::new(worker.slice_first, last)?;
        let now = number_of(&mut self.random, slice);
        Interval::new(now, if self.random.once_in(2) { now } else { last })
    }

    /// Takes back the chunks of workers that ended, after every byte that they wrote is read.
    pub(crate) fn reclaim_ended_workers(&mut self) -> StepResult {
        for pid in std::mem::take(&mut self.primary.ended) {
            while !self.results.is_empty() {
                self.read_result_pipe()?;
            }
            let slot = self.processes[pid].slot;
            if self.primary.worker_seats[slot].pid == Some(pid) {
                let process = &self.processes[pid];
                let (at, cause) = (process.last_at.clone(), process.cause);
                self.reclaim_seat(slot, at, cause)?;
            }
        }
        Ok(())
    }

    /// Treats workers behind a link as stopped if they hold chunks and send no frame.
    pub(crate) fn detect_silent_workers(&mut self) {
        let Some(quiet_ns) = self.silence_limit_ns() else { return };
        for (slot, seat) in self.primary.worker_seats.iter_mut().enumerate() {
            if !self.primary.engine.owes(slot) {
                seat.last_frame_ns = seat.last_frame_ns.max(self.now_ns);
            } else if !seat.is_quiet && self.now_ns >= seat.last_frame_ns + quiet_ns {
                seat.is_quiet = true;
                self.trace.record("quiet", slot as u64, 0);
                self.primary.engine.worker_stopped(slot, None, self.now_ns);
            }
        }
    }

    /// Time at which the next worker exceeds the limit of silence.
    pub(crate) fn next_silence_deadline_ns(&self) -> Option<u64> {
        let quiet_ns = self.silence_limit_ns()?;
        let worker_seats = self.primary.worker_seats.iter().enumerate();
        let holders = worker_seats.filter(|(slot, _)| self.primary.engine.owes(*slot));
        let quiet = holders.filter(|(_, seat)| !seat.is_quiet);
        quiet.map(|(_, seat)| seat.last_frame_ns + quiet_ns).min()
    }

    fn silence_limit_ns(&self) -> Option<u64> {
        match self.plan.transport {
            SimTransport::Pipes => None,
            SimTransport::Datagrams => Some(QUIET_NS),
            SimTransport::Raw => Some(QUIET_RAW_NS),
        }
    }
}
