//! Oracle of lost workers: which numbers may be blamed for which losses, how many losses a number may cost, and its
//! outcome.
//!
//! A number that says so itself costs `max(2, retries + 1)` workers and not one more, unless something
//! else ends a worker at it in between. Only what workers said that died of it is used here, and which
//! chunks they had; nothing of what the core makes of that.

use crate::step_result::check;
use evenly_core::{Cause, Interval};
use std::collections::{BTreeMap, BTreeSet};

/// A worker that died, in the eyes of the primary.
#[derive(Debug)]
pub(crate) struct Death {
    /// Where it may have been; of one that said it, there alone.
    pub(crate) at: Vec<Interval>,
    pub(crate) cause: Cause,
    /// Whether it said where, and whether it died of that.
    pub(crate) is_named: bool,
    pub(crate) is_own: bool,
}

impl Death {
    /// Whether it may have been at this number.
    fn is_at(&self, n: i64) -> bool {
        self.at.iter().any(|at| at.contains(Interval::single(n)))
    }

    /// Whether it reported this number, or may have been at it and no other process ended it.
    fn is_of(&self, n: i64) -> bool {
        self.is_at(n) && (self.is_named || !self.cause.is_from_outside())
    }
}

/// What is known of numbers that end their workers, in one life of a primary.
#[derive(Debug, Default)]
pub(crate) struct Culprits {
    deaths: Vec<Death>,
    /// By number: how many workers died of it and said so, with nothing else that ended one at it alone in
    /// between. Such a number is handed out alone.
    rows: BTreeMap<i64, u32>,
    /// Numbers that were done nevertheless: of which that must be told, was told now, or was told.
    due: BTreeSet<i64>,
    told: BTreeSet<i64>,
    recovered: BTreeSet<i64>,
}

/// How many workers a number may end that says so.
pub(crate) fn most(retries: u8) -> u32 {
    (u32::from(retries) + 1).max(2)
}

impl Culprits {
    /// The primary hears that a worker is gone.
    pub(crate) fn die(&mut self, death: Death, retries: u8) -> Result<(), String> {
        for at in death.at.iter().filter(|at| at.len() == 1) {
            let n = at.first();
            if death.is_named && death.is_own {
                let row = self.rows.entry(n).or_default();
                *row += 1;
                let (row, most) = (*row, most(retries));
                check(row <= most, || {
                    format!("{n} has ended {row} workers, where {most} are due")
                })?;
            } else {
                self.rows.remove(&n);
            }
        }
        self.deaths.push(death);
        Ok(())
    }

    /// A number is said to end its workers, of which it is given up: of this.
    pub(crate) fn convict(&self, n: i64, cause: Cause, retries: u8) -> Result<(), String> {
        let deaths = || self.deaths.iter().filter(|death| death.is_at(n));
        let least = usize::from(retries) + 1;
        let count = deaths().count();
        check(count >= least, || {
            format!("{n} failed after {count} deaths at it, where {least} are due")
        })?;
        let last = deaths().next_back();
        check(last.is_some_and(|last| last.cause == cause), || format!("{n} failed of {cause:?}"))?;
        check(!self.recovered.contains(&n) && !self.told.contains(&n), || {
            format!("{n} failed after it was done")
        })?;
        if cause.is_from_outside() {
            return Ok(());
        }
        // A kill from outside blames no number.
        let least = if self.is_named(n) { most(retries) as usize } else { least };
        let count = deaths().filter(|death| death.is_of(n)).count();
        check(count >= least, || format!("{n} failed after {count} deaths of it, of {least}"))
    }

    /// Whether the last worker that was at this number said so.
    pub(crate) fn is_named(&self, n: i64) -> bool {
        self.deaths.iter().rfind(|death| death.is_at(n)).is_some_and(|death| death.is_named)
    }

    /// These have a value after all: it must be told of those that ended workers.
    pub(crate) fn done(&mut self, covered: Interval) {
        let here = self.rows.range(covered.first()..=covered.last());
        self.due.extend(here.map(|(n, _)| *n));
    }

    /// The engine reports that this number ended workers and has a value after all.
    pub(crate) fn recover(&mut self, n: i64, cause: Cause) -> Result<(), String> {
        let is_known = self.deaths.iter().any(|death| death.is_at(n) && death.cause == cause);
        check(is_known, || format!("{n} is said to be done after {cause:?}, which was nowhere"))?;
        check(!self.recovered.contains(&n) && self.told.insert(n), || {
            format!("{n} is reported twice")
        })
    }

    /// Everything that there was to tell was told: what must have been, and of what is so.
    pub(crate) fn settle(&mut self, mut is_done: impl FnMut(i64) -> bool) -> Result<(), String> {
        for n in std::mem::take(&mut self.told) {
            check(is_done(n), || format!("{n} is said to be done, and is not"))?;
            self.due.remove(&n);
            self.recovered.insert(n);
        }
        match self.due.pop_first() {
            Some(n) if !self.recovered.contains(&n) => {
                Err(format!("{n} is done after it ended a worker, without a report"))
            }
            _ => Ok(()),
        }
    }

    /// These numbers are assigned. A number that a crash report named is assigned alone, and if a new worker is certain
    /// to come, to a worker that has done nothing else.
    pub(crate) fn assign(&self, given: Interval, must_be_fresh: bool) -> Result<(), String> {
        for (n, _) in self.rows.range(given.first()..=given.last()) {
            check(given.len() == 1, || format!("{n} is handed out with others, in {given}"))?;
            check(!must_be_fresh, || format!("{n} is tried in a worker that has done others"))?;
        }
        Ok(())
    }
}
