//! `--junit`: test report in the XML form that CI systems read, with one test case for each n or chunk.

mod xml;

use crate::cause_names::named;
use crate::items::span;
use crate::junit_options::JunitOptions;
use crate::logfile::{LogFile, Mode};
use crate::output_tails::{OpenTails, OutputTails};
use crate::plan::Plan;
use crate::rerun::Rerun;
use evenly::function::Condition;
use evenly::observe::{Loss, Observation, Observer, Piece};
use evenly::{Aggregate, Cause, Failure, Interval};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;
use xml::escaped;

/// Observer that collects test cases, and writes the file at the end.
pub(crate) struct Junit {
    file: LogFile,
    aggregate: Aggregate,
    name: String,
    rerun: Rerun,
    /// Numbers that do not satisfy it are no test cases.
    condition: Option<Condition>,
    tails: Option<OpenTails>,
    /// Whether each n is a test case of its own; otherwise each run of a command is one.
    is_per_number: bool,
    /// By first number.
    cases: BTreeMap<i64, Case>,
    /// The cause of the failed try of numbers that passed at a later one, and the last of them, by the first.
    flaky: BTreeMap<i64, (i64, Cause)>,
}

struct Case {
    interval: Interval,
    took: Duration,
    failed: Option<Cause>,
}

impl Junit {
    /// Opens the file and writes nothing yet.
    ///
    /// # Errors
    /// One line that says why it cannot be opened.
    pub(crate) fn open(options: &JunitOptions, plan: &Plan) -> Result<Self, String> {
        let file = LogFile::open("--junit", options.path(), Mode::Overwrite)?;
        let range = span(&plan.items).interval();
        let condition = plan.function.condition().map(|text| match &plan.grid {
            Some(grid) => Condition::over(grid, text, range),
            None => Condition::new(text, range),
        });
        let condition = condition.transpose().map_err(|error| error.to_string())?;
        let tails = options.tails().map(OutputTails::open).transpose()?;
        Ok(Self {
            file,
            aggregate: plan.aggregate,
            name: format!("evenly {} {}", plan.aggregate.name(), plan.function.name()),
            rerun: plan.rerun(),
            condition,
            tails,
            is_per_number: plan.has_results_per_number(),
            cases: BTreeMap::new(),
            flaky: BTreeMap::new(),
        })
    }

    /// Lets the report reach the file: the job has begun.
    pub(crate) fn release(&mut self) {
        self.file.release();
    }

    /// Whether the file is as it was before the call.
    pub(crate) fn is_untouched(&self) -> bool {
        self.file.is_untouched()
    }

    fn take(&mut self, piece: &Piece) {
        let failed = match piece.lost {
            None => None,
            Some(Loss::Failed(cause)) => Some(cause),
            // Others do these numbers.
            Some(_) => return,
        };
        self.add(piece.interval, piece.took, failed);
    }

    fn add(&mut self, interval: Interval, took: Duration, failed: Option<Cause>) {
        if !self.is_per_number {
            self.cases.insert(interval.first(), Case { interval, took, failed });
            return;
        }
        // The time of each is not measured.
        let took = took / u32::try_from(interval.len()).unwrap_or(u32::MAX);
        for n in interval.first()..=interval.last() {
            let condition = self.condition.as_mut().filter(|_| failed.is_none());
            if condition.is_some_and(|condition| condition.holds(n) == Ok(false)) {
                continue;
            }
            self.cases.insert(n, Case { interval: Interval::single(n), took, failed });
        }
    }

