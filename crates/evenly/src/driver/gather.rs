//! The loop of the primary: wait, read answers, let the supervisor decide, send chunks; and, when
//! every number is covered or the job ends early, stop.
//!
//! Results are read before anything is written, and nothing here blocks but the wait itself.

use super::clock::Clock;
use super::crew::Crew;
use super::early::Draining;
use super::halting::Counted;
use super::keeping::Keeper;
use super::outlet::{OUTLET, Outlet};
use super::primary::is_over;
use super::rate::Rate;
use super::reception::{AGENTS, Agents};
use super::stages::Stages;
use super::stuck::Posts;
use super::upstream::Upstream;
use crate::error::Error;
use crate::job::Job;
use crate::observe::{Observation, Observer};
use crate::process::footprint::Watch;
use crate::process::signals::Signals;
use crate::transport::pipe::{Hub, RESULTS_KEY, Received};
use crate::transport::{Arrival, Failed, Registry, Token, Transport};
use evenly_core::frame::Packer;
use evenly_core::{Failure, Fault, Heard, Order, Progress, Supervisor};
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use std::mem::MaybeUninit;
use std::time::Duration;

/// What waits, by the number of its transport: signals, and the pipes to and from workers.
pub(super) const SIGNALS: u32 = 0;
pub(super) const PIPES: u32 = 1;

/// Who wakes up so much too late was stopped or suspended in between.
pub(super) const OVERSLEPT: Duration = Duration::from_secs(1);

/// A job whose workers run.
pub(super) struct Gathering<'a> {
    pub(super) job: &'a mut Job,
    pub(super) supervisor: Supervisor,
    pub(super) hub: Hub,
    pub(super) registry: Registry,
    /// Agents of this primary.
    pub(super) agents: Agents,
    /// The primary of this agent, if it is one.
    pub(super) upstream: Option<Upstream>,
    /// Where lines leave.
    pub(super) outlet: Outlet,
    pub(super) keeper: Keeper,
    pub(super) crew: Crew,
    pub(super) signals: &'a Signals,
    pub(super) observer: &'a mut dyn Observer,
    pub(super) stages: Stages,
    pub(super) clock: Clock,
    pub(super) losses: u64,
    /// What counts towards a halt.
    pub(super) counted: Counted,
    /// When progress is told next.
    next_progress: Option<Duration>,
    pub(super) early: Option<Draining>,
    /// How much may begin in a second, if that is limited.
    rate: Option<Rate>,
    /// When to look how much memory workers have, if that is limited.
    pub(super) memory: Option<Watch>,
    /// How long workers have been at their numbers.
    pub(super) posts: Posts,
    pub(super) is_end_of_file: bool,
}

/// What there is to do after a wait.
#[derive(Default)]
pub(super) struct Ready {
    pub(super) results: bool,
    pub(super) signals: bool,
    /// There is room where lines go, or nobody reads them any more.
    pub(super) outlet: bool,
    pipes: Vec<u32>,
    pub(super) elsewhere: Vec<Token>,
}

pub(super) fn system(call: &'static str) -> impl Fn(Errno) -> Error {
    move |cause| Error::System { call, cause }
}

impl From<Failed> for Error {
    fn from(Failed { call, cause }: Failed) -> Self {
        Self::System { call, cause }
    }
}

