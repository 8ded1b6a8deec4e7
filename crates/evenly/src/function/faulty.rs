//! Functions with a fault, for tests: `even`, but at given numbers the worker crashes, leaves, hangs,
//! eats memory, or writes what is no answer.
//!
//! They are called `test:FAULT@N,M,…` and appear in no list. `test:slow=MICROSECONDS` takes that
//! long for each number and has no fault; `test:leak=KIB` keeps that much memory for each number.

use super::fold::{fold_each, fold_truths};
use super::{Function, at};
use crate::process::sys;
use evenly_core::frame::{PIPE_FRAME, Packer, VERSION};
use evenly_core::{Interval, LeaseId, Tally, WorkerId};
use rustix::process::{Signal, getpid, kill_process};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::Duration;

/// What takes so long for each number is done number by number.
const LONG: Duration = Duration::from_millis(1);

/// Fault at the given numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
enum InjectedFault {
    /// Dies of SIGSEGV.
    Crash,
    /// The same, but only if this file is not there yet; makes it before.
    CrashOnce(PathBuf),
    /// Dies of SIGKILL, and so cannot say at which number.
    Kill,
    /// Panics.
    Panic,
    /// Leaves with this status.
    Exit(i32),
    /// Sleeps for ever.
    Hang,
    /// The same, and no signal that can be shut out wakes it.
    ShutOut,
    /// Reads from the terminal, prints the outcome, and goes on.
    Terminal,
    /// Allocates until something ends it, after so long.
    Allocate(Duration),
    /// Writes to the result pipe what is no frame, and goes on.
    Garbage,
    /// Writes the beginning of a frame, and goes on.
    HalfAFrame,
    /// Says half a second later, in the name of the first worker, that all of the very first chunk
    /// counts 0.
    Contradict,
    /// Closes its end of the result pipe, and goes on.
    Mute,
    /// Closes its end of the assignment pipe, and goes on.
    Deaf,
}

struct Faulty {
    name: String,
    fault: Option<InjectedFault>,
    numbers: Vec<i64>,
    each: Duration,
    /// Bytes for each number that are never freed.
    leak: usize,
}

/// The faulty function of this name.
pub(super) fn named(name: &str) -> Option<Box<dyn Function>> {
    let spec = name.strip_prefix("test:")?;
    let (fault, numbers) = spec.split_once('@').unwrap_or((spec, ""));
    let numbers: Vec<i64> = numbers
        .split(',')
        .filter(|n| !n.is_empty())
        .map(|n| n.parse().ok())
        .collect::<Option<_>>()?;
    let (kind, value) = fault.split_once('=').unwrap_or((fault, ""));
    let (mut each, mut leak) = (Duration::ZERO, 0);
    let fault = match kind {
        "crash" => Some(InjectedFault::Crash),
        "crash-once" => Some(InjectedFault::CrashOnce(value.into())),
        "contradict" => Some(InjectedFault::Contradict),
        "kill" => Some(InjectedFault::Kill),
        "panic" => Some(InjectedFault::Panic),
        "exit" => Some(InjectedFault::Exit(value.parse().ok()?)),
        "hang" => Some(InjectedFault::Hang),
        "shut-out" => Some(InjectedFault::ShutOut),
        "terminal" => Some(InjectedFault::Terminal),
        "allocate" if value.is_empty() => Some(InjectedFault::Allocate(Duration::ZERO)),
        "allocate" => Some(InjectedFault::Allocate(Duration::from_millis(value.parse().ok()?))),
        "garbage" => Some(InjectedFault::Garbage),
        "half-a-frame" => Some(InjectedFault::HalfAFrame),
        "mute" => Some(InjectedFault::Mute),
        "deaf" => Some(InjectedFault::Deaf),
        "leak" => {
            each = LONG;
            leak = value.parse::<usize>().ok()?.checked_mul(1 << 10)?;
            None
        }
        "slow" => {
            each = Duration::from_micros(value.parse().ok()?);
            None
        }
        _ => return None,
    };
    Some(Box::new(Faulty { name: name.to_owned(), fault, numbers, each, leak }))
}

impl Function for Faulty {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_known_to_agents(&self) -> bool {
        true
    }

    fn says_at(&self) -> bool {
        true
    }

    fn fold(&mut self, slice: Interval, tally: &mut Tally) -> i64 {
        if tally.takes_counts() {
            return fold_truths(slice, tally, |slice| self.count(slice), |n| n % 2 == 0);
        }
        fold_each(slice, tally, |n| self.count(Interval::single(n)) == 1)
    }
}

