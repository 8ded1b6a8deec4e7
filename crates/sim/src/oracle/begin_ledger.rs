//! Ledger of begun numbers in at-most-once runs, over all lives of the primary.

use crate::oracle::number_set::NumberSet;
use crate::step_result::check;
use evenly_core::scheduler::Counts;
use evenly_core::{Failure, Interval};

/// State of each number in an at-most-once run.
#[derive(Debug, Default)]
pub(crate) struct BeginLedger {
    pub(crate) counts: Option<Counts>,
    /// Numbers that began; and those of them that the primary of an agent does not know yet.
    pub(crate) begun: NumberSet,
    pub(crate) unreported: Vec<Interval>,
    /// Assigned by this primary and not given back, or durable before it started.
    pub(crate) assigned: NumberSet,
    /// Numbers assigned to workers that are lost or silent, or to an agent.
    pub(crate) doubtful: Vec<Interval>,
    /// Numbers with an unknown end.
    pub(crate) unknown: NumberSet,
}

impl BeginLedger {
    pub(crate) fn new(counts: Option<Counts>) -> Self {
        Self { counts, ..Self::default() }
    }

    pub(crate) fn is_once(&self) -> bool {
        self.counts.is_some()
    }

    /// Another primary starts from the durable rows.
    pub(crate) fn begin_incarnation(&mut self, durable: &NumberSet) {
        self.assigned = durable.clone();
        self.doubtful.clear();
        self.unknown = NumberSet::default();
    }

    /// An agent holds no number any more.
    pub(crate) fn forget_leases(&mut self) {
        self.doubtful.clear();
        self.assigned = NumberSet::default();
        self.unknown = NumberSet::default();
    }

    /// A worker begins these.
    pub(crate) fn begin(&mut self, interval: Interval) -> Result<(), String> {
        check(self.begun.add(interval), || format!("{interval} is begun twice"))?;
        self.unreported.push(interval);
        Ok(())
    }

    /// The numbers that began since the last call.
    pub(crate) fn take_begun(&mut self) -> Vec<Interval> {
        std::mem::take(&mut self.unreported)
    }

    /// These are assigned, which must not happen twice.
    pub(crate) fn assign(&mut self, interval: Interval) -> Result<(), String> {
        let Some(counts) = self.counts else { return Ok(()) };
        let is_one = counts == Counts::Chunks || interval.len() == 1;
        check(is_one, || format!("{interval} is handed out as one"))?;
        check(!self.begun.has_any(interval), || format!("{interval} was begun before"))?;
        check(self.assigned.add(interval), || format!("{interval} is handed out twice"))
    }

    /// These may have an unknown end, if they began.
    pub(crate) fn mark_doubtful(&mut self, interval: Interval) {
        if self.is_once() {
            self.doubtful.push(interval);
        }
    }

    /// The end of these is unknown.
    pub(crate) fn mark_unknown(
        &mut self,
        Failure { interval, cause }: Failure,
    ) -> Result<(), String> {
        check(self.is_once(), || format!("{interval} failed of {cause}"))?;
        let is_doubtful = self.doubtful.iter().any(|doubtful| doubtful.contains(interval));
        check(is_doubtful, || format!("no lost worker or agent had {interval}"))?;
        check(self.unknown.add(interval), || format!("{interval} is unknown twice"))
    }

    /// Whether the end of a number is unknown.
    pub(crate) fn is_unknown(&self, n: i64) -> bool {
        self.unknown.has(n)
    }

    /// These are done.
    pub(crate) fn check_done(&self, interval: Interval) -> Result<(), String> {
        let is_begun = !self.is_once() || self.begun.has_all(interval);
        check(is_begun, || format!("{interval} is done, and has not begun"))
    }
}
