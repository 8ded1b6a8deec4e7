//! AgentServer at the primary: who is let in, what they say, and when they are gone.
//!
//! An agent sits in a slot of the supervisor beyond those of this machine's workers. It has joined with
//! its first frame after it was admitted: until then somebody may have recorded and repeated a hello.

use super::event_loop::EventLoop;
use crate::error::Error;
use crate::job::Job;
use crate::observe::{AgentSeen, Observation, Parting};
use crate::process::limits;
use crate::silence::Silence;
use crate::transport::{Arrival, Gone, Reception, Registry, Token};
use evenly_core::agent::Leave;
use evenly_core::frame::{Frame, Heartbeat, Packer};
use evenly_core::hello::{Hello, Misunderstood, Program, Refusal, Welcome, Why};
use evenly_core::printable::{LIMIT, printable};
use evenly_core::{Fault, Heard};
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

/// The first of the numbers of transports that agents join through.
pub(super) const AGENTS: u32 = 3;

/// The most chunks that one agent may hold: so many entries wait for it in memory, at most.
const WINDOW: usize = 8192;

/// How often strangers are told of, at most.
const STRANGERS: Duration = Duration::from_secs(60);

/// The fewest connections at one address that agents can work with: one that has not said hello, one
/// agent, and those that still have to receive the end of the job.
const FEWEST_CONNECTIONS: usize = 4;

/// Descriptors that agents leave to others: a worker is replaced with four, and files of the journal, of
/// logs and of /proc are opened now and then.
const SPARE_DESCRIPTORS: usize = 12;

/// Everybody who has come from elsewhere.
#[derive(Default)]
pub(super) struct AgentServer {
    receptions: Vec<Box<dyn Reception>>,
    /// The limit on open files leaves room for this many agents; `None` without a limit.
    most: Option<usize>,
    /// By reception and the number that it gives to a peer.
    peers: BTreeMap<(usize, usize), Peer>,
    /// By slot: who sits there.
    seats: BTreeMap<usize, (usize, usize)>,
    welcome: Vec<u8>,
    /// Whether there is nothing left to do.
    is_over: bool,
    /// What an agent must have been started with, and what it is called.
    program: Program,
    function: String,
    boot: [u8; 16],
    next_heartbeat: Duration,
    silence: Silence,
    /// The last time that was told.
    now_ns: u64,
    /// When strangers may be told of again, and how many there have been since.
    next_strangers: Duration,
    strangers: u64,
}

/// Somebody who was admitted.
struct Peer {
    /// What it is told as; its number is right once it has a seat.
    seen: AgentSeen,
    workers: NonZeroU32,
    slot: Option<usize>,
    is_silent: bool,
}

/// What one arrival comes to, without the bytes that it came in.
enum Said {
    Hello(usize, Result<Hello, Misunderstood>),
    Heard(usize, Result<Heard, Fault>),
    First(usize),
    /// Its first word is not what an agent says first.
    Impostor(usize),
    Gone(usize, Gone),
    Nothing,
}

impl AgentServer {
    /// Begins to listen wherever the job says.
    pub(super) fn listen(job: &Job, registry: &Registry) -> Result<Self, Error> {
        let registry = |index| registry.also(AGENTS + index as u32);
        let receptions = job.entrances.open(job.silence, registry)?;
        // Where nobody can come, nothing is prepared for who does.
        let (welcome, boot) = match receptions.is_empty() {
            true => (Vec::new(), [0; 16]),
            false => (welcome(job)?.encode(), boot()),
        };
        Ok(Self {
            receptions,
            most: None,
            peers: BTreeMap::new(),
            seats: BTreeMap::new(),
            welcome,
            is_over: false,
            program: job.function.program(),
            function: job.function.name().to_owned(),
            boot,
            next_heartbeat: job.silence.heartbeat(),
            silence: job.silence,
            now_ns: 0,
            next_strangers: Duration::ZERO,
            strangers: 0,
        })
    }

