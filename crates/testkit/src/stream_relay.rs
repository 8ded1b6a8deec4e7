//! Relay for stream connections between agents and a primary: it holds, delays, splits, joins, changes and ends
//! them, by a plan and by what a test says in between. Datagrams have [their own](crate::datagram_relay).

use crate::messages::Place;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{SocketFlags, sockopt};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What is done to every connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plan {
    /// Writes single bytes, each a segment of its own.
    pub splits: bool,
    /// Writes nothing until this time has passed since the last write, and then all in one.
    pub joins: Duration,
    /// What each byte takes longer.
    pub delay: Duration,
    /// Changes a bit in the message with this number on the way to the primary, or from it, of the
    /// first connection; on a network each message has its length before it.
    pub flips: Option<(Way, usize)>,
    /// Resets the first connections, a given number of them, after a given number of bytes to the primary.
    pub resets: Option<(u32, usize)>,
}

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the agent to the primary.
    ToPrimary,
    /// From the primary to the agent.
    FromPrimary,
}

const GOES_ON: u8 = 0;
const CUT: u8 = 1;
const RESET: u8 = 2;

/// A relay that threads run until it is dropped.
#[derive(Debug)]
pub struct Relay {
    address: String,
    shared: Arc<Shared>,
    socket: Option<PathBuf>,
}

#[derive(Debug)]
struct Shared {
    plan: Plan,
    is_over: AtomicBool,
    is_held: AtomicBool,
    /// What comes from the primary only.
    is_mute: AtomicBool,
    accepted: AtomicU32,
    connections: Mutex<Vec<Arc<Connection>>>,
}

#[derive(Debug)]
struct Connection {
    /// Which one, from 0.
    number: u32,
    end: AtomicU8,
    /// The first bytes that came from the agent.
    recorded: Mutex<Vec<u8>>,
}

/// Where a stream can be connected to.
#[derive(Clone)]
enum Target {
    Unix(PathBuf),
    Tcp(SocketAddr),
}

