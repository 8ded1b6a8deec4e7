//! Windows of an expression: which parts have values that a sieve computes together, and these values.
//!
//! A part has a window if it is a function of the prime factors of n + b, or `prime` of a * n + b. A window is filled for the
//! numbers at hand where that costs less than a call for each number; elsewhere machine code makes the calls.

use super::code::{WindowPlan, is_narrow};
use super::linear::{Linear, LinearParts};
use super::prime_windows::PrimeWindows;
use super::tree::{Node, NodeForm, UnaryFunction};
use crate::function::factor_sieve::{FactorFunction, FactorSieve};
use crate::function::jit::{Cells, MOST_WINDOWS, Shape, Window};
use crate::function::prime::Progressions;
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
    primes: PrimeWindows,
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
        let mut primes = PrimeWindows::default();
        for (place, content) in search.contents.iter().enumerate() {
            if content.sieved == Sieved::Prime {
                primes.add(place, content.argument);
            }
        }
        (Self { contents: search.contents, windows, primes, ..Self::default() }, plan)
    }

    /// Says which windows a filter reads.
    pub(super) fn filter(&mut self, places: &[usize]) {
        self.primes.filter(places);
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
    /// them or for none. `filters` says whether the filter is used, if there is one.
    pub(super) fn cover(&mut self, part: Interval, filters: bool) -> Interval {
        if self.contents.is_empty() {
            return part;
        }
        let run = self.last_run.map_or(1, |run| run.len());
        let chunk = self.ahead.and_then(|last| Interval::new(part.first(), last));
        let ahead = part.len().max(run).max(chunk.map_or(1, |chunk| chunk.len()));
        let ahead = u64::try_from(ahead).unwrap_or(u64::MAX);
        let first = part.first();
        let mut last = part.last();
        for (place, content) in self.contents.iter().enumerate() {
            if self.windows[place].covered_up_to(first).is_none() {
                match content.sieved {
                    Sieved::Factors(function) => {
                        let argument = content.argument;
                        let window = &mut self.windows[place];
                        fill(window, function, argument, first, ahead, &mut self.factors);
                    }
                    Sieved::Prime => {
                        self.primes.fill(place, first, ahead, filters, &mut self.windows);
                    }
                }
            }
            last = last.min(match self.windows[place].covered_up_to(first) {
                Some(covered) => covered,
                None => content.last_outside(first),
            });
        }
        Interval::new(first, last.max(first)).unwrap_or(part)
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
}

/// Fills a window with values of a function of the factors of its argument, from n on, if that pays for `ahead` numbers.
fn fill(
    window: &mut Window,
    function: FactorFunction,
    argument: Linear,
    n: i64,
    ahead: u64,
    factors: &mut FactorSieve,
) {
    let argument = argument.at(n).and_then(|first| i64::try_from(first).ok());
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
                Progressions::new(argument.factor, argument.offset)?;
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
