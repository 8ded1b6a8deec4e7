//! Rows 1 to 9: workers that are killed, stopped, exit early, or send frames that are no answer.

use crate::support::{
    Running, children_of, is_alive, kill, run, start, state_and_parent, stderr, until,
};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Half a second of work for two workers, and more when they are killed all the time, in chunks of any length; and its
/// answer.
const WORK: (&str, &[u8]) = ("count prime 0..3e9 --progress none", b"144449537\n");

fn stdout_is(output: &Output, expected: &[u8]) {
    let said = stderr(output);
    assert_eq!(output.stdout, expected, "{:?} {said}", output.status);
    assert!(output.status.success(), "{said}");
    assert!(said.lines().all(|line| line.starts_with("evenly: ")), "{said}");
}

/// Kills those of these workers that are still there.
fn kill_some(workers: &[u32]) {
    let words: Vec<String> = workers.iter().map(u32::to_string).collect();
    // One may have ended by itself since.
    let _ = Command::new("kill").arg("-9").args(words).stderr(Stdio::null()).status();
}

/// Kills for a while, as `choose` chooses among the workers, then lets the run end.
fn under_kills(
    words: &str,
    gap_ms: u64,
    mut choose: impl FnMut(&[u32], usize) -> Vec<u32>,
) -> Output {
    let running = start(words);
    let started = Instant::now();
    let mut round = 0;
    while round < 40 && started.elapsed() < Duration::from_secs(10) && is_alive(running.pid()) {
        let workers = children_of(running.pid());
        if !workers.is_empty() {
            kill_some(&choose(&workers, round));
            round += 1;
        }
        std::thread::sleep(Duration::from_millis(gap_ms));
    }
    let output = running.output();
    assert!(round >= 10, "{round} rounds of kills only");
    output
}

pub(crate) fn random_kills() {
    for split in ["timed", "guided", "fixed:1e5"] {
        let words = format!("{} -j 3 --split {split}", WORK.0);
        let output =
            under_kills(&words, 10, |workers, round| vec![workers[round * 7 % workers.len()]]);
        stdout_is(&output, WORK.1);
        let said = stderr(&output);
        let is_loss = |line: &&str| {
            line.starts_with("evenly: worker ") && line.contains(" killed by signal 9; ")
        };
        assert!(said.lines().filter(is_loss).count() >= 5, "{said}");
    }
}

pub(crate) fn all_killed_at_once() {
    // Five seconds at least, whatever else the machine does: the numbers sleep.
    let words = "count test:slow=1000 0..20000 -j 4 --split fixed:10 --progress none";
    let output = under_kills(words, 50, |workers, _| workers.to_vec());
    stdout_is(&output, b"10000\n");
}

/// Waits until the program says that a stopped worker has lost what it held.
fn until_silent(running: &mut Running) -> String {
    use std::io::Read;
    let mut said = String::new();
    let mut bytes = running.child().stderr.take().unwrap();
    let mut byte = [0];
    while !said.ends_with('\n') && bytes.read(&mut byte).unwrap() == 1 {
        said.push(byte[0].into());
    }
    // Frames after this are dropped and block no worker.
    std::thread::spawn(move || std::io::copy(&mut bytes, &mut std::io::sink()));
    said
}

fn stopped(pid: u32) -> bool {
    state_and_parent(pid).is_some_and(|(state, _)| state == 'T')
}

