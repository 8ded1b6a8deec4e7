//! Loops at random, short ones, also at the ends of 64 and of 128 bits; and which variable is which.

use super::super::reference::loops::default;
use super::{bare as bare_part, plain};
use crate::function::expression::reduction::{Iteration, Reduction, Source};
use crate::function::expression::syntax::{ReduceSyntax, Syntax, SyntaxForm};
use crate::function::expression::tree::{BinaryFunction, UnaryFunction};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// A number from 0 on that is at most this.
fn small(number: Syntax, most: i128) -> Syntax {
    let modulus = plain(SyntaxForm::Number(most + 1));
    plain(SyntaxForm::Two(BinaryFunction::Modulo, Box::new(number), Box::new(modulus)))
}

fn sources(number: BoxedStrategy<Syntax>) -> BoxedStrategy<Source<Syntax>> {
    let number_again = number.clone();
    let ends = vec![i64::MAX.into(), i128::MAX, i128::from(i64::MIN) + 3, i128::MIN + 4, 0];
    let near = (select(ends), number.clone(), any::<bool>()).prop_map(|(end, by, is_inclusive)| {
        let size = |number: i128| Box::new(plain(SyntaxForm::Number(number.abs())));
        let whole = |number: i128| match number {
            ..0 => Box::new(plain(SyntaxForm::One(UnaryFunction::Negate, size(number)))),
            _ => size(number),
        };
        let by = Box::new(small(by, 4));
        let first = plain(SyntaxForm::Two(BinaryFunction::Subtract, whole(end), by));
        Source::Range { first, end: *whole(end), is_inclusive }
    });
    let low = (number.clone(), number, any::<bool>()).prop_map(|(first, end, is_inclusive)| {
        Source::Range { first: small(first, 4), end: small(end, 7), is_inclusive }
    });
    let primes = (number_again.clone(), number_again.clone(), any::<bool>()).prop_map(
        |(first, end, is_inclusive)| Source::Primes {
            first: small(first, 9),
            end: small(end, 40),
            is_inclusive,
        },
    );
    let divisors = number_again.clone().prop_map(|number| Source::Divisors(small(number, 60)));
    let digits = number_again.prop_map(Source::Digits);
    prop_oneof![2 => near, 6 => low, 1 => primes, 1 => divisors, 2 => digits].boxed()
}

fn reduce(
    (reduction, source, condition, arguments): (
        Reduction,
        Source<Syntax>,
        Option<Syntax>,
        Vec<Syntax>,
    ),
) -> Syntax {
    let parts = ReduceSyntax { reduction, slot: 0, source, condition, arguments };
    plain(SyntaxForm::Reduce(Box::new(parts)))
}

pub(super) fn numbers(
    number: &BoxedStrategy<Syntax>,
    truth: &BoxedStrategy<Syntax>,
) -> BoxedStrategy<Syntax> {
    use Reduction::*;
    let with = |reductions: Vec<Reduction>, condition, arguments| {
        (select(reductions), sources(number.clone()), condition, arguments).prop_map(reduce)
    };
    let condition = || option::of(truth.clone()).boxed();
    let (always, never) = (truth.clone().prop_map(Some).boxed(), Just(None).boxed());
    prop_oneof![
        4 => with(vec![Sum, Product, Min, Max], condition(), vec(number.clone(), 1).boxed()),
        1 => with(vec![Min, Max], condition(), vec(number.clone(), 2).boxed()),
        1 => with(vec![Count, Find], always.clone(), Just(vec![]).boxed()),
        1 => with(vec![Count, Find], condition(), vec(truth.clone(), 1).boxed()),
        1 => with(vec![Find], always, vec(number.clone(), 1).boxed()),
        1 => with(vec![Find], never, (truth.clone(), number.clone()).prop_map(|(a, b)| vec![a, b]).boxed()),
    ]
    .boxed()
}

pub(super) fn truths(
    number: BoxedStrategy<Syntax>,
    truth: BoxedStrategy<Syntax>,
) -> BoxedStrategy<Syntax> {
    let condition = option::of(truth.clone());
    let reductions = select(vec![Reduction::Any, Reduction::All]);
    (reductions, sources(number), condition, vec(truth, 1)).prop_map(reduce).boxed()
}

pub(super) fn write(reduce: &ReduceSyntax, at: &impl Fn(&Syntax, u8) -> String) -> String {
    let ReduceSyntax { reduction, slot, source, condition, arguments } = reduce;
    let source = match source {
        Source::Range { first, end, is_inclusive } => {
            format!("{}..{}{}", at(first, 1), if *is_inclusive { "=" } else { "" }, at(end, 1))
        }
        Source::Primes { first, end, is_inclusive } => {
            format!(
                "primes({}..{}{})",
                at(first, 1),
                if *is_inclusive { "=" } else { "" },
                at(end, 1)
            )
        }
        Source::Divisors(number) => format!("divisors({})", at(number, 0)),
        Source::Digits(number) => format!("digits({})", at(number, 0)),
    };
    let condition = condition.iter().map(|part| format!(" if {}", at(part, 1)));
    let arguments = arguments.iter().map(|part| format!(", {}", at(part, 0)));
    let rest: String = condition.chain(arguments).collect();
    format!("{}(v{slot} in {source}{rest})", reduction.name())
}

