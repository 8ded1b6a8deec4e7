//! Reasons for which a worker ends before it has read end of file.

use crate::process::system_call::SystemCall;
use evenly_core::frame::Malformed;
use rustix::io::Errno;

/// Reason for which a worker ends before it has read end of file.
pub(super) enum EarlyExit {
    /// The primary has ended, or has closed its end of the assignment pipe.
    PrimaryGone,
    /// `SIGTERM`: the kernel sends it when the primary ends, and another process may send it.
    Requested,
    /// This system call failed with this error.
    Failed(SystemCall, Errno),
    /// The primary sent a malformed frame.
    Protocol,
}

impl From<(SystemCall, Errno)> for EarlyExit {
    fn from((call, cause): (SystemCall, Errno)) -> Self {
        Self::Failed(call, cause)
    }
}

impl From<Malformed> for EarlyExit {
    fn from(_: Malformed) -> Self {
        Self::Protocol
    }
}