    /// Writes the report. `stopped` is the message of a run that ended early or has no answer for another reason than
    /// failed numbers.
    ///
    /// # Errors
    /// One line that says why not all of it could be written.
    pub(crate) fn close(
        mut self,
        failures: &[Failure],
        stopped: Option<&str>,
    ) -> Result<(), String> {
        for Failure { interval, cause } in failures {
            // Numbers that ended their workers have no piece.
            let is_known =
                self.cases.get(&interval.first()).is_some_and(|case| case.failed.is_some());
            if !is_known {
                self.add(*interval, Duration::ZERO, Some(*cause));
            }
        }
        let failed = self.cases.values().filter(|case| case.failed.is_some()).count();
        let seconds: f64 = self.cases.values().map(|case| case.took.as_secs_f64()).sum();
        let errors = usize::from(stopped.is_some());
        let tests = self.cases.len() + errors;
        let name = escaped(self.name.as_bytes());
        self.file.add("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
        let counts = format!(
            "tests=\"{tests}\" failures=\"{failed}\" errors=\"{errors}\" time=\"{seconds:.6}\""
        );
        self.file.add(&format!("<testsuites {counts}>\n<testsuite name=\"{name}\" {counts}>"));
        for case in std::mem::take(&mut self.cases).into_values() {
            let text = self.case(&case);
            self.file.add(&text);
        }
        if let Some(message) = stopped {
            let message = escaped(message.as_bytes());
            self.file.add(&format!(
                "<testcase classname=\"evenly\" name=\"the whole run\" time=\"0\"><error message=\"{message}\"/></testcase>"
            ));
        }
        self.file.add("</testsuite>\n</testsuites>");
        self.file.close()
    }

    /// The cause of the failed try, if the test case passed at a later one.
    fn failed_try(&self, interval: Interval) -> Option<Cause> {
        let (_, (last, cause)) = self.flaky.range(..=interval.first()).next_back()?;
        (interval.last() <= *last).then_some(*cause)
    }

    fn case(&self, case: &Case) -> String {
        let Case { interval, took, failed } = case;
        let name = if self.is_per_number {
            interval.first().to_string()
        } else {
            format!("{}..{}", interval.first(), i128::from(interval.last()) + 1)
        };
        let mut text = format!(
            "<testcase classname=\"evenly.{}\" name=\"{name}\" time=\"{:.6}\"",
            self.aggregate.name(),
            took.as_secs_f64()
        );
        let Some(cause) = failed else {
            return match self.failed_try(*interval) {
                Some(cause) => text + &flaky_failure(&cause),
                None => text + "/>",
            };
        };
        let message = escaped(named(cause).as_bytes());
        let again = self.rerun.closed(*interval);
        let _ = write!(
            text,
            "><failure message=\"{message}\" type=\"{}\">{}rerun: {}</failure>",
            escaped(kind(cause).as_bytes()),
            self.rerun.text_of(*interval).map_or_else(String::new, |text| {
                format!("line: {}\n", escaped(text.as_bytes()))
            }),
            escaped(again.as_bytes())
        );
        let tails = self.tails.as_ref().map(|tails| tails.read(&name));
        for (element, tail) in ["system-out", "system-err"].iter().zip(tails.into_iter().flatten())
        {
            if !tail.is_empty() {
                let _ = write!(text, "<{element}>{}</{element}>", escaped(&tail));
            }
        }
        text + "</testcase>"
    }
}

/// The end of a test case that passed at a later try, with the cause of the failed one, as Maven Surefire writes it.
fn flaky_failure(cause: &Cause) -> String {
    let (message, kind) = (escaped(named(cause).as_bytes()), escaped(kind(cause).as_bytes()));
    format!("><flakyFailure message=\"{message}\" type=\"{kind}\"/></testcase>")
}

/// The cause without its number: `exit`, `signal`.
fn kind(cause: &Cause) -> String {
    match cause {
        Cause::Exit(_) => "exit".to_owned(),
        Cause::Signal(_) => "signal".to_owned(),
        other => other.to_string(),
    }
}

impl Observer for Junit {
    fn observe(&mut self, observation: &Observation<'_>) {
        match observation {
            Observation::Done(piece) => self.take(piece),
            Observation::Recovered(Failure { interval, cause }) => {
                self.flaky.insert(interval.first(), (interval.last(), *cause));
            }
            _ => {}
        }
    }
}
