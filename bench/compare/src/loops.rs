//! Functions that each rival applies to the same numbers.

/// Trial division: the larger a prime number, the longer it takes.
pub(crate) fn is_prime(n: u64) -> bool {
    let has_divisor = || (3..).step_by(2).take_while(|d| d * d <= n).any(|d| n.is_multiple_of(d));
    n == 2 || n > 2 && n % 2 == 1 && !has_divisor()
}

/// About 2 ns: a cheap function, before which a call or a test would be noticed.
pub(crate) fn is_chosen(n: u64) -> bool {
    let mixed = n.wrapping_mul(n) ^ (n >> 7);
    (mixed % 1_000_003 + n % 101) % 7 == 3
}
