//! Output of jobs that end early: known results, and the number of n not done.

use crate::Scratch;
use crate::support::{in_foreground, kill, run_words, stderr, until};
use serde_json::Value;
use std::io::Read;
use std::process::Output;

/// `failures` over a range in two equal parts, by a script that fails at these numbers.
fn failing(options: &str, at: &str) -> Output {
    let script = format!("case $1 in {at}) exit 7;; esac");
    let options = options.split_whitespace();
    let mut words = vec!["failures", "-j2", "--split", "static"];
    words.extend(options);
    words.extend(["--", "sh", "-c", &script, "sh", "{}"]);
    run_words(&words)
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn object(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no JSON: {output:?}"))
}

/// The number in `key`, which is a string.
fn number(object: &Value, key: &str) -> u128 {
    let text = object[key].as_str().unwrap_or_else(|| panic!("no {key}: {object}"));
    text.parse().unwrap()
}

fn last_event(file: &Scratch) -> Value {
    serde_json::from_str(file.text().lines().last().unwrap()).unwrap()
}

/// A run that may halt begins its commands one by one, ascending, by any policy: all numbers below are run.
#[test]
fn failures_that_halt_print_every_known_failure_ascending() {
    for (spec, at, expected) in [
        ("now,fail=1", "105", "105\texit 7\n"),
        ("soon,fail=1", "105", "105\texit 7\n"),
        ("now,fail=3", "24|110|120", "24\texit 7\n110\texit 7\n120\texit 7\n"),
        ("2", "105", "105\texit 7\n"),
    ] {
        let output = failing(&format!("0..20000 --halt {spec}"), at);
        let said = stderr(&output);
        assert_eq!(text(&output), expected, "{spec}: {said}");
        assert_eq!(output.status.code(), Some(4), "{spec}: {said}");
        let last = said.lines().last().unwrap();
        assert!(last.contains("; complete below "), "{spec}: {said}");
        assert!(last.ends_with(" numbers above are not done"), "{spec}: {said}");
    }
}

#[test]
fn a_known_failure_decides_the_status_of_failures_at_a_deadline() {
    let output = failing("0..20000 --deadline 500ms", "10005");
    let said = stderr(&output);
    assert_eq!(text(&output), "10005\texit 7\n");
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("evenly: the deadline of 0.5 s passed with "), "{said}");
    assert!(said.ends_with(" numbers above are not done\n"), "{said}");
    let output = failing("0..20000 --deadline 300ms", "none");
    assert_eq!((output.stdout.as_slice(), output.status.code()), (&b""[..], Some(124)));
}

#[test]
fn every_verb_ends_at_a_deadline_with_an_object_and_an_event() {
    for (verb, function) in [
        ("count", "prime"),
        ("sum", "prime"),
        ("min", "prime"),
        ("max", "prime"),
        ("hist", "prime"),
        ("any", "n < 0"),
        ("all", "n >= 0"),
        ("find", "n < 0"),
        ("find --first 9", "n < 0"),
        ("map", "n"),
        ("failures", "prime"),
    ] {
        let file = Scratch::new("verbs");
        let mut words: Vec<&str> = verb.split(' ').collect();
        words.extend([function, "0..1e17", "-j2", "--deadline", "300ms", "--format", "json"]);
        words.extend(["--events", file.name()]);
        let output = run_words(&words);
        assert_eq!(output.status.code(), Some(124), "{verb}: {}", stderr(&output));
        let object = object(&output);
        assert_eq!(object["complete"], false, "{verb}: {object}");
        assert!(object["error"].as_str().unwrap().starts_with("the deadline of 0.3 s"), "{verb}");
        assert_eq!(object["failures"], serde_json::json!([]), "{verb}");
        assert!(!object["answer"].is_string(), "{verb}: {object}");
        let not_done = number(&object, "not_done");
        assert!(not_done > 0 && number(&object, "complete_below") < 1 << 56, "{verb}: {object}");
        let ended = last_event(&file);
        let (event, why) = (&ended["event"], &ended["why"]);
        assert_eq!((event, why), (&"ended".into(), &"deadline".into()), "{verb}");
        assert_eq!(number(&ended, "not_done"), not_done, "{verb}: {ended}");
        assert_eq!(ended["status"], 124, "{verb}: {ended}");
    }
}

