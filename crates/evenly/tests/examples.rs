//! The examples of the library, each run at a small size.

use std::path::PathBuf;
use std::process::Command;

/// An example, which cargo puts beside the tests.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let directory = test.ancestors().nth(2).expect("a test is in deps, below the examples");
    let path = directory.join("examples").join(name);
    assert!(path.is_file(), "{} is missing: cargo build --examples", path.display());
    path
}

/// What an example prints with this argument.
fn printed(name: &str, argument: &str) -> String {
    let output = Command::new(example(name)).arg(argument).output().expect("it starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {}: {errors}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn twin_primes_are_counted() {
    let expected = "8169 pairs of twin primes begin below 1000000\n\
        the first ones begin at [3, 5, 11, 17, 29]\n";
    assert_eq!(printed("twin_primes", "1000000"), expected);
}

#[test]
fn the_largest_error_of_a_float_function_is_found() {
    let expected = "largest error: 0.175218 % for 4.4034779e21\n\
        263652 inputs have an error above 0.1 %\n";
    assert_eq!(printed("float_inputs", "4097"), expected);
}

#[test]
fn a_crash_in_unsafe_code_is_isolated_to_its_number() {
    assert_eq!(printed("crash", "200000"), "sum of the others: 1942902\nn = 123456: signal 11\n");
}

#[test]
fn seeds_that_fail_are_listed_with_their_causes() {
    let expected = "mean time of the seeds that did not fail: 447.600\n\
        n = 35: memory\n\
        n = 39: memory\n\
        n = 52: timeout\n\
        n = 71: panicked at crates/evenly/examples/seeds.rs:39:18: message 70 came twice\n\
        n = 79: message 23 was lost\n";
    assert_eq!(printed("seeds", "100"), expected);
}

#[test]
fn a_fold_gives_several_statistics() {
    let expected = "highest number on a path: 1570824736\n\
        longest path: 350 steps\n\
        most frequent length: 71 steps, 1467 numbers\n";
    assert_eq!(printed("fold", "100000"), expected);
}
