//! Windows: slices whose values a sieve computes give what each number alone gives.

use super::machine::{folded, plainly};
use crate::function::expression::Expression;
use crate::function::{Function, Kind};
use evenly_core::{Aggregate, Interval, Tally};

/// All ways to fold a slice give what a plain loop gives.
fn check(source: &str, slices: &[(i64, i64)]) {
    for &(first, last) in slices {
        let slice = Interval::new(first, last).unwrap();
        let mut expression = Expression::new(source, None).unwrap();
        for aggregate in
            [Aggregate::Count, Aggregate::Sum, Aggregate::Find { first: None }, Aggregate::Any]
        {
            if aggregate.wants_truth() && expression.kind() == Kind::Integer {
                continue;
            }
            let mut one = folded(&mut expression, aggregate, slice);
            let mut other = plainly(&expression, aggregate, slice);
            assert!(one.failed() == other.failed(), "{source} over {slice:?}");
            let same = one.take_value() == other.take_value();
            assert!(same, "{source} over {slice:?}, {aggregate:?}");
        }
    }
}

#[test]
fn functions_of_factors_over_small_numbers_and_at_the_edges() {
    let slices = [
        (-70, 3000),
        (0, 1),
        (1, 1),
        (40_000, 43_000),
        ((1 << 31) - 1000, (1 << 31) + 1000),
        ((1 << 32) - 1000, (1 << 32) + 1000),
        ((1 << 62) - 20, (1 << 62) + 20),
        (i64::MAX - 20, i64::MAX),
        (i64::MIN, i64::MIN + 20),
    ];
    for source in [
        "phi(n)",
        "sigma(n - 3)",
        "sigma(n) == 2 * n",
        "sigma(n, 4)",
        "sigma(sigma(n) - n)",
        "tau(n) == tau(n + 1)",
        "is_squarefree(n)",
        "let m = n + 7; mobius(m) + lpf(m) * gpf(n)",
        "omega(n) + bigomega(n) + rad(n) + tau(n) + phi(n) + mobius(n) + lpf(n) + gpf(n) + sigma(n)",
        "odd(n) && phi(n) % 4 == 0",
        "sum(d in divisors(n), phi(d)) == n",
        "sum(d in divisors(n), d)",
        "sum(d in divisors(n) if d < n, d) == n",
        "let m = sum(d in divisors(n) if n > d, d); m > n && sum(d in divisors(m) if d != m, d) == n",
    ] {
        check(source, &slices);
    }
}

#[test]
fn functions_of_factors_near_the_last_window() {
    check("phi(n) + sigma(n + 1)", &[((1 << 53) - 1000, (1 << 53) + 1000)]);
}

#[test]
fn primes_of_progressions() {
    let slices = [
        (-700, 70_000),
        (1, 1),
        ((1 << 32) - 20_000, (1 << 32) + 20_000),
        (1_000_000_000_000, 1_000_000_050_000),
        (i64::MAX - 200, i64::MAX),
        (i64::MIN, i64::MIN + 200),
    ];
    for source in [
        "prime(n) && prime(n + 2)",
        "prime(n + 2) && prime(2 * n + 5) && n % 7 == 3",
        "prime(n) && 1000 / (n % 9) > 200",
        "let m = 6 * n; prime(m - 1) && prime(m + 1)",
        "prime(1 - 3 * n) || prime(64 * n + 1) && !prime(65 * n)",
        "if prime(n) { n } else { 0 }",
    ] {
        check(source, &slices);
    }
}

#[test]
fn large_primes_are_sifted_and_tested() {
    let slices = [
        (1_000_000_000_000_000_000, 1_000_000_000_000_030_000),
        (72_057_594_037_900_000, 72_057_594_037_960_000),
        (i64::MAX - 10_000, i64::MAX),
        (i64::MIN, i64::MIN + 10_000),
    ];
    for source in [
        "prime(n)",
        "prime(n) && prime(n + 2)",
        "prime(n) && prime(n + 2) && n % 7 == 3",
        "prime(n) && 1000 / (n % 9) > 200",
        "prime(n) && (prime(n + 2) || prime(n + 6))",
    ] {
        check(source, &slices);
    }
    check("prime(6 * n - 1) && prime(6 * n + 1)", &[((1 << 60) - 5000, (1 << 60) + 5000)]);
}

#[test]
fn a_filter_reads_windows_of_large_primes_and_machine_code_does_not() {
    let slice = Interval::new(1 << 61, (1 << 61) + 9999).unwrap();
    let mut expression = Expression::new("prime(n) && prime(n + 2)", None).unwrap();
    expression.fold(slice, &mut Tally::new(Aggregate::Count));
    assert!(expression.has_values_at((1 << 61) + 9999));
    let mut expression = Expression::new("prime(n) && prime(n + 2)", None).unwrap();
    expression.fold(slice, &mut Tally::new(Aggregate::All));
    assert!(!expression.has_values_at(1 << 61));
}

#[test]
fn a_window_is_filled_where_it_pays_and_goes_beyond_a_slice_that_others_precede() {
    let mut expression = Expression::new("phi(n)", None).unwrap();
    let mut tally = Tally::new(Aggregate::Sum);
    let mut covered = |first, last, at| {
        expression.fold(Interval::new(first, last).unwrap(), &mut tally);
        expression.has_values_at(at)
    };
    assert!(covered(1, 5000, 5000));
    assert!(!covered(1_000_000_000_000, 1_000_000_000_010, 1_000_000_000_005));
    assert!(!covered(2_000_000_000_000, 2_000_000_000_199, 2_000_000_000_005));
    assert!(covered(2_000_000_000_200, 2_000_000_000_399, 2_000_000_000_599));
}
