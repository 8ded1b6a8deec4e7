//! This process as an agent that waits to be called: it admits one primary after the other, and works for it.
//!
//! A caller proves with its first frame that it is there now; its call alone may be the replay of a recorded one. So a caller
//! gets the hello of this agent, and the first one whose welcome arrives is the primary.

mod caller_connection;

use super::job::{Brought, has_texts};
use super::pauses::Pauses;
use super::search::{PrimarySearch, host};
use super::supplement::SupplementRead;
use crate::driver::agent_client::AgentEnd;
use crate::driver::agent_server::boot;
use crate::driver::refusal_report::RefusalReport;
use crate::driver::stranger_report::StrangerReport;
use crate::driver::tokens::AGENTS;
use crate::error::Error;
use crate::join::JoinError;
use crate::observe::Observation;
use crate::secure::Key;
use crate::transport::call_answer::CallAnswer;
use crate::transport::{Arrival, Listener, listen_for_primaries};
use caller_connection::CallerConnection;
use evenly_core::frame::Body;
use evenly_core::hello::{Call, Hello, Program, Refusal, RefusalReason, Supplement, Welcome};
use evenly_core::printable::{LIMIT, printable};
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

/// Most connections at once.
const MOST_CONNECTIONS: usize = 256;

/// Longest wait without a look at the timers of connections.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Works for one primary after the other that calls, until a signal ends this process.
pub(super) fn serve_callers(
    search: &mut PrimarySearch<'_>,
    keys: &[Key],
    brought: &mut Brought,
) -> Result<(), JoinError> {
    let join = search.join;
    if join.address.needs_key() && keys.is_empty() {
        return Err(JoinError::NoKey);
    }
    let (silence, registry) = (join.worker_settings.silence, search.registry.also(AGENTS));
    let mut listener = listen_for_primaries(&join.address, keys, silence, registry)?;
    listener.limit_connections(MOST_CONNECTIONS);
    if let Some(address) = listener.listens_at() {
        search.observer.observe(&Observation::Listening { address: &address });
    }
    let mut reports = (StrangerReport::default(), RefusalReport::default());
    let mut pauses = Pauses::default();
    loop {
        let mut callers = Callers { listener: &mut *listener, waiting: BTreeMap::new() };
        let (peer, primary) = callers.next(search, brought, &mut reports)?;
        let others = callers.waiting.into_keys().collect();
        let address = listener.address(peer);
        let mut connection = CallerConnection::new(&mut *listener, peer, &primary.call, others);
        let end = search.serve_caller((&mut connection, &address), primary.welcome, brought);
        drop(connection);
        // One that came while a job was ending anyway.
        if let Some(signal) = search.signals.end() {
            return Err(Error::Interrupted(signal).into());
        }
        let why = match end {
            Ok(AgentEnd::Over) => {
                pauses = Pauses::default();
                continue;
            }
            Ok(AgentEnd::Signal(signal)) => return Err(Error::Interrupted(signal).into()),
            Ok(AgentEnd::Lost(why)) => format!("lost the primary at {address}: {why}"),
            Ok(AgentEnd::Protocol(malformed)) => JoinError::Nonsense(malformed).to_string(),
            Err(error) if error.is_of_one_job() => error.to_string(),
            Err(error) => return Err(error),
        };
        if pauses.is_news(&why) {
            search.observer.observe(&Observation::PassedOver { why: &why });
        }
    }
}

