//! The oracle: what must be true of a run whatever breaks, kept apart from the core.

use crate::function::{Deadly, count};
use crate::set::Set;
use evenly_core::{Cause, Failure, Interval, Record, Scheduler, Value};

/// Answers as they stand somewhere: recorded, durable.
#[derive(Clone, Debug, Default)]
pub(crate) struct Books {
    /// Failed numbers included.
    pub(crate) covered: Set,
    pub(crate) numbers: u128,
    pub(crate) failed: Vec<Failure>,
    pub(crate) value: u128,
}

/// A worker that died, in the eyes of the primary.
#[derive(Debug)]
struct Death {
    /// Where it may have been.
    at: Vec<Interval>,
    cause: Cause,
}

#[derive(Debug)]
pub(crate) struct Oracle {
    whole: Option<Interval>,
    total: u128,
    deadly: Vec<Deadly>,
    retries: u8,
    /// Given out to be recorded in this life of the primary, or durable before it.
    given_out: Set,
    /// Given back as recorded in this life, or durable before it.
    pub(crate) acknowledged: Books,
    deaths: Vec<Death>,
    quarantined: Vec<i64>,
    /// Whether nothing but numbers has killed workers so far.
    pub(crate) is_only_numbers: bool,
    /// Numbers that failed at agents.
    pub(crate) elsewhere: Vec<Failure>,
    /// At an agent: what it was lent, and which failures the primary may be told of.
    lent: Option<Vec<Interval>>,
    pub(crate) told: Vec<Failure>,
}

impl Books {
    /// Adds a record; `false` if a number of it is there already.
    pub(crate) fn add(&mut self, record: &Record) -> bool {
        if let Value::Count(value) = record.value {
            self.value += value;
        }
        self.numbers += record.len();
        self.failed.extend_from_slice(&record.failed);
        let failed = record.failed.iter().map(|failure| &failure.interval);
        record.covered.iter().chain(failed).all(|interval| self.covered.add(*interval))
    }
}

/// The same record again: records are moved, so that they are given back only once.
pub(crate) fn copy(record: &Record) -> Record {
    record.copy()
}

impl Oracle {
    pub(crate) fn new(
        whole: Option<Interval>,
        total: u128,
        deadly: Vec<Deadly>,
        retries: u8,
    ) -> Self {
        Self {
            whole,
            total,
            deadly,
            retries,
            given_out: Set::default(),
            acknowledged: Books::default(),
            deaths: Vec::new(),
            quarantined: Vec::new(),
            is_only_numbers: true,
            elsewhere: Vec::new(),
            lent: None,
            told: Vec::new(),
        }
    }

    /// One for an agent, whose numbers come in while it goes on.
    pub(crate) fn at_agent(deadly: Vec<Deadly>, retries: u8) -> Self {
        let whole = Interval::new(i64::MIN, i64::MAX);
        Self { lent: Some(Vec::new()), ..Self::new(whole, 0, deadly, retries) }
    }

    /// An agent was lent this.
    pub(crate) fn lent(&mut self, interval: Interval) {
        self.lent.get_or_insert_default().push(interval);
    }

    /// An agent was told to give everything back: what it has done of it may be done again.
    pub(crate) fn forget(&mut self) {
        let (deadly, retries) = (std::mem::take(&mut self.deadly), self.retries);
        let (is_only_numbers, told) = (self.is_only_numbers, std::mem::take(&mut self.told));
        *self = Self { is_only_numbers, told, ..Self::at_agent(deadly, retries) };
    }

    /// Another primary begins with what is durable.
    pub(crate) fn begin_life(&mut self, durable: &Books) -> Result<(), String> {
        for interval in self.acknowledged.covered.iter() {
            let is_kept = durable.covered.iter().any(|kept| kept.contains(interval));
            check(is_kept, || format!("{interval} was acknowledged and is not durable"))?;
        }
        self.given_out = durable.covered.clone();
        self.acknowledged = durable.clone();
        self.deaths.clear();
        self.quarantined.clear();
        Ok(())
    }

    /// The primary hears that a worker is gone.
    pub(crate) fn death(&mut self, at: Vec<Interval>, cause: Cause) {
        self.deaths.push(Death { at, cause });
    }

    /// A number is said to have no value.
    pub(crate) fn quarantine(&mut self, failure: Failure) -> Result<(), String> {
        let n = failure.interval.first();
        if self.elsewhere.contains(&failure) {
            // Where that happened, it was looked at.
            check(!self.quarantined.contains(&n), || format!("{n} failed twice"))?;
            self.quarantined.push(n);
            return Ok(());
        }
        check(failure.interval.len() == 1, || format!("{} failed at once", failure.interval))?;
        let single = Interval::single(n);
        let is_at = |death: &&Death| death.at.iter().any(|at| at.contains(single));
        let deaths = self.deaths.iter().filter(is_at).count();
        let most = usize::from(self.retries) + 1;
        check(deaths >= most, || {
            format!("{n} failed after {deaths} deaths at it, where {most} are due")
        })?;
        let last = self.deaths.iter().rfind(|death| is_at(death)).map(|death| death.cause);
        check(last == Some(failure.cause), || format!("{n} failed of {:?}", failure.cause))?;
        check(!self.quarantined.contains(&n), || format!("{n} failed twice"))?;
        self.quarantined.push(n);
        if self.is_only_numbers {
            let is_deadly = self.deadly.iter().any(|deadly| deadly.n == n);
            check(is_deadly, || format!("{n} failed and is innocent"))?;
            // The first loss blames nobody, unless the chunk was handed out before.
            let is_spared = |deadly: &Deadly| deadly.n == n && deadly.times <= self.retries.into();
            let is_spared = self.deadly.iter().any(is_spared);
            check(!is_spared, || format!("{n} failed although it had tries left"))?;
        }
        if self.lent.is_some() {
            self.told.push(failure);
        }
        Ok(())
    }

