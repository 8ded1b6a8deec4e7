//! Table of the operations of expressions, with an example for each, for `evenly functions`.

use super::functions::NamedFunction;

/// An operator or a function of expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// How it is written.
    pub form: &'static str,
    /// What it gives, in a few words.
    pub summary: &'static str,
    /// An expression with its value.
    pub example: (&'static str, &'static str),
}

const fn operation(
    form: &'static str,
    summary: &'static str,
    example: &'static str,
    value: &'static str,
) -> Operation {
    Operation { form, summary, example: (example, value) }
}

/// All of them: first the operators, from the tightest to the loosest, then what is called.
pub fn operations() -> impl Iterator<Item = Operation> {
    OPERATIONS.iter().copied().chain(NamedFunction::all().map(named))
}

fn named(function: NamedFunction) -> Operation {
    let (form, summary, example) = (function.form(), function.summary(), function.example());
    Operation { form, summary, example }
}

/// What has code of its own in the compiler; the others are in the tables of [`super::functions`].
const OPERATIONS: &[Operation] = &[
    operation("a ** b", "a to the power of b; from the right", "2 ** 3 ** 2", "512"),
    operation("-a", "looser than **", "-2 ** 2", "-4"),
    operation("!c", "not", "!(1 > 2)", "true"),
    operation("a * b", "product", "6 * 7", "42"),
    operation("a / b", "quotient, towards zero", "-7 / 2", "-3"),
    operation("a % b", "remainder of /, with the sign of a", "-7 % 3", "-1"),
    operation("a div b", "quotient of Euclid: that of mod", "-7 div 2", "-4"),
    operation("a mod b", "remainder of Euclid: never negative", "-7 mod 3", "2"),
    operation("a + b", "sum", "40 + 2", "42"),
    operation("a - b", "difference", "44 - 2", "42"),
    operation("a << b", "a * 2 ** b, exactly", "3 << 4", "48"),
    operation("a >> b", "a / 2 ** b, rounded down", "-5 >> 1", "-3"),
    operation("a & b", "the bits in both; also of truth values", "12 & 10", "8"),
    operation("a | b", "the bits in either; also of truth values", "12 | 10", "14"),
    operation("a == b", "equal", "7 == 7", "true"),
    operation("a != b", "not equal", "7 != 7", "false"),
    operation("a < b", "less", "6 < 7", "true"),
    operation("a <= b", "less or equal", "7 <= 7", "true"),
    operation("a > b", "greater", "6 > 7", "false"),
    operation("a >= b", "greater or equal", "7 >= 7", "true"),
    operation("c && d", "both; d only if c", "2 > 1 && 3 > 4", "false"),
    operation("c || d", "either; d only if not c", "2 > 1 || 1 / 0 > 1", "true"),
    operation("let x = a; b", "b, in which x is the value of a", "let x = 3 + 4; x * x", "49"),
    operation("if c { a } else { b }", "a if c, else b", "if 2 > 1 { 10 } else { 20 }", "10"),
    operation("abs(a)", "a without its sign", "abs(-7)", "7"),
    operation("min(a, b, …)", "the least", "min(3, 1, 2)", "1"),
    operation("max(a, b, …)", "the greatest", "max(3, 1, 2)", "3"),
    operation("gcd(a, b, …)", "greatest common divisor", "gcd(12, -18)", "6"),
    operation("lcm(a, b, …)", "least common multiple", "lcm(4, 6, 9)", "36"),
    operation("isqrt(a)", "square root, rounded down", "isqrt(99)", "9"),
    operation("popcount(a)", "number of ones in binary", "popcount(255)", "8"),
    operation("digits(a)", "number of decimal digits", "digits(-1000)", "4"),
    operation("digit_sum(a)", "sum of the decimal digits", "digit_sum(1984)", "22"),
    operation("xor(a, b)", "the bits in one of both; also of truth values", "xor(12, 10)", "6"),
    operation("mod(a, b)", "a mod b", "mod(-7, 3)", "2"),
    operation("div(a, b)", "a div b", "div(-7, 2)", "-4"),
    operation("even(a)", "divisible by 2", "even(10)", "true"),
    operation("odd(a)", "not divisible by 2", "odd(10)", "false"),
    operation("prime(a)", "a prime number; up to 2 ** 64", "prime(2 ** 61 - 1)", "true"),
    operation(
        "sum(d in a..b, e)",
        "sum of e for each d from a to b - 1",
        "sum(d in 1..5, d * d)",
        "30",
    ),
    operation("sum(d in a..=b, e)", "the same with b", "sum(d in 1..=5, d * d)", "55"),
    operation(
        "sum(d in R if c, e)",
        "only for d that satisfy c",
        "sum(d in 1..9 if odd(d), d)",
        "16",
    ),
    operation("product(d in R, e)", "product of e", "product(d in 1..=5, d)", "120"),
    operation("count(d in R, c)", "how many d satisfy c", "count(d in 1..9, 8 % d == 0)", "4"),
    operation("min(d in R, e)", "least e", "min(d in 1..9, d + 24 / d)", "9"),
    operation("max(d in R, e)", "greatest e", "max(d in 1..9, d * (7 - d))", "12"),
    operation(
        "any(d in R, c)",
        "whether one d satisfies c",
        "any(d in 2..91, 91 % d == 0)",
        "true",
    ),
    operation("all(d in R, c)", "whether all d satisfy c", "all(d in 2..97, 97 % d != 0)", "true"),
    operation("find(d in R, c)", "lowest d that satisfies c", "find(d in 2..9, d ** 2 > 20)", "5"),
    operation("d in divisors(a)", "divisors of a, from 1 on", "sum(d in divisors(6), d)", "12"),
    operation("d in primes(a..b)", "primes from a to b - 1", "sum(d in primes(0..10), d)", "17"),
    operation("d in digits(a)", "decimal digits of a", "sum(d in digits(153), d**3)", "153"),
    operation(
        "iterate(x = a, k, e)",
        "a, then e for x, k times",
        "iterate(x = 1, 10, 2 * x)",
        "1024",
    ),
    operation(
        "steps(x = a, k, e)",
        "the steps; 'while c, ' may stand before e",
        "steps(x=9, while x>1, x / 2)",
        "3",
    ),
    operation(
        "find(d in R, c, e)",
        "e if none does; min and max too",
        "find(d in 2..9, d > 20, -1)",
        "-1",
    ),
];
