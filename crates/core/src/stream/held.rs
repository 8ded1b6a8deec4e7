//! State of running commands in the stream: what they printed and waits, and which one holds the stream.

use super::entries::BufferedLines;
use crate::lease::WorkerId;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

/// A running command: its first number, and its worker.
pub(super) type RunningKey = (i64, WorkerId);

/// Output of running commands.
#[derive(Debug, Default)]
pub(super) struct RunningOutput {
    /// What was printed and waits.
    pub(super) held: BTreeMap<RunningKey, HeldText>,
    /// The command that holds the stream.
    pub(super) holder: Option<Holder>,
    /// In any order: the output of commands that finished while another one held the stream.
    pub(super) finished: VecDeque<BufferedLines>,
}

#[derive(Debug, Default)]
pub(super) struct HeldText {
    pub(super) bytes: Vec<u8>,
    pub(super) is_open: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Holder {
    pub(super) key: RunningKey,
    /// Whether its last byte in the stream is no newline.
    pub(super) is_in_line: bool,
    /// Whether its answer has arrived, and is on its way here.
    pub(super) is_answered: bool,
}

impl RunningOutput {
    /// Whether no output of finished commands waits.
    pub(super) fn has_no_finished(&self) -> bool {
        self.finished.is_empty()
    }

    /// The command that holds the stream has finished.
    pub(super) fn end_hold(&mut self) {
        self.holder = None;
    }

    /// Whether the output of this command waits for another one.
    pub(super) fn is_held_by_other(&self, key: RunningKey) -> bool {
        self.holder.is_some_and(|holder| holder.key != key)
    }
}
