//! Journals without an answer: exit status, and the advice.

use crate::house::{House, finish, refused};
use crate::support::{kill, start_command, stderr, until};
use std::process::Output;

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn verify_answers_any_and_all_only_when_decided() {
    let house = House::new();
    for (verb, function, range, journal) in [
        ("any", "n == 700", "0..400", "low"),
        ("any", "n == 700", "600..1000", "high"),
        ("any", "n == 700", "500..600", "middle"),
        ("any", "n == 700", "400..500", "gap"),
        ("all", "n < 900", "0..400", "all-low"),
        ("all", "n < 900", "500..950", "all-high"),
    ] {
        let words = format!("{range} --journal {journal}");
        finish(house.call(verb, function, &words));
        assert!(house.path(journal).exists(), "{verb} {range}");
    }
    for (journals, answer, status) in [
        ("low high", "answer\t-\n", 4),
        ("low middle", "answer\t-\n", 4),
        ("low gap middle", "answer\tfalse\n", 0),
        ("low gap middle high", "answer\ttrue\t700\n", 0),
        ("all-low all-high", "answer\t-\n", 4),
        ("all-low", "answer\ttrue\n", 0),
    ] {
        let output = finish(house.other(&format!("verify {journals}")));
        assert!(text(&output).contains(answer), "{journals}: {output:?}");
        assert_eq!(output.status.code(), Some(status), "{journals}: {output:?}");
        let json = finish(house.other(&format!("verify {journals} --format json")));
        let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
        assert_eq!(json["answer"].is_null(), status == 4, "{journals}: {json}");
    }
}

pub(crate) fn a_sum_beyond_128_bits_has_an_object_and_no_advice_to_resume() {
    let house = House::new();
    let function = "2**126 + 0*n";
    let words = "0..1000 --journal j --format json --events events";
    let first = finish(house.call("sum", function, words));
    let again = finish(house.call("sum", function, &format!("{words} --resume")));
    for output in [first, again] {
        assert_eq!(output.status.code(), Some(4), "{output:?}");
        let said = stderr(&output);
        assert!(said.contains("128 bits") && said.lines().count() == 1, "{said}");
        assert!(!said.contains("resume"), "{said}");
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&json["answer"], &json["complete"]), (&().into(), &false.into()), "{json}");
        assert!(json["error"].as_str().unwrap().contains("128 bits"), "{json}");
    }
    let events = std::fs::read_to_string(house.path("events")).unwrap();
    let last: serde_json::Value = serde_json::from_str(events.lines().last().unwrap()).unwrap();
    assert_eq!((&last["event"], &last["status"]), (&"ended".into(), &4.into()));
    let verified = finish(house.other("verify j"));
    assert_eq!(verified.status.code(), Some(4), "{verified:?}");
    assert!(text(&verified).contains("answer\t-\n"), "{verified:?}");
    assert!(stderr(&verified).contains("128 bits"), "{verified:?}");
    // The journals of two halves that fit may add up to one that does not.
    let other = |range: &str, journal: &str| {
        let words = format!("{range} --journal {journal}");
        assert!(finish(house.call("sum", function, &words)).status.success());
    };
    other("0..1", "one");
    other("1..2", "two");
    let both = finish(house.other("verify one two"));
    assert_eq!(both.status.code(), Some(4), "{both:?}");
}

pub(crate) fn a_histogram_has_its_limit_by_every_way() {
    let house = House::new();
    for (range, journal) in [("0..600_000", "a"), ("600_000..1_200_000", "b")] {
        let words = format!("{range} --journal {journal}");
        assert!(finish(house.call("hist", "n", &words)).status.success());
    }
    let merged = finish(house.other("verify a b --merge m"));
    assert_eq!(merged.status.code(), Some(4), "{merged:?}");
    assert!(stderr(&merged).contains("1048576 different values"), "{merged:?}");
    assert!(merged.stdout.is_empty() && !house.path("m").exists());
    let verified = finish(house.other("verify a b"));
    assert_eq!(verified.status.code(), Some(4), "{verified:?}");
    assert!(text(&verified).contains("answer\t-\n"), "{}", text(&verified).len());
    // A run that finds it out has written the last values to its journal.
    let words = "0..1_100_000 --journal j";
    for words in [words.to_owned(), format!("{words} --resume")] {
        let output = finish(house.call("hist", "n", &words));
        assert_eq!(output.status.code(), Some(4), "{:?}", stderr(&output));
        assert!(output.stdout.is_empty(), "{words}");
        let said = stderr(&output);
        assert!(said.contains("1048576 different values") && !said.contains("resume"), "{said}");
    }
}

