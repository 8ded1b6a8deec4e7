//! Event loop of the primary: waits, turns events of the system into inputs of the engine, and carries out its outputs.
//!
//! It reads results before it writes anything, and blocks nowhere but in the wait.

use super::agent_client::AgentClient;
use super::agent_server::AgentServer;
use super::clock::Clock;
use super::journal_file::JournalFile;
use super::line_output::OutputDescriptor;
use super::port_state::PortState;
use super::positions::Positions;
use super::prefix_value::PrefixValue;
use super::primary_setup::PrimarySetup;
use super::stages::{COMMAND_CHECK, Stages};
use super::tokens::{AGENTS, OUTPUT, PIPES, SIGNALS, STATUS};
use super::worker_pool::WorkerPool;
use crate::error::{Error, system};
use crate::item::Numbers;
use crate::job::Job;
use crate::observe::{Early, Observation, Observer};
use crate::process::end_is_asked_for;
use crate::process::footprint::PeriodicCheck;
use crate::process::signals::Signals;
use crate::transport::pipe::{RESULTS_KEY, ResultRead, WorkerPipes};
use crate::transport::{Arrival, EpollToken, Registry, Transport};
use evenly_core::engine::{EngineOutput, Notice, Primary, Seat, StopReason};
use evenly_core::frame::{Heartbeat, Packer};
use evenly_core::{AssignmentRow, Failure, Heard, InvalidFrame};
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use std::mem::MaybeUninit;
use std::time::Duration;

mod agents;
mod command_end;
mod interrupts;
mod journal;
mod lines;
mod memory;
mod packing;
mod shutdown;
mod stages;
mod status;
mod stuck;
mod unfinished;
mod upstream;
mod worker_loss;

/// A wait that overruns its deadline by this much means that the process was stopped or suspended.
const OVERSLEPT: Duration = Duration::from_secs(1);

/// A job whose workers run.
pub(super) struct EventLoop<'a> {
    job: &'a mut Job,
    /// The state of the run.
    engine: Primary,
    worker_pipes: WorkerPipes,
    registry: Registry,
    /// The agents of this primary.
    agents: AgentServer,
    /// The primary of this agent, if it is one.
    upstream: Option<AgentClient<'a>>,
    line_output: OutputDescriptor,
    /// The numbers in lines; `None` if each position is its number.
    numbers: Option<Numbers>,
    journal_file: JournalFile,
    pool: WorkerPool,
    signals: &'a Signals,
    observer: &'a mut dyn Observer,
    stages: Stages,
    clock: Clock,
    /// When progress is reported next.
    next_progress: Option<Duration>,
    /// When to look how much memory workers have, if that is limited.
    memory: Option<PeriodicCheck>,
    /// How long workers have been at their numbers.
    positions: Positions,
    /// The value below the first gap, of items without an end.
    prefix: Option<PrefixValue>,
    /// Where other processes ask.
    port: PortState,
    is_end_of_file: bool,
}

/// Descriptors that are ready after a wait.
#[derive(Default)]
struct ReadyDescriptors {
    results: bool,
    signals: bool,
    /// The descriptor of lines has room, or its reader is gone.
    output: bool,
    /// Another process asks how far the job is.
    status: bool,
    pipes: Vec<u32>,
    /// Connections to agents, or to the primary of this agent.
    elsewhere: Vec<EpollToken>,
}

/// The pipes to workers, the place to wait in, the agents, and the primary of this agent, if it is one.
pub(super) type Links<'a> = (WorkerPipes, Registry, AgentServer, Option<AgentClient<'a>>);

impl<'a> EventLoop<'a> {
    pub(super) fn new(
        setup: PrimarySetup<'a>,
        mut engine: Primary,
        (worker_pipes, registry, agents, upstream): Links<'a>,
        journal_file: JournalFile,
    ) -> Self {
        let PrimarySetup { job, pool, signals, observer, stages, clock, .. } = setup;
        let next_progress = job.progress_every;
        let numbers = Numbers::of(&job.items);
        let (memory, positions) = (Self::watch_over_memory(job), Positions::new(job));
        let has_port = job.status_port.is_some() && !stages.is_wanted();
        let port = if has_port { PortState::Due } else { PortState::Closed };
        let has_prefix = upstream.is_none();
        let prefix = has_prefix.then(|| PrefixValue::watched(job, &mut engine)).flatten();
        Self {
            job,
            engine,
            worker_pipes,
            registry,
            agents,
            upstream,
            line_output: OutputDescriptor::default(),
            numbers,
            journal_file,
            pool,
            signals,
            observer,
            stages,
            clock,
            next_progress,
            memory,
            positions,
            prefix,
            port,
            is_end_of_file: false,
        }
    }

