//! Settings at the ends of their types: a job and an agent take every value without a panic. Without a test
//! harness, whose threads would keep a job from forking.

use evenly::function::{integers, predicate};
use evenly::halt::{HaltSpeed, HaltThreshold, HaltTrigger};
use evenly::{Aggregate, Error, Halt, Interval, Job, Join, JoinError, Policy, Range, Tally, Value};
use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

fn main() {
    every_setting_of_a_job_takes_its_extreme_values();
    every_setting_of_an_agent_takes_its_extreme_values();
    a_range_of_all_integers_is_searched_from_both_ends();
    a_tally_takes_contradictory_counts();
}

type Setting = (&'static str, fn(Job) -> Job);

const DAY: Duration = Duration::from_secs(86_400);

/// Settings with which the job has its answer.
const DONE: &[Setting] = &[
    ("as many workers as possible", |job| job.workers(NonZeroU32::MAX)),
    ("fixed chunks of 2^64-1", |job| job.policy(Policy::Fixed(NonZeroU64::MAX))),
    ("progress all the time", |job| job.progress_every(Duration::ZERO)),
    ("progress never", |job| job.progress_every(Duration::MAX)),
    ("no retries", |job| job.retries(0)),
    ("255 retries", |job| job.retries(u8::MAX)),
    ("deadline never", |job| job.deadline(Duration::MAX)),
    ("chunks of no time", |job| job.chunks_of(Duration::ZERO)),
    ("chunks of all time", |job| job.chunks_of(Duration::MAX)),
    ("chunks of one number", |job| job.chunks_up_to(NonZeroU64::MIN)),
    ("chunks of 2^64-1 numbers", |job| job.chunks_up_to(NonZeroU64::MAX)),
    ("infinite rate", |job| job.max_rate(f64::INFINITY)),
    ("highest rate", |job| job.max_rate(f64::MAX)),
    ("timeout never", |job| job.timeout(Duration::MAX)),
    ("no grace", |job| job.grace(Duration::ZERO)),
    ("grace for ever", |job| job.grace(Duration::MAX)),
    ("no silence", |job| job.silence(Duration::ZERO)),
    ("silence for ever", |job| job.silence(Duration::MAX)),
    ("no drain", |job| job.drain(Duration::ZERO)),
    ("drain for ever", |job| job.drain(Duration::MAX)),
    ("stuck at once", |job| job.stuck_after(Duration::ZERO)),
    ("stuck never", |job| job.stuck_after(Duration::MAX)),
    ("all memory", |job| job.memory(u64::MAX)),
    ("no halt", |job| job.halt(None)),
    ("halt at infinitely many percent", |job| job.halt(percent(f64::INFINITY))),
    ("halt after 2^128-1", |job| job.halt(after(HaltThreshold::Numbers(u128::MAX)))),
];

/// Settings with which the job may end by an error; it must not end by a panic.
const ENDED: &[Setting] = &[
    ("deadline at once", |job| job.deadline(Duration::ZERO)),
    ("timeout at once", |job| job.timeout(Duration::ZERO)),
    ("timeout of a nanosecond", |job| job.timeout(Duration::from_nanos(1))),
    ("no memory", |job| job.memory(0)),
    ("halt after nothing", |job| job.halt(after(HaltThreshold::Numbers(0)))),
    ("halt at no percentage", |job| job.halt(percent(f64::NAN))),
    ("halt at a negative percentage", |job| job.halt(percent(f64::NEG_INFINITY))),
    ("no rate, but a deadline", |job| job.max_rate(f64::NAN).deadline(DAY / 864_000)),
    ("negative rate, but a deadline", |job| job.max_rate(-1.0).deadline(DAY / 864_000)),
];

fn after(after: HaltThreshold) -> Option<Halt> {
    Some(Halt { when: HaltSpeed::Soon, why: HaltTrigger::Done, after })
}

fn percent(percent: f64) -> Option<Halt> {
    after(HaltThreshold::Percent(percent))
}

fn job(set: fn(Job) -> Job) -> Job {
    let range = Range::new(0, 100).expect("it is a range");
    set(Job::count(range, predicate("even", |n| n % 2 == 0)))
}

fn every_setting_of_a_job_takes_its_extreme_values() {
    for (name, set) in DONE {
        let report = job(*set).run().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(report.answer, Value::Count(50), "{name}");
    }
    for (name, set) in ENDED {
        match job(*set).run() {
            Ok(report) => assert!(report.answer == Value::Count(50) || report.failed > 0, "{name}"),
            Err(Error::Deadline { .. } | Error::Halted { .. }) => {}
            Err(error) => panic!("{name}: {error}"),
        }
    }
}

fn every_setting_of_an_agent_takes_its_extreme_values() {
    let settings: &[fn(Join) -> Join] = &[
        |join| join.first_join(Duration::ZERO),
        |join| join.reconnect(Duration::MAX).stuck_after(Duration::MAX),
        |join| join.reconnect(Duration::ZERO).stuck_after(Duration::ZERO),
        |join| join.silence(Duration::MAX),
        |join| join.silence(Duration::ZERO),
    ];
    for set in settings {
        let address = "unix:/no/such/directory/socket".parse().expect("an address");
        let join = Join::new(address, None).expect("it can be joined");
        let ended = set(join.first_join(Duration::from_millis(10))).run();
        assert!(matches!(ended, Err(JoinError::Unreachable { .. })), "{ended:?}");
    }
    // The time is added to the clock before the key is asked for.
    let address = "tcp:127.0.0.1:1".parse().expect("an address");
    let join = Join::new(address, None).expect("it can be joined");
    let ended = join.first_join(Duration::MAX).run();
    assert!(matches!(ended, Err(JoinError::NoKey)), "{ended:?}");
}

fn a_range_of_all_integers_is_searched_from_both_ends() {
    let range = Range::new(i64::MIN.into(), i128::from(i64::MAX) + 1).expect("it is a range");
    let job = Job::new(Aggregate::Any, range, predicate("all", |_| true));
    assert_eq!(job.run().expect("it ends").answer, Value::Witness(Some(i64::MIN)));
    let range = Range::new(i64::MAX.into(), i128::from(i64::MAX) + 1).expect("it is a range");
    let job = Job::new(Aggregate::Sum, range, integers("large", |_| i128::MIN));
    assert_eq!(job.run().expect("it ends").answer.to_string(), i128::MIN.to_string());
    // More parts than the type of a part can count, and parts behind the last.
    let range = Range::new(0, 10).expect("it is a range");
    for (part, parts) in [(0, 0), (u32::MAX, 0), (u32::MAX, u32::MAX), (5, 3), (0, u32::MAX)] {
        assert!(range.part(part, parts).len() <= 10);
    }
}

/// A function of the caller may count wrong; a histogram has the numbers that satisfy it then.
fn a_tally_takes_contradictory_counts() {
    let mut tally = Tally::new(Aggregate::Hist);
    tally.count(3, 2);
    assert_eq!(tally.take_value(), Value::Histogram([(1, 3)].into()));
    let halt =
        Halt { when: HaltSpeed::Now, why: HaltTrigger::Success, after: HaltThreshold::Numbers(1) };
    assert!(!halt.has_happened(3, 2, 10));
    assert_eq!(Interval::new(1, 0), None);
}
