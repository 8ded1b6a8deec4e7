//! Calls in one line, in the threads of libtest: each test is started a second time to do its jobs.

use evenly::{AllowFailures, CallError, Cause};
use std::collections::BTreeMap;
use std::fs::read_to_string;
use std::io::{Read, Write};
use std::time::Duration;

#[test]
fn each_verb_gives_its_answer() {
    assert_eq!(evenly::count(0..1_000_u32, |n| n % 7 == 3).unwrap(), 143);
    assert_eq!(evenly::sum(-3..=3_i8, i64::from).unwrap(), 0);
    assert_eq!(evenly::sum(0..1_000_u16, |_| 0.1).unwrap(), 100.0);
    assert_eq!(evenly::min(0..100_u8, |n| n.abs_diff(40)).unwrap(), Some((40, 0)));
    assert_eq!(evenly::max(0..100_i64, |n| n as f64 / 8.0).unwrap(), Some((99, 12.375)));
    assert_eq!(evenly::mean(0..4_usize, |n| n).unwrap(), Some(1.5));
    assert_eq!(evenly::find(0..u64::MAX / 2, |n| n > 1000).unwrap(), Some(1001));
    assert_eq!(evenly::find_first(0..100_i32, 3, |n| n % 30 == 4).unwrap(), [4, 34, 64]);
    assert!(evenly::any(0..100_u8, |n| n == 99).unwrap());
    assert!(!evenly::all(0..100_u8, |n| n < 99).unwrap());
    let counts = evenly::hist(0..10_u8, |n| n % 3).unwrap();
    assert_eq!(counts, BTreeMap::from([(0, 4), (1, 3), (2, 3)]));
    assert_eq!(evenly::min(0..0_u8, |n| n).unwrap(), None);
}

#[test]
fn a_closure_may_borrow() {
    let table: Vec<u64> = (0..1000).map(|n| n * n).collect();
    let sum = evenly::over(0..table.len()).workers(3).map(|n| table[n]).sum().unwrap();
    assert_eq!(sum, table.iter().map(|n| i128::from(*n)).sum());
}

#[test]
fn each_call_of_a_loop_has_its_captured_value() {
    let counts: Vec<_> = (1..6_u32)
        .map(|divisor| evenly::count(0..60_u32, move |n| n % divisor == 0).unwrap())
        .collect();
    assert_eq!(counts, [60, 30, 20, 15, 12]);
}

#[test]
fn a_number_fails_by_an_error_a_panic_or_a_crash() {
    let failed = |n: u32| match n {
        3 => Err("no value".to_owned()),
        5 => panic!("five is too many"),
        7 => std::process::abort(),
        n => Ok(n),
    };
    let call = evenly::over(0..10).workers(2).retries(0);
    let (sum, failures) = call.sum(failed).allow_failures().unwrap();
    assert_eq!(sum, 45 - 3 - 5 - 7);
    let texts: Vec<_> = failures.iter().map(ToString::to_string).collect();
    assert_eq!(texts[0], "n = 3: no value");
    assert!(texts[1].starts_with("n = 5: panicked at crates/evenly/tests/calls.rs:"), "{texts:?}");
    assert!(texts[1].ends_with(": five is too many"), "{texts:?}");
    assert_eq!((&*texts[2], failures[2].cause), ("n = 7: signal 6", Cause::Signal(6)));
    let error = evenly::count(0..200, |n| (n % 2 == 0).then_some(true).ok_or("odd")).unwrap_err();
    let CallError::Failed(failed) = &error else { panic!("{error}") };
    assert_eq!((failed.count, failed.partial, failed.failures.len()), (100, 100, 100));
    let text = error.to_string();
    assert!(text.starts_with("100 numbers failed\n  n = 1: odd\n  n = 3: odd\n"), "{text}");
    assert!(text.ends_with("\n  and 90 more"), "{text}");
}

