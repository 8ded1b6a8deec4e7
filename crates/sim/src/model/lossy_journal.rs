//! Journal model: makes records durable late and in batches; a crash loses the rest.

use crate::oracle::begin_ledger::BeginLedger;
use crate::oracle::number_set::NumberSet;
use crate::oracle::record_ledger::RecordLedger;
use crate::step_result::check;
use evenly_core::{Aggregate, Cause, Failure, Interval, Record};

/// A row of the journal.
#[derive(Debug)]
pub(crate) enum JournalEntry {
    Record(Record),
    /// These numbers begin; they may begin once only.
    Begins(Interval),
    /// These numbers were given back and did not begin.
    Untouched(Interval),
}

#[derive(Debug)]
pub(crate) struct LossyJournal {
    aggregate: Aggregate,
    durable: RecordLedger,
    /// Numbers that may have begun and have not ended, by what is durable.
    begun: NumberSet,
    /// Rows of the open transaction: all become durable at once, or a crash loses them.
    writing: Vec<JournalEntry>,
    /// Rows that no transaction has yet.
    waiting: Vec<JournalEntry>,
}

impl LossyJournal {
    pub(crate) fn new(aggregate: Aggregate) -> Self {
        let (writing, waiting) = (Vec::new(), Vec::new());
        let begun = NumberSet::default();
        Self { aggregate, durable: RecordLedger::new(aggregate), begun, writing, waiting }
    }

    pub(crate) fn append(&mut self, entry: JournalEntry) {
        self.waiting.push(entry);
    }

    /// Begins a transaction; `false` if one is open or there is no row for it.
    pub(crate) fn begin_sync(&mut self) -> bool {
        if !self.writing.is_empty() || self.waiting.is_empty() {
            return false;
        }
        self.writing = std::mem::take(&mut self.waiting);
        true
    }

    /// Makes the open transaction durable and returns its rows.
    ///
    /// # Errors
    /// If a number is recorded twice, or begins twice.
    pub(crate) fn finish_sync(&mut self) -> Result<Vec<JournalEntry>, String> {
        let entries = std::mem::take(&mut self.writing);
        for entry in &entries {
            match entry {
                JournalEntry::Record(record) => self.write(record)?,
                JournalEntry::Begins(interval) => {
                    check(self.begun.add(*interval), || format!("{interval} begins twice"))?;
                }
                JournalEntry::Untouched(interval) => {
                    check(self.begun.take(*interval), || format!("{interval} did not begin"))?;
                }
            }
        }
        Ok(entries)
    }

    fn write(&mut self, record: &Record) -> Result<(), String> {
        check(self.durable.add(record)?, || "a record was written twice".into())?;
        if self.aggregate.is_streamed() {
            self.durable.keep(record);
        }
        let failed = record.failed.iter().map(|failure| failure.interval);
        for interval in record.covered.iter().copied().chain(failed) {
            // With at most once, every number that is done has begun.
            self.begun.take(interval);
        }
        Ok(())
    }

    /// Number of begun numbers whose end is unknown.
    ///
    /// # Errors
    /// If it is recorded.
    pub(crate) fn fail_begun(&mut self) -> Result<u64, String> {
        let mut numbers = 0;
        for interval in std::mem::take(&mut self.begun).iter() {
            let failed = [Failure { interval, cause: Cause::Unknown }].into();
            self.write(&Record::new(Vec::new(), failed, self.aggregate.empty()))?;
            numbers += interval.len() as u64;
        }
        Ok(numbers)
    }

    /// Loses every row that is not durable; of the open transaction, `chance` decides how many. Returns how many
    /// rows were lost.
    pub(crate) fn lose_unsynced(&mut self, chance: u64) -> Result<usize, String> {
        let kept = (chance % (self.writing.len() as u64 + 1)) as usize;
        let mut lost = self.writing.split_off(kept);
        lost.append(&mut self.waiting);
        let lost = lost.iter().filter(|entry| matches!(entry, JournalEntry::Record(_))).count();
        self.finish_sync()?;
        Ok(lost)
    }

    /// Gives up the journal; the records that are not durable.
    pub(crate) fn give_up(&mut self) -> Vec<Record> {
        let rows = std::mem::take(&mut self.writing).into_iter().chain(self.waiting.drain(..));
        rows.filter_map(|entry| match entry {
            JournalEntry::Record(record) => Some(record),
            JournalEntry::Begins(_) | JournalEntry::Untouched(_) => None,
        })
        .collect()
    }

    /// Rule: once every row is durable, each number that begins by the journal was sent to a worker, up to the limit of
    /// the answer. Above it, chunks are dropped while their begins are written.
    pub(crate) fn check_begun(
        &self,
        begins: &BeginLedger,
        limit: Option<i64>,
    ) -> Result<(), String> {
        if !(self.writing.is_empty() && self.waiting.is_empty()) {
            return Ok(());
        }
        self.begun.iter().try_for_each(|begun| {
            let wanted = Interval::new(begun.first(), begun.last().min(limit.unwrap_or(i64::MAX)));
            check(wanted.is_none_or(|wanted| begins.assigned.has_all(wanted)), || {
                format!("{begun} begins by the journal, and was not sent")
            })
        })
    }

    /// Whether it is durable that these numbers begin.
    pub(crate) fn has_begun(&self, interval: Interval) -> bool {
        self.begun.has_all(interval)
    }

    pub(crate) fn durable(&self) -> &RecordLedger {
        &self.durable
    }
}
