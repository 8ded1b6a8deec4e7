//! Reference for the named functions, on big integers, by the plainest method of each.

use super::{Value, abs, factors, fitting, gcd, is_negative, modulo, prime};
use evenly_core::Arithmetic::{self, *};
use num_bigint::BigInt;
use std::iter;

/// The value of a named function, by its form.
pub(in super::super) fn named(form: &str, a: &[BigInt]) -> Result<Value, Arithmetic> {
    let int = |x: i64| BigInt::from(x);
    let (zero, one) = (int(0), int(1));
    let number = match form {
        "is_square(a)" => {
            return Ok(Value::Truth(!is_negative(&a[0]) && root(&a[0], 2).pow(2) == a[0]));
        }
        "is_power(a)" => {
            let exponents = 2..=128;
            let is_power = abs(&a[0]) <= one || exponents.into_iter().any(|k| is_power(&a[0], k));
            return Ok(Value::Truth(is_power));
        }
        "is_power(a, k)" => {
            if a[1] < one {
                return Err(DegreeTooSmall);
            }
            // Beyond 2^127 only 0, 1 and -1 are powers, and -1 of odd degree.
            let parity: i64 = i64::try_from(modulo(&a[1], &int(2))).unwrap();
            let k = i64::try_from(&a[1]).unwrap_or(i64::MAX).min(200 + parity);
            return Ok(Value::Truth(is_power(&a[0], k as u32)));
        }
        "is_palindrome(a)" | "is_palindrome(a, base)" => {
            let base = base(a)?;
            let digits = digits(&a[0], &base);
            return Ok(Value::Truth(digits.iter().eq(digits.iter().rev())));
        }
        "is_squarefree(a)" => return Ok(Value::Truth(factors::is_squarefree(&a[0])?)),
        "omega(a)" | "bigomega(a)" | "tau(a)" | "sigma(a)" | "sigma(a, k)" | "phi(a)"
        | "mobius(a)" | "rad(a)" | "lpf(a)" | "gpf(a)" => factors::function(form, a)?,
        "nextprime(a)" => {
            if a[0] > (one.clone() << 64) - 59 {
                return Err(PrimeTooLarge);
            }
            let first = a[0].clone().max(int(2));
            iter::successors(Some(first), |x| Some(x + 1)).find(|x| prime(x) == Ok(true)).unwrap()
        }
        "prevprime(a)" => {
            if a[0] < int(2) {
                return Err(NoSuchPrime);
            } else if a[0] >= one << 64 {
                return Err(PrimeTooLarge);
            }
            let last = a[0].clone();
            iter::successors(Some(last), |x| Some(x - 1)).find(|x| prime(x) == Ok(true)).unwrap()
        }
        "powmod(a, b, m)" => {
            if a[2] == zero {
                return Err(DivisionByZero);
            }
            let base = if is_negative(&a[1]) { inverse(&a[0], &a[2])? } else { a[0].clone() };
            modulo(&modulo(&base, &a[2]).modpow(&abs(&a[1]), &abs(&a[2])), &a[2])
        }
        "invmod(a, m)" if a[1] == zero => return Err(DivisionByZero),
        "invmod(a, m)" => inverse(&a[0], &a[1])?,
        "kronecker(a, b)" => kronecker(&a[0], &a[1]),
        "iroot(a, k)" => {
            if is_negative(&a[0]) {
                return Err(RootOfNegative);
            } else if a[1] < one {
                return Err(DegreeTooSmall);
            }
            root(&a[0], u32::try_from(&a[1]).unwrap_or(200).min(200))
        }
        "ilog(a, b)" => {
            if a[0] < one {
                return Err(LogarithmBelowOne);
            } else if a[1] < int(2) {
                return Err(BaseTooSmall);
            }
            (digits(&a[0], &a[1]).len() as u64 - 1).into()
        }
        "digits(a, base)" => digits(&a[0], &base(a)?).len().into(),
        "digit_sum(a, base)" => digits(&a[0], &base(a)?).iter().sum(),
        "reverse(a)" | "reverse(a, base)" => {
            let base = base(a)?;
            let digits = digits(&a[0], &base);
            let size = digits.iter().fold(zero, |value, digit| value * &base + digit);
            if is_negative(&a[0]) { -size } else { size }
        }
        "bit(a, i)" if is_negative(&a[1]) => return Err(NegativeShift),
        "bit(a, i)" => a[0].bit(u64::try_from(&a[1]).unwrap_or(u64::MAX)).into(),
        "ctz(a)" => a[0].trailing_zeros().ok_or(ZerosOfZero)?.into(),
        "clz(a)" => (64 - word(&a[0])?.bits()).into(),
        "rotl(a, k)" => {
            let places = i64::try_from(modulo(&a[1], &int(64))).unwrap();
            let shifted: BigInt = word(&a[0])? << places;
            (&shifted % (one.clone() << 64)) + (shifted >> 64)
        }
        "hash(a)" => hash(&word(&a[0])?),
        "binomial(a, k)" => return binomial(&a[0], &a[1]).map(Value::Number),
        "factorial(a)" if is_negative(&a[0]) => return Err(FactorialOfNegative),
        "factorial(a)" => {
            let last = i64::try_from(&a[0]).unwrap_or(50).min(50);
            (1..=last).fold(one, |product, factor| product * factor)
        }
        "fibonacci(a)" => {
            let mut pair = (zero, one);
            for _ in 0..i64::try_from(abs(&a[0])).unwrap_or(300).min(300) {
                pair = (pair.1.clone(), pair.0 + pair.1);
            }
            // Of -n it is that of n, with a sign if n is even.
            if is_negative(&a[0]) && !a[0].bit(0) { -pair.0 } else { pair.0 }
        }
        _ => panic!("no reference for {form}"),
    };
    fitting(number).map(Value::Number)
}

