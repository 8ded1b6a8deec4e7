//! Agents of a primary: which connections are admitted, what they send, and which seats they have.
//!
//! An agent has a slot of the supervisor beyond those of this machine's workers. It joins with its first frame
//! after it was admitted: a hello alone may be the replay of a recorded one.

mod answers;
mod launched;

use super::agent_feed::{AgentFeed, LinesToSend};
use super::launcher::Launcher;
use super::machines::{AgentProcess, Machines};
use super::refusal_report::RefusalReport;
use super::stranger_report::StrangerReport;
use super::tokens::AGENTS;
use crate::error::Error;
use crate::job::Job;
use crate::observe::AgentSeen;
use crate::process::limits;
use crate::transport::{AfterCall, Arrival, EpollToken, Gone, Listener, Registry};
pub(super) use answers::boot;
use evenly_core::agent::Leave;
use evenly_core::engine::{Primary, Seat};
use evenly_core::frame::{Body, Frame, Heartbeat, Packer};
use evenly_core::hello::{Call, Hello, Program, Refusal, RefusalReason};
use evenly_core::{Heard, Interval, InvalidFrame};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::time::Duration;

/// The most chunks that one agent may hold.
const WINDOW: usize = 8192;

/// The fewest connections at one address that agents can work with: one that has not said hello, one
/// agent, and those that still have to receive the end of the job.
const FEWEST_CONNECTIONS: usize = 4;

/// Descriptors that agents leave to others: a worker is replaced with four, and files of the journal, of
/// logs and of /proc are opened now and then.
const SPARE_DESCRIPTORS: usize = 12;

/// The addresses that agents join at, and the agents of the run.
#[derive(Default)]
pub(super) struct AgentServer {
    listeners: Vec<Box<dyn Listener>>,
    /// The programs that start agents. Dropped after the connections to these, whose ends end the programs.
    launcher: Option<Launcher>,
    /// The limit on open files leaves room for this many agents; `None` without a limit.
    most: Option<usize>,
    /// By listener and the number that it gives to a peer.
    peers: BTreeMap<(usize, usize), AdmittedAgent>,
    /// Admitted peers by slot.
    seats: BTreeMap<usize, (usize, usize)>,
    machines: Machines,
    welcome: Vec<u8>,
    supplement: Vec<u8>,
    /// The lines that the numbers stand for.
    lines: Option<LinesToSend>,
    /// Peers for which something waits for room in a packer, and whether one of them has room now.
    feeding: BTreeSet<(usize, usize)>,
    has_room_to_feed: bool,
    /// The seat whose last frame had answers.
    answered: Option<usize>,
    /// Whether there is nothing left to do.
    is_over: bool,
    /// What an agent must have been started with, and what it is called.
    program: Program,
    function: String,
    boot: [u8; 16],
    /// The last time that the event loop passed.
    now_ns: u64,
    strangers: StrangerReport,
    refusals: RefusalReport,
}

/// An admitted agent.
pub(super) struct AdmittedAgent {
    /// Its description for observers; the worker number is right once it has a seat.
    pub(super) seen: AgentSeen,
    process: AgentProcess,
    workers: NonZeroU32,
    slot: Option<usize>,
    is_silent: bool,
    feed: AgentFeed,
}

/// A message or an end of a connection, without the bytes that it came in.
pub(super) enum AgentMessage {
    /// A hello; where it was refused, the address of the peer and the reason.
    Hello(Option<(String, String)>),
    /// The first frame of an admitted agent: it joins.
    First(usize),
    /// A frame of the agent in this seat.
    Heard(usize, Result<Heard, InvalidFrame>),
    /// The connection of the agent in this seat ended.
    Gone(usize, Gone),
    /// Nothing that the run needs to know.
    Nothing,
}

