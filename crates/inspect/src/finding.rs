//! What a verdict consists of: findings, and what the processes wait for that are well.

use crate::facts::{Activity, End, Interest, Object};
use crate::wakers::{Outside, ThreadId};
use std::collections::BTreeSet;

/// The verdict about a set of processes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What is wrong, or may be: what never ends first.
    pub findings: Vec<Finding>,
    /// What the others wait for.
    pub waits: Vec<(u32, Outside)>,
    /// Relatives whose descriptors cannot be read: each may hold an end.
    pub hidden: BTreeSet<u32>,
    /// Processes that wait, and whose system calls may not be read.
    pub hidden_calls: BTreeSet<u32>,
}

impl Verdict {
    /// Whether something is wrong.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        self.findings.iter().any(|finding| finding.kind.is_wrong())
    }
}

/// One cause, with the processes that it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// The process whose program has the mistake, or that waits.
    pub subject: u32,
    /// The threads that wait, in the order in which the sentence names them.
    pub links: Vec<Link>,
    /// Descriptors that the sentence names.
    pub ends: Vec<End>,
    /// Other processes that the sentence names.
    pub others: BTreeSet<u32>,
    /// The pipe, socket or file that it is about.
    pub object: Option<Object>,
    /// Processes that wait for these, and so never wake either.
    pub also: BTreeSet<u32>,
}

/// A thread that waits, and what could wake it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The thread.
    pub thread: ThreadId,
    /// What it does.
    pub does: Activity,
    /// The descriptor.
    pub fd: Option<i32>,
    /// What the descriptor refers to.
    pub object: Option<Object>,
    /// Whether it waits for room to write.
    pub to_write: bool,
    /// The descriptors through which it could be woken.
    pub ends: Vec<End>,
    /// The processes that could wake it.
    pub wakers: BTreeSet<u32>,
}

impl Link {
    /// The process of the thread.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.thread.0
    }
}

/// The kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It reads a pipe, and the only write ends are its own.
    OwnWriteEnd,
    /// The same, and the other process has another pipe at the same number.
    PipeMadeAfterFork,
    /// It reads a pipe whose write ends are open in forked copies that wait themselves.
    InheritedWriteEnds,
    /// It waits for children that wait for room in a pipe that it alone could read.
    WaitBeforeRead,
    /// It waits for a child that reads until it closes its end.
    WaitBeforeClose,
    /// Each writes into a full pipe that the next one should read.
    BothFill,
    /// Each reads what the next one should write.
    ReadEachOther,
    /// A job of `make` waits for a token that no process will give back.
    LostToken,
    /// Threads wait for each other.
    ThreadDeadlock,
    /// Any other circle.
    Circle,
    /// No write end is in a table that can be read, and yet one is open.
    HiddenWriteEnd,
    /// The write end is held by a process that was left in the background.
    InheritedOutput,
    /// Children have ended, and their parent does not wait for them.
    NotWaitedFor,
    /// A process wrote into a pipe that only it can read.
    PrivatePipe,
    /// Several processes write messages that are too long into one pipe.
    LongWrites,
    /// The reader of its output is gone.
    ReaderGone,
    /// A server does not accept connections.
    FullQueue,
    /// A FIFO was opened at one end only.
    FifoPartner,
    /// Stopped by a signal.
    Stopped,
    /// A lock is held by another process.
    LockHeld,
    /// Output may wait in the buffer of a program.
    Buffered,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 21] = [
        Self::OwnWriteEnd,
        Self::PipeMadeAfterFork,
        Self::InheritedWriteEnds,
        Self::WaitBeforeRead,
        Self::WaitBeforeClose,
        Self::BothFill,
        Self::ReadEachOther,
        Self::LostToken,
        Self::ThreadDeadlock,
        Self::Circle,
        Self::HiddenWriteEnd,
        Self::InheritedOutput,
        Self::NotWaitedFor,
        Self::PrivatePipe,
        Self::LongWrites,
        Self::ReaderGone,
        Self::FullQueue,
        Self::FifoPartner,
        Self::Stopped,
        Self::LockHeld,
        Self::Buffered,
    ];

    /// The name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OwnWriteEnd => "own-write-end",
            Self::PipeMadeAfterFork => "pipe-made-after-fork",
            Self::InheritedWriteEnds => "inherited-write-ends",
            Self::WaitBeforeRead => "wait-before-read",
            Self::WaitBeforeClose => "wait-before-close",
            Self::BothFill => "both-fill",
            Self::ReadEachOther => "read-each-other",
            Self::LostToken => "lost-token",
            Self::ThreadDeadlock => "thread-deadlock",
            Self::Circle => "circle",
            Self::HiddenWriteEnd => "hidden-write-end",
            Self::InheritedOutput => "inherited-output",
            Self::NotWaitedFor => "not-waited-for",
            Self::PrivatePipe => "private-pipe",
            Self::LongWrites => "long-writes",
            Self::ReaderGone => "reader-gone",
            Self::FullQueue => "full-queue",
            Self::FifoPartner => "fifo-partner",
            Self::Stopped => "stopped",
            Self::LockHeld => "lock-held",
            Self::Buffered => "buffered",
        }
    }

    /// Whether no process can wake those that the finding names.
    #[must_use]
    pub fn never_wakes(self) -> bool {
        self <= Self::Circle
    }

    /// Whether it is a mistake, and not only something to know.
    #[must_use]
    pub fn is_wrong(self) -> bool {
        !matches!(self, Self::HiddenWriteEnd | Self::LockHeld | Self::Buffered)
    }
}

/// A thread that reads or polls pipes whose write ends are those of a process left in the background.
#[derive(Clone, Debug)]
pub(crate) struct LeftBehind {
    pub(crate) reader: ThreadId,
    /// The pipes.
    pub(crate) interests: Vec<Interest>,
    /// Their write ends.
    pub(crate) ends: Vec<End>,
    /// Other processes that wait for the reader, and for which it waits: both sides of a connection.
    pub(crate) others: BTreeSet<u32>,
}

impl LeftBehind {
    /// Every process that this is about.
    pub(crate) fn processes(&self) -> impl Iterator<Item = u32> {
        let holders = self.ends.iter().map(|end| end.pid);
        self.others.iter().copied().chain(holders).chain([self.reader.0])
    }
}
