//! Calls of a primary to one agent that waits at an address: connects, admits, and calls again with back-off.
//!
//! The primary dials, and the agent answers with its hello ([`Call`](evenly_core::hello::Call)). From then on the agent is
//! a peer like any other that joined.

use super::call_answer;
use super::host_lookup::{HostLookup, LOOKUP_KEY};
use super::{Address, AddressError, AddressKind, Arrival, FailedCall, Gone, Listener};
use super::{Registry, Transport, TransportError, connect};
use crate::secure::Key;
use crate::secure::noise::Dialer;
use evenly_core::frame::Packer;
use evenly_core::hello::{Refusal, RefusalReason};
use evenly_core::printable::{LIMIT, printable};
use rustix::io::Errno;
use std::net::SocketAddr;
use std::time::Duration;

/// The only peer.
const AGENT: usize = 0;

/// The longest pause between two calls, and that to an agent which works for another primary.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
const LONGEST_BUSY_PAUSE: Duration = Duration::from_secs(5);

/// Pause after a connection that was closed during the handshake: a second one means a wrong key, and one alone an agent
/// that ended at that moment.
const CLOSED_PAUSE: Duration = Duration::from_millis(200);
const CLOSED_IN_A_ROW: u32 = 2;

/// An agent that worked for this long begins with short pauses when it is lost.
const HAS_WORKED: Duration = Duration::from_secs(60);

/// One agent that is called.
pub(crate) struct Caller {
    address: Address,
    /// What the address was resolved to, to be tried one after the other; a path as it is.
    places: Vec<Address>,
    /// Why the last lookup of a name failed; its former places are called then.
    lookup_failure: Option<String>,
    has_called: bool,
    keys: Vec<Key>,
    call: Vec<u8>,
    registry: Registry,
    stage: CallStage,
    connection: Option<Box<dyn Transport>>,
    /// How many of the places were tried since the last pause.
    tried: usize,
    /// Calls in a row that led to no work of [`HAS_WORKED`].
    failures: u32,
    /// Connections in a row that were closed during the handshake.
    closed: u32,
    has_answered: bool,
    /// When the agent joined last.
    joined_ns: Option<u64>,
    /// The reason that was reported last.
    reported: Option<String>,
    failed: Option<FailedCall>,
    is_stopped: bool,
    /// The time of the last call.
    now_ns: u64,
}

/// Stage of a call.
#[derive(Debug)]
enum CallStage {
    /// The agent is called at this time.
    Waiting { until_ns: u64 },
    /// The name of the host is looked up again, before it is called.
    LookingUp(HostLookup),
    /// The agent has not answered yet.
    Calling,
    /// The run has the hello of the agent.
    Answered,
    /// The rest of the packed frames is being sent, then the end.
    Ending(AfterCall),
    /// The connection is dropped with the next call: what was read from it may still be borrowed.
    Leaving(AfterCall),
    /// The agent is not called any more.
    GivenUp,
}

/// What follows a call.
#[derive(Clone, Debug)]
enum AfterCall {
    /// What the loss of the connection leads to; `is_known`: the run had the hello of the agent.
    Loss { why: Gone, is_known: bool },
    /// The next place, or this one once more, after this pause.
    Next(Duration),
    /// A pause of at most this length; the reason, unless the run knows it.
    Again { why: Option<String>, longest: Duration },
    /// Nothing; the reason, unless the run knows it.
    Nothing(Option<String>),
}

impl AfterCall {
    fn again(why: String) -> Self {
        Self::Again { why: Some(why), longest: LONGEST_PAUSE }
    }
}

