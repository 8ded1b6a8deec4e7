//! `--lib`: functions of shared libraries in C and in Rust.

#[path = "library/forks.rs"]
mod forks;
#[path = "library/loading.rs"]
mod loading;
#[path = "library/reals.rs"]
mod reals;
mod support;

use libtest_mimic::{Failed, Trial};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;
use support::{EVENLY, needing, run_words, stderr};

/// The examples, built once, in a directory of this run.
static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
    let place = std::env::temp_dir().join(format!("evenly-library-{}", std::process::id()));
    std::fs::create_dir_all(&place).expect("a place for libraries");
    let source =
        |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/lib").join(name);
    let build = |command: &mut Command| {
        let output = command.output().expect("a compiler");
        assert!(output.status.success(), "{output:?}");
    };
    let (c, rust) = (place.join("collatz.so"), place.join("digits.so"));
    build(
        Command::new("cc").args(["-O2", "-shared", "-fPIC", "-o"]).arg(c).arg(source("collatz.c")),
    );
    let kind = ["-O", "-C", "panic=abort", "--crate-type", "cdylib", "--edition", "2024", "-o"];
    build(Command::new("rustc").args(kind).arg(rust).arg(source("digits.rs")));
    place
});

/// Builds a library of this name from a source in C.
fn built(name: &str, source: &str) -> PathBuf {
    // Another test may be using the library: a new file takes its place.
    let fresh = BUILT.join(format!("{name}.{:?}", std::thread::current().id()));
    let (library, file) =
        (BUILT.join(name), BUILT.join(format!("{name}.{:?}.c", std::thread::current().id())));
    std::fs::write(&file, source).expect("a file");
    let mut cc = Command::new("cc");
    let output = cc.args(["-O1", "-shared", "-fPIC", "-o"]).args([&fresh, &file]).output();
    let output = output.expect("a compiler");
    assert!(output.status.success(), "{output:?}");
    std::fs::rename(&fresh, &library).expect("a file");
    library
}

fn spec(name: &str) -> String {
    format!("{}/{name}", BUILT.display())
}

fn lib(verb: &str, function: &str, rest: &[&str]) -> Output {
    let spec = spec(function);
    let mut command = support::evenly("");
    // What a panic says of itself is not asked for here, and takes long.
    command.args([verb, "--lib", &spec]).args(rest).env("RUST_BACKTRACE", "0");
    command.output().expect("it runs")
}

fn answers(verb: &str, function: &str, rest: &[&str]) -> String {
    let output = lib(verb, function, rest);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(stderr(&output), "", "{verb} {function}");
    String::from_utf8(output.stdout).expect("text")
}

fn steps(n: i64) -> i64 {
    let (mut at, mut count) = (n.cast_unsigned(), 0);
    while at > 1 {
        at = if at % 2 == 1 { 3 * at + 1 } else { at / 2 };
        count += 1;
    }
    count
}

/// Each question against a plain loop, in chunks of any kind.
fn every_question() {
    let numbers = || 1..3000_i64;
    let range = "1..3000";
    for split in ["timed", "fixed:7", "static"] {
        let ask = |verb| answers(verb, "collatz.so:steps", &[range, "-j", "2", "--split", split]);
        assert_eq!(ask("count"), format!("{}\n", numbers().filter(|n| steps(*n) != 0).count()));
        assert_eq!(ask("sum"), format!("{}\n", numbers().map(steps).sum::<i64>()));
        let most = numbers().map(steps).max().expect("there are some");
        let first = numbers().find(|n| steps(*n) == most).expect("there is one");
        assert_eq!(ask("max"), format!("{most}\t{first}\n"));
        assert_eq!(ask("min"), "0\t1\n");
        assert_eq!(ask("any"), "true\t2\n");
        let map: String = numbers().map(|n| format!("{n}\t{}\n", steps(n))).collect();
        assert_eq!(ask("map"), map);
        let mut values = std::collections::BTreeMap::new();
        numbers().for_each(|n| *values.entry(steps(n)).or_insert(0) += 1);
        let hist: String = values.iter().map(|(value, n)| format!("{value}\t{n}\n")).collect();
        assert_eq!(ask("hist"), hist);
        assert_eq!(ask("failures"), "");
    }
    let found = answers("find", "digits.so:is_sum_of_fifth_powers", &["2..1e5"]);
    assert_eq!(found, "4150\n4151\n54748\n92727\n93084\n");
    let first = answers("find", "digits.so:is_sum_of_fifth_powers", &["2..1e9", "--first", "2"]);
    assert_eq!(first, "4150\n4151\n");
    let all = lib("all", "collatz.so:steps", &["0..9"]);
    assert_eq!((all.status.code(), &all.stdout[..]), (Some(1), &b"false\t0\n"[..]));
}

