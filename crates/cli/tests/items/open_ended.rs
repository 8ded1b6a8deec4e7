//! Items without an end, `A..`: what ends a run over them, and how far it says that it came.

use crate::directory::Directory;
use crate::support::{answer, run, stderr};
use std::process::Output;

fn json(text: &[u8]) -> serde_json::Value {
    serde_json::from_slice(text).unwrap()
}

#[test]
fn an_answer_that_is_known_early_ends_a_run_without_an_end() {
    for (words, expected) in [
        ("find prime 1e12.. --first 3", "1000000000039\n1000000000061\n1000000000063\n"),
        ("find even 1..:3 --first 3", "4\n10\n16\n"),
        ("find prime 1..3,90.. --first 2", "2\n97\n"),
        ("any n>5_000_000&&prime(n) 0..", "true\t5000011\n"),
        ("all n<5_000_000 -9..", "false\t5000000\n"),
    ] {
        for options in ["-j 1", "-j 3", "-j 2 --chunk 7"] {
            // The deadline only ends a test that would otherwise go on without an end.
            let output = run(&format!("{words} {options} --deadline 60s"));
            assert!(output.stdout == expected.as_bytes(), "{words} {options}: {output:?}");
        }
        let output = run(words);
        assert!(output.stdout == expected.as_bytes(), "{words}: {output:?}");
    }
    let output = run("failures test:crash@50,70 0.. --first 2 -j 3");
    assert_eq!(output.stdout, b"50\tsignal 11\n70\tsignal 11\n");
}

#[test]
fn a_run_that_nothing_ends_is_refused_with_what_to_add() {
    for (words, expected) in [
        ("sum n 0..", "0.. has no end, and nothing ends this sum: add --deadline D"),
        ("find even 5..:2", "5..:2 has no end, and nothing ends this find: add --first K, "),
        (
            "failures n 0..",
            "add --first K, --deadline D (as 10m) or --halt now,fail=1, or give an end",
        ),
        ("count even 0.. --halt never", "nothing ends this count"),
        ("count even 0.. --halt now,fail=5%", "a percentage of no end is never reached"),
        (
            "run 0.. -- echo {}",
            "nothing ends this run: add --deadline D (as 10m) or --halt now,fail=1",
        ),
        ("any even 0.. --split static", "--split static divides all of the items"),
        ("run 0.. --as slurm --deadline 1s -- echo {}", "--as sets the highest task of the array"),
        ("any even 2^63..", "with 2^63 it has numbers above 2^63-1"),
    ] {
        let output = run(words);
        assert_eq!(output.status.code(), Some(2), "{words}: {output:?}");
        let said = stderr(&output);
        assert!(said.contains(expected) && said.lines().count() == 1, "{words}: {said}");
    }
}

#[test]
fn the_end_of_the_integers_completes_a_run() {
    let words = "9223372036854775800.. --deadline 60s";
    assert_eq!(answer(&format!("count even {words}")), "4\n");
    assert_eq!(
        answer(&format!("find n%4==3 {words}")),
        "9223372036854775803\n9223372036854775807\n"
    );
    let output = run(&format!("any n<0 {words} --format json"));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let json = json(&output.stdout);
    assert_eq!((&json["answer"], &json["complete"]), (&"false".into(), &true.into()), "{json}");
    assert_eq!(json["range"], serde_json::json!(["9223372036854775800", null]));
}

#[test]
fn a_deadline_says_up_to_which_number_all_are_done() {
    let output = run("find n%1000==7 0.. -j 2 --deadline 300ms --format json");
    assert_eq!(output.status.code(), Some(124), "{output:?}");
    let json = json(&output.stdout);
    assert_eq!((&json["complete"], &json["not_done"]), (&false.into(), &serde_json::Value::Null));
    let below: i64 = json["complete_below"].as_str().unwrap().parse().unwrap();
    let lines = json["answer"].as_array().unwrap();
    assert_eq!(lines.len() as i64, (below + 992) / 1000, "{below}");
    let said = stderr(&output);
    assert!(said.starts_with("evenly: the deadline of 0.3 s passed with "), "{said}");
    assert!(said.ends_with(&format!(" numbers done; complete below {below}\n")), "{said}");
    assert!(!said.contains(" of 9223372036854775808"), "{said}");
}

