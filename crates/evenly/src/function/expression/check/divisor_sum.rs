//! Loops that add up divisors: `sum(d in divisors(a), d)` is `sigma(a)`, and with `if d < a` it is `sigma(a) - a`.
//!
//! Sums of divisors of consecutive numbers are sieved, and a loop lists the divisors of each.

use super::super::functions::NamedFunction;
use super::super::reduction::{Reduction, Source};
use super::super::syntax::Syntax;
use super::super::tree::{BinaryFunction, Comparison, Node, NodeForm, Reduce};
use super::{Bounds, Checker, Kind};

impl Checker<'_> {
    /// The same without a loop, if it is such a sum.
    pub(super) fn divisor_sum(&self, syntax: &Syntax, reduce: &Reduce) -> Option<Node> {
        let Source::Divisors(number) = &reduce.source else { return None };
        let is_item = |node: &Node| node.what == NodeForm::Variable(reduce.slot);
        let is_number = |node: &Node| {
            node.what == number.what && matches!(node.what, NodeForm::N | NodeForm::Variable(_))
        };
        if reduce.reduction != Reduction::Sum || !is_item(&reduce.term) {
            return None;
        }
        let is_proper = match reduce.condition.as_ref().map(|condition| &condition.what) {
            None => false,
            Some(NodeForm::Compare(Comparison::Less | Comparison::NotEqual, a, b)) => {
                (is_item(a) && is_number(b)).then_some(true)?
            }
            Some(NodeForm::Compare(Comparison::Greater, a, b)) => {
                (is_number(a) && is_item(b)).then_some(true)?
            }
            _ => return None,
        };
        let sigma = NamedFunction::find("sigma", 1)?;
        let known = sigma.bounds(&[number.bounds]);
        let what = NodeForm::Call(sigma, vec![number.clone()]);
        // As a loop, it is not refused where it always fails.
        let sum = self.known(syntax, what, Kind::Integer, known, false).ok()?;
        if !is_proper {
            return Some(sum);
        }
        let bounds = Bounds::new(0, sum.bounds.high);
        let (sum, number) = (Box::new(sum), Box::new(number.clone()));
        let what = NodeForm::Two(BinaryFunction::Subtract, sum, number);
        Some(self.plain(syntax, what, Kind::Integer, bounds))
    }
}
