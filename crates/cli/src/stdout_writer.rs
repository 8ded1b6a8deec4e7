//! Writer for standard output that waits for its reader until the deadline passes or a signal arrives.

use crate::exit::ExitOutcome;
use evenly::Signal;
use evenly::internal::EndSignals;
use evenly::output::{Output, Writer};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// Limit of the wait for a reader that takes no data.
pub(crate) enum WaitLimit {
    /// Until the deadline, or until a signal asks for the end.
    Limited(Limits),
    /// One second: the job ended early.
    Short,
    /// No wait: the job has waited before.
    None,
}

/// Events that end the writing of a complete answer.
pub(crate) struct Limits {
    /// The deadline of the job, and the time at which it passes.
    deadline: Option<(Duration, Instant)>,
    /// `None`: signalfd(2) failed, so signals end the process by their default action.
    signals: Option<EndSignals>,
}

/// Length of [`WaitLimit::Short`].
const SHORT: Duration = Duration::from_secs(1);

impl Limits {
    /// `left` is the time until the deadline passes.
    pub(crate) fn new(deadline: Option<Duration>, left: Option<Duration>) -> Self {
        let now = Instant::now();
        let passes = left.and_then(|left| now.checked_add(left));
        Self { deadline: deadline.zip(passes), signals: EndSignals::take().ok() }
    }

    /// Waits until there is room, or returns the event that ends the writing.
    fn wait(&self, room: BorrowedFd<'_>) -> Result<(), WriteInterruption> {
        let left =
            self.deadline.map(|(_, passes)| passes.saturating_duration_since(Instant::now()));
        let timeout = left.map(timespec);
        let mut waiting = vec![PollFd::new(&room, PollFlags::OUT)];
        waiting.extend(self.signals.iter().map(|signals| PollFd::new(signals, PollFlags::IN)));
        // The next write reports any error.
        let _ = poll(&mut waiting, timeout.as_ref());
        if let Some(signal) = self.signals.as_ref().and_then(EndSignals::next) {
            return Err(WriteInterruption::Signal(signal));
        }
        match self.deadline {
            Some((deadline, passes)) if passes <= Instant::now() => {
                Err(WriteInterruption::Deadline(deadline))
            }
            _ => Ok(()),
        }
    }
}

/// The event that ended the writing of an answer.
enum WriteInterruption {
    Signal(Signal),
    Deadline(Duration),
}

impl WriteInterruption {
    /// Part of the answer is written, so the message gives the number of bytes that are missing.
    fn outcome(self, left: usize) -> ExitOutcome {
        let rest = format!("the last {left} bytes of the answer are not written");
        match self {
            Self::Signal(signal) => {
                ExitOutcome::Interrupted(signal, format!("stopped by {signal}; {rest}"))
            }
            Self::Deadline(deadline) => ExitOutcome::Deadline(format!(
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
) -> Result<(), ExitOutcome> {
    let mut left = writer.flush().map_err(|cause| ExitOutcome::not_written(&cause))?;
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
        let before = std::mem::replace(
            &mut left,
            writer.flush().map_err(|cause| ExitOutcome::not_written(&cause))?,
        );
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
pub(crate) fn write_all(text: &str, limit: &WaitLimit) -> Result<(), ExitOutcome> {
    let mut writer = Writer::new(rustix::stdio::stdout());
    writer.put(text.as_bytes()).map_err(|cause| ExitOutcome::not_written(&cause))?;
    drain(&mut writer, limit)
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(duration.subsec_nanos()),
    }
}
