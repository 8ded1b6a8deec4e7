//! Calls in tests of libtest, which run in threads: each call is done in a second start of this program, or in a fork of it.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by a panic, and prints for its reader"
)]

use rayon::prelude::*;
use std::alloc::System;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: System = System;

/// Set where a test runs alone in a process of its own.
const ALONE: &str = "EVENLY_TEST_ALONE";

/// Runs a test of this file alone in another process, with a main thread that does not wait without a limit. So a call
/// in it needs a second start.
fn alone(test: &str, mark: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).env("RUST_TEST_THREADS", "2").env(ALONE, mark);
    command
}

fn is_alone() -> bool {
    std::env::var_os(ALONE).is_some()
}

fn text(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).into_owned()
}

#[test]
fn a_captured_variable_of_the_environment_is_right() {
    let length = std::env::var_os("PATH").unwrap().len() as u64;
    assert_eq!(evenly::count(0..1_000_000_u64, move |n| n < length).unwrap(), u128::from(length));
}

#[test]
fn a_captured_directory_of_a_random_name_has_what_the_test_put_there() {
    let time = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR")).join("anywhere-random");
    let directory = parent.join(format!("{time}-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    for n in (0..100).step_by(7) {
        fs::write(directory.join(n.to_string()), "").unwrap();
    }
    let count = evenly::count(0..100_u8, |n| directory.join(n.to_string()).exists()).unwrap();
    assert_eq!(count, 15);
    // That of the second start stays: it ends at the call.
    fs::remove_dir_all(&parent).unwrap();
}

#[test]
fn a_fold_in_a_second_start_has_its_captured_variables() {
    let test = "a_fold_in_a_second_start_has_its_captured_variables";
    if !is_alone() {
        let output = alone(test, "1").output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        return;
    }
    let length = std::env::var_os("PATH").unwrap().len() as u64;
    let mut merges = 0;
    let list = evenly::over(0..1000_u64).chunk(10).fold(
        Vec::new,
        |mut list, n| {
            list.push(n * length);
            list
        },
        |below, above| {
            merges += 1;
            [below, above].concat()
        },
    );
    assert!(list.unwrap().into_iter().eq((0..1000).map(|n| n * length)));
    assert!(merges > 0, "merge is called in this process");
}

#[test]
fn rayon_runs_beside_calls_and_has_an_idle_pool_in_a_test() {
    let sum: u64 = (0..100_000_u64).into_par_iter().sum();
    assert_eq!(evenly::sum(0..100_000_u64, |n| n).unwrap(), i128::from(sum));
    let again: u64 = (0..100_000_u64).into_par_iter().sum();
    assert_eq!(again, sum);
}

#[test]
fn a_test_with_tracing_and_a_global_allocator_may_call() {
    let _ = tracing_subscriber::fmt().with_writer(std::io::stderr).try_init();
    tracing::info!("before the call");
    let words: Vec<String> = (0..100).map(|n| format!("word {n}")).collect();
    let found = evenly::find(0..100_usize, |n| {
        let word = format!("word {n}");
        tracing::debug!(word, "looked at");
        words[n] == word && n == 42
    });
    assert_eq!(found.unwrap(), Some(42));
    tracing::info!("after the call");
}

#[test]
#[should_panic(expected = "expected to fail")]
fn a_test_that_should_panic_may_call() {
    assert_eq!(evenly::count(0..10, |n| n % 2 == 0).unwrap(), 4, "expected to fail");
}

#[test]
fn a_second_start_that_ends_early_is_named_with_what_it_wrote() {
    if !is_alone() {
        let test = "a_second_start_that_ends_early_is_named_with_what_it_wrote";
        let output = alone(test, "1").output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        return;
    }
    if std::env::args().any(|word| word == "--test-threads=1") {
        panic!("not a second time");
    }
    let error = evenly::count(0..10, |n| n % 2 == 0).unwrap_err().to_string();
    assert!(error.contains("crates/evenly/tests/anywhere.rs:"), "{error}");
    assert!(error.contains("ended with status 101 before that call"), "{error}");
    assert!(error.contains("not a second time"), "{error}");
    assert!(error.contains("make the call in the thread of the test"), "{error}");
    assert!(!error.contains('\n'), "{error}");
}

#[test]
fn a_call_in_a_thread_that_a_test_started_is_refused() {
    // A thread that sleeps, so that no fork is safe.
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let sleeper = std::thread::spawn(move || ended.recv_timeout(Duration::from_secs(60)));
    let call = || evenly::count(0..10, |n| n % 2 == 0).map_err(|error| error.to_string());
    let result = std::thread::spawn(call).join().unwrap();
    drop(end);
    let _ = sleeper.join().unwrap();
    let error = result.unwrap_err();
    assert!(error.contains(" a thread without a name, which no test is named after; "), "{error}");
}

/// A runtime of tokio whose threads do not wait without a limit.
fn busy_runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_time().build().unwrap();
    runtime.spawn(async {
        loop {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    runtime
}

#[test]
fn a_call_in_a_task_of_tokio_or_a_pool_of_rayon_names_its_thread() {
    let test = "a_call_in_a_task_of_tokio_or_a_pool_of_rayon_names_its_thread";
    if !is_alone() {
        let output = alone(test, "1").output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        return;
    }
    let call = || {
        let name = std::thread::current().name().map(str::to_owned);
        (name, evenly::count(0..10, |n| n % 2 == 0).unwrap_err().to_string())
    };
    let runtime = busy_runtime();
    let named = rayon::ThreadPoolBuilder::new().num_threads(2).thread_name(|k| format!("pool {k}"));
    let refused = [
        runtime.block_on(runtime.spawn(async move { call() })).unwrap(),
        runtime.block_on(runtime.spawn_blocking(call)).unwrap(),
        named.build().unwrap().install(call),
        rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap().install(call),
    ];
    for (name, error) in &refused {
        let thread = match name {
            Some(name) => format!("the thread '{name}'"),
            None => "a thread without a name".to_owned(),
        };
        let expected = format!("a second start cannot come to {thread}, which no test is named");
        assert!(error.contains(&expected) && error.contains("tokio::spawn"), "{error}");
    }
    assert!(refused[0].0.is_some() && refused[2].0.as_deref().unwrap().starts_with("pool "));
    // In the thread of the test, but beside a runtime that works.
    let (_, error) = runtime.block_on(async { call() });
    assert!(error.contains(" there, too; make the call in the thread of the test"), "{error}");
    assert!(error.contains("#[tokio::test] in its default flavor"), "{error}");
}

#[test]
fn a_call_in_an_async_test_of_one_thread_has_its_captured_variables() {
    let test = "a_call_in_an_async_test_of_one_thread_has_its_captured_variables";
    if !is_alone() {
        let output = alone(test, "1").output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        return;
    }
    // As #[tokio::test] does it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let length = std::env::var_os("PATH").unwrap().len() as u64;
    let count =
        runtime.block_on(async move { evenly::count(0..1_000_000_u64, move |n| n < length) });
    assert_eq!(count.unwrap(), u128::from(length));
}

#[test]
fn a_second_start_prints_nothing_before_the_call() {
    let test = "a_second_start_prints_nothing_before_the_call";
    if is_alone() {
        println!("on standard output");
        eprintln!("on standard error");
        let count = evenly::count(0..1000, |n| {
            if n == 7 {
                eprintln!("at the number");
            }
            n % 2 == 0
        });
        assert_eq!(count.unwrap(), 500);
        return;
    }
    let output = alone(test, "1").output().unwrap();
    let text = text(&output);
    assert!(output.status.success(), "{text}");
    for once in ["on standard output", "on standard error", "at the number", "running 1 test"] {
        assert_eq!(text.matches(once).count(), 1, "{once}: {text}");
    }
}

/// What a job must leave as it was: descriptors, children, and what signals do.
fn state() -> (Vec<String>, String, Vec<String>) {
    let mut descriptors: Vec<_> = fs::read_dir("/proc/self/fd")
        .unwrap()
        .flatten()
        // The directory itself is among them, under the lowest free number.
        .map(|entry| {
            let target = fs::read_link(entry.path()).unwrap_or_default();
            format!("{} {}", entry.file_name().display(), target.display())
        })
        .filter(|text| !text.contains("/proc/"))
        .collect();
    descriptors.sort();
    let children = fs::read_dir("/proc/self/task").unwrap().flatten();
    let children = children.map(|task| fs::read_to_string(task.path().join("children")).unwrap());
    let status = fs::read_to_string("/proc/thread-self/status").unwrap();
    let signals =
        status.lines().filter(|line| line.starts_with("Sig") && !line.starts_with("SigQ"));
    (descriptors, children.collect(), signals.map(str::to_owned).collect())
}

/// Calls that end in each way, each with a name.
const CALLS: [(&str, fn()); 10] = [
    ("success", || assert_eq!(evenly::count(0..1000, |n| n % 2 == 0).unwrap(), 500)),
    ("errors", || assert_eq!(evenly::failures(0..9, |_| Err::<(), _>("no")).unwrap().len(), 9)),
    ("a crash", || {
        let call = evenly::over(0..10).retries(0);
        assert!(call.count(|n| n % 2 == 0 || std::process::abort()).is_err());
    }),
    ("a panic", || assert!(evenly::over(0..10).retries(0).sum(|n| 7 / (n - 5)).is_err())),
    ("a timeout", || {
        let call = evenly::over(0..3).retries(0).timeout(Duration::from_millis(50));
        let slow = |n| {
            if n == 1 {
                std::thread::sleep(Duration::from_secs(600));
            }
        };
        assert_eq!(call.failures(slow).unwrap().len(), 1);
    }),
    ("a deadline", || {
        let call = evenly::over(0..3).deadline(Duration::from_millis(100));
        assert!(call.failures(|_| std::thread::sleep(Duration::from_secs(600))).is_err());
    }),
    ("values that are not all taken", || {
        let values = evenly::over(0..1_000_000).map(|n| n).values().unwrap();
        assert_eq!(values.take(3).count(), 3);
    }),
    ("a fold", || {
        let sum = evenly::fold(0..1000, || 0, |sum, n| sum + n, |a, b| a + b);
        assert_eq!(sum.unwrap(), 499_500);
    }),
    ("a panic of merge", || {
        let call = evenly::over(0..1000).chunk(10);
        let fold = || call.fold(|| 0, |sum, n| sum + n, |_, _| panic!("no merge"));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(fold)).is_err());
    }),
    ("a refused range", || assert!(evenly::count(0..=u64::MAX, |_| true).is_err())),
];

/// With a second start for each call, and with a fork.
#[test]
fn a_call_leaves_descriptors_children_and_signals_as_they_were() {
    let test = "a_call_leaves_descriptors_children_and_signals_as_they_were";
    if !is_alone() {
        for threads in ["--test-threads=2", "--test-threads=1"] {
            let output = alone(test, "1").arg(threads).output().unwrap();
            assert!(output.status.success(), "{threads}: {}", text(&output));
        }
        return;
    }
    let before = state();
    for (name, call) in CALLS {
        call();
        assert_eq!(state(), before, "{name}");
    }
}

/// Processes with this mark in their environment that are no zombies.
fn marked(mark: &str) -> Vec<u32> {
    let is_marked = |pid: &u32| {
        let is_zombie = fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| {
            stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('Z'))
        });
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        !is_zombie && environment.split(|byte| *byte == 0).any(|text| text == mark.as_bytes())
    };
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(is_marked).collect()
}