impl AgentServer {
    /// Begins to listen wherever the job says; `after_call` sees each socket as it is made.
    pub(super) fn listen(
        job: &Job,
        registry: &Registry,
        after_call: AfterCall<'_>,
    ) -> Result<Self, Error> {
        if job.agent_sources.is_any() && !job.function.is_known_to_agents() {
            let function = job.function.name().to_owned();
            return Err(Error::FunctionOfThisProgram { function });
        }
        let registry = |index| registry.also(AGENTS + index as u32);
        // Its digest may be that of a large file.
        let program = match job.agent_sources.is_any() {
            true => job.function.program_for_agents(),
            false => Program::None,
        };
        let call = match job.agent_sources.is_any() {
            true => answers::call(job, program).encode(),
            false => Vec::new(),
        };
        let listeners =
            job.agent_sources.open(job.worker_settings.silence, &call, &registry, after_call)?;
        let launches = job.agent_sources.launches();
        let launcher = Launcher::joining_at(&listeners, launches, registry(listeners.len()));
        // A primary without an address needs no welcome.
        let (welcome, supplement, boot) = match listeners.is_empty() {
            true => (Vec::new(), Vec::new(), [0; 16]),
            false => {
                let supplement = answers::supplement(job)?;
                (answers::welcome(job, supplement.len() as u32)?.encode(), supplement, boot())
            }
        };
        let lines = LinesToSend::of(job).filter(|_| !listeners.is_empty());
        Ok(Self {
            listeners,
            launcher,
            most: None,
            peers: BTreeMap::new(),
            seats: BTreeMap::new(),
            machines: Machines::default(),
            welcome,
            supplement,
            lines,
            feeding: BTreeSet::new(),
            has_room_to_feed: false,
            answered: None,
            is_over: false,
            program,
            function: job.function.name().to_owned(),
            boot,
            now_ns: 0,
            strangers: StrangerReport::default(),
            refusals: RefusalReport::default(),
        })
    }

    /// How many descriptors agents need at least.
    pub(super) fn fewest_descriptors(&self) -> usize {
        let programs = self.launcher.as_ref().map_or(0, Launcher::most_descriptors);
        self.listeners.len() * FEWEST_CONNECTIONS + programs
    }

    /// Divides what the limit on open files still allows among the addresses. Called when all workers
    /// and files have their descriptors.
    pub(super) fn share_descriptors(&mut self) {
        if self.listeners.is_empty() {
            return;
        }
        let Some(free) = limits::free_descriptors() else { return };
        let each = free.saturating_sub(SPARE_DESCRIPTORS) / self.listeners.len();
        let each = each.max(FEWEST_CONNECTIONS);
        self.listeners.iter_mut().for_each(|listener| listener.limit_connections(each));
        // A quarter is kept for those that have not said hello.
        self.most = Some(self.listeners.len() * (each - each / 4));
    }

    /// The agents that have ever joined.
    pub(super) fn machines(&self) -> &Machines {
        &self.machines
    }

