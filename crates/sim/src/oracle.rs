//! The oracle: what must be true of a run whatever breaks, kept apart from the core.

pub(crate) mod begin_ledger;
mod begin_rules;
pub(crate) mod blame_oracle;
mod final_checks;
pub(crate) mod line_oracle;
pub(crate) mod number_set;
pub(crate) mod record_ledger;
pub(crate) mod reference_answer;

use crate::oracle::begin_ledger::Fates;
use crate::oracle::blame_oracle::{Culprits, Death, most};
use crate::oracle::line_oracle::Lines;
use crate::oracle::number_set::Set;
use crate::oracle::record_ledger::{Books, one_by_one};
use crate::plan::cost_model::Deadly;
use crate::plan::question::Question;
use crate::step_result::check;
use evenly_core::{Cause, Failure, Interval, Record, Scheduler};

#[derive(Debug)]
pub(crate) struct Oracle {
    pub(crate) question: Question,
    pub(crate) whole: Option<Interval>,
    pub(crate) total: u128,
    pub(crate) deadly: Vec<Deadly>,
    retries: u8,
    /// Given out to be recorded in this life of the primary, or durable before it.
    pub(crate) given_out: Set,
    /// Given back as recorded in this life, or durable before it.
    pub(crate) acknowledged: Books,
    /// What was read of the lines.
    pub(crate) lines: Lines,
    pub(crate) culprits: Culprits,
    quarantined: Vec<i64>,
    /// Numbers that are said to fail by themselves.
    failing: Set,
    /// Whether nothing but numbers has killed workers so far.
    pub(crate) is_only_numbers: bool,
    /// Numbers that failed at agents.
    pub(crate) elsewhere: Vec<Failure>,
    /// Where nothing is done twice: what has begun.
    pub(crate) fates: Fates,
    /// At an agent: what it was lent, and which failures the primary may be told of.
    lent: Option<Vec<Interval>>,
    pub(crate) told: Vec<Failure>,
}

impl Oracle {
    pub(crate) fn new(
        question: Question,
        whole: Option<Interval>,
        total: u128,
        deadly: Vec<Deadly>,
        retries: u8,
    ) -> Self {
        let acknowledged = Books::new(question.aggregate);
        Self {
            question,
            whole,
            total,
            deadly,
            retries,
            given_out: Set::default(),
            acknowledged,
            lines: Lines::default(),
            culprits: Culprits::default(),
            quarantined: Vec::new(),
            failing: Set::default(),
            is_only_numbers: true,
            elsewhere: Vec::new(),
            fates: Fates::default(),
            lent: None,
            told: Vec::new(),
        }
    }

    /// One for an agent, whose numbers come in while it goes on.
    pub(crate) fn at_agent(question: Question, deadly: Vec<Deadly>, retries: u8) -> Self {
        let whole = Interval::new(i64::MIN, i64::MAX);
        Self { lent: Some(Vec::new()), ..Self::new(question, whole, 0, deadly, retries) }
    }

    /// Whether it looks at an agent.
    pub(crate) fn is_at_agent(&self) -> bool {
        self.lent.is_some()
    }

    /// An agent was lent this.
    pub(crate) fn lent(&mut self, interval: Interval) {
        self.lent.get_or_insert_default().push(interval);
    }

    /// An agent was told to give everything back: what it has done of it may be done again.
    pub(crate) fn forget(&mut self) {
        let (deadly, retries) = (std::mem::take(&mut self.deadly), self.retries);
        let (is_only_numbers, told) = (self.is_only_numbers, std::mem::take(&mut self.told));
        let (question, mut fates) = (self.question.clone(), std::mem::take(&mut self.fates));
        fates.forget();
        *self = Self { is_only_numbers, told, fates, ..Self::at_agent(question, deadly, retries) };
    }

    /// Another primary begins with what is durable.
    pub(crate) fn begin_life(&mut self, durable: &Books) -> Result<(), String> {
        for interval in self.acknowledged.covered.iter() {
            let is_kept = durable.covered.iter().any(|kept| kept.contains(interval));
            check(is_kept, || format!("{interval} was acknowledged and is not durable"))?;
        }
        self.given_out = durable.covered.clone();
        self.acknowledged = durable.clone();
        // The reader of the next primary reads all of its lines.
        self.lines = Lines::default();
        self.culprits = Culprits::default();
        self.quarantined.clear();
        self.failing = Set::default();
        self.fates.begin_life(&durable.covered);
        Ok(())
    }

    /// The primary hears that a worker is gone.
    pub(crate) fn death(&mut self, death: Death) -> Result<(), String> {
        self.culprits.die(death, self.retries)
    }

