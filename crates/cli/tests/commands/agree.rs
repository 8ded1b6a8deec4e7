//! Answers of every verb by every kind of command under every policy, against a plain loop.

use crate::plain;
use crate::yard::Yard;
use evenly_testkit::Random;

/// All of them; `find` twice.
const VERBS: [&str; 12] = [
    "count",
    "sum",
    "min",
    "max",
    "find",
    "find --first 3",
    "any",
    "all",
    "hist",
    "map",
    "failures",
    "run",
];

const SPLITS: [&str; 5] = ["timed", "static", "guided", "fixed:1", "fixed:7"];

/// How a command is called, by its kind; VERB is the question.
pub(crate) const EACH: &str = "-- TOOL each VERB {}";
pub(crate) const CHUNK: &str = "-- TOOL chunk VERB {start} {end}";
pub(crate) const LINES: &str = "--coprocess -- TOOL lines VERB";

/// What the tool computes.
fn value(n: i64) -> i64 {
    n.rem_euclid(7).pow(2) % 7 - 3
}

/// What a plain loop prints, and the status.
pub(crate) fn expected(verb: &str, start: i64, end: i64) -> (String, i32) {
    match verb {
        "sum" | "min" | "max" | "hist" | "map" => plain::answer_by(verb, value, &(start..end)),
        "run" => ((start..end).map(|n| format!("{n}\n")).collect(), 0),
        _ => plain::answer(verb, "odd", start..end),
    }
}

/// What stands in lines or between spaces, in the order of the numbers.
fn sorted(text: &str) -> String {
    let words = text.split_ascii_whitespace().map(|word| word.parse().unwrap());
    let mut numbers: Vec<i64> = words.collect();
    numbers.sort_unstable();
    numbers.into_iter().map(|n| format!("{n}\n")).collect()
}

fn agrees(yard: &Yard, verb: &str, (start, end): (i64, i64), options: &str, kind: &str) {
    let name = verb.split(' ').next().unwrap();
    let words = format!("{verb} {start}..{end} {options} {}", kind.replace("VERB", name));
    let ended = yard.run(&words);
    let (text, status) = expected(verb, start, end);
    let said = if verb == "run" { sorted(&ended.stdout) } else { ended.stdout.clone() };
    assert_eq!((said, ended.status), (text, status), "{words}: {ended:?}");
    let has_no_value = status == 1 && matches!(verb, "min" | "max");
    let why = format!("evenly: there is no {verb}: {start}..{end} has no numbers\n");
    assert_eq!(ended.stderr, if has_no_value { why } else { String::new() }, "{words}");
}

fn by_every_policy(kind: &str, len: i64) {
    let yard = Yard::new();
    for (place, verb) in VERBS.into_iter().enumerate() {
        for (other, split) in SPLITS.into_iter().enumerate() {
            // One, two or three workers, in turn.
            let workers = (place + other) % 3 + 1;
            let options = format!("-j {workers} --split {split}");
            agrees(&yard, verb, (-9, len - 9), &options, kind);
        }
        agrees(&yard, verb, (5, 5), "-j 2", kind);
    }
}

pub(crate) fn each_n() {
    by_every_policy(EACH, 25);
}

pub(crate) fn each_chunk() {
    by_every_policy(CHUNK, 80);
}

pub(crate) fn coprocesses() {
    by_every_policy(LINES, 800);
}

pub(crate) fn anything_anywhere() {
    let yard = Yard::new();
    for seed in 0..40 {
        let mut random = Random::new(seed);
        let mut one_of = |count: usize| random.below(count as u64) as usize;
        let (kind, most) = [(EACH, 20), (CHUNK, 2000), (LINES, 5000)][one_of(3)];
        let (verb, split) = (VERBS[one_of(12)], SPLITS[one_of(5)]);
        let start = [-3, 0, i64::MIN, 1 << 40][one_of(4)];
        let len = if split == "fixed:1" { one_of(20) } else { one_of(most) } as i64;
        let options = format!("-j {} --split {split}", one_of(4) + 1);
        agrees(&yard, verb, (start, start + len), &options, kind);
    }
    // The end of the last chunk does not fit 64 bits.
    let script = "import sys; print(int(sys.argv[2]) - int(sys.argv[1]))";
    let words = "sum 9223372036854775800..2^63 --chunk 3 -j 2 -- PYTHON -c";
    yard.run(&format!("{words} '{script}' {{start}} {{end}}")).answers("8\n");
}
