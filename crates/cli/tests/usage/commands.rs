//! Calls with commands that make no sense are refused with a line that says what to write.

use super::{answer, refused, refused_words};
use crate::support::run_words;

#[test]
fn a_command_has_a_place_for_numbers() {
    refused("count 0..10 --", &["no function"]);
    refused("run 0..10 --", &["no command is given to run", "evenly run 0..10 -- echo {}"]);
    refused("count 0..10 -- true", &["'true' has no place for a number", "{}", "--coprocess"]);
    refused("run 0..10 -- true", &["'true' has no place for a number", "{start} and {end}"]);
    refused(
        "run 0..10 -- echo {} {start}",
        &["'echo {} {start}'", "for each n, or for each chunk"],
    );
    refused("run 0..10 -- echo {} {end}", &["for each n, or for each chunk"]);
    for options in ["", "--coprocess", "--as slurm"] {
        let words = ["run", "0..3"].into_iter().chain(options.split_whitespace());
        let words: Vec<&str> = words.chain(["--", "", "{}"]).collect();
        refused_words(&words, &["the command behind -- is an empty word", "./test {}"]);
    }
    refused_words(&["run", "0..3", "--", ""], &["the command behind -- is an empty word"]);
    refused("run 0..10 --as slurm -- echo {start}", &["--as", "once for each n"]);
    refused("run 0..10 --as pbbs -- true", &["'pbbs'", "did you mean 'pbs'"]);
    refused("run 0..10 --as condor -- true", &["'condor'", "slurm, sge, pbs"]);
    refused("run 0..10 --as slurm@x -- true", &["'slurm@x'", "a number from 1"]);
    refused("run 0..10 --as slurm --coprocess -- cat", &["--as", "--coprocess", "together"]);
}

#[test]
fn limits_on_starts_are_for_commands() {
    refused("count even 0..9 --load 2", &["--load needs a command behind --"]);
    refused("run 0..9 --coprocess --memfree 1G -- cat", &["--memfree", "a coprocess starts once"]);
    for value in ["0", "-1", "x", "0%"] {
        refused(
            &format!("run 0..9 --load {value} -- echo {{}}"),
            &["--load", "percentage of the CPUs"],
        );
    }
    refused("run 0..9 --memfree 1X -- echo {}", &["--memfree", "'X' is no unit"]);
}

#[test]
fn result_files_are_for_commands_of_run_on_this_machine() {
    refused("run 0..9 --results d --coprocess -- cat", &["--results", "a coprocess answers"]);
    refused(
        "run 0..9 --results d --listen unix:/tmp/none -- echo {}",
        &["--results", "agents", "leave out --listen"],
    );
    refused("run 0..9 --results-of failed -- echo {}", &["--results"]);
    refused("run 0..9 --results /dev/null/d -- echo {}", &["'/dev/null' is not a directory"]);
    refused_words(
        &["run", "0..9", "--results", "", "--", "echo", "{}"],
        &["--results DIR needs a value"],
    );
    refused("sum 0..9 --results d -- echo {}", &["--results"]);
}

#[test]
fn a_placeholder_that_no_number_replaces_is_refused() {
    let hint =
        "the placeholders are {} for each n, and {start} and {end} for a chunk, with zeros {n:04}";
    for text in [
        "{stop}", "{#}", "{0>4}", "{n}", "{1}", "{.}", "{:04}", "{n:4}", "{n:04d}", "{Start}",
        "{END}",
    ] {
        let named = format!("unknown placeholder '{text}'");
        for words in [
            format!("run 0..10 -- echo {text}"),
            format!("run 0..10 -- echo {{}} a={text}"),
            format!("count 0..10 -- test {{start}} {text}"),
            format!("run 0..10 --as slurm -- echo {text}"),
            format!("run 0..10 -- ./{text}.sh {{}}"),
        ] {
            refused(&words, &[&named, hint]);
        }
        let program = format!("echo {text}");
        refused_words(&["run", "0..3", "--", "sh", "-c", &program, "{}"], &[&named, hint]);
        // No word of a coprocess has placeholders.
        let program = "while read -r start end; do echo $((end - start)); done";
        let words = ["sum", "0..10", "--coprocess", "-q", "--", "sh", "-c", program, text];
        assert_eq!(run_words(&words).stdout, b"10\n", "{words:?}");
    }
}

/// Braces that mean something else reach the command as they stand.
#[test]
fn other_braces_are_passed_on() {
    for (word, printed) in [
        ("{ x; }", "{ x; }"),
        ("{\"a\":1}", "{\"a\":1}"),
        ("{1..3}", "{1..3}"),
        ("{a,b}", "{a,b}"),
        ("s/x{2}/y/", "s/x{2}/y/"),
        ("[0-9]{3}", "[0-9]{3}"),
        ("\\d{1,3}", "\\d{1,3}"),
        ("${x}", "${x}"),
        ("${1}", "${1}"),
        ("{print $1}", "{print $1}"),
    ] {
        let output = run_words(&["run", "7..8", "--", "printf", "%s=%s", word, "{}"]);
        assert_eq!(output.stdout, format!("{printed}=7").as_bytes(), "{word}: {output:?}");
    }
}

