//! What is understood and what is refused, by examples; by properties in `random`.

mod bounds;
mod functions;
mod grammar;
mod loops;
mod machine;
mod random;
mod reference;
mod windows;

use super::compute;
use super::evaluate::evaluate;
use super::reach::Bounds;
use super::tree::{BinaryFunction, Comparison, Node, NodeForm, UnaryFunction};
use super::{operations, understand};
use crate::function::Kind;
use evenly_core::{Arithmetic, Interval};

fn over(source: &str, first: i64, last: i64) -> Node {
    understand(source, Interval::new(first, last)).unwrap_or_else(|e| panic!("{source}: {e}")).tree
}

/// The value, as it is written.
fn value(source: &str, n: i64) -> String {
    let tree = over(source, -1000, 1000);
    match (evaluate(&tree, n), tree.kind) {
        (Ok(value), Kind::Integer) => value.to_string(),
        (Ok(value), Kind::Truth) => (value == 1).to_string(),
        (Err(why), _) => why.to_string(),
    }
}

/// The error, as it is written.
fn refusal(source: &str) -> String {
    let range = Interval::new(-1000, 1000);
    understand(source, range).expect_err(source).to_string()
}

#[test]
fn every_example_is_right() {
    for operation in operations() {
        let (example, expected) = operation.example;
        assert_eq!(value(example, 0), expected, "{example}");
    }
}

#[test]
fn all_that_can_be_called_is_listed() {
    for (name, _) in super::syntax::CALLS {
        assert!(operations().any(|o| o.form.starts_with(&format!("{name}("))), "{name}");
    }
    for (name, _) in super::reduction::Reduction::ALL {
        assert!(operations().any(|o| o.form.starts_with(&format!("{name}(d in "))), "{name}");
    }
    for (name, ..) in super::syntax::INFIX {
        assert!(operations().any(|o| o.form.contains(&format!(" {name} "))), "{name}");
    }
}

#[test]
fn precedence_is_that_of_rust() {
    for (source, expected) in [
        ("2 + 3 * 4", "14"),
        ("(2 + 3) * 4", "20"),
        ("10 - 3 - 2", "5"),
        ("100 / 10 / 5", "2"),
        ("7 * 3 mod 4", "1"),
        ("7 mod 4 * 3", "9"),
        ("-7 mod 3", "2"),
        ("2 ** 3 ** 2", "512"),
        ("-2 ** 2", "-4"),
        ("2 ** -0", "1"),
        ("2 * 3 ** 2", "18"),
        ("1 + 1 << 2", "8"),
        ("1 << 2 & 12", "4"),
        ("1 | 6 & 3", "3"),
        ("1 | 2 == 3", "true"),
        ("6 & 3 == 2", "true"),
        ("1 < 2 == true", "comparisons do not chain"),
        ("true || false && false", "true"),
        ("!true || true", "true"),
        ("!(true || true)", "false"),
        ("1 - -1", "2"),
        ("--3", "3"),
        ("!!true", "true"),
        ("if 1 > 2 { 1 } else if 2 > 3 { 2 } else { 3 } + 1", "4"),
        ("1 + if true { 1 } else { 2 } * 3", "4"),
        ("5 mod(3)", "2"),
        ("mod(5, 3) mod 2", "0"),
    ] {
        if expected.contains("chain") {
            assert!(refusal(source).contains(expected), "{source}");
        } else {
            assert_eq!(value(source, 0), expected, "{source}");
        }
    }
}

#[test]
fn numbers_are_read_as_in_a_range() {
    for (source, expected) in [
        ("1_000", "1000"),
        ("1e9", "1000000000"),
        ("25e2", "2500"),
        ("1_0e1_0", "100000000000"),
        ("007", "7"),
        ("2even(n)", ""),
        ("2 ** 126", "85070591730234615865843651857942052864"),
        ("170141183460469231731687303715884105727", "170141183460469231731687303715884105727"),
        ("-170141183460469231731687303715884105728", "-170141183460469231731687303715884105728"),
        ("-2 ** 63", "-9223372036854775808"),
    ] {
        if expected.is_empty() {
            assert!(refusal(source).contains("operator is missing"), "{source}");
        } else {
            assert_eq!(value(source, 0), expected, "{source}");
        }
    }
}

