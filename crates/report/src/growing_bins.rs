//! Bins of one width over integers. The width doubles when a value lies outside, so their number stays the same.

/// What a bin holds.
pub(crate) trait BinCell: Default {
    /// Adds what a neighbour holds, when two bins become one.
    fn join(&mut self, other: Self);
}

/// At most `most` bins, an even number.
#[derive(Debug)]
pub(crate) struct GrowingBins<T> {
    most: usize,
    origin: i128,
    width: i128,
    cells: Vec<T>,
    /// The lowest and the highest value so far, or both ends of a range that is known from the start.
    reached: Option<(i128, i128)>,
}

impl<T: BinCell> GrowingBins<T> {
    /// Bins over a range that is known: `first` to `last`, both included.
    pub(crate) fn over(most: usize, first: i128, last: i128) -> Self {
        let length = (last - first + 1).max(1);
        let width = (length + most as i128 - 1) / most as i128;
        let mut bins = Self::from(most, first, width);
        bins.reached = Some((first, last.max(first)));
        bins
    }

    /// Bins over values of which only one is known.
    pub(crate) fn from(most: usize, origin: i128, width: i128) -> Self {
        let cells = (0..most).map(|_| T::default()).collect();
        Self { most, origin, width, cells, reached: None }
    }

    /// Whether no value came and no range is known.
    pub(crate) fn is_empty(&self) -> bool {
        self.reached.is_none()
    }

    /// The first and the last value that is shown.
    pub(crate) fn ends(&self) -> (i128, i128) {
        self.reached.unwrap_or((self.origin, self.origin))
    }

    /// Extends what is shown up to this value.
    pub(crate) fn reach(&mut self, value: i128) {
        let (first, last) = self.reached.unwrap_or((value, value));
        self.reached = Some((first.min(value), last.max(value)));
        while value < self.origin {
            self.origin -= self.width * self.most as i128;
            self.double(self.most / 2);
        }
        while value >= self.origin + self.width * self.most as i128 {
            self.double(0);
        }
    }

    /// Joins neighbours, and puts the joined bins from `offset` on.
    fn double(&mut self, offset: usize) {
        self.width *= 2;
        let mut cells: Vec<T> = (0..self.most).map(|_| T::default()).collect();
        for (index, cell) in std::mem::take(&mut self.cells).into_iter().enumerate() {
            cells[offset + index / 2].join(cell);
        }
        self.cells = cells;
    }

    /// The bin of a value.
    pub(crate) fn at(&mut self, value: i128) -> &mut T {
        self.reach(value);
        let index = (value - self.origin) / self.width;
        // `reach` made room for it.
        &mut self.cells[usize::try_from(index).unwrap_or(0).min(self.most - 1)]
    }

    /// Calls `put` for each bin that `first..=last` touches, with the part of the interval that lies in it.
    pub(crate) fn spread(&mut self, first: i128, last: i128, mut put: impl FnMut(&mut T, f64)) {
        let last = last.max(first);
        self.reach(first);
        self.reach(last);
        let length = (last - first + 1) as f64;
        let mut begin = first;
        while begin <= last {
            let index = (begin - self.origin) / self.width;
            let end = (self.origin + (index + 1) * self.width - 1).min(last);
            let index = usize::try_from(index).unwrap_or(0).min(self.most - 1);
            put(&mut self.cells[index], (end - begin + 1) as f64 / length);
            begin = end + 1;
        }
    }

    /// The bins that are shown: first and last value, both included, and the cell.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (i128, i128, &T)> {
        let (lowest, highest) = self.ends();
        let bins = self.cells.iter().enumerate().map(move |(index, cell)| {
            let first = self.origin + self.width * index as i128;
            (first.max(lowest), (first + self.width - 1).min(highest), cell)
        });
        bins.filter(move |(first, last, _)| self.reached.is_some() && first <= last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl BinCell for f64 {
        fn join(&mut self, other: Self) {
            *self += other;
        }
    }

    fn total(bins: &GrowingBins<f64>) -> f64 {
        bins.iter().map(|(_, _, cell)| *cell).sum()
    }

    #[test]
    fn a_short_range_has_a_bin_for_each_number() {
        let mut bins = GrowingBins::over(8, -2, 2);
        *bins.at(0) += 1.0;
        let shown: Vec<_> = bins.iter().map(|(first, last, cell)| (first, last, *cell)).collect();
        assert_eq!(shown, [(-2, -2, 0.0), (-1, -1, 0.0), (0, 0, 1.0), (1, 1, 0.0), (2, 2, 0.0)]);
    }

    #[test]
    fn the_whole_of_64_bits_fits_and_ends_where_it_ends() {
        let (low, high) = (i128::from(i64::MIN), i128::from(i64::MAX));
        let mut bins = GrowingBins::over(240, low, high);
        bins.spread(low, high, |cell, part| *cell += part);
        assert!((total(&bins) - 1.0).abs() < 1e-9);
        assert_eq!(bins.iter().next().map(|(first, ..)| first), Some(low));
        assert_eq!(bins.iter().last().map(|(_, last, _)| last), Some(high));
    }

    #[test]
    fn values_on_both_sides_double_the_width_and_lose_nothing() {
        let mut bins = GrowingBins::from(8, 0, 1);
        for value in [3, 100, -1000, 7, 5000] {
            *bins.at(value) += 1.0;
        }
        assert_eq!((total(&bins), bins.ends()), (5.0, (-1000, 5000)));
        assert!(bins.iter().count() <= 8);
        let mut of = |value| *bins.at(value);
        assert!(of(5000) >= 1.0 && of(-1000) >= 1.0 && of(3) >= 2.0);
    }

    #[test]
    fn parts_of_an_interval_add_up_to_it() {
        let mut bins = GrowingBins::from(8, 0, 1);
        bins.spread(5, 104, |cell, part| *cell += 100.0 * part);
        bins.spread(0, 0, |cell, part| *cell += part);
        assert!((total(&bins) - 101.0).abs() < 1e-9);
    }
}
