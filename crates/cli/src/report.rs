//! Report of a job on standard output, as text or as JSON.

use crate::answer::{self, Answer, AnswerJson};
use crate::answer_format::Format;
use crate::closed_stdout;
use crate::exit::ExitOutcome;
use crate::failures::FailedInterval;
use crate::flaky;
use crate::items::span;
use crate::messages::Volume;
use crate::rerun::Rerun;
use evenly::observe::{Prefix, Unfinished};
use evenly::{Aggregate, Failure, Interval, Items, Policy, Report};
use serde::Serialize;
use std::time::Duration;

/// Writes all of `text` to standard output.
///
/// # Errors
/// If the reader closed standard output, which ends the program quietly, or if a write fails.
pub(crate) fn write_out(text: &str) -> Result<(), ExitOutcome> {
    closed_stdout::check_stdout()?;
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        // Not through std, which takes a descriptor that cannot be written for /dev/null.
        match rustix::io::retry_on_intr(|| rustix::io::write(rustix::stdio::stdout(), rest)) {
            Ok(written) => rest = &rest[written..],
            Err(cause) => return Err(ExitOutcome::not_written(&cause.into())),
        }
    }
    Ok(())
}

/// The parts of a plan that shape its report.
pub(crate) struct Delivery {
    pub(crate) aggregate: Aggregate,
    pub(crate) function: String,
    /// Value of `--where`.
    pub(crate) condition: Option<String>,
    /// Builder of the lines that run some numbers again.
    pub(crate) rerun: Rerun,
    pub(crate) volume: Volume,
    pub(crate) items: Items,
    pub(crate) format: Format,
    /// Whether `--partial` asks for the answer over the numbers that did not fail.
    pub(crate) is_partial: bool,
    /// Time limit of the job and of the writing of its answer.
    pub(crate) deadline: Option<Duration>,
    /// What the earlier results of a resumed journal come from, if that is something else than in this run.
    pub(crate) former: Option<String>,
}

/// Version of the JSON objects.
pub(crate) const VERSION: u32 = 1;

/// JSON fields that describe the call. Integers are strings, since many JSON readers only hold 53 bits.
#[derive(Serialize)]
pub(crate) struct JobFields<'a> {
    command: &'static str,
    function: &'a str,
    /// The end is excluded; `None`: the items have none.
    range: (String, Option<String>),
    /// The items, if they are not all of the range.
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<String>,
    /// Value of `--where`.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    condition: Option<&'a str>,
    /// Value of `--first`, of find and failures.
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<String>,
}

/// JSON fields of the answer.
#[derive(Serialize)]
pub(crate) struct AnswerFields {
    /// `None`: no answer, or it is withheld because some n failed, or it is lines.
    answer: Option<AnswerJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<Option<String>>,
    /// The text that n stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<String>,
}

impl<'a> JobFields<'a> {
    pub(crate) fn new(aggregate: Aggregate, function: &'a str, items: &Items) -> Self {
        let first = aggregate.first().map(|first| first.to_string());
        let span = span(items);
        let end = (!items.is_open_ended()).then(|| span.end().to_string());
        let range = (span.start().to_string(), end);
        let items = items.as_range().is_none().then(|| items.to_string());
        Self { command: aggregate.name(), function, range, items, condition: None, first }
    }

    /// Adds the condition under which the function is applied.
    pub(crate) fn under(self, condition: Option<&'a str>) -> Self {
        Self { condition, ..self }
    }
}

/// JSON fields of a finished run.
#[derive(Serialize)]
struct RunSummary {
    complete: bool,
    /// `None`: the failures are the answer, and are already written.
    #[serde(skip_serializing_if = "Option::is_none")]
    failures: Option<Vec<FailedInterval>>,
    failed: String,
    #[serde(flatten)]
    flaky: FlakyFields,
    /// `None`: the answer is complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_done: Option<String>,
    /// The failure above which nothing is done or printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_at: Option<String>,
    /// What some results of the journal come from, after --accept-change.
    #[serde(skip_serializing_if = "Option::is_none")]
    former: Option<String>,
    workers: usize,
    losses: u64,
    stale_answers: u64,
    elapsed_s: f64,
}

/// JSON fields of a run that ended early.
#[derive(Serialize)]
struct StoppedFields {
    complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    failures: Option<Vec<FailedInterval>>,
    #[serde(flatten)]
    left: Option<Unanswered>,
    #[serde(flatten)]
    flaky: Option<FlakyFields>,
    error: Option<String>,
}

/// JSON fields for the numbers that passed at a later try.
#[derive(Serialize)]
struct FlakyFields {
    flaky: Vec<FailedInterval>,
    flaky_numbers: String,
}

