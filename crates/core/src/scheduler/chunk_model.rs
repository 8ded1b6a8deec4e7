//! Runs in virtual time: workers with a modelled cost for each chunk, and the scheduler as it is.

use super::*;
use crate::engine::RateLimiter;
use crate::frame::{Body, PIPE_FRAME, Packer, Unpacker};
use crate::interval::Interval;
use crate::lease::LeaseId;
use crate::partial::Partial;
use core::num::NonZeroU64;
use core::time::Duration;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::vec::Vec;

pub(super) const MS: f64 = 1e6;
pub(super) const SECOND: f64 = 1e9;

/// Time of a message between the primary and a worker.
const LATENCY_NS: u64 = 50_000;

/// The way in which a command takes numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Takes {
    /// One command for a chunk.
    Chunks,
    /// One command for each number.
    Numbers,
    /// As [`Chunks`](Self::Chunks), but one command at a time has the lock under which it works.
    ChunksUnderLock,
}

/// What numbers take.
#[derive(Clone, Copy)]
pub(super) enum Each {
    Same(f64),
    By(fn(u64) -> f64),
}

/// A run and what its chunks cost.
#[derive(Clone, Copy)]
pub(super) struct Model {
    pub(super) name: &'static str,
    pub(super) numbers: u64,
    pub(super) workers: u32,
    pub(super) takes: Takes,
    /// Nanoseconds that a command takes whatever it does.
    pub(super) fixed_ns: f64,
    /// Nanoseconds that a number takes.
    pub(super) each: Each,
    /// Commands a second, if that is limited.
    pub(super) rate: Option<f64>,
    /// How many times as long the last worker takes.
    pub(super) slowness: f64,
    /// The longest time of a chunk: a quarter of the timeout.
    pub(super) most_ns: u64,
    /// Fewest numbers of a chunk.
    pub(super) least: u64,
}

impl Model {
    pub(super) const DEFAULT: Self = Self {
        name: "",
        numbers: 0,
        workers: 2,
        takes: Takes::Chunks,
        fixed_ns: 0.0,
        each: Each::Same(0.0),
        rate: None,
        slowness: 1.0,
        most_ns: u64::MAX,
        least: 1,
    };

    /// How long the best fixed chunk length takes, and that length.
    pub(super) fn best_fixed(&self) -> (f64, u64) {
        let mut lengths: Vec<u64> =
            (0..60).map(|power| 2f64.powf(f64::from(power) / 2.0) as u64).collect();
        let workers = u64::from(self.workers);
        lengths.extend((1..40).map(|rounds| self.numbers.div_ceil(workers * rounds)));
        lengths.retain(|len| *len <= self.numbers && self.numbers / len < 20_000);
        lengths.sort_unstable();
        lengths.dedup();
        let times = lengths.iter().map(|len| {
            (self.run(Policy::Fixed(NonZeroU64::new(*len).unwrap()), 0.0).seconds, *len)
        });
        times.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap()
    }

    pub(super) fn run(&self, policy: Policy, sample_s: f64) -> Outcome {
        World::new(*self, policy, sample_s).run()
    }
}

/// What came of a run.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) seconds: f64,
    /// The lengths of the commands in the order in which they started.
    pub(super) lengths: Vec<u64>,
    /// The longest command.
    pub(super) longest_s: f64,
    /// The time at each look at the progress, and the seconds that it gave as left.
    pub(super) left: Vec<(f64, Option<f64>)>,
}

impl Outcome {
    /// The largest error of the predicted duration from a tenth of the run on, as a share of the duration.
    pub(super) fn eta_error(&self) -> f64 {
        let late = self.left.iter().filter(|(now, _)| *now >= self.seconds / 10.0);
        let errors = late
            .filter_map(|(now, left)| left.map(|left| ((now + left) / self.seconds - 1.0).abs()));
        errors.fold(0.0, f64::max)
    }

    /// The part of the run after which there was an ETA.
    pub(super) fn eta_from(&self) -> f64 {
        let first = self.left.iter().find(|(_, left)| left.is_some());
        first.map_or(1.0, |(now, _)| now / self.seconds)
    }
}