    /// How many descriptors agents need at least.
    pub(super) fn fewest_descriptors(&self) -> usize {
        self.receptions.len() * FEWEST_CONNECTIONS
    }

    /// Divides what the limit on open files still allows among the addresses. Called when all workers
    /// and files have their descriptors.
    pub(super) fn share_descriptors(&mut self) {
        if self.receptions.is_empty() {
            return;
        }
        let Some(free) = limits::free_descriptors() else { return };
        let each = free.saturating_sub(SPARE_DESCRIPTORS) / self.receptions.len();
        let each = each.max(FEWEST_CONNECTIONS);
        self.receptions.iter_mut().for_each(|reception| reception.limit_connections(each));
        // A quarter is kept for those that have not said hello.
        self.most = Some(self.receptions.len() * (each - each / 4));
    }

    /// Where they may join.
    pub(super) fn addresses(&self) -> impl Iterator<Item = String> + '_ {
        self.receptions.iter().map(|reception| reception.listens_at())
    }

    /// Who sits in a slot.
    pub(super) fn seen(&self, slot: usize) -> Option<&AgentSeen> {
        self.seats.get(&slot).and_then(|at| self.peers.get(at)).map(|peer| &peer.seen)
    }

    /// Where frames to the agent in a slot are packed.
    pub(super) fn packer(&mut self, slot: usize) -> Option<&mut Packer> {
        let (reception, peer) = self.seats.get(&slot)?;
        self.receptions[*reception].packer(*peer)
    }

    /// Does what a ready descriptor asks for.
    pub(super) fn attend(&mut self, token: Token, now_ns: u64) -> Result<(), Error> {
        match self.receptions.get_mut((token.transport - AGENTS) as usize) {
            Some(reception) => Ok(reception.attend(token.key, now_ns)?),
            None => Ok(()),
        }
    }

    /// Sends what is packed.
    pub(super) fn flush(&mut self, now_ns: u64) -> Result<(), Error> {
        self.receptions.iter_mut().try_for_each(|reception| Ok(reception.flush(now_ns)?))
    }

    /// When there is something to do, if ever.
    pub(super) fn next_due(&self) -> Option<Duration> {
        if self.receptions.is_empty() {
            return None;
        }
        let due = self.receptions.iter().filter_map(|reception| reception.next_due_ns()).min();
        [due.map(Duration::from_nanos), Some(self.next_heartbeat)].into_iter().flatten().min()
    }

    /// Says goodbye to everybody; [`is_quiet`](Self::is_quiet) when all of it has been delivered.
    pub(super) fn close(&mut self, now_ns: u64) {
        self.is_over = true;
        let (code, detail) = Leave::Over.code();
        self.seats.clear();
        // Whoever was admitted and has said no first word yet waits for a word, too.
        for (reception, peer) in std::mem::take(&mut self.peers).into_keys() {
            if let Some(packer) = self.receptions[reception].packer(peer) {
                packer.farewell(code, detail);
            }
            self.receptions[reception].close(peer);
        }
        // Whatever fails now, nobody waits for it.
        let _ = self.flush(now_ns);
    }

    /// Whether everybody has got what was sent last.
    pub(super) fn is_quiet(&self) -> bool {
        !self.receptions.iter().any(|reception| reception.is_lingering())
    }

    /// Packs for everybody that this primary lives.
    pub(super) fn beat(&mut self) {
        for (reception, peer) in self.seats.values() {
            if let Some(packer) = self.receptions[*reception].packer(*peer) {
                packer.heartbeat(Heartbeat::OfPrimary);
            }
        }
    }

    /// Packs a heartbeat for every admitted agent, also for one whose first frame this primary does not read
    /// while it stands still.
    pub(super) fn beat_while_standing(&mut self) {
        for (reception, peer) in self.peers.keys() {
            if let Some(packer) = self.receptions[*reception].packer(*peer) {
                packer.heartbeat(Heartbeat::OfPrimary);
            }
        }
    }

    /// Forgets whoever sat in a slot.
    fn unseat(&mut self, slot: usize) -> Option<Peer> {
        self.peers.remove(&self.seats.remove(&slot)?)
    }

    /// Lets somebody in, or not, and says why.
    fn receive(
        &mut self,
        reception: usize,
        peer: usize,
        hello: Result<Hello, Misunderstood>,
        now_ns: u64,
    ) -> Result<Option<(String, String)>, Error> {
        let address = self.receptions[reception].address(peer);
        let refusal = match hello {
            Ok(_) if self.is_over => Refusal { why: Why::Over, text: "the job is over".to_owned() },
            Ok(hello) if hello.program == self.program => {
                if self.most.is_some_and(|most| self.peers.len() >= most) {
                    let text = too_many(self.peers.len());
                    let refusal = Refusal { why: Why::Full, text };
                    self.receptions[reception].refuse(peer, &refusal.encode(), now_ns)?;
                    return Ok(Some((address, refusal.text)));
                }
                self.receptions[reception].admit(peer, &self.welcome, now_ns)?;
                let Hello { workers, pid, boot, host, .. } = hello;
                let is_here = boot == self.boot && boot != [0; 16];
                let seen =
                    AgentSeen { worker: 0, workers: workers.get(), host, pid, is_here, address };
                let peer_seen = Peer { seen, workers, slot: None, is_silent: false };
                self.peers.insert((reception, peer), peer_seen);
                return Ok(None);
            }
            Ok(hello) => {
                let text = other_program(&hello, (self.program, &self.function));
                Refusal { why: Why::Program, text }
            }
            Err(misunderstood) => Refusal { why: Why::Version, text: misunderstood.to_string() },
        };
        self.receptions[reception].refuse(peer, &refusal.encode(), now_ns)?;
        Ok((refusal.why != Why::Over).then_some((address, refusal.text)))
    }
}

