//! Sets of items against sets of numbers that are written out.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::string::ToString;
use std::vec;

fn items(text: &str) -> Items {
    text.parse().unwrap()
}

fn step(step: u64) -> NonZeroU64 {
    NonZeroU64::new(step).unwrap()
}

#[test]
fn equal_sets_have_one_text() {
    for (text, normal) in [
        ("0..10", "0..10"),
        ("5..5", "5..5"),
        ("0..=9,10..20", "0..20"),
        ("0..10,50..=60:2,15", "0..=9,15,50..=60:2"),
        ("3,7,12", "3,7,12"),
        ("12,3,7,3", "3,7,12"),
        ("7", "7..8"),
        ("7,8,9", "7..10"),
        ("0..100:4", "0..=96:4"),
        ("0..1:4", "0..1"),
        ("0,4,8,12", "0..=12:4"),
        ("0..=8:4,12..100:4", "0..=96:4"),
        ("0..=8:4,9", "0,4,8..=9"),
        ("0..=12:4,13", "0..=8:4,12..=13"),
        ("0..=12:2,1..=13:2", "0..14"),
        ("0..20:4,0..20:6", "0,4..=8:2,12,16,18"),
        ("5..5,9..9", "0..0"),
        ("1..=2,4..=5", "1..=2,4..=5"),
        ("5..", "5.."),
        ("-3..9,5..", "-3.."),
        ("1..:2", "1..:2"),
        ("7..:5,1..3", "1..=2,7..:5"),
        ("9223372036854775807..,3", "3,9223372036854775807.."),
        ("4..:9223372036854775808", "4..5"),
        ("0..=18446744073709551615:9,0..0", "no"),
    ] {
        let set: Result<Items, _> = text.parse();
        if normal == "no" {
            assert_eq!(set, Err(MalformedItems::Piece), "{text}");
            continue;
        }
        let set = set.unwrap();
        assert_eq!(set.to_string(), normal, "{text}");
        assert_eq!(items(normal), set, "{text}");
    }
}

#[test]
fn both_ends_of_i64_can_be_in_a_set() {
    let (low, top) = (i64::MIN, i64::MAX);
    let ends = items("-9223372036854775808,9223372036854775807");
    assert_eq!(ends.iter().collect::<Vec<_>>(), [low, top]);
    assert_eq!(ends.to_string(), "-9223372036854775808,9223372036854775807");
    assert_eq!(ends.position_of(top), Some(1));

    let all_but_zero = items("-9223372036854775808..0,1..9223372036854775808");
    assert_eq!(all_but_zero.len(), (1 << 64) - 1);
    assert_eq!(all_but_zero.at(low), Some(low));
    assert_eq!(all_but_zero.at(top - 1), Some(top));
    assert_eq!(all_but_zero.at(top), None);
    for n in [low, low + 1, -1, 1, 2, top] {
        let position = all_but_zero.position_of(n).unwrap();
        assert_eq!(all_but_zero.at(position), Some(n));
    }
    assert_eq!(all_but_zero.position_of(0), None);

    let widest = Items::stepped(Range::new(low.into(), 1 << 63).unwrap(), step(u64::MAX));
    assert_eq!(widest.iter().collect::<Vec<_>>(), [low, top]);
    let even = Items::stepped(Range::new(low.into(), 1 << 63).unwrap(), step(2));
    assert_eq!((even.len(), even.at(0)), (1 << 63, Some(low)));
    assert_eq!(even.hull(), Interval::new(low, top - 1));
    assert_eq!(even.position_of(top - 1), Some(top));
    assert_eq!(even.at(top), Some(top - 1));
    assert_eq!(even.position_of(top), None);
    let all = Interval::new(low, top).unwrap();
    assert_eq!(
        (even.within(all), widest.within(all)),
        (even.positions().interval(), Interval::new(0, 1))
    );
    assert_eq!(even.within(Interval::new(top - 2, top).unwrap()), Interval::new(top, top));
    assert_eq!(even.within(Interval::single(top)), None);
}

#[test]
fn too_many_pieces_are_refused() {
    let many = "0..1000000000000:4,0..1000000000000:6";
    assert_eq!(many.parse::<Items>(), Err(MalformedItems::TooMany(TooManyPieces)));
    let squares = (0..MOST_PIECES as i64 + 2).map(|n| n * n);
    assert_eq!(Items::list(squares), Err(TooManyPieces));
}

#[test]
fn items_without_an_end_reach_the_highest_number() {
    let open = Items::from_on(10, step(1));
    assert!(open.is_open_ended());
    assert_eq!(open.as_range(), Range::new(10, 1 << 63).ok());
    assert_ne!(open, Items::from(open.positions()));
    assert!(open.has_all_at_their_positions(&items("10..20")));
    let stepped = Items::from_on(i64::MAX - 7, step(3));
    assert_eq!(stepped.iter().collect::<Vec<_>>(), [i64::MAX - 7, i64::MAX - 4, i64::MAX - 1]);
    assert!(!items("0..9223372036854775808").is_open_ended());
}

#[test]
fn a_text_that_is_no_set_is_refused() {
    for text in ["", ",", "1,", "..", "..1", "5..1", "1..5:0", "1..5:-1", "a", "1-5", "1..=x:2"] {
        assert!(text.parse::<Items>().is_err(), "{text}");
    }
}

fn some_items() -> impl Strategy<Value = Vec<(i64, i64, u64)>> {
    prop::collection::vec((-60i64..60, 0i64..40, prop_oneof![Just(1u64), 1u64..9]), 0..9)
}

