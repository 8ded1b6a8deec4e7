//! Loops and definitions: what they give, and what is refused.

use super::{over, refusal, value};
use crate::function::expression::tree::NodeForm;

#[test]
fn loops_give_what_they_say() {
    for (source, n, expected) in [
        ("sum(d in 1..n if n % d == 0, d)", 28, "28"),
        ("sum(d in 1..=10, d * d)", 0, "385"),
        ("sum(d in 1..=n, d)", -3, "0"),
        ("product(d in 1..=n, d)", 20, "2432902008176640000"),
        ("product(d in 1..=n, d)", 34, "overflow"),
        ("product(d in 5..5, 1 / 0)", 0, "1"),
        ("count(d in 1..=n if n % d == 0)", 360, "24"),
        ("count(d in 1..=n, n % d == 0)", 360, "24"),
        ("count(d in 1..=n if odd(d), n % d == 0)", 360, "6"),
        ("min(d in -3..=3, d * d - d)", 0, "0"),
        ("max(d in -3..=3, d * d - d)", 0, "12"),
        ("min(d in 0..n, d)", 0, "nothing found"),
        ("max(d in 0..n if d > 100, d)", 5, "nothing found"),
        ("max(d in 0..n if d > 100, d, -1)", 5, "-1"),
        ("any(d in 2..n, n % d == 0)", 91, "true"),
        ("any(d in 2..n if n % d == 0)", 97, "false"),
        ("all(d in 2..n, n % d != 0)", 97, "true"),
        ("all(d in 2..n if odd(d), n % d != 0)", 64, "true"),
        ("find(d in 2..=n, n % d == 0)", 91, "7"),
        ("find(d in 2..=n if n % d == 0)", 97, "97"),
        ("find(d in 2..n if n % d == 0)", 97, "nothing found"),
        ("find(d in 2..n if n % d == 0, 0)", 97, "0"),
        ("find(d in 2..n, n % d == 0, n + 1)", 97, "98"),
        ("find(d in 2..n if odd(d), n % d == 0, -1)", 64, "-1"),
        ("sum(a in 1..=n, sum(b in a..=n, a * b))", 4, "65"),
        ("count(a in 1..=n, any(b in a..=n, a ** 3 + b ** 3 == 1729))", 12, "2"),
        ("let x = n * n; x + x", 7, "98"),
        ("let x = n; let x = x + 1; x * n", 7, "56"),
        ("1 + (let c = even(n); if c { 1 } else { 2 })", 7, "3"),
        ("let big = 2 ** 100; big % n", 7, "2"),
        ("let x = 1 / n; 5", 0, "division by zero"),
        ("min(3, n) + max(n, 4)", 3, "7"),
        ("let sum = 2; sum(d in 1..3, d) + sum", 0, "5"),
    ] {
        assert_eq!(value(source, n), expected, "{source} for {n}");
    }
}

#[test]
fn loops_go_over_divisors_primes_and_digits() {
    for (source, n, expected) in [
        ("sum(d in divisors(n), d)", 220, "504"),
        ("sum(d in divisors(n) if d < n, d)", 496, "496"),
        ("sum(d in divisors(n) if d != n, d)", 1, "0"),
        ("sum(d in divisors(2 * n) if d < n, d)", 6, "10"),
        ("sum(d in divisors(n) if d <= n, d)", 6, "12"),
        ("sum(d in divisors(n) if n < d, d)", 6, "0"),
        ("sum(d in divisors(2**64 - 1 - n) if d < 2**64 - 1 - n, d)", 0, "12975236915480337153"),
        ("sum(d in divisors(-1 - n * n), d)", 0, "factors of less than 1"),
        ("let m = n + 8; sum(d in divisors(m) if d < m, d)", 212, "284"),
        ("count(d in divisors(n), true)", 360, "24"),
        ("count(d in divisors(2**61 - 1 + n), true)", 0, "2"),
        ("count(d in divisors((2**31 - 1) ** 2 + n), true)", 0, "3"),
        ("max(d in divisors(2**64 - 1 - n), d)", 0, "18446744073709551615"),
        ("count(d in divisors(n), true)", 0, "factors of less than 1"),
        ("count(d in divisors(2**64 + n), true)", 0, "factors of 2^64 or more"),
        ("sum(p in primes(0..n), p)", 100, "1060"),
        ("count(p in primes(2..=n), true)", 997, "168"),
        ("count(p in primes(n..2 * 10**6), true)", 0, "148933"),
        ("sum(p in primes(n..n), p)", 7, "0"),
        ("find(p in primes(2..n), prime(n - p))", 998, "7"),
        ("find(p in primes(2**64 - n..2**64), true)", 100, "18446744073709551521"),
        ("count(p in primes(2**64 - 100 + n..=2**64), true)", 0, "prime of more than 2^64"),
        ("sum(d in digits(n), d ** 3)", 153, "153"),
        ("sum(d in digits(n), d)", -991, "19"),
        ("count(d in digits(n), true)", 0, "1"),
        ("product(d in digits(2 ** 100 + n), d)", 4, "0"),
        ("sum(d in digits(2 ** 100 + n), d)", 0, "115"),
        ("sum(d in digits(-2 ** 63), d)", 0, "89"),
        ("find(d in digits(n), d > 3)", 986, "6"),
        ("find(d in digits(n), d > 9, -1)", 986, "-1"),
        ("sum(d in digits(n)..=9, d)", 500, "42"),
    ] {
        assert_eq!(value(source, n), expected, "{source} for {n}");
    }
}

