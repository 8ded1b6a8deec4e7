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
fn what_is_no_loop_is_refused() {
    for (source, expected) in [
        (
            "sum(n, 2)",
            "column 1: 'sum' needs a variable and its items; write sum(d in 1..n if n % d == 0, d)",
        ),
        (
            "sum(d in 1..n if n % d == 0)",
            "column 1: 'sum' takes one value behind its items, not 0; write sum(d in 1..n if n % d == 0, d)",
        ),
        (
            "count(d in 1..n)",
            "column 1: 'count' takes one condition, not 0; write count(d in 1..=n if n % d == 0)",
        ),
        (
            "sum(d in n, d)",
            "column 11: '..' is missing before ','; items are written a..b or a..=b",
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
        ("n = 5", "column 3: there is no operator '='; did you mean '=='?"),
    ] {
        assert_eq!(refusal(source), expected);
    }
}