#[test]
fn a_placeholder_in_two_pairs_of_braces_is_literal() {
    assert_eq!(answer("run 7..8 -- echo {{}} {} x{{start}}{{end}}"), "{} 7 x{start}{end}\n");
    assert_eq!(answer("run 7..8 --split static -j 1 -- echo {{}} {start} {end}"), "{} 7 8\n");
    refused("run 0..3 -- echo {{}}", &["has no place for a number"]);
    // The line that runs it again has the words as they were typed.
    let failed = crate::stderr(&crate::run("run 7..8 -q -- test {} = {{}}"));
    assert!(failed.contains("-- test {} '=' '{{}}'"), "{failed}");
}

#[test]
fn a_command_is_the_function() {
    refused("count even 0..10 -- test {}", &["'even' and the command", "leave one of them out"]);
    refused("run even 0..10 -- echo {}", &["run takes no function", "even is one"]);
    refused("run 0..10", &["no command is given to run"]);
    refused("run", &["missing"]);
    refused("count -- true {}", &["missing"]);
    refused("count 10..0 -- true {}", &["reversed", "0..=10"]);
    refused("count x -- true {}", &["'x'", "START..END"]);
    for option in ["--coprocess", "--as slurm", "--no-status 3", "--at-most-once"] {
        let name = option.split(' ').next().unwrap();
        refused(&format!("count even 0..10 {option}"), &[name, "needs a command behind --"]);
        refused(&format!("count 0..10 {option}"), &[name, "needs a command behind --"]);
    }
}

#[test]
fn run_has_no_answer() {
    refused(
        "run 0..10 --format json -- echo {}",
        &["'--format' of evenly run", "an option of count, "],
    );
    refused("run 0..10 --partial -- echo {}", &["'--partial' of evenly run"]);
    for option in ["-k", "--keep-order", "--tag"] {
        refused(&format!("count 0..10 {option} -- true {{}}"), &[option]);
    }
}

#[test]
fn bad_uses_of_no_status_are_refused() {
    for verb in ["sum", "min", "max", "hist", "map", "failures", "run"] {
        refused(
            &format!("{verb} 0..10 --no-status 3 -- true {{}}"),
            &["--no-status", "an option of count, find, any, all"],
        );
    }
    refused("count 0..10 --no-status 3 -- true {start}", &["--no-status", "run for each n"]);
    refused("count 0..10 --no-status 3 --coprocess -- cat", &["--no-status", "run for each n"]);
    for status in ["0", "256", "-1", "x", ""] {
        let words = ["count", "0..10", "--no-status", status, "--", "true", "{}"];
        refused_words(&words, &[&format!("'{status}'"), "--no-status"]);
    }
}

#[test]
fn at_most_once_is_refused_for_coprocesses() {
    let words = "sum 0..10 --coprocess --at-most-once -- cat";
    refused(words, &["--at-most-once", "gets a line again", "leave one of them out"]);
}

#[test]
fn bad_rates_times_and_lengths_are_refused() {
    for rate in ["0/s", "-1/s", "x", "10/d", "1e99/s", "nan", "inf"] {
        let words = format!("run 0..10 --max-rate {rate} -- true {{}}");
        refused(&words, &["--max-rate", &format!("'{rate}'"), "10/s"]);
    }
    refused("run 0..10 --chunk-time 5 -- true {}", &["--chunk-time", "'5'", "no unit"]);
    refused("run 0..10 --chunk-time 0s -- true {}", &["--chunk-time"]);
    refused("run 0..10 --timeout 0s -- true {}", &["--timeout", "longer than zero"]);
    for most in ["0", "-1", "x", "2^64"] {
        let words = format!("run 0..10 --chunk-max {most} -- true {{}}");
        refused(&words, &["--chunk-max", &format!("'{most}'")]);
    }
    let listening = "run 0..10 --max-rate 1/s --listen unix:/nowhere/at/all -- true {start}";
    refused(listening, &["--max-rate", "--listen"]);
}

