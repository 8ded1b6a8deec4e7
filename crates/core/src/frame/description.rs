//! Description frame: a short text about one failed number.

use super::Malformed;
use crate::partial::Cause;

/// The longest text of a description, in bytes.
pub const MAX_TEXT: usize = 240;

/// The bytes of a description before its text.
pub(super) const TEXT_AT: usize = 16;

/// What a number did, in words: what its command printed, or where a function panicked and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Description<'a> {
    /// The number.
    pub n: i64,
    /// The text belongs to a failure of this cause, and to no other.
    pub cause: Cause,
    /// At most [`MAX_TEXT`] bytes, and never empty.
    pub text: &'a str,
}

impl<'a> Description<'a> {
    /// The same with a text of at most `most` bytes, cut between two characters.
    pub(super) fn cut(self, most: usize) -> Self {
        let most = most.min(MAX_TEXT).min(self.text.len());
        let end = (0..=most).rev().find(|end| self.text.is_char_boundary(*end)).unwrap_or(0);
        Self { text: &self.text[..end], ..self }
    }

    /// Reads the body of a frame.
    pub(super) fn open(body: &'a [u8]) -> Result<Self, Malformed> {
        let (n, rest) = body.split_first_chunk().ok_or(Malformed::Entry)?;
        let (code, rest) = rest.split_first_chunk().ok_or(Malformed::Entry)?;
        let (detail, text) = rest.split_first_chunk().ok_or(Malformed::Entry)?;
        let cause = Cause::from_code(u32::from_le_bytes(*code), i32::from_le_bytes(*detail));
        let cause = cause.ok_or(Malformed::Entry)?;
        let text = core::str::from_utf8(text).map_err(|_| Malformed::Entry)?;
        if text.is_empty() || text.len() > MAX_TEXT {
            return Err(Malformed::Entry);
        }
        Ok(Self { n: i64::from_le_bytes(*n), cause, text })
    }
}
