//! Tree-walking evaluator of expressions: the reference for the machine code.

use super::compute;
use super::items::{Listed, list};
use super::reduction::{Iteration, Reduction, STEPS, Source};
use super::tree::{BinaryFunction, Iterate, Node, NodeForm, Reduce};
use evenly_core::Arithmetic;
use std::collections::HashMap;

/// The value for `n`; of a truth value, 0 or 1.
///
/// # Errors
/// Why it has none.
#[cfg(test)]
pub(crate) fn evaluate(node: &Node, n: i64) -> Result<i128, Arithmetic> {
    evaluate_within(node, n, u64::MAX).unwrap_or(Err(Arithmetic::Overflow))
}

/// The same with a limit on the rounds of all loops together; `None` beyond it.
pub(crate) fn evaluate_within(
    node: &Node,
    n: i64,
    rounds: u64,
) -> Option<Result<i128, Arithmetic>> {
    let mut evaluator = Evaluator { n, variables: HashMap::new(), rounds };
    match evaluator.value(node) {
        Ok(value) => Some(Ok(value)),
        Err(Stop::Failed(why)) => Some(Err(why)),
        Err(Stop::TooLong) => None,
    }
}

struct Evaluator {
    n: i64,
    /// By slot.
    variables: HashMap<usize, i128>,
    /// How many rounds of loops are left.
    rounds: u64,
}

/// Why there is no value.
enum Stop {
    Failed(Arithmetic),
    TooLong,
}

impl From<Arithmetic> for Stop {
    fn from(why: Arithmetic) -> Self {
        Self::Failed(why)
    }
}

type Evaluated = Result<i128, Stop>;

impl Evaluator {
    /// The value of a part. It keeps to what the checker knows about the part.
    fn value(&mut self, node: &Node) -> Evaluated {
        let value = self.unchecked(node);
        match &value {
            Ok(value) => debug_assert!(node.bounds.contains(*value), "{value} of {node:?}"),
            Err(Stop::Failed(why)) => debug_assert!(node.can_fail(), "{why} of {node:?}"),
            Err(Stop::TooLong) => {}
        }
        value
    }

    fn unchecked(&mut self, node: &Node) -> Evaluated {
        Ok(match &node.what {
            NodeForm::N => self.n.into(),
            NodeForm::Constant(value) => *value,
            NodeForm::Variable(slot) => self.variables.get(slot).copied().unwrap_or(0),
            NodeForm::Let(slot, value, body) => {
                let value = self.value(value)?;
                self.variables.insert(*slot, value);
                self.value(body)?
            }
            NodeForm::One(function, x) => self.fallible(node, |this| {
                let x = this.value(x)?;
                Ok(compute::one(*function, x))
            })?,
            NodeForm::Two(function, a, b) => self.fallible(node, |this| {
                let (a, b) = (this.value(a)?, this.value(b)?);
                Ok(compute::two(*function, a, b))
            })?,
            NodeForm::Call(function, arguments) => self.fallible(node, |this| {
                let values = arguments.iter().map(|argument| this.value(argument));
                Ok(function.value(&values.collect::<Result<Vec<_>, _>>()?))
            })?,
            NodeForm::Compare(comparison, a, b) => {
                compute::compare(*comparison, self.value(a)?, self.value(b)?).into()
            }
            NodeForm::Both(a, b) => i128::from(self.value(a)? == 1 && self.value(b)? == 1),
            NodeForm::Either(a, b) => i128::from(self.value(a)? == 1 || self.value(b)? == 1),
            NodeForm::If(condition, yes, no) => {
                let part = if self.value(condition)? == 1 { yes } else { no };
                self.value(part)?
            }
            NodeForm::Reduce(reduce) => self.reduce(node, reduce)?,
            NodeForm::Iterate(iterate) => self.iterate(iterate)?,
        })
    }

    /// What a function gives for parts that have values.
    fn fallible(
        &mut self,
        node: &Node,
        compute: impl FnOnce(&mut Self) -> Result<Result<i128, Arithmetic>, Stop>,
    ) -> Evaluated {
        compute(self)?.map_err(|why| {
            debug_assert!(node.may_fail, "{why} of {node:?}");
            Stop::Failed(why)
        })
    }

