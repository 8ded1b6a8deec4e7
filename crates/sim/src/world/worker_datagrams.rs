//! Lines to workers over datagrams: frames carried, lost, repeated and late.

use crate::event_queue::{Event, Pid};
use crate::model::worker_link::{BEAT_NS, EMPTY_FRAME, GONE_NS, Line, WORKER};
use crate::step_result::Outcome;
use crate::step_result::check;
use crate::world::World;
use evenly_core::Interval;
use evenly_core::channel::Channel;
use evenly_core::frame::{Heartbeat, Packer};

impl World<'_> {
    pub(crate) fn line(&mut self, pid: Pid) -> Option<&mut Line> {
        self.processes[pid].line.as_deref_mut()
    }

    fn end(&mut self, pid: Pid, side: usize) -> Option<&mut Channel> {
        self.line(pid)?.ends[side].as_mut()
    }

    /// Gives a frame to one end of a line, where there must be room for it.
    pub(crate) fn carry(&mut self, pid: Pid, side: usize, frame: &[u8]) -> Outcome {
        let Some(channel) = self.end(pid, side) else { return Ok(()) };
        check(channel.send(frame), || "a frame without room for it".into())?;
        self.transmit(pid, side);
        Ok(())
    }

    /// Says the end at one end of a line.
    pub(crate) fn say_end(&mut self, pid: Pid, side: usize) {
        if let Some(channel) = self.end(pid, side) {
            channel.end();
        }
        self.transmit(pid, side);
    }

    /// Sends what an end has to send, and arranges for it to look again.
    pub(crate) fn transmit(&mut self, pid: Pid, side: usize) {
        let is_stopped = self.life(pid).is_some_and(|life| life.is_stopped);
        if is_stopped && side == WORKER {
            return;
        }
        let now_ns = self.now_ns;
        let mut segment = Vec::new();
        while self.end(pid, side).is_some_and(|end| end.poll_transmit(now_ns, &mut segment)) {
            self.set_off(pid, 1 - side, &segment);
            segment.clear();
        }
        let life = self.life;
        let Some(line) = self.processes[pid].line.as_deref_mut() else { return };
        if let Some(due_ns) = line.due_ns(side)
            && due_ns < line.look_ns[side]
        {
            line.look_ns[side] = due_ns;
            self.queue.add(due_ns, Event::Look { life, pid, side });
        }
    }

    /// A datagram goes on its way to an end.
    fn set_off(&mut self, pid: Pid, side: usize, segment: &[u8]) {
        let faults = &self.plan.faults;
        let net = (faults.lose, faults.repeat, faults.late_ns);
        let now_ns = self.now_ns;
        let is_cut = self.line(pid).is_some_and(|line| now_ns < line.cut_until_ns);
        for at_ns in self.flights(is_cut, net) {
            let (life, segment) = (self.life, segment.to_vec());
            self.queue.add(at_ns, Event::Datagram { life, pid, side, segment });
            self.flying += 1;
        }
    }

    /// When a datagram arrives: once, never, or more than once.
    pub(crate) fn flights(
        &mut self,
        is_cut: bool,
        (lose, repeat, late_ns): (u32, u32, u64),
    ) -> Vec<u64> {
        self.stats.datagrams += 1;
        let is_bad = self.is_phase_one();
        if is_cut || is_bad && self.random.happens(lose) {
            self.stats.datagrams_lost += 1;
            return Vec::new();
        }
        let copies = if is_bad && self.random.happens(repeat) { 2 } else { 1 };
        self.stats.datagrams_repeated += copies - 1;
        let mut flights = Vec::new();
        for _ in 0..copies {
            let most_ns = if is_bad { late_ns.max(1_000) } else { 50_000_000 };
            let at_ns = self.now_ns + self.random.magnitude(1_000, most_ns);
            self.stats.datagrams_late += u64::from(at_ns - self.now_ns > 1_000_000_000);
            flights.push(at_ns);
        }
        flights
    }

    /// A datagram reaches an end.
    pub(crate) fn arrive(&mut self, pid: Pid, side: usize, segment: &[u8]) -> Outcome {
        let now_ns = self.now_ns;
        let is_stopped = self.life(pid).is_some_and(|life| life.is_stopped);
        let Some(line) = self.line(pid) else { return Ok(()) };
        let Some(channel) = &mut line.ends[side] else { return Ok(()) };
        if is_stopped && side == WORKER {
            // The worker does not read, and its inbox has little room.
            self.stats.datagrams_lost += 1;
            return Ok(());
        }
        channel.arrived(segment, now_ns).map_err(|malformed| malformed.to_string())?;
        line.heard_ns[side] = now_ns;
        let mut frames = Vec::new();
        while let Some(frame) = channel.next_frame() {
            frames.push(frame.to_vec());
        }
        let is_at_end = channel.is_at_end();
        if side == WORKER {
            self.tell(pid, frames, is_at_end);
        } else {
            for frame in frames {
                self.hear_frame(pid, &frame)?;
            }
            if is_at_end && self.processes[pid].life.is_none() {
                self.notice(pid)?;
            }
            self.room_in_inbox(pid);
        }
        self.transmit(pid, side);
        Ok(())
    }

    /// A frame came out at the primary's end.
    fn hear_frame(&mut self, pid: Pid, frame: &[u8]) -> Outcome {
        if frame.len() > EMPTY_FRAME {
            return self.heard(pid, frame);
        }
        self.stats.heartbeats += 1;
        self.heard_from(pid, false)?;
        self.wake_in(1);
        Ok(())
    }

    /// What came out at the worker's end; and there may be room again for what it sends.
    fn tell(&mut self, pid: Pid, frames: Vec<Vec<u8>>, is_at_end: bool) {
        if let Some(life) = self.life(pid) {
            life.mail.extend(frames);
            if is_at_end {
                life.inbox.close();
            }
            self.rouse(pid);
        }
    }

    /// Something is due at an end.
    pub(crate) fn look(&mut self, pid: Pid, side: usize) -> Outcome {
        let (now_ns, limit) = (self.now_ns, self.plan.frame_limit);
        let is_stopped = self.life(pid).is_some_and(|life| life.is_stopped);
        let name = self.processes[pid].name;
        let Some(line) = self.line(pid) else { return Ok(()) };
        if line.look_ns[side] != now_ns {
            // An earlier look has arranged another.
            return Ok(());
        }
        line.look_ns[side] = u64::MAX;
        let Some(channel) = &mut line.ends[side] else { return Ok(()) };
        if is_stopped && side == WORKER {
            return Ok(());
        }
        if now_ns >= line.heard_ns[side] + GONE_NS {
            return self.give_line_up(pid, side);
        }
        if side == WORKER && now_ns >= line.beat_ns {
            line.beat_ns = now_ns + BEAT_NS;
            if channel.room() > 0 {
                let mut packer = Packer::new(name, limit);
                packer.heartbeat(Heartbeat::OfAgent);
                packer.seal(0);
                channel.send(packer.bytes());
            }
        }
        self.transmit(pid, side);
        Ok(())
    }

    /// An end has not heard the other for too long.
    fn give_line_up(&mut self, pid: Pid, side: usize) -> Outcome {
        self.stats.lines_given_up += 1;
        self.tape.note("gives up", pid as u64, side as u64);
        self.hang_up(pid, side);
        if side == WORKER {
            // It has no primary.
            self.die(pid, None);
            return Ok(());
        }
        self.oracle.is_only_numbers = false;
        let slot = self.processes[pid].slot;
        if self.primary.peers[slot].pid == Some(pid) {
            let nowhere: Vec<Interval> = Vec::new();
            self.lose(slot, nowhere, None)?;
        }
        self.wake_in(1);
        Ok(())
    }

    /// An end is not there any more.
    pub(crate) fn hang_up(&mut self, pid: Pid, side: usize) {
        let Some(line) = self.line(pid) else { return };
        line.ends[side] = None;
        if line.ends[1 - side].is_none() {
            self.processes[pid].line = None;
        }
    }

    /// The worker was stopped and goes on: the time in between was no silence of the other end.
    pub(crate) fn resume_line(&mut self, pid: Pid) {
        let now_ns = self.now_ns;
        if let Some(line) = self.line(pid) {
            line.heard_ns[WORKER] = now_ns;
            self.transmit(pid, WORKER);
        }
    }

    /// What may happen to the line of a worker before a step; whether it does the step.
    pub(crate) fn endure_line(&mut self, pid: Pid) -> bool {
        let (cut, vanish) = (self.plan.faults.cut, self.plan.faults.vanish);
        if self.random.happens(cut) {
            self.stats.lines_cut += 1;
            self.oracle.is_only_numbers = false;
            let ns = self.random.magnitude(1_000_000, 40_000_000_000);
            let now_ns = self.now_ns;
            self.tape.note("cut", pid as u64, ns);
            if let Some(line) = self.line(pid) {
                line.cut_until_ns = now_ns + ns;
            }
        }
        if self.random.happens(vanish) {
            self.stats.machines_lost += 1;
            self.oracle.is_only_numbers = false;
            self.hang_up(pid, WORKER);
            self.die(pid, None);
            return false;
        }
        true
    }
}
