//! Reference evaluator of expressions: walks the syntax tree on big integers, with the limit of 128 bits after each
//! operation.

mod factors;
pub(super) mod loops;
mod named;

pub(super) use named::named;

use crate::function::expression::syntax::{Syntax, SyntaxForm};
use crate::function::expression::tree::{BinaryFunction, Comparison, UnaryFunction};
use evenly_core::Arithmetic::{self, *};
use num_bigint::BigInt;
use std::collections::HashMap;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Number(BigInt),
    Truth(bool),
}

use Value::{Number, Truth};

impl Value {
    fn number(self) -> BigInt {
        if let Number(number) = self { number } else { panic!("no number: {self:?}") }
    }

    /// As the language computes it: a truth value is 0 or 1.
    pub(super) fn as_number(&self) -> i128 {
        match self {
            Number(number) => i128::try_from(number).unwrap(),
            Truth(truth) => i128::from(*truth),
        }
    }

    fn truth(self) -> bool {
        if let Truth(truth) = self { truth } else { panic!("no truth value: {self:?}") }
    }
}

/// What a variable or the number itself is.
struct Environment {
    n: i64,
    /// By slot.
    variables: HashMap<usize, Value>,
}

pub(super) fn value(syntax: &Syntax, n: i64) -> Result<Value, Arithmetic> {
    value_in(syntax, &mut Environment { n, variables: HashMap::new() })
}

fn value_in(syntax: &Syntax, of: &mut Environment) -> Result<Value, Arithmetic> {
    Ok(match &syntax.form {
        SyntaxForm::N => Number(of.n.into()),
        SyntaxForm::Number(number) => Number((*number).into()),
        SyntaxForm::Truth(truth) => Truth(*truth),
        SyntaxForm::One(UnaryFunction::Not, x) => Truth(!value_in(x, of)?.truth()),
        SyntaxForm::One(function, x) => one(*function, &value_in(x, of)?.number())?,
        SyntaxForm::Two(function, a, b) => match (value_in(a, of)?, value_in(b, of)?) {
            (Truth(a), Truth(b)) => Truth(match function {
                BinaryFunction::And => a && b,
                BinaryFunction::Or => a || b,
                BinaryFunction::Xor => a != b,
                _ => panic!("{function:?} of truth values"),
            }),
            (a, b) => Number(fitting(two(*function, &a.number(), &b.number())?)?),
        },
        SyntaxForm::Compare(comparison, a, b) => {
            Truth(match (value_in(a, of)?, value_in(b, of)?) {
                (Truth(a), Truth(b)) => compare(*comparison, &a, &b),
                (a, b) => compare(*comparison, &a.number(), &b.number()),
            })
        }
        SyntaxForm::Both(a, b) => Truth(value_in(a, of)?.truth() && value_in(b, of)?.truth()),
        SyntaxForm::Either(a, b) => Truth(value_in(a, of)?.truth() || value_in(b, of)?.truth()),
        SyntaxForm::Call(function, arguments) => {
            let values = arguments.iter().map(|part| Ok(value_in(part, of)?.number()));
            named(function.form(), &values.collect::<Result<Vec<_>, _>>()?)?
        }
        SyntaxForm::If(condition, yes, no) => {
            if value_in(condition, of)?.truth() {
                value_in(yes, of)?
            } else {
                value_in(no, of)?
            }
        }
        SyntaxForm::Variable(slot) => of.variables[slot].clone(),
        SyntaxForm::Let(slot, bound, body) => {
            let bound = value_in(bound, of)?;
            of.variables.insert(*slot, bound);
            value_in(body, of)?
        }
        SyntaxForm::Reduce(reduce) => loops::reduce(reduce, of)?,
        SyntaxForm::Iterate(parts) => loops::iterate(parts, of)?,
    })
}

fn fitting(x: BigInt) -> Result<BigInt, Arithmetic> {
    if i128::try_from(&x).is_ok() { Ok(x) } else { Err(Overflow) }
}

fn is_negative(x: &BigInt) -> bool {
    *x < BigInt::ZERO
}

fn abs(x: &BigInt) -> BigInt {
    if is_negative(x) { -x } else { x.clone() }
}

fn one(function: UnaryFunction, x: &BigInt) -> Result<Value, Arithmetic> {
    let decimal = abs(x).to_string();
    let is_odd = decimal.ends_with(['1', '3', '5', '7', '9']);
    let number = match function {
        UnaryFunction::Even => return Ok(Truth(!is_odd)),
        UnaryFunction::Odd => return Ok(Truth(is_odd)),
        UnaryFunction::Prime => return prime(x).map(Truth),
        UnaryFunction::Not => panic!("'!' of a number"),
        UnaryFunction::Negate => -x,
        UnaryFunction::Abs => abs(x),
        UnaryFunction::Isqrt if is_negative(x) => return Err(NegativeRoot),
        UnaryFunction::Isqrt => root(x),
        UnaryFunction::Popcount if is_negative(x) => return Err(NegativeBits),
        UnaryFunction::Popcount => x.to_str_radix(2).matches('1').count().into(),
        UnaryFunction::Digits => decimal.len().into(),
        UnaryFunction::DigitSum => decimal.bytes().map(|digit| BigInt::from(digit - b'0')).sum(),
    };
    fitting(number).map(Number)
}

