//! Rerun lines are quoted for bash, for arguments with any bytes.

use super::Scratch;
use crate::support::{EVENLY, evenly, stderr};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::process::{Command, Output};

/// Appends its arguments to a file, each with a NUL behind it, and fails.
const SCRIPT: &str = "printf '%s\\0' \"$@\" >> \"$OUT\"\nexit 3";

/// Arguments that a shell or a terminal would act on.
const ODD: [&[u8]; 9] = [
    b"\xff\xfe",
    b"a\ttab",
    b"new\nline",
    b"\x1b[31mred\x07",
    b"it's\n\\",
    b"!!",
    b"$HOME `id`",
    b"",
    "\u{202e}{}".as_bytes(),
];

/// Runs the line that stands behind `before` on standard error, in bash.
fn pasted(output: &Output, before: &str, out: &Scratch) -> Output {
    let said = stderr(output);
    let line = said.lines().find_map(|line| line.split_once(before)).unwrap().1;
    let line = format!("{EVENLY} {}", line.strip_prefix("evenly ").unwrap());
    Command::new("bash").args(["-c", &line]).env("OUT", out.path()).output().unwrap()
}

fn has_control_characters(output: &Output) -> bool {
    stderr(output).chars().any(|c| c != '\n' && (c.is_control() || c == '\u{202e}'))
}

#[test]
fn lines_pasted_into_bash_do_the_same_call_again() {
    let (out, joblog) = (Scratch::new("quoting"), Scratch::new("quoting-joblog"));
    let journal = Scratch(evenly_testkit::directory::in_memory().join(OsString::from_vec(
        [b"evenly-\xff\n", std::process::id().to_string().as_bytes()].concat(),
    )));
    let mut call = evenly("map 5..6 --quiet --joblog");
    call.arg(joblog.path()).args(["--", "sh", "-c", SCRIPT, "sh"]);
    call.args(ODD.map(OsStr::from_bytes)).env("OUT", out.path());
    let first = call.output().unwrap();
    assert_eq!(first.status.code(), Some(3), "{first:?}");
    assert!(!has_control_characters(&first), "{first:?}");
    let given = std::fs::read(out.path()).unwrap();
    let filled = ODD.map(|word| if word.ends_with(b"{}") { "\u{202e}5".as_bytes() } else { word });
    assert_eq!(given, [filled.join(&0), vec![0]].concat());

    let again = pasted(&first, "; rerun: ", &out);
    assert_eq!(again.status.code(), Some(3), "{again:?}");
    assert_eq!(std::fs::read(out.path()).unwrap(), given.repeat(2));
    // A tab or a newline would break the columns of the job log.
    let command = joblog.text().lines().nth(1).unwrap().split('\t').nth(8).unwrap().to_owned();
    assert!(stderr(&first).contains(&command.replace("5..6", "5..=5")), "{command}");

    let mut call = evenly("map 5..6 --journal");
    call.arg(journal.path()).args(["--", "sh", "-c", SCRIPT, "sh"]);
    call.args(ODD.map(OsStr::from_bytes)).env("OUT", out.path());
    let kept = call.output().unwrap();
    assert!(!has_control_characters(&kept), "{kept:?}");
    let again = pasted(&kept, "to continue: ", &out);
    assert_eq!(again.status.code(), Some(3), "{again:?}");
    assert_eq!(std::fs::read(out.path()).unwrap(), given.repeat(4));
}

#[test]
fn an_expression_on_several_lines_is_one_word_of_the_rerun_line() {
    let first = evenly("").args(["sum", "100 /\n\t(n - 3)", "0..10", "-q"]).output().unwrap();
    assert_eq!(first.status.code(), Some(3), "{first:?}");
    assert!(!has_control_characters(&first), "{first:?}");
    let line = r"; rerun: evenly sum $'100 /\n\t(n - 3)' 3..=3";
    assert!(stderr(&first).contains(line), "{first:?}");
}
