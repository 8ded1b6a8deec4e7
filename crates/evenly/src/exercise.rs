//! The exercise of the class as processes that stop at each stage, so that their parent can look at them from outside.
//!
//! A primary makes n+1 pipes and forks n workers. It writes each worker its range, two numbers of 8 bytes, reads a
//! number of 8 bytes from each until end of file, and waits for its children. There is no epoll, no signalfd and no
//! frame. The process that looks is the parent of the primary. So the primary is seen blocked in read(2), and holds
//! nothing but its own descriptors. Stopped processes die with their parent (`PR_SET_PDEATHSIG`).

mod stage;
mod watched;

pub use stage::{ExerciseError, ExerciseStage, ExerciseWatcher};

use crate::function::Function;
use crate::process::{ProcessEnd, raise_broken_pipe, sys};
use evenly_core::{Aggregate, Interval, Tally, Value};
use rustix::io::Errno;
use rustix::process::{self as unix, Pid, Signal, WaitOptions};
use stage::{FIRST_STRAY, STATUS_INCOMPLETE};
use std::fs::File;
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use watched::Watched;

/// The exercise: how many n with `first <= n < end` satisfy the function.
pub struct Exercise {
    workers: u32,
    first: i64,
    end: i64,
    function: Box<dyn Function>,
    answer: Box<dyn Fn(u64) -> String>,
}

impl Exercise {
    /// The exercise with `workers` workers over the numbers from `first` up to the one before `end`.
    #[must_use]
    pub fn new(workers: u32, (first, end): (i64, i64), function: Box<dyn Function>) -> Self {
        let answer = Box::new(|count| format!("{count}\n"));
        Self { workers, first, end: end.max(first), function, answer }
    }

    /// The text that the primary prints for a count, instead of the number on a line.
    #[must_use]
    pub fn with_answer(mut self, answer: impl Fn(u64) -> String + 'static) -> Self {
        self.answer = Box::new(answer);
        self
    }

    /// Runs it stage by stage. The primary of the exercise prints the answer on standard output.
    ///
    /// # Errors
    /// If it cannot be started or seen, or if its primary ends early.
    pub fn run(self, watcher: &mut dyn ExerciseWatcher) -> Result<ProcessEnd, ExerciseError> {
        let parts = (0..self.workers).map(|worker| self.part(worker));
        let parts = parts.map(|(first, end)| Interval::new(first, end.checked_sub(1)?)).collect();
        let watching = unix::getpid();
        let forked = sys::fork().map_err(|cause| ExerciseError::Start { call: "fork", cause })?;
        let Some(pid) = forked else {
            // Nothing may unwind into the rest of the program, of which this process is a copy.
            let primary = catch_unwind(AssertUnwindSafe(|| self.primary(watching)));
            sys::exit_now(primary.unwrap_or(STATUS_PANICKED));
        };
        Watched::new(pid, watcher).through_the_stages(parts)
    }

    /// The range of a worker; the parts join without a gap, and their lengths differ by at most 1.
    fn part(&self, worker: u32) -> (i64, i64) {
        let (first, end) = (i128::from(self.first), i128::from(self.end));
        let cut = |at: u32| first + (end - first) * i128::from(at) / i128::from(self.workers);
        (cut(worker) as i64, cut(worker + 1) as i64)
    }

    /// The primary of the exercise; its exit status.
    fn primary(mut self, parent: Pid) -> i32 {
        match self.count(parent) {
            Ok(count) => match io::stdout().write_all((self.answer)(count).as_bytes()) {
                Ok(()) => 0,
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => raise_broken_pipe(),
                Err(error) => say(&format!("cannot write the answer: {error}"), STATUS_INCOMPLETE),
            },
            Err((call, error)) => say(&format!("{call}: {error}; no answer"), STATUS_INCOMPLETE),
        }
    }

