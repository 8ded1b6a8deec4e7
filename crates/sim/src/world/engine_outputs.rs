//! Outputs of the engine, carried out: sends frames, writes records, starts and kills workers.

use crate::event_queue::{Pid, SimEvent};
use crate::model::lossy_journal::JournalEntry;
use crate::model::primary_process::RunPhase;
use crate::model::worker_link::PRIMARY;
use crate::options::SimTransport;
use crate::step_result::StepResult;
use crate::step_result::check;
use crate::world::SimWorld;
use evenly_core::engine::{EngineOutput, Notice, Seat, StopReason};
use evenly_core::frame::{Heartbeat, Packer};
use evenly_core::{Cause, Failure, Record};

impl SimWorld<'_> {
    /// Carries out every output of the engine.
    pub(crate) fn carry_out_outputs(&mut self) -> StepResult {
        loop {
            let output = self.primary.engine.poll(self.now_ns);
            let Some(output) = output.map_err(|violation| violation.to_string())? else {
                return self.oracle.check_recoveries();
            };
            self.trace.comment(|| format!("{output:?}"));
            self.carry_out(output)?;
            if self.is_over {
                return Ok(());
            }
        }
    }

    fn carry_out(&mut self, output: EngineOutput) -> StepResult {
        match output {
            EngineOutput::Assign { seat } => self.send_assignment(seat.slot())?,
            EngineOutput::Begin { seat, assignment } => self.send_begin(seat.slot(), assignment)?,
            EngineOutput::Withdraw { seat, lease, parts } => {
                let slot = seat.slot();
                self.trace.record("withdraw", slot as u64, parts);
                if let Some(packer) = self.packer(slot) {
                    packer.withdraw(lease, parts);
                    self.stats.withdrawals += 1;
                }
            }
            EngineOutput::Credit { seat, bytes } => {
                let slot = seat.slot();
                let is_due = self.plan.question.aggregate.is_streamed();
                check(is_due, || "credit where no lines are asked for".into())?;
                self.trace.record("credit", slot as u64, bytes);
                if let Some(packer) = self.packer(slot) {
                    packer.credit(bytes);
                    self.stats.credits += 1;
                }
            }
            EngineOutput::LimitTime { .. } => check(false, || "a time limit of no command".into())?,
            EngineOutput::Heartbeat { seat } => {
                let is_running = self.is_running();
                match self.packer(seat.slot()) {
                    Some(packer) => packer.heartbeat(Heartbeat::OfPrimary),
                    None => check(!is_running, || "a heartbeat for an empty seat".into())?,
                }
            }
            EngineOutput::CompareFiles => {
                self.stats.files_compared += 1;
                self.primary.engine.files_are_unchanged();
            }
            EngineOutput::Append(record) => self.append_record(record)?,
            EngineOutput::AppendUntouched(interval) => {
                self.journal.append(JournalEntry::Untouched(interval));
            }
            EngineOutput::Sync => self.begin_sync()?,
            EngineOutput::Counted(record) => self.acknowledge_record(&record)?,
            EngineOutput::Write(lines) => self.take_lines(&lines),
            EngineOutput::Flush => self.write_lines(),
            EngineOutput::ReadBack(due) => self.read_back_lines(due)?,
            EngineOutput::Start { slot } => {
                check(self.primary.worker_seats[slot].pid.is_none(), || "a seat is taken".into())?;
                self.fork_worker(slot)?;
            }
            EngineOutput::Kill { slot } => {
                self.stats.killed_while_silent += 1;
                self.kill_and_reclaim(slot, None)?;
            }
            EngineOutput::Notify(report) => self.handle_report(report)?,
            EngineOutput::End(StopReason::LostBeyondRepair { slot, times }) => {
                self.end_after_losses(slot, times)?;
            }
            EngineOutput::End(StopReason::Early(why)) => self.end_immediately(why)?,
            EngineOutput::End(StopReason::NoWorkerLeft) => self.end_without_workers()?,
            EngineOutput::End(StopReason::NoWorkerBegins { .. }) => {
                return Err("every simulated worker can begin".into());
            }
        }
        Ok(())
    }

    fn handle_report(&mut self, report: Notice) -> StepResult {
        match report {
            Notice::Failed(failure) => self.record_failure(failure)?,
            Notice::Recovered(Failure { interval, cause }) => {
                self.stats.recovered += 1;
                self.oracle.blame.check_recovery(interval.first(), cause)?;
            }
            Notice::Unbegun(interval) => {
                self.stats.untouched += 1;
                self.oracle.check_untouched(interval)?;
            }
            Notice::Silent { seat: Seat::Agent(slot), .. } => {
                self.mark_doubtful(slot);
                self.note_agent_silent(slot)?;
            }
            Notice::Silent { seat: Seat::Worker(slot), .. } => {
                self.mark_doubtful(slot);
                self.add_stop(slot)?;
                self.stats.silences += 1;
                self.primary.worker_seats[slot].silences += 1;
                self.primary.worker_seats[slot].is_silent = true;
                self.primary.worker_seats[slot].given.clear();
            }
            Notice::JournalLocked => self.stats.journals_locked += 1,
            Notice::EndsEarly(why) => self.note_early_end(why)?,
            Notice::StillDraining(_) => self.stats.long_drains += 1,
        }
        Ok(())
    }

    fn record_failure(&mut self, failure: Failure) -> StepResult {
        match failure.cause {
            Cause::Arithmetic(_) => self.stats.failed_alone += 1,
            Cause::Unknown => self.stats.unknown += failure.interval.len() as u64,
            _ => self.stats.quarantined += 1,
        }
        self.oracle.check_failure(failure)
    }

    /// The packer of frames for the worker or agent in a slot.
    pub(crate) fn packer(&mut self, slot: usize) -> Option<&mut Packer> {
        if slot >= self.plan.seats {
            return self.agent_packer(slot);
        }
        // Nothing follows the end of file.
        let is_open = self.primary.phase == RunPhase::Running;
        let seat = &mut self.primary.worker_seats[slot];
        (is_open && seat.pid.is_some()).then_some(&mut seat.packer)
    }

    /// Takes a record for the journal, or sends it to the primary of this agent.
    fn append_record(&mut self, record: Record) -> StepResult {
        self.check_record(&record)?;
        if self.upstream.is_some() {
            return self.report_to_primary(record);
        }
        check(self.plan.sync_ns.is_some(), || "a record for no journal".into())?;
        self.journal.append(JournalEntry::Record(record));
        Ok(())
    }

    fn check_record(&mut self, record: &Record) -> StepResult {
        self.trace.record("record", record.covered.len() as u64, record.failed.len() as u64);
        self.oracle.check_record(record)
    }

    /// A record counts, at once or when it is durable.
    fn acknowledge_record(&mut self, record: &Record) -> StepResult {
        if self.plan.sync_ns.is_none() && self.upstream.is_none() {
            self.check_record(record)?;
        }
        self.stats.records += 1;
        let is_new = self.oracle.acknowledged.add(record)?;
        check(is_new, || "a record counts twice".into())
    }

    /// Writes the packed frames, as far as the pipes have room.
    pub(crate) fn flush_to_workers(&mut self) -> StepResult {
        for slot in 0..self.primary.worker_seats.len() {
            let seat = &mut self.primary.worker_seats[slot];
            let Some(pid) = seat.pid else { continue };
            seat.packer.seal(0);
            if seat.packer.is_empty() {
                continue;
            }
            match self.plan.transport {
                SimTransport::Pipes => self.write_assignment_pipe(slot, pid),
                SimTransport::Datagrams => self.send_datagrams_down(slot, pid)?,
                SimTransport::Raw => {
                    while let Some(frame) = self.take_packed_frame(slot) {
                        self.send_raw_to_worker(pid, Some(&frame));
                    }
                }
            }
            let seat = &self.primary.worker_seats[slot];
            let most = 64 * (seat.window + 8) * (2 + seat.silences);
            let waiting = seat.packer.bytes().len();
            check(waiting <= most, || format!("{waiting} bytes wait for a window of {most}"))?;
        }
        Ok(())
    }

    fn send_datagrams_down(&mut self, slot: usize, pid: Pid) -> StepResult {
        while self.worker_link(pid).is_some_and(|link| link.datagrams.room(PRIMARY) > 0)
            && let Some(frame) = self.take_packed_frame(slot)
        {
            self.send_on_worker_link(pid, PRIMARY, &frame)?;
        }
        Ok(())
    }

    /// Takes the first frame packed for a worker.
    fn take_packed_frame(&mut self, slot: usize) -> Option<Vec<u8>> {
        let packer = &mut self.primary.worker_seats[slot].packer;
        let frame = packer.first_frame().to_vec();
        packer.consume(frame.len());
        (!frame.is_empty()).then_some(frame)
    }

    fn write_assignment_pipe(&mut self, slot: usize, pid: Pid) {
        let packer = &mut self.primary.worker_seats[slot].packer;
        let Some(worker) = self.processes[pid].running.as_deref_mut() else {
            // The reader is gone; another event reports that.
            let unsent = packer.bytes().len();
            packer.consume(unsent);
            return;
        };
        while !packer.is_empty() {
            let taken = worker.inbox.write(packer.bytes());
            if taken == 0 {
                self.stats.full_assignment_pipes += 1;
                break;
            }
            packer.consume(taken);
        }
        self.wake_worker(pid);
    }

    /// A worker has read: the primary may write the frames that did not fit.
    pub(crate) fn retry_assignment_write(&mut self, pid: Pid) {
        let slot = self.processes[pid].slot;
        let seat = &self.primary.worker_seats[slot];
        if seat.pid == Some(pid) && !seat.packer.is_empty() {
            self.wake_within_a_turn();
        }
    }

    /// End of file for a worker.
    pub(crate) fn close_assignment_pipe(&mut self, pid: Pid) {
        match self.plan.transport {
            SimTransport::Pipes => {
                if let Some(worker) = self.running_worker(pid) {
                    worker.inbox.close();
                }
                self.wake_worker(pid);
            }
            SimTransport::Datagrams => self.end_worker_link(pid, PRIMARY),
            SimTransport::Raw => self.send_raw_to_worker(pid, None),
        }
    }

    /// Without a channel: sends a frame, or the end, to a worker.
    fn send_raw_to_worker(&mut self, pid: Pid, frame: Option<&[u8]>) {
        // The end is never lost: the system reports a broken connection.
        for at_ns in self.draw_raw_arrivals(frame.is_none()) {
            self.queue
                .add(at_ns, SimEvent::RawFrameToWorker { pid, frame: frame.map(<[u8]>::to_vec) });
        }
    }

    /// Without a channel: sends a frame of a worker.
    pub(crate) fn send_raw_to_primary(&mut self, pid: Pid, frame: &[u8]) {
        for at_ns in self.draw_raw_arrivals(false) {
            let incarnation = self.incarnation;
            self.queue.add(
                at_ns,
                SimEvent::RawFrameToPrimary { incarnation, pid, frame: frame.to_vec() },
            );
        }
    }

    /// Arrival times of a frame that is not sent again: one, none, or two.
    fn draw_raw_arrivals(&mut self, is_end: bool) -> Vec<u64> {
        let lose = if self.are_faults_active() && !is_end { self.plan.faults.lose } else { 0 };
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
    pub(crate) fn receive_at_worker(&mut self, pid: Pid, frame: Option<Vec<u8>>) -> StepResult {
        if let Some(worker) = self.running_worker(pid) {
            match frame {
                Some(frame) => worker.frames.push_back(frame),
                None => worker.inbox.close(),
            }
            self.wake_worker(pid);
        }
        Ok(())
    }

    /// A frame of a worker reaches the primary.
    pub(crate) fn receive_at_primary(&mut self, pid: Pid, frame: &[u8]) -> StepResult {
        self.trace.record("arrived", pid as u64, frame.len() as u64);
        // Whole frames are processed like those of the pipe.
        let room = self.primary.unpacker.room();
        room[..frame.len()].copy_from_slice(frame);
        self.primary.unpacker.filled(frame.len());
        self.process_worker_frames()?;
        self.wake_in(1);
        Ok(())
    }
}
