//! One agent by hand: what it says of a lease, step by step.

use super::*;

/// An agent with two workers and one lease.
fn one_lease(first: i64, last: i64) -> (Machine, LeaseId) {
    let mut machine = Machine::new(0, 2);
    let lease = LeaseId(1 << 20);
    let interval = Interval::new(first, last).unwrap();
    machine.down.packer.assign([Assignment { lease, interval }]);
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
fn a_failure_at_an_agent_is_reported_to_its_primary() {
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
    machine.down.packer.assign([Assignment { lease, interval }]);
    machine.down.deliver(|frame| {
        let up = &mut machine.up.packer;
        let refused = machine.agent.take(frame.body, &mut machine.supervisor, up);
        assert_eq!(refused, Err(Malformed::Entry));
    });
}

#[test]
fn a_tail_that_no_worker_has_begun_is_given_back() {
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
    machine.down.packer.assign([Assignment { lease, interval: Interval::new(0, 9).unwrap() }]);
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
    machine.down.packer.assign([Assignment { lease, interval: Interval::new(0, 9).unwrap() }]);
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
    machine.down.packer.assign([Assignment { lease, interval: Interval::new(0, 9).unwrap() }]);
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
fn workers_get_a_withdrawal_of_every_lease_that_the_agent_gives_back() {
    let (mut machine, _) = one_lease(0, 999);
    for (worker, line) in &mut machine.workers {
        line.deliver(|frame| worker.take(frame.body).unwrap());
    }
    machine.down.packer.withdraw(EVERY_LEASE, 0);
    take(&mut machine);
    let mut withdrawn = vec![];
    for (_, line) in &mut machine.workers {
        line.deliver(|frame| {
            let Body::Withdrawals(withdrawals) = frame.body else { panic!() };
            withdrawn.extend(withdrawals.iter());
        });
    }
    assert_eq!(withdrawn, [(EVERY_LEASE, 0); 2]);
}

#[test]
fn what_was_done_of_a_lease_that_is_gone_is_not_taken_for_the_next() {
    let (mut machine, _) = one_lease(2, 2);
    // Counted and heard, but not passed on yet.
    machine.work(0, 1, 0);
    machine.down.packer.withdraw(EVERY_LEASE, 0);
    machine.down.packer.seal(0);
    let interval = Interval::new(2, 3).unwrap();
    machine.down.packer.assign([Assignment { lease: LeaseId(2 << 20), interval }]);
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
    machine.down.packer.assign([Assignment { lease: LeaseId(1 << 20), interval }]);
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
    machine.down.packer.assign([Assignment { lease, interval: Interval::single(7) }]);
    take(&mut machine);
    let least = Value::Min(Some(crate::Extreme { value: 3, n: 7 }));
    record(&mut machine, &Partial::over(Interval::single(7), least));
    // The frame says how long the workers worked.
    machine.up.packer.seal(1234);
    assert_eq!(said(&mut machine), (vec![lease], 1234));
}

#[test]
fn busy_time_is_reported_even_without_new_numbers() {
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
    machine.down.packer.assign([Assignment { lease: LeaseId(1 << 20), interval }]);
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
    machine.down.packer.assign([Assignment { lease: LeaseId(2 << 20), interval }]);
    (0..2).for_each(|_| take(&mut machine));
    assert_eq!(may_go_on(&mut machine), [true, true]);
}

/// The holder of the lowest number gets more credit for that; spent on other leases, it would pile up lines at the
/// primary that must wait.
#[test]
fn the_last_of_the_credit_is_for_the_lowest_lease() {
    let mut machine = Machine::asked(Aggregate::Map, 0, 0);
    let interval = |first| Interval::new(first, first + 99).unwrap();
    let leases = [LeaseId(1 << 20), LeaseId(2 << 20)];
    let assignment =
        |which: usize| Assignment { lease: leases[which], interval: interval(100 * which as i64) };
    machine.down.packer.credit(CREDIT as u64);
    machine.down.packer.assign([assignment(0), assignment(1)]);
    (0..2).for_each(|_| take(&mut machine));
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