#[test]
fn what_is_not_needed_is_not_computed() {
    assert_eq!(value("n == 0 || 10 / n > 0", 0), "true");
    assert_eq!(value("n != 0 && 10 / n > 0", 0), "false");
    assert_eq!(value("if n == 0 { -1 } else { 10 / n }", 0), "-1");
    assert_eq!(value("(n == 0) | (10 / n > 0)", 0), "division by zero");
    assert_eq!(value("true & even(n)", 2), "true");
    assert_eq!(value("xor(even(n), odd(n))", 2), "true");
    assert_eq!(value("even(n) == odd(n)", 2), "false");
}

#[test]
fn every_failure_has_its_name() {
    for (source, n, expected) in [
        ("2 ** 126 * n", 2, "overflow"),
        ("2 ** 126 * n", -2, "-170141183460469231731687303715884105728"),
        ("1 / n", 0, "division by zero"),
        ("n % n", 0, "division by zero"),
        ("1 mod n", 0, "division by zero"),
        ("1 div n", 0, "division by zero"),
        ("isqrt(n)", -1, "isqrt of a negative"),
        ("2 ** n", -1, "negative exponent"),
        ("2 ** n", 127, "overflow"),
        ("n ** 0", 0, "1"),
        ("0 << n", -1, "negative shift"),
        ("0 << n", 1000, "0"),
        ("1 << n", 127, "overflow"),
        ("-1 << n", 127, "-170141183460469231731687303715884105728"),
        ("-1 >> n", 1000, "-1"),
        ("popcount(n)", -1, "popcount of a negative"),
        ("prime(2 ** 64 + n)", 0, "false"),
        ("prime(2 ** 64 + n)", 1, "prime of more than 2^64"),
        ("prime(2 ** 64 + n)", -59, "true"),
        ("prime(n)", -7, "false"),
    ] {
        assert_eq!(value(source, n), expected, "{source} for {n}");
    }
}

#[test]
fn the_corners_of_128_bits() {
    const MIN: i128 = i128::MIN;
    let overflow = Err(Arithmetic::Overflow);
    assert_eq!(compute::two(BinaryFunction::Divide, MIN, -1), overflow);
    assert_eq!(compute::two(BinaryFunction::DivideEuclid, MIN, -1), overflow);
    assert_eq!(compute::two(BinaryFunction::Remainder, MIN, -1), Ok(0));
    assert_eq!(compute::two(BinaryFunction::Modulo, MIN, -1), Ok(0));
    assert_eq!(compute::two(BinaryFunction::Modulo, -1, MIN), Ok(i128::MAX));
    assert_eq!(compute::two(BinaryFunction::Gcd, MIN, 0), overflow);
    assert_eq!(compute::two(BinaryFunction::Gcd, MIN, 6), Ok(2));
    assert_eq!(compute::two(BinaryFunction::Lcm, MIN, 1), overflow);
    assert_eq!(compute::two(BinaryFunction::Lcm, MIN, 0), Ok(0));
    assert_eq!(compute::two(BinaryFunction::Power, -2, 127), Ok(MIN));
    assert_eq!(compute::two(BinaryFunction::Power, -1, i128::MAX), Ok(-1));
    assert_eq!(compute::two(BinaryFunction::ShiftRight, MIN, i128::MAX), Ok(-1));
    assert_eq!(compute::one(UnaryFunction::Abs, MIN), overflow);
    assert_eq!(compute::one(UnaryFunction::Negate, MIN), overflow);
    assert_eq!(compute::one(UnaryFunction::Digits, MIN), Ok(39));
    assert_eq!(compute::one(UnaryFunction::DigitSum, MIN), Ok(155));
    assert_eq!(compute::one(UnaryFunction::Prime, u64::MAX.into()), Ok(0));
    assert!(compute::compare(Comparison::Less, MIN, 0));
}

