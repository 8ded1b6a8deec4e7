//! First messages of an agent and of a primary as bytes, for tests that act as one of them.

use super::PATIENCE;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

/// What all of them begin with.
pub(crate) fn beginning(protocol: u16, program: &str) -> Vec<u8> {
    let mut bytes = b"evenly".to_vec();
    bytes.extend_from_slice(&protocol.to_le_bytes());
    bytes.push(program.len() as u8);
    bytes.extend_from_slice(program.as_bytes());
    bytes
}

/// A hello of an agent with one worker and no program.
pub(crate) fn hello(protocol: u16, program: &str) -> Vec<u8> {
    hello_from(b"test", protocol, program)
}

/// The same from a machine of this name, of at most 255 bytes.
pub(crate) fn hello_from(host: &[u8], protocol: u16, program: &str) -> Vec<u8> {
    let mut bytes = beginning(protocol, program);
    bytes.extend_from_slice(&1_u32.to_le_bytes());
    bytes.extend_from_slice(&4711_u32.to_le_bytes());
    bytes.extend_from_slice(&[0; 16]);
    bytes.extend_from_slice(&[0; 33]);
    bytes.push(host.len() as u8);
    bytes.extend_from_slice(host);
    bytes.push(0);
    bytes
}

/// A message with its length before it.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u16).to_le_bytes(), message].concat()
}

/// Says hello at the socket of a primary; the connection, whether it is admitted, and the answer.
pub(crate) fn say_hello(path: &str, hello: &[u8]) -> (UnixStream, bool, Vec<u8>) {
    let mut socket = UnixStream::connect(path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.write_all(&framed(hello)).unwrap();
    let mut head = [0; 3];
    socket.read_exact(&mut head).unwrap();
    let mut answer = vec![0; usize::from(u16::from_le_bytes([head[1], head[2]]))];
    socket.read_exact(&mut answer).unwrap();
    (socket, head[0] == 1, answer)
}
