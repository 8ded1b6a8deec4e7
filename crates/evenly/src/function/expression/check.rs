//! Type checker of expressions: makes a tree from the syntax, with a kind and bounds for every part. It folds constants,
//! and refuses parts that are of the wrong kind or fail for every number.

mod binding;
mod divisor_sum;

use super::bounds;
use super::error::{ExpressionError, Fault, quote};
use super::functions::NamedFunction;
use super::lex::column;
use super::reach::{Bounds, BoundsResult, Reach};
use super::syntax::{Syntax, SyntaxForm, name_of_comparison, name_of_one, name_of_two};
use super::tree::{BinaryFunction, Comparison, Node, NodeForm, UnaryFunction};
use crate::function::Kind;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

/// The tree for numbers within `n`.
///
/// # Errors
/// The first part from the left that is of the wrong kind, or that fails for every number.
pub(super) fn check(source: &str, syntax: &Syntax, n: Bounds) -> Result<Node, ExpressionError> {
    let (variables, iterations) = (RefCell::default(), Cell::default());
    Checker { source, n, variables, iterations }.node(syntax, true)
}

struct Checker<'a> {
    source: &'a str,
    n: Bounds,
    /// By slot, as soon as it is known what they can be.
    variables: RefCell<HashMap<usize, (Kind, Bounds)>>,
    /// How many iterations stand around what is checked.
    iterations: Cell<usize>,
}

type CheckResult = Result<Node, ExpressionError>;

