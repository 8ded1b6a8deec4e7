//! Outputs of the engine, carried out in the world: frames are sent, records written, workers started.

use crate::event_queue::{Event, Pid};
use crate::model::lossy_journal::Entry;
use crate::model::primary_process::Stage;
use crate::model::worker_link::PRIMARY;
use crate::options::Transport;
use crate::step_result::Outcome;
use crate::step_result::check;
use crate::world::World;
use evenly_core::engine::{Output, Report, Seat, StopReason};
use evenly_core::frame::{Heartbeat, Packer};
use evenly_core::{Cause, Failure, Record};

impl World<'_> {
    /// Carries out every output of the engine.
    pub(crate) fn act(&mut self) -> Outcome {
        loop {
            let output = self.primary.engine.poll(self.now_ns);
            let Some(output) = output.map_err(|violation| violation.to_string())? else {
                return self.oracle.settle();
            };
            self.tape.remark(|| format!("{output:?}"));
            self.carry_out(output)?;
            if self.is_over {
                return Ok(());
            }
        }
    }

    fn carry_out(&mut self, output: Output) -> Outcome {
        match output {
            Output::Assign { seat } => self.assign(seat.slot())?,
            Output::Begin { seat, assignment } => self.let_begin(seat.slot(), assignment)?,
            Output::Withdraw { seat, lease, parts } => {
                let slot = seat.slot();
                self.tape.note("withdraw", slot as u64, parts);
                if let Some(packer) = self.packer(slot) {
                    packer.withdraw(lease, parts);
                    self.stats.withdrawals += 1;
                }
            }
            Output::Credit { seat, bytes } => {
                let slot = seat.slot();
                let is_due = self.plan.question.aggregate.is_streamed();
                check(is_due, || "credit where no lines are asked for".into())?;
                self.tape.note("credit", slot as u64, bytes);
                if let Some(packer) = self.packer(slot) {
                    packer.credit(bytes);
                    self.stats.credits += 1;
                }
            }
            Output::Heartbeat { seat } => {
                let is_gathering = self.is_gathering();
                match self.packer(seat.slot()) {
                    Some(packer) => packer.heartbeat(Heartbeat::OfPrimary),
                    None => check(!is_gathering, || "a heartbeat for an empty seat".into())?,
                }
            }
            Output::CompareFiles => {
                self.stats.files_compared += 1;
                self.primary.engine.files_are_unchanged();
            }
            Output::Append(record) => self.append(record)?,
            Output::AppendUntouched(interval) => {
                self.journal.append(Entry::Untouched(interval));
            }
            Output::Sync => self.begin_sync()?,
            Output::Counted(record) => self.counted_now(&record)?,
            Output::Write(lines) => self.take_lines(&lines),
            Output::Flush => self.write_lines(),
            Output::ReadBack(due) => self.read_back(due)?,
            Output::Start { slot } => {
                check(self.primary.peers[slot].pid.is_none(), || "a seat is taken".into())?;
                self.fill(slot)?;
            }
            Output::Kill { slot } => {
                self.stats.desertions += 1;
                self.condemn(slot, None)?;
            }
            Output::Report(report) => self.note_report(report)?,
            Output::End(StopReason::LostBeyondRepair { slot, times }) => {
                self.give_up(slot, times)?;
            }
            Output::End(StopReason::Early(why)) => self.end_at_once(why)?,
            Output::End(StopReason::NoWorkerLeft) => self.end_without_workers()?,
            Output::End(StopReason::NoWorkerBegins { .. }) => {
                return Err("every simulated worker can begin".into());
            }
        }
        Ok(())
    }

    fn note_report(&mut self, report: Report) -> Outcome {
        match report {
            Report::Failed(failure) => self.quarantine(failure)?,
            Report::Recovered { n, cause } => {
                self.stats.recovered += 1;
                self.oracle.culprits.recover(n, cause)?;
            }
            Report::Unbegun(interval) => {
                self.stats.untouched += 1;
                self.oracle.untouched(interval)?;
            }
            Report::Silent { seat: Seat::Agent(slot), .. } => {
                self.doubt(slot);
                self.note_silent(slot)?;
            }
            Report::Silent { seat: Seat::Worker(slot), .. } => {
                self.doubt(slot);
                self.stats.silences += 1;
                self.primary.peers[slot].silences += 1;
                self.primary.peers[slot].is_silent = true;
                self.primary.peers[slot].lent.clear();
            }
            Report::JournalLocked => self.stats.journals_locked += 1,
            Report::EndsEarly(why) => self.tape.remark(|| format!("ends early: {why:?}")),
            Report::StillDraining(_) => self.stats.long_drains += 1,
        }
        Ok(())
    }

    fn quarantine(&mut self, failure: Failure) -> Outcome {
        match failure.cause {
            Cause::Arithmetic(_) => self.stats.failed_alone += 1,
            Cause::Unknown => self.stats.unknown += failure.interval.len() as u64,
            _ => self.stats.quarantined += 1,
        }
        self.oracle.quarantine(failure)
    }

    /// The packer of frames for the worker or agent in a slot.
    pub(crate) fn packer(&mut self, slot: usize) -> Option<&mut Packer> {
        if slot >= self.plan.seats {
            return self.packer_of_guest(slot);
        }
        // Behind the end of file nothing is written.
        let is_open = self.primary.stage == Stage::Gathering;
        let peer = &mut self.primary.peers[slot];
        (is_open && peer.pid.is_some()).then_some(&mut peer.packer)
    }

    /// Takes a record for the journal, or sends it to the primary of this agent.
    fn append(&mut self, record: Record) -> Outcome {
        self.note_record(&record)?;
        if self.upstream.is_some() {
            return self.pass_on(record);
        }
        check(self.plan.sync_ns.is_some(), || "a record for no journal".into())?;
        self.journal.append(Entry::Record(record));
        Ok(())
    }

    fn note_record(&mut self, record: &Record) -> Outcome {
        self.tape.note("record", record.covered.len() as u64, record.failed.len() as u64);
        self.oracle.record(record)
    }

    /// A record counts: at once, or because it is durable.
    fn counted_now(&mut self, record: &Record) -> Outcome {
        if self.plan.sync_ns.is_none() && self.upstream.is_none() {
            self.note_record(record)?;
        }
        self.stats.records += 1;
        let is_new = self.oracle.acknowledged.add(record)?;
        check(is_new, || "a record counts twice".into())
    }

    /// Sends what is packed, as far as the pipes have room.
    pub(crate) fn flush(&mut self) -> Outcome {
        for slot in 0..self.primary.peers.len() {
            let peer = &mut self.primary.peers[slot];
            let Some(pid) = peer.pid else { continue };
            peer.packer.seal(0);
            if peer.packer.is_empty() {
                continue;
            }
            match self.plan.transport {
                Transport::Pipes => self.write_down(slot, pid),
                Transport::Datagrams => self.send_down(slot, pid)?,
                Transport::Raw => {
                    while let Some(frame) = self.first_packed(slot) {
                        self.carry_down(pid, Some(&frame));
                    }
                }
            }
            let peer = &self.primary.peers[slot];
            let most = 64 * (peer.window + 8) * (2 + peer.silences);
            let waiting = peer.packer.bytes().len();
            check(waiting <= most, || format!("{waiting} bytes wait for a window of {most}"))?;
        }
        Ok(())
    }

    fn send_down(&mut self, slot: usize, pid: Pid) -> Outcome {
        while self.line(pid).is_some_and(|line| line.room(PRIMARY) > 0)
            && let Some(frame) = self.first_packed(slot)
        {
            self.carry(pid, PRIMARY, &frame)?;
        }
        Ok(())
    }

    /// Takes the first frame that is packed for a worker.
    fn first_packed(&mut self, slot: usize) -> Option<Vec<u8>> {
        let packer = &mut self.primary.peers[slot].packer;
        let frame = packer.first_frame().to_vec();
        packer.consume(frame.len());
        (!frame.is_empty()).then_some(frame)
    }

    fn write_down(&mut self, slot: usize, pid: Pid) {
        let packer = &mut self.primary.peers[slot].packer;
        let Some(life) = self.processes[pid].life.as_deref_mut() else {
            // The reader is gone, which will be noticed.
            let unsent = packer.bytes().len();
            packer.consume(unsent);
            return;
        };
        while !packer.is_empty() {
            let taken = life.inbox.write(packer.bytes());
            if taken == 0 {
                self.stats.full_assignment_pipes += 1;
                break;
            }
            packer.consume(taken);
        }
        self.rouse(pid);
    }

    /// A worker has read: the primary may write what did not fit.
    pub(crate) fn room_in_inbox(&mut self, pid: Pid) {
        let slot = self.processes[pid].slot;
        let peer = &self.primary.peers[slot];
        if peer.pid == Some(pid) && !peer.packer.is_empty() {
            self.wake_in_a_turn();
        }
    }

    /// End of file for a worker.
    pub(crate) fn close_inbox(&mut self, pid: Pid) {
        match self.plan.transport {
            Transport::Pipes => {
                if let Some(life) = self.life(pid) {
                    life.inbox.close();
                }
                self.rouse(pid);
            }
            Transport::Datagrams => self.say_end(pid, PRIMARY),
            Transport::Raw => self.carry_down(pid, None),
        }
    }

    /// Without a channel: sends a frame, or the end, to a worker.
    fn carry_down(&mut self, pid: Pid, frame: Option<&[u8]>) {
        // The end is never lost: a connection that is gone is noticed.
        for at_ns in self.arrivals(frame.is_none()) {
            self.queue.add(at_ns, Event::Told { pid, frame: frame.map(<[u8]>::to_vec) });
        }
    }

    /// Without a channel: sends a frame of a worker.
    pub(crate) fn carry_up(&mut self, pid: Pid, frame: &[u8]) {
        for at_ns in self.arrivals(false) {
            let life = self.life;
            self.queue.add(at_ns, Event::Heard { life, pid, frame: frame.to_vec() });
        }
    }

    /// When a frame arrives that is not sent again: once, never, or twice.
    fn arrivals(&mut self, is_end: bool) -> Vec<u64> {
        let lose = if self.is_phase_one() && !is_end { self.plan.faults.lose } else { 0 };
        let mut at_ns = self.now_ns + self.random.magnitude(1_000, 50_000_000);
        let mut arrivals = Vec::new();
        for _ in 0..if self.random.happens(lose) { 2 } else { 1 } {
            if self.random.happens(lose) {
                self.stats.datagrams_lost += 1;
            } else {
                arrivals.push(at_ns);
                at_ns += self.random.magnitude(1_000, 1_000_000_000);
            }
        }
        self.stats.datagrams_repeated += u64::from(arrivals.len() > 1);
        arrivals
    }

    /// A frame of the primary, or the end, reaches a worker.
    pub(crate) fn told(&mut self, pid: Pid, frame: Option<Vec<u8>>) -> Outcome {
        if let Some(life) = self.life(pid) {
            match frame {
                Some(frame) => life.mail.push_back(frame),
                None => life.inbox.close(),
            }
            self.rouse(pid);
        }
        Ok(())
    }

    /// A frame of a worker reaches the primary.
    pub(crate) fn heard(&mut self, pid: Pid, frame: &[u8]) -> Outcome {
        self.tape.note("arrived", pid as u64, frame.len() as u64);
        // What brings whole frames has the same ears as the pipe.
        let room = self.primary.unpacker.room();
        room[..frame.len()].copy_from_slice(frame);
        self.primary.unpacker.filled(frame.len());
        self.hear_everything()?;
        self.wake_in(1);
        Ok(())
    }
}