impl<'a> Gathering<'a> {
    pub(super) fn new(
        job: &'a mut Job,
        supervisor: Supervisor,
        (hub, registry): (Hub, Registry),
        crew: Crew,
        signals: &'a Signals,
        (observer, stages): (&'a mut dyn Observer, Stages),
        clock: Clock,
    ) -> Self {
        let next_progress = job.progress_every;
        let (losses, early, is_end_of_file) = (0, None, false);
        let rate = job.max_rate.map(Rate::new);
        let (memory, posts) = (Self::watch_over_memory(job), Posts::new(job));
        Self {
            job,
            supervisor,
            hub,
            registry,
            agents: Agents::default(),
            upstream: None,
            outlet: Outlet::default(),
            keeper: Keeper::default(),
            crew,
            signals,
            observer,
            stages,
            clock,
            losses,
            counted: Counted::default(),
            next_progress,
            early,
            rate,
            memory,
            posts,
            is_end_of_file,
        }
    }

    /// Sends each worker its first chunks. `resumed` is how many numbers the journal has done and failed.
    pub(super) fn send_ranges(&mut self, resumed: Option<(u128, u128)>) -> Result<(), Error> {
        self.outlet = Outlet::open(self.job, &self.registry)?;
        self.agents.share_descriptors();
        self.counted = resumed.map(Counted::resumed).unwrap_or_default();
        self.tell_begun(resumed);
        // The end may have been asked for while workers were started.
        let is_over = is_over(&self.clock, self.job.deadline);
        if is_over {
            // Nothing begins.
            self.supervisor.drain();
        }
        self.admit_everybody()?;
        if is_over {
            self.heed_signals()?;
            self.keep_time()?;
        }
        self.stages.ranges_sent(&self.crew, &mut self.clock);
        Ok(())
    }

    /// Tells the supervisor of every worker.
    pub(super) fn admit_everybody(&mut self) -> Result<(), Error> {
        for slot in 0..self.crew.slots.len() {
            self.admit(slot)?;
        }
        self.let_more_begin();
        self.act()?;
        if self.job.aggregate.is_streamed() {
            // An earlier run may have found some that are due.
            self.pass_lines()?;
        }
        self.flush()
    }

    pub(super) fn admit(&mut self, slot: usize) -> Result<(), Error> {
        let window = self.hub.window(slot).map_err(system("fcntl F_GETPIPE_SZ"))?;
        self.supervisor.join(slot, window, self.clock.now_ns())?;
        let pid = self.crew.slots[slot].child.number();
        self.observer.observe(&Observation::WorkerStarted { worker: slot + 1, pid });
        Ok(())
    }

    /// Until every number is covered, or nobody has anything left in hand that should end early.
    pub(super) fn gather(&mut self) -> Result<(), Error> {
        self.show_results()?;
        while !self.is_over() {
            let ready = self.wait(self.next_deadline())?;
            if ready.results {
                self.receive()?;
            }
            self.attend(ready)?;
            self.tell_progress();
        }
        self.keep_the_rest()
    }

    /// Does what there is to do after a wait, except for reading results.
    pub(super) fn attend(&mut self, ready: Ready) -> Result<(), Error> {
        if ready.signals {
            self.heed_signals()?;
        }
        if ready.outlet {
            self.look_at_the_outlet()?;
        }
        for key in ready.pipes {
            self.hub.attend(key, self.clock.now_ns())?;
        }
        for token in ready.elsewhere {
            self.attend_elsewhere(token)?;
        }
        self.look_at_memory();
        self.look_for_the_stuck();
        self.keep_time()?;
        self.keep_time_elsewhere()?;
        self.let_more_begin();
        self.act()?;
        self.keep_journal()?;
        if self.job.aggregate.is_streamed() {
            self.pass_lines()?;
            self.keep_what_is_written();
        }
        self.flush()
    }

    /// Sends what is packed, wherever it goes.
    pub(super) fn flush(&mut self) -> Result<(), Error> {
        let now_ns = self.clock.now_ns();
        self.hub.flush(now_ns)?;
        self.agents.flush(now_ns)?;
        match &mut self.upstream {
            Some(upstream) => upstream.flush(now_ns),
            None => Ok(()),
        }
    }

    /// Does what a descriptor asks for that leads to another machine.
    pub(super) fn attend_elsewhere(&mut self, token: Token) -> Result<(), Error> {
        let now_ns = self.clock.now_ns();
        if let Some(upstream) = &mut self.upstream {
            upstream.attend(token.key, now_ns)?;
            return self.hear_upstream();
        }
        self.agents.attend(token, now_ns)?;
        self.hear_agents((token.transport - AGENTS) as usize)
    }

    /// Whether there is nothing left to gather.
    pub(super) fn is_over(&self) -> bool {
        if let Some(upstream) = &self.upstream {
            return upstream.is_over();
        }
        let scheduler = self.supervisor.scheduler();
        (scheduler.is_finished() && self.outlet.is_empty())
            || scheduler.is_drained_except(|assignment| self.keeper.holds(assignment))
    }

    /// Waits until something can be done, or until `deadline` on the clock of the run.
    pub(super) fn wait(&mut self, deadline: Option<Duration>) -> Result<Ready, Error> {
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
            Err(cause) => return Err(Error::System { call: "epoll_wait", cause }),
        };
        let mut ready = Ready::default();
        for event in events {
            match Token::from_data(event.data) {
                Token { transport: PIPES, key: RESULTS_KEY } => ready.results = true,
                Token { transport: PIPES, key } => ready.pipes.push(key),
                Token { transport: SIGNALS, .. } => ready.signals = true,
                Token { transport: OUTLET, .. } => ready.outlet = true,
                token => ready.elsewhere.push(token),
            }
        }
        let now = self.clock.elapsed();
        if deadline.is_some_and(|deadline| now > deadline.max(began) + OVERSLEPT) {
            // How much of it was the pause nobody knows, so no time is counted.
            self.clock.leave_out(now - began);
        }
        Ok(ready)
    }

