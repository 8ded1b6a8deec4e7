//! `--junit`: a report that XML parsers read, whatever the commands print.

use crate::support::kill;
use crate::yard::{Yard, python};
use std::process::Command;

/// Prints each test case of a report in a line: name, cause of a failure, last lines of output and error output.
const READ: &str = r#"
import sys, xml.etree.ElementTree as tree
suite = tree.parse(sys.argv[1]).getroot().find("testsuite")
print(suite.get("tests"), suite.get("failures"), suite.get("errors"))
for case in suite:
    assert float(case.get("time")) >= 0
    found = {part.tag: part for part in case}
    text = lambda tag: repr(found[tag].text) if tag in found else "-"
    problem = found.get("failure", found.get("error"))
    message = problem.get("message") if problem is not None else "-"
    print(case.get("classname"), case.get("name"), message, text("system-out"), text("system-err"), sep="|")
"#;

/// The report as [`READ`] prints it.
fn report(yard: &Yard, name: &str) -> Vec<String> {
    let output = Command::new(python()).args(["-c", READ]).arg(yard.path(name)).output().unwrap();
    assert!(output.status.success(), "{output:?}: {}", yard.text(name));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

pub(crate) fn each_n_is_a_test_case() {
    let yard = Yard::new();
    let script = "import os, sys
n = int(sys.argv[1])
sys.stdout.buffer.write(bytes(range(256)) + b'<&]]>\\n')
if n == 3: print('x' * 70 + '\\n' + 'last words\\n', file=sys.stderr, end='')
if n == 3: sys.exit(7)
if n == 5: os.kill(os.getpid(), 9)";
    std::fs::write(yard.path("x.py"), script).unwrap();
    let words = "run 0..7 -j 2 --junit 'a <b>.xml' -- PYTHON x.py {}";
    let output = yard.command(words).output().unwrap();
    assert_eq!((output.status.code(), yard.left()), (Some(3), vec![]));
    let lines = report(&yard, "a <b>.xml");
    assert_eq!(lines[0], "7 2 0");
    let names: Vec<&str> = lines[1..].iter().map(|line| line.split('|').nth(1).unwrap()).collect();
    assert_eq!(names, ["0", "1", "2", "3", "4", "5", "6"]);
    assert_eq!(lines[1], "evenly.run|0|-|-|-");
    assert!(lines[4].starts_with("evenly.run|3|exit 7|"), "{}", lines[4]);
    assert!(lines[4].contains("<&]]>") && lines[4].ends_with("last words\\n'"), "{}", lines[4]);
    assert!(lines[6].starts_with("evenly.run|5|signal 9 (SIGKILL)|"), "{}", lines[6]);
    let text = yard.text("a <b>.xml");
    assert!(text.contains("rerun: evenly run 3..=3"), "{text}");
}

/// The same for other questions, with the files of `--results`, and with commands that do chunks.
pub(crate) fn each_chunk_is_a_test_case() {
    let yard = Yard::new();
    let script = "echo said >&2; echo $1; test $1 != 4";
    let words = format!(
        "run 0..8 -j 1 --chunk 4 --results d --results-of failed --junit r.xml -- sh -c '{script}' sh {{start}} {{end}}"
    );
    assert_eq!(yard.run(&words).status, 3);
    let expected = ["2 1 0", "evenly.run|0..4|-|-|-", r"evenly.run|4..8|exit 1|'4\n'|'said\n'"];
    assert_eq!(report(&yard, "r.xml"), expected);
    let words = format!("failures 3..5 --junit r.xml -- sh -c '{script}' sh {{}}");
    assert_eq!(yard.run(&words).status, 1);
    let expected = ["2 1 0", "evenly.failures|3|-|-|-", r"evenly.failures|4|exit 1|-|'said\n'"];
    assert_eq!(report(&yard, "r.xml"), expected);
    // Without a command, and with a number that ends its worker.
    assert_eq!(yard.run("sum '10 / (n - 1)' 0..3 --junit r.xml").status, 3);
    let expected =
        ["3 1 0", "evenly.sum|0|-|-|-", "evenly.sum|1|division by zero|-|-", "evenly.sum|2|-|-|-"];
    assert_eq!(report(&yard, "r.xml"), expected);
}

pub(crate) fn is_written_when_a_run_is_interrupted() {
    let yard = Yard::new();
    let script = "echo x >> started; test $1 -ge 2 && exec sleep 100; test $1 != 1";
    let words = format!("run 0..9 -j 1 --chunk 1 --junit r.xml -- sh -c '{script}' sh {{}}");
    let running = yard.start(&words);
    yard.until_lines("started", 3);
    kill("INT", running.pid());
    kill("INT", running.pid());
    let ended = yard.ended(running);
    assert_eq!(ended.status, 130, "{ended:?}");
    let lines = report(&yard, "r.xml");
    assert_eq!(lines[..3], ["3 1 1", "evenly.run|0|-|-|-", "evenly.run|1|exit 1|-|-"]);
    assert!(lines[3].contains("the whole run|") && lines[3].contains("not done"), "{}", lines[3]);
}

/// A refused call changes no file and leaves no directory, and no report has more test cases than its readers take.
pub(crate) fn a_refused_call_changes_no_report() {
    let yard = Yard::new();
    std::fs::write(yard.path("r.xml"), "before").unwrap();
    std::fs::create_dir(yard.path("tmp")).unwrap();
    std::fs::write(yard.path("j"), "no journal").unwrap();
    for words in
        ["run 0..9 --junit r.xml --journal j -- echo {}", "count even 0..1e6 --junit r.xml"]
    {
        let output = yard.command(words).env("TMPDIR", yard.path("tmp")).output().unwrap();
        assert!(matches!(output.status.code(), Some(2 | 5)), "{output:?}");
    }
    assert_eq!(yard.text("r.xml"), "before");
    let mut run = yard.command("run 0..9 --junit r.xml -q -- sh -c 'exit 3' {}");
    // A job that runs for a second makes the directory of its socket for evenly status, here or in TMPDIR.
    run.env("TMPDIR", yard.path("tmp")).env("XDG_RUNTIME_DIR", yard.path(""));
    let output = run.output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert_eq!(report(&yard, "r.xml")[0], "9 9 0");
    assert_eq!(std::fs::read_dir(yard.path("tmp")).unwrap().count(), 0);
}
