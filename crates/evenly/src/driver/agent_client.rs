//! Connection of an agent to its primary: moves frames between the transport and the session of the engine.

use super::stranger_report::StrangerReport;
use crate::error::Error;
use crate::function::Lines;
use crate::process::signals::Signal;
use crate::silence::Silence;
use crate::transport::{Arrival, Gone, Transport};
use evenly_core::agent::Leave;
use evenly_core::engine::{AgentSession, Primary, REPORT_NS, SessionEnd, SessionTimes};
use evenly_core::frame::{Body, Description, LineBytes, Malformed};
use evenly_core::{Aggregate, Failure, Record};
use std::time::Duration;

/// The only peer that there is at this end.
const PRIMARY: usize = 0;

/// The connection to a primary that has admitted this agent.
pub(super) struct AgentClient<'a> {
    transport: &'a mut dyn Transport,
    session: AgentSession,
    /// Why the session is over, where the connection or a signal ended it.
    end: Option<AgentEnd>,
    strangers: StrangerReport,
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AgentEnd {
    /// The primary says so.
    Over,
    /// The primary is gone, or its connection.
    Lost(Gone),
    /// A signal asked this process to leave.
    Signal(Signal),
    /// The primary sent a frame that makes no sense.
    Protocol(Malformed),
}

impl From<SessionEnd> for AgentEnd {
    fn from(end: SessionEnd) -> Self {
        match end {
            SessionEnd::Over | SessionEnd::Left => Self::Over,
            SessionEnd::Silent => Self::Lost(Gone::Silent),
            SessionEnd::Protocol(malformed) => Self::Protocol(malformed),
        }
    }
}

impl<'a> AgentClient<'a> {
    /// Takes over the connection, and packs the first frame.
    pub(super) fn new(
        transport: &'a mut dyn Transport,
        aggregate: Aggregate,
        silence: Silence,
        now_ns: u64,
    ) -> Self {
        let limit = transport.packer(PRIMARY).map_or(1 << 10, |packer| packer.limit());
        let times = SessionTimes {
            report_ns: REPORT_NS,
            heartbeat_ns: silence.heartbeat().as_nanos() as u64,
            silence_ns: silence.of_connection().as_nanos() as u64,
        };
        let mut session = AgentSession::new(aggregate, limit, times, now_ns);
        if let Some(packer) = transport.packer(PRIMARY) {
            session.keep_time(packer, now_ns);
        }
        Self { transport, session, end: None, strangers: StrangerReport::default() }
    }

    pub(super) fn end(&self) -> Option<AgentEnd> {
        self.end.or(self.session.end().map(AgentEnd::from))
    }

    pub(super) fn is_over(&self) -> bool {
        self.end().is_some()
    }

    /// Whether the primary has got what was sent last.
    pub(super) fn is_quiet(&self) -> bool {
        !self.transport.is_lingering()
    }

    pub(super) fn attend(&mut self, key: u32, now_ns: u64) -> Result<(), Error> {
        Ok(self.transport.attend(key, now_ns)?)
    }

    /// Sends the primary what the workers have done.
    pub(super) fn record(
        &mut self,
        record: Record,
        engine: &mut Primary,
        now_ns: u64,
    ) -> Result<(), Error> {
        match self.transport.packer(PRIMARY) {
            Some(packer) => Ok(self.session.record(record, engine, packer, now_ns)?),
            None => Ok(engine.confirm(record, now_ns)?),
        }
    }

    /// Passes on what running commands print.
    pub(super) fn pass_texts(&mut self, engine: &mut Primary) {
        if let Some(packer) = self.transport.packer(PRIMARY) {
            self.session.pass_texts(engine, packer);
        }
    }

    /// Passes on what a worker says about a number that may fail.
    pub(super) fn describe(&mut self, description: Description<'_>) {
        if let Some(packer) = self.transport.packer(PRIMARY) {
            packer.describe(description);
        }
    }

    /// Passes on that numbers passed at a later try, before their answer.
    pub(super) fn recovered(&mut self, recovered: Failure) {
        if let Some(packer) = self.transport.packer(PRIMARY) {
            packer.recovered(recovered);
        }
    }

    /// Gives everything back, and says why.
    pub(super) fn leave(&mut self, engine: &mut Primary, why: Leave, end: AgentEnd) {
        self.end = Some(self.end().unwrap_or(end));
        if let Some(packer) = self.transport.packer(PRIMARY) {
            self.session.leave(engine, packer, why);
        }
    }

    /// Has nothing more to say.
    pub(super) fn close(&mut self) {
        self.transport.close(PRIMARY);
    }

    /// Sends what is packed.
    pub(super) fn flush(&mut self, now_ns: u64) -> Result<(), Error> {
        if let Some(packer) = self.transport.packer(PRIMARY) {
            self.session.seal(packer, now_ns);
        }
        Ok(self.transport.flush(now_ns)?)
    }

    /// When there is something to do.
    pub(super) fn next_due(&self) -> Option<Duration> {
        let due_ns = self.transport.next_due_ns().unwrap_or(u64::MAX);
        Some(Duration::from_nanos(due_ns.min(self.session.next_due_ns())))
    }

    pub(super) fn keep_time(&mut self, now_ns: u64) -> Result<(), Error> {
        self.transport.keep_time(now_ns)?;
        self.strangers.collect(self.transport);
        if let Some(packer) = self.transport.packer(PRIMARY) {
            self.session.keep_time(packer, now_ns);
        }
        Ok(())
    }

    /// Number of peers at the address of this agent that were no primaries, and the address of the last one with a wrong
    /// key, if it is time to report them.
    pub(super) fn take_strangers(&mut self, now: Duration) -> Option<(u64, Option<String>)> {
        self.strangers.take(now)
    }

    /// Hears what has come from the primary; other peers are those that this agent is busy for. Parts of the file of `lines` are kept for the workers.
    ///
    /// # Errors
    /// If there is no room for a part of the file.
    pub(super) fn hear(
        &mut self,
        engine: &mut Primary,
        lines: Option<&Lines>,
        now_ns: u64,
    ) -> Result<(), Error> {
        while let Some(arrival) = self.transport.next() {
            match arrival {
                Arrival::Frame { peer: Some(PRIMARY), frame } => {
                    if let Body::Lines(LineBytes { offset, bytes }) = frame.body {
                        match lines.filter(|lines| lines.has_bytes(offset, bytes.len())) {
                            Some(lines) => lines.store(offset, bytes)?,
                            None => {
                                let end = AgentEnd::Protocol(Malformed::Entry);
                                self.end = Some(self.end.unwrap_or(end));
                            }
                        }
                    }
                    self.session.hear(frame.body, engine, now_ns);
                }
                Arrival::Gone { peer: PRIMARY, why } => {
                    self.end = Some(self.end().unwrap_or(AgentEnd::Lost(why)));
                }
                _ => {}
            }
        }
        if let Some(packer) = self.transport.packer(PRIMARY) {
            self.session.reply(packer);
        }
        Ok(())
    }
}