    /// Where they may join.
    pub(super) fn addresses(&self) -> impl Iterator<Item = String> + '_ {
        self.listeners.iter().filter_map(|listener| listener.listens_at())
    }

    /// Who sits in a slot.
    pub(super) fn seen(&self, slot: usize) -> Option<&AgentSeen> {
        self.seats.get(&slot).and_then(|at| self.peers.get(at)).map(|peer| &peer.seen)
    }

    /// Where frames to the agent in a slot are packed.
    pub(super) fn packer(&mut self, slot: usize) -> Option<&mut Packer> {
        let at = self.seats.get(&slot)?;
        let feed = self.peers.get_mut(at).map(|agent| &mut agent.feed);
        if let Some(feed) = feed.filter(|feed| feed.has_lines_waiting()) {
            return feed.packer_behind();
        }
        self.listeners[at.0].packer(at.1)
    }

    /// Queues the lines of these positions for the agent in a seat, if the positions stand for lines. They are sent
    /// before what is packed for the agent from now on.
    pub(super) fn send_lines(&mut self, seat: Seat, positions: impl IntoIterator<Item = Interval>) {
        let (Some(lines), Seat::Agent(slot)) = (&self.lines, seat) else { return };
        let Some(at) = self.seats.get(&slot) else { return };
        let Some(agent) = self.peers.get_mut(at) else { return };
        let Some(packer) = self.listeners[at.0].packer(at.1) else { return };
        if agent.feed.queue(lines, positions, packer.limit()) {
            self.feeding.insert(*at);
        }
    }

    /// Whether a connection waits to be accepted where this descriptor is ready.
    pub(super) fn has_waiting(&self, token: EpollToken) -> bool {
        let listener = self.listeners.get((token.transport - AGENTS) as usize);
        listener.is_some_and(|listener| listener.has_waiting())
    }

    /// The seat whose last frame had answers, once.
    pub(super) fn take_answered(&mut self) -> Option<usize> {
        self.answered.take()
    }

    /// Does what a ready descriptor asks for.
    pub(super) fn attend(&mut self, token: EpollToken, now_ns: u64) -> Result<(), Error> {
        match self.listeners.get_mut((token.transport - AGENTS) as usize) {
            Some(listener) => Ok(listener.attend(token.key, now_ns)?),
            None => match &mut self.launcher {
                Some(launcher) => Ok(launcher.attend(token, Duration::from_nanos(now_ns))?),
                None => Ok(()),
            },
        }
    }

    /// Sends what is packed.
    pub(super) fn flush(&mut self, now_ns: u64) -> Result<(), Error> {
        self.feed()?;
        for listener in &mut self.listeners {
            listener.flush(now_ns)?;
        }
        let mut peers = self.feeding.iter();
        self.has_room_to_feed = peers.any(|(listener, peer)| {
            self.listeners[*listener].packer(*peer).is_some_and(|it| AgentFeed::has_room(it))
        });
        Ok(())
    }

    /// Packs what waits for room in the packers of its peers.
    fn feed(&mut self) -> Result<(), Error> {
        let mut outcome = Ok(());
        self.feeding.retain(|at| {
            let Some(agent) = self.peers.get_mut(at) else { return false };
            let Some(packer) = self.listeners[at.0].packer(at.1) else { return false };
            let filled = agent.feed.fill(packer, &self.supplement, self.lines.as_ref());
            filled.unwrap_or_else(|error| {
                outcome = Err(error);
                true
            })
        });
        outcome
    }

    /// When there is something to do, if ever.
    pub(super) fn next_due(&self) -> Option<Duration> {
        let due = self.listeners.iter().filter_map(|listener| listener.next_due_ns()).min();
        let starts = self.launcher.as_ref().and_then(Launcher::next_due);
        match self.has_room_to_feed {
            true => Some(Duration::ZERO),
            false => due.map(Duration::from_nanos).into_iter().chain(starts).min(),
        }
    }

    /// Says goodbye to every agent; [`is_quiet`](Self::is_quiet) when all of it has been delivered.
    pub(super) fn close(&mut self, now_ns: u64) {
        self.is_over = true;
        self.listeners.iter_mut().for_each(|listener| listener.stop_calling());
        let (code, detail) = Leave::Over.code();
        self.seats.clear();
        self.feeding.clear();
        // An admitted peer that has not sent its first frame waits for the farewell, too.
        for (listener, peer) in std::mem::take(&mut self.peers).into_keys() {
            if let Some(packer) = self.listeners[listener].packer(peer) {
                packer.farewell(code, detail);
            }
            self.listeners[listener].close(peer);
        }
        // The run is over, so a failure has no consequence.
        let _ = self.flush(now_ns);
        self.launcher.iter_mut().for_each(Launcher::close);
    }

    /// Whether every agent has received what was sent last, and the programs that started agents have ended.
    pub(super) fn is_quiet(&self) -> bool {
        !self.listeners.iter().any(|listener| listener.is_lingering())
            && self.launcher.as_ref().is_none_or(Launcher::is_quiet)
    }

    /// Packs a heartbeat for every admitted agent, also for one whose first frame this primary does not read
    /// while it stands still.
    pub(super) fn beat_while_standing(&mut self) {
        for (listener, peer) in self.peers.keys() {
            if let Some(packer) = self.listeners[*listener].packer(*peer) {
                packer.heartbeat(Heartbeat::OfPrimary);
            }
        }
    }

    /// The next message at one address, if one has come. Frames of seated agents go to `engine`.
    pub(super) fn next_said(
        &mut self,
        listener: usize,
        engine: &mut Primary,
        now_ns: u64,
    ) -> Result<Option<AgentMessage>, Error> {
        let Some(arrival) = self.listeners.get_mut(listener).and_then(|at| at.next()) else {
            return Ok(None);
        };
        let said = match arrival {
            Arrival::Hello { peer, hello } => {
                let is_call = || Call::decode(hello).is_ok();
                let hello = Hello::decode(hello)
                    .map_err(|misunderstood| answers::misunderstood(&misunderstood, is_call()));
                AgentMessage::Hello(self.receive(listener, peer, hello, now_ns)?)
            }
            Arrival::Gone { peer, why } => match self.peers.get(&(listener, peer)) {
                Some(AdmittedAgent { slot: Some(slot), .. }) => AgentMessage::Gone(*slot, why),
                // Its number may be another's by now, so nothing is closed.
                _ => {
                    self.peers.remove(&(listener, peer));
                    AgentMessage::Nothing
                }
            },
            Arrival::Frame { peer: Some(peer), frame } => {
                match self.peers.get_mut(&(listener, peer)) {
                    Some(AdmittedAgent { slot: Some(slot), .. }) => {
                        self.answered = Some(*slot).filter(|_| has_answers(&frame));
                        AgentMessage::Heard(*slot, engine.hear_agent(*slot, frame, now_ns))
                    }
                    Some(agent) if is_first(&frame) && agent.feed.is_empty() => {
                        if agent.feed.begin(&self.supplement) {
                            self.feeding.insert((listener, peer));
                            AgentMessage::Nothing
                        } else {
                            AgentMessage::First(peer)
                        }
                    }
                    Some(_) => {
                        self.peers.remove(&(listener, peer));
                        self.listeners[listener].close(peer);
                        AgentMessage::Nothing
                    }
                    None => AgentMessage::Nothing,
                }
            }
            _ => AgentMessage::Nothing,
        };
        Ok(Some(said))
    }

    /// Gives a seat to an agent that said its first frame.
    pub(super) fn seat(
        &mut self,
        listener: usize,
        peer: usize,
        engine: &mut Primary,
        now_ns: u64,
    ) -> Result<Option<&AgentSeen>, Error> {
        let at = (listener, peer);
        let Some(joined) = self.peers.get_mut(&at) else { return Ok(None) };
        let name = engine.next_name();
        let slot = engine.agent_joined(joined.workers, WINDOW, now_ns)?;
        joined.slot = Some(slot);
        joined.seen.worker = slot + 1;
        joined.seen.machine = self.machines.join(name, &joined.process);
        self.seats.insert(slot, at);
        Ok(Some(&joined.seen))
    }

    /// Closes the connection to the agent in a seat.
    pub(super) fn hang_up(&mut self, slot: usize) {
        if let Some((listener, peer)) = self.seats.get(&slot) {
            self.listeners[*listener].close(*peer);
        }
    }

    /// Empties a seat; the agent that had it.
    pub(super) fn unseat(&mut self, slot: usize) -> Option<AdmittedAgent> {
        self.peers.remove(&self.seats.remove(&slot)?)
    }

    /// Notes that the agent in a seat was not heard for the limit of silence.
    pub(super) fn note_silent(&mut self, slot: usize) -> Option<&AgentSeen> {
        let peer = self.peers.get_mut(self.seats.get(&slot)?)?;
        peer.is_silent = true;
        Some(&peer.seen)
    }

    /// Notes that the agent in a seat is heard; the agent, if it was silent before.
    pub(super) fn note_awake(&mut self, slot: usize) -> Option<&AgentSeen> {
        let peer = self.peers.get_mut(self.seats.get(&slot)?)?;
        std::mem::take(&mut peer.is_silent).then_some(&peer.seen)
    }

    /// Number of addresses that agents join at.
    pub(super) fn listeners(&self) -> usize {
        self.listeners.len()
    }

    /// Does what the timers of one address ask for.
    pub(super) fn keep_time(&mut self, listener: usize, now_ns: u64) -> Result<(), Error> {
        self.now_ns = now_ns;
        let at = &mut self.listeners[listener];
        at.keep_time(now_ns)?;
        self.strangers.collect(&mut **at);
        Ok(())
    }

    /// Number of connections that were no agents since it was reported last, and the address of the last one with a
    /// wrong key; at most once a minute.
    pub(super) fn take_strangers(&mut self, now: Duration) -> Option<(u64, Option<String>)> {
        self.strangers.take(now)
    }

    /// Whether a refusal is to be reported now, and then how many before it were not.
    pub(super) fn report_refusal(&mut self, now: Duration) -> Option<u64> {
        self.refusals.take(now)
    }

    /// Admits a peer, or refuses it; where it was refused, its address and the reason.
    fn receive(
        &mut self,
        listener: usize,
        peer: usize,
        hello: Result<Hello, String>,
        now_ns: u64,
    ) -> Result<Option<(String, String)>, Error> {
        let address = self.listeners[listener].address(peer);
        let refusal = match hello {
            Ok(_) if self.is_over => {
                Refusal { why: RefusalReason::Over, text: "the job is over".to_owned() }
            }
            Ok(hello) if answers::brings(&hello, self.program) => {
                if self.most.is_some_and(|most| self.peers.len() >= most) {
                    let text = answers::too_many(self.peers.len());
                    let refusal = Refusal { why: RefusalReason::Full, text };
                    self.listeners[listener].refuse(peer, &refusal.encode(), now_ns)?;
                    return Ok(Some((address, refusal.text)));
                }
                self.listeners[listener].admit(peer, &self.welcome, now_ns)?;
                let Hello { workers, pid, boot, host, .. } = hello;
                let is_here = boot == self.boot && boot != [0; 16];
                let process = AgentProcess { host: host.clone(), pid, boot };
                let seen = AgentSeen {
                    worker: 0,
                    workers: workers.get(),
                    host,
                    machine: String::new(),
                    pid,
                    is_here,
                    address,
                };
                let feed = AgentFeed::default();
                let (slot, is_silent) = (None, false);
                let peer_seen = AdmittedAgent { seen, process, workers, slot, is_silent, feed };
                self.peers.insert((listener, peer), peer_seen);
                return Ok(None);
            }
            Ok(hello) => {
                let text = answers::other_program(&hello, (self.program, &self.function));
                Refusal { why: RefusalReason::Program, text }
            }
            Err(text) => Refusal { why: RefusalReason::Version, text },
        };
        self.listeners[listener].refuse(peer, &refusal.encode(), now_ns)?;
        Ok((refusal.why != RefusalReason::Over).then_some((address, refusal.text)))
    }
}

impl Drop for AgentServer {
    /// Tells the agents that the job has ended, however it ended.
    fn drop(&mut self) {
        self.close(self.now_ns);
    }
}

/// Whether a frame has an answer, or a part of one.
fn has_answers(frame: &Frame<'_>) -> bool {
    match &frame.body {
        Body::Answers(answers) => answers.iter().next().is_some(),
        Body::Part(_) => true,
        _ => false,
    }
}

/// Whether it is what an agent says first: that it lives, and nothing else.
fn is_first(frame: &Frame<'_>) -> bool {
    matches!(frame.body, Body::Answers(answers) if answers.iter().next().is_none())
}