pub(crate) fn stopped_and_continued() {
    // Two seconds at least, four times the limit of silence: each number sleeps a millisecond.
    let words = "count test:slow=1000 0..4000 -j 2 --split fixed:5 --format json --progress none";
    let mut running = start(&format!("{words} --silence 500ms"));
    let victim = running.workers(2)[0];
    std::thread::sleep(Duration::from_millis(200));
    kill("STOP", victim);
    let said = until_silent(&mut running);
    let line = format!("evenly: worker 1 (pid {victim}) has been stopped for 0.5 s; ");
    assert!(said.starts_with(&line) && said.contains(" reclaimed ("), "{said}");
    assert!(stopped(victim), "it is not killed: it may go on");
    kill("CONT", victim);
    let output = running.output();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains(r#""answer":"2000""#), "{text}");
    // The chunk it was at when it was stopped comes late.
    assert!(!text.contains(r#""stale_answers":0"#), "{text}");
    assert!(text.contains(r#""losses":0"#), "it was no loss: {text}");
}

pub(crate) fn stopped_for_ever() {
    let running = start(
        "count test:slow=1000 0..2000 -j 2 --split fixed:100 --progress none --silence 500ms",
    );
    let victim = running.workers(2)[0];
    kill("STOP", victim);
    let output = running.output();
    stdout_is(&output, b"1000\n");
    assert!(!is_alive(victim));
}

pub(crate) fn the_only_one_stopped() {
    let running = start("count test:slow=1000 0..1000 -j 1 --progress none --silence 500ms");
    let victim = running.workers(1)[0];
    kill("STOP", victim);
    let output = running.output();
    stdout_is(&output, b"500\n");
    assert!(stderr(&output).contains("(it was stopped, and no other worker could take its work)"));
}

/// The stages wait for answers, too, and must not wait for ever.
pub(crate) fn stopped_under_wiring() {
    let running = start("count test:slow=100000 0..4 -j 1 --wiring --silence 500ms");
    until("a worker is at work", || {
        let worker = children_of(running.pid()).first().copied()?;
        let at_work = crate::support::descriptors(worker).len() == 5 && !stopped(worker);
        at_work.then(|| kill("STOP", worker))
    });
    let output = running.output();
    assert_eq!(output.stdout, b"2\n", "{output:?}");
}

/// An idle worker gets a part of the long chunk of another.
pub(crate) fn a_long_chunk_is_shared() {
    let log = std::env::temp_dir().join(format!("evenly-shared-{}", std::process::id()));
    let words = "count test:slow=20000 0..101 -j 2 --split fixed:100 --joblog";
    let output = run(&format!("{words} {}", log.display()));
    let lines = std::fs::read_to_string(&log).unwrap();
    std::fs::remove_file(&log).unwrap();
    stdout_is(&output, b"51\n");
    assert!(lines.lines().count() > 1 + 2, "a chunk of 100 and one of 1, and parts: {lines}");
}

/// A function that always loses its worker at n = 123456 is found out.
fn is_found_out(fault: &str, cause: &str) -> usize {
    let output = run(&format!("count test:{fault}@123456 0..1e6 -j 2 --progress none"));
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{fault}: {said}");
    assert_eq!(output.stdout, b"", "{fault}");
    assert!(said.contains(&format!("n = 123456 failed: {cause}")), "{fault}: {said}");
    said.lines().filter(|line| line.contains("reclaimed")).count()
}

pub(crate) fn a_number_that_crashes() {
    assert_eq!(is_found_out("crash", "signal 11"), 3, "it names itself");
    // The chunk halved down to one number, and three more tries at both ends of that.
    let losses = is_found_out("exit=7", "exit 7");
    assert!(losses <= 2 * 20 + 6, "{losses}");
    // SIGKILL does not tell which process sent it, so the number may be the cause.
    let losses = is_found_out("kill", "signal 9");
    assert!(losses <= 2 * 20 + 4 * 3 + 3, "{losses}");
    let output = run("count test:crash@0,500,501,999999 0..1e6 -j 3 --progress none");
    let said = stderr(&output);
    for named in ["n = 0", "n in 500..=501", "n = 999999"] {
        assert!(said.contains(&format!("evenly: {named} failed: signal 11 (SIGSEGV); ")), "{said}");
    }
    assert_eq!(said.matches(" failed: ").count(), 3, "{said}");
}

/// Every number is found out; that is progress, so the job does not give up.
pub(crate) fn every_number_crashes() {
    let numbers: Vec<String> = (0..60).map(|n| n.to_string()).collect();
    let words = format!("test:crash@{} 0..60 -j 2 --progress none", numbers.join(","));
    let output = run(&format!("count {words}"));
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("evenly: n in 0..=59 failed: signal 11 (SIGSEGV); "), "{said}");
    assert_eq!(said.matches(" failed: ").count(), 1, "{said}");
    assert!(said.contains("evenly: 60 numbers failed; "), "{said}");
    let each: String = (0..60).map(|n| format!("{n}\tsignal 11\n")).collect();
    assert_eq!(run(&format!("failures {words}")).stdout, each.as_bytes());
}

pub(crate) fn a_number_that_crashes_once() {
    let once = std::env::temp_dir().join(format!("evenly-once-{}", std::process::id()));
    let output = run(&format!("count test:crash-once={}@777 0..1e6 -j 2", once.display()));
    std::fs::remove_file(&once).unwrap();
    stdout_is(&output, b"500000\n");
    let said = stderr(&output);
    let [loss, recovered] = said.lines().collect::<Vec<_>>()[..] else { panic!("{said}") };
    assert!(loss.contains("killed by signal 11 (at n = 777); "), "one loss and no more: {said}");
    let expected = "evenly: 1 number is flaky: a try failed, and a later one passed: n = 777 (signal 11 (SIGSEGV))";
    assert_eq!(recovered, expected);
}

pub(crate) fn left_early() {
    is_found_out("exit=0", "exit 0");
    is_found_out("exit=7", "exit 7");
    is_found_out("panic", "exit 101");
}

pub(crate) fn closed_its_pipes() {
    // It reports why it leaves, and its answers before that count, also those of the chunk in work. The range is so long
    // that the worker has not got all of it when it closes its pipe.
    for words in ["@0 0..3e7", "@123456 0..3e7", "@0 0..3e7 --split static"] {
        let output = run(&format!("count test:deaf{words} -j 1 --progress none"));
        stdout_is(&output, b"15000000\n");
        assert!(stderr(&output).contains(": Bad file descriptor (os error 9))"), "{output:?}");
    }
    let output = run("count test:mute@123456 0..1e6 -j 2 --progress none");
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = stderr(&output);
    let why =
        "the worker could not write to its result pipe, descriptor 4; the function must not close";
    assert!(said.contains(&format!("n = 123456 failed: exit 74: {why}")), "{said}");
    assert!(said.contains(&format!(" ended with status 74 ({why}")), "{said}");
    assert!(said.contains("cannot tell it: write: Bad file descriptor"), "{said}");
}

pub(crate) fn garbage() {
    for fault in ["garbage", "half-a-frame"] {
        let words = "0..1e6 -j 3 --partial --progress none";
        let output = run(&format!("count test:{fault}@0,777,500000 {words}"));
        let said = stderr(&output);
        // Two of the three are even. The numbers of all other workers count, including those of suspected workers.
        assert_eq!(output.stdout, b"499998\n", "{said}");
        assert_eq!(output.status.code(), Some(3), "{said}");
        for n in [0, 777, 500_000] {
            assert!(said.contains(&format!("n = {n} failed: no valid answer; ")), "{said}");
        }
        assert_eq!(said.matches(" failed: ").count(), 3, "{said}");
        assert!(said.contains("evenly: the result pipe carries "), "{said}");
        assert!(said.contains("(it may have written bytes that are no frame of evenly)"), "{said}");
    }
}

pub(crate) fn contradiction() {
    let output = run("count test:contradict@600 0..1000 -j 2 --split static");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert_eq!(output.stdout, b"");
    let twice =
        " answered twice for the chunk that begins at n = 0, with different values (250 and 0); ";
    assert!(said.contains("evenly: stopped: worker 1 (pid "), "{said}");
    assert!(said.contains(twice) && said.contains("run the job again"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}