/// JSON fields for the numbers without an answer.
#[derive(Serialize)]
pub(crate) struct Unanswered {
    failed: String,
    /// `None`: the items have no end.
    not_done: Option<String>,
    /// The lowest number that is not done.
    complete_below: Option<String>,
    /// The answer over the lowest numbers of items without an end.
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix: Option<PrefixFields>,
}

/// JSON fields of an answer over the lowest numbers.
#[derive(Serialize)]
pub(crate) struct PrefixFields {
    /// The lowest number that the answer is not about.
    below: String,
    answer: Option<AnswerJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<String>,
}

/// JSON object of a run that has written nothing yet; `ended` has [`RunSummary`] or [`StoppedFields`].
#[derive(Serialize)]
struct WholeDocument<'a, T> {
    version: u32,
    #[serde(flatten)]
    asked: JobFields<'a>,
    #[serde(flatten)]
    answered: AnswerFields,
    #[serde(flatten)]
    ended: T,
}

/// Beginning of the JSON object of a verb that writes lines.
#[derive(Serialize)]
struct DocumentHead<'a> {
    version: u32,
    #[serde(flatten)]
    asked: JobFields<'a>,
}

impl Delivery {
    fn asked(&self) -> JobFields<'_> {
        let condition = self.condition.as_deref();
        JobFields::new(self.aggregate, &self.function, &self.items).under(condition)
    }

    /// Whether the answer covers the whole range.
    pub(crate) fn is_complete(&self, report: &Report) -> bool {
        self.is_about_failures() || report.failed == 0
    }

    /// Whether the answer is not withheld because some n failed.
    fn is_given(&self, report: &Report) -> bool {
        self.is_complete(report) || self.is_partial
    }

    /// The number of n not done, unless the answer is complete or the items have no end.
    pub(crate) fn not_done(&self, report: &Report) -> Option<String> {
        self.rest(report.not_done).filter(|_| !self.is_complete(report))
    }

    /// A number of n that are not done, unless the items have no end.
    pub(crate) fn rest(&self, not_done: u128) -> Option<String> {
        (!self.items.is_open_ended()).then(|| not_done.to_string())
    }

    /// What a finished run left out.
    pub(crate) fn unanswered(&self, report: &Report) -> Unanswered {
        let failed = report.failed.to_string();
        Unanswered {
            failed,
            not_done: self.rest(report.not_done),
            complete_below: None,
            prefix: None,
        }
    }

    /// What a run left out that ended early.
    pub(crate) fn left(&self, unfinished: &Unfinished) -> Unanswered {
        Unanswered {
            failed: unfinished.failed.to_string(),
            not_done: self.rest(unfinished.not_done),
            complete_below: unfinished.lowest.map(|lowest| lowest.to_string()),
            prefix: unfinished.prefix.as_ref().and_then(|prefix| {
                let answer = self.answer_below(prefix)?;
                let below = prefix.below.to_string();
                Some(PrefixFields { below, answer: answer.json(), n: answer.n() })
            }),
        }
    }

    /// The answer over the lowest numbers, unless it is too large to be written.
    pub(crate) fn answer_below<'p>(&self, prefix: &'p Prefix) -> Option<Answer<'p>> {
        let value = (self.aggregate, &prefix.value);
        Answer::from_value(value, 0, 0, |n| self.rerun.named(n)).ok()
    }

    /// The failure at which the lines of `find` and `map` end. Numbers above it are not printed, and no chunk above it
    /// is started.
    pub(crate) fn stopped_at<'r>(&self, report: &'r Report) -> Option<&'r Failure> {
        let is_stopped = matches!(self.aggregate, Aggregate::Find { .. } | Aggregate::Map);
        report.failures.first().filter(|_| is_stopped && !self.is_partial)
    }

    /// Whether the verb is `failures`.
    pub(crate) fn is_about_failures(&self) -> bool {
        matches!(self.aggregate, Aggregate::Failures { .. })
    }

    /// The report of a finished run that has written nothing yet. For a withheld answer the text is empty, and JSON has
    /// a null answer.
    pub(crate) fn whole(&self, report: &Report, answer: &Answer<'_>) -> String {
        match self.format {
            Format::Text if self.is_given(report) => self.with_text(answer),
            Format::Text => String::new(),
            Format::Json => line(&WholeDocument {
                version: VERSION,
                asked: self.asked(),
                answered: self.answered(report, answer),
                ended: self.came(report),
            }),
        }
    }

    /// The number of the line that decides the answer, if one does.
    fn line_of(&self, answer: &Answer<'_>) -> Option<i64> {
        answer.n().filter(|_| self.rerun.has_texts())?.parse().ok()
    }

    /// The answer as text; behind the number of a line stands its text.
    fn with_text(&self, answer: &Answer<'_>) -> String {
        let text = self.line_of(answer).and_then(|n| self.rerun.whole_text_of(n));
        match text {
            Some(text) => format!("{}\t{text}\n", answer.text().trim_end_matches('\n')),
            None => answer.text(),
        }
    }

    /// The JSON fields of the answer, null if it is withheld.
    pub(crate) fn answered(&self, report: &Report, answer: &Answer<'_>) -> AnswerFields {
        let given = self.is_given(report).then_some(answer);
        let n = given.and_then(|answer| self.line_of(answer));
        AnswerFields {
            answer: given.and_then(Answer::json),
            n: answer::has_n(self.aggregate).then(|| given.and_then(Answer::n)),
            text: n.and_then(|n| self.rerun.text_of(Interval::single(n))),
            lines: answer.lines().map(|lines| lines.to_string()),
        }
    }

    /// The beginning of a JSON object with lines, up to the first line.
    pub(crate) fn head(&self) -> String {
        let lines = if self.is_about_failures() { "failures" } else { "answer" };
        let head = line(&DocumentHead { version: VERSION, asked: self.asked() });
        let head = head.trim_end().trim_end_matches('}');
        format!("{head},\"{lines}\":[")
    }

    /// The end of a JSON object with lines.
    pub(crate) fn tail(&self, report: &Report) -> String {
        format!("],{}", line(&self.came(report)).trim_start_matches('{'))
    }

    /// The end of a JSON object with lines, for a run that ended early.
    pub(crate) fn tail_of_stopped(
        &self,
        failures: &[Failure],
        unfinished: Option<&Unfinished>,
        error: Option<String>,
    ) -> String {
        let stopped = self.stopped(failures, unfinished, error);
        format!("],{}", line(&stopped).trim_start_matches('{'))
    }

    /// The report of a finished run whose answer cannot be represented; empty as text.
    pub(crate) fn whole_without_answer(&self, report: &Report, why: &str) -> String {
        let unfinished = Unfinished {
            lowest: None,
            not_done: 0,
            prefix: None,
            failures: report.failures.clone(),
            failed: report.failed,
            flaky: report.flaky.clone(),
            flaky_numbers: report.flaky_numbers,
            is_written: true,
        };
        self.whole_of_stopped(&report.failures, &unfinished, Some(why.to_owned()))
    }

    /// The report of a run that ended early and has written nothing yet; empty as text.
    pub(crate) fn whole_of_stopped(
        &self,
        failures: &[Failure],
        unfinished: &Unfinished,
        error: Option<String>,
    ) -> String {
        if self.format == Format::Text {
            return String::new();
        }
        let n = answer::has_n(self.aggregate).then_some(None);
        line(&WholeDocument {
            version: VERSION,
            asked: self.asked(),
            answered: AnswerFields { answer: None, n, text: None, lines: None },
            ended: self.stopped(failures, Some(unfinished), error),
        })
    }

    fn stopped(
        &self,
        failures: &[Failure],
        unfinished: Option<&Unfinished>,
        error: Option<String>,
    ) -> StoppedFields {
        StoppedFields {
            complete: false,
            failures: self.listed(failures),
            left: unfinished.map(|unfinished| self.left(unfinished)),
            flaky: unfinished.map(|one| self.flaky(&one.flaky, one.flaky_numbers)),
            error,
        }
    }

    fn came(&self, report: &Report) -> RunSummary {
        RunSummary {
            complete: self.is_complete(report),
            failures: self.listed(&report.failures),
            failed: report.failed.to_string(),
            flaky: self.flaky(&report.flaky, report.flaky_numbers),
            not_done: self.not_done(report),
            stopped_at: self.stopped_at(report).map(|at| at.interval.first().to_string()),
            former: self.former.clone(),
            workers: report.workers,
            losses: report.losses,
            stale_answers: report.stale_answers,
            elapsed_s: report.elapsed.as_secs_f64(),
        }
    }

    fn flaky(&self, flaky: &[Failure], numbers: u128) -> FlakyFields {
        let with_rerun = |one| FailedInterval::with_rerun(one, &self.rerun);
        let flaky = self.rerun.apart(flaky);
        let flaky = flaky.iter().take(flaky::LISTED_IN_JSON).map(with_rerun).collect();
        FlakyFields { flaky, flaky_numbers: numbers.to_string() }
    }

    fn listed(&self, failures: &[Failure]) -> Option<Vec<FailedInterval>> {
        let failures = self.rerun.apart(failures);
        let with_rerun = |failure| FailedInterval::with_rerun(failure, &self.rerun);
        (!self.is_about_failures()).then(|| failures.iter().map(with_rerun).collect())
    }
}

pub(crate) fn split(policy: Policy) -> String {
    match policy {
        Policy::Fixed(len) => format!("fixed:{len}"),
        other => other.name().to_owned(),
    }
}

/// One object on one line.
pub(crate) fn line(object: &impl Serialize) -> String {
    // Plain structs of strings and numbers: there is nothing that could fail.
    let mut text = serde_json::to_string(object).unwrap_or_default();
    text.push('\n');
    text
}