impl Drop for AgentServer {
    /// However the job ended, its agents are told that it has.
    fn drop(&mut self) {
        self.close(self.now_ns);
    }
}

impl EventLoop<'_> {
    /// Hears what has come through one reception.
    pub(super) fn hear_agents(&mut self, reception: usize) -> Result<(), Error> {
        let now_ns = self.clock.now_ns();
        loop {
            let Some(at) = self.agents.receptions.get_mut(reception) else { return Ok(()) };
            let Some(arrival) = at.next() else { break };
            let said = match arrival {
                Arrival::Hello { peer, hello } => Said::Hello(peer, Hello::decode(hello)),
                Arrival::Gone { peer, why } => Said::Gone(peer, why),
                Arrival::Frame { peer: Some(peer), frame } => {
                    match self.agents.peers.get(&(reception, peer)) {
                        Some(Peer { slot: Some(slot), .. }) => {
                            let heard =
                                self.engine.supervisor_mut().hear_agent(*slot, frame, now_ns);
                            Said::Heard(*slot, heard)
                        }
                        Some(_) if is_first(&frame) => Said::First(peer),
                        Some(_) => Said::Impostor(peer),
                        None => Said::Nothing,
                    }
                }
                _ => Said::Nothing,
            };
            self.answer(reception, said, now_ns)?;
        }
        self.tell_pieces();
        Ok(())
    }

    fn answer(&mut self, reception: usize, said: Said, now_ns: u64) -> Result<(), Error> {
        match said {
            Said::Hello(peer, hello) => {
                let refused = self.agents.receive(reception, peer, hello, now_ns)?;
                if let Some((address, why)) = refused {
                    let refused = Observation::AgentRefused { address: &address, why: &why };
                    self.observer.observe(&refused);
                }
                Ok(())
            }
            Said::First(peer) => self.seat_agent(reception, peer, now_ns),
            Said::Heard(slot, Ok(Heard::Farewell { call, errno, .. })) => {
                let leave = Leave::from_code(call, errno);
                self.dismiss_agent(slot, Parting::Left(leave))?;
                match leave {
                    Leave::Untrusted => Err(Error::Untrusted { worker: slot + 1 }),
                    _ => Ok(()),
                }
            }
            Said::Heard(slot, Ok(_)) => {
                self.note_awake(slot);
                Ok(())
            }
            Said::Heard(slot, Err(Fault::Run { violation, .. })) => {
                Err(self.contradiction(slot, violation))
            }
            Said::Heard(slot, Err(Fault::Worker { violation, .. })) => {
                self.dismiss_agent(slot, Parting::Said(violation))
            }
            Said::Heard(slot, Err(Fault::UnknownName)) => {
                self.dismiss_agent(slot, Parting::Gone(Gone::Forged))
            }
            Said::Gone(peer, why) => match self.agents.peers.get(&(reception, peer)) {
                Some(Peer { slot: Some(slot), .. }) => self.lose_agent(*slot, Parting::Gone(why)),
                // Its number may be another's by now, so nothing is closed.
                _ => {
                    self.agents.peers.remove(&(reception, peer));
                    Ok(())
                }
            },
            Said::Impostor(peer) => {
                self.agents.peers.remove(&(reception, peer));
                self.agents.receptions[reception].close(peer);
                Ok(())
            }
            Said::Nothing => Ok(()),
        }
    }

    /// An agent has said its first word.
    fn seat_agent(&mut self, reception: usize, peer: usize, now_ns: u64) -> Result<(), Error> {
        let at = (reception, peer);
        let Some(joined) = self.agents.peers.get_mut(&at) else { return Ok(()) };
        let slot = self.engine.supervisor_mut().welcome(joined.workers, WINDOW, now_ns)?;
        joined.slot = Some(slot);
        joined.seen.worker = slot + 1;
        self.observer.observe(&Observation::AgentJoined(&joined.seen));
        let seen = joined.seen.clone();
        self.agents.seats.insert(slot, at);
        self.show_agent(&seen)
    }

    /// Ends the connection to an agent, and gives what it had to others.
    fn dismiss_agent(&mut self, slot: usize, why: Parting) -> Result<(), Error> {
        if let Some((reception, peer)) = self.agents.seats.get(&slot).copied() {
            self.agents.receptions[reception].close(peer);
        }
        self.lose_agent(slot, why)
    }

    fn lose_agent(&mut self, slot: usize, why: Parting) -> Result<(), Error> {
        let Some(lost) = self.agents.unseat(slot) else { return Ok(()) };
        self.losses += u64::from(!matches!(why, Parting::Left(_)));
        self.stages.note_agent_lost(slot);
        // Whatever ended it, nobody knows that it was one of its chunks: those that end workers end
        // those of the agent, not the agent.
        let reclaimed = self.engine.supervisor_mut().lose(slot, None, self.clock.now_ns())?;
        self.tell_pieces();
        let lost = Observation::AgentLost { agent: &lost.seen, why, reclaimed };
        self.observer.observe(&lost);
        Ok(())
    }

    /// Tells of an agent that has lost what it had by not being heard.
    pub(super) fn tell_silent_agent(&mut self, slot: usize, reclaimed: (usize, u128)) {
        self.tell_pieces();
        let Some(at) = self.agents.seats.get(&slot) else { return };
        if let Some(peer) = self.agents.peers.get_mut(at) {
            peer.is_silent = true;
            let silent = Observation::AgentSilent {
                agent: &peer.seen,
                limit: self.job.silence.limit(),
                reclaimed,
            };
            self.observer.observe(&silent);
        }
    }

    /// Tells of an agent that is heard again.
    fn note_awake(&mut self, slot: usize) {
        let Some(at) = self.agents.seats.get(&slot) else { return };
        if let Some(peer) = self.agents.peers.get_mut(at)
            && std::mem::take(&mut peer.is_silent)
        {
            self.observer.observe(&Observation::AgentAwake(&peer.seen));
        }
    }

    /// Does what is due at the receptions: timers, heartbeats, a word about strangers.
    pub(super) fn keep_time_of_agents(&mut self) -> Result<(), Error> {
        let (now, now_ns) = (self.clock.elapsed(), self.clock.now_ns());
        self.agents.now_ns = now_ns;
        let count = self.agents.receptions.len();
        for reception in 0..count {
            let at = &mut self.agents.receptions[reception];
            at.keep_time(now_ns)?;
            self.agents.strangers += at.take_strangers();
            self.hear_agents(reception)?;
        }
        let agents = &mut self.agents;
        if agents.strangers > 0 && agents.next_strangers <= now {
            agents.next_strangers = now + STRANGERS;
            let count = std::mem::take(&mut agents.strangers);
            self.observer.observe(&Observation::Strangers { count });
        }
        if agents.next_heartbeat <= now {
            agents.next_heartbeat = now + agents.silence.heartbeat();
            agents.beat();
        }
        Ok(())
    }
}

