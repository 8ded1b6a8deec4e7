//! Transport within one process, for tests.
//!
//! Bytes arrive in pieces cut anywhere, as a seed says, and a pipe has room for a limited number.
//! An eventfd(2) stands for what epoll would say of a socket.

use super::{Arrival, Gone, Listener, Registry, Transport, TransportError};
use evenly_core::WorkerId;
use evenly_core::frame::{PIPE_FRAME, Packer, Unpacker};
use evenly_testkit::Random;
use rustix::event::epoll::EventFlags;
use rustix::event::{EventfdFlags, eventfd};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::os::fd::OwnedFd;
use std::rc::Rc;

const LISTENING_KEY: u32 = u32::MAX;
/// The most that waits in one direction.
const CAPACITY: usize = 64 << 10;

/// One direction of a connection.
#[derive(Debug)]
struct MemoryDirection {
    bytes: VecDeque<u8>,
    /// What is said before any frame: a hello, or the answer to one.
    words: Option<(bool, Vec<u8>)>,
    is_closed: bool,
    /// Wake the reader, and the writer.
    readable: Rc<OwnedFd>,
    writable: Rc<OwnedFd>,
}

impl MemoryDirection {
    fn new(readable: &Rc<OwnedFd>, writable: &Rc<OwnedFd>) -> Rc<RefCell<Self>> {
        let (readable, writable) = (Rc::clone(readable), Rc::clone(writable));
        let (bytes, words, is_closed) = (VecDeque::new(), None, false);
        Rc::new(RefCell::new(Self { bytes, words, is_closed, readable, writable }))
    }
}

fn bell() -> Rc<OwnedFd> {
    Rc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).unwrap())
}

fn ring(bell: &OwnedFd) {
    let _ = rustix::io::write(bell, &1_u64.to_ne_bytes());
}

fn silence(bell: &OwnedFd) {
    let _ = rustix::io::read(bell, &mut [0; 8][..]);
}

/// One end of a connection.
#[derive(Debug)]
struct MemoryEnd {
    ours: Rc<RefCell<MemoryDirection>>,
    theirs: Rc<RefCell<MemoryDirection>>,
    bell: Rc<OwnedFd>,
    packer: Packer,
    unpacker: Unpacker,
    /// What was said last before any frame.
    words: Vec<u8>,
    is_admitted: bool,
    is_reported: bool,
    is_ending: bool,
    is_over: bool,
    /// Whether it was told that the other end is gone.
    is_gone: bool,
}

impl MemoryEnd {
    fn new(
        ours: Rc<RefCell<MemoryDirection>>,
        theirs: Rc<RefCell<MemoryDirection>>,
        bell: Rc<OwnedFd>,
    ) -> Self {
        Self {
            ours,
            theirs,
            bell,
            packer: Packer::new(WorkerId(0), PIPE_FRAME),
            unpacker: Unpacker::new(PIPE_FRAME, PIPE_FRAME),
            words: vec![],
            is_admitted: false,
            is_reported: false,
            is_ending: false,
            is_over: false,
            is_gone: false,
        }
    }

    fn write(&mut self, random: &mut Random) {
        self.packer.seal(0);
        let mut way = self.ours.borrow_mut();
        let reader_is_gone = self.theirs.borrow().is_closed && Rc::strong_count(&self.theirs) == 1;
        if reader_is_gone {
            self.packer.clear();
        }
        let room = CAPACITY - way.bytes.len();
        let most = self.packer.bytes().len().min(room);
        let count = if random.once_in(4) { random.index(most + 1) } else { most };
        way.bytes.extend(&self.packer.bytes()[..count]);
        self.packer.consume(count);
        let is_end = self.is_ending && self.packer.is_empty() && !way.is_closed;
        way.is_closed |= is_end;
        if count > 0 || is_end {
            ring(&way.readable);
        }
        if count < most {
            // The rest goes when it is asked again.
            ring(&self.bell);
        }
    }

