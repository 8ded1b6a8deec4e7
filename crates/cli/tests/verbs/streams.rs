//! Answer lines during a run: slow, full or closed readers, early ends, and the JSON around the lines.

use crate::support::{EVENLY, children_of, evenly, is_alive, kill, run, start, stderr};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Memory that a process has in use (proc_pid_status(5)).
fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_reader_that_closes_the_pipe_ends_the_run_soon_and_quietly() {
    for words in ["find even 0..2^63", "map prime 0..2^63", "find even 0..2^63 --format json"] {
        let mut running = start(&format!("{words} -j 2"));
        let mut reader = BufReader::new(running.child().stdout.take().unwrap());
        let mut first = vec![0; 100];
        reader.read_exact(&mut first).unwrap();
        let workers = running.workers(2);
        drop(reader);
        let output = running.output();
        assert_eq!(output.status.signal(), Some(13), "{words}");
        assert_eq!(stderr(&output), "", "{words}");
        assert!(workers.into_iter().all(|worker| !is_alive(worker)), "{words}");
    }
}

#[test]
fn head_gets_its_lines_and_ends_the_run() {
    let words = format!("{EVENLY} find prime 0..2^63 | head -n 3");
    let output = Command::new("sh").args(["-c", &words]).output().unwrap();
    assert_eq!(output.stdout, b"2\n3\n5\n");
    assert_eq!(stderr(&output), "");
}

#[test]
fn a_reader_that_waits_fills_no_memory_and_gets_everything() {
    let mut running = start("map even 0..3e6 -j 2");
    std::thread::sleep(Duration::from_secs(1));
    let primary = running.pid();
    let most = resident_kib(primary);
    assert!(most < 64 << 10, "{most} KiB in the primary");
    for worker in children_of(primary) {
        let most = resident_kib(worker);
        assert!(most < 64 << 10, "{most} KiB in a worker");
    }
    let reader = BufReader::new(running.child().stdout.take().unwrap());
    let mut count = 0;
    for (n, line) in reader.lines().enumerate() {
        assert_eq!(line.unwrap(), format!("{n}\t{}", 1 - n % 2));
        count += 1;
    }
    assert_eq!(count, 3_000_000);
    assert!(running.output().status.success());
}

#[test]
fn a_full_disk_is_an_error() {
    for words in ["find even 0..1e7", "map even 0..1e3 --format json", "hist even 0..10"] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = evenly(words).stdout(full).stderr(Stdio::piped()).output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(4), "{words}: {said}");
        assert!(said.starts_with("evenly: cannot write the answer: No space left"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn lines_can_be_written_to_a_file() {
    let path = std::env::temp_dir().join(format!("evenly-verbs-{}", std::process::id()));
    let file = std::fs::File::create(&path).unwrap();
    assert!(evenly("find even 0..2e6").stdout(file).status().unwrap().success());
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let expected: String = (0..1_000_000).map(|n| format!("{}\n", 2 * n)).collect();
    assert!(text == expected);
}

#[test]
fn lines_at_a_deadline_are_a_correct_beginning() {
    let output = run("find test:slow=100 0..1e9 -j 2 --deadline 500ms");
    assert_eq!(output.status.code(), Some(124));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.ends_with('\n'), "{text}");
    for (place, line) in text.lines().enumerate() {
        assert_eq!(line, (2 * place).to_string());
    }
    let output = run("find test:slow=100 0..1e9 -j 2 --deadline 500ms --format json");
    assert_eq!(output.status.code(), Some(124));
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(object["answer"][1], "2");
    assert_eq!(object["complete"], false);
    assert!(object["error"].as_str().unwrap().starts_with("the deadline of 0.5 s"), "{object}");
}

#[test]
fn a_deadline_ends_the_writing_of_lines_without_a_reader() {
    let mut running = start("find odd 0..300000 -j 2 --deadline 500ms");
    let mut unread = running.child().stdout.take().unwrap();
    let status = running.child().wait().unwrap();
    assert_eq!(status.code(), Some(124), "{}", stderr(&running.output()));
    let mut text = String::new();
    unread.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("1\n3\n5\n") && text.len() < 800_000, "{} bytes", text.len());
}

#[test]
fn lines_are_written_while_the_job_runs() {
    let mut running = start("find test:slow=1000 0..1e6 -j 2");
    let mut reader = BufReader::new(running.child().stdout.take().unwrap());
    for n in 0..20 {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert_eq!(line, format!("{}\n", 2 * n));
    }
    kill("TERM", running.pid());
    drop(reader);
    let status = running.output().status;
    assert!(status.signal().is_some(), "{status}");
}

#[test]
fn the_files_beside_it_name_the_command() {
    let path = std::env::temp_dir().join(format!("evenly-verbs-log-{}", std::process::id()));
    let name = path.to_str().unwrap();
    run(&format!("find odd 0..1000 -j 1 --chunk 500 --joblog {name} --first 400"));
    let log = std::fs::read_to_string(&path).unwrap();
    assert!(log.lines().skip(1).all(|line| line.contains("\tevenly find odd ")), "{log}");
    run(&format!("find odd 0..1000 -j 1 --first 400 --events {name}"));
    let events = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let events: Vec<Value> =
        events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&events[0]["command"], &events[0]["first"]), (&"find".into(), &"400".into()));
    let last = events.last().unwrap();
    assert_eq!((&last["event"], &last["lines"]), (&"finished".into(), &"400".into()));
}
