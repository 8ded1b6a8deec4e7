//! Calls in one line, in the threads of libtest: each test is started a second time to do its jobs.

use evenly::{AllowFailures, CallError, Cause};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, read_to_string, remove_file};
use std::io::{Read, Write};
use std::path::Path;
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

fn appended<T>(mut list: Vec<T>, element: T) -> Vec<T> {
    list.push(element);
    list
}

fn joined<T>(mut below: Vec<T>, above: Vec<T>) -> Vec<T> {
    below.extend(above);
    below
}

#[test]
fn a_fold_merges_in_ascending_order() {
    let all: Vec<i16> = (-5_000..5_000).collect();
    assert_eq!(evenly::fold(-5_000..5_000_i16, Vec::new, appended, joined).unwrap(), all);
    let call = || evenly::over(-5_000..5_000_i16).workers(3).chunk(70);
    assert_eq!(call().fold(Vec::new, appended, joined).unwrap(), all);
    assert_eq!(call().shuffled(7).fold(Vec::new, appended, joined).unwrap(), all);
    assert_eq!(evenly::fold(0..0_u8, || 7, |sum, n| sum + n, |_, _| 0).unwrap(), 7);
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Found {
    by_digits: BTreeMap<(u32, bool), Vec<u64>>,
    last: Option<(char, f64)>,
}

#[test]
fn a_fold_is_over_any_type_of_serde() {
    let nan = f64::from_bits(0x7ff8_0000_0000_0123);
    let step = |mut found: Found, n: u64| {
        found.by_digits.entry((n.ilog10(), n.is_multiple_of(2))).or_default().push(n);
        found.last = Some(('x', nan));
        found
    };
    let merge = |mut below: Found, above: Found| {
        for (key, numbers) in above.by_digits {
            below.by_digits.entry(key).or_default().extend(numbers);
        }
        Found { last: above.last.or(below.last), ..below }
    };
    let found = evenly::over(1..100_000_u64).chunk(999).fold(Found::default, step, merge).unwrap();
    assert_eq!(found.by_digits.len(), 10);
    assert!(found.by_digits[&(4, false)].iter().copied().eq((10_001..100_000).step_by(2)));
    assert_eq!(found.last.unwrap().1.to_bits(), nan.to_bits());
}

/// Each accumulator is larger than the credit of a worker.
#[test]
fn a_fold_may_have_a_large_accumulator() {
    const LENGTH: usize = 1 << 20;
    let step = |mut counts: Vec<u32>, n: u64| {
        counts[(n * 7_919) as usize % LENGTH] += 70_000_000;
        counts
    };
    let merge = |mut below: Vec<u32>, above: Vec<u32>| {
        below.iter_mut().zip(above).for_each(|(below, above)| *below += above);
        below
    };
    let call = evenly::over(0..10_u64).workers(2).chunk(1);
    let counts = call.fold(|| vec![0; LENGTH], step, merge).unwrap();
    assert_eq!(counts.iter().filter(|count| **count == 70_000_000).count(), 10);
}

#[test]
fn a_number_that_fails_in_a_fold_takes_nothing_with_it() {
    let step = |list: Vec<u32>, n| {
        let list = appended(list, n);
        match n {
            25 => panic!("no 25"),
            57 => std::process::abort(),
            n if n % 10 == 3 || n > 90 => Err(format!("not {n}")),
            _ => Ok(list),
        }
    };
    for chunk in [1, 7, 100] {
        let call = evenly::over(0..100_u32).workers(2).retries(0).chunk(chunk);
        let (list, failures) = call.fold(Vec::new, step, joined).allow_failures().unwrap();
        let is_right = |n: &u32| ![25, 57].contains(n) && n % 10 != 3 && *n <= 90;
        assert_eq!(list, (0..100).filter(is_right).collect::<Vec<_>>(), "chunks of {chunk}");
        assert_eq!(failures.len(), 20);
        assert_eq!(failures[0].to_string(), "n = 3: not 3");
        assert!(failures[3].to_string().ends_with("no 25"), "{}", failures[3]);
    }
}

#[test]
fn a_fold_is_exact_when_a_worker_is_killed() {
    let mark = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fold-killed");
    let _ = remove_file(&mark);
    let step = |list, n: u32| {
        if n == 50_000 && File::create_new(&mark).is_ok() {
            let pid = std::process::id().to_string();
            std::process::Command::new("kill").args(["-KILL", &pid]).status().unwrap();
        }
        appended(list, n)
    };
    let list = evenly::over(0..100_000_u32).workers(2).fold(Vec::new, step, joined).unwrap();
    assert!(mark.exists() && list.into_iter().eq(0..100_000));
}

#[test]
fn an_accumulator_that_cannot_be_passed_on_is_an_error_with_its_type() {
    struct Refuses;
    impl Serialize for Refuses {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no form for it"))
        }
    }
    impl<'de> Deserialize<'de> for Refuses {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Ok(Self)
        }
    }
    let fold = || evenly::over(0..1000).fold(|| Refuses, |it, _| it, |it, _| it);
    let Err(CallError::Accumulator(error)) = fold() else { panic!("it is refused") };
    assert!(error.type_name().ends_with("Refuses"), "{error}");
    let text = error.to_string();
    assert!(text.contains("cannot be serialised: no form for it"), "{text}");
    let error = evenly::fold(0..9, String::new, |_, _| "x".repeat(61 << 20), |it, _| it);
    let text = error.unwrap_err().to_string();
    let expected =
        "the accumulator alloc::string::String of this fold is too large: 63963141 bytes";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn a_fold_refuses_a_journal() {
    let journal = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fold.journal");
    let call = evenly::over(0..10).journal(&journal);
    let error = call.fold(|| 0, |sum, n| sum + n, |a, b| a + b).unwrap_err().to_string();
    assert!(error.starts_with("a fold cannot have a journal"), "{error}");
    assert!(!error.contains('\n') && !journal.exists());
}

