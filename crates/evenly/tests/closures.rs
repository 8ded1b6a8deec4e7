//! Closures that crash, panic, leave or hang: the number is named, and the rest is done. Without a test
//! harness, whose threads would keep a job from forking.

use evenly::function::{integers, predicate};
use evenly::observe::{Observation, Observer, Reason};
use evenly::{Aggregate, AllowFailures, Cause, Failure, Interval, Job, Range, Value};
use rustix::process::{Signal, getpid, kill_process};
use std::num::NonZeroU32;
use std::time::Duration;

/// Notes at which numbers workers said they were lost, and which were done after all.
#[derive(Default)]
struct Notes {
    losses: Vec<Option<i64>>,
    recovered: Vec<i64>,
}

impl Observer for Notes {
    fn observe(&mut self, observation: &Observation<'_>) {
        match observation {
            Observation::WorkerLost { reason, .. } => self.losses.push(match reason {
                Some(Reason::CrashReport { n, .. }) => Some(*n),
                _ => None,
            }),
            Observation::Recovered(failure) => self.recovered.push(failure.interval.first()),
            _ => {}
        }
    }
}

const RANGE: (i128, i128) = (-1000, 1_000_000);

fn job(function: Box<dyn evenly::function::Function>) -> Job {
    let range = Range::new(RANGE.0, RANGE.1).expect("it is a range");
    Job::new(Aggregate::Count, range, function).workers(NonZeroU32::MIN)
}

/// Whatever ends a worker at -7, it says so itself, three times.
fn is_named(fault: fn(), cause: Cause) {
    let function = predicate("faulty", move |n| {
        if n == -7 {
            fault();
        }
        n % 2 == 0
    });
    let mut notes = Notes::default();
    let job = job(function).timeout(Duration::from_millis(100));
    let report = job.run_observed(&mut notes).expect("the job ends");
    assert_eq!(report.failures, [Failure { interval: Interval::single(-7), cause }]);
    assert_eq!(report.answer, Value::Count(500_500));
    assert_eq!(notes.losses, [Some(-7); 3], "{cause}");
}

/// The failure has the message and the place of the panic, and the hook of the calling program is called as before.
fn says_where_and_why_it_panicked() {
    let line = line!() + 3;
    let function = predicate("faulty", |n| {
        if n == 3 || n == 5 {
            panic!("no {n}\x1b[0m today");
        }
        true
    });
    let range = Range::new(0, 10).expect("it is a range");
    let report = Job::count(range, function).run().expect("the job ends");
    let text =
        |n| format!("panicked at crates/evenly/tests/closures.rs:{line}:13: no {n}\\x1b[0m today");
    let expected: Vec<_> = [3, 5].map(|n| (n, text(n))).into();
    assert_eq!(report.descriptions.into_iter().collect::<Vec<_>>(), expected);
}

/// A panic that cannot unwind aborts, and its number has the message all the same.
fn says_why_it_aborted() {
    extern "C" fn cannot_unwind(n: i64) {
        assert!(n != 3, "no {n} in C");
    }
    struct PanicsAgain(bool);
    impl Drop for PanicsAgain {
        fn drop(&mut self) {
            assert!(!self.0, "a second one");
        }
    }
    let function = predicate("faulty", |n| {
        cannot_unwind(n);
        let _again = PanicsAgain(n == 5);
        assert!(n != 5, "a first one");
        true
    });
    let range = Range::new(0, 10).expect("it is a range");
    let report = Job::count(range, function).retries(0).run().expect("the job ends");
    let cause = Cause::Signal(6);
    let failure = |n| Failure { interval: Interval::single(n), cause };
    assert_eq!(report.failures, [failure(3), failure(5)]);
    for (n, message) in [(3, ": no 3 in C"), (5, ": a second one")] {
        let text = &report.descriptions[&n];
        assert!(text.starts_with("panicked at ") && text.ends_with(message), "{text}");
    }
}

/// A worker that stays stopped at a number ends by the time limit, long before the limit of silence.
fn a_stopped_worker_ends_by_the_time_limit() {
    let function = predicate("stops itself", |n| {
        if n == 7 {
            kill_process(getpid(), Signal::STOP).expect("a process may stop itself");
        }
        true
    });
    let job = Job::count(Range::new(0, 16).expect("it is a range"), function)
        .workers(NonZeroU32::MIN)
        .retries(0)
        .timeout(Duration::from_millis(200))
        .silence(evenly::MAX_SILENCE)
        .deadline(Duration::from_secs(600));
    let report = job.run().expect("the time limit ends the worker");
    let failure = Failure { interval: Interval::single(7), cause: Cause::Timeout };
    assert_eq!((report.failures, report.answer), (vec![failure], Value::Count(15)));
}

