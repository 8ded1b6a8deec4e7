//! Text form of a key, to be pasted on another machine or put into an environment variable.
//!
//! ```text
//! evenly-key-  64 hexadecimal digits of the key  -  8 digits of a checksum over the key
//! ```

use super::key::LENGTH;
use super::{Key, KeyError};
use crate::function::digest::digest;
use std::io::Read;
use zeroize::Zeroizing;

const PREFIX: &str = "evenly-key-";

/// Length of a text: prefix, key, dash, checksum.
const LENGTH_OF_TEXT: usize = PREFIX.len() + 2 * LENGTH + 1 + 8;

/// What `evenly key show` prints before the text, so that the whole line may be pasted as well.
const COMMAND: &str = "evenly key add ";

/// The longest input that is read for a text: the command, the text, and blanks around them.
const LONGEST: usize = 512;

impl Key {
    /// Reads a key from its text, with or without the words `evenly key add` before it.
    ///
    /// # Errors
    /// If it is no text of a key, or is cut off or mistyped.
    ///
    /// ```
    /// # use evenly::Key;
    /// assert!(Key::from_text("evenly-key-0123").is_err());
    /// ```
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        let text = text.strip_prefix(COMMAND).unwrap_or(text).trim();
        let (digits, check) = text
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once('-'))
            .ok_or(KeyError::NoText)?;
        let mut bytes = Zeroizing::new([0; LENGTH]);
        decode(digits, &mut *bytes)?;
        let mut sum = [0; 4];
        decode(check, &mut sum)?;
        if sum != checksum(&bytes) { Err(KeyError::DamagedText) } else { Ok(Self::of(&bytes)) }
    }

    /// Reads the text of a key from a file or pipe, to its end.
    ///
    /// # Errors
    /// As [`from_text`](Self::from_text), or if it cannot be read.
    pub fn read_text(input: &mut dyn Read) -> Result<Self, KeyError> {
        let mut bytes = Zeroizing::new([0; LONGEST]);
        let mut length = 0;
        while length < LONGEST {
            match input.read(&mut bytes[length..]) {
                Ok(0) => break,
                Ok(count) => length += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(KeyError::UnreadableText { cause }),
            }
            // A terminal has no end after the line.
            if bytes[..length].contains(&b'\n') {
                break;
            }
        }
        Self::from_text(str::from_utf8(&bytes[..length]).map_err(|_| KeyError::NoText)?)
    }

    /// Reads the text of a key from an environment variable.
    ///
    /// # Errors
    /// As [`from_text`](Self::from_text), or if there is no such variable.
    pub fn from_variable(name: &str) -> Result<Self, KeyError> {
        let in_variable = |cause| KeyError::Variable { name: name.to_owned(), cause };
        // A name that cannot be that of a variable is one that is not set.
        let is_name = !name.is_empty() && !name.contains(['=', '\0']);
        let text = is_name.then(|| std::env::var(name).ok()).flatten();
        let text = text.ok_or_else(|| KeyError::NoVariable { name: name.to_owned() })?;
        Self::from_text(&text).map_err(|cause| in_variable(Box::new(cause)))
    }

    /// The text of the key.
    #[must_use]
    pub fn text(&self) -> KeyText {
        let mut text = Zeroizing::new([b'-'; LENGTH_OF_TEXT]);
        let (prefix, rest) = text.split_at_mut(PREFIX.len());
        prefix.copy_from_slice(PREFIX.as_bytes());
        encode(self.bytes(), &mut rest[..2 * LENGTH]);
        encode(&checksum(self.bytes()), &mut rest[2 * LENGTH + 1..]);
        KeyText(text)
    }
}

/// The text of a key, which is overwritten in memory when it is dropped.
pub struct KeyText(Zeroizing<[u8; LENGTH_OF_TEXT]>);

impl KeyText {
    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&*self.0).unwrap_or_default()
    }
}

impl std::fmt::Debug for KeyText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyText")
    }
}

/// Detects a text that was cut off or mistyped.
fn checksum(bytes: &[u8; LENGTH]) -> [u8; 4] {
    let [first, second, third, fourth, ..] = digest(&[b"evenly key", bytes.as_slice()]);
    [first, second, third, fourth]
}

fn encode(bytes: &[u8], text: &mut [u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (byte, pair) in bytes.iter().zip(text.chunks_exact_mut(2)) {
        pair.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}

fn decode(digits: &str, bytes: &mut [u8]) -> Result<(), KeyError> {
    if digits.len() != 2 * bytes.len() {
        return Err(KeyError::DamagedText);
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        let digit = |digit: u8| char::from(digit).to_digit(16).ok_or(KeyError::DamagedText);
        *byte = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
    }
    Ok(())
}
