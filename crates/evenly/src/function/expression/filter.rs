//! Filter of an expression that begins with `prime(…) && …`: which numbers of a part its windows let through.
//!
//! The windows have a bit for each number, so 64 numbers are decided at once. Only numbers that pass are computed, and
//! none if the whole expression is such a conjunction and the windows are exact.

use super::tree::{Node, NodeForm};
use crate::function::jit::{Shape, Window};
use evenly_core::Interval;
use std::collections::HashMap;
use std::ptr;

/// The windows of the first parts of a conjunction.
#[derive(Debug, Default)]
pub(super) struct Filter {
    places: Vec<usize>,
    is_whole: bool,
}

impl Filter {
    /// The filter of a tree, whose parts have these windows.
    pub(super) fn of(tree: &Node, windows: &HashMap<*const Node, (usize, Shape)>) -> Self {
        let mut parts = Vec::new();
        conjuncts(tree, &mut parts);
        let bits = parts.iter().map_while(|part| match windows.get(&ptr::from_ref(*part)) {
            Some((place, Shape::Bits)) => Some(*place),
            _ => None,
        });
        let places: Vec<usize> = bits.collect();
        Self { is_whole: places.len() == parts.len(), places }
    }

    /// The places of its windows.
    pub(super) fn places(&self) -> &[usize] {
        &self.places
    }

    /// Whether a number that passes satisfies the expression.
    pub(super) fn decides(&self, windows: &[Window]) -> bool {
        self.is_whole && self.places.iter().all(|place| windows[*place].is_exact())
    }

    /// Whether it can be applied to these numbers: there are windows, and they have all values.
    pub(super) fn has(&self, windows: &[Window], part: Interval) -> bool {
        let covers = |place: &usize| {
            let covered = windows.get(*place).and_then(|window| window.covered_up_to(part.first()));
            covered.is_some_and(|last| part.last() <= last)
        };
        !self.places.is_empty() && self.places.iter().all(covers)
    }

    /// The numbers that pass, in words: each with the number that its lowest bit stands for.
    pub(super) fn words<'a>(
        &self,
        windows: &'a [Window],
        part: Interval,
    ) -> impl Iterator<Item = (i64, u64)> + use<'a> {
        let begin = part.first() & !63;
        let columns: Vec<&[u64]> =
            self.places.iter().map(|place| windows[*place].words_from(begin)).collect();
        let last = part.last().abs_diff(begin) / 64;
        let below = part.first().abs_diff(begin);
        let above = 63 - part.last().abs_diff(begin) % 64;
        (0..=last).zip((begin..=part.last()).step_by(64)).map(move |(at, n)| {
            let word = |column: &&[u64]| column.get(at as usize).copied().unwrap_or(0);
            let mut bits = columns.iter().map(word).fold(u64::MAX, |bits, word| bits & word);
            if at == 0 {
                bits &= u64::MAX << below;
            }
            if at == last {
                bits &= u64::MAX >> above;
            }
            (n, bits)
        })
    }
}

/// The parts of a conjunction, in the order in which they are computed.
fn conjuncts<'a>(node: &'a Node, parts: &mut Vec<&'a Node>) {
    match &node.what {
        NodeForm::Both(a, b) => {
            conjuncts(a, parts);
            conjuncts(b, parts);
        }
        _ => parts.push(node),
    }
}
