//! A primary, agents and their workers, all of them state machines, in any order of events.

mod plain;

use super::*;
use crate::aggregate::{Aggregate, Value};
use crate::frame::{Heartbeat, PIPE_FRAME, Unpacker};
use crate::interval::Interval;
use crate::partial::Cause;
use crate::policy::Policy;
use crate::range::Range;
use crate::supervisor::Order;
use crate::worker::{Outcome, Worker};
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
            if worker.counted(last) == Outcome::ToReport || much.is_multiple_of(3) {
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
    /// whatever is asked and however rarely somebody takes the lines.
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
                    2 => now_ns += crate::roster::SILENT_NS,
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

/// An agent with two workers and one lease.
fn one_lease(first: i64, last: i64) -> (Machine, LeaseId) {
    let mut machine = Machine::new(0, 2);
    let lease = LeaseId(1 << 20);
    let interval = Interval::new(first, last).unwrap();
    machine.down.packer.assign(&[Assignment { lease, interval }]);
    take(&mut machine);
    (machine, lease)
}

fn take(machine: &mut Machine) {
    machine.down.deliver(|frame| {
        let up = &mut machine.up.packer;
        machine.agent.take(frame.body, &mut machine.supervisor, up).unwrap();
    });
    machine.act(0);
}

fn record(machine: &mut Machine, done: &Partial) {
    let mut record = Record::of(done.clone(), WorkerId(0));
    machine.agent.record(&mut record, &mut machine.supervisor, &mut machine.up.packer);
}

#[test]
fn a_number_that_fails_here_is_told_there() {
    let (mut machine, lease) = one_lease(0, 2);
    let failure =
        crate::partial::Failure { interval: Interval::single(1), cause: Cause::Signal(6) };
    let Machine { agent, supervisor, up, .. } = &mut machine;
    let done = |n| Partial::over(Interval::single(n), Value::Count(1));
    let failed = Partial { covered: vec![], failed: vec![failure], value: Value::Count(0) };
    for partial in [done(2), failed, done(0)] {
        let mut record = Record::of(partial, WorkerId(0));
        agent.record(&mut record, supervisor, &mut up.packer);
    }
    up.deliver(|frame| {
        let Body::Part(part) = frame.body else { panic!() };
        let partial = Partial::decode(part.bytes).unwrap();
        assert_eq!((part.lease, partial.failed.as_slice()), (lease, &[failure][..]));
        assert_eq!(partial.covered, [Interval::single(0), Interval::single(2)]);
        assert_eq!(partial.value, Value::Count(2));
    });
}

#[test]
fn leases_that_overlap_are_refused() {
    let (mut machine, lease) = one_lease(0, 9);
    let interval = Interval::new(9, 12).unwrap();
    machine.down.packer.assign(&[Assignment { lease, interval }]);
    machine.down.deliver(|frame| {
        let up = &mut machine.up.packer;
        let refused = machine.agent.take(frame.body, &mut machine.supervisor, up);
        assert_eq!(refused, Err(Malformed::Entry));
    });
}

#[test]
fn the_tail_that_nobody_has_begun_is_given_back() {
    let (mut machine, lease) = one_lease(0, 999);
    machine.down.packer.withdraw(lease, 2);
    take(&mut machine);
    machine.up.deliver(|frame| {
        let Body::Releases(releases) = frame.body else { panic!() };
        assert_eq!(releases.iter().collect::<Vec<_>>(), [(lease, 500)]);
    });
    machine.down.packer.withdraw(EVERY_LEASE, 0);
    take(&mut machine);
    machine.up.deliver(|frame| {
        let Body::Releases(releases) = frame.body else { panic!() };
        assert_eq!(releases.iter().collect::<Vec<_>>(), [(lease, 0)]);
    });
    assert_eq!(machine.agent.held(), 0);
}

#[test]
fn what_is_done_is_answered_when_the_rest_is_given_back() {
    let mut machine = Machine::new(0, 0);
    let lease = LeaseId(1 << 20);
    machine.down.packer.assign(&[Assignment { lease, interval: Interval::new(0, 9).unwrap() }]);
    take(&mut machine);
    let done = Partial::over(Interval::new(0, 4).unwrap(), Value::Count(3));
    record(&mut machine, &done);
    machine.down.packer.withdraw(lease, 0);
    take(&mut machine);
    machine.up.deliver(|frame| {
        let Body::Releases(releases) = frame.body else { panic!() };
        assert_eq!(releases.iter().collect::<Vec<_>>(), [(lease, 5)]);
    });
    let mut said = vec![];
    machine.up.deliver(|frame| {
        let Body::Answers(answers) = frame.body else { panic!() };
        said.extend(answers.iter());
    });
    assert_eq!((said.as_slice(), machine.agent.held()), (&[(lease, 3)][..], 0));
}

#[test]
fn a_lease_of_which_nothing_is_done_is_given_back_whole() {
    let mut machine = Machine::new(0, 0);
    let lease = LeaseId(1 << 20);
    machine.down.packer.assign(&[Assignment { lease, interval: Interval::new(0, 9).unwrap() }]);
    take(&mut machine);
    machine.down.packer.withdraw(lease, 0);
    take(&mut machine);
    let mut said = vec![];
    machine.up.deliver(|frame| {
        let Body::Releases(releases) = frame.body else { panic!() };
        said.extend(releases.iter());
    });
    assert_eq!((said.as_slice(), machine.agent.held()), (&[(lease, 0)][..], 0));
}

#[test]
fn what_is_done_is_reported_before_everything_is_given_back() {
    let mut machine = Machine::new(0, 0);
    let lease = LeaseId(1 << 20);
    machine.down.packer.assign(&[Assignment { lease, interval: Interval::new(0, 9).unwrap() }]);
    take(&mut machine);
    let done = Partial::over(Interval::new(0, 4).unwrap(), Value::Count(3));
    record(&mut machine, &done);
    machine.agent.leave(&mut machine.supervisor, &mut machine.up.packer, Leave::Over);
    machine.up.deliver(|frame| {
        let Body::Part(part) = frame.body else { panic!() };
        assert_eq!((part.lease, Partial::decode(part.bytes)), (lease, Ok(done.clone())));
    });
    machine.up.deliver(|frame| {
        let Body::Releases(releases) = frame.body else { panic!() };
        assert_eq!(releases.iter().collect::<Vec<_>>(), [(lease, 5)]);
    });
}

#[test]
fn workers_are_told_to_drop_what_is_given_back() {
    let (mut machine, _) = one_lease(0, 999);
    for (worker, line) in &mut machine.workers {
        line.deliver(|frame| worker.take(frame.body).unwrap());
    }
    machine.down.packer.withdraw(EVERY_LEASE, 0);
    take(&mut machine);
    let mut told = vec![];
    for (_, line) in &mut machine.workers {
        line.deliver(|frame| {
            let Body::Withdrawals(withdrawals) = frame.body else { panic!() };
            told.extend(withdrawals.iter());
        });
    }
    assert_eq!(told, [(EVERY_LEASE, 0); 2]);
}

#[test]
fn what_was_done_of_a_lease_that_is_gone_is_not_taken_for_the_next() {
    let (mut machine, _) = one_lease(2, 2);
    // Counted and heard, but not passed on yet.
    machine.work(0, 1, 0);
    machine.down.packer.withdraw(EVERY_LEASE, 0);
    machine.down.packer.seal(0);
    let interval = Interval::new(2, 3).unwrap();
    machine.down.packer.assign(&[Assignment { lease: LeaseId(2 << 20), interval }]);
    for _ in 0..2 {
        machine.down.deliver(|frame| {
            let up = &mut machine.up.packer;
            machine.agent.take(frame.body, &mut machine.supervisor, up).unwrap();
        });
    }
    machine.act(0);
    (0..8).for_each(|which| machine.work(which, 2, 0));
    machine.up.packer.seal(1);
    let mut said = vec![];
    while !machine.up.packer.is_empty() {
        machine.up.deliver(|frame| {
            if let Body::Answers(answers) = frame.body {
                said.extend(answers.iter());
            }
        });
    }
    assert_eq!(said, [(LeaseId(2 << 20), 1)]);
}

#[test]
fn an_empty_seat_is_filled_when_there_is_work_again() {
    let mut machine = Machine::new(0, 1);
    machine.supervisor.lose(0, None, 0).unwrap();
    assert!(machine.supervisor.poll(0).unwrap().is_none(), "there is nothing to do");
    let interval = Interval::new(0, 9).unwrap();
    machine.down.packer.assign(&[Assignment { lease: LeaseId(1 << 20), interval }]);
    let Machine { agent, supervisor, up, down, .. } = &mut machine;
    down.deliver(|frame| agent.take(frame.body, supervisor, &mut up.packer).unwrap());
    let order = machine.supervisor.poll(0).unwrap();
    assert!(matches!(order, Some(Order::Fill { slot: 0 })), "{order:?}");
}

/// What the frames say that were packed for the primary, and how long it took.
fn said(machine: &mut Machine) -> (Vec<LeaseId>, u64) {
    let (mut leases, mut busy_ns) = (vec![], 0);
    while !machine.up.packer.is_empty() {
        machine.up.deliver(|frame| {
            busy_ns += frame.busy_ns;
            match frame.body {
                Body::Answers(answers) => leases.extend(answers.iter().map(|(lease, _)| lease)),
                Body::Part(part) => leases.push(part.lease),
                Body::Releases(_) => {}
                body => panic!("{body:?}"),
            }
        });
    }
    (leases, busy_ns)
}

/// Otherwise its pace is never measured, and its chunks stay as short as the first.
#[test]
fn an_answer_in_parts_leaves_room_for_the_time_that_it_took() {
    let mut machine = Machine::asked(Aggregate::Min, 0, 1);
    let lease = LeaseId(1 << 20);
    machine.down.packer.assign(&[Assignment { lease, interval: Interval::single(7) }]);
    take(&mut machine);
    let least = Value::Min(Some(crate::Extreme { value: 3, n: 7 }));
    record(&mut machine, &Partial::over(Interval::single(7), least));
    // Whoever sends it says how long the workers worked.
    machine.up.packer.seal(1234);
    assert_eq!(said(&mut machine), (vec![lease], 1234));
}

#[test]
fn time_is_told_even_if_there_is_no_more_to_report() {
    let (mut machine, lease) = one_lease(0, 9);
    let done = |first, last| Partial::over(Interval::new(first, last).unwrap(), Value::Count(1));
    record(&mut machine, &done(0, 4));
    assert!(machine.agent.has_news());
    record(&mut machine, &done(5, 9));
    machine.up.packer.seal(0);
    machine.agent.report(&mut machine.up.packer, 500);
    assert_eq!(said(&mut machine), (vec![lease], 500));
}

/// An agent that was not heard for five seconds goes on with workers all of which may send.
#[test]
fn workers_get_credit_for_what_is_given_back() {
    let mut machine = Machine::asked(Aggregate::Map, 0, 2);
    let interval = Interval::new(0, 9_999).unwrap();
    machine.down.packer.assign(&[Assignment { lease: LeaseId(1 << 20), interval }]);
    take(&mut machine);
    (0..6000).for_each(|which| machine.work(which, 60, 0));
    let may_go_on = |machine: &mut Machine| {
        let each = machine.workers.iter_mut().map(|(worker, line)| {
            (0..20).for_each(|_| line.deliver(|frame| worker.take(frame.body).unwrap()));
            worker.next(1).is_some()
        });
        each.collect::<Vec<_>>()
    };
    assert_eq!(may_go_on(&mut machine), [false, false], "they should have used up their credit");
    machine.down.packer.withdraw(EVERY_LEASE, 0);
    take(&mut machine);
    // For what comes late the primary gives credit at once.
    machine.down.packer.credit(1 << 20);
    let interval = Interval::new(20_000, 20_999).unwrap();
    machine.down.packer.assign(&[Assignment { lease: LeaseId(2 << 20), interval }]);
    (0..2).for_each(|_| take(&mut machine));
    assert_eq!(may_go_on(&mut machine), [true, true]);
}

/// Whoever holds the lowest number gets more credit for that; spent on other leases, it would pile up
/// lines at the primary that nobody can pass on.
#[test]
fn the_last_of_the_credit_is_for_the_lowest_lease() {
    let mut machine = Machine::asked(Aggregate::Map, 0, 0);
    let interval = |first| Interval::new(first, first + 99).unwrap();
    let leases = [LeaseId(1 << 20), LeaseId(2 << 20)];
    let assignment =
        |which: usize| Assignment { lease: leases[which], interval: interval(100 * which as i64) };
    machine.down.packer.assign(&[assignment(0), assignment(1)]);
    take(&mut machine);
    let lines = |n: i64| {
        let text = std::format!("{n}\t{}\n", "7".repeat(150)).into_bytes();
        Partial::over(Interval::single(n), Value::Lines { lines: 1, text })
    };
    // After two of these, less than half of it is left.
    (100..110).for_each(|n| record(&mut machine, &lines(n)));
    assert_eq!(said(&mut machine).0, [leases[1]; 2]);
    record(&mut machine, &lines(0));
    assert_eq!(said(&mut machine).0, [leases[0]]);
}
