//! What is known before anything is computed: by examples, and by trying all there is in small.

use super::over;
use crate::function::expression::bounds;
use crate::function::expression::compute;
use crate::function::expression::reach::{Bounds, BoundsResult};
use crate::function::expression::tree::{BinaryFunction, UnaryFunction};
use evenly_core::Arithmetic;

const ONE: [UnaryFunction; 9] = [
    UnaryFunction::Negate,
    UnaryFunction::Abs,
    UnaryFunction::Isqrt,
    UnaryFunction::Popcount,
    UnaryFunction::Digits,
    UnaryFunction::DigitSum,
    UnaryFunction::Even,
    UnaryFunction::Odd,
    UnaryFunction::Prime,
];

const TWO: [BinaryFunction; 17] = [
    BinaryFunction::Add,
    BinaryFunction::Subtract,
    BinaryFunction::Multiply,
    BinaryFunction::Divide,
    BinaryFunction::Remainder,
    BinaryFunction::DivideEuclid,
    BinaryFunction::Modulo,
    BinaryFunction::Power,
    BinaryFunction::ShiftLeft,
    BinaryFunction::ShiftRight,
    BinaryFunction::And,
    BinaryFunction::Or,
    BinaryFunction::Xor,
    BinaryFunction::Min,
    BinaryFunction::Max,
    BinaryFunction::Gcd,
    BinaryFunction::Lcm,
];

/// Of these the lowest and the highest value are known exactly.
const TIGHT: [BinaryFunction; 10] = [
    BinaryFunction::Add,
    BinaryFunction::Subtract,
    BinaryFunction::Multiply,
    BinaryFunction::Divide,
    BinaryFunction::DivideEuclid,
    BinaryFunction::Power,
    BinaryFunction::ShiftLeft,
    BinaryFunction::ShiftRight,
    BinaryFunction::Min,
    BinaryFunction::Max,
];

type Values = Vec<Result<i128, Arithmetic>>;

/// Holds what is known against all values, or some of them.
fn assert_sound(what: &str, known: BoundsResult, values: &Values) {
    let Ok(reach) = known else {
        assert!(values.iter().all(Result::is_err), "{what} is said to fail always");
        return;
    };
    for value in values {
        match value {
            Ok(value) => assert!(reach.bounds.contains(*value), "{what}: {value}, {reach:?}"),
            Err(why) => assert!(reach.may_fail, "{what}: {why}"),
        }
    }
}

fn extremes(values: &Values) -> Option<Bounds> {
    let fitting = || values.iter().filter_map(|value| value.ok());
    Some(Bounds { low: fitting().min()?, high: fitting().max()? })
}

/// All bounds between these ends.
fn all_bounds(ends: &[i128]) -> Vec<Bounds> {
    let highs = |low| ends.iter().filter(move |high| low <= **high);
    ends.iter().flat_map(|&low| highs(low).map(move |&high| Bounds { low, high })).collect()
}

#[test]
fn bounds_of_few_numbers_are_right() {
    let ends: Vec<i128> = (-5..=5).chain([9, 10, 11]).collect();
    for x in all_bounds(&ends) {
        for function in ONE {
            let values: Values = (x.low..=x.high).map(|x| compute::one(function, x)).collect();
            let what = format!("{function:?} of {x:?}");
            assert_sound(&what, bounds::one(function, x), &values);
        }
        let squares: Values = (x.low..=x.high).map(|x| Ok(x * x)).collect();
        assert_eq!(bounds::square(x).map(|reach| reach.bounds).ok(), extremes(&squares));
        for y in all_bounds(&ends) {
            for function in TWO {
                let values: Values = (x.low..=x.high)
                    .flat_map(|x| (y.low..=y.high).map(move |y| compute::two(function, x, y)))
                    .collect();
                let (what, known) = (format!("{function:?}"), bounds::two(function, x, y));
                assert_sound(&what, known, &values);
                let may_fail = values.iter().any(Result::is_err);
                assert!(known.is_ok_and(|reach| reach.may_fail == may_fail) || known.is_err());
                assert_eq!(known.is_ok(), extremes(&values).is_some(), "{what} of {x:?}, {y:?}");
                if TIGHT.contains(&function) {
                    let exact = extremes(&values);
                    assert_eq!(known.map(|r| r.bounds).ok(), exact, "{what} of {x:?}, {y:?}");
                }
            }
        }
    }
}

