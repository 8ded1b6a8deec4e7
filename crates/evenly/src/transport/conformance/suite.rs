//! Conformance tests that every transport must pass, one function for each.

use super::bench::{bytes, pack};
use super::{Bench, Event, Fixture};
use crate::transport::Gone;
use evenly_core::frame::Heartbeat;
use evenly_testkit::Random;
use std::collections::BTreeSet;
use std::time::Duration;

/// What a frame is longer than the bytes packed into it, by all heads and the checksum.
const AROUND: usize = 24 + 16 + 8;

/// Lengths at the ends of what is possible, and in between.
fn lengths(limit: usize) -> Vec<usize> {
    let most = limit - AROUND;
    let mut lengths = vec![0, 1, 2, 7, 8, 100, most / 2, most - 1, most];
    lengths.extend((0..most).step_by(most / 40));
    lengths
}

fn frame(peer: usize, number: u64, length: usize) -> Event {
    Event::Frame { peer, number, bytes: bytes(number, length) }
}

pub(crate) fn frames_of_all_sizes_arrive_in_order_both_ways(fixture: &mut dyn Fixture) {
    let (mut bench, peers) = Bench::with_agents(fixture, 1);
    let lengths = lengths(bench.limit());
    for _ in 0..3 {
        for (number, length) in lengths.iter().enumerate() {
            pack(bench.transport().packer(peers[0]).unwrap(), number as u64, *length);
            pack(bench.agent(0).0.packer(0).unwrap(), number as u64, *length);
            // Some alone, some together.
            if number % 3 == 0 {
                bench.turn();
            }
        }
        for (number, length) in lengths.iter().enumerate() {
            let arrived = bench.wait_for(|bench| bench.side.arrived.pop_front());
            assert_eq!(arrived, frame(peers[0], number as u64, *length));
            let arrived = bench.wait_for(|bench| bench.agent(0).1.arrived.pop_front());
            assert_eq!(arrived, frame(0, number as u64, *length));
        }
    }
}

pub(crate) fn messages_of_many_peers_are_not_mixed_up(fixture: &mut dyn Fixture) {
    const AGENTS: usize = 12;
    const FRAMES: usize = 60;
    let (mut bench, peers) = Bench::with_agents(fixture, AGENTS);
    assert_eq!(peers.iter().collect::<BTreeSet<_>>().len(), AGENTS);
    let most = bench.limit() - AROUND + 1;
    let mut random = Random::new(5);
    // The length of a frame follows from its agent, its number and its direction.
    let length = |agent: usize, number: usize, way: usize| {
        Random::new((agent * 1000 + number * 2 + way) as u64).index(most)
    };
    let (mut sent, mut heard) = ([[0; AGENTS]; 2], [[0; AGENTS]; 2]);
    while heard.iter().flatten().any(|count| *count < FRAMES) {
        let (agent, way) = (random.index(AGENTS), random.index(2));
        let number = sent[way][agent];
        if number < FRAMES {
            let packer = match way {
                0 => bench.transport().packer(peers[agent]).unwrap(),
                _ => bench.agent(agent).0.packer(0).unwrap(),
            };
            pack(packer, number as u64, length(agent, number, way));
            sent[way][agent] += 1;
        }
        match random.index(3) {
            0 => bench.turn_primary(),
            1 => bench.turn_agent(agent),
            _ => bench.turn(),
        };
        while let Some(event) = bench.side.arrived.pop_front() {
            let Event::Frame { peer, number, .. } = event else { panic!("{event:?}") };
            let agent = peers.iter().position(|known| *known == peer).unwrap();
            assert_eq!(number as usize, heard[1][agent]);
            assert_eq!(event, frame(peer, number, length(agent, number as usize, 1)));
            heard[1][agent] += 1;
        }
        for (agent, heard) in heard[0].iter_mut().enumerate() {
            while let Some(event) = bench.agent(agent).1.arrived.pop_front() {
                assert_eq!(event, frame(0, *heard as u64, length(agent, *heard, 0)));
                *heard += 1;
            }
        }
    }
}

