//! Part K of N of a set of items, which is a set of its own. The parts of a set are disjoint, and together they are it.

use super::normal::Progression;
use super::run::TooManyPieces;
use super::{Items, Run};
use crate::interval::Interval;
use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroU64;
use core::str::FromStr;

/// Which part of a set of items: `K/N`, or `K/N:stride`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemsPart {
    /// From 1 to `count`.
    number: u32,
    count: u32,
    is_strided: bool,
}

/// Why a text names no part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartError {
    /// It has another form.
    #[error("it is K/N or K/N:stride, as in 3/16")]
    Malformed,
    /// K is not from 1 to N, or N is above 2^32-1.
    #[error("in K/N, K is from 1 to N, and N is at most 4294967295")]
    OutOfRange,
}

/// A set without an end has no contiguous parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPart {
    /// The items have no end.
    #[error("items without an end have no contiguous parts; write {0}:stride")]
    OpenEnded(ItemsPart),
    /// The part has too many pieces.
    #[error(transparent)]
    TooMany(#[from] TooManyPieces),
}

impl ItemsPart {
    /// Part `number` of `count`, from 1: consecutive positions.
    ///
    /// # Errors
    /// If there is no such part.
    pub const fn new(number: u32, count: u32) -> Result<Self, PartError> {
        if number == 0 || number > count {
            return Err(PartError::OutOfRange);
        }
        Ok(Self { number, count, is_strided: false })
    }

    /// The same with every N-th position instead of consecutive ones.
    #[must_use]
    pub const fn strided(self) -> Self {
        Self { is_strided: true, ..self }
    }

    /// K, from 1.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.number
    }

    /// N.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.count
    }

    /// Whether both are parts of one division: only their K may differ.
    #[must_use]
    pub const fn is_beside(self, other: Self) -> bool {
        self.count == other.count && self.is_strided == other.is_strided
    }

    /// Another part of the same division, if it has one of that number.
    #[must_use]
    pub const fn sibling(self, number: u32) -> Option<Self> {
        if number == 0 || number > self.count { None } else { Some(Self { number, ..self }) }
    }
}

impl fmt::Display for ItemsPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stride = if self.is_strided { ":stride" } else { "" };
        write!(f, "{}/{}{stride}", self.number, self.count)
    }
}

impl FromStr for ItemsPart {
    type Err = PartError;

    fn from_str(text: &str) -> Result<Self, PartError> {
        let (fraction, is_strided) = match text.split_once(':') {
            None => (text, false),
            Some((fraction, "stride")) => (fraction, true),
            Some(_) => return Err(PartError::Malformed),
        };
        let number = |digits: &str| {
            let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            let digits = if is_number { digits } else { return Err(PartError::Malformed) };
            digits.parse().map_err(|_| PartError::OutOfRange)
        };
        let (number_text, count) = fraction.split_once('/').ok_or(PartError::Malformed)?;
        let part = Self::new(number(number_text)?, number(count)?)?;
        Ok(if is_strided { part.strided() } else { part })
    }
}

impl Items {
    /// The items of a part. Contiguous parts differ by at most one item in length, and so do strided ones.
    ///
    /// # Errors
    /// If the part is contiguous and the items have no end, or if it has too many pieces.
    pub fn part(&self, part: ItemsPart) -> Result<Self, NoPart> {
        if self.is_open_ended && !part.is_strided {
            return Err(NoPart::OpenEnded(part));
        }
        let Some(all) = self.positions().interval() else { return Ok(self.clone()) };
        let start = i128::from(all.first());
        let progressions: Vec<Progression> = if part.is_strided {
            let (first, count) = (i128::from(part.number) - 1, u64::from(part.count));
            let strided = |run: Run| strided(run, start + first, count);
            self.runs(all).filter_map(strided).collect()
        } else {
            let bound = |number: u32| {
                // At most 2^64 x 2^32.
                let below = all.len() * u128::from(number) / u128::from(part.count);
                start + below as i128
            };
            let (first, end) = (bound(part.number - 1), bound(part.number));
            let fits = |position: i128| i64::try_from(position).ok();
            let positions = fits(first).zip(fits(end - 1));
            let positions = positions.and_then(|(first, last)| Interval::new(first, last));
            let runs = positions.into_iter().flat_map(|positions| self.runs(positions));
            runs.map(Progression::from).collect()
        };
        let items = Self::of_progressions(progressions)?;
        Ok(if self.is_open_ended { items.open_ended() } else { items })
    }
}