    /// Sends each worker its first chunks. `resumed` is how many numbers the journal has done and failed.
    pub(super) fn send_ranges(&mut self, resumed: Option<(u128, u128)>) -> Result<(), Error> {
        self.line_output = OutputDescriptor::open(self.job, &self.registry)?;
        self.agents.share_descriptors();
        self.tell_begun(resumed);
        // The end may have been asked for while workers were started.
        let is_over = is_over(&self.clock, self.job.deadline);
        if is_over {
            // Nothing begins.
            self.engine.begin_nothing();
        }
        self.admit_workers()?;
        if is_over {
            self.heed_signals()?;
            self.act()?;
        }
        let runs_commands = self.job.function.command().is_some();
        self.stages.ranges_sent(&self.pool, runs_commands, &mut self.clock);
        Ok(())
    }

    /// Tells the supervisor of every worker.
    pub(super) fn admit_workers(&mut self) -> Result<(), Error> {
        for slot in 0..self.pool.slots.len() {
            self.admit(slot)?;
        }
        self.act()?;
        self.flush()
    }

    fn admit(&mut self, slot: usize) -> Result<(), Error> {
        let window = self.worker_pipes.window(slot).map_err(system("fcntl F_GETPIPE_SZ"))?;
        self.engine.worker_joined(slot, window, self.clock.now_ns())?;
        let pid = self.pool.slots[slot].child.number();
        self.observer.observe(&Observation::WorkerStarted { worker: slot + 1, pid });
        Ok(())
    }

    /// Runs until every number is covered, or until a run that ends early has no chunk assigned any more.
    pub(super) fn run(&mut self) -> Result<(), Error> {
        self.show_results()?;
        while !self.is_over() {
            let ready = self.wait(self.next_deadline())?;
            if ready.results {
                self.receive()?;
            }
            self.attend(ready)?;
            self.tell_progress();
        }
        Ok(())
    }

    /// Does what there is to do after a wait, except for reading results.
    fn attend(&mut self, ready: ReadyDescriptors) -> Result<(), Error> {
        self.show_command()?;
        if ready.signals {
            self.heed_signals()?;
        }
        if ready.output {
            self.look_for_a_reader()?;
        }
        if ready.status {
            self.attend_port();
        }
        for key in ready.pipes {
            self.worker_pipes.attend(key, self.clock.now_ns())?;
        }
        for token in ready.elsewhere {
            self.attend_elsewhere(token)?;
        }
        self.look_at_memory();
        self.look_for_the_stuck();
        self.keep_time_elsewhere()?;
        self.begin_journal_if_due();
        self.open_port_if_due();
        self.engine.retry_lines();
        self.pass_texts_upstream();
        self.act()?;
        self.flush()?;
        self.show_sent_ranges()
    }

    /// Sends what is packed, wherever it goes.
    fn flush(&mut self) -> Result<(), Error> {
        let now_ns = self.clock.now_ns();
        self.worker_pipes.flush(now_ns)?;
        self.agents.flush(now_ns)?;
        match &mut self.upstream {
            Some(upstream) => upstream.flush(now_ns),
            None => Ok(()),
        }
    }

    /// Does what a descriptor asks for that leads to another machine.
    fn attend_elsewhere(&mut self, token: EpollToken) -> Result<(), Error> {
        let now_ns = self.clock.now_ns();
        if let Some(upstream) = &mut self.upstream {
            upstream.attend(token.key, now_ns)?;
            return self.hear_upstream();
        }
        self.show_before_reading(token)?;
        self.agents.attend(token, now_ns)?;
        self.hear_agents((token.transport - AGENTS) as usize)
    }

    /// Whether the run is over.
    fn is_over(&self) -> bool {
        if let Some(upstream) = &self.upstream {
            return upstream.is_over();
        }
        self.engine.is_over()
    }

