//! Reference answers without evenly: a closed form, and a plain sieve.

/// How many even numbers there are from `start` to `end`, without `end`.
pub(crate) fn evens(start: i128, end: i128) -> u128 {
    // Below n there are as many even numbers, counted from 0, as half of n rounded up.
    let below = |n: i128| (n + 1).div_euclid(2);
    (below(end) - below(start)).unsigned_abs()
}

/// How many primes there are from `start` to `end`, without `end`: every multiple of every number
/// that may be a least factor is struck out. For some millions of numbers up to 10^12.
pub(crate) fn primes(start: u64, end: u64) -> u64 {
    let mut is_struck = vec![false; end.saturating_sub(start) as usize];
    for n in start..end.min(2) {
        is_struck[(n - start) as usize] = true;
    }
    let root = end.isqrt();
    let mut is_composite = vec![false; root as usize + 1];
    for factor in 2..=root {
        if is_composite[factor as usize] {
            continue;
        }
        for multiple in (factor * factor..=root).step_by(factor as usize) {
            is_composite[multiple as usize] = true;
        }
        let first = (factor * factor).max(start.next_multiple_of(factor));
        for multiple in (first..end).step_by(factor as usize) {
            is_struck[(multiple - start) as usize] = true;
        }
    }
    is_struck.iter().filter(|is_struck| !**is_struck).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evens_are_those_that_are_found_one_by_one() {
        for start in -9..9 {
            for end in start..9 {
                let found = (start..end).filter(|n| n % 2 == 0).count() as u128;
                assert_eq!(evens(start, end), found, "{start}..{end}");
            }
        }
        assert_eq!(evens(i128::from(i64::MIN), 1 << 63), 1 << 63);
    }

    #[test]
    fn primes_are_those_that_are_known() {
        for (start, end, known) in [
            (0, 0, 0),
            (0, 3, 1),
            (0, 100, 25),
            (2, 3, 1),
            (4, 5, 0),
            (90, 98, 1),
            (0, 1_000_000, 78_498),
            (1_000_000_000_000, 1_000_000_100_000, 3_614),
        ] {
            assert_eq!(primes(start, end), known, "{start}..{end}");
        }
    }
}
