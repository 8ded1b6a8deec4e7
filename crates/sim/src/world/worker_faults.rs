//! Fault injection into workers: kills, exits, stops, and garbage on the result pipe.

use crate::event_queue::{Pid, SimEvent};
use crate::options::SimTransport;
use crate::step_result::StepResult;
use crate::world::SimWorld;
use evenly_core::frame::Packer;
use evenly_core::{Cause, LeaseId};

/// A call and its error number.
pub(crate) const FAREWELL: (u32, u32) = (3, 32);

impl SimWorld<'_> {
    /// Injects faults into a worker before a step; `false` if it does not do the step.
    pub(crate) fn inject_worker_faults(&mut self, pid: Pid) -> bool {
        let faults = &self.plan.faults;
        let (kill, exit, stop) = (faults.kill, faults.exit, faults.stop);
        let (garbage, permanent) = (faults.garbage, faults.permanent);
        if self.random.happens(kill) {
            self.oracle.is_only_numbers = false;
            self.stats.kills += 1;
            self.end_worker(pid, Some(Cause::Signal(9)));
            return false;
        }
        if self.random.happens(exit) {
            self.oracle.is_only_numbers = false;
            self.stats.exits += 1;
            self.write_farewell(pid);
            self.end_worker(pid, Some(Cause::Exit(7)));
            return false;
        }
        if self.random.happens(stop) {
            self.stop_worker(pid, permanent);
            return false;
        }
        if self.plan.transport == SimTransport::Datagrams && !self.inject_link_faults(pid) {
            return false;
        }
        if self.random.happens(garbage) {
            return self.write_garbage(pid);
        }
        !self.interrupt_worker(pid)
    }

    /// Some say why they leave, as far as the pipe has room.
    fn write_farewell(&mut self, pid: Pid) {
        if !self.random.once_in(2) || self.plan.transport != SimTransport::Pipes {
            return;
        }
        let Some(worker) = self.processes[pid].running.as_deref_mut() else { return };
        worker.core.say_farewell(FAREWELL.0, FAREWELL.1);
        worker.core.seal(1);
        while !worker.core.is_silent() {
            let frame = worker.core.first_frame();
            if self.results.write(frame) == 0 {
                return;
            }
            let sent = frame.len();
            worker.core.sent(sent);
        }
    }

    fn stop_worker(&mut self, pid: Pid, permanent: u32) {
        self.stats.stops += 1;
        self.trace.record("stopped", pid as u64, 0);
        if let Some(worker) = self.running_worker(pid) {
            worker.is_stopped = true;
            worker.is_parked = true;
        }
        if !self.random.happens(permanent) {
            let ns = self.random.magnitude(1_000_000, 12_000_000_000);
            self.queue.add(self.now_ns + ns, SimEvent::WorkerContinues { pid });
        }
        self.notify_parent(pid);
    }

    pub(crate) fn continue_worker(&mut self, pid: Pid) -> StepResult {
        let Some(worker) = self.running_worker(pid) else { return Ok(()) };
        worker.is_stopped = false;
        self.stats.continues += 1;
        self.trace.record("goes on", pid as u64, 0);
        self.notify_parent(pid);
        self.resume_worker_link(pid);
        self.wake_worker(pid);
        Ok(())
    }

    /// Over pipes the primary is the parent and gets `SIGCHLD`; over links it gets nothing.
    fn notify_parent(&mut self, pid: Pid) {
        if self.plan.transport == SimTransport::Pipes {
            let notice_ns = self.random.magnitude(1_000, 50_000_000);
            self.queue.add(self.now_ns + notice_ns, SimEvent::WorkerStatus { pid });
        }
    }

    /// A worker writes garbage, beside or in place of its frame; `false` if it does not do the step.
    fn write_garbage(&mut self, pid: Pid) -> bool {
        let mut frame = self.sample_frame(pid);
        let (name, frame_limit) = (pid as u64, self.plan.frame_limit);
        match self.random.below(4) {
            // Random bytes.
            0 => {
                let len = self.random.between(1, frame_limit as u64);
                frame = (0..len).map(|_| self.random.next() as u8).collect();
            }
            // The beginning of a frame.
            1 => frame.truncate(self.random.between(1, frame.len() as u64 - 1) as usize),
            // A header with a length that is never reached.
            2 => {
                frame.truncate(24);
                frame[4..8].copy_from_slice(&(frame_limit as u32).to_le_bytes());
            }
            // One bit is flipped.
            _ => {
                let bit = self.random.below(frame.len() as u64 * 8);
                frame[bit as usize / 8] ^= 1 << (bit % 8);
            }
        }
        if self.results.write(&frame) == 0 {
            return true;
        }
        self.oracle.is_only_numbers = false;
        self.stats.garbage += 1;
        self.trace.record("garbage", name, frame.len() as u64);
        self.wake_within_a_turn();
        if self.random.once_in(2) {
            return true;
        }
        // Its own frame is lost.
        let process = &mut self.processes[pid];
        if let Some(worker) = process.running.as_deref_mut()
            && matches!(worker.step, crate::model::worker_process::WorkerStep::Sending(_))
            && !worker.core.is_silent()
        {
            let sent = worker.core.first_frame().len();
            worker.core.sent(sent);
            process.has_lost_frame = true;
        }
        true
    }

    /// The frame that a worker is about to send, or one that it could send.
    fn sample_frame(&mut self, pid: Pid) -> Vec<u8> {
        if let Some(worker) = self.running_worker(pid)
            && matches!(worker.step, crate::model::worker_process::WorkerStep::Sending(_))
            && !worker.core.is_silent()
        {
            return worker.core.first_frame().to_vec();
        }
        let mut packer = Packer::new(self.processes[pid].name, self.plan.frame_limit);
        packer.answer(LeaseId(self.random.next()), self.random.below(9));
        packer.seal(1);
        packer.bytes().to_vec()
    }
}
