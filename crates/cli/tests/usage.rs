//! Tests of bad input: exit status 2, one line with the thing and the next step, nothing started.

#[path = "usage/advice.rs"]
mod advice;
#[path = "usage/commands.rs"]
mod commands;
#[path = "usage/help.rs"]
mod help;
#[path = "usage/parallel.rs"]
mod parallel;
mod support;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use support::{answer, run, run_words, stderr};

/// All that can be asked.
fn verbs() -> impl Iterator<Item = &'static str> {
    support::VERBS.into_iter().filter(|verb| !verb.contains(' '))
}

/// Must be refused with one line that has all of these words in it.
fn refused(words: &str, expected: &[&str]) {
    let output = run(words);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{words}: {said}");
    assert!(output.stdout.is_empty(), "{words}");
    assert!(said.starts_with("evenly: "), "{words}: {said}");
    assert_eq!(said.matches('\n').count(), 1, "{words}: {said}");
    for word in expected {
        assert!(said.contains(word), "{words}: '{word}' is missing in: {said}");
    }
}

#[test]
fn bad_ranges_are_refused_with_a_suggestion() {
    refused("count even 10..0", &["'10..0'", "reversed", "did you mean 0..=10?"]);
    refused("count even 5..=3", &["reversed", "3..=5"]);
    refused("count even 10", &["'10'", "START..END"]);
    refused("count even 0..x", &["'x'", "2^10"]);
    refused("count even ..9", &["a number is missing"]);
    refused("count even 0..", &["0.. has no end, and nothing ends this count: add --deadline D"]);
    refused("count even 0..2^64", &["with 2^64 it has", "-2^63..2^63"]);
    refused("count even -2^64..0", &["with -2^64 it has numbers below -2^63"]);
    refused("count even 0..1e99", &["with 1e99 it has numbers above 2^63-1"]);
    refused("count even 0..1e19", &["with 1e19 it has", "signed 64-bit", "-2^63..2^63"]);
    refused("count even 0..0xfg", &["'0xfg'", "0x3e8"]);
    refused("count even 0..1.5", &["not a whole number"]);
}

#[test]
fn bad_functions_are_refused_with_a_suggestion() {
    refused("count evn 0..10", &["'evn'", "did you mean 'even'?"]);
    refused("count zzyzx 0..10", &["'zzyzx'", "evenly functions"]);
    refused("count 0..10", &["no function", "evenly count even 0..10"]);
    refused("count even", &["no range", "evenly count even 0..1000"]);
    refused("count 0..10 even", &["swapped", "evenly count even 0..10"]);
    refused("count", &["missing", "evenly count --help"]);
    refused("count 0..10 5..20", &["0..10 and 5..20 are two ranges", "evenly count even 5..20"]);
    refused("count evn", &["no range", "evenly count evn 0..1000"]);
}

#[test]
fn each_verb_asks_for_its_function_and_range() {
    for verb in verbs() {
        refused(verb, &["missing", &format!("evenly {verb} --help")]);
        refused(&format!("{verb} 0..10"), &["no function", &format!("evenly {verb} ")]);
        refused(&format!("{verb} even"), &["no range", &format!("evenly {verb} even 0..1000")]);
        refused(&format!("{verb} 0..10 even"), &["swapped", &format!("evenly {verb} even 0..10")]);
        refused(&format!("{verb} evn 0..10"), &["'evn'", "did you mean 'even'?"]);
        refused(&format!("{verb} even 10..0"), &["reversed"]);
    }
}

