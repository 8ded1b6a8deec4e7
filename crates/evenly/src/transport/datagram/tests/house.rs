//! Listening primary for tests of datagrams: its sockets, peers and timers can be read, and the test sets its clock.

use super::Datagrams;
use crate::transport::conformance::Event;
use crate::transport::datagram::DatagramListener;
use crate::transport::{Arrival, EpollToken, Registry, Transport};
use evenly_core::frame::Body;
use rustix::event::{Timespec, epoll};
use std::mem::MaybeUninit;
use std::time::Duration;

/// A primary that listens.
pub(super) struct House {
    pub(super) ends: Datagrams,
    pub(super) listener: DatagramListener,
    pub(super) registry: Registry,
    pub(super) now_ns: u64,
    /// How often something was ready.
    pub(super) times_ready: usize,
}

impl House {
    pub(super) fn open(mut ends: Datagrams) -> Self {
        let registry = Registry::new(0).unwrap();
        let listener = ends.listener(registry.clone());
        Self { ends, listener, registry, now_ns: 0, times_ready: 0 }
    }

    /// Does what is ready within so long, and what is due then. What arrived.
    pub(super) fn turn(&mut self, within: Duration) -> Vec<Event> {
        self.now_ns += 1;
        let times_ready = turn(&self.registry, &mut self.listener, within, self.now_ns);
        self.times_ready += times_ready;
        arrived(&mut self.listener)
    }

    /// Turns until nothing is ready.
    pub(super) fn settle(&mut self) -> Vec<Event> {
        let mut all = vec![];
        loop {
            let before = self.times_ready;
            all.extend(self.turn(Duration::from_millis(20)));
            if self.times_ready == before {
                return all;
            }
        }
    }

    /// Lets this time pass.
    pub(super) fn pass(&mut self, time: Duration) -> Vec<Event> {
        self.now_ns += time.as_nanos() as u64;
        self.settle()
    }
}

/// One turn of a transport; how many descriptors were ready.
pub(super) fn turn(
    registry: &Registry,
    transport: &mut dyn Transport,
    within: Duration,
    now_ns: u64,
) -> usize {
    let mut events = [MaybeUninit::<epoll::Event>::uninit(); 64];
    let timeout = Timespec { tv_sec: 0, tv_nsec: within.as_nanos() as i64 };
    let (events, _) = epoll::wait(registry.epoll(), &mut events, Some(&timeout)).unwrap();
    for event in events.iter() {
        transport.attend(EpollToken::from_data(event.data).key, now_ns).unwrap();
    }
    if transport.next_due_ns().is_some_and(|due_ns| due_ns <= now_ns) {
        transport.keep_time(now_ns).unwrap();
    }
    transport.flush(now_ns).unwrap();
    assert!(transport.next_due_ns().is_none_or(|due_ns| due_ns > now_ns), "a busy timer");
    events.len()
}

/// What arrived, to be kept.
pub(super) fn arrived(transport: &mut dyn Transport) -> Vec<Event> {
    let mut all = vec![];
    while let Some(arrival) = transport.next() {
        all.push(match arrival {
            Arrival::Frame { peer, frame } => {
                let Body::Part(part) = frame.body else { panic!("{frame:?}") };
                let (peer, bytes) = (peer.unwrap(), part.bytes.to_vec());
                Event::Frame { peer, number: part.lease.0, bytes }
            }
            Arrival::Hello { peer, hello } => Event::Hello { peer, hello: hello.to_vec() },
            Arrival::Answer { is_admitted, answer } => {
                Event::Answer { is_admitted, answer: answer.to_vec() }
            }
            Arrival::Gone { peer, why } => Event::Gone { peer, why },
            Arrival::Garbage(malformed) => panic!("{malformed}"),
        });
    }
    all
}