#[test]
fn values_come_in_order_and_the_rest_is_not_computed() {
    let values = evenly::over(0..100_000_u64).map(|n| n * 2).values().unwrap();
    let all: Vec<_> = values.collect::<Result<_, _>>().unwrap();
    assert!(all.iter().enumerate().all(|(at, item)| *item == (at as u64, 2 * at as u64)));
    assert_eq!(all.len(), 100_000);
    let mut endless = evenly::over(0..u64::MAX / 2).map(|n| n as f64 / 2.0).values().unwrap();
    assert_eq!(endless.by_ref().nth(1).unwrap().unwrap(), (1, 0.5));
    drop(endless);
    let mut failing =
        evenly::over(0..10_u8).map(|n| if n == 2 { Err("two") } else { Ok(n) }).values().unwrap();
    assert_eq!(failing.next().unwrap().unwrap(), (0, 0));
    assert_eq!(failing.next().unwrap().unwrap(), (1, 1));
    let error = failing.next().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "1 number failed\n  n = 2: two");
    assert!(failing.next().is_none());
}

#[test]
fn an_error_of_the_job_has_its_text() {
    let slow = |_: u8| std::thread::sleep(Duration::from_secs(1000));
    let call = evenly::over(0..10_u8).workers(1).deadline(Duration::from_millis(200));
    let error = call.failures(slow).unwrap_err();
    assert!(error.to_string().contains("deadline"), "{error}");
    let error = evenly::count(0..=u64::MAX, |_| true).unwrap_err();
    assert!(matches!(error, CallError::Range(_)), "{error}");
}

#[test]
fn another_thread_of_a_test_is_refused() {
    let call = || evenly::count(0..10_u8, |_| true).unwrap_err();
    let error = std::thread::scope(|scope| scope.spawn(call).join()).unwrap();
    let text = error.to_string();
    assert!(text.contains("make the call in the thread of the test"), "{text}");
}

#[test]
fn a_check_passes() {
    evenly::check(i16::MIN..=i16::MAX, |n| {
        if n.swap_bytes().swap_bytes() == n { Ok(()) } else { Err("another") }
    });
}

#[test]
#[should_panic(
    expected = "n = 77: too large\n22 other numbers failed\nthis one alone: EVENLY_ONLY=77 cargo test a_check_"
)]
fn a_check_names_the_lowest_number() {
    evenly::check(0..100_u8, |n| if n < 77 { Ok(()) } else { Err("too large") });
}

/// What differs from one start to the next is not silently another question.
#[test]
fn another_range_in_the_second_start_is_an_error() {
    let end = std::process::id() % 1000 + 1;
    let error = evenly::count(0..end, |_| true).unwrap_err();
    assert!(error.to_string().contains("another range or other settings"), "{error}");
}

/// Children and signal handling of this thread.
fn traces() -> [String; 2] {
    let read = |file| read_to_string(format!("/proc/thread-self/{file}")).expect("it is there");
    let is_of_signals = |line: &&str| line.starts_with("Sig") && !line.starts_with("SigQ");
    let signals: Vec<String> =
        read("status").lines().filter(is_of_signals).map(str::to_owned).collect();
    [read("children"), signals.join("\n")]
}

#[test]
fn a_call_leaves_nothing_behind() {
    let before = traces();
    assert_eq!(evenly::count(0..1000_u16, |n| n % 2 == 0).unwrap(), 500);
    drop(evenly::over(0..u32::MAX).map(|n| n).values().unwrap());
    assert_eq!(traces(), before);
}

#[test]
fn a_captured_file_is_closed_in_workers_and_disturbs_no_pipe() {
    let file = std::fs::File::open("/proc/self/cmdline").expect("it is there");
    let many: Vec<_> = (0..8).map(|_| file.try_clone().expect("there is room")).collect();
    let call = evenly::over(0..8_usize).deadline(Duration::from_secs(60));
    let failures = call.failures(|n| (&many[n]).read(&mut [0]).map(drop)).unwrap();
    let closed = |failed: &evenly::FailedNumbers<usize>| failed.to_string().contains("os error 9");
    assert!(failures.len() == 8 && failures.iter().all(closed), "{failures:?}");
    let call = evenly::over(0..8_usize).deadline(Duration::from_secs(60));
    let failures = call.failures(|n| (&many[n]).write_all(b"lost")).unwrap();
    assert!(failures.len() == 8 && failures.iter().all(closed), "{failures:?}");
}
