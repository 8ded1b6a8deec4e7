//! Supplement of a welcome: what an agent must know of a job and has no room in the welcome.
//!
//! ```text
//! size  a supplement (little-endian)
//!  4+i  i, then the items as text, i bytes; nothing for all of the range
//!    …  the index of the lines, which the driver makes and reads; nothing if the numbers stand for no lines
//! ```
//!
//! A welcome says how long it is. Then the agent sends an empty frame of answers, the primary sends the bytes in
//! frames of kind 15, and the agent joins with the next frame. Nothing of this is sent for a job without a supplement.
//!
//! It is valid if and only if the items are in the normal form of [`Items`], are no plain range, and have the first and
//! the last number of the range that the welcome names.

use super::Misunderstood;
use crate::interval::Interval;
use crate::items::Items;
use alloc::string::ToString;
use alloc::vec::Vec;

/// Longest supplement, in bytes: 64 MiB.
pub const MAX_SUPPLEMENT: usize = 64 << 20;

/// What an agent must know of a job and has no room in the welcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Supplement {
    /// The items, if they are not all of the range. Then chunks are in positions.
    pub items: Option<Items>,
    /// The index of the lines that the numbers stand for, in bytes of the driver; empty without lines.
    pub lines: Vec<u8>,
}

impl Supplement {
    /// The bytes; none if it says nothing. They can be more than [`MAX_SUPPLEMENT`], which the caller must refuse.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        if *self == Self::default() {
            return Vec::new();
        }
        let items = self.items.as_ref().map(ToString::to_string).unwrap_or_default();
        let length = u32::try_from(items.len()).unwrap_or(u32::MAX);
        [&length.to_le_bytes(), items.as_bytes(), &self.lines].concat()
    }

    /// What the bytes say to a welcome with this range.
    ///
    /// # Errors
    /// If they are no supplement of such a welcome.
    pub fn decode(bytes: &[u8], range: Option<Interval>) -> Result<Self, Misunderstood> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let (length, rest) = bytes.split_first_chunk().ok_or(Misunderstood::Malformed)?;
        let length = u32::from_le_bytes(*length) as usize;
        let (text, lines) = rest.split_at_checked(length).ok_or(Misunderstood::Malformed)?;
        let items = match text {
            [] => None,
            text => Some(items(text, range).ok_or(Misunderstood::Malformed)?),
        };
        Ok(Self { items, lines: lines.to_vec() })
    }
}

fn items(text: &[u8], range: Option<Interval>) -> Option<Items> {
    let text = core::str::from_utf8(text).ok()?;
    let items: Items = text.parse().ok()?;
    let is_normal = items.as_range().is_none() && items.to_string() == text;
    (is_normal && items.hull() == range).then_some(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_supplement_is_read_as_it_was_written() {
        let range = Interval::new(-4, 9);
        for items in [None, "-4,7..=9".parse().ok(), "-4..=8:3,9".parse().ok()] {
            for lines in [&b""[..], b"index"] {
                let supplement = Supplement { items: items.clone(), lines: lines.to_vec() };
                assert_eq!(Supplement::decode(&supplement.encode(), range), Ok(supplement));
            }
        }
        assert!(Supplement::default().encode().is_empty());
        assert!(Supplement::decode(&[9, 0, 0], range).is_err());
        assert!(Supplement::decode(&[9, 0, 0, 0, b'1'], range).is_err());
    }

    #[test]
    fn items_that_are_not_in_normal_form_or_not_of_the_range_are_refused() {
        let with = |range, text: &str| {
            let length = (text.len() as u32).to_le_bytes();
            Supplement::decode(&[&length, text.as_bytes()].concat(), range)
        };
        let range = Interval::new(-4, 9);
        assert!(with(range, "-4,9").is_ok());
        for bad in ["9,-4", "-4..=9", "-4,8", "-4,9,", "x"] {
            assert_eq!(with(range, bad), Err(Misunderstood::Malformed), "{bad}");
        }
        assert_eq!(with(None, "-4,9"), Err(Misunderstood::Malformed));
    }
}
