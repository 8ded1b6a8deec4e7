//! Deadlines and signals act while workers start, while a journal is read, and while an answer is written.

use crate::Scratch;
use crate::support::{children_of, in_foreground, is_alive, kill, run, stderr, until};
use std::io::Read;
use std::os::unix::process::ExitStatusExt;

/// Starting this many workers takes seconds.
const MANY: usize = 6000;

fn started(events: &Scratch) -> usize {
    events.text().matches(r#""event":"worker_started""#).count()
}

#[test]
fn a_deadline_ends_the_start_of_thousands_of_workers() {
    let events = Scratch::new("many");
    let words =
        format!("count prime 0..1e17 -j {MANY} --deadline 100ms --events {}", events.name());
    let output = run(&words);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(124), "{said}");
    assert!(said.contains("evenly: the deadline of 0.1 s passed with "), "{said}");
    assert!(!said.contains("instead of"), "{said}");
    assert!(started(&events) < MANY, "all {MANY} were started");
    assert!(events.text().contains(r#""event":"ended","why":"deadline""#));
}

#[test]
fn a_signal_ends_the_start_of_thousands_of_workers() {
    let events = Scratch::new("many-signal");
    let running =
        in_foreground(&format!("count prime 0..1e17 -j {MANY} --events {}", events.name()));
    let primary = running.pid();
    let workers = until("some workers are there", || {
        let workers = children_of(primary);
        (workers.len() >= 20).then_some(workers)
    });
    kill("TERM", primary);
    let output = running.output();
    assert_eq!(output.status.signal(), Some(15), "{}", stderr(&output));
    assert_eq!(stderr(&output), "evenly: stopped by SIGTERM; there is no answer\n");
    assert!(started(&events) < MANY, "all {MANY} were started");
    assert!(workers.into_iter().all(|worker| !is_alive(worker)));
}

#[test]
fn a_deadline_and_a_signal_end_an_answer_that_is_not_read() {
    // On a busy machine the answer takes a while to be there.
    for (options, status) in [("--deadline 5s", 124), ("", 143)] {
        let events = Scratch::new("unread");
        let words = format!("hist n 0..100000 -j2 {options} --events {}", events.name());
        let mut running = in_foreground(&words);
        let mut unread = running.child().stdout.take().unwrap();
        if status == 143 {
            // The pipe is full: the answer is being written.
            until("the pipe is full", || {
                let waiting = rustix::io::ioctl_fionread(&unread).unwrap();
                (waiting >= 4096 && children_of(running.pid()).is_empty()).then_some(())
            });
            kill("TERM", running.pid());
        }
        until("it ends", || running.child().try_wait().unwrap());
        let output = running.output();
        let said = stderr(&output);
        let ended = output.status.code().or(output.status.signal().map(|signal| 128 + signal));
        assert_eq!(ended, Some(status), "{said}");
        assert!(said.ends_with(" bytes of the answer are not written\n"), "{said}");
        let mut text = String::new();
        unread.read_to_string(&mut text).unwrap();
        assert!(text.starts_with("0\t1\n1\t1\n2\t1\n"), "what is written is a beginning");
        let last = events.text().lines().last().unwrap().to_owned();
        assert!(last.contains(r#""event":"ended","why":""#), "{last}");
        assert!(last.ends_with(&format!("\"status\":{status}}}")), "{last}");
    }
}

#[test]
fn an_answer_that_is_read_late_is_whole() {
    let mut running = in_foreground("hist n 0..100000 -j2 --deadline 1h");
    let mut reader = running.child().stdout.take().unwrap();
    until("the pipe is full", || {
        let waiting = rustix::io::ioctl_fionread(&reader).unwrap();
        (waiting >= 4096 && children_of(running.pid()).is_empty()).then_some(())
    });
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    let expected: String = (0..100_000).map(|n| format!("{n}\t1\n")).collect();
    assert!(text == expected);
    assert!(running.output().status.success());
}

#[test]
fn a_deadline_ends_the_reading_of_a_large_journal() {
    let journal = Scratch::new("large");
    let words = format!("failures 1/(n%3) 0..6e5 -j2 -q --journal {}", journal.name());
    let whole = run(&words);
    assert_eq!(whole.status.code(), Some(1), "{}", stderr(&whole));
    let output = run(&format!("{words} --resume --deadline 10ms"));
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(124), "{said}");
    assert!(said.contains(" passed while the journal '"), "{said}");
    let again = run(&format!("{words} --resume"));
    assert!(again.stdout == whole.stdout, "the journal is as it was");
}

#[test]
fn a_deadline_and_a_signal_end_the_waiting_for_agents() {
    let socket = Scratch::new("unused.sock");
    let words = format!("count even 0..1e6 -j 0 --listen unix:{} --quiet", socket.name());
    let output = run(&format!("{words} --deadline 200ms"));
    assert_eq!(output.status.code(), Some(124), "{}", stderr(&output));
    let running = in_foreground(&words);
    until("it listens", || socket.path().exists().then_some(()));
    kill("INT", running.pid());
    assert_eq!(running.output().status.signal(), Some(2));
}
