//! Output: where the lines of an answer go while the job runs, without ever making it wait.

mod collected;
mod writer;
#[cfg(test)]
mod writer_tests;

pub use collected::Collected;
pub use writer::Writer;

use rustix::io::Errno;
use std::os::fd::BorrowedFd;

/// Where lines go while a job runs, ascending.
///
/// The job asks how much is left and makes its workers wait for room; an output itself waits for
/// nothing, because the primary has one thread.
pub trait Output {
    /// Takes all of these whole lines, and keeps what cannot be written without waiting.
    ///
    /// # Errors
    /// If they cannot be written, now or ever after; `EPIPE` if nobody reads any more.
    fn put(&mut self, lines: &[u8]) -> Result<(), Errno>;

    /// Writes what can be written without waiting: how many bytes are left.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    fn flush(&mut self) -> Result<usize, Errno>;

    /// What to wait on for room, and for a reader that goes away; if there is anything to wait for.
    fn descriptor(&self) -> Option<BorrowedFd<'_>>;
}
