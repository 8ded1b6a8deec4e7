//! Windows of an expression: which parts have values that a sieve computes together, and these values.
//!
//! A part has a window if it is a function of the prime factors of n + b, or `prime` of a * n + b. A window is filled for the
//! numbers at hand where that costs less than a call for each number; elsewhere machine code makes the calls.

use super::code::{WindowPlan, is_narrow};
use super::linear::{Linear, LinearParts};
use super::tree::{Node, NodeForm, UnaryFunction};
use crate::function::factor_sieve::{FactorFunction, FactorSieve};
use crate::function::jit::{Cells, MOST_WINDOWS, Shape, Window};
use crate::function::prime::{PrimeCounter, Progression};
use evenly_core::Interval;
use std::collections::HashMap;

/// What the values of a window are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sieved {
    Factors(FactorFunction),
    Prime,
}

/// What a window holds: the function, of which number, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Content {
    sieved: Sieved,
    argument: Linear,
    shape: Shape,
}

/// The windows of an expression.
#[derive(Debug, Default)]
pub(super) struct Windows {
    contents: Vec<Content>,
    windows: Vec<Window>,
    factors: FactorSieve,
    primes: PrimeCounter,
    /// The numbers that were covered last, without a gap.
    last_run: Option<Interval>,
    /// The last number of the chunk at hand.
    ahead: Option<i64>,
}

impl Windows {
    /// The windows of a tree, without values, and the parts that have one.
    pub(super) fn of(tree: &Node) -> (Self, WindowPlan) {
        let mut search = Search::default();
        search.visit(tree, true);
        let shapes: Vec<Shape> = search.contents.iter().map(|content| content.shape).collect();
        let windows = shapes.iter().map(|shape| Window::new(*shape)).collect();
        let plan = WindowPlan { shapes, parts: search.parts };
        (Self { contents: search.contents, windows, ..Self::default() }, plan)
    }

    /// The windows, by place.
    pub(super) fn all(&self) -> &[Window] {
        &self.windows
    }

    /// Says as far as where the next slices go.
    pub(super) fn announce(&mut self, ahead: Interval) {
        self.ahead = Some(ahead.last());
    }

    /// Begins a slice: values are computed for more than it in a chunk that is announced, and where the slices before it had
    /// no gap.
    pub(super) fn begin(&mut self, slice: Interval) {
        let before = self.last_run.filter(|run| run.last().checked_add(1) == Some(slice.first()));
        let first = before.map_or(slice.first(), |run| run.first());
        self.last_run = Interval::new(first, slice.last());
    }

    /// Fills windows for the first numbers of a part of the slice. Returns those numbers: each window has values for all of
    /// them or for none.
    pub(super) fn cover(&mut self, part: Interval) -> Interval {
        if self.contents.is_empty() {
            return part;
        }
        let run = self.last_run.map_or(1, |run| run.len());
        let chunk = self.ahead.and_then(|last| Interval::new(part.first(), last));
        let ahead = part.len().max(run).max(chunk.map_or(1, |chunk| chunk.len()));
        let ahead = u64::try_from(ahead).unwrap_or(u64::MAX);
        let mut last = part.last();
        for (content, window) in self.contents.iter().zip(&mut self.windows) {
            let covered = window.covered_up_to(part.first()).or_else(|| {
                content.fill(window, part.first(), ahead, &mut self.factors, &mut self.primes);
                window.covered_up_to(part.first())
            });
            last = last.min(match covered {
                Some(covered) => covered,
                None => content.last_outside(part.first()),
            });
        }
        Interval::new(part.first(), last.max(part.first())).unwrap_or(part)
    }
}

impl Content {
    /// The last number from n on, below which there is no window, although there is one beyond.
    fn last_outside(&self, n: i64) -> i64 {
        match self.sieved {
            Sieved::Prime => i64::MAX,
            Sieved::Factors(_) => {
                // The first argument with a window is 1.
                let last = i64::try_from(-self.argument.offset).unwrap_or(i64::MAX);
                if n <= last { last } else { i64::MAX }
            }
        }
    }