#[test]
fn only_find_is_asked_for_the_first() {
    for first in ["0", "-1", "x", "2^64"] {
        refused(&format!("find even 0..10 --first {first}"), &["--first", &format!("'{first}'")]);
    }
    refused("count even 0..10 --first 3", &["'--first' of evenly count", "an option of find"]);
    // A slip is no function, although that may begin with minus signs.
    for (slip, option, meant) in [
        ("--worker 3 even 0..10", "'--worker'", "'--workers'"),
        ("--worker=3 even 0..10", "'--worker'", "'--workers'"),
        ("--jurnal x", "'--jurnal'", "'--journal'"),
        ("even 0..3 --formt json", "'--formt'", "'--format'"),
        ("--jbos 3 even 0..10", "'--jbos'", "'--jo"),
    ] {
        refused(&format!("count {slip}"), &[option, "did you mean ", meant]);
    }
    refused("find even --frist 3 0..10", &["unknown option '--frist'", "did you mean '--first'?"]);
    assert_eq!(answer("sum --n -3..5"), "4\n");
}

/// The same for words that stand as they are.
fn refused_words(words: &[&str], expected: &[&str]) {
    let output = run_words(words);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
    assert!(output.stdout.is_empty() && said.matches('\n').count() == 1, "{words:?}: {said}");
    for word in expected {
        assert!(said.contains(word), "{words:?}: '{word}' is missing in: {said}");
    }
}

#[test]
fn a_verb_that_needs_a_truth_value_refuses_a_number() {
    for verb in ["count", "find", "any", "all"] {
        let expected = [&format!("{verb} asks whether"), "did you mean 'n % 7 != 0'?"];
        refused_words(&[verb, "n % 7", "0..10"], &expected);
        refused_words(
            &[verb, "if even(n) { n } else { 1 }", "0..10"],
            &["did you mean '(if even(n) { n } else { 1 }) != 0'?"],
        );
        refused_words(&[verb, "digits", "0..10"], &["'digits(n) != 0'"]);
    }
}

#[test]
fn bad_expressions_say_where() {
    refused_words(&["count", "n % 7 == ", "0..10"], &["column 9", "a value is missing"]);
    refused_words(&["count", "n ^ 2 == 4", "0..10"], &["column 3", "'^'", "**", "xor"]);
    refused_words(&["count", "evn(n) && n > 3", "0..10"], &["'evn'", "even"]);
    refused_words(&["sum", "n + 1 / 0", "0..10"], &["column 7", "division by zero"]);
    refused_words(&["sum", "gcd", "0..10"], &["gcd", "arguments"]);
}

/// One line of less than 2500 bytes, whatever stands in the expression.
#[test]
fn a_bad_expression_is_shown_escaped_and_shortened() {
    let deep = format!("{}n", "(".repeat(100_000));
    let strange = "n %\n\x1b[31m $".to_owned();
    let long = format!("n{}", "\u{202e}\r".repeat(20_000));
    let nested = format!("{}n{}", "(".repeat(300), ")".repeat(300));
    for expression in [deep, strange, long, nested] {
        let output = run_words(&["count", &expression, "0..10"]);
        let said = support::stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        let is_one_line = said.ends_with('\n') && said.lines().count() == 1 && said.len() < 2500;
        let is_shown = |one: char| one == '\n' || !(one.is_control() || one == '\u{202e}');
        assert!(is_one_line, "{said}");
        assert!(said.chars().all(is_shown), "{said}");
    }
}

#[test]
fn hints_are_printed_unless_quiet_is_given() {
    let said = |words: &[&str]| {
        let output = run_words(words);
        assert!(output.status.success(), "{output:?}");
        stderr(&output)
    };
    let hint = said(&["count", "n % 7 == 3", "-10..10"]);
    assert!(hint.starts_with("evenly: ") && hint.contains("'mod'"), "{hint}");
    assert_eq!(hint.lines().count(), 1, "{hint}");
    assert_eq!(said(&["count", "n % 7 == 3", "-10..10", "-q"]), "");
    assert_eq!(said(&["count", "n % 7 == 3", "0..10"]), "");
}

