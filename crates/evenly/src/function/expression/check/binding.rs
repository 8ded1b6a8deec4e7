//! Type checker of what binds a variable: `let` and loops.

use super::super::error::{ExpressionError, Fault};
use super::super::loop_bounds::{self, Items};
use super::super::reach::{Bounds, Reach};
use super::super::reduction::{Iteration, Reduction, STEPS, Source};
use super::super::syntax::{ReduceSyntax, Syntax};
use super::super::tree::{Iterate, NarrowSteps, Node, NodeForm, Reduce};
use super::{CheckResult, Checker, quoted};
use crate::function::Kind;

/// Deeper ones are refused: each is checked several times.
const MOST_ITERATIONS: usize = 4;

/// Values of an iteration that count as small, if its next value needs no more than 64 bits then; else those of the
/// first row do. In the order of trial: a product with a number of 7 bits fits from the second row on, and a square
/// only in the third.
const SMALL: [Bounds; 3] = [
    Bounds::new(i64::MIN as i128, i64::MAX as i128),
    Bounds::new(-1 << 56, 1 << 56),
    Bounds::new(-1 << 31, 1 << 31),
];

/// Bounds that contain these, and are wider where `reached` is.
fn wider(state: Bounds, reached: Bounds) -> Bounds {
    let lows = [0, i64::MIN.into(), i128::MIN];
    let highs = [i64::MAX.into(), i128::MAX];
    let low = if reached.low < state.low {
        lows.into_iter().find(|low| *low <= reached.low).unwrap_or(i128::MIN)
    } else {
        state.low
    };
    let high = if reached.high > state.high {
        highs.into_iter().find(|high| *high >= reached.high).unwrap_or(i128::MAX)
    } else {
        state.high
    };
    Bounds::new(low, high)
}

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
        let item = self.variable(syntax, slot)?;
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
        let (mut reduction, mut condition, mut term) = (reduction, condition, term);
        // The lowest digit is not the first one.
        if reduction == Reduction::Find && matches!(source, Source::Digits(_)) {
            reduction = Reduction::Min;
            condition = Some(term);
            term = item;
        }
        let kind = match reduction {
            Reduction::Any | Reduction::All => Kind::Truth,
            _ => Kind::Integer,
        };
        let Items { bounds: items, most, may_fail } = items;
        let reduce = Reduce { reduction, slot, source, items, most, condition, term, default };
        if let Some(sum) = self.divisor_sum(syntax, &reduce) {
            return Ok(sum);
        }
        let mut known = loop_bounds::reduce(&reduce);
        known.may_fail |= may_fail;
        self.known(syntax, NodeForm::Reduce(Box::new(reduce)), kind, Ok(known), always)
    }

    pub(super) fn iterate(
        &self,
        syntax: &Syntax,
        parts: &Iteration<Syntax>,
        always: bool,
    ) -> CheckResult {
        let limit_of_depth = MOST_ITERATIONS;
        if self.iterations.get() == limit_of_depth {
            let fault = Fault::TooDeep { limit: limit_of_depth };
            return Err(self.error(syntax, fault).hint("each iteration in another one counts"));
        }
        let Iteration { gives_steps, slot, .. } = *parts;
        let by = if gives_steps { "'steps'" } else { "'iterate'" };
        let number = |part: &Syntax, always| {
            let node = self.node(part, always)?;
            self.need_number(by, part, &node)?;
            Ok::<_, ExpressionError>(node)
        };
        let start = number(&parts.start, always)?;
        self.bind(slot, Kind::Integer, start.bounds);
        let limit = match &parts.limit {
            Some(limit) => number(limit, always)?,
            None => {
                let bounds = Bounds::new(STEPS, STEPS);
                self.plain(syntax, NodeForm::Constant(STEPS), Kind::Integer, bounds)
            }
        };
        self.iterations.set(self.iterations.get() + 1);
        let round = |state| {
            self.bind(slot, Kind::Integer, state);
            let mut condition = None;
            if let Some(part) = &parts.condition {
                let node = self.node(part, false)?;
                self.need_truth("'while'", part, &node)?;
                condition = Some(node);
            }
            Ok::<_, ExpressionError>((condition, number(&parts.next, false)?))
        };
        // Bounds that hold before a step hold behind it. If they have not settled after two rounds, they get wider by
        // far: to the ends of 64 bits, then of 128 bits, which nothing leaves.
        let mut state = start.bounds;
        let mut rounds = 0;
        let (condition, next) = loop {
            let (condition, next) = round(state)?;
            let reached = state.join(next.bounds);
            if reached == state {
                break (condition, next);
            }
            rounds += 1;
            state = if rounds < 2 { reached } else { wider(state, reached) };
        };
        let mut narrow = None;
        if !state.fit_i64() {
            for limits in SMALL {
                let Some(small) = state.within(limits.low, limits.high) else { break };
                let (condition, next) = round(small)?;
                let is_narrow = next.is_narrow_throughout();
                if is_narrow || narrow.is_none() {
                    narrow = Some(NarrowSteps { state: small, condition, next });
                }
                if is_narrow {
                    break;
                }
            }
        }
        self.iterations.set(self.iterations.get() - 1);
        let may_fail = condition.is_some();
        let bounds = if gives_steps { Bounds::new(0, limit.bounds.high.max(0)) } else { state };
        let limit = Some(limit);
        let parts = Iteration { gives_steps, slot, start, limit, condition, next };
        let what = NodeForm::Iterate(Box::new(Iterate { parts, state, narrow }));
        self.known(syntax, what, Kind::Integer, Ok(Reach { bounds, may_fail }), always)
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
