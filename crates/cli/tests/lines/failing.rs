//! Failures name the number and the text of their line, wherever they are named.

use super::{Folder, TEXTS, ended};
use serde_json::{Value, json};

#[test]
fn a_failure_is_named_by_the_number_and_the_text_of_its_line() {
    let folder = Folder::new(TEXTS);
    let words = ["run", "--lines", "f", "-j", "2", "--", "test", "{n}", "-gt", "3"];
    let (status, _, said) = ended(&folder.run(&words));
    let rerun = |n: i64| format!("rerun: evenly run --lines f {n}..={n} -- test {{n}} -gt 3");
    let expected = format!(
        "evenly: n = 1 'a b' failed: exit 1; {}\nevenly: n = 2 '\"q' $(x)' failed: exit 1; {}\n\
         evenly: n = 3 '' failed: exit 1; {}\nevenly: 3 lines failed\n",
        rerun(1),
        rerun(2),
        rerun(3)
    );
    assert_eq!((status, said.as_str()), (Some(3), expected.as_str()));
    // The line runs as it stands.
    let (status, _, said) =
        ended(&folder.run(&["run", "--lines", "f", "2..=2", "--", "test", "{n}", "-gt", "3"]));
    assert!(status == Some(3) && said.starts_with("evenly: n = 2 '\"q' $(x)' failed"), "{said}");
}

#[test]
fn json_logs_and_result_files_have_the_text() {
    let folder = Folder::new(TEXTS);
    let logs = ["--joblog", "log", "--events", "events", "--junit", "junit", "--results", "kept"];
    let words = [&["run", "--lines", "f", "-j", "1"], &logs[..], &["--", "test", "-z", "{}"]];
    assert_eq!(folder.run(&words.concat()).status.code(), Some(3));
    let log = folder.read("log");
    let line = |n: &str| log.lines().find(|line| line.contains(n)).unwrap().to_owned();
    assert!(line(" 1..2 ").ends_with("\t1\t0\tevenly run --lines f 1..2 -- test -z {} # a b"));
    assert!(line(" 4..5 ").ends_with(" # ä\\xff\\tz\\r"), "{log}");
    assert!(folder.read("events").contains(r#""text":"\"q' $(x)","rerun":"#));
    assert!(folder.read("junit").contains(">line: last\nrerun: evenly run --lines f 5..=5 "));
    assert_eq!(
        (folder.read("kept/5/line"), folder.read("kept/5/exit")),
        ("last".into(), "1\n".into())
    );
    assert_eq!(std::fs::read(folder.path("kept/4/line")).unwrap(), b"\xc3\xa4\xff\tz\r");

    let failed = |n: &str, text: &str| {
        json!({"first": n, "last": n, "cause": "exit 2", "text": text,
        "rerun": format!("evenly VERB --lines f {n}..={n} -- sh -c 'exit $1' sh {{n}}")})
    };
    let expected = [failed("2", "\"q' $(x)"), failed("3", "")];
    for verb in ["count", "failures"] {
        let words = [verb, "--lines", "f", "2..=3", "--format", "json", "--"];
        let script = ["sh", "-c", "exit $1", "sh", "{n}"];
        let output = folder.run(&[&words[..], &script].concat());
        let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
        let mut failures = printed["failures"].clone();
        failures[1]["cause"] = "exit 2".into();
        let expected = Value::from(&expected[..]).to_string().replace("VERB", verb);
        assert_eq!(failures.to_string(), expected);
    }
}

#[test]
fn a_line_that_is_too_long_for_an_argument_fails_alone() {
    let line = |length: usize| [&b"x".repeat(length)[..], b"\n"].concat();
    let lines = [line(131_071), line(131_072), line(1), line(500_000)].concat();
    let folder = Folder::new(&lines);
    let words = ["map", "--lines", "f", "--partial", "-j", "2", "--", "expr", "length", "{}"];
    let (status, printed, said) = ended(&folder.run(&words));
    let expected = format!("1\t131071\t{}\n3\t1\tx\n", "x".repeat(131_071));
    assert!(status == Some(3) && printed == expected, "{said}");
    for n in [2, 4] {
        let named = said.lines().find(|line| line.starts_with(&format!("evenly: n = {n} 'xxx")));
        let named = named.unwrap();
        let why = "…' failed: the command cannot be started: Argument list too long (os error 7); rerun: ";
        assert!(named.contains(why) && named.len() < 500, "{said}");
    }
    // Its number is short.
    let words = ["run", "--lines", "f", "-k", "--", "echo", "{n}"];
    assert_eq!(folder.printed(&words), b"1\n2\n3\n4\n");
}

#[test]
fn a_program_that_only_one_line_names_in_vain_fails_alone() {
    let folder = Folder::new(b"true\nno-such-program-here\nfalse\n");
    let (status, printed, said) =
        ended(&folder.run(&["failures", "--lines", "f", "-v", "-j", "1", "--", "{}"]));
    let expected = "2\texit 127\tno-such-program-here\n3\texit 1\tfalse\n";
    assert_eq!((status, printed.as_str()), (Some(1), expected), "{said}");
    let why = "n = 2 'no-such-program-here' failed: the command cannot be started: No such file";
    assert!(said.contains(why), "{said}");
}
