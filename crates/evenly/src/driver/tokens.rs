//! Numbers of the transports in the tokens of epoll.

/// Signals, by signalfd(2).
pub(super) const SIGNALS: u32 = 0;
/// Pipes to and from the workers.
pub(super) const PIPES: u32 = 1;
/// Descriptor of the line output.
pub(super) const OUTPUT: u32 = 2;
/// Port at which other processes ask how far the job is.
pub(super) const STATUS: u32 = 3;
/// First address that agents join at, or the connection of an agent to its primary; further addresses follow.
pub(super) const AGENTS: u32 = 4;
