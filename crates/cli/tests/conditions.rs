//! Tests of `--where`: every verb against a plain loop over the numbers that satisfy the condition, failures of the
//! condition, commands, libraries, journals, agents, and what is refused.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "verbs/plain.rs"]
#[expect(dead_code, reason = "a part of it is for the tests of the verbs")]
mod plain;
#[path = "conditions/recorded.rs"]
mod recorded;
mod support;

use evenly_testkit::Random;
use support::{VERBS, answer, assert_quiet, run, run_words, stderr};

/// Whether or what a text gives for a number.
type Value = fn(i64) -> i64;

fn is_prime(n: i64) -> i64 {
    i64::from(n >= 2 && (2..).take_while(|d| d * d <= n).all(|d| n % d != 0))
}

/// Functions as they are typed, and what they give: builtins, and cheap, failing, long and wide expressions.
const FUNCTIONS: [(&str, Value); 6] = [
    ("even", |n| i64::from(n % 2 == 0)),
    ("prime", is_prime),
    ("n*n%7==2||n<-20", |n| i64::from(n * n % 7 == 2 || n < -20)),
    ("n*n%10<4", |n| i64::from(n * n % 10 < 4)),
    ("sum(d in 1..=abs(n), d)%3==1", |n| i64::from(n.abs() * (n.abs() + 1) / 2 % 3 == 1)),
    ("n**12>=0", |_| 1),
];

/// Conditions in the same way, with those that hold for no number and for all.
const CONDITIONS: [(&str, Value); 8] = [
    ("prime", is_prime),
    ("prime(n)", is_prime),
    ("odd", |n| i64::from(n % 2 != 0)),
    ("n mod 97==5", |n| i64::from(n.rem_euclid(97) == 5)),
    ("n<0||n>300", |n| i64::from(!(0..=300).contains(&n))),
    ("n>5000", |_| 0),
    ("n<5000", |_| 1),
    ("count(d in 1..=abs(n)+1,d*d==abs(n))==1", |n| {
        i64::from(n != 0 && n.abs().isqrt().pow(2) == n.abs())
    }),
];

/// Ranges and sets as they are typed, and their numbers.
fn ranges() -> [(&'static str, Vec<i64>); 4] {
    [
        ("-120..500", (-120..500).collect()),
        ("0..0", Vec::new()),
        ("-90..400:7", (-90..400).step_by(7).collect()),
        ("3..9,97,101..=251:2,300..330", {
            let pieces = (3..9).chain([97]).chain((101..=251).step_by(2)).chain(300..330);
            pieces.collect()
        }),
    ]
}

#[test]
fn every_verb_asks_about_the_numbers_that_satisfy_the_condition() {
    let mut random = Random::new(0x7768_6572);
    let ranges = ranges();
    for round in 0..180 {
        let verb = VERBS[round % VERBS.len()];
        let (function, value) = random.pick(&FUNCTIONS);
        let (condition, holds) = random.pick(&CONDITIONS);
        let (range, numbers) = &ranges[random.below(4) as usize];
        let split = random.pick(&["timed", "static", "guided", "fixed:1", "fixed:7"]);
        let workers = random.pick(&[1, 2, 5]);
        let left = numbers.iter().copied().filter(|n| holds(*n) != 0);
        let expected = plain::answer_by(verb, value, &left);
        let mut words: Vec<&str> = verb.split(' ').collect();
        let workers = workers.to_string();
        words.extend([function, "--where", condition, range, "-j", &workers, "--split", split]);
        let output = run_words(&words);
        assert_quiet(&output, verb);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!((text, output.status.code().unwrap()), expected, "{words:?}");
    }
}

#[test]
fn values_of_any_width_are_those_of_the_numbers_that_are_left() {
    for (words, text) in [
        ("map n*n 0..12 --where prime", "2\t4\n3\t9\n5\t25\n7\t49\n11\t121\n"),
        ("map n**20 2..8 --where n%3==1", "4\t1099511627776\n7\t79792266297612001\n"),
        (
            "map n**30 15..18 --where odd",
            concat!(
                "15\t191751059232884086668491363525390625\n",
                "17\t8193465725814765556554001028792218849\n"
            ),
        ),
        ("max n*n 0..100 --where prime", "9409\t97\n"),
        ("min n 2^62..+1000 --where prime", "4611686018427388039\t4611686018427388039\n"),
        ("hist n%4 0..1e6 --where prime", "1\t39175\n2\t1\n3\t39322\n"),
        ("sum n 0..2e6 --where prime", "142913828922\n"),
        ("count n%4==1 1e12..+1e6 --where prime", "18151\n"),
        ("map 60/n -2..4 --where n!=0", "-2\t-30\n-1\t-60\n1\t60\n2\t30\n3\t20\n"),
        ("sum 60/n -2..4 --where n!=0", "20\n"),
        ("mean n 0..10 --where even", "4\n"),
        ("mean n 0..100 --where prime", "42.4\n"),
        ("mean n**20 2..8 --where n%3==1", "3.989668290461989e16\n"),
        ("mean even 0..8 --where n%4!=1", "0.6666666666666666\n"),
        ("all odd 3..1e7 --where prime", "true\n"),
        ("all prime 0..10 --where n>20", "true\n"),
    ] {
        assert_eq!(answer(words), text, "{words}");
    }
}

#[test]
fn nothing_that_is_left_is_an_empty_range() {
    for (words, text, status) in [
        ("count even 0..10 --where n>20", "0\n", 0),
        ("min n 0..10 --where n>20", "", 1),
        ("mean n 0..10 --where n>20", "", 1),
        ("any even 0..10 --where n>20", "false\n", 1),
        ("map n 0..10 --where n>20", "", 0),
        ("hist n 0..10 --where n>20", "", 0),
    ] {
        let (output, empty) = (run(words), run(&words.replace("0..10", "0..0")));
        let said = stderr(&output);
        assert_eq!(String::from_utf8(output.stdout.clone()).unwrap(), text, "{words}");
        assert_eq!(output.status.code(), Some(status), "{words}");
        assert_eq!((output.stdout, output.status), (empty.stdout, empty.status), "{words}");
        let verb = words.split(' ').next().unwrap();
        let why = format!("evenly: there is no {verb}: no n in 0..10 satisfies --where 'n>20'\n");
        let has_no_value = ["min", "max", "mean"].contains(&verb);
        assert_eq!(said, if has_no_value { why } else { String::new() }, "{words}");
    }
}

#[test]
fn a_number_whose_condition_fails_is_named() {
    let again = "rerun: evenly sum n --where '100/n > 3' 0..=0";
    let output = run_words(&["sum", "n", "--where", "100/n > 3", "-5..9"]);
    assert_eq!(output.status.code(), Some(3));
    let said = stderr(&output);
    assert!(said.contains("n = 0 failed: division by zero") && said.contains(again), "{said}");
    for verb in ["count", "sum", "min", "hist", "map"] {
        let function = if verb == "count" { "n > 0" } else { "n" };
        let words = [verb, function, "--where", "100/n > 20", "-5..9", "--partial"];
        let output = run_words(&words);
        assert_eq!(output.status.code(), Some(3), "{words:?}");
        let left = (1..5).filter(|n| 100 / n > 20);
        let (text, _) = plain::answer_by(verb, |n| if verb == "count" { 1 } else { n }, &left);
        assert_eq!(String::from_utf8(output.stdout).unwrap(), text, "{words:?}");
    }
    let output = run("failures 1/(n-4) 0..10 --where 6/(n-3)<9");
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "3\tdivision by zero\n4\tdivision by zero\n"
    );
    // No command is started for the number.
    let output = run("run 0..4 -k --where 6/(n-2)<9 -- echo {}");
    assert_eq!(String::from_utf8(output.stdout.clone()).unwrap(), "0\n1\n3\n");
    assert!(stderr(&output).contains("n = 2 failed: division by zero"), "{}", stderr(&output));
}

