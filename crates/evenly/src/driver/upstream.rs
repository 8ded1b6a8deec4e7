//! The primary that this process works for as an agent: what it says, what it is told, and when.

use super::gather::Gathering;
use crate::error::Error;
use crate::process::signals::Signal;
use crate::silence::Silence;
use crate::transport::{Arrival, Gone, Transport};
use evenly_core::agent::Leave;
use evenly_core::frame::{Body, Description, Heartbeat, Malformed, Packer};
use evenly_core::{Agent, Aggregate, Cause, Failure, Interval, Record, Supervisor, WorkerId};
use std::time::Duration;

/// How often what is done of a chunk is reported before the chunk is done.
const REPORT: Duration = Duration::from_millis(100);

/// The only peer that there is at this end.
const PRIMARY: usize = 0;

/// The connection to a primary that has admitted us.
pub(super) struct Upstream {
    transport: Box<dyn Transport>,
    agent: Agent,
    end: Option<End>,
    /// What is said while something is being heard; sent right after.
    meanwhile: Packer,
    /// When the primary was heard last.
    heard: Duration,
    /// Since when there has been work that no frame accounts for.
    busy_since_ns: Option<u64>,
    next_report: Duration,
    next_heartbeat: Duration,
    silence: Silence,
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The primary says so.
    Over,
    /// The primary is gone, or its connection.
    Lost(Gone),
    /// A signal asked us to leave.
    Signal(Signal),
    /// The primary said what cannot be.
    Protocol(Malformed),
}

impl Upstream {
    /// Takes over the connection, and says a first word: so the primary knows that this is no recording.
    pub(super) fn new(
        mut transport: Box<dyn Transport>,
        aggregate: Aggregate,
        silence: Silence,
        now: Duration,
    ) -> Self {
        let limit = transport.packer(PRIMARY).map_or(1 << 10, |packer| packer.limit());
        let mut upstream = Self {
            transport,
            agent: Agent::new(aggregate),
            end: None,
            meanwhile: Packer::new(WorkerId(0), limit),
            heard: now,
            busy_since_ns: None,
            next_report: Duration::ZERO,
            next_heartbeat: Duration::ZERO,
            silence,
        };
        upstream.beat();
        upstream
    }

    pub(super) fn is_over(&self) -> bool {
        self.end.is_some()
    }

    /// Whether the primary has got what was sent last.
    pub(super) fn is_quiet(&self) -> bool {
        !self.transport.is_lingering()
    }

    pub(super) fn attend(&mut self, key: u32, now_ns: u64) -> Result<(), Error> {
        Ok(self.transport.attend(key, now_ns)?)
    }

    /// Tells the primary what the workers have done.
    pub(super) fn record(&mut self, record: &mut Record, supervisor: &mut Supervisor) {
        if let Some(packer) = self.transport.packer(PRIMARY) {
            self.agent.record(record, supervisor, packer);
        }
    }

    /// Passes on what a worker says about a number that may fail.
    pub(super) fn describe(&mut self, description: Description<'_>) {
        if let Some(packer) = self.transport.packer(PRIMARY) {
            packer.describe(description);
        }
    }

    /// Gives everything back, and says why.
    pub(super) fn leave(&mut self, supervisor: &mut Supervisor, why: Leave, end: End) {
        if let Some(packer) = self.transport.packer(PRIMARY) {
            self.agent.leave(supervisor, packer, why);
        }
        self.end.get_or_insert(end);
    }

    /// Has nothing more to say.
    pub(super) fn close(&mut self) {
        self.transport.close(PRIMARY);
    }

    /// Sends what is packed, with the time that it took.
    pub(super) fn flush(&mut self, now_ns: u64) -> Result<(), Error> {
        if let Some(packer) = self.transport.packer(PRIMARY)
            && packer.is_open()
        {
            let busy_ns = self.busy_since_ns.map_or(0, |since_ns| (now_ns - since_ns).max(1));
            packer.seal(busy_ns);
            self.busy_since_ns = (self.agent.held() > 0).then_some(now_ns);
        }
        Ok(self.transport.flush(now_ns)?)
    }

    /// When there is something to do.
    pub(super) fn next_due(&self) -> Option<Duration> {
        let due = self.transport.next_due_ns().map(Duration::from_nanos);
        let report = self.agent.has_news().then_some(self.next_report);
        [due, report, Some(self.next_heartbeat)].into_iter().flatten().min()
    }

