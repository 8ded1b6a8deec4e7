//! Machine code against the walk over the tree: the same values, the same failures, for every number.

use super::random::{expressions, ranges, write};
use crate::function::expression::error::Fault;
use crate::function::expression::parse::MAX_BYTES;
use crate::function::expression::{Expression, UnusableExpression};
use crate::function::{Function, Kind};
use evenly_core::{Aggregate, Arithmetic, Cause, Interval, Tally, Value};
use proptest::prelude::*;
use std::num::NonZeroU64;

/// Rounds of loops within one number.
const ROUNDS: u64 = 1 << 32;

fn compiled(source: &str, first: i64, last: i64) -> Expression {
    let expression = Expression::new(source, Interval::new(first, last));
    expression.unwrap_or_else(|error| panic!("{source}: {error}"))
}

/// Both give the same for each of these numbers.
fn agrees(source: &str, first: i64, last: i64) {
    let expression = match Expression::new(source, Interval::new(first, last)) {
        Err(UnusableExpression::Source(error)) => {
            assert!(matches!(error.fault, Fault::AlwaysFails { .. }), "{source}: {error}");
            return;
        }
        expression => expression.unwrap_or_else(|error| panic!("{source}: {error}")),
    };
    for n in first..=last {
        assert_eq!(
            expression.value(n),
            expression.value_by_tree(n, ROUNDS).unwrap(),
            "{source} for {n}"
        );
    }
}

/// What comes of a slice, by a plain loop.
pub(super) fn plainly(expression: &Expression, aggregate: Aggregate, slice: Interval) -> Tally {
    let mut tally = Tally::new(aggregate);
    for n in slice.first()..=slice.last() {
        match (expression.value_by_tree(n, ROUNDS).unwrap(), expression.kind()) {
            (Ok(value), Kind::Truth) => tally.truth(n, value != 0),
            (Ok(value), Kind::Integer) => tally.number(n, value),
            (Err(why), _) => tally.fail(n, Cause::Arithmetic(why)),
        }
        if tally.is_full() {
            break;
        }
    }
    tally
}

/// What comes of a slice, in as many calls as it takes.
pub(super) fn folded(expression: &mut Expression, aggregate: Aggregate, slice: Interval) -> Tally {
    let mut tally = Tally::new(aggregate);
    let mut rest = Some(slice);
    while let Some(part) = rest.filter(|_| !tally.is_full()) {
        rest = part.above(expression.fold(part, &mut tally));
    }
    tally
}

#[test]
fn divisions_by_constants() {
    const DIVISORS: [i64; 19] = [
        1,
        2,
        3,
        5,
        6,
        7,
        8,
        10,
        11,
        64,
        100,
        641,
        1000,
        6_700_417,
        1 << 31,
        (1 << 32) + 1,
        1 << 62,
        i64::MAX - 1,
        i64::MAX,
    ];
    for divisor in DIVISORS {
        for size in [divisor, -divisor] {
            for operator in ["/", "%", "div", "mod"] {
                let source = format!("n {operator} ({size})");
                for first in [-20, 0, i64::MIN, i64::MAX - 20, (1 << 52) - 3, -(1 << 33)] {
                    agrees(&source, first, first + 20);
                }
            }
        }
    }
}

/// `iroot`, `is_square` and `is_power` have versions for 64 bits, which a bound beyond them does not reach.
#[test]
fn roots_and_powers_in_64_bits() {
    for k in [1, 2, 3, 4, 5, 7, 21, 39, 40, 62, 63, 64, 65, i64::MAX] {
        for (first, last) in
            [(0, 1000), (i64::MAX - 40, i64::MAX), ((1 << 62) - 20, (1 << 62) + 20)]
        {
            agrees(&format!("iroot(n, {k})"), first, last);
            agrees(&format!("is_power(n, {k})"), first, last);
            agrees(&format!("is_power(-n, {k})"), first, last);
            agrees(&format!("iroot(n + n, {k})"), first, last);
        }
        agrees(&format!("is_power(n, {k})"), i64::MIN, i64::MIN + 40);
    }
    // The cubes and the numbers beside them.
    for (first, last) in [(-150, 150), (2_097_100, 2_097_151)] {
        agrees("is_power(n ** 3, 3) && !is_power(n ** 3 + 2, 3)", first, last);
        agrees("iroot(abs(n ** 3), 3) == abs(n)", first, last);
        agrees("iroot(abs(n ** 3) + 1, 3) + iroot(max(abs(n ** 3) - 1, 0), 3)", first, last);
        agrees("is_square(n * n) && !is_square(n * n + 2)", first, last);
    }
    agrees("is_power(n, n)", 1, 70);
    agrees("iroot(n, n - 3)", 1, 70);
}

/// The values leave the bounds of 31, of 56 and of 63 bits, up and down, and come back.
#[test]
fn iterations_leave_small_values() {
    for (first, last) in
        [(-20, 20), (1, 300), ((1 << 31) - 5, (1 << 31) + 5), ((1 << 56) - 5, (1 << 56) + 5)]
    {
        for next in [
            "if even(x) { x / 2 } else { 3 * x + 1 }",
            "if even(x) { x / 2 } else { 3 * x - 1 }",
            "if even(x) { x / 2 } else { 1000 * x + 1 }",
            "-3 * x + 1",
            "x * x - 1",
            "1 - x * x",
            "x ** 3 + 1",
            "if x % 3 == 0 { x / 3 } else { x * x + 2 }",
        ] {
            agrees(&format!("iterate(x = n, 12, {next})"), first, last);
            agrees(&format!("iterate(x = n, 200, while abs(x) < 2 ** 100, {next})"), 2, 30);
            agrees(&format!("steps(x = n, 200, while abs(x) != 1, {next})"), first, last);
            agrees(
                &format!("steps(x = 7 * n, 200, while abs(x) < 2 ** 60 && x != 1, {next})"),
                2,
                20,
            );
        }
    }
    agrees("iterate(x = n, while x != 1 && x != 4, sum(d in digits(x), d * d)) == 1", 1, 500);
    agrees("iterate(x = n * n, while x > 9, sum(d in digits(x), d))", -500, 500);
    agrees("steps(x = n, while x < 10 ** 30, x * x + 1)", i64::MAX - 3, i64::MAX);
}