/// What crashes, aborts, leaves or hangs costs its number, and is named.
fn failures() {
    let rest = ["0..1000", "-j", "2", "-q", "--timeout", "100ms"];
    let output = lib("failures", "collatz.so:fragile", &rest);
    let in_one_chunk =
        lib("failures", "collatz.so:fragile", &[&rest[..], &["--chunk", "1000"]].concat());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(in_one_chunk.stdout, output.stdout, "{in_one_chunk:?}");
    let causes = ["signal 11", "signal 8", "signal 6", "exit 3", "timeout"];
    let expected: String = [0, 500]
        .iter()
        .flat_map(|base| {
            (7..).zip(causes).map(move |(n, cause)| format!("{}\t{cause}\n", base + n))
        })
        .collect();
    assert_eq!(String::from_utf8(output.stdout).expect("text"), expected);

    let output = lib("failures", "digits.so:fragile", &["0..200", "-j", "2", "--progress", "none"]);
    let expected: String = (9..200).step_by(10).map(|n| format!("{n}\tsignal 6\n")).collect();
    assert_eq!(String::from_utf8(output.stdout.clone()).expect("text"), expected);
    let losses = stderr(&output).lines().filter(|line| line.contains(" reclaimed (")).count();
    assert_eq!(losses, 20 * 3, "three of each");
}

/// The library of [`hangs.c`](library/hangs.c), built once: a run ends if its library changes.
static HANGS: LazyLock<PathBuf> =
    LazyLock::new(|| built("hangs.so", include_str!("library/hangs.c")));

/// Whatever a function does to the timer, the signals or the descriptors of its worker.
fn a_hang_ends_by_timeout_whatever_the_function_does() {
    LazyLock::force(&HANGS);
    let ends_by_timeout = |function: &str| {
        // A limit of silence that no stopped worker reaches.
        let rest =
            ["0..16", "-j", "2", "--chunk", "8", "--timeout", "200ms", "--silence", "1h", "-q"];
        let output = lib("failures", &format!("hangs.so:{function}"), &rest);
        assert_eq!(output.stdout, b"7\ttimeout\n", "{function}: {output:?}");
        assert_eq!(output.status.code(), Some(1), "{function}: {output:?}");
    };
    let functions = [
        "ignores_signals",
        "blocks_signals",
        "deletes_its_timer",
        "runs_another_program",
        "waits_for_its_child",
        "closes_the_result_pipe",
        "stops_itself",
    ];
    // All at once: they wait for most of the time.
    std::thread::scope(|scope| {
        for function in functions {
            scope.spawn(move || ends_by_timeout(function));
        }
    });
}

/// Each attempt at the number stops a worker, which is killed after the limit of silence.
fn a_function_that_stops_its_worker_is_named() {
    LazyLock::force(&HANGS);
    let rest =
        ["0..16", "-j", "2", "--chunk", "8", "--retries", "0", "--partial", "--silence", "500ms"];
    let output = lib("count", "hangs.so:stops_itself", &rest);
    let said = stderr(&output);
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(3), &b"14\n"[..]), "{said}");
    assert!(said.contains("n = 7 failed: signal 19 (SIGSTOP); rerun: "), "{said}");
}

/// There is no time limit; the number is named while the job waits for it.
fn a_hang_is_named_without_a_timeout() {
    let spec = format!("{}:sleeps", HANGS.display());
    let events = BUILT.join("hang.events");
    let words =
        "count 0..16 -j 2 --chunk 8 -v --progress none --stuck-after 1s --drain 1s --events";
    let mut command = support::evenly(words);
    let mut running = command
        .arg(&events)
        .args(["--lib", &spec])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it runs");
    let said = std::io::BufReader::new(running.stderr.take().expect("a pipe"));
    let stuck = " has been at n = 7 for 1";
    let lines = std::io::BufRead::lines(said).map_while(Result::ok);
    let mut lines = lines.skip_while(|line| !line.contains(stuck));
    let verbose = lines.next().expect("-v names the number");
    let pid = rustix::process::Pid::from_child(&running);
    rustix::process::kill_process(pid, rustix::process::Signal::USR1).expect("it lives");
    let status = lines.find(|line| line.contains(" of 16 numbers")).expect("USR1 is answered");
    let named = verbose.trim_start_matches("evenly: ").split(" for ").next().expect("a part");
    assert!(status.contains(named) && !status.contains(" left"), "{status}");
    support::until("an event names it", || {
        let text = std::fs::read_to_string(&events).unwrap_or_default();
        text.contains("\"event\":\"stuck\",\"worker\":").then_some(())
    });
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it lives");
    let said: String = lines.collect();
    assert!(said.contains("a second signal ends at once") && said.contains(named), "{said}");
    running.wait().expect("it ends");
}

