//! Loops for the benchmark `questions`: each counts the n of a range that have a property, or finds the longest
//! Collatz sequence. `known_results NAME START END THREADS`, END excluded.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Numbers that a thread takes at a time.
const BLOCK: u64 = 1024;

/// The sum of the divisors of n, by trial division.
fn sigma(n: u64) -> u64 {
    let low = (1..).take_while(|d| d * d <= n).filter(|d| n % d == 0);
    low.map(|d| if d * d == n { d } else { d + n / d }).sum()
}

fn perfect(n: u64) -> bool {
    sigma(n) == 2 * n
}

fn amicable(n: u64) -> bool {
    let m = sigma(n) - n;
    m > n && sigma(m) == n + m
}

/// By Korselt's criterion.
fn carmichael(n: u64) -> bool {
    let (mut rest, mut primes) = (n, 0);
    let mut p = 2;
    while p * p <= rest {
        if rest % p == 0 {
            rest /= p;
            primes += 1;
            if rest % p == 0 || (n - 1) % (p - 1) != 0 {
                return false;
            }
        }
        p += 1;
    }
    primes > 0 && (rest == 1 || (n - 1) % (rest - 1) == 0)
}

fn digits(mut n: u64) -> impl Iterator<Item = u64> {
    std::iter::from_fn(move || {
        let digit = n % 10;
        (n > 0).then(|| n /= 10).map(|()| digit)
    })
}

fn happy(n: u64) -> bool {
    let mut x = n;
    while x != 1 && x != 4 {
        x = digits(x).map(|digit| digit * digit).sum();
    }
    x == 1
}

fn harshad(n: u64) -> bool {
    n % digits(n).sum::<u64>() == 0
}

fn squarefree(n: u64) -> bool {
    (2..).take_while(|d| d * d <= n).all(|d| n % (d * d) != 0)
}

fn is_cube(n: u64) -> bool {
    let root = (n as f64).cbrt().round() as u64;
    root * root * root == n
}

/// A sum of two positive cubes in two ways.
fn taxicab(n: u64) -> bool {
    (1..).take_while(|a| 2 * a * a * a <= n).filter(|a| is_cube(n - a * a * a)).count() > 1
}

fn collatz(n: u64) -> u64 {
    let (mut x, mut steps) = (n, 0);
    while x != 1 {
        x = if x % 2 == 0 { x / 2 } else { 3 * x + 1 };
        steps += 1;
    }
    steps
}

/// Calls `take` of each thread for all n, block by block.
fn for_all<T: Send>(
    (start, end, threads): (u64, u64, usize),
    begin: impl Fn() -> T + Sync,
    take: impl Fn(&mut T, u64) + Sync,
) -> Vec<T> {
    let next = AtomicU64::new(start);
    let work = || {
        let mut found = begin();
        loop {
            let first = next.fetch_add(BLOCK, Relaxed);
            if first >= end {
                return found;
            }
            (first..end.min(first + BLOCK)).for_each(|n| take(&mut found, n));
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no thread panics")).collect()
    })
}

fn count(range: (u64, u64, usize), holds: impl Fn(u64) -> bool + Sync) {
    let counts = for_all(range, || 0_u64, |count, n| *count += u64::from(holds(n)));
    println!("{}", counts.iter().sum::<u64>());
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| words[at].parse::<u64>().expect("a number");
    let range = (number(1), number(2), number(3) as usize);
    match &*words[0] {
        "perfect" => count(range, perfect),
        "amicable" => count(range, amicable),
        "carmichael" => count(range, carmichael),
        "happy" => count(range, happy),
        "harshad" => count(range, harshad),
        "squarefree" => count(range, squarefree),
        "taxicab" => count(range, taxicab),
        "collatz" => {
            let longest = for_all(range, || (0, 0), |best: &mut (u64, u64), n| {
                let steps = collatz(n);
                if steps > best.0 {
                    *best = (steps, n);
                }
            });
            let order = |best: &&(u64, u64)| (best.0, std::cmp::Reverse(best.1));
            let (steps, n) = longest.iter().max_by_key(order).expect("a thread");
            println!("{steps}\t{n}");
        }
        name => panic!("no question {name}"),
    }
}