#[test]
fn remainders_that_are_compared() {
    for divisor in [-7_i64, -4, -1, 1, 2, 3, 4, 6, 7, 12] {
        for remainder in -8..9 {
            for operator in ["%", "mod"] {
                for comparison in ["==", "!="] {
                    let source = format!("n {operator} ({divisor}) {comparison} ({remainder})");
                    for first in [-30, 0, 3, i64::MIN, i64::MAX - 30, -15] {
                        agrees(&source, first, first + 30);
                    }
                }
            }
        }
    }
}

#[test]
fn a_count_is_that_of_a_loop_however_it_is_cut() {
    let mut expression = compiled("n % 7 == 3 && n % 11 == 1 || 100 / (n % 50) == 4", -500, 500);
    for first in -500..-400 {
        for last in [first, first + 1, first + 3, first + 76, 500] {
            let slice = Interval::new(first, last).unwrap();
            let mut one = folded(&mut expression, Aggregate::Count, slice);
            let mut other = plainly(&expression, Aggregate::Count, slice);
            assert_eq!(one.take_value(), other.take_value(), "{slice}");
        }
    }
}

/// Now and then, in crowds, with failures between: whatever is passed over at a glance.
#[test]
fn what_is_rare_is_found_as_by_a_loop() {
    for rare in [
        "n % 1000 == 7",
        "n % 9000 < 300",
        "n > 20_000 && n < 21_000",
        "n == -7000 || n == 24_999",
        "100 / (n % 5000 - 77) == 0 && n % 900 == 1",
        "n > 90_000",
    ] {
        let (find, first) = (Aggregate::Find { first: None }, NonZeroU64::new(5));
        let some = Aggregate::Find { first };
        for (aggregate, source) in [
            (find, rare.to_owned()),
            (some, rare.to_owned()),
            (Aggregate::Any, rare.to_owned()),
            (Aggregate::All, format!("!({rare})")),
        ] {
            let mut expression = compiled(&source, -7000, 25_000);
            for (first, last) in [(-7000, 24_999), (0, 6), (7, 7), (20_001, 20_900), (-1, 20_002)] {
                let slice = Interval::new(first, last).unwrap();
                let mut one = folded(&mut expression, aggregate, slice);
                let mut other = plainly(&expression, aggregate, slice);
                assert_eq!(one.failed(), other.failed(), "{source} for {slice}");
                assert_eq!(one.take_value(), other.take_value(), "{source} for {slice}");
            }
        }
    }
}

#[test]
fn both_ends_of_all_numbers() {
    for source in
        ["n + 1", "n * n", "-n", "abs(n)", "n * n * n", "isqrt(abs(n))", "n << 64", "n % -1"]
    {
        agrees(source, i64::MIN, i64::MIN + 5);
        agrees(source, i64::MAX - 5, i64::MAX);
    }
    let top = compiled("n ** 2", i64::MAX, i64::MAX);
    assert_eq!(top.value(i64::MAX), Ok(i128::from(i64::MAX) * i128::from(i64::MAX)));
    let beyond = compiled("n ** 3", 0, i64::MAX);
    assert_eq!(beyond.value(i64::MAX), Err(Arithmetic::Overflow));
}

#[test]
fn a_witness_is_the_lowest_and_nothing_above_it_is_looked_at() {
    let mut expression = compiled("n * n > 1_000_000", 0, 1 << 40);
    let mut tally = Tally::new(Aggregate::Any);
    let slice = Interval::new(0, 1 << 40).unwrap();
    let last = expression.fold(slice, &mut tally);
    assert_eq!((last, tally.take_value()), (1001, Value::Witness(Some(1001))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn machine_code_agrees_with_the_tree(syntax in expressions(), range in ranges()) {
        let source = write(&syntax, 0, false);
        prop_assume!(source.len() <= MAX_BYTES);
        let mut expression = match Expression::new(&source, Some(range)) {
            Ok(expression) => expression,
            Err(UnusableExpression::Source(_)) => return Ok(()),
            Err(error) => return Err(TestCaseError::fail(format!("{source}: {error}"))),
        };
        for n in range.first()..=range.last() {
            let expected = expression.value_by_tree(n, ROUNDS).unwrap();
            prop_assert_eq!(expression.value(n), expected, "{} for {}", source, n);
        }
        for aggregate in [Aggregate::Count, Aggregate::Sum, Aggregate::Map, Aggregate::Any] {
            if aggregate.wants_truth() && expression.kind() == Kind::Integer {
                continue;
            }
            let mut one = folded(&mut expression, aggregate, range);
            let mut other = plainly(&expression, aggregate, range);
            prop_assert_eq!(one.failed(), other.failed(), "{}", source);
            prop_assert_eq!(one.take_value(), other.take_value(), "{}", source);
        }
    }
}
