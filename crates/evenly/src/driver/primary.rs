//! The primary, in the order of system calls taught in the course: make the pipes, fork the workers, close the ends
//! that are not its own, send the ranges, run the event loop, end of file, wait for the children.
//!
//! It has one thread for life, so that it can fork at any time. Every error drops the pool, which kills and reaps
//! the workers.

use super::agent_client::{AgentClient, AgentEnd};
use super::agent_server::AgentServer;
use super::clock::Clock;
use super::event_loop::{EventLoop, is_over};
use super::journal_file::{CheckedJournalFile, JournalFile};
use super::numbered::{self, NumberedHook, NumberedObserver};
use super::primary_setup::PrimarySetup;
use super::stages::Stages;
use super::tokens::{PIPES, SIGNALS};
use super::worker_pool::{ForkSettings, WorkerPool};
use crate::error::{Error, cannot_start, no_worker};
use crate::function::Form;
use crate::item::Numbers;
use crate::job::Job;
use crate::job::report::Report;
use crate::observe::{FailedCall, Observation, Observer};
use crate::process::limits::DescriptorLimit;
use crate::process::signals::Signals;
use crate::transport::pipe::{Pipes, WorkerPipes};
use crate::transport::{Registry, Transport};
use evenly_core::engine::{self, Durability, LineDestination, MOST_UNWRITTEN, RateLimiter};
use evenly_core::hello::Program;
use evenly_core::scheduler::Counts;
use evenly_core::{Aggregate, Policy, Scheduler, Selection};
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Runs a job from the first pipe to the last worker waited for.
pub(crate) fn run(job: &mut Job, observer: &mut dyn Observer) -> Result<Report, Error> {
    let clock = Clock::start();
    let signals = Signals::take().map_err(|(call, cause)| no_worker(call)(cause))?;
    let outcome = match Numbers::of(&job.items) {
        None => run_with(job, observer, &signals, clock),
        Some(numbers) => {
            let mut observer = with_numbers(job, &numbers, observer);
            match run_with(job, &mut observer, &signals, clock) {
                Ok(report) => Ok(numbered::report(&numbers, report)),
                Err(error) => Err(numbered::error(&numbers, error)),
            }
        }
    };
    match outcome {
        Err(Error::Journal(why)) => Err(match why.into_interrupted() {
            Ok(path) => interrupted_at_journal(&signals, job.deadline, path),
            Err(why) => why.into(),
        }),
        outcome => outcome,
    }
}

/// The observer and the stage hook of a job, which get numbers where the run says positions.
fn with_numbers<'a>(
    job: &mut Job,
    numbers: &Numbers,
    observer: &'a mut dyn Observer,
) -> NumberedObserver<'a> {
    let hook = job.stage_hook.take();
    job.stage_hook =
        hook.map(|hook| Box::new(NumberedHook { numbers: numbers.clone(), hook }) as Box<_>);
    NumberedObserver { numbers: numbers.clone(), observer }
}

/// What ended the reading of a journal.
fn interrupted_at_journal(signals: &Signals, deadline: Option<Duration>, path: PathBuf) -> Error {
    // Read, or it would end this process before it can say anything.
    while let Ok(Some(signal)) = signals.next() {
        if signal.asks_for_the_end() {
            return Error::Interrupted(signal);
        }
    }
    Error::DeadlineAtJournal { deadline: deadline.unwrap_or_default(), path }
}

