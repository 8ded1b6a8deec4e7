//! Names of leases are never used twice, and only the holder may answer.

use super::*;
use std::vec;
use std::vec::Vec;

const ONE: WorkerId = WorkerId(1);
const TWO: WorkerId = WorkerId(2);
const FRESH: (u8, u8) = (1, 0);

fn interval(first: i64, last: i64) -> Interval {
    Interval::new(first, last).unwrap()
}

fn reclaim(table: &mut LeaseTable, worker: WorkerId) -> Vec<Reclaimed> {
    let mut reclaimed = vec![];
    table.reclaim(worker, |chunk| reclaimed.push(chunk));
    reclaimed
}

#[test]
fn a_settled_name_never_comes_back() {
    let mut table = LeaseTable::default();
    let first = table.lend(ONE, Interval::single(7), FRESH);
    table.settle(first, 1);
    assert_eq!(table.standing(first, ONE), Standing::Settled { word: 1, first: 7 });
    let second = table.lend(ONE, Interval::single(7), FRESH);
    assert_eq!(first.slot(), second.slot());
    assert_ne!(first, second);
    assert_eq!(table.standing(first, ONE), Standing::Unknown);
    assert_eq!(table.standing(second, ONE), Standing::InForce(Interval::single(7)));
}

#[test]
fn only_the_holder_may_answer() {
    let mut table = LeaseTable::default();
    let lease = table.lend(ONE, Interval::single(7), FRESH);
    assert_eq!(table.standing(lease, TWO), Standing::Unknown);
    assert_eq!(table.standing(LeaseId(u64::MAX), ONE), Standing::Unknown);
}

#[test]
fn a_report_does_not_answer_a_request_for_a_part() {
    let mut table = LeaseTable::default();
    let lease = table.lend(ONE, interval(0, 9), FRESH);
    table.ask(lease);
    table.shorten(lease, interval(2, 9));
    assert_eq!((table.asked(), table.unasked().count()), (1, 0));
    table.shorten(lease, interval(2, 5));
    assert_eq!((table.asked(), table.unasked().count()), (0, 1));
}

#[test]
fn a_number_that_is_alone_from_now_on_has_no_losses() {
    let mut table = LeaseTable::default();
    let lease = table.lend(ONE, interval(0, 9), (3, 1));
    table.shorten(lease, interval(0, 1));
    assert_eq!(table.losses(lease), 1);
    table.shorten(lease, interval(0, 0));
    assert_eq!(table.losses(lease), 0);
}

#[test]
fn reclaiming_returns_the_rest() {
    let mut table = LeaseTable::default();
    let lease = table.lend(ONE, interval(0, 9), (3, 1));
    let kept = table.lend(TWO, Interval::single(20), FRESH);
    table.shorten(lease, interval(0, 7));
    let [chunk] = reclaim(&mut table, ONE)[..] else { panic!() };
    assert_eq!((chunk.rest, chunk.losses, chunk.is_blamed), (interval(0, 7), 1, false));
    assert_eq!(table.numbers(), 1);
    assert_eq!(table.standing(lease, ONE), Standing::Unknown);
    assert_eq!(table.standing(kept, TWO), Standing::InForce(Interval::single(20)));
}

#[test]
fn blame_falls_on_what_was_begun_and_not_advanced() {
    let mut table = LeaseTable::default();
    let begun = table.lend(ONE, interval(0, 9), (2, 2));
    let advanced = table.lend(ONE, interval(10, 19), (2, 2));
    table.lend(ONE, interval(20, 29), (2, 2));
    table.begin(begun, ONE);
    table.begin(advanced, ONE);
    table.shorten(advanced, interval(15, 19));
    let blamed: Vec<_> =
        reclaim(&mut table, ONE).iter().map(|chunk| (chunk.is_blamed, chunk.losses)).collect();
    assert_eq!(blamed, [(true, 2), (false, 0), (false, 2)]);
}

#[test]
fn a_lease_is_asked_for_once_until_it_is_shorter() {
    let mut table = LeaseTable::default();
    let lease = table.lend(ONE, interval(0, 9), FRESH);
    assert_eq!(table.unasked().count(), 1);
    table.ask(lease);
    assert_eq!(table.unasked().count(), 0);
    table.shorten(lease, interval(0, 4));
    assert_eq!(table.unasked().next(), Some((lease, ONE, interval(0, 4))));
}

#[test]
fn the_attempt_is_read_back_from_the_name() {
    let id = LeaseId::new(MAX_LEASES - 1, 255, (1 << 36) - 1);
    assert_eq!((id.slot(), id.attempt(), id.serial()), (MAX_LEASES - 1, 255, (1 << 36) - 1));
    assert_eq!(id.0, u64::MAX);
}