    fn read(&mut self, random: &mut Random) {
        if self.unpacker.has_frame() {
            return ring(&self.bell);
        }
        let mut way = self.theirs.borrow_mut();
        let room = self.unpacker.room();
        let most = [1, 7, 100, room.len()][random.index(4)];
        let count = way.bytes.len().min(room.len()).min(most);
        for (place, byte) in room.iter_mut().zip(way.bytes.drain(..count)) {
            *place = byte;
        }
        self.unpacker.filled(count);
        self.is_over = way.is_closed && way.bytes.is_empty();
        if count > 0 {
            ring(&way.writable);
        }
        if !way.bytes.is_empty() {
            ring(&self.bell);
        }
    }
}

impl Drop for MemoryEnd {
    fn drop(&mut self) {
        let mut way = self.ours.borrow_mut();
        way.is_closed = true;
        ring(&way.readable);
    }
}

/// Where agents find the primary.
#[derive(Clone, Debug)]
pub(crate) struct Rendezvous {
    arrived: Rc<RefCell<VecDeque<MemoryEnd>>>,
    bell: Rc<OwnedFd>,
}

/// Transport of the primary in memory.
#[derive(Debug)]
pub(crate) struct MemoryListener {
    rendezvous: Rendezvous,
    registry: Registry,
    peers: BTreeMap<usize, MemoryEnd>,
    leaving: Option<usize>,
    random: Random,
}

impl MemoryListener {
    pub(crate) fn new(registry: Registry, seed: u64) -> (Self, Rendezvous) {
        let rendezvous = Rendezvous { arrived: Rc::default(), bell: bell() };
        registry.add(&*rendezvous.bell, LISTENING_KEY, EventFlags::IN).unwrap();
        let (peers, random) = (BTreeMap::new(), Random::new(seed));
        (
            Self { rendezvous: rendezvous.clone(), registry, peers, leaving: None, random },
            rendezvous,
        )
    }

    fn remove(&mut self, peer: usize) {
        if let Some(end) = self.peers.remove(&peer) {
            self.registry.remove(&*end.bell);
        }
    }
}

impl Transport for MemoryListener {
    fn packer(&mut self, peer: usize) -> Option<&mut Packer> {
        let end = self.peers.get_mut(&peer).filter(|end| end.is_admitted && !end.is_ending)?;
        Some(&mut end.packer)
    }

    fn flush(&mut self, _now_ns: u64) -> Result<(), TransportError> {
        for end in self.peers.values_mut().filter(|end| end.is_admitted) {
            end.write(&mut self.random);
        }
        Ok(())
    }

    fn attend(&mut self, key: u32, _now_ns: u64) -> Result<(), TransportError> {
        if key == LISTENING_KEY {
            silence(&self.rendezvous.bell);
            for end in self.rendezvous.arrived.borrow_mut().drain(..) {
                let number = (0..).find(|number| !self.peers.contains_key(number)).unwrap();
                self.registry.add(&*end.bell, number as u32, EventFlags::IN).unwrap();
                self.peers.insert(number, end);
            }
            return Ok(());
        }
        let Some(end) = self.peers.get_mut(&(key as usize)) else { return Ok(()) };
        silence(&end.bell);
        if end.is_admitted {
            end.write(&mut self.random);
            end.read(&mut self.random);
        }
        if end.is_ending && (end.ours.borrow().is_closed || end.is_over) {
            self.remove(key as usize);
        }
        Ok(())
    }

    fn next(&mut self) -> Option<Arrival<'_>> {
        if let Some(peer) = self.leaving.take() {
            self.remove(peer);
        }
        let has_news = |end: &MemoryEnd| {
            !end.is_ending
                && if end.is_admitted {
                    end.unpacker.has_frame() || end.is_over
                } else {
                    !end.is_reported && end.theirs.borrow().words.is_some()
                }
        };
        let (peer, end) = self.peers.iter_mut().find(|(_, end)| has_news(end))?;
        let peer = *peer;
        if !end.is_admitted {
            end.is_reported = true;
            (_, end.words) = end.theirs.borrow_mut().words.take()?;
            return Some(Arrival::Hello { peer, hello: &end.words });
        }
        if !end.unpacker.has_frame() {
            self.leaving = Some(peer);
            return Some(Arrival::Gone { peer, why: Gone::EndOfFile });
        }
        let frame = end.unpacker.next_frame().unwrap()?;
        Some(Arrival::Frame { peer: Some(peer), frame })
    }

    fn close(&mut self, peer: usize) {
        let Some(end) = self.peers.get_mut(&peer) else { return };
        end.is_ending = true;
        end.write(&mut self.random);
        ring(&end.bell);
    }

    fn is_lingering(&self) -> bool {
        self.peers.values().any(|end| end.is_ending)
    }
}