fn run_with(
    job: &mut Job,
    observer: &mut dyn Observer,
    signals: &Signals,
    clock: Clock,
) -> Result<Report, Error> {
    // Taken out of the job, which the function's worker side changes.
    refuse_windows_with_steps(job)?;
    let journal = job.journal.clone();
    let until = job.deadline.and_then(|deadline| Instant::now().checked_add(deadline));
    let asked = (job.aggregate, &job.items);
    let checked = CheckedJournalFile::new(journal.as_ref(), asked, &*job.function, until)?;
    let descriptors = DescriptorLimit::raise();
    let registry = make_registry(signals)?;
    let mut stages = Stages::new(job.stage_hook.take());
    let mut clock = clock;
    let agents = AgentServer::listen(job, &registry, &mut |call| {
        stages.after_socket_call(call, &mut clock);
    })?;
    for address in agents.addresses() {
        observer.observe(&Observation::Listening { address: &address });
    }
    let mut primary = PrimarySetup::prepare(job, observer, signals, (clock, descriptors), stages)?;
    let mut pipes = primary.make_pipes(agents.fewest_descriptors())?;
    primary.fork_workers(&mut pipes)?;
    let worker_pipes = primary.close_what_is_not_ours(pipes, &registry)?;
    let (mut event_loop, resumed) =
        primary.prepare_ranges(worker_pipes, registry, agents, checked)?;
    let gathered = event_loop.send_ranges(resumed).and_then(|()| event_loop.run());
    let outcome = match gathered {
        // A coprocess may have said too much at last.
        Ok(()) => event_loop
            .end_of_file()
            .and_then(|()| event_loop.compare_files_at_last())
            .and_then(|()| event_loop.wait_for_children()),
        Err(error) => Err(error),
    };
    outcome.map_err(|error| event_loop.wind_up(error))
}

/// A command that does a whole chunk gets the first number and the one after the last.
fn refuse_windows_with_steps(job: &Job) -> Result<(), Error> {
    if job.begins_by_chunk() && !job.items.has_only_steps_of_one() {
        return Err(Error::NotConsecutive);
    }
    Ok(())
}

/// Works for a primary elsewhere that has admitted this process as an agent: the same, but the ranges
/// come from there, and that is where the answers go.
pub(super) fn serve(
    job: &mut Job,
    observer: &mut dyn Observer,
    shared: (&Signals, Registry, Clock),
    transport: &mut dyn Transport,
) -> Result<(AgentEnd, Report), Error> {
    match Numbers::of(&job.items) {
        None => serve_with(job, observer, shared, transport),
        Some(numbers) => {
            let mut observer = with_numbers(job, &numbers, observer);
            serve_with(job, &mut observer, shared, transport)
                .map_err(|error| numbered::error(&numbers, error))
        }
    }
}

fn serve_with(
    job: &mut Job,
    observer: &mut dyn Observer,
    (signals, registry, clock): (&Signals, Registry, Clock),
    transport: &mut dyn Transport,
) -> Result<(AgentEnd, Report), Error> {
    let descriptors = DescriptorLimit::raise();
    let stages = Stages::new(job.stage_hook.take());
    let mut primary = PrimarySetup::prepare(job, observer, signals, (clock, descriptors), stages)?;
    let mut pipes = primary.make_pipes(0)?;
    primary.fork_workers(&mut pipes)?;
    let worker_pipes = primary.close_what_is_not_ours(pipes, &registry)?;
    let mut event_loop = primary.await_ranges(worker_pipes, registry, transport)?;
    let served = event_loop.run();
    let has_failed = served.is_err();
    let end = event_loop.part_from_upstream(served);
    if has_failed {
        // The error of the session is the one to report.
        let _ = event_loop.end_commands(false);
    }
    let end = end?;
    event_loop.end_of_file()?;
    Ok((end, event_loop.wait_for_children()?))
}

/// The place to wait in, for signals at first.
pub(super) fn make_registry(signals: &Signals) -> Result<Registry, Error> {
    let registry = Registry::new(SIGNALS).map_err(no_worker("epoll_create1"))?;
    registry.add(signals, 0, EventFlags::IN).map_err(no_worker("epoll_ctl"))?;
    Ok(registry)
}

