//! Width of computed values: 64 or 128 bits.

use crate::function::jit::{Filled, MachineCode, Window};
use evenly_core::Tally;

/// A width that values come in.
pub(super) trait Width: Copy + Into<i128> {
    fn fill(
        machine: &MachineCode,
        first: i64,
        room: &mut [Self],
        windows: &[Window],
    ) -> Option<Filled>;

    /// Adds them to the tally. Returns how many of them it took.
    fn tell(tally: &mut Tally, first: i64, values: &[Self]) -> usize;
}

impl Width for i64 {
    fn fill(
        machine: &MachineCode,
        first: i64,
        room: &mut [Self],
        windows: &[Window],
    ) -> Option<Filled> {
        machine.narrow(first, room, windows)
    }

    fn tell(tally: &mut Tally, first: i64, values: &[Self]) -> usize {
        tally.numbers(first, values)
    }
}

impl Width for i128 {
    fn fill(
        machine: &MachineCode,
        first: i64,
        room: &mut [Self],
        windows: &[Window],
    ) -> Option<Filled> {
        machine.wide(first, room, windows)
    }

    fn tell(tally: &mut Tally, first: i64, values: &[Self]) -> usize {
        for (n, value) in (first..=i64::MAX).zip(values) {
            tally.number(n, *value);
            if tally.is_full() {
                return n.abs_diff(first) as usize + 1;
            }
        }
        values.len()
    }
}
