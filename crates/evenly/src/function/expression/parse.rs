//! Parser of expressions: recursive descent, with precedence climbing for binary operators.
//!
//! ```text
//! expression = { "let" NAME "=" expression ";" } binary
//! binary  = unary { INFIX unary }       by level, to the left; comparisons not twice
//! unary   = { "-" | "!" } power
//! power   = value [ "**" unary ]        so to the right, and -2 ** 2 is -(2 ** 2)
//! value   = NUMBER | "n" | "true" | "false" | NAME | "(" expression ")" | call | if | loop
//! call    = NAME "(" expression { "," expression } ")"
//! if      = "if" binary "{" expression "}" "else" ( "{" expression "}" | if )
//! ```
//!
//! `binding` has loops.

mod binding;

use super::error::{ExpressionError, Fault, Place, quote};
use super::lex::{LARGEST, Lexeme, Lexer, Token, column};
use super::names;
use super::reduction::Reduction;
use super::syntax::{
    COMPARISON_LEVEL, CalledFunction, Callee, INFIX, Infix, Syntax, SyntaxForm, arguments_of,
    callee,
};
use super::tree::{BinaryFunction, UnaryFunction};

/// Longer sources are refused: they would not fit into the welcome of an agent.
pub(super) const MAX_BYTES: usize = evenly_core::hello::MAX_TEXT;

/// Deeper ones are refused, so that no source overflows the stack.
pub(super) const MAX_DEPTH: usize = 100;

const IF: &str = "write if c { a } else { b }";

/// What the source says.
///
/// # Errors
/// The first thing from the left that is wrong with it.
pub(super) fn parse(source: &str) -> Result<Syntax, ExpressionError> {
    if source.len() > MAX_BYTES {
        let fitting = source.char_indices().take_while(|(at, c)| at + c.len_utf8() <= MAX_BYTES);
        let fault = Fault::TooLong { limit: MAX_BYTES };
        return Err(ExpressionError::new(fitting.count() + 1, fault));
    }
    let mut lexer = Lexer::new(source);
    let token = lexer.next()?;
    if token.what == Lexeme::End {
        let example = "n % 7 == 3 && prime(n) is one";
        return Err(ExpressionError::new(1, Fault::Empty).hint(example));
    }
    let mut parser =
        Parser { source, lexer, token, last: token, depth: 0, scope: Vec::new(), slots: 0 };
    let tree = parser.expression()?;
    if parser.token.what == Lexeme::End { Ok(tree) } else { Err(parser.stray()) }
}

struct Parser<'a> {
    source: &'a str,
    lexer: Lexer<'a>,
    /// The next one.
    token: Token<'a>,
    /// The one before it.
    last: Token<'a>,
    /// How deep it stands.
    depth: usize,
    /// Variables that are bound here, the innermost last.
    scope: Vec<Binding<'a>>,
    /// How many variables there are so far.
    slots: usize,
}

/// A variable that can be used where the parser is.
#[derive(Clone, Copy, Debug)]
struct Binding<'a> {
    name: &'a str,
    slot: usize,
}

type Parsed = Result<Syntax, ExpressionError>;

impl<'a> Parser<'a> {
    /// Values with operators between them that bind at least so tightly.
    fn binary(&mut self, level: u8) -> Parsed {
        let mut left = self.unary()?;
        while let Some((infix, at_level)) = self.infix().filter(|(_, at)| *at >= level) {
            let at = self.advance()?;
            let right = self.binary(at_level + 1)?;
            if at_level == COMPARISON_LEVEL {
                self.refuse_chain(&right)?;
            }
            let span = left.span.start..right.span.end;
            let (left_side, right) = (Box::new(left), Box::new(right));
            let form = match infix {
                Infix::Two(function) => SyntaxForm::Two(function, left_side, right),
                Infix::Compare(comparison) => SyntaxForm::Compare(comparison, left_side, right),
                Infix::Both => SyntaxForm::Both(left_side, right),
                Infix::Either => SyntaxForm::Either(left_side, right),
            };
            left = Syntax { form, at: at.start, span };
        }
        Ok(left)
    }

