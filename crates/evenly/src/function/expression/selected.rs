//! Adds the values of selected numbers to a tally, and skips those of the others.

use super::width::Width;
use crate::function::Kind;
use crate::function::jit::{Filled, MachineCode, Window};
use evenly_core::{Cause, Tally};

/// Adds the values of selected numbers from `first` on, up to the first that fails or fills the tally. Returns that number,
/// or the last one, and how many have a value.
pub(super) fn tell_selected<T: Width>(
    machine: &MachineCode,
    windows: &[Window],
    room: &mut [T],
    (first, selected, kind): (i64, &[i64], Kind),
    tally: &mut Tally,
) -> (i64, usize) {
    let none = Filled { numbers: room.len(), failed: None };
    let filled = T::fill(machine, first, room, windows).unwrap_or(none);
    let at = |place: usize| first.wrapping_add_unsigned(place as u64);
    for (place, value) in room[..filled.numbers].iter().enumerate() {
        if selected[place] == 0 {
            continue;
        }
        match kind {
            Kind::Truth => tally.truth(at(place), (*value).into() != 0),
            Kind::Integer => tally.number(at(place), (*value).into()),
        }
        if tally.is_full() {
            return (at(place), place);
        }
    }
    if let Some(why) = filled.failed {
        tally.fail(at(filled.numbers), Cause::Arithmetic(why));
        return (at(filled.numbers), filled.numbers);
    }
    (at(filled.numbers - 1), filled.numbers)
}
