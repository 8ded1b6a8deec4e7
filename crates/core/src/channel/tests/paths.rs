//! Channels over every kind of bad path: two of them, and what is between them, from a seed.

use super::{LIMIT, MILLISECOND};
use crate::channel::{Channel, SEGMENT_HEAD};
use crate::frame::Malformed;
use evenly_testkit::Random;
use proptest::prelude::*;
use std::collections::{BTreeMap, VecDeque};
use std::vec;
use std::vec::Vec;

const SECOND: u64 = 1000 * MILLISECOND;

/// What a path does to datagrams, in percent, until it heals.
#[derive(Clone, Debug)]
struct Path {
    random: Random,
    lose: u64,
    repeat: u64,
    garbage: u64,
    least_ns: u64,
    most_ns: u64,
    heals_ns: u64,
}

impl Path {
    /// When what is sent now comes out: never, once, or more than once.
    fn arrivals(&mut self, now_ns: u64) -> Vec<u64> {
        if now_ns >= self.heals_ns {
            return vec![now_ns + 50_000];
        }
        let mut all = vec![];
        while self.random.below(100) >= self.lose {
            all.push(now_ns + self.least_ns + self.random.below(self.most_ns - self.least_ns + 1));
            if self.random.below(100) >= self.repeat {
                break;
            }
        }
        all
    }
}

fn paths() -> impl Strategy<Value = Path> {
    let delays = prop_oneof![
        Just((10_000, 20_000)),
        Just((10_000, 5 * MILLISECOND)),
        Just((SECOND, 3 * SECOND)),
        Just((0, 4 * SECOND)),
    ];
    let heals = prop_oneof![Just(0), Just(SECOND), Just(20 * SECOND), Just(u64::MAX)];
    let parts = (any::<u64>(), 0..=60_u64, 0..=30_u64, prop_oneof![Just(0), Just(20_u64)]);
    (parts, delays, heals).prop_map(|((seed, lose, repeat, garbage), delays, heals_ns)| {
        let (least_ns, most_ns) = delays;
        Path { random: Random::new(seed), lose, repeat, garbage, least_ns, most_ns, heals_ns }
    })
}

/// Two channels and what is between them.
struct Pair {
    path: Path,
    sides: [Channel; 2],
    /// Frames that each side has still to send, and has received.
    to_send: [VecDeque<Vec<u8>>; 2],
    received: [Vec<Vec<u8>>; 2],
    /// By time and order: to which side.
    on_the_way: BTreeMap<(u64, u64), (usize, Vec<u8>)>,
    now_ns: u64,
    sent: u64,
    steps: u64,
}

impl Pair {
    fn new(path: Path, first: u64, to_send: [Vec<Vec<u8>>; 2]) -> Self {
        Self {
            path,
            sides: [0, 1].map(|_| Channel::beginning_at(LIMIT, first)),
            to_send: to_send.map(VecDeque::from),
            received: [vec![], vec![]],
            on_the_way: BTreeMap::new(),
            now_ns: 7,
            sent: 0,
            steps: 0,
        }
    }

    fn pump(&mut self, side: usize) {
        while self.sides[side].room() > 0
            && let Some(frame) = self.to_send[side].pop_front()
        {
            assert!(self.sides[side].send(&frame));
        }
        if self.to_send[side].is_empty() {
            self.sides[side].end();
            assert!(!self.sides[side].send(b"late") && self.sides[side].room() == 0);
        }
        let mut segment = vec![];
        while self.sides[side].poll_transmit(self.now_ns, &mut segment) {
            assert!(segment.len() <= SEGMENT_HEAD + LIMIT);
            for at_ns in self.path.arrivals(self.now_ns) {
                self.sent += 1;
                self.on_the_way.insert((at_ns, self.sent), (1 - side, segment.clone()));
            }
            segment.clear();
        }
        let due_ns = self.sides[side].next_due_ns();
        assert!(due_ns.is_none_or(|due_ns| due_ns > self.now_ns), "a busy timer");
    }

