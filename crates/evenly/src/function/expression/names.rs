//! Suggestions for unknown names in an expression.

use super::error::{ExpressionError, Fault};
use super::reduction::Reduction;
use super::syntax::called_names;

/// What is called otherwise elsewhere.
const ELSEWHERE: [(&str, &str); 66] = [
    // PARI/GP, SymPy, Sage, Mathematica.
    ("eulerphi", "did you mean 'phi'?"),
    ("euler_phi", "did you mean 'phi'?"),
    ("totient", "did you mean 'phi'?"),
    ("moebius", "did you mean 'mobius'?"),
    ("mu", "did you mean 'mobius'?"),
    ("numdiv", "did you mean 'tau'?"),
    ("divisor_count", "did you mean 'tau'?"),
    ("sigma0", "the number of divisors is tau(n)"),
    ("sigma1", "did you mean 'sigma'?"),
    ("core", "the product of the different primes is rad(n)"),
    ("issquare", "did you mean 'is_square'?"),
    ("ispower", "did you mean 'is_power'?"),
    ("issquarefree", "did you mean 'is_squarefree'?"),
    ("sqrtint", "did you mean 'isqrt'?"),
    ("sqrtnint", "did you mean 'iroot'?"),
    ("cbrt", "write iroot(a, 3)"),
    ("logint", "did you mean 'ilog'?"),
    ("log2", "write ilog(a, 2)"),
    ("precprime", "did you mean 'prevprime'?"),
    ("fromdigits", "digits in the other order are reverse(n)"),
    ("hammingweight", "did you mean 'popcount'?"),
    ("valuation", "of 2, it is ctz(n)"),
    ("jacobi", "did you mean 'kronecker'?"),
    ("sqrt", "did you mean 'isqrt'?"),
    ("pow", "a power is a ** b"),
    ("power", "a power is a ** b"),
    ("is_prime", "did you mean 'prime'?"),
    ("ispseudoprime", "did you mean 'prime'?"),
    ("isprime", "did you mean 'prime'?"),
    ("is_even", "did you mean 'even'?"),
    ("iseven", "did you mean 'even'?"),
    ("is_odd", "did you mean 'odd'?"),
    ("isodd", "did you mean 'odd'?"),
    ("count_ones", "did you mean 'popcount'?"),
    ("popcnt", "did you mean 'popcount'?"),
    ("rem", "a remainder is a % b or a mod b"),
    ("modulo", "did you mean 'mod'?"),
    ("sum_digits", "did you mean 'digit_sum'?"),
    ("sumdigits", "did you mean 'digit_sum'?"),
    ("len", "did you mean 'digits'?"),
    ("bitand", "the bits in both are a & b"),
    ("bitor", "the bits in either are a | b"),
    ("bitxor", "did you mean 'xor'?"),
    ("bitneg", "all bits turned over are -a - 1"),
    ("bittest", "did you mean 'bit'?"),
    ("factor", FACTORS),
    ("factors", FACTORS),
    ("factorint", FACTORS),
    ("and", "write a && b"),
    ("or", "write a || b"),
    ("not", "did you mean '!'?"),
    ("else", "write if c { a } else { b }"),
    ("sin", REALS),
    ("cos", REALS),
    ("tan", REALS),
    ("atan", REALS),
    ("exp", REALS),
    ("ln", REALS),
    (
        "log",
        "the whole part of a logarithm is ilog(a, b); for real values give a command that prints decimals, or --lib FILE.so:SYMBOL:f64",
    ),
    ("log10", "write ilog(a, 10)"),
    ("float", REALS),
    ("real", REALS),
    ("double", REALS),
    ("floor", REALS),
    ("ceil", REALS),
    ("round", REALS),
];

/// What loops are called elsewhere, or sets outside of a loop.
const LOOPS: [(&str, &str); 14] = [
    ("for", FOR),
    ("foreach", FOR),
    ("loop", FOR),
    ("while", ITERATE),
    ("until", ITERATE),
    ("takewhile", ITERATE),
    ("fold", ITERATE),
    ("length", "the steps are steps(x = n, while c, e), and the decimal digits are digits(n)"),
    ("sumdiv", "write sum(d in divisors(n), d)"),
    ("divisors", "a loop goes over them: sum(d in divisors(n), d)"),
    ("primes", "a loop goes over them: sum(p in primes(a..b), p)"),
    ("forprime", "write sum(p in primes(a..b), p)"),
    ("prod", "write product(d in 1..=n, d)"),
    ("where", "write let x = a; b"),
];

const FOR: &str = "write sum(d in a..b, e), any(d in a..b, c), or iterate(x = a, while c, e)";
const FACTORS: &str =
    "write omega(n), bigomega(n), lpf(n), gpf(n), or sum(p in divisors(n) if prime(p), p)";
const REALS: &str = "an expression has integers only; for real values give a command that prints decimals, or \
                     --lib FILE.so:SYMBOL:f64";
const ITERATE: &str = "write iterate(x = a, while c, e)";

/// The error for a name where a value should stand.
pub(super) fn unknown<'a>(
    name: &str,
    column: usize,
    is_called: bool,
    variables: impl Iterator<Item = &'a str> + Clone,
) -> ExpressionError {
    let text = name.to_owned();
    let fault = if is_called { Fault::UnknownFunction(text) } else { Fault::UnknownName(text) };
    let error = ExpressionError::new(column, fault);
    if let Some((_, hint)) = ELSEWHERE.iter().chain(&LOOPS).find(|(other, _)| *other == name) {
        return error.hint(*hint);
    }
    let words = if is_called { [].as_slice() } else { ["true", "false", "if"].as_slice() };
    let loops = Reduction::ALL.iter().map(|(name, _)| *name).chain(["iterate", "steps"]);
    let calls = called_names().map(|name| -> &str { name }).chain(loops.filter(|_| is_called));
    let others = variables.clone().filter(|_| !is_called).chain(words.iter().copied());
    if let Some(meant) = closest(name, calls.chain(others)) {
        return error.hint(format!("did you mean '{meant}'?"));
    }
    if is_called { error } else { error.hint(names_of(variables)) }
}

/// The names of the values that an expression can use where an unknown one stands.
fn names_of<'a>(variables: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = variables.map(|name| format!("'{name}'")).collect();
    match names.is_empty() {
        true => "the number is called 'n'".to_owned(),
        false => format!("the names here are {} and 'n'", names.join(", ")),
    }
}

/// What to write in place of a word between two values, if it is an operator elsewhere.
pub(super) fn foreign_operator(word: &str) -> Option<&'static str> {
    Some(match word {
        "and" | "AND" => "did you mean '&&'?",
        "or" | "OR" => "did you mean '||'?",
        "xor" | "XOR" => "exclusive or is xor(a, b)",
        "not" | "is" | "eq" => "equal is '==', unequal '!='",
        "rem" | "MOD" => "did you mean 'mod'?",
        "DIV" => "did you mean 'div'?",
        "if" => "write if c { a } else { b }",
        "for" => FOR,
        "while" => ITERATE,
        "where" => "write let x = a; b",
        _ => return None,
    })
}

/// The name that was probably meant, if one is close enough to say so.
fn closest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // One letter is close to too much.
    if typed.chars().count() < 2 {
        return None;
    }
    let typed = typed.to_lowercase();
    let scored = names.map(|name| (strsim::jaro_winkler(&typed, name), name));
    let best = scored.max_by(|one, other| one.0.total_cmp(&other.0))?;
    (best.0 > 0.75).then_some(best.1)
}
