//! Coverage of several journals: what they have together, what is missing, and what is in more than one.

use super::check::Contents;
use super::coverage::{Coverage, StridedPositions};
use super::error::{JournalError, JournalFault};
use super::fingerprint::{Fingerprint, PartOfItems};
use super::reading::{LISTED, is_lines, read, windows_of};
use super::repeated;
use super::source::SourceJournal;
use super::window::WindowAttempt;
use crate::item::Numbers;
use evenly_core::items::TooManyPieces;
use evenly_core::{Aggregate, Failure, Interval, Items, ItemsPart, Range, Value};
use std::num::NonZeroU64;
use std::path::PathBuf;

/// What journals cover together.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Together {
    /// Of which job they are; with all numbers from the lowest to the highest that any of them is about.
    pub fingerprint: Fingerprint,
    /// How many changes of the function, the program or the version were accepted, in all of them.
    pub changes: usize,
    /// How many numbers have a value, and how many failed.
    pub done: u128,
    /// How many failed.
    pub failed: u128,
    /// The lowest of those.
    pub failures: Vec<Failure>,
    /// The lowest of those that are done and passed at a later try, with the cause of the failed one.
    pub flaky: Vec<Failure>,
    /// Count of numbers that are in no journal and can change the answer.
    pub missing: u128,
    /// Where they are.
    pub gaps: Vec<Interval>,
    /// Numbers that are in more than one journal: how many, and the lowest of them.
    pub double: u128,
    /// Where they are.
    pub overlaps: Vec<Interval>,
    /// The value over all that have one, unless some are in more than one journal.
    pub value: Option<Value>,
    /// How many lines were found, where the answer is lines.
    pub lines: u64,
    /// Count of parts that no journal is of, if the journals are of parts.
    pub missing_parts: u64,
    /// The lowest of them.
    pub absent: Vec<ItemsPart>,
    /// Journals of parts that do not have all of their part.
    pub unfinished: Vec<PathBuf>,
    /// Journals that count for nothing, because another journal of the same part has all that they have; each before the
    /// other.
    pub repeated: Vec<(PathBuf, PathBuf)>,
}

impl Together {
    /// Whether the value is that of all numbers.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let may_fail = matches!(self.fingerprint.aggregate, Aggregate::Failures { .. });
        self.missing == 0 && self.double == 0 && (may_fail || self.failed == 0)
    }
}

/// Gives each row of the audit of these journals, one journal after the other: ascending by number, those of a number
/// in the order in which they were written. What had begun when its run ended, or is at work, is `unknown`.
///
/// # Errors
/// If a journal is not sound.
pub fn windows(paths: &[PathBuf], mut take: impl FnMut(WindowAttempt)) -> Result<(), JournalError> {
    paths.iter().try_for_each(|path| {
        let (connection, contents) = read(path)?;
        let numbers = Numbers::of(&contents.fingerprint().items);
        let read = windows_of(&connection, &contents, |mut window| -> Result<(), JournalFault> {
            if let Some(numbers) = &numbers {
                window.interval = numbers.hull(window.interval);
            }
            take(window);
            Ok(())
        });
        read.map_err(|trouble| trouble.at(path, "read"))
    })
}

/// What these journals cover together. One journal of a part is about that part; several are about all items.
///
/// # Errors
/// If one is not sound, or of another job. The ranges may differ.
pub fn verify(paths: &[PathBuf]) -> Result<Together, JournalError> {
    Ok(together(paths, paths.len() == 1)?.0.numbered())
}

/// What journals cover together, and the journals, placed among the common items. `is_alone`: a part is all that is
/// asked for.
pub(super) fn together(
    paths: &[PathBuf],
    is_alone: bool,
) -> Result<(Together, Vec<SourceJournal>), JournalError> {
    let journals = paths.iter().map(|path| SourceJournal::open(path));
    let journals = journals.collect::<Result<Vec<_>, _>>()?;
    let fingerprint = common_fingerprint(&journals, is_alone)?;
    let (mut journals, repeated) = repeated::leave_out(journals)?;
    for journal in &mut journals {
        journal.place(&fingerprint.items);
    }
    let all = || journals.iter().map(|journal| &journal.contents);
    let mut together = Together {
        changes: all().map(Contents::changes).sum(),
        done: all().map(|contents| contents.done).sum(),
        failed: all().map(|contents| contents.failed).sum(),
        lines: all().map(|contents| contents.lines).sum(),
        failures: Vec::new(),
        flaky: Vec::new(),
        missing: 0,
        gaps: Vec::new(),
        double: 0,
        overlaps: Vec::new(),
        value: Some(fingerprint.aggregate.empty()),
        missing_parts: 0,
        absent: Vec::new(),
        unfinished: Vec::new(),
        repeated,
        fingerprint,
    };
    for journal in &journals {
        together.failures.extend(journal.reading(SourceJournal::lowest_failures)?);
        together.flaky.extend(journal.reading(SourceJournal::flaky)?);
        if let (Some(value), false) = (&mut together.value, is_lines(&journal.contents.value)) {
            value.merge(journal.value());
        }
    }
    together.failures.sort_unstable_by_key(|failure| failure.interval);
    together.failures.truncate(LISTED);
    // Of several rows of the same numbers the last one counts.
    together.flaky.reverse();
    together.flaky.sort_by_key(|failure| failure.interval);
    together.flaky.dedup_by_key(|failure| failure.interval);
    together.flaky.truncate(LISTED);
    together.compare(&journals)?;
    if together.fingerprint.part.is_none() {
        together.look_for_parts(&journals);
    }
    Ok((together, journals))
}

