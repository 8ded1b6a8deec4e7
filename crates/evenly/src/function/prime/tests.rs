//! Tests of the prime counter against trial division, Miller-Rabin and known values.

use super::*;
use proptest::prelude::*;

fn by_trial_division(n: i64) -> bool {
    n > 1 && (2..).take_while(|d| d * d <= n).all(|d| n % d != 0)
}

fn one_by_one(first: i64, last: i64) -> u64 {
    (first..=last).filter(|&n| is_prime(n)).count() as u64
}

#[test]
fn small_intervals_agree_with_trial_division() {
    let mut up_to = vec![0u64];
    for n in -50..=20_000 {
        assert_eq!(is_prime(n), by_trial_division(n), "{n}");
        up_to.push(up_to[up_to.len() - 1] + u64::from(by_trial_division(n)));
    }
    let mut counter = PrimeCounter::default();
    let mut check = |first: i64, last: i64| {
        let expected = up_to[(last + 51) as usize] - up_to[(first + 50) as usize];
        assert_eq!(counter.count(first, last), expected, "{first}..={last}");
    };
    for first in -50..=400 {
        (first..=first + 130).for_each(|last| check(first, last));
    }
    for first in (-50..=20_000).step_by(379) {
        (first..=20_000).step_by(101).for_each(|last| check(first, last));
    }
}

#[test]
fn known_values_are_put_together_from_above() {
    let known = [5_761_455, 664_579, 78_498, 9592, 1229, 168, 25, 4];
    let mut counter = PrimeCounter::default();
    let mut length = 1;
    for (expected, power) in known.into_iter().zip([8, 7, 6, 5, 4, 3, 2, 1]) {
        let mut total = 0;
        let mut last = 10i64.pow(power);
        while last >= 0 {
            length = length * 7 % 1_999_993 + 1;
            total += counter.count(last - length, last);
            last -= length + 1;
        }
        assert_eq!(total, expected, "up to 10^{power}");
    }
    assert_eq!(counter.count(i64::MIN, 100_000_000), 5_761_455);
    assert_eq!(counter.count(i64::MIN, -1), 0);
    for (power, expected) in [(15, 28_845), (12, 36_249), (9, 48_155)] {
        let first = 10i64.pow(power);
        assert_eq!(counter.count(first, first + 1_000_000), expected, "from 10^{power}");
    }
}

#[test]
fn borders_of_blocks_and_segments_are_seamless() {
    let mut counter = PrimeCounter::default();
    for bytes in [PIECE as i64, BLOCK as i64, SMALLEST_SEGMENT as i64] {
        for border in [bytes * 30, bytes * 60] {
            for (before, after) in [(1, 0), (0, 1), (31, 1), (500, 500), (61, 2000)] {
                let (first, last) = (border - before, border + after);
                assert_eq!(counter.count(first, last), one_by_one(first, last), "{border}");
                let parts = counter.count(0, first - 1) + counter.count(first, last);
                assert_eq!(counter.count(0, last), parts, "{border}");
            }
        }
    }
}

