//! Relay for datagrams between agents and a primary, which disturbs them as a bad network does, from a seed.
//!
//! Agents send to the relay, which has a socket of its own for each of them, so that the primary
//! tells them apart. Datagrams are lost, repeated, changed, and delayed by chance, and so change places.

use crate::random::Random;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// What the relay does to datagrams.
#[derive(Clone, Copy, Debug, Default)]
pub struct Path {
    /// Lost datagrams, in percent.
    pub lose: u64,
    /// Repeated datagrams, in percent of those that are not lost.
    pub repeat: u64,
    /// Datagrams with one flipped bit, in percent.
    pub flip: u64,
    /// Longest delay of a datagram.
    pub late: Duration,
}

/// A datagram on its way: by whose socket, to which side.
#[derive(Debug)]
struct Flying {
    agent: usize,
    is_up: bool,
    bytes: Vec<u8>,
}

/// The relay. The test calls [`turn`](Self::turn) again and again.
#[derive(Debug)]
pub struct Relay {
    front: UdpSocket,
    primary: SocketAddr,
    /// Each agent, and the socket that speaks for it.
    agents: Vec<(SocketAddr, UdpSocket)>,
    /// What it does from now on.
    pub path: Path,
    random: Random,
    /// By when they arrive, and a number.
    flying: BTreeMap<(Duration, u64), Flying>,
    /// Datagrams and bytes that came from agents.
    pub up: [u64; 2],
    /// Datagrams and bytes that came from the primary.
    pub down: [u64; 2],
    /// Datagrams that were passed on, and the length of the longest.
    passed: (usize, usize),
    numbers: u64,
}

impl Relay {
    /// A relay to the primary at this address.
    #[must_use]
    pub fn new(primary: SocketAddr, path: Path, seed: u64) -> Self {
        let front = local();
        let (flying, agents) = (BTreeMap::new(), Vec::new());
        let (up, down) = ([0; 2], [0; 2]);
        let random = Random::new(seed);
        Self { front, primary, agents, path, random, flying, up, down, passed: (0, 0), numbers: 0 }
    }

    /// Where agents find the primary.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.front.local_addr().unwrap()
    }

    /// From now on every agent seems to be somewhere else, as behind a router that forgot it.
    pub fn move_agents(&mut self) {
        self.agents.iter_mut().for_each(|(_, socket)| *socket = local());
    }

    /// Takes what has come, and delivers what has arrived by now. Whether anything came.
    pub fn turn(&mut self, now: Duration) -> bool {
        let mut room = vec![0; 1 << 16];
        let before = self.up[0] + self.down[0];
        while let Some((length, from)) = receive(&self.front, &mut room) {
            let known = self.agents.iter().position(|(agent, _)| *agent == from);
            let agent = known.unwrap_or_else(|| {
                self.agents.push((from, local()));
                self.agents.len() - 1
            });
            count(&mut self.up, length);
            self.set_off(agent, true, &room[..length], now);
        }
        for agent in 0..self.agents.len() {
            while let Some((length, from)) = receive(&self.agents[agent].1, &mut room) {
                if from == self.primary {
                    count(&mut self.down, length);
                    self.set_off(agent, false, &room[..length], now);
                }
            }
        }
        while let Some(first) = self.flying.first_entry()
            && first.key().0 <= now
        {
            let Flying { agent, is_up, bytes } = first.remove();
            self.passed = (self.passed.0 + 1, self.passed.1.max(bytes.len()));
            let (to, socket) = &self.agents[agent];
            // A full buffer, or a side that is not there: lost like any other.
            let _ = match is_up {
                true => socket.send_to(&bytes, self.primary),
                false => self.front.send_to(&bytes, to),
            };
        }
        self.up[0] + self.down[0] > before
    }

    fn set_off(&mut self, agent: usize, is_up: bool, bytes: &[u8], now: Duration) {
        let (path, random) = (self.path, &mut self.random);
        if random.percent(path.lose) {
            return;
        }
        let mut bytes = bytes.to_vec();
        if path.flip > 0 && random.percent(path.flip) && !bytes.is_empty() {
            let at = random.below(bytes.len() as u64) as usize;
            bytes[at] ^= 1 << random.below(8);
        }
        let copies = if random.percent(path.repeat) { 2 } else { 1 };
        for _ in 0..copies {
            let late_ns = random.below(path.late.as_nanos() as u64 + 1);
            self.numbers += 1;
            let key = (now + Duration::from_nanos(late_ns), self.numbers);
            self.flying.insert(key, Flying { agent, is_up, bytes: bytes.clone() });
        }
    }
}

/// A relay that a thread runs until it is dropped.
#[derive(Debug)]
pub struct BackgroundRelay {
    address: String,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    is_over: AtomicBool,
    is_held: AtomicBool,
    passed: AtomicUsize,
    longest: AtomicUsize,
}

impl BackgroundRelay {
    /// A relay to a primary, whose address is `udp:HOST:PORT`.
    #[must_use]
    pub fn start(primary: &str, seed: u64, path: Path) -> Self {
        let primary: SocketAddr = primary.strip_prefix("udp:").unwrap().parse().unwrap();
        let relay = Relay::new(primary, path, seed);
        let address = format!("udp:{}", relay.address());
        let shared = Arc::new(Shared::default());
        let relaying = Arc::clone(&shared);
        std::thread::spawn(move || relaying.run(relay));
        Self { address, shared }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Loses everything that comes until told otherwise.
    pub fn hold(&self, is_held: bool) {
        self.shared.is_held.store(is_held, SeqCst);
    }

    /// Datagrams that were passed on, and the length of the longest.
    #[must_use]
    pub fn passed(&self) -> (usize, usize) {
        (self.shared.passed.load(SeqCst), self.shared.longest.load(SeqCst))
    }
}

impl Drop for BackgroundRelay {
    fn drop(&mut self) {
        self.shared.is_over.store(true, SeqCst);
    }
}

impl Shared {
    fn run(&self, mut relay: Relay) {
        let (began, path) = (Instant::now(), relay.path);
        while !self.is_over.load(SeqCst) {
            relay.path = path;
            if self.is_held.load(SeqCst) {
                relay.path.lose = 100;
            }
            let has_worked = relay.turn(began.elapsed());
            self.passed.store(relay.passed.0, SeqCst);
            self.longest.store(relay.passed.1, SeqCst);
            if !has_worked {
                std::thread::sleep(Duration::from_micros(200));
            }
        }
    }
}

fn local() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

fn receive(socket: &UdpSocket, room: &mut [u8]) -> Option<(usize, SocketAddr)> {
    loop {
        match socket.recv_from(room) {
            Ok(received) => return Some(received),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
            // What the network says about something that was sent before.
            Err(_) => {}
        }
    }
}

fn count(what: &mut [u64; 2], length: usize) {
    what[0] += 1;
    what[1] += length as u64;
}
