//! Plan of the reader of output lines (speed, pause, end), and the pipe to it.

use crate::model::pipe::BoundedPipe;
use crate::plan::question::LONGEST_LINE;
use evenly_testkit::random::Random;

/// How the lines are read.
#[derive(Clone, Debug, Default)]
pub(crate) struct LineReader {
    /// What the pipe to it holds, and the most that the primary keeps besides.
    pub(crate) pipe: usize,
    pub(crate) most_kept: usize,
    /// How often it reads, and how much.
    pub(crate) every_ns: u64,
    pub(crate) takes: usize,
    /// After `pause_after` bytes it pauses once for `pause_ns`; after `gone_after` bytes it is gone.
    pub(crate) pause_after: u64,
    pub(crate) pause_ns: u64,
    pub(crate) gone_after: Option<u64>,
}

impl LineReader {
    /// A reader that reads this many lines in at most about 500 steps.
    pub(crate) fn draw(random: &mut Random, lines: u64, are_faults_wanted: bool) -> Self {
        let bytes = lines * LONGEST_LINE;
        let takes = random.magnitude(1, 1 << 16).max(bytes / 500);
        let about = random.magnitude(1, bytes.max(1));
        let is_pausing = are_faults_wanted && random.once_in(3);
        let is_leaving = are_faults_wanted && random.once_in(6);
        Self {
            pipe: random.magnitude(64, 1 << 16) as usize,
            most_kept: random.magnitude(1, 1 << 20) as usize,
            every_ns: random.magnitude(1_000, 20_000_000),
            takes: takes as usize,
            pause_after: about,
            pause_ns: if is_pausing { random.magnitude(1_000_000, 20_000_000_000) } else { 0 },
            gone_after: is_leaving.then(|| random.magnitude(1, about)),
        }
    }

    /// How long it takes at most to read everything.
    pub(crate) fn bound_ns(&self) -> u64 {
        self.pause_ns + 4_000 * self.every_ns
    }
}

/// The primary's end.
#[derive(Debug)]
pub(crate) struct OutputPipe {
    pub(crate) pipe: BoundedPipe,
    /// What had no room.
    pub(crate) kept: Vec<u8>,
    pub(crate) is_read_due: bool,
    pub(crate) read: u64,
    /// Whether the reader is there.
    pub(crate) is_read: bool,
}

impl OutputPipe {
    pub(crate) fn new(pipe: usize) -> Self {
        let pipe = BoundedPipe::new(pipe);
        Self { pipe, kept: vec![], is_read_due: false, read: 0, is_read: true }
    }
}
