//! Hints about valid expressions that may surprise: `/` and `%` with a left side that may be negative, and remainders of powers
//! beyond 128 bits.

use super::tree::{BinaryFunction, Comparison, Node, NodeForm};

/// One line for `%`, one for `/` and one for a power, where the first of them stands. Columns count from
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
    let power = found.power.map(|column| {
        let column = column - before;
        format!(
            "column {column}: '**' fails beyond 128 bits; powmod(a, b, m) is a ** b mod m and does not"
        )
    });
    remainder.into_iter().chain(quotient).chain(power).collect()
}

#[derive(Default)]
struct DivisionColumns {
    remainder: Option<usize>,
    quotient: Option<usize>,
    /// The remainder of a power that may be beyond 128 bits.
    power: Option<usize>,
}

impl DivisionColumns {
    fn remainder_of_power(&mut self, function: BinaryFunction, a: &Node) {
        let is_remainder = matches!(function, BinaryFunction::Remainder | BinaryFunction::Modulo);
        if let NodeForm::Two(BinaryFunction::Power, ..) = a.what
            && is_remainder
            && a.may_fail
        {
            self.power.get_or_insert(a.column);
        }
    }

    fn walk(&mut self, node: &Node) {
        match &node.what {
            NodeForm::Two(function, a, b) => {
                self.walk(a);
                self.remainder_of_power(*function, a);
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
                        self.remainder_of_power(BinaryFunction::Remainder, left);
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
