//! Every error: its column, what it says, and what it suggests.

use super::{refusal, understand};
use crate::function::expression::parse::{MAX_BYTES, MAX_DEPTH};

#[track_caller]
fn assert_refused(cases: &[(&str, &str)]) {
    for (source, expected) in cases {
        assert_eq!(refusal(source), *expected, "{source}");
    }
}

#[test]
fn names() {
    assert_refused(&[
        ("1 + prme(n)", "column 5: unknown function 'prme'; did you mean 'prime'?"),
        ("evn(n)", "column 1: unknown function 'evn'; did you mean 'even'?"),
        ("Prime(n)", "column 1: unknown function 'Prime'; did you mean 'prime'?"),
        ("sqrt(n)", "column 1: unknown function 'sqrt'; did you mean 'isqrt'?"),
        ("pow(n, 2)", "column 1: unknown function 'pow'; a power is a ** b"),
        ("qqq(n)", "column 1: unknown function 'qqq'"),
        ("x % 7 == 3", "column 1: unknown name 'x'; the number is called 'n'"),
        ("N % 7 == 3", "column 1: unknown name 'N'; the number is called 'n'"),
        ("n % 7 == k", "column 10: unknown name 'k'; the number is called 'n'"),
        ("True", "column 1: unknown name 'True'; did you mean 'true'?"),
        ("prime", "column 1: 'prime' is a function and needs its arguments; write prime(n)"),
        ("gcd == 1", "column 1: 'gcd' is a function and needs its arguments; write gcd(a, b)"),
        ("n(3)", "column 1: 'n' is not a function; to multiply, write n * (…)"),
    ]);
}

#[test]
fn a_refusal_is_one_line_however_many_the_source_has() {
    assert_refused(&[
        (
            "n +\n\t1 && n > 2",
            "column 1: '&&' needs true or false, and 'n + 1' is a number; write 'n + 1 != 0'",
        ),
        (
            "1 < n +\n\n2 < 3",
            "column 12: comparisons do not chain; write '&& n + 2 <' for this '<'",
        ),
    ]);
}

#[test]
fn operators_of_other_languages() {
    assert_refused(&[
        (
            "n ^ 2",
            "column 3: there is no operator '^'; a power is a ** b, exclusive or is xor(a, b)",
        ),
        ("n % 7 = 3", "column 7: there is no operator '='; did you mean '=='?"),
        ("n === 3", "column 3: there is no operator '==='; did you mean '=='?"),
        ("n <> 3", "column 3: there is no operator '<>'; did you mean '!='?"),
        ("n => 3", "column 3: there is no operator '=>'; did you mean '>='?"),
        ("n ≤ 3", "column 3: there is no operator '≤'; did you mean '<='?"),
        ("even(n) and n > 3", "column 9: there is no operator 'and'; did you mean '&&'?"),
        ("even(n) or n > 3", "column 9: there is no operator 'or'; did you mean '||'?"),
        ("n xor 3", "column 3: there is no operator 'xor'; exclusive or is xor(a, b)"),
        ("not even(n)", "column 1: unknown name 'not'; did you mean '!'?"),
        ("not(even(n))", "column 1: unknown function 'not'; did you mean '!'?"),
        ("~n", "column 1: there is no operator '~'; all bits turned over are -a - 1"),
        ("n > 3 ? 1 : 2", "column 7: there is no operator '?'; write if c { a } else { b }"),
        ("1 if n > 3", "column 3: there is no operator 'if'; write if c { a } else { b }"),
        (
            "n // 2",
            "column 3: there is no operator '//'; a quotient is a / b, towards zero, or a div b, \
             with a remainder that is not negative",
        ),
        ("n + +1", "column 5: there is no unary '+'; leave it out"),
        ("+n", "column 1: there is no unary '+'; leave it out"),
        ("1 < n < 5", "column 7: comparisons do not chain; write '&& n <' for this '<'"),
        ("n == 1 == n", "column 8: comparisons do not chain; write '&& 1 ==' for this '=='"),
        (
            "n == 1 & n == 2",
            "column 12: comparisons do not chain; '&' joins the bits of two numbers, and before the comparisons \
             beside it; write '&&' to join two comparisons",
        ),
        (
            "0..100",
            "column 2: there is no operator '..'; a range is an argument of its own, behind the expression",
        ),
        ("n.abs()", "column 2: there is no operator '.'; a function is called as abs(n)"),
    ]);
}