    /// The operator that stands here, and how tightly it binds.
    fn infix(&self) -> Option<(Infix, u8)> {
        let (Lexeme::Symbol(word) | Lexeme::Name(word)) = self.token.what else { return None };
        INFIX.iter().find(|(name, ..)| *name == word).map(|(_, level, infix)| (*infix, *level))
    }

    /// Refuses a comparison behind one whose right side was `middle`.
    fn refuse_chain(&self, middle: &Syntax) -> Result<(), ExpressionError> {
        if self.infix().is_none_or(|(_, level)| level != COMPARISON_LEVEL) {
            return Ok(());
        }
        let (sign, middle) = (self.text(), quote(&self.source[middle.span.clone()]));
        if let Some(bit) = ['&', '|'].into_iter().find(|bit| middle.contains(*bit)) {
            return Err(self.error(Fault::Chained).hint(format!(
                "'{bit}' joins the bits of two numbers, and before the comparisons beside it; write '{bit}{bit}' to \
                 join two comparisons"
            )));
        }
        Err(self
            .error(Fault::Chained)
            .hint(format!("write '&& {middle} {sign}' for this '{sign}'")))
    }

    fn unary(&mut self) -> Parsed {
        let function = match self.token.what {
            Lexeme::Symbol("-") => UnaryFunction::Negate,
            Lexeme::Symbol("!") => UnaryFunction::Not,
            _ => return self.power(),
        };
        self.deepen()?;
        let sign = self.advance()?;
        // The lowest number of 128 bits: without its sign it does not fit.
        if function == UnaryFunction::Negate && self.token.what == Lexeme::Number(LARGEST) {
            let number = self.advance()?;
            if self.token.what == Lexeme::Symbol("**") {
                return Err(self.error_at(number.start, Fault::NumberTooLarge));
            }
            self.depth -= 1;
            let (at, span) = (sign.start, sign.start..number.end);
            return Ok(Syntax { form: SyntaxForm::Number(i128::MIN), at, span });
        }
        let value = self.unary()?;
        self.depth -= 1;
        let span = sign.start..value.span.end;
        Ok(Syntax { form: SyntaxForm::One(function, Box::new(value)), at: sign.start, span })
    }

    fn power(&mut self) -> Parsed {
        let base = self.value()?;
        if self.token.what != Lexeme::Symbol("**") {
            return Ok(base);
        }
        self.deepen()?;
        let at = self.advance()?.start;
        let exponent = self.unary()?;
        self.depth -= 1;
        let span = base.span.start..exponent.span.end;
        Ok(Syntax {
            form: SyntaxForm::Two(BinaryFunction::Power, Box::new(base), Box::new(exponent)),
            at,
            span,
        })
    }

    fn value(&mut self) -> Parsed {
        let token = self.token;
        if let Some(reduction) = self.loop_here() {
            return self.reduce(reduction);
        }
        if let Some(gives_steps) = self.iteration_here() {
            return self.iterate(gives_steps);
        }
        let form = match token.what {
            Lexeme::Number(number) => {
                let number = i128::try_from(number);
                SyntaxForm::Number(number.map_err(|_| self.error(Fault::NumberTooLarge))?)
            }
            Lexeme::Name("if") => return self.condition(),
            Lexeme::Name(name) if self.is_called() => return self.call(name),
            Lexeme::Name("n") => SyntaxForm::N,
            Lexeme::Name("true") => SyntaxForm::Truth(true),
            Lexeme::Name("false") => SyntaxForm::Truth(false),
            Lexeme::Name("let") => {
                let fault = Fault::Stray("let".to_owned());
                return Err(self
                    .error(fault)
                    .hint("definitions inside stand in parentheses: (let x = a; b)"));
            }
            Lexeme::Name(name) => match self.variable(name) {
                Some(slot) => SyntaxForm::Variable(slot),
                None => return Err(self.bare(name)),
            },
            Lexeme::Symbol("(") => return self.parenthesis(),
            Lexeme::Symbol("+") => {
                return Err(self.error(Fault::UnaryPlus).hint("leave it out"));
            }
            Lexeme::Symbol(_) | Lexeme::End => {
                return Err(self.error(Fault::MissingValue(self.place())));
            }
        };
        self.advance()?;
        Ok(Syntax { form, at: token.start, span: token.start..token.end })
    }