#[test]
fn iterations_end_by_their_condition_or_their_limit() {
    const COLLATZ: &str = "while x > 1, if even(x) { x / 2 } else { 3 * x + 1 })";
    let collatz = |head: &str| format!("{head}{COLLATZ}");
    for (source, n, expected) in [
        (collatz("steps(x = n, "), 27, "111"),
        (collatz("steps(x = n, 100, "), 27, "no end after 100 steps"),
        (collatz("iterate(x = n, 111, "), 27, "1"),
        (collatz("steps(x = n, "), 1, "0"),
        ("iterate(x = n, while x != 1 && x != 4, sum(d in digits(x), d * d))".to_owned(), 19, "1"),
        ("iterate(x = n, while x != 1 && x != 4, sum(d in digits(x), d * d))".to_owned(), 20, "4"),
        ("iterate(x = n, 10, 2 * x)".to_owned(), 3, "3072"),
        ("iterate(x = n, 200, 2 * x)".to_owned(), 3, "overflow"),
        ("iterate(x = n, 100, 2 * x) / 2 ** 99".to_owned(), 3, "6"),
        ("iterate(x = n, 0, 1 / 0)".to_owned(), 3, "3"),
        ("iterate(x = n, -5, x + 1)".to_owned(), 3, "3"),
        ("steps(x = n, x, x + 1)".to_owned(), 3, "3"),
        ("iterate(x = n, while true, x)".to_owned(), 3, "no end after 1000000 steps"),
        ("iterate(x = n, 2 ** 100, while x < 50, x + 1)".to_owned(), 3, "50"),
        ("iterate(x = 1, n, iterate(y = x, 2, y + x))".to_owned(), 4, "81"),
    ] {
        assert_eq!(value(&source, n), expected, "{source} for {n}");
    }
}

/// Items that come after the first that decides are not computed.
#[test]
fn a_loop_ends_at_the_first_item_that_decides() {
    assert_eq!(value("any(d in 1..10**18, d == n)", 7), "true");
    assert_eq!(value("all(d in 1..10**18, d < n)", 7), "false");
    assert_eq!(value("find(d in 1..10**18, d * d > n)", 99), "10");
    assert_eq!(value("any(d in -5..5, 10 / d == -10)", 0), "true");
    assert_eq!(value("any(d in -5..5, 10 / d == 10)", 0), "division by zero");
}

#[test]
fn both_ends_of_64_bits_can_be_items() {
    for (source, expected) in [
        ("count(d in 2**63 - 3..=2**63 - 1, odd(d))", "2"),
        ("count(d in 2**63 - 3..2**63, odd(d))", "2"),
        ("sum(d in -2**63..=-2**63, d)", "-9223372036854775808"),
        ("max(d in 2**63 - 1..=2**63 + 1, d)", "9223372036854775809"),
        ("count(d in 2**127 - 1 - 1..=2**127 - 1 - 0, true)", "column 13: '**' fails"),
        (
            "max(d in 2**126 + (2**126 - 1)..=2**126 + (2**126 - 1), d - 1) - 2**126",
            "85070591730234615865843651857942052862",
        ),
    ] {
        if expected.contains("column") {
            assert!(refusal(source).starts_with(expected), "{source}: {}", refusal(source));
        } else {
            assert_eq!(value(source, 0), expected, "{source}");
        }
    }
}

#[test]
fn what_a_loop_can_be_is_known() {
    for (source, low, high, can_fail) in [
        ("count(d in 1..=n, n % d == 0)", 0, 1000, false),
        ("sum(d in 1..n if n % d == 0, d)", 0, 998_001, false),
        ("sum(d in 1..10, -d)", -81, 0, false),
        ("product(d in 1..=10, 2)", 1, 1024, false),
        ("find(d in 0..n, d == 5)", 0, 999, true),
        ("find(d in 0..n, d == 5, -1)", -1, 999, false),
    ] {
        let tree = over(source, 0, 1000);
        assert_eq!((tree.bounds.low, tree.bounds.high), (low, high), "{source}");
        assert_eq!(tree.can_fail(), can_fail, "{source}");
    }
    assert_eq!(over("any(d in 0..n, d > 5000)", 0, 1000).what, NodeForm::Constant(0));
}

