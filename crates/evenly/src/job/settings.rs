//! The settings of a job, a method each.

use super::Job;
use crate::halt::Halt;
use crate::observe::StatusPort;
use crate::output::Output;
use crate::time_limit::TimeLimit;
use evenly_core::Policy;
use std::num::NonZeroU64;
use std::time::Duration;

/// The least memory that a worker can be limited to, in bytes.
pub const MIN_MEMORY: u64 = 1 << 20;

/// The lowest rate at which numbers begin, in numbers a second: an interval of 11.6 days.
const MIN_RATE: f64 = 1e-6;

impl Job {
    /// Writes the lines of an answer to this output while the job runs, in ascending order of the numbers. Without
    /// an output, lines are counted and dropped.
    ///
    /// ```
    /// use evenly::{Aggregate, Job, Range, function, output::Collected};
    ///
    /// let lines = Collected::default();
    /// let squares = function::integers("square", |n| i128::from(n * n));
    /// Job::new(Aggregate::Map, Range::new(1, 4)?, squares).output(Box::new(lines.clone())).run()?;
    /// assert_eq!(lines.take(), b"1\t1\n2\t4\n3\t9\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn output(mut self, output: Box<dyn Output>) -> Self {
        self.output = Some(output);
        self
    }

    /// Leaves failed numbers out of an answer of lines. Without this call the lines end below the lowest number
    /// that fails.
    ///
    /// ```
    /// use evenly::{Aggregate, Job, Range, function, output::Collected};
    ///
    /// let lines = Collected::default();
    /// let inverse = function::integers("inverse", |n| i128::from(100 / (n - 2)));
    /// let job = Job::new(Aggregate::Map, Range::new(1, 4)?, inverse).output(Box::new(lines.clone()));
    /// let report = job.despite_failures().run()?;
    /// assert_eq!(lines.take(), b"1\t-100\n3\t100\n");
    /// assert_eq!(report.failed, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn despite_failures(mut self) -> Self {
        self.leaves_out_failures = true;
        self
    }

    /// Sets how the range is cut into chunks. Without this call chunks are sized by time.
    ///
    /// ```
    /// use evenly::{Job, Policy, Range, function};
    ///
    /// let odd = function::predicate("odd", |n| n % 2 == 1);
    /// let report = Job::count(Range::new(0, 1000)?, odd).policy(Policy::Static).run()?;
    /// assert_eq!(report.answer.to_string(), "500");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Works in a random order, which depends on the seed: in blocks of consecutive numbers, each from below. There are at
    /// most 1024 of them; where commands are run at most 65 536, or 32 for each worker if a command does a whole chunk
    /// whose length is not [fixed](Policy::Fixed). The answer is as without this, and lines stay ascending. Has no
    /// effect with [`Policy::Static`] and open-ended items.
    ///
    /// ```
    /// use evenly::{Aggregate, Job, Range, function, output::Collected};
    ///
    /// let lines = Collected::default();
    /// let sevens = function::predicate("seven", |n| n % 7 == 0);
    /// let job = Job::new(Aggregate::Find { first: None }, Range::new(1, 20)?, sevens).output(Box::new(lines.clone()));
    /// job.shuffled(42).run()?;
    /// assert_eq!(lines.take(), b"7\n14\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn shuffled(mut self, seed: u64) -> Self {
        self.shuffle_seed = Some(seed);
        self
    }

    /// Reports progress to the observer about once per `period`. Without this call the primary makes no wake-up
    /// for that.
    ///
    /// ```
    /// use evenly::observe::{Observation, Observer};
    /// use evenly::{Job, Range, function};
    /// use std::time::Duration;
    ///
    /// struct Bar;
    /// impl Observer for Bar {
    ///     fn observe(&mut self, observation: &Observation<'_>) {
    ///         if let Observation::Progress(progress) = observation {
    ///             eprintln!("{progress:?}");
    ///         }
    ///     }
    /// }
    /// let even = function::predicate("even", |n| n % 2 == 0);
    /// let job = Job::count(Range::new(0, 1000)?, even).progress_every(Duration::from_secs(1));
    /// assert_eq!(job.run_observed(&mut Bar)?.answer.to_string(), "500");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn progress_every(mut self, period: Duration) -> Self {
        self.progress_every = Some(period);
        self
    }

    /// Lets other processes ask how far the job is. Without this call the job opens nothing for them.
    ///
    /// ```
    /// use evenly::observe::{Status, StatusPort};
    /// use evenly::{Job, Range, function};
    /// use std::io::Write as _;
    /// use std::net::TcpListener;
    /// use std::os::fd::{AsFd as _, BorrowedFd};
    ///
    /// struct Port(TcpListener);
    /// impl StatusPort for Port {
    ///     fn open(&mut self) -> Option<BorrowedFd<'_>> {
    ///         Some(self.0.as_fd())
    ///     }
    ///     fn answer(&mut self, status: &Status) -> bool {
    ///         let Ok((mut asks, _)) = self.0.accept() else { return false };
    ///         // A reader that is slow must not hold up the job.
    ///         let _ = asks.set_nonblocking(true).and_then(|()| writeln!(asks, "{:?}", status.progress));
    ///         true
    ///     }
    /// }
    /// let port = TcpListener::bind("127.0.0.1:0")?;
    /// port.set_nonblocking(true)?;
    /// let even = function::predicate("even", |n| n % 2 == 0);
    /// let job = Job::count(Range::new(0, 1000)?, even).status_port(Box::new(Port(port)));
    /// assert_eq!(job.run()?.answer.to_string(), "500");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn status_port(mut self, port: Box<dyn StatusPort>) -> Self {
        self.status_port = Some(port);
        self
    }

    /// Sets how often a chunk is tried again after it lost its worker; 2 without this call. After that the chunk is
    /// halved and the halves are tried. A number fails when it alone has lost one worker more than this, and at
    /// least two.
    ///
    /// ```
    /// use evenly::{Job, Range, function};
    ///
    /// let even = function::predicate("even", |n| n % 2 == 0);
    /// let report = Job::count(Range::new(0, 1000)?, even).retries(5).run()?;
    /// assert_eq!((report.losses, report.failed), (0, 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn retries(mut self, retries: u8) -> Self {
        self.retries = retries;
        self
    }

    /// Limits the time of the whole job: at the deadline it ends with [`Error::Deadline`](crate::Error::Deadline). Time in which `SIGTSTP`
    /// stopped it does not count.
    ///
    /// ```
    /// use evenly::{Error, Job, Range, function};
    /// use std::time::Duration;
    ///
    /// let slow = function::predicate("slow", |_| loop {
    ///     std::thread::sleep(Duration::from_millis(1));
    /// });
    /// let job = Job::count(Range::new(0, 1000)?, slow).deadline(Duration::from_millis(50));
    /// let error = job.drain(Duration::ZERO).run().unwrap_err();
    /// assert!(matches!(error, Error::Deadline { .. }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sets the time that a chunk should take, where chunks are sized by time. Without this call it is 100 ms, and
    /// 1 s for commands.
    ///
    /// ```
    /// use evenly::{Job, Range, function};
    /// use std::time::Duration;
    ///
    /// // Short chunks: less is lost with a worker.
    /// let even = function::predicate("even", |n| n % 2 == 0);
    /// let job = Job::count(Range::new(0, 1000)?, even).chunks_of(Duration::from_millis(10));
    /// assert_eq!(job.run()?.answer.to_string(), "500");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn chunks_of(mut self, aim: Duration) -> Self {
        self.chunk_time = Some(aim);
        self
    }

    /// Limits the numbers in a chunk, where chunks are sized by time.
    ///
    /// ```
    /// use evenly::{Job, Range, function};
    /// use std::num::NonZeroU64;
    ///
    /// let even = function::predicate("even", |n| n % 2 == 0);
    /// let job = Job::count(Range::new(0, 1000)?, even).chunks_up_to(NonZeroU64::new(50).unwrap());
    /// assert_eq!(job.run()?.answer.to_string(), "500");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn chunks_up_to(mut self, most: NonZeroU64) -> Self {
        self.chunk_max = most.get();
        self
    }

    /// Sets the fewest numbers in a chunk, where chunks are sized by time and that many remain. If it is above
    /// that of [`chunks_up_to`](Self::chunks_up_to), the upper limit counts.
    ///
    /// ```
    /// use evenly::{Job, Range, function};
    /// use std::num::NonZeroU64;
    ///
    /// let even = function::predicate("even", |n| n % 2 == 0);
    /// let job = Job::count(Range::new(0, 1000)?, even).chunks_from(NonZeroU64::new(50).unwrap());
    /// assert_eq!(job.run()?.answer.to_string(), "500");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn chunks_from(mut self, least: NonZeroU64) -> Self {
        self.chunk_min = least.get();
        self
    }

    /// Limits how many numbers begin in a second; where one command does a whole chunk, how many chunks. They begin
    /// at equal intervals. A rate below 1e-6, or no number, becomes 1e-6: one in 11.6 days.
    ///
    /// ```
    /// use evenly::{Job, Range, function};
    ///
    /// // For example requests to a server that allows 200 in a second.
    /// let even = function::predicate("even", |n| n % 2 == 0);
    /// let report = Job::count(Range::new(0, 20)?, even).max_rate(200.0).run()?;
    /// assert_eq!(report.answer.to_string(), "10");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn max_rate(mut self, per_second: f64) -> Self {
        self.max_rate = Some(per_second.max(MIN_RATE));
        self
    }

    /// Limits the time of one number. A number that takes longer ends its worker, and fails if it does that again
    /// alone in a fresh worker. A timer in the worker checks eight times per `timeout`, at most once per
    /// millisecond, so a number may take that much longer. Time in which the worker is stopped does not count. A
    /// worker that does not end itself, or stays stopped at a number, is killed by the primary after two times
    /// `timeout`, and at least 1 s after it; where commands are run, 10 s later.
    ///
    /// ```
    /// use evenly::{Cause, Job, Range, function};
    /// use std::time::Duration;
    ///
    /// let hangs = function::predicate("hangs at 7", |n| {
    ///     while n == 7 {
    ///         std::thread::sleep(Duration::from_millis(1));
    ///     }
    ///     true
    /// });
    /// let report = Job::count(Range::new(0, 10)?, hangs).timeout(Duration::from_millis(50)).run()?;
    /// assert_eq!(report.answer.to_string(), "9");
    /// assert_eq!((report.failures[0].interval.first(), report.failures[0].cause), (7, Cause::Timeout));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Limits the time of one number, or of one run of a command; replaces an earlier limit. A limit of the
    /// [median](TimeLimit::OfMedian) needs a command.
    ///
    /// ```
    /// use evenly::{Aggregate, Job, Range, TimeLimit, function};
    /// use std::num::NonZeroU32;
    ///
    /// // One command takes much longer than the others.
    /// let words = ["sh", "-c", "case $1 in 9) exec sleep 60;; *) exec sleep 0.05;; esac", "sh", "{}"];
    /// let command = function::Command::new(words.map(Into::into).to_vec())?;
    /// let job = Job::new(Aggregate::Run { in_order: false }, Range::new(0, 10)?, command.into_function());
    /// let report = job.time_limit(TimeLimit::OfMedian(NonZeroU32::new(1000).unwrap())).run()?;
    /// assert_eq!(report.failures[0].interval.first(), 9);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn time_limit(mut self, limit: TimeLimit) -> Self {
        (self.timeout, self.median_timeout) = match limit {
            TimeLimit::Fixed(timeout) => (Some(timeout), None),
            TimeLimit::OfMedian(percent) => (None, Some(percent)),
        };
        self
    }

    /// Gives a command this time to end after `SIGTERM`, before `SIGKILL`; 1 s without this call. A command
    /// gets both signals with its process group, whatever the reason for its end. Also the time for which a
    /// worker reads the output of processes that a command left behind.
    ///
    /// ```
    /// use evenly::{Aggregate, Cause, Job, Range, function};
    /// use std::time::Duration;
    ///
    /// let words = ["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done", "sh", "{}"];
    /// let command = function::Command::new(words.map(Into::into).to_vec())?;
    /// let job = Job::new(Aggregate::Run { in_order: false }, Range::new(0, 1)?, command.into_function());
    /// let report = job.timeout(Duration::from_millis(100)).grace(Duration::from_millis(100)).run()?;
    /// assert_eq!(report.failures[0].cause, Cause::Timeout);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        // An agent gets it in 64 bits, in nanoseconds.
        self.grace = grace.min(Duration::from_nanos(u64::MAX));
        self
    }

    /// Gives workers this time to finish the numbers they are at when a signal or [`halt`](Self::halt) ends the job;
    /// 5 s without this call. Then they are killed.
    ///
    /// ```
    /// use evenly::{Error, Job, Range, function};
    /// use std::time::Duration;
    ///
    /// let slow = function::predicate("slow", |_| {
    ///     std::thread::sleep(Duration::from_secs(60));
    ///     true
    /// });
    /// let job = Job::count(Range::new(0, 10)?, slow).deadline(Duration::from_millis(50));
    /// let error = job.drain(Duration::from_millis(50)).run().unwrap_err();
    /// assert!(matches!(error, Error::Deadline { .. }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn drain(mut self, within: Duration) -> Self {
        self.drain = within;
        self
    }

    /// Limits the memory that a worker has for itself, in bytes; where commands are run, the memory of a command
    /// and of all that it started. The primary reads it ten times in a second (proc(5), `statm`), so a worker may exceed the
    /// limit for a moment. A number at which a worker exceeds it is tried again alone in a fresh worker, and
    /// fails if it exceeds the limit there too. A limit below [`MIN_MEMORY`] becomes that.
    ///
    /// ```
    /// use evenly::{Cause, Job, Range, function};
    /// use std::time::Duration;
    ///
    /// let grows = function::predicate("grows at 7", |n| {
    ///     let mut held = Vec::new();
    ///     while n == 7 {
    ///         held.extend_from_slice(&[1_u8; 1 << 20]);
    ///         std::thread::sleep(Duration::from_millis(1));
    ///     }
    ///     true
    /// });
    /// let report = Job::count(Range::new(0, 10)?, grows).memory(64 << 20).run()?;
    /// assert_eq!(report.answer.to_string(), "9");
    /// assert_eq!((report.failures[0].interval.first(), report.failures[0].cause), (7, Cause::Memory));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn memory(mut self, bytes: u64) -> Self {
        self.memory = Some(bytes.max(MIN_MEMORY));
        self
    }

    /// Sets the condition that ends the job early; `None` for no condition. Without this call the job ends after
    /// 10 000 failed numbers.
    ///
    /// ```
    /// use evenly::halt::{HaltSpeed, HaltThreshold, HaltTrigger};
    /// use evenly::{Error, Halt, Job, Range, function};
    ///
    /// let first_failure = Halt {
    ///     when: HaltSpeed::Now,
    ///     why: HaltTrigger::Fail,
    ///     after: HaltThreshold::Numbers(1),
    /// };
    /// let fails = function::predicate("fails from 7 on", |n| {
    ///     assert!(n < 7);
    ///     true
    /// });
    /// let error = Job::count(Range::new(0, 1000)?, fails).halt(Some(first_failure)).run().unwrap_err();
    /// assert!(matches!(error, Error::Halted { .. }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn halt(mut self, halt: Option<Halt>) -> Self {
        self.halt = halt;
        self
    }

    /// Reports each [`Piece`](crate::observe::Piece) that is done or lost to the observer. Each chunk takes a little longer.
    ///
    /// ```
    /// use evenly::observe::{Observation, Observer};
    /// use evenly::{Job, Range, function};
    ///
    /// #[derive(Default)]
    /// struct Done(u128);
    /// impl Observer for Done {
    ///     fn observe(&mut self, observation: &Observation<'_>) {
    ///         if let Observation::Done(piece) = observation {
    ///             self.0 += piece.interval.len();
    ///         }
    ///     }
    /// }
    /// let mut done = Done::default();
    /// let even = function::predicate("even", |n| n % 2 == 0);
    /// Job::count(Range::new(0, 1000)?, even).tell_pieces().run_observed(&mut done)?;
    /// assert_eq!(done.0, 1000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn tell_pieces(mut self) -> Self {
        self.tells_pieces = true;
        self
    }
}
