//! Pages of real runs, and files that have none.

use crate::RunFolder;
use crate::support::{EVENLY, stderr};
use std::fs;
use std::process::{Command, Stdio};

fn has(page: &str, expected: &[&str]) {
    for text in expected {
        assert!(page.contains(text), "'{text}' is missing in:\n{page}");
    }
}

pub(crate) fn one_page_has_what_three_files_know() {
    let folder = RunFolder::new("three");
    let logs = "count 0..60 -j 2 --chunk 1 --journal j --events e --joblog l -q -- sh -c";
    let mut words: Vec<_> = logs.split(' ').collect();
    // Longer than the millisecond in which the job log counts.
    words.extend(["sleep 0.003; exit $(($1 % 2))", "sh", "{}"]);
    assert!(folder.run(&words).status.success());
    let page = folder.page("l e j");
    has(
        &page,
        &[
            "<title>evenly count 0..60 -- sh -c",
            ">Complete</span>",
            "<p class=answer>30</p>",
            "<b>60</b><span>chunks</span>",
            "Cost of a number",
            "Throughput",
            "Workers with work",
            ">worker 2</span>",
            "The slowest chunks",
            "<th>call</th><td class=code>evenly count 0..60 -j 2",
        ],
    );
    assert!(!page.contains("Not known from these files") && !page.contains("<script"), "{page}");
    assert!(!page.contains("http:") && !page.contains("https:"), "nothing is loaded: {page}");
}

pub(crate) fn a_journal_alone_has_a_page() {
    let folder = RunFolder::new("journal");
    assert!(folder.run(&["hist", "n % 3", "0..999", "--journal", "j"]).status.success());
    has(
        &folder.page("j"),
        &[
            "<b>2</b><u style=\"width:100.00%\"></u><span>333</span>",
            ">Complete</span>",
            "<code>--events FILE</code>",
            "<code>--joblog FILE</code>",
        ],
    );
    assert!(folder.run(&["find", "n % 7 == 0", "0..999", "--journal", "k"]).status.success());
    has(&folder.page("k"), &["The lowest 20 of 143 lines", "<pre>0\n7\n14\n"]);
}

pub(crate) fn failures_of_a_journal_have_rerun_lines_that_work() {
    let folder = RunFolder::new("failures");
    let script = "case $1 in *7) exit 3;; 5) kill -9 $$;; esac";
    let words = ["run", "0..40", "--journal", "j", "-q", "--", "sh", "-c", script, "sh", "{}"];
    assert_eq!(folder.run(&words).status.code(), Some(3));
    let page = folder.page("j");
    has(
        &page,
        &[
            ">Failures</span>5 numbers failed; all others are done.",
            "exit 3 <span class=where>4 numbers, 80 %</span>",
            "signal 9 <span class=where>1 number, 20 %</span>",
        ],
    );
    let line = page.lines().find(|line| line.contains(" 17..=17 ")).unwrap();
    let line = line.replace("&#39;", "'").replace("&quot;", "\"");
    let line = line.replace("evenly ", &format!("{EVENLY} "));
    let again = Command::new("sh").args(["-c", &line]).output().unwrap();
    assert_eq!(again.status.code(), Some(3), "{line}");
}

pub(crate) fn a_killed_run_has_a_page() {
    let folder = RunFolder::new("killed");
    let words = "run 0..1000 -j 2 --journal j --events e -q -- sh -c";
    let mut command = crate::support::evenly(words);
    command.args(["test {} -lt 40 || exec sleep 60"]).current_dir(&folder.0);
    let mut run = command.stdout(Stdio::null()).spawn().unwrap();
    crate::support::until("the journal has the first numbers", || {
        let output = folder.run(&["verify", "j"]);
        String::from_utf8_lossy(&output.stdout).contains("done\t40\n").then_some(())
    });
    // Events are written about every second.
    crate::support::until("the first events are written", || {
        fs::metadata(folder.path("e")).is_ok_and(|file| file.len() > 0).then_some(())
    });
    // While it is at work, and afterwards.
    has(&folder.page("j"), &["960 numbers are not done. To go on: evenly resume j"]);
    run.kill().unwrap();
    run.wait().unwrap();
    has(&folder.page("j e"), &[">No end</span>", "960 numbers are not done"]);
}

