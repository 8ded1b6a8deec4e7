//! Twin primes: counts the pairs (n, n + 2) below a limit, and finds the first ones.
//!
//! Usage: `twin_primes [END]`
#![expect(clippy::print_stdout, reason = "the answer is printed")]

fn is_prime(n: u64) -> bool {
    n >= 2 && (2..).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d))
}

fn is_twin(n: u64) -> bool {
    is_prime(n) && is_prime(n + 2)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let end = std::env::args().nth(1).map_or(Ok(10_000_000), |word| word.parse())?;

    let pairs = evenly::count(0..end, is_twin)?;
    let first = evenly::find_first(0..end, 5, is_twin)?;
    println!("{pairs} pairs of twin primes begin below {end}");
    println!("the first ones begin at {first:?}");
    Ok(())
}
