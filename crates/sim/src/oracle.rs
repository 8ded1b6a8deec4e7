//! Oracle: checks every record, failure and line of a run against rules that share no code with the core.

pub(crate) mod begin_ledger;
mod begin_rules;
pub(crate) mod blame_oracle;
mod early_end_rules;
mod final_checks;
pub(crate) mod line_oracle;
pub(crate) mod number_set;
pub(crate) mod record_ledger;
pub(crate) mod reference_answer;

use crate::oracle::begin_ledger::BeginLedger;
use crate::oracle::blame_oracle::{BlameOracle, WorkerDeath, most_tries};
use crate::oracle::line_oracle::LineOracle;
use crate::oracle::number_set::NumberSet;
use crate::oracle::record_ledger::{RecordLedger, one_by_one};
use crate::plan::cost_model::DeadlyNumber;
use crate::plan::question::SimQuestion;
use crate::step_result::check;
use evenly_core::{Cause, Failure, Interval, Record, Scheduler};

#[derive(Debug)]
pub(crate) struct Oracle {
    pub(crate) question: SimQuestion,
    pub(crate) whole: Option<Interval>,
    pub(crate) total: u128,
    pub(crate) deadly: Vec<DeadlyNumber>,
    retries: u8,
    /// Passed to the journal by this primary, or durable before it started.
    pub(crate) given_out: NumberSet,
    /// Confirmed by the journal to this primary, or durable before it started.
    pub(crate) acknowledged: RecordLedger,
    /// Numbers that were durable before this primary started.
    resumed: u128,
    /// How many of them failed.
    resumed_failures: u128,
    /// The lines that the reader has.
    pub(crate) lines: LineOracle,
    pub(crate) blame: BlameOracle,
    quarantined: Vec<i64>,
    /// Numbers that the plan makes fail by themselves.
    failing: NumberSet,
    /// Whether nothing but numbers has killed workers so far.
    pub(crate) is_only_numbers: bool,
    /// Numbers that failed at agents.
    pub(crate) failed_at_agents: Vec<Failure>,
    /// With at most once: the begun numbers.
    pub(crate) begins: BeginLedger,
    /// At an agent: the leases it has, and the failures that it may report to the primary.
    lent: Option<Vec<Interval>>,
    pub(crate) reportable: Vec<Failure>,
}

impl Oracle {
    pub(crate) fn new(
        question: SimQuestion,
        whole: Option<Interval>,
        total: u128,
        deadly: Vec<DeadlyNumber>,
        retries: u8,
    ) -> Self {
        let acknowledged = RecordLedger::new(question.aggregate);
        Self {
            question,
            whole,
            total,
            deadly,
            retries,
            given_out: NumberSet::default(),
            acknowledged,
            resumed: 0,
            resumed_failures: 0,
            lines: LineOracle::default(),
            blame: BlameOracle::default(),
            quarantined: Vec::new(),
            failing: NumberSet::default(),
            is_only_numbers: true,
            failed_at_agents: Vec::new(),
            begins: BeginLedger::default(),
            lent: None,
            reportable: Vec::new(),
        }
    }

    /// An oracle for an agent, which gets its numbers during the run.
    pub(crate) fn at_agent(question: SimQuestion, deadly: Vec<DeadlyNumber>, retries: u8) -> Self {
        let whole = Interval::new(i64::MIN, i64::MAX);
        Self { lent: Some(Vec::new()), ..Self::new(question, whole, 0, deadly, retries) }
    }

    /// Whether this is the oracle of an agent.
    pub(crate) fn is_at_agent(&self) -> bool {
        self.lent.is_some()
    }

    /// An agent received this lease.
    pub(crate) fn add_lease(&mut self, interval: Interval) {
        self.lent.get_or_insert_default().push(interval);
    }

    /// An agent must give everything back: other workers may compute again what it has done.
    pub(crate) fn forget_leases(&mut self) {
        let (deadly, retries) = (std::mem::take(&mut self.deadly), self.retries);
        let (is_only_numbers, reportable) =
            (self.is_only_numbers, std::mem::take(&mut self.reportable));
        let (question, mut begins) = (self.question.clone(), std::mem::take(&mut self.begins));
        begins.forget_leases();
        *self = Self {
            is_only_numbers,
            reportable,
            begins,
            ..Self::at_agent(question, deadly, retries)
        };
    }

    /// Another primary starts from the durable rows.
    pub(crate) fn begin_incarnation(&mut self, durable: &RecordLedger) -> Result<(), String> {
        for interval in self.acknowledged.covered.iter() {
            let is_kept = durable.covered.iter().any(|kept| kept.contains(interval));
            check(is_kept, || format!("{interval} was acknowledged and is not durable"))?;
        }
        self.given_out = durable.covered.clone();
        self.acknowledged = durable.clone();
        self.resumed = durable.numbers;
        self.resumed_failures = durable.failed.len() as u128;
        // The reader of the next primary reads all of its lines.
        self.lines = LineOracle::default();
        self.blame = BlameOracle::default();
        self.quarantined.clear();
        self.failing = NumberSet::default();
        self.begins.begin_incarnation(&durable.covered);
        Ok(())
    }