    /// Reads once from the result pipe and hands every whole frame to the supervisor.
    pub(super) fn receive(&mut self) -> Result<Received, Error> {
        let received = self.hub.receive()?;
        if received == Received::EndOfFile {
            // All workers are gone. SIGCHLD says the same, and has them replaced if need be.
            self.is_end_of_file = true;
            self.hub.ignore_results();
        }
        let now_ns = self.clock.now_ns();
        while let Some(arrival) = self.hub.next() {
            let heard = match arrival {
                Arrival::Frame { frame, .. } => self.supervisor.hear(frame, now_ns),
                Arrival::Garbage(malformed) => {
                    self.suspect(malformed)?;
                    continue;
                }
                // Nobody says hello on a pipe.
                _ => continue,
            };
            match heard {
                Ok(Heard::Work | Heard::Nothing) => {}
                Ok(Heard::Farewell { slot, call, errno }) => {
                    self.note_farewell(slot, call, errno)?;
                }
                Ok(Heard::Gasp { slot, n, cause }) => self.note_gasp(slot, n, cause),
                Ok(Heard::Description { n, cause }) => self.describe_upstream(n, cause),
                Err(fault) => self.blame(fault)?,
            }
        }
        self.tell_pieces();
        Ok(received)
    }

    fn blame(&mut self, fault: Fault) -> Result<(), Error> {
        match fault {
            Fault::Worker { slot, violation } => self.dismiss(slot, violation),
            Fault::Nobody => self.suspect(evenly_core::frame::Malformed::Entry),
            Fault::Run { slot, violation } => Err(self.contradiction(slot, violation)),
        }
    }

    /// Carries out what the supervisor wants done.
    pub(super) fn act(&mut self) -> Result<(), Error> {
        loop {
            self.carry_out_orders()?;
            if !self.begin_what_is_held()? {
                return Ok(());
            }
        }
    }

    fn carry_out_orders(&mut self) -> Result<(), Error> {
        let now_ns = self.clock.now_ns();
        while let Some(order) = self.supervisor.poll(now_ns)? {
            match order {
                Order::Assign { slot } => {
                    let assignments = self.supervisor.assignments();
                    let is_here = slot < self.crew.slots.len();
                    let (hub, agents) = (&mut self.hub, &mut self.agents);
                    if self.keeper.is_ahead() {
                        self.keeper.hold(slot, assignments);
                    } else if let Some(packer) = packer(hub, agents, is_here, slot) {
                        packer.assign(assignments);
                    }
                    self.stages.note_assigned(slot, assignments);
                }
                Order::Withdraw { slot, lease, parts } => {
                    let is_here = slot < self.crew.slots.len();
                    let (hub, agents) = (&mut self.hub, &mut self.agents);
                    if let Some(packer) = packer(hub, agents, is_here, slot) {
                        packer.withdraw(lease, parts);
                    }
                }
                Order::Credit { slot, bytes } => {
                    let is_here = slot < self.crew.slots.len();
                    let (hub, agents) = (&mut self.hub, &mut self.agents);
                    if let Some(packer) = packer(hub, agents, is_here, slot) {
                        packer.credit(bytes);
                    }
                }
                Order::Record(mut record) => {
                    self.refuse_changed_files(false)?;
                    if let Some(upstream) = &mut self.upstream {
                        upstream.record(&mut record, &mut self.supervisor);
                    }
                    self.keep(record)?;
                }
                Order::Fill { slot } => self.fill(slot)?,
                Order::Kill { slot } => self.make_room(slot)?,
                Order::Quarantined(failure) => {
                    self.note_failure(failure);
                }
                Order::Recovered { n, cause } => {
                    self.observer.observe(&Observation::Recovered { n, cause });
                }
                Order::Silenced { slot, reclaimed } if slot < self.crew.slots.len() => {
                    self.tell_silence(slot, reclaimed);
                }
                Order::Silenced { slot, reclaimed } => self.tell_silent_agent(slot, reclaimed),
                Order::GiveUp { slot, times } => return Err(self.beyond_repair(slot, times)),
                Order::Untouched(interval) => self.keep_untouched(interval),
                Order::Finished => {}
            }
        }
        Ok(())
    }