impl Checker<'_> {
    /// The part of the tree. `always` says that it is computed whatever n is, as far as nothing
    /// before it fails.
    fn node(&self, syntax: &Syntax, always: bool) -> CheckResult {
        match &syntax.form {
            SyntaxForm::N => Ok(self.plain(syntax, NodeForm::N, Kind::Integer, self.n)),
            SyntaxForm::Number(number) => {
                let bounds = Bounds::new(*number, *number);
                Ok(self.plain(syntax, NodeForm::Constant(*number), Kind::Integer, bounds))
            }
            SyntaxForm::Truth(truth) => {
                let value = i128::from(*truth);
                let bounds = Bounds::new(value, value);
                Ok(self.plain(syntax, NodeForm::Constant(value), Kind::Truth, bounds))
            }
            SyntaxForm::One(function, x) => self.one(syntax, *function, x, always),
            SyntaxForm::Two(function, a, b) => self.two(syntax, *function, a, b, always),
            SyntaxForm::Compare(comparison, a, b) => {
                self.compare(syntax, *comparison, a, b, always)
            }
            SyntaxForm::Both(a, b) => self.lazy(syntax, "'&&'", NodeForm::Both, a, b, always),
            SyntaxForm::Either(a, b) => self.lazy(syntax, "'||'", NodeForm::Either, a, b, always),
            SyntaxForm::If(condition, yes, no) => {
                self.condition(syntax, [condition, yes, no], always)
            }
            SyntaxForm::Call(function, arguments) => {
                self.call(syntax, *function, arguments, always)
            }
            SyntaxForm::Variable(slot) => self.variable(syntax, *slot),
            SyntaxForm::Let(slot, value, body) => self.define(syntax, *slot, (value, body), always),
            SyntaxForm::Reduce(parts) => self.reduce(syntax, parts, always),
            SyntaxForm::Iterate(parts) => self.iterate(syntax, parts, always),
        }
    }

    fn one(
        &self,
        syntax: &Syntax,
        function: UnaryFunction,
        x: &Syntax,
        always: bool,
    ) -> CheckResult {
        let by = quoted(name_of_one(function));
        let value = self.node(x, always)?;
        if function == UnaryFunction::Not {
            self.need_truth(&by, x, &value)?;
        } else {
            self.need_number(&by, x, &value)?;
        }
        let kind = match function {
            UnaryFunction::Not
            | UnaryFunction::Even
            | UnaryFunction::Odd
            | UnaryFunction::Prime => Kind::Truth,
            _ => Kind::Integer,
        };
        let known = bounds::one(function, value.bounds);
        self.known(syntax, NodeForm::One(function, Box::new(value)), kind, known, always)
    }

    fn two(
        &self,
        syntax: &Syntax,
        function: BinaryFunction,
        a: &Syntax,
        b: &Syntax,
        always: bool,
    ) -> CheckResult {
        let by = quoted(name_of_two(function));
        let (left, right) = (self.node(a, always)?, self.node(b, always)?);
        if matches!(function, BinaryFunction::And | BinaryFunction::Or | BinaryFunction::Xor) {
            self.need_same(&by, (a, &left), (b, &right))?;
        } else {
            self.need_number(&by, a, &left)?;
            self.need_number(&by, b, &right)?;
        }
        let kind = left.kind;
        let is_square = function == BinaryFunction::Multiply
            && left.what == right.what
            && matches!(left.what, NodeForm::N | NodeForm::Variable(_));
        let known = if is_square {
            bounds::square(left.bounds)
        } else {
            bounds::two(function, left.bounds, right.bounds)
        };
        let what = NodeForm::Two(function, Box::new(left), Box::new(right));
        self.known(syntax, what, kind, known, always)
    }

    fn call(
        &self,
        syntax: &Syntax,
        function: NamedFunction,
        arguments: &[Syntax],
        always: bool,
    ) -> CheckResult {
        let by = quoted(function.name());
        let mut nodes = Vec::new();
        for argument in arguments {
            let node = self.node(argument, always)?;
            self.need_number(&by, argument, &node)?;
            nodes.push(node);
        }
        let bounds: Vec<Bounds> = nodes.iter().map(|node| node.bounds).collect();
        let what = NodeForm::Call(function, nodes);
        self.known(syntax, what, function.kind(), function.bounds(&bounds), always)
    }

    fn compare(
        &self,
        syntax: &Syntax,
        comparison: Comparison,
        a: &Syntax,
        b: &Syntax,
        always: bool,
    ) -> CheckResult {
        let by = quoted(name_of_comparison(comparison));
        let (left, right) = (self.node(a, always)?, self.node(b, always)?);
        if matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
            self.need_same(&by, (a, &left), (b, &right))?;
        } else {
            self.need_number(&by, a, &left)?;
            self.need_number(&by, b, &right)?;
        }
        let bounds = bounds::compare(comparison, left.bounds, right.bounds);
        let what = NodeForm::Compare(comparison, Box::new(left), Box::new(right));
        Ok(self.plain(syntax, what, Kind::Truth, bounds))
    }

    /// `&&` and `||`: the second part is computed unless the first one decides.
    fn lazy(
        &self,
        syntax: &Syntax,
        by: &str,
        what: fn(Box<Node>, Box<Node>) -> NodeForm,
        a: &Syntax,
        b: &Syntax,
        always: bool,
    ) -> CheckResult {
        let is_both = matches!(syntax.form, SyntaxForm::Both(..));
        let left = self.node(a, always)?;
        self.need_truth(by, a, &left)?;
        let undecided = i128::from(is_both);
        let right = self.node(b, always && left.bounds.only() == Some(undecided))?;
        self.need_truth(by, b, &right)?;
        // A first part that is the same for every n: it decides, or is as good as not there.
        if let NodeForm::Constant(value) = left.what {
            return Ok(if value == undecided { right } else { left });
        }
        let (x, y) = (left.bounds, right.bounds);
        let bounds = if is_both {
            Bounds::new(x.low & y.low, x.high & y.high)
        } else {
            Bounds::new(x.low | y.low, x.high | y.high)
        };
        Ok(self.plain(syntax, what(Box::new(left), Box::new(right)), Kind::Truth, bounds))
    }

    fn condition(&self, syntax: &Syntax, parts: [&Syntax; 3], always: bool) -> CheckResult {
        let [condition, yes, no] = parts;
        let decides = self.node(condition, always)?;
        self.need_truth("'if'", condition, &decides)?;
        let decided = decides.bounds.only();
        let then = self.node(yes, always && decided == Some(1))?;
        let otherwise = self.node(no, always && decided == Some(0))?;
        self.need_same("'if'", (yes, &then), (no, &otherwise))?;
        match decides.what {
            NodeForm::Constant(0) => return Ok(otherwise),
            NodeForm::Constant(_) => return Ok(then),
            _ => {}
        }
        let (kind, bounds) = (then.kind, then.bounds.join(otherwise.bounds));
        let what = NodeForm::If(Box::new(decides), Box::new(then), Box::new(otherwise));
        Ok(self.plain(syntax, what, kind, bounds))
    }

    /// An operation of which this is known.
    fn known(
        &self,
        syntax: &Syntax,
        what: NodeForm,
        kind: Kind,
        known: BoundsResult,
        always: bool,
    ) -> CheckResult {
        let Reach { bounds, may_fail } = match known {
            Ok(reach) => reach,
            // A single number fails by name, as one of several does.
            Err(why) if always && self.n.low != self.n.high => {
                let by = match &syntax.form {
                    SyntaxForm::One(function, _) => name_of_one(*function),
                    SyntaxForm::Two(function, ..) => name_of_two(*function),
                    SyntaxForm::Call(function, _) => function.name(),
                    _ => "",
                };
                let fault = Fault::AlwaysFails { by: quoted(by), why };
                return Err(ExpressionError::new(self.column(syntax.at), fault));
            }
            // It fails wherever it is computed. Its bounds are the widest, so that no code takes it for small.
            Err(_) if kind == Kind::Truth => Reach { bounds: Bounds::TRUTH, may_fail: true },
            Err(_) => Reach { bounds: Bounds::ALL, may_fail: true },
        };
        let column = self.column(syntax.at);
        Ok(folded(Node { what, column, kind, bounds, may_fail }))
    }

    /// A part that does not fail by itself.
    fn plain(&self, syntax: &Syntax, what: NodeForm, kind: Kind, bounds: Bounds) -> Node {
        let column = self.column(syntax.at);
        folded(Node { what, column, kind, bounds, may_fail: false })
    }

    fn need_number(&self, by: &str, part: &Syntax, node: &Node) -> Result<(), ExpressionError> {
        if node.kind == Kind::Integer {
            return Ok(());
        }
        let text = self.quote(part);
        let hint = format!("write 'if {text} {{ 1 }} else {{ 0 }}'");
        Err(self.error(part, Fault::NeedsNumber { by: by.to_owned(), text }).hint(hint))
    }

    fn need_truth(&self, by: &str, part: &Syntax, node: &Node) -> Result<(), ExpressionError> {
        if node.kind == Kind::Truth {
            return Ok(());
        }
        let text = self.quote(part);
        let sign = if by == "'!'" { "==" } else { "!=" };
        let place = if by == "'!'" { " in its place" } else { "" };
        let hint = format!("write '{text} {sign} 0'{place}");
        Err(self.error(part, Fault::NeedsTruth { by: by.to_owned(), text }).hint(hint))
    }

    fn need_same(
        &self,
        by: &str,
        (a, left): (&Syntax, &Node),
        (b, right): (&Syntax, &Node),
    ) -> Result<(), ExpressionError> {
        if left.kind == right.kind {
            return Ok(());
        }
        let is_left_truth = left.kind == Kind::Truth;
        let (truth, number) = if is_left_truth { (a, b) } else { (b, a) };
        let number_node = if is_left_truth { right } else { left };
        let (blamed, is, hint) = match number_node.what {
            NodeForm::Constant(0) => (number, "a number", "write 'false' in its place".to_owned()),
            NodeForm::Constant(1) => (number, "a number", "write 'true' in its place".to_owned()),
            _ => {
                let hint = format!("write 'if {} {{ 1 }} else {{ 0 }}'", self.quote(truth));
                (truth, "true or false", hint)
            }
        };
        let fault = Fault::Unlike { by: by.to_owned(), text: self.quote(blamed), is };
        Err(self.error(blamed, fault).hint(hint))
    }

    /// An error about all of a part.
    fn error(&self, part: &Syntax, fault: Fault) -> ExpressionError {
        ExpressionError::new(self.column(part.span.start), fault)
    }

    /// What was written, in one line, if it is short.
    fn quote(&self, part: &Syntax) -> String {
        quote(&self.source[part.span.clone()])
    }

    fn column(&self, at: usize) -> usize {
        column(self.source, at)
    }
}

fn quoted(name: &str) -> String {
    format!("'{name}'")
}

/// The same as a constant, if it is the same for every n and cannot fail.
fn folded(node: Node) -> Node {
    match node.bounds.only() {
        Some(value) if !node.can_fail() => Node { what: NodeForm::Constant(value), ..node },
        _ => node,
    }
}