    fn parenthesis(&mut self) -> Parsed {
        self.deepen()?;
        let open = self.advance()?.start;
        let mut inner = self.expression()?;
        let close = self.expect(")", open)?;
        self.depth -= 1;
        inner.span = open..close.end;
        Ok(inner)
    }

    /// `if c { a } else { b }`
    fn condition(&mut self) -> Parsed {
        self.deepen()?;
        let at = self.advance()?.start;
        let condition = self.binary(1)?;
        let (yes, _) = self.braces()?;
        if self.token.what != Lexeme::Name("else") {
            return Err(self.error_at(at, Fault::NoElse).hint(IF));
        }
        self.advance()?;
        let (no, end) = if self.token.what == Lexeme::Name("if") {
            let no = self.condition()?;
            let end = no.span.end;
            (no, end)
        } else {
            self.braces()?
        };
        self.depth -= 1;
        let form = SyntaxForm::If(Box::new(condition), Box::new(yes), Box::new(no));
        Ok(Syntax { form, at, span: at..end })
    }

    /// What stands in braces, and where it ends.
    fn braces(&mut self) -> Result<(Syntax, usize), ExpressionError> {
        if self.token.what != Lexeme::Symbol("{") {
            let fault = Fault::Missing { symbol: "{", place: self.place() };
            return Err(self.error(fault).hint(IF));
        }
        let open = self.advance()?.start;
        let inner = self.expression()?;
        Ok((inner, self.expect("}", open)?.end))
    }

    fn call(&mut self, name: &str) -> Parsed {
        let Some(takes) = arguments_of(name) else {
            let is_value = ["n", "true", "false"].contains(&name) || self.variable(name).is_some();
            return Err(if let Some(reduction) = Reduction::named(name) {
                let hint = match self.counter_here() {
                    Some(counter) => format!("write {name}({counter} in a..=b, e)"),
                    None => format!("write {}", reduction.example()),
                };
                self.error(Fault::NoItems(name.to_owned())).hint(hint)
            } else if is_value {
                let hint = format!("to multiply, write {name} * (…)");
                self.error(Fault::NotAFunction(name.to_owned())).hint(hint)
            } else {
                self.unknown(name, true)
            });
        };
        self.deepen()?;
        let at = self.advance()?.start;
        let open = self.advance()?.start;
        let mut arguments = Vec::new();
        if self.token.what != Lexeme::Symbol(")") {
            arguments.push(self.expression()?);
            while self.token.what == Lexeme::Symbol(",") {
                self.advance()?;
                arguments.push(self.expression()?);
            }
        }
        let end = self.expect(")", open)?.end;
        self.depth -= 1;
        let given = arguments.len();
        let Some(callee) = callee(name, given) else {
            let function = name.to_owned();
            return Err(self.error_at(at, Fault::Arguments { function, takes, given }));
        };
        let whole = |form| Syntax { form, at, span: at..end };
        let joined = match callee {
            Callee::Named(function) => return Ok(whole(SyntaxForm::Call(function, arguments))),
            Callee::Own(CalledFunction::One(function)) => arguments
                .into_iter()
                .next()
                .map(|only| whole(SyntaxForm::One(function, Box::new(only)))),
            Callee::Own(CalledFunction::Two(function) | CalledFunction::Many(function)) => {
                arguments.into_iter().reduce(|left, right| {
                    whole(SyntaxForm::Two(function, Box::new(left), Box::new(right)))
                })
            }
        };
        joined.ok_or_else(|| self.error_at(at, Fault::Empty)) // cannot be: there is one at least
    }

    /// The error for a name that stands alone where a value should.
    fn bare(&self, name: &str) -> ExpressionError {
        if let Some(reduction) = Reduction::named(name) {
            let hint = format!("write {}", reduction.example());
            return self.error(Fault::NoItems(name.to_owned())).hint(hint);
        }
        let Some(takes) = arguments_of(name) else {
            return self.unknown(name, false);
        };
        let form = match takes {
            "three values" => "(a, b, c)",
            _ if callee(name, 1).is_some() => "(n)",
            _ => "(a, b)",
        };
        self.error(Fault::NoArguments(name.to_owned())).hint(format!("write {name}{form}"))
    }