#[test]
fn a_halt_and_a_signal_leave_the_same() {
    let file = Scratch::new("halted");
    let words = "0..20000 --halt now,fail=1 --format json --events";
    let output = failing(&format!("{words} {}", file.name()), "105");
    let halted = object(&output);
    let rerun = halted["failures"][0]["rerun"].as_str().unwrap();
    assert!(rerun.starts_with("evenly ") && rerun.contains(" 105..=105"), "{rerun}");
    let failed = serde_json::json!([
        {"first": "105", "last": "105", "cause": "exit 7", "rerun": rerun}
    ]);
    assert_eq!((&halted["failures"], &halted["complete"]), (&failed, &false.into()));
    assert_eq!(number(&halted, "failed"), 1);
    let ended = last_event(&file);
    assert_eq!((&ended["event"], &ended["why"]), (&"ended".into(), &"halt".into()));
    assert_eq!(number(&ended, "not_done"), number(&halted, "not_done"));

    let file = Scratch::new("signalled");
    let running =
        in_foreground(&format!("sum n 0..1e13 -j2 --format json --events {}", file.name()));
    running.workers(2);
    kill("TERM", running.pid());
    let output = running.output();
    assert_eq!(object(&output)["answer"], Value::Null);
    let ended = last_event(&file);
    assert_eq!((&ended["event"], &ended["why"]), (&"ended".into(), &"SIGTERM".into()));
    assert_eq!(number(&ended, "not_done"), number(&object(&output), "not_done"));
}

/// Answers that were durable before the third failure was counted were in the journal and not printed.
#[test]
fn printed_failures_are_those_of_the_journal() {
    let at = "24|85|125|505|800";
    for spec in ["now,fail=1", "now,fail=3", "soon,fail=2"] {
        let journal = Scratch::new("agree");
        let output = failing(&format!("0..1000 --halt {spec} --journal {}", journal.name()), at);
        let verified = run_words(&["verify", journal.name(), "--format", "json"]);
        let kept = object(&verified);
        let lines = kept["failures"].as_array().unwrap().iter().map(|failure| {
            assert_eq!(failure["first"], failure["last"]);
            format!(
                "{}\t{}\n",
                failure["first"].as_str().unwrap(),
                failure["cause"].as_str().unwrap()
            )
        });
        assert_eq!(text(&output), lines.collect::<String>(), "{spec}");
        let said = stderr(&output);
        let missing = kept["missing"].as_str().unwrap();
        assert!(
            said.contains(&format!("; {missing} numbers above are not done")),
            "{spec}: {said}"
        );
        // What earlier runs found is printed again, with what this one finds.
        let resumed =
            failing(&format!("0..1000 --journal {} --resume --halt never", journal.name()), at);
        let whole: String = at.split('|').map(|n| format!("{n}\texit 7\n")).collect();
        assert_eq!((text(&resumed), resumed.status.code()), (whole, Some(1)), "{spec}");
    }
}

#[test]
fn commands_of_unknown_fate_are_printed_as_the_journal_has_them() {
    for spec in ["now,fail=1", "soon,fail=1"] {
        let journal = Scratch::new("unknown");
        let options = "failures 0..200 --at-most-once -j3 --chunk 1 --quiet";
        let mut words: Vec<&str> = options.split(' ').collect();
        words.extend(["--halt", spec, "--journal", journal.name(), "--"]);
        words.extend(["sh", "-c", "test $1 = 5 && exit 3; sleep 0.05", "sh", "{}"]);
        let output = run_words(&words);
        let kept = object(&run_words(&["verify", journal.name(), "--format", "json"]));
        let mut lines = String::new();
        for failure in kept["failures"].as_array().unwrap() {
            let bound = |key: &str| failure[key].as_str().unwrap().parse::<i64>().unwrap();
            for n in bound("first")..=bound("last") {
                lines += &format!("{n}\t{}\n", failure["cause"].as_str().unwrap());
            }
        }
        assert_eq!(text(&output), lines, "{spec}: {}", stderr(&output));
    }
}

#[test]
fn a_reader_that_takes_nothing_does_not_keep_failures_from_ending() {
    let mut running = in_foreground("failures 1/(n%3) 0..3e6 -j2 --deadline 500ms");
    let mut unread = running.child().stdout.take().unwrap();
    until("it ends", || running.child().try_wait().unwrap());
    let mut taken = String::new();
    unread.read_to_string(&mut taken).unwrap();
    assert!(taken.starts_with("0\tdivision by zero\n3\t"), "{taken}");
    let output = running.output();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("; standard output did not take all lines"), "{output:?}");
}

