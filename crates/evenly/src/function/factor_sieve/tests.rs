//! The sieve against the functions of one number.

use super::*;
use crate::function::expression::functions::NamedFunction;
use proptest::prelude::*;

/// Each function with its name, and its further argument.
const ALL: [(FactorFunction, &str, &[i128]); 13] = [
    (FactorFunction::Omega, "omega", &[]),
    (FactorFunction::BigOmega, "bigomega", &[]),
    (FactorFunction::Tau, "tau", &[]),
    (FactorFunction::Sigma, "sigma", &[]),
    (FactorFunction::SigmaOfPowers(0), "sigma", &[0]),
    (FactorFunction::SigmaOfPowers(2), "sigma", &[2]),
    (FactorFunction::SigmaOfPowers(5), "sigma", &[5]),
    (FactorFunction::Phi, "phi", &[]),
    (FactorFunction::Mobius, "mobius", &[]),
    (FactorFunction::Rad, "rad", &[]),
    (FactorFunction::LeastPrime, "lpf", &[]),
    (FactorFunction::GreatestPrime, "gpf", &[]),
    (FactorFunction::IsSquarefree, "is_squarefree", &[]),
];

fn check(sieve: &mut FactorSieve, first: u64, length: usize) {
    for (function, name, more) in ALL {
        let named = NamedFunction::find(name, 1 + more.len()).unwrap();
        let (mut wide, mut narrow) = (vec![0_i128; length], vec![0_i64; length]);
        sieve.fill(function, first, &mut wide);
        sieve.fill(function, first, &mut narrow);
        for (n, (wide, narrow)) in (first..).zip(wide.into_iter().zip(narrow)) {
            let expected = named.value(&[&[n.into()], more].concat());
            if name == "mobius" {
                assert_eq!(wide, expected.unwrap(), "{name}({n})");
            } else {
                assert_eq!((wide >= 0).then_some(wide), expected.ok(), "{name}({n}), {more:?}");
            }
            if let Ok(expected) = expected.map(i64::try_from)
                && let Ok(expected) = expected
            {
                assert_eq!(narrow, expected, "{name}({n}), {more:?}");
            }
        }
    }
}

#[test]
fn windows_at_the_edges_agree_with_single_numbers() {
    let mut sieve = FactorSieve::default();
    for (first, length) in [(1, 3000), (2, 1), (1 << 31, 40), (1 << 32, 40), (1 << 53, 8)] {
        check(&mut sieve, first, length);
        check(&mut sieve, first.saturating_sub(length as u64 / 2).max(1), length);
    }
}

/// From where primes up to the root are no longer sieved, to the last number; and products of two large primes, and their square.
#[test]
fn numbers_whose_last_factors_are_found_alone() {
    let mut sieve = FactorSieve::default();
    let border = BASE_LIMIT * BASE_LIMIT;
    let near = 1_073_741_789_u64;
    for (first, length) in [
        (border - LONGEST - 20, 40),
        (border, 60),
        (1_000_000_000_000_000_000, 60),
        (near * near - 2, 4),
        (near * 2_147_483_647 - 2, 4),
        (PART_LIMIT * PART_LIMIT * 30_000 - 2, 4),
        (i64::MAX as u64 - 59, 60),
    ] {
        check(&mut sieve, first, length);
    }
}

#[test]
fn windows_that_do_not_pay_are_refused() {
    assert_eq!(FactorSieve::window(1, 1 << 40), Some(SHORTEST));
    assert_eq!(FactorSieve::window(1_000_000_000, 1), None);
    assert_eq!(FactorSieve::window(1_000_000_000_000, 100), None);
    assert_eq!(FactorSieve::window(1_000_000_000_000, 100_000), Some(100_000));
    for end in [1 << 60, i64::MAX as u64] {
        assert_eq!(FactorSieve::window(end, 300), None);
        assert_eq!(FactorSieve::window(end, u64::MAX), Some(LONGEST_OF_PART));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn random_windows_agree_with_single_numbers(first in 1..=u64::MAX, bits in 1..44_u32, length in 1..60_usize) {
        check(&mut FactorSieve::default(), (first >> (64 - bits)).max(1), length);
    }
}
