//! `--shuffle`: another order of work, and the same answers.

use crate::Scratch;
use crate::support::{answer, run, stderr};

/// The lines of `run` over 0..60 with one worker, in the order in which commands ended.
fn order(options: &str) -> Vec<u32> {
    let text = answer(&format!("run 0..60 -j 1 {options} -- echo {{}}"));
    text.lines().map(|line| line.parse().unwrap()).collect()
}

#[test]
fn commands_run_in_the_order_of_the_seed_each_once() {
    let one = order("--shuffle 7");
    assert!(!one.is_sorted(), "{one:?}");
    assert_eq!(one, order("--shuffle=7"));
    assert_eq!(one, order("--shuf 7"));
    assert_ne!(one, order("--shuffle 8"));
    for shuffled in [&one, &order("--shuffle 8"), &order("--shuffle 7 --chunk 3")] {
        let mut sorted = shuffled.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..60), "{shuffled:?}");
    }
    assert!(order("--shuffle 7 -k").is_sorted(), "-k prints in ascending order");
}

#[test]
fn a_seed_that_is_not_given_is_printed() {
    let output = run("run 0..60 -j 1 --shuffle -- echo {}");
    let said = stderr(&output);
    let seed = said.strip_prefix("evenly: order of work: --shuffle ").unwrap();
    let seed = seed.strip_suffix(" gives it again\n").unwrap();
    let order: Vec<u32> =
        String::from_utf8_lossy(&output.stdout).lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(order, self::order(&format!("--shuffle {seed}")));
    assert!(stderr(&run("run 0..3 -q --shuffle -- echo {}")).is_empty());
}

#[test]
fn answers_are_those_of_the_ascending_order() {
    for words in [
        "count prime 0..200000",
        "sum n*n -3000..70000",
        "min (n-777)**2 0..5000",
        "max n%1009 0..5000",
        "find prime 0..5000",
        "find prime 1000..900000 --first 3",
        "any n>7000&&prime(n) 0..900000",
        "all n!=4321 0..900000",
        "hist n%7 0..100000",
        "map n*n 0..3000",
        "failures 100/(n%50) 0..900",
        "failures 100/(n%50) 0..9000 --first 2",
        "count even 3,7,100..200:3",
        "count even 0..0",
        "count even 5..6",
    ] {
        let expected = run(words);
        for options in
            ["--shuffle 1 -j 3", "--shuffle 2 -j 2 --chunk 7", "--shuffle 3 -j 2 --split guided"]
        {
            let output = run(&format!("{words} {options}"));
            assert!(output.stdout == expected.stdout, "{words} {options}: {output:?}");
            assert_eq!(output.status, expected.status, "{words} {options}");
        }
    }
}

/// The lines exceed the credit of all workers, 4 MiB each, above numbers that no worker has.
#[test]
fn lines_that_wait_for_lower_numbers_stop_no_run() {
    let words = "map n**2 0..2_000_000";
    let expected = answer(words);
    for options in ["--shuffle 1 -j 2", "--shuffle 2 -j 3 --chunk 50_000", "--shuffle 3 -j 1"] {
        assert!(answer(&format!("{words} {options}")) == expected, "{options}");
    }
}

#[test]
fn a_resumed_run_goes_on_in_any_order() {
    for (verb, resumed) in [("sum", ""), ("find", "--shuffle 9"), ("map", "--shuffle")] {
        let journal = Scratch::new("journal");
        let words = format!("{verb} test:slow=100 0..8000 -j 2");
        let kept = format!("{words} --shuffle 4 --journal {}", journal.name());
        let output = run(&format!("{kept} --deadline 200ms"));
        assert_eq!(output.status.code(), Some(124), "{output:?}");
        let output = run(&format!("resume {} {resumed} --deadline 10m", journal.name()));
        assert!(output.stdout == run(&words).stdout, "{verb}: {}", stderr(&output));
        assert!(run(&format!("verify {}", journal.name())).status.success(), "{verb}");
    }
}

#[test]
fn an_order_that_cannot_be_is_refused() {
    for (words, expected) in [
        ("count even 0..9 --shuffle --split static", "--split static gives each worker one range"),
        ("any even 0.. --shuffle", "--shuffle is for items with an end, and 0.. has none"),
        ("count even 0..9 --shuffle --retry 2", "unknown option '--retry' of evenly count"),
        ("count even 0..9 --shuffle=x", "bad value 'x' for --shuffle: 'x' is not a whole number"),
        (
            "count even 0..9 --shuffle -5",
            "bad value '-5' for --shuffle: a seed is from 0 to 2^64-1",
        ),
    ] {
        let output = run(words);
        assert_eq!(output.status.code(), Some(2), "{words}: {output:?}");
        let said = stderr(&output);
        assert!(said.contains(expected) && said.lines().count() == 1, "{words}: {said}");
    }
}
