//! A primary, agents and their workers, all of them state machines, in any order of events.

mod one_lease;
mod plain;
mod texts;

use super::*;
use crate::aggregate::{Aggregate, Value};
use crate::frame::{Heartbeat, PIPE_FRAME, Unpacker};
use crate::interval::Interval;
use crate::partial::Cause;
use crate::policy::Policy;
use crate::range::Range;
use crate::supervisor::Order;
use crate::worker::{ChunkState, Worker};
use core::num::{NonZeroU32, NonZeroU64};
use proptest::prelude::*;
use std::{vec, vec::Vec};

/// One direction of a connection: what one end packed is read at the other.
struct Line {
    packer: Packer,
    unpacker: Unpacker,
}

impl Line {
    fn new() -> Self {
        let packer = Packer::new(WorkerId(0), PIPE_FRAME);
        Self { packer, unpacker: Unpacker::new(PIPE_FRAME, 1 << 16) }
    }

    /// Moves the frame that is first, and hands it on.
    fn deliver(&mut self, mut take: impl FnMut(crate::frame::Frame<'_>)) {
        self.packer.seal(1000);
        let length = self.packer.first_frame().len();
        if length == 0 {
            return;
        }
        self.unpacker.room()[..length].copy_from_slice(self.packer.first_frame());
        self.unpacker.filled(length);
        self.packer.consume(length);
        take(self.unpacker.next_frame().unwrap().unwrap());
    }
}

/// A machine elsewhere.
struct Machine {
    agent: Agent,
    supervisor: Supervisor,
    up: Line,
    down: Line,
    workers: Vec<(Worker, Line)>,
    slot: usize,
    is_gone: bool,
}

impl Machine {
    fn new(slot: usize, workers: usize) -> Self {
        Self::asked(Aggregate::Count, slot, workers)
    }

    fn asked(aggregate: Aggregate, slot: usize, workers: usize) -> Self {
        let scheduler = Scheduler::open_ended(aggregate, workers as u32);
        let mut supervisor = Supervisor::new(scheduler, workers);
        let worker = |name| (Worker::new(WorkerId(name), aggregate, PIPE_FRAME), Line::new());
        for slot in 0..workers {
            supervisor.join(slot, 4, 0).unwrap();
        }
        let workers = (0..workers as u32).map(worker).collect();
        let agent = Agent::new(aggregate);
        let (up, down) = (Line::new(), Line::new());
        Self { agent, supervisor, up, down, workers, slot, is_gone: false }
    }

