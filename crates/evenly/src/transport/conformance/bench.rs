//! Test bench for a transport: waits with epoll at both ends, and notes each arrival as an event.

use super::{Fixture, Primary};
use crate::transport::{Arrival, EpollToken, Gone, Registry, Transport};
use evenly_core::LeaseId;
use evenly_core::frame::{Body, Frame, Packer};
use evenly_testkit::watch::PATIENCE;
use rustix::event::{Timespec, epoll};
use std::collections::VecDeque;
use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

/// What has arrived, to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Frame { peer: usize, number: u64, bytes: Vec<u8> },
    Hello { peer: usize, hello: Vec<u8> },
    Answer { is_admitted: bool, answer: Vec<u8> },
    Gone { peer: usize, why: Gone },
}

/// One process, as it were.
pub(crate) struct Side {
    pub(crate) registry: Registry,
    pub(crate) arrived: VecDeque<Event>,
    /// How often epoll said that something is ready.
    pub(crate) times_ready: usize,
}

impl Side {
    fn new() -> Self {
        let registry = Registry::new(0).unwrap();
        Self { registry, arrived: VecDeque::new(), times_ready: 0 }
    }

    /// Does what is ready and what is due; whether there was anything.
    fn turn(&mut self, transport: &mut dyn Transport, now_ns: u64) -> bool {
        let mut events = [MaybeUninit::<epoll::Event>::uninit(); 64];
        let at_once = Timespec::default();
        let (events, _) = epoll::wait(self.registry.epoll(), &mut events, Some(&at_once)).unwrap();
        self.times_ready += events.len();
        let mut has_worked = !events.is_empty();
        for event in events {
            let key = EpollToken::from_data(event.data).key;
            timed("attend", || transport.attend(key, now_ns).unwrap());
        }
        if transport.next_due_ns().is_some_and(|due_ns| due_ns <= now_ns) {
            timed("keep_time", || transport.keep_time(now_ns).unwrap());
            has_worked = true;
        }
        while let Some(arrival) = transport.next() {
            has_worked = true;
            self.arrived.push_back(match arrival {
                Arrival::Frame { frame: Frame { body: Body::Answers(beat), .. }, .. } => {
                    assert_eq!(beat.iter().count(), 0);
                    continue;
                }
                Arrival::Frame { peer, frame } => {
                    let Body::Part(part) = frame.body else { panic!("{frame:?}") };
                    let peer = peer.unwrap_or(frame.worker.0 as usize);
                    Event::Frame { peer, number: part.lease.0, bytes: part.bytes.to_vec() }
                }
                Arrival::Hello { peer, hello } => Event::Hello { peer, hello: hello.to_vec() },
                Arrival::Answer { is_admitted, answer } => {
                    Event::Answer { is_admitted, answer: answer.to_vec() }
                }
                Arrival::Gone { peer, why } => Event::Gone { peer, why },
                Arrival::Garbage(malformed) => panic!("{malformed}"),
            });
        }
        timed("flush", || transport.flush(now_ns).unwrap());
        has_worked
    }
}

fn timed(call: &str, action: impl FnOnce()) {
    let began = Instant::now();
    action();
    assert!(began.elapsed() < PATIENCE, "{call} blocked for {:?}", began.elapsed());
}

/// A primary and its agents.
pub(crate) struct Bench<'a> {
    fixture: &'a mut dyn Fixture,
    pub(crate) primary: Option<Primary>,
    pub(crate) side: Side,
    /// Who vanished is `None`.
    pub(crate) agents: Vec<Option<(Box<dyn Transport>, Side)>>,
    /// Who stands in between, and also takes turns.
    pub(crate) between: Box<dyn FnMut() -> bool>,
    began: Instant,
    skipped_ns: u64,
    /// How much slower than the real time the time of all ends passes.
    pub(crate) slowness: u64,
}

impl<'a> Bench<'a> {
    /// A primary with at most this many peers.
    pub(crate) fn new(fixture: &'a mut dyn Fixture, peers: usize) -> Self {
        let side = Side::new();
        let primary = Some(fixture.listen(side.registry.clone(), peers));
        let (began, between) = (Instant::now(), Box::new(|| false));
        Self { fixture, primary, side, agents: vec![], between, began, skipped_ns: 0, slowness: 1 }
    }

    /// A primary with this many admitted agents. Agent and peer have the same number, but for the
    /// order in which they were heard.
    pub(crate) fn with_agents(fixture: &'a mut dyn Fixture, peers: usize) -> (Self, Vec<usize>) {
        let mut bench = Self::new(fixture, peers);
        let numbers = (0..peers).map(|agent| bench.join(agent)).collect();
        (bench, numbers)
    }

