//! How fast frames go in datagrams, between two threads: `cargo test --release -p evenly --lib
//! datagram::tests::speed -- --ignored --nocapture`.

use super::Datagrams;
use crate::transport::{Arrival, EpollToken, Listener, Registry, Transport};
use evenly_core::frame::Body;
use evenly_core::{Assignment, Interval, LeaseId};
use rustix::event::{Timespec, epoll};
use std::mem::MaybeUninit;
use std::time::Instant;

fn now_ns(began: Instant) -> u64 {
    began.elapsed().as_nanos() as u64
}

/// Waits, and attends to what is ready and what is due.
fn wait(transport: &mut dyn Transport, registry: &Registry, began: Instant) {
    let mut events = [MaybeUninit::<epoll::Event>::uninit(); 64];
    let left_ns = transport.next_due_ns().map(|due_ns| due_ns.saturating_sub(now_ns(began)));
    let timeout = left_ns.map(|ns| Timespec {
        tv_sec: (ns / 1_000_000_000) as i64,
        tv_nsec: (ns % 1_000_000_000) as i64,
    });
    let (events, _) = epoll::wait(registry.epoll(), &mut events, timeout.as_ref()).unwrap();
    let now_ns = now_ns(began);
    for event in events.iter() {
        transport.attend(EpollToken::from_data(event.data).key, now_ns).unwrap();
    }
    transport.keep_time(now_ns).unwrap();
}

/// The primary sends assignments, `batch` of them to a flush and no more than `window` without an
/// answer; the agent answers each.
fn measure(mut ends: Datagrams, batch: usize, window: usize, total: usize) -> f64 {
    let began = Instant::now();
    let registry = Registry::new(0).unwrap();
    let mut primary = ends.listener(registry.clone());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let registry = Registry::new(0).unwrap();
            let mut agent = ends.connector(registry.clone(), b"", now_ns(began));
            let mut leases = vec![];
            loop {
                wait(&mut agent, &registry, began);
                while let Some(arrival) = agent.next() {
                    match arrival {
                        Arrival::Frame { frame, .. } => {
                            let Body::Assignments(assignments) = frame.body else { panic!() };
                            leases.extend(assignments.iter().map(|one| one.lease));
                        }
                        Arrival::Gone { .. } => return,
                        _ => {}
                    }
                }
                if let Some(packer) = agent.packer(0)
                    && !leases.is_empty()
                {
                    for lease in leases.drain(..) {
                        packer.answer(lease, 1);
                    }
                    packer.seal(1);
                }
                agent.flush(now_ns(began)).unwrap();
            }
        });
        let peer = loop {
            wait(&mut primary, &registry, began);
            if let Some(Arrival::Hello { peer, .. }) = primary.next() {
                break peer;
            }
        };
        primary.admit(peer, b"", now_ns(began)).unwrap();
        let (mut sent, mut answered) = (0, 0);
        let start = Instant::now();
        while answered < total {
            while sent - answered + batch <= window && sent < total {
                let packer = primary.packer(peer).unwrap();
                let one = |number| Assignment {
                    interval: Interval::single(number as i64),
                    lease: LeaseId(number as u64),
                };
                let assignments: Vec<_> = (sent..sent + batch).map(one).collect();
                packer.assign(&assignments);
                packer.seal(0);
                sent += batch;
            }
            primary.flush(now_ns(began)).unwrap();
            wait(&mut primary, &registry, began);
            while let Some(Arrival::Frame { frame, .. }) = primary.next() {
                let Body::Answers(answers) = frame.body else { panic!() };
                answered += answers.iter().count();
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        primary.close(peer);
        while primary.is_lingering() {
            primary.flush(now_ns(began)).unwrap();
            wait(&mut primary, &registry, began);
        }
        total as f64 / seconds
    })
}

#[test]
#[ignore = "a measurement"]
fn speed() {
    for name in ["unixgram", "udp"] {
        for (batch, window, total) in
            [(1, 1, 20_000), (1, 64, 400_000), (46, 4096, 4_000_000), (4096, 65_536, 10_000_000)]
        {
            let ends = match name {
                "unixgram" => Datagrams::unixgram("speed"),
                _ => Datagrams::udp("speed", "127.0.0.1"),
            };
            let rate = measure(ends, batch, window, total);
            let frames = rate / batch.min(46) as f64;
            eprintln!(
                "{name}: {batch} to a flush, {window} under way: {rate:.0} chunks/s, {frames:.0} frames/s down"
            );
        }
    }
}
