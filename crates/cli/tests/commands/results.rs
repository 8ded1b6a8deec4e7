//! `--results`: files with the output of each run of a command, whole or absent.

use crate::support::{children_of, until};
use crate::yard::Yard;
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

/// The three files of one run, in a directory of results.
fn files(yard: &Yard, run: &str) -> [String; 3] {
    ["stdout", "stderr", "exit"].map(|name| {
        let path = yard.path(run).join(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    })
}

/// The names in a directory.
fn names(yard: &Yard, directory: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(yard.path(directory)).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

const SCRIPT: &str = "case $1 in 1) echo half; exit 3;; 2) kill -SEGV $$;; 3) sleep 100;; esac; \
                      printf out$1; echo err$1 >&2";

pub(crate) fn each_n_has_its_files() {
    let yard = Yard::new();
    let words = format!(
        "run -1..5 -k -j 2 --tag --timeout 300ms --results d/e -- sh -c '{SCRIPT}' sh {{}}"
    );
    let ended = yard.run(&words);
    // Standard output is passed on as without the option.
    assert_eq!((ended.status, &ended.stdout[..]), (3, "-1\tout-1\n0\tout0\n1\thalf\n4\tout4\n"));
    assert_eq!(names(&yard, "d/e"), set(&["-1", "0", "1", "2", "3", "4"]));
    assert_eq!(files(&yard, "d/e/-1"), ["out-1", "err-1\n", "0\n"]);
    assert_eq!(files(&yard, "d/e/1"), ["half\n", "", "3\n"]);
    assert_eq!(files(&yard, "d/e/2"), ["", "", "signal 11\n"]);
    assert_eq!(files(&yard, "d/e/3"), ["", "", "timeout\n"]);
    assert_eq!(names(&yard, "d/e/4"), set(&["stdout", "stderr", "exit"]));
}

pub(crate) fn each_chunk_has_its_files() {
    let yard = Yard::new();
    let script = "echo from $1 to $2; echo said >&2; test $1 != 3";
    let words =
        format!("run 0..6 -j 1 --chunk 3 --results d -- sh -c '{script}' sh {{start}} {{end}}");
    assert_eq!(yard.run(&words).status, 3);
    assert_eq!(names(&yard, "d"), set(&["0..3", "3..6"]));
    assert_eq!(files(&yard, "d/0..3"), ["from 0 to 3\n", "said\n", "0\n"]);
    assert_eq!(files(&yard, "d/3..6"), ["from 3 to 6\n", "said\n", "1\n"]);
}

/// `--results-of failed` keeps nothing of what succeeds, also not what an earlier run has left.
pub(crate) fn only_failures_have_files() {
    let yard = Yard::new();
    let words =
        "run 0..4 -q -j 2 --results d --results-of failed --journal j -- sh -c 'SCRIPT' sh {}"
            .replace("SCRIPT", "echo $1; test -e mended || test $1 != 2");
    assert_eq!(yard.run(&words).status, 3);
    assert_eq!(names(&yard, "d"), set(&["2"]));
    assert_eq!(files(&yard, "d/2"), ["2\n", "", "1\n"]);
    fs::write(yard.path("mended"), "").unwrap();
    assert_eq!(yard.run("resume j --retry-failed").status, 0);
    assert_eq!(names(&yard, "d"), set(&[]));
}

/// Standard error is kept beyond the 64 KiB that are passed on, and the last attempt replaces the others.
pub(crate) fn the_last_attempt_is_kept_whole() {
    let yard = Yard::new();
    let script = "echo attempt $EVENLY_ATTEMPT; $1 flood 2 327680; test $EVENLY_ATTEMPT = 2";
    let words = format!("run 0..1 --retries 1 --results d -- sh -c '{script}' sh TOOL {{}}");
    let ended = yard.run(&words);
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(ended.stderr.len() < 70_000 && ended.stderr.contains("left out"));
    let [output, errors, exit] = files(&yard, "d/0");
    assert_eq!((&output[..], errors.len(), &exit[..]), ("attempt 2\n", 327_680, "0\n"));
}

/// Runs are killed at random and resumed. A file under its own name is always whole.
pub(crate) fn a_killed_run_leaves_no_half_file() {
    let yard = Yard::new();
    let size = 409_600;
    let words = format!(
        "run 0..60 -q -j 3 --chunk 1 --results d --journal j --resume -- TOOL flood 1 {size} {{}}"
    );
    let check = || {
        let Ok(runs) = fs::read_dir(yard.path("d")) else { return };
        for run in runs {
            let run = run.unwrap().path();
            let length = |name: &str| fs::metadata(run.join(name)).ok().map(|file| file.len());
            let output = length("stdout");
            assert!(output.is_none_or(|length| length == size), "{}: {output:?}", run.display());
            assert!(length("exit").is_none_or(|_| output == Some(size)), "{}", run.display());
        }
    };
    for round in 0..12 {
        // With --resume a run that was killed before its journal began starts anew.
        let running = yard.start(&words);
        std::thread::sleep(Duration::from_millis(60 + 10 * round));
        let pid = running.pid();
        // Workers too, so that they write no more.
        for victim in children_of(pid).into_iter().chain([pid]) {
            let victim = Pid::from_raw(victim.cast_signed()).unwrap();
            let _ = kill_process(victim, Signal::KILL);
        }
        let _ = running.ended();
        until("no process is left", || yard.left().is_empty().then_some(()));
        check();
    }
    let ended = yard.run(&words);
    assert_eq!(ended.status, 0, "{ended:?}");
    check();
    assert_eq!(names(&yard, "d").len(), 60);
}

pub(crate) fn a_directory_without_room_ends_the_run() {
    let yard = Yard::new();
    fs::write(yard.path("file"), "").unwrap();
    let ended = yard.run("run 0..3 --results file/d --joblog log -- echo {}");
    ended.failed(
        2,
        "cannot write to the directory 'file/d' of --results: 'file' is not a directory",
    );
    assert!(!yard.path("log").exists());
    // A file takes the place of the directory while the run goes on.
    let words =
        "run 0..3 -j 1 --chunk 1 --results d -- sh -c 'test $1 != 1 || touch d/2; echo $1' sh {}";
    let ended = yard.run(words);
    ended.failed(4, "cannot write the files of --results: File exists");
    assert_eq!(files(&yard, "d/1"), ["1\n", "", "0\n"]);
}
