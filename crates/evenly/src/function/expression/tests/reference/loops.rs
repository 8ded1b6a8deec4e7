//! Reference for loops, on big integers: all items first, then their sum, product, extreme or other result.

use super::super::random::plain;
use super::Value::{self, Number, Truth};
use super::{Environment, fitting, prime, value_in};
use crate::function::Kind;
use crate::function::expression::check;
use crate::function::expression::reach::Bounds;
use crate::function::expression::reduction::{Iteration, Reduction, Source};
use crate::function::expression::syntax::{ReduceSyntax, Syntax, SyntaxForm};
use evenly_core::Arithmetic;
use num_bigint::BigInt;

pub(super) fn reduce(reduce: &ReduceSyntax, of: &mut Environment) -> Result<Value, Arithmetic> {
    let items = items(&reduce.source, of)?;
    let is_digits = matches!(reduce.source, Source::Digits(_));
    let mut made = start(reduce.reduction);
    let default = default(reduce.reduction, &reduce.arguments);
    // Of `find`, what is a number is the default, and not a part of the loop.
    let is_term = |part: &&Syntax| default.is_none_or(|default| !std::ptr::eq(*part, default));
    let term = reduce.arguments.first().filter(is_term);
    for item in items {
        of.variables.insert(reduce.slot, Number(item.clone()));
        if let Some(condition) = &reduce.condition
            && !value_in(condition, of)?.truth()
        {
            continue;
        }
        let term = term.map_or(Ok(Truth(true)), |term| value_in(term, of))?;
        made = match (reduce.reduction, term, made) {
            (Reduction::Sum, Number(x), Some(Number(y))) => Some(Number(fitting(x + y)?)),
            (Reduction::Product, Number(x), Some(Number(y))) => Some(Number(fitting(x * y)?)),
            (Reduction::Min, Number(x), Some(Number(y))) => Some(Number(x.min(y))),
            (Reduction::Max, Number(x), Some(Number(y))) => Some(Number(x.max(y))),
            (Reduction::Min | Reduction::Max, Number(x), None) => Some(Number(x)),
            (Reduction::Count, Truth(truth), Some(Number(y))) => Some(Number(y + u8::from(truth))),
            (Reduction::Any, Truth(true), _) => return Ok(Truth(true)),
            (Reduction::All, Truth(false), _) => return Ok(Truth(false)),
            // The lowest digit, wherever it stands.
            (Reduction::Find, Truth(true), before) if is_digits => match before {
                Some(Number(lowest)) => Some(Number(lowest.min(item))),
                _ => Some(Number(item)),
            },
            (Reduction::Find, Truth(true), _) => return Ok(Number(item)),
            (Reduction::Any | Reduction::All | Reduction::Find, Truth(_), made) => made,
            other => panic!("{other:?}"),
        };
    }
    match (made, default) {
        (Some(value), _) => Ok(value),
        (None, Some(default)) => value_in(default, of),
        (None, None) => Err(Arithmetic::NothingFound),
    }
}

pub(super) fn iterate(
    parts: &Iteration<Syntax>,
    of: &mut Environment,
) -> Result<Value, Arithmetic> {
    let mut value = value_in(&parts.start, of)?;
    of.variables.insert(parts.slot, value.clone());
    let limit = parts.limit.as_ref().map(|limit| value_in(limit, of).map(Value::number));
    let limit = limit.transpose()?.unwrap_or(1_000_000.into()).max(0.into());
    let mut steps = BigInt::ZERO;
    loop {
        of.variables.insert(parts.slot, value.clone());
        let goes_on = parts.condition.as_ref().map(|part| value_in(part, of).map(Value::truth));
        let goes_on = goes_on.transpose()?;
        if goes_on == Some(false) || goes_on.is_none() && steps == limit {
            return Ok(if parts.gives_steps { Number(steps) } else { value });
        }
        if steps == limit {
            let shown = u32::try_from(&limit).unwrap_or(u32::MAX);
            return Err(Arithmetic::NoEnd(shown.min(i32::MAX as u32)));
        }
        value = value_in(&parts.next, of)?;
        steps += 1;
    }
}

/// Which of the arguments is a default.
pub(in super::super) fn default(reduction: Reduction, arguments: &[Syntax]) -> Option<&Syntax> {
    arguments.last().filter(|part| match reduction {
        Reduction::Find => !is_truth(part),
        Reduction::Min | Reduction::Max => arguments.len() == 2,
        _ => false,
    })
}

fn start(reduction: Reduction) -> Option<Value> {
    match reduction {
        Reduction::Sum | Reduction::Count => Some(Number(0.into())),
        Reduction::Product => Some(Number(1.into())),
        Reduction::Any => Some(Truth(false)),
        Reduction::All => Some(Truth(true)),
        Reduction::Min | Reduction::Max | Reduction::Find => None,
    }
}

fn items(source: &Source<Syntax>, of: &mut Environment) -> Result<Vec<BigInt>, Arithmetic> {
    let parts = source.try_map(|part| value_in(part, of).map(Value::number))?;
    Ok(match parts {
        Source::Range { first, end, is_inclusive } => {
            let end = if is_inclusive { end + 1 } else { end };
            let next = |item: &BigInt| Some(item + 1);
            std::iter::successors(Some(first), next).take_while(|item| *item < end).collect()
        }
        Source::Primes { first, end, is_inclusive } => {
            let end = if is_inclusive { end + 1 } else { end };
            let next = |item: &BigInt| Some(item + 1);
            let all = std::iter::successors(Some(first), next).take_while(|item| *item < end);
            let tested = all.map(|item| prime(&item).map(|is_prime| (item, is_prime)));
            let tested = tested.collect::<Result<Vec<_>, _>>()?;
            tested.into_iter().filter(|(_, is_prime)| *is_prime).map(|(item, _)| item).collect()
        }
        Source::Divisors(number) if number < 1.into() => return Err(Arithmetic::FactorsBelowOne),
        Source::Divisors(number) => {
            let number = u64::try_from(&number).map_err(|_| Arithmetic::FactorsTooLarge)?;
            let divides = |divisor: &u64| number % divisor == 0;
            (1..=number).filter(divides).map(BigInt::from).collect()
        }
        Source::Digits(number) => {
            let text = number.magnitude().to_string();
            text.bytes().rev().map(|digit| BigInt::from(digit - b'0')).collect()
        }
    })
}

/// Whether it is a truth value, if its variables are numbers.
fn is_truth(syntax: &Syntax) -> bool {
    let zero = Bounds { low: 0, high: 0 };
    let bound = |body, slot| {
        let [value, body] = [plain(SyntaxForm::N), body].map(Box::new);
        plain(SyntaxForm::Let(slot, value, body))
    };
    let syntax = (0..100).fold(syntax.clone(), bound);
    check::check("", &syntax, zero).is_ok_and(|node| node.kind == Kind::Truth)
}
