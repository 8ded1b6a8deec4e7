//! How fast frames go over a stream, between two threads: `cargo test --release -p evenly --lib speed
//! -- --ignored --nocapture`.

use super::{StreamConnector, Streams};
use crate::secure::noise::Dialer;
use crate::transport::{Arrival, EpollToken, Listener, Registry, Transport};
use evenly_core::frame::Body;
use evenly_core::{Assignment, Interval, LeaseId};
use rustix::event::epoll;
use std::mem::MaybeUninit;
use std::time::Instant;

/// Waits, and attends to what is ready.
fn wait(transport: &mut dyn Transport, registry: &Registry) {
    let mut events = [MaybeUninit::<epoll::Event>::uninit(); 64];
    let (events, _) = epoll::wait(registry.epoll(), &mut events, None).unwrap();
    for event in events {
        transport.attend(EpollToken::from_data(event.data).key, 0).unwrap();
    }
}

/// The primary sends assignments, `batch` of them to a flush and no more than `window` without an
/// answer; the agent answers each.
fn measure(streams: &Streams, batch: usize, window: usize, total: usize) -> f64 {
    let registry = Registry::new(0).unwrap();
    let mut primary = streams.listener(registry.clone());
    let address = primary.bound().clone();
    let key = address.needs_key().then(|| streams.key());
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let registry = Registry::new(0).unwrap();
            let agent = StreamConnector::connect(
                &address,
                key.as_ref().map(|key| (key, Dialer::Agent)),
                b"",
                registry.clone(),
                0,
            );
            let mut agent = agent.unwrap();
            let mut leases = vec![];
            loop {
                wait(&mut agent, &registry);
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
                if let Some(packer) = agent.packer(0) {
                    for lease in leases.drain(..) {
                        packer.answer(lease, 1);
                    }
                    packer.seal(1);
                }
                agent.flush(0).unwrap();
            }
        });
        let mut peer = None;
        while peer.is_none() {
            wait(&mut primary, &registry);
            if let Some(Arrival::Hello { peer: heard, .. }) = primary.next() {
                peer = Some(heard);
            }
        }
        let peer = peer.unwrap();
        primary.admit(peer, b"", 0).unwrap();
        let (mut sent, mut answered) = (0, 0);
        let began = Instant::now();
        while answered < total {
            while sent - answered + batch <= window && sent < total {
                let packer = primary.packer(peer).unwrap();
                let one = |number| Assignment {
                    interval: Interval::single(number as i64),
                    lease: LeaseId(number as u64),
                };
                let assignments: Vec<_> = (sent..sent + batch).map(one).collect();
                packer.assign(&assignments);
                sent += batch;
            }
            primary.flush(0).unwrap();
            wait(&mut primary, &registry);
            while let Some(Arrival::Frame { frame, .. }) = primary.next() {
                let Body::Answers(answers) = frame.body else { panic!() };
                answered += answers.iter().count();
            }
        }
        let seconds = began.elapsed().as_secs_f64();
        primary.close(peer);
        total as f64 / seconds
    })
}

#[test]
#[ignore = "a measurement"]
fn speed() {
    for name in ["unix", "tcp"] {
        for (batch, window, total) in
            [(1, 1, 20_000), (1, 64, 400_000), (170, 4096, 4_000_000), (4096, 65_536, 20_000_000)]
        {
            let streams = match name {
                "unix" => Streams::unix("speed"),
                _ => Streams::tcp("speed", "127.0.0.1"),
            };
            let rate = measure(&streams, batch, window, total);
            let frames = rate / batch.min(170) as f64;
            let megabytes = rate * 40.0 / 1e6;
            eprintln!(
                "{name}: {batch} to a flush, {window} under way: {rate:.0} chunks/s, {frames:.0} frames/s each way, {megabytes:.0} MB/s both ways together"
            );
        }
    }
}