#[test]
fn a_dry_run_prints_the_first_commands_as_they_would_run() {
    for (words, expected) in [
        (
            "run 8..11 -- echo {} n={n:03}",
            "command echo 8 'n=008'\ncommand echo 9 'n=009'\ncommand echo 10 'n=010'\n",
        ),
        (
            "run 0..9 --chunk 4 -- echo {start} {end:02}",
            "command echo 0 04\ncommand echo 4 08\ncommand echo 8 09\n",
        ),
        (
            "run 0..9 --split static -j 2 -- echo {start} {end}",
            "command echo 0 4\ncommand echo 4 9\n",
        ),
        // The length of a chunk that is sized by time is not known yet.
        ("run 5..9 -- echo {start} {end}", "command echo 5 6\n"),
        ("run 0..9 --coprocess -- cat", ""),
        ("run 3..3 -- echo {}", ""),
    ] {
        let (verb, rest) = words.split_once(' ').unwrap();
        let text = answer(&format!("{verb} --dry-run {rest}"));
        let commands: String =
            text.split_inclusive('\n').filter(|line| line.starts_with("command ")).collect();
        assert_eq!(commands, expected, "{words}");
    }
    let output = run_words(&[
        "sum",
        "0..2",
        "--dry-run",
        "--format",
        "json",
        "--",
        "sh",
        "-c",
        "echo $0",
        "{}",
    ]);
    let json = String::from_utf8(output.stdout).unwrap();
    assert!(json.contains(r#""commands":["sh -c 'echo $0' 0","sh -c 'echo $0' 1"]"#), "{json}");
}

#[test]
fn a_dry_run_says_what_part_of_the_commands_it_prints() {
    for (words, expected) in [
        ("run 0..1000 -- echo {}", Some("commands the first 3 of 1000\n")),
        ("run 0..3 -- echo {}", None),
        ("run 0..9 --chunk 2 -- echo {start} {end}", Some("commands the first 3\n")),
        ("run 0..9 --chunk 3 -- echo {start} {end}", None),
        ("run 0..9 --split static -j 4 -- echo {start} {end}", Some("commands the first 3 of 4\n")),
        ("run 0..9 -- echo {start} {end}", Some("commands the first, for one number: the length")),
        ("run 0..9 --where odd -- echo {}", Some("commands the first 3\n")),
        ("run 0..9 --where n==4 -- echo {}", None),
        ("run 0.. --halt now,fail=1 -- echo {}", Some("commands the first 3\n")),
    ] {
        let (verb, rest) = words.split_once(' ').unwrap();
        let text = answer(&format!("{verb} --dry-run {rest}"));
        assert_eq!(text.contains("commands "), expected.is_some(), "{words}: {text}");
        assert!(expected.is_none_or(|expected| text.contains(expected)), "{words}: {text}");
    }
}

#[test]
fn a_dry_run_prints_the_first_commands_of_a_shuffled_order() {
    for (options, count) in [("0..50 -- echo {}", 3), ("0..50 --chunk 7 -- echo {start}", 3)] {
        let (range, command) = options.split_once(" --").unwrap();
        let dry = answer(&format!("run --dry-run --shuffle=5 -j 1 {range} --{command}"));
        let first = dry.lines().filter_map(|line| line.strip_prefix("command echo "));
        let first: Vec<&str> = first.collect();
        let output = answer(&format!("run --shuffle=5 -j 1 {range} --{command}"));
        let ran: Vec<&str> = output.lines().take(count).collect();
        assert_eq!(first, ran, "{options}: {dry}");
    }
}

#[test]
fn a_dry_run_of_a_command_starts_nothing() {
    let path = std::env::temp_dir().join(format!("evenly-dry-{}", std::process::id()));
    let text = answer(&format!("run 0..10 --dry-run -- touch {}-{{}}", path.display()));
    assert!(text.starts_with("run     -- touch ") && text.contains("10 numbers"), "{text}");
    assert!(!std::fs::exists(format!("{}-0", path.display())).unwrap());
}

/// All options of all commands come before the two dashes, and nothing behind them is an option.
#[test]
fn words_after_the_dashes_are_the_command() {
    assert_eq!(
        answer("run 0..1 -- echo --format json -j -h {} -- {}"),
        "--format json -j -h 0 -- 0\n"
    );
    assert_eq!(answer("run -1..1 -j 1 -k -- echo {}"), "-1\n0\n");
}

#[test]
fn chunk_time_chunk_max_and_chunk_min_need_the_timed_policy() {
    for (policy, size) in [
        ("--split static", "--chunk-max 5"),
        ("--chunk 5", "--chunk-time 1s"),
        ("--split guided", "--chunk-max 5"),
        ("--split fixed:3", "--chunk-min 5"),
    ] {
        let option = size.split(' ').next().unwrap();
        refused(&format!("count even 0..10 {policy} {size}"), &[option, "sized by time"]);
    }
    assert_eq!(answer("count even 0..10 --chunk-max 3 --split timed"), "5\n");
    assert_eq!(answer("count even 0..10 --chunk-time 1ms"), "5\n");
    assert_eq!(answer("count even 0..10 --chunk-min 20"), "5\n");
    refused("count even 0..10 --chunk-min 5 --chunk-max 4", &["--chunk-min 5", "--chunk-max 4"]);
    refused("count even 0..10 --chunk-min 0", &["--chunk-min"]);
}