#[test]
fn bad_options_are_refused_with_a_suggestion() {
    refused("count even 0..10 -j 0", &["'0'", "at least 1"]);
    refused("count even 0..10 -j x", &["'x'"]);
    refused("count even 0..10 -j -x", &["'-x'"]);
    refused("count even 0..10 -j +x", &["'+x'", "--workers"]);
    refused("count even 0..10 -j +4294967295", &["'+4294967295'", "from 1 to 4294967295"]);
    refused("count even 0..10 -j 0%", &["0%"]);
    refused("count even 0..10 -j 1e10", &["4294967295"]);
    refused("count even 0..10 --split fair", &["unknown policy 'fair'"]);
    refused("count even 0..10 --split statik", &["did you mean 'static'?"]);
    refused("count even 0..10 --split fixed:0", &["fixed:0", "from 1"]);
    refused("count even 0..10 --split fixed", &["'fixed'", "fixed:N"]);
    refused("count even 0..10 --chunk 0", &["--chunk", "from 1"]);
    refused("count even 0..10 --chunk 5 --split static", &["--chunk", "--split", "together"]);
    refused("count even 0..10 --format xml", &["'xml'", "text, json"]);
    refused("count even 0..10 --formt json", &["'--formt'", "did you mean '--format'?"]);
    refused("count even 0..10 --step", &["--wiring"]);
    refused("count even 0..10 20..30", &["20..30"]);
    let word = OsStr::from_bytes(b"a\xff\n");
    let output = support::evenly("count 0..10").arg(word).output().unwrap();
    let said = "evenly: the argument $'a\\xff\\n' is not valid UTF-8; see evenly --help\n";
    assert_eq!((output.status.code(), &*stderr(&output)), (Some(2), said));
    refused("count even 0..10 -j", &["needs a value"]);
    refused("count even 0..10 -j 2 -j 3", &["twice"]);
}

#[test]
fn bad_values_of_deadline_retries_and_halt_are_refused() {
    refused("count even 0..10 --deadline 5", &["'5'", "--deadline", "no unit", "1h30m"]);
    refused("count even 0..10 --deadline 0s", &["longer than zero"]);
    refused("count even 0..10 --deadline -5s", &["'-5s'"]);
    refused("count even 0..10 --deadline 5M", &["a small m is minutes"]);
    refused("count even 0..10 --retries x", &["'x'", "--retries"]);
    refused("count even 0..10 --retries -1", &["from 0 to 255"]);
    refused("count even 0..10 --retries 256", &["from 0 to 255"]);
    refused("count even 0..10 --halt later,fail=1", &["--halt", "'later'", "never", "soon"]);
    refused("count even 0..10 --halt now", &["fail, success or done", "now,fail=1"]);
    refused("count even 0..10 --halt now,fail=0", &["at least 1"]);
    refused("count even 0..10 --halt soon,done=101%", &["1% to 100%"]);
    refused("count even 0..10 --halt fail=3,now", &["did you mean now,fail=3?"]);
    refused("count even 0..10 --quiet --verbose", &["--quiet", "--verbose", "together"]);
}

#[test]
fn hidden_times_are_checked_and_in_no_help_and_no_hint() {
    for (words, expected) in [
        (
            "count even 0..9 --silence 99ms",
            "bad value '99ms' for --silence: it is from 100ms to 1h",
        ),
        ("count even 0..9 --drain soon", "bad value 'soon' for --drain: "),
        ("count even 0..9 --stuck-after 0s", "bad value '0s' for --stuck-after: "),
        ("join unix:s --first-join ever", "bad value 'ever' for --first-join: "),
        ("join unix:s --silence 2h", "bad value '2h' for --silence: it is from 100ms to 1h"),
    ] {
        refused(words, &[expected]);
    }
    for verb in ["count", "join"] {
        let help = answer(&format!("{verb} --help"));
        let hidden = ["--silence", "--drain", "--stuck-after", "--first-join"];
        assert!(!hidden.iter().any(|option| help.contains(option)), "{help}");
    }
    let output = run("count even 0..9 --silenc 1s");
    assert!(!stderr(&output).contains("--silence"), "{output:?}");
}

