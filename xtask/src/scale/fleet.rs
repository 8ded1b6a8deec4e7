//! Simulated agents: each does its leases one after the other on a virtual clock, and sends a heartbeat every second.

use evenly_core::frame::{Body, EVERY_LEASE, Frame, Heartbeat, PIPE_FRAME, Packer};
use evenly_core::interval::Interval;
use evenly_core::lease::LeaseId;
use evenly_core::{Assignment, AssignmentRow, WorkerId};
use evenly_testkit::Random;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Interval of heartbeats, as that of real agents.
const BEAT_NS: u64 = 1_000_000_000;

/// Chunks that end this close together are reported together.
const TOGETHER_NS: u64 = 1_000_000;

/// A number takes an average agent this many picoseconds.
const EACH_PS: u64 = 250_000;

/// Every how many numbers one is counted.
const COUNTED: i64 = 3;

/// What an agent does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// It ends the lease at work, unless that was changed since: then its version is another.
    Done(u32),
    Beat,
}

/// Chunks of one length that an agent got together, or one of them.
#[derive(Clone, Copy, Debug)]
enum Held {
    Row {
        row: AssignmentRow,
        /// How many of them are done.
        done: u64,
    },
    One(Assignment),
}

impl Held {
    fn chunks(self) -> impl Iterator<Item = Assignment> {
        let (row, done, one) = match self {
            Self::Row { row, done } => (Some(row), done, None),
            Self::One(one) => (None, 0, Some(one)),
        };
        row.into_iter()
            .flat_map(move |row| (done..row.len()).map(move |at| row.chunk(at)))
            .chain(one)
    }

    fn has(self, lease: LeaseId) -> bool {
        match self {
            Self::Row { row, done } => lease
                .0
                .checked_sub(row.first().lease.0)
                .is_some_and(|at| (done..row.len()).contains(&at)),
            Self::One(one) => one.lease == lease,
        }
    }
}

#[derive(Debug)]
struct Agent {
    /// Time of one number.
    each_ps: u64,
    /// Its leases, in the order in which it does them.
    held: VecDeque<Held>,
    /// When it began the first of them.
    began_ns: u64,
    version: u32,
    /// Whether its cable is cut.
    is_cut: bool,
}

impl Agent {
    fn time_of(&self, chunk: Assignment) -> u64 {
        u64::try_from(chunk.interval.len() * u128::from(self.each_ps) / 1000).unwrap_or(u64::MAX)
    }

    fn chunks(&self) -> impl Iterator<Item = Assignment> + '_ {
        self.held.iter().flat_map(|held| held.chunks())
    }

    /// Takes the first chunk, if it is done by now.
    fn take_done(&mut self, now_ns: u64) -> Option<Assignment> {
        let first = self.held.front()?.chunks().next()?;
        let end_ns = self.began_ns + self.time_of(first);
        if end_ns > now_ns {
            return None;
        }
        self.began_ns = end_ns;
        match self.held.front_mut() {
            Some(Held::Row { row, done }) if *done + 1 < row.len() => *done += 1,
            _ => drop(self.held.pop_front()),
        }
        Some(first)
    }
}

/// The agents, by slot.
#[derive(Debug)]
pub(super) struct Fleet {
    agents: Vec<Agent>,
    due: BinaryHeap<Reverse<(u64, u32, Step)>>,
    /// Frames to the primary, and where each begins.
    sent: Packer,
    starts: Vec<(usize, usize)>,
    beat: Packer,
}

/// A heartbeat alone.
pub(super) fn heartbeat(kind: Heartbeat) -> Packer {
    let mut packer = Packer::new(WorkerId(0), PIPE_FRAME);
    packer.heartbeat(kind);
    packer.seal(0);
    packer
}

/// How many numbers of an interval count.
pub(super) fn counted(interval: Interval) -> u64 {
    let below = |n: i64| n.div_euclid(COUNTED);
    (below(interval.last()) - below(interval.first() - 1)) as u64
}

impl Fleet {
    /// Agents whose speeds differ by up to a factor of four.
    pub(super) fn new(agents: usize) -> Self {
        let mut random = Random::new(agents as u64);
        let agent = |_| Agent {
            each_ps: random.between(EACH_PS / 2, EACH_PS * 2),
            held: VecDeque::with_capacity(16),
            began_ns: 0,
            version: 0,
            is_cut: false,
        };
        let mut due = BinaryHeap::with_capacity(8 * agents);
        // The pages of both are touched before the memory of the engine is measured.
        due.extend((0..8 * agents).map(|_| Reverse((0, 0, Step::Beat))));
        due.clear();
        let mut agents: Vec<Agent> = (0..agents).map(agent).collect();
        for agent in &mut agents {
            let nothing = Assignment { lease: EVERY_LEASE, interval: Interval::single(0) };
            agent.held.extend([Held::One(nothing); 16]);
            agent.held.clear();
        }
        let sent = Packer::new(WorkerId(0), PIPE_FRAME);
        Self { agents, due, sent, starts: Vec::new(), beat: heartbeat(Heartbeat::OfAgent) }
    }

    /// Numbers that all agents together do in a second.
    pub(super) fn per_second(&self) -> u64 {
        self.agents.iter().map(|agent| 1_000_000_000_000 / agent.each_ps).sum()
    }

    /// An agent has a seat: its first heartbeat is due a second later.
    pub(super) fn join(&mut self, slot: usize, now_ns: u64) {
        self.due.push(Reverse((now_ns + BEAT_NS, slot as u32, Step::Beat)));
    }

