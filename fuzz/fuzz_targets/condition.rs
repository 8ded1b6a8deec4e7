//! Conditions of `--where`: any two texts are refused with one line each, or a question over the numbers that satisfy
//! the condition has the result of a plain loop.
#![no_main]

use evenly::function::{
    Condition, Expression, Function, Kind, UnusableCondition, UnusableExpression, only_where,
};
use evenly::internal::value_by_tree;
use evenly_core::{Aggregate, Cause, Interval, Tally};
use libfuzzer_sys::fuzz_target;

/// Rounds of loops within one number. Inputs with more of them take too long.
const ROUNDS: u64 = 10_000;

fuzz_target!(|input: (i64, u8, &str, &str)| {
    let (first, more, text, source) = input;
    let Some(slice) = Interval::new(first, first.saturating_add((more % 16).into())) else {
        return;
    };
    let range = Interval::new(first.saturating_sub(1000), slice.last());
    let condition = match Condition::new(text, range) {
        Ok(condition) => condition,
        Err(UnusableCondition::Expression(UnusableExpression::Machine(error))) => {
            panic!("{text}: {error}")
        }
        Err(error) => return assert_eq!(error.to_string().lines().count(), 1),
    };
    let Ok(function) = Expression::new(source, range) else { return };
    // The name of a builtin stands for a call.
    let test = Expression::new(text, range)
        .or_else(|_| Expression::new(&format!("{}(n)", condition.text()), range));
    let test = test.unwrap_or_else(|error| panic!("{text}: {error}"));
    let aggregate = match function.kind() {
        Kind::Truth => Aggregate::Count,
        Kind::Integer => Aggregate::Sum,
    };
    let mut plain = Tally::new(aggregate);
    for n in slice.first()..=slice.last() {
        let Some(is_selected) = value_by_tree(&test, n, ROUNDS) else { return };
        match is_selected {
            Ok(0) => continue,
            Ok(_) => {}
            Err(why) => {
                plain.fail(n, Cause::Arithmetic(why));
                continue;
            }
        }
        let Some(value) = value_by_tree(&function, n, ROUNDS) else { return };
        match (value, aggregate) {
            (Ok(value), Aggregate::Count) => plain.truth(n, value != 0),
            (Ok(value), _) => plain.number(n, value),
            (Err(why), _) => plain.fail(n, Cause::Arithmetic(why)),
        }
    }
    let question = only_where(Box::new(function), condition, aggregate);
    let mut question = question.unwrap_or_else(|error| panic!("{error}"));
    let mut tally = Tally::new(aggregate);
    assert_eq!(question.fold(slice, &mut tally), slice.last());
    assert_eq!(tally.failed(), plain.failed(), "{source} --where {text}");
    assert_eq!(tally.take_value(), plain.take_value(), "{source} --where {text}");
});