/// One takes memory with a child beside it; one does so and hears no signal.
const GREEDY: &str = "#include <signal.h>\n#include <stdint.h>\n#include <stdlib.h>\n#include <unistd.h>
static void take(void) { for (;;) { volatile char *more = malloc(1 << 20);
    for (int page = 0; page < 256; page++) more[page * 4096] = 1;
    usleep(1000); } }
int64_t with_child(int64_t n) {
    if (n == 7) { if (fork() == 0) execlp(\"sleep\", \"sleep\", \"1000\", (char *)0); take(); }
    return n; }
int64_t deaf(int64_t n) {
    if (n == 7 || n == 20) { sigset_t all; sigfillset(&all); sigprocmask(SIG_SETMASK, &all, 0); take(); }
    return n; }";

/// What takes too much memory is ended with what it has started, and named whether it can speak or not.
fn memory() {
    let (source, library) = (BUILT.join("greedy.c"), BUILT.join("greedy.so"));
    std::fs::write(&source, GREEDY).expect("a file");
    let mut cc = Command::new("cc");
    let output = cc.args(["-shared", "-fPIC", "-o"]).args([&library, &source]).output();
    assert!(output.expect("a compiler").status.success());
    for (function, named, can_speak) in
        [("with_child", "7\tmemory\n", true), ("deaf", "7\tmemory\n20\tmemory\n", false)]
    {
        let spec = spec(&format!("greedy.so:{function}"));
        let mut command =
            support::evenly("failures 0..32 -j 2 --chunk 16 --memory 64M --progress none");
        let output = command
            .args(["--lib", &spec])
            .env("EVENLY_TEST_GREEDY", "1")
            .output()
            .expect("it runs");
        let said = stderr(&output);
        assert_eq!(String::from_utf8(output.stdout).expect("text"), named, "{said}");
        let speaks = said.contains(" killed by signal 9 (n = 7 took too much memory); ");
        let does_not = said.contains(" killed by signal 9 (it took too much memory); ");
        assert_eq!((speaks, does_not), (can_speak, !can_speak), "{said}");
        let is_left = || {
            let processes = std::fs::read_dir("/proc").expect("processes").flatten();
            let mut environments =
                processes.flat_map(|entry| std::fs::read(entry.path().join("environ")));
            environments
                .any(|it| it.split(|byte| *byte == 0).any(|one| one == b"EVENLY_TEST_GREEDY=1"))
        };
        support::until("no process is left", || (!is_left()).then_some(()));
    }
}

/// Named with a line that can be pasted, which names it again.
fn a_crash_is_named_and_rerun() {
    let output = lib("count", "collatz.so:fragile", &["0..10", "-j", "1", "-q"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = stderr(&output);
    let line = said.lines().next().expect("a line");
    let spec = spec("collatz.so:fragile");
    let expected =
        format!("n = 7 failed: signal 11 (SIGSEGV); rerun: evenly count --lib {spec} 7..=7");
    assert_eq!(line, format!("evenly: {expected}"));
    let again =
        line.split_once("; rerun: ").expect("it").1.replace("evenly ", &format!("{EVENLY} "));
    let output = Command::new("sh").args(["-c", &again]).output().expect("a shell");
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(stderr(&output).contains(&expected), "{output:?}");

    let partial = lib("count", "collatz.so:fragile", &["0..10", "-q", "--partial"]);
    assert_eq!(partial.stdout, b"5\n", "2 to 6: {partial:?}");
}

fn a_library_is_shown_by_its_file_and_symbol() {
    let spec = spec("collatz.so:steps");
    let dry = answers("count", "collatz.so:steps", &["0..1000", "-j", "2", "--dry-run"]);
    let first = format!("count   --lib {spec} for 1000 numbers, n in 0..1000");
    assert_eq!(dry.lines().next(), Some(&*first));
    let log = BUILT.join("log");
    let log_name = log.display().to_string();
    let rest = ["1..9", "-j", "1", "--chunk", "8", "--format", "json", "--joblog", &log_name];
    let json = answers("count", "collatz.so:steps", &rest);
    assert!(json.contains(&format!(r#""function":"--lib {spec}""#)), "{json}");
    let lines = std::fs::read_to_string(&log).expect("a log");
    assert!(lines.trim_end().ends_with(&format!("\tevenly count --lib {spec} 1..9")), "{lines}");
    // A file of the working directory, as one would type it.
    let mut bare = support::evenly("count --lib collatz.so:steps 0..1000");
    let output = bare.current_dir(&*BUILT).output().expect("it runs");
    assert_eq!(output.stdout, b"998\n", "{output:?}");
}

/// What cannot be is refused before any work, in one line.
fn libraries_that_cannot_be_loaded_are_refused() {
    let nothing = spec("nothing.so:f");
    let no_symbol = spec("collatz.so:stops");
    let text = BUILT.join("text.so");
    std::fs::write(&text, "this is no library\n").expect("a file");
    let (text, steps) = (format!("{}:f", text.display()), spec("collatz.so:steps"));
    for (words, said) in [
        (vec!["--lib", &nothing, "0..9"], "nothing.so: No such file"),
        (vec!["--lib", &no_symbol, "0..9"], "collatz.so has no symbol stops; nm -D "),
        (vec!["--lib", &text, "0..9"], "cannot load "),
        (vec!["--lib", "f.so", "0..9"], "a function of a library is written FILE.so:SYMBOL"),
        (vec!["--lib", &steps, "even", "0..9"], "is the function, and even is one too many"),
        (vec!["--lib", &steps, "0..9", "0..9"], " is one too many"),
        (vec!["--lib", &steps, "9..0"], "9..0"),
        (vec!["--lib", &steps], "RANGE"),
    ] {
        let output = run_words(&[&["count"], &words[..]].concat());
        let line = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {line}");
        assert!(line.starts_with("evenly: ") && line.contains(said), "{words:?}: {line}");
        assert_eq!((line.lines().count(), output.stdout.len()), (1, 0), "{line}");
    }
    let join = run_words(&["join", "unix:/nowhere", "--lib", &nothing]);
    assert_eq!(join.status.code(), Some(2));
    assert!(stderr(&join).contains("nothing.so: No such file"), "{join:?}");
}

fn main() {
    support::inherited::with_default_signals();
    let test = |name, test: fn()| {
        needing(&["cc", "rustc"], name, move || {
            test();
            Ok::<(), Failed>(())
        })
    };
    let tests: Vec<Trial> = vec![
        test(
            "a_hang_ends_by_timeout_whatever_the_function_does",
            a_hang_ends_by_timeout_whatever_the_function_does,
        ),
        test(
            "a_function_that_stops_its_worker_is_named",
            a_function_that_stops_its_worker_is_named,
        ),
        test("a_hang_is_named_without_a_timeout", a_hang_is_named_without_a_timeout),
        test("every_question", every_question),
        test("failures", failures),
        test("row_39_memory", memory),
        test("a_crash_is_named_and_rerun", a_crash_is_named_and_rerun),
        test(
            "a_library_is_shown_by_its_file_and_symbol",
            a_library_is_shown_by_its_file_and_symbol,
        ),
        test(
            "libraries_that_cannot_be_loaded_are_refused",
            libraries_that_cannot_be_loaded_are_refused,
        ),
        test(
            "a_forked_child_does_not_answer_for_its_worker",
            forks::a_forked_child_does_not_answer_for_its_worker,
        ),
        test(
            "a_child_that_outlives_its_worker_does_not_go_on",
            forks::a_child_that_outlives_its_worker_does_not_go_on,
        ),
        test(
            "a_library_overwritten_in_place_changes_no_answer",
            loading::a_library_overwritten_in_place_changes_no_answer,
        ),
        test(
            "a_library_that_finds_others_beside_it_is_compared",
            loading::a_library_that_finds_others_beside_it_is_compared,
        ),
        test(
            "what_a_library_does_when_it_is_loaded_does_not_reach_the_answer",
            loading::what_a_library_does_when_it_is_loaded_does_not_reach_the_answer,
        ),
        test(
            "a_library_that_ends_its_process_when_it_is_loaded_is_refused",
            loading::a_library_that_ends_its_process_when_it_is_loaded_is_refused,
        ),
        test(
            "a_file_that_is_no_library_is_refused_at_once",
            loading::a_file_that_is_no_library_is_refused_at_once,
        ),
        test(
            "a_large_file_without_an_elf_header_is_refused_before_it_is_read",
            loading::a_large_file_without_an_elf_header_is_refused_before_it_is_read,
        ),
        test(
            "reals_sums_are_the_same_bytes_on_any_number_of_workers",
            reals::sums_are_the_same_bytes_on_any_number_of_workers,
        ),
        test("reals_every_question_takes_doubles", reals::every_question_takes_doubles),
        test(
            "reals_nan_is_a_failure_of_its_number_and_infinities_are_values",
            reals::nan_is_a_failure_of_its_number_and_infinities_are_values,
        ),
        test("reals_a_type_that_is_none_is_refused", reals::a_type_that_is_none_is_refused),
        test("reals_a_resumed_run_has_the_same_bytes", reals::a_resumed_run_has_the_same_bytes),
    ];
    let arguments = evenly_testkit::harness::arguments(6);
    let conclusion = libtest_mimic::run(&arguments, tests);
    let _ = std::fs::remove_dir_all(&*BUILT);
    conclusion.exit();
}