#[test]
fn an_answer_that_is_decided_is_not_withheld_by_a_halt() {
    // The last number that is needed is also the fifth that is done.
    for spec in ["now,done=5", "soon,done=5", "now,success=5", "2"] {
        let options = ["-j1", "--chunk", "5", "--halt", spec];
        let output = run_words(&[&["any", "n == 4", "0..1e6"][..], &options].concat());
        assert_eq!(
            (text(&output).as_str(), output.status.code()),
            ("true\t4\n", Some(0)),
            "{spec}"
        );
    }
}

const DIVIDED: &str = "if n == 4000 { 1 / (n - n) == 1 } else { n % 1001 == 0 }";

#[test]
fn find_and_map_that_stop_at_a_failure_say_how_much_is_not_done() {
    for (verb, first) in [("find", None), ("map", None), ("find", Some("100"))] {
        let (events, journal) = (Scratch::new("stopped"), Scratch::new("stopped-journal"));
        let files = ["--events", events.name(), "--journal", journal.name()];
        let mut words = vec![verb, DIVIDED, "0..1e9", "-j2", "--chunk", "1000"];
        words.extend(first.into_iter().flat_map(|first| ["--first", first]));
        let output = run_words(&[&words[..], &files, &["--format", "json"]].concat());
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{verb}: {said}");
        let object = object(&output);
        let not_done = number(&object, "not_done");
        assert!(not_done > 0, "{verb}: {object}");
        assert_eq!((&object["complete"], &object["stopped_at"]), (&false.into(), &"4000".into()));
        let last = said.lines().last().unwrap();
        let expected = format!(
            "; stopped at the failure of n = 4000; {not_done} numbers not done; --partial goes on"
        );
        assert!(last.ends_with(&expected), "{verb}: {said}");

        let event = last_event(&events);
        assert_eq!((&event["event"], &event["n"]), (&"stopped_at_failure".into(), &"4000".into()));
        assert_eq!(number(&event, "not_done"), not_done, "{verb}: {event}");
        assert!(!events.text().contains("finished"), "{verb}");

        let verified = run_words(&["verify", journal.name()]);
        assert_eq!(verified.status.code(), Some(4), "{verb}");
        if first.is_some() {
            // What was found above the failure may be enough for --partial: nothing is missing then.
            continue;
        }
        let lines = text(&verified);
        assert!(lines.contains(&format!("\nmissing\t{not_done}\n")), "{verb}: {lines}");
        let next = format!("(evenly resume {} --partial goes on)", journal.name());
        assert!(stderr(&verified).contains(&next), "{verb}: {}", stderr(&verified));
    }
}

#[test]
fn partial_goes_on_where_find_stopped_at_a_failure() {
    let journal = Scratch::new("goes-on");
    let words = ["find", DIVIDED, "0..1e6", "-j2", "--chunk", "1000", "--journal", journal.name()];
    let output = run_words(&words);
    assert_eq!(text(&output), "0\n1001\n2002\n3003\n");
    let output = run_words(&[&words[..], &["--resume", "--partial"]].concat());
    let found = (0..1_000_000).step_by(1001).filter(|n| *n != 4000);
    let expected: String = found.map(|n| format!("{n}\n")).collect();
    assert_eq!((text(&output), output.status.code()), (expected, Some(3)));
}

#[test]
fn a_failure_below_the_n_that_decides_says_what_is_not_done_above() {
    let function = "if n == 4000 { 1 / (n - n) == 1 } else { n == 7777 }";
    let words = ["any", function, "0..1e9", "-j2", "--chunk", "1000", "--format", "json"];
    let output = run_words(&words);
    let object = object(&output);
    assert_eq!((&object["answer"], &object["complete"]), (&Value::Null, &false.into()));
    let not_done = number(&object, "not_done");
    let said = stderr(&output);
    let expected = format!("; {not_done} numbers not done above n = 7777\n");
    assert!(not_done > 0 && said.ends_with(&expected), "{said}");
}

/// The same command as windows of 100 numbers, by one worker.
fn in_windows(verb: &str, options: &[&str], script: &str) -> Output {
    let call = [verb, "0..1000", "--chunk", "100", "-j1", "--quiet"];
    let command = ["--", "sh", "-c", script, "sh", "{start}", "{end}"];
    run_words(&[&call[..], options, &command].concat())
}

