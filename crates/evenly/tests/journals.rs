//! Calls with journals: killed, started again, and with other captured values.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use evenly::CallError;
use std::fs::{File, OpenOptions, read_to_string, remove_file};
use std::io::Write;
use std::os::unix::process::parent_id;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("journals-{name}"))
}

/// The file for the numbers that the killed test has computed, where it runs in a process of its own.
const LOG: &str = "EVENLY_TEST_LOG";

const TOTAL: u32 = 1500;

/// Counts with a journal. The first time, the process that does the job is killed in the middle.
fn counted(log: &Path) {
    let (mark, divisor) = (scratch("mark"), 7);
    let call = evenly::over(0..TOTAL).workers(1).chunk(20).journal(scratch("killed"));
    let count = call.captures(&divisor).count(|n| {
        std::thread::sleep(Duration::from_millis(1));
        let mut log = OpenOptions::new().append(true).create(true).open(log).unwrap();
        writeln!(log, "{n}").unwrap();
        if n == 1000 && File::create_new(&mark).is_ok() {
            let status = Command::new("kill").args(["-KILL", &parent_id().to_string()]).status();
            assert!(status.unwrap().success());
        }
        n % divisor == 3
    });
    assert_eq!(count.unwrap(), 214);
}

#[test]
fn a_call_that_was_killed_goes_on_without_the_recorded_numbers() {
    if let Some(log) = std::env::var_os(LOG) {
        return counted(Path::new(&log));
    }
    let journal = scratch("killed");
    let files = [scratch("mark"), journal.clone()];
    let all = ["", "-wal", "-shm"].map(|end| PathBuf::from(format!("{}{end}", journal.display())));
    files.iter().chain(&all).for_each(|file| drop(remove_file(file)));
    let run = |name: &str| {
        let log = scratch(name);
        let _ = remove_file(&log);
        let test = "a_call_that_was_killed_goes_on_without_the_recorded_numbers";
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([test, "--exact", "--nocapture", "--test-threads=2"]).env(LOG, &log);
        let output = command.output().unwrap();
        let numbers = read_to_string(log).unwrap();
        let numbers: Vec<i64> = numbers.lines().map(|line| line.parse().unwrap()).collect();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned(), numbers)
    };
    let (is_passed, text, first) = run("first");
    assert!(!is_passed && first.contains(&1000), "{text}");
    let recorded = evenly::journal::verify(std::slice::from_ref(&journal)).unwrap();
    assert!((1..u128::from(TOTAL)).contains(&recorded.done), "{}", recorded.done);
    let (is_passed, text, second) = run("second");
    assert!(is_passed, "{text}");
    let is_missing =
        |n: &i64| recorded.gaps.iter().any(|gap| (gap.first()..=gap.last()).contains(n));
    assert!(second.iter().all(is_missing));
    assert_eq!(second.len() as u128 + recorded.done, u128::from(TOTAL));
    // A third time there is nothing to do.
    let log = scratch("third");
    let _ = remove_file(&log);
    File::create(&log).unwrap();
    assert!(run_again_is_empty(&log));
}

/// In this process, too, the journal has the whole answer.
fn run_again_is_empty(log: &Path) -> bool {
    counted(log);
    read_to_string(log).unwrap().is_empty()
}

#[test]
fn a_journal_of_other_captured_values_is_refused() {
    let journal = scratch("captures");
    let _ = remove_file(&journal);
    let count = |divisor: u64, name: &str| {
        let call = evenly::over(0..100_u64).journal(&journal).captures(&(divisor, name));
        call.count(|n| n % divisor == name.len() as u64)
    };
    assert_eq!((count(7, "abc").unwrap(), count(7, "abc").unwrap()), (14, 14));
    for (divisor, name) in [(9, "abc"), (7, "abd")] {
        let error = count(divisor, name).unwrap_err().to_string();
        assert!(error.contains("is of another job: function 'closure at "), "{error}");
        assert!(error.contains(", captures ") && error.ends_with("; name another file"), "{error}");
    }
    remove_file(&journal).unwrap();
}

#[test]
fn captured_values_without_names_are_refused_before_the_file_is_made() {
    let journal = scratch("unnamed");
    let _ = remove_file(&journal);
    let divisor = scratch("").as_os_str().len();
    let call = || evenly::over(0..100_usize).journal(&journal);
    let error = call().count(|n| n % divisor == 0).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, CallError::UnnamedCaptures { .. }) && !text.contains('\n'), "{text}");
    assert!(text.contains(".captures(&(a, b))"), "{text}");
    assert!(!journal.exists());
    // Nothing is captured, or it does not matter.
    let even = |n: usize| n.is_multiple_of(2);
    assert_eq!(call().count(even).unwrap(), 50);
    remove_file(&journal).unwrap();
    assert_eq!(call().captures(&()).count(|n| n % divisor < divisor).unwrap(), 100);
    remove_file(&journal).unwrap();
}