/// The base among the arguments, or ten.
fn base(a: &[BigInt]) -> Result<BigInt, Arithmetic> {
    match a.get(1) {
        None => Ok(10.into()),
        Some(base) if *base < BigInt::from(2) => Err(BaseTooSmall),
        Some(base) => Ok(base.clone()),
    }
}

/// The digits of the size, from the lowest up; at least one.
fn digits(x: &BigInt, base: &BigInt) -> Vec<BigInt> {
    let rests = iter::successors(Some(abs(x)), |rest| Some(rest / base));
    let digits: Vec<_> =
        rests.take_while(|rest| *rest != BigInt::ZERO).map(|rest| rest % base).collect();
    if digits.is_empty() { vec![BigInt::ZERO] } else { digits }
}

/// By bisection.
fn root(x: &BigInt, degree: u32) -> BigInt {
    let (mut low, mut high) =
        (BigInt::ZERO, (BigInt::from(2) << (x.bits() / u64::from(degree))) + 1);
    while &low + 1 < high {
        let middle: BigInt = (&low + &high) >> 1;
        if middle.pow(degree) <= *x { low = middle } else { high = middle }
    }
    low
}

fn is_power(x: &BigInt, degree: u32) -> bool {
    let power = root(&abs(x), degree).pow(degree);
    *x == power || degree % 2 == 1 && *x == -power
}

/// By Euler where the modulus is small, and by the extended algorithm of Euclid elsewhere.
fn inverse(a: &BigInt, m: &BigInt) -> Result<BigInt, Arithmetic> {
    if gcd(a, m) != BigInt::from(1) {
        return Err(NoInverse);
    }
    if let Some(m) = i64::try_from(abs(m)).ok().filter(|m| *m < 1000) {
        let a = i64::try_from(modulo(a, &m.into())).unwrap();
        return Ok((0..m).find(|x| (a * x - 1) % m == 0).unwrap().into());
    }
    let (mut rest, mut next) = (abs(m), modulo(a, m));
    let (mut factor, mut next_factor) = (BigInt::ZERO, BigInt::from(1));
    while next != BigInt::ZERO {
        let quotient: BigInt = &rest / &next;
        (rest, next) = (next.clone(), rest - &quotient * next);
        (factor, next_factor) = (next_factor.clone(), factor - quotient * next_factor);
    }
    Ok(modulo(&factor, m))
}

