//! `--joblog`: the lines without an error cover exactly the numbers that have a value.

use crate::Scratch;
use crate::support::{EVENLY, is_alive, kill, run, start, stderr, until};
use std::process::Command;

const HEADER: &str = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand";

/// A line: how it ended and which numbers it is about, the end excluded.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    start: i128,
    end: i128,
    exit: i32,
    signal: i32,
    command: String,
}

/// The lines of a whole log, each checked to be as GNU parallel writes it.
fn lines(log: &Scratch) -> Vec<Line> {
    let text = log.text();
    assert!(text.ends_with('\n'));
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some(HEADER));
    let line = |(seq, line): (usize, &str)| {
        let columns: Vec<&str> = line.split('\t').collect();
        let [number, ":", began, took, "0", "0", exit, signal, command] = columns[..] else {
            panic!("{line}")
        };
        assert_eq!(number, seq.to_string());
        assert_eq!(began.split_once('.').unwrap().1.len(), 3, "{line}");
        assert!(began.parse::<f64>().unwrap() > 1.6e9, "{line}");
        assert_eq!(took.len(), 10, "{line}");
        let (start, end) = command.rsplit_once(' ').unwrap().1.split_once("..").unwrap();
        Line {
            start: start.parse().unwrap(),
            end: end.parse().unwrap(),
            exit: exit.parse().unwrap(),
            signal: signal.parse().unwrap(),
            command: command.to_owned(),
        }
    };
    (1..).zip(lines).map(line).collect()
}

/// What the lines without an error cover: neighbours joined, and no number twice.
fn covered(lines: &[Line]) -> Vec<(i128, i128)> {
    let good = lines.iter().filter(|line| (line.exit, line.signal) == (0, 0));
    let mut good: Vec<(i128, i128)> = good.map(|line| (line.start, line.end)).collect();
    good.sort_unstable();
    let mut joined: Vec<(i128, i128)> = vec![];
    for (start, end) in good {
        match joined.last_mut() {
            Some(last) if last.1 == start => last.1 = end,
            Some(last) if last.1 > start => panic!("{start} is done twice"),
            _ => joined.push((start, end)),
        }
    }
    joined
}

#[test]
fn every_number_is_there_once_by_any_policy() {
    for split in ["timed", "static", "guided", "fixed:1", "fixed:12345"] {
        let log = Scratch::new(&format!("policy-{}", split.replace(':', "-")));
        let words = format!("count odd -31415..27182 --split {split} -j 3 --joblog");
        let output = run(&format!("{words} {}", log.name()));
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(covered(&lines(&log)), [(-31_415, 27_182)], "{split}");
    }
}

#[test]
fn killed_workers_have_lines_with_their_signal() {
    let log = Scratch::new("killed");
    let running = start(&format!("count prime 0..3e9 --chunk 1e6 -j 3 --joblog {}", log.name()));
    let mut victims = running.workers(3);
    for victim in victims.drain(..2) {
        kill("KILL", victim);
    }
    let output = running.output();
    assert_eq!(output.stdout, b"144449537\n", "{}", stderr(&output));
    let lines = lines(&log);
    assert_eq!(covered(&lines), [(0, 3_000_000_000)]);
    let losses = lines.iter().filter(|line| line.signal == 9).count();
    assert!(losses >= 2, "{losses} chunks were lost");
    assert!(lines.iter().all(|line| line.exit == 0 && [0, 9].contains(&line.signal)));
}

#[test]
fn a_stopped_worker_has_done_nothing_of_what_others_did_for_it() {
    let log = Scratch::new("stopped");
    let words = "count test:slow=1000 0..2000 -j 2 --split fixed:100 --silence 500ms --joblog";
    let running = start(&format!("{words} {}", log.name()));
    let victim = running.workers(2)[0];
    kill("STOP", victim);
    let output = running.output();
    assert_eq!(output.stdout, b"1000\n", "{}", stderr(&output));
    assert!(!is_alive(victim));
    let lines = lines(&log);
    assert_eq!(covered(&lines), [(0, 2000)]);
    assert!(lines.iter().any(|line| line.signal == 19), "SIGSTOP: {lines:?}");
}

#[test]
fn a_failed_number_is_in_no_line_without_an_error() {
    let log = Scratch::new("failed");
    let output = run(&format!("count test:exit=9@500 0..1000 -j 2 -q --joblog {}", log.name()));
    assert_eq!(output.status.code(), Some(3));
    let lines = lines(&log);
    assert_eq!(covered(&lines), [(0, 500), (501, 1000)]);
    let alone = lines.iter().filter(|line| (line.start, line.exit) == (500, 9));
    assert!(alone.count() >= 3, "with its retries: {lines:?}");
}

#[test]
fn an_early_end_keeps_the_lines_of_finished_numbers() {
    let log = Scratch::new("early");
    let words = "count prime 0..1e13 -j 2 --chunk 1e6 --deadline 300ms --joblog";
    let output = run(&format!("{words} {}", log.name()));
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(124), "{said}");
    let numbers: i128 = covered(&lines(&log)).iter().map(|(start, end)| end - start).sum();
    assert!(said.contains(&format!(" passed with {numbers} of ")), "{numbers}: {said}");
}