    /// The agent in this slot sends and receives nothing any more.
    pub(super) fn cut(&mut self, slot: usize) {
        self.agents[slot].is_cut = true;
        self.agents[slot].held.clear();
    }

    /// When the next agent has something to send.
    pub(super) fn next_ns(&self) -> Option<u64> {
        if !self.starts.is_empty() {
            return Some(0);
        }
        self.due.peek().map(|Reverse((at_ns, ..))| *at_ns)
    }

    /// Lets agents go on until this time, or until there are this many frames; the time of the last one.
    pub(super) fn advance(&mut self, until_ns: u64, most: usize) -> Option<u64> {
        let mut last_ns = None;
        while self.starts.len() < most
            && let Some(Reverse((at_ns, slot, step))) = self.due.peek().copied()
            && at_ns <= until_ns
        {
            self.due.pop();
            self.step(slot as usize, step, at_ns);
            last_ns = Some(at_ns);
        }
        last_ns
    }

    fn step(&mut self, slot: usize, step: Step, now_ns: u64) {
        let agent = &mut self.agents[slot];
        if agent.is_cut {
            return;
        }
        match step {
            Step::Beat => {
                self.due.push(Reverse((now_ns + BEAT_NS, slot as u32, Step::Beat)));
                self.begin_frame(slot);
                self.sent.append(&self.beat);
            }
            Step::Done(version) if version == agent.version => {
                let began_ns = agent.began_ns;
                self.begin_frame(slot);
                let agent = &mut self.agents[slot];
                while let Some(done) = agent.take_done(now_ns) {
                    self.sent.answer(done.lease, counted(done.interval));
                }
                self.sent.seal(now_ns - began_ns);
                self.schedule(slot, now_ns);
            }
            Step::Done(_) => {}
        }
    }

    fn begin_frame(&mut self, slot: usize) {
        self.starts.push((slot, self.sent.len()));
    }

    /// Says when an agent reports next: when the first chunk is done, and those that are done soon after it.
    fn schedule(&mut self, slot: usize, now_ns: u64) {
        let agent = &mut self.agents[slot];
        agent.version += 1;
        let mut end_ns = agent.began_ns;
        for chunk in agent.chunks() {
            let next_ns = end_ns + agent.time_of(chunk);
            if end_ns > agent.began_ns && next_ns > agent.began_ns + TOGETHER_NS {
                break;
            }
            end_ns = next_ns;
        }
        if end_ns > agent.began_ns {
            self.due.push(Reverse((end_ns.max(now_ns), slot as u32, Step::Done(agent.version))));
        }
    }

    /// The frames that the agents have sent, each with its slot.
    pub(super) fn frames(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let ends = self.starts.iter().skip(1).map(|(_, start)| *start);
        let ends = ends.chain([self.sent.len()]);
        self.starts.iter().zip(ends).flat_map(|((slot, start), end)| {
            frames_in(&self.sent.bytes()[*start..end]).map(|frame| (*slot, frame))
        })
    }

    /// Forgets these frames.
    pub(super) fn clear(&mut self) {
        self.sent.clear();
        self.starts.clear();
    }

    /// A frame of the primary reaches an agent.
    pub(super) fn receive(&mut self, slot: usize, frame: &Frame<'_>, now_ns: u64) {
        if self.agents[slot].is_cut {
            return;
        }
        match frame.body {
            Body::Assignments(assignments) => {
                let agent = &mut self.agents[slot];
                let was_idle = agent.held.is_empty();
                agent.held.extend(assignments.rows().map(|row| Held::Row { row, done: 0 }));
                if was_idle && !assignments.is_empty() {
                    agent.began_ns = now_ns;
                    self.schedule(slot, now_ns);
                }
            }
            Body::Withdrawals(withdrawals) => {
                for (lease, parts) in withdrawals.iter() {
                    self.give_back(slot, lease, parts, now_ns);
                }
            }
            _ => {}
        }
    }

    /// Keeps one of `parts` parts of what is not done of a lease, and gives back the others.
    fn give_back(&mut self, slot: usize, lease: LeaseId, parts: u64, now_ns: u64) {
        let agent = &mut self.agents[slot];
        if !agent.held.iter().any(|held| held.has(lease)) {
            return;
        }
        agent.held = agent.chunks().map(Held::One).collect();
        let mut start_ns = agent.began_ns;
        let mut found = None;
        for (index, chunk) in agent.chunks().enumerate() {
            if chunk.lease == lease {
                found = Some((index, chunk.interval));
                break;
            }
            start_ns += agent.time_of(chunk);
        }
        let Some((index, interval)) = found else { return };
        // It finishes the number that it is at.
        let elapsed_ns = now_ns.checked_sub(start_ns);
        let done = elapsed_ns.map_or(0, |ns| u128::from(ns * 1000 / agent.each_ps) + 1);
        let rest = interval.len().saturating_sub(done);
        let kept = done + rest.checked_div(parts.into()).unwrap_or(0);
        if rest == 0 || kept >= interval.len() {
            return;
        }
        let mut given_back = interval;
        if kept == 0 {
            agent.held.remove(index);
        } else {
            let (front, Some(behind)) = interval.split_front(kept) else { return };
            agent.held[index] = Held::One(Assignment { lease, interval: front });
            given_back = behind;
        }
        self.begin_frame(slot);
        self.sent.release(lease, given_back.first());
        self.sent.seal(0);
        self.schedule(slot, now_ns);
    }
}

/// The frames in these bytes, one after the other.
pub(super) fn frames_in(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let length = rest.get(4..8)?.first_chunk()?;
        let (frame, behind) = rest.split_at(u32::from_le_bytes(*length) as usize);
        rest = behind;
        Some(frame)
    })
}