/// Something that happens at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    /// A worker takes in what was sent, and begins if it is idle.
    Arrival(u32),
    /// A worker's command ends.
    End(u32),
    Withdrawal(u32, LeaseId, u64),
    Token,
    Look,
}

#[derive(Default)]
struct Hand {
    queue: VecDeque<(LeaseId, Interval)>,
    /// The numbers at work, with the time of their start and of their end.
    running: Option<(LeaseId, Interval, u64, u64)>,
}

struct World {
    model: Model,
    scheduler: Scheduler,
    limiter: Option<RateLimiter>,
    hands: Vec<Hand>,
    heap: BinaryHeap<Reverse<(u64, u64, Happening)>>,
    sequence: u64,
    now_ns: u64,
    lock_free_ns: u64,
    sample_ns: u64,
    is_token_due: bool,
    outcome: Outcome,
    is_finished: bool,
}

/// A number from 0 to 1 that depends on `n` alone.
pub(super) fn hash(n: u64) -> f64 {
    let mut x = n.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

impl World {
    fn new(model: Model, policy: Policy, sample_s: f64) -> Self {
        let range = Range::new(0, model.numbers.into()).unwrap();
        let sizes = ChunkSizes {
            aim_ns: 1_000_000_000,
            most_ns: model.most_ns,
            least: model.least,
            is_whole: model.takes != Takes::Numbers,
            ..ChunkSizes::default()
        };
        let mut scheduler =
            Scheduler::new(range, Aggregate::Count, policy, model.workers).chunks(sizes);
        if let Some(rate) = model.rate {
            scheduler = scheduler.rationed(Counts::Chunks).distance((SECOND / rate) as u64);
        }
        Self {
            model,
            scheduler,
            limiter: model.rate.map(RateLimiter::new),
            hands: (0..model.workers).map(|_| Hand::default()).collect(),
            heap: BinaryHeap::new(),
            sequence: 0,
            now_ns: 0,
            lock_free_ns: 0,
            sample_ns: (sample_s * SECOND) as u64,
            is_token_due: false,
            outcome: Outcome::default(),
            is_finished: false,
        }
    }

    fn at(&mut self, ns: u64, what: Happening) {
        self.sequence += 1;
        self.heap.push(Reverse((ns, self.sequence, what)));
    }

    fn run(mut self) -> Outcome {
        for worker in 0..self.model.workers {
            let capacity = Capacity::worker(1000);
            self.scheduler
                .handle(SchedulerEvent::Joined { worker: WorkerId(worker), capacity }, 0)
                .unwrap();
        }
        self.poll();
        if self.sample_ns > 0 {
            self.at(self.sample_ns, Happening::Look);
        }
        while !self.is_finished {
            let Reverse((ns, _, what)) = self.heap.pop().expect("the run goes on");
            self.now_ns = ns;
            match what {
                Happening::Arrival(worker) => self.begin(worker as usize),
                Happening::End(worker) => self.end(worker as usize),
                Happening::Withdrawal(worker, lease, parts) => self.withdraw(worker, lease, parts),
                Happening::Token => self.is_token_due = false,
                Happening::Look => {
                    let left = self.scheduler.progress(ns).seconds_left;
                    self.outcome.left.push((ns as f64 / SECOND, left));
                    self.at(ns + self.sample_ns, Happening::Look);
                }
            }
            self.poll();
        }
        self.outcome.seconds = self.now_ns as f64 / SECOND;
        self.outcome
    }

    fn poll(&mut self) {
        loop {
            while let Some(action) = self.scheduler.poll() {
                match action {
                    Action::Assign { worker } => {
                        let assigned = self.scheduler.assignments().into_iter();
                        let assigned = assigned.map(|one| (one.lease, one.interval));
                        self.hands[worker.0 as usize].queue.extend(assigned);
                        self.at(self.now_ns + LATENCY_NS, Happening::Arrival(worker.0));
                    }
                    Action::Record(record) => {
                        self.scheduler
                            .handle(SchedulerEvent::Recorded(record), self.now_ns)
                            .unwrap();
                    }
                    Action::Withdraw { worker, lease, parts } => {
                        let withdrawal = Happening::Withdrawal(worker.0, lease, parts);
                        self.at(self.now_ns + LATENCY_NS, withdrawal);
                    }
                    Action::Finished => self.is_finished = true,
                    other => panic!("{other:?}"),
                }
            }
            let Some(limiter) = &mut self.limiter else { return };
            if !self.scheduler.is_waiting_for_allowance() {
                return;
            }
            let more = limiter.take(Duration::from_nanos(self.now_ns));
            if more == 0 {
                let next_ns = limiter.next().as_nanos() as u64;
                if !self.is_token_due {
                    self.is_token_due = true;
                    self.at(next_ns, Happening::Token);
                }
                return;
            }
            self.scheduler.allow(more);
        }
    }

    fn begin(&mut self, worker: usize) {
        let Model { takes, workers, fixed_ns, each, slowness, .. } = self.model;
        let hand = &mut self.hands[worker];
        if hand.running.is_some() {
            return;
        }
        let Some((lease, interval)) = hand.queue.pop_front() else { return };
        let (work, rest) = match takes {
            Takes::Numbers => interval.split_front(1),
            _ => (interval, None),
        };
        if let Some(rest) = rest {
            hand.queue.push_front((lease, rest));
        }
        let first = work.first() as u64;
        let slowness = if worker + 1 == workers as usize { slowness } else { 1.0 };
        // No two commands take exactly as long.
        let factor = slowness * (0.95 + 0.1 * hash(first));
        let numbers: f64 = match each {
            Each::Same(ns) => work.len() as f64 * ns,
            Each::By(ns) => (first..=work.last() as u64).map(ns).sum(),
        };
        let begun_ns = self.now_ns;
        let start_ns = match takes {
            Takes::ChunksUnderLock => begun_ns.max(self.lock_free_ns),
            _ => begun_ns,
        };
        let end_ns = start_ns + ((fixed_ns + numbers) * factor) as u64 + 1;
        self.lock_free_ns = end_ns;
        hand.running = Some((lease, work, begun_ns, end_ns));
        let longest = &mut self.outcome.longest_s;
        *longest = longest.max((end_ns - begun_ns) as f64 / SECOND);
        self.outcome.lengths.push(work.len() as u64);
        self.at(end_ns, Happening::End(worker as u32));
    }

    fn end(&mut self, worker: usize) {
        let (lease, interval, begun_ns, _) = self.hands[worker].running.take().unwrap();
        let busy_ns = self.now_ns - begun_ns;
        // The next command begins while the answer is on its way, which takes no time here.
        self.begin(worker);
        let partial = Partial::over(interval, Value::Count(1));
        let worker = WorkerId(worker as u32);
        let event = SchedulerEvent::Partly { worker, lease, busy_ns, partial };
        self.scheduler.handle(event, self.now_ns + LATENCY_NS).unwrap();
    }

    fn withdraw(&mut self, worker: u32, lease: LeaseId, parts: u64) {
        let hand = &mut self.hands[worker as usize];
        let Some(at) = hand.queue.iter().position(|(held, _)| *held == lease) else { return };
        let rest = hand.queue[at].1;
        let running = hand.running.filter(|(held, ..)| *held == lease);
        let whole = rest.len() + u128::from(running.is_some());
        let kept = whole.div_ceil(parts.into()) - u128::from(running.is_some());
        let (kept, released) = match kept {
            0 => (None, Some(rest)),
            kept => {
                let (kept, released) = rest.split_front(kept);
                (Some(kept), released)
            }
        };
        match kept {
            Some(kept) => hand.queue[at].1 = kept,
            None => drop(hand.queue.remove(at)),
        }
        let Some(released) = released else { return };
        let mut packer = Packer::new(WorkerId(worker), PIPE_FRAME);
        packer.release(lease, released.first());
        packer.seal(0);
        let mut unpacker = Unpacker::new(PIPE_FRAME, PIPE_FRAME);
        let bytes = packer.bytes();
        unpacker.room()[..bytes.len()].copy_from_slice(bytes);
        unpacker.filled(bytes.len());
        let frame = unpacker.next_frame().unwrap().unwrap();
        let Body::Releases(releases) = frame.body else { panic!() };
        let worker = WorkerId(worker);
        let event = SchedulerEvent::Released { worker, busy_ns: 0, releases };
        self.scheduler.handle(event, self.now_ns + LATENCY_NS).unwrap();
    }
}
