//! Tests of the ledger: what goes out in which order.

use super::*;

fn set(intervals: &[(i64, i64)]) -> IntervalSet {
    let mut set = IntervalSet::new();
    for (first, last) in intervals {
        set.insert(Interval::new(*first, *last).unwrap()).unwrap();
    }
    set
}

#[test]
fn what_is_not_done_remains() {
    let whole = Interval::new(0, 99);
    let mut ledger = Ledger::resume(whole, &set(&[(0, 4), (10, 19), (99, 99)])).unwrap();
    assert_eq!(ledger.remaining(), 84);
    assert_eq!(ledger.take_front(100), Interval::new(5, 9));
    assert_eq!(ledger.take_front(100), Interval::new(20, 98));
    assert!(ledger.is_exhausted());
}

#[test]
fn what_lies_outside_is_refused() {
    let whole = Interval::new(0, 9);
    assert!(Ledger::resume(whole, &set(&[(5, 10)])).is_err());
    assert!(Ledger::resume(None, &set(&[(5, 10)])).is_err());
    assert!(Ledger::resume(whole, &set(&[(0, 9)])).unwrap().is_exhausted());
}

fn returned(n: i64) -> Returned {
    let (interval, late) = (Interval::single(n), None);
    Returned { interval, attempts: 1, losses: 0, cause: 0, late }
}

#[test]
fn what_was_returned_goes_out_as_it_came() {
    let mut ledger = Ledger::new(Interval::new(0, 9));
    [5, 3, 4].into_iter().for_each(|n| ledger.put_back(returned(n)));
    let order =
        core::array::from_fn(|_| ledger.take_returned(Taker::Any).map(|one| one.interval.first()));
    assert_eq!(order, [Some(5), Some(3), Some(4), None]);
}

/// Lines wait for the lowest: behind all that remains, what an agent gave back held up the whole range.
#[test]
fn from_below_the_lowest_goes_out_first() {
    let mut ledger = Ledger::new(Interval::new(50, 99)).ascending(true);
    let interval = |first, last| Interval::new(first, last).unwrap();
    ledger.give_back(interval(30, 34));
    ledger.give_back(interval(10, 14));
    ledger.give_back(interval(20, 24));
    assert_eq!(ledger.remaining(), 65);
    [22, 9].into_iter().for_each(|n| ledger.put_back(returned(n)));
    assert_eq!(ledger.take_returned(Taker::Any), Some(returned(9)));
    assert_eq!(ledger.take_returned(Taker::Any), None);
    assert_eq!(ledger.take_front(100), Some(interval(10, 14)));
    assert_eq!(ledger.take_front(100), Some(interval(20, 24)));
    assert_eq!(ledger.take_returned(Taker::Any), Some(returned(22)));
    assert_eq!(ledger.take_front(100), Some(interval(30, 34)));
    assert_eq!(ledger.take_front(100), Some(interval(50, 99)));
    assert!(ledger.is_exhausted());
}

fn shuffled(whole: Option<Interval>, done: &[(i64, i64)], seed: u64) -> Ledger {
    let ledger = Ledger::resume(whole, &set(done)).unwrap();
    ledger.shuffled(whole, Some(Shuffle { seed, most_blocks: 50, unit: 2 }))
}

#[test]
fn a_shuffled_order_has_every_number_that_is_not_done_once() {
    let whole = Interval::new(0, 99);
    let firsts = |seed| {
        let mut ledger = shuffled(whole, &[(5, 9), (40, 61)], seed);
        let mut covered = set(&[(5, 9), (40, 61)]);
        let mut firsts = Vec::new();
        assert_eq!(ledger.remaining(), 73);
        while let Some(piece) = ledger.take_front(3) {
            covered.insert(piece).unwrap();
            firsts.push(piece.first());
            assert_eq!(ledger.remaining() + covered.len(), 100);
        }
        assert!(ledger.is_exhausted());
        firsts
    };
    let (one, other) = (firsts(1), firsts(2));
    assert!(!one.is_sorted() && one != other, "{one:?}");
    assert_eq!(one, firsts(1), "the order is that of the seed");
}

#[test]
fn a_shuffled_order_goes_from_below_when_that_is_needed() {
    let whole = Interval::new(0, 99);
    let mut ledger = shuffled(whole, &[], 3);
    let mut taken = set(&[]);
    for _ in 0..7 {
        taken.insert(ledger.take_front(2).unwrap()).unwrap();
    }
    ledger.set_from_below(true);
    for _ in 0..7 {
        assert_eq!(ledger.take_returned(Taker::Any), None);
        let lowest = taken.gaps_in(whole.unwrap())[0].first();
        let piece = ledger.take_front(2).unwrap();
        assert_eq!(piece.first(), lowest);
        taken.insert(piece).unwrap();
    }
    ledger.set_from_below(false);
    let mut is_shuffled = false;
    while let Some(piece) = ledger.take_front(2) {
        is_shuffled |= piece.first() > taken.gaps_in(whole.unwrap())[0].first();
        taken.insert(piece).unwrap();
    }
    assert!(is_shuffled);
    assert_eq!(taken.len(), 100);
}

#[test]
fn what_is_waived_of_a_shuffled_order_is_counted() {
    let whole = Interval::new(0, 99);
    let mut ledger = shuffled(whole, &[(30, 39)], 9);
    let first = ledger.take_front(2).unwrap();
    ledger.waive_above(50);
    ledger.waive_above(20);
    let mut taken = set(&[]);
    while let Some(piece) = ledger.take_front(2) {
        assert!(piece.last() <= 20, "{piece}");
        taken.insert(piece).unwrap();
    }
    assert_eq!(ledger.waived() + taken.len() + first.len() + 10, 100);
}
