//! The language once more, as simply as can be: straight from what was written, on integers without
//! end, with the limit of 128 bits after each operation.

use crate::function::expression::syntax::{Form, Syntax};
use crate::function::expression::tree::{Comparison, One, Two};
use evenly_core::Arithmetic::{self, *};
use num_bigint::BigInt;

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

    fn truth(self) -> bool {
        if let Truth(truth) = self { truth } else { panic!("no truth value: {self:?}") }
    }
}

pub(super) fn value(syntax: &Syntax, n: i64) -> Result<Value, Arithmetic> {
    Ok(match &syntax.form {
        Form::N => Number(n.into()),
        Form::Number(number) => Number((*number).into()),
        Form::Truth(truth) => Truth(*truth),
        Form::One(One::Not, x) => Truth(!value(x, n)?.truth()),
        Form::One(function, x) => one(*function, &value(x, n)?.number())?,
        Form::Two(function, a, b) => match (value(a, n)?, value(b, n)?) {
            (Truth(a), Truth(b)) => Truth(match function {
                Two::And => a && b,
                Two::Or => a || b,
                Two::Xor => a != b,
                _ => panic!("{function:?} of truth values"),
            }),
            (a, b) => Number(fitting(two(*function, &a.number(), &b.number())?)?),
        },
        Form::Compare(comparison, a, b) => Truth(match (value(a, n)?, value(b, n)?) {
            (Truth(a), Truth(b)) => compare(*comparison, &a, &b),
            (a, b) => compare(*comparison, &a.number(), &b.number()),
        }),
        Form::Both(a, b) => Truth(value(a, n)?.truth() && value(b, n)?.truth()),
        Form::Either(a, b) => Truth(value(a, n)?.truth() || value(b, n)?.truth()),
        Form::If(condition, yes, no) => {
            if value(condition, n)?.truth() {
                value(yes, n)?
            } else {
                value(no, n)?
            }
        }
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

fn one(function: One, x: &BigInt) -> Result<Value, Arithmetic> {
    let decimal = abs(x).to_string();
    let is_odd = decimal.ends_with(['1', '3', '5', '7', '9']);
    let number = match function {
        One::Even => return Ok(Truth(!is_odd)),
        One::Odd => return Ok(Truth(is_odd)),
        One::Prime => return prime(x).map(Truth),
        One::Not => panic!("'!' of a number"),
        One::Negate => -x,
        One::Abs => abs(x),
        One::Isqrt if is_negative(x) => return Err(NegativeRoot),
        One::Isqrt => root(x),
        One::Popcount if is_negative(x) => return Err(NegativeBits),
        One::Popcount => x.to_str_radix(2).matches('1').count().into(),
        One::Digits => decimal.len().into(),
        One::DigitSum => decimal.bytes().map(|digit| BigInt::from(digit - b'0')).sum(),
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

fn two(function: Two, a: &BigInt, b: &BigInt) -> Result<BigInt, Arithmetic> {
    let is_division =
        matches!(function, Two::Divide | Two::Remainder | Two::DivideEuclid | Two::Modulo);
    if is_division && *b == BigInt::ZERO {
        return Err(DivisionByZero);
    }
    Ok(match function {
        Two::Add => a + b,
        Two::Subtract => a - b,
        Two::Multiply => a * b,
        Two::Divide if is_negative(a) != is_negative(b) => -(abs(a) / abs(b)),
        Two::Divide => abs(a) / abs(b),
        Two::Remainder => {
            // The quotient need not fit.
            let rest = abs(a) % abs(b);
            if is_negative(a) { -rest } else { rest }
        }
        Two::Modulo => modulo(a, b),
        Two::DivideEuclid => (a - modulo(a, b)) / b,
        Two::Power if is_negative(b) => return Err(NegativeExponent),
        Two::Power => {
            let parity = few(&modulo(b, &2.into()));
            // Of -1, 0 and 1 a few factors are as good as many, if their number is as even.
            let factors = if few(b) < FEW { few(b) } else { FEW + parity };
            (0..factors).fold(1.into(), |x, _| x * a)
        }
        Two::ShiftLeft | Two::ShiftRight if is_negative(b) => return Err(NegativeShift),
        Two::ShiftLeft => (0..few(b)).fold(a.clone(), |x, _| x * 2),
        Two::ShiftRight => (0..few(b)).fold(a.clone(), |x, _| (&x - modulo(&x, &2.into())) / 2),
        Two::And => a & b,
        Two::Or => a | b,
        Two::Xor => a ^ b,
        Two::Min => a.min(b).clone(),
        Two::Max => a.max(b).clone(),
        Two::Gcd => gcd(a, b),
        Two::Lcm if *a == BigInt::ZERO || *b == BigInt::ZERO => BigInt::ZERO,
        Two::Lcm => abs(&(a * b)) / gcd(a, b),
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