#[test]
fn strong_pseudoprimes_are_not_prime() {
    // OEIS A014233: each is the least composite that deceives the first 1, 2, .. prime bases.
    let to_base_13 = [2047, 1_373_653, 25_326_001, 3_215_031_751, 2_152_302_898_747];
    let to_base_31 = [3_474_749_660_383, 341_550_071_728_321, 3_825_123_056_546_413_051];
    assert!(!to_base_13.into_iter().chain(to_base_31).any(is_prime));
    assert!(is_prime(i64::MAX - 24), "the largest prime in i64");
    assert_eq!(PrimeCounter::default().count(i64::MAX - 24, i64::MAX), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn intervals_agree_with_miller_rabin(seed in 0..1_000_000_000i64, length in 1..3000i64) {
        let mut counter = PrimeCounter::default();
        for near in [1_000_000, 1_000_000_000, 1_000_000_000_000, i64::MAX - 1_000_000_000] {
            let first = near + seed % near.min(1_000_000_000);
            let last = first.saturating_add(length);
            prop_assert_eq!(counter.count(first, last), one_by_one(first, last));
        }
        let first = i64::MAX - length;
        prop_assert_eq!(counter.count(first, i64::MAX), one_by_one(first, i64::MAX));
    }

    #[test]
    fn any_bound_of_the_sieve_gives_the_same_count(
        first in 7..1_000_000_000_000u64, length in 0..20_000u64, bound in 0..1_000_000u64
    ) {
        let last = first + length;
        let expected = one_by_one(first as i64, last as i64);
        let mut counter = PrimeCounter::default();
        prop_assert_eq!(counter.sieve(first, last, bound.min(last.isqrt())), expected);
        prop_assert_eq!(counter.sieve(first, last, last.isqrt()), expected);
    }
}

#[test]
fn a_counter_that_goes_on_just_above_its_base_primes() {
    // The square of a prime just above the base primes of the chunk before: it is a composite that
    // only the new base prime strikes out. primal's sieve reaches a little beyond what it is asked
    // for, so a counter that trusts its `upper_bound` has base primes that it never listed.
    let primes: Vec<i64> = (1031..3000).filter(|n| is_prime(*n)).collect();
    for prime in primes {
        let square = prime * prime;
        let mut counter = PrimeCounter::default();
        for chunk in [square - 10_000..square, square..square + 10_000] {
            let expected = chunk.clone().filter(|n| is_prime(*n)).count() as u64;
            assert_eq!(counter.count(chunk.start, chunk.end - 1), expected, "{chunk:?}");
        }
    }
}

#[test]
fn many_chunks_in_any_order_by_one_counter() {
    // Ascending, as a lone worker gets them; and with jumps, as one of many does.
    for (chunk, stride) in [(10_000, 1), (9_973, 7), (65_537, 3), (1_000_003, 5)] {
        let chunks = 20_000_000 / chunk;
        let mut counter = PrimeCounter::default();
        let mut total = 0;
        for turn in 0..stride {
            for index in (turn..chunks).step_by(stride as usize) {
                total += counter.count(index * chunk, (index + 1) * chunk - 1);
            }
        }
        let whole = PrimeCounter::default().count(0, chunks * chunk - 1);
        assert_eq!(total, whole, "chunks of {chunk}, each {stride}th");
    }
}

#[cfg(feature = "expression")]
mod progressions {
    use super::super::*;
    use proptest::prelude::*;

    /// The bits of a window are those of Miller-Rabin, or those of a sieve are among them.
    fn check(factor: i128, offsets: &[i128], n: i64, length: u64, wanted: SieveUse) {
        let progressions = offsets.iter().map(|offset| Progressions::new(factor, *offset).unwrap());
        let progressions = progressions.reduce(|one, other| one.joined(other).unwrap()).unwrap();
        let Some(window) = progressions.window(n, length, wanted) else { return };
        assert!((1..=length).contains(&window.length));
        let mut bits = PrimeBits::default();
        if let Some((low, high)) = window.numbers {
            bits.sieve(&mut PrimeCounter::default(), low, high, window.bound);
        }
        for offset in offsets {
            let mut words = vec![0; window.length.div_ceil(64) as usize];
            let begin = factor * i128::from(n) + offset;
            bits.copy(begin.try_into().unwrap(), progressions.factor(), &mut words);
            for (at, n) in (0..window.length as usize).zip(n..) {
                let value = factor * i128::from(n) + offset;
                let is_set = words[at / 64] >> (at % 64) & 1 == 1;
                let is_prime = is_prime(value.try_into().unwrap());
                let is_right =
                    if window.is_exact() { is_set == is_prime } else { is_set || !is_prime };
                assert!(is_right, "{factor} * {n} + {offset}, {window:?}");
            }
        }
    }

    #[test]
    fn progressions_at_the_edges() {
        for (factor, offset) in [(1, 0), (1, -2), (-1, 100), (2, 1), (-3, 5), (30, 7), (64, 0)] {
            for n in [-128, 0, 64, 1 << 31, 1 << 32] {
                check(factor, &[offset], n, 1000, SieveUse::Values);
            }
        }
        check(1, &[1 << 53], -500, 1000, SieveUse::Values);
    }

    #[test]
    fn offsets_that_are_sieved_together_have_their_own_bits() {
        for n in [-5000, 0, 959, 1 << 34] {
            check(1, &[0, 2, 6, 8, -4000], n, 9000, SieveUse::SiftTogether);
            check(-7, &[3, -30, 961], n, 3000, SieveUse::SiftTogether);
        }
    }

    #[test]
    fn sieves_of_some_base_primes_keep_every_prime_up_to_both_ends_of_64_bits() {
        let wanted = SieveUse::SiftTogether;
        check(1, &[0, 2], 1_000_000_000_000_000_000, 20_000, wanted);
        check(-2, &[1, 7], -500_000_000_000_000_000, 9000, wanted);
        check(1, &[0, 2], i64::MAX - 20_000, 1 << 40, wanted);
        check(-1, &[0, 4], -i64::MAX + 4, 20_000, wanted);
        check(1, &[0, 3], i64::MIN, 20_000, wanted);
        let plain = Progressions::new(1, 0).unwrap();
        let window = plain.window(i64::MAX - 9999, u64::MAX, wanted).unwrap();
        assert_eq!(window.length, 10_000);
        assert!(!window.is_exact());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_progressions(
            factor in -64..=64_i128, offsets in prop::collection::vec(-1000..1000_i128, 1..4), n: i64, bits in 8..60,
            length in 1..5000_u64
        ) {
            prop_assume!(factor != 0);
            check(factor, &offsets, n >> bits, length, SieveUse::SiftTogether);
        }
    }

    #[test]
    fn windows_are_refused_where_they_do_not_pay_or_leave_64_bits() {
        let plain = Progressions::new(1, 0).unwrap();
        let values = |n, length| plain.window(n, length, SieveUse::Values);
        assert!(values(0, 1000).is_some());
        assert_eq!(values(1_000_000_000_000, 1000), None);
        assert!(values(1_000_000_000_000, 1 << 20).is_some());
        assert_eq!(values(1 << 60, u64::MAX), None);
        assert_eq!(plain.window(1 << 60, 4000, SieveUse::Sift), None);
        assert!(plain.window(1 << 60, 5000, SieveUse::Sift).is_some_and(|one| !one.is_exact()));
        let double = Progressions::new(2, 0).unwrap();
        assert_eq!(double.window(i64::MAX - 5, 5, SieveUse::Sift), None);
        assert_eq!(plain.joined(double), None);
        assert_eq!(plain.joined(Progressions::new(1, 5000).unwrap()), None);
        assert_eq!(Progressions::new(65, 0), None);
        assert_eq!(Progressions::new(0, 7), None);
    }
}
