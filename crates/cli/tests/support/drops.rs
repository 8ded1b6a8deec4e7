//! A relay for datagrams over a network that does what networks do with them: it loses them, repeats
//! them, delays each for another time so that they change places, or lets nothing through.

use super::random::Random;
use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// What is done to datagrams, in either direction.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Drops {
    pub(crate) seed: u64,
    /// Of a hundred, so many are lost.
    pub(crate) loses: u64,
    /// Of a hundred that are not lost, so many come twice.
    pub(crate) repeats: u64,
    /// Each takes up to so long.
    pub(crate) delay: Duration,
    /// Of a hundred, so many have one bit changed.
    pub(crate) flips: u64,
}

/// A relay that runs until it is dropped.
pub(crate) struct DropRelay {
    address: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    is_over: AtomicBool,
    is_held: AtomicBool,
    passed: AtomicUsize,
    longest: AtomicUsize,
}

/// Where a datagram goes: through the socket of which agent, and towards whom.
type Delivery = (SocketAddr, bool, Vec<u8>);

impl DropRelay {
    /// A relay to a primary, whose address is `udp:HOST:PORT`.
    pub(crate) fn start(primary: &str, drops: Drops) -> Self {
        let primary: SocketAddr = primary.strip_prefix("udp:").unwrap().parse().unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = format!("udp:{}", socket.local_addr().unwrap());
        let shared = Arc::new(Shared::default());
        let relaying = shared.clone();
        std::thread::spawn(move || relaying.relay(&socket, primary, drops));
        Self { address, shared }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Loses everything until told otherwise.
    pub(crate) fn hold(&self, is_held: bool) {
        self.shared.is_held.store(is_held, SeqCst);
    }

    /// How many datagrams were passed on, and how long the longest was.
    pub(crate) fn passed(&self) -> (usize, usize) {
        (self.shared.passed.load(SeqCst), self.shared.longest.load(SeqCst))
    }
}

impl Drop for DropRelay {
    fn drop(&mut self) {
        self.shared.is_over.store(true, SeqCst);
    }
}

impl Shared {
    fn relay(&self, socket: &UdpSocket, primary: SocketAddr, drops: Drops) {
        let mut random = Random(drops.seed);
        let mut agents: BTreeMap<SocketAddr, UdpSocket> = BTreeMap::new();
        let mut waiting: BTreeMap<(Instant, u64), Delivery> = BTreeMap::new();
        let mut room = vec![0; 1 << 16];
        // Nobody is waited for in particular: there may be many sockets, and time to be kept.
        socket.set_nonblocking(true).unwrap();
        while !self.is_over.load(SeqCst) {
            let mut came = vec![];
            while let Ok((count, agent)) = socket.recv_from(&mut room) {
                came.push((agent, true, room[..count].to_vec()));
                agents.entry(agent).or_insert_with(|| {
                    let own = UdpSocket::bind("127.0.0.1:0").unwrap();
                    own.set_nonblocking(true).unwrap();
                    own
                });
            }
            for (agent, own) in &agents {
                while let Ok((count, _)) = own.recv_from(&mut room) {
                    came.push((*agent, false, room[..count].to_vec()));
                }
            }
            let is_idle = came.is_empty();
            came.retain(|_| !self.is_held.load(SeqCst) && !random.percent(drops.loses));
            for mut delivery in came {
                if random.percent(drops.flips) && !delivery.2.is_empty() {
                    let at = random.below(delivery.2.len() as u64) as usize;
                    delivery.2[at] ^= 1 << random.below(8);
                }
                for _ in 0..1 + u32::from(random.percent(drops.repeats)) {
                    let most = drops.delay.as_micros() as u64 + 1;
                    let delay = Duration::from_micros(random.below(most));
                    waiting.insert((Instant::now() + delay, random.next()), delivery.clone());
                }
            }
            while let Some(first) = waiting.first_entry()
                && first.key().0 <= Instant::now()
            {
                let (agent, is_to_primary, bytes) = first.remove();
                self.passed.fetch_add(1, SeqCst);
                self.longest.fetch_max(bytes.len(), SeqCst);
                // What a full queue refuses is lost, too.
                let _ = match is_to_primary {
                    true => agents[&agent].send_to(&bytes, primary),
                    false => socket.send_to(&bytes, agent),
                };
            }
            if is_idle {
                std::thread::sleep(Duration::from_micros(200));
            }
        }
    }
}