impl PrimarySearch<'_> {
    /// Works for a primary that has called and sent its welcome.
    fn serve_caller(
        &mut self,
        (connection, address): (&mut CallerConnection<'_>, &str),
        welcome: Welcome,
        brought: &mut Brought,
    ) -> Result<AgentEnd, JoinError> {
        match self.read_parts(connection, welcome.supplement as usize)? {
            SupplementRead::Whole(bytes) => {
                let supplement = Supplement::decode(&bytes, welcome.range)?;
                self.serve((connection, address), (welcome, supplement), brought)
            }
            SupplementRead::Over => Ok(AgentEnd::Over),
            SupplementRead::Failed(why) => Ok(AgentEnd::Lost(why)),
        }
    }

    /// The hello to a primary that needs a program which this agent has.
    fn hello(&self, call: &Call) -> Hello {
        let workers = NonZeroU32::new(self.join.worker_settings.workers());
        let program_name = match call.program {
            Program::None => String::new(),
            _ => call.function.clone(),
        };
        Hello {
            workers: workers.unwrap_or(NonZeroU32::MIN),
            pid: std::process::id(),
            boot: boot(),
            program: call.program,
            host: host(),
            program_name,
        }
    }

    /// Why a call is refused, if it is.
    fn objection(&self, call: &Call, brought: &Brought) -> Option<Refusal> {
        let is_allowed = match call.program {
            Program::None => true,
            Program::Executable(_) => self.own_program() == Some(call.program),
            Program::Command(_) | Program::Library(_) => brought.has(call.program),
        };
        let has_texts = !self.join.takes_texts && has_texts(&call.function);
        if is_allowed && has_texts && matches!(call.program, Program::Command(_)) {
            let text = JoinError::Texts { name: call.function.clone() }.to_string();
            return Some(Refusal { why: RefusalReason::Program, text });
        }
        if is_allowed {
            return None;
        }
        let asked = printable(call.function.as_bytes(), LIMIT);
        let text = match call.program {
            Program::Executable(_) => format!(
                "{asked} is a function of an executable that this agent is not; start that executable as the agent"
            ),
            _ if brought.has_name(&call.function) => {
                format!("{asked} is not the same file for this agent as for the job")
            }
            Program::Library(_) => format!(
                "this agent does not allow the library of {asked}; start it with --allow-lib FILE.so:SYMBOL"
            ),
            _ => format!("this agent does not allow {asked}; start it with --allow 'CMD...'"),
        };
        Some(Refusal { why: RefusalReason::Program, text })
    }
}

/// Primaries that have called, until one of them has sent its welcome.
struct Callers<'a> {
    listener: &'a mut dyn Listener,
    /// Those that have the hello of this agent, by the number of their connection.
    waiting: BTreeMap<usize, (Call, CallAnswer)>,
}

/// A primary that has admitted this agent.
struct CallingPrimary {
    call: Call,
    welcome: Welcome,
}

/// What has come, without the bytes that it came in.
enum Said {
    /// A call, or why it is not understood.
    Call(usize, Result<Call, String>),
    /// The welcome or the refusal of a caller.
    Answer(usize, bool, Vec<u8>),
    Nonsense(usize),
    Gone(usize),
    Nothing,
}

