//! Non-blocking outputs for the lines of an answer.

mod collected;
mod writer;
#[cfg(test)]
mod writer_tests;

pub use collected::Collected;
pub use writer::Writer;

use std::io;
use std::os::fd::BorrowedFd;

/// Destination of the lines of a running job, in ascending order.
///
/// The job asks how much is left and makes its workers wait for room; an output itself waits for
/// nothing, because the primary has one thread.
pub trait Output {
    /// Takes all of these whole lines, and keeps what cannot be written without waiting.
    ///
    /// # Errors
    /// If they cannot be written, now or ever after; `EPIPE` if the reader is gone.
    fn put(&mut self, lines: &[u8]) -> io::Result<()>;

    /// Writes what can be written without waiting: how many bytes are left.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    fn flush(&mut self) -> io::Result<usize>;

    /// What to wait on for room, and for a reader that goes away; if there is anything to wait for.
    fn descriptor(&self) -> Option<BorrowedFd<'_>>;
}

impl<O: Output + ?Sized> Output for &mut O {
    fn put(&mut self, lines: &[u8]) -> io::Result<()> {
        (**self).put(lines)
    }

    fn flush(&mut self) -> io::Result<usize> {
        (**self).flush()
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        (**self).descriptor()
    }
}
