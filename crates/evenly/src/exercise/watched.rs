//! The parent of the exercise: stops and continues its processes, and finds their pipes in /proc.

use super::stage::{ExerciseError, ExerciseStage, ExerciseWatcher, FIRST_STRAY, STATUS_INCOMPLETE};
use crate::observe::stages::{Processes, WorkerProcess};
use crate::process::{ProcessEnd, workers::ChildProcess};
use crate::procfs_snapshot::{self, Activity, Family, Target};
use evenly_core::Interval;
use rustix::process::{self as unix, Pid, Signal};
use std::thread::sleep;
use std::time::Duration;

/// Time between two looks at a state that the kernel does not announce.
const GLANCE: Duration = Duration::from_millis(1);

/// The exercise, seen from its parent.
pub(super) struct Watched<'a> {
    /// Killed and reaped when this is dropped; its workers die with it.
    primary: ChildProcess,
    pid: Pid,
    processes: Processes,
    watcher: &'a mut dyn ExerciseWatcher,
}

impl<'a> Watched<'a> {
    /// The primary with this number, which was just forked.
    pub(super) fn new(pid: Pid, watcher: &'a mut dyn ExerciseWatcher) -> Self {
        Self { primary: ChildProcess::forked(pid), pid, processes: Processes::default(), watcher }
    }

    /// Stops and continues the processes so that each stage can be seen.
    pub(super) fn through_the_stages(
        mut self,
        parts: Vec<Option<Interval>>,
    ) -> Result<ProcessEnd, ExerciseError> {
        let is_stopped = |activity: &Activity| *activity == Activity::Stopped;
        let reads = |activity: &Activity| {
            // Where the kernel hides the call, sleep is all that is known.
            matches!(activity, Activity::Reading { .. } | Activity::Sleeping { .. })
        };
        let primary = [self.pid];
        self.await_each(&primary, is_stopped)?;
        self.find_pipes()?;
        self.look(ExerciseStage::PipesMade);

        self.signal(&primary, Signal::CONT)?;
        self.await_each(&primary, is_stopped)?;
        let workers = self.find_workers(parts)?;
        self.await_each(&workers, is_stopped)?;
        self.look(ExerciseStage::Forked);

        self.signal(&primary, Signal::CONT)?;
        self.await_each(&primary, is_stopped)?;
        self.signal(&workers, Signal::CONT)?;
        self.await_each(&workers, is_stopped)?;
        self.look(ExerciseStage::Closed);

        self.signal(&workers, Signal::CONT)?;
        self.await_each(&workers, reads)?;
        self.look(ExerciseStage::WorkersRead);

        self.signal(&workers, Signal::STOP)?;
        self.await_each(&workers, is_stopped)?;
        self.signal(&primary, Signal::CONT)?;
        self.await_each(&primary, is_stopped)?;
        self.look(ExerciseStage::RangesWritten);

        self.signal(&primary, Signal::CONT)?;
        self.await_each(&primary, reads)?;
        self.look(ExerciseStage::PrimaryReads);

        self.signal(&primary, Signal::STOP)?;
        self.await_each(&primary, is_stopped)?;
        self.signal(&workers, Signal::CONT)?;
        self.await_each(&workers, is_stopped)?;
        self.look(ExerciseStage::ResultsWritten);

        self.signal(&primary, Signal::CONT)?;
        self.await_each(&primary, reads)?;
        self.look(ExerciseStage::PrimaryReadsOn);

        for worker in workers {
            self.signal(&[worker], Signal::CONT)?;
            self.await_each(&[worker], |_| false)?;
            self.look(ExerciseStage::WorkerEnded);
        }
        self.await_each(&primary, is_stopped)?;
        self.look(ExerciseStage::EndOfFile);

        self.signal(&primary, Signal::CONT)?;
        self.await_each(&primary, is_stopped)?;
        self.look(ExerciseStage::Waited);

        self.signal(&primary, Signal::CONT)?;
        let end =
            self.primary.wait().map_err(|cause| ExerciseError::Start { call: "wait", cause })?;
        Ok(end.unwrap_or(ProcessEnd::Exit(STATUS_INCOMPLETE)))
    }

    /// Sends a signal to processes of the exercise. Their numbers stay theirs as long as the primary lives: it waits
    /// for its children at the last stage only.
    fn signal(&mut self, pids: &[Pid], signal: Signal) -> Result<(), ExerciseError> {
        self.await_each(&[self.pid], |_| true)?;
        for &pid in pids {
            // One that has ended needs no signal.
            let _ = unix::kill_process(pid, signal);
        }
        Ok(())
    }

    fn look(&mut self, stage: ExerciseStage) {
        self.watcher.at_stage(stage, &self.processes);
        while !self.watcher.may_go_on() {}
    }

    /// Waits until each process does this or has ended. The end of the primary is an error.
    fn await_each(
        &mut self,
        pids: &[Pid],
        is_so: impl Fn(&Activity) -> bool,
    ) -> Result<(), ExerciseError> {
        for &pid in pids {
            loop {
                let activity = procfs_snapshot::activity(number(pid))?;
                let has_ended = matches!(activity, Activity::Zombie | Activity::Gone);
                if has_ended && pid == self.pid {
                    let end = self.primary.wait();
                    let end = end.map_err(|cause| ExerciseError::Start { call: "wait", cause })?;
                    let end = end.unwrap_or(ProcessEnd::Exit(STATUS_INCOMPLETE));
                    return Err(ExerciseError::Ended(end));
                }
                if has_ended || is_so(&activity) {
                    break;
                }
                sleep(GLANCE);
            }
        }
        Ok(())
    }

    /// The pipes of the primary, in the order in which it made them: the last one is for results.
    fn find_pipes(&mut self) -> Result<(), ExerciseError> {
        self.processes.primary = number(self.pid);
        let mut pipes = Vec::new();
        for target in procfs_snapshot::targets(number(self.pid))? {
            match target {
                // Standard output may be a pipe, too.
                (number, Target::Pipe(inode)) if number >= FIRST_STRAY => pipes.push(inode),
                _ => {}
            }
        }
        pipes.dedup();
        self.processes.result_pipe = pipes.pop().unwrap_or_default();
        self.processes.assignment_pipes = pipes;
        Ok(())
    }

    fn find_workers(&mut self, parts: Vec<Option<Interval>>) -> Result<Vec<Pid>, ExerciseError> {
        let children = Family::of(number(self.pid))?.children;
        let workers = children.iter().zip(parts);
        let workers = workers.map(|(child, range)| WorkerProcess { pid: child.pid, range });
        self.processes.workers = workers.collect();
        let pids = self.processes.workers.iter();
        Ok(pids.filter_map(|worker| Pid::from_raw(worker.pid.cast_signed())).collect())
    }
}

fn number(pid: Pid) -> u32 {
    pid.as_raw_nonzero().get().cast_unsigned()
}