/// The fingerprint of the job that all journals are of, over the items that they are about together.
fn common_fingerprint(
    journals: &[SourceJournal],
    is_alone: bool,
) -> Result<Fingerprint, JournalError> {
    let Some(first) = journals.first() else {
        return Err(JournalError::Missing { path: PathBuf::new() });
    };
    let first = first.contents.fingerprint();
    if is_alone {
        return Ok(first.clone());
    }
    let mut fingerprint = Fingerprint { items: whole(first).clone(), part: None, ..first.clone() };
    let mut part = None;
    for SourceJournal { path, contents, .. } in journals {
        let other = contents.fingerprint();
        let mut differences = other.differences_but_range(&fingerprint);
        let items = match part.or(other.part.as_ref()) {
            // All items of a division are known.
            Some(of) => {
                let is_beside = |it: &PartOfItems| it.part().is_beside(of.part());
                let is_same =
                    fingerprint.items == *whole(other) && other.part.as_ref().is_none_or(is_beside);
                is_same.then(|| of.whole().clone())
            }
            None => common(&fingerprint.items, &other.items),
        };
        if items.is_none() {
            let here = Fingerprint { part: part.cloned(), ..fingerprint.clone() };
            differences.extend(other.difference_of_items(&here));
        }
        if !differences.is_empty() {
            return Err(JournalError::OfOthers { path: path.clone(), differences });
        }
        part = part.or(other.part.as_ref());
        fingerprint.items = items.unwrap_or_else(|| other.items.clone());
    }
    Ok(fingerprint)
}

/// The items that a job is about; of a part, all items.
fn whole(fingerprint: &Fingerprint) -> &Items {
    fingerprint.part.as_ref().map_or(&fingerprint.items, PartOfItems::whole)
}

/// What journals over these items are about together: all from the lowest to the highest number of two ranges, and the
/// union of other sets. `None` if the union has too many pieces.
fn common(one: &Items, other: &Items) -> Option<Items> {
    match (one.as_range(), other.as_range()) {
        (Some(range), Some(other_range)) => {
            let hull = hull(range, other_range);
            let is_open_ended = one.is_open_ended() || other.is_open_ended();
            let start = hull.interval().filter(|_| is_open_ended).map(|all| all.first());
            Some(start.map_or_else(|| hull.into(), |start| Items::from_on(start, NonZeroU64::MIN)))
        }
        _ if one == other => Some(one.clone()),
        _ => Items::union([one.clone(), other.clone()]).ok(),
    }
}

/// From the lowest to the highest number of both.
fn hull(one: Range, other: Range) -> Range {
    if one.is_empty() || other.is_empty() {
        return if one.is_empty() { other } else { one };
    }
    // Both were ranges.
    Range::new(one.start().min(other.start()), one.end().max(other.end())).unwrap_or(one)
}

impl Together {
    /// The same with numbers in the place of positions.
    pub(super) fn numbered(mut self) -> Self {
        let Some(numbers) = Numbers::of(&self.fingerprint.items) else { return self };
        let listed = |positions: &[Interval]| {
            let intervals = positions.iter().flat_map(|positions| numbers.intervals(*positions));
            intervals.take(LISTED).collect()
        };
        self.gaps = listed(&self.gaps);
        self.overlaps = listed(&self.overlaps);
        self.failures = numbers.failures(&self.failures);
        self.failures.truncate(LISTED);
        self.flaky = numbers.failures(&self.flaky);
        self.flaky.truncate(LISTED);
        self.value = self.value.map(|value| numbers.value(value));
        self
    }

    /// Looks for gaps and overlaps.
    fn compare(&mut self, journals: &[SourceJournal]) -> Result<(), JournalError> {
        let limit = self.limit(journals)?;
        if let Some(limit) = limit {
            self.forget_failures_above(limit, journals)?;
        }
        let pieces = journals.iter().flat_map(|journal| {
            let pieces = journal.contents.pieces.iter();
            pieces.flat_map(|(interval, _)| journal.placement.pieces(*interval))
        });
        let pieces: Vec<StridedPositions> = pieces.collect();
        let coverage = Coverage::of(&pieces).map_err(too_many(journals))?;
        let Some(whole) = self.fingerprint.items.positions().interval() else { return Ok(()) };
        let double = coverage.chosen(whole, LISTED, |count| count > 1);
        (self.double, self.overlaps) = (double.len, double.intervals);
        let wanted =
            Interval::new(whole.first(), limit.map_or(whole.last(), |n| n.min(whole.last())));
        let missing = coverage.chosen(wanted.unwrap_or(whole), LISTED, |count| count == 0);
        (self.missing, self.gaps) = (missing.len, missing.intervals);
        if self.double > 0 {
            self.value = None;
        }
        Ok(())
    }