impl Listener for MemoryListener {
    fn listens_at(&self) -> Option<String> {
        Some("memory".to_owned())
    }

    fn admit(&mut self, peer: usize, welcome: &[u8], _now_ns: u64) -> Result<(), TransportError> {
        let Some(end) = self.peers.get_mut(&peer) else { return Ok(()) };
        end.is_admitted = true;
        end.ours.borrow_mut().words = Some((true, welcome.to_vec()));
        ring(&end.ours.borrow().readable);
        Ok(())
    }

    fn refuse(&mut self, peer: usize, refusal: &[u8], _now_ns: u64) -> Result<(), TransportError> {
        if let Some(end) = self.peers.get_mut(&peer) {
            end.ours.borrow_mut().words = Some((false, refusal.to_vec()));
        }
        self.remove(peer);
        Ok(())
    }

    fn address(&self, peer: usize) -> String {
        format!("memory:{peer}")
    }
}

/// Transport of an agent in memory.
#[derive(Debug)]
pub(crate) struct MemoryConnector {
    end: Option<MemoryEnd>,
    registry: Registry,
    random: Random,
}

impl MemoryConnector {
    pub(crate) fn connect(
        rendezvous: &Rendezvous,
        hello: &[u8],
        registry: Registry,
        seed: u64,
    ) -> Self {
        let (near, far) = (bell(), bell());
        let (to_primary, to_agent) =
            (MemoryDirection::new(&far, &near), MemoryDirection::new(&near, &far));
        to_primary.borrow_mut().words = Some((true, hello.to_vec()));
        registry.add(&*near, 0, EventFlags::IN).unwrap();
        let arrived = MemoryEnd::new(Rc::clone(&to_agent), Rc::clone(&to_primary), far);
        rendezvous.arrived.borrow_mut().push_back(arrived);
        ring(&rendezvous.bell);
        let end = Some(MemoryEnd::new(to_primary, to_agent, near));
        Self { end, registry, random: Random::new(seed) }
    }

    fn living(&mut self) -> Option<&mut MemoryEnd> {
        self.end.as_mut().filter(|end| !end.is_ending && !end.is_gone)
    }
}

impl Transport for MemoryConnector {
    fn packer(&mut self, _peer: usize) -> Option<&mut Packer> {
        let end = self.living().filter(|end| end.is_admitted)?;
        Some(&mut end.packer)
    }

    fn flush(&mut self, _now_ns: u64) -> Result<(), TransportError> {
        if let Some(end) = &mut self.end {
            end.write(&mut self.random);
        }
        Ok(())
    }

    fn attend(&mut self, _key: u32, _now_ns: u64) -> Result<(), TransportError> {
        let Some(end) = &mut self.end else { return Ok(()) };
        silence(&end.bell);
        end.write(&mut self.random);
        end.read(&mut self.random);
        if end.is_ending && (end.ours.borrow().is_closed || end.is_over) {
            self.end = None;
        }
        Ok(())
    }

    fn next(&mut self) -> Option<Arrival<'_>> {
        let Self { end, registry, .. } = self;
        let end = end.as_mut().filter(|end| !end.is_ending && !end.is_gone)?;
        let words = end.theirs.borrow_mut().words.take();
        if let Some((is_admitted, answer)) = words {
            (end.is_admitted, end.words) = (is_admitted, answer);
            return Some(Arrival::Answer { is_admitted, answer: &end.words });
        }
        let is_over = end.is_over || end.theirs.borrow().is_closed && !end.is_admitted;
        if is_over && !end.unpacker.has_frame() {
            registry.remove(&*end.bell);
            end.is_gone = true;
            return Some(Arrival::Gone { peer: 0, why: Gone::EndOfFile });
        }
        let frame = end.unpacker.next_frame().unwrap()?;
        Some(Arrival::Frame { peer: Some(0), frame })
    }

    fn close(&mut self, _peer: usize) {
        if let Some(end) = self.living() {
            end.is_ending = true;
            ring(&end.bell);
        }
    }

    fn is_lingering(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.is_ending)
    }
}
