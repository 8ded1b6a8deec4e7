//! How a connection ends: behind all that was packed, in the middle of a frame, or with what is none.

use super::Streams;
use crate::transport::conformance::bench::pack;
use crate::transport::conformance::{Bench, Event};
use crate::transport::{Gone, Transport};
use evenly_core::WorkerId;
use evenly_core::frame::{Malformed, PIPE_FRAME, Packer};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// More than any buffer holds.
const MANY: u64 = 3000;

fn pack_many(transport: &mut dyn Transport, peer: usize) {
    (0..MANY).for_each(|number| pack(transport.packer(peer).unwrap(), number, 4000));
    transport.close(peer);
    assert!(transport.is_lingering());
}

/// All of them must come, and then the end. The receiver goes on sending all the while.
fn hear_many(
    bench: &mut Bench<'_>,
    hearing: impl for<'a> Fn(&'a mut Bench<'_>) -> (Option<&'a mut Packer>, Option<Event>),
) {
    let mut heard = 0;
    loop {
        let event = bench.wait_for(|bench| {
            let (packer, event) = hearing(bench);
            if let Some(packer) = packer {
                pack(packer, 0, 100);
            }
            event
        });
        match event {
            Event::Frame { number, .. } => assert_eq!(number, heard),
            Event::Gone { why, .. } => return assert_eq!((heard, why), (MANY, Gone::EndOfFile)),
            other => panic!("{other:?}"),
        }
        heard += 1;
    }
}

#[test]
fn an_end_waits_for_all_that_was_packed_before() {
    for mut streams in [Streams::tcp("last", "127.0.0.1"), Streams::unix("last")] {
        let (mut bench, peers) = Bench::with_agents(&mut streams, 2);
        // This does not test the time limit for reading.
        bench.slowness = 1000;
        pack_many(bench.transport(), peers[0]);
        hear_many(&mut bench, |bench| {
            let (agent, side) = bench.agents[0].as_mut().unwrap();
            (agent.packer(0), side.arrived.pop_front())
        });
        // The other end has closed its own by now, or does so soon.
        bench.wait_for(|bench| (!bench.transport().is_lingering()).then_some(()));
        pack_many(&mut *bench.agent(1).0, 0);
        hear_many(&mut bench, |bench| {
            let event = bench.side.arrived.pop_front();
            (bench.transport().packer(peers[1]), event)
        });
        bench.wait_for(|bench| (!bench.agent(1).0.is_lingering()).then_some(()));
    }
}

#[test]
fn no_frame_is_lost_when_reads_outpace_events() {
    for mut streams in [Streams::tcp("untold", "127.0.0.1"), Streams::unix("untold")] {
        let (mut bench, peers) = Bench::with_agents(&mut streams, 1);
        pack_many(&mut *bench.agent(0).0, 0);
        for _ in 0..100 {
            bench.turn_agent(0);
            let now_ns = bench.now_ns();
            bench.transport().attend(peers[0] as u32, now_ns).unwrap();
        }
        bench.slowness = 1000;
        hear_many(&mut bench, |bench| (None, bench.side.arrived.pop_front()));
    }
}

#[test]
fn a_peer_that_does_not_read_the_end_causes_no_wakeups() {
    let mut streams = Streams::unix("unread");
    let path = streams.scratch.path("socket");
    let mut bench = Bench::new(&mut streams, 1);
    let mut client = UnixStream::connect(&path).unwrap();
    client.write_all(b"\0\0").unwrap();
    let peer = bench.wait_for_hello();
    bench.admit(peer, b"");
    pack_many(bench.transport(), peer);
    client.shutdown(std::net::Shutdown::Write).unwrap();
    bench.settle();
    assert!(bench.transport().is_lingering(), "it settles before its time is over");
    let before = bench.side.times_ready;
    (0..20).for_each(|_| assert!(!bench.turn_primary()));
    assert_eq!(bench.side.times_ready, before);
    bench.skip(Duration::from_secs(1));
    bench.turn_primary();
    assert!(!bench.transport().is_lingering());
}

#[test]
fn within_the_machine_a_frame_that_was_cut_off_is_noticed() {
    let mut streams = Streams::unix("cut");
    let path = streams.scratch.path("socket");
    let mut packer = Packer::new(WorkerId(0), PIPE_FRAME);
    (0..3).for_each(|number| pack(&mut packer, number, 50));
    let frames = packer.bytes().to_vec();
    let one = frames.len() / 3;
    for cut in [0, 1, one - 1, one, one + 1, 2 * one, frames.len()] {
        let mut bench = Bench::new(&mut streams, 1);
        let mut client = UnixStream::connect(&path).unwrap();
        client.write_all(b"\x05\0hello").unwrap();
        let peer = bench.wait_for_hello();
        bench.admit(peer, b"");
        let mut answer = [0; 3];
        client.read_exact(&mut answer).unwrap();
        assert_eq!(answer, [1, 0, 0]);
        client.write_all(&frames[..cut]).unwrap();
        drop(client);
        let events: Vec<_> = (0..=cut / one)
            .map(|_| bench.wait_for(|bench| bench.side.arrived.pop_front()))
            .collect();
        let cut_off = Gone::Malformed(Malformed::CutOff);
        let why = if cut % one == 0 { Gone::EndOfFile } else { cut_off };
        assert_eq!(*events.last().unwrap(), Event::Gone { peer, why }, "{cut}");
    }
}

#[test]
fn what_is_no_frame_ends_it() {
    let mut streams = Streams::unix("garbage");
    let path = streams.scratch.path("socket");
    let mut bench = Bench::new(&mut streams, 1);
    let mut client = UnixStream::connect(&path).unwrap();
    client.write_all(b"\0\0").unwrap();
    let peer = bench.wait_for_hello();
    bench.admit(peer, b"");
    let mut packer = Packer::new(WorkerId(0), PIPE_FRAME);
    pack(&mut packer, 0, 50);
    client.write_all(packer.bytes()).unwrap();
    client.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    let frame = bench.wait_for(|bench| bench.side.arrived.pop_front());
    assert!(matches!(frame, Event::Frame { .. }), "{frame:?}");
    let end = bench.wait_for(|bench| bench.side.arrived.pop_front());
    assert_eq!(end, Event::Gone { peer, why: Gone::Malformed(Malformed::Magic) });
    bench.stay_quiet(Duration::from_millis(10));
}