impl Faulty {
    fn count(&mut self, interval: Interval) -> u64 {
        let has = |n: &&i64| (interval.first()..=interval.last()).contains(n);
        for n in self.numbers.iter().filter(has) {
            at(*n);
            self.fault.iter().for_each(commit);
        }
        self.take_time(interval);
        let evens_below = |end: i128| end.div_euclid(2) + end.rem_euclid(2);
        let end = i128::from(interval.last()) + 1;
        (evens_below(end) - evens_below(interval.first().into())) as u64
    }
}

impl Faulty {
    fn take_time(&self, interval: Interval) {
        if self.each >= LONG {
            for n in interval.first()..=interval.last() {
                at(n);
                std::mem::forget(std::hint::black_box(vec![1_u8; self.leak]));
                std::thread::sleep(self.each);
            }
        } else if !self.each.is_zero() {
            // The pauses between short ones would take longer than they.
            let numbers = interval.len().try_into().unwrap_or(u32::MAX);
            std::thread::sleep(self.each.saturating_mul(numbers));
        }
    }
}

fn commit(fault: &InjectedFault) {
    match fault {
        InjectedFault::Crash => crash(),
        InjectedFault::CrashOnce(path) => {
            if std::fs::OpenOptions::new().write(true).create_new(true).open(path).is_ok() {
                crash();
            }
        }
        InjectedFault::Kill => drop(kill_process(getpid(), Signal::KILL)),
        InjectedFault::Panic => panic!("a test asked for it"),
        InjectedFault::Exit(status) => sys::exit_now(*status),
        InjectedFault::Hang => sleep_for_ever(),
        InjectedFault::ShutOut => {
            let _ = sys::block_signals(sys::SignalSet::all());
            sleep_for_ever();
        }
        InjectedFault::Terminal => {
            let terminal = std::fs::File::open("/dev/tty");
            let asked = terminal.and_then(|mut terminal| terminal.read(&mut [0]));
            let _ = writeln!(std::io::stderr(), "asked the terminal: {asked:?}");
        }
        InjectedFault::Allocate(after) => {
            std::thread::sleep(*after);
            let mut hoard: Vec<Vec<u8>> = Vec::new();
            loop {
                hoard.push(std::hint::black_box(vec![1; 1 << 20]));
            }
        }
        InjectedFault::Garbage => write_raw(&[b'#'; 100]),
        InjectedFault::HalfAFrame => write_raw(&[b'e', b'v', VERSION, 2, 0, 1, 0, 0]),
        InjectedFault::Contradict => {
            std::thread::sleep(Duration::from_millis(500));
            let mut packer = Packer::new(WorkerId(0), PIPE_FRAME);
            // The first slot of the table, used for the first time, at the first attempt.
            packer.answer(LeaseId(1 << 20), 0);
            packer.seal(1);
            write_raw(packer.bytes());
        }
        InjectedFault::Mute => sys::close_worker_end(sys::RESULTS),
        InjectedFault::Deaf => sys::close_worker_end(sys::ASSIGNMENTS),
    }
}

fn sleep_for_ever() -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

fn crash() {
    // Delivered before the call returns.
    let _ = kill_process(getpid(), Signal::SEGV);
}

/// Writes to the result pipe beside the worker.
fn write_raw(bytes: &[u8]) {
    let results = std::fs::OpenOptions::new().write(true).open("/proc/self/fd/4");
    let _ = results.and_then(|mut results| results.write_all(bytes));
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenly_core::{Aggregate, Value};

    #[test]
    fn they_count_the_even_numbers() {
        let mut function = named("test:crash@-100,100").unwrap();
        for (first, last) in [(-3, 4), (0, 0), (1, 1), (-4, -4), (-5, 6)] {
            let expected = (first..=last).filter(|n| n % 2 == 0).count() as u128;
            let mut tally = Tally::new(Aggregate::Count);
            function.fold(Interval::new(first, last).unwrap(), &mut tally);
            assert_eq!(tally.take_value(), Value::Count(expected));
        }
    }

    #[test]
    fn other_names_are_none() {
        for name in ["crash@1", "test:", "test:burn@1", "test:crash@x", "test:exit@1", "test:slow"]
        {
            assert!(named(name).is_none(), "{name}");
        }
    }
}
