//! Answers for all range notations and all policies, against the closed form.

mod support;

use proptest::prelude::*;
use support::answer;

/// How many even numbers lie in `start..end`; the product has no such formula.
fn evens(start: i128, end: i128) -> i128 {
    (end + 1).div_euclid(2) - (start + 1).div_euclid(2)
}

#[test]
fn every_notation_of_a_range_gives_the_same_answer() {
    for (range, expected) in [
        ("0..1000", 500),
        ("0..=1000", 501),
        ("-5..5", 5),
        ("-5..=5", 5),
        ("-4..-3", 1),
        ("1_000..2_000", 500),
        ("0..1e6", 500_000),
        ("0..2^20", 1 << 19),
        ("0..2**20", 1 << 19),
        ("-2^10..2^10", 1 << 10),
        ("7..7", 0),
        ("-2^63..-9223372036854775800", 4),
        ("9223372036854775800..2^63", 4),
        ("0..=0", 1),
        ("1..=0", 0),
        ("-7..=-8", 0),
        ("0x10..0xff", 120),
        ("-0xFF..=0xff", 255),
        ("0b100..0o20", 6),
        ("2^10-24..2*10^3", 500),
        ("(2^31-1)*2..+10", 5),
        ("1e15..1e15+1e9:1e3/2", 2_000_000),
        ("9223372036854775807..=9223372036854775807", 0),
    ] {
        assert_eq!(answer(&format!("count even {range}")), format!("{expected}\n"), "{range}");
    }
}

#[test]
fn every_policy_and_number_of_workers() {
    for split in ["timed", "static", "guided", "fixed:1", "fixed:7", "fixed:1e5", "fixed:2^63"] {
        for workers in ["1", "2", "3", "16", "100%"] {
            let words = format!("count odd -31_415..27_182 --split {split} -j {workers}");
            assert_eq!(answer(&words), format!("{}\n", 27_182 + 31_415 - evens(-31_415, 27_182)));
        }
    }
}

#[test]
fn workers_are_counted_from_the_cpus_as_in_gnu_parallel() {
    let workers = |typed: &str| {
        let text = answer(&format!("count even 0..10 {typed} --dry-run --format json"));
        let plan: serde_json::Value = serde_json::from_str(&text).unwrap();
        plan["workers"].as_u64().unwrap()
    };
    let cpus = workers("");
    for (typed, expected) in [
        ("-j +0", cpus),
        ("-j+2", cpus + 2),
        ("--jobs=+2", cpus + 2),
        ("-j -1", (cpus - 1).max(1)),
        ("-j-1", (cpus - 1).max(1)),
        ("--workers -1000000", 1),
    ] {
        assert_eq!(workers(typed), expected, "{typed}");
    }
}

#[test]
fn chunk_is_fixed_by_another_name() {
    assert_eq!(answer("count even 0..1000 --chunk 1e1 --jobs 2"), "500\n");
}

#[test]
fn more_workers_than_numbers_give_the_same_answer() {
    assert_eq!(answer("count even 0..3 -j 8 --split static"), "2\n");
    assert_eq!(answer("count even 0..0 -j 8"), "0\n");
}

#[test]
fn many_single_numbers_keep_every_pipe_full() {
    assert_eq!(answer("count even 0..2e6 --split fixed:1 -j 3"), "1000000\n");
}

#[test]
fn a_function_may_be_applied_to_n() {
    assert_eq!(answer("count even(n) 0..10"), "5\n");
}

#[test]
fn an_expression_takes_the_notations_of_a_range() {
    assert_eq!(answer("sum n*0xFF+0b11-0o7 0..2"), "247\n");
    assert_eq!(answer("count n&0x0f==0xa 0..0x1_00"), "16\n");
}

#[test]
fn an_empty_range_has_no_minimum() {
    for verb in ["min", "max"] {
        let output = support::run(&format!("{verb} n 1..=0"));
        assert_eq!((output.status.code(), &output.stdout[..]), (Some(1), &b""[..]), "{verb}");
    }
}

#[test]
fn counts_of_primes_are_exact() {
    assert_eq!(answer("count prime -100..1e7"), "664579\n");
    assert_eq!(answer("count prime 0..1e5 --split fixed:1"), "9592\n");
    // Chunks of one worker around the square of a prime (a composite was once counted here).
    assert_eq!(answer("count prime 1057089..1077089 --chunk 10000 -j 1"), "1437\n");
    // 2^63 less 25, 165, 259 and 301 (Caldwell's list of the primes just below a power of two).
    assert_eq!(answer("count prime 9223372036854775500..2^63"), "4\n");
}

#[test]
fn a_large_range_takes_little_time() {
    assert_eq!(answer("count even 0..1e10"), "5000000000\n");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_range_is_counted_exactly(
        start: i64, len in 0i128..300_000, workers in 1u32..5,
        split in prop::sample::select(vec!["timed", "static", "guided", "fixed:999", "fixed:20000"]),
    ) {
        let start = i128::from(start);
        let end = (start + len).min(1 << 63);
        let words = format!("count even {start}..{end} --split {split} -j {workers}");
        prop_assert_eq!(answer(&words), format!("{}\n", evens(start, end)));
    }
}