#[test]
fn numbers() {
    const FRACTION: &str = "an expression has integers only: 10 * n > 5 stands for n > 0.5; for real values give a command that prints \
         decimals, or --lib FILE.so:SYMBOL:f64";
    const NOTATIONS: &str = "numbers are written as 1000, 1_000, 1e3, 10 ** 3, 0x3e8, 0o17 or 0b11";
    assert_refused(&[
        ("n * 0.5", &format!("column 5: '0.5' is not a whole number; {FRACTION}")),
        ("n > .5", &format!("column 5: '.5' is not a whole number; {FRACTION}")),
        ("5. + n", &format!("column 1: '5.' is not a whole number; {FRACTION}")),
        ("0xfg", &format!("column 1: '0xfg' is not a number; {NOTATIONS}")),
        ("n + 0XFF", &format!("column 5: '0XFF' is not a number; {NOTATIONS}")),
        ("0x", &format!("column 1: '0x' is not a number; {NOTATIONS}")),
        ("0b12", &format!("column 1: '0b12' is not a number; {NOTATIONS}")),
        ("0o8", &format!("column 1: '0o8' is not a number; {NOTATIONS}")),
        ("0x_1", &format!("column 1: '0x_1' is not a number; {NOTATIONS}")),
        ("n + 1e-3", &format!("column 5: '1e-' is not a number; {NOTATIONS}")),
        ("0xffffffffffffffffffffffffffffffff1", "column 1: the number does not fit 128 bits"),
        (
            "1__0",
            "column 1: '1__0' is not a number; underscores stand alone between digits, as in 1_000",
        ),
        (
            "1_",
            "column 1: '1_' is not a number; underscores stand alone between digits, as in 1_000",
        ),
        ("1e99", "column 1: the number does not fit 128 bits"),
        ("1e99999999999999999999", "column 1: the number does not fit 128 bits"),
        (
            "1 + 170141183460469231731687303715884105728",
            "column 5: the number does not fit 128 bits",
        ),
        (
            "-170141183460469231731687303715884105728 ** 1",
            "column 2: the number does not fit 128 bits",
        ),
    ]);
}

#[test]
fn what_is_missing_or_too_much() {
    assert_refused(&[
        ("", "column 1: the expression is empty; n % 7 == 3 && prime(n) is one"),
        ("  \t", "column 1: the expression is empty; n % 7 == 3 && prime(n) is one"),
        ("2n", "column 2: an operator is missing before 'n'; to multiply, write 2 * n"),
        ("n 2", "column 3: an operator is missing before '2'; to multiply, write n * 2"),
        ("2(n + 1)", "column 2: an operator is missing before '('; to multiply, write 2 * (…)"),
        (
            "n !  3",
            "column 3: an operator is missing before '!'; a factorial is factorial(a), and unequal is '!='",
        ),
        ("n +", "column 4: a value is missing at the end"),
        ("n +  ", "column 4: a value is missing at the end"),
        ("n + * 2", "column 5: a value is missing before '*'"),
        ("()", "column 2: a value is missing before ')'"),
        ("(n + 1", "column 7: ')' is missing at the end; '(' at column 1 is not closed"),
        ("prime(n && n", "column 13: ')' is missing at the end; '(' at column 6 is not closed"),
        ("n + 1)", "column 6: ')' does not belong here; nothing is open that it could close"),
        ("n, 2", "column 2: ',' does not belong here; it separates the arguments of a function"),
        ("gcd(n)", "column 1: 'gcd' takes two values or more, not 1"),
        ("prime()", "column 1: 'prime' takes one value, not 0"),
        ("prime(n, 2)", "column 1: 'prime' takes one value, not 2"),
        ("max(n)", "column 1: 'max' takes two values or more, not 1"),
        (
            "if n > 3 { 1 }",
            "column 1: 'if' needs 'else', so that there is always a value; write if c { a } else { b }",
        ),
        (
            "if n > 3 then 1 else 2",
            "column 10: '{' is missing before 'then'; write if c { a } else { b }",
        ),
        (
            "if n > 3 { 1 else { 2 }",
            "column 14: '}' is missing before 'else'; '{' at column 10 is not closed",
        ),
        (
            "if n > 3 { 1 } else { 2",
            "column 24: '}' is missing at the end; '{' at column 21 is not closed",
        ),
        ("n $ 3", "column 3: unexpected character '$'"),
        ("n \u{7} 3", "column 3: unexpected character '\\u{7}'"),
        ("é + ö", "column 1: unknown name 'é'; the number is called 'n'"),
        ("n + é", "column 5: unknown name 'é'; the number is called 'n'"),
    ]);
}

