//! Expressions at random: written, read again, computed, and held against the reference.

mod loops;

use super::reference::{self, Value};
use crate::function::Kind;
use crate::function::expression::error::Fault;
use crate::function::expression::evaluate::{evaluate, evaluate_within};
use crate::function::expression::functions::NamedFunction;
use crate::function::expression::reduction::Reduction;
use crate::function::expression::syntax::{
    CALLS, CalledFunction, INFIX, Infix, Syntax, SyntaxForm, called_names,
};
use crate::function::expression::tree::{BinaryFunction, Comparison, UnaryFunction};
use crate::function::expression::{lex, parse, understand};
use evenly_core::Interval;
use proptest::prelude::*;
use proptest::sample::select;

pub(super) fn plain(form: SyntaxForm) -> Syntax {
    Syntax { form, at: 0, span: 0..0 }
}

/// Numbers of all sizes, but more small ones.
fn constants() -> impl Strategy<Value = i128> {
    prop_oneof![
        4 => 0_i128..12,
        2 => (0_u32..127, -2_i128..3).prop_map(|(bits, by)| ((1 << bits) + by).max(0)),
        1 => 0..=i128::MAX,
        1 => select(vec![i128::MAX, i128::MIN, 1 << 64, (1 << 64) + 1, i128::from(i64::MAX)]),
    ]
}

fn comparisons() -> impl Strategy<Value = Comparison> {
    use Comparison::*;
    select(vec![Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual])
}

