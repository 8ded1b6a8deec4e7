//! Transports: how frames travel between a primary and its workers.
//!
//! Pipes are the only one so far. What another needs is the face of [`pipe::Hub`]: send to a
//! worker without blocking, flush, receive from all of them, and descriptors to wait for.

pub(crate) mod pipe;