#[test]
fn what_other_languages_write_for_loops_is_answered() {
    for (source, expected) in [
        (
            "sum d|n",
            "column 1: 'sum' needs a variable and its items; write sum(d in divisors(n), d)",
        ),
        (
            "sum(d|n, d)",
            "column 1: 'sum' needs a variable and its items; write sum(d in divisors(n), d)",
        ),
        ("sumdiv(n, d, d)", "column 1: unknown function 'sumdiv'; write sum(d in divisors(n), d)"),
        (
            "divisors(n) == 4",
            "column 1: unknown function 'divisors'; a loop goes over them: sum(d in divisors(n), d)",
        ),
        (
            "for d in 1..n { d }",
            "column 1: unknown name 'for'; write sum(d in a..b, e), any(d in a..b, c), or iterate(x = a, while c, e)",
        ),
        (
            "[d for d in 1..n]",
            "column 1: there is no operator '['; \
             write sum(d in a..b if c, e), or count, product, min, max, any, all, find",
        ),
        (
            "sum(d for d in 1..n)",
            "column 1: 'sum' needs a variable and its items; write sum(d in divisors(n), d)",
        ),
        (
            "while(n != 1, n / 2)",
            "column 1: unknown function 'while'; write iterate(x = a, while c, e)",
        ),
        (
            "n!",
            "column 2: an operator is missing before '!'; a factorial is factorial(a), and unequal is '!='",
        ),
        ("digit_sum(n)=3", "'='; did you mean '=='?"),
        ("n=3", "column 2: there is no operator '='; did you mean '=='?"),
        (
            "sum(i=1, n, i)",
            "column 1: 'sum' needs a variable and its items; write sum(i in a..=b, e)",
        ),
        (
            "sum(d in digits(n, 2), d)",
            "column 18: ')' is missing before ','; a loop goes over decimal digits; \
             in base b, the i-th from the end is n / b ** i % b",
        ),
        ("bitxor(n, 1)", "column 1: unknown function 'bitxor'; did you mean 'xor'?"),
        (
            "factor(n)",
            "column 1: unknown function 'factor'; write omega(n), bigomega(n), lpf(n), gpf(n), \
             or sum(p in divisors(n) if prime(p), p)",
        ),
        ("isprime(n)", "column 1: unknown function 'isprime'; did you mean 'prime'?"),
        ("cuont(d in 1..n, d > 2)", "column 1: unknown function 'cuont'; did you mean 'count'?"),
        (
            "10^18",
            "column 3: there is no operator '^'; a power is a ** b, exclusive or is xor(a, b)",
        ),
    ] {
        assert!(refusal(source).ends_with(expected), "{}", refusal(source));
    }
}

#[test]
fn what_is_no_loop_is_refused() {
    for (source, expected) in [
        (
            "sum(n, 2)",
            "column 1: 'sum' needs a variable and its items; write sum(d in divisors(n), d)",
        ),
        (
            "sum(d in 1..n if n % d == 0)",
            "column 1: 'sum' takes one value behind its items, not 0; write sum(d in divisors(n), d)",
        ),
        (
            "count(d in 1..n)",
            "column 1: 'count' takes one condition, not 0; write count(d in 1..=n if n % d == 0)",
        ),
        (
            "sum(d in n, d)",
            "column 11: '..' is missing before ','; items are a..b, a..=b, divisors(a), primes(a..b) or digits(a)",
        ),
        ("sum(n in 1..5, n)", "column 5: 'n' cannot name a variable; choose another name"),
        ("let 3 = n; n", "column 5: a name is missing before '3'; write let x = a; b"),
        ("let x == 3; x", "column 7: '=' is missing before '=='; write let x = a; b"),
        ("let x = 3", "column 10: ';' is missing at the end; write let x = a; b"),
        ("let x = 3;", "column 11: a value is missing at the end"),
        (
            "1 + let x = 3; x",
            "column 5: 'let' does not belong here; definitions inside stand in parentheses: (let x = a; b)",
        ),
        ("sum(d in 1..n, d) + d", "column 21: unknown name 'd'; the number is called 'n'"),
        ("let total = n; totl + 1", "column 16: unknown name 'totl'; did you mean 'total'?"),
        ("let x = n; x(3)", "column 12: 'x' is not a function; to multiply, write x * (…)"),
        (
            "sum(d in 1..n, prime(d))",
            "column 16: 'sum' needs a number, and 'prime(d)' is true or false; write 'if prime(d) { 1 } else { 0 }'",
        ),
        (
            "any(d in 1..n, n % d)",
            "column 16: 'any' needs true or false, and 'n % d' is a number; write 'n % d != 0'",
        ),
        (
            "n..5",
            "column 2: there is no operator '..'; a range is an argument of its own, behind the expression",
        ),
        (
            "iterate(x = n, x + 1)",
            "column 1: the iteration has no end: it needs a number of steps, or 'while'; \
             write iterate(x = n, while x > 1, if even(x) { x / 2 } else { 3 * x + 1 })",
        ),
        ("n = 5", "column 3: there is no operator '='; did you mean '=='?"),
    ] {
        assert_eq!(refusal(source), expected);
    }
}
