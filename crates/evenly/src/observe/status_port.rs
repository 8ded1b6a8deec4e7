//! Hook for other processes that ask a running job how far it is.

use super::Status;
use std::os::fd::BorrowedFd;

/// A descriptor at which other processes ask how far a job is, such as a listening socket.
///
/// The primary waits at the descriptor beside its other work. It calls these methods from its only thread, so none of
/// them may block. A worker that is forked later closes the descriptor.
pub trait StatusPort {
    /// Opens the descriptor; called once, when the job has run for a second. `None`: nothing to wait at.
    fn open(&mut self) -> Option<BorrowedFd<'_>>;

    /// Answers those that ask; called when the descriptor can be read. `false`: the primary waits there no longer.
    fn answer(&mut self, status: &Status) -> bool;
}
