//! Analysis of each node before code is made: its cost, and whether it can fail.

use super::super::reduction::{STEPS, Source};
use super::super::tree::{BinaryFunction, Node, NodeForm, UnaryFunction};
use crate::function::Kind;
use crate::function::jit::Shape;
use std::collections::HashMap;

/// Below this, it is cheaper to compute something in vain than to guess whether it is needed.
const CHEAP: u64 = 12;

/// What is not worth a thought: anything that needs another function, or a division that takes its time.
const DEAR: u64 = 40;

/// Whether every value of the expression fits `i64`.
pub(in crate::function::expression) fn is_narrow(node: &Node) -> bool {
    node.kind == Kind::Truth || node.bounds.fit_i64()
}

#[derive(Clone, Copy)]
struct Fact {
    /// In units of about an addition.
    cost: u64,
    /// Whether it or a part of it may fail.
    can_fail: bool,
}

/// Facts about all parts of one tree.
pub(super) struct Facts {
    by_place: HashMap<*const Node, Fact>,
    windows: HashMap<*const Node, (usize, Shape)>,
}

impl Facts {
    pub(super) fn of(tree: &Node) -> Self {
        let mut facts = Self { by_place: HashMap::new(), windows: HashMap::new() };
        facts.learn(tree);
        facts
    }

    /// The same with the parts that have a window: its place, and its shape.
    pub(super) fn with_windows(mut self, windows: HashMap<*const Node, (usize, Shape)>) -> Self {
        self.windows = windows;
        self
    }

    /// The number of windows.
    pub(super) fn windows(&self) -> usize {
        self.windows.values().map(|(place, _)| place + 1).max().unwrap_or(0)
    }

    /// The window that may have the value of this part: its place, and its shape.
    pub(super) fn window(&self, node: &Node) -> Option<(usize, Shape)> {
        self.windows.get(&ptr(node)).copied()
    }

    fn learn(&mut self, node: &Node) -> Fact {
        let mut fact = Fact { cost: own_cost(node), can_fail: node.may_fail };
        let mut add = |part: &Node| {
            let part = self.learn(part);
            fact.cost = fact.cost.saturating_add(part.cost);
            fact.can_fail |= part.can_fail;
        };
        node.parts().into_iter().for_each(&mut add);
        if let NodeForm::Reduce(reduce) = &node.what {
            let rounds = u64::try_from(reduce.most).unwrap_or(u64::MAX);
            fact.cost = fact.cost.saturating_mul(rounds.max(1));
        }
        if let NodeForm::Iterate(iterate) = &node.what {
            let limit = iterate.parts.limit.as_ref().map_or(STEPS, |limit| limit.bounds.high);
            let rounds = u64::try_from(limit.max(1)).unwrap_or(u64::MAX);
            fact.cost = fact.cost.saturating_mul(rounds);
        }
        self.by_place.insert(ptr(node), fact);
        fact
    }

    fn about(&self, node: &Node) -> Fact {
        let unknown = Fact { cost: DEAR, can_fail: true };
        self.by_place.get(&ptr(node)).copied().unwrap_or(unknown)
    }

    pub(super) fn cost(&self, node: &Node) -> u64 {
        self.about(node).cost
    }

    /// Whether it or a part of it may fail.
    pub(super) fn can_fail(&self, node: &Node) -> bool {
        self.about(node).can_fail
    }

    /// Whether it may be computed although its value is not needed: it cannot fail and is cheap.
    pub(super) fn is_harmless(&self, node: &Node) -> bool {
        let fact = self.about(node);
        !fact.can_fail && fact.cost <= CHEAP
    }

    /// The number that it always is.
    pub(super) fn constant(&self, node: &Node) -> Option<i128> {
        let same = node.bounds.low == node.bounds.high && !self.can_fail(node);
        same.then_some(node.bounds.low)
    }
}

fn ptr(node: &Node) -> *const Node {
    node
}

fn own_cost(node: &Node) -> u64 {
    let width = |parts: &[&Node]| {
        if is_narrow(node) && parts.iter().all(|part| is_narrow(part)) { 1 } else { 3 }
    };
    match &node.what {
        NodeForm::N | NodeForm::Constant(_) | NodeForm::Variable(_) | NodeForm::Let(..) => 0,
        NodeForm::One(one, a) => match (one, width(&[a])) {
            (
                UnaryFunction::Negate
                | UnaryFunction::Not
                | UnaryFunction::Abs
                | UnaryFunction::Even
                | UnaryFunction::Odd,
                width,
            ) => width,
            (UnaryFunction::Popcount, width) => 2 * width,
            (UnaryFunction::Isqrt, 1) => 20,
            (UnaryFunction::Isqrt | UnaryFunction::Digits | UnaryFunction::DigitSum, _) => DEAR,
            (UnaryFunction::Prime, width) => 5 * DEAR * width,
        },
        NodeForm::Two(two, a, b) => match (two, width(&[a, b])) {
            (
                BinaryFunction::Add
                | BinaryFunction::Subtract
                | BinaryFunction::And
                | BinaryFunction::Or
                | BinaryFunction::Xor,
                width,
            ) => width,
            (
                BinaryFunction::Multiply
                | BinaryFunction::Min
                | BinaryFunction::Max
                | BinaryFunction::ShiftLeft
                | BinaryFunction::ShiftRight,
                width,
            ) => 2 * width,
            (
                BinaryFunction::Divide
                | BinaryFunction::Remainder
                | BinaryFunction::DivideEuclid
                | BinaryFunction::Modulo,
                1,
            ) if matches!(b.what, NodeForm::Constant(_)) => 4,
            (BinaryFunction::Power, 1) if matches!(b.what, NodeForm::Constant(_)) => 6,
            (_, width) => DEAR * width,
        },
        NodeForm::Call(function, _) => function.cost(),
        NodeForm::Compare(_, a, b) if a.kind == Kind::Integer => width(&[a, b]),
        NodeForm::Compare(..) | NodeForm::Both(..) | NodeForm::Either(..) | NodeForm::If(..) => 1,
        // Of each round.
        NodeForm::Reduce(reduce) => match reduce.source {
            Source::Divisors(_) | Source::Primes { .. } => DEAR,
            Source::Range { .. } | Source::Digits(_) => 2,
        },
        NodeForm::Iterate(_) => 2,
    }
}
