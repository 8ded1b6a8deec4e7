//! Lines of standard input in journals, which keep their digest and not their texts.

use super::{Folder, ended};
use std::io::Write;
use std::process::{Command, Output, Stdio};

fn fed(folder: &Folder, words: &[&str], input: &str) -> Output {
    let mut command = folder.command(words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A refused call may read nothing.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// What a line about a journal of piped lines ends with.
const PIPED: &str = " (the lines came from standard input: give the same ones again)\n";
const WORDS: [&str; 9] = ["run", "--lines", "-", "--journal", "j", "--", "test", "{}", "!="];

/// One of three lines fails, and the journal goes on with the same lines only.
#[test]
fn a_journal_of_piped_lines_asks_for_the_same_lines() {
    let folder = Folder::new(b"");
    let words = [&WORDS[..], &["b"]].concat();
    let (status, _, said) = ended(&fed(&folder, &words, "a\nb\nc\n"));
    assert_eq!(status, Some(3), "{said}");
    assert!(
        said.contains(&format!("to continue: … | evenly resume j --retry-failed{PIPED}")),
        "{said}"
    );
    assert!(said.contains("; rerun: … | evenly run --lines - 2..=2 "), "{said}");
    let (status, _, said) = ended(&folder.run(&["verify", "j"]));
    assert_eq!(status, Some(4), "{said}");
    assert!(
        said.ends_with(&format!(
            "1 failed (… | evenly resume j --retry-failed tries them again){PIPED}"
        )),
        "{said}"
    );
    let (status, _, said) = ended(&folder.run(&["status", "j"]));
    assert_eq!(status, Some(0), "{said}");
    assert!(said.ends_with(&format!("to continue: … | evenly resume j{PIPED}")), "{said}");
    let resume = ["resume", "j", "--retry-failed"];
    let nothing: &[&str] = &[];
    for few in ["", "a\n", "a\nb\n"] {
        for more in [nothing, &["--accept-change"]] {
            let (status, _, said) = ended(&fed(&folder, &[&resume[..], more].concat(), few));
            assert_eq!(status, Some(5), "{few:?}: {said}");
            let lines = few.lines().count();
            let differs = format!(
                "--lines - differs from the lines of the journal: its job has line 3, and here the number of lines is \
                 {lines}; give the same lines again, as in: … | evenly resume "
            );
            assert!(said.contains(&differs) && !said.contains("accept-change"), "{said}");
        }
    }
    let (status, _, said) = ended(&fed(&folder, &resume, "a\nB\nc\n"));
    assert_eq!(status, Some(5), "{said}");
    assert!(said.contains("lines or program '"), "{said}");
    assert!(said.contains("give the same lines again; if it changed on purpose, add"), "{said}");
    // None of these spoilt the journal: the right lines go on with it, and another line succeeds.
    let (status, _, said) = ended(&fed(&folder, &resume, "a\nb\nc\n"));
    assert_eq!(status, Some(3), "{said}");
    let accept = [&resume[..], &["--accept-change"]].concat();
    let (status, _, said) = ended(&fed(&folder, &accept, "a\nB\nc\n"));
    assert_eq!(status, Some(0), "{said}");
}

/// A file with fewer lines than its job is refused like a pipe.
#[test]
fn a_file_that_lost_lines_does_not_continue_a_journal() {
    let folder = Folder::new(b"a\nb\nc\n");
    let words = ["run", "--lines", "f", "--journal", "j", "--", "test", "{}", "!=", "b"];
    assert_eq!(folder.run(&words).status.code(), Some(3));
    folder.write("f", b"");
    let resume = ["resume", "j", "--retry-failed", "--accept-change"];
    let (status, _, said) = ended(&folder.run(&resume));
    assert_eq!(status, Some(5), "{said}");
    assert!(said.ends_with("is 0; put the same lines into the file again\n"), "{said}");
}

/// A decision to start a command again names the line that does it.
#[test]
fn a_settled_line_of_a_pipe_is_started_again_with_the_same_lines() {
    let folder = Folder::new(b"");
    let words = [&WORDS[..], &["b"]].concat();
    assert_eq!(fed(&folder, &words, "a\nb\n").status.code(), Some(3));
    let (status, _, said) = ended(&folder.run(&["settle", "j", "2..=2", "retry"]));
    assert_eq!(status, Some(0), "{said}");
    let again = format!("evenly: to start them again: … | evenly resume j{PIPED}");
    assert_eq!(said, again);
    let (status, _, said) = ended(&fed(&folder, &["resume", "j"], "a\nb\n"));
    assert_eq!(status, Some(3), "the line is started again and fails again: {said}");
}

/// The working directory of the call was removed, so its journal cannot contain a call that resumes it.
#[test]
fn a_journal_without_its_call_names_no_resume() {
    let folder = Folder::new(b"");
    let journal = folder.path("j");
    let call = "mkdir gone && cd gone && rmdir ../gone && exec \"$0\" run 0..100 \
                --halt now,done=1 --journal \"$1\" -- true {}";
    let mut shell = Command::new("sh");
    shell
        .args(["-c", call, env!("CARGO_BIN_EXE_evenly")])
        .arg(&journal)
        .current_dir(folder.path("."));
    let output = shell.stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    for words in [["verify", "j"], ["status", "j"]] {
        let (_, _, said) = ended(&folder.run(&words));
        assert!(said.contains("a second call of the program that wrote it"), "{said}");
        assert!(!said.contains("evenly resume"), "{said}");
    }
}