/// What a number question gives over `0..below` for n or `n%10==3`, as the message has it.
fn value_below(verb: &str, below: i128) -> String {
    match verb {
        "count" => ((below + 6) / 10).to_string(),
        "sum" => (below * (below - 1) / 2).to_string(),
        "mean" => format!("{}", (below - 1) as f64 / 2.0),
        "min" => "0 at n = 0".to_owned(),
        "max" => format!("{0} at n = {0}", below - 1),
        _ => "false".to_owned(),
    }
}

#[test]
fn an_early_end_gives_the_exact_answer_below_the_first_number_that_is_not_done() {
    let directory = Directory::new("prefix");
    for verb in ["count", "sum", "mean", "min", "max", "any"] {
        let function = match verb {
            "count" => "n%10==3",
            "any" => "n<0",
            _ => "n",
        };
        for ends in ["--deadline 300ms", "--deadline 300ms --journal j", "--halt soon,done=1e6"] {
            // On a busy machine nothing may be done before the first deadline.
            let attempts = ["300ms", "3s", "30s"].map(|deadline| {
                let words = format!("{verb} {function} 0.. -j 3 {ends} --format json");
                let words = words.replace("300ms", deadline);
                words.replace("journal j", &format!("journal j-{verb}-{deadline}"))
            });
            let run = |words: String| (directory.run(&words), words);
            let mut outputs = attempts.into_iter().map(run);
            let has_prefix =
                |(output, _): &(Output, String)| !json(&output.stdout)["prefix"].is_null();
            let (output, words) = outputs.find(has_prefix).expect("numbers are done");
            let json = json(&output.stdout);
            let below: i128 = json["prefix"]["below"].as_str().unwrap().parse().unwrap();
            let lowest: i128 = json["complete_below"].as_str().unwrap().parse().unwrap();
            assert!(0 < below && below <= lowest, "{words}: {json}");
            let expected = value_below(verb, below);
            let asked = if verb == "any" { "answer" } else { verb };
            let end = format!("; the {asked} below {below} is {expected}\n");
            let said = stderr(&output);
            assert!(said.ends_with(&end), "{words}: {said}");
            let answer = expected.split(' ').next().unwrap();
            assert_eq!(
                (&json["answer"], &json["prefix"]["answer"]),
                (&None::<i64>.into(), &answer.into())
            );
        }
    }
    // Numbers are named, not their places.
    // On a busy machine the worker with the lowest numbers may not have answered when it is over.
    let halts = ["100", "1e5", "1e7"]
        .map(|done| format!("max n 7..:3 -j 2 --chunk 10 --halt soon,done={done}"));
    let mut said = halts.iter().map(|words| stderr(&run(words)));
    let said = said.find(|said| said.contains("the max below ")).expect("numbers are done");
    let below = said.split("the max below ").nth(1).unwrap().split(' ').next().unwrap();
    let last: i64 = below.parse::<i64>().unwrap() - 3;
    assert!(said.ends_with(&format!(" is {last} at n = {last}\n")), "{said}");
    // What failed ends it, and a histogram has none.
    let said = stderr(&run("sum 10/(n-500) 0.. -j 2 --deadline 300ms"));
    assert!(said.contains("; the sum below ") || said.contains("; complete below "), "{said}");
    let said = stderr(&run("hist n%5 0.. -j 2 --deadline 300ms"));
    assert!(said.contains("; complete below ") && !said.contains(" below 0"), "{said}");
}

#[test]
fn a_resumed_run_without_an_end_gives_the_answer_below_too() {
    let directory = Directory::new("prefix-resumed");
    let first = directory.run("sum n 0.. -j 1 --chunk 1000 --journal j --halt soon,done=1e5");
    assert_eq!(first.status.code(), Some(4), "{first:?}");
    let resumed = directory.run("resume j --halt soon,done=1e5");
    let said = stderr(&resumed);
    let (below, sum) = said.trim_end().rsplit_once(" is ").unwrap();
    let below: i128 = below.rsplit_once(' ').unwrap().1.parse().unwrap();
    assert!(below > 100_000 && sum == value_below("sum", below), "{said}");
}