pub(crate) fn without_a_state_directory_one_line_says_so() {
    let house = House::new();
    let mut command = house.call("count", "test:slow=50", "0..20000 -j 2");
    command.env_remove("HOME").env_remove("XDG_STATE_HOME").env("EVENLY_JOURNAL_AFTER", "200ms");
    let output = finish(command);
    assert_eq!((&*output.stdout, output.status.code()), (&b"10000\n"[..], Some(0)));
    let said = stderr(&output);
    assert!(said.contains("without a journal") && said.contains("HOME"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

pub(crate) fn refusals_name_a_next_step_that_exists() {
    let house = House::new();
    let count = |words: &str| finish(house.call("count", "even", words));
    assert!(count("0..1000 --journal a").status.success());
    assert!(count("1000..2000 --journal b").status.success());
    let longer = count("500..2000 --journal a --resume");
    refused(&longer, 5, &["'0..1000' there", "evenly verify FILE FILE --merge OUT"]);
    let merged = finish(house.other("verify a b --merge a"));
    refused(&merged, 2, &["--merge 'a'"]);
    std::fs::write(house.path("there"), "my only copy\n").unwrap();
    for name in ["there", "a2"] {
        if name == "a2" {
            std::fs::copy(house.path("a"), house.path("a2")).unwrap();
        }
        let before = std::fs::read(house.path(name)).unwrap();
        let merged = finish(house.other(&format!("verify a b --merge {name}")));
        assert_eq!(merged.status.code(), Some(5), "{merged:?}");
        assert!(!stderr(&merged).contains("--resume"), "{merged:?}");
        assert!(stderr(&merged).contains("another file"), "{merged:?}");
        assert_eq!(std::fs::read(house.path(name)).unwrap(), before);
    }
    let stopped = count("0..1000000000000000 --journal big --deadline 300ms --chunk 1000000");
    assert_eq!(stopped.status.code(), Some(124), "{stopped:?}");
    let verified = finish(house.other("verify big"));
    assert!(stderr(&verified).contains("evenly resume big goes on"), "{verified:?}");
}

pub(crate) fn of_two_resumed_runs_at_once_one_goes_on() {
    for _ in 0..3 {
        let house = House::new();
        let soon = |words: &str| {
            let mut command = house.other(words);
            command.env("EVENLY_JOURNAL_AFTER", "100ms");
            command
        };
        let mut command = soon("run 0..20 -j 2 -- sh -c");
        command.args(["echo >>did-$1; sleep 0.2", "sh", "{}"]);
        let stopped = start_command(command);
        until("some are done", || house.path("did-6").exists().then_some(()));
        kill("TERM", stopped.pid());
        let stopped = stopped.output();
        assert!(stderr(&stopped).contains("evenly resume"), "{stopped:?}");
        let runs = ["resume", "resume"].map(|words| start_command(soon(words)));
        let mut statuses = runs.map(|run| {
            let output = run.output();
            let said = stderr(&output);
            assert!(
                output.status.success() || said.contains("in use") || said.contains("no"),
                "{said}"
            );
            output.status.code()
        });
        statuses.sort_unstable();
        assert_eq!(statuses, [Some(0), Some(5)]);
        let lines = |n: i64| std::fs::read_to_string(house.path(&format!("did-{n}")));
        let lines: Vec<usize> = (0..20).map(|n| lines(n).unwrap().lines().count()).collect();
        assert!(lines.iter().filter(|lines| **lines > 1).count() <= 2, "at work then: {lines:?}");
    }
}

/// A deadline that ended a run does not end the resumed run, if that has one of its own.
pub(crate) fn a_resumed_run_takes_a_deadline_of_its_own() {
    let house = House::new();
    let words = "0..40 -j 2 --chunk 1 --deadline 1s --journal j";
    let ended = finish(house.call("count", "test:slow=100000", words));
    assert_eq!(ended.status.code(), Some(124), "{ended:?}");
    let resumed = finish(house.other("resume j --deadline 1h"));
    assert_eq!((text(&resumed).as_str(), resumed.status.code()), ("20\n", Some(0)), "{resumed:?}");
    let bad = finish(house.other("resume j --deadline soon"));
    assert_eq!(bad.status.code(), Some(2), "{bad:?}");
}