fn numbers(depth: u32) -> BoxedStrategy<Syntax> {
    use BinaryFunction::*;
    let leaf = prop_oneof![
        5 => Just(plain(SyntaxForm::N)),
        3 => (0_usize..6).prop_map(|slot| plain(SyntaxForm::Variable(slot))),
        2 => constants().prop_map(|number| plain(SyntaxForm::Number(number))),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let (number, truth) = (numbers(depth - 1), truths(depth - 1));
    let one = select(vec![
        UnaryFunction::Negate,
        UnaryFunction::Abs,
        UnaryFunction::Isqrt,
        UnaryFunction::Popcount,
        UnaryFunction::Digits,
        UnaryFunction::DigitSum,
    ]);
    let two = select(vec![
        Add,
        Subtract,
        Multiply,
        Divide,
        Remainder,
        DivideEuclid,
        Modulo,
        Power,
        ShiftLeft,
        ShiftRight,
        And,
        Or,
        Xor,
        Min,
        Max,
        Gcd,
        Lcm,
    ]);
    prop_oneof![
        1 => leaf,
        3 => calls(Kind::Integer, number.clone()),
        2 => (one, number.clone()).prop_map(|(f, x)| plain(SyntaxForm::One(f, Box::new(x)))),
        6 => (two, number.clone(), number.clone())
            .prop_map(|(f, a, b)| plain(SyntaxForm::Two(f, Box::new(a), Box::new(b)))),
        1 => (truth.clone(), number.clone(), number.clone()).prop_map(conditional),
        1 => (number.clone(), number.clone())
            .prop_map(|(a, b)| plain(SyntaxForm::Let(0, Box::new(a), Box::new(b)))),
        1 => loops::iterations(number.clone(), truth.clone()),
        2 => loops::numbers(&number, &truth),
    ]
    .boxed()
}

fn truths(depth: u32) -> BoxedStrategy<Syntax> {
    let n = || Box::new(plain(SyntaxForm::N));
    let leaf = prop_oneof![
        1 => any::<bool>().prop_map(|truth| plain(SyntaxForm::Truth(truth))),
        4 => select(vec![UnaryFunction::Even, UnaryFunction::Odd, UnaryFunction::Prime])
            .prop_map(move |f| plain(SyntaxForm::One(f, n()))),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let (number, truth) = (numbers(depth - 1), truths(depth - 1));
    let pair = (truth.clone(), truth.clone()).prop_map(|(a, b)| (Box::new(a), Box::new(b)));
    let equality = select(vec![Comparison::Equal, Comparison::NotEqual]);
    prop_oneof![
        1 => leaf,
        2 => calls(Kind::Truth, number.clone()),
        2 => (select(vec![UnaryFunction::Even, UnaryFunction::Odd, UnaryFunction::Prime]), number.clone())
            .prop_map(|(f, x)| plain(SyntaxForm::One(f, Box::new(x)))),
        1 => truth.clone().prop_map(|x| plain(SyntaxForm::One(UnaryFunction::Not, Box::new(x)))),
        1 => loops::truths(number.clone(), truth.clone()),
        4 => (comparisons(), number.clone(), number)
            .prop_map(|(f, a, b)| plain(SyntaxForm::Compare(f, Box::new(a), Box::new(b)))),
        1 => (equality, pair.clone()).prop_map(|(f, (a, b))| plain(SyntaxForm::Compare(f, a, b))),
        1 => (select(vec![BinaryFunction::And, BinaryFunction::Or, BinaryFunction::Xor]), pair.clone())
            .prop_map(|(f, (a, b))| plain(SyntaxForm::Two(f, a, b))),
        1 => pair.clone().prop_map(|(a, b)| plain(SyntaxForm::Both(a, b))),
        1 => pair.prop_map(|(a, b)| plain(SyntaxForm::Either(a, b))),
        1 => (truth.clone(), truth.clone(), truth).prop_map(conditional),
    ]
    .boxed()
}

/// All functions of the table but those that count primes, which takes up to a second.
pub(super) fn quick_functions() -> impl Iterator<Item = NamedFunction> {
    NamedFunction::all().filter(|function| !["primepi", "nthprime"].contains(&function.name()))
}

/// Calls of the functions of the table that give this.
fn calls(kind: Kind, number: BoxedStrategy<Syntax>) -> impl Strategy<Value = Syntax> {
    let functions: Vec<_> = quick_functions().filter(|f| f.kind() == kind).collect();
    select(functions).prop_flat_map(move |function| {
        prop::collection::vec(number.clone(), function.arguments())
            .prop_map(move |arguments| plain(SyntaxForm::Call(function, arguments)))
    })
}

fn conditional((condition, yes, no): (Syntax, Syntax, Syntax)) -> Syntax {
    plain(SyntaxForm::If(Box::new(condition), Box::new(yes), Box::new(no)))
}

pub(super) fn expressions() -> impl Strategy<Value = Syntax> {
    (1_u32..5)
        .prop_flat_map(|depth| prop_oneof![numbers(depth), truths(depth)])
        .prop_map(|syntax| loops::Binder::default().bound(syntax))
}

/// Short ranges, also at the ends of all numbers.
pub(super) fn ranges() -> impl Strategy<Value = Interval> {
    let first = prop_oneof![
        4 => -40_i64..40,
        1 => any::<i64>(),
        1 => select(vec![i64::MIN, i64::MAX - 20, 1 << 31, 1 << 32, -(1 << 62)]),
    ];
    (first, 0_i64..20)
        .prop_map(|(first, more)| Interval::new(first, first.saturating_add(more)).unwrap())
}

/// As it is written with as few parentheses as may be; where it stands, at least this level is needed.
pub(super) fn write(syntax: &Syntax, needed: u8, by_call: bool) -> String {
    const UNARY: u8 = 9;
    const VALUE: u8 = 11;
    let at = |part: &Syntax, needed| write(part, needed, by_call);
    let level_of = |sought| INFIX.iter().find(|(.., infix)| *infix == sought);
    let infix = match &syntax.form {
        SyntaxForm::Two(function, a, b) => Some((Infix::Two(*function), a, b)),
        SyntaxForm::Compare(comparison, a, b) => Some((Infix::Compare(*comparison), a, b)),
        SyntaxForm::Both(a, b) => Some((Infix::Both, a, b)),
        SyntaxForm::Either(a, b) => Some((Infix::Either, a, b)),
        _ => None,
    };
    let call = CALLS.iter().find(|(_, call)| match (&syntax.form, call) {
        (SyntaxForm::One(function, _), CalledFunction::One(known)) => function == known,
        (
            SyntaxForm::Two(function, ..),
            CalledFunction::Two(known) | CalledFunction::Many(known),
        ) => function == known,
        _ => false,
    });
    let is_infix = infix.and_then(|(infix, ..)| level_of(infix)).is_some();
    let (level, text) = match (&syntax.form, call, infix) {
        (SyntaxForm::N, ..) => (VALUE, "n".to_owned()),
        (SyntaxForm::Truth(truth), ..) => (VALUE, truth.to_string()),
        (SyntaxForm::Variable(slot), ..) => (VALUE, format!("v{slot}")),
        (SyntaxForm::Let(slot, value, body), ..) => {
            (0, format!("let v{slot} = {}; {}", at(value, 0), at(body, 0)))
        }
        (SyntaxForm::Reduce(reduce), ..) => (VALUE, loops::write(reduce, &at)),
        (SyntaxForm::Iterate(parts), ..) => (VALUE, loops::write_iteration(parts, &at)),
        (SyntaxForm::Number(number), ..) => {
            (if *number < 0 { UNARY } else { VALUE }, number.to_string())
        }
        (SyntaxForm::If(condition, yes, no), ..) => {
            let (condition, yes, no) = (at(condition, 1), at(yes, 0), at(no, 0));
            (VALUE, format!("if {condition} {{ {yes} }} else {{{no}}}"))
        }
        (SyntaxForm::Call(function, arguments), ..) => {
            let arguments: Vec<_> = arguments.iter().map(|part| at(part, 0)).collect();
            (VALUE, format!("{}({})", function.name(), arguments.join(", ")))
        }
        (SyntaxForm::One(UnaryFunction::Negate, x), ..) => (UNARY, format!("-{}", at(x, UNARY))),
        (SyntaxForm::One(UnaryFunction::Not, x), ..) => (UNARY, format!("!{}", at(x, UNARY))),
        (SyntaxForm::Two(BinaryFunction::Power, a, b), ..) => {
            (10, format!("{}**{}", at(a, VALUE), at(b, UNARY)))
        }
        (SyntaxForm::One(_, x), Some((name, _)), _) => (VALUE, format!("{name}({})", at(x, 0))),
        (_, Some((name, _)), Some((_, a, b))) if by_call || !is_infix => {
            (VALUE, format!("{name}({}, {})", at(a, 0), at(b, 0)))
        }
        (_, _, Some((infix, a, b))) => {
            let (name, level, _) = level_of(infix).unwrap();
            let is_comparison = matches!(infix, Infix::Compare(_));
            let left = at(a, level + u8::from(is_comparison));
            (*level, format!("{left} {name} {}", at(b, level + 1)))
        }
        (form, ..) => panic!("{form:?}"),
    };
    if level < needed { format!("({text})") } else { text }
}

/// Without the places.
pub(super) fn bare(syntax: &Syntax) -> Syntax {
    let part = |part: &Syntax| Box::new(bare(part));
    plain(match &syntax.form {
        SyntaxForm::One(f, x) => SyntaxForm::One(*f, part(x)),
        SyntaxForm::Two(f, a, b) => SyntaxForm::Two(*f, part(a), part(b)),
        SyntaxForm::Compare(f, a, b) => SyntaxForm::Compare(*f, part(a), part(b)),
        SyntaxForm::Both(a, b) => SyntaxForm::Both(part(a), part(b)),
        SyntaxForm::Either(a, b) => SyntaxForm::Either(part(a), part(b)),
        SyntaxForm::If(c, a, b) => SyntaxForm::If(part(c), part(a), part(b)),
        SyntaxForm::Call(f, arguments) => {
            SyntaxForm::Call(*f, arguments.iter().map(bare).collect())
        }
        SyntaxForm::Let(slot, a, b) => SyntaxForm::Let(*slot, part(a), part(b)),
        SyntaxForm::Reduce(reduce) => SyntaxForm::Reduce(Box::new(loops::bare(reduce))),
        SyntaxForm::Iterate(parts) => {
            SyntaxForm::Iterate(Box::new(parts.try_map(|part| Ok::<_, ()>(bare(part))).unwrap()))
        }
        form => form.clone(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn what_is_written_is_read(syntax in expressions(), by_call: bool) {
        let source = write(&syntax, 0, by_call);
        prop_assume!(source.len() <= parse::MAX_BYTES);
        let read = parse::parse(&source).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&source[read.span.clone()], &source);
        prop_assert_eq!(bare(&read), syntax, "{}", source);
    }

    #[test]
    fn what_is_computed_is_right(syntax in expressions(), range in ranges()) {
        let source = write(&syntax, 0, false);
        prop_assume!(source.len() <= parse::MAX_BYTES);
        let all = range.first()..=range.last();
        let tree = match understand(&source, Some(range)) {
            Ok(understood) => understood.tree,
            Err(error) => {
                let is_failing = matches!(error.fault, Fault::AlwaysFails { .. });
                prop_assert!(is_failing, "{source}: {error}");
                for n in all {
                    prop_assert!(reference::value(&syntax, n).is_err(), "{source} for {n}: {error}");
                }
                return Ok(());
            }
        };
        for n in all {
            let expected = reference::value(&syntax, n).map(|value| match value {
                Value::Number(number) => i128::try_from(number).unwrap(),
                Value::Truth(truth) => i128::from(truth),
            });
            // It asserts the bounds of each part, and which parts may fail.
            prop_assert_eq!(evaluate(&tree, n), expected, "{} for {}", source, n);
        }
    }

    #[test]
    fn no_text_panics(source: String) {
        survives(&source)?;
    }

    #[test]
    fn no_words_panic(words in prop::collection::vec(select(words()), 0..40), blanks: bool) {
        survives(&words.join(if blanks { " " } else { "" }))?;
    }
}

fn words() -> Vec<&'static str> {
    let infixes = INFIX.iter().map(|(name, ..)| *name);
    let others = [
        "n",
        "n",
        "0",
        "1",
        "7",
        "1e9",
        "1_000",
        "2**64",
        "(",
        ")",
        "(",
        ")",
        "{",
        "}",
        ",",
        "-",
        "!",
        "**",
        "if",
        "else",
        "let",
        "in",
        ";",
        "let x =",
        "; x",
        "sum(x in 1..",
        "sum(x in divisors(",
        "count(x in primes(2..",
        "max(x in digits(",
        "iterate(x =",
        "steps(x =",
        "while",
        "any(x in 0..=",
        "true",
        "false",
        "x",
        "^",
        "=",
        ".",
        "..",
        "0.5",
        "é",
        "²",
        "\n",
    ];
    let loops = Reduction::ALL.iter().map(|(name, _)| *name);
    called_names().chain(infixes).chain(loops).chain(others).collect()
}

/// An error is one line and points into the source, or just behind it.
fn survives(source: &str) -> Result<(), TestCaseError> {
    match understand(source, Interval::new(-9, 9)) {
        Ok(understood) => {
            let _ = evaluate_within(&understood.tree, 7, 1000);
        }
        Err(error) => {
            let text = error.to_string();
            prop_assert_eq!(text.lines().count(), 1, "{}", text);
            prop_assert!((1..=source.chars().count() + 1).contains(&error.column), "{}", text);
        }
    }
    let mut lexer = lex::Lexer::new(source);
    while lexer.next().is_ok_and(|token| token.what != lex::Lexeme::End) {}
    Ok(())
}
