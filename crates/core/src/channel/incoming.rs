//! Receiving half of a channel: reordering, duplicates and acknowledgements.

use super::segment::{Carried, Segment, WINDOW, number_near};
use alloc::vec::Vec;
use core::array;

/// How long an acknowledgement waits for something to travel with, and for how many segments.
const PATIENCE_NS: u64 = 2_000_000;
const PATIENCE: u32 = 2;

/// Numbers before `taken` were given out; those from there to before `expected` have come.
#[derive(Clone, Debug)]
pub(super) struct Incoming {
    taken: u64,
    expected: u64,
    /// Bit i is set if `expected` + 1 + i has come.
    later: u32,
    /// The number of the end, once it has come.
    end: Option<u64>,
    /// By number, modulo the window.
    slots: [Vec<u8>; WINDOW],
    /// Segments with something in them since the last acknowledgement, and when the next is due.
    unanswered: u32,
    due_ns: Option<u64>,
}

impl Incoming {
    pub(super) fn new(first: u64) -> Self {
        Self {
            taken: first,
            expected: first,
            later: 0,
            end: None,
            slots: array::from_fn(|_| Vec::new()),
            unanswered: 0,
            due_ns: None,
        }
    }

    /// The whole number of a segment, if what it carries may have it.
    pub(super) fn check(&self, segment: &Segment<'_>) -> Option<u64> {
        let number = number_near(self.expected, segment.number)?;
        let is_possible = match segment.carried {
            Carried::Nothing => true,
            Carried::Frame(_) => self.end.is_none_or(|end| number < end),
            Carried::End => match self.end {
                Some(end) => number == end,
                None => number >= self.after_last(),
            },
        };
        let is_near = number < self.expected + WINDOW as u64;
        (is_possible && (is_near || segment.carried == Carried::Nothing)).then_some(number)
    }

    /// The first number behind everything that has come.
    fn after_last(&self) -> u64 {
        self.expected + self.later.checked_ilog2().map_or(0, |bit| u64::from(bit) + 2)
    }

    /// Takes what a segment carries, as [`check`](Self::check) let it pass.
    pub(super) fn take(&mut self, number: u64, carried: Carried<'_>, now_ns: u64) {
        let bytes = match carried {
            Carried::Nothing => return,
            Carried::Frame(bytes) => bytes,
            Carried::End => &[],
        };
        self.unanswered += 1;
        let is_in_order = number == self.expected && self.later == 0;
        let may_wait = is_in_order && self.unanswered < PATIENCE && carried != Carried::End;
        let patience_ns = if may_wait { PATIENCE_NS } else { 0 };
        let due_ns = now_ns.saturating_add(patience_ns);
        self.due_ns = Some(self.due_ns.map_or(due_ns, |before_ns| before_ns.min(due_ns)));
        // While the reader takes nothing out, a segment counts as lost, and comes again.
        let has_room = number < self.taken + WINDOW as u64;
        let Some(ahead) = number.checked_sub(self.expected).filter(|_| has_room) else { return };
        if ahead > 0 && self.later >> (ahead - 1) & 1 == 1 {
            return;
        }
        let slot = &mut self.slots[number as usize % WINDOW];
        slot.clear();
        slot.extend_from_slice(bytes);
        if carried == Carried::End {
            self.end = Some(number);
        }
        if ahead > 0 {
            self.later |= 1 << (ahead - 1);
            return;
        }
        let run = self.later.trailing_ones();
        self.expected += 1 + u64::from(run);
        self.later = self.later.checked_shr(run + 1).unwrap_or(0);
    }

    pub(super) fn has_frame(&self) -> bool {
        self.taken < self.expected && self.end != Some(self.taken)
    }

    pub(super) fn next_frame(&mut self) -> Option<&[u8]> {
        if !self.has_frame() {
            return None;
        }
        let slot = &self.slots[self.taken as usize % WINDOW];
        self.taken += 1;
        Some(slot)
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.end == Some(self.taken) && self.taken < self.expected
    }

    pub(super) fn due_ns(&self) -> Option<u64> {
        self.due_ns
    }

    /// Whether an acknowledgement must not wait any longer.
    pub(super) fn is_due(&self, now_ns: u64) -> bool {
        self.due_ns.is_some_and(|due_ns| due_ns <= now_ns)
    }

    /// The number that is awaited, and those that have come behind it, for an acknowledgement that goes out now.
    pub(super) fn acknowledge(&mut self) -> (u64, u32) {
        (self.unanswered, self.due_ns) = (0, None);
        (self.expected, self.later)
    }
}