#[test]
fn files_that_cannot_be_opened_for_writing_are_refused() {
    for option in ["--joblog", "--events"] {
        refused(&format!("count even 0..10 {option} /nonexistent/x"), &[option, "No such file"]);
        refused(&format!("count even 0..10 {option} /tmp"), &[option, "'/tmp'", "directory"]);
    }
    refused("count even 0..10 --joblog x --events x", &["'x'", "its own file"]);
}

#[test]
fn an_unknown_option_is_named_and_no_word_behind_it() {
    for (call, option) in [
        ("run 0..2 --out out -- echo {}", "'--out' of evenly run"),
        ("run 0..2 --results2 out -- echo {}", "'--results2' of evenly run"),
        ("count even 0..2 --Partial", "'--Partial' of evenly count"),
        (
            "count 0..200 --frist 3 -- true {}",
            "'--frist' of evenly count; did you mean '--first' of evenly find?",
        ),
        ("failures 0..200 -z 3 -- true {}", "'-z' of evenly failures"),
        ("failures 0..200 -z -- true {}", "'-z' of evenly failures"),
        ("count -z even 0..10", "'-z' of evenly count"),
        ("count -quiet even 0..10", "'-quiet' of evenly count; did you mean '--quiet'?"),
        (
            "run 0..2 --no-status 3 -- true {}",
            "'--no-status' of evenly run; it is an option of count, find, any, all",
        ),
        (
            "sum 0..2 --no-status 3 -- echo {}",
            "'--no-status' of evenly sum; it is an option of count, find, any, all",
        ),
        (
            "run --lib f.so:f 0..3",
            "'--lib' of evenly run; it is an option of count, sum and others",
        ),
        ("join --listen x", "'--listen' of evenly join"),
        ("verify --merged x y", "'--merged' of evenly verify; did you mean '--merge'?"),
        ("resume --retry-faild", "did you mean '--retry-failed'?"),
        (
            "run 1..=3 --resume-failed --joblog l -- echo {}",
            "'--resume-failed' of evenly run; here it is --journal FILE --resume --retry-failed, or evenly resume \
             FILE --retry-failed\n",
        ),
        (
            "run 1..=3 --delay 0.3 -- echo {}",
            "'--delay' of evenly run; here it is --max-rate: 200/m for --delay 0.3\n",
        ),
        ("count 1..=3 -P 2 -- echo {}", "'-P' of evenly count; here it is -j N\n"),
    ] {
        refused(call, &["unknown option ", option]);
    }
    assert_eq!(answer("sum -n -3..5"), "-4\n");
    assert_eq!(answer("sum --n-5 0..1"), "-5\n");
}

#[test]
fn a_value_that_is_missing_or_misplaced_is_said_to_be_so() {
    for (call, said) in [
        (
            "count even 0..9 --joblog -q",
            "--joblog needs a value; if -q is meant as its value, write",
        ),
        ("count even 0..9 --split -1", "--split needs a value; if -1 is meant as its value, write"),
        (
            "count even 0..9 --format xml",
            "'xml' for --format FORMAT: it is one of text, json; see evenly count",
        ),
        (
            "count even 0..9 --key-file x",
            "--key-file is only used with --listen ADDR or --on tcp:HOST:PORT or slurm, which are missing",
        ),
        ("count even 0..9 --resume", "--resume is only used with --journal FILE, which is missing"),
        ("count even 0..9 --step", "--step is only used with --wiring, which is missing"),
        ("count n % 7 == 3 0..9", "quote the function, as in: evenly count 'n % 7 == 3' 0..9"),
        ("count even 0 9", "0 and 9 are two words; a range is one: evenly count even 0..=9"),
        ("man coutn", "did you mean 'count'?"),
        ("keygen", "FILE is missing; see evenly keygen --help"),
    ] {
        refused(call, &[said]);
    }
}

