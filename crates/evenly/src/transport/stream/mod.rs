//! Streams: `unix:PATH` within a machine, `tcp:HOST:PORT` between machines, `stdio:` to the process that started an agent.
//!
//! Within the machine the kernel says whose process the other end is, at both ends, and only connections of the same
//! user are kept. Between machines both ends prove that they hold the key, and everything is
//! sealed ([`noise`](crate::secure::noise)). All lengths are little-endian.
//!
//! ```text
//!          from the agent                      from the primary
//! unix     length u16 | hello                  1 admitted, 0 refused: u8 | length u16 | answer
//!          frames                              frames
//!
//! stdio    as unix
//!
//! tcp      length u16 | sealed hello           length u16 | sealed (1 or 0: u8, answer)
//!          records                             records
//! record   length u16 | sealed bytes of the stream of frames | tag of 16 bytes
//!          a record with nothing in it but its tag is the end
//! ```
//!
//! Where a primary calls an agent, it connects, its call takes the place of the hello, and the hello of the agent that of the
//! answer. The handshake has another prologue then.
//!
//! A peer that has not proved yet that it may join costs a descriptor and at most [`LONGEST_HELLO`](super::admission::LONGEST_HELLO)
//! bytes for the limit of silence. It receives not a single byte. At most 256 such peers are kept, fewer
//! where few files may be open; the oldest makes room for the next. On tcp the end of the stream is
//! orderly only after the sealed end: any host on the path can forge a segment with FIN or RST.

mod admission;
mod connect;
mod connector;
mod frames;
mod listener;
mod listening_socket;
mod message;
mod peer;
mod receive_buffer;
mod socket;
mod stdio;

pub(crate) use connect::ConnectError;
pub(crate) use connector::StreamConnector;
pub(crate) use listener::StreamListener;
pub(crate) use stdio::StdioEnds;

/// The key of the listening socket; peers have their number.
const LISTENING_KEY: u32 = u32::MAX;

/// Time limit for a peer to read the end.
const LINGER_NS: u64 = 1_000_000_000;
/// Pause of accepting when the system has no descriptor or no memory for a connection.
const CROWDED_NS: u64 = 100_000_000;
/// Time limit for connecting to each address of a primary.
const CONNECT_NS: u64 = 5_000_000_000;
/// Time limit for an agent that this process has started to say hello.
const STARTED_NS: u64 = 60_000_000_000;
/// Time limit for a primary to answer a hello.
const ANSWER_NS: u64 = 10_000_000_000;

#[cfg(test)]
mod tests;
