//! Workers that are lost in a row, and stopped workers that keep a seat.

use super::*;
use crate::aggregate::Aggregate;
use crate::frame::{PIPE_FRAME, Packer, Unpacker};
use crate::interval::Interval;
use crate::lease::LeaseId;
use crate::policy::Policy;
use crate::range::Range;
use crate::scheduler::Counts;

/// Joins a worker in the one slot, and says which chunk it got.
fn seat(supervisor: &mut Supervisor) -> LeaseId {
    supervisor.join(0, 4, 0).unwrap();
    let Some(Order::Assign { slot: 0 }) = supervisor.poll(0).unwrap() else { panic!() };
    supervisor.assignments()[0].lease
}

/// Loses workers one after the other, each at the chunk that it says it has begun, until the
/// supervisor gives up; how many.
fn losses_until_it_gives_up(cause: Option<Cause>) -> Option<u32> {
    let range = Range::new(0, 1000).unwrap();
    let scheduler = Scheduler::new(range, Aggregate::Count, Policy::Static, 1);
    let mut supervisor = Supervisor::new(scheduler, 1);
    let mut now_ns = 0;
    for times in 1..100 {
        let lease = seat(&mut supervisor);
        let name = WorkerId(supervisor.next_name().0 - 1);
        let mut packer = Packer::new(name, PIPE_FRAME);
        packer.begun(lease);
        packer.seal(1);
        let mut unpacker = Unpacker::new(PIPE_FRAME, PIPE_FRAME);
        unpacker.room()[..packer.bytes().len()].copy_from_slice(packer.bytes());
        unpacker.filled(packer.bytes().len());
        let frame = unpacker.next_frame().unwrap().unwrap();
        assert_eq!(supervisor.hear(frame, now_ns), Ok(Heard::Work));
        supervisor.lose(0, cause, now_ns).unwrap();
        loop {
            now_ns += 1_000_000;
            match supervisor.poll(now_ns).unwrap() {
                Some(Order::GiveUp { slot: 0, .. }) => return Some(times),
                Some(Order::Fill { slot: 0 }) => break,
                Some(Order::Record(record)) => supervisor.recorded(record, now_ns).unwrap(),
                _ => {}
            }
        }
    }
    None
}

/// One seat, whose worker was stopped and has been silenced while an agent worked.
fn stopped_beside_an_agent() -> (Supervisor, usize) {
    let range = Range::new(0, 1000).unwrap();
    let scheduler = Scheduler::new(range, Aggregate::Count, Policy::Guided, 1);
    let mut supervisor = Supervisor::new(scheduler, 1);
    seat(&mut supervisor);
    let agent = supervisor.welcome(NonZeroU32::MIN, 4, 1).unwrap();
    supervisor.stop(0, 1);
    let now_ns = 1 + crate::seats::SILENCE_NS;
    let frame =
        Frame { worker: WorkerId(0), busy_ns: 0, body: Body::Farewell { call: 0, errno: 0 } };
    supervisor.hear_agent(agent, frame, now_ns - 1).unwrap();
    while let Some(order) = supervisor.poll(now_ns).unwrap() {
        assert!(!matches!(order, Order::Kill { .. }), "an agent is at work");
    }
    (supervisor, agent)
}

#[test]
fn a_stopped_worker_makes_room_when_the_last_agent_is_lost() {
    let (mut supervisor, agent) = stopped_beside_an_agent();
    let now_ns = 2 + crate::seats::SILENCE_NS;
    supervisor.lose(agent, None, now_ns).unwrap();
    let mut orders = core::iter::from_fn(|| supervisor.poll(now_ns).unwrap());
    assert!(orders.any(|order| matches!(order, Order::Kill { slot: 0 })));
}

/// What poll gives until it gives nothing.
fn orders(supervisor: &mut Supervisor, now_ns: u64) -> std::vec::Vec<Order> {
    core::iter::from_fn(|| supervisor.poll(now_ns).unwrap()).collect()
}

