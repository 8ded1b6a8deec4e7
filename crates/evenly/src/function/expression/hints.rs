//! Hints about valid expressions that may surprise: `/` and `%` with a left side that may be negative.

use super::tree::{BinaryFunction, Comparison, Node, NodeForm};

/// One line for `%` and one for `/`, where the first of them stands whose left side may be negative. Columns count from
/// behind the first `before` characters.
pub(super) fn hints(tree: &Node, before: usize) -> Vec<String> {
    let mut found = DivisionColumns::default();
    found.walk(tree);
    let remainder = found.remainder.map(|column| {
        let column = column - before;
        format!(
            "column {column}: '%' has the sign of its left side, which may be negative here; \
             'mod' is never negative"
        )
    });
    let quotient = found.quotient.map(|column| {
        let column = column - before;
        format!(
            "column {column}: '/' rounds towards zero, and its left side may be negative here; \
             'div' goes with 'mod'"
        )
    });
    remainder.into_iter().chain(quotient).collect()
}

#[derive(Default)]
struct DivisionColumns {
    remainder: Option<usize>,
    quotient: Option<usize>,
}

impl DivisionColumns {
    fn walk(&mut self, node: &Node) {
        match &node.what {
            NodeForm::Two(function, a, b) => {
                self.walk(a);
                let found = match function {
                    BinaryFunction::Remainder => Some(&mut self.remainder),
                    BinaryFunction::Divide => Some(&mut self.quotient),
                    _ => None,
                };
                if let Some(found) = found
                    && a.bounds.low < 0
                {
                    found.get_or_insert(node.column);
                }
                self.walk(b);
            }
            NodeForm::Compare(comparison, a, b) => {
                // Whether a remainder is 0 does not depend on its sign.
                let is_zero = b.what == NodeForm::Constant(0)
                    && matches!(comparison, Comparison::Equal | Comparison::NotEqual);
                match &a.what {
                    NodeForm::Two(BinaryFunction::Remainder, left, right) if is_zero => {
                        self.walk(left);
                        self.walk(right);
                    }
                    _ => self.walk(a),
                }
                self.walk(b);
            }
            _ => node.parts().into_iter().for_each(|part| self.walk(part)),
        }
    }
}