/// Few steps each, so that all of them together do not take long.
pub(super) fn iterations(
    number: BoxedStrategy<Syntax>,
    truth: BoxedStrategy<Syntax>,
) -> impl Strategy<Value = Syntax> {
    let limit = (0_i128..9).prop_map(|limit| plain(SyntaxForm::Number(limit)));
    (any::<bool>(), number.clone(), limit, option::of(truth), number).prop_map(
        |(gives_steps, start, limit, condition, next)| {
            let limit = Some(limit);
            let parts = Iteration { gives_steps, slot: 0, start, limit, condition, next };
            plain(SyntaxForm::Iterate(Box::new(parts)))
        },
    )
}

pub(super) fn write_iteration(
    parts: &Iteration<Syntax>,
    at: &impl Fn(&Syntax, u8) -> String,
) -> String {
    let Iteration { gives_steps, slot, start, limit, condition, next } = parts;
    let limit: String = limit.iter().map(|part| format!("{}, ", at(part, 0))).collect();
    let condition = condition.iter().map(|part| format!("while {}, ", at(part, 1)));
    let condition: String = condition.collect();
    let name = if *gives_steps { "steps" } else { "iterate" };
    format!("{name}(v{slot} = {}, {limit}{condition}{})", at(start, 0), at(next, 0))
}

pub(super) fn bare(reduce: &ReduceSyntax) -> ReduceSyntax {
    let source = reduce.source.try_map(|part| Ok::<_, ()>(bare_part(part))).unwrap();
    let condition = reduce.condition.as_ref().map(bare_part);
    let arguments = reduce.arguments.iter().map(bare_part).collect();
    ReduceSyntax { source, condition, arguments, ..*reduce }
}

/// Gives every definition and every loop a slot, as the parser does, and every variable one that is bound there.
#[derive(Default)]
pub(super) struct Binder {
    scope: Vec<usize>,
    slots: usize,
}

impl Binder {
    pub(super) fn bound(&mut self, syntax: Syntax) -> Syntax {
        plain(match syntax.form {
            SyntaxForm::Variable(which) if self.scope.is_empty() => {
                let _ = which;
                SyntaxForm::N
            }
            SyntaxForm::Variable(which) => {
                SyntaxForm::Variable(self.scope[which % self.scope.len()])
            }
            SyntaxForm::Let(_, value, body) => {
                let value = Box::new(self.bound(*value));
                let slot = self.enter();
                let body = Box::new(self.bound(*body));
                self.scope.pop();
                SyntaxForm::Let(slot, value, body)
            }
            SyntaxForm::Reduce(reduce) => {
                let source = reduce.source.try_map(|part| Ok::<_, ()>(self.bound(part.clone())));
                let slot = self.enter();
                let condition = reduce.condition.map(|part| self.bound(part));
                let mut arguments = reduce.arguments;
                let default = default(reduce.reduction, &arguments).is_some();
                let default = if default { arguments.pop() } else { None };
                let mut arguments: Vec<_> =
                    arguments.into_iter().map(|part| self.bound(part)).collect();
                self.scope.pop();
                // It does not know the item.
                arguments.extend(default.map(|part| self.bound(part)));
                let (reduction, source) = (reduce.reduction, source.unwrap());
                SyntaxForm::Reduce(Box::new(ReduceSyntax {
                    reduction,
                    slot,
                    source,
                    condition,
                    arguments,
                }))
            }
            SyntaxForm::Iterate(parts) => {
                let start = self.bound(parts.start);
                let slot = self.enter();
                let limit = parts.limit.map(|part| self.bound(part));
                let condition = parts.condition.map(|part| self.bound(part));
                let next = self.bound(parts.next);
                self.scope.pop();
                let gives_steps = parts.gives_steps;
                let parts = Iteration { gives_steps, slot, start, limit, condition, next };
                SyntaxForm::Iterate(Box::new(parts))
            }
            SyntaxForm::One(f, x) => SyntaxForm::One(f, self.part(*x)),
            SyntaxForm::Two(f, a, b) => SyntaxForm::Two(f, self.part(*a), self.part(*b)),
            SyntaxForm::Compare(f, a, b) => SyntaxForm::Compare(f, self.part(*a), self.part(*b)),
            SyntaxForm::Both(a, b) => SyntaxForm::Both(self.part(*a), self.part(*b)),
            SyntaxForm::Either(a, b) => SyntaxForm::Either(self.part(*a), self.part(*b)),
            SyntaxForm::If(c, a, b) => SyntaxForm::If(self.part(*c), self.part(*a), self.part(*b)),
            SyntaxForm::Call(f, arguments) => {
                SyntaxForm::Call(f, arguments.into_iter().map(|part| self.bound(part)).collect())
            }
            form @ (SyntaxForm::N | SyntaxForm::Number(_) | SyntaxForm::Truth(_)) => form,
        })
    }

    fn part(&mut self, syntax: Syntax) -> Box<Syntax> {
        Box::new(self.bound(syntax))
    }

    fn enter(&mut self) -> usize {
        let slot = self.slots;
        self.slots += 1;
        self.scope.push(slot);
        slot
    }
}