    /// The primary learns that a worker ended.
    pub(crate) fn add_death(&mut self, death: WorkerDeath) -> Result<(), String> {
        self.blame.add_death(death, self.retries)
    }

    /// The primary has processed everything that was ready in this turn.
    pub(crate) fn check_recoveries(&mut self) -> Result<(), String> {
        let Self { blame, given_out, quarantined, failing, .. } = self;
        let has_failed = |n: i64| quarantined.contains(&n) || failing.has(n);
        blame.check_recoveries(|n| given_out.has(n) && !has_failed(n))
    }

    /// The engine reports that a number has no value.
    pub(crate) fn check_failure(&mut self, failure: Failure) -> Result<(), String> {
        let n = failure.interval.first();
        if matches!(failure.cause, Cause::Arithmetic(_)) {
            return self.check_arithmetic_failure(failure);
        }
        if failure.cause == Cause::Unknown {
            return self.begins.mark_unknown(failure);
        }
        check(!self.begins.is_once(), || format!("{n} was tried again, or is not unknown"))?;
        if self.failed_at_agents.contains(&failure) {
            // A failure at an agent was checked by the oracle of that agent.
            check(!self.quarantined.contains(&n), || format!("{n} failed twice"))?;
            self.quarantined.push(n);
            return Ok(());
        }
        check(failure.interval.len() == 1, || format!("{} failed at once", failure.interval))?;
        self.blame.check_blame(n, failure.cause, self.retries)?;
        check(!self.quarantined.contains(&n), || format!("{n} failed twice"))?;
        self.quarantined.push(n);
        if self.is_only_numbers {
            let is_deadly = self.deadly.iter().any(|deadly| deadly.n == n);
            check(is_deadly, || format!("{n} failed and is innocent"))?;
            // The first loss blames no number, unless the chunk was assigned before; and a number that a crash report
            // names is tried alone in any case.
            let least = if self.blame.is_named(n) { most_tries(self.retries) } else { 1 };
            let least = least.max(u32::from(self.retries) + 1);
            let is_spared = |deadly: &DeadlyNumber| deadly.n == n && deadly.times < least;
            let is_spared = self.deadly.iter().any(is_spared);
            check(!is_spared, || format!("{n} failed although it had tries left"))?;
        }
        if self.lent.is_some() {
            self.reportable.push(failure);
        }
        Ok(())
    }

    /// The engine reports numbers without a value, although no worker died of them.
    fn check_arithmetic_failure(&mut self, failure: Failure) -> Result<(), String> {
        let Failure { interval, cause } = failure;
        for n in (interval.first()..=interval.last()).take(1 << 20) {
            let is_so = self.question.at(n) == Err(cause);
            check(is_so, || format!("{n} is said to fail for {cause}"))?;
        }
        check(self.failing.add(interval), || format!("{interval} failed twice"))
    }

    /// The engine passes answers to the journal.
    pub(crate) fn check_record(&mut self, record: &Record) -> Result<(), String> {
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
            self.blame.mark_done(*interval);
            self.begins.check_done(*interval)?;
            let is_in = |deadly: &&DeadlyNumber| interval.contains(Interval::single(deadly.n));
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
                Cause::Unknown => self.begins.is_unknown(n),
                _ => self.quarantined.contains(&n),
            };
            check(is_known, || format!("{n} failed of {cause} and was not said to"))?;
        }
        let value = self.question.value_over(&record.covered)?;
        check(record.value == value, || {
            format!("the value of {:?} is {value:?} and not {:?}", record.covered, record.value)
        })
    }

    /// The journal that had this record is given up: it counts as one that was never passed to a journal.
    pub(crate) fn take_back_record(&mut self, record: &Record) {
        let failed = record.failed.iter().map(|failure| failure.interval);
        for interval in record.covered.iter().copied().chain(failed) {
            self.given_out.take(interval);
        }
    }

    /// Rules that hold between any two events.
    pub(crate) fn check_scheduler(&self, scheduler: &Scheduler) -> Result<(), String> {
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
    pub(crate) fn read_lines(&mut self, bytes: &[u8]) -> Result<(), String> {
        let Self { question, whole, acknowledged, lines, .. } = self;
        let whole = whole.ok_or("lines of no number")?;
        lines.read(bytes, question, whole, acknowledged)
    }

    /// The reader has read every line.
    pub(crate) fn check_all_lines_read(&mut self) -> Result<(), String> {
        let Self { question, whole, acknowledged, lines, .. } = self;
        lines.check_end(question, *whole, acknowledged)
    }

    /// Whether a number is covered with a value.
    pub(crate) fn has_value(&self, n: i64) -> bool {
        self.acknowledged.covered.has(n) && !self.acknowledged.failed.contains_key(&n)
    }
}
