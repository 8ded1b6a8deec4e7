//! What goes to standard output: the answer and nothing else, as text or as JSON.

use crate::answer::{self, Answer, AnswerJson};
use crate::arguments::Format;
use crate::closed_stdout;
use crate::exit::Outcome;
use crate::failures::FailedInterval;
use crate::messages::Volume;
use crate::rerun::Rerun;
use evenly::observe::Unfinished;
use evenly::{Aggregate, Failure, Policy, Range, Report};
use serde::Serialize;
use std::time::Duration;

/// Writes all of `text` to standard output.
///
/// # Errors
/// If nobody reads it any more, which ends the program quietly; or if it cannot be written.
pub(crate) fn write_out(text: &str) -> Result<(), Outcome> {
    closed_stdout::check_stdout()?;
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        // Not through std, which takes a descriptor that cannot be written for /dev/null.
        match rustix::io::retry_on_intr(|| rustix::io::write(rustix::stdio::stdout(), rest)) {
            Ok(written) => rest = &rest[written..],
            Err(cause) => return Err(Outcome::not_written(cause)),
        }
    }
    Ok(())
}

/// What was asked of which numbers, and how the answer is to be delivered.
pub(crate) struct Delivery {
    pub(crate) aggregate: Aggregate,
    pub(crate) function: String,
    /// How some of the numbers are done again.
    pub(crate) rerun: Rerun,
    pub(crate) volume: Volume,
    pub(crate) range: Range,
    pub(crate) format: Format,
    /// Whether an answer over the other numbers will do where some failed.
    pub(crate) is_partial: bool,
    /// How long the job may take, and the writing of its answer.
    pub(crate) deadline: Option<Duration>,
}

/// The version of these objects.
pub(crate) const VERSION: u32 = 1;

/// What was asked, in JSON. Integers are strings: they outgrow what JSON readers hold.
#[derive(Serialize)]
pub(crate) struct JobFields<'a> {
    command: &'static str,
    function: &'a str,
    range: [String; 2],
    /// Of find, how many are wanted at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<String>,
}

/// What the answer is, in JSON.
#[derive(Serialize)]
pub(crate) struct AnswerFields {
    /// `None`: there is none; or some n failed, and nobody asked for a part of it; or it is lines.
    answer: Option<AnswerJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<String>,
}

impl<'a> JobFields<'a> {
    pub(crate) fn new(aggregate: Aggregate, function: &'a str, range: Range) -> Self {
        let first = match aggregate {
            Aggregate::Find { first } => first.map(|first| first.to_string()),
            _ => None,
        };
        let range = [range.start().to_string(), range.end().to_string()];
        Self { command: aggregate.name(), function, range, first }
    }
}

/// How it went, in JSON.
#[derive(Serialize)]
struct RunSummary {
    complete: bool,
    /// `None`: they are the answer, and were written before.
    #[serde(skip_serializing_if = "Option::is_none")]
    failures: Option<Vec<FailedInterval>>,
    failed: String,
    /// `None`: the answer is complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_done: Option<String>,
    /// The failure above which nothing is done or printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_at: Option<String>,
    workers: usize,
    losses: u64,
    stale_answers: u64,
    elapsed_s: f64,
}

/// How a job ended that did not come to its end, in JSON.
#[derive(Serialize)]
struct Stopped {
    complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    failures: Option<Vec<FailedInterval>>,
    #[serde(flatten)]
    left: Option<Unanswered>,
    error: Option<String>,
}

/// How much a job has not done, in JSON.
#[derive(Serialize)]
pub(crate) struct Unanswered {
    failed: String,
    not_done: String,
    /// The lowest number that is not done.
    complete_below: Option<String>,
}

impl Unanswered {
    /// Of a job that came to its end.
    pub(crate) fn of(report: &Report) -> Self {
        let (failed, not_done) = (report.failed.to_string(), report.not_done.to_string());
        Self { failed, not_done, complete_below: None }
    }
}

impl From<&Unfinished> for Unanswered {
    fn from(unfinished: &Unfinished) -> Self {
        Self {
            failed: unfinished.failed.to_string(),
            not_done: unfinished.not_done.to_string(),
            complete_below: unfinished.lowest.map(|lowest| lowest.to_string()),
        }
    }
}

/// The JSON form of a job that ended early and wrote nothing before.
#[derive(Serialize)]
struct WholeStopped<'a> {
    version: u32,
    #[serde(flatten)]
    asked: JobFields<'a>,
    #[serde(flatten)]
    answered: AnswerFields,
    #[serde(flatten)]
    stopped: Stopped,
}

/// The JSON form of an answer.
#[derive(Serialize)]
struct Whole<'a> {
    version: u32,
    #[serde(flatten)]
    asked: JobFields<'a>,
    #[serde(flatten)]
    answered: AnswerFields,
    #[serde(flatten)]
    came: RunSummary,
}

