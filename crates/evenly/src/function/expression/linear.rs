//! Parts of an expression that are a * n + b with constants a and b.

use super::tree::{BinaryFunction, Node, NodeForm, UnaryFunction};
use std::collections::HashMap;

/// `factor * n + offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Linear {
    pub(super) factor: i128,
    pub(super) offset: i128,
}

impl Linear {
    /// The value for n, if it fits.
    pub(super) fn at(self, n: i64) -> Option<i128> {
        self.factor.checked_mul(n.into())?.checked_add(self.offset)
    }

    fn plus(self, other: Self) -> Option<Self> {
        let factor = self.factor.checked_add(other.factor)?;
        Some(Self { factor, offset: self.offset.checked_add(other.offset)? })
    }

    fn times(self, by: i128) -> Option<Self> {
        let factor = self.factor.checked_mul(by)?;
        Some(Self { factor, offset: self.offset.checked_mul(by)? })
    }
}

/// Which parts are so: variables of `let` are what they were defined as.
#[derive(Debug, Default)]
pub(super) struct LinearParts {
    by_slot: HashMap<usize, Linear>,
}

impl LinearParts {
    /// Defines a variable, if its value is so.
    pub(super) fn define(&mut self, slot: usize, value: &Node) {
        if let Some(linear) = self.of(value) {
            self.by_slot.insert(slot, linear);
        }
    }

    /// `None` if the part is not so, or may fail.
    pub(super) fn of(&self, node: &Node) -> Option<Linear> {
        if node.may_fail {
            return None;
        }
        match &node.what {
            NodeForm::N => Some(Linear { factor: 1, offset: 0 }),
            NodeForm::Constant(offset) => Some(Linear { factor: 0, offset: *offset }),
            NodeForm::Variable(slot) => self.by_slot.get(slot).copied(),
            NodeForm::One(UnaryFunction::Negate, a) => self.of(a)?.times(-1),
            NodeForm::Two(BinaryFunction::Add, a, b) => self.of(a)?.plus(self.of(b)?),
            NodeForm::Two(BinaryFunction::Subtract, a, b) => {
                self.of(a)?.plus(self.of(b)?.times(-1)?)
            }
            NodeForm::Two(BinaryFunction::Multiply, a, b) => {
                let (a, b) = (self.of(a)?, self.of(b)?);
                match (a.factor, b.factor) {
                    (0, _) => b.times(a.offset),
                    (_, 0) => a.times(b.offset),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}
