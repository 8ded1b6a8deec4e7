//! Windows: values for consecutive numbers, computed together, that machine code reads instead of a call for each number.

/// Windows of one expression.
pub(in crate::function) const MOST_WINDOWS: usize = 8;

/// How a window holds its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::function) enum Shape {
    /// Truth values, a bit each.
    Bits,
    /// Numbers of 64 bits.
    Narrow,
    /// Numbers of 128 bits, none of them negative. Where there is a negative one, machine code calls the function.
    Wide,
}

/// The values of a function for consecutive n.
#[derive(Debug)]
pub(in crate::function) struct Window {
    /// The number that the first value is for. For bits, a multiple of 64.
    first: i64,
    /// The number that the last value is for; `None` if there are no values.
    last: Option<i64>,
    /// Whether machine code may read it. Otherwise a bit that is set says nothing.
    is_exact: bool,
    cells: Cells,
}

/// Memory of a window.
#[derive(Debug)]
pub(in crate::function) enum Cells {
    Bits(Vec<u64>),
    Narrow(Vec<i64>),
    Wide(Vec<i128>),
}

impl Window {
    /// A window without values.
    pub(in crate::function) fn new(shape: Shape) -> Self {
        let cells = match shape {
            Shape::Bits => Cells::Bits(Vec::new()),
            Shape::Narrow => Cells::Narrow(Vec::new()),
            Shape::Wide => Cells::Wide(Vec::new()),
        };
        Self { first: 0, last: None, is_exact: true, cells }
    }

    /// The last number with a value, if `n` has one.
    pub(in crate::function) fn covered_up_to(&self, n: i64) -> Option<i64> {
        self.last.filter(|last| self.first <= n && n <= *last)
    }

    /// Puts values for `length` numbers from `first` on in place of the old ones. `fill` gets exactly as many places as
    /// there are numbers, or words of 64 of them.
    pub(in crate::function) fn fill(
        &mut self,
        first: i64,
        length: usize,
        fill: impl FnOnce(&mut Cells),
    ) {
        self.last = None;
        self.is_exact = true;
        self.first = first;
        match &mut self.cells {
            Cells::Bits(words) => {
                debug_assert_eq!(first % 64, 0);
                words.clear();
                words.resize(length.div_ceil(64), 0);
            }
            Cells::Narrow(places) => places.resize(length, 0),
            Cells::Wide(places) => places.resize(length, 0),
        }
        fill(&mut self.cells);
        let numbers = match &self.cells {
            Cells::Bits(words) => length.min(words.len() * 64),
            Cells::Narrow(places) => places.len(),
            Cells::Wide(places) => places.len(),
        };
        self.last =
            (numbers as u64).checked_sub(1).and_then(|more| first.checked_add_unsigned(more));
    }

    /// Says that only bits that are 0 are right: machine code does not read them, and a filter lets the others through.
    pub(in crate::function) fn keep_for_filter(&mut self) {
        self.is_exact = false;
    }

    /// Whether every value is right.
    pub(in crate::function) fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// The words of bits from the one with this number on.
    pub(in crate::function) fn words_from(&self, n: i64) -> &[u64] {
        match &self.cells {
            Cells::Bits(words) if self.first <= n => {
                words.get((n.abs_diff(self.first) / 64) as usize..).unwrap_or_default()
            }
            _ => &[],
        }
    }

    fn shape(&self) -> Shape {
        match self.cells {
            Cells::Bits(_) => Shape::Bits,
            Cells::Narrow(_) => Shape::Narrow,
            Cells::Wide(_) => Shape::Wide,
        }
    }

    /// The address where the value for the number 0 would be, if all of these numbers have right values; else 0.
    fn address(&self, first: i64, last: i64) -> u64 {
        if !self.is_exact || self.covered_up_to(first).is_none_or(|covered| covered < last) {
            return 0;
        }
        let (start, distance) = match &self.cells {
            Cells::Bits(words) => (words.as_ptr().expose_provenance(), self.first >> 3),
            Cells::Narrow(places) => {
                (places.as_ptr().expose_provenance(), self.first.wrapping_mul(8))
            }
            Cells::Wide(places) => {
                (places.as_ptr().expose_provenance(), self.first.wrapping_mul(16))
            }
        };
        (start as u64).wrapping_sub(distance.cast_unsigned())
    }
}

/// The addresses of the windows for these numbers, as machine code for windows of these shapes gets them.
pub(super) fn addresses(
    windows: &[Window],
    shapes: &[Shape],
    first: i64,
    last: i64,
) -> [u64; MOST_WINDOWS] {
    let mut addresses = [0; MOST_WINDOWS];
    for ((address, window), shape) in addresses.iter_mut().zip(windows).zip(shapes) {
        if window.shape() == *shape {
            *address = window.address(first, last);
        }
    }
    addresses
}
