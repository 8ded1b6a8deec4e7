//! Text of a set of items, which is read back as the same set: `0..=9,15,50..=60:2`.

use super::Items;
use super::run::TooManyPieces;
use crate::range::Range;
use core::fmt;
use core::num::NonZeroU64;
use core::str::FromStr;

/// Why a text is no set of items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedItems {
    /// A piece is none of `N`, `A..B`, `A..=B`, `A..B:STEP` and `A..=B:STEP` in decimal digits.
    #[error("a piece is not of the form N, A..B, A..=B or A..=B:STEP")]
    Piece,
    /// There are too many pieces.
    #[error(transparent)]
    TooMany(#[from] TooManyPieces),
}

/// As pieces in normal form, separated by commas; one plain range as `A..B`.
impl fmt::Display for Items {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let positions = self.positions().interval();
        let (None, Some(positions)) = (self.as_range(), positions) else {
            return self.positions().fmt(f);
        };
        for (index, run) in self.runs(positions).enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(f, "{comma}{run}")?;
        }
        Ok(())
    }
}

impl FromStr for Items {
    type Err = MalformedItems;

    fn from_str(text: &str) -> Result<Self, MalformedItems> {
        // A range without numbers keeps its ends only where it is all there is.
        if !text.contains(',') {
            return piece(text);
        }
        let mut error = None;
        let mut note = |refused| {
            error = Some(refused);
            None
        };
        let pieces = text.split(',').map_while(|text| piece(text).map_or_else(&mut note, Some));
        let items = Self::union(pieces);
        error.map_or(Ok(items?), Err)
    }
}

fn piece(text: &str) -> Result<Items, MalformedItems> {
    let number = |text: &str| text.parse::<i128>().map_err(|_| MalformedItems::Piece);
    let (text, step) = match text.split_once(':') {
        Some((range, step)) => (range, step.parse().map_err(|_| MalformedItems::Piece)?),
        None => (text, NonZeroU64::MIN),
    };
    let (first, end) = match text.split_once("..") {
        Some((first, last)) => match last.strip_prefix('=') {
            Some(last) => (number(first)?, number(last)?.checked_add(1)),
            None => (number(first)?, Some(number(last)?)),
        },
        None => (number(text)?, number(text)?.checked_add(1)),
    };
    let range = end.and_then(|end| Range::new(first, end).ok()).ok_or(MalformedItems::Piece)?;
    Ok(Items::stepped(range, step))
}