/// The beginning of one.
#[derive(Serialize)]
struct Head<'a> {
    version: u32,
    #[serde(flatten)]
    asked: JobFields<'a>,
}

impl Delivery {
    fn asked(&self) -> JobFields<'_> {
        JobFields::new(self.aggregate, &self.function, self.range)
    }

    /// Whether the answer is that of the whole range.
    pub(crate) fn is_complete(&self, report: &Report) -> bool {
        self.is_about_failures() || report.failed == 0
    }

    /// Whether the answer is not withheld because some n failed.
    fn is_given(&self, report: &Report) -> bool {
        self.is_complete(report) || self.is_partial
    }

    /// How many numbers were not tried, unless the answer is complete.
    pub(crate) fn not_done(&self, report: &Report) -> Option<String> {
        (!self.is_complete(report)).then(|| report.not_done.to_string())
    }

    /// The failure at which the lines of `find` and `map` end. What is above it is not printed, and what was not in
    /// hand when it became known is not done.
    pub(crate) fn stopped_at<'r>(&self, report: &'r Report) -> Option<&'r Failure> {
        let is_stopped = matches!(self.aggregate, Aggregate::Find { .. } | Aggregate::Map);
        report.failures.first().filter(|_| is_stopped && !self.is_partial)
    }

    /// Whether failures are what was asked for.
    pub(crate) fn is_about_failures(&self) -> bool {
        self.aggregate == Aggregate::Failures
    }

    /// What is written of a job that came to its end, and wrote nothing before. Of an answer that is
    /// withheld there is nothing as text, and JSON says that there is none.
    pub(crate) fn whole(&self, report: &Report, answer: &Answer<'_>) -> String {
        match self.format {
            Format::Text if self.is_given(report) => answer.text(),
            Format::Text => String::new(),
            Format::Json => line(&Whole {
                version: VERSION,
                asked: self.asked(),
                answered: self.answered(report, answer),
                came: self.came(report),
            }),
        }
    }

    /// What of the answer is not withheld.
    pub(crate) fn answered(&self, report: &Report, answer: &Answer<'_>) -> AnswerFields {
        let given = self.is_given(report).then_some(answer);
        AnswerFields {
            answer: given.and_then(Answer::json),
            n: answer::has_n(self.aggregate).then(|| given.and_then(Answer::n)),
            lines: answer.lines().map(|lines| lines.to_string()),
        }
    }

    /// The beginning of the JSON form of lines, up to the first of them.
    pub(crate) fn head(&self) -> String {
        let lines = if self.is_about_failures() { "failures" } else { "answer" };
        let head = line(&Head { version: VERSION, asked: self.asked() });
        let head = head.trim_end().trim_end_matches('}');
        format!("{head},\"{lines}\":[")
    }

    /// The end of it.
    pub(crate) fn tail(&self, report: &Report) -> String {
        format!("],{}", line(&self.came(report)).trim_start_matches('{'))
    }

    /// The end of it where the job ended early.
    pub(crate) fn tail_of_stopped(
        &self,
        failures: &[Failure],
        unfinished: Option<&Unfinished>,
        error: Option<String>,
    ) -> String {
        let stopped = self.stopped(failures, unfinished, error);
        format!("],{}", line(&stopped).trim_start_matches('{'))
    }

    /// What is written of a job whose answer cannot be written, for this reason: as text nothing.
    pub(crate) fn whole_without_answer(&self, report: &Report, why: &str) -> String {
        let unfinished = Unfinished {
            lowest: None,
            not_done: 0,
            failures: report.failures.clone(),
            failed: report.failed,
            is_written: true,
        };
        self.whole_of_stopped(&report.failures, &unfinished, Some(why.to_owned()))
    }

    /// What is written of a job that ended early and wrote nothing before: as text nothing.
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
        line(&WholeStopped {
            version: VERSION,
            asked: self.asked(),
            answered: AnswerFields { answer: None, n, lines: None },
            stopped: self.stopped(failures, Some(unfinished), error),
        })
    }

    fn stopped(
        &self,
        failures: &[Failure],
        unfinished: Option<&Unfinished>,
        error: Option<String>,
    ) -> Stopped {
        let failures = self.listed(failures);
        Stopped { complete: false, failures, left: unfinished.map(Unanswered::from), error }
    }

    fn came(&self, report: &Report) -> RunSummary {
        RunSummary {
            complete: self.is_complete(report),
            failures: self.listed(&report.failures),
            failed: report.failed.to_string(),
            not_done: self.not_done(report),
            stopped_at: self.stopped_at(report).map(|at| at.interval.first().to_string()),
            workers: report.workers,
            losses: report.losses,
            stale_answers: report.stale_answers,
            elapsed_s: report.elapsed.as_secs_f64(),
        }
    }

    fn listed(&self, failures: &[Failure]) -> Option<Vec<FailedInterval>> {
        (!self.is_about_failures()).then(|| failures.iter().map(FailedInterval::from).collect())
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