#[test]
fn a_message_is_one_line_whatever_was_typed() {
    for words in [
        &["a\nb\x1b[31m"][..],
        &["count", "even\n\x1b", "0..9"],
        &["count", "even", "0..\n5"],
        &["count", "even", "0..9", "--format", "x\ny"],
        &["count", "even", "0..9", "--halt", "x\ny"],
        &["count", "even", "0..9", "--split", "x\ry"],
        &["count", "even", "0..9", "--x\ny"],
        &["count", "even", "0..9", "--listen", "x\ny"],
        &["count", "even", "0..9", "--deadline", "x\ny"],
        &["run", "0..9", "--", "x\ny", "{}"],
        &["verify", "x\ny"],
        &["resume", "x\ny"],
        &["man", "x\ny"],
    ] {
        let output = run_words(words);
        let said = stderr(&output);
        assert!(matches!(output.status.code(), Some(2 | 5)), "{words:?}: {said}");
        assert!(said.ends_with('\n') && said.matches(char::is_control).count() == 1, "{said:?}");
    }
}

#[test]
fn a_command_without_dashes_before_it_gets_the_line_that_works() {
    for (call, line) in [
        ("run 0..3 echo {}", "before the command echo; write: evenly run 0..3 -- echo {}"),
        ("run 0..3 -k -j 2 echo {}", "write: evenly run 0..3 -k -j 2 -- echo {}"),
        ("run 0..3 grep --colour {} x", "write: evenly run 0..3 -- grep --colour {} x"),
        ("run 0..3 ./x", "write: evenly run 0..3 -- ./x {}"),
        ("failures 0..3 true {}", "write: evenly failures 0..3 -- true {}"),
        ("count 0..3 ./test --seed {} -v", "write: evenly count 0..3 -- ./test --seed {} -v"),
        ("failures 0..3 ./test", "write: evenly failures 0..3 -- ./test {}"),
        ("sum 0..3 expr {start} + {end}", "write: evenly sum 0..3 -- expr {start} + {end}"),
    ] {
        refused(call, &["-- is missing before the command", line]);
    }
}

#[test]
fn bad_values_are_refused_with_an_example() {
    refused(
        "count even 0...10",
        &["it has three dots; write 0..10 (without 10) or 0..=10 (with it)"],
    );
    refused("run 0..10 --timeout 100% -- true {}", &["--timeout", "from 101% on, as 300%"]);
    refused("count even 0..10 --timeout 300%", &["--timeout P% needs a command"]);
    for (option, command) in [("--coprocess", "cat"), ("--listen unix:s", "true {}")] {
        let words = format!("count 0..10 {option} --timeout 300% -- {command}");
        refused(&words, &["--timeout in percent", "write a time"]);
    }
    refused("count even 0..10 --timeout 5", &["it has no unit; write 5ms, 5s, 5m (minutes) or 5h"]);
    refused("count even 0..10 --halt now", &["'now' does not say what to count", "now,fail=1"]);
}

#[test]
fn no_more_workers_than_numbers_are_forked() {
    let json = answer("count even 0..10 -j 100000 --format json");
    assert!(json.contains("\"workers\":10,"), "{json}");
    assert!(answer("count even 0..3 -j 8 --dry-run").contains("workers 3, forked"));
    assert!(answer("count even 3..3 -j 8 --dry-run").contains("workers 1, forked"));
}

#[test]
fn bad_commands_are_refused_with_a_suggestion() {
    refused("cuont even 0..10", &["unknown command 'cuont'", "did you mean 'count'?"]);
    refused("exercise", &["unknown command 'exercise'", "--wiring=class; evenly lab has more"]);
    refused("", &["no command", "evenly --help"]);
    refused("help cuont", &["unknown command 'cuont'", "did you mean 'count'?"]);
    let line = "-j stands before the command, and options stand behind it; write: evenly count -j 2 even 0..10";
    refused("-j 2 count even 0..10", &[line]);
    refused("--quiet sum n 0..10 -j 2", &["write: evenly sum --quiet n 0..10 -j 2"]);
    refused("man nothing", &["no command 'nothing'", "count"]);
    refused("completions tcl", &["'tcl'", "bash"]);
}

