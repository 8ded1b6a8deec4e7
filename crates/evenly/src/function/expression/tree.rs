//! Checked tree of an expression, with the bounds of each node over the range.

use super::functions::NamedFunction;
use crate::function::Kind;

/// One part of an expression, which gives a number or a truth value for each n.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// What it says.
    pub(crate) what: NodeForm,
    /// Where it stands in the source: the character that it is known by, from 1.
    pub(crate) column: usize,
    /// Whether it gives a number or a truth value.
    pub(crate) kind: Kind,
    /// Between which numbers it lies wherever it does not fail, for every n of the range; of a truth
    /// value, 0 is false and 1 is true. Numbers whose bounds fit `i64` need no more than 64 bits.
    pub(crate) bounds: Bounds,
    /// Whether it may fail where its parts do not.
    pub(crate) may_fail: bool,
}

impl Node {
    /// Whether it or anything in it may fail.
    pub(crate) fn can_fail(&self) -> bool {
        self.may_fail
            || match &self.what {
                NodeForm::N | NodeForm::Constant(_) => false,
                NodeForm::One(_, x) => x.can_fail(),
                NodeForm::Two(_, a, b)
                | NodeForm::Compare(_, a, b)
                | NodeForm::Both(a, b)
                | NodeForm::Either(a, b) => a.can_fail() || b.can_fail(),
                NodeForm::If(c, a, b) => c.can_fail() || a.can_fail() || b.can_fail(),
                NodeForm::Call(_, arguments) => arguments.iter().any(Self::can_fail),
            }
    }
}

/// The lowest and the highest that a number can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) low: i128,
    pub(crate) high: i128,
}

/// What a part of an expression says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NodeForm {
    /// The number that it is applied to.
    N,
    /// A number, or 0 and 1 for false and true.
    Constant(i128),
    /// A function of one value.
    One(UnaryFunction, Box<Node>),
    /// A function of two values, both of which are computed first.
    Two(BinaryFunction, Box<Node>, Box<Node>),
    /// A comparison of two numbers or of two truth values.
    Compare(Comparison, Box<Node>, Box<Node>),
    /// `&&`: the second only if the first is true.
    Both(Box<Node>, Box<Node>),
    /// `||`: the second only if the first is false.
    Either(Box<Node>, Box<Node>),
    /// `if`: the first decides which of the others is computed.
    If(Box<Node>, Box<Node>, Box<Node>),
    /// A function of the table, with as many arguments as it takes.
    Call(NamedFunction, Vec<Node>),
}

/// Functions of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnaryFunction {
    Negate,
    /// Of a truth value.
    Not,
    Abs,
    Isqrt,
    Popcount,
    Digits,
    DigitSum,
    Even,
    Odd,
    Prime,
}

/// Functions of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BinaryFunction {
    Add,
    Subtract,
    Multiply,
    /// `/`: towards zero.
    Divide,
    /// `%`: with the sign of the first.
    Remainder,
    /// `div`: so that `mod` is not negative.
    DivideEuclid,
    /// `mod`: never negative.
    Modulo,
    Power,
    ShiftLeft,
    ShiftRight,
    /// Of numbers or of truth values, as the next two.
    And,
    Or,
    Xor,
    Min,
    Max,
    Gcd,
    Lcm,
}

/// Comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}
