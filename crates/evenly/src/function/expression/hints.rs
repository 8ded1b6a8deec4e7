//! Hints about valid expressions that may surprise: `/` and `%` with a left side that may be negative.

use super::tree::{Comparison, Node, Two, What};

/// One line for `%` and one for `/`, where the first of them stands whose left side may be negative.
pub(super) fn hints(tree: &Node) -> Vec<String> {
    let mut found = Found::default();
    found.walk(tree);
    let remainder = found.remainder.map(|column| {
        format!(
            "column {column}: '%' has the sign of its left side, which may be negative here; \
             'mod' is never negative"
        )
    });
    let quotient = found.quotient.map(|column| {
        format!(
            "column {column}: '/' rounds towards zero, and its left side may be negative here; \
             'div' goes with 'mod'"
        )
    });
    remainder.into_iter().chain(quotient).collect()
}

#[derive(Default)]
struct Found {
    remainder: Option<usize>,
    quotient: Option<usize>,
}

impl Found {
    fn walk(&mut self, node: &Node) {
        match &node.what {
            What::N | What::Constant(_) => {}
            What::One(_, x) => self.walk(x),
            What::Two(function, a, b) => {
                self.walk(a);
                let found = match function {
                    Two::Remainder => Some(&mut self.remainder),
                    Two::Divide => Some(&mut self.quotient),
                    _ => None,
                };
                if let Some(found) = found
                    && a.bounds.low < 0
                {
                    found.get_or_insert(node.column);
                }
                self.walk(b);
            }
            What::Compare(comparison, a, b) => {
                // Whether a remainder is 0 does not depend on its sign.
                let is_zero = b.what == What::Constant(0)
                    && matches!(comparison, Comparison::Equal | Comparison::NotEqual);
                match &a.what {
                    What::Two(Two::Remainder, left, right) if is_zero => {
                        self.walk(left);
                        self.walk(right);
                    }
                    _ => self.walk(a),
                }
                self.walk(b);
            }
            What::Both(a, b) | What::Either(a, b) => {
                self.walk(a);
                self.walk(b);
            }
            What::If(condition, yes, no) => {
                self.walk(condition);
                self.walk(yes);
                self.walk(no);
            }
        }
    }
}
