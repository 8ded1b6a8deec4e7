//! Lines of find and map: a number, and what the function gives for it.

use alloc::vec::Vec;

/// Writes a number.
#[inline]
pub(super) fn number(text: &mut Vec<u8>, n: i64) {
    text.extend_from_slice(itoa::Buffer::new().format(n).as_bytes());
}

/// Writes a line of map.
#[inline]
pub(super) fn entry(text: &mut Vec<u8>, n: i64, value: i128) {
    let mut buffer = itoa::Buffer::new();
    text.extend_from_slice(buffer.format(n).as_bytes());
    text.push(b'\t');
    match i64::try_from(value) {
        Ok(value) => text.extend_from_slice(buffer.format(value).as_bytes()),
        Err(_) => text.extend_from_slice(buffer.format(value).as_bytes()),
    }
    text.push(b'\n');
}