/// The refusal of an agent for which the primary has no descriptor.
fn too_many(agents: usize) -> String {
    format!(
        "the primary has {agents} agents and no descriptor for another; \
         raise its limit on open files (ulimit -Hn), or let fewer agents have more workers each"
    )
}

/// What is said to an agent that was started with something else than this job needs; both are named.
fn other_program(hello: &Hello, (program, function): (Program, &str)) -> String {
    let theirs = match hello.program_name.as_str() {
        "" => "a program of its own".to_owned(),
        name => printable(name.as_bytes(), LIMIT),
    };
    let ours = printable(function.as_bytes(), LIMIT);
    match (hello.program, program) {
        (Program::None, _) => {
            format!("the agent was started without a program, and this job needs {ours}")
        }
        (_, Program::None) => format!(
            "the agent was started with {theirs}, and this job asks for {ours}, which needs no program"
        ),
        _ if function.ends_with(&hello.program_name) => {
            format!("{ours} is not the same file for the agent as for this job")
        }
        _ => format!("the agent was started with {theirs}, and this job needs {ours}"),
    }
}

/// Whether it is what an agent says first: that it lives, and nothing else.
fn is_first(frame: &Frame<'_>) -> bool {
    use evenly_core::frame::Body;
    matches!(frame.body, Body::Answers(answers) if answers.iter().next().is_none())
}

