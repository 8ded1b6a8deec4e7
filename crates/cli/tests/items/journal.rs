//! Journals over sets of items: killed, resumed, verified and merged.

use crate::directory::Directory;
use crate::support::{run, stderr};
use std::process::Stdio;
use std::time::Duration;

#[test]
fn a_killed_run_over_items_goes_on() {
    for (verb, function) in [
        ("sum", "test:slow=50"),
        ("find", "test:slow=50"),
        ("map", "test:slow=50"),
        ("max", "test:slow=50"),
    ] {
        let directory = Directory::new(verb);
        let words = format!("{verb} {function} -3..60000:3,100..200,70001 -j 2 --chunk 100");
        let expected = run(&words);
        let words = format!("{words} --journal j --resume");
        for millis in [150, 300, 250] {
            let mut command = directory.call(&words);
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(millis));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let output = directory.run(&words);
        assert!(output.stdout == expected.stdout, "{verb}: {}", stderr(&output));
        let output = directory.run("resume j");
        assert!(output.stdout == expected.stdout, "{verb}: {}", stderr(&output));
        let verified = directory.run("verify j");
        assert!(verified.status.success(), "{verified:?}");
        let text = String::from_utf8(verified.stdout).unwrap();
        assert!(text.contains("items\t-3..=96:3,"), "{text}");
    }
}

#[test]
fn a_journal_names_items_that_are_missing_and_that_failed() {
    let directory = Directory::new("gaps");
    let words = "failures 100/(n-8) 0..40:4,50 -j 1 --chunk 1 --journal j";
    assert_eq!(directory.run(words).status.code(), Some(1));
    let text = String::from_utf8(directory.run("verify j").stdout).unwrap();
    assert!(text.contains("items\t0..=36:4,50\n"), "{text}");
    assert!(text.contains("failure\t8..9\tdivision by zero\n"), "{text}");
    // Nothing above the witness is done, and nothing is missing.
    directory.run("any n==20 0..40:4 -j 1 --chunk 1 --journal a");
    let verified = directory.run("verify a");
    assert!(
        String::from_utf8(verified.stdout.clone()).unwrap().contains("answer\ttrue\t20\n"),
        "{verified:?}"
    );
    assert!(verified.status.success(), "{verified:?}");
    // What a run has not done is listed as numbers, though its journal counts positions.
    let words = "count test:slow=20000 0..4000:4 -j 1 --chunk 1 --deadline 500ms --journal m -q";
    assert_eq!(directory.run(words).status.code(), Some(124));
    let text = String::from_utf8(directory.run("verify m").stdout).unwrap();
    let gaps = text.lines().filter_map(|line| line.strip_prefix("gap\t")?.split_once(".."));
    let gaps: Vec<(u64, u64)> =
        gaps.map(|(n, end)| (n.parse().unwrap(), end.parse().unwrap())).collect();
    assert!(gaps.len() == 100, "{text}");
    assert!(gaps.iter().all(|(n, end)| n % 4 == 0 && *end == n + 1), "{text}");
}

#[test]
fn a_journal_of_other_items_is_refused() {
    let directory = Directory::new("other");
    assert!(directory.run("count even 0..40:4 --journal j").status.success());
    assert!(directory.run("count even 0..40 --journal r").status.success());
    for words in
        ["count even 0..40:5 --journal j --resume", "count even 0..40 --journal j --resume"]
    {
        let output = directory.run(words);
        assert_eq!(output.status.code(), Some(5), "{output:?}");
        assert!(stderr(&output).contains("items '0..=36:4' there, '0.."), "{output:?}");
    }
    // The same set in other words is the same set.
    let output = directory.run("count even 36,0..36:4 --journal j --resume");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "10\n");
    let output = directory.run("verify j r --merge both");
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    let cause = "journals 'j' and 'r' both have n in 0..=0; each n may be in one only";
    assert!(stderr(&output).contains(cause), "{output:?}");
    assert!(!directory.path().join("both").exists());
}

#[test]
fn a_merged_journal_of_items_is_the_same() {
    let directory = Directory::new("merge");
    assert!(directory.run("max n%10 0..400:4,7 --journal j -j 2").status.success());
    let output = directory.run("verify j --merge k");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("answer\t8\t8\n"), "{text}");
    let output = directory.run("verify k");
    assert!(output.status.success() && String::from_utf8(output.stdout).unwrap() == text);
}

#[test]
fn the_audit_of_windows_names_numbers() {
    let directory = Directory::new("windows");
    let mut command = directory.call("run 5..8,20..22 -j 1 --chunk 2 --journal j --");
    assert!(command.args(["true", "{start}", "{end}"]).status().unwrap().success());
    let text = String::from_utf8(directory.run("verify j --windows").stdout).unwrap();
    let windows: Vec<&str> =
        text.lines().skip(1).filter_map(|line| line.split('\t').next()).collect();
    assert_eq!(windows, ["5..7", "7..8", "20..22"], "{text}");
}
