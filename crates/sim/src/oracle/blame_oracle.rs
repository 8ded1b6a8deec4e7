//! Oracle of blame: which worker deaths count against which number, and when a number may fail.
//!
//! A number that the crash reports of its workers name costs `max(2, retries + 1)` workers, unless another cause ends a
//! worker at it in between. This file uses only what the workers reported and which chunks they had, nothing of what
//! the core concludes.

use crate::step_result::check;
use evenly_core::{Cause, Interval};
use std::collections::{BTreeMap, BTreeSet};

/// A worker that the primary knows to be dead.
#[derive(Debug)]
pub(crate) struct WorkerDeath {
    /// The numbers that it may have been at: one number, if it sent a crash report.
    pub(crate) at: Vec<Interval>,
    pub(crate) cause: Cause,
    /// Whether it sent a crash report, and whether the reported crash ended it.
    pub(crate) is_named: bool,
    pub(crate) is_own: bool,
}

impl WorkerDeath {
    /// Whether it may have been at this number.
    fn is_at(&self, n: i64) -> bool {
        self.at.iter().any(|at| at.contains(Interval::single(n)))
    }

    /// Whether it reported this number, or may have been at it and no other process ended it.
    fn is_of(&self, n: i64) -> bool {
        self.is_at(n) && (self.is_named || !self.cause.is_from_outside())
    }
}

/// State of the numbers that end their workers, for one primary process.
#[derive(Debug, Default)]
pub(crate) struct BlameOracle {
    deaths: Vec<WorkerDeath>,
    /// By number: how many workers died of it and said so, with nothing else that ended one at it alone in
    /// between. Such a number is handed out alone.
    rows: BTreeMap<i64, u32>,
    /// Such numbers that got a value later: due for a report, reported since the last check, reported before.
    due: BTreeSet<i64>,
    reported: BTreeSet<i64>,
    recovered: BTreeSet<i64>,
}

/// How many workers a number may end if their crash reports name it.
pub(crate) fn most_tries(retries: u8) -> u32 {
    (u32::from(retries) + 1).max(2)
}

impl BlameOracle {
    /// The primary learns that a worker ended.
    pub(crate) fn add_death(&mut self, death: WorkerDeath, retries: u8) -> Result<(), String> {
        for at in death.at.iter().filter(|at| at.len() == 1) {
            let n = at.first();
            if death.is_named && death.is_own {
                let row = self.rows.entry(n).or_default();
                *row += 1;
                let (row, most_tries) = (*row, most_tries(retries));
                check(row <= most_tries, || {
                    format!("{n} has ended {row} workers, where {most_tries} are due")
                })?;
            } else {
                self.rows.remove(&n);
            }
        }
        self.deaths.push(death);
        Ok(())
    }

    /// The engine gives up a number that ends its workers, of this cause.
    pub(crate) fn check_blame(&self, n: i64, cause: Cause, retries: u8) -> Result<(), String> {
        let deaths = || self.deaths.iter().filter(|death| death.is_at(n));
        let least = usize::from(retries) + 1;
        let count = deaths().count();
        check(count >= least, || {
            format!("{n} failed after {count} deaths at it, where {least} are due")
        })?;
        let last = deaths().next_back();
        check(last.is_some_and(|last| last.cause == cause), || format!("{n} failed of {cause:?}"))?;
        check(!self.recovered.contains(&n) && !self.reported.contains(&n), || {
            format!("{n} failed after it was done")
        })?;
        if cause.is_from_outside() {
            // Another process hits the same number again only by chance.
            let least = (4 * least).min(usize::from(u8::MAX));
            return check(count >= least, || {
                format!("{n} failed after {count} deaths from outside, where {least} are due")
            });
        }
        // A kill from outside blames no number.
        let least = if self.is_named(n) { most_tries(retries) as usize } else { least };
        let count = deaths().filter(|death| death.is_of(n)).count();
        check(count >= least, || format!("{n} failed after {count} deaths of it, of {least}"))
    }

    /// Whether the crash report of the last worker at this number names it.
    pub(crate) fn is_named(&self, n: i64) -> bool {
        self.deaths.iter().rfind(|death| death.is_at(n)).is_some_and(|death| death.is_named)
    }

    /// These numbers got a value: the engine must report those that ended workers.
    pub(crate) fn mark_done(&mut self, covered: Interval) {
        let here = self.rows.range(covered.first()..=covered.last());
        self.due.extend(here.map(|(n, _)| *n));
    }

    /// The engine reports that this number ended workers and has a value after all.
    pub(crate) fn check_recovery(&mut self, n: i64, cause: Cause) -> Result<(), String> {
        let is_known = self.deaths.iter().any(|death| death.is_at(n) && death.cause == cause);
        check(is_known, || format!("{n} is said to be done after {cause:?}, which was nowhere"))?;
        check(!self.recovered.contains(&n) && self.reported.insert(n), || {
            format!("{n} is reported twice")
        })
    }

    /// After all reports of a turn: each due number was reported, and each reported number is done.
    pub(crate) fn check_recoveries(
        &mut self,
        mut is_done: impl FnMut(i64) -> bool,
    ) -> Result<(), String> {
        for n in std::mem::take(&mut self.reported) {
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
    pub(crate) fn check_assignment(
        &self,
        given: Interval,
        must_be_fresh: bool,
    ) -> Result<(), String> {
        for (n, _) in self.rows.range(given.first()..=given.last()) {
            check(given.len() == 1, || format!("{n} is handed out with others, in {given}"))?;
            check(!must_be_fresh, || format!("{n} is tried in a worker that has done others"))?;
        }
        Ok(())
    }
}
