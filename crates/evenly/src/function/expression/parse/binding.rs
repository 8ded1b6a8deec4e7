//! Parser of what binds a variable: `let` and loops.
//!
//! ```text
//! let     = "let" NAME "=" expression ";" expression
//! loop    = NAME "(" NAME "in" source [ "if" binary ] { "," expression } ")"
//! source  = binary ( ".." | "..=" ) binary
//! ```

use super::super::error::{ExpressionError, Fault};
use super::super::lex::{Lexeme, Token};
use super::super::reduction::{Reduction, Source};
use super::super::syntax::{ReduceSyntax, Syntax, SyntaxForm};
use super::{Binding, Parsed, Parser};

const LET: &str = "write let x = a; b";

/// Words that cannot name a variable.
const RESERVED: [&str; 10] =
    ["n", "true", "false", "if", "else", "let", "in", "while", "mod", "div"];

impl<'a> Parser<'a> {
    /// A value, with definitions before it.
    pub(super) fn expression(&mut self) -> Parsed {
        if self.token.what != Lexeme::Name("let") {
            return self.binary(1);
        }
        self.deepen()?;
        let at = self.advance()?.start;
        let name = self.name(LET)?;
        self.require("=", LET)?;
        let value = self.expression()?;
        self.require(";", LET)?;
        let slot = self.bind(name);
        let body = self.expression()?;
        self.scope.pop();
        self.depth -= 1;
        let span = at..body.span.end;
        Ok(Syntax { form: SyntaxForm::Let(slot, Box::new(value), Box::new(body)), at, span })
    }

    /// The loop that begins with the next token, if one does.
    pub(super) fn loop_here(&self) -> Option<Reduction> {
        let Lexeme::Name(name) = self.token.what else { return None };
        let reduction = Reduction::named(name)?;
        let mut ahead = self.lexer.clone();
        let mut next = || ahead.next().ok().map(|token| token.what);
        let is_loop = next() == Some(Lexeme::Symbol("("))
            && matches!(next(), Some(Lexeme::Name(_)))
            && next() == Some(Lexeme::Name("in"));
        is_loop.then_some(reduction)
    }

    /// `sum(d in 1..n if n % d == 0, d)`
    pub(super) fn reduce(&mut self, reduction: Reduction) -> Parsed {
        self.deepen()?;
        let at = self.advance()?.start;
        let open = self.advance()?.start;
        let name = self.name(reduction.example())?;
        self.advance()?;
        let source = self.source()?;
        let slot = self.bind(name);
        let mut condition = None;
        if self.token.what == Lexeme::Name("if") {
            self.advance()?;
            condition = Some(self.binary(1)?);
        }
        let mut arguments = Vec::new();
        while self.token.what == Lexeme::Symbol(",") {
            self.advance()?;
            arguments.push(self.expression()?);
        }
        let end = self.expect(")", open)?.end;
        self.scope.pop();
        self.depth -= 1;
        let given = arguments.len();
        let conditions = usize::from(condition.is_some());
        let (takes, is_right) = match reduction {
            Reduction::Sum | Reduction::Product => ("one value behind its items", given == 1),
            Reduction::Min | Reduction::Max => {
                ("one value behind its items and perhaps a default", given == 1 || given == 2)
            }
            Reduction::All => ("one condition behind its items", given == 1),
            Reduction::Count | Reduction::Any => {
                ("one condition", given < 2 && given + conditions > 0)
            }
            Reduction::Find => {
                ("a condition and perhaps a default", given < 3 && given + conditions > 0)
            }
        };
        if !is_right {
            let fault = Fault::Arguments { function: reduction.name().to_owned(), takes, given };
            return Err(self.error_at(at, fault).hint(format!("write {}", reduction.example())));
        }
        let form = ReduceSyntax { reduction, slot, source, condition, arguments };
        Ok(Syntax { form: SyntaxForm::Reduce(Box::new(form)), at, span: at..end })
    }

    /// What a loop goes over.
    fn source(&mut self) -> Result<Source<Syntax>, ExpressionError> {
        let first = self.binary(1)?;
        let is_inclusive = match self.token.what {
            Lexeme::Symbol("..") => false,
            Lexeme::Symbol("..=") => true,
            _ => {
                let fault = Fault::Missing { symbol: "..", place: self.place() };
                return Err(self.error(fault).hint("items are written a..b or a..=b"));
            }
        };
        self.advance()?;
        let end = self.binary(1)?;
        Ok(Source::Range { first, end, is_inclusive })
    }

    /// The variable that has this name here.
    pub(super) fn variable(&self, name: &str) -> Option<usize> {
        self.scope.iter().rev().find(|bound| bound.name == name).map(|bound| bound.slot)
    }

    fn bind(&mut self, name: &'a str) -> usize {
        let slot = self.slots;
        self.slots += 1;
        self.scope.push(Binding { name, slot });
        slot
    }

    /// The name of a new variable.
    fn name(&mut self, hint: &str) -> Result<&'a str, ExpressionError> {
        match self.token.what {
            Lexeme::Name(name) if RESERVED.contains(&name) => {
                let fault = Fault::ReservedName(name.to_owned());
                Err(self.error(fault).hint("choose another name"))
            }
            Lexeme::Name(name) => {
                self.advance()?;
                Ok(name)
            }
            _ => Err(self.error(Fault::MissingName(self.place())).hint(hint)),
        }
    }

    fn require(&mut self, symbol: &'static str, hint: &str) -> Result<Token<'a>, ExpressionError> {
        if self.token.what == Lexeme::Symbol(symbol) {
            return self.advance();
        }
        Err(self.error(Fault::Missing { symbol, place: self.place() }).hint(hint))
    }
}
