//! Test support of all crates: seeded random numbers, relays that disturb connections, and what a test needs of the
//! machine.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

pub mod datagram_relay;
pub mod directory;
pub mod harness;
mod messages;
pub mod needs;
pub mod postgres;
pub mod random;
pub mod slurm;
pub mod stepped_relay;
pub mod stream_relay;
pub mod watch;

pub use random::Random;
