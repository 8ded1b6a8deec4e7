//! A relay for tests: a bad path for datagrams between agents and a primary, from a seed.
//!
//! Agents send to the relay, which has a socket of its own for each of them, so that the primary
//! tells them apart. What goes through is lost, repeated, and late by chance, and so in another order.
//! It needs nothing but the standard library: a test of the whole program may include this file.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

/// What happens on the way: in percent, and within so long.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Path {
    pub(crate) lose: u64,
    pub(crate) repeat: u64,
    pub(crate) late: Duration,
}

/// A datagram on its way: by whose socket, to which side.
#[derive(Debug)]
struct Flying {
    agent: usize,
    is_up: bool,
    bytes: Vec<u8>,
}

/// The relay. Whoever has it calls [`turn`](Self::turn) again and again.
#[derive(Debug)]
pub(crate) struct Relay {
    front: UdpSocket,
    primary: SocketAddr,
    /// Each agent, and the socket that speaks for it.
    agents: Vec<(SocketAddr, UdpSocket)>,
    pub(crate) path: Path,
    chance: u64,
    /// By when they arrive, and a number.
    flying: BTreeMap<(Duration, u64), Flying>,
    /// What came in, by side, and what went out: how many datagrams, and how many bytes.
    pub(crate) up: [u64; 2],
    pub(crate) down: [u64; 2],
    numbers: u64,
}

impl Relay {
    pub(crate) fn new(primary: SocketAddr, path: Path, seed: u64) -> Self {
        let front = local();
        let (flying, agents) = (BTreeMap::new(), Vec::new());
        let (up, down) = ([0; 2], [0; 2]);
        Self { front, primary, agents, path, chance: seed, flying, up, down, numbers: 0 }
    }

    /// Where agents find the primary.
    pub(crate) fn address(&self) -> SocketAddr {
        self.front.local_addr().unwrap()
    }

    /// From now on every agent seems to be somewhere else, as behind a router that forgot it.
    pub(crate) fn move_agents(&mut self) {
        self.agents.iter_mut().for_each(|(_, socket)| *socket = local());
    }

    /// Takes what has come, and delivers what has arrived by now.
    pub(crate) fn turn(&mut self, now: Duration) {
        let mut room = [0; 2048];
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
            let (to, socket) = &self.agents[agent];
            // A full buffer, or a side that is not there: lost like any other.
            let _ = match is_up {
                true => socket.send_to(&bytes, self.primary),
                false => self.front.send_to(&bytes, to),
            };
        }
    }

    fn set_off(&mut self, agent: usize, is_up: bool, bytes: &[u8], now: Duration) {
        if self.below(100) < self.path.lose {
            return;
        }
        let copies = if self.below(100) < self.path.repeat { 2 } else { 1 };
        for _ in 0..copies {
            let late_ns = self.below(self.path.late.as_nanos() as u64 + 1);
            self.numbers += 1;
            let key = (now + Duration::from_nanos(late_ns), self.numbers);
            self.flying.insert(key, Flying { agent, is_up, bytes: bytes.to_vec() });
        }
    }

    /// splitmix64 (Steele, Lea, Flood 2014).
    fn below(&mut self, bound: u64) -> u64 {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.chance;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
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
