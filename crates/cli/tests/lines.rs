//! Tests of `--lines` and `--lines0`: texts of a file as items, for every verb, in failures, logs, journals and agents.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "lines/agents.rs"]
mod agents;
#[path = "lines/failing.rs"]
mod failing;
#[path = "lines/journal.rs"]
mod journal;
#[path = "lines/million.rs"]
mod million;
#[path = "lines/piped.rs"]
mod piped;
#[path = "lines/refused.rs"]
mod refused;
mod support;

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A directory with a file `f` of lines, removed afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(lines: &[u8]) -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("evenly-lines-{}-{number}", std::process::id());
        let folder = Self(evenly_testkit::directory::in_memory().join(name));
        std::fs::create_dir(&folder.0).unwrap();
        folder.write("f", lines);
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    fn read(&self, name: impl AsRef<Path>) -> String {
        String::from_utf8_lossy(&std::fs::read(self.0.join(name)).unwrap()).into_owned()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = support::evenly("");
        command.args(words).current_dir(&self.0).env("XDG_STATE_HOME", &self.0);
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Standard output of a run that succeeds and prints nothing on standard error.
    fn printed(&self, words: &[&str]) -> Vec<u8> {
        let output = self.run(words);
        let is_quiet = output.status.success() && output.stderr.is_empty();
        assert!(is_quiet, "{words:?}: {output:?}");
        output.stdout
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The status, standard output and standard error.
fn ended(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Spaces, quotes, an empty line, bytes that are not UTF-8, a carriage return, and no last newline.
const TEXTS: &[u8] = b"a b\n\"q' $(x)\n\n\xc3\xa4\xff\tz\r\nlast";

#[test]
fn a_command_gets_the_bytes_of_each_line() {
    let folder = Folder::new(TEXTS);
    let words = ["run", "--lines", "f", "-k", "-j", "2", "--", "printf", "%s|%s\\n", "{n}", "{}"];
    let expected = b"1|a b\n2|\"q' $(x)\n3|\n4|\xc3\xa4\xff\tz\r\n5|last\n";
    assert_eq!(folder.printed(&words), expected);
    let variable = ["sh", "-c", "echo $EVENLY_INDEX", "sh", "{}"];
    let words = [&["run", "--lines", "f", "-k", "--"][..], &variable].concat();
    assert_eq!(folder.printed(&words), b"1\n2\n3\n4\n5\n");
    let words = ["run", "--lines", "f", "-k", "--tag", "--", "echo", "x{n}"];
    let expected = b"a b\tx1\n\"q' $(x)\tx2\n\tx3\n\xc3\xa4\xff\tz\r\tx4\nlast\tx5\n";
    assert_eq!(folder.printed(&words), expected);
    let words = ["run", "--lines", "f", "-k", "--chunk", "2", "--", "echo", "{start}", "{end}"];
    assert_eq!(folder.printed(&words), b"1 3\n3 5\n5 6\n");
}

#[test]
fn every_verb_counts_lines() {
    let folder = Folder::new(b"aaa\nb\n\ncccc\nb\n");
    let length = &["--", "expr", "length", "+", "x{}"][..];
    for (verb, expected) in [
        ("sum", "14\n"),
        ("min", "1\t3\t\n"),
        ("max", "5\t4\tcccc\n"),
        ("hist", "1\t1\n2\t2\n4\t1\n5\t1\n"),
        ("map", "1\t4\taaa\n2\t2\tb\n3\t1\t\n4\t5\tcccc\n5\t2\tb\n"),
    ] {
        let words = [&[verb, "--lines", "f", "-j", "2"], length].concat();
        assert_eq!(String::from_utf8(folder.printed(&words)).unwrap(), expected, "{verb}");
    }
    let is_b = &["--", "test", "{}", "=", "b"][..];
    for (words, status, expected) in [
        (&["count", "--lines", "f"][..], 0, "2\n"),
        (&["count", "--lines", "f", "1..=3,5"], 0, "2\n"),
        (&["count", "3..5", "--lines", "f"], 0, "0\n"),
        (&["find", "--lines", "f"], 0, "2\tb\n5\tb\n"),
        (&["find", "--lines", "f", "--first", "1"], 0, "2\tb\n"),
        (&["any", "--lines", "f"], 0, "true\t2\tb\n"),
        (&["all", "--lines", "f"], 1, "false\t1\taaa\n"),
        (&["failures", "--lines", "f", "1..=3"], 1, "1\texit 1\taaa\n3\texit 1\t\n"),
    ] {
        let (ended, printed, said) = ended(&folder.run(&[words, is_b].concat()));
        assert_eq!((ended, printed.as_str()), (Some(status), expected), "{words:?}: {said}");
    }
}

#[test]
fn texts_that_end_with_nul_bytes_can_hold_newlines() {
    let folder = Folder::new(b"a\nb\0\0dir/c.d");
    let words = [
        "run", "--lines0", "f", "-k", "--", "printf", "[%s]", "{n}:{}", "{.}", "{/}", "{//}",
        "{/.}",
    ];
    let expected = "[1:a\nb][a\nb][a\nb][.][a\nb][2:][][][.][][3:dir/c.d][dir/c][c.d][dir][c]";
    assert_eq!(String::from_utf8(folder.printed(&words)).unwrap(), expected);
}

#[test]
fn standard_input_and_pipes_are_read_to_their_end_first() {
    let folder = Folder::new(b"");
    let piped = |words: &[&str], input: &[u8]| {
        let mut command = folder.command(words);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        ended(&child.wait_with_output().unwrap())
    };
    let echo = ["-k", "-j", "2", "--", "echo", "{n}", "{}"];
    for file in ["-", "/dev/stdin"] {
        let words = [&["run", "--lines", file][..], &echo].concat();
        assert_eq!(piped(&words, b"x y\nz"), (Some(0), "1 x y\n2 z\n".to_owned(), String::new()));
        assert_eq!(piped(&words, b""), (Some(0), String::new(), String::new()));
    }
    let words = [&["run", "--lines0", "-"][..], &echo].concat();
    assert_eq!(piped(&words, b"x\ny\0z\0").1, "1 x\ny\n2 z\n");
    // Nothing is left of the copy.
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1);
    let script = format!("{} run --lines <(seq 3) -k -- echo {{}}", support::EVENLY);
    let output = Command::new("bash").args([OsStr::new("-c"), OsStr::new(&script)]).output();
    assert_eq!(ended(&output.unwrap()), (Some(0), "1\n2\n3\n".to_owned(), String::new()));
}

#[test]
fn answers_name_a_line_by_its_number_and_its_text() {
    let long = "x".repeat(300);
    let folder = Folder::new(format!("a\tb\n{long}\n\x1b[31mred\n").as_bytes());
    let find = ["find", "--lines", "f", "-j", "2", "--", "test", "-n", "{}"];
    let found = String::from_utf8(folder.printed(&find)).unwrap();
    assert_eq!(found, format!("1\ta\\tb\n2\t{long}\n3\t\\x1b[31mred\n"));
    // What find prints chooses lines again.
    folder.write("found", found.as_bytes());
    let words = ["count", "--lines", "f", "--from", "found", "--", "true", "{}"];
    assert_eq!(folder.printed(&words), b"3\n");
    let words = ["run", "--lines", "f", "--from", "found", "-k", "--", "echo", "{n}"];
    assert_eq!(folder.printed(&words), b"1\n2\n3\n");
    let json = |words: &[&str]| -> serde_json::Value {
        let words = [words, &["--lines", "f", "--format", "json", "--events", "e", "--"]].concat();
        let words = [&words[..], &["expr", "length", "+", "{}"]].concat();
        serde_json::from_slice(&folder.printed(&words)).unwrap()
    };
    let (max, map) = (json(&["max"]), json(&["map", "1..=1"]));
    let text = format!("{}…", "x".repeat(200));
    assert_eq!((&max["n"], &max["text"]), (&"2".into(), &text.into()));
    assert_eq!(map["answer"], serde_json::json!([["1", "3"]]));
    folder.printed(&["max", "--lines", "f", "--events", "e", "--", "expr", "length", "+", "{}"]);
    let events = folder.read("e");
    let finished: serde_json::Value = serde_json::from_str(events.lines().last().unwrap()).unwrap();
    assert_eq!(finished["n"], "2", "{finished}");
}

#[test]
fn messages_count_lines_where_items_are_lines() {
    let folder = Folder::new(b"a\nb\nc\n");
    let said = |words: &[&str]| ended(&folder.run(&[words, &["--", "false", "{}"]].concat())).2;
    assert!(said(&["run", "--lines", "f"]).ends_with("evenly: 3 lines failed\n"));
    let halted = said(&["run", "--lines", "f", "--halt", "now,fail=1", "-j", "1"]);
    assert!(
        halted.contains("(1 line failed; ") && halted.contains("1 of 3 lines done"),
        "{halted}"
    );
    let failed = said(&["map", "--lines", "f", "-j", "1"]);
    assert!(failed.contains("1 line failed; stopped at the failure of n = 1; 2 lines"), "{failed}");
    let plan = folder.printed(&["run", "--lines", "f", "--dry-run", "--", "echo", "{}"]);
    assert!(String::from_utf8(plan).unwrap().contains(" for 3 lines, n in 1..4\n"));
}

#[test]
fn an_empty_file_has_no_items() {
    let folder = Folder::new(b"");
    for (verb, expected) in [("run", ""), ("count", "0\n"), ("failures", ""), ("map", "")] {
        let printed = folder.printed(&[verb, "--lines", "f", "--", "echo", "{}"]);
        assert_eq!(String::from_utf8(printed).unwrap(), expected, "{verb}");
    }
}
