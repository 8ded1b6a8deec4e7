//! Answers to leases that follow each other: one word for each, all words of the same width.

use super::LeaseId;

/// Answers to leases that follow each other. Never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerRow<'a> {
    lease: LeaseId,
    /// Bytes of each word: 1, 2, 4 or 8.
    width: usize,
    bytes: &'a [u8],
}

impl<'a> AnswerRow<'a> {
    /// Answers to `lease` and the leases behind it, in words of `width` bytes. `None` if they are no whole number of
    /// words, or no word at all.
    #[inline]
    pub(crate) fn new(lease: LeaseId, width: usize, bytes: &'a [u8]) -> Option<Self> {
        let is_whole = matches!(width, 1 | 2 | 4 | 8) && bytes.len().is_multiple_of(width);
        (is_whole && !bytes.is_empty()).then_some(Self { lease, width, bytes })
    }

    /// The first lease.
    #[inline]
    #[must_use]
    pub const fn lease(&self) -> LeaseId {
        self.lease
    }

    /// How many answers.
    #[inline]
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a row is never empty")]
    pub const fn len(&self) -> u64 {
        (self.bytes.len() / self.width) as u64
    }

    /// Bytes of each word.
    pub(crate) const fn width(&self) -> usize {
        self.width
    }

    /// The bytes of all words.
    pub(crate) const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The first `count` answers, at least one, and those behind them.
    #[inline]
    pub(crate) fn split_front(self, count: u64) -> (Self, Option<Self>) {
        if count >= self.len() {
            return (self, None);
        }
        let count = count.max(1);
        let (front, behind) = self.bytes.split_at(count as usize * self.width);
        let lease = LeaseId(self.lease.0.wrapping_add(count));
        (Self { bytes: front, ..self }, Some(Self { lease, bytes: behind, ..self }))
    }

    /// The words, in order.
    #[inline]
    pub fn words(self) -> impl Iterator<Item = u64> + 'a {
        self.bytes.chunks_exact(self.width).map(|bytes| {
            let mut word = [0; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            u64::from_le_bytes(word)
        })
    }

    /// Each lease with its word, in order.
    #[inline]
    pub fn answers(self) -> impl Iterator<Item = (LeaseId, u64)> + 'a {
        (0..).zip(self.words()).map(move |(index, word)| {
            let lease: u64 = self.lease.0.wrapping_add(index);
            (LeaseId(lease), word)
        })
    }

    /// The largest word, and the sum of all words.
    #[inline]
    pub(crate) fn largest_and_sum(self) -> (u64, u128) {
        if self.width == 1 {
            // Loops over bytes become vector instructions, and counts of short chunks are bytes.
            let largest = self.bytes.iter().copied().max().unwrap_or(0);
            let sum: u64 = self.bytes.iter().map(|byte| u64::from(*byte)).sum();
            return (largest.into(), sum.into());
        }
        let add = |(largest, sum): (u64, u128), word| (largest.max(word), sum + u128::from(word));
        self.words().fold((0, 0), add)
    }
}
