//! Datagrams between the primary and workers: sent, lost, repeated, delayed, delivered; links that are cut, machines that vanish.

use crate::event_queue::{Pid, SimEvent};
use crate::model::datagram_link::Delivery;
use crate::model::worker_link::{HEARTBEAT_FRAME_LEN, HEARTBEAT_INTERVAL_NS, WORKER, WorkerLink};
use crate::step_result::StepResult;
use crate::step_result::check;
use crate::world::SimWorld;
use evenly_core::Interval;
use evenly_core::channel::Channel;
use evenly_core::frame::{Heartbeat, Packer};

impl SimWorld<'_> {
    pub(crate) fn worker_link(&mut self, pid: Pid) -> Option<&mut WorkerLink> {
        self.processes[pid].link.as_deref_mut()
    }

    fn worker_link_end(&mut self, pid: Pid, side: usize) -> Option<&mut Channel> {
        self.worker_link(pid)?.datagrams.end(side)
    }

    /// Gives a frame to one end of a worker link, which must have room for it.
    pub(crate) fn send_on_worker_link(
        &mut self,
        pid: Pid,
        side: usize,
        frame: &[u8],
    ) -> StepResult {
        let Some(channel) = self.worker_link_end(pid, side) else { return Ok(()) };
        check(channel.send(frame), || "a frame without room for it".into())?;
        self.transmit_worker_link(pid, side);
        Ok(())
    }

    /// Ends the channel at one end.
    pub(crate) fn end_worker_link(&mut self, pid: Pid, side: usize) {
        if let Some(channel) = self.worker_link_end(pid, side) {
            channel.end();
        }
        self.transmit_worker_link(pid, side);
    }

    /// Sends the datagrams of an end, and sets its timer.
    pub(crate) fn transmit_worker_link(&mut self, pid: Pid, side: usize) {
        let is_stopped = self.running_worker(pid).is_some_and(|worker| worker.is_stopped);
        if is_stopped && side == WORKER {
            return;
        }
        let now_ns = self.now_ns;
        let faults = &self.plan.faults;
        let rates = (faults.lose, faults.repeat, faults.late_ns);
        let incarnation = self.incarnation;
        let Some(link) = self.processes[pid].link.as_deref_mut() else { return };
        let is_cut = now_ns < link.cut_until_ns;
        let segments = link.datagrams.take_segments(side, now_ns);
        self.schedule_datagrams(segments, is_cut, rates, |segment| SimEvent::WorkerDatagram {
            incarnation,
            pid,
            side: 1 - side,
            segment,
        });
        let Some(link) = self.processes[pid].link.as_deref_mut() else { return };
        if let Some(due_ns) = link.due_ns(side)
            && link.datagrams.arm_timer(side, due_ns)
        {
            let event = SimEvent::WorkerLinkTimer { incarnation, pid, side };
            self.queue.add(due_ns, event);
        }
    }

    /// Queues the arrivals of datagrams, each of them lost, delayed or repeated by these rates.
    pub(crate) fn schedule_datagrams(
        &mut self,
        segments: Vec<Vec<u8>>,
        is_cut: bool,
        rates: (u32, u32, u64),
        arrival: impl Fn(Vec<u8>) -> SimEvent,
    ) {
        for segment in segments {
            for at_ns in self.draw_arrivals(is_cut, rates) {
                self.queue.add(at_ns, arrival(segment.clone()));
                self.pending_link_events += 1;
            }
        }
    }

    /// Draws the arrival times of one datagram: none if it is lost, two if it is repeated.
    fn draw_arrivals(
        &mut self,
        is_cut: bool,
        (lose, repeat, late_ns): (u32, u32, u64),
    ) -> Vec<u64> {
        self.stats.datagrams += 1;
        let is_bad = self.are_faults_active();
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
    pub(crate) fn worker_datagram_arrives(
        &mut self,
        pid: Pid,
        side: usize,
        segment: &[u8],
    ) -> StepResult {
        let now_ns = self.now_ns;
        let is_stopped = self.running_worker(pid).is_some_and(|worker| worker.is_stopped);
        let Some(link) = self.worker_link(pid) else { return Ok(()) };
        if is_stopped && side == WORKER {
            // The worker does not read, and its inbox has little room.
            self.stats.datagrams_lost += 1;
            return Ok(());
        }
        let delivery = link.datagrams.deliver(side, segment, now_ns)?;
        let Some(Delivery { frames, is_at_end }) = delivery else { return Ok(()) };
        if side == WORKER {
            self.deliver_to_worker(pid, frames, is_at_end);
        } else {
            for frame in frames {
                self.receive_worker_frame(pid, &frame)?;
            }
            if is_at_end && self.processes[pid].running.is_none() {
                self.observe_worker(pid)?;
            }
            self.retry_assignment_write(pid);
        }
        self.transmit_worker_link(pid, side);
        Ok(())
    }

    /// A frame arrived at the end of the primary.
    fn receive_worker_frame(&mut self, pid: Pid, frame: &[u8]) -> StepResult {
        if frame.len() > HEARTBEAT_FRAME_LEN {
            return self.receive_at_primary(pid, frame);
        }
        self.stats.heartbeats += 1;
        self.note_worker_alive(pid, false)?;
        self.wake_in(1);
        Ok(())
    }

    /// Frames arrived at the end of the worker; its end may have room to send again.
    fn deliver_to_worker(&mut self, pid: Pid, frames: Vec<Vec<u8>>, is_at_end: bool) {
        if let Some(worker) = self.running_worker(pid) {
            worker.frames.extend(frames);
            if is_at_end {
                worker.inbox.close();
            }
            self.wake_worker(pid);
        }
    }

    /// The timer of an end fires.
    pub(crate) fn check_worker_link(&mut self, pid: Pid, side: usize) -> StepResult {
        let (now_ns, limit) = (self.now_ns, self.plan.frame_limit);
        let is_stopped = self.running_worker(pid).is_some_and(|worker| worker.is_stopped);
        let name = self.processes[pid].name;
        let Some(link) = self.worker_link(pid) else { return Ok(()) };
        if !link.datagrams.take_timer(side, now_ns) || is_stopped && side == WORKER {
            return Ok(());
        }
        if link.datagrams.is_silent(side, now_ns) {
            return self.give_up_worker_link(pid, side);
        }
        let WorkerLink { datagrams, next_heartbeat_ns, .. } = link;
        if side == WORKER
            && now_ns >= *next_heartbeat_ns
            && let Some(channel) = datagrams.end(side)
        {
            *next_heartbeat_ns = now_ns + HEARTBEAT_INTERVAL_NS;
            if channel.room() > 0 {
                let mut packer = Packer::new(name, limit);
                packer.heartbeat(Heartbeat::OfAgent);
                packer.seal(0);
                channel.send(packer.bytes());
            }
        }
        self.transmit_worker_link(pid, side);
        Ok(())
    }

    /// An end has heard nothing for the silence limit.
    fn give_up_worker_link(&mut self, pid: Pid, side: usize) -> StepResult {
        self.stats.worker_links_given_up += 1;
        self.trace.record("gives up", pid as u64, side as u64);
        self.drop_worker_link_end(pid, side);
        if side == WORKER {
            // Its primary is gone.
            self.end_worker(pid, None);
            return Ok(());
        }
        self.oracle.is_only_numbers = false;
        let slot = self.processes[pid].slot;
        if self.primary.worker_seats[slot].pid == Some(pid) {
            let nowhere: Vec<Interval> = Vec::new();
            self.reclaim_seat(slot, nowhere, None)?;
        }
        self.wake_in(1);
        Ok(())
    }

    /// Drops one end of a worker link.
    pub(crate) fn drop_worker_link_end(&mut self, pid: Pid, side: usize) {
        let Some(link) = self.worker_link(pid) else { return };
        if link.datagrams.drop_end(side) {
            self.processes[pid].link = None;
        }
    }

    /// The worker was stopped and goes on: the time in between does not count as silence.
    pub(crate) fn resume_worker_link(&mut self, pid: Pid) {
        let now_ns = self.now_ns;
        if let Some(link) = self.worker_link(pid) {
            link.datagrams.restart_silence_limit(WORKER, now_ns);
            self.transmit_worker_link(pid, WORKER);
        }
    }

    /// Cuts the link or loses the machine of a worker now and then, before a step; `false` if the worker is lost.
    pub(crate) fn inject_link_faults(&mut self, pid: Pid) -> bool {
        let (cut, vanish) = (self.plan.faults.cut, self.plan.faults.vanish);
        if self.random.happens(cut) {
            self.stats.worker_links_cut += 1;
            self.oracle.is_only_numbers = false;
            let ns = self.random.magnitude(1_000_000, 40_000_000_000);
            let now_ns = self.now_ns;
            self.trace.record("cut", pid as u64, ns);
            if let Some(link) = self.worker_link(pid) {
                link.cut_until_ns = now_ns + ns;
            }
        }
        if self.random.happens(vanish) {
            self.stats.machines_lost += 1;
            self.oracle.is_only_numbers = false;
            self.drop_worker_link_end(pid, WORKER);
            self.end_worker(pid, None);
            return false;
        }
        true
    }
}