    /// One more that is let in; gives its number at the primary. On a transport without hello that is
    /// its own.
    fn join(&mut self, agent: usize) -> usize {
        self.connect(&agent.to_le_bytes());
        if matches!(self.primary, Some(Primary::Fixed(_))) {
            return agent;
        }
        let peer = self.wait_for_hello();
        self.admit(peer, b"welcome");
        let answer = self.wait_for(|bench| bench.agent(agent).1.arrived.pop_front());
        assert_eq!(answer, Event::Answer { is_admitted: true, answer: b"welcome".to_vec() });
        peer
    }

    /// Sends a hello to the primary.
    pub(crate) fn connect(&mut self, hello: &[u8]) {
        let side = Side::new();
        let now_ns = self.now_ns();
        let agent = self.fixture.connect(side.registry.clone(), hello, now_ns);
        self.agents.push(Some((agent, side)));
    }

    pub(crate) fn limit(&self) -> usize {
        self.fixture.limit()
    }

    pub(crate) fn now_ns(&self) -> u64 {
        self.began.elapsed().as_nanos() as u64 / self.slowness + self.skipped_ns
    }

    /// Advances the time of all ends.
    pub(crate) fn skip(&mut self, duration: Duration) {
        self.skipped_ns += duration.as_nanos() as u64;
    }

    pub(crate) fn agent(&mut self, agent: usize) -> &mut (Box<dyn Transport>, Side) {
        self.agents[agent].as_mut().unwrap()
    }

    pub(crate) fn transport(&mut self) -> &mut dyn Transport {
        match self.primary.as_mut().unwrap() {
            Primary::Listener(listener) => &mut **listener,
            Primary::Fixed(fixed) => &mut **fixed,
        }
    }

    pub(crate) fn admit(&mut self, peer: usize, welcome: &[u8]) {
        let now_ns = self.now_ns();
        let Some(Primary::Listener(primary)) = &mut self.primary else { panic!() };
        primary.admit(peer, welcome, now_ns).unwrap();
    }

    pub(crate) fn refuse(&mut self, peer: usize, refusal: &[u8]) {
        let now_ns = self.now_ns();
        let Some(Primary::Listener(primary)) = &mut self.primary else { panic!() };
        primary.refuse(peer, refusal, now_ns).unwrap();
    }

    /// The primary does what it can; whether that was anything.
    pub(crate) fn turn_primary(&mut self) -> bool {
        let now_ns = self.now_ns();
        match &mut self.primary {
            Some(Primary::Listener(primary)) => self.side.turn(&mut **primary, now_ns),
            Some(Primary::Fixed(primary)) => self.side.turn(&mut **primary, now_ns),
            None => false,
        }
    }

    /// An agent does what it can; whether that was anything.
    pub(crate) fn turn_agent(&mut self, agent: usize) -> bool {
        let now_ns = self.now_ns();
        match &mut self.agents[agent] {
            Some((transport, side)) => side.turn(&mut **transport, now_ns),
            None => false,
        }
    }

    /// Lets every end do what it can; gives whether an end did something.
    pub(crate) fn turn(&mut self) -> bool {
        let mut has_worked = self.turn_primary();
        has_worked |= (self.between)();
        for agent in 0..self.agents.len() {
            has_worked |= self.turn_agent(agent);
        }
        has_worked
    }

    /// Runs all ends until none has anything to do.
    pub(crate) fn settle(&mut self) {
        let (mut idle, began) = (0, Instant::now());
        while idle < 4 {
            assert!(began.elapsed() < PATIENCE, "it never settles");
            idle = if self.turn() { 0 } else { idle + 1 };
            if idle > 0 {
                std::thread::sleep(Duration::from_micros(20));
            }
        }
    }

    /// Drives every end until this has arrived.
    pub(crate) fn wait_for<T>(&mut self, mut what: impl FnMut(&mut Self) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = what(self) {
                return found;
            }
            if !self.turn() {
                std::thread::sleep(Duration::from_micros(200));
            }
            let arrived = &self.side.arrived;
            assert!(began.elapsed() < PATIENCE, "nothing comes; the primary has {arrived:?}");
        }
    }

    pub(crate) fn wait_for_hello(&mut self) -> usize {
        match self.wait_for(|bench| bench.side.arrived.pop_front()) {
            Event::Hello { peer, .. } => peer,
            other => panic!("{other:?}"),
        }
    }

    /// Drives every end for this long; nothing may arrive.
    pub(crate) fn stay_quiet(&mut self, duration: Duration) {
        let began = Instant::now();
        while began.elapsed() < duration {
            self.turn();
            assert_eq!(self.side.arrived, []);
            for agent in self.agents.iter().flatten() {
                assert_eq!(agent.1.arrived, []);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// A frame with its number and `length` bytes that follow from both.
pub(crate) fn pack(packer: &mut Packer, number: u64, length: usize) {
    packer.partial(LeaseId(number), &bytes(number, length), 0);
    packer.seal(0);
}

/// What the frame of this number has in it.
pub(crate) fn bytes(number: u64, length: usize) -> Vec<u8> {
    let seed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
    (0..length).map(|place| seed[place % 8] ^ place as u8).collect()
}
