//! One step of a simulated worker: reads assignments, computes a slice, sends answers, exits, or crashes.

use crate::event_queue::{Pid, SimEvent};
use crate::model::worker_link::WORKER;
use crate::model::worker_process::{AfterSend, RunningWorker, WorkerStep};
use crate::options::SimTransport;
use crate::step_result::StepResult;
use crate::step_result::check;
use crate::world::SimWorld;
use evenly_core::worker;
use evenly_core::{Cause, Interval};

impl SimWorld<'_> {
    pub(crate) fn running_worker(&mut self, pid: Pid) -> Option<&mut RunningWorker> {
        self.processes[pid].running.as_deref_mut()
    }

    /// Queues the next step of a worker after this time.
    pub(crate) fn schedule_step(&mut self, pid: Pid, ns: u64) {
        self.queue.add(self.now_ns.saturating_add(ns), SimEvent::WorkerStep { pid });
    }

    /// Queues a step of a waiting worker.
    pub(crate) fn wake_worker(&mut self, pid: Pid) {
        let moment_ns = self.random_step_ns();
        if let Some(worker) = self.running_worker(pid)
            && worker.is_parked
            && !worker.is_stopped
        {
            worker.is_parked = false;
            self.schedule_step(pid, moment_ns);
        }
    }

    pub(crate) fn park_worker(&mut self, pid: Pid) {
        if let Some(worker) = self.running_worker(pid) {
            worker.is_parked = true;
        }
    }

    /// One step of a worker.
    pub(crate) fn step_worker(&mut self, pid: Pid) -> StepResult {
        let Some(worker) = self.running_worker(pid) else { return Ok(()) };
        if worker.is_stopped {
            worker.is_parked = true;
            return Ok(());
        }
        if self.are_faults_active() && !self.inject_worker_faults(pid) {
            return Ok(());
        }
        let Some(worker) = self.running_worker(pid) else { return Ok(()) };
        match worker.step {
            WorkerStep::Reading => self.read_assignments(pid),
            WorkerStep::TakingSlice => self.take_slice(pid),
            WorkerStep::Computing(last) => self.finish_slice(pid, last),
            WorkerStep::ReachingDeadly(n, slice) => self.reach_deadly_number(pid, n, slice),
            WorkerStep::WritingCrashReport(crash) => self.write_crash_report(pid, crash),
            WorkerStep::Crashing(crash) => {
                self.finish_crash(pid, crash);
                Ok(())
            }
            WorkerStep::Sending(then) => self.send_frame(pid, then),
        }
    }

    /// A worker reaches a deadly number.
    fn reach_deadly_number(&mut self, pid: Pid, n: i64, slice: Interval) -> StepResult {
        let deadly = self.deadly.iter_mut().find(|deadly| deadly.n == n && deadly.times > 0);
        let Some(deadly) = deadly else {
            // It has killed its last worker in the meantime: compute from here; the tally has the numbers before it.
            return self.compute_slice(pid, slice.above(n.saturating_sub(1)).unwrap_or(slice));
        };
        if !deadly.is_always() {
            deadly.times -= 1;
        }
        self.trace.comment(|| format!("{n} kills its worker"));
        self.crash_worker_at(pid, n);
        Ok(())
    }

    /// Waits for assignments in the inbox.
    fn read_assignments(&mut self, pid: Pid) -> StepResult {
        let most = self.random.between(1, self.plan.read_most);
        let (moment_ns, now_ns) = (self.random_step_ns(), self.now_ns);
        let Some(worker) = self.running_worker(pid) else { return Ok(()) };
        if worker.is_at_end() {
            self.exit_worker(pid);
        } else if !worker.has_input() {
            self.park_worker(pid);
        } else {
            worker.read(most)?;
            (worker.busy_since_ns, worker.sent_ns) = (now_ns, now_ns);
            worker.step = WorkerStep::TakingSlice;
            self.retry_assignment_write(pid);
            self.schedule_step(pid, moment_ns);
        }
        Ok(())
    }

    /// Reads the inbox, then begins the next slice.
    fn take_slice(&mut self, pid: Pid) -> StepResult {
        let most = self.random.between(1, self.plan.read_most);
        let (moment_ns, now_ns) = (self.random_step_ns(), self.now_ns);
        let Some(worker) = self.processes[pid].running.as_deref_mut() else { return Ok(()) };
        if worker.is_at_end() {
            self.exit_worker(pid);
            return Ok(());
        }
        // All of it, in pieces: the next look may be a slice away.
        while worker.has_input() {
            worker.read(most)?;
        }
        let busy_ns = (now_ns - worker.busy_since_ns).max(1);
        match worker.core.next(self.plan.slice_len(worker.slice_len)) {
            None => {
                worker.core.seal(busy_ns);
                worker.step = WorkerStep::Sending(AfterSend::Read);
                self.schedule_step(pid, moment_ns);
            }
            Some(step) => {
                if step.is_begun_again {
                    worker.core.seal(busy_ns);
                    worker.step = WorkerStep::Sending(AfterSend::Count(step.slice));
                    self.schedule_step(pid, moment_ns);
                } else {
                    self.compute_slice(pid, step.slice)?;
                }
            }
        }
        self.retry_assignment_write(pid);
        Ok(())
    }

    /// Begins a slice.
    fn compute_slice(&mut self, pid: Pid, slice: Interval) -> StepResult {
        let is_in = |n: i64| slice.contains(Interval::single(n));
        let deadly = self.deadly.iter().filter(|deadly| deadly.times > 0 && is_in(deadly.n));
        let deadly = deadly.map(|deadly| deadly.n).min();
        let question = &self.plan.question;
        let Some(worker) = self.processes[pid].running.as_deref_mut() else { return Ok(()) };
        let tally = worker.core.tally();
        // The numbers before the deadly one may decide the answer.
        let harmless = match deadly {
            Some(n) if n == slice.first() => None,
            Some(n) => Interval::new(slice.first(), n - 1),
            None => Some(slice),
        };
        let last = harmless.map(|harmless| question.apply(harmless, tally));
        let is_enough = tally.is_full() || deadly.is_none();
        let (last, doing) = match (last, deadly) {
            (Some(last), _) if is_enough => (last, WorkerStep::Computing(last)),
            (_, Some(n)) => (n, WorkerStep::ReachingDeadly(n, slice)),
            (last, None) => (last.unwrap_or(slice.last()), WorkerStep::Computing(slice.last())),
        };
        let done = Interval::new(slice.first(), last).unwrap_or(slice);
        let slowness = self.plan.slowness[self.processes[pid].slot];
        let ns = self.plan.cost.of(done).saturating_mul(slowness) / 1000 + self.random_step_ns();
        let slice_ns = self.plan.slice_ns;
        let is_raw = self.plan.transport == SimTransport::Raw;
        if let Some(worker) = self.running_worker(pid) {
            let is_known = worker.begin(slice) || is_raw;
            check(is_known, || format!("{slice} was assigned to no worker"))?;
            worker.adjust_slice_len(slice, ns, slice_ns);
            worker.step = doing;
        }
        self.begin_numbers(pid, done)?;
        self.schedule_step(pid, ns);
        Ok(())
    }

    /// Ends a slice: answers, reports, sends if a frame is due.
    fn finish_slice(&mut self, pid: Pid, last: i64) -> StepResult {
        let limit = self.plan.frame_limit;
        let (moment_ns, now_ns) = (self.random_step_ns(), self.now_ns);
        let (overdue_ns, report_ns) = (self.plan.overdue_ns, self.plan.report_ns);
        self.trace.record("counted", pid as u64, last.cast_unsigned());
        self.read_while_working(pid)?;
        let Some(worker) = self.running_worker(pid) else { return Ok(()) };
        let answered = worker.core.counted(last);
        let busy_ns = now_ns - worker.busy_since_ns;
        let is_report_due = answered == worker::ChunkState::Going && busy_ns >= report_ns;
        if is_report_due || answered == worker::ChunkState::ToReport {
            worker.core.report(busy_ns.max(1));
            worker.busy_since_ns = now_ns;
        }
        let is_overdue = now_ns - worker.sent_ns >= overdue_ns;
        let is_much = worker.core.is_due() || worker.core.waiting() >= limit / 2;
        let is_due = is_report_due || is_overdue || is_much;
        worker.step = if is_due {
            worker.core.seal((now_ns - worker.busy_since_ns).max(1));
            WorkerStep::Sending(AfterSend::Work)
        } else {
            WorkerStep::TakingSlice
        };
        self.schedule_step(pid, moment_ns);
        Ok(())
    }

    /// Sends one frame, or goes on if there is none.
    fn send_frame(&mut self, pid: Pid, then: AfterSend) -> StepResult {
        let (moment_ns, now_ns) = (self.random_step_ns(), self.now_ns);
        let is_full = self.worker_link(pid).is_some_and(|link| link.datagrams.room(WORKER) == 0);
        let Some(worker) = self.processes[pid].running.as_deref_mut() else { return Ok(()) };
        if worker.core.is_silent() {
            match then {
                AfterSend::Read => worker.step = WorkerStep::Reading,
                AfterSend::Work => worker.step = WorkerStep::TakingSlice,
                AfterSend::Count(slice) => {
                    return self.compute_slice(pid, slice);
                }
            }
            self.schedule_step(pid, moment_ns);
            return Ok(());
        }
        let frame = worker.core.first_frame();
        let limit = self.plan.frame_limit;
        check(frame.len() <= limit, || format!("a frame of {} bytes", frame.len()))?;
        if self.plan.transport == SimTransport::Pipes {
            if self.results.write(frame) == 0 {
                self.stats.full_result_pipes += 1;
                self.waiting.push(pid);
                self.park_worker(pid);
                return Ok(());
            }
            self.trace.record("sent", pid as u64, frame.len() as u64);
            let sent = frame.len();
            worker.core.sent(sent);
            (worker.busy_since_ns, worker.sent_ns) = (now_ns, now_ns);
            self.wake_within_a_turn();
        } else if is_full {
            self.stats.full_channels += 1;
            self.park_worker(pid);
            return Ok(());
        } else {
            let frame = frame.to_vec();
            worker.core.sent(frame.len());
            (worker.busy_since_ns, worker.sent_ns) = (now_ns, now_ns);
            match self.plan.transport {
                SimTransport::Datagrams => self.send_on_worker_link(pid, WORKER, &frame)?,
                _ => self.send_raw_to_primary(pid, &frame),
            }
        }
        self.schedule_step(pid, moment_ns);
        Ok(())
    }

    /// End of file: the worker exits.
    fn exit_worker(&mut self, pid: Pid) {
        self.trace.record("left", pid as u64, 0);
        self.end_worker(pid, Some(Cause::Exit(0)));
    }

    /// A worker is gone; the bytes that it wrote remain.
    pub(crate) fn end_worker(&mut self, pid: Pid, cause: Option<Cause>) {
        let process = &mut self.processes[pid];
        let Some(worker) = process.running.take() else { return };
        (process.last_at, process.may_be_at, process.cause) =
            (worker.position(), worker.given(), cause);
        self.trace.record("died", pid as u64, 0);
        self.waiting.retain(|waiting| *waiting != pid);
        if self.plan.transport == SimTransport::Datagrams {
            // The end comes behind everything that was sent.
            self.end_worker_link(pid, WORKER);
        } else {
            let notice_ns = self.random.magnitude(1_000, 50_000_000);
            self.queue.add(self.now_ns + notice_ns, SimEvent::WorkerStatus { pid });
        }
    }
}
