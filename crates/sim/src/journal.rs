//! A journal that makes records durable late and in batches, and loses what it had not.

use crate::oracle::{Books, copy};
use evenly_core::Record;

#[derive(Debug, Default)]
pub(crate) struct Journal {
    durable: Books,
    /// Being written; durable all at once, if nothing happens before.
    writing: Vec<Record>,
    /// Not begun to be written.
    waiting: Vec<Record>,
}

impl Journal {
    pub(crate) fn append(&mut self, record: Record) {
        self.waiting.push(record);
    }

    /// Whether there was something to write and nothing being written.
    pub(crate) fn begin_sync(&mut self) -> bool {
        if !self.writing.is_empty() || self.waiting.is_empty() {
            return false;
        }
        self.writing = std::mem::take(&mut self.waiting);
        true
    }

    /// What was being written is durable, and may be given back.
    pub(crate) fn synced(&mut self) -> Vec<Record> {
        let records = std::mem::take(&mut self.writing);
        for record in &records {
            self.durable.add(record);
        }
        records
    }

    /// A record that was given back although it waits for nothing: there is no journal.
    pub(crate) fn pass(&mut self, record: &Record) {
        self.durable.add(&copy(record));
    }

    /// What is not durable is lost; of what was being written, `chance` decides how much. How many
    /// records were lost.
    pub(crate) fn crash(&mut self, chance: u64) -> usize {
        let kept = (chance % (self.writing.len() as u64 + 1)) as usize;
        let lost = self.writing.split_off(kept).len() + std::mem::take(&mut self.waiting).len();
        self.synced();
        lost
    }

    pub(crate) fn durable(&self) -> &Books {
        &self.durable
    }
}
