//! Journals of jobs over lines: resumed after a kill, refused after a change of the file.

use super::{Folder, ended};
use crate::support::{kill, start_command, until};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

fn words<'a>(options: &[&'a str], command: &[&'a str]) -> Vec<&'a str> {
    [&["run", "--lines", "f", "-j", "2"], options, &["--"], command].concat()
}

fn lines_of(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_killed_run_goes_on_and_runs_no_finished_line_again() {
    let texts: Vec<String> = (1..=120).map(|n| format!("item {n} '\"")).collect();
    let folder = Folder::new(texts.join("\n").as_bytes());
    let script = ["sh", "-c", "sleep 0.02; echo \"$1\" >> done", "sh", "{}"];
    let running = start_command(folder.command(&words(&["--journal", "j"], &script)));
    let done = folder.path("done");
    until("30 lines are done", || (lines_of(&done).len() >= 30).then_some(()));
    kill("KILL", running.pid());
    let _ = running.output();
    let before = lines_of(&done).len();
    let (status, _, said) = ended(&folder.run(&["resume", "j", "-q"]));
    assert_eq!((status, said.as_str()), (Some(0), ""));
    let mut all = lines_of(&done);
    // What was recorded is not run again: at most 100 ms of work is lost.
    assert!(before >= 30 && all.len() <= 120 + 30, "{before} {}", all.len());
    all.sort_unstable();
    all.dedup();
    let mut expected = texts;
    expected.sort_unstable();
    assert_eq!(all, expected);
}

#[test]
fn a_journal_is_for_the_lines_that_it_was_made_for() {
    let folder = Folder::new(b"a\nb\nc\n");
    let command = ["sh", "-c", "test \"$1\" != b", "sh", "{}"];
    let begin = words(&["--journal", "j"], &command);
    assert_eq!(folder.run(&begin).status.code(), Some(3));
    let resume = words(&["--journal", "j", "--resume"], &command);
    // The same bytes under another name are the same lines.
    std::fs::rename(folder.path("f"), folder.path("g")).unwrap();
    let renamed: Vec<&str> =
        resume.iter().map(|word| if *word == "f" { "g" } else { *word }).collect();
    let (status, _, said) = ended(&folder.run(&renamed));
    assert_eq!(status, Some(3), "{said}");
    assert!(
        said.contains("n = 2 'b' failed: exit 1; rerun: evenly run --lines g 2..=2 "),
        "{said}"
    );
    folder.write("f", b"a\nB\nc\n");
    for words in [&resume[..], &["resume", "j"]] {
        let (status, printed, said) = ended(&folder.run(words));
        assert_eq!((status, printed.as_str()), (Some(5), ""), "{said}");
        assert!(said.contains("program '"), "{said}");
    }
    // The user says that it is meant.
    folder.write("f", b"a\nB\nc\n");
    let retry =
        words(&["--journal", "j", "--resume", "--retry-failed", "--accept-change"], &command);
    assert_eq!(folder.run(&retry).status.code(), Some(0));
}

#[test]
fn a_file_that_changes_during_the_run_ends_it() {
    let texts: String = (1..=2000).map(|n| format!("item {n}\n")).collect();
    for appended in [true, false] {
        let folder = Folder::new(texts.as_bytes());
        let script = ["sh", "-c", "echo \"$1\" >> done; sleep 0.05", "sh", "{}"];
        let running = start_command(folder.command(&words(&["-q"], &script)));
        let done = folder.path("done");
        until("a line is done", || (!lines_of(&done).is_empty()).then_some(()));
        let mut file =
            OpenOptions::new().write(true).append(appended).open(folder.path("f")).unwrap();
        // In place: every block is another one, or only the end of the last is.
        let bytes = if appended { "more\n".to_owned() } else { texts.replace("item", "ITEM") };
        file.write_all(bytes.as_bytes()).unwrap();
        let (status, _, said) = ended(&running.output());
        assert_eq!(status, Some(4), "{said}");
        assert!(said.contains("stopped: 'f' changed while the job ran"), "{said}");
        // No command got a text that no line of the first version has.
        let texts: Vec<&str> = texts.lines().collect();
        let all = lines_of(&done);
        assert!(all.len() < 2000 && all.iter().all(|text| texts.contains(&text.as_str())));
    }
}

#[test]
fn a_line_whose_end_is_unknown_is_named_and_not_run_again() {
    let folder = Folder::new(b"a\nb c\n");
    // The worker of the second line dies with its command.
    let script = "echo \"$1\" >> done; test \"$1\" = a || { kill -9 $PPID; sleep 1; }";
    let options = ["--at-most-once", "--journal", "j"];
    let output = folder.run(&words(&options, &["sh", "-c", script, "sh", "{}"]));
    let (status, _, said) = ended(&output);
    assert_eq!(status, Some(4), "{said}");
    assert!(said.contains("evenly: n = 2 'b c': its command may have been started"), "{said}");
    let (status, _, _) = ended(&folder.run(&["resume", "j"]));
    assert_eq!((status, folder.read("done").matches("b c").count()), (Some(4), 1));
}
