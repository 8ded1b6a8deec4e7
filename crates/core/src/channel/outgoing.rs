//! Sending half of a channel: segments in flight, retransmission and its timer.

use super::round_trip::RoundTripTime;
use super::segment::{Segment, WINDOW, number_near};
use alloc::vec::Vec;
use core::array;

/// What may be on its way at once after a timeout, at least.
const FEWEST: u32 = 8;

/// A segment is lost when one arrived that was sent this many segments later (RFC 9002, section 6.1.1).
const OVERTAKEN_BY: u64 = 3;

/// Numbers from `oldest` to before `next`, each in exactly one of three sets. Bit i of a set stands
/// for `oldest` + i.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    /// The first number that is not acknowledged, the first that was never sent, and the first that
    /// there is not yet.
    oldest: u64,
    next_new: u64,
    next: u64,
    /// To be sent, for the first time or again.
    waiting: u32,
    /// Sent, and not known to be lost.
    flying: u32,
    /// Arrived, behind another that is not known to have.
    acknowledged: u32,
    /// By number, modulo the window.
    slots: [SentSegment; WINDOW],
    /// How many segments were sent, and the last of them that is known to have arrived.
    sent: u64,
    newest_arrived: u64,
    /// How many may fly.
    allowed: u32,
    /// How many copies of what flies are still to be sent because of the last timeout.
    copies: u32,
    due_ns: Option<u64>,
    round_trip: RoundTripTime,
    is_ending: bool,
    /// Whether the end has its number.
    has_ended: bool,
}

#[derive(Clone, Debug, Default)]
struct SentSegment {
    /// A frame, or nothing for the end.
    bytes: Vec<u8>,
    sent_ns: u64,
    /// As which segment it was sent last, counted from 1.
    order: u64,
    is_sent_again: bool,
}

impl Outgoing {
    pub(super) fn new(first: u64) -> Self {
        Self {
            oldest: first,
            next_new: first,
            next: first,
            waiting: 0,
            flying: 0,
            acknowledged: 0,
            slots: array::from_fn(|_| SentSegment::default()),
            sent: 0,
            newest_arrived: 0,
            allowed: WINDOW as u32,
            copies: 0,
            due_ns: None,
            round_trip: RoundTripTime::default(),
            is_ending: false,
            has_ended: false,
        }
    }

    pub(super) fn room(&self) -> usize {
        if self.is_ending { 0 } else { WINDOW - (self.next - self.oldest) as usize }
    }

    pub(super) fn send(&mut self, frame: &[u8]) -> bool {
        let has_room = self.room() > 0;
        if has_room {
            self.push(frame);
        }
        has_room
    }

    fn push(&mut self, bytes: &[u8]) {
        let slot = &mut self.slots[self.next as usize % WINDOW];
        slot.bytes.clear();
        slot.bytes.extend_from_slice(bytes);
        slot.is_sent_again = false;
        self.waiting |= 1 << (self.next - self.oldest);
        self.next += 1;
    }

    pub(super) fn end(&mut self) {
        self.is_ending = true;
        if !self.has_ended && self.next - self.oldest < WINDOW as u64 {
            self.has_ended = true;
            self.push(&[]);
        }
    }

    pub(super) fn is_settled(&self) -> bool {
        self.oldest == self.next && self.is_ending == self.has_ended
    }

    pub(super) fn next_new(&self) -> u64 {
        self.next_new
    }

    pub(super) fn due_ns(&self) -> Option<u64> {
        self.due_ns
    }

    /// What a number stands for.
    pub(super) fn carried(&self, number: u64) -> &[u8] {
        &self.slots[number as usize % WINDOW].bytes
    }

    /// If the timer has run out: what is older than a round trip is sent again.
    pub(super) fn keep_time(&mut self, now_ns: u64) {
        if self.due_ns.is_none_or(|due_ns| due_ns > now_ns) {
            return;
        }
        let usual_ns = self.round_trip.usual_ns();
        let lost = self.flying_that(|slot| slot.sent_ns.saturating_add(usual_ns) <= now_ns);
        if lost != 0 {
            self.lose(lost);
            self.round_trip.waited_in_vain();
            self.allowed = (self.allowed / 2).max(FEWEST);
            // On a path that loses half, one segment every two seconds leaves the other side silent for too long.
            let least = self.round_trip.doublings().min(FEWEST);
            self.copies = least.saturating_sub((self.flying | self.waiting).count_ones());
        }
        self.set_timer(now_ns);
    }

