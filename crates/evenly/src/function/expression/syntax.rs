//! Syntax tree of an expression, as the parser makes it, before its kinds are checked.

use super::functions::NamedFunction;
use super::reduction::{Iteration, Reduction, Source};
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
    Call(NamedFunction, Vec<Syntax>),
    /// A variable, by the number of its slot.
    Variable(usize),
    /// `let`: the slot, its value, and what it is defined for.
    Let(usize, Box<Syntax>, Box<Syntax>),
    Reduce(Box<ReduceSyntax>),
    Iterate(Box<Iteration<Syntax>>),
}

/// A loop as it was written: `sum(d in 1..n if n % d == 0, d)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReduceSyntax {
    pub(super) reduction: Reduction,
    /// The slot of the item.
    pub(super) slot: usize,
    pub(super) source: Source<Syntax>,
    /// Behind `if`.
    pub(super) condition: Option<Syntax>,
    /// Behind the source and the condition: as many as the reduction takes.
    pub(super) arguments: Vec<Syntax>,
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

/// A function that is called with parentheses and has code of its own in the compiler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CalledFunction {
    One(UnaryFunction),
    Two(BinaryFunction),
    /// Of two values or more.
    Many(BinaryFunction),
}

/// These functions by name.
pub(super) const CALLS: [(&str, CalledFunction); 15] = [
    ("abs", CalledFunction::One(UnaryFunction::Abs)),
    ("isqrt", CalledFunction::One(UnaryFunction::Isqrt)),
    ("popcount", CalledFunction::One(UnaryFunction::Popcount)),
    ("digits", CalledFunction::One(UnaryFunction::Digits)),
    ("digit_sum", CalledFunction::One(UnaryFunction::DigitSum)),
    ("even", CalledFunction::One(UnaryFunction::Even)),
    ("odd", CalledFunction::One(UnaryFunction::Odd)),
    ("prime", CalledFunction::One(UnaryFunction::Prime)),
    ("gcd", CalledFunction::Many(BinaryFunction::Gcd)),
    ("lcm", CalledFunction::Many(BinaryFunction::Lcm)),
    ("xor", CalledFunction::Two(BinaryFunction::Xor)),
    ("mod", CalledFunction::Two(BinaryFunction::Modulo)),
    ("div", CalledFunction::Two(BinaryFunction::DivideEuclid)),
    ("min", CalledFunction::Many(BinaryFunction::Min)),
    ("max", CalledFunction::Many(BinaryFunction::Max)),
];

impl CalledFunction {
    fn takes(self, arguments: usize) -> bool {
        match self {
            Self::One(_) => arguments == 1,
            Self::Two(_) => arguments == 2,
            Self::Many(_) => arguments >= 2,
        }
    }
}

/// What a call means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Callee {
    Own(CalledFunction),
    Named(NamedFunction),
}

/// The function of this name that takes this many arguments.
pub(super) fn callee(name: &str, arguments: usize) -> Option<Callee> {
    let own = CALLS.iter().find(|(known, call)| *known == name && call.takes(arguments));
    own.map(|(_, call)| Callee::Own(*call))
        .or_else(|| NamedFunction::find(name, arguments).map(Callee::Named))
}

/// How many arguments the functions of this name take, in words; `None` if there is no such function.
pub(super) fn arguments_of(name: &str) -> Option<&'static str> {
    let counts = |arguments| callee(name, arguments).is_some();
    Some(match [counts(1), counts(2), counts(3), counts(4)] {
        [true, false, ..] => "one value",
        [true, true, ..] => "one value or two",
        [_, true, true, _] => "two values or more",
        [_, true, ..] => "two values",
        [_, _, true, _] => "three values",
        _ => return None,
    })
}

/// All names that are called with parentheses.
pub(super) fn called_names() -> impl Iterator<Item = &'static str> {
    let own = CALLS.iter().map(|(name, _)| *name);
    own.chain(NamedFunction::all().map(NamedFunction::name))
}

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
