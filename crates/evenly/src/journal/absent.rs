//! The journal of a build without the feature `journal`: types that have no values.
//!
//! A run calls them where it would use a journal. No such call is ever made, because no
//! `Journal` can exist.

use crate::function::Function;
use crate::observe::Piece;
use evenly_core::{Aggregate, Failure, Interval, IntervalSet, Items, Partial, Record, Value};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// An error of a journal. No run returns it in a build without the feature `journal`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this build has no journal")]
pub struct JournalError(());

impl JournalError {
    pub(crate) fn into_interrupted(self) -> Result<PathBuf, Self> {
        Err(self)
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Journal {}

impl Journal {
    pub(crate) fn begins_after(&self) -> Option<Duration> {
        match *self {}
    }

    pub(crate) fn check(
        &self,
        _: Aggregate,
        _: &Items,
        _: &dyn Function,
        _: Option<Instant>,
    ) -> Result<Option<CheckedJournal<'_>>, JournalError> {
        match *self {}
    }

    pub(crate) fn begin(
        &self,
        _: Aggregate,
        _: &Items,
        _: &dyn Function,
    ) -> Result<JournalWriter, JournalError> {
        match *self {}
    }
}

/// A journal that was checked for a job.
pub(crate) struct CheckedJournal<'a>(&'a Journal);

impl CheckedJournal<'_> {
    pub(crate) fn begin(self) -> Result<(JournalWriter, Option<Done>), JournalError> {
        match *self.0 {}
    }
}

pub(crate) enum JournalWriter {}

impl JournalWriter {
    pub(crate) fn path(&self) -> &Path {
        match *self {}
    }

    pub(crate) fn put(&mut self, _: Record) {
        match *self {}
    }

    pub(crate) fn put_window(&mut self, _: &Piece, _: bool) {
        match *self {}
    }

    pub(crate) fn put_flaky(&mut self, _: Failure) {
        match *self {}
    }

    pub(crate) fn flaky(&self) -> Result<Vec<Failure>, JournalError> {
        match *self {}
    }

    pub(crate) fn untouch(&mut self, _: Interval) {
        match *self {}
    }

    pub(crate) fn distrust(&self) -> Result<(), JournalError> {
        match *self {}
    }

    pub(crate) fn into_waiting(self) -> Vec<Record> {
        match self {}
    }

    pub(crate) fn discard(self) -> Result<(), JournalError> {
        match self {}
    }

    pub(crate) fn commit(&mut self, _: &[Interval]) -> Result<Committed, JournalError> {
        match *self {}
    }

    pub(crate) fn take_over(
        &mut self,
        _: &IntervalSet,
        _: &[Failure],
        _: &Value,
    ) -> Result<(), JournalError> {
        match *self {}
    }

    pub(crate) fn each_failure(&self, _: impl FnMut(&[Failure])) -> Result<(), JournalError> {
        match *self {}
    }

    pub(crate) fn recent_windows(&self) -> Result<Vec<(u128, u64)>, JournalError> {
        match *self {}
    }

    pub(crate) fn end_reading(&mut self) -> Result<(), JournalError> {
        match *self {}
    }

    pub(crate) fn kept(&mut self, _: Interval) -> Result<Partial, JournalError> {
        match *self {}
    }
}

/// The outcome of a commit.
pub(crate) enum Committed {
    Records(Vec<Record>),
    NotYet,
}

/// The part of the range that a journal has.
pub(crate) struct Done {
    pub(crate) done: u128,
    pub(crate) failed: u128,
    pub(crate) pieces: Vec<(Interval, u64)>,
    pub(crate) lowest_failure: Option<i64>,
    pub(crate) value: Value,
    pub(crate) change: Option<JournalChange>,
}

/// Another function or program in a journal; there is none in a build without the feature `journal`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalChange {}

impl Done {
    pub(crate) fn set(&self) -> IntervalSet {
        IntervalSet::new()
    }
}

pub(crate) fn discard(_: &Path) -> Result<(), JournalError> {
    Ok(())
}