pub(crate) fn a_slow_reader_loses_nothing_and_stops_no_other_peer(fixture: &mut dyn Fixture) {
    const FRAMES: u64 = 1000;
    let (mut bench, peers) = Bench::with_agents(fixture, 2);
    let most = bench.limit() - AROUND;
    // More than any buffer in between holds, and the first agent reads nothing.
    for number in 0..FRAMES {
        pack(bench.transport().packer(peers[0]).unwrap(), number, most);
        bench.turn_primary();
    }
    let length = bench.transport().packer(peers[0]).unwrap().bytes().len();
    assert!(length <= FRAMES as usize * bench.limit(), "no more is kept than was packed");
    // The second one is not held up by that.
    pack(bench.transport().packer(peers[1]).unwrap(), 7, 5);
    let arrived = loop {
        bench.turn_primary();
        bench.turn_agent(1);
        if let Some(event) = bench.agent(1).1.arrived.pop_front() {
            break event;
        }
    };
    assert_eq!(arrived, frame(0, 7, 5));
    // It is nothing to be busy with.
    bench.turn_primary();
    let before = bench.side.times_ready;
    for _ in 0..20 {
        bench.turn_primary();
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(bench.side.times_ready - before <= 10, "awake without anything to do");
    for number in 0..FRAMES {
        let arrived = bench.wait_for(|bench| bench.agent(0).1.arrived.pop_front());
        assert_eq!(arrived, frame(0, number, most));
    }
}

pub(crate) fn a_slow_primary_loses_nothing(fixture: &mut dyn Fixture) {
    const FRAMES: u64 = 500;
    let (mut bench, peers) = Bench::with_agents(fixture, 3);
    let most = bench.limit() - AROUND;
    for number in 0..FRAMES {
        for agent in 0..3 {
            pack(bench.agent(agent).0.packer(0).unwrap(), number, most);
            bench.turn_agent(agent);
        }
    }
    let mut heard = [0; 3];
    while heard != [FRAMES; 3] {
        let event = bench.wait_for(|bench| bench.side.arrived.pop_front());
        let Event::Frame { peer, .. } = event else { panic!("{event:?}") };
        let heard = &mut heard[peers.iter().position(|known| *known == peer).unwrap()];
        assert_eq!(event, frame(peer, *heard, most));
        *heard += 1;
    }
}

pub(crate) fn nothing_is_ready_when_nothing_happens(fixture: &mut dyn Fixture) {
    let (mut bench, peers) = Bench::with_agents(fixture, 2);
    for (agent, peer) in peers.iter().enumerate() {
        pack(bench.transport().packer(*peer).unwrap(), 0, 5);
        pack(bench.agent(agent).0.packer(0).unwrap(), 0, 5);
    }
    for agent in 0..2 {
        bench.wait_for(|bench| bench.agent(agent).1.arrived.pop_front());
        bench.wait_for(|bench| bench.side.arrived.pop_front());
    }
    bench.stay_quiet(Duration::from_millis(30));
    let times_ready = |bench: &mut Bench<'_>| {
        bench.side.times_ready + bench.agent(0).1.times_ready + bench.agent(1).1.times_ready
    };
    let before = times_ready(&mut bench);
    bench.stay_quiet(Duration::from_millis(100));
    let times = times_ready(&mut bench) - before;
    assert!(times <= 10, "awake {times} times for nothing");
}

pub(crate) fn hello_and_welcome_arrive_as_they_were_said(fixture: &mut dyn Fixture) {
    let mut bench = Bench::new(fixture, 4);
    for (agent, length) in [0, 1, 100, 1024].into_iter().enumerate() {
        let (hello, welcome) = (bytes(1, length), bytes(2, length));
        bench.connect(&hello);
        let event = bench.wait_for(|bench| bench.side.arrived.pop_front());
        let Event::Hello { peer, hello: heard } = event else { panic!("{event:?}") };
        assert_eq!(heard, hello);
        bench.admit(peer, &welcome);
        let answer = bench.wait_for(|bench| bench.agent(agent).1.arrived.pop_front());
        assert_eq!(answer, Event::Answer { is_admitted: true, answer: welcome });
    }
    bench.stay_quiet(Duration::from_millis(20));
}

