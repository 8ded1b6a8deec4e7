//! A journal that makes records durable late and in batches, and loses what it had not.

use crate::books::Books;
use evenly_core::{Aggregate, Record};

#[derive(Debug)]
pub(crate) struct Journal {
    aggregate: Aggregate,
    durable: Books,
    /// Being written; durable all at once, if nothing happens before.
    writing: Vec<Record>,
    /// Not begun to be written.
    waiting: Vec<Record>,
}

impl Journal {
    pub(crate) fn new(aggregate: Aggregate) -> Self {
        let (writing, waiting) = (Vec::new(), Vec::new());
        Self { aggregate, durable: Books::new(aggregate), writing, waiting }
    }

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
    ///
    /// # Errors
    /// If a number is recorded twice.
    pub(crate) fn synced(&mut self) -> Result<Vec<Record>, String> {
        let records = std::mem::take(&mut self.writing);
        for record in &records {
            if !self.durable.add(record)? {
                return Err("a record was written twice".into());
            }
            if self.aggregate.is_streamed() {
                self.durable.keep(record);
            }
        }
        Ok(records)
    }

    /// What is not durable is lost; of what was being written, `chance` decides how much. How many
    /// records were lost.
    pub(crate) fn crash(&mut self, chance: u64) -> Result<usize, String> {
        let kept = (chance % (self.writing.len() as u64 + 1)) as usize;
        let lost = self.writing.split_off(kept).len() + std::mem::take(&mut self.waiting).len();
        self.synced()?;
        Ok(lost)
    }

    pub(crate) fn durable(&self) -> &Books {
        &self.durable
    }
}