#[test]
fn a_command_of_the_log_runs() {
    let log = Scratch::new("command");
    run(&format!("count even 0..1000 -j 1 --chunk 500 --joblog {}", log.name()));
    let lines = lines(&log);
    let commands: Vec<&str> = lines.iter().map(|line| line.command.as_str()).collect();
    assert_eq!(commands, ["evenly count even 0..500", "evenly count even 500..1000"]);
    let again = commands[1].replace("evenly ", &format!("{EVENLY} "));
    let output = Command::new("sh").args(["-c", &again]).output().unwrap();
    assert_eq!(output.stdout, b"250\n");
}

#[test]
fn log_lines_are_written_while_the_job_runs() {
    let log = Scratch::new("while");
    let running = start(&format!("count prime 0..1e13 -j 2 --chunk 1e6 --joblog {}", log.name()));
    until("lines are there", || (log.text().lines().count() > 1).then_some(()));
    kill("TERM", running.pid());
    running.output();
    covered(&lines(&log));
}

#[test]
fn a_file_that_exists_is_written_anew_and_only_by_a_job() {
    let log = Scratch::new("anew");
    std::fs::write(log.path(), "old\n").unwrap();
    run(&format!("count even 0..10 --dry-run --joblog {}", log.name()));
    assert_eq!(log.text(), "old\n");
    run(&format!("count even 0..10 --joblog {}", log.name()));
    assert_eq!(covered(&lines(&log)), [(0, 10)]);
}

#[test]
fn a_full_disk_costs_the_log_and_not_the_answer() {
    for option in ["--joblog", "--events"] {
        let output = run(&format!("count even 0..1000 {option} /dev/full"));
        let said = stderr(&output);
        assert_eq!(output.stdout, b"500\n");
        assert_eq!(output.status.code(), Some(4), "{said}");
        let line = format!("evenly: cannot write '/dev/full' for {option}: No space left");
        assert!(said.starts_with(&line) && said.lines().count() == 1, "{said}");

        // The journal is complete too, so there is nothing to resume.
        let journal = Scratch::new("done");
        let output =
            run(&format!("count even 0..1000 {option} /dev/full --journal {}", journal.name()));
        let said = stderr(&output);
        assert_eq!((output.status.code(), &output.stdout[..]), (Some(4), &b"500\n"[..]), "{said}");
        assert!(said.starts_with(&line) && said.lines().count() == 1, "{said}");
    }
}

/// A file that may not grow any more is an error like a full disk, whenever it is written.
#[test]
fn a_limit_of_files_ends_nothing() {
    let file = Scratch::new("limit");
    let limited = |words: &str| {
        let mut command = Command::new("sh");
        let call = format!("ulimit -f 0; exec \"$0\" count even 0..1000 {words}");
        command.args(["-c", &call, EVENLY, file.name()]).output().unwrap()
    };
    for log in ["--joblog \"$1\"", "--events \"$1\""] {
        let output = limited(log);
        let said = stderr(&output);
        assert_eq!((output.status.code(), &output.stdout[..]), (Some(4), &b"500\n"[..]), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let output = limited("> \"$1\"");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.starts_with("evenly: cannot write the answer: "), "{said}");
}

#[test]
fn a_log_is_not_appended_to_a_file_of_another_kind() {
    let log = Scratch::new("foreign");
    std::fs::write(log.name(), "a,b\n1,2\n").unwrap();
    let output = run(&format!("count even 0..10 --joblog +{}", log.name()));
    let said = stderr(&output);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{said}");
    assert!(said.contains("its first line is not the header of a job log"), "{said}");
    assert_eq!(log.text(), "a,b\n1,2\n");
}

#[test]
fn a_fifo_without_a_reader_is_refused_at_once() {
    for option in ["--joblog", "--events"] {
        let fifo = Scratch::new(&format!("fifo{option}"));
        assert!(Command::new("mkfifo").arg(fifo.name()).status().unwrap().success());
        let output = run(&format!("count even 0..10 --deadline 1s {option} {}", fifo.name()));
        let said = stderr(&output);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{said}");
        let expected = format!("for {option}: no process reads this FIFO; start its reader first");
        assert!(said.contains(&expected), "{said}");
    }
}

#[test]
fn a_fifo_with_a_reader_gets_the_whole_log() {
    let fifo = Scratch::new("fifo-read");
    assert!(Command::new("mkfifo").arg(fifo.name()).status().unwrap().success());
    let reader =
        Command::new("cat").arg(fifo.name()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    // Until it has opened the FIFO, no process reads that.
    let output = until("the reader is there", || {
        let output = run(&format!("count even 0..10 --joblog {}", fifo.name()));
        (output.status.code() != Some(2)).then_some(output)
    });
    assert!(output.status.success(), "{}", stderr(&output));
    let text = String::from_utf8(reader.wait_with_output().unwrap().stdout).unwrap();
    assert!(text.starts_with(HEADER) && text.lines().count() > 1, "{text}");
}
