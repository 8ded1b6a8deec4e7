//! Syntax tree of an expression, as the parser makes it, before its kinds are checked.

use super::tree::{Comparison, One, Two};
use std::ops::Range;

/// One part of an expression as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Syntax {
    pub(super) form: Form,
    /// Where the word begins that it is known by, in bytes: its operator, its name.
    pub(super) at: usize,
    /// All of it, with parentheses around it, in bytes.
    pub(super) span: Range<usize>,
}

/// What it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    N,
    Number(i128),
    Truth(bool),
    One(One, Box<Syntax>),
    Two(Two, Box<Syntax>, Box<Syntax>),
    Compare(Comparison, Box<Syntax>, Box<Syntax>),
    Both(Box<Syntax>, Box<Syntax>),
    Either(Box<Syntax>, Box<Syntax>),
    If(Box<Syntax>, Box<Syntax>, Box<Syntax>),
}

/// What stands between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Infix {
    Two(Two),
    Compare(Comparison),
    Both,
    Either,
}

/// What binds how tightly, from 1; above all of them are `-` and `!`, and above these `**`.
pub(super) const COMPARISON_LEVEL: u8 = 3;

/// All that stands between two values, with how tightly it binds, but `**`.
pub(super) const INFIX: [(&str, u8, Infix); 19] = [
    ("||", 1, Infix::Either),
    ("&&", 2, Infix::Both),
    ("==", COMPARISON_LEVEL, Infix::Compare(Comparison::Equal)),
    ("!=", COMPARISON_LEVEL, Infix::Compare(Comparison::NotEqual)),
    ("<", COMPARISON_LEVEL, Infix::Compare(Comparison::Less)),
    ("<=", COMPARISON_LEVEL, Infix::Compare(Comparison::LessOrEqual)),
    (">", COMPARISON_LEVEL, Infix::Compare(Comparison::Greater)),
    (">=", COMPARISON_LEVEL, Infix::Compare(Comparison::GreaterOrEqual)),
    ("|", 4, Infix::Two(Two::Or)),
    ("&", 5, Infix::Two(Two::And)),
    ("<<", 6, Infix::Two(Two::ShiftLeft)),
    (">>", 6, Infix::Two(Two::ShiftRight)),
    ("+", 7, Infix::Two(Two::Add)),
    ("-", 7, Infix::Two(Two::Subtract)),
    ("*", 8, Infix::Two(Two::Multiply)),
    ("/", 8, Infix::Two(Two::Divide)),
    ("%", 8, Infix::Two(Two::Remainder)),
    ("mod", 8, Infix::Two(Two::Modulo)),
    ("div", 8, Infix::Two(Two::DivideEuclid)),
];

/// What is called with parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    One(One),
    Two(Two),
    /// Of two values or more.
    Many(Two),
}

/// All that is called with parentheses, by name.
pub(super) const CALLS: [(&str, Call); 15] = [
    ("abs", Call::One(One::Abs)),
    ("isqrt", Call::One(One::Isqrt)),
    ("popcount", Call::One(One::Popcount)),
    ("digits", Call::One(One::Digits)),
    ("digit_sum", Call::One(One::DigitSum)),
    ("even", Call::One(One::Even)),
    ("odd", Call::One(One::Odd)),
    ("prime", Call::One(One::Prime)),
    ("gcd", Call::Two(Two::Gcd)),
    ("lcm", Call::Two(Two::Lcm)),
    ("xor", Call::Two(Two::Xor)),
    ("mod", Call::Two(Two::Modulo)),
    ("div", Call::Two(Two::DivideEuclid)),
    ("min", Call::Many(Two::Min)),
    ("max", Call::Many(Two::Max)),
];

/// How a function of one value is written.
pub(super) fn name_of_one(function: One) -> &'static str {
    match function {
        One::Negate => "-",
        One::Not => "!",
        _ => named(|call| call == Call::One(function)),
    }
}

/// How a function of two values is written.
pub(super) fn name_of_two(function: Two) -> &'static str {
    let infix = INFIX.iter().find(|(_, _, infix)| *infix == Infix::Two(function));
    match (function, infix) {
        (Two::Power, _) => "**",
        (_, Some((name, _, _))) => name,
        _ => named(|call| call == Call::Two(function) || call == Call::Many(function)),
    }
}

fn named(is_it: impl Fn(Call) -> bool) -> &'static str {
    CALLS.iter().find(|(_, call)| is_it(*call)).map_or("", |(name, _)| name)
}

/// How a comparison is written.
pub(super) fn name_of_comparison(comparison: Comparison) -> &'static str {
    let infix = INFIX.iter().find(|(_, _, infix)| *infix == Infix::Compare(comparison));
    infix.map_or("", |(name, _, _)| name)
}
