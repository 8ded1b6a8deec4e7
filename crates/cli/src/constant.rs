//! Evaluator of constant integer expressions, which are the ends, lengths and steps of items: `2*(10^6-1)`.
//!
//! Exact in 128 bits. From the strongest operator to the weakest: `^` and `**` (powers, from the right), a leading
//! minus, `*` `/` `%` (truncating, as in expressions of n), `+` `-`.

use crate::number::read_number;

/// Most parentheses and powers in one another, each of which takes stack.
const DEEPEST: u32 = 64;

/// Why a text has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is no expression, or divides by zero.
    Malformed(String),
    /// 128 bits do not hold its value, or one on the way to it.
    TooLarge,
}

/// The value of a constant expression.
///
/// # Errors
/// What is wrong with it; without the text itself, which the caller has.
pub(crate) fn evaluate(text: &str) -> Result<i128, Refused> {
    let mut parser = Parser { rest: without_spaces(text), depth: 0 };
    let value = parser.sum()?;
    match parser.rest.chars().next() {
        None => Ok(value),
        Some(')') => malformed("a ')' has no '('"),
        Some(_) => {
            let rest = evenly::printable(parser.rest.as_bytes(), 40);
            malformed(&format!("an operator is missing before '{rest}'"))
        }
    }
}

fn malformed<T>(cause: &str) -> Result<T, Refused> {
    Err(Refused::Malformed(cause.to_owned()))
}

/// The text from its first character on that is no space. Other white space belongs to no expression.
fn without_spaces(text: &str) -> &str {
    text.trim_start_matches(' ')
}

/// Parser that evaluates what it reads.
struct Parser<'a> {
    /// Begins with no space.
    rest: &'a str,
    depth: u32,
}

impl Parser<'_> {
    /// Takes an operator, if it comes next.
    fn takes(&mut self, operator: &str) -> bool {
        let rest = self.rest.strip_prefix(operator);
        self.rest = rest.map_or(self.rest, without_spaces);
        rest.is_some()
    }

    fn sum(&mut self) -> Result<i128, Refused> {
        let mut value = self.product()?;
        loop {
            let sum = if self.takes("+") {
                value.checked_add(self.product()?)
            } else if self.takes("-") {
                value.checked_sub(self.product()?)
            } else {
                return Ok(value);
            };
            value = sum.ok_or(Refused::TooLarge)?;
        }
    }

    fn product(&mut self) -> Result<i128, Refused> {
        let mut value = self.signed()?;
        loop {
            let product = if self.takes("*") {
                value.checked_mul(self.signed()?)
            } else if self.takes("/") {
                value.checked_div(self.divisor()?)
            } else if self.takes("%") {
                value.checked_rem(self.divisor()?)
            } else {
                return Ok(value);
            };
            value = product.ok_or(Refused::TooLarge)?;
        }
    }

    fn divisor(&mut self) -> Result<i128, Refused> {
        match self.signed()? {
            0 => malformed("it divides by zero"),
            divisor => Ok(divisor),
        }
    }

    fn signed(&mut self) -> Result<i128, Refused> {
        if self.takes("-") {
            return self.power()?.checked_neg().ok_or(Refused::TooLarge);
        }
        self.power()
    }

    fn power(&mut self) -> Result<i128, Refused> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return malformed(&format!("more than {DEEPEST} parentheses or powers in one another"));
        }
        let mut value = self.operand()?;
        if self.takes("**") || self.takes("^") {
            let exponent = self.power()?;
            value = power(value, exponent)?;
        }
        self.depth -= 1;
        Ok(value)
    }

    fn operand(&mut self) -> Result<i128, Refused> {
        if self.takes("(") {
            let value = self.sum()?;
            return if self.takes(")") { Ok(value) } else { malformed("a ')' is missing") };
        }
        // A word that is no number is named whole.
        let ends = |c: char| "+-*/%^() ".contains(c);
        let (number, rest) = self.rest.split_at(self.rest.find(ends).unwrap_or(self.rest.len()));
        let value = read_number(number).map_err(Refused::Malformed)?;
        self.rest = without_spaces(rest);
        value.ok_or(Refused::TooLarge)
    }
}

fn power(base: i128, exponent: i128) -> Result<i128, Refused> {
    if exponent < 0 {
        return malformed("an exponent is negative");
    }
    // Their powers fit for exponents that 32 bits do not hold.
    let exponent = match base {
        -1..=1 if exponent > 2 => 2 - exponent % 2,
        _ => exponent,
    };
    let power = u32::try_from(exponent).ok().and_then(|exponent| base.checked_pow(exponent));
    power.ok_or(Refused::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_operator_with_its_precedence() {
        for (text, value) in [
            ("7", 7),
            ("1e15+1e9", 1_000_001_000_000_000),
            ("2^64-1e9", (1 << 64) - 1_000_000_000),
            ("(2^31-1)*2", 4_294_967_294),
            ("2*10^6", 2_000_000),
            ("-2^2", -4),
            ("(-2)^3", -8),
            ("2^3^2", 512),
            ("2**3**2", 512),
            ("2 ** 3 * 2", 16),
            ("2*3**2", 18),
            ("10-3-2", 5),
            ("100/7*7", 98),
            ("-7/2", -3),
            ("-7%4", -3),
            ("2*-3", -6),
            ("5--3", 8),
            ("0xff+0b1", 256),
            (" ( 1_000 + 1 ) ", 1001),
            ("0^0", 1),
            ("(0-1)^99999999999", -1),
            ("(0-1)^99999999998", 1),
            ("1^2^126", 1),
            ("0^2^126", 0),
        ] {
            assert_eq!(evaluate(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_has_no_value_says_why() {
        for (text, cause) in [
            ("", "a number is missing"),
            ("1+", "a number is missing"),
            ("*2", "a number is missing"),
            ("2***2", "a number is missing"),
            ("--1", "a number is missing"),
            ("2^-1", "a number is missing"),
            ("2^(1-2)", "an exponent is negative"),
            ("1/(2-2)", "it divides by zero"),
            ("1%0", "it divides by zero"),
            ("(1", "a ')' is missing"),
            ("1)", "a ')' has no '('"),
            ("2(3)", "an operator is missing before '(3)'"),
            ("2 3", "an operator is missing before '3'"),
            ("n+1", "'n' is not a whole number"),
            ("1.5*2", "'1.5' is not a whole number"),
            ("1e-3", "a number is missing"),
            ("abs(1)", "'abs' is not a whole number"),
            (&"(".repeat(100_000), "more than 64 parentheses"),
            (&"2^".repeat(100_000), "more than 64 parentheses"),
        ] {
            let Err(Refused::Malformed(error)) = evaluate(text) else { panic!("{text}") };
            assert!(error.contains(cause), "{text}: {error}");
        }
        for text in ["2^127", "1e40", "2^64*2^64", "(0-2^126)*2-2^126", "2^2^99", "9^99999999999"] {
            assert_eq!(evaluate(text), Err(Refused::TooLarge), "{text}");
        }
    }

    proptest! {
        #[test]
        fn sums_and_products_are_exact(a: i32, b: i32, c in 1..i32::MAX) {
            let (x, y, z) = (i128::from(a), i128::from(b), i128::from(c));
            prop_assert_eq!(evaluate(&format!("{a}+{b}*{c}")), Ok(x + y * z));
            prop_assert_eq!(evaluate(&format!("({a}-({b}))/{c}")), Ok((x - y) / z));
        }

        #[test]
        fn no_text_panics(text in "[-+*/%^()0-9ex_ ]{0,40}|.{0,40}") {
            let _ = evaluate(&text);
        }
    }
}