#[test]
fn commands_start_only_for_the_numbers_that_are_left() {
    for (words, text) in [
        ("run 0..20 -k --where prime -- echo {}", "2\n3\n5\n7\n11\n13\n17\n19\n"),
        (
            "run -k 0..1e9 --where n%200_000_000==7 -- echo {}",
            "7\n200000007\n400000007\n600000007\n800000007\n",
        ),
        ("map 0..8:3,20 --where even -- echo 1{}", "0\t10\n6\t16\n20\t120\n"),
        ("count 0..9 --where odd -- test {} -gt 4", "2\n"),
        ("find 0..9 --where odd -- test {} -gt 4", "5\n7\n"),
        ("all 0..9 --where n>4 -- test {} -gt 4", "true\n"),
        ("failures 0..9 --where n>4 -- test {} -gt 4", ""),
        ("hist 0..9 --where odd -- expr {} % 3 + 1", "1\t1\n2\t2\n3\t1\n"),
    ] {
        let output = run(words);
        assert_eq!(String::from_utf8(output.stdout.clone()).unwrap(), text, "{words}: {output:?}");
    }
    let output = run("run 0..1e6 --dry-run --where n>5000 -- echo {}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("command echo 5001\n") && !text.contains("command echo 0\n"), "{text}");
}

#[test]
fn a_crash_under_a_condition_is_found_and_can_be_run_again() {
    let output =
        run_words(&["failures", "test:crash@57", "0..400", "--where", "n % 3 == 0", "-j", "2"]);
    assert_eq!(String::from_utf8(output.stdout.clone()).unwrap(), "57\tsignal 11\n", "{output:?}");
    let again = "evenly failures test:crash@57 --where 'n % 3 == 0' 57..=57";
    assert!(stderr(&output).contains(again), "{}", stderr(&output));
    let output = run("failures test:crash@57 0..400 --where even -j 2");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "");
}

#[test]
fn what_a_condition_cannot_be_is_refused_with_one_line() {
    for (words, expected) in [
        (
            "count even 0..9 --where n",
            "bad value 'n' for --where: it gives a number, and a condition is true or false; did you mean 'n != 0'?",
        ),
        (
            "count even 0..9 --where evn",
            "bad value 'evn' for --where: unknown function 'evn'; did you mean 'even'?",
        ),
        ("count even 0..9 --where n>", "bad value 'n>' for --where: column 3: a value is missing"),
        ("count even 0..9 --where 1/0==n", "bad value '1/0==n' for --where: "),
        (
            "run 0..9 --where even -- echo {start} {end}",
            "a command that does a whole chunk gets all of its n",
        ),
        (
            "sum 0..9 --coprocess --where even -- cat",
            "a command that does a whole chunk gets all of its n",
        ),
        ("run 0..9 --where even --max-rate 1/s -- echo {}", "evenly find even 0..9"),
        ("run 0..9 --where even --as slurm -- echo {}", "--as sets the size of the array"),
    ] {
        let output = run(words);
        assert_eq!(output.status.code(), Some(2), "{words}");
        let said = stderr(&output);
        assert!(said.contains(expected) && said.lines().count() == 1, "{words}: {said}");
    }
}