    fn act(&mut self, now_ns: u64) {
        while let Some(order) = self.supervisor.poll(now_ns).unwrap() {
            match order {
                Order::Assign { slot } => {
                    self.workers[slot].1.packer.assign(self.supervisor.assignments());
                }
                Order::Withdraw { slot, lease, parts } => {
                    self.workers[slot].1.packer.withdraw(lease, parts);
                }
                Order::Credit { slot, bytes } => self.workers[slot].1.packer.credit(bytes),
                Order::Quarantined(_) => {}
                Order::Record(mut record) => {
                    self.agent.record(&mut record, &mut self.supervisor, &mut self.up.packer);
                    self.supervisor.recorded(record, now_ns).unwrap();
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// One of the workers takes what there is, counts a slice, and says what it has.
    fn work(&mut self, which: usize, much: u64, now_ns: u64) {
        let which = which % self.workers.len();
        let (worker, line) = &mut self.workers[which];
        line.deliver(|frame| worker.take(frame.body).unwrap());
        if let Some(step) = worker.next(much) {
            let last = plain::apply(step.slice, worker.tally());
            if worker.counted(last) == ChunkState::ToReport || much.is_multiple_of(3) {
                worker.report(10);
            }
        }
        worker.seal(much * 1000);
        let mut unpacker = Unpacker::new(PIPE_FRAME, 1 << 16);
        while !worker.is_silent() {
            let frame = worker.first_frame();
            let length = frame.len();
            unpacker.room()[..length].copy_from_slice(frame);
            unpacker.filled(length);
            worker.sent(length);
            let frame = unpacker.next_frame().unwrap().unwrap();
            self.supervisor.hear(frame, now_ns).unwrap();
        }
        // Otherwise it stays to be done when the primary is heard.
        if much.is_multiple_of(2) {
            self.act(now_ns);
        }
    }
}

fn act(primary: &mut Supervisor, machines: &mut [Machine], now_ns: u64) {
    while let Some(order) = primary.poll(now_ns).unwrap() {
        let find = |machines: &mut [Machine], slot| {
            machines.iter().position(|machine| machine.slot == slot && !machine.is_gone).unwrap()
        };
        match order {
            Order::Assign { slot } => {
                let which = find(machines, slot);
                machines[which].down.packer.assign(primary.assignments());
            }
            Order::Withdraw { slot, lease, parts } => {
                let which = find(machines, slot);
                machines[which].down.packer.withdraw(lease, parts);
            }
            Order::Credit { slot, bytes } => {
                let which = find(machines, slot);
                machines[which].down.packer.credit(bytes);
            }
            Order::Record(record) => primary.recorded(record, now_ns).unwrap(),
            Order::Silenced { .. } | Order::Finished | Order::Quarantined(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

fn policy() -> impl Strategy<Value = Policy> {
    let fixed = (1u64..200).prop_map(|len| Policy::Fixed(NonZeroU64::new(len).unwrap()));
    prop_oneof![fixed, Just(Policy::Timed), Just(Policy::Guided), Just(Policy::Static)]
}

proptest! {
    /// Agents come, work, are silent, wake, leave and are lost in any order; the answer is exact,
    /// whatever is asked and however rarely the reader takes lines.
    #[test]
    fn every_n_exactly_once_through_agents(
        aggregate in plain::aggregates(), leaves_out: bool,
        (first, len) in (-5000i64..5000, 0u64..3000), policy in policy(),
        steps in prop::collection::vec((0u8..24, any::<u8>(), 1u64..100), 0..300),
    ) {
        let range = Range::new(first.into(), i128::from(first) + i128::from(len)).unwrap();
        let mut scheduler = Scheduler::new(range, aggregate, policy, 2);
        if leaves_out {
            scheduler = scheduler.leave_out_failures();
        }
        let mut primary = Supervisor::new(scheduler, 0);
        let mut lines = vec![];
        let mut machines: Vec<Machine> = vec![];
        let mut now_ns = 0;
        let welcome = |primary: &mut Supervisor, machines: &mut Vec<Machine>, workers: u32, now_ns| {
            let strength = NonZeroU32::new(workers).unwrap();
            let slot = primary.welcome(strength, 100, now_ns).unwrap();
            machines.push(Machine::asked(aggregate, slot, workers as usize));
        };
        for (what, which, much) in steps {
            now_ns += much * 1000;
            let living = machines.iter().filter(|machine| !machine.is_gone).count();
            if living == 0 || what == 0 {
                welcome(&mut primary, &mut machines, 1 + u32::from(which % 3), now_ns);
            }
            let count = machines.len();
            let machine = &mut machines[usize::from(which) % count];
            if !machine.is_gone {
                match what {
                    1 => {
                        machine.is_gone = true;
                        primary.lose(machine.slot, None, now_ns).unwrap();
                    }
                    2 => now_ns += crate::seats::SILENCE_NS,
                    3 => machine.up.packer.heartbeat(Heartbeat::OfAgent),
                    4 => machine.agent.report(&mut machine.up.packer, much),
                    5..=8 => machine.down.deliver(|frame| {
                        let up = &mut machine.up.packer;
                        machine.agent.take(frame.body, &mut machine.supervisor, up).unwrap();
                    }),
                    9..=12 => machine.up.deliver(|frame| {
                        primary.hear_agent(machine.slot, frame, now_ns).unwrap();
                    }),
                    _ => machine.work(what.into(), much, now_ns),
                }
                if what < 13 {
                    machine.act(now_ns);
                }
            }
            act(&mut primary, &mut machines, now_ns);
            if much.is_multiple_of(5) {
                lines.extend(core::iter::from_fn(|| primary.next_lines()).flatten());
                act(&mut primary, &mut machines, now_ns);
            }
        }
        // From now on nothing breaks, and it must come to its end.
        welcome(&mut primary, &mut machines, 2, now_ns);
        for round in 0.. {
            act(&mut primary, &mut machines, now_ns);
            lines.extend(core::iter::from_fn(|| primary.next_lines()).flatten());
            act(&mut primary, &mut machines, now_ns);
            if primary.scheduler().is_finished() {
                break;
            }
            prop_assert!(round < 20_000, "{:?}", primary.scheduler());
            now_ns += 1_000_000;
            for machine in machines.iter_mut().filter(|machine| !machine.is_gone) {
                machine.down.deliver(|frame| {
                    let up = &mut machine.up.packer;
                    machine.agent.take(frame.body, &mut machine.supervisor, up).unwrap();
                });
                machine.act(now_ns);
                (0..machine.workers.len()).for_each(|which| machine.work(which, 50, now_ns));
                machine.up.packer.heartbeat(Heartbeat::OfAgent);
                machine.up.deliver(|frame| {
                    primary.hear_agent(machine.slot, frame, now_ns).unwrap();
                });
            }
        }
        let (answer, expected) = plain::answer(aggregate, range.interval(), leaves_out);
        prop_assert_eq!(primary.scheduler().answer(), &answer);
        prop_assert_eq!(std::string::String::from_utf8(lines).unwrap(), expected);
    }
}
