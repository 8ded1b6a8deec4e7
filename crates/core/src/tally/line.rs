//! Lines of find and map: a number and its value.

use super::decimal::{Decimal, LONGEST};
use crate::real::Real;
use alloc::format;
use alloc::vec::Vec;

/// Lines that are put together before they are added to the text.
const BLOCK: usize = 4096;
const LONGEST_LINE: usize = 2 * LONGEST + 2;

/// Adds the line of a number that was found.
pub(super) fn found(text: &mut Vec<u8>, n: i64) {
    let mut line = [0; LONGEST_LINE];
    let length = Decimal::of(n).write(&mut line);
    line[length] = b'\n';
    text.extend_from_slice(&line[..=length]);
}

/// Adds a line of map.
pub(super) fn entry(text: &mut Vec<u8>, n: i64, value: i128) {
    let Ok(short) = i64::try_from(value) else {
        text.extend_from_slice(itoa::Buffer::new().format(n).as_bytes());
        text.push(b'\t');
        text.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
        text.push(b'\n');
        return;
    };
    entries(text, n, &[short]);
}

/// Adds a line of map whose value is a double.
pub(super) fn real(text: &mut Vec<u8>, n: i64, value: Real) {
    text.extend_from_slice(itoa::Buffer::new().format(n).as_bytes());
    text.extend_from_slice(format!("\t{value}\n").as_bytes());
}

/// Adds the lines of map for numbers from `first` on.
pub(super) fn entries(text: &mut Vec<u8>, first: i64, values: &[i64]) {
    let mut block = [0; BLOCK + LONGEST_LINE];
    let mut length = 0;
    let mut n = Decimal::of(first);
    for value in values {
        length += n.write(&mut block[length..]);
        block[length] = b'\t';
        length += 1;
        match u8::try_from(*value) {
            Ok(digit @ 0..=9) => {
                block[length] = b'0' + digit;
                length += 1;
            }
            _ => length += Decimal::of(*value).write(&mut block[length..]),
        }
        block[length] = b'\n';
        length += 1;
        if length >= BLOCK {
            text.extend_from_slice(&block[..length]);
            length = 0;
        }
        n.count_up();
    }
    text.extend_from_slice(&block[..length]);
}

/// Adds the lines of those numbers from `first` on that were found; how many.
pub(super) fn all_found(text: &mut Vec<u8>, first: i64, is_found: &[i64]) -> u64 {
    let mut block = [0; BLOCK + LONGEST_LINE];
    let (mut length, mut lines) = (0, 0);
    let mut n = Decimal::of(first);
    for is_found in is_found {
        if *is_found != 0 {
            length += n.write(&mut block[length..]);
            block[length] = b'\n';
            length += 1;
            lines += 1;
            if length >= BLOCK {
                text.extend_from_slice(&block[..length]);
                length = 0;
            }
        }
        n.count_up();
    }
    text.extend_from_slice(&block[..length]);
    lines
}