#[test]
fn a_second_start_and_its_workers_end_with_the_process_that_made_the_call() {
    let test = "a_second_start_and_its_workers_end_with_the_process_that_made_the_call";
    if is_alone() {
        let slow = |n: u64| {
            std::thread::sleep(Duration::from_secs(600));
            n == 0
        };
        evenly::over(0..10).workers(2).count(slow).unwrap();
        return;
    }
    for signal in ["KILL", "TERM"] {
        let mark = format!("{signal} {}", std::process::id());
        let mut caller =
            alone(test, &mark).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let wait_for = |is_reached: &dyn Fn(usize) -> bool| {
            let began = Instant::now();
            while !is_reached(marked(&format!("{ALONE}={mark}")).len()) {
                assert!(began.elapsed() < Duration::from_secs(60), "{signal}");
                std::thread::sleep(Duration::from_millis(20));
            }
        };
        // The caller, the second start, its fork, and two workers.
        wait_for(&|count| count == 5);
        let sent =
            Command::new("kill").args([format!("-{signal}"), caller.id().to_string()]).status();
        assert!(sent.unwrap().success());
        assert!(caller.wait().unwrap().signal().is_some());
        wait_for(&|count| count == 0);
    }
}

#[test]
fn a_child_that_inherits_the_variable_of_a_second_start_is_none() {
    let test = "a_child_that_inherits_the_variable_of_a_second_start_is_none";
    if is_alone() {
        assert_eq!(evenly::count(0..100, |n| n % 2 == 0).unwrap(), 50);
        return;
    }
    let run = |_: u8| {
        let mut command = alone(test, "1");
        // As the second start of this test has it, and its workers with it.
        if let Some(variable) = std::env::var_os("EVENLY_SECOND_START") {
            command.env("EVENLY_SECOND_START", variable);
        }
        let output = command.output().unwrap();
        output.status.success() && text(&output).contains("1 passed")
    };
    assert_eq!(evenly::over(0..2_u8).workers(1).count(run).unwrap(), 2);
}