    /// Waits until something can be done, or until `deadline` on the clock of the run.
    fn wait(&mut self, deadline: Option<Duration>) -> Result<ReadyDescriptors, Error> {
        let began = self.clock.elapsed();
        let timeout = deadline.map(|deadline| {
            let left = deadline.saturating_sub(began);
            Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) }
        });
        let mut events = [MaybeUninit::<epoll::Event>::uninit(); 64];
        let events = match epoll::wait(self.registry.epoll(), &mut events, timeout.as_ref()) {
            Ok((events, _)) => events,
            // As by being stopped and continued (signal(7)).
            Err(Errno::INTR) => &mut [],
            Err(cause) => return Err(system("epoll_wait")(cause)),
        };
        let mut ready = ReadyDescriptors::default();
        for event in events {
            match EpollToken::from_data(event.data) {
                EpollToken { transport: PIPES, key: RESULTS_KEY } => ready.results = true,
                EpollToken { transport: PIPES, key } => ready.pipes.push(key),
                EpollToken { transport: SIGNALS, .. } => ready.signals = true,
                EpollToken { transport: OUTPUT, .. } => ready.output = true,
                EpollToken { transport: STATUS, .. } => ready.status = true,
                token => ready.elsewhere.push(token),
            }
        }
        let now = self.clock.elapsed();
        if deadline.is_some_and(|deadline| now > deadline.max(began) + OVERSLEPT) {
            // The length of the pause is unknown, so the whole wait is left out.
            self.clock.leave_out(now - began);
        }
        Ok(ready)
    }

    /// Reads once from the result pipe and hands every whole frame to the supervisor.
    fn receive(&mut self) -> Result<ResultRead, Error> {
        let received = self.worker_pipes.receive()?;
        if received == ResultRead::EndOfFile {
            // All workers are gone. SIGCHLD says the same, and has them replaced if need be.
            self.is_end_of_file = true;
            self.worker_pipes.ignore_results();
        }
        let now_ns = self.clock.now_ns();
        while let Some(arrival) = self.worker_pipes.next() {
            let heard = match arrival {
                Arrival::Frame { frame, .. } => self.engine.hear_worker(frame, now_ns),
                Arrival::Garbage(malformed) => {
                    self.suspect(malformed)?;
                    continue;
                }
                // No hello comes through a pipe.
                _ => continue,
            };
            match heard {
                Ok(Heard::Work | Heard::Nothing) => {}
                Ok(Heard::CrashReport { n, .. }) => self.pool.printed_panics.note_loss(n),
                Ok(Heard::Farewell { call, errno, .. }) => self.note_farewell(call, errno)?,
                Ok(Heard::Description { n, cause }) => {
                    self.pool.printed_panics.note_description(n, cause);
                    self.describe_upstream(n, cause);
                }
                Err(fault) => self.blame(fault)?,
            }
        }
        self.tell_pieces();
        Ok(received)
    }

    fn blame(&mut self, fault: InvalidFrame) -> Result<(), Error> {
        match fault {
            InvalidFrame::Worker { slot, .. } => self.kill(slot),
            InvalidFrame::UnknownName => self.suspect(evenly_core::frame::Malformed::Entry),
            InvalidFrame::Run { slot, violation } => Err(self.contradiction(slot, violation)),
        }
    }

    /// Carries out every output of the engine.
    fn act(&mut self) -> Result<(), Error> {
        let mut now_ns = self.clock.now_ns();
        while let Some(output) = self.engine.poll(now_ns)? {
            let takes_long = matches!(output, EngineOutput::Sync | EngineOutput::Start { .. });
            self.carry_out(output, now_ns)?;
            if takes_long {
                now_ns = self.clock.now_ns();
            }
        }
        Ok(())
    }

    fn carry_out(&mut self, output: EngineOutput, now_ns: u64) -> Result<(), Error> {
        match output {
            EngineOutput::Assign { seat } => {
                let rows = self.engine.assigned();
                self.agents.send_lines(seat, rows.iter().map(AssignmentRow::numbers));
                if let Some(packer) =
                    packing::packer(&mut self.worker_pipes, &mut self.agents, seat)
                {
                    packer.assign(rows);
                }
                self.stages.note_assigned(seat.slot(), rows);
            }
            EngineOutput::Begin { seat, assignment } => {
                self.agents.send_lines(seat, [assignment.interval]);
                if let Some(packer) =
                    packing::packer(&mut self.worker_pipes, &mut self.agents, seat)
                {
                    packer.assign([assignment]);
                }
            }
            EngineOutput::Withdraw { seat, lease, parts } => {
                self.pack(seat, |packer| packer.withdraw(lease, parts));
            }
            EngineOutput::Credit { seat, bytes } => self.pack(seat, |packer| packer.credit(bytes)),
            EngineOutput::LimitTime { seat, ns } => self.pack(seat, |packer| packer.limit_time(ns)),
            EngineOutput::Heartbeat { seat } => {
                self.pack(seat, |packer| packer.heartbeat(Heartbeat::OfPrimary));
            }
            EngineOutput::CompareFiles => {
                self.refuse_changed_files(false)?;
                self.engine.files_are_unchanged();
            }
            EngineOutput::Append(record) => self.append(record, now_ns)?,
            EngineOutput::AppendUntouched(interval) => self.journal_file.append_untouched(interval),
            EngineOutput::Sync => self.sync()?,
            EngineOutput::Write(lines) => self.take_lines(&lines)?,
            EngineOutput::Flush => self.flush_lines()?,
            EngineOutput::ReadBack(due) => self.read_back(due)?,
            EngineOutput::Start { slot } => self.fill(slot)?,
            EngineOutput::Kill { slot } => self.kill(slot)?,
            EngineOutput::Notify(report) => self.tell(report),
            EngineOutput::End(StopReason::Early(why)) => {
                return Err(self.ended_early(Early::of(why)));
            }
            EngineOutput::End(StopReason::LostBeyondRepair { slot, times }) => {
                return Err(self.beyond_repair(slot, times));
            }
            EngineOutput::End(StopReason::NoWorkerLeft) => return Err(self.no_worker_left()),
            EngineOutput::End(StopReason::NoWorkerBegins { slot }) => {
                return Err(self.no_worker_begins(slot));
            }
            EngineOutput::Counted(record) => self.add_to_prefix(&record),
        }
        Ok(())
    }

    /// Packs something for a worker or an agent, if it is still there.
    fn pack(&mut self, seat: Seat, pack: impl FnOnce(&mut Packer)) {
        packing::packer(&mut self.worker_pipes, &mut self.agents, seat).map(pack);
    }

    /// Passes a report of the engine on to the observer.
    fn tell(&mut self, report: Notice) {
        let observation = match report {
            Notice::Failed(failure) => {
                self.note_failure(failure);
                return;
            }
            Notice::Silent { seat: Seat::Worker(slot), reclaimed } => {
                self.tell_silence(slot, reclaimed);
                return;
            }
            Notice::Silent { seat: Seat::Agent(slot), reclaimed } => {
                self.tell_silent_agent(slot, reclaimed);
                return;
            }
            Notice::Unbegun(_) => return,
            Notice::JournalLocked => {
                self.tell_journal_locked();
                return;
            }
            Notice::Recovered(recovered) => {
                if let Some(upstream) = &mut self.upstream {
                    upstream.recovered(recovered);
                }
                self.journal_file.append_flaky(recovered);
                Observation::Recovered(recovered)
            }
            Notice::EndsEarly(why) => Observation::EndsEarly(Early::of(why)),
            Notice::StillDraining(why) => Observation::StillDraining(Early::of(why)),
        };
        self.observer.observe(&observation);
    }

    /// Reports a failure, behind the description that its worker sent.
    fn note_failure(&mut self, failure: Failure) {
        if let Some((n, text)) = self.engine.description(&failure) {
            let text = text.replace('\n', "\\n");
            self.observer.observe(&Observation::Described { n, text: &text });
        }
        self.observer.observe(&Observation::Quarantined(failure));
    }

    /// Until when nothing changes unless something happens.
    fn next_deadline(&self) -> Option<Duration> {
        let due = self.engine.next_due_ns().map(Duration::from_nanos);
        let elsewhere = self.next_deadline_elsewhere();
        let now = self.clock.elapsed();
        let memory = self.memory.as_ref().map(|check| now + check.next());
        let positions = Some(now + self.positions.next());
        let begins = self.journal_file.begins();
        let port = self.port_due();
        let command = self.stages.awaited_of_command().map(|_| now + COMMAND_CHECK);
        let dues = [self.next_progress, due, elsewhere, memory, positions, begins, port, command];
        dues.into_iter().flatten().min()
    }

    /// When something is to be done about agents, or for the primary of this one.
    fn next_deadline_elsewhere(&self) -> Option<Duration> {
        match &self.upstream {
            Some(upstream) => upstream.next_due(),
            None => self.agents.next_due(),
        }
    }

    /// Does what is to be done then.
    fn keep_time_elsewhere(&mut self) -> Result<(), Error> {
        self.keep_time_of_agents()?;
        self.keep_time_of_upstream()
    }
}

/// Whether a signal asks for the end, or the time is over.
pub(super) fn is_over(clock: &Clock, deadline: Option<Duration>) -> bool {
    end_is_asked_for() || deadline.is_some_and(|deadline| deadline <= clock.elapsed())
}
