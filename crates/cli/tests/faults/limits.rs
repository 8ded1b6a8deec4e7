//! Rows 12, 14, 38 and 39: descriptors, pipes, clocks and memory.

use crate::support::group::MemoryGroup;
use crate::support::{EVENLY, children_of, evenly, kill, start, start_command, stderr};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

pub(crate) fn few_descriptors() {
    for (limit, most) in [(64, 40), (1024, 1000)] {
        let mut command = Command::new("prlimit");
        let words = "count even 0..1e6 -j 5000 --progress none";
        command.arg(format!("--nofile={limit}:{limit}")).arg(EVENLY).args(words.split(' '));
        let output = start_command(command).output();
        let said = stderr(&output);
        assert_eq!(output.stdout, b"500000\n", "{said}");
        let workers: usize = said.split(' ').nth(1).unwrap().parse().unwrap();
        assert!((10..most).contains(&workers), "{said}");
        assert!(said.contains("instead of 5000: ") && said.contains("ulimit -n"), "{said}");
        assert_eq!(said.lines().count(), 1);
    }
    let mut command = Command::new("prlimit");
    command.args(["--nofile=8:8", EVENLY, "count", "even", "0..10"]);
    let output = start_command(command).output();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(stderr(&output).contains("open files"), "{output:?}");
}

/// A user with more than 1024 pipes gets pipes of the smallest size (pipe(7)).
pub(crate) fn small_pipes() {
    let binary = std::env::temp_dir().join(format!("evenly-{}", std::process::id()));
    fs::copy(EVENLY, &binary).unwrap();
    let script = "
import fcntl, os, subprocess, sys
held = [os.pipe() for _ in range(1030)]
last = fcntl.fcntl(held[-1][0], 1032)
words = ['count', 'even', '0..2e6', '--split', 'fixed:7', '-j', '16', '--progress', 'none']
done = subprocess.run([sys.argv[1]] + words, capture_output=True, timeout=30)
print(last, done.returncode, done.stdout.decode().strip(), done.stderr.decode())
";
    let output = Command::new("setpriv")
        .args(["--reuid", "61237", "--regid", "61237", "--clear-groups"])
        .args(["prlimit", "--nofile=8192:8192", "python3", "-c", script])
        .arg(&binary)
        .output()
        .unwrap();
    fs::remove_file(&binary).unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let (size, rest) = said.trim().split_once(' ').unwrap();
    assert!(size.parse::<usize>().unwrap() <= 8192, "{said} {:?}", output.stderr);
    assert_eq!(rest, "0 1000000");
}

/// As a suspended machine, or one whose owner stopped everything: no worker is taken for silent.
pub(crate) fn all_stopped() {
    let running =
        start("count test:slow=1000 0..3000 -j 2 --split fixed:10 --progress none --silence 2s");
    let workers = running.workers(2);
    std::thread::sleep(Duration::from_millis(100));
    workers.iter().for_each(|worker| kill("STOP", *worker));
    std::thread::sleep(Duration::from_millis(100));
    kill("STOP", running.pid());
    // A wait of the primary ends more than a second too late: that is how it notices its own stop.
    std::thread::sleep(Duration::from_millis(3500));
    kill("CONT", running.pid());
    std::thread::sleep(Duration::from_millis(300));
    workers.iter().for_each(|worker| kill("CONT", *worker));
    let output = running.output();
    assert_eq!(output.stdout, b"1500\n", "{output:?}");
    assert_eq!(stderr(&output), "");
}

/// An hour forth and an hour back in the middle of a run.
pub(crate) fn the_wall_clock_steps() {
    let file = std::env::temp_dir().join(format!("evenly-faketime-{}", std::process::id()));
    fs::write(&file, "+0").unwrap();
    let mut command = evenly("count test:slow=1000 0..2000 -j 2 --deadline 20s --progress none");
    let library = libfaketime();
    command
        .env("LD_PRELOAD", library)
        .env("FAKETIME_TIMESTAMP_FILE", &file)
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let running = start_command(command);
    for step in ["+1h", "-1h", "+0"] {
        std::thread::sleep(Duration::from_millis(200));
        fs::write(&file, step).unwrap();
    }
    let output = running.output();
    fs::remove_file(&file).unwrap();
    assert_eq!(output.stdout, b"1000\n", "{output:?}");
    assert_eq!(stderr(&output), "");
}

/// Where faketime(1) keeps the library that it preloads.
fn libfaketime() -> PathBuf {
    let output =
        Command::new("faketime").args(["now", "sh", "-c", "echo $LD_PRELOAD"]).output().unwrap();
    let preload = String::from_utf8(output.stdout).unwrap();
    preload.trim().split(':').next_back().unwrap().into()
}

pub(crate) fn out_of_memory() {
    let group = MemoryGroup::limited(64 << 20);
    let command = group.evenly("count test:allocate@777 0..1e5 -j 2 --progress none");
    let output = start_command(command).output();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("n = 777 failed: signal 9"), "{said}");
    assert!(!said.contains("n = 776") && !said.contains("n = 778"), "{said}");
}

pub(crate) fn no_more_address_space() {
    let mut command = Command::new("prlimit");
    let words = "count test:allocate@777 0..1e5 -j 2 --progress none";
    command.args(["--as=200000000", EVENLY]).args(words.split(' ')).env("RUST_BACKTRACE", "0");
    let running = start_command(command);
    let pid = running.pid();
    let output = running.output();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("n = 777 failed: signal 6"), "{said}");
    assert!(children_of(pid).is_empty());
}