    fn reduce(&mut self, node: &Node, reduce: &Reduce) -> Evaluated {
        let start = match reduce.reduction {
            Reduction::Sum | Reduction::Count | Reduction::Any => Some(0),
            Reduction::Product | Reduction::All => Some(1),
            Reduction::Min | Reduction::Max | Reduction::Find => None,
        };
        let mut best = start;
        match &reduce.source {
            Source::Range { first, end, is_inclusive } => {
                let (mut item, end) = (self.value(first)?, self.value(end)?);
                while item < end || *is_inclusive && item == end {
                    if self.round(node, reduce, item, &mut best)? || item == end {
                        break;
                    }
                    item += 1;
                }
            }
            Source::Primes { first, end, is_inclusive } => {
                let (mut first, end) = (self.value(first)?, self.value(end)?);
                let last = if *is_inclusive { Some(end) } else { end.checked_sub(1) };
                while let Some(last) = last
                    && let Some(reached) =
                        self.listed(node, reduce, (Listed::Primes, first, last), &mut best)?
                {
                    first = reached + 1;
                }
            }
            Source::Divisors(number) => {
                let number = self.value(number)?;
                self.listed(node, reduce, (Listed::Divisors, number, 0), &mut best)?;
            }
            Source::Digits(number) => {
                let number = self.value(number)?;
                self.listed(node, reduce, (Listed::Digits, number, 0), &mut best)?;
            }
        }
        match (best, &reduce.default) {
            (Some(best), _) => Ok(best),
            (None, Some(default)) => self.value(default),
            (None, None) => Err(Arithmetic::NothingFound.into()),
        }
    }

    /// Takes the next items of a list into account. Gives the last of them, if others may follow that matter.
    fn listed(
        &mut self,
        node: &Node,
        reduce: &Reduce,
        (listed, first, last): (Listed, i128, i128),
        best: &mut Option<i128>,
    ) -> Result<Option<i128>, Stop> {
        let mut items = Vec::new();
        list(listed, first, last, &mut items)?;
        for item in &items {
            if self.round(node, reduce, (*item).into(), best)? {
                return Ok(None);
            }
        }
        Ok(items.last().map(|last| i128::from(*last)))
    }

    fn iterate(&mut self, iterate: &Iterate) -> Evaluated {
        let Iteration { gives_steps, slot, start, limit, condition, next } = &iterate.parts;
        let mut value = self.value(start)?;
        self.variables.insert(*slot, value);
        let limit = match limit {
            Some(limit) => self.value(limit)?.max(0),
            None => STEPS,
        };
        let mut steps = 0;
        loop {
            debug_assert!(iterate.state.contains(value), "{value} in {iterate:?}");
            self.variables.insert(*slot, value);
            if let Some(condition) = condition
                && self.value(condition)? == 0
            {
                break;
            }
            if steps >= limit {
                if condition.is_none() {
                    break;
                }
                return Err(Arithmetic::NoEnd(limit.min(i32::MAX.into()) as u32).into());
            }
            self.rounds = self.rounds.checked_sub(1).ok_or(Stop::TooLong)?;
            value = self.value(next)?;
            steps += 1;
        }
        Ok(if *gives_steps { steps } else { value })
    }

    /// Takes one item into account. Gives whether the others do not matter.
    fn round(
        &mut self,
        node: &Node,
        reduce: &Reduce,
        item: i128,
        best: &mut Option<i128>,
    ) -> Result<bool, Stop> {
        self.rounds = self.rounds.checked_sub(1).ok_or(Stop::TooLong)?;
        debug_assert!(reduce.items.contains(item), "item {item} of {reduce:?}");
        self.variables.insert(reduce.slot, item);
        if let Some(condition) = &reduce.condition
            && self.value(condition)? == 0
        {
            return Ok(false);
        }
        let term = self.value(&reduce.term)?;
        let with = |function, by: i128| {
            best.map_or(Ok(by), |best| compute::two(function, best, by)).inspect(|value| {
                debug_assert!(node.bounds.contains(*value), "{value} in {node:?}");
            })
        };
        let ends = match reduce.reduction {
            Reduction::Any | Reduction::Find => term == 1,
            Reduction::All => term == 0,
            _ => false,
        };
        *best = match reduce.reduction {
            Reduction::Sum | Reduction::Count => Some(with(BinaryFunction::Add, term)?),
            Reduction::Product => Some(with(BinaryFunction::Multiply, term)?),
            Reduction::Min => Some(with(BinaryFunction::Min, term)?),
            Reduction::Max => Some(with(BinaryFunction::Max, term)?),
            Reduction::Any | Reduction::All => Some(term),
            Reduction::Find => ends.then_some(item),
        };
        Ok(ends)
    }
}