impl Callers<'_> {
    /// The next primary to work for, and its connection.
    fn next(
        &mut self,
        search: &mut PrimarySearch<'_>,
        brought: &Brought,
        (strangers, refusals): &mut (StrangerReport, RefusalReport),
    ) -> Result<(usize, CallingPrimary), JoinError> {
        let failed = |failed: crate::transport::TransportError| Error::from(failed);
        loop {
            while let Some(said) = self.hear() {
                if let Some(found) = self.answer(said, search, brought, refusals)? {
                    return Ok(found);
                }
            }
            self.listener.flush(search.clock.now_ns()).map_err(failed)?;
            let longest = search.clock.elapsed() + LONGEST_WAIT;
            let due = self.listener.next_due_ns().map_or(longest, Duration::from_nanos);
            let ready = search.wait(due.min(longest))?;
            let now_ns = search.clock.now_ns();
            for token in ready {
                self.listener.attend(token.key, now_ns).map_err(failed)?;
            }
            self.listener.keep_time(now_ns).map_err(failed)?;
            strangers.collect(self.listener);
            if let Some((count, wrong_key)) = strangers.take(search.clock.elapsed()) {
                let wrong_key = wrong_key.as_deref();
                search.observer.observe(&Observation::Strangers { count, wrong_key });
            }
        }
    }

    /// What has come next.
    fn hear(&mut self) -> Option<Said> {
        Some(match self.listener.next()? {
            Arrival::Hello { peer, hello } => Said::Call(peer, understood(hello)),
            Arrival::Gone { peer, .. } => Said::Gone(peer),
            Arrival::Frame { peer: Some(peer), frame } => {
                match (self.waiting.get_mut(&peer), frame.body) {
                    (Some((_, answer)), Body::Supplement(part)) => match answer.take(part) {
                        Ok(Some((is_admitted, text))) => {
                            Said::Answer(peer, is_admitted, text.to_vec())
                        }
                        Ok(None) => Said::Nothing,
                        Err(_) => Said::Nonsense(peer),
                    },
                    // A heartbeat.
                    (Some(_), Body::Assignments(rows)) if rows.is_empty() => Said::Nothing,
                    _ => Said::Nonsense(peer),
                }
            }
            _ => Said::Nothing,
        })
    }

    /// Answers what has come; the primary, if it has admitted this agent.
    fn answer(
        &mut self,
        said: Said,
        search: &mut PrimarySearch<'_>,
        brought: &Brought,
        refusals: &mut RefusalReport,
    ) -> Result<Option<(usize, CallingPrimary)>, Error> {
        let now_ns = search.clock.now_ns();
        match said {
            Said::Call(peer, call) => {
                let objection = match &call {
                    Ok(call) => search.objection(call, brought),
                    Err(text) => Some(Refusal { why: RefusalReason::Version, text: text.clone() }),
                };
                match (call, objection) {
                    (Ok(call), None) => {
                        let hello = search.hello(&call).encode();
                        self.listener.admit(peer, &hello, now_ns)?;
                        self.waiting.insert(peer, (call, CallAnswer::default()));
                    }
                    (_, objection) => {
                        let address = self.listener.address(peer);
                        let refusal = objection.map(|refusal| (refusal.encode(), refusal.text));
                        let (bytes, why) = refusal.unwrap_or_default();
                        self.listener.refuse(peer, &bytes, now_ns)?;
                        if let Some(unreported) = refusals.take(search.clock.elapsed()) {
                            let (address, why) = (&address, &why);
                            let refused = Observation::AgentRefused { address, why, unreported };
                            search.observer.observe(&refused);
                        }
                    }
                }
            }
            Said::Answer(peer, true, text) => {
                let Some((call, _)) = self.waiting.remove(&peer) else { return Ok(None) };
                match Welcome::decode(&text) {
                    Ok(welcome) => return Ok(Some((peer, CallingPrimary { call, welcome }))),
                    Err(misunderstood) => {
                        let why = JoinError::from(misunderstood).to_string();
                        search.observer.observe(&Observation::PassedOver { why: &why });
                        self.listener.close(peer);
                    }
                }
            }
            Said::Answer(peer, false, text) => {
                let address = self.listener.address(peer);
                self.waiting.remove(&peer);
                self.listener.close(peer);
                match Refusal::decode(&text) {
                    Ok(Refusal { why, text }) if why != RefusalReason::Over => {
                        let text = printable(text.as_bytes(), LIMIT);
                        let why = format!("{address} refuses this agent: {text}");
                        search.observer.observe(&Observation::PassedOver { why: &why });
                    }
                    _ => {}
                }
            }
            Said::Nonsense(peer) => {
                self.waiting.remove(&peer);
                self.listener.close(peer);
            }
            Said::Gone(peer) => {
                self.waiting.remove(&peer);
            }
            Said::Nothing => {}
        }
        Ok(None)
    }
}

/// A call, or the text for its author.
fn understood(bytes: &[u8]) -> Result<Call, String> {
    Call::decode(bytes).map_err(|misunderstood| match Hello::decode(bytes) {
        Ok(_) => {
            "an agent waits here to be called, and no primary listens; a primary calls it with --on"
                .to_owned()
        }
        Err(_) => misunderstood.to_string(),
    })
}