/// By its definition as a product over the factors of b, as far as these are small, and by reciprocity in
/// the form of Jacobi for the rest.
fn kronecker(a: &BigInt, b: &BigInt) -> BigInt {
    let (one, two) = (BigInt::from(1), BigInt::from(2));
    if *b == BigInt::ZERO {
        return (abs(a) == one).into();
    }
    let remainder = |x: &BigInt, m: i64| i64::try_from(modulo(x, &m.into())).unwrap();
    let mut sign = if is_negative(a) && is_negative(b) { -1 } else { 1 };
    let mut below = abs(b);
    while modulo(&below, &two) == BigInt::ZERO {
        sign *= match remainder(a, 8) {
            1 | 7 => 1,
            3 | 5 => -1,
            _ => 0,
        };
        below /= 2;
    }
    for prime in (3..200_i64).filter(|p| (2..*p).all(|d| p % d != 0)) {
        while remainder(&below, prime) == 0 {
            let power = modulo(a, &prime.into()).modpow(&((prime - 1) / 2).into(), &prime.into());
            sign *= if power == BigInt::ZERO {
                0
            } else if power == one {
                1
            } else {
                -1
            };
            below /= prime;
        }
    }
    let mut above = modulo(a, &below);
    while above != BigInt::ZERO {
        while modulo(&above, &two) == BigInt::ZERO {
            above /= 2;
            sign *= if matches!(remainder(&below, 8), 3 | 5) { -1 } else { 1 };
        }
        sign *= if remainder(&above, 4) == 3 && remainder(&below, 4) == 3 { -1 } else { 1 };
        (above, below) = (&below % &above, above);
    }
    if below == one { sign.into() } else { BigInt::ZERO }
}

/// As a number without a sign, if it is a word of 64 bits.
fn word(x: &BigInt) -> Result<BigInt, Arithmetic> {
    let two_to_64 = BigInt::from(1) << 64;
    if *x < BigInt::from(i64::MIN) || *x >= two_to_64 {
        return Err(MoreThan64Bits);
    }
    Ok(modulo(x, &two_to_64))
}

/// One step of `SplitMix64`.
fn hash(x: &BigInt) -> BigInt {
    let word = |x: BigInt| x % (BigInt::from(1) << 64);
    let shifted = |x: &BigInt, bits: u32| x ^ (x >> bits);
    let x = word(x + 0x9e37_79b9_7f4a_7c15_u64);
    let x = word(shifted(&x, 30) * 0xbf58_476d_1ce4_e5b9_u64);
    let x = word(shifted(&x, 27) * 0x94d0_49bb_1331_11eb_u64);
    shifted(&x, 31)
}

/// The product of a, a - 1, … over that of 1, 2, …, as far as it fits.
fn binomial(a: &BigInt, k: &BigInt) -> Result<BigInt, Arithmetic> {
    if is_negative(k) || !is_negative(a) && k > a {
        return Ok(BigInt::ZERO);
    }
    // Of two ways to say the same, the shorter one; of a negative, by its size.
    let (above, sign) =
        if is_negative(a) { (k - a - 1, if k.bit(0) { -1 } else { 1 }) } else { (a.clone(), 1) };
    let steps = k.clone().min(&above - k);
    let (mut value, mut step) = (BigInt::from(1), BigInt::ZERO);
    while step < steps {
        value = value * (&above - &step) / (&step + 1);
        step += 1;
        // It only grows from here.
        if value.bits() > 130 {
            return Err(Overflow);
        }
    }
    fitting(value * sign)
}
