//! Names of leases are never used twice, and only the holder may answer.

use super::*;
use crate::lease::LeaseId;
use std::vec;
use std::vec::Vec;

const ONE: WorkerId = WorkerId(1);
const TWO: WorkerId = WorkerId(2);

/// Lends a chunk that was never lent before.
fn lend(table: &mut LeaseTable, worker: WorkerId, interval: Interval) -> LeaseId {
    table.lend(worker, interval, 1, (0, 0)).lease
}

/// Lends the third attempt at a chunk that was lost once.
fn lend_lost(table: &mut LeaseTable, worker: WorkerId, interval: Interval) -> LeaseId {
    table.lend(worker, interval, 3, (1, 0)).lease
}

fn settle(table: &mut LeaseTable, worker: WorkerId, first: LeaseId, words: &[u8]) {
    table.settle(worker, AnswerRow::new(first, 1, words).unwrap());
}

/// What is not covered of a lease in force.
fn rest(table: &LeaseTable, worker: WorkerId, id: LeaseId) -> Option<Interval> {
    match table.standing(id, worker) {
        Standing::InForce(held) => Some(held.rest()),
        _ => None,
    }
}

fn interval(first: i64, last: i64) -> Interval {
    Interval::new(first, last).unwrap()
}

fn losses(table: &LeaseTable, id: LeaseId) -> Option<u8> {
    match table.standing(id, ONE) {
        Standing::InForce(held) => Some(held.losses()),
        _ => None,
    }
}

fn reclaim(table: &mut LeaseTable, worker: WorkerId) -> Vec<Reclaimed> {
    let mut reclaimed = vec![];
    table.reclaim(worker, |chunk| reclaimed.push(chunk));
    reclaimed
}

#[test]
fn a_settled_name_never_comes_back() {
    let mut table = LeaseTable::default();
    let first = lend(&mut table, ONE, Interval::single(7));
    settle(&mut table, ONE, first, &[1]);
    assert_eq!(table.standing(first, ONE), Standing::Settled { word: 1, first: 7 });
    let second = lend(&mut table, ONE, Interval::single(7));
    assert_ne!(first, second);
    assert_eq!(table.standing(first, ONE), Standing::Settled { word: 1, first: 7 });
    assert_eq!(rest(&table, ONE, second), Some(Interval::single(7)));
}

#[test]
fn a_second_answer_is_known_as_long_as_the_first_is_kept() {
    let mut table = LeaseTable::default();
    let leases: Vec<_> = (0..9).map(|n| lend(&mut table, ONE, Interval::single(n))).collect();
    leases.iter().for_each(|lease| settle(&mut table, ONE, *lease, &[1]));
    assert_eq!(table.standing(leases[0], ONE), Standing::Unknown);
    assert_eq!(table.standing(leases[1], ONE), Standing::Settled { word: 1, first: 1 });
    assert_eq!(table.standing(leases[1], TWO), Standing::Unknown, "another worker");
    table.forget(ONE);
    assert_eq!(table.standing(leases[1], ONE), Standing::Unknown);
}

#[test]
fn only_the_holder_may_answer() {
    let mut table = LeaseTable::default();
    let lease = lend(&mut table, ONE, Interval::single(7));
    assert_eq!(table.standing(lease, TWO), Standing::Unknown);
    assert_eq!(table.standing(LeaseId(u64::MAX), ONE), Standing::Unknown);
}

#[test]
fn a_report_does_not_answer_a_request_for_a_part() {
    let mut table = LeaseTable::default();
    let lease = lend(&mut table, ONE, interval(0, 9));
    table.ask(ONE, lease);
    table.shorten(ONE, lease, interval(2, 9));
    assert_eq!((table.asked(), table.unasked().count()), (1, 0));
    table.shorten(ONE, lease, interval(2, 5));
    assert_eq!((table.asked(), table.unasked().count()), (0, 1));
}

#[test]
fn a_number_that_is_alone_from_now_on_has_no_losses() {
    let mut table = LeaseTable::default();
    let lease = lend_lost(&mut table, ONE, interval(0, 9));
    table.shorten(ONE, lease, interval(0, 1));
    assert_eq!(losses(&table, lease), Some(1));
    table.shorten(ONE, lease, interval(0, 0));
    assert_eq!(losses(&table, lease), Some(0));
}

#[test]
fn reclaiming_returns_the_rest() {
    let mut table = LeaseTable::default();
    let lease = lend_lost(&mut table, ONE, interval(0, 9));
    let kept = lend(&mut table, TWO, Interval::single(20));
    table.shorten(ONE, lease, interval(0, 7));
    let [chunk] = reclaim(&mut table, ONE)[..] else { panic!() };
    assert_eq!((chunk.rest, chunk.losses, chunk.is_blamed), (interval(0, 7), 1, false));
    assert_eq!(table.numbers(), 1);
    assert_eq!(table.standing(lease, ONE), Standing::Unknown);
    assert_eq!(rest(&table, TWO, kept), Some(Interval::single(20)));
}

#[test]
fn blame_falls_on_what_was_begun_and_not_advanced() {
    let mut table = LeaseTable::default();
    let begun = table.lend(ONE, interval(0, 9), 2, (2, 0)).lease;
    let advanced = table.lend(ONE, interval(10, 19), 2, (2, 0)).lease;
    table.lend(ONE, interval(20, 29), 2, (2, 0));
    table.begin(ONE, begun);
    table.begin(ONE, advanced);
    table.shorten(ONE, advanced, interval(15, 19));
    let blamed: Vec<_> =
        reclaim(&mut table, ONE).iter().map(|chunk| (chunk.is_blamed, chunk.losses)).collect();
    assert_eq!(blamed, [(true, 2), (false, 0), (false, 2)]);
}

#[test]
fn a_lease_is_asked_for_once_until_it_is_shorter() {
    let mut table = LeaseTable::default();
    let lease = lend(&mut table, ONE, interval(0, 9));
    assert_eq!(table.unasked().count(), 1);
    table.ask(ONE, lease);
    assert_eq!(table.unasked().count(), 0);
    table.shorten(ONE, lease, interval(0, 4));
    let interval = interval(0, 4);
    assert_eq!(table.unasked().next(), Some((ONE, Assignment { lease, interval })));
}

#[test]
fn serial_and_attempt_are_read_back_from_the_name() {
    let id = LeaseId::new((1 << 56) - 1, 255);
    assert_eq!((id.attempt(), id.serial()), (255, (1 << 56) - 1));
    assert_eq!(id.0, u64::MAX);
    assert_eq!(LeaseId::new(LOWER + 1, 1).serial(), LOWER + 1);
}
