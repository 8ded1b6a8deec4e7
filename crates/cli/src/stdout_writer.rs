//! Waiting for the reader of standard output: no longer than the deadline and signals allow.

use crate::exit::Outcome;
use evenly::output::{Output, Writer};
use evenly::{EndSignals, Signal};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// How long to wait for a reader that takes nothing.
pub(crate) enum WaitLimit {
    /// Until the deadline, or until a signal asks for the end.
    Limited(Limits),
    /// For a second: the job has ended early, and should end.
    Short,
    /// Not at all: the job has waited before.
    None,
}

/// What ends the writing of an answer that is complete.
pub(crate) struct Limits {
    /// The deadline, and when it passes.
    deadline: Option<(Duration, Instant)>,
    /// `None`: they could not be taken, and so they end the process as they do any other.
    signals: Option<EndSignals>,
}

/// How long [`WaitLimit::Short`] is.
const SHORT: Duration = Duration::from_secs(1);

impl Limits {
    /// `left` is the time until the deadline passes.
    pub(crate) fn new(deadline: Option<Duration>, left: Option<Duration>) -> Self {
        let now = Instant::now();
        let passes = left.and_then(|left| now.checked_add(left));
        Self { deadline: deadline.zip(passes), signals: EndSignals::take().ok() }
    }

    /// Waits until there is room. Otherwise what ends the writing.
    fn wait(&self, room: BorrowedFd<'_>) -> Result<(), Stopped> {
        let left =
            self.deadline.map(|(_, passes)| passes.saturating_duration_since(Instant::now()));
        let timeout = left.map(timespec);
        let mut waiting = vec![PollFd::new(&room, PollFlags::OUT)];
        waiting.extend(self.signals.iter().map(|signals| PollFd::new(signals, PollFlags::IN)));
        // What came of it, the next write says.
        let _ = poll(&mut waiting, timeout.as_ref());
        if let Some(signal) = self.signals.as_ref().and_then(EndSignals::next) {
            return Err(Stopped::Signal(signal));
        }
        match self.deadline {
            Some((deadline, passes)) if passes <= Instant::now() => {
                Err(Stopped::Deadline(deadline))
            }
            _ => Ok(()),
        }
    }
}

/// What ended the writing of an answer.
enum Stopped {
    Signal(Signal),
    Deadline(Duration),
}

impl Stopped {
    /// What is written cannot be taken back, so the message says that it is a part.
    fn outcome(self, left: usize) -> Outcome {
        let rest = format!("the last {left} bytes of the answer are not written");
        match self {
            Self::Signal(signal) => {
                Outcome::Interrupted(signal, format!("stopped by {signal}; {rest}"))
            }
            Self::Deadline(deadline) => Outcome::Deadline(format!(
                "the deadline of {} s passed while the answer was written; {rest}",
                deadline.as_secs_f64()
            )),
        }
    }
}

/// Writes what a writer holds for as long as this limit lasts.
///
/// # Errors
/// If it cannot be written, if its reader is gone, or if the deadline or a signal came first.
pub(crate) fn drain(
    writer: &mut Writer<BorrowedFd<'static>>,
    limit: &WaitLimit,
) -> Result<(), Outcome> {
    let mut left = writer.flush().map_err(Outcome::not_written)?;
    let mut taken_at = Instant::now();
    while left > 0 {
        let Some(room) = writer.descriptor() else { return Ok(()) };
        let waited = match limit {
            WaitLimit::Limited(limits) => limits.wait(room),
            WaitLimit::Short if taken_at.elapsed() < SHORT => {
                let _ = poll(&mut [PollFd::new(&room, PollFlags::OUT)], Some(&timespec(SHORT)));
                Ok(())
            }
            WaitLimit::Short | WaitLimit::None => return Ok(()),
        };
        let before = std::mem::replace(&mut left, writer.flush().map_err(Outcome::not_written)?);
        if left < before {
            taken_at = Instant::now();
        }
        if left > 0
            && let Err(stopped) = waited
        {
            return Err(stopped.outcome(left));
        }
    }
    Ok(())
}

/// Writes all of `text` to standard output.
///
/// # Errors
/// As [`drain`].
pub(crate) fn write_all(text: &str, limit: &WaitLimit) -> Result<(), Outcome> {
    let mut writer = Writer::new(rustix::stdio::stdout());
    writer.put(text.as_bytes()).map_err(Outcome::not_written)?;
    drain(&mut writer, limit)
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(duration.subsec_nanos()),
    }
}