#[test]
fn bounds_hold_at_the_ends_of_128_bits() {
    const SOME: [i128; 21] = [
        i128::MIN,
        i128::MIN + 1,
        i128::MIN / 2,
        -1 << 64,
        -1 << 63,
        -128,
        -3,
        -2,
        -1,
        0,
        1,
        2,
        3,
        64,
        127,
        128,
        1 << 63,
        1 << 64,
        i128::MAX / 2,
        i128::MAX - 1,
        i128::MAX,
    ];
    let within = |bounds: Bounds| SOME.into_iter().filter(move |x| bounds.contains(*x));
    for x in all_bounds(&SOME) {
        for function in ONE {
            let values: Values = within(x).map(|x| compute::one(function, x)).collect();
            assert_sound(&format!("{function:?} of {x:?}"), bounds::one(function, x), &values);
        }
        for y in all_bounds(&SOME) {
            for function in TWO {
                let values: Values = within(x)
                    .flat_map(|x| within(y).map(move |y| compute::two(function, x, y)))
                    .collect();
                let known = bounds::two(function, x, y);
                assert_sound(&format!("{function:?}"), known, &values);
                // Where it may overflow, its bounds reach the end of 128 bits.
                if let Ok(reach) = known
                    && values.contains(&Err(Arithmetic::Overflow))
                {
                    let Bounds { low, high } = reach.bounds;
                    assert!(low == i128::MIN || high == i128::MAX, "{function:?}: {reach:?}");
                }
            }
        }
    }
}

#[test]
fn bounds_are_tight_in_the_usual_cases() {
    for (source, first, last, low, high) in [
        ("n % 7", -100, 100, -6, 6),
        ("n % 7", 0, 100, 0, 6),
        ("n % 7", 0, 3, 0, 3),
        ("n % 7", 8, 10, 1, 3),
        ("n mod 7", -100, 100, 0, 6),
        ("n mod -7", -100, 100, 0, 6),
        ("n mod 7", -3, -2, 4, 5),
        ("n / 10", -100, 105, -10, 10),
        ("n div 10", -101, 105, -11, 10),
        ("100 / n", 2, 10, 10, 50),
        ("n * n", -5, 3, 0, 25),
        ("n ** 2", -5, 3, 0, 25),
        ("n ** 3", -5, 3, -125, 27),
        ("2 ** n", 0, 20, 1, 1 << 20),
        ("(-2) ** n", 0, 5, -32, 16),
        ("n << 3", -4, 4, -32, 32),
        ("n >> 3", -4, 40, -1, 5),
        ("n & 255", -1000, 1000, 0, 255),
        ("n | 1", 0, 1000, 1, 1023),
        ("xor(n, 1)", 0, 1000, 0, 1023),
        ("abs(n)", -5, 3, 0, 5),
        ("min(n, 10)", -5, 30, -5, 10),
        ("max(n, 10)", -5, 30, 10, 30),
        ("gcd(n, 12)", 0, 1000, 1, 12),
        ("isqrt(n)", 16, 99, 4, 9),
        ("popcount(n)", 0, 8, 0, 3),
        ("digits(n)", 5, 1000, 1, 4),
        ("digit_sum(n)", 0, 99, 0, 18),
        ("if even(n) { n / 2 } else { 3 * n + 1 }", 1, 100, 0, 301),
    ] {
        let tree = over(source, first, last);
        assert_eq!(
            (tree.bounds.low, tree.bounds.high),
            (low, high),
            "{source} in {first}..={last}"
        );
        assert!(!tree.can_fail(), "{source}");
    }
}

#[test]
fn what_may_fail_is_known_and_so_is_what_may_not() {
    for (source, first, last, may_fail) in [
        ("1 / n", 1, 9, false),
        ("1 / n", 0, 9, true),
        ("isqrt(n)", 0, 9, false),
        ("isqrt(n)", -1, 9, true),
        ("n * n", i64::MIN, i64::MAX, false),
        ("n * n * n", i64::MIN, i64::MAX, true),
        ("n ** 3", -1 << 42, 1 << 42, false),
        ("2 ** n", 0, 126, false),
        ("2 ** n", 0, 127, true),
        ("1 << n", 0, 126, false),
        ("0 << n", 0, 999, false),
        ("popcount(n)", 0, 9, false),
        ("prime(n + 2 ** 63)", 0, i64::MAX, false),
        ("prime(n + 2 ** 64)", 0, 9, true),
    ] {
        assert_eq!(over(source, first, last).can_fail(), may_fail, "{source} in {first}..={last}");
    }
}
