//! Concurrency, chunk lengths and `--max-rate` of commands.

use crate::support::{kill, until};
use crate::yard::Yard;
use std::collections::BTreeMap;

/// How many lines name each worker.
fn by_worker(text: &str) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    text.lines().for_each(|line| *counts.entry(line.split(' ').next().unwrap()).or_insert(0) += 1);
    counts
}

/// Each command says who ran it, and rests for so long.
fn resting(range: &str, options: &str, ms: &str) -> String {
    let script = format!("echo $EVENLY_WORKER $0 >> ran; exec $1 rest - $(({ms}))");
    format!("run {range} -j 2 {options} -- sh -c '{script}' {{}} TOOL")
}

pub(crate) fn short_ones_and_long_ones_are_shared() {
    for (range, ms, least) in [
        ("0..500", "1", 100),
        ("0..6", "1000", 3),
        // The length of the chunk was chosen before its slow end was known.
        ("0..150", "$0 < 144 ? 1 : 700", 40),
        // Nor was its slow beginning known.
        ("0..150", "$0 < 6 ? 700 : 1", 2),
    ] {
        let yard = Yard::new();
        yard.run(&resting(range, "", ms)).answers("");
        let text = yard.text("ran");
        let counts = by_worker(&text);
        assert!(
            counts.len() == 2 && counts.values().all(|count| *count >= least),
            "{range} {ms}: {counts:?}"
        );
    }
    // Of those that take long, both had some to the end.
    let yard = Yard::new();
    yard.run(&resting("0..60", "", "$0 < 54 ? 1 : 700")).answers("");
    let slow: String = yard
        .text("ran")
        .lines()
        .filter(|line| line.split(' ').nth(1).unwrap().parse::<i64>().unwrap() >= 54)
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(by_worker(&slow).values().all(|count| (2..=4).contains(count)), "{slow}");
}

/// The chunks that a command was run for, by their lengths.
fn chunks(yard: &Yard, range: &str, options: &str, ms: u32) -> Vec<u64> {
    let _ = std::fs::remove_file(yard.path("chunks"));
    let script = format!("echo $(($1 - $0)) >> chunks; exec $2 rest - $((($1 - $0) * {ms}))");
    yard.run(&format!("run {range} -j 2 {options} -- sh -c '{script}' {{start}} {{end}} TOOL"))
        .answers("");
    yard.text("chunks").lines().map(|line| line.parse().unwrap()).collect()
}

pub(crate) fn chunks_take_their_time() {
    let yard = Yard::new();
    // From one n to a second's worth, as nothing else is said.
    let lengths = chunks(&yard, "0..600", "", 5);
    assert_eq!((lengths.iter().sum::<u64>(), lengths[0]), (600, 1), "{lengths:?}");
    assert!(
        lengths.iter().any(|len| *len >= 20) && lengths.iter().all(|len| *len <= 250),
        "{lengths:?}"
    );
    // Eight numbers take 40 ms. One chunk may be longer: on a busy machine a start of a command seems to cost more.
    let mut lengths = chunks(&yard, "0..200", "--chunk-time 40ms", 5);
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!((2..=16).contains(&median) && lengths.iter().all(|len| *len <= 60), "{lengths:?}");
    let lengths = chunks(&yard, "0..200", "--chunk-max 7", 1);
    assert!(lengths.contains(&7) && lengths.iter().all(|len| *len <= 7), "{lengths:?}");
    // The last one has what is left.
    let lengths = chunks(&yard, "0..200", "--chunk-min 60", 1);
    assert!(lengths.iter().filter(|len| **len < 60).count() <= 1, "{lengths:?}");
}

/// A start takes 50 ms and a number nothing, so a few chunks are best.
pub(crate) fn a_fixed_cost_makes_chunks_longer() {
    let yard = Yard::new();
    let script = "echo $(($1 - $0)) >> chunks; exec $2 rest - 50";
    yard.run(&format!("run 0..1000000 -j 2 -- sh -c '{script}' {{start}} {{end}} TOOL"))
        .answers("");
    let lengths: Vec<u64> = yard.text("chunks").lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(lengths.iter().sum::<u64>(), 1_000_000, "{lengths:?}");
    assert!(lengths.len() <= 30, "{lengths:?}");
}