#[test]
fn numbers_and_truth_values() {
    assert_refused(&[
        (
            "1 + prime(n)",
            "column 5: '+' needs a number, and 'prime(n)' is true or false; \
             write 'if prime(n) { 1 } else { 0 }'",
        ),
        (
            "(n > 3) * 2",
            "column 1: '*' needs a number, and '(n > 3)' is true or false; \
             write 'if (n > 3) { 1 } else { 0 }'",
        ),
        ("n && even(n)", "column 1: '&&' needs true or false, and 'n' is a number; write 'n != 0'"),
        (
            "even(n) || n % 7",
            "column 12: '||' needs true or false, and 'n % 7' is a number; write 'n % 7 != 0'",
        ),
        (
            "!n",
            "column 2: '!' needs true or false, and 'n' is a number; write 'n == 0' in its place",
        ),
        (
            "even(n) == 1",
            "column 12: '==' needs two numbers or two truth values, and '1' is a number; \
             write 'true' in its place",
        ),
        (
            "n & even(n)",
            "column 5: '&' needs two numbers or two truth values, and 'even(n)' is true or false; \
             write 'if even(n) { 1 } else { 0 }'",
        ),
        (
            "if n { 1 } else { 2 }",
            "column 4: 'if' needs true or false, and 'n' is a number; write 'n != 0'",
        ),
        (
            "if even(n) { 1 } else { true }",
            "column 14: 'if' needs two numbers or two truth values, and '1' is a number; \
             write 'true' in its place",
        ),
        (
            "even(n) < odd(n)",
            "column 1: '<' needs a number, and 'even(n)' is true or false; \
             write 'if even(n) { 1 } else { 0 }'",
        ),
    ]);
}

#[test]
fn what_is_too_long_or_too_deep() {
    let long = format!("n{}", " + n".repeat(MAX_BYTES / 4));
    assert_eq!(refusal(&long), "column 701: the expression is longer than 700 bytes");
    assert!(understand(&long[..MAX_BYTES - 3], None).is_ok());
    let deep = |open: &str, close: &str, depth| {
        understand(&format!("{}n{}", open.repeat(depth), close.repeat(depth)), None)
    };
    assert!(deep("(", ")", MAX_DEPTH).is_ok());
    assert!(deep("-", "", MAX_DEPTH).is_ok());
    for (open, close) in [("(", ")"), ("-", ""), ("abs(", ")"), ("", " ** 1"), ("if n", "")] {
        let refused =
            deep(open, close, MAX_DEPTH + 1).map(|_| ()).map_err(|error| error.to_string());
        assert!(refused.is_err(), "{open}");
    }
    let error = deep("(", ")", MAX_DEPTH + 1).unwrap_err().to_string();
    assert_eq!(error, "column 101: nested more than 100 deep");
}
