//! Faults of workers in phase one: kills, exits, stops, and garbage on the result pipe.

use crate::event_queue::{Event, Pid};
use crate::options::Transport;
use crate::step_result::Outcome;
use crate::world::World;
use evenly_core::frame::Packer;
use evenly_core::{Cause, LeaseId};

/// A call and its error number.
pub(crate) const FAREWELL: (u32, u32) = (3, 32);

impl World<'_> {
    /// What may happen to a worker before a step; whether it does the step.
    pub(crate) fn endure(&mut self, pid: Pid) -> bool {
        let faults = &self.plan.faults;
        let (kill, exit, stop) = (faults.kill, faults.exit, faults.stop);
        let (garbage, for_ever) = (faults.garbage, faults.for_ever);
        if self.random.happens(kill) {
            self.oracle.is_only_numbers = false;
            self.stats.kills += 1;
            self.die(pid, Some(Cause::Signal(9)));
            return false;
        }
        if self.random.happens(exit) {
            self.oracle.is_only_numbers = false;
            self.stats.exits += 1;
            self.say_farewell(pid);
            self.die(pid, Some(Cause::Exit(7)));
            return false;
        }
        if self.random.happens(stop) {
            self.stop(pid, for_ever);
            return false;
        }
        if self.plan.transport == Transport::Datagrams && !self.endure_line(pid) {
            return false;
        }
        if self.random.happens(garbage) {
            return self.write_garbage(pid);
        }
        !self.endure_a_question(pid)
    }

    /// Some say why they leave, as far as the pipe has room.
    fn say_farewell(&mut self, pid: Pid) {
        if !self.random.once_in(2) || self.plan.transport != Transport::Pipes {
            return;
        }
        let Some(life) = self.processes[pid].life.as_deref_mut() else { return };
        life.core.say_farewell(FAREWELL.0, FAREWELL.1);
        life.core.seal(1);
        while !life.core.is_silent() {
            let frame = life.core.first_frame();
            if self.results.write(frame) == 0 {
                return;
            }
            let sent = frame.len();
            life.core.sent(sent);
        }
    }

    fn stop(&mut self, pid: Pid, for_ever: u32) {
        self.stats.stops += 1;
        self.tape.note("stopped", pid as u64, 0);
        if let Some(life) = self.life(pid) {
            life.is_stopped = true;
            life.is_parked = true;
        }
        if !self.random.happens(for_ever) {
            let ns = self.random.magnitude(1_000_000, 12_000_000_000);
            self.queue.add(self.now_ns + ns, Event::Continue { pid });
        }
        self.tell_of(pid);
    }

    pub(crate) fn go_on(&mut self, pid: Pid) -> Outcome {
        let Some(life) = self.life(pid) else { return Ok(()) };
        life.is_stopped = false;
        self.stats.continues += 1;
        self.tape.note("goes on", pid as u64, 0);
        self.tell_of(pid);
        self.resume_line(pid);
        self.rouse(pid);
        Ok(())
    }

    /// On pipes, the primary is the parent and gets `SIGCHLD`; elsewhere it hears nothing.
    fn tell_of(&mut self, pid: Pid) {
        if self.plan.transport == Transport::Pipes {
            let notice_ns = self.random.magnitude(1_000, 50_000_000);
            self.queue.add(self.now_ns + notice_ns, Event::Notice { pid });
        }
    }

    /// A worker writes what is no frame, beside or in place of its own; whether it does the step.
    fn write_garbage(&mut self, pid: Pid) -> bool {
        let mut frame = self.some_frame(pid);
        let (name, frame_limit) = (pid as u64, self.plan.frame_limit);
        match self.random.below(4) {
            // Anything at all.
            0 => {
                let len = self.random.between(1, frame_limit as u64);
                frame = (0..len).map(|_| self.random.next() as u8).collect();
            }
            // A beginning.
            1 => frame.truncate(self.random.between(1, frame.len() as u64 - 1) as usize),
            // A head that promises more than comes.
            2 => {
                frame.truncate(24);
                frame[4..8].copy_from_slice(&(frame_limit as u32).to_le_bytes());
            }
            // One bit is wrong.
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
        self.tape.note("garbage", name, frame.len() as u64);
        self.wake_in_a_turn();
        if self.random.once_in(2) {
            return true;
        }
        // What it meant to say is lost with it.
        let process = &mut self.processes[pid];
        if let Some(life) = process.life.as_deref_mut()
            && matches!(life.doing, crate::model::worker_process::Doing::Sending(_))
            && !life.core.is_silent()
        {
            let sent = life.core.first_frame().len();
            life.core.sent(sent);
            process.is_garbled = true;
        }
        true
    }

    /// The frame that a worker is about to send, or one that it might have.
    fn some_frame(&mut self, pid: Pid) -> Vec<u8> {
        if let Some(life) = self.life(pid)
            && matches!(life.doing, crate::model::worker_process::Doing::Sending(_))
            && !life.core.is_silent()
        {
            return life.core.first_frame().to_vec();
        }
        let mut packer = Packer::new(self.processes[pid].name, self.plan.frame_limit);
        packer.answer(LeaseId(self.random.next()), self.random.below(9));
        packer.seal(1);
        packer.bytes().to_vec()
    }
}