#[test]
fn constants_are_folded() {
    for (source, expected) in [
        ("2 ** 10 - 24", 1000),
        ("n * 0", 0),
        ("even(4) && 3 > 2", 1),
        ("true || 1 / n > 0", 1),
        ("if 2 > 1 { 5 } else { n }", 5),
        ("n > 5000", 0),
    ] {
        assert_eq!(over(source, -1000, 1000).what, NodeForm::Constant(expected), "{source}");
    }
    assert!(matches!(over("true && even(n)", 0, 9).what, NodeForm::One(UnaryFunction::Even, _)));
    // What may fail stays, so that it does.
    assert!(matches!(over("0 * (1 / n)", 0, 9).what, NodeForm::Two(BinaryFunction::Multiply, ..)));
    assert_eq!(over("0 * (1 / n)", 0, 9).bounds, Bounds { low: 0, high: 0 });
}

#[test]
fn what_must_fail_is_refused() {
    for (source, expected) in [
        ("n / 0", "column 3: '/' fails for every n: division by zero"),
        ("n + 5 mod (3 - 3)", "column 7: 'mod' fails for every n: division by zero"),
        ("isqrt(n - 2000)", "column 1: 'isqrt' fails for every n: isqrt of a negative"),
        ("2 ** (n - 2000)", "column 3: '**' fails for every n: negative exponent"),
        ("2 ** 127 + n", "column 3: '**' fails for every n: overflow"),
        ("n << -1", "column 3: '<<' fails for every n: negative shift"),
        (
            "popcount(-n - 5000) == 1",
            "column 1: 'popcount' fails for every n: popcount of a negative",
        ),
        ("prime(2**64 + 2000 + n)", "column 1: 'prime' fails for every n: prime of more than 2^64"),
        ("1 / 0 > n && even(n)", "column 3: '/' fails for every n: division by zero"),
        ("if n / 0 > 1 { 1 } else { 2 }", "column 6: '/' fails for every n: division by zero"),
        ("n > -5000 && 1 / 0 > n", "column 16: '/' fails for every n: division by zero"),
    ] {
        assert_eq!(refusal(source), expected);
    }
    // But not what is not always computed.
    assert_eq!(value("even(n) && 1 / 0 > n", 1), "false");
    assert_eq!(value("even(n) && 1 / 0 > n", 2), "division by zero");
    assert_eq!(value("if n > 5 { 1 / 0 } else { n }", 7), "division by zero");
}

#[test]
fn division_of_negative_numbers_deserves_a_hint() {
    let hints = |source, first| understand(source, Interval::new(first, 9)).unwrap().hints;
    let remainder = "column 3: '%' has the sign of its left side, which may be negative here; \
                     'mod' is never negative";
    assert_eq!(hints("n % 7 == 3", -9), [remainder]);
    assert!(hints("n / 2 + n / 3", -9)[0].starts_with("column 3: '/' rounds towards zero"));
    assert_eq!(hints("n / 2 + n / 3", -9).len(), 1);
    for source in ["n % 7 == 0", "n % 7 != 0", "n mod 7 == 3", "abs(n) % 7", "n * n / 2"] {
        assert!(hints(source, -9).is_empty(), "{source}");
    }
    assert!(hints("n % 7 == 3", 0).is_empty());
    assert!(understand("n % 7 == 3", None).unwrap().hints.is_empty());
    let power =
        "column 3: '**' fails beyond 128 bits; powmod(a, b, m) is a ** b mod m and does not";
    for source in ["2 ** (abs(n) + 120) mod 7 == 0", "2 ** (abs(n) + 120) % 7 == 0"] {
        assert_eq!(hints(source, -9), [power], "{source}");
    }
    assert!(hints("2 ** abs(n) mod 7", -9).is_empty());
}