    fn count(&mut self, parent: Pid) -> Result<u64, (&'static str, io::Error)> {
        let failed = |call| move |error: Errno| (call, error.into());
        dies_with(parent).map_err(failed("prctl"))?;
        // A group of its own: Ctrl-C and Ctrl-Z are for the process that looks.
        unix::setpgid(None, None).map_err(failed("setpgid"))?;
        sys::close_range(FIRST_STRAY, i32::MAX).map_err(failed("close_range"))?;

        // pipe(): n+1 of them, before the first fork.
        let make = || rustix::pipe::pipe().map_err(failed("pipe"));
        let mut range_pipes = Vec::new();
        for _ in 0..self.workers {
            range_pipes.push(make()?);
        }
        let (results, results_written) = make()?;
        stop();

        // fork(): each worker has a copy of the table.
        let own = unix::getpid();
        let mut children = 0;
        for worker in 0..self.workers as usize {
            if sys::fork().map_err(failed("fork"))?.is_none() {
                let (range, range_written) = range_pipes.swap_remove(worker);
                let work = || {
                    dies_with(own)?;
                    stop();
                    // close(): what is not its own.
                    drop((range_pipes, range_written, results));
                    stop();
                    self.work(range.into(), results_written.into())
                };
                let outcome = catch_unwind(AssertUnwindSafe(work));
                sys::exit_now(match outcome {
                    Ok(Ok(())) => 0,
                    Ok(Err(error)) => say(&format!("worker {}: {error}", worker + 1), 1),
                    Err(_) => STATUS_PANICKED,
                });
            }
            children += 1;
        }
        stop();

        // close(): the ends of the workers.
        drop(results_written);
        let ends: Vec<_> =
            range_pipes.into_iter().map(|(_, write_end)| File::from(write_end)).collect();
        stop();

        // write(): 16 bytes to each, and then no more.
        for (worker, mut end) in (0..).zip(&ends) {
            let (first, last) = self.part(worker);
            let range = [first.to_ne_bytes(), last.to_ne_bytes()].concat();
            end.write_all(&range).map_err(|error| ("write", error))?;
        }
        stop();
        drop(ends);

        // read(): until end of file.
        let (mut count, mut answers, mut results) = (0, 0, File::from(results));
        while let Some(number) = read_number(&mut results).map_err(|error| ("read", error))? {
            count += number;
            answers += 1;
        }
        stop();

        // wait(): for each child.
        for _ in 0..children {
            let waited = rustix::io::retry_on_intr(|| unix::wait(WaitOptions::empty()));
            waited.map_err(failed("wait"))?;
        }
        stop();
        if answers < children {
            let lost = format!("end of file after {answers} of {children} results");
            return Err(("read", io::Error::new(io::ErrorKind::UnexpectedEof, lost)));
        }
        Ok(count)
    }

    /// A worker: one range in, one number out.
    fn work(&mut self, mut range: File, mut results: File) -> io::Result<()> {
        let Some(first) = read_number(&mut range)? else { return Ok(()) };
        let end = read_number(&mut range)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let (mut first, end) = (first as i64, end as i64);
        self.function.begin()?;
        let mut tally = Tally::new(Aggregate::Count);
        while let Some(rest) = end.checked_sub(1).and_then(|last| Interval::new(first, last)) {
            first = self.function.fold(rest, &mut tally) + 1;
        }
        if let Some(failure) = tally.failed().first() {
            return Err(io::Error::other(format!("n = {} has no value", failure.interval.first())));
        }
        let count = match tally.take_value() {
            Value::Count(count) => count as u64,
            _ => return Err(io::ErrorKind::InvalidData.into()),
        };
        results.write_all(&count.to_ne_bytes())?;
        stop();
        Ok(())
    }
}

/// Status of a Rust program that panicked.
const STATUS_PANICKED: i32 = 101;

/// A number of 8 bytes, or `None` at end of file.
fn read_number(pipe: &mut File) -> io::Result<Option<u64>> {
    let mut bytes = [0; 8];
    match pipe.read(&mut bytes)? {
        0 => return Ok(None),
        length => pipe.read_exact(&mut bytes[length..])?,
    }
    Ok(Some(u64::from_ne_bytes(bytes)))
}

fn say(text: &str, status: i32) -> i32 {
    // A closed standard error is no reason to panic.
    let _ = io::stderr().write_all(format!("evenly: exercise: {text}\n").as_bytes());
    status
}

/// Asks for SIGKILL when the parent ends.
fn dies_with(parent: Pid) -> Result<(), Errno> {
    unix::set_parent_process_death_signal(Some(Signal::KILL))?;
    if unix::getppid() == Some(parent) { Ok(()) } else { sys::exit_now(0) }
}

/// Stops this process until it is continued.
fn stop() {
    // The signal is one of its own, so there is no error.
    let _ = unix::kill_process(unix::getpid(), Signal::STOP);
}
