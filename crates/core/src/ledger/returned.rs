//! Chunks that were taken back from workers, and which of them goes out next.

use crate::interval::Interval;
use crate::lease::LeaseId;
use alloc::collections::BTreeMap;

/// A chunk that was taken back from a lost worker, or from one that is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Returned {
    pub(crate) interval: Interval,
    /// How often it was handed out already.
    pub(crate) attempts: u8,
    /// How often it was lost while a worker was at it.
    pub(crate) losses: u8,
    /// Of what the last time, as a digest; 0 if never.
    pub(crate) cause: u16,
    /// Its last lease, if the worker that held it may still answer.
    pub(crate) late: Option<LeaseId>,
}

impl Returned {
    /// Whether it is a number that a worker was lost at: it is tried alone.
    pub(crate) fn is_set_apart(&self) -> bool {
        self.losses > 0 && self.interval.len() == 1
    }
}

/// Who takes a chunk that was taken back from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taker {
    /// A worker that has not done anything: rather a number that is set apart than anything else.
    Fresh,
    /// One that has, while another takes the place of one that was lost, and will be fresh.
    AnotherComes,
    /// A worker that has, while no other is expected.
    Any,
}

/// The chunks. The lowest and the one that came first are found without a look at the others: a lost part of many
/// agents leaves as many chunks as agents.
#[derive(Debug, Default)]
pub(super) struct ReturnedChunks {
    plain: Lane,
    set_apart: Lane,
    /// The place of the next chunk in the order of arrival.
    next: u64,
    numbers: u128,
}

/// Chunks of one kind.
#[derive(Debug, Default)]
struct Lane {
    by_arrival: BTreeMap<u64, Returned>,
    /// By the lowest number: the arrival.
    by_number: BTreeMap<i64, u64>,
}

impl Lane {
    /// The arrival and the lowest number of the chunk that is next.
    fn next(&self, is_from_below: bool) -> Option<(u64, i64)> {
        if is_from_below {
            self.by_number.first_key_value().map(|(first, arrival)| (*arrival, *first))
        } else {
            let next = self.by_arrival.first_key_value();
            next.map(|(arrival, chunk)| (*arrival, chunk.interval.first()))
        }
    }

    fn remove(&mut self, arrival: u64) -> Option<Returned> {
        let chunk = self.by_arrival.remove(&arrival)?;
        self.by_number.remove(&chunk.interval.first());
        Some(chunk)
    }
}

impl ReturnedChunks {
    /// Adds a chunk. No other one has numbers of it.
    pub(super) fn push(&mut self, chunk: Returned) {
        let arrival = self.next;
        self.next += 1;
        self.numbers += chunk.interval.len();
        let lane = if chunk.is_set_apart() { &mut self.set_apart } else { &mut self.plain };
        lane.by_arrival.insert(arrival, chunk);
        lane.by_number.insert(chunk.interval.first(), arrival);
    }

    /// Takes the next chunk for this taker: the first that came, or the lowest. None that is set apart for it must lie
    /// below `limit`: something else does.
    pub(super) fn take(
        &mut self,
        taker: Taker,
        is_from_below: bool,
        limit: Option<i64>,
    ) -> Option<Returned> {
        let plain = self.plain.next(is_from_below);
        let set_apart = self.set_apart.next(is_from_below);
        let rank = |(arrival, first): (u64, i64)| match is_from_below {
            true => i128::from(first),
            false => i128::from(arrival),
        };
        let is_first = match (plain, set_apart, taker) {
            (_, Some(_), Taker::Fresh) => return self.remove(set_apart?.0, true),
            (None, _, Taker::AnotherComes) => return None,
            (Some(_), _, Taker::Fresh | Taker::AnotherComes) => false,
            (Some(plain), Some(apart), Taker::Any) => rank(apart) < rank(plain),
            (plain, _, _) => plain.is_none(),
        };
        let (arrival, first) = if is_first { set_apart? } else { plain? };
        if limit.is_some_and(|limit| limit < first) {
            return None;
        }
        self.remove(arrival, is_first)
    }

    fn remove(&mut self, arrival: u64, is_set_apart: bool) -> Option<Returned> {
        let lane = if is_set_apart { &mut self.set_apart } else { &mut self.plain };
        let chunk = lane.remove(arrival)?;
        self.numbers -= chunk.interval.len();
        Some(chunk)
    }

    /// Every chunk, in the order of arrival.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = Returned> + use<> {
        let Self { plain, set_apart, .. } = core::mem::take(self);
        let mut all = plain.by_arrival;
        all.extend(set_apart.by_arrival);
        all.into_values()
    }

    /// How many numbers the chunks have.
    pub(super) fn numbers(&self) -> u128 {
        self.numbers
    }

    pub(super) fn len(&self) -> usize {
        self.plain.by_arrival.len() + self.set_apart.by_arrival.len()
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.plain.by_arrival.is_empty() && self.set_apart.by_arrival.is_empty()
    }

    /// Whether there are some, and all of them are set apart.
    pub(super) fn are_all_set_apart(&self) -> bool {
        self.plain.by_arrival.is_empty() && !self.set_apart.by_arrival.is_empty()
    }
}
