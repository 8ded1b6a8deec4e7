//! Normal form of a union of arithmetic progressions: ascending, disjoint, and the same for equal sets.
//!
//! The form depends on the set alone. Every maximal run of two and more consecutive integers is a progression. Among
//! the other numbers, from the lowest on, three and more with one distance and no run between them are a progression.
//! What is left are single numbers.

use super::run::{MOST_PIECES, Run, TooManyPieces};
use alloc::vec::Vec;
use core::num::NonZeroU64;

const ONE: NonZeroU64 = NonZeroU64::MIN;

/// The numbers from `first` to `last` with one distance. A single number has distance 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Progression {
    pub(super) first: i64,
    /// Belongs to it.
    pub(super) last: i64,
    pub(super) step: NonZeroU64,
}

impl From<Run> for Progression {
    fn from(run: Run) -> Self {
        Self::new(run.first(), run.last(), run.step())
    }
}

impl Progression {
    fn new(first: i64, last: i64, step: NonZeroU64) -> Self {
        Self { first, last, step: if first == last { ONE } else { step } }
    }

    pub(super) fn single(n: i64) -> Self {
        Self { first: n, last: n, step: ONE }
    }

    pub(super) fn len(&self) -> u128 {
        u128::from(self.last.abs_diff(self.first) / self.step) + 1
    }

    /// Whether a number lies between two of its numbers that are no neighbours.
    fn has_gaps(&self) -> bool {
        self.step != ONE
    }

    fn second(&self) -> i64 {
        self.first.wrapping_add_unsigned(self.step.get())
    }

    /// The lowest of its numbers that is above `n`, which is not below the first one.
    fn next_above(&self, n: i64) -> Option<i64> {
        let steps = n.abs_diff(self.first) / self.step + 1;
        let next = i128::from(self.first) + i128::from(steps) * i128::from(self.step.get());
        i64::try_from(next).ok().filter(|next| *next <= self.last)
    }

    /// The highest of its numbers that is below `n`, which is above the first one.
    fn last_below(&self, n: i64) -> i64 {
        let steps = (n.abs_diff(self.first) - 1) / self.step;
        let below = self.first.wrapping_add_unsigned(steps * self.step.get());
        below.min(self.last)
    }
}

/// The normal form.
pub(super) fn normalise(mut all: Vec<Progression>) -> Result<Vec<Progression>, TooManyPieces> {
    all.retain(|it| it.first <= it.last);
    for it in &mut all {
        *it = Progression::new(it.first, it.last, it.step);
    }
    all.sort_unstable_by_key(|it| (it.first, it.last));
    all.dedup();
    if !all.is_sorted_by(|a, b| a.last < b.first) {
        all = untangle(all)?;
    }
    let mut normal = Normal::default();
    for progression in all {
        normal.add(progression);
    }
    normal.end()
}

/// The same numbers in progressions that do not interleave.
fn untangle(all: Vec<Progression>) -> Result<Vec<Progression>, TooManyPieces> {
    let (stepped, mut parts): (Vec<_>, Vec<_>) = all.into_iter().partition(Progression::has_gaps);
    // The runs of consecutive integers, which are sorted.
    parts.dedup_by(|next, run| {
        let touches = next.first <= run.last || run.last.checked_add(1) == Some(next.first);
        if touches {
            run.last = run.last.max(next.last);
        }
        touches
    });
    let stepped = put_together(stepped);
    let runs = parts.len();
    for progression in stepped {
        cut(progression, &mut parts, runs)?;
    }
    parts.sort_unstable_by_key(|it| (it.first, it.last));
    let mut apart: Vec<Progression> = Vec::with_capacity(parts.len());
    let mut tangled: Vec<Progression> = Vec::new();
    let mut top = i64::MIN;
    for part in parts {
        if !tangled.is_empty() && part.first > top {
            spell_out(&mut tangled, &mut apart)?;
        }
        top = if tangled.is_empty() { part.last } else { top.max(part.last) };
        tangled.push(part);
    }
    spell_out(&mut tangled, &mut apart)?;
    Ok(apart)
}

/// Progressions of the same numbers, where those that have the same residue and touch are one.
fn put_together(mut stepped: Vec<Progression>) -> Vec<Progression> {
    let residue = |it: &Progression| i128::from(it.first).rem_euclid(it.step.get().into());
    stepped.sort_unstable_by_key(|it| (it.step, residue(it), it.first));
    stepped.dedup_by(|next, last| {
        let reach = i128::from(last.last) + i128::from(last.step.get());
        let touches = next.step == last.step
            && residue(next) == residue(last)
            && i128::from(next.first) <= reach;
        if touches {
            last.last = last.last.max(next.last);
        }
        touches
    });
    stepped
}

