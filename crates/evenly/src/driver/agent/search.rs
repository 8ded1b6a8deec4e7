//! Search of an agent for its primary: tries, waits with signals, the supplement of a welcome, and the work for it.

use super::job::{Brought, job};
use super::pauses::Pauses;
use super::supplement::{SupplementRead, SupplementReader};
use crate::driver::agent_client::AgentEnd;
use crate::driver::agent_server::boot;
use crate::driver::clock::Clock;
use crate::driver::primary::serve;
use crate::driver::tokens::AGENTS;
use crate::error::{Error, system};
use crate::join::{Join, JoinError};
use crate::observe::{Observation, Observer};
use crate::process::signals::{Signal, Signals};
use crate::secure::noise::Dialer;
use crate::transport::{AddressKind, Arrival, EpollToken, Gone, Registry, Transport, connect};
use evenly_core::frame::Heartbeat;
use evenly_core::hello::{Hello, Program, Refusal, RefusalReason, Supplement, Welcome};
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use std::mem::MaybeUninit;
use std::num::NonZeroU32;
use std::time::Duration;

/// The only peer that there is at this end.
const PRIMARY: usize = 0;

/// How long to wait before the next try.
const PAUSE: Duration = Duration::from_millis(200);

/// The observer hears of it after this time without an answer.
const UNANSWERED: Duration = Duration::from_secs(2);

/// This many connections in a row that are closed during the handshake mean a wrong key. One alone may be a primary
/// that ended at that moment.
const CLOSED_IN_A_ROW: u32 = 2;

/// The error of an agent whose only connection to its primary is gone.
pub(super) fn lost(join: &Join, why: Gone) -> JoinError {
    JoinError::Lost { address: join.address.clone(), why, waited: Duration::ZERO }
}

/// The name of this machine, as it gives it.
pub(super) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Search of an agent for its primary.
pub(super) struct PrimarySearch<'a> {
    pub(super) join: &'a Join,
    /// What this agent was started with, and what it is called.
    offer: (Program, String),
    pub(super) signals: &'a Signals,
    pub(super) registry: &'a Registry,
    pub(super) clock: Clock,
    pub(super) observer: &'a mut dyn Observer,
    /// Whether a primary has ever answered, or the observer knows that it does not.
    is_answered_or_noted: bool,
    has_been_admitted: bool,
}

/// A primary that has admitted this agent, and its job.
pub(super) type JoinedPrimary = (Box<dyn Transport>, Welcome, Supplement);

/// Result of one attempt to join.
enum JoinAttempt {
    Admitted(Box<JoinedPrimary>),
    Over,
    Failed(Gone),
}

