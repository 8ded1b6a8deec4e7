//! Random samples of items (`--sample`, `--seed`).

use crate::directory::Directory;
use crate::support::{answer, run, stderr};

#[test]
fn a_seed_gives_the_same_sample_on_any_number_of_workers() {
    let sample = |options: &str| answer(&format!("find true 0..1e15 --sample 1000 {options}"));
    let first = sample("--seed 7 -j 1");
    let numbers: Vec<i64> = first.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(numbers.len(), 1000);
    assert!(numbers.is_sorted_by(|a, b| a < b), "each number once, ascending");
    assert!(numbers[0] >= 0 && numbers[999] < 1_000_000_000_000_000);
    for options in ["--seed 7 -j 2", "--seed 7 -j 7 --chunk 3"] {
        assert!(sample(options) == first, "{options}");
    }
    assert!(sample("--seed 8") != first);
    assert_eq!(answer("count true 0..10 --sample 3 --seed 1"), "3\n");
    // All of the items, if there are no more.
    assert_eq!(answer("find true 3,7,12 --sample 9 --seed 1"), "3\n7\n12\n");
    assert_eq!(answer("count true -2^63..2^63 --sample 5 --seed 1"), "5\n");
    assert_eq!(answer("count true 0..0 --sample 5 --seed 1"), "0\n");
}

#[test]
fn a_seed_that_is_not_given_is_printed_and_gives_the_sample_again() {
    let output = run("find true 0..1e9:3 --sample 5");
    let said = stderr(&output);
    let expected = "evenly: sample of 5 of 0..=999999999:3: --seed ";
    assert!(said.starts_with(expected) && said.lines().count() == 1, "{said}");
    let seed = said[expected.len()..].split(' ').next().unwrap();
    let again = answer(&format!("find true 0..1e9:3 --sample 5 --seed {seed}"));
    assert_eq!(again.into_bytes(), output.stdout);
}

#[test]
fn resume_goes_on_with_the_sample_of_its_journal() {
    let directory = Directory::new("sample");
    directory.write("f", "0..1e6\n");
    let words = "find 1/(n%50)>=0 --from f --sample 1000 --journal j --partial";
    let first = directory.run(words);
    assert_eq!(first.status.code(), Some(3), "{first:?}");
    let again = directory.run("resume j");
    assert!(again.stdout == first.stdout && !first.stdout.is_empty(), "{again:?}");
    let verified = String::from_utf8(directory.run("verify j").stdout).unwrap();
    assert!(verified.contains("missing\t0\n"), "{verified}");
}

#[test]
fn a_bad_sample_or_seed_is_refused() {
    for (options, expected) in [
        (
            "--sample 0",
            "bad value '0' for --sample: it takes nothing; it is how many n to take, from",
        ),
        ("--sample -1", "bad value '-1' for --sample: it takes nothing"),
        ("--sample 5e6", "bad value '5e6' for --sample: it is too many; it is how many n to take"),
        ("--sample 10%", "from 1 to 4194304; --where 'hash(n) % 100 == 0' takes about one in 100"),
        ("--sample x", "bad value 'x' for --sample: 'x' is not a whole number"),
        ("--sample 5 --seed 2^64", "bad value '2^64' for --seed: it is from 0 to 2^64-1"),
        ("--sample 5 --seed -1", "bad value '-1' for --seed: it is from 0 to 2^64-1"),
        ("--seed 5", "--seed is only used with --sample K, which is missing"),
    ] {
        let output = run(&format!("count even 0..100 {options}"));
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{options}: {output:?}");
        assert!(said.contains(expected) && said.lines().count() == 1, "{options}: {said}");
    }
}
