//! Parser of what binds a variable: `let` and loops.
//!
//! ```text
//! let     = "let" NAME "=" expression ";" expression
//! loop    = NAME "(" NAME "in" source [ "if" binary ] { "," expression } ")"
//! source  = range | "primes" "(" range ")" | "divisors" "(" expression ")" | "digits" "(" expression ")"
//! range   = binary ( ".." | "..=" ) binary
//! steps   = ( "iterate" | "steps" ) "(" NAME "=" expression "," [ expression "," ]
//!           [ "while" binary "," ] expression ")"
//! ```

use super::super::error::{ExpressionError, Fault};
use super::super::lex::{Lexeme, Token};
use super::super::reduction::{Iteration, Reduction, Source};
use super::super::syntax::{ReduceSyntax, Syntax, SyntaxForm};
use super::{Binding, Parsed, Parser};

const LET: &str = "write let x = a; b";
const ITERATE: &str = "write iterate(x = n, while x > 1, if even(x) { x / 2 } else { 3 * x + 1 })";

const ITEMS: &str = "items are a..b, a..=b, divisors(a), primes(a..b) or digits(a)";

const DECIMAL: &str =
    "a loop goes over decimal digits; in base b, the i-th from the end is n / b ** i % b";

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

    /// The variable of a loop that is written as in PARI/GP, `sum(d = 1, n, d)`, if one begins with the next token.
    pub(super) fn counter_here(&self) -> Option<&'a str> {
        let mut ahead = self.lexer.clone();
        let mut next = || ahead.next().ok().map(|token| token.what);
        let (Lexeme::Symbol("("), Lexeme::Name(name)) = (next()?, next()?) else { return None };
        (next() == Some(Lexeme::Symbol("="))).then_some(name)
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
        let Some(name) = self.set_here() else {
            let (first, end, is_inclusive) = self.range()?;
            return Ok(Source::Range { first, end, is_inclusive });
        };
        self.deepen()?;
        self.advance()?;
        let open = self.advance()?.start;
        let source = if name == "primes" {
            let (first, end, is_inclusive) = self.range()?;
            Source::Primes { first, end, is_inclusive }
        } else {
            let number = self.expression()?;
            if name == "digits" && self.token.what == Lexeme::Symbol(",") {
                let fault = Fault::Missing { symbol: ")", place: self.place() };
                return Err(self.error(fault).hint(DECIMAL));
            }
            if name == "divisors" { Source::Divisors(number) } else { Source::Digits(number) }
        };
        self.expect(")", open)?;
        self.depth -= 1;
        Ok(source)
    }

    /// The set whose name is next, if what is in its parentheses is all of the source: `digits(n)`, but not
    /// `digits(n)..9`.
    fn set_here(&self) -> Option<&'a str> {
        let Lexeme::Name(name @ ("primes" | "divisors" | "digits")) = self.token.what else {
            return None;
        };
        let mut ahead = self.lexer.clone();
        let mut open = 0_usize;
        loop {
            match ahead.next().ok()?.what {
                Lexeme::Symbol("(") => open += 1,
                Lexeme::Symbol(")") if open <= 1 => break,
                Lexeme::Symbol(")") => open -= 1,
                Lexeme::End => break,
                _ if open == 0 => return None,
                _ => {}
            }
        }
        let is_all = match ahead.next().ok()?.what {
            Lexeme::Symbol(symbol) => matches!(symbol, "," | ")"),
            Lexeme::Name(name) => name == "if",
            Lexeme::Number(_) => false,
            Lexeme::End => true,
        };
        is_all.then_some(name)
    }

    /// `a..b` or `a..=b`; whether with its end.
    fn range(&mut self) -> Result<(Syntax, Syntax, bool), ExpressionError> {
        let first = self.binary(1)?;
        let is_inclusive = match self.token.what {
            Lexeme::Symbol("..") => false,
            Lexeme::Symbol("..=") => true,
            _ => {
                let fault = Fault::Missing { symbol: "..", place: self.place() };
                return Err(self.error(fault).hint(ITEMS));
            }
        };
        self.advance()?;
        Ok((first, self.binary(1)?, is_inclusive))
    }

    /// `iterate(x = n, 1000, while x > 1, x / 2)`, or `steps(…)`.
    pub(super) fn iterate(&mut self, gives_steps: bool) -> Parsed {
        self.deepen()?;
        let at = self.advance()?.start;
        let open = self.advance()?.start;
        let name = self.name(ITERATE)?;
        self.require("=", ITERATE)?;
        let start = self.expression()?;
        self.require(",", ITERATE)?;
        let slot = self.bind(name);
        let (mut limit, mut condition) = (None, None);
        let mut next = None;
        if self.token.what != Lexeme::Name("while") {
            let first = self.expression()?;
            if self.token.what == Lexeme::Symbol(",") {
                self.advance()?;
                limit = Some(first);
            } else {
                next = Some(first);
            }
        }
        if next.is_none() && self.token.what == Lexeme::Name("while") {
            self.advance()?;
            condition = Some(self.binary(1)?);
            self.require(",", ITERATE)?;
        }
        let next = match next {
            Some(next) => next,
            None => self.expression()?,
        };
        let end = self.expect(")", open)?.end;
        self.scope.pop();
        self.depth -= 1;
        if limit.is_none() && condition.is_none() {
            return Err(self.error_at(at, Fault::NoEnd).hint(ITERATE));
        }
        let parts = Iteration { gives_steps, slot, start, limit, condition, next };
        Ok(Syntax { form: SyntaxForm::Iterate(Box::new(parts)), at, span: at..end })
    }

    /// Whether the next tokens begin an iteration, and whether it gives the number of steps.
    pub(super) fn iteration_here(&self) -> Option<bool> {
        let Lexeme::Name(name @ ("iterate" | "steps")) = self.token.what else { return None };
        let mut ahead = self.lexer.clone();
        let mut next = || ahead.next().ok().map(|token| token.what);
        let is_one = next() == Some(Lexeme::Symbol("("))
            && matches!(next(), Some(Lexeme::Name(_)))
            && next() == Some(Lexeme::Symbol("="));
        is_one.then_some(name == "steps")
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
