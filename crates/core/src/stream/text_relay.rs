//! Relay of running output in an agent: what its workers print, until it is sent to the primary of the agent.
//!
//! The primary puts the numbers of all machines in order, so the relay only keeps apart what must not be mixed. In any
//! order, a command whose output must stand together holds the relay: the output of others waits here. In the order of
//! the numbers, the agent asks for the text of the lowest number of a lease. Waiting bytes are charged to the credit of
//! their workers, so they are bounded.

use super::held::RunningKey;
use crate::aggregate::Value;
use crate::lease::WorkerId;
use crate::scheduler::Record;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

/// A part of what a command printed, to be sent to the primary.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RelayedText {
    /// The first number of the command.
    pub(crate) n: i64,
    /// The worker that gets credit for the bytes.
    pub(crate) worker: Option<WorkerId>,
    /// Nothing where the output of the command ends here.
    pub(crate) bytes: Vec<u8>,
    /// As in [`Text`](crate::frame::Text).
    pub(crate) is_open: bool,
}

/// Output of running commands in an agent.
#[derive(Debug)]
pub(crate) struct TextRelay {
    is_in_order: bool,
    /// What waits, by the first number of the command.
    waiting: BTreeMap<RunningKey, WaitingText>,
    /// Commands of which the last part that was sent is open: by number, and whether it ends within a line. In any order
    /// at most one.
    open: BTreeMap<RunningKey, bool>,
    /// What must be sent before anything else, without credit: the last part of a command that is answered, or the end
    /// of a line that a lost worker began.
    urgent: VecDeque<RelayedText>,
    /// Bytes of workers that are dropped.
    dropped: Vec<(WorkerId, u64)>,
}

#[derive(Debug, Default)]
struct WaitingText {
    bytes: Vec<u8>,
    is_open: bool,
}

impl TextRelay {
    pub(super) fn new(is_in_order: bool) -> Self {
        Self {
            is_in_order,
            waiting: BTreeMap::new(),
            open: BTreeMap::new(),
            urgent: VecDeque::new(),
            dropped: Vec::new(),
        }
    }

    /// Whether text is sent in the order of the numbers.
    pub(crate) fn is_in_order(&self) -> bool {
        self.is_in_order
    }

    /// Takes a part of what a running command prints.
    pub(super) fn put(&mut self, key: RunningKey, bytes: &[u8], is_open: bool) {
        let waiting = self.waiting.entry(key).or_default();
        waiting.bytes.extend_from_slice(bytes);
        waiting.is_open = is_open;
    }

    /// A command is answered. What waits of it goes with the record, unless it must stand directly behind what was
    /// sent.
    pub(super) fn answered(&mut self, key: RunningKey, record: &mut Record) {
        let is_open = self.open.remove(&key).is_some();
        let waiting = self.waiting.remove(&key);
        if is_open && !self.is_in_order {
            let (n, worker) = key;
            let bytes = waiting.map(|waiting| waiting.bytes).unwrap_or_default();
            self.urgent.push_back(RelayedText { n, worker: Some(worker), bytes, is_open: false });
        } else if let Some(waiting) = waiting {
            record.put_before(waiting.bytes);
        }
    }

    /// Drops what waits of a worker that does not answer: another worker runs its command again. A line that was sent
    /// in part ends here.
    pub(super) fn drop_text(&mut self, worker: WorkerId) {
        self.drop_waiting(|key| key.1 == worker);
        let urgent = &mut self.urgent;
        let is_in_order = self.is_in_order;
        self.open.retain(|key, is_in_line| {
            if key.1 != worker {
                return true;
            }
            if *is_in_line || !is_in_order {
                let bytes = if *is_in_line { b"\n".to_vec() } else { Vec::new() };
                urgent.push_back(RelayedText { n: key.0, worker: None, bytes, is_open: false });
            }
            false
        });
    }

    /// Drops everything: the primary has taken all numbers back.
    pub(crate) fn clear(&mut self) {
        self.drop_waiting(|_| true);
        self.open.clear();
        for RelayedText { worker, bytes, .. } in self.urgent.drain(..) {
            self.dropped.extend(worker.map(|worker| (worker, bytes.len() as u64)));
        }
    }

    fn drop_waiting(&mut self, is_dropped: impl Fn(&RunningKey) -> bool) {
        let Self { waiting, dropped, .. } = self;
        waiting.retain(|key, text| {
            if is_dropped(key) {
                dropped.push((key.1, text.bytes.len() as u64));
            }
            !is_dropped(key)
        });
    }

    /// The workers of dropped bytes.
    pub(crate) fn take_dropped(&mut self) -> Vec<(WorkerId, u64)> {
        core::mem::take(&mut self.dropped)
    }

    /// The next part that needs no credit.
    pub(crate) fn next_urgent(&mut self) -> Option<RelayedText> {
        self.urgent.pop_front()
    }

    /// In any order: the next part.
    pub(crate) fn next_in_any_order(&mut self) -> Option<RelayedText> {
        let key = match self.open.first_key_value() {
            Some((key, _)) => *key,
            None => *self.waiting.first_key_value()?.0,
        };
        self.take(key)
    }

    /// Whether text of a command waits whose first number is `n`.
    pub(crate) fn has(&self, n: i64) -> bool {
        self.key_at(n).is_some()
    }

    /// In the order of the numbers: the next part of the command whose first number is `n`.
    pub(crate) fn next_of(&mut self, n: i64) -> Option<RelayedText> {
        self.key_at(n).and_then(|key| self.take(key))
    }

    /// Whether other commands wait until a command that was sent in part has ended.
    pub(crate) fn is_held(&self) -> bool {
        !self.is_in_order && !self.open.is_empty()
    }

    /// Whether the output of this worker waits for that of another one.
    pub(super) fn holds_back(&self, worker: WorkerId) -> bool {
        self.is_held() && self.open.keys().all(|key| key.1 != worker)
    }

    /// The commands of which text waits.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &RunningKey> {
        self.waiting.keys()
    }

    /// Whether there is nothing to send and nothing to give credit for.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.urgent.is_empty() && self.dropped.is_empty()
    }

    fn key_at(&self, n: i64) -> Option<RunningKey> {
        let (key, _) = self.waiting.range((n, WorkerId(0))..).next()?;
        Some(*key).filter(|key| key.0 == n)
    }

    fn take(&mut self, key: RunningKey) -> Option<RelayedText> {
        let WaitingText { bytes, is_open } = self.waiting.remove(&key)?;
        if is_open {
            self.open.insert(key, bytes.last().is_some_and(|last| *last != b'\n'));
        } else {
            self.open.remove(&key);
        }
        Some(RelayedText { n: key.0, worker: Some(key.1), bytes, is_open })
    }
}

impl Record {
    /// Puts text that was sent before the answer in front of its lines.
    pub(super) fn put_before(&mut self, mut bytes: Vec<u8>) {
        self.in_flight += bytes.len() as u64;
        if let Value::Lines { lines, text } = &mut self.value {
            bytes.append(text);
            (*lines, *text) = ((*lines).max(1), bytes);
        }
    }
}