#[test]
fn a_halt_without_an_end_advises_a_limit_that_is_taken() {
    let output = run("sum 1/(n-n) 0.. -j 1 --halt soon,fail=3");
    let said = stderr(&output);
    let advice = said.split("to do the rest, use ").nth(1).unwrap();
    let advice = advice.split(" instead)").next().unwrap();
    let again = run(&format!("sum 1/(n-n) 0.. -j 1 {advice}"));
    assert_eq!((output.status.code(), again.status.code()), (Some(4), Some(4)), "{said}");
    let count = |text: &str| text.lines().filter(|line| line.contains(" failed: ")).count();
    assert!(advice.starts_with("--halt soon,fail=") && count(&stderr(&again)) > 0, "{said}");
}

#[test]
fn a_command_that_fails_halts_a_run_without_an_end() {
    let script = "if [ $1 = 9 ]; then exit 3; fi; echo $1";
    let words = [
        "run",
        "0..",
        "-k",
        "-j",
        "1",
        "--halt",
        "soon,fail=1",
        "--",
        "sh",
        "-c",
        script,
        "sh",
        "{}",
    ];
    let output = std::process::Command::new(crate::support::EVENLY).args(words).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    assert!(output.stdout.starts_with(b"0\n1\n2\n3\n4\n5\n6\n7\n8\n"), "{output:?}");
    let said = stderr(&output);
    assert!(said.contains("n = 9 failed: exit 3") && said.contains("; complete below "), "{said}");
}

#[test]
fn a_journal_without_an_end_goes_on_and_says_up_to_where_it_is_complete() {
    let directory = Directory::new("open-ended");
    let first = directory.run("find n%1_000_000==999_999 0.. -j 2 --journal j --deadline 300ms");
    assert_eq!(first.status.code(), Some(124), "{first:?}");
    let verified = directory.run("verify j");
    assert_eq!(verified.status.code(), Some(4), "{verified:?}");
    let text = String::from_utf8(verified.stdout.clone()).unwrap();
    assert!(text.contains("range\t0..\n"), "{text}");
    let missing = text.lines().find_map(|line| line.strip_prefix("missing\t")).unwrap();
    assert!(missing.ends_with(".."), "{text}");
    let gaps: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("gap\t")).collect();
    let from = missing.trim_end_matches("..");
    assert!(gaps[0].starts_with(&format!("{from}..")), "{text}");
    assert!(gaps.last().unwrap().ends_with(".."), "{text}");
    let said = stderr(&verified);
    assert!(said.contains(&format!("those from {from} on are not all done")), "{said}");
    let json = json(&directory.run("verify j --format json").stdout);
    assert_eq!(
        (&json["missing"], &json["complete_below"]),
        (&serde_json::Value::Null, &from.into())
    );

    let resumed = directory.run("resume j --deadline 300ms");
    assert_eq!(resumed.status.code(), Some(124), "{resumed:?}");
    assert!(resumed.stdout.starts_with(&first.stdout), "lines of before come again");
    assert!(resumed.stdout.len() > first.stdout.len(), "{resumed:?}");
}

#[test]
fn a_journal_of_a_range_goes_on_without_an_end() {
    let directory = Directory::new("grown-open");
    let words = "find prime --first 4 --journal j --resume";
    assert_eq!(directory.run(&format!("{words} 90..100")).stdout, b"97\n");
    let output = directory.run(&format!("{words} 90.."));
    assert!(output.stdout == b"97\n101\n103\n107\n", "{output:?}");
    let verified = directory.run("verify j");
    assert!(verified.status.success(), "{verified:?}");
}

#[test]
fn events_and_a_dry_run_have_no_total_without_an_end() {
    let directory = Directory::new("open-events");
    let words = "count test:slow=1000 0.. -j 2 --deadline 1500ms --events e";
    let output = directory.run(words);
    assert_eq!(output.status.code(), Some(124), "{output:?}");
    let events = std::fs::read_to_string(directory.path().join("e")).unwrap();
    let progress = events.lines().find(|line| line.contains(r#""event":"progress""#)).unwrap();
    assert!(progress.contains(r#""total":null"#), "{progress}");
    assert!(progress.contains(r#""seconds_left":null"#), "{progress}");
    let output = directory.run("count even 0.. --deadline 1s --dry-run");
    assert!(output.stdout.starts_with(b"count   even(n) for n in 0..\n"), "{output:?}");
}
