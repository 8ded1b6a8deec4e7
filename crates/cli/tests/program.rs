//! A program with functions of its own and the whole command line: `examples/collatz.rs`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use support::process::Process;
use support::{example, kill, stderr, until};

/// Twin primes below 10^6 (OEIS A007508).
const TWINS: &str = "8169\n";

/// A call of an executable with these words, split at spaces.
fn call(executable: &Path, words: &str) -> Command {
    let mut command = Command::new(executable);
    command.args(words.split_whitespace()).env("RUST_BACKTRACE", "0").stdin(Stdio::null());
    command
}

fn run(words: &[&str]) -> Output {
    call(&example("collatz"), "").args(words).output().unwrap()
}

#[track_caller]
fn answer(words: &[&str]) -> String {
    let output = run(words);
    assert!(output.status.success(), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A directory of its own for each test, removed afterwards.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = evenly_testkit::directory::in_memory()
            .join(format!("evenly-{name}-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The same program in a file with another digest: the loader ignores bytes behind an executable.
    fn another_build(&self) -> PathBuf {
        let path = self.path("collatz");
        fs::copy(example("collatz"), &path).unwrap();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"x").unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn registered_functions_are_functions_of_every_question() {
    for (words, expected) in [
        (&["count", "twin", "0..1000"][..], "35\n"),
        (&["count", "twin(n)", "0..1000", "-j", "1"], "35\n"),
        (&["find", "twin", "0..20"], "3\n5\n11\n17\n"),
        (&["any", "twin", "900..2000"], "true\t1019\n"),
        (&["sum", "twin", "0..1000"], "35\n"),
        (&["max", "stopping_time", "1..100000", "--split", "fixed:777"], "350\t77031\n"),
        (&["map", "stopping_time", "5..8"], "5\t5\n6\t8\n7\t16\n"),
        (&["hist", "twin", "0..1000"], "0\t965\n1\t35\n"),
        (&["sum", "inverse", "1..=10"], "2.9289682539682538\n"),
        (&["count", "twin", "0..1000", "--where", "n % 10 == 9"], "11\n"),
        // Builtins and expressions are there as well.
        (&["count", "prime", "0..1000"], "168\n"),
        (&["sum", "n * n", "0..10"], "285\n"),
    ] {
        assert_eq!(answer(words), expected, "{words:?}");
    }
}

#[test]
fn an_error_or_a_panic_fails_its_number_and_the_rerun_line_names_this_program() {
    let program = example("collatz");
    let output = run(&["sum", "stopping_time", "0..9"]);
    assert_eq!((output.status.code(), &*output.stdout), (Some(3), &b""[..]));
    let rerun = format!("{} sum stopping_time 0..=0", program.display());
    let line = format!("evenly: n = 0 failed: n is below 1; rerun: {rerun}\n");
    assert!(stderr(&output).contains(&line), "{output:?}");

    let output = run(&["failures", "stopping_time", "9223372036854775807..=9223372036854775807"]);
    assert_eq!(output.status.code(), Some(1));
    let failed = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(failed == "9223372036854775807\texit 101\n", "{output:?}");
    assert!(stderr(&output).contains("3 n is above 2^64"), "{output:?}");

    let output = run(&["sum", "stopping_time", "-1..9"]);
    assert!(stderr(&output).contains("n in -1..=0 failed: n = -1: n is below 1; "), "{output:?}");

    // A failure under a condition keeps its text.
    let output = run(&["sum", "stopping_time", "-9..9", "--where", "n > -1"]);
    assert!(stderr(&output).contains("n = 0 failed: n is below 1; "), "{output:?}");
}

#[test]
fn help_lists_and_hints_have_the_functions_and_the_name_of_the_program() {
    let listed = "  twin           n and n + 2 are prime\n";
    for words in [&["functions"][..], &["--help"], &["count", "--help"]] {
        let page = answer(words);
        assert!(page.contains(listed), "{words:?}: {page}");
        assert!(page.contains("collatz count even"), "{words:?}: {page}");
        assert!(!page.contains("evenly count"), "{words:?}: {page}");
    }
    assert!(answer(&["--version"]).starts_with("collatz (evenly "));
    assert!(!answer(&["keygen", "--help"]).contains(listed));
    for (words, said) in [
        (&["count", "twni", "0..9"][..], "unknown function 'twni'; did you mean 'twin'?"),
        (&["count", "stopping_time", "0..9"], "register a function that returns bool"),
        (&["count", "twin(n) && n > 5", "0..9"], "expressions cannot call 'twin', a function of"),
        (&["count", "even", "0..9", "--where", "twin"], "register a function that tests the condi"),
        (&["count", "0..9"], "/collatz functions lists more"),
    ] {
        let output = run(words);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(stderr(&output).contains(said), "'{said}': {output:?}");
    }
}

#[test]
fn an_agent_of_the_same_executable_works_until_it_is_killed_and_another_one_goes_on() {
    let site = Scratch::new("program-agents");
    let (program, copy) = (example("collatz"), site.path("copy"));
    fs::copy(&program, &copy).unwrap();
    let address = format!("unix:{}", site.path("socket").display());
    let words = format!("count twin 0..1000000 -j 0 --listen {address} --chunk-max 10000");
    let mut primary = Process::start(call(&program, &words));
    primary.line("listening");

    let agent = Process::start(call(&copy, &format!("join {address} -j 1")));
    primary.line("joined");
    kill("KILL", agent.pid());
    assert_eq!(agent.ended().status, 137);
    primary.line("is gone");
    let agent = Process::start(call(&copy, &format!("join {address} -j 2")));
    primary.ended().answers(TWINS);
    agent.ended().answers("");
}

#[test]
fn another_executable_is_refused_as_an_agent_and_both_hashes_are_named() {
    let site = Scratch::new("program-hashes");
    let (program, other) = (example("collatz"), site.another_build());
    let address = format!("unix:{}", site.path("socket").display());
    let words = format!("count twin 0..1000000 -j 0 --listen {address}");
    let mut primary = Process::start(call(&program, &words));
    primary.line("listening");

    let refused = Process::start(call(&other, &format!("join {address}"))).ended();
    refused.failed(2, " refuses this agent: twin is a function of the executable with the hash ");
    assert_eq!(refused.stderr.lines().count(), 1, "{refused:?}");
    let plain = Process::start(support::evenly(&format!("join {address}"))).ended();
    plain.failed(2, "twin is a function of the executable with the hash ");
    assert_eq!(plain.stderr.lines().count(), 1, "{plain:?}");
    if let Ok(output) = Command::new("b2sum").args(["-l", "256"]).args([&program, &other]).output()
    {
        let sums = String::from_utf8(output.stdout).unwrap();
        for sum in sums.lines() {
            assert!(refused.stderr.contains(&sum[..16]), "{refused:?}: {sums}");
        }
    }

    let agent = Process::start(call(&program, &format!("join {address} -j 2")));
    primary.ended().answers(TWINS);
    agent.ended().answers("");
}

#[test]
fn an_agent_of_a_program_works_for_a_job_over_a_builtin() {
    let site = Scratch::new("program-builtins");
    let address = format!("unix:{}", site.path("socket").display());
    let words = format!("count prime 0..1000000 -j 0 --listen {address}");
    let mut primary = Process::start(support::evenly(&words));
    primary.line("listening");
    let agent = Process::start(call(&example("collatz"), &format!("join {address} -j 1")));
    primary.ended().answers("78498\n");
    agent.ended().answers("");
}

#[test]
fn a_run_that_was_killed_is_resumed_and_another_executable_needs_accept_change() {
    let site = Scratch::new("program-journal");
    let (program, other) = (example("collatz"), site.another_build());
    let journal = site.path("twin.journal").display().to_string();
    let words = format!("count twin 0..4000000 -j 1 --journal {journal} --chunk-max 2000");
    let primary = Process::start(call(&program, &words));
    until("the journal has records", || {
        let verified = call(&program, &format!("verify {journal}")).output().unwrap();
        let lines = String::from_utf8(verified.stdout).unwrap();
        lines.lines().any(|line| line.starts_with("done\t") && line != "done\t0").then_some(())
    });
    kill("KILL", primary.pid());
    assert_eq!(primary.ended().status, 137);
    let expected = answer(&["count", "prime(n) && prime(n + 2)", "0..4000000"]);

    let refused = call(&other, &format!("resume {journal}")).output().unwrap();
    assert_eq!(refused.status.code(), Some(5), "{refused:?}");
    assert!(stderr(&refused).contains("program '"), "{refused:?}");
    let resumed = call(&program, &format!("resume {journal}")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&resumed.stdout), expected, "{resumed:?}");
    let again = call(&other, &format!("resume {journal} --accept-change")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&again.stdout), expected, "{again:?}");
}