pub(crate) fn a_refused_peer_learns_why(fixture: &mut dyn Fixture) {
    let mut bench = Bench::new(fixture, 2);
    for (agent, length) in [0, 1024].into_iter().enumerate() {
        bench.connect(b"hello");
        let peer = bench.wait_for_hello();
        bench.refuse(peer, &bytes(3, length));
        let answer = bench.wait_for(|bench| bench.agent(agent).1.arrived.pop_front());
        assert_eq!(answer, Event::Answer { is_admitted: false, answer: bytes(3, length) });
        let end = bench.wait_for(|bench| bench.agent(agent).1.arrived.pop_front());
        assert!(matches!(end, Event::Gone { peer: 0, .. }), "{end:?}");
        assert!(bench.agent(agent).0.packer(0).is_none());
    }
    bench.wait_for(|bench| (!bench.transport().is_lingering()).then_some(()));
    bench.stay_quiet(Duration::from_millis(20));
}

pub(crate) fn no_peer_sends_before_it_is_admitted(fixture: &mut dyn Fixture) {
    let mut bench = Bench::new(fixture, 1);
    bench.connect(b"hello");
    assert!(bench.agent(0).0.packer(0).is_none());
    let peer = bench.wait_for_hello();
    assert!(bench.transport().packer(peer).is_none());
    assert!(bench.agent(0).0.packer(0).is_none());
    assert!(bench.transport().packer(peer + 1).is_none());
    bench.admit(peer, b"");
    // What is packed at once comes behind the welcome.
    pack(bench.transport().packer(peer).unwrap(), 1, 9);
    let answer = bench.wait_for(|bench| bench.agent(0).1.arrived.pop_front());
    assert_eq!(answer, Event::Answer { is_admitted: true, answer: vec![] });
    assert!(bench.agent(0).0.packer(0).is_some());
    let first = bench.wait_for(|bench| bench.agent(0).1.arrived.pop_front());
    assert_eq!(first, frame(0, 1, 9));
}

/// How much is packed before an end: more than one datagram or record, less than a second's worth.
const LAST_FRAMES: u64 = 50;

pub(crate) fn what_was_packed_before_the_end_arrives(fixture: &mut dyn Fixture) {
    let (mut bench, peers) = Bench::with_agents(fixture, 1);
    let most = bench.limit() - AROUND;
    // What the primary says meanwhile does not spoil it.
    pack(bench.transport().packer(peers[0]).unwrap(), 0, most);
    bench.turn_primary();
    for number in 0..LAST_FRAMES {
        pack(bench.agent(0).0.packer(0).unwrap(), number, most);
    }
    bench.agent(0).0.close(0);
    for number in 0..LAST_FRAMES {
        let arrived = bench.wait_for(|bench| bench.side.arrived.pop_front());
        assert_eq!(arrived, frame(peers[0], number, most));
    }
    let end = bench.wait_for(|bench| bench.side.arrived.pop_front());
    assert_eq!(end, Event::Gone { peer: peers[0], why: Gone::EndOfFile });
    bench.wait_for(|bench| (!bench.agent(0).0.is_lingering()).then_some(()));
    bench.stay_quiet(Duration::from_millis(20));
    assert!(bench.transport().packer(peers[0]).is_none());
}

pub(crate) fn a_primary_that_closes_is_an_end_behind_its_frames(fixture: &mut dyn Fixture) {
    let (mut bench, peers) = Bench::with_agents(fixture, 2);
    let most = bench.limit() - AROUND;
    for number in 0..LAST_FRAMES {
        pack(bench.transport().packer(peers[0]).unwrap(), number, most);
    }
    bench.transport().close(peers[0]);
    for number in 0..LAST_FRAMES {
        let arrived = bench.wait_for(|bench| bench.agent(0).1.arrived.pop_front());
        assert_eq!(arrived, frame(0, number, most));
    }
    let end = bench.wait_for(|bench| bench.agent(0).1.arrived.pop_front());
    assert_eq!(end, Event::Gone { peer: 0, why: Gone::EndOfFile });
    bench.wait_for(|bench| (!bench.transport().is_lingering()).then_some(()));
    bench.stay_quiet(Duration::from_millis(20));
    // The other one is still there.
    pack(bench.transport().packer(peers[1]).unwrap(), 1, 1);
    let arrived = bench.wait_for(|bench| bench.agent(1).1.arrived.pop_front());
    assert_eq!(arrived, frame(0, 1, 1));
}