proptest! {
    #[test]
    fn a_set_of_items_agrees_with_a_set_of_numbers(
        pieces in some_items(), offset in prop_oneof![Just(0i64), Just(i64::MIN + 60), Just(i64::MAX - 100)]
    ) {
        let mut numbers = BTreeSet::new();
        let mut sets = vec![];
        for (first, more, by) in pieces {
            let first = first + offset;
            numbers.extend((first..=first + more).step_by(by as usize));
            let range = Range::new(first.into(), i128::from(first + more) + 1).unwrap();
            sets.push(Items::stepped(range, step(by)));
        }
        let set = Items::union(sets).unwrap();
        let numbers: Vec<i64> = numbers.into_iter().collect();
        prop_assert_eq!(set.len(), numbers.len() as u128);
        prop_assert_eq!(&set.iter().collect::<Vec<_>>(), &numbers);
        prop_assert_eq!(&Items::list(numbers.iter().rev().copied()).unwrap(), &set);
        prop_assert_eq!(&items(&set.to_string()), &set);

        let positions: Vec<i64> =
            set.positions().interval().map_or(vec![], |all| (all.first()..=all.last()).collect());
        for (&position, &n) in positions.iter().zip(&numbers) {
            prop_assert_eq!(set.at(position), Some(n));
            prop_assert_eq!(set.position_of(n), Some(position));
        }
        for n in -70i64..110 {
            let n = n.saturating_add(offset);
            prop_assert_eq!(set.position_of(n).is_some(), numbers.binary_search(&n).is_ok());
        }
    }

    #[test]
    fn runs_are_the_numbers_at_their_positions(pieces in some_items(), from in 0i64..90, more in 0i64..90) {
        let sets = pieces.iter().map(|&(first, more, by)| {
            Items::stepped(Range::new(first.into(), (first + more + 1).into()).unwrap(), step(by))
        });
        let set = Items::union(sets).unwrap();
        let Some(all) = set.positions().interval() else { return Ok(()) };
        let first = all.first() + from;
        let wanted = Interval::new(first, first + more).unwrap();
        let runs: Vec<Run> = set.runs(wanted).collect();
        let listed: Vec<(i64, i64)> = runs.iter().flat_map(|run| {
            let positions = run.positions();
            (positions.first()..=positions.last()).map(|position| (position, run.at(position)))
        }).collect();
        let expected: Vec<(i64, i64)> =
            (first..=first + more).filter_map(|at| Some((at, set.at(at)?))).collect();
        prop_assert_eq!(listed, expected);
        let inside: Vec<i64> =
            (all.first()..=all.last()).filter(|at| wanted.contains(Interval::single(set.at(*at).unwrap()))).collect();
        let inside = inside.first().zip(inside.last()).and_then(|(one, other)| Interval::new(*one, *other));
        prop_assert_eq!(set.within(wanted), inside);
        for run in runs {
            prop_assert_eq!(run.position_of(run.last()), run.positions().last());
        }
    }

    #[test]
    fn no_text_panics(text in "[-0-9.,:=]{0,40}") {
        let _ = text.parse::<Items>();
    }
}

#[test]
fn the_longest_beginning_of_consecutive_integers_ends_with_its_run() {
    let set = items("0..10,20..=40:4,50,60..=61");
    let consecutive = |first: i64, last: i64| {
        let run = set.consecutive(Interval::new(first, last).unwrap());
        (run.first(), run.last(), run.positions().first(), run.positions().last())
    };
    assert_eq!(consecutive(2, 5), (2, 5, 2, 5));
    assert_eq!(consecutive(2, 12), (2, 9, 2, 9));
    assert_eq!(consecutive(10, 12), (20, 20, 10, 10));
    assert_eq!(consecutive(12, 18), (28, 28, 12, 12));
    assert_eq!(consecutive(16, 18), (50, 50, 16, 16));
    assert_eq!(consecutive(17, 18), (60, 61, 17, 18));
    let plain = Interval::new(5, 9).unwrap();
    assert_eq!(items("0..10").consecutive(plain).hull(), plain);
}

#[test]
fn a_set_that_goes_on_above_another_has_all_at_their_positions() {
    for (there, here) in [
        ("0..100", "0..101"),
        ("0..100", "-5..100"),
        ("0..0", "7,9"),
        ("0..100", "0..100,200"),
        ("5..100", "0..100,200"),
        ("0..40:4", "0..80:4"),
        ("0..40:4", "0..40:4,41,50..60"),
        ("1,5,9", "1,5,9,13,20"),
        ("1,5", "1,5,9..=12"),
        ("3..=20:3,100", "3..=20:3,100..=110"),
    ] {
        assert!(items(here).has_all_at_their_positions(&items(there)), "{there} in {here}");
        assert!(!items(there).has_all_at_their_positions(&items(here)), "{here} in {there}");
        assert!(items(here).has_all_at_their_positions(&items(here)));
    }
    for (there, here) in [
        ("0..100", "1..200"),
        ("5..100", "1..100,200"),
        ("0..40:4", "0..40"),
        ("0,2,4", "0,1,4,9"),
        ("0,2,4,6", "0,2,4,7"),
        ("1,5,9", "0,1,5,9"),
        ("0..40:4", "0..80:5"),
    ] {
        assert!(!items(here).has_all_at_their_positions(&items(there)), "{there} in {here}");
    }
}