    /// Counts a failure and reports it, behind the description that its worker sent.
    pub(super) fn note_failure(&mut self, failure: Failure) {
        self.counted.fail();
        if let Some((n, text)) = self.supervisor.description(&failure) {
            self.observer.observe(&Observation::Described { n, text });
        }
        self.observer.observe(&Observation::Quarantined(failure));
    }

    /// Where frames to the worker or agent in a slot are packed.
    pub(super) fn packer(&mut self, slot: usize) -> Option<&mut Packer> {
        let is_here = slot < self.crew.slots.len();
        packer(&mut self.hub, &mut self.agents, is_here, slot)
    }

    /// Until when nothing changes unless something happens.
    pub(super) fn next_deadline(&self) -> Option<Duration> {
        let due = self.supervisor.next_due_ns().map(Duration::from_nanos);
        let early = self.early.as_ref().map(Draining::next).or(self.job.deadline);
        let elsewhere = self.next_deadline_elsewhere();
        let is_waiting = self.supervisor.scheduler().is_waiting_for_allowance();
        let rate = self.rate.as_ref().filter(|_| is_waiting).map(Rate::next);
        let looks = |watch: &Watch| self.clock.elapsed() + watch.next();
        let (memory, posts) = (self.memory.as_ref().map(looks), Some(looks(self.posts.watch())));
        let journal = self.keeper.next_due();
        let dues = [self.next_progress, due, early, elsewhere, rate, memory, posts, journal];
        dues.into_iter().flatten().min()
    }

    /// When something is to be done about agents, or for the primary of this one.
    pub(super) fn next_deadline_elsewhere(&self) -> Option<Duration> {
        match &self.upstream {
            Some(upstream) => upstream.next_due(),
            None => self.agents.next_due(),
        }
    }

    /// Does what is to be done then.
    pub(super) fn keep_time_elsewhere(&mut self) -> Result<(), Error> {
        self.keep_time_of_agents()?;
        self.keep_time_of_upstream()
    }

    /// Allows what may begin by now.
    fn let_more_begin(&mut self) {
        if let Some(rate) = &mut self.rate
            && self.supervisor.scheduler().is_waiting_for_allowance()
        {
            self.supervisor.allow(rate.take(self.clock.elapsed()));
        }
    }

    /// Progress of the job; without a remaining time while a number is stuck.
    pub(super) fn progress(&self) -> Progress {
        let mut progress = self.supervisor.scheduler().progress(self.clock.now_ns());
        if let (Some(rate), Some(left)) = (&self.rate, &mut progress.seconds_left)
            && !self.job.begins_by_chunk()
        {
            let remaining = self.supervisor.scheduler().ledger().remaining();
            *left = left.max(remaining as f64 / rate.per_second());
        }
        if self.posts.is_any_stuck() {
            progress.seconds_left = None;
        }
        progress
    }

    fn tell_progress(&mut self) {
        let Some(period) = self.job.progress_every else { return };
        let now = self.clock.elapsed();
        if self.next_progress.is_some_and(|due| due <= now) {
            self.next_progress = Some(now + period);
            let progress = self.progress();
            self.observer.observe(&Observation::Progress(progress));
        }
    }
}

/// Where frames to the worker or agent in a slot are packed.
fn packer<'a>(
    hub: &'a mut Hub,
    agents: &'a mut Agents,
    is_here: bool,
    slot: usize,
) -> Option<&'a mut Packer> {
    if is_here { hub.packer(slot) } else { agents.packer(slot) }
}
