//! Windows of the parts `prime(a * n + b)` of an expression: those with one a and neighbouring b are filled by one sieve.

use super::linear::Linear;
use crate::function::jit::{Cells, Window};
use crate::function::prime::{PrimeBits, PrimeCounter, Progressions, SieveUse};

/// Windows that are filled together.
#[derive(Debug)]
struct Group {
    progressions: Progressions,
    /// The places of the windows, with the numbers that they are for.
    windows: Vec<(usize, Linear)>,
    /// Whether a filter reads one of them.
    is_filtered: bool,
}

#[derive(Debug, Default)]
pub(super) struct PrimeWindows {
    groups: Vec<Group>,
    primes: PrimeCounter,
    bits: PrimeBits,
    /// Windows that a filter reads.
    filtered: usize,
}

impl PrimeWindows {
    /// Adds the window at a place.
    pub(super) fn add(&mut self, place: usize, argument: Linear) {
        let Some(one) = Progressions::new(argument.factor, argument.offset) else { return };
        for group in &mut self.groups {
            if let Some(joined) = group.progressions.joined(one) {
                group.progressions = joined;
                group.windows.push((place, argument));
                return;
            }
        }
        let windows = vec![(place, argument)];
        self.groups.push(Group { progressions: one, windows, is_filtered: false });
    }

    /// Says which windows a filter reads: numbers that it lets through are computed, unless all are decided.
    pub(super) fn filter(&mut self, places: &[usize]) {
        self.filtered = places.len();
        for group in &mut self.groups {
            group.is_filtered = group.windows.iter().any(|(place, _)| places.contains(place));
        }
    }

    /// Fills the windows of the group of a place from n on, if that pays for `ahead` numbers. `filters` says whether the
    /// filter is used.
    pub(super) fn fill(
        &mut self,
        place: usize,
        n: i64,
        ahead: u64,
        filters: bool,
        windows: &mut [Window],
    ) {
        let contains = |group: &&Group| group.windows.iter().any(|(at, _)| *at == place);
        let Some(group) = self.groups.iter().find(contains) else { return };
        let wanted = match self.filtered {
            _ if !filters || !group.is_filtered => SieveUse::Values,
            0 | 1 => SieveUse::Sift,
            _ => SieveUse::SiftTogether,
        };
        // Windows of bits begin at a word.
        let first = n & !63;
        let ahead = ahead.saturating_add(n.abs_diff(first));
        let Some(window) = group.progressions.window(first, ahead, wanted) else { return };
        if let Some((low, high)) = window.numbers {
            self.bits.sieve(&mut self.primes, low, high, window.bound);
        }
        let step = group.progressions.factor();
        for (place, argument) in &group.windows {
            let begin = argument.at(first).and_then(|begin| i64::try_from(begin).ok());
            let (Some(begin), Some(place)) = (begin, windows.get_mut(*place)) else { continue };
            place.fill(first, window.length as usize, |cells| match cells {
                Cells::Bits(words) if window.numbers.is_some() => {
                    self.bits.copy(begin, step, words);
                }
                _ => {}
            });
            if !window.is_exact() {
                place.keep_for_filter();
            }
        }
    }
}
