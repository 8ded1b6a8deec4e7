//! Items of the sources that machine code does not compute by itself: divisors, primes, and digits of long numbers.

use crate::function::factor::factors;
use crate::function::prime::is_prime;
use evenly_core::Arithmetic;
use primal_check::miller_rabin;
use std::sync::OnceLock;

/// A source of items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listed {
    /// The divisors of a number, ascending.
    Divisors,
    /// The next primes from one number to another.
    Primes,
    /// The decimal digits of a number, from the last one.
    Digits,
}

impl Listed {
    /// By number, as machine code names them.
    pub(crate) const ALL: [Self; 3] = [Self::Divisors, Self::Primes, Self::Digits];
}

/// Primes below this are kept in a table.
const TABLE_END: u64 = 1 << 20;

/// Primes that are listed at once, from 2 on and further up.
const AT_FIRST: usize = 32;
const AT_ONCE: usize = 512;
/// The same above the table, where they are looked for.
const AT_ONCE_ABOVE: usize = 32;

/// Writes the next items to `out`, in place of what was there: all of them, or some primes from `first` on. There are
/// none left if it is empty.
///
/// # Errors
/// If the source has no items because of its argument.
pub(crate) fn list(
    listed: Listed,
    first: i128,
    last: i128,
    out: &mut Vec<u64>,
) -> Result<(), Arithmetic> {
    out.clear();
    match listed {
        Listed::Divisors => divisors(divided(first)?, out),
        Listed::Digits => {
            let mut rest = first.unsigned_abs();
            loop {
                out.push((rest % 10) as u64);
                rest /= 10;
                if rest == 0 {
                    break;
                }
            }
        }
        Listed::Primes => return primes(first, last, out),
    }
    Ok(())
}

/// A number that has divisors to list.
fn divided(number: i128) -> Result<u64, Arithmetic> {
    if number < 1 {
        return Err(Arithmetic::FactorsBelowOne);
    }
    u64::try_from(number).map_err(|_| Arithmetic::FactorsTooLarge)
}

fn divisors(number: u64, out: &mut Vec<u64>) {
    out.push(1);
    for (prime, exponent) in factors(number).iter() {
        let before = out.len();
        let mut power = 1;
        for _ in 0..*exponent {
            power *= prime;
            out.extend_from_within(..before);
            out.iter_mut().rev().take(before).for_each(|divisor| *divisor *= power);
        }
    }
    out.sort_unstable();
}

fn primes(first: i128, last: i128, out: &mut Vec<u64>) -> Result<(), Arithmetic> {
    let first = first.max(2);
    if first > last {
        return Ok(());
    }
    let from = u64::try_from(first).map_err(|_| Arithmetic::PrimeTooLarge)?;
    let to = u64::try_from(last).unwrap_or(u64::MAX);
    if from < TABLE_END {
        let part = |limit: u64| table().partition_point(|prime| *prime < limit);
        let end = if to < TABLE_END { part(to + 1) } else { table().len() };
        let start = part(from);
        // Few at first: perhaps one of them decides.
        let most = if from == 2 { AT_FIRST } else { AT_ONCE };
        out.extend(&table()[start..end.max(start)][..most.min(end.saturating_sub(start))]);
        if !out.is_empty() || to < TABLE_END {
            return Ok(());
        }
    }
    let mut candidate = from.max(TABLE_END) | 1;
    while candidate <= to && out.len() < AT_ONCE_ABOVE {
        let is_one = i64::try_from(candidate).map_or_else(|_| miller_rabin(candidate), is_prime);
        if is_one {
            out.push(candidate);
        }
        match candidate.checked_add(2) {
            Some(next) => candidate = next,
            None => break,
        }
    }
    if out.is_empty() && last > i128::from(u64::MAX) {
        return Err(Arithmetic::PrimeTooLarge);
    }
    Ok(())
}

/// The primes below [`TABLE_END`], by the sieve of Eratosthenes.
fn table() -> &'static [u64] {
    static TABLE: OnceLock<Vec<u64>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut is_struck = vec![false; TABLE_END as usize];
        let mut primes = Vec::new();
        for candidate in 2..TABLE_END {
            if is_struck[candidate as usize] {
                continue;
            }
            primes.push(candidate);
            for multiple in (candidate * candidate..TABLE_END).step_by(candidate as usize) {
                is_struck[multiple as usize] = true;
            }
        }
        primes
    })
}
