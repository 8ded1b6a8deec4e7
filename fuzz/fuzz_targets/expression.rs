//! Expressions: any text is refused with one line, or machine code gives what the walk over the tree gives.
#![no_main]

use evenly::function::{Expression, Function, Kind, UnusableExpression};
use evenly::internal::value_by_tree;
use evenly_core::{Aggregate, Cause, Interval, Tally};
use libfuzzer_sys::fuzz_target;

/// Rounds of loops within one number. Inputs with more of them take too long.
const ROUNDS: u64 = 10_000;

fuzz_target!(|input: (i64, u8, u8, &str)| {
    let (first, before, more, source) = input;
    let last = first.saturating_add((more % 16).into());
    let Some(slice) = Interval::new(first, last) else { return };
    // The range reaches further than what is computed, so that the bounds are not tight.
    let reach = 1i64.checked_shl((before % 64).into()).unwrap_or(0).saturating_abs();
    let range = Interval::new(first.saturating_sub(reach), last.saturating_add(reach));
    let mut expression = match Expression::new(source, range) {
        Ok(expression) => expression,
        Err(UnusableExpression::Source(error)) => {
            assert_eq!(error.to_string().lines().count(), 1);
            return;
        }
        Err(error) => panic!("{source}: {error}"),
    };
    let aggregate = match expression.kind() {
        Kind::Truth => Aggregate::Count,
        Kind::Integer => Aggregate::Sum,
    };
    let mut plain = Tally::new(aggregate);
    for n in first..=last {
        let Some(expected) = value_by_tree(&expression, n, ROUNDS) else { return };
        assert_eq!(expression.value(n), expected, "{source} for {n}");
        match (expected, expression.kind()) {
            (Ok(value), Kind::Truth) => plain.truth(n, value != 0),
            (Ok(value), Kind::Integer) => plain.number(n, value),
            (Err(why), _) => plain.fail(n, Cause::Arithmetic(why)),
        }
    }
    let mut tally = Tally::new(aggregate);
    assert_eq!(expression.fold(slice, &mut tally), last);
    assert_eq!(tally.failed(), plain.failed(), "{source}");
    assert_eq!(tally.take_value(), plain.take_value(), "{source}");
});