#[test]
#[should_panic(expected = "no merge today")]
fn a_panic_of_merge_is_that_of_the_call() {
    let call = evenly::over(0..1000).chunk(10);
    let _ = call.fold(|| 0, |sum, n| sum + n, |_, _| panic!("no merge today"));
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

/// A closure that makes a call of its own, whose workers are forked at a number of the outer call.
#[test]
fn a_call_within_a_call_names_its_own_numbers() {
    let inner = |n: u32| {
        let call = evenly::over(0..3_u32).workers(1);
        call.count(|m| {
            assert_ne!(m, n, "inner {m}");
            m % 2 == 0
        })
        .map(|count| count == 2)
    };
    let failures = evenly::over(0..4_u32).workers(2).failures(inner).unwrap();
    let texts: Vec<_> = failures.iter().map(ToString::to_string).collect();
    assert_eq!(failures.len(), 3, "{texts:?}");
    for (n, text) in texts.iter().enumerate() {
        let expected = format!("n = {n}: 1 number failed\n  n = {n}: panicked at ");
        assert!(text.starts_with(&expected) && text.contains(&format!("inner {n}")), "{texts:?}");
    }
}

#[test]
fn a_message_of_several_lines_is_printed_in_lines() {
    let failed = |n: u32| {
        assert_eq!(n % 5, n, "C:\\new");
        if n == 3 { Err("no\n value\n") } else { Ok(true) }
    };
    let error = evenly::over(0..6).workers(1).count(failed).unwrap_err();
    let CallError::Failed(found) = &error else { panic!("{error}") };
    assert_eq!(found.failures[0].message.as_deref(), Some("no\n value"));
    let text = error.to_string();
    assert!(text.starts_with("2 numbers failed\n  n = 3: no\n     value\n  n = 5: panicked at "));
    let rest = ": assertion `left == right` failed: C:\\new\n      left: 0\n     right: 5";
    assert!(text.ends_with(rest), "{text}");
    let long = evenly::failures(0..1, |_| Err::<(), _>("é".repeat(200))).unwrap();
    let panics = evenly::failures(0..1, |n| assert!(n > 0, "{}", "é".repeat(200))).unwrap();
    for failed in [long, panics] {
        let message = failed[0].message.as_deref().unwrap();
        assert!(message.len() <= 240 && message.ends_with("é…"), "{message}");
    }
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
#[should_panic(expected = "n = 7: the closure returned false\n2 other numbers failed\n")]
fn a_check_fails_numbers_for_which_its_closure_returns_false() {
    let known = |n: u8| n.checked_sub(1).ok_or("below 1").map(|below| below < 6 || n > 9);
    assert_eq!(evenly::failures(0..12_u8, known).unwrap().len(), 4);
    evenly::check(1..12_u8, known);
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

#[test]
#[should_panic(
    expected = "n = 1: odd\nat least 99 other numbers failed, and the rest is not tested\n"
)]
fn a_check_that_fails_for_half_of_the_range_ends_early() {
    evenly::check(0..1 << 25, |n: u32| if n.is_multiple_of(2) { Ok(()) } else { Err("odd") });
}
