//! Machine code beside the same loop by rustc; `cargo test --release -p evenly --lib speed -- --ignored --nocapture`.

use crate::function::{Expression, Function};
use evenly_core::{Aggregate, Interval, Tally, Value};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Both take turns, so that what else the machine does hits both; the best of each is what it can do.
const TURNS: usize = 7;

fn compare(source: &str, last: i64, loops: [fn(i64, i64) -> u64; 2]) {
    let slice = Interval::new(0, last).unwrap();
    let mut expression = Expression::new(source, Some(slice)).unwrap();
    let mut best = [Duration::MAX; 3];
    for _ in 0..TURNS {
        let mut answers = [0; 3];
        for (at, answer) in answers.iter_mut().enumerate() {
            let (first, last) = (black_box(0), black_box(last));
            let start = Instant::now();
            *answer = black_box(match at.checked_sub(1) {
                Some(at) => u128::from(loops[at](first, last)),
                None => {
                    let mut tally = Tally::new(Aggregate::Count);
                    expression.fold(slice, &mut tally);
                    let Value::Count(count) = tally.take_value() else { panic!("no count") };
                    count
                }
            });
            best[at] = best[at].min(start.elapsed());
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{source}: {answers:?}");
    }
    let rate = |time: Duration| slice.len() as f64 / time.as_secs_f64() / 1e9;
    let [ours, plain, filtered] = best.map(rate);
    let ratio = ours / plain.max(filtered);
    eprintln!(
        "{ours:6.2} G/s, rustc {plain:.2} and {filtered:.2}: {ratio:.2} of the better  {source}"
    );
}

/// The same as a loop and as a filter, which rustc compiles differently.
macro_rules! compare {
    ($source:literal, $last:expr, |$n:ident| $test:expr) => {{
        #[inline(never)]
        fn plain(first: i64, last: i64) -> u64 {
            let mut count = 0;
            for $n in first..last + 1 {
                count += u64::from($test);
            }
            count
        }
        #[inline(never)]
        fn filtered(first: i64, last: i64) -> u64 {
            (first..last + 1).filter(|&$n| $test).count() as u64
        }
        compare($source, $last, [plain, filtered]);
    }};
}

#[test]
#[ignore = "a measurement"]
fn speed() {
    const GIGA: i64 = 1_000_000_000;
    compare!("n % 7 == 3 && n % 11 == 1", 10 * GIGA, |n| n % 7 == 3 && n % 11 == 1);
    compare!("even(n)", GIGA, |n| n % 2 == 0);
    compare!("n * n % 1000 < 500 || n % 3 == 0", GIGA, |n| n * n % 1000 < 500 || n % 3 == 0);
    compare!("if even(n) { n / 2 } else { 3 * n + 1 } > 500_000", GIGA, |n| {
        (if n % 2 == 0 { n / 2 } else { 3 * n + 1 }) > 500_000
    });
    compare!("popcount(n) % 3 == 1", GIGA, |n| n.count_ones() % 3 == 1);
    compare!("isqrt(n) ** 2 == n", GIGA / 10, |n| n.isqrt().pow(2) == n);
    compare!("n % (n / 1000 + 1) == 0", GIGA / 10, |n| n % (n / 1000 + 1) == 0);
    compare!("gcd(n, 360) == 1", GIGA / 10, |n| {
        let (mut a, mut b) = (n, 360);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a == 1
    });
}
