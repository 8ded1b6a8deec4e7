//! Runs that are killed or stopped, and resumed until they give their answer.

use crate::house::{House, finish, reference};
use crate::support::{kill, stderr};
use evenly_testkit::Random;
use std::process::Stdio;
use std::time::Duration;

/// Questions of each kind, most of about a second on any machine.
const QUESTIONS: [(&str, &str, &str); 8] = [
    ("count", "test:slow=50", "0..30000 -j 2"),
    ("sum", "test:slow=50", "0..30000 -j 2 --split fixed:100"),
    ("find", "test:slow=50", "0..30000 -j 2"),
    ("map", "test:slow=50", "0..30000 -j 2 --split fixed:10"),
    ("hist", "test:slow=50", "0..30000 -j 2 --split guided"),
    ("failures", "100 / (isqrt(n * n * n) % 10000 - 7)", "0..1e12 --first 200 -j 2"),
    ("map", "isqrt(n * n * n)", "0..1e6 -j 2 --split fixed:1e4"),
    ("failures", "100 / (isqrt(n * n * n) % 10000 - 7)", "0..3e6 -j 2 --split fixed:1e5"),
];

pub(crate) fn at_random() {
    let mut random = Random::new(0x6a6f_7572);
    let mut was_killed = 0;
    for (verb, function, words) in QUESTIONS {
        let expected = reference(verb, function, words);
        let house = House::new();
        let words = format!("{words} --journal j --resume");
        for _ in 0..4 {
            let mut command = house.call(verb, function, &words);
            command.stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            std::thread::sleep(Duration::from_millis(50 + random.below(600)));
            child.kill().unwrap();
            was_killed += u32::from(child.wait().unwrap().code().is_none());
            house.is_left_by_all();
        }
        let output = finish(house.call(verb, function, &words));
        let said = stderr(&output);
        assert_eq!(output.status.code(), expected.status.code(), "{verb}: {said}");
        assert!(output.stdout == expected.stdout, "{verb}: {said}");
        // Once more nothing is left to do, and the whole answer is there.
        let output = finish(house.other("resume j"));
        assert!(output.stdout == expected.stdout, "{verb}: {}", stderr(&output));
        let output = finish(house.other("verify j"));
        assert!(output.status.success(), "{output:?}");
        assert!(!house.path("j.lock").exists() && !house.path("j-journal").exists());
    }
    // The last two may be over before, and so may what is left of the others.
    assert!(was_killed >= 5, "{was_killed}");
}

/// What is interrupted says how to go on, and nothing of what it had done is done again.
pub(crate) fn a_stopped_run_goes_on() {
    let house = House::new();
    let words = "0..40000 -j 2 --journal j";
    for signal in ["INT", "TERM"] {
        let resume = if signal == "INT" { "" } else { " --resume" };
        let mut command = house.call("count", "test:slow=50", &format!("{words}{resume}"));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(500));
        kill(signal, child.id());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), None, "{output:?}");
        assert!(stderr(&output).contains("to continue: evenly resume j\n"), "{output:?}");
    }
    let done = finish(house.other("verify j --format json"));
    let done: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    let before: u64 = done["done"].as_str().unwrap().parse().unwrap();
    assert!((2000..40000).contains(&before), "{done}");
    let output =
        finish(house.call("count", "test:slow=50", &format!("{words} --resume --joblog log")));
    assert_eq!(output.stdout, b"20000\n");
    let log = std::fs::read_to_string(house.path("log")).unwrap();
    let ranges = log.lines().skip(1).map(|line| line.rsplit(' ').next().unwrap().to_owned());
    let lengths = ranges.map(|range| {
        let (first, end) = range.split_once("..").unwrap();
        end.parse::<u64>().unwrap() - first.parse::<u64>().unwrap()
    });
    assert_eq!(lengths.sum::<u64>(), 40_000 - before, "no number twice");
}

/// A number that failed is not run again unless that is wanted.
pub(crate) fn failures_are_known() {
    let house = House::new();
    let crash = |words: &str| {
        let words = format!("0..1000 -j 2 --retries 0 --journal j {words}");
        finish(house.call("count", "test:crash@5,77", &words))
    };
    let first = crash("");
    assert_eq!(first.status.code(), Some(3));
    assert!(stderr(&first).contains("evenly resume j --retry-failed"), "{first:?}");
    let losses = |said: &str| said.matches("killed by signal").count();
    assert!(losses(&stderr(&first)) > 0);
    let again = crash("--resume");
    assert_eq!(again.status.code(), Some(3));
    assert_eq!(losses(&stderr(&again)), 0, "{again:?}");
    assert!(
        stderr(&again).contains("n = 5 failed: signal 11") && stderr(&again).contains("n = 77")
    );
    let tried = crash("--resume --retry-failed");
    assert!(losses(&stderr(&tried)) > 0 && tried.status.code() == Some(3), "{tried:?}");
    let part = crash("--resume --partial");
    assert_eq!((part.stdout, part.status.code()), (b"500\n".to_vec(), Some(3)));
    let part = finish(house.other("resume j --partial"));
    assert_eq!((part.stdout, part.status.code()), (b"500\n".to_vec(), Some(3)));
    // The function was mended.
    let words = "0..1000 --journal j --resume --retry-failed --accept-change";
    let mended = finish(house.call("count", "even", words));
    assert_eq!((mended.stdout, mended.status.code()), (b"500\n".to_vec(), Some(0)));
    let verified = finish(house.other("verify j"));
    assert!(verified.status.success());
    let text = String::from_utf8(verified.stdout).unwrap();
    assert!(text.contains("function\teven\n") && text.contains("changes\t1\n"), "{text}");
}

/// What a command put out is not put out again: both runs together put out each n once.
pub(crate) fn commands_are_not_run_again() {
    for order in ["", " -k"] {
        let house = House::new();
        let call = |resume: &str| {
            let words = format!("run{order} 0..200 -j 2 --journal j{resume} --");
            let mut command = house.other(&words);
            command.args(["sh", "-c", "sleep 0.01; echo {}"]);
            command
        };
        let mut first = call("");
        first.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = first.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(500));
        kill("INT", child.id());
        let first = child.wait_with_output().unwrap();
        assert_eq!(first.status.code(), None, "{first:?}");
        let rest = finish(call(" --resume"));
        assert!(rest.status.success() && !rest.stdout.is_empty(), "{rest:?}");
        let text = String::from_utf8([first.stdout, rest.stdout].concat()).unwrap();
        let mut numbers: Vec<u32> = text.lines().map(|line| line.parse().unwrap()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..200).collect::<Vec<_>>());
        assert_eq!(finish(house.other("resume j")).stdout, b"");
        let mut other = house.other("run 0..200 --journal j --resume -- true {}");
        let output = other.stdout(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(5), "{output:?}");
    }
}