/// Waits for an end that may be noticed only when nothing was said for long.
fn wait_for_end(bench: &mut Bench<'_>, what: impl Fn(&mut Bench<'_>) -> Option<Event>) -> Event {
    let mut turns = 0;
    bench.wait_for(|bench| {
        turns += 1;
        if turns > 200 {
            bench.skip(Duration::from_millis(100));
            // A living peer sends keep-alives.
            for (agent, _) in bench.agents.iter_mut().flatten() {
                if let Some(packer) = agent.packer(0) {
                    packer.heartbeat(Heartbeat::OfAgent);
                }
            }
        }
        what(bench)
    })
}

pub(crate) fn a_vanished_peer_is_gone_once(fixture: &mut dyn Fixture) {
    let (mut bench, peers) = Bench::with_agents(fixture, 3);
    pack(bench.agent(1).0.packer(0).unwrap(), 4, 20);
    let arrived = bench.wait_for(|bench| bench.side.arrived.pop_front());
    assert_eq!(arrived, frame(peers[1], 4, 20));
    bench.agents[1] = None;
    let end = wait_for_end(&mut bench, |bench| bench.side.arrived.pop_front());
    assert!(matches!(end, Event::Gone { peer, .. } if peer == peers[1]), "{end:?}");
    assert!(bench.transport().packer(peers[1]).is_none());
    for agent in [0, 2] {
        pack(bench.agent(agent).0.packer(0).unwrap(), 5, 20);
        let arrived = bench.wait_for(|bench| bench.side.arrived.pop_front());
        assert_eq!(arrived, frame(peers[agent], 5, 20));
    }
    bench.stay_quiet(Duration::from_millis(20));
}

pub(crate) fn a_primary_that_vanishes_is_gone_once(fixture: &mut dyn Fixture) {
    let (mut bench, peers) = Bench::with_agents(fixture, 2);
    for (agent, peer) in peers.into_iter().enumerate() {
        pack(bench.transport().packer(peer).unwrap(), 4, 20);
        let arrived = bench.wait_for(|bench| bench.agent(agent).1.arrived.pop_front());
        assert_eq!(arrived, frame(0, 4, 20));
    }
    bench.primary = None;
    for agent in 0..2 {
        let end = wait_for_end(&mut bench, |bench| bench.agent(agent).1.arrived.pop_front());
        assert!(matches!(end, Event::Gone { peer: 0, .. }), "{end:?}");
        assert!(bench.agent(agent).0.packer(0).is_none());
    }
    bench.stay_quiet(Duration::from_millis(20));
}

pub(crate) fn a_number_is_given_again_only_after_its_peer_is_gone(fixture: &mut dyn Fixture) {
    const ROUNDS: usize = 60;
    let mut bench = Bench::new(fixture, ROUNDS);
    let (mut living, mut random) = (BTreeSet::new(), Random::new(9));
    let (mut open, mut highest) = (vec![], 0);
    for round in 0..ROUNDS {
        bench.connect(b"hello");
        if round % 2 == 1 {
            // Of those that came before, one leaves at the same time.
            let agent = open.swap_remove(random.index(open.len()));
            bench.agent(agent).0.close(0);
        }
        loop {
            match bench.wait_for(|bench| bench.side.arrived.pop_front()) {
                Event::Hello { peer, .. } => {
                    assert!(living.insert(peer), "{peer} was given to two");
                    bench.admit(peer, b"");
                    break;
                }
                Event::Gone { peer, .. } => assert!(living.remove(&peer), "{peer} went twice"),
                other => panic!("{other:?}"),
            }
        }
        highest = highest.max(*living.last().unwrap());
        bench.wait_for(|bench| bench.agent(round).1.arrived.pop_front());
        open.push(round);
    }
    assert!(highest < ROUNDS - 5, "numbers are given again");
}

pub(crate) fn the_side_that_closes_gets_no_event(fixture: &mut dyn Fixture) {
    let (mut bench, peers) = Bench::with_agents(fixture, 1);
    // At the same time, at both ends.
    bench.transport().close(peers[0]);
    bench.agent(0).0.close(0);
    assert!(bench.transport().packer(peers[0]).is_none());
    assert!(bench.agent(0).0.packer(0).is_none());
    bench.wait_for(|bench| {
        let is_lingering = bench.transport().is_lingering() || bench.agent(0).0.is_lingering();
        (!is_lingering).then_some(())
    });
    bench.stay_quiet(Duration::from_millis(20));
    // Nor is anything left of it.
    bench.transport().close(peers[0]);
    bench.agent(0).0.close(0);
    bench.stay_quiet(Duration::from_millis(20));
}
