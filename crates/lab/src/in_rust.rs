//! Tests of the programs in Rust: each prints, and ends, as the one in C, and has the same verdict.

use crate::exercise::Program;
use crate::exercises::{EXERCISES, find};
use crate::folder::Folder;
use crate::lesson::RUNS;
use crate::program;
use evenly_inspect::Language;
use std::path::Path;
use std::process::Command;

/// The output without what Rust adds to the text of an error, as in "Bad file descriptor (os error 9)".
fn as_in_c(output: &str) -> String {
    let line = |line: &str| line.split(" (os error ").next().unwrap_or(line).to_owned() + "\n";
    output.lines().map(line).collect()
}

/// Compiles a program as `docs/lab.md` says, and compares it with what the table says of that in C.
fn does_the_same(expected: &Program, folder: &Path, name: &str) {
    let file = folder.join(format!("{name}.rs"));
    std::fs::write(&file, expected.source.rust).unwrap();
    let program = folder.join(name);
    let output = Command::new("rustc").arg("-o").args([&program, &file]).output().unwrap();
    let warnings = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && warnings.is_empty(), "{warnings}");

    let mut runs = Vec::new();
    let is_shown = (0..RUNS).any(|_| {
        let mut run =
            program::run(&program, expected.status.is_some(), Language::English, None).unwrap();
        run.output = as_in_c(&run.output);
        let is_shown = expected.is_shown_by(&run, Language::English);
        runs.push(run);
        is_shown
    });
    assert!(is_shown, "{name}: {runs:?}");
}

/// Set in the process of one test.
const ALONE: &str = "EVENLY_LAB_TEST_ALONE";

/// Does the test in a process of its own: a run of a program takes the ends of all children of its process.
fn shows_the_same(name: &str) {
    if std::env::var_os(ALONE).is_none() {
        let test = format!("{}::{name}", module_path!().split_once("::").unwrap().1);
        let mut alone = Command::new(std::env::current_exe().unwrap());
        let output =
            alone.args(["--exact", &test, "--nocapture"]).env(ALONE, "1").output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && printed.contains("1 passed"), "{printed}{error}");
        return;
    }
    let exercise = find(&name.replace('_', "-")).unwrap();
    let folder = Folder::make().unwrap();
    does_the_same(&exercise.mistake, folder.path(), "mistake");
    does_the_same(&exercise.fix, folder.path(), "fix");
}

/// A test for each exercise, and one that there are no more exercises.
macro_rules! exercises {
    ($($name:ident)*) => {
        $(#[test] fn $name() { shows_the_same(stringify!($name)); })*

        #[test]
        fn each_exercise_has_a_test() {
            let tested = [$(stringify!($name).replace('_', "-")),*];
            assert_eq!(tested, EXERCISES.each_ref().map(|one| one.name()));
        }
    };
}

exercises! {
    parent_keeps_end children_keep_ends wait_before_read both_fill pipe_after_fork
    write_to_read_end long_writes peek_by_read
    shared_counter no_wait unchecked_error code_after_exec signal_without_data
    connect_before_listen bind_twice short_datagram split_message accept_blocks
}
