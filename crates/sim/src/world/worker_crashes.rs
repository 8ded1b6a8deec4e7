//! Worker crashes at deadly numbers, and the crash reports that workers write.

use crate::event_queue::Pid;
use crate::model::worker_link::WORKER;
use crate::model::worker_process::WorkerStep;
use crate::options::SimTransport;
use crate::oracle::blame_oracle::WorkerDeath;
use crate::plan::cost_model::number_of;
use crate::plan::crash_reports::WorkerCrash;
use crate::step_result::StepResult;
use crate::world::SimWorld;
use evenly_core::frame::crash_report;
use evenly_core::{Cause, Interval};

impl SimWorld<'_> {
    /// A deadly number ends its worker, which sends a crash report if it can.
    pub(crate) fn crash_worker_at(&mut self, pid: Pid, n: i64) {
        let crash = self.plan.crash_reports.draw_crash(n, &mut self.random);
        self.stats.crashes += 1;
        if self.plan.crash_reports.are_sent {
            self.begin_crash_report(pid, crash);
        } else {
            self.end_worker(pid, Some(crash.cause));
        }
    }

    fn begin_crash_report(&mut self, pid: Pid, crash: WorkerCrash) {
        let moment_ns = self.random_step_ns();
        if let Some(worker) = self.running_worker(pid) {
            worker.step = WorkerStep::WritingCrashReport(crash);
            self.schedule_step(pid, moment_ns);
        }
    }

    /// Whether a worker at work is asked at which number it is, before a step; then it does no other.
    pub(crate) fn interrupt_worker(&mut self, pid: Pid) -> bool {
        if !self.random.happens(self.plan.crash_reports.interruption) {
            return false;
        }
        let Some(worker) = self.processes[pid].running.as_deref() else { return false };
        // Between slices it is at no number.
        let (WorkerStep::Computing(last) | WorkerStep::ReachingDeadly(last, _)) = worker.step
        else {
            return false;
        };
        let Some(slice) = Interval::new(worker.slice_first, last) else { return false };
        self.stats.workers_interrupted += 1;
        self.oracle.is_only_numbers = false;
        let (n, cause) = (number_of(&mut self.random, slice), Cause::Memory);
        self.trace.record("asked", pid as u64, n.cast_unsigned());
        self.begin_crash_report(
            pid,
            WorkerCrash { n, reported_cause: Some(cause), cause, is_by_number: false },
        );
        true
    }

    /// A worker writes its crash report as soon as there is room.
    pub(crate) fn write_crash_report(&mut self, pid: Pid, crash: WorkerCrash) -> StepResult {
        let rates = &self.plan.crash_reports;
        let (loss, corruption) =
            if self.are_faults_active() { (rates.loss, rates.corruption) } else { (0, 0) };
        let WorkerCrash { n, reported_cause, .. } = crash;
        let mut frame = crash_report(self.processes[pid].name, n, reported_cause).to_vec();
        if self.random.happens(loss) {
            self.trace.record("gasp lost", pid as u64, n.cast_unsigned());
            self.stats.crash_reports_lost += 1;
            self.finish_crash(pid, crash);
            return Ok(());
        }
        let is_corrupted = self.random.happens(corruption);
        if is_corrupted {
            self.corrupt_frame(&mut frame);
        }
        if self.plan.transport == SimTransport::Pipes {
            if self.results.write(&frame) == 0 {
                self.stats.full_result_pipes += 1;
                self.waiting.push(pid);
                self.park_worker(pid);
                return Ok(());
            }
            self.wake_within_a_turn();
        } else if self.worker_link(pid).is_some_and(|link| link.datagrams.room(WORKER) == 0) {
            self.stats.full_channels += 1;
            self.park_worker(pid);
            return Ok(());
        } else {
            self.send_on_worker_link(pid, WORKER, &frame)?;
        }
        self.trace.record("gasps", pid as u64, n.cast_unsigned());
        if is_corrupted {
            self.stats.crash_reports_corrupted += 1;
            self.oracle.is_only_numbers = false;
        } else {
            self.processes[pid].reported = Some(crash);
        }
        let moment_ns = self.random_step_ns();
        if let Some(worker) = self.running_worker(pid) {
            // Another process may end it first.
            worker.step = WorkerStep::Crashing(crash);
        }
        self.schedule_step(pid, moment_ns);
        Ok(())
    }

    /// Cuts a crash report short, or flips a bit of it.
    fn corrupt_frame(&mut self, frame: &mut Vec<u8>) {
        if self.random.once_in(2) {
            frame.truncate(self.random.between(1, frame.len() as u64 - 1) as usize);
        } else {
            let bit = self.random.below(frame.len() as u64 * 8) as usize;
            frame[bit / 8] ^= 1 << (bit % 8);
        }
    }

    /// A worker ends of the crash that it reported or could not report.
    pub(crate) fn finish_crash(&mut self, pid: Pid, crash: WorkerCrash) {
        self.processes[pid].died_of_crash = true;
        self.end_worker(pid, Some(crash.cause));
    }

    /// The death of the worker in a slot: at the number of its crash report, if it held that number.
    pub(crate) fn worker_death(&self, slot: usize, at: Vec<Interval>, cause: Cause) -> WorkerDeath {
        let seat = &self.primary.worker_seats[slot];
        let process = seat.pid.map(|pid| &self.processes[pid]);
        let is_lent = |n: &i64| seat.given.iter().any(|lent| lent.contains(Interval::single(*n)));
        let Some(n) = seat.reported_n.filter(is_lent) else {
            return WorkerDeath { at, cause, is_named: false, is_own: false };
        };
        let said =
            process.and_then(|process| process.reported).and_then(|crash| crash.reported_cause);
        let is_own = process.is_some_and(|process| {
            let is_of_number = process.reported.is_some_and(|crash| crash.is_by_number);
            is_of_number && process.died_of_crash && process.cause == Some(cause)
        });
        let (at, cause) = (vec![Interval::single(n)], said.unwrap_or(cause));
        WorkerDeath { at, cause, is_named: true, is_own }
    }
}