/// A duration as the engine takes it; one longer than 584 years as the longest.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl<'a> PrimarySetup<'a> {
    fn prepare(
        job: &'a mut Job,
        observer: &'a mut dyn Observer,
        signals: &'a Signals,
        (clock, descriptors): (Clock, DescriptorLimit),
        stages: Stages,
    ) -> Result<Self, Error> {
        let wanted = job.worker_settings.workers() as usize;
        Ok(Self {
            pool: WorkerPool::prepare(
                descriptors,
                wanted,
                job.aggregate,
                &*job.function,
                job.memory,
            )?,
            wanted,
            observer,
            stages,
            job,
            signals,
            clock,
        })
    }

    /// n+1 pipes: one to each worker, one from all of them. The primary holds both ends of all, and can
    /// still open `spare` descriptors beside those that replace a worker.
    fn make_pipes(&mut self, spare: usize) -> Result<Pipes, Error> {
        let (pipes, refused) = Pipes::make(self.wanted, spare, self.job.aggregate.is_streamed())
            .map_err(no_worker("pipe2"))?;
        if let Some(cause) = refused {
            self.say_fewer(pipes.assignments.len(), "pipe2", cause);
        }
        let shown = self.stages.pipes_made(&pipes, &mut self.clock);
        shown.map_err(cannot_start("fstat"))?;
        Ok(pipes)
    }

    /// One process for each assignment pipe; each inherits every descriptor there is.
    fn fork_workers(&mut self, pipes: &mut Pipes) -> Result<(), Error> {
        let mut settings = ForkSettings {
            signals: self.signals,
            function: &mut *self.job.function,
            stops_to_be_seen: self.stages.is_wanted(),
            items: &self.job.items,
            timeout: self.job.timeout,
            median_timeout: self.job.median_timeout,
            grace: self.job.grace,
            memory: self.job.memory,
        };
        let (clock, deadline) = (self.clock, self.job.deadline);
        let is_over = || is_over(&clock, deadline);
        if let Some((call, cause)) = self.pool.fork_all(pipes, &mut settings, is_over)? {
            self.say_fewer(pipes.assignments.len(), call, cause);
        }
        let shown = self.stages.forked(pipes, &self.pool, &mut self.clock);
        shown.map_err(cannot_start("waitid"))
    }

    /// Keeps the write ends of the assignment pipes and the read end of the result pipe. The
    /// workers do the same on their side; only then can there ever be an end of file.
    fn close_what_is_not_ours(
        &mut self,
        pipes: Pipes,
        registry: &Registry,
    ) -> Result<WorkerPipes, Error> {
        let Pipes { assignments, results } = pipes;
        drop(results.write_end);
        let write_ends = assignments.into_iter().map(|pipe| {
            drop(pipe.read_end);
            pipe.write_end
        });
        let worker_pipes =
            WorkerPipes::new(results.read_end, write_ends.collect(), registry.also(PIPES))
                .map_err(|failed| cannot_start(failed.call)(failed.cause))?;
        let shown = self.stages.closed(&self.pool, &mut self.clock);
        shown.map_err(cannot_start("waitid"))?;
        Ok(worker_pipes)
    }

    /// Opens the journal, and finds out what is left to do.
    fn prepare_ranges(
        self,
        worker_pipes: WorkerPipes,
        registry: Registry,
        agents: AgentServer,
        checked: CheckedJournalFile<'_>,
    ) -> Result<(EventLoop<'a>, Option<(u128, u128)>), Error> {
        let Job { aggregate, policy, .. } = *self.job;
        let range = self.job.items.positions();
        let workers = self.pool.slots.len() as u32;
        let scheduler = Scheduler::new(range, aggregate, policy, workers);
        let (mut journal_file, done) = checked.begin()?;
        let resumed = done.as_ref().map(|done| (done.done, done.failed));
        let mut engine = self.engine(journal_file.resume(self.arranged(scheduler), done)?);
        if journal_file.has_journal() {
            engine.set_durability(Durability::Journal { is_ahead: journal_file.is_ahead() });
        }
        if let Some((done, failed)) = resumed {
            engine.set_resumed(done + failed, failed);
            journal_file.flaky()?.into_iter().for_each(|failure| engine.resume_flaky(failure));
        }
        if aggregate.is_streamed() {
            let has_reader = self.job.output.is_some();
            let written = LineDestination::Written { most: MOST_UNWRITTEN };
            engine.set_lines(if has_reader { written } else { LineDestination::Dropped });
        }
        let links = (worker_pipes, registry, agents, None);
        Ok((EventLoop::new(self, engine, links, journal_file), resumed))
    }

    /// Tells the primary elsewhere that there are workers now.
    fn await_ranges(
        self,
        worker_pipes: WorkerPipes,
        registry: Registry,
        transport: &'a mut dyn Transport,
    ) -> Result<EventLoop<'a>, Error> {
        let workers = self.pool.slots.len() as u32;
        let scheduler = Scheduler::open_ended(self.job.aggregate, workers);
        let mut engine = self.engine(self.arranged(scheduler));
        engine.set_durability(Durability::Confirmed);
        let (aggregate, silence) = (self.job.aggregate, self.job.worker_settings.silence);
        let upstream = AgentClient::new(transport, aggregate, silence, self.clock.now_ns());
        let links = (worker_pipes, registry, AgentServer::default(), Some(upstream));
        let mut event_loop = EventLoop::new(self, engine, links, JournalFile::default());
        event_loop.admit_workers()?;
        Ok(event_loop)
    }

    /// Gives a scheduler what the job asks for.
    fn arranged(&self, scheduler: Scheduler) -> Scheduler {
        let job = &*self.job;
        let range = job.items.as_range().filter(|_| job.aggregate == Aggregate::Count);
        let opening = range.and_then(|range| range.interval()).map_or_else(
            || job.function.opening(),
            |range| job.function.opening_over(range, self.pool.slots.len() as u32),
        );
        let mut scheduler =
            scheduler.opening(opening).retries(job.retries).chunks(job.chunk_sizes());
        let counts = if job.begins_by_chunk() { Counts::Chunks } else { Counts::Numbers };
        if job.begins_by_chunk() {
            scheduler = scheduler.windows_of(&job.items);
        }
        if let Some(rate) = job.max_rate {
            scheduler = scheduler.rationed(counts).distance((1e9 / rate) as u64);
        }
        if job.halts_before_the_next_command() {
            scheduler = scheduler.one_by_one(counts);
        }
        if job.is_at_most_once() {
            scheduler = scheduler.at_most_once(counts);
            if job.function.condition().is_some() {
                // A worker may be lost while it tests the condition.
                scheduler = scheduler.starts_are_said();
            }
        }
        if job.tells_pieces || job.audits_windows() {
            scheduler = scheduler.tell_pieces();
        }
        if job.begins_by_chunk() && matches!(job.policy, Policy::Fixed(_)) {
            scheduler = scheduler.undivided();
        }
        if job.function.condition().is_some() {
            scheduler = scheduler.under(Selection::Some);
        }
        if let Some(shuffle) = job.shuffle() {
            scheduler = scheduler.shuffled(shuffle);
        }
        if matches!(job.aggregate, Aggregate::Run { .. }) && job.function.command().is_none() {
            // A fold has one accumulator for a chunk of any length.
            scheduler = scheduler.ignoring_output();
        }
        if job.leaves_out_failures {
            scheduler = scheduler.leave_out_failures();
        }
        scheduler
    }

    /// An engine with the limits of the job.
    fn engine(&self, scheduler: Scheduler) -> engine::Primary {
        let job = &*self.job;
        let mut engine = engine::Primary::new(scheduler, job.aggregate, self.pool.slots.len());
        let silence = job.worker_settings.silence;
        engine.set_silence(silence.limit_ns());
        engine.set_heartbeat(nanos(silence.heartbeat()));
        engine.set_drain(nanos(job.drain));
        engine.set_deadline(job.deadline.map(nanos));
        let has_windows = matches!(job.form(), Some(Form::PerChunk | Form::Coprocess));
        engine.set_halt(job.halt, has_windows);
        if let Some(percent) = job.median_timeout
            && matches!(job.form(), Some(Form::PerNumber | Form::PerChunk))
        {
            engine.set_median_limit(percent);
        }
        if let Some(rate) = job.max_rate {
            engine.set_rate(RateLimiter::new(rate));
        }
        let has_files = || job.function.program() != Program::None;
        if !self.pool.slots.is_empty() && !job.function.is_of_executable() && has_files() {
            engine.compare_files();
        }
        engine
    }

    fn say_fewer(&mut self, started: usize, call: &'static str, cause: Errno) {
        let refused = FailedCall::of(call, cause);
        let fewer = Observation::FewerWorkers { wanted: self.wanted, started, refused };
        self.observer.observe(&fewer);
    }
}
