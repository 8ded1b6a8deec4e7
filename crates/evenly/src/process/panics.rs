//! Panics of closures in workers: the message and place of the last one, and which panics are printed.
//!
//! The hook of the calling program prints a panic. A number that panics is tried again, in a worker that is forked after
//! its loss: so the primary notes numbers that were lost, and a worker that inherited this note does not call the
//! hook again for them. After [`MOST_PRINTED`] numbers that panicked, no further worker calls it: the error has their
//! messages. Workers that were forked before print one panic each at most, as it ends them.

use super::sys::{crash_report, position};
use evenly_core::Cause;
use evenly_core::frame::MAX_TEXT;
use evenly_core::printable::shortened;
use std::collections::VecDeque;
use std::panic::{self, PanicHookInfo};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Numbers of a job whose panics are known to be printed, before no further one is. Each may come with a long backtrace.
const MOST_PRINTED: usize = 3;

/// Lost numbers that are known: more than are tried again at any time.
const MOST_LOST: usize = 64;

/// Exit status of a worker whose function panicked: that of a Rust program.
pub(super) const STATUS_PANICKED: i32 = 101;

/// Messages with which the standard library aborts after another panic, whose message says more.
const ABORTING: [&str; 2] =
    ["panic in a function that cannot unwind", "panic in a destructor during cleanup"];

/// The last panic of this process, in words.
static LAST: Mutex<Option<String>> = Mutex::new(None);

/// What later workers of the current job know.
static KNOWN: Mutex<Known> = Mutex::new(Known { lost: VecDeque::new(), panics: 0 });

#[derive(Debug, Default)]
struct Known {
    /// Positions that were lost with a worker, the last ones.
    lost: VecDeque<i64>,
    /// How many numbers panicked.
    panics: usize,
}

impl Known {
    fn is_hidden(&self, position: i64) -> bool {
        self.panics >= MOST_PRINTED || self.lost.contains(&position)
    }
}

fn known() -> MutexGuard<'static, Known> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The numbers of a job whose panics were printed, for workers that are forked later. Dropped, it brings back those of the
/// job around it, of which this process is a worker.
#[derive(Debug)]
pub(crate) struct PrintedPanics {
    before: Known,
}

impl PrintedPanics {
    /// For a job that begins, in its primary.
    pub(crate) fn begin() -> Self {
        Self { before: std::mem::take(&mut *known()) }
    }

    /// A worker described the number at this position, with which it is about to be lost.
    pub(crate) fn note_description(&self, position: i64, cause: Cause) {
        let mut known = known();
        // What the end of its worker looks like: a panic that cannot unwind aborts.
        let is_panic =
            [Cause::Exit(STATUS_PANICKED), Cause::Signal(libc::SIGABRT)].contains(&cause);
        if is_panic && !known.lost.contains(&position) {
            known.panics += 1;
        }
    }

    /// A worker is about to be lost with the number at this position.
    pub(crate) fn note_loss(&self, position: i64) {
        let mut known = known();
        if !known.lost.contains(&position) {
            known.lost.push_back(position);
            if known.lost.len() > MOST_LOST {
                known.lost.pop_front();
            }
        }
    }
}

impl Drop for PrintedPanics {
    fn drop(&mut self) {
        *known() = std::mem::take(&mut self.before);
    }
}

/// Notes panics of this process from now on, before the hook of the calling program sees those to be printed. Only for a
/// process that was forked as a worker: the hook stays until it ends.
pub(crate) fn note() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !message(panic).is_some_and(|message| ABORTING.contains(&message)) {
            let text = described(panic);
            // Whether it unwinds is not known here: the program decides that when it is linked.
            crash_report::hold_for_abort(&text);
            *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
        }
        let position = position::own();
        let is_hidden = position.is_inside() && known().is_hidden(position.now);
        if !is_hidden {
            before(panic);
        }
    }));
}

/// Takes what was noted last, such as `panicked at src/main.rs:7:9: attempt to divide by zero`.
pub(crate) fn take() -> Option<String> {
    LAST.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn message<'a>(panic: &'a PanicHookInfo<'_>) -> Option<&'a str> {
    let payload = panic.payload();
    let message = payload.downcast_ref::<&str>().copied();
    message.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}

fn described(panic: &PanicHookInfo<'_>) -> String {
    let place = panic.location().map_or(String::new(), |place| format!(" at {place}"));
    let message = message(panic).map_or(String::new(), |message| format!(": {message}"));
    shortened(format!("panicked{place}{message}"), MAX_TEXT)
}