impl Relay {
    /// A relay to a primary at `unix:PATH` or `tcp:HOST:PORT`. For the former it listens at `socket`.
    #[must_use]
    pub fn start(socket: &Path, primary: &str, plan: Plan) -> Self {
        let (target, listener, address, socket) = match primary.split_once(':').unwrap() {
            ("unix", to) => {
                let listener = OwnedFd::from(UnixListener::bind(socket).unwrap());
                let address = format!("unix:{}", socket.display());
                (Target::Unix(to.into()), listener, address, Some(socket.to_owned()))
            }
            (_, to) => {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let address = format!("tcp:{}", listener.local_addr().unwrap());
                (Target::Tcp(to.parse().unwrap()), listener.into(), address, None)
            }
        };
        let shared = Arc::new(Shared {
            plan,
            is_over: AtomicBool::new(false),
            is_held: AtomicBool::new(false),
            is_mute: AtomicBool::new(false),
            accepted: AtomicU32::new(0),
            connections: Mutex::new(vec![]),
        });
        let accepting = shared.clone();
        std::thread::spawn(move || accepting.accept(&listener, &target));
        Self { address, shared, socket }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Passes no bytes in either direction and accepts no connection, until the test changes this.
    pub fn hold(&self, is_held: bool) {
        self.shared.is_held.store(is_held, SeqCst);
    }

    /// Lets nothing through that comes from the primary, until told otherwise.
    pub fn mute_primary(&self, is_mute: bool) {
        self.shared.is_mute.store(is_mute, SeqCst);
    }

    /// Closes all connections that there are, in order.
    pub fn cut(&self) {
        self.end_all(CUT);
    }

    /// Resets all connections that there are.
    pub fn reset(&self) {
        self.end_all(RESET);
    }

    /// How many connections were made through it.
    #[must_use]
    pub fn accepted(&self) -> u32 {
        self.shared.accepted.load(SeqCst)
    }

    /// What an agent said first in its connection.
    #[must_use]
    pub fn recorded(&self, connection: usize) -> Vec<u8> {
        self.shared.connections.lock().unwrap()[connection].recorded.lock().unwrap().clone()
    }

    fn end_all(&self, how: u8) {
        for connection in self.shared.connections.lock().unwrap().iter() {
            connection.end.store(how, SeqCst);
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.is_over.store(true, SeqCst);
        if let Some(socket) = &self.socket {
            let _ = std::fs::remove_file(socket);
        }
    }
}

impl Shared {
    fn accept(self: Arc<Self>, listener: &OwnedFd, target: &Target) {
        while !self.is_over.load(SeqCst) {
            if self.is_held.load(SeqCst) || !is_ready(listener) {
                std::thread::sleep(Duration::from_millis(2));
                continue;
            }
            let Ok(agent) = rustix::net::accept_with(listener, SocketFlags::CLOEXEC) else {
                return;
            };
            // No listener: a connection attempt is refused.
            let Some(primary) = connect(target) else { continue };
            let number = self.accepted.fetch_add(1, SeqCst);
            let (end, recorded) = (AtomicU8::new(GOES_ON), Mutex::new(vec![]));
            let connection = Arc::new(Connection { number, end, recorded });
            self.connections.lock().unwrap().push(connection.clone());
            let (agent, primary) = (File::from(agent), File::from(primary));
            if matches!(target, Target::Tcp(_)) {
                sockopt::set_tcp_nodelay(&agent, true).unwrap();
                sockopt::set_tcp_nodelay(&primary, true).unwrap();
            }
            let ends = [agent.try_clone().unwrap(), primary.try_clone().unwrap()];
            let (this, that) = (self.clone(), self.clone());
            let other = connection.clone();
            std::thread::spawn(move || this.pump(&connection, Way::ToPrimary, agent, primary));
            std::thread::spawn(move || {
                let [agent, primary] = ends;
                that.pump(&other, Way::FromPrimary, primary, agent);
            });
        }
    }

    /// Passes on what comes from one end to the other, until there is no more.
    fn pump(&self, connection: &Connection, way: Way, mut from: File, mut to: File) {
        let mut waiting: VecDeque<(Instant, Vec<u8>)> = VecDeque::new();
        let (mut place, mut written, mut last) = (Place::default(), 0, Instant::now());
        let mut is_ended = false;
        let mut room = vec![0; 1 << 16];
        loop {
            match connection.end.load(SeqCst) {
                _ if self.is_over.load(SeqCst) => break,
                GOES_ON => {}
                end => {
                    if end == RESET {
                        let _ = sockopt::set_socket_linger(&from, Some(Duration::ZERO));
                        let _ = sockopt::set_socket_linger(&to, Some(Duration::ZERO));
                    }
                    break;
                }
            }
            let is_mute = way == Way::FromPrimary && self.is_mute.load(SeqCst);
            if is_mute || self.is_held.load(SeqCst) {
                std::thread::sleep(Duration::from_millis(2));
                continue;
            }
            if !is_ended && waiting.len() < 64 && is_ready(&from) {
                let count = from.read(&mut room).unwrap_or(0);
                is_ended = count == 0;
                let mut bytes = room[..count].to_vec();
                self.spoil(connection, way, &mut place, &mut bytes);
                waiting.push_back((Instant::now() + self.plan.delay, bytes));
            }
            let mut due = vec![];
            if last.elapsed() >= self.plan.joins {
                while waiting.front().is_some_and(|(at, _)| *at <= Instant::now()) {
                    due.append(&mut waiting.pop_front().unwrap().1);
                }
                last = Instant::now();
            }
            let end = match self.plan.resets {
                Some((times, after)) if way == Way::ToPrimary && connection.number < times => {
                    after.saturating_sub(written).min(due.len())
                }
                _ => due.len(),
            };
            let step = if self.plan.splits { 1 } else { due.len().max(1) };
            if due[..end].chunks(step).any(|piece| to.write_all(piece).is_err()) {
                break;
            }
            written += end;
            if end < due.len() {
                connection.end.store(RESET, SeqCst);
            } else if is_ended && waiting.is_empty() {
                // Only this half is over.
                let _ = rustix::net::shutdown(&to, rustix::net::Shutdown::Write);
                return;
            }
        }
        // This shuts both halves, and the kernel wakes the other thread.
        if connection.end.load(SeqCst) != RESET {
            let _ = rustix::net::shutdown(&from, rustix::net::Shutdown::Both);
            let _ = rustix::net::shutdown(&to, rustix::net::Shutdown::Both);
        }
        connection.end.compare_exchange(GOES_ON, CUT, SeqCst, SeqCst).ok();
    }

    /// Records what an agent says first, and changes the bit that the plan names.
    fn spoil(&self, connection: &Connection, way: Way, place: &mut Place, bytes: &mut [u8]) {
        let mut recorded = connection.recorded.lock().unwrap();
        if way == Way::ToPrimary && recorded.len() < 4096 {
            recorded.extend_from_slice(bytes);
        }
        let Some((flipped, number)) = self.plan.flips else { return };
        for byte in bytes {
            let is_first = place.pass(*byte);
            if is_first && connection.number == 0 && flipped == way && place.message == number {
                *byte ^= 1 << (number % 8);
            }
        }
    }
}

/// Whether there is something to read, or an end; waits a moment for it.
fn is_ready(socket: &impl AsFd) -> bool {
    let moment = Timespec { tv_sec: 0, tv_nsec: 2_000_000 };
    let mut polled = [PollFd::new(socket, PollFlags::IN)];
    poll(&mut polled, Some(&moment)).is_ok_and(|ready| ready > 0)
}

fn connect(target: &Target) -> Option<OwnedFd> {
    match target {
        Target::Unix(path) => UnixStream::connect(path).ok().map(OwnedFd::from),
        Target::Tcp(address) => TcpStream::connect(address).ok().map(OwnedFd::from),
    }
}