impl Caller {
    /// Calls the agent at this address from the first [`keep_time`](Transport::keep_time) on. The name of a host is looked
    /// up now, which may take seconds, and by a child process before each further round of calls.
    pub(crate) fn new(
        address: &Address,
        keys: &[Key],
        call: &[u8],
        registry: Registry,
    ) -> Result<Self, AddressError> {
        let mut places: Vec<_> = address.places(&address.resolve()?);
        if places.is_empty() {
            places.push(address.clone());
        }
        Ok(Self {
            address: address.clone(),
            places,
            lookup_failure: None,
            has_called: false,
            keys: if address.needs_key() { keys.to_vec() } else { Vec::new() },
            call: call.to_vec(),
            registry,
            stage: CallStage::Waiting { until_ns: 0 },
            connection: None,
            tried: 0,
            failures: 0,
            closed: 0,
            has_answered: false,
            joined_ns: None,
            reported: None,
            failed: None,
            is_stopped: false,
            now_ns: 0,
        })
    }

    /// Begins a call, or the lookup before it.
    fn begin(&mut self) {
        if !self.has_called || self.tried > 0 || !self.address.has_host_name() {
            self.dial();
            return;
        }
        match HostLookup::start(&self.address, &self.registry, self.now_ns) {
            Ok(lookup) => self.stage = CallStage::LookingUp(lookup),
            Err(cause) => self.end_lookup(Err(cause)),
        }
    }

    /// Calls the host if its lookup is over.
    fn follow_lookup(&mut self) {
        let CallStage::LookingUp(lookup) = &self.stage else { return };
        let Some(found) = lookup.result(self.now_ns) else { return };
        lookup.leave(&self.registry);
        self.end_lookup(found);
    }

    fn end_lookup(&mut self, found: Result<Vec<SocketAddr>, String>) {
        self.lookup_failure = match found {
            Ok(places) => {
                self.places = self.address.places(&places);
                None
            }
            Err(cause) => Some(cause),
        };
        self.dial();
    }

    fn dial(&mut self) {
        self.has_called = true;
        let place = &self.places[self.tried % self.places.len()];
        self.tried += 1;
        // While a key is being replaced, the agent may have the other one.
        let turn = self.closed as usize % self.keys.len().max(1);
        let key = self.keys.get(turn).map(|key| (key, Dialer::Primary));
        let registry = self.registry.clone();
        match connect((place, None), key, &self.call, registry, self.now_ns) {
            Ok(connection) => {
                self.connection = Some(connection);
                self.stage = CallStage::Calling;
            }
            Err(error) => self.follow(AfterCall::again(format!("cannot call it: {error}"))),
        }
    }

    /// What follows a connection that is gone.
    fn after_loss(&mut self, why: Gone, is_known: bool) -> AfterCall {
        if is_known {
            // The run reports the loss of an agent that has joined.
            let has_joined = self.joined_ns.is_some();
            let why =
                (!has_joined).then(|| format!("it did not join the job: {why}{}", why.next_step()));
            return AfterCall::Again { why, longest: LONGEST_PAUSE };
        }
        let is_closed = why == Gone::EndOfFile || why == Gone::broken(Errno::CONNRESET);
        if is_closed && self.address.needs_key() && !self.has_answered {
            self.closed += 1;
            if self.closed < CLOSED_IN_A_ROW.max(self.keys.len() as u32) {
                self.tried = self.tried.saturating_sub(1);
                return AfterCall::Next(CLOSED_PAUSE);
            }
            return AfterCall::Nothing(Some(
                "wrong key: it closes the connection without an answer; run the line that 'evenly key show' prints \
                 here on that machine (or no 'evenly agent' listens there)"
                    .to_owned(),
            ));
        }
        if !self.has_answered {
            self.closed = 0;
        }
        if self.tried < self.places.len() {
            return AfterCall::Next(Duration::ZERO);
        }
        AfterCall::again(match why {
            // Routers drop what is too long, and what they say about that is ignored: any host can forge it.
            Gone::Silent if self.address.kind() == AddressKind::Udp => {
                "no answer: a firewall drops the packets, no 'evenly agent' listens there, it has another key, or the \
                 network does not carry datagrams of 1200 bytes (tcp needs none)"
                    .to_owned()
            }
            Gone::Silent if self.address.needs_key() => {
                "no answer: a firewall drops the packets, no 'evenly agent' listens there, or it has another key"
                    .to_owned()
            }
            why if !why.next_step().is_empty() => format!("{why}{}", why.next_step()),
            why => format!("{why}; does 'evenly agent --listen' run there?"),
        })
    }

