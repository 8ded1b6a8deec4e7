//! Expressions at random: written, read again, computed, and held against the reference.

use super::reference::{self, Value};
use crate::function::expression::error::Fault;
use crate::function::expression::syntax::{CALLS, Call, Form, INFIX, Infix, Syntax};
use crate::function::expression::tree::{Comparison, Node, One, Two, What};
use crate::function::expression::{evaluate, lex, parse, understand};
use evenly_core::Interval;
use proptest::prelude::*;
use proptest::sample::select;

fn plain(form: Form) -> Syntax {
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
    use Two::*;
    let leaf = prop_oneof![
        6 => Just(plain(Form::N)),
        2 => constants().prop_map(|number| plain(Form::Number(number))),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let (number, truth) = (numbers(depth - 1), truths(depth - 1));
    let one =
        select(vec![One::Negate, One::Abs, One::Isqrt, One::Popcount, One::Digits, One::DigitSum]);
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
        2 => (one, number.clone()).prop_map(|(f, x)| plain(Form::One(f, Box::new(x)))),
        6 => (two, number.clone(), number.clone())
            .prop_map(|(f, a, b)| plain(Form::Two(f, Box::new(a), Box::new(b)))),
        1 => (truth, number.clone(), number).prop_map(conditional),
    ]
    .boxed()
}

fn truths(depth: u32) -> BoxedStrategy<Syntax> {
    let n = || Box::new(plain(Form::N));
    let leaf = prop_oneof![
        1 => any::<bool>().prop_map(|truth| plain(Form::Truth(truth))),
        4 => select(vec![One::Even, One::Odd, One::Prime])
            .prop_map(move |f| plain(Form::One(f, n()))),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let (number, truth) = (numbers(depth - 1), truths(depth - 1));
    let pair = (truth.clone(), truth.clone()).prop_map(|(a, b)| (Box::new(a), Box::new(b)));
    let equality = select(vec![Comparison::Equal, Comparison::NotEqual]);
    prop_oneof![
        1 => leaf,
        2 => (select(vec![One::Even, One::Odd, One::Prime]), number.clone())
            .prop_map(|(f, x)| plain(Form::One(f, Box::new(x)))),
        1 => truth.clone().prop_map(|x| plain(Form::One(One::Not, Box::new(x)))),
        4 => (comparisons(), number.clone(), number)
            .prop_map(|(f, a, b)| plain(Form::Compare(f, Box::new(a), Box::new(b)))),
        1 => (equality, pair.clone()).prop_map(|(f, (a, b))| plain(Form::Compare(f, a, b))),
        1 => (select(vec![Two::And, Two::Or, Two::Xor]), pair.clone())
            .prop_map(|(f, (a, b))| plain(Form::Two(f, a, b))),
        1 => pair.clone().prop_map(|(a, b)| plain(Form::Both(a, b))),
        1 => pair.prop_map(|(a, b)| plain(Form::Either(a, b))),
        1 => (truth.clone(), truth.clone(), truth).prop_map(conditional),
    ]
    .boxed()
}

fn conditional((condition, yes, no): (Syntax, Syntax, Syntax)) -> Syntax {
    plain(Form::If(Box::new(condition), Box::new(yes), Box::new(no)))
}

pub(super) fn expressions() -> impl Strategy<Value = Syntax> {
    (1_u32..5).prop_flat_map(|depth| prop_oneof![numbers(depth), truths(depth)])
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
        Form::Two(function, a, b) => Some((Infix::Two(*function), a, b)),
        Form::Compare(comparison, a, b) => Some((Infix::Compare(*comparison), a, b)),
        Form::Both(a, b) => Some((Infix::Both, a, b)),
        Form::Either(a, b) => Some((Infix::Either, a, b)),
        _ => None,
    };
    let call = CALLS.iter().find(|(_, call)| match (&syntax.form, call) {
        (Form::One(function, _), Call::One(known)) => function == known,
        (Form::Two(function, ..), Call::Two(known) | Call::Many(known)) => function == known,
        _ => false,
    });
    let is_infix = infix.and_then(|(infix, ..)| level_of(infix)).is_some();
    let (level, text) = match (&syntax.form, call, infix) {
        (Form::N, ..) => (VALUE, "n".to_owned()),
        (Form::Truth(truth), ..) => (VALUE, truth.to_string()),
        (Form::Number(number), ..) => (if *number < 0 { UNARY } else { VALUE }, number.to_string()),
        (Form::If(condition, yes, no), ..) => {
            let [condition, yes, no] = [condition, yes, no].map(|part| at(part, 0));
            (VALUE, format!("if {condition} {{ {yes} }} else {{{no}}}"))
        }
        (Form::One(One::Negate, x), ..) => (UNARY, format!("-{}", at(x, UNARY))),
        (Form::One(One::Not, x), ..) => (UNARY, format!("!{}", at(x, UNARY))),
        (Form::Two(Two::Power, a, b), ..) => (10, format!("{}**{}", at(a, VALUE), at(b, UNARY))),
        (Form::One(_, x), Some((name, _)), _) => (VALUE, format!("{name}({})", at(x, 0))),
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
fn bare(syntax: &Syntax) -> Syntax {
    let part = |part: &Syntax| Box::new(bare(part));
    plain(match &syntax.form {
        Form::One(f, x) => Form::One(*f, part(x)),
        Form::Two(f, a, b) => Form::Two(*f, part(a), part(b)),
        Form::Compare(f, a, b) => Form::Compare(*f, part(a), part(b)),
        Form::Both(a, b) => Form::Both(part(a), part(b)),
        Form::Either(a, b) => Form::Either(part(a), part(b)),
        Form::If(c, a, b) => Form::If(part(c), part(a), part(b)),
        form => form.clone(),
    })
}

fn parts(node: &Node) -> Vec<&Node> {
    match &node.what {
        What::N | What::Constant(_) => vec![],
        What::One(_, x) => vec![x],
        What::Two(_, a, b) | What::Compare(_, a, b) | What::Both(a, b) | What::Either(a, b) => {
            vec![a, b]
        }
        What::If(c, a, b) => vec![c, a, b],
    }
}

/// Every part lies within its bounds, and fails only if it may.
fn assert_known(node: &Node, n: i64) -> Result<(), TestCaseError> {
    let value = evaluate(node, n);
    match value {
        Ok(value) => prop_assert!(node.bounds.contains(value), "{value} of {node:?}"),
        Err(why) => {
            prop_assert!(node.can_fail(), "{why} of {node:?}");
            let is_of_a_part = parts(node).into_iter().any(|part| evaluate(part, n).is_err());
            prop_assert!(node.may_fail || is_of_a_part, "{why} of {node:?}");
        }
    }
    parts(node).into_iter().try_for_each(|part| assert_known(part, n))
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
            prop_assert_eq!(evaluate(&tree, n), expected, "{} for {}", source, n);
            assert_known(&tree, n)?;
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
    let calls = CALLS.iter().map(|(name, _)| *name);
    let infixes = INFIX.iter().map(|(name, ..)| *name);
    let others = [
        "n", "n", "0", "1", "7", "1e9", "1_000", "2**64", "(", ")", "(", ")", "{", "}", ",", "-",
        "!", "**", "if", "else", "true", "false", "x", "^", "=", ".", "..", "0.5", "é", "²", "\n",
    ];
    calls.chain(infixes).chain(others).collect()
}

/// An error is one line and points into the source, or just behind it.
fn survives(source: &str) -> Result<(), TestCaseError> {
    match understand(source, Interval::new(-9, 9)) {
        Ok(understood) => {
            let _ = evaluate(&understood.tree, 7);
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
