//! Type checker of what binds a variable: `let` and loops.

use super::super::error::{ExpressionError, Fault};
use super::super::loop_bounds::{self, Items};
use super::super::reduction::Reduction;
use super::super::syntax::{ReduceSyntax, Syntax};
use super::super::tree::{Bounds, Node, NodeForm, Reduce};
use super::{CheckResult, Checker, quoted};
use crate::function::Kind;

impl Checker<'_> {
    pub(super) fn variable(&self, syntax: &Syntax, slot: usize) -> CheckResult {
        let Some((kind, bounds)) = self.variables.borrow().get(&slot).copied() else {
            let fault = Fault::UnknownName(self.quote(syntax));
            return Err(self
                .error(syntax, fault)
                .hint("where a default is needed, there is no item"));
        };
        Ok(self.plain(syntax, NodeForm::Variable(slot), kind, bounds))
    }

    pub(super) fn define(
        &self,
        syntax: &Syntax,
        slot: usize,
        (value, body): (&Syntax, &Syntax),
        always: bool,
    ) -> CheckResult {
        let value = self.node(value, always)?;
        self.bind(slot, value.kind, value.bounds);
        let body = self.node(body, always)?;
        let (kind, bounds) = (body.kind, body.bounds);
        let what = NodeForm::Let(slot, Box::new(value), Box::new(body));
        Ok(self.plain(syntax, what, kind, bounds))
    }

    pub(super) fn reduce(
        &self,
        syntax: &Syntax,
        parts: &ReduceSyntax,
        always: bool,
    ) -> CheckResult {
        let ReduceSyntax { reduction, slot, .. } = *parts;
        let by = quoted(reduction.name());
        let source = parts.source.try_map(|part| {
            let node = self.node(part, always)?;
            self.need_number(&by, part, &node)?;
            Ok::<_, ExpressionError>(node)
        })?;
        let items = loop_bounds::items(&source);
        self.bind(slot, Kind::Integer, items.bounds);
        let mut condition = None;
        if let Some(part) = &parts.condition {
            let node = self.node(part, false)?;
            self.need_truth("'if'", part, &node)?;
            condition = Some(node);
        }
        let mut arguments = Vec::new();
        for part in &parts.arguments {
            arguments.push((part, self.node(part, false)?));
        }
        let mut arguments = arguments.into_iter();
        let is_chosen_by_terms = matches!(
            reduction,
            Reduction::Sum | Reduction::Product | Reduction::Min | Reduction::Max
        );
        // Behind a condition, a number is the default of `find`.
        let is_term = is_chosen_by_terms
            || arguments.as_slice().first().is_some_and(|(_, first)| {
                condition.is_none() || reduction != Reduction::Find || first.kind == Kind::Truth
            });
        let term = if is_term { arguments.next() } else { None };
        let term = match (term, is_chosen_by_terms) {
            (Some((part, node)), true) => {
                self.need_number(&by, part, &node)?;
                node
            }
            (Some((part, node)), false) => {
                self.need_truth(&by, part, &node)?;
                self.joined(reduction, condition.take(), node)
            }
            // The parser has seen to it that there is a condition then.
            (None, _) => match condition.take() {
                Some(condition) => condition,
                None => return Err(self.error(syntax, Fault::Empty)),
            },
        };
        let mut default = None;
        if let Some((part, node)) = arguments.next() {
            self.need_number(&by, part, &node)?;
            // Once more, where the item is not known.
            self.variables.borrow_mut().remove(&slot);
            default = Some(self.node(part, false)?);
        }
        if let Some((part, _)) = arguments.next() {
            let fault = Fault::Arguments {
                function: reduction.name().to_owned(),
                takes: "one condition and one default",
                given: parts.arguments.len(),
            };
            return Err(self.error(part, fault).hint(format!("write {}", reduction.example())));
        }
        let kind = match reduction {
            Reduction::Any | Reduction::All => Kind::Truth,
            _ => Kind::Integer,
        };
        let Items { bounds: items, most } = items;
        let reduce = Reduce { reduction, slot, source, items, most, condition, term, default };
        let known = loop_bounds::reduce(&reduce);
        self.known(syntax, NodeForm::Reduce(Box::new(reduce)), kind, Ok(known), always)
    }

    /// The condition of a loop and its term, which is a condition too, in one.
    fn joined(&self, reduction: Reduction, condition: Option<Node>, term: Node) -> Node {
        let Some(condition) = condition else { return term };
        let column = condition.column;
        let truth = |what, may_fail| {
            let bounds = Bounds::TRUTH;
            Node { what, column, kind: Kind::Truth, bounds, may_fail }
        };
        let term = Box::new(term);
        if reduction == Reduction::All {
            let not = crate::function::expression::tree::UnaryFunction::Not;
            let negated = truth(NodeForm::One(not, Box::new(condition)), false);
            return truth(NodeForm::Either(Box::new(negated), term), false);
        }
        truth(NodeForm::Both(Box::new(condition), term), false)
    }

    fn bind(&self, slot: usize, kind: Kind, bounds: Bounds) {
        self.variables.borrow_mut().insert(slot, (kind, bounds));
    }
}
