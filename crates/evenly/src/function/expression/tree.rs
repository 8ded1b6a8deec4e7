//! Checked tree of an expression, with the bounds of each node over the range.

use super::functions::NamedFunction;
use super::reach::Bounds;
use super::reduction::{Iteration, Reduction, Source};
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
        self.may_fail || self.parts().into_iter().any(Self::can_fail)
    }

    /// Whether its value and those of all its parts fit `i64`.
    pub(crate) fn is_narrow_throughout(&self) -> bool {
        self.bounds.fit_i64() && self.parts().into_iter().all(Self::is_narrow_throughout)
    }

    /// Its parts, from left to right.
    pub(crate) fn parts(&self) -> Vec<&Self> {
        match &self.what {
            NodeForm::N | NodeForm::Constant(_) | NodeForm::Variable(_) => Vec::new(),
            NodeForm::One(_, x) => vec![x],
            NodeForm::Two(_, a, b)
            | NodeForm::Compare(_, a, b)
            | NodeForm::Both(a, b)
            | NodeForm::Either(a, b)
            | NodeForm::Let(_, a, b) => vec![a, b],
            NodeForm::If(c, a, b) => vec![c, a, b],
            NodeForm::Call(_, arguments) => arguments.iter().collect(),
            NodeForm::Reduce(reduce) => reduce.parts(),
            NodeForm::Iterate(iterate) => iterate.parts(),
        }
    }
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
    /// The variable in this slot. Every definition and every loop has a slot of its own.
    Variable(usize),
    /// `let`: the slot, its value, which is computed first, and what it is defined for.
    Let(usize, Box<Node>, Box<Node>),
    /// A loop.
    Reduce(Box<Reduce>),
    /// Steps from a value to another.
    Iterate(Box<Iterate>),
}

/// A loop over the items of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reduce {
    pub(crate) reduction: Reduction,
    /// The slot of the item.
    pub(crate) slot: usize,
    pub(crate) source: Source<Node>,
    /// Between which numbers the items lie.
    pub(crate) items: Bounds,
    /// The most items that there can be.
    pub(crate) most: i128,
    /// Of a sum, product, minimum or maximum: which items have a term.
    pub(crate) condition: Option<Node>,
    /// What is added, multiplied or compared, or the condition of the others.
    pub(crate) term: Node,
    /// The value if there is none.
    pub(crate) default: Option<Node>,
}

/// Steps from a value to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Iterate {
    pub(crate) parts: Iteration<Node>,
    /// Between which numbers the value lies at all steps.
    pub(crate) state: Bounds,
    /// Where these do not fit `i64`: the steps of small values.
    pub(crate) narrow: Option<NarrowSteps>,
}

/// Steps from small values, in 64 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NarrowSteps {
    /// Between which numbers the small values lie; these fit `i64`.
    pub(crate) state: Bounds,
    /// The condition of the iteration, for such a value.
    pub(crate) condition: Option<Node>,
    /// The next value after such a value. It may be beyond `state`.
    pub(crate) next: Node,
}

impl Iterate {
    /// Its parts, from left to right.
    fn parts(&self) -> Vec<&Node> {
        let Iteration { start, limit, condition, next, .. } = &self.parts;
        let mut parts = vec![start];
        parts.extend(limit);
        parts.extend(condition);
        parts.push(next);
        if let Some(NarrowSteps { condition, next, .. }) = &self.narrow {
            parts.extend(condition);
            parts.push(next);
        }
        parts
    }
}

impl Reduce {
    /// Its parts, from left to right.
    fn parts(&self) -> Vec<&Node> {
        let mut parts = self.source.parts();
        parts.extend(&self.condition);
        parts.push(&self.term);
        parts.extend(&self.default);
        parts
    }
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