    fn unknown(&self, name: &str, is_called: bool) -> ExpressionError {
        let variables = self.scope.iter().map(|bound| bound.name);
        names::unknown(name, self.column(self.token.start), is_called, variables)
    }

    /// Takes the symbol that closes what was opened at `open`.
    fn expect(&mut self, symbol: &'static str, open: usize) -> Result<Token<'a>, ExpressionError> {
        match self.token.what {
            Lexeme::Symbol(here) if here == symbol => self.advance(),
            Lexeme::End | Lexeme::Symbol(")" | "}" | "{") | Lexeme::Name("else") => {
                let opened = &self.source[open..=open];
                let hint = format!("'{opened}' at column {} is not closed", self.column(open));
                Err(self.error(Fault::Missing { symbol, place: self.place() }).hint(hint))
            }
            _ => Err(self.stray()),
        }
    }

    /// The error for a word behind a value that cannot stand there.
    fn stray(&self) -> ExpressionError {
        let text = self.text();
        if let Some(hint) = names::foreign_operator(text) {
            return self.error(Fault::NoSuchOperator(text.to_owned())).hint(hint);
        }
        match self.token.what {
            Lexeme::Symbol("=") => {
                self.error(Fault::NoSuchOperator(text.to_owned())).hint("did you mean '=='?")
            }
            Lexeme::Symbol(".." | "..=") => self
                .error(Fault::NoSuchOperator(text.to_owned()))
                .hint("a range is an argument of its own, behind the expression"),
            Lexeme::Name("else") => self.error(Fault::Stray(text.to_owned())).hint(IF),
            Lexeme::Number(_) | Lexeme::Name(_) | Lexeme::Symbol("(") => {
                let before = &self.source[self.last.start..self.last.end];
                let behind = if text == "(" { "(…)" } else { text };
                let hint = format!("to multiply, write {before} * {behind}");
                self.error(Fault::MissingOperator(text.to_owned())).hint(hint)
            }
            Lexeme::Symbol("!") => {
                let error = self.error(Fault::MissingOperator(text.to_owned()));
                error.hint("a factorial is factorial(a), and unequal is '!='")
            }
            _ => {
                let error = self.error(Fault::Stray(text.to_owned()));
                match text {
                    ")" => error.hint("nothing is open that it could close"),
                    ";" => error
                        .hint("it stands between a definition and what it is for: let x = a; b"),
                    "," => error.hint("it separates the arguments of a function"),
                    _ => error.hint(IF),
                }
            }
        }
    }

    /// Whether parentheses follow the next token.
    fn is_called(&self) -> bool {
        self.source[self.token.end..].trim_start().starts_with('(')
    }

    /// Takes the next token.
    fn advance(&mut self) -> Result<Token<'a>, ExpressionError> {
        self.last = self.token;
        self.token = self.lexer.next()?;
        Ok(self.last)
    }

    /// Goes a level deeper, if there is one.
    fn deepen(&mut self) -> Result<(), ExpressionError> {
        self.depth += 1;
        let limit = MAX_DEPTH;
        if self.depth > limit { Err(self.error(Fault::TooDeep { limit })) } else { Ok(()) }
    }

    /// The text of the next token.
    fn text(&self) -> &'a str {
        &self.source[self.token.start..self.token.end]
    }

    fn place(&self) -> Place {
        match self.token.what {
            Lexeme::End => Place::End,
            _ => Place::Before(self.text().to_owned()),
        }
    }

    fn column(&self, at: usize) -> usize {
        column(self.source, at)
    }

    fn error(&self, fault: Fault) -> ExpressionError {
        self.error_at(self.token.start, fault)
    }

    fn error_at(&self, at: usize, fault: Fault) -> ExpressionError {
        ExpressionError::new(self.column(at), fault)
    }
}