    fn offend(&mut self, side: usize) {
        let before = std::format!("{:?}", self.sides[side]);
        let len = self.path.random.below(SEGMENT_HEAD as u64 + 20) as usize;
        let mut garbage: Vec<u8> = (0..len).map(|_| self.path.random.below(256) as u8).collect();
        if let Some(high) = garbage.get_mut(7) {
            // By accident it may be valid, but not with this: that much was never sent.
            *high = 0x40;
        }
        assert_eq!(self.sides[side].arrived(&garbage, self.now_ns), Err(Malformed::Segment));
        assert_eq!(before, std::format!("{:?}", self.sides[side]), "garbage was used");
    }

    fn receive(&mut self, side: usize, segment: &[u8]) {
        self.sides[side].arrived(segment, self.now_ns).expect("a segment of the other side");
        // Now and then the reader is slow.
        if self.path.random.below(4) > 0 || self.now_ns >= self.path.heals_ns {
            self.read(side);
        }
    }

    fn read(&mut self, side: usize) {
        while let Some(frame) = self.sides[side].next_frame() {
            self.received[side].push(frame.to_vec());
        }
    }

    fn is_done(&self) -> bool {
        self.sides.iter().all(|side| side.is_at_end() && side.is_settled())
    }

    /// Until both sides have everything and know that the other has.
    fn run(&mut self) {
        self.pump(0);
        self.pump(1);
        while !self.is_done() {
            self.steps += 1;
            assert!(self.steps < 200_000, "no end");
            let due = self.sides.iter().filter_map(Channel::next_due_ns).min();
            let arrival = self.on_the_way.first_key_value().map(|((at_ns, _), _)| *at_ns);
            match due.into_iter().chain(arrival).min() {
                Some(next_ns) => self.now_ns = self.now_ns.max(next_ns),
                // Everything is known to have come: only the slow reader is waited for.
                None => [0, 1].into_iter().for_each(|side| self.read(side)),
            }
            while let Some(entry) = self.on_the_way.first_entry()
                && entry.key().0 <= self.now_ns
            {
                let (side, segment) = entry.remove();
                self.receive(side, &segment);
            }
            for side in [0, 1] {
                if self.path.random.below(100) < self.path.garbage {
                    self.offend(side);
                }
                self.pump(side);
                if self.path.random.below(10) == 0 {
                    self.read(side);
                }
            }
        }
    }
}

fn frames() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..150)
}

fn firsts() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), Just(u64::from(u32::MAX) - 40), Just((1 << 33) - 3)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_frame_arrives_once_and_in_order(
        path in paths(), first in firsts(), there in frames(), back in frames()
    ) {
        let mut pair = Pair::new(path, first, [there.clone(), back.clone()]);
        pair.run();
        prop_assert_eq!(&pair.received[1], &there);
        prop_assert_eq!(&pair.received[0], &back);
    }

    #[test]
    fn nothing_is_sent_needlessly_where_nothing_is_lost(there in frames(), back in frames()) {
        let path = Path {
            random: Random::new(1), lose: 0, repeat: 0, garbage: 0, least_ns: 0, most_ns: 0, heals_ns: 0,
        };
        let numbers = (there.len() + back.len() + 2) as u64;
        let mut pair = Pair::new(path, 0, [there, back]);
        pair.run();
        // Each frame once, and an acknowledgement for two of them at most, and for the ends.
        prop_assert!(pair.sent <= numbers + numbers.div_ceil(2) + 2, "{} for {numbers}", pair.sent);
        prop_assert!(pair.now_ns < 200 * MILLISECOND);
    }
}
/// Half is lost, there and back: still some hundred frames a second, because nearly every loss shows in
/// what is acknowledged, and few only in the time.
#[test]
fn half_of_everything_lost_costs_milliseconds_and_not_seconds() {
    let (least_ns, most_ns, heals_ns) = (50_000, MILLISECOND, u64::MAX);
    let path = Path {
        random: Random::new(5),
        lose: 50,
        repeat: 20,
        garbage: 0,
        least_ns,
        most_ns,
        heals_ns,
    };
    let frames: Vec<Vec<u8>> = (0..3000_u32).map(|n| n.to_le_bytes().to_vec()).collect();
    let mut pair = Pair::new(path, 0, [frames.clone(), vec![]]);
    pair.run();
    assert!(pair.received[1] == frames);
    assert!(pair.now_ns < 10 * SECOND, "{} ms", pair.now_ns / MILLISECOND);
    assert!(pair.sent < 4 * 3000, "{} datagrams arrived", pair.sent);
}
