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
    /// A piece is none of `N`, `A..B`, `A..=B` and `A..` in decimal digits, the last three also with `:STEP`.
    #[error("a piece is not of the form N, A..B, A..=B, A.. or A..=B:STEP")]
    Piece,
    /// There are too many pieces.
    #[error(transparent)]
    TooMany(#[from] TooManyPieces),
}

/// As pieces in normal form, separated by commas; one plain range as `A..B`. The last piece of an open-ended set is
/// `A..` or `A..:STEP`.
impl fmt::Display for Items {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let positions = self.positions().interval();
        let Some(positions) = positions.filter(|_| self.as_range().is_none() || self.is_open_ended)
        else {
            return self.positions().fmt(f);
        };
        for (index, run) in self.runs(positions).enumerate() {
            let comma = if index > 0 { "," } else { "" };
            let is_open = self.is_open_ended && run.positions().last() == positions.last();
            match run.step().get() {
                1 if is_open => write!(f, "{comma}{}..", run.first())?,
                step if is_open => write!(f, "{comma}{}..:{step}", run.first())?,
                _ => write!(f, "{comma}{run}")?,
            }
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
    if let Some(first) = text.strip_suffix("..") {
        let first = first.parse().map_err(|_| MalformedItems::Piece)?;
        return Ok(Items::from_on(first, step));
    }
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