/// By bisection.
fn root(x: &BigInt) -> BigInt {
    let (mut low, mut high) = (BigInt::ZERO, x + 1);
    while &low + 1 < high {
        let middle: BigInt = (&low + &high) / 2;
        if &middle * &middle <= *x {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// By Fermat's little theorem where division takes too long, in the strong form (Miller-Rabin);
/// twelve bases are enough for all up to 2^64 (OEIS A014233).
fn prime(x: &BigInt) -> Result<bool, Arithmetic> {
    const BASES: [u32; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
    if *x > BigInt::from(1_u128 << 64) {
        return Err(PrimeTooLarge);
    }
    if let Ok(small @ 0..10_000) = u32::try_from(x) {
        return Ok(small > 1 && (2..small).all(|d| small % d != 0));
    }
    if is_negative(x) || (2..10_000_u32).any(|d| x % d == BigInt::ZERO) {
        return Ok(false);
    }
    let one = BigInt::from(1);
    let less: BigInt = x - 1;
    let twos = less.trailing_zeros().unwrap_or(0);
    Ok(BASES.iter().all(|base| {
        let mut power = BigInt::from(*base).modpow(&(&less >> twos), x);
        let mut passes = power == one || power == less;
        for _ in 1..twos {
            power = &power * &power % x;
            passes |= power == less;
        }
        passes
    }))
}

fn two(function: BinaryFunction, a: &BigInt, b: &BigInt) -> Result<BigInt, Arithmetic> {
    let is_division = matches!(
        function,
        BinaryFunction::Divide
            | BinaryFunction::Remainder
            | BinaryFunction::DivideEuclid
            | BinaryFunction::Modulo
    );
    if is_division && *b == BigInt::ZERO {
        return Err(DivisionByZero);
    }
    Ok(match function {
        BinaryFunction::Add => a + b,
        BinaryFunction::Subtract => a - b,
        BinaryFunction::Multiply => a * b,
        BinaryFunction::Divide if is_negative(a) != is_negative(b) => -(abs(a) / abs(b)),
        BinaryFunction::Divide => abs(a) / abs(b),
        BinaryFunction::Remainder => {
            // The quotient need not fit.
            let rest = abs(a) % abs(b);
            if is_negative(a) { -rest } else { rest }
        }
        BinaryFunction::Modulo => modulo(a, b),
        BinaryFunction::DivideEuclid => (a - modulo(a, b)) / b,
        BinaryFunction::Power if is_negative(b) => return Err(NegativeExponent),
        BinaryFunction::Power => {
            let parity = few(&modulo(b, &2.into()));
            // Of -1, 0 and 1 a few factors are as good as many, if their number is as even.
            let factors = if few(b) < FEW { few(b) } else { FEW + parity };
            (0..factors).fold(1.into(), |x, _| x * a)
        }
        BinaryFunction::ShiftLeft | BinaryFunction::ShiftRight if is_negative(b) => {
            return Err(NegativeShift);
        }
        BinaryFunction::ShiftLeft => (0..few(b)).fold(a.clone(), |x, _| x * 2),
        BinaryFunction::ShiftRight => {
            (0..few(b)).fold(a.clone(), |x, _| (&x - modulo(&x, &2.into())) / 2)
        }
        BinaryFunction::And => a & b,
        BinaryFunction::Or => a | b,
        BinaryFunction::Xor => a ^ b,
        BinaryFunction::Min => a.min(b).clone(),
        BinaryFunction::Max => a.max(b).clone(),
        BinaryFunction::Gcd => gcd(a, b),
        BinaryFunction::Lcm if *a == BigInt::ZERO || *b == BigInt::ZERO => BigInt::ZERO,
        BinaryFunction::Lcm => abs(&(a * b)) / gcd(a, b),
    })
}

/// More doublings than this take any number but 0 beyond 128 bits, and more halvings to 0 or -1.
const FEW: u32 = 200;

fn few(x: &BigInt) -> u32 {
    u32::try_from(x).unwrap_or(FEW).min(FEW)
}

fn modulo(a: &BigInt, b: &BigInt) -> BigInt {
    let rest = abs(a) % abs(b);
    if is_negative(a) && rest != BigInt::ZERO { abs(b) - rest } else { rest }
}

fn gcd(a: &BigInt, b: &BigInt) -> BigInt {
    if *b == BigInt::ZERO { abs(a) } else { gcd(b, &(a % b)) }
}

fn compare<T: PartialOrd>(comparison: Comparison, a: &T, b: &T) -> bool {
    match comparison {
        Comparison::Equal => a == b,
        Comparison::NotEqual => a != b,
        Comparison::Less => a < b,
        Comparison::LessOrEqual => a <= b,
        Comparison::Greater => a > b,
        Comparison::GreaterOrEqual => a >= b,
    }
}