/// The numbers of a run at every `count`-th position from `first` on.
fn strided(run: Run, first: i128, count: u64) -> Option<Progression> {
    let positions = run.positions();
    let ahead = i128::from(positions.first()) - first;
    let position = i128::from(positions.first()) + (-ahead).rem_euclid(i128::from(count));
    // A run below the first position of the part has none of it.
    let position = i64::try_from(position.max(first)).ok()?;
    let here = positions.contains(Interval::single(position)).then_some(position)?;
    let steps = positions.last().abs_diff(here) / count;
    let last = here.wrapping_add_unsigned(steps * count);
    let step = if steps == 0 { Some(NonZeroU64::MIN) } else { None };
    // The distance of two numbers of the run fits 64 bits.
    let step = step.or_else(|| NonZeroU64::new(run.step().get().wrapping_mul(count)))?;
    Some(Progression { first: run.at(here), last: run.at(last), step })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn items(text: &str) -> Items {
        text.parse().unwrap()
    }

    #[test]
    fn parts_are_disjoint_and_together_the_set() {
        for text in [
            "0..100",
            "5..6",
            "7..7",
            "0..=96:4",
            "-9..=-7,0..=40:4,50",
            "1,2,4,8,16,32,64,128,255",
            "-9223372036854775808..9223372036854775807",
        ] {
            let whole = items(text);
            for count in [1, 2, 3, 7, 16, 300] {
                for stride in ["", ":stride"] {
                    let part = |number: u32| {
                        let part: ItemsPart =
                            alloc::format!("{number}/{count}{stride}").parse().unwrap();
                        whole.part(part).unwrap()
                    };
                    let parts: Vec<Items> = (1..=count).map(part).collect();
                    let lens = parts.iter().map(Items::len);
                    assert_eq!(lens.clone().sum::<u128>(), whole.len(), "{text} {count}{stride}");
                    let (least, most) = (lens.clone().min().unwrap(), lens.max().unwrap());
                    assert!(most - least <= 1, "{text} {count}{stride}");
                    if whole.len() < 1000 {
                        let mut all: Vec<i64> = parts.iter().flat_map(Items::iter).collect();
                        let ascends = all.is_sorted();
                        all.sort_unstable();
                        assert_eq!(all, whole.iter().collect::<Vec<_>>(), "{text} {count}{stride}");
                        assert!(ascends || !stride.is_empty(), "{text} {count}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_strided_part_has_every_nth_item() {
        let part = |text, part: &str| items(text).part(part.parse().unwrap()).unwrap().to_string();
        assert_eq!(part("0..100", "1/10:stride"), "0..=90:10");
        assert_eq!(part("0..100", "10/10:stride"), "9..=99:10");
        assert_eq!(part("0..=96:4", "2/2:stride"), "4..=92:8");
        assert_eq!(part("3,7,12", "2/3:stride"), "7..8");
        assert_eq!(part("5..", "2/4:stride"), "6..:4");
        let contiguous = items("5..").part("2/4".parse().unwrap()).unwrap_err();
        assert_eq!(
            contiguous.to_string(),
            "items without an end have no contiguous parts; write 2/4:stride"
        );
    }

    #[test]
    fn only_k_of_n_is_a_part() {
        for text in ["0/4", "5/4", "1/0", "1/4294967296"] {
            assert_eq!(text.parse::<ItemsPart>(), Err(PartError::OutOfRange), "{text}");
        }
        for text in ["", "1", "1/", "/2", "1/2:", "1/2:strided", "-1/2", "+1/2", "1/2/3"] {
            assert_eq!(text.parse::<ItemsPart>(), Err(PartError::Malformed), "{text}");
        }
        assert_eq!("3/16:stride".parse::<ItemsPart>().unwrap().to_string(), "3/16:stride");
    }
}