    /// Does what follows a call, and drops its connection.
    fn follow(&mut self, after: AfterCall) {
        self.connection = None;
        let after = match after {
            AfterCall::Loss { why, is_known } => self.after_loss(why, is_known),
            after => after,
        };
        let worked_ns = self.joined_ns.take().map(|joined_ns| self.now_ns - joined_ns);
        if worked_ns.is_some_and(|worked_ns| worked_ns >= HAS_WORKED.as_nanos() as u64) {
            self.failures = 0;
        }
        let (why, again) = match after {
            AfterCall::Next(pause) => {
                self.wait(pause);
                return;
            }
            AfterCall::Again { why, longest } => {
                let why = why.map(|why| match &self.lookup_failure {
                    Some(unknown) => format!("{unknown}; at its former address: {why}"),
                    None => why,
                });
                let pause = Duration::from_secs(1 << self.failures.min(6)).min(longest);
                self.failures += 1;
                self.tried = 0;
                self.wait(pause);
                (why, Some(pause))
            }
            AfterCall::Nothing(why) => {
                self.stage = CallStage::GivenUp;
                (why, None)
            }
            // It was resolved above.
            AfterCall::Loss { .. } => return,
        };
        if let Some(why) = why.filter(|why| !self.is_stopped && self.reported.as_ref() != Some(why))
        {
            self.reported = Some(why.clone());
            self.failed = Some(FailedCall { address: self.address.to_string(), why, again });
        }
    }

    fn wait(&mut self, pause: Duration) {
        self.stage = CallStage::Waiting { until_ns: self.now_ns + pause.as_nanos() as u64 };
    }

    /// Drops a connection that is over.
    fn settle(&mut self) {
        let is_lingering = self.is_lingering();
        if let CallStage::Ending(after) | CallStage::Leaving(after) = &self.stage
            && !is_lingering
        {
            let after = after.clone();
            self.follow(after);
        }
    }

    /// Sends the answer to a hello.
    fn answer(
        &mut self,
        is_admitted: bool,
        text: &[u8],
        now_ns: u64,
    ) -> Result<(), TransportError> {
        self.now_ns = now_ns;
        let Some(connection) = &mut self.connection else { return Ok(()) };
        if let Some(packer) = connection.packer(AGENT) {
            packer.supplement(&call_answer::encode(is_admitted, text));
        }
        connection.flush(now_ns)
    }
}

/// What follows the refusal of an agent.
fn after_refusal(bytes: &[u8]) -> AfterCall {
    match Refusal::decode(bytes) {
        Ok(Refusal { why: RefusalReason::Full | RefusalReason::Over, text }) => AfterCall::Again {
            why: Some(printable(text.as_bytes(), LIMIT)),
            longest: LONGEST_BUSY_PAUSE,
        },
        Ok(Refusal { text, .. }) => AfterCall::Nothing(Some(printable(text.as_bytes(), LIMIT))),
        Err(misunderstood) => AfterCall::Nothing(Some(misunderstood.to_string())),
    }
}

impl Transport for Caller {
    fn packer(&mut self, peer: usize) -> Option<&mut Packer> {
        match self.stage {
            CallStage::Answered => self.connection.as_mut()?.packer(peer),
            _ => None,
        }
    }

    fn flush(&mut self, now_ns: u64) -> Result<(), TransportError> {
        self.now_ns = now_ns;
        self.connection.as_mut().map_or(Ok(()), |connection| connection.flush(now_ns))
    }

    fn attend(&mut self, key: u32, now_ns: u64) -> Result<(), TransportError> {
        self.now_ns = now_ns;
        self.settle();
        if key == LOOKUP_KEY {
            self.follow_lookup();
            return Ok(());
        }
        self.connection.as_mut().map_or(Ok(()), |connection| connection.attend(key, now_ns))
    }