    /// Looks for parts that no journal is of. Parts without items are not needed.
    fn look_for_parts(&mut self, journals: &[SourceJournal]) {
        let parts = journals.iter().map(|journal| journal.contents.fingerprint().part.as_ref());
        let Some(parts) = parts.collect::<Option<Vec<_>>>() else { return };
        let Some(of) = parts.first() else { return };
        if self.missing == 0 {
            return;
        }
        let is_unfinished = |journal: &&SourceJournal| {
            let contents = &journal.contents;
            contents.done + contents.failed < contents.fingerprint().items.len()
        };
        let unfinished = journals.iter().filter(is_unfinished).take(LISTED);
        self.unfinished = unfinished.map(|journal| journal.path.clone()).collect();
        let has_items =
            |part: ItemsPart| of.whole().part(part).is_ok_and(|items| !items.is_empty());
        let mut numbers: Vec<u32> = parts.iter().map(|part| part.part().number()).collect();
        numbers.retain(|number| of.part().sibling(*number).is_some_and(has_items));
        numbers.sort_unstable();
        let all = of.whole().len().min(of.part().count().into());
        self.missing_parts = u64::try_from(all).unwrap_or(u64::MAX) - numbers.len() as u64;
        let absent =
            (1..=of.part().count()).take(1 << 20).filter(|it| numbers.binary_search(it).is_err());
        let absent = absent.filter_map(|number| of.part().sibling(number));
        let few = usize::try_from(self.missing_parts).unwrap_or(LISTED).min(LISTED);
        self.absent = absent.filter(|part| has_items(*part)).take(few).collect();
    }

    /// What failed above the number that decides the answer changes nothing. Of `failures --first K` that is the number
    /// of the K-th failure.
    fn forget_failures_above(
        &mut self,
        limit: i64,
        journals: &[SourceJournal],
    ) -> Result<(), JournalError> {
        let wanted = |numbers: Interval| Interval::new(numbers.first(), numbers.last().min(limit));
        let failed = each_of(journals, SourceJournal::failures)?.into_iter();
        self.failed = failed.filter_map(|it| wanted(it.interval)).map(|failed| failed.len()).sum();
        self.failures.retain_mut(|failure| {
            let wanted = wanted(failure.interval);
            failure.interval = wanted.unwrap_or(failure.interval);
            wanted.is_some()
        });
        Ok(())
    }

    /// The position that decides the answer, if one does: those above it need not be done.
    pub(super) fn limit(&self, journals: &[SourceJournal]) -> Result<Option<i64>, JournalError> {
        match (self.fingerprint.aggregate, &self.value) {
            (_, Some(Value::Witness(witness))) => Ok(*witness),
            (Aggregate::Find { first: Some(first) }, _) if self.lines >= first.get() => {
                let mut found = each_of(journals, SourceJournal::line_counts)?;
                found.sort_unstable();
                let mut lines = 0;
                Ok(found.into_iter().find_map(|(last, more)| {
                    lines += more;
                    (lines >= first.get()).then_some(last)
                }))
            }
            (Aggregate::Failures { first: Some(first) }, _)
                if self.failed >= first.get().into() =>
            {
                let mut failed = each_of(journals, SourceJournal::failures)?;
                failed.sort_unstable_by_key(|failure| failure.interval);
                let mut before = u128::from(first.get()) - 1;
                Ok(failed.into_iter().find_map(|Failure { interval, .. }| {
                    let last = interval.split_front(before + 1).0.last();
                    let is_here = before < interval.len();
                    before = before.saturating_sub(interval.len());
                    is_here.then_some(last)
                }))
            }
            _ => Ok(None),
        }
    }
}

/// What `read` reads from each journal, together.
fn each_of<T>(
    journals: &[SourceJournal],
    read: impl Fn(&SourceJournal) -> Result<Vec<T>, JournalFault>,
) -> Result<Vec<T>, JournalError> {
    let mut all = Vec::new();
    for journal in journals {
        all.extend(journal.reading(&read)?);
    }
    Ok(all)
}

/// That the numbers of these journals interleave too much.
pub(super) fn too_many(journals: &[SourceJournal]) -> impl Fn(TooManyPieces) -> JournalError {
    let path = journals.first().map(|journal| journal.path.clone()).unwrap_or_default();
    move |_| JournalError::TooManyGaps { path: path.clone() }
}