pub(crate) fn items_with_a_step_have_a_page() {
    let folder = RunFolder::new("step");
    let words = "count odd 0..1000:3 --journal j --events e --joblog l -q";
    assert!(folder.run(&words.split(' ').collect::<Vec<_>>()).status.success());
    for files in ["j", "e", "j e l"] {
        let page = folder.page(files);
        has(
            &page,
            &["evenly count odd 0..=999:3", "<p class=answer>167</p>", "996..1000: 100 % done"],
        );
        assert!(!page.contains("outside of the range"), "{page}");
    }
}

pub(crate) fn other_files_are_refused_in_one_line() {
    let folder = RunFolder::new("refused");
    fs::write(folder.path("empty"), "").unwrap();
    fs::write(folder.path("text"), "a text\n").unwrap();
    fs::write(folder.path("json"), "{\"a\":1}\n").unwrap();
    assert!(
        folder.run(&["count", "odd", "0..9", "--journal", "j", "--events", "e"]).status.success()
    );
    assert!(folder.run(&["count", "even", "0..9", "--events", "f"]).status.success());
    let mut bytes = fs::read(folder.path("j")).unwrap();
    let middle = bytes.len() / 2;
    bytes.truncate(middle);
    fs::write(folder.path("damaged"), bytes).unwrap();
    for (files, status, expected) in [
        (
            "empty",
            2,
            "evenly: empty is empty; name a file that a run wrote by --journal, --events or --joblog\n",
        ),
        (
            "text",
            2,
            "evenly: text is no journal, no file of events and no job log; name a file that a run wrote by --journal, \
             --events or --joblog\n",
        ),
        ("json", 2, "'json' has no events"),
        ("missing", 2, "cannot read missing: No such file"),
        (".", 2, "cannot read .: Is a directory"),
        ("j j", 2, "j is the second journal"),
        ("e f", 2, "f is the second file of events"),
        ("j f", 2, "'f' is of another job: 'count even' there, 'count odd' in the other files"),
        ("damaged", 5, "damaged"),
        ("", 2, "FILE"),
    ] {
        let mut words = vec!["report", "-o", "page.html"];
        words.extend(files.split(' ').filter(|file| !file.is_empty()));
        let output = folder.run(&words);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(status), "{files}: {said}");
        assert!(said.contains(expected) && said.matches('\n').count() == 1, "{files}: {said}");
        assert!(!folder.path("page.html").exists(), "{files}");
    }
    let output = folder.run(&["report", "e", "-o", "no/page.html"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("cannot write the page no/page.html: No such file"), "{said}");
}

pub(crate) fn a_page_replaces_no_file_that_it_reads() {
    let folder = RunFolder::new("replaces");
    assert!(folder.run(&["count", "odd", "0..9", "--events", "e"]).status.success());
    let before = fs::read(folder.path("e")).unwrap();
    let output = folder.run(&["report", "e", "-o", "./e"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("are the same file"), "{}", stderr(&output));
    assert_eq!(fs::read(folder.path("e")).unwrap(), before);
    // A page that is there is replaced.
    fs::write(folder.path("page.html"), "before").unwrap();
    has(&folder.page("e"), &["<!DOCTYPE html>"]);
}

pub(crate) fn events_may_come_through_a_pipe() {
    let folder = RunFolder::new("pipe");
    assert!(folder.run(&["count", "odd", "0..9", "--events", "e"]).status.success());
    let line =
        format!("{EVENLY} report <(cat e) -o /dev/stdout 2>/dev/null | grep -c 'class=answer'");
    let output = Command::new("bash").args(["-c", &line]).current_dir(&folder.0).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1\n");
}