/// A fold in this process, and what is there after a panic of `merge`.
fn folds() {
    let joined = |mut below: Vec<i64>, above: Vec<i64>| {
        below.extend(above);
        below
    };
    let step = |mut list: Vec<i64>, n: i64| {
        list.push(n);
        if n % 1000 == 7 { Err("seven") } else { Ok(list) }
    };
    let call = evenly::over(-5_000..5_000_i64).workers(2);
    let (list, failures) = call.fold(Vec::new, step, joined).allow_failures().expect("it ends");
    assert!(list.into_iter().eq((-5_000..5_000).filter(|n| n % 1000 != 7)));
    assert_eq!(failures.len(), 5);
    let mut merged = 0;
    let panics = std::panic::AssertUnwindSafe(|| {
        let call = evenly::over(0..1_000_i64).workers(2).chunk(10);
        call.fold(
            || 0,
            |sum, n| sum + n,
            |below, above| {
                merged += 1;
                assert!(merged < 3, "enough");
                below + above
            },
        )
    });
    assert!(std::panic::catch_unwind(panics).is_err());
    assert_eq!(merged, 3, "merge is called in this process");
    let children = std::fs::read_to_string("/proc/thread-self/children").expect("it is there");
    assert_eq!(children, "");
    assert_eq!(evenly::fold(0..10_u8, || 0, |sum, n| sum + n, |a, b| a + b).expect("it ends"), 45);
}

fn overflow_the_stack(depth: u64) -> u64 {
    let page = std::hint::black_box([depth; 512]);
    if depth == u64::MAX { 0 } else { overflow_the_stack(depth + 1) + page[7] }
}

fn main() {
    // What workers panic of is expected; what this process panics of is not.
    let (primary, usual) = (std::process::id(), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic| {
        if std::process::id() == primary {
            usual(panic);
        }
    }));
    is_named(|| panic!("a test asked for it"), Cause::Exit(101));
    says_where_and_why_it_panicked();
    says_why_it_aborted();
    a_stopped_worker_ends_by_the_time_limit();
    is_named(|| std::process::abort(), Cause::Signal(6));
    is_named(|| std::process::exit(3), Cause::Exit(3));
    is_named(|| assert!(overflow_the_stack(0) > 0), Cause::Signal(11));
    is_named(|| std::thread::sleep(Duration::from_secs(3600)), Cause::Timeout);
    is_named(
        || {
            while std::hint::black_box(true) {
                std::hint::spin_loop();
            }
        },
        Cause::Timeout,
    );

    folds();

    // What a worker has inherited is not its own; what it adds is.
    let hoard = std::hint::black_box(vec![1_u8; 100 << 20]);
    let mut kept = Vec::new();
    let function = predicate("greedy", move |n| {
        if n == -7 {
            loop {
                kept.push(std::hint::black_box(vec![1_u8; 1 << 20]));
            }
        }
        n % 2 == 0
    });
    let mut notes = Notes::default();
    let report = job(function).memory(64 << 20).run_observed(&mut notes).expect("the job ends");
    drop(hoard);
    let failure = Failure { interval: Interval::single(-7), cause: Cause::Memory };
    assert_eq!((report.failures, report.answer), (vec![failure], Value::Count(500_500)));
    assert_eq!(notes.losses, [Some(-7); 3]);

    // A number that fails once in each worker's life, behind others: it is done alone.
    let mut seen = 0;
    let function = integers("flaky", move |n| {
        seen += 1;
        assert!(n != 777 || seen == 1, "only where it is the first");
        i128::from(n == 777)
    });
    let range = Range::new(0, 1000).expect("it is a range");
    let mut notes = Notes::default();
    let job = Job::new(Aggregate::Sum, range, function).workers(NonZeroU32::MIN);
    let report = job.run_observed(&mut notes).expect("the job ends");
    assert_eq!((report.answer.to_string(), report.failed), ("1".to_owned(), 0));
    assert_eq!((notes.losses, notes.recovered), (vec![Some(777)], vec![777]));
}