/// A resumed run begins with chunks that are as long as the last ones of the run before.
pub(crate) fn a_resumed_run_begins_with_the_length_of_before() {
    let yard = Yard::new();
    // 20 ms for each chunk and 1 ms for 100 numbers.
    let script = "echo $(($1 - $0)) >> chunks; exec $2 rest - $((20 + ($1 - $0) / 100))";
    let words = format!("run 0..1e12 -j 2 --journal j -- sh -c '{script}' {{start}} {{end}} TOOL");
    let lengths = || {
        let text = std::fs::read_to_string(yard.path("chunks")).unwrap_or_default();
        text.lines().map(|line| line.parse::<u64>().unwrap()).collect::<Vec<_>>()
    };
    let first = yard.start(&words);
    // The next ones begin when a long one has ended.
    let before = until("chunks are long", || {
        let lengths = lengths();
        let long = lengths.iter().filter(|length| **length > 20_000).count();
        (long > 3).then_some(lengths)
    });
    kill("INT", first.pid());
    assert_eq!(first.ended().status, 130);
    assert_eq!(before[0], 1, "{before:?}");
    std::fs::remove_file(yard.path("chunks")).unwrap();
    let resumed = yard.start("resume j");
    let after = until("two chunks have begun", || (lengths().len() >= 2).then(lengths));
    kill("INT", resumed.pid());
    assert_eq!(resumed.ended().status, 130);
    assert!(after.iter().all(|length| *length > 10_000), "{before:?} {after:?}");
}

/// How many numbers or chunks begin within a second at 20 a second: by the clock of the run, 20 and one at its
/// start, and one more if the run notices late that its deadline has passed.
fn begun_in_a_second(options: &str, command: &str) -> usize {
    let yard = Yard::new();
    let words = format!("run {options} --deadline 1s -- sh -c 'echo >> began' {command}");
    assert_eq!(yard.run(&words).status, 124, "{options}");
    yard.text("began").lines().count()
}

pub(crate) fn max_rate_limits_starts_per_second() {
    for (options, command) in [
        ("0..5000 -j 3 --max-rate 20/s", "{}"),
        ("0..5000 -j 3 --chunk 4 --max-rate 20/s", "{start} {end}"),
        ("0..5000 -j 2 --chunk 10 --max-rate 20", "{}"),
        ("0..5000 -j 2 --split static --max-rate 1200/m", "{}"),
    ] {
        let begun = begun_in_a_second(options, command);
        assert!((2..=22).contains(&begun), "{options}: {begun}");
    }
}

/// `--load` and `--memfree` hold back starts and nothing else: a deadline and signals act at once.
pub(crate) fn starts_are_held_back_while_the_machine_is_busy() {
    let yard = Yard::new();
    let words = |options: &str| {
        format!("run 0..4 -k -j 2 {options} -- sh -c 'echo $0 >> ran; echo $0' {{}}")
    };
    yard.run(&words("--load 1000000% --memfree 1K")).answers("0\n1\n2\n3\n");
    std::fs::remove_file(yard.path("ran")).unwrap();
    let is_held_back = |option: &str| {
        let ended = yard.start(&words(&format!("{option} --deadline 1s"))).ended();
        assert_eq!((ended.status, &ended.stdout[..]), (124, ""), "{option}: {ended:?}");
        assert!(!yard.path("ran").exists(), "{option}");
    };
    // There is always a thread that runs.
    let mut busy = yard.inside_of("sh -c 'while :; do :; done'").spawn().unwrap();
    is_held_back("--load 1");
    busy.kill().unwrap();
    busy.wait().unwrap();
    // No machine has this much memory.
    is_held_back("--memfree 4000T");
    let waiting = yard.start(&words("--memfree 4000T --deadline 11s"));
    let ended = waiting.ended();
    assert_eq!(
        ended.stderr.matches("MiB of memory are available (--memfree)").count(),
        1,
        "{ended:?}"
    );
    // A resumed run may have other limits.
    yard.run(&words("--memfree 4000T --deadline 1s --journal j"))
        .failed(124, "the deadline of 1 s passed");
    yard.run("resume j --memfree 1K --deadline 1m").answers("0\n1\n2\n3\n");
}