/// What every agent is told.
fn welcome(job: &Job) -> Result<Welcome, Error> {
    let mut bytes = [0; 8];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .map_err(|cause| Error::CannotStart { call: "getrandom", cause })?;
    Ok(Welcome {
        job: u64::from_le_bytes(bytes),
        aggregate: job.aggregate,
        retries: job.retries,
        range: job.range.interval(),
        timeout_ns: job
            .timeout
            .map_or(0, |timeout| timeout.as_nanos().clamp(1, u64::MAX.into()) as u64),
        grace_ns: u64::try_from(job.grace.as_nanos()).unwrap_or(u64::MAX),
        memory: job.memory.unwrap_or(0),
        program: job.function.program(),
        function: job.function.name().to_owned(),
    })
}

/// Which boot of which kernel this is (proc(5), `boot_id`), and which pid namespace: between two who say
/// the same, the number of a process means the same. Zero if the kernel does not say.
pub(super) fn boot() -> [u8; 16] {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    let namespace = rustix::fs::stat("/proc/self/ns/pid").map(|stat| stat.st_ino);
    match (u128::from_str_radix(&digits, 16), namespace) {
        (Ok(boot), Ok(namespace)) => (boot ^ u128::from(namespace)).to_be_bytes(),
        _ => [0; 16],
    }
}
