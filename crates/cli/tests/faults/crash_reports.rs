//! Rows 4 to 6 for workers that report their own crash: a number that crashes or exceeds its time.

use crate::support::{kill, run, start, stderr};
use std::process::Output;
use std::time::Duration;

fn losses(output: &Output) -> usize {
    stderr(output).lines().filter(|line| line.contains(" reclaimed (")).count()
}

/// A number that crashes costs its tries and no more, however long its chunk is; and one at least.
pub(crate) fn a_number_costs_its_tries() {
    for (retries, deaths) in [(0, 2), (1, 2), (2, 3), (5, 6)] {
        let words = format!("0..1e9 -j 2 --split fixed:5e8 --progress none --retries {retries}");
        let output = run(&format!("count test:crash@123456789 {words}"));
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert_eq!(losses(&output), deaths, "{said}");
        assert!(said.contains(" killed by signal 11 (at n = 123456789); 1 chunk"), "{said}");
        assert!(said.contains("n = 123456789 failed: signal 11 (SIGSEGV); rerun: "), "{said}");
    }
    let output = run("count test:panic@123456 0..1e6 -j 2 --progress none");
    assert_eq!((output.status.code(), losses(&output)), (Some(3), 3), "{}", stderr(&output));
}

/// Every failing number is reported, for any number of failures, and the job does not give up.
pub(crate) fn every_tenth_number_crashes() {
    let numbers: Vec<String> = (0..200).step_by(10).map(|n| n.to_string()).collect();
    let output = run(&format!("failures test:crash@{} 0..200 -j 2 -q", numbers.join(",")));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let expected: String = numbers.iter().map(|n| format!("{n}\tsignal 11\n")).collect();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

/// What is sent by others is no fault of the number.
pub(crate) fn a_fault_from_outside() {
    let running = start("count test:slow=100000 0..20 -j 1 --progress none");
    let worker = running.workers(1)[0];
    std::thread::sleep(Duration::from_millis(250));
    kill("SEGV", worker);
    let output = running.output();
    let said = stderr(&output);
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(0), &b"10\n"[..]), "{said}");
    assert!(said.contains(" killed by signal 11; "), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

pub(crate) fn a_number_that_hangs() {
    let output = run("count test:hang@7 0..1000 --timeout 200ms -j 2 --progress none");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(
        said.contains("n = 7 failed: timeout; rerun: evenly count test:hang@7 7..=7"),
        "{said}"
    );
    assert_eq!(losses(&output), 3, "{said}");
    assert!(said.contains(" killed by signal 9 (n = 7 took too long); "), "{said}");

    let output = run("failures test:hang@7,8 0..1000 --timeout 50ms -j 2 -q");
    assert_eq!(output.stdout, b"7\ttimeout\n8\ttimeout\n", "{output:?}");
}

/// A function that blocks all signals cannot say at which number it is: the primary reads that.
pub(crate) fn a_number_that_hangs_and_hears_nothing() {
    let output = run("count test:shut-out@7 0..8 --timeout 100ms -j 2 --progress none --chunk 4");
    let said = stderr(&output);
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(3), &b""[..]), "{said}");
    let failed = "n = 7 failed: timeout; rerun: evenly count test:shut-out@7 7..=7 ";
    assert!(said.contains(failed), "{said}");
    let why = " killed by signal 9 (n = 7 took too long); ";
    assert_eq!((said.matches(why).count(), losses(&output)), (3, 3), "{said}");
}

/// Only the time of one number counts, and no pause of it that is shorter than twice the limit.
pub(crate) fn what_takes_its_time() {
    let output = run("count test:slow=50000 0..20 --timeout 500ms -j 1 --progress none");
    assert_eq!((&output.stdout[..], stderr(&output)), (&b"10\n"[..], String::new()));
    let output = run("count prime 0..1e8 --timeout 1ms -j 2 --progress none");
    assert_eq!((&output.stdout[..], stderr(&output)), (&b"5761455\n"[..], String::new()));

    let running =
        start("count test:slow=200000 0..4 --timeout 3s --silence 1m -j 1 --progress none");
    let worker = running.workers(1)[0];
    std::thread::sleep(Duration::from_millis(100));
    kill("STOP", worker);
    std::thread::sleep(Duration::from_millis(3500));
    kill("CONT", worker);
    let output = running.output();
    assert_eq!((&output.stdout[..], stderr(&output)), (&b"2\n"[..], String::new()));
}
