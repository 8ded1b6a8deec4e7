//! State of the port at which other processes ask how far a job is.

/// Whether the primary waits at the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PortState {
    /// There is none, or it is closed.
    Closed,
    /// It is opened later.
    Due,
    /// The primary waits at it.
    Open,
}
