//! How many at once, how long a chunk is, and how many in a second: without a word about it, and with one.

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
        // Nobody knew when the chunk was made that its end takes long.
        ("0..150", "$0 < 144 ? 1 : 700", 40),
        // Nor that its beginning does.
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
    let lengths = chunks(&yard, "0..200", "--chunk-time 40ms", 5);
    assert!(lengths.iter().all(|len| *len <= 16), "{lengths:?}");
    let lengths = chunks(&yard, "0..200", "--chunk-max 7", 1);
    assert!(lengths.contains(&7) && lengths.iter().all(|len| *len <= 7), "{lengths:?}");
}

/// When commands began, in nanoseconds; at 20 a second.
fn kept(times: &str) {
    let mut times: Vec<u64> = times.lines().map(|line| line.parse().unwrap()).collect();
    times.sort_unstable();
    // A machine that has other things to do starts one later than it was told to, and the next in time.
    let slack = 250_000_000;
    for pair in times.windows(21) {
        let took = pair[20] - pair[0];
        assert!(took + slack >= 1_000_000_000, "21 in {took} ns: {times:?}");
    }
    let took = times[times.len() - 1] - times[0];
    let meant = (times.len() as u64 - 1) * 50_000_000;
    assert!(took + slack >= meant && took < 3 * meant, "{took} ns: {times:?}");
}

pub(crate) fn no_more_than_so_many_in_a_second() {
    let yard = Yard::new();
    kept(&yard.run("run 0..50 -j 3 --max-rate 20/s -- TOOL stamp {}").stdout);
    kept(&yard.run("run 0..120 -j 3 --chunk 4 --max-rate 20/s -- TOOL stamp {start} {end}").stdout);
    kept(&yard.run("run 0..50 -j 2 --chunk 10 --max-rate 20 -- TOOL stamp {}").stdout);
    kept(&yard.run("run 0..50 -j 2 --split static --max-rate 1200/m -- TOOL stamp {}").stdout);
    // What could not begin in time is not made up for.
    let script = "$1 stamp; test $0 != 0 || exec $1 rest - 1000";
    let words = format!("run 0..30 -j 1 --max-rate 20/s -- sh -c '{script}' {{}} TOOL");
    let text = yard.run(&words).stdout;
    let times: Vec<u64> = text.lines().map(|line| line.parse().unwrap()).collect();
    let after = times[29] - times[1];
    assert!(after >= 1_150_000_000, "28 more in {after} ns");
}