    /// The primary has done all that there was to do.
    pub(crate) fn settle(&mut self) -> Result<(), String> {
        let Self { culprits, given_out, quarantined, failing, .. } = self;
        let has_failed = |n: i64| quarantined.contains(&n) || failing.has(n);
        culprits.settle(|n| given_out.has(n) && !has_failed(n))
    }

    /// A number is said to have no value.
    pub(crate) fn quarantine(&mut self, failure: Failure) -> Result<(), String> {
        let n = failure.interval.first();
        if matches!(failure.cause, Cause::Arithmetic(_)) {
            return self.fails_by_itself(failure);
        }
        if failure.cause == Cause::Unknown {
            return self.fates.give_up(failure);
        }
        check(!self.fates.is_once(), || format!("{n} was tried again, or is not unknown"))?;
        if self.elsewhere.contains(&failure) {
            // Where that happened, it was looked at.
            check(!self.quarantined.contains(&n), || format!("{n} failed twice"))?;
            self.quarantined.push(n);
            return Ok(());
        }
        check(failure.interval.len() == 1, || format!("{} failed at once", failure.interval))?;
        self.culprits.convict(n, failure.cause, self.retries)?;
        check(!self.quarantined.contains(&n), || format!("{n} failed twice"))?;
        self.quarantined.push(n);
        if self.is_only_numbers {
            let is_deadly = self.deadly.iter().any(|deadly| deadly.n == n);
            check(is_deadly, || format!("{n} failed and is innocent"))?;
            // The first loss blames no number, unless the chunk was assigned before; and a number that a crash report
            // names is tried alone in any case.
            let least = if self.culprits.is_named(n) { most(self.retries) } else { 1 };
            let least = least.max(u32::from(self.retries) + 1);
            let is_spared = |deadly: &Deadly| deadly.n == n && deadly.times < least;
            let is_spared = self.deadly.iter().any(is_spared);
            check(!is_spared, || format!("{n} failed although it had tries left"))?;
        }
        if self.lent.is_some() {
            self.told.push(failure);
        }
        Ok(())
    }

    /// The engine reports numbers without a value, although no worker died of them.
    fn fails_by_itself(&mut self, failure: Failure) -> Result<(), String> {
        let Failure { interval, cause } = failure;
        for n in (interval.first()..=interval.last()).take(1 << 20) {
            let is_so = self.question.at(n) == Err(cause);
            check(is_so, || format!("{n} is said to fail for {cause}"))?;
        }
        check(self.failing.add(interval), || format!("{interval} failed twice"))
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
        for interval in &record.covered {
            check(is_inside(*interval), || format!("{interval} is not in the range"))?;
            check(self.given_out.add(*interval), || format!("{interval} is recorded twice"))?;
            self.culprits.done(*interval);
            self.fates.done(*interval)?;
            let is_in = |deadly: &&Deadly| interval.contains(Interval::single(deadly.n));
            if let Some(deadly) = self.deadly.iter().filter(|one| one.is_always()).find(is_in) {
                return Err(format!("{} has a value and cannot be computed", deadly.n));
            }
        }
        for failure in &record.failed {
            let interval = failure.interval;
            check(is_inside(interval), || format!("{interval} is not in the range"))?;
            check(self.given_out.add(interval), || format!("{interval} is recorded twice"))?;
        }
        for (n, cause) in one_by_one(&record.failed) {
            let is_known = match cause {
                Cause::Arithmetic(_) => self.failing.has(n),
                Cause::Unknown => self.fates.is_unknown(n),
                _ => self.quarantined.contains(&n),
            };
            check(is_known, || format!("{n} failed of {cause} and was not said to"))?;
        }
        let value = self.question.value_over(&record.covered)?;
        check(record.value == value, || {
            format!("the value of {:?} is {value:?} and not {:?}", record.covered, record.value)
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
        check(*scheduler.answer() == books.value, || {
            format!("the answer is {:?} where {:?} is recorded", scheduler.answer(), books.value)
        })
    }

    /// The reader reads these bytes of the lines.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Result<(), String> {
        let Self { question, whole, acknowledged, lines, .. } = self;
        let whole = whole.ok_or("lines of no number")?;
        lines.read(bytes, question, whole, acknowledged)
    }

    /// Everything was read.
    pub(crate) fn read_everything(&mut self) -> Result<(), String> {
        let Self { question, whole, acknowledged, lines, .. } = self;
        lines.end(question, *whole, acknowledged)
    }

    /// Whether a number is covered with a value.
    pub(crate) fn has_value(&self, n: i64) -> bool {
        self.acknowledged.covered.has(n) && !self.acknowledged.failed.contains_key(&n)
    }
}
