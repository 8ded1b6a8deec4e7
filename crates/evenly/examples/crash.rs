//! A crash in unsafe code, isolated to its number: one number in a million reads outside of a table (SIGSEGV).
//!
//! Usage: `crash [END]`
#![expect(clippy::print_stdout, reason = "the answer is printed")]
#![expect(unsafe_code, reason = "the crash is what the example shows")]

use evenly::AllowFailures;

/// The length in decimal digits of 2^n.
static DIGITS: [u64; 32] = [
    1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 6, 6, 6, 7, 7, 7, 7, 8, 8, 8, 9, 9, 9, 10,
    10,
];

/// The key of n. No other n has the same key.
fn key(n: u32) -> u32 {
    n.wrapping_mul(2_654_435_761).wrapping_add(4_278_342_080)
}

/// The decimal digits of the highest power of 2 in the key.
fn digits(n: u32) -> u64 {
    let log2 = 31_u32.wrapping_sub(key(n).leading_zeros());
    // SAFETY: the bug. There is no logarithm of 0: the read is 32 GiB behind the table.
    unsafe { *DIGITS.as_ptr().wrapping_add(log2 as usize) }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let end = std::env::args().nth(1).map_or(Ok(1_000_000), |word| word.parse())?;

    let (sum, failures) = evenly::sum(0..end, digits).allow_failures()?;
    println!("sum of the others: {sum}");
    for failure in failures {
        println!("{failure}");
    }
    Ok(())
}