impl<'a> PrimarySearch<'a> {
    /// The search of an agent that offers this program.
    pub(super) fn new(
        (join, offer): (&'a Join, (Program, String)),
        (signals, registry, clock): (&'a Signals, &'a Registry, Clock),
        observer: &'a mut dyn Observer,
    ) -> Self {
        Self {
            join,
            offer,
            signals,
            registry,
            clock,
            observer,
            is_answered_or_noted: false,
            has_been_admitted: false,
        }
    }

    /// The next primary to work for; `None` if its job is over already. An agent that stays looks for another one then.
    pub(super) fn find_next(
        &mut self,
        served: bool,
        pauses: &mut Pauses,
    ) -> Result<Option<JoinedPrimary>, JoinError> {
        let within = match (self.join.stays, served) {
            (true, _) => Duration::MAX,
            (false, true) => self.join.reconnect,
            (false, false) => self.join.first,
        };
        match self.find(within, pauses) {
            Err(JoinError::Unreachable { address, why, waited }) if served => {
                Err(JoinError::Lost { address, why, waited })
            }
            found => found,
        }
    }

    /// Tries for so long; `None` if the primary says that its job is over.
    fn find(
        &mut self,
        within: Duration,
        pauses: &mut Pauses,
    ) -> Result<Option<JoinedPrimary>, JoinError> {
        let until = self.clock.elapsed().saturating_add(within);
        let mut closed = 0;
        loop {
            let why = match self.try_once(until, within)? {
                JoinAttempt::Admitted(joined) => return Ok(Some(*joined)),
                JoinAttempt::Over if self.join.stays => Gone::EndOfFile,
                JoinAttempt::Over => return Ok(None),
                JoinAttempt::Failed(why) => {
                    closed = if self.is_closed_handshake(why) { closed + 1 } else { 0 };
                    why
                }
            };
            if self.join.address.kind() == AddressKind::Stdio {
                return Err(lost(self.join, why));
            }
            if closed >= CLOSED_IN_A_ROW {
                return Err(JoinError::WrongKey { address: self.join.address.clone() });
            }
            let pause = if self.join.stays { pauses.next() } else { PAUSE };
            if self.clock.elapsed() + pause >= until {
                let address = self.join.address.clone();
                return Err(JoinError::Unreachable { address, why, waited: within });
            }
            self.pause(pause)?;
        }
    }

    /// Waits, heeding signals.
    fn pause(&mut self, pause: Duration) -> Result<(), JoinError> {
        let until = self.clock.elapsed() + pause;
        while self.clock.elapsed() < until {
            self.wait(until)?;
        }
        Ok(())
    }

    /// Reports why this agent does not work for the primary that is there, and waits for another one.
    pub(super) fn pass_over(
        &mut self,
        why: &JoinError,
        pauses: &mut Pauses,
    ) -> Result<(), JoinError> {
        let why = why.to_string();
        if pauses.is_news(&why) {
            self.observer.observe(&Observation::PassedOver { why: &why });
        }
        self.pause(pauses.next())
    }

    /// Works for a primary that has admitted this agent.
    pub(super) fn serve(
        &mut self,
        (transport, address): (&mut dyn Transport, &str),
        (welcome, supplement): (Welcome, Supplement),
        brought: &mut Brought,
    ) -> Result<AgentEnd, JoinError> {
        let own = self.own_program() == Some(welcome.program);
        let own = own.then_some(&self.join.functions);
        let mut job = job(&welcome, supplement, (self.join, own), brought)?;
        self.observer.observe(&Observation::Joined {
            address,
            function: job.function.name(),
            range: welcome.range,
        });
        let shared = (self.signals, self.registry.clone(), self.clock);
        let served = serve(&mut job, self.observer, shared, transport);
        brought.put_back(job.function);
        Ok(served?.0)
    }

    /// This executable, if it has functions of its own.
    pub(super) fn own_program(&self) -> Option<Program> {
        self.join.functions.offer().map(|(program, _)| program)
    }

    /// Whether the other end closed a first connection over a network without an answer. A primary sends no byte to
    /// a peer with another key, so this is all that such an agent can know. After an admission the key was right, and
    /// a host between may close connections until a primary is there again.
    fn is_closed_handshake(&self, why: Gone) -> bool {
        let is_closed = why == Gone::EndOfFile || why == Gone::broken(Errno::CONNRESET);
        is_closed && self.join.address.needs_key() && !self.has_been_admitted
    }

    /// Reports that a primary on a network has not answered a first hello for [`UNANSWERED`].
    fn note_unanswered(&mut self, within: Duration) {
        if self.join.address.needs_key() && !self.is_answered_or_noted {
            self.is_answered_or_noted = true;
            let address = self.join.address.to_string();
            self.observer.observe(&Observation::Unanswered { address: &address, within });
        }
    }

    fn try_once(&mut self, until: Duration, within: Duration) -> Result<JoinAttempt, JoinError> {
        let Join { address, key, .. } = self.join;
        let registry = self.registry.also(AGENTS);
        let hello = Hello {
            workers: NonZeroU32::new(self.join.worker_settings.workers())
                .unwrap_or(NonZeroU32::MIN),
            pid: std::process::id(),
            boot: boot(),
            program: self.offer.0,
            host: host(),
            program_name: self.offer.1.clone(),
        };
        let now_ns = self.clock.now_ns();
        let key = key.as_ref().map(|key| (key, Dialer::Agent));
        let stdio = self.join.stdio.take();
        let mut transport = connect((address, stdio), key, &hello.encode(), registry, now_ns)?;
        let until = until.min(self.clock.elapsed() + self.join.worker_settings.silence.limit());
        let mut unanswered = Some(self.clock.elapsed() + UNANSWERED);
        while self.clock.elapsed() < until {
            if unanswered.take_if(|unanswered| *unanswered <= self.clock.elapsed()).is_some() {
                self.note_unanswered(within);
            }
            let due = transport.next_due_ns().map_or(until, Duration::from_nanos).min(until);
            let due = unanswered.map_or(due, |unanswered| unanswered.min(due));
            self.wait_for(&mut *transport, due)?;
            let answer = match transport.next() {
                Some(Arrival::Gone { why, .. }) => return Ok(JoinAttempt::Failed(why)),
                Some(Arrival::Answer { is_admitted: true, answer }) => Ok(Welcome::decode(answer)),
                Some(Arrival::Answer { answer, .. }) => Err(Refusal::decode(answer)),
                _ => continue,
            };
            return match answer {
                Ok(welcome) => {
                    self.is_answered_or_noted = true;
                    self.has_been_admitted = true;
                    self.read_supplement(transport, welcome?)
                }
                Err(refusal) => match refusal? {
                    Refusal { why: RefusalReason::Over, .. } => Ok(JoinAttempt::Over),
                    Refusal { text, .. } => {
                        Err(JoinError::Refused { address: address.clone(), text })
                    }
                },
            };
        }
        Ok(JoinAttempt::Failed(Gone::Silent))
    }

    /// Waits for the connection, and does what it is ready for.
    fn wait_for(
        &mut self,
        transport: &mut dyn Transport,
        until: Duration,
    ) -> Result<(), JoinError> {
        let ready = self.wait(until)?;
        let now_ns = self.clock.now_ns();
        let join_error =
            |failed: crate::transport::TransportError| JoinError::from(Error::from(failed));
        for token in ready {
            transport.attend(token.key, now_ns).map_err(join_error)?;
        }
        transport.keep_time(now_ns).map_err(join_error)?;
        transport.flush(now_ns).map_err(join_error)
    }

    /// Reads what follows the welcome. Then the agent is admitted.
    fn read_supplement(
        &mut self,
        mut transport: Box<dyn Transport>,
        welcome: Welcome,
    ) -> Result<JoinAttempt, JoinError> {
        match self.read_parts(&mut *transport, welcome.supplement as usize)? {
            SupplementRead::Whole(bytes) => {
                let supplement = Supplement::decode(&bytes, welcome.range)?;
                Ok(JoinAttempt::Admitted(Box::new((transport, welcome, supplement))))
            }
            SupplementRead::Over => Ok(JoinAttempt::Over),
            SupplementRead::Failed(why) => Ok(JoinAttempt::Failed(why)),
        }
    }

    /// Asks for the parts of a supplement by a first frame, and reads all of them.
    pub(super) fn read_parts(
        &mut self,
        transport: &mut dyn Transport,
        length: usize,
    ) -> Result<SupplementRead, JoinError> {
        let mut reader = SupplementReader::new(length);
        if let Some(whole) = reader.whole() {
            return Ok(whole);
        }
        if let Some(packer) = transport.packer(PRIMARY) {
            packer.heartbeat(Heartbeat::OfAgent);
        }
        let silence = self.join.worker_settings.silence.of_connection();
        let mut until = self.clock.elapsed() + silence;
        // The first frame is sent before the first wait.
        self.wait_for(transport, Duration::ZERO)?;
        while self.clock.elapsed() < until {
            while let Some(arrival) = transport.next() {
                until = self.clock.elapsed() + silence;
                if let Some(read) = reader.take(&arrival).map_err(JoinError::Nonsense)? {
                    return Ok(read);
                }
            }
            let due = transport.next_due_ns().map_or(until, Duration::from_nanos).min(until);
            self.wait_for(transport, due)?;
        }
        Ok(SupplementRead::Failed(Gone::Silent))
    }

    /// Waits for the connection, heeding signals; what is ready of it.
    pub(super) fn wait(&mut self, until: Duration) -> Result<Vec<EpollToken>, JoinError> {
        let left = until.saturating_sub(self.clock.elapsed());
        let timeout =
            Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
        let mut events = [MaybeUninit::<epoll::Event>::uninit(); 8];
        let events = match epoll::wait(self.registry.epoll(), &mut events, Some(&timeout)) {
            Ok((events, _)) => events,
            Err(Errno::INTR) => &mut [],
            Err(cause) => return Err(system("epoll_wait")(cause).into()),
        };
        let tokens = events.iter().map(|event| EpollToken::from_data(event.data));
        let ready = tokens.filter(|token| token.transport == AGENTS).collect();
        self.heed_signals()?;
        Ok(ready)
    }

    fn heed_signals(&mut self) -> Result<(), JoinError> {
        while let Some(signal) = self.signals.next().map_err(system("read signalfd"))? {
            match signal {
                Signal::CHILD | Signal::CONTINUE | Signal::STATUS => {}
                Signal::STOP => {
                    self.signals.stop_here().map_err(|(call, cause)| system(call)(cause))?;
                }
                end => return Err(Error::Interrupted(end).into()),
            }
        }
        Ok(())
    }
}
