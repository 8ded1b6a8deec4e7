//! Errors of an expression: the column, the fault and a suggestion.

use evenly_core::Arithmetic;
use std::fmt;

/// An expression that cannot be used. It is displayed in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpressionError {
    /// The character of the source that is to blame, from 1; one more than it has if it ends early.
    pub column: usize,
    /// What is wrong.
    pub fault: Fault,
    /// What was probably meant, if that can be guessed.
    pub hint: Option<String>,
}

/// What is wrong with an expression. Texts in it are parts of its source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It has too many bytes to travel to other machines.
    #[error("the expression is longer than {limit} bytes")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// Parentheses, calls, signs and conditions stand too deep in one another.
    #[error("nested more than {limit} deep")]
    TooDeep {
        /// So deep they may stand.
        limit: usize,
    },
    /// There is none.
    #[error("the expression is empty")]
    Empty,
    /// A character that has no meaning here.
    #[error("unexpected character '{}'", .0.escape_debug())]
    Character(char),
    /// Something that other languages have.
    #[error("there is no operator '{0}'")]
    NoSuchOperator(String),
    /// Something that begins like a number.
    #[error("'{0}' is not a number")]
    NotANumber(String),
    /// A number with a point.
    #[error("'{0}' is not a whole number")]
    NotWhole(String),
    /// A number beyond 128 bits.
    #[error("the number does not fit 128 bits")]
    NumberTooLarge,
    /// A name that is not known.
    #[error("unknown name '{0}'")]
    UnknownName(String),
    /// A name before parentheses that is not known.
    #[error("unknown function '{0}'")]
    UnknownFunction(String),
    /// Parentheses behind what cannot be called.
    #[error("'{0}' is not a function")]
    NotAFunction(String),
    /// A function without its parentheses.
    #[error("'{0}' is a function and needs its arguments")]
    NoArguments(String),
    /// Too few or too many of them.
    #[error("'{function}' takes {takes}, not {given}")]
    Arguments {
        /// The function.
        function: String,
        /// How many it takes, in words.
        takes: &'static str,
        /// How many there are.
        given: usize,
    },
    /// The name of a loop without the variable and the items of one.
    #[error("'{0}' needs a variable and its items")]
    NoItems(String),
    /// An iteration without a limit or a condition.
    #[error("the iteration has no end: it needs a number of steps, or 'while'")]
    NoEnd,
    /// A word of the language where a variable should be named.
    #[error("'{0}' cannot name a variable")]
    ReservedName(String),
    /// No name where a variable should be named.
    #[error("a name is missing {0}")]
    MissingName(Place),
    /// Two values with nothing between them.
    #[error("an operator is missing before '{0}'")]
    MissingOperator(String),
    /// An operator, or a parenthesis, where a value should stand.
    #[error("a value is missing {0}")]
    MissingValue(Place),
    /// Something that was opened is not closed, or not opened.
    #[error("'{symbol}' is missing {place}")]
    Missing {
        /// What should stand there.
        symbol: &'static str,
        /// Where.
        place: Place,
    },
    /// `)` or `}` with nothing open, or a comma or brace outside of what they belong to.
    #[error("'{0}' does not belong here")]
    Stray(String),
    /// `a < b < c`.
    #[error("comparisons do not chain")]
    Chained,
    /// `+a`.
    #[error("there is no unary '+'")]
    UnaryPlus,
    /// `if` without `else`.
    #[error("'if' needs 'else', so that there is always a value")]
    NoElse,
    /// A truth value where a number is needed.
    #[error("{by} needs a number, and '{text}' is true or false")]
    NeedsNumber {
        /// What needs it.
        by: String,
        /// What there is.
        text: String,
    },
    /// A number where a truth value is needed.
    #[error("{by} needs true or false, and '{text}' is a number")]
    NeedsTruth {
        /// What needs it.
        by: String,
        /// What there is.
        text: String,
    },
    /// A number on one side and a truth value on the other.
    #[error("{by} needs two numbers or two truth values, and '{text}' is {is}")]
    Unlike {
        /// What needs them.
        by: String,
        /// The one that is to blame.
        text: String,
        /// What that is, in words.
        is: &'static str,
    },
    /// An operation that is always computed fails for every n of the range.
    #[error("{by} fails for every n: {why}")]
    AlwaysFails {
        /// The operation.
        by: String,
        /// Why it does.
        why: Arithmetic,
    },
}

/// Where something is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before this part of the source.
    Before(String),
    /// At its end.
    End,
}

impl ExpressionError {
    pub(super) fn new(column: usize, fault: Fault) -> Self {
        Self { column, fault, hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.fault)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "; {hint}"))
    }
}

impl std::error::Error for ExpressionError {}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Before(text) => write!(f, "before '{text}'"),
            Self::End => f.write_str("at the end"),
        }
    }
}

/// Longer parts of the source are not repeated in messages.
const LONGEST_QUOTE: usize = 40;

/// What was written, in one line, if it is short.
pub(super) fn quote(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    let text = words.join(" ");
    if text.chars().count() <= LONGEST_QUOTE { text } else { "(…)".to_owned() }
}
