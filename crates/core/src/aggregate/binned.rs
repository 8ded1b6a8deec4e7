//! Histogram over bins: how many values are in each.

use super::Bins;
use crate::real::Number;
use alloc::collections::BTreeMap;
use alloc::string::ToString;
use alloc::vec::Vec;

/// How many values are in each of some [`Bins`].
///
/// ```
/// use evenly_core::aggregate::{Binned, Bins};
/// use evenly_core::real::Number;
///
/// let mut binned = Binned::new("0..4/2".parse().unwrap());
/// binned.add(Number::Integer(3), 5);
/// let rows: Vec<String> = binned.rows().map(|(edge, count)| format!("{edge}: {count}")).collect();
/// assert_eq!(rows, ["-inf: 0", "0: 0", "2: 5", "4: 0"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binned {
    bins: Bins,
    /// By row; rows without a value are absent.
    counts: BTreeMap<u32, u128>,
}

/// Bytes of a row: its index and its count.
const ROW: usize = 20;

impl Binned {
    /// No value at all.
    #[must_use]
    pub const fn new(bins: Bins) -> Self {
        Self { bins, counts: BTreeMap::new() }
    }

    /// The bins.
    #[must_use]
    pub const fn bins(&self) -> Bins {
        self.bins
    }

    /// Adds a value that `count` numbers have.
    pub fn add(&mut self, value: Number, count: u128) {
        self.add_to_row(self.bins.row_of(value), count);
    }

    pub(crate) fn add_to_row(&mut self, row: u32, count: u128) {
        if count > 0 {
            *self.counts.entry(row).or_default() += count;
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        debug_assert_eq!(self.bins, other.bins, "other bins do not merge");
        other.counts.iter().for_each(|(row, count)| self.add_to_row(*row, *count));
    }

    /// How many values are in it.
    #[must_use]
    pub fn total(&self) -> u128 {
        self.counts.values().sum()
    }

    /// The lower edge of each bin and how many values are in it, ascending, also where there is none.
    pub fn rows(&self) -> impl Iterator<Item = (Number, u128)> + '_ {
        let count = |row| self.counts.get(&row).copied().unwrap_or_default();
        (0..self.bins.rows()).map(move |row| (self.bins.lower_edge(row), count(row)))
    }

    /// The same without bins that are empty.
    pub(super) fn counts(&self) -> impl Iterator<Item = (Number, u128)> + '_ {
        self.counts.iter().map(|(row, count)| (self.bins.lower_edge(*row), *count))
    }

    /// The index of each row that has a value, and how many it has.
    pub(super) fn indices(&self) -> impl Iterator<Item = (u32, u128)> + '_ {
        self.counts.iter().map(|(row, count)| (*row, *count))
    }

    /// Bytes of memory, about.
    pub(super) fn weight(&self) -> usize {
        40 * self.counts.len()
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let bins = self.bins.to_string();
        // The text of bins is some tens of bytes long.
        out.push(bins.len() as u8);
        out.extend_from_slice(bins.as_bytes());
        for (row, count) in &self.counts {
            out.extend_from_slice(&row.to_le_bytes());
            out.extend_from_slice(&count.to_le_bytes());
        }
    }

    /// What [`encode`](Self::encode) wrote, and nothing else.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first()?;
        let (text, rest) = rest.split_at_checked((*length).into())?;
        let text = core::str::from_utf8(text).ok()?;
        let bins: Bins = text.parse().ok()?;
        let mut binned = Self::new(bins);
        let (rows, rest) = rest.as_chunks::<ROW>();
        let is_normal = rest.is_empty() && bins.to_string() == text;
        is_normal.then_some(())?;
        for entry in rows {
            let (row, count) = entry.split_first_chunk()?;
            let (row, count) =
                (u32::from_le_bytes(*row), u128::from_le_bytes(count.try_into().ok()?));
            let is_above = binned.counts.last_key_value().is_none_or(|(last, _)| *last < row);
            (is_above && row < bins.rows() && (1..=1 << 64).contains(&count)).then_some(())?;
            binned.counts.insert(row, count);
        }
        Some(binned)
    }
}