    /// Fills the window from n on, if that pays for `ahead` numbers.
    fn fill(
        &self,
        window: &mut Window,
        n: i64,
        ahead: u64,
        factors: &mut FactorSieve,
        primes: &mut PrimeCounter,
    ) {
        match self.sieved {
            Sieved::Factors(function) => {
                let argument = self.argument.at(n).and_then(|first| i64::try_from(first).ok());
                let Some(first) = argument.filter(|first| *first >= 1) else { return };
                // Neither n nor the argument goes beyond the last number.
                let ahead = ahead.min(i64::MAX.abs_diff(first.max(n)).saturating_add(1));
                let first = first.cast_unsigned();
                let Some(length) = FactorSieve::window(first, ahead) else { return };
                window.fill(n, length as usize, |cells| match cells {
                    Cells::Narrow(values) => factors.fill(function, first, values),
                    Cells::Wide(values) => factors.fill(function, first, values),
                    Cells::Bits(words) => words.clear(),
                });
            }
            Sieved::Prime => {
                let Some(progression) =
                    Progression::new(self.argument.factor, self.argument.offset)
                else {
                    return;
                };
                // Windows of bits begin at a word.
                let first = n & !63;
                let ahead = ahead.saturating_add(n.abs_diff(first));
                let Some(length) = progression.window(first, ahead) else { return };
                window.fill(first, length as usize, |cells| {
                    if let Cells::Bits(words) = cells {
                        primes.mark_primes(progression, first, length, words);
                    }
                });
            }
        }
    }
}

/// The parts of a tree that have a window.
#[derive(Default)]
struct Search {
    contents: Vec<Content>,
    parts: HashMap<*const Node, (usize, Shape)>,
    linear: LinearParts,
}

impl Search {
    /// Finds windows in a part. Parts that are not computed for every n have one only if it is cheap, or if another part
    /// has the same.
    fn visit(&mut self, node: &Node, is_always_computed: bool) {
        if let Some(content) = self.content(node) {
            let known = self.contents.iter().position(|known| *known == content);
            let is_cheap = content.sieved == Sieved::Prime;
            let place = known.or_else(|| {
                let is_wanted =
                    (is_always_computed || is_cheap) && self.contents.len() < MOST_WINDOWS;
                is_wanted.then(|| {
                    self.contents.push(content);
                    self.contents.len() - 1
                })
            });
            if let Some(place) = place {
                self.parts.insert(node, (place, content.shape));
                return;
            }
        }
        match &node.what {
            NodeForm::Both(a, b) | NodeForm::Either(a, b) => {
                self.visit(a, is_always_computed);
                self.visit(b, false);
            }
            NodeForm::If(condition, a, b) => {
                self.visit(condition, is_always_computed);
                self.visit(a, false);
                self.visit(b, false);
            }
            NodeForm::Let(slot, value, body) => {
                self.visit(value, is_always_computed);
                self.linear.define(*slot, value);
                self.visit(body, is_always_computed);
            }
            NodeForm::Reduce(_) | NodeForm::Iterate(_) => {
                node.parts().into_iter().for_each(|part| self.visit(part, false));
            }
            _ => node.parts().into_iter().for_each(|part| self.visit(part, is_always_computed)),
        }
    }

    fn content(&self, node: &Node) -> Option<Content> {
        let (sieved, argument) = match &node.what {
            NodeForm::One(UnaryFunction::Prime, argument) => {
                let argument = self.linear.of(argument)?;
                Progression::new(argument.factor, argument.offset)?;
                (Sieved::Prime, argument)
            }
            NodeForm::Call(function, arguments) => {
                let (first, more) = arguments.split_first()?;
                let more: Option<Vec<i128>> = more.iter().map(|part| part.bounds.only()).collect();
                let sieved = function.sieved(&more?)?;
                let argument = self.linear.of(first)?;
                (Sieved::Factors(sieved), (argument.factor == 1).then_some(argument)?)
            }
            _ => return None,
        };
        let shape = match (sieved, is_narrow(node)) {
            (Sieved::Prime, _) => Shape::Bits,
            (Sieved::Factors(_), true) => Shape::Narrow,
            (Sieved::Factors(_), false) => Shape::Wide,
        };
        Some(Content { sieved, argument, shape })
    }
}
