//! Lexer of expressions. It makes one token at a time, so that the leftmost error is the one reported.
//!
//! Numbers are written as in a range: `1000`, `1_000`, `1e9`, `0xff`. What other languages write and this
//! one does not is recognised here, to say what is written instead.

use super::error::{ExpressionError, Fault};

/// A word of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) what: Lexeme<'a>,
    /// Where it begins and ends, in bytes of the source.
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lexeme<'a> {
    /// At most [`LARGEST`].
    Number(u128),
    Name(&'a str),
    Symbol(&'static str),
    End,
}

/// The largest number that can be written: behind a minus sign it is the lowest of 128 bits.
pub(super) const LARGEST: u128 = i128::MIN.unsigned_abs();

/// The longer ones first where one begins like another.
const SYMBOLS: [&str; 28] = [
    "..=", "..", "**", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "+", "-", "*", "/", "%",
    "<", ">", "!", "&", "|", "(", ")", "{", "}", "=", ";", ",",
];

/// Operators of other languages, and what is written here. The longest match wins, also against [`SYMBOLS`].
const FOREIGN: [(&str, &str); 25] = [
    ("^", "a power is a ** b, exclusive or is xor(a, b)"),
    ("===", "did you mean '=='?"),
    ("!==", "did you mean '!='?"),
    ("=<", "did you mean '<='?"),
    ("=>", "did you mean '>='?"),
    ("=!", "did you mean '!='?"),
    ("<>", "did you mean '!='?"),
    ("//", "a quotient is a / b, towards zero, or a div b, with a remainder that is not negative"),
    ("~", "all bits turned over are -a - 1"),
    ("->", "write let x = a; b, or iterate(x = a, while c, e)"),
    ("[", "write sum(d in a..b if c, e), or count, product, min, max, any, all, find"),
    ("\\", "a quotient is a / b or a div b; one value for another is iterate(x = a, while c, e)"),
    ("?", "write if c { a } else { b }"),
    ("×", "did you mean '*'?"),
    ("·", "did you mean '*'?"),
    ("÷", "did you mean '/'?"),
    ("−", "did you mean '-'?"),
    ("≤", "did you mean '<='?"),
    ("≥", "did you mean '>='?"),
    ("≠", "did you mean '!='?"),
    ("¬", "did you mean '!'?"),
    ("∧", "did you mean '&&'?"),
    ("∨", "did you mean '||'?"),
    ("²", "did you mean '** 2'?"),
    (".", "a function is called as abs(n)"),
];

/// Reads tokens.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'a> {
    source: &'a str,
    /// Bytes read.
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        Self { source, at: 0 }
    }

    /// The next token; `End` for ever after the last one.
    pub(super) fn next(&mut self) -> Result<Token<'a>, ExpressionError> {
        let rest = self.source[self.at..].trim_start();
        let start = self.source.len() - rest.len();
        let Some(first) = rest.chars().next() else {
            self.at = self.source.len();
            // The end is behind the last word, whatever blanks there are.
            let end = self.source.trim_end().len();
            return Ok(Token { what: Lexeme::End, start: end, end });
        };
        let (what, len) = if is_point(rest) || first.is_ascii_digit() {
            number(rest)
                .map_err(|(skip, fault, hint)| error(self.source, start + skip, fault, hint))?
        } else if first.is_alphabetic() || first == '_' {
            let name = word(rest);
            (Lexeme::Name(name), name.len())
        } else {
            let symbol =
                symbol(rest).map_err(|(fault, hint)| error(self.source, start, fault, hint))?;
            (Lexeme::Symbol(symbol), symbol.len())
        };
        self.at = start + len;
        Ok(Token { what, start, end: self.at })
    }
}

/// The column of the character at this byte.
pub(super) fn column(source: &str, at: usize) -> usize {
    source[..at].chars().count() + 1
}

fn error(source: &str, at: usize, fault: Fault, hint: Option<&str>) -> ExpressionError {
    let error = ExpressionError::new(column(source, at), fault);
    if let Some(hint) = hint { error.hint(hint) } else { error }
}

/// Whether a number begins with its point here, as `.5` does.
fn is_point(rest: &str) -> bool {
    rest.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Letters, digits and underscores from the beginning.
fn word(rest: &str) -> &str {
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
    &rest[..end.unwrap_or(rest.len())]
}

fn symbol(rest: &str) -> Result<&'static str, (Fault, Option<&'static str>)> {
    let known = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol));
    let length = known.map_or(0, |symbol| symbol.len());
    let is_foreign = |foreign: &str| foreign.len() > length && rest.starts_with(foreign);
    if let Some((foreign, hint)) = FOREIGN.iter().find(|(foreign, _)| is_foreign(foreign)) {
        return Err((Fault::NoSuchOperator((*foreign).to_owned()), Some(hint)));
    }
    let unknown = || (Fault::Character(rest.chars().next().unwrap_or_default()), None);
    known.copied().ok_or_else(unknown)
}