    fn keep_time(&mut self, now: Duration, now_ns: u64) -> Result<(), Error> {
        self.transport.keep_time(now_ns)?;
        if self.next_report <= now && self.agent.has_news() {
            self.next_report = now + REPORT;
            let busy_ns = self.busy_since_ns.map_or(0, |since_ns| (now_ns - since_ns).max(1));
            if let Some(packer) = self.transport.packer(PRIMARY) {
                self.agent.report(packer, busy_ns);
                self.busy_since_ns = self.busy_since_ns.map(|_| now_ns);
            }
        }
        // A connection can be dead in one direction: then the primary still hears this agent, and waits for answers
        // to chunks that never arrived here.
        if self.heard + self.silence.of_connection() <= now {
            self.end.get_or_insert(End::Lost(Gone::Silent));
        }
        if self.next_heartbeat <= now {
            self.next_heartbeat = now + self.silence.heartbeat();
            self.beat();
        }
        Ok(())
    }

    fn beat(&mut self) {
        if let Some(packer) = self.transport.packer(PRIMARY) {
            packer.heartbeat(Heartbeat::OfAgent);
        }
    }

    /// Hears what has come.
    fn hear(&mut self, supervisor: &mut Supervisor, now_ns: u64) {
        while let Some(arrival) = self.transport.next() {
            self.heard = Duration::from_nanos(now_ns);
            match arrival {
                Arrival::Frame { frame, .. } => match frame.body {
                    Body::Farewell { call, errno } => {
                        let end = match Leave::from_code(call, errno) {
                            Leave::Over => End::Over,
                            _ => End::Protocol(Malformed::Entry),
                        };
                        self.end.get_or_insert(end);
                    }
                    body => {
                        let told = self.agent.take(body, supervisor, &mut self.meanwhile);
                        if let Err(malformed) = told {
                            self.end.get_or_insert(End::Protocol(malformed));
                        }
                    }
                },
                Arrival::Gone { why, .. } => {
                    self.end.get_or_insert(End::Lost(why));
                }
                _ => {}
            }
        }
        if self.agent.held() > 0 {
            self.busy_since_ns.get_or_insert(now_ns);
        }
        self.meanwhile.seal(0);
        if !self.meanwhile.is_empty()
            && let Some(packer) = self.transport.packer(PRIMARY)
        {
            packer.append(&self.meanwhile);
        }
        self.meanwhile.clear();
    }
}

impl Gathering<'_> {
    /// Tells the primary that this agent leaves, if it does not know; and why the session is over.
    ///
    /// # Errors
    /// That of the session, if it had one.
    pub(super) fn part_from_upstream(&mut self, served: Result<(), Error>) -> Result<End, Error> {
        let now_ns = self.clock.now_ns();
        let Some(upstream) = &mut self.upstream else { return Ok(End::Over) };
        if let Err(error) = &served {
            let why = match error {
                Error::Interrupted(signal) => Leave::Signal(signal.number().unsigned_abs()),
                Error::Unasked | Error::Contradiction { .. } | Error::Violation(_) => {
                    Leave::Untrusted
                }
                _ => Leave::NoWorker(0),
            };
            upstream.leave(self.engine.supervisor_mut(), why, End::Over);
        }
        upstream.close();
        let sent = upstream.flush(now_ns);
        served.and(sent)?;
        Ok(upstream.end.unwrap_or(End::Over))
    }

    /// Passes on to the primary of this agent how a worker described a number that may fail.
    pub(super) fn describe_upstream(&mut self, n: i64, cause: Cause) {
        let failure = Failure { interval: Interval::single(n), cause };
        if let Some(upstream) = &mut self.upstream
            && let Some((n, text)) = self.engine.supervisor().description(&failure)
        {
            upstream.describe(Description { n, cause, text });
        }
    }

    /// Hears the primary that this agent works for.
    pub(super) fn hear_upstream(&mut self) -> Result<(), Error> {
        let now_ns = self.clock.now_ns();
        let Some(upstream) = &mut self.upstream else { return Ok(()) };
        upstream.hear(self.engine.supervisor_mut(), now_ns);
        if let Some(End::Protocol(_)) = upstream.end {
            upstream.leave(self.engine.supervisor_mut(), Leave::Protocol, End::Over);
        }
        Ok(())
    }

    /// Does what is due for the primary that this agent works for.
    pub(super) fn keep_time_of_upstream(&mut self) -> Result<(), Error> {
        let (now, now_ns) = (self.clock.elapsed(), self.clock.now_ns());
        let Some(upstream) = &mut self.upstream else { return Ok(()) };
        upstream.keep_time(now, now_ns)?;
        self.hear_upstream()
    }
}