#[test]
fn a_halt_counts_windows_of_chunk_commands() {
    for (spec, counted) in [("now,fail=3", "failed"), ("now,done=3", "done")] {
        // A command that begins before the halt arrives must not end by itself: it would count.
        let script = "test $1 -ge 300 && sleep 1000; echo $1; exit 9";
        let output = in_windows("run", &["--halt", spec], script);
        let expected = ("0\n100\n200\n", Some(4));
        assert_eq!((text(&output).as_str(), output.status.code()), expected, "{spec}");
        let said = stderr(&output);
        let halted = format!(
            "halted by --halt {spec} (3 windows {counted}; to do the rest, use --halt never instead): 300 of 1000 numbers done, 300 of them failed; "
        );
        assert!(said.contains(&halted), "{said}");
    }
    let script = "test $1 -ge 300 && sleep 1000; echo 1";
    let output = in_windows("count", &["--halt", "now,success=3"], script);
    assert_eq!(output.status.code(), Some(4));
    let halted = "halted by --halt now,success=3 (3 windows succeeded; to do the rest, use --halt never instead): 300 of 1000 numbers done, 0 of them";
    assert!(stderr(&output).contains(halted), "{output:?}");
}

#[test]
fn a_halt_counts_windows_of_coprocesses() {
    let script = "while read start end; do \
                  if test $start -ge 300; then sleep 1000; else echo x; fi; done";
    let words = ["run", "0..1000", "--chunk", "100", "-j1", "--quiet", "--halt", "now,done=3"];
    let output = run_words(&[&words[..], &["--coprocess", "--", "sh", "-c", script]].concat());
    assert_eq!((text(&output).as_str(), output.status.code()), ("x\nx\nx\n", Some(4)));
    assert!(
        stderr(&output)
            .contains("halted by --halt now,done=3 (3 windows done; to do the rest, use --halt never instead): "),
        "{output:?}"
    );
}

/// The default limit is one of windows, too: one failed window of 20 000 numbers ended a backfill.
#[test]
fn the_default_halt_counts_windows() {
    let command = ["--", "sh", "-c", "test $1 != 20000", "sh", "{start}", "{end}"];
    let words = ["run", "0..100000", "--chunk", "20000", "-j2", "--quiet"];
    let output = run_words(&[&words[..], &command].concat());
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(stderr(&output).contains("n in 20000..=39999 failed: exit 1; "), "{output:?}");
}

/// A percentage is one of numbers, but one or two failed windows do not meet it, however long they are.
#[test]
fn a_percentage_needs_three_windows() {
    for (failing, status) in [("0|100", 3), ("0|100|200", 4)] {
        let script = format!("case $1 in {failing}) exit 9;; esac; test $1 -lt 300 || sleep 0.01");
        let output = in_windows("run", &["--halt", "soon,fail=5%"], &script);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(status), "{failing}: {said}");
        let is_halted = said.contains(
            "halted by --halt soon,fail=5% (300 numbers failed; to do the rest, use --halt never instead): ",
        );
        assert_eq!(is_halted, status == 4, "{failing}: {said}");
    }
}

/// A resumed run counts the windows of its own call only.
#[test]
fn a_resumed_run_counts_its_own_windows() {
    let journal = Scratch::new("halted-windows");
    let script = "test $(($1 / 100 % 2)) = 0";
    let first = ["--halt", "soon,fail=2", "--journal", journal.name()];
    let output = in_windows("run", &first, script);
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let output = in_windows("run", &[&first[..], &["--resume"]].concat(), script);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(
        said.contains(
            "halted by --halt soon,fail=2 (2 windows failed; to do the rest, use --halt never instead): "
        ),
        "{said}"
    );
    let output = run_words(&["resume", journal.name(), "--halt", "never", "--quiet"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
}

/// The failures of the earlier run would end the resumed one at once, for ever.
#[test]
fn a_resumed_job_halts_for_its_own_failures_only() {
    let journal = Scratch::new("halts-again");
    let at = "24|85|125|505|800";
    let words = format!("0..1000 --halt now,fail=3 --journal {}", journal.name());
    // A slow disk must not keep the primary from the third failure until all numbers are done.
    let resumed = Scratch::new("halts-again-resumed");
    let slow_at_first = format!("[2-46-7]??) test -e {} || sleep 0.05;; {at}", resumed.name());
    assert_eq!(failing(&words, &slow_at_first).status.code(), Some(4));
    std::fs::write(resumed.name(), "").unwrap();
    let output = failing(&format!("{words} --resume"), &slow_at_first);
    let whole: String = at.split('|').map(|n| format!("{n}\texit 7\n")).collect();
    assert_eq!((text(&output), output.status.code()), (whole, Some(1)), "{}", stderr(&output));
}