#[test]
fn a_worker_that_goes_on_is_not_silent_and_its_number_is_not_to_blame_later() {
    let range = Range::new(0, 10).unwrap();
    let scheduler = Scheduler::new(range, Aggregate::Count, Policy::Static, 1);
    let mut supervisor = Supervisor::new(scheduler, 2);
    seat(&mut supervisor);
    supervisor.join(1, 4, 0).unwrap();
    let (number, stopped) = (Interval::single(4), Cause::Signal(19));
    supervisor.stop(0, 1);
    supervisor.stopped_at(0, number, stopped, 1);
    supervisor.go_on(0, 2).unwrap();
    let is_silenced = |order: &Order| matches!(order, Order::Silenced { slot: 0, .. });
    assert!(!orders(&mut supervisor, crate::seats::SILENCE_NS + 2).iter().any(is_silenced));
    // The next stop is at a number that cannot be seen.
    let now_ns = 2 * crate::seats::SILENCE_NS;
    supervisor.stop(0, now_ns);
    let orders = orders(&mut supervisor, now_ns + crate::seats::SILENCE_NS);
    assert!(orders.iter().any(is_silenced), "{orders:?}");
    assert!(orders.iter().any(|order| matches!(order, Order::Assign { slot: 1 })), "{orders:?}");
    assert!(!supervisor.scheduler.stopped_at(WorkerId(1), number, stopped), "the first stop there");
}

/// Joins a worker in the one slot, which sends a crash report for its first number and is lost.
fn crash_at_once(supervisor: &mut Supervisor, now_ns: u64) {
    let name = supervisor.next_name();
    seat(supervisor);
    let n = supervisor.assignments()[0].interval.first();
    let crash_report = crate::frame::crash_report(name, n, None);
    let heard = supervisor.hear(Frame::whole(&crash_report, PIPE_FRAME).unwrap(), now_ns);
    assert_eq!(heard, Ok(Heard::CrashReport { slot: 0, n, cause: None }));
    supervisor.lose(0, Some(Cause::Signal(11)), now_ns).unwrap();
}

#[test]
fn workers_that_name_their_number_never_make_it_give_up_and_an_agent_names_none() {
    let range = Range::new(0, 100).unwrap();
    let scheduler = Scheduler::new(range, Aggregate::Count, Policy::Static, 1);
    let mut supervisor = Supervisor::new(scheduler, 1);
    let (mut now_ns, mut deaths, mut failed) = (0, 1, 0);
    crash_at_once(&mut supervisor, now_ns);
    while !supervisor.scheduler().is_finished() {
        match supervisor.poll(now_ns).unwrap() {
            Some(Order::Fill { slot: 0 }) => {
                crash_at_once(&mut supervisor, now_ns);
                deaths += 1;
            }
            Some(Order::Record(record)) => supervisor.recorded(record, now_ns).unwrap(),
            Some(Order::Quarantined(_)) => failed += 1,
            Some(Order::GiveUp { .. }) => panic!("gives up"),
            Some(Order::Finished) => {}
            Some(other) => panic!("{other:?}"),
            None => {
                now_ns += 1;
                assert!(now_ns < 1_000, "waits for no worker: {supervisor:?}");
            }
        }
    }
    assert_eq!((deaths, failed), (300, 100));

    let (mut supervisor, agent) = stopped_beside_an_agent();
    let crash_report = crate::frame::crash_report(WorkerId(0), 0, None);
    let heard = supervisor.hear_agent(agent, Frame::whole(&crash_report, PIPE_FRAME).unwrap(), 0);
    assert!(matches!(heard, Err(InvalidFrame::Worker { .. })), "{heard:?}");
}

#[test]
fn a_worker_that_fails_by_itself_is_not_explained_by_its_chunk() {
    assert_eq!(losses_until_it_gives_up(None), Some(LOSSES_IN_A_ROW));
}

/// Such a number is lost with its worker, whatever the reason is.
#[test]
fn each_number_that_an_at_most_once_run_gives_up_is_progress() {
    let range = Range::new(0, 100).unwrap();
    let scheduler = Scheduler::new(range, Aggregate::Count, Policy::Static, 1);
    let mut supervisor = Supervisor::new(scheduler.at_most_once(Counts::Numbers), 1);
    let mut now_ns = 0;
    let mut next_order = |supervisor: &mut Supervisor| loop {
        now_ns += 1_000_000;
        match supervisor.poll(now_ns).unwrap() {
            Some(Order::Record(record)) => supervisor.recorded(record, now_ns).unwrap(),
            Some(order @ (Order::Assign { .. } | Order::Fill { .. } | Order::GiveUp { .. })) => {
                return order;
            }
            _ => {}
        }
    };
    for times in 1..=2 * LOSSES_IN_A_ROW {
        supervisor.join(0, 4, 0).unwrap();
        assert!(matches!(next_order(&mut supervisor), Order::Assign { .. }));
        supervisor.lose(0, None, 0).unwrap();
        let order = next_order(&mut supervisor);
        assert!(matches!(order, Order::Fill { .. }), "{order:?} after {times} losses");
    }
}

#[test]
fn a_chunk_to_blame_is_searched_however_long_it_takes() {
    assert_eq!(losses_until_it_gives_up(Some(Cause::Signal(11))), None);
}