/// Adds the parts of a progression that lie between the first `runs` of `parts`.
fn cut(
    progression: Progression,
    parts: &mut Vec<Progression>,
    runs: usize,
) -> Result<(), TooManyPieces> {
    let mut rest = Some(progression);
    while let Some(now) = rest {
        let index = parts[..runs].partition_point(|run| run.last < now.first);
        let run = parts[..runs].get(index).copied().filter(|run| run.first <= now.last);
        let Some(run) = run else {
            parts.push(now);
            break;
        };
        if run.first > now.first {
            parts.push(Progression::new(now.first, now.last_below(run.first), now.step));
        }
        let next = now.next_above(run.last);
        rest = next.map(|first| Progression::new(first, now.last, now.step));
        if parts.len() > MOST_PIECES {
            return Err(TooManyPieces);
        }
    }
    Ok(())
}

/// Moves progressions to `apart`; as single numbers, if there are several that interleave.
fn spell_out(
    tangled: &mut Vec<Progression>,
    apart: &mut Vec<Progression>,
) -> Result<(), TooManyPieces> {
    if let [_] = tangled[..] {
        apart.append(tangled);
        return Ok(());
    }
    let len: u128 = tangled.iter().map(Progression::len).sum();
    if apart.len() as u128 + len > MOST_PIECES as u128 {
        return Err(TooManyPieces);
    }
    let mut numbers = Vec::with_capacity(len as usize);
    for it in tangled.drain(..) {
        let nth = |at: u64| it.first.wrapping_add_unsigned(at * it.step.get());
        numbers.extend((0..it.len() as u64).map(nth));
    }
    numbers.sort_unstable();
    numbers.dedup();
    apart.extend(numbers.into_iter().map(Progression::single));
    Ok(())
}

/// Builder of the normal form from progressions that ascend and do not interleave.
#[derive(Default)]
struct Normal {
    done: Vec<Progression>,
    /// Numbers with one distance and without neighbours, that may go on.
    spaced: Option<Progression>,
    /// Consecutive integers that may go on.
    run: Option<Progression>,
}

impl Normal {
    fn add(&mut self, progression: Progression) {
        if !progression.has_gaps() {
            return self.add_run(progression);
        }
        // Only its ends can have neighbours.
        self.add_run(Progression::single(progression.first));
        let before_last = progression.last.wrapping_sub_unsigned(progression.step.get());
        if before_last > progression.first {
            self.end_run();
            self.add_spaced(Progression::new(progression.second(), before_last, progression.step));
        }
        self.add_run(Progression::single(progression.last));
    }

    fn add_run(&mut self, added: Progression) {
        if let Some(run) = &mut self.run
            && run.last.checked_add(1) == Some(added.first)
        {
            run.last = added.last;
            return;
        }
        self.end_run();
        self.run = Some(added);
    }

    fn end_run(&mut self) {
        match self.run.take() {
            Some(run) if run.first < run.last => {
                self.end_spaced();
                self.done.push(run);
            }
            Some(single) => self.add_spaced(single),
            None => {}
        }
    }

    /// Adds numbers without neighbours, of which there may be one.
    fn add_spaced(&mut self, added: Progression) {
        let mut rest = Some(added);
        while let Some(now) = rest {
            match &mut self.spaced {
                Some(spaced) if spaced.is_continued_by(now) => {
                    spaced.last = now.last;
                    return;
                }
                _ => self.add_number(now.first),
            }
            let later = now.has_gaps().then(|| now.second());
            rest = later.map(|first| Progression::new(first, now.last, now.step));
        }
    }

    fn add_number(&mut self, n: i64) {
        match &mut self.spaced {
            Some(single) if single.first == single.last => {
                let step = NonZeroU64::new(n.abs_diff(single.first)).unwrap_or(ONE);
                *single = Progression::new(single.first, n, step);
            }
            Some(spaced) if spaced.next_is(n) => spaced.last = n,
            Some(pair) if pair.second() == pair.last => {
                self.done.push(Progression::single(pair.first));
                let step = NonZeroU64::new(n.abs_diff(pair.last)).unwrap_or(ONE);
                *pair = Progression::new(pair.last, n, step);
            }
            _ => {
                self.end_spaced();
                self.spaced = Some(Progression::single(n));
            }
        }
    }

    fn end_spaced(&mut self) {
        let Some(spaced) = self.spaced.take() else { return };
        if spaced.has_gaps() && spaced.second() == spaced.last {
            self.done.extend([spaced.first, spaced.last].map(Progression::single));
        } else {
            self.done.push(spaced);
        }
    }

    fn end(mut self) -> Result<Vec<Progression>, TooManyPieces> {
        self.end_run();
        self.end_spaced();
        if self.done.len() > MOST_PIECES { Err(TooManyPieces) } else { Ok(self.done) }
    }
}

impl Progression {
    /// Whether `n` is its next number.
    fn next_is(&self, n: i64) -> bool {
        i128::from(self.last) + i128::from(self.step.get()) == i128::from(n)
    }

    /// Whether the numbers of `other` are its next ones, all of them.
    fn is_continued_by(&self, other: Self) -> bool {
        self.has_gaps()
            && self.next_is(other.first)
            && (other.first == other.last || other.step == self.step)
    }
}