    fn next(&mut self) -> Option<Arrival<'_>> {
        self.settle();
        if matches!(self.stage, CallStage::Ending(_)) {
            return None;
        }
        let why = match self.connection.as_mut()?.next()? {
            Arrival::Answer { is_admitted: true, answer } => {
                (self.stage, self.has_answered) = (CallStage::Answered, true);
                return Some(Arrival::Hello { peer: AGENT, hello: answer });
            }
            Arrival::Answer { answer, .. } => {
                self.stage = CallStage::Leaving(after_refusal(answer));
                return None;
            }
            Arrival::Frame { frame, .. } => {
                if self.joined_ns.is_none() {
                    (self.joined_ns, self.reported) = (Some(self.now_ns), None);
                }
                return Some(Arrival::Frame { peer: Some(AGENT), frame });
            }
            Arrival::Gone { why, .. } => why,
            _ => return None,
        };
        // The run does not know an agent that has not said hello.
        let is_known = matches!(self.stage, CallStage::Answered);
        self.stage = CallStage::Leaving(AfterCall::Loss { why, is_known });
        is_known.then_some(Arrival::Gone { peer: AGENT, why })
    }

    fn keep_time(&mut self, now_ns: u64) -> Result<(), TransportError> {
        self.now_ns = now_ns;
        self.settle();
        if let Some(connection) = &mut self.connection {
            return connection.keep_time(now_ns);
        }
        match self.stage {
            CallStage::Waiting { until_ns } if until_ns <= now_ns && !self.is_stopped => {
                self.begin();
            }
            CallStage::LookingUp(_) => self.follow_lookup(),
            _ => {}
        }
        Ok(())
    }

    fn next_due_ns(&self) -> Option<u64> {
        match &self.stage {
            CallStage::Waiting { until_ns } => (!self.is_stopped).then_some(*until_ns),
            CallStage::LookingUp(lookup) => Some(lookup.due_ns()),
            CallStage::Leaving(_) => Some(0),
            CallStage::Ending(_) if !self.is_lingering() => Some(0),
            _ => self.connection.as_ref()?.next_due_ns(),
        }
    }

    fn close(&mut self, _peer: usize) {
        if let (CallStage::Answered, Some(connection)) = (&self.stage, &mut self.connection) {
            connection.close(AGENT);
            let after = AfterCall::Again { why: None, longest: LONGEST_PAUSE };
            self.stage = CallStage::Ending(after);
        }
    }

    fn is_lingering(&self) -> bool {
        let connection = self.connection.as_ref();
        matches!(self.stage, CallStage::Ending(_)) && connection.is_some_and(|it| it.is_lingering())
    }
}

impl Listener for Caller {
    fn admit(&mut self, _peer: usize, welcome: &[u8], now_ns: u64) -> Result<(), TransportError> {
        self.answer(true, welcome, now_ns)
    }

    fn refuse(&mut self, peer: usize, refusal: &[u8], now_ns: u64) -> Result<(), TransportError> {
        self.answer(false, refusal, now_ns)?;
        self.close(peer);
        // The run has reported it.
        let is_for_now =
            matches!(Refusal::decode(refusal), Ok(Refusal { why: RefusalReason::Full, .. }));
        if !is_for_now {
            self.stage = CallStage::Ending(AfterCall::Nothing(None));
        }
        Ok(())
    }

    fn listens_at(&self) -> Option<String> {
        None
    }

    fn address(&self, _peer: usize) -> String {
        self.address.to_string()
    }

    fn stop_calling(&mut self) {
        self.is_stopped = true;
        if matches!(
            self.stage,
            CallStage::Waiting { .. } | CallStage::LookingUp(_) | CallStage::Calling
        ) {
            (self.stage, self.connection) = (CallStage::GivenUp, None);
        }
    }

    fn awaits_agents(&self) -> bool {
        !matches!(
            self.stage,
            CallStage::GivenUp
                | CallStage::Ending(AfterCall::Nothing(_))
                | CallStage::Leaving(AfterCall::Nothing(_))
        )
    }

    fn next_failed_call(&mut self) -> Option<FailedCall> {
        self.failed.take()
    }
}