    /// Answers are given out to be recorded.
    pub(crate) fn record(&mut self, record: &Record) -> Result<(), String> {
        check(!record.is_empty(), || "an empty record".into())?;
        let whole = self.whole;
        let lent = self.lent.clone();
        let is_lent = |interval: Interval| {
            lent.as_ref().is_none_or(|lent| lent.iter().any(|lent| lent.contains(interval)))
        };
        let is_inside = |interval: Interval| {
            whole.is_some_and(|whole| whole.contains(interval)) && is_lent(interval)
        };
        let mut value = 0;
        for interval in &record.covered {
            check(is_inside(*interval), || format!("{interval} is not in the range"))?;
            check(self.given_out.add(*interval), || format!("{interval} is recorded twice"))?;
            let is_in = |deadly: &&Deadly| interval.contains(Interval::single(deadly.n));
            if let Some(deadly) = self.deadly.iter().filter(|one| one.is_always()).find(is_in) {
                return Err(format!("{} has a value and cannot be computed", deadly.n));
            }
            value += count(*interval);
        }
        for failure in &record.failed {
            let interval = failure.interval;
            check(is_inside(interval), || format!("{interval} is not in the range"))?;
            check(self.given_out.add(interval), || format!("{interval} is recorded twice"))?;
            let is_known = interval.len() == 1 && self.quarantined.contains(&interval.first());
            check(is_known, || format!("{interval} failed and was not said to"))?;
        }
        check(record.value == Value::Count(value), || {
            format!("the value of {:?} is {value} and not {}", record.covered, record.value)
        })
    }

    /// What holds between any two events.
    pub(crate) fn look(&self, scheduler: &Scheduler) -> Result<(), String> {
        if self.lent.is_some() {
            let is_kept = !scheduler.ledger().covered().is_empty();
            return check(!is_kept, || "an agent keeps what it has passed on".into());
        }
        let books = &self.acknowledged;
        check(scheduler.ledger().covered().len() == books.numbers, || {
            "what is covered is not what was recorded".into()
        })?;
        check(*scheduler.answer() == Value::Count(books.value), || {
            format!("the answer is {} where {} is recorded", scheduler.answer(), books.value)
        })
    }

    /// What holds whenever a run ends, early or not.
    pub(crate) fn end(&self, scheduler: &Scheduler) -> Result<(), String> {
        self.look(scheduler)?;
        let covered = scheduler.ledger().covered();
        check(covered.iter().eq(self.acknowledged.covered.iter()), || {
            "the covered numbers are not those recorded".into()
        })?;
        let failures = scheduler.ledger().failures();
        let mut failed: Vec<i64> =
            failures.iter().map(|failure| failure.interval.first()).collect();
        let mut known: Vec<i64> =
            self.acknowledged.failed.iter().map(|failure| failure.interval.first()).collect();
        failed.sort_unstable();
        known.sort_unstable();
        check(failed == known, || format!("failed are {failed:?} and not {known:?}"))?;
        let done: u128 = covered.iter().map(count).sum();
        let without: u128 = failed.iter().map(|n| count(Interval::single(*n))).sum();
        check(*scheduler.answer() == Value::Count(done - without), || {
            format!("the answer is {} and not {}", scheduler.answer(), done - without)
        })
    }

    /// What holds when every number is said to be covered.
    pub(crate) fn finish(&self, scheduler: &Scheduler) -> Result<(), String> {
        self.end(scheduler)?;
        check(self.acknowledged.numbers == self.total, || "finished, and not covered".into())?;
        check(self.acknowledged.covered.iter().eq(self.whole), || "gaps in the end".into())?;
        for deadly in self.deadly.iter().filter(|deadly| deadly.is_always()) {
            let is_it = |failure: &Failure| failure.interval == Interval::single(deadly.n);
            let has_failed = scheduler.ledger().failures().iter().any(is_it);
            check(has_failed, || format!("{} cannot be computed and did not fail", deadly.n))?;
        }
        Ok(())
    }

    /// Whether a number is covered with a value.
    pub(crate) fn has_value(&self, n: i64) -> bool {
        let has_failed = self.acknowledged.failed.iter().any(|fail| fail.interval.first() == n);
        self.acknowledged.covered.has(n) && !has_failed
    }
}

pub(crate) fn check(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}
