//! Streams: `unix:PATH` within a machine, `tcp:HOST:PORT` between machines.
//!
//! Within the machine the kernel says whose process the other end is, at both ends, and only the same
//! user is spoken to. Between machines both ends prove that they hold the key, and everything is
//! sealed ([`noise`](crate::secure::noise)). All lengths are little-endian.
//!
//! ```text
//!          from the agent                      from the primary
//! unix     length u16 | hello                  1 admitted, 0 refused: u8 | length u16 | answer
//!          frames                              frames
//!
//! tcp      length u16 | sealed hello           length u16 | sealed (1 or 0: u8, answer)
//!          records                             records
//! record   length u16 | sealed bytes of the stream of frames | tag of 16 bytes
//!          a record with nothing in it but its tag is the end
//! ```
//!
//! Whoever has not shown yet that it may join costs a descriptor and at most [`LONGEST_HELLO`] bytes
//! for the limit of silence, there are no more than 256 of them, and fewer
//! where few files may be open (the one that has waited longest makes room), and it gets not a single byte. On tcp the
//! end of the stream counts as an orderly one only after the sealed end: anybody on the way can forge
//! the other (a segment with FIN or RST).

mod admission;
mod connect;
mod connector;
mod gate;
mod intake;
mod line;
mod listener;
mod message;
mod peers;
mod socket;

pub(crate) use connect::ConnectError;
pub(crate) use connector::Connector;
pub(crate) use listener::Listener;

/// The longest hello, and the longest answer to one.
pub(crate) const LONGEST_HELLO: usize = 1024;

/// The key of the listening socket; peers have their number.
const LISTENING_KEY: u32 = u32::MAX;

/// How long whoever is told the end may take to read it.
const LINGER_NS: u64 = 1_000_000_000;
/// How long nobody is accepted when the system has no descriptor or no memory for it.
const CROWDED_NS: u64 = 100_000_000;
/// How long each address of a primary may take to answer at all.
const CONNECT_NS: u64 = 5_000_000_000;
/// How long a primary may take to answer a hello.
const ANSWER_NS: u64 = 10_000_000_000;

#[cfg(test)]
mod tests;