/// A number and its length, or what is wrong with it and where in it.
type Numbers<'a> = Result<(Lexeme<'a>, usize), (usize, Fault, Option<&'static str>)>;

fn number<'a>(rest: &str) -> Numbers<'a> {
    const NOTATIONS: &str = "numbers are written as 1000, 1_000, 1e3, 10 ** 3, 0x3e8, 0o17 or 0b11";
    const FRACTION: &str = "an expression has integers only: 10 * n > 5 stands for n > 0.5; for real values give a \
                            command that prints decimals, or --lib FILE.so:SYMBOL:f64";
    let length = digits(rest);
    let behind = &rest[length..];
    let is_fraction = behind.starts_with('.') && !behind.starts_with("..");
    if is_fraction {
        let fraction = word(&behind[1..]).len();
        let text = &rest[..length + 1 + fraction];
        return Err((0, Fault::NotWhole(text.to_owned()), Some(FRACTION)));
    }
    if let Some(radix) = radix(rest) {
        let text = word(rest);
        let is_upper = text.as_bytes()[1].is_ascii_uppercase();
        return match in_radix(&text[2..], radix).filter(|_| !is_upper) {
            None => Err((0, Fault::NotANumber(text.to_owned()), Some(NOTATIONS))),
            Some(value) if value > LARGEST => Err((0, Fault::NumberTooLarge, None)),
            Some(value) => Ok((Lexeme::Number(value), text.len())),
        };
    }
    let (mantissa, length, power) = match exponent(behind) {
        None => (&rest[..length], length, 0),
        Some("") => {
            let text = &rest[..length + 2];
            return Err((0, Fault::NotANumber(text.to_owned()), Some(NOTATIONS)));
        }
        Some(power) => {
            let whole = whole(power).ok_or_else(|| malformed(&rest[..length + 1 + power.len()]))?;
            (&rest[..length], length + 1 + power.len(), whole)
        }
    };
    let mantissa = whole(mantissa).ok_or_else(|| malformed(&rest[..length]))?;
    let scale = u32::try_from(power).ok().and_then(|power| 10_u128.checked_pow(power));
    let value = scale.and_then(|scale| scale.checked_mul(mantissa));
    match value {
        Some(value) if value <= LARGEST => Ok((Lexeme::Number(value), length)),
        _ => Err((0, Fault::NumberTooLarge, None)),
    }
}

fn malformed(text: &str) -> (usize, Fault, Option<&'static str>) {
    let hint = "underscores stand alone between digits, as in 1_000";
    (0, Fault::NotANumber(text.to_owned()), Some(hint))
}

/// How many digits and underscores there are.
fn digits(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len())
}

/// The digits behind an `e`, if that is what it is: `2e3`, but not `2even(n)`. Empty, if they have a sign.
fn exponent(behind: &str) -> Option<&str> {
    let power = behind.strip_prefix(['e', 'E'])?;
    if power.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(&power[..digits(power)]);
    }
    let signed = power.strip_prefix(['-', '+'])?;
    signed.starts_with(|c: char| c.is_ascii_digit()).then_some("")
}

/// Decimal digits with single underscores between them; `u128::MAX` for a number of more than 128 bits.
fn whole(digits: &str) -> Option<u128> {
    in_radix(digits, 10)
}

/// The radix that a prefix names. An upper-case prefix is found too, to be refused as in Rust.
fn radix(text: &str) -> Option<u32> {
    let prefix = text.get(..2)?;
    [("0x", 16), ("0o", 8), ("0b", 2)]
        .into_iter()
        .find_map(|(known, radix)| known.eq_ignore_ascii_case(prefix).then_some(radix))
}

/// Digits of a radix with single underscores between them; `u128::MAX` for a number of more than 128 bits.
fn in_radix(digits: &str, radix: u32) -> Option<u128> {
    let is_group = |group: &str| !group.is_empty() && group.chars().all(|c| c.is_digit(radix));
    if !digits.split('_').all(is_group) {
        return None;
    }
    Some(u128::from_str_radix(&digits.replace('_', ""), radix).unwrap_or(u128::MAX))
}
