//! The named functions: each against its reference, their known values, and their failures by name.

use super::random::quick_functions;
use super::reference::named;
use super::{refusal, value};
use crate::function::expression::functions::NamedFunction;
use crate::function::expression::reach::Bounds;
use num_bigint::BigInt;
use proptest::prelude::*;
use proptest::sample::select;

/// Numbers of all sizes and both signs, but more small ones.
fn numbers() -> impl Strategy<Value = i128> {
    prop_oneof![
        4 => -12_i128..40,
        2 => -2000_i128..100_000,
        2 => any::<i64>().prop_map(i128::from),
        2 => (0_u32..127, -3_i128..4, any::<bool>()).prop_map(|(bits, by, is_negative)| {
            let size = (1 << bits) + by;
            if is_negative { -size } else { size }
        }),
        1 => any::<i128>(),
        1 => select(vec![i128::MAX, i128::MIN, i64::MAX.into(), i64::MIN.into(), u64::MAX.into()]),
    ]
}

fn functions() -> impl Strategy<Value = NamedFunction> {
    select(quick_functions().collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn each_gives_what_its_reference_gives(
        function in functions(),
        arguments in prop::collection::vec(numbers(), 3),
    ) {
        let arguments = &arguments[..function.arguments()];
        let big: Vec<BigInt> = arguments.iter().map(|a| (*a).into()).collect();
        let expected = named(function.form(), &big).map(|value| value.as_number());
        prop_assert_eq!(function.value(arguments), expected, "{:?} of {:?}", function, arguments);
    }

    #[test]
    fn each_lies_within_its_bounds(
        function in functions(),
        corners in prop::collection::vec((numbers(), 0_i128..50), 3),
        seed: u64,
    ) {
        let corners = &corners[..function.arguments()];
        let bounds: Vec<Bounds> =
            corners.iter().map(|(low, more)| Bounds::new(*low, low.saturating_add(*more))).collect();
        for step in 0..20 {
            let inside = |(at, b): (usize, &Bounds)| {
                let offset = seed.rotate_right(step * 7 + at as u32 * 13) % 50;
                b.low.saturating_add(offset.into()).min(b.high)
            };
            let arguments: Vec<i128> = bounds.iter().enumerate().map(inside).collect();
            let value = function.value(&arguments);
            match (function.bounds(&bounds), value) {
                (Ok(reach), Ok(value)) => {
                    prop_assert!(
                        reach.bounds.contains(value), "{:?} of {:?}: {}, {:?}", function, arguments, value, reach,
                    );
                }
                (Ok(reach), Err(_)) => {
                    prop_assert!(reach.may_fail, "{:?} of {:?} fails: {:?}", function, arguments, reach);
                }
                (Err(why), value) => {
                    prop_assert!(value.is_err(), "{:?} of {:?}: {:?}, {}", function, arguments, value, why);
                }
            }
        }
    }
}

/// Bounds over a wide range rest on records: the numbers with the most divisors and the most primes.
#[test]
fn records_lie_within_the_bounds_of_all_numbers() {
    let all = Bounds::new(1, u64::MAX.into());
    for n in [897_612_484_786_617_600, 18_401_055_938_125_660_800, 614_889_782_588_491_410, 1 << 63]
    {
        for function in NamedFunction::all().filter(|function| function.arguments() == 1) {
            let Ok(value) = function.value(&[n]) else { continue };
            let reach = function.bounds(&[all]).unwrap();
            assert!(reach.bounds.contains(value), "{function:?} of {n}: {value}, {reach:?}");
        }
        for k in 0..3 {
            let sigma = NamedFunction::find("sigma", 2).unwrap();
            let Ok(value) = sigma.value(&[n, k]) else { continue };
            let reach = sigma.bounds(&[all, Bounds::new(k, k)]).unwrap();
            assert!(reach.bounds.contains(value), "sigma({n}, {k}) is {value}, {reach:?}");
        }
    }
}

#[test]
fn values_that_are_known_elsewhere() {
    for (source, expected) in [
        ("powmod(2, 2 ** 61 - 2, 2 ** 61 - 1)", "1"),
        ("powmod(3, 2 ** 126, 2 ** 126 - 1 + 2 ** 126)", "170141183460469231731687303715884105724"),
        ("powmod(3, -1, 7)", "5"),
        ("powmod(5, 0, 1)", "0"),
        ("powmod(-2, 3, -7)", "6"),
        ("invmod(2, 2 ** 126 - 1 + 2 ** 126)", "85070591730234615865843651857942052864"),
        ("kronecker(1001, 9907)", "-1"),
        ("kronecker(19, 45)", "1"),
        ("kronecker(8, 21)", "-1"),
        ("gcd(84, 60, 90)", "6"),
        ("lcm(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)", "2520"),
        // OEIS A001221, A001222, A000005, A000203, A001157, A000010, A008683, A007947, A020639, A006530.
        ("omega(30030)", "6"),
        ("bigomega(2 ** 40)", "40"),
        ("tau(897612484786617600)", "103680"),
        ("tau(18401055938125660800)", "184320"),
        ("sigma(8128) - 8128", "8128"),
        ("sigma(2 ** 63)", "18446744073709551615"),
        ("sigma(10, 2)", "130"),
        ("sigma(720720, 0)", "240"),
        ("phi(10 ** 18)", "400000000000000000"),
        ("phi(2 ** 61 - 1)", "2305843009213693950"),
        ("mobius(30030)", "1"),
        ("mobius(4)", "0"),
        ("rad(10 ** 18)", "10"),
        ("lpf(4294967291 * 4294967279)", "4294967279"),
        ("gpf(4294967291 * 4294967279)", "4294967291"),
        ("lpf(1) + gpf(1) + rad(1) + omega(1) + mobius(1)", "4"),
        ("is_squarefree(0)", "false"),
        ("is_squarefree(-30)", "true"),
        ("nextprime(-5)", "2"),
        ("nextprime(2 ** 64 - 59)", "18446744073709551557"),
        ("prevprime(2 ** 63)", "9223372036854775783"),
        ("primepi(10 ** 9)", "50847534"),
        ("primepi(-1)", "0"),
        ("nthprime(10 ** 8)", "2038074743"),
        ("iroot(2 ** 126 - 1 + 2 ** 126, 3)", "5541191377756"),
        ("iroot(10 ** 18, 6)", "1000"),
        ("iroot(10 ** 18 - 1, 6)", "999"),
        ("ilog(2 ** 126, 2)", "126"),
        ("is_power(2 ** 61)", "true"),
        ("is_power(3 ** 41)", "true"),
        ("is_power(3 ** 41 + 1)", "false"),
        ("is_power(-64)", "true"),
        ("is_power(-16)", "false"),
        ("digit_sum(2 ** 100)", "115"),
        ("digit_sum(2 ** 100, 3)", "62"),
        ("reverse(-120)", "-21"),
        ("reverse(11, 2)", "13"),
        ("is_palindrome(585) && is_palindrome(585, 2)", "true"),
        ("rotl(-1, 5)", "18446744073709551615"),
        ("rotl(1, -1)", "9223372036854775808"),
        ("binomial(n + 132, 66)", "overflow"),
        ("binomial(120, 60)", "96614908840363322603893139521372656"),
        ("binomial(-3, 5)", "-21"),
        ("factorial(33)", "8683317618811886495518194401280000000"),
        ("fibonacci(184)", "127127879743834334146972278486287885163"),
        ("fibonacci(-8)", "-21"),
    ] {
        assert_eq!(value(source, 0), expected, "{source}");
    }
}

#[test]
fn every_failure_of_a_function_has_its_name() {
    for (source, n, expected) in [
        ("powmod(n, 2, n)", 0, "division by zero"),
        ("powmod(n, -1, 6)", 4, "no inverse"),
        ("invmod(n, 6)", 3, "no inverse"),
        ("phi(n)", 0, "factors of less than 1"),
        ("sigma(n)", -6, "factors of less than 1"),
        ("sigma(2 ** 64 + n)", 0, "factors of 2^64 or more"),
        ("sigma(6, n)", -1, "negative exponent"),
        ("sigma(2 ** 60, n)", 3, "overflow"),
        ("nextprime(2 ** 64 - 58 + n)", 0, "prime of more than 2^64"),
        ("prevprime(n)", 1, "no such prime"),
        ("nthprime(n)", 0, "no such prime"),
        ("primepi(10 ** 12 + 1 + n)", 0, "primes beyond 10^12"),
        ("iroot(n, 3)", -1, "root of a negative"),
        ("iroot(5, n)", 0, "degree below 1"),
        ("ilog(n, 10)", 0, "logarithm of less than 1"),
        ("ilog(5, n)", 1, "base below 2"),
        ("digit_sum(5, n)", 1, "base below 2"),
        ("ctz(n)", 0, "ctz of 0"),
        ("hash(n * 2 ** 64)", 1, "more than 64 bits"),
        ("bit(5, n)", -1, "negative shift"),
        ("factorial(n)", -1, "factorial of a negative"),
        ("factorial(n)", 34, "overflow"),
        ("fibonacci(n)", 185, "overflow"),
        ("reverse(10 ** 38 + 9 + n)", 0, "overflow"),
    ] {
        assert_eq!(value(source, n), expected, "{source} for {n}");
    }
    assert_eq!(
        refusal("factorial(n - 2000)"),
        "column 1: 'factorial' fails for every n: factorial of a negative"
    );
}

#[test]
fn the_number_of_arguments_is_checked() {
    for (source, expected) in [
        ("powmod(n, 2)", "column 1: 'powmod' takes three values, not 2"),
        ("reverse(n, 2, 3)", "column 1: 'reverse' takes one value or two, not 3"),
        ("digits()", "column 1: 'digits' takes one value or two, not 0"),
        ("iroot(n)", "column 1: 'iroot' takes two values, not 1"),
        ("hash(n, 1)", "column 1: 'hash' takes one value, not 2"),
        (
            "hash(n > 1)",
            "column 6: 'hash' needs a number, and 'n > 1' is true or false; write 'if n > 1 { 1 } else { 0 }'",
        ),
        (
            "powmod + 1",
            "column 1: 'powmod' is a function and needs its arguments; write powmod(a, b, c)",
        ),
        ("eulerphi(n)", "column 1: unknown function 'eulerphi'; did you mean 'phi'?"),
        ("pow_mod(n, 2, 3)", "column 1: unknown function 'pow_mod'; did you mean 'powmod'?"),
    ] {
        assert_eq!(refusal(source), expected);
    }
}
