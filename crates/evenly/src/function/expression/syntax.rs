//! Syntax tree of an expression, as the parser makes it, before its kinds are checked.

use super::tree::{BinaryFunction, Comparison, UnaryFunction};
use std::ops::Range;

/// One part of an expression as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Syntax {
    pub(super) form: SyntaxForm,
    /// Where the word begins that it is known by, in bytes: its operator, its name.
    pub(super) at: usize,
    /// All of it, with parentheses around it, in bytes.
    pub(super) span: Range<usize>,
}

/// Form of a syntax node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SyntaxForm {
    N,
    Number(i128),
    Truth(bool),
    One(UnaryFunction, Box<Syntax>),
    Two(BinaryFunction, Box<Syntax>, Box<Syntax>),
    Compare(Comparison, Box<Syntax>, Box<Syntax>),
    Both(Box<Syntax>, Box<Syntax>),
    Either(Box<Syntax>, Box<Syntax>),
    If(Box<Syntax>, Box<Syntax>, Box<Syntax>),
}

/// What stands between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Infix {
    Two(BinaryFunction),
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
    ("|", 4, Infix::Two(BinaryFunction::Or)),
    ("&", 5, Infix::Two(BinaryFunction::And)),
    ("<<", 6, Infix::Two(BinaryFunction::ShiftLeft)),
    (">>", 6, Infix::Two(BinaryFunction::ShiftRight)),
    ("+", 7, Infix::Two(BinaryFunction::Add)),
    ("-", 7, Infix::Two(BinaryFunction::Subtract)),
    ("*", 8, Infix::Two(BinaryFunction::Multiply)),
    ("/", 8, Infix::Two(BinaryFunction::Divide)),
    ("%", 8, Infix::Two(BinaryFunction::Remainder)),
    ("mod", 8, Infix::Two(BinaryFunction::Modulo)),
    ("div", 8, Infix::Two(BinaryFunction::DivideEuclid)),
];

/// A function that is called with parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CalledFunction {
    One(UnaryFunction),
    Two(BinaryFunction),
    /// Of two values or more.
    Many(BinaryFunction),
}

/// All that is called with parentheses, by name.
pub(super) const CALLS: [(&str, CalledFunction); 15] = [
    ("abs", CalledFunction::One(UnaryFunction::Abs)),
    ("isqrt", CalledFunction::One(UnaryFunction::Isqrt)),
    ("popcount", CalledFunction::One(UnaryFunction::Popcount)),
    ("digits", CalledFunction::One(UnaryFunction::Digits)),
    ("digit_sum", CalledFunction::One(UnaryFunction::DigitSum)),
    ("even", CalledFunction::One(UnaryFunction::Even)),
    ("odd", CalledFunction::One(UnaryFunction::Odd)),
    ("prime", CalledFunction::One(UnaryFunction::Prime)),
    ("gcd", CalledFunction::Two(BinaryFunction::Gcd)),
    ("lcm", CalledFunction::Two(BinaryFunction::Lcm)),
    ("xor", CalledFunction::Two(BinaryFunction::Xor)),
    ("mod", CalledFunction::Two(BinaryFunction::Modulo)),
    ("div", CalledFunction::Two(BinaryFunction::DivideEuclid)),
    ("min", CalledFunction::Many(BinaryFunction::Min)),
    ("max", CalledFunction::Many(BinaryFunction::Max)),
];

/// How a function of one value is written.
pub(super) fn name_of_one(function: UnaryFunction) -> &'static str {
    match function {
        UnaryFunction::Negate => "-",
        UnaryFunction::Not => "!",
        _ => named(|call| call == CalledFunction::One(function)),
    }
}

/// How a function of two values is written.
pub(super) fn name_of_two(function: BinaryFunction) -> &'static str {
    let infix = INFIX.iter().find(|(_, _, infix)| *infix == Infix::Two(function));
    match (function, infix) {
        (BinaryFunction::Power, _) => "**",
        (_, Some((name, _, _))) => name,
        _ => named(|call| {
            call == CalledFunction::Two(function) || call == CalledFunction::Many(function)
        }),
    }
}

fn named(is_it: impl Fn(CalledFunction) -> bool) -> &'static str {
    CALLS.iter().find(|(_, call)| is_it(*call)).map_or("", |(name, _)| name)
}

/// How a comparison is written.
pub(super) fn name_of_comparison(comparison: Comparison) -> &'static str {
    let infix = INFIX.iter().find(|(_, _, infix)| *infix == Infix::Compare(comparison));
    infix.map_or("", |(name, _, _)| name)
}