#[test]
fn a_dry_run_starts_nothing_and_says_what_would_be() {
    let text = answer("count even 0..10 -j 3 --split static --dry-run");
    assert!(text.contains("even(n) for 10 numbers, n in 0..10"), "{text}");
    assert!(text.contains("pipes   4"), "{text}");
    assert!(text.contains("worker 1: 0..3\n        worker 2: 3..6\n        worker 3: 6..10"));
    let json = answer("count prime -2^63..2^63 --chunk 5 --dry-run --format json -j 2");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["numbers"], "18446744073709551616");
    assert_eq!(json["split"], "fixed:5");
    assert_eq!(json["pipes"], 3);
    let limited = "count even 0..10 --timeout 90s --memory 64M --journal no.journal --dry-run";
    let text = answer(limited);
    let limits = "limits  no number longer than 1m 30s, no worker with more memory than 64M\n";
    assert!(text.ends_with(&format!("{limits}journal no.journal\n")), "{text}");
    assert!(!Path::new("no.journal").exists());
    let json = answer(&format!("{limited} --format json"));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["timeout_s"], &json["memory"]), (&90.0.into(), &"67108864".into()));
    assert_eq!(json["journal"], "no.journal");
    let options = "--deadline 90s --max-rate 5/s --retries 7 --joblog l --events e --dry-run";
    let text = answer(&format!("count even 0..10 {options}"));
    for line in [
        "ends    after 1m 30s (--deadline)\n",
        "rate    at most 5 starts a second\n",
        "retries 7\n",
        "joblog  l\n",
        "events  e\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(!Path::new("l").exists() && !Path::new("e").exists());
    refused("count evn 0..10 --dry-run", &["evn"]);
    for verb in verbs() {
        let text = answer(&format!("{verb} even 0..10 --dry-run"));
        assert!(text.starts_with(&format!("{verb:<7} even(n) for 10 numbers")), "{text}");
    }
    let text = answer("find prime 0..10 --first 3 --dry-run");
    assert!(
        text.starts_with("find    prime(n) for 10 numbers, n in 0..10; the lowest 3\n"),
        "{text}"
    );
    let json = answer("find prime 0..10 --first 3 --dry-run --format json");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["command"], &json["first"]), (&"find".into(), &"3".into()));
}

#[test]
fn json_answers_are_one_object_on_one_line() {
    let text = answer("count even 0..1000 --format json -j 2");
    assert_eq!(text.matches('\n').count(), 1);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    for (key, value) in [
        ("version", serde_json::json!(1)),
        ("command", "count".into()),
        ("function", "even".into()),
        ("range", serde_json::json!(["0", "1000"])),
        ("answer", "500".into()),
        ("complete", true.into()),
        ("failures", serde_json::json!([])),
        ("workers", 2.into()),
    ] {
        assert_eq!(json[key], value, "{key}");
    }
    assert!(json["elapsed_s"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_new_key_file_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let path = std::env::temp_dir().join(format!("evenly-keygen-{}", std::process::id()));
    let words = format!("keygen {}", path.display());
    assert_eq!(answer(&words), "");
    let made = std::fs::metadata(&path).unwrap();
    assert_eq!((made.len(), made.permissions().mode() & 0o7777), (32, 0o600));
    let again = support::run(&words);
    assert_eq!(again.status.code(), Some(2));
    assert!(support::stderr(&again).contains("exists"), "{again:?}");
    std::fs::remove_file(&path).unwrap();
    let deep = path.join("made/key");
    assert_eq!(answer(&format!("keygen {}", deep.display())), "");
    let directory = std::fs::metadata(path.join("made")).unwrap();
    assert_eq!(directory.permissions().mode() & 0o7777, 0o700);
    std::fs::remove_dir_all(&path).unwrap();
    let nowhere = support::run("keygen /proc/at/all");
    assert_eq!(nowhere.status.code(), Some(2));
    assert_eq!(support::stderr(&nowhere).lines().count(), 1);
}

#[test]
fn the_version_is_printed() {
    assert_eq!(answer("--version"), format!("evenly {}\n", env!("CARGO_PKG_VERSION")));
}
