//! Calls that make a listening socket, for observers that look after each of them.

/// A call that has just returned (socket(2), bind(2), listen(2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "sockets"),
    expect(dead_code, reason = "a build without sockets makes none")
)]
pub(crate) enum SocketCall {
    Socket,
    Bind,
    Listen,
}

/// Is called after each of these calls.
pub(crate) type AfterCall<'a> = &'a mut dyn FnMut(SocketCall);