    /// The number to send now, which is then taken to be sent.
    pub(super) fn next(&mut self, now_ns: u64) -> Option<u64> {
        let bit = if self.waiting == 0 {
            self.next_copied()?
        } else if self.flying.count_ones() < self.allowed {
            self.waiting.trailing_zeros()
        } else {
            return None;
        };
        let number = self.oldest + u64::from(bit);
        self.waiting &= !(1 << bit);
        self.flying |= 1 << bit;
        self.sent += 1;
        let slot = &mut self.slots[number as usize % WINDOW];
        slot.is_sent_again = number < self.next_new;
        (slot.sent_ns, slot.order) = (now_ns, self.sent);
        self.next_new = self.next_new.max(number + 1);
        if self.due_ns.is_none() {
            self.set_timer(now_ns);
        }
        Some(number)
    }

    /// The flying segment to send once more after a timeout: the one that was sent before all others.
    fn next_copied(&mut self) -> Option<u32> {
        self.copies = self.copies.checked_sub(1)?;
        bits(self.flying).min_by_key(|bit| self.slot(*bit).order)
    }

    /// What a segment says is awaited, unless it says that something arrived that was never sent.
    pub(super) fn check(&self, segment: &Segment<'_>) -> Option<u64> {
        let awaited = number_near(self.oldest, segment.awaited)?;
        let last = match segment.later.checked_ilog2() {
            Some(bit) => awaited + 2 + u64::from(bit),
            None => awaited,
        };
        (last <= self.next_new).then_some(awaited)
    }

    /// Takes note of what arrived, as [`check`](Self::check) let it pass.
    pub(super) fn acknowledged(&mut self, awaited: u64, later: u32, now_ns: u64) {
        // What is older than what is known already has nothing to say.
        let Some(before) = awaited.checked_sub(self.oldest) else { return };
        let arrived = (((1_u64 << before) - 1) | (u64::from(later) << (before + 1))) as u32;
        let news = arrived & (self.waiting | self.flying);
        if news == 0 {
            return;
        }
        let mut trip_ns = None;
        for bit in bits(news) {
            let slot = self.slot(bit);
            let ns = now_ns.saturating_sub(slot.sent_ns);
            if !slot.is_sent_again {
                trip_ns = Some(trip_ns.map_or(ns, |least_ns: u64| least_ns.min(ns)));
            }
            // What came sooner than anything can is an earlier copy (RFC 8985, section 6.2).
            if !slot.is_sent_again || ns >= self.round_trip.shortest_ns() {
                self.newest_arrived = self.newest_arrived.max(slot.order);
            }
        }
        self.waiting &= !news;
        self.flying &= !news;
        self.acknowledged |= news;
        self.copies = 0;
        self.round_trip.heard();
        if let Some(trip_ns) = trip_ns {
            self.round_trip.measured(trip_ns);
        }
        self.allowed = (self.allowed + news.count_ones()).min(WINDOW as u32);
        let newest = self.newest_arrived;
        self.lose(self.flying_that(|slot| slot.order + OVERTAKEN_BY <= newest));
        self.set_timer(now_ns);
        self.advance();
    }

    /// Forgets what is acknowledged from the oldest on.
    fn advance(&mut self) {
        let run = self.acknowledged.trailing_ones();
        self.oldest += u64::from(run);
        for set in [&mut self.waiting, &mut self.flying, &mut self.acknowledged] {
            *set = set.checked_shr(run).unwrap_or(0);
        }
        if self.is_ending {
            self.end();
        }
        debug_assert!(self.is_partition());
    }

    fn lose(&mut self, lost: u32) {
        self.flying &= !lost;
        self.waiting |= lost;
    }

    fn set_timer(&mut self, now_ns: u64) {
        let is_running = self.flying != 0;
        self.due_ns = is_running.then(|| now_ns.saturating_add(self.round_trip.timeout_ns()));
    }

    fn slot(&self, bit: u32) -> &SentSegment {
        &self.slots[(self.oldest + u64::from(bit)) as usize % WINDOW]
    }

    fn flying_that(&self, is_so: impl Fn(&SentSegment) -> bool) -> u32 {
        bits(self.flying).filter(|bit| is_so(self.slot(*bit))).fold(0, |set, bit| set | 1 << bit)
    }

    /// Every number is in one of the sets.
    fn is_partition(&self) -> bool {
        let all = ((1_u64 << (self.next - self.oldest)) - 1) as u32;
        let (waiting, flying, acknowledged) = (self.waiting, self.flying, self.acknowledged);
        waiting | flying | acknowledged == all
            && waiting & flying | waiting & acknowledged | flying & acknowledged == 0
    }
}

/// The bits of a set, from the lowest.
fn bits(set: u32) -> impl Iterator<Item = u32> {
    core::iter::successors(Some(set), |set| Some(set & set.wrapping_sub(1)))
        .take_while(|set| *set != 0)
        .map(u32::trailing_zeros)
}
