//! Reads events (`--events`): one JSON object on each line.

use crate::line_reader::{LogLine, each_line};
use crate::report_page::ReportPage;
use crate::run_outcome::{AnswerFacts, RunOutcome};
use crate::shown;
use crate::source_error::SourceError;
use evenly_core::{Interval, printable};
use serde_json::Value;
use std::io::BufRead;

/// Characters of a text that are kept.
const LONGEST: usize = 600;
/// Machines in the table.
const MOST_MACHINES: usize = 60;

/// State between two events.
#[derive(Default)]
struct EventReader {
    has_begun: bool,
    unreadable: u128,
    /// Numbers that were covered at the last progress, and when that was.
    covered: u128,
    covered_at: i128,
    /// Numbers that the journal had when the call began.
    resumed: u128,
    paused_s: f64,
    now: i128,
}

impl ReportPage {
    /// Adds the events of the run (`--events`).
    ///
    /// # Errors
    /// If the file cannot be read or does not begin with an event, or if it is about another job.
    pub fn read_events(&mut self, name: &str, log: impl BufRead) -> Result<(), SourceError> {
        read(self, name, log)
    }
}

/// Adds all events to the page.
fn read(page: &mut ReportPage, name: &str, log: impl BufRead) -> Result<(), SourceError> {
    page.sources.events = Some(name.to_owned());
    let mut reader = EventReader::default();
    let mut refused = None;
    let read = each_line(log, |line| {
        let (line, is_cut) = match line {
            LogLine::Whole(line) => (line, false),
            LogLine::Cut(line) => (line, true),
            LogLine::TooLong => (&b""[..], false),
        };
        let event = serde_json::from_slice::<Value>(line).ok();
        let event = event.filter(|event| event.get("event").is_some_and(Value::is_string));
        match event {
            Some(event) if reader.has_begun || is_named(&event, "started") => {
                if let Err(error) = reader.take(page, name, &event) {
                    refused = Some(error);
                    return Err(std::io::ErrorKind::InvalidData.into());
                }
            }
            _ if !reader.has_begun => {
                refused = Some(SourceError::NotEvents { name: name.to_owned() });
                return Err(std::io::ErrorKind::InvalidData.into());
            }
            _ if is_cut => page.note(format!("The last line of '{name}' is cut, and left out.")),
            _ => reader.unreadable += 1,
        }
        Ok(())
    });
    if let Some(refused) = refused {
        return Err(refused);
    }
    read.map_err(|cause| SourceError::Read { name: name.to_owned(), cause })?;
    if !reader.has_begun {
        return Err(SourceError::NotEvents { name: name.to_owned() });
    }
    reader.end_call(page);
    if reader.unreadable > 0 {
        let lines = shown::counted(reader.unreadable, "line", "lines");
        page.note(format!("{lines} of '{name}' could not be read, and are left out."));
    }
    if reader.paused_s > 0.0 {
        page.environment.push(("paused".to_owned(), shown::seconds(reader.paused_s)));
    }
    Ok(())
}

fn is_named(event: &Value, name: &str) -> bool {
    event["event"] == name
}

/// A field as text, escaped.
fn text(event: &Value, field: &str) -> Option<String> {
    event[field].as_str().map(|text| printable(text.as_bytes(), LONGEST))
}

/// A field that is a count: a number, or a number in a string.
fn number(event: &Value, field: &str) -> Option<u128> {
    match &event[field] {
        Value::String(text) => text.parse().ok(),
        value => value.as_u64().map(u128::from),
    }
}

fn seat(event: &Value) -> usize {
    event["worker"].as_u64().and_then(|seat| usize::try_from(seat).ok()).unwrap_or(0)
}

/// How many chunks and numbers a lost worker held.
fn held(event: &Value) -> (u64, u128) {
    (event["chunks"].as_u64().unwrap_or(0), number(event, "numbers").unwrap_or(0))
}

impl EventReader {
    fn take(
        &mut self,
        page: &mut ReportPage,
        name: &str,
        event: &Value,
    ) -> Result<(), SourceError> {
        let kind = event["event"].as_str().unwrap_or_default();
        if kind == "started" {
            self.end_call(page);
            return self.begin_call(page, name, event);
        }
        let micros = (event["time_s"].as_f64().unwrap_or(0.0) * 1e6) as i128;
        let now = page.clock.at(micros);
        self.now = self.now.max(now);
        page.time.reach(now);
        let seat = seat(event);
        match kind {
            "worker_started" => page.lanes.start(seat, &format!("worker {seat}"), 1.0, now),
            "agent_joined" => {
                let workers = event["workers"].as_f64().unwrap_or(1.0);
                let machine = text(event, "machine").unwrap_or_else(|| format!("agent {seat}"));
                page.lanes.start(seat, &machine, workers, now);
            }
            "worker_lost" | "agent_lost" => {
                let kind = kind_of_loss(event);
                let presence = page.lanes.lose(seat, &kind, held(event), (now, false));
                page.add_presence(presence);
                page.time.at(now).losses += 1.0;
            }
            "worker_silent" | "agent_silent" => {
                page.lanes.lose(seat, "not heard for 5 s", held(event), (now, true));
                page.time.at(now).losses += 1.0;
            }
            "agent_awake" => page.lanes.wake(seat, now),
            "failed" | "recovered" => failed(page, event, now, kind == "recovered"),
            "progress" => {
                if let Some(covered) = number(event, "covered") {
                    self.cover(page, covered, now);
                }
            }
            "journal_resumed" => {
                let (done, failed) = (number(event, "done"), number(event, "failed"));
                self.resumed = done.unwrap_or(0) + failed.unwrap_or(0);
                (self.covered, self.covered_at) = (self.resumed, now);
                if page.journal.is_none() {
                    page.covered = Some(self.resumed);
                }
            }
            "resumed" => self.paused_s += event["pause_s"].as_f64().unwrap_or(0.0),
            "machines" => page.machines = machines(event),
            "finished" | "stopped_at_failure" | "ended" => {
                self.finish(page, event, now);
                page.outcome = outcome(event);
                if kind == "finished" && page.journal.is_none() {
                    page.answer = answer(event);
                }
            }
            other => remark(page, event, other),
        }
        Ok(())
    }

    fn begin_call(
        &mut self,
        page: &mut ReportPage,
        name: &str,
        event: &Value,
    ) -> Result<(), SourceError> {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        let unix = (event["unix_time_s"].as_f64().unwrap_or(0.0).clamp(0.0, 1e13) * 1e6) as i128;
        page.clock.begin_call(unix);
        (self.covered, self.covered_at) = (0, page.clock.length());
        let field = |field: &str| text(event, field).unwrap_or_default();
        let ends = event["range"].as_array().map_or(&[][..], Vec::as_slice);
        let [start, end] = [0, 1].map(|index| ends.get(index).and_then(Value::as_str));
        let range = match event["items"].as_str() {
            Some(items) => items.to_owned(),
            None => format!("{}..{}", start.unwrap_or("0"), end.unwrap_or("")),
        };
        page.set_job(name, &field("command"), &field("function"), Some(&range))?;
        // The range of a later call may have grown.
        let items = range.parse().ok().filter(|_| !is_first && page.journal.is_none());
        if let Some(items) = items.filter(|items| page.items.as_ref() != Some(items)) {
            page.set_items(items);
            page.note("The range has grown between two calls; failures of the first are not marked in it.".to_owned());
        }
        page.condition = text(event, "where").filter(|it| !it.is_empty());
        page.outcome = Some(RunOutcome::NotRecorded);
        if is_first {
            let mut put = |key: &str, value: Option<String>| {
                let value = value.filter(|value| !value.is_empty());
                page.environment.extend(value.map(|value| (key.to_owned(), value)));
            };
            put("host", text(event, "host"));
            put("processors", number(event, "processors").map(|it| it.to_string()));
            put("evenly", text(event, "program_version"));
            put("process", number(event, "pid").map(|it| it.to_string()));
            put("workers asked for", number(event, "workers").map(|it| it.to_string()));
            put("chunks", text(event, "split"));
        }
        Ok(())
    }

    /// The call ended, or its events do.
    fn end_call(&mut self, page: &mut ReportPage) {
        if self.has_begun {
            let presences = page.lanes.end(page.clock.length().max(self.now));
            page.add_presence(presences);
        }
    }

    /// `covered` numbers are covered at the time `now`.
    fn cover(&mut self, page: &mut ReportPage, covered: u128, now: i128) {
        let more = covered.saturating_sub(self.covered) as f64;
        page.time.spread(self.covered_at, now, |cell, part| cell.covered += part * more);
        (self.covered, self.covered_at) = (covered.max(self.covered), now);
        if page.journal.is_none() {
            page.covered = Some(self.covered);
        }
    }

    fn finish(&mut self, page: &mut ReportPage, event: &Value, now: i128) {
        let total = page.items.as_ref().filter(|items| !items.is_open_ended());
        let total = total.map(evenly_core::Items::len);
        let not_done = number(event, "not_done");
        let covered = match (total, not_done) {
            (Some(total), Some(not_done)) => Some(total.saturating_sub(not_done)),
            (Some(total), None) if event["complete"] == true => Some(total),
            _ => None,
        };
        if let Some(covered) = covered {
            self.cover(page, covered, now);
        }
    }
}

fn kind_of_loss(event: &Value) -> String {
    let end = match (event["signal"].as_i64(), event["exit"].as_i64()) {
        (Some(signal), _) => format!("signal {signal}"),
        (None, Some(exit)) => format!("exit {exit}"),
        (None, None) => String::new(),
    };
    let reason = text(event, "reason").unwrap_or_default();
    let comma = if end.is_empty() || reason.is_empty() { "" } else { ": " };
    format!("{end}{comma}{reason}")
}

fn failed(page: &mut ReportPage, event: &Value, now: i128, is_flaky: bool) {
    let end = |field| event[field].as_str().and_then(|text| text.parse().ok());
    let Some(numbers) = end("first").zip(end("last")).and_then(|(a, b)| Interval::new(a, b)) else {
        return;
    };
    let Some(positions) = page.positions(numbers) else {
        page.foreign += 1;
        return;
    };
    let cause = text(event, "cause").unwrap_or_default();
    let rerun = || text(event, "rerun");
    if is_flaky {
        page.flaky.add(&cause, (numbers.first(), numbers.last()), positions.len(), rerun);
        return;
    }
    page.add_event_failure(&cause, numbers, positions, rerun);
    page.time.at(now).failed += positions.len() as f64;
}

fn machines(event: &Value) -> Vec<[String; 5]> {
    let machines = event["machines"].as_array().map_or(&[][..], Vec::as_slice);
    let row = |machine: &Value| {
        let share = |field| machine[field].as_f64().map_or("\u{2013}".to_owned(), shown::percent);
        let count = |field| {
            let count = number(machine, field).and_then(|count| i128::try_from(count).ok());
            count.map_or("\u{2013}".to_owned(), shown::grouped)
        };
        [
            text(machine, "machine").unwrap_or_default(),
            count("workers"),
            count("numbers"),
            share("busy_share"),
            count("losses"),
        ]
    };
    machines.iter().take(MOST_MACHINES).map(row).collect()
}

fn outcome(event: &Value) -> Option<RunOutcome> {
    let status = event["status"].as_u64().unwrap_or(0);
    let not_done = number(event, "not_done");
    Some(match event["event"].as_str()? {
        "finished" => RunOutcome::Finished {
            complete: event["complete"] == true,
            failed: number(event, "failed").unwrap_or(0),
            not_done,
        },
        "stopped_at_failure" => RunOutcome::StoppedAtFailure {
            n: text(event, "n").unwrap_or_default(),
            cause: text(event, "cause").unwrap_or_default(),
            status,
        },
        _ => RunOutcome::Ended {
            why: text(event, "why").unwrap_or_default(),
            error: text(event, "error"),
            not_done,
            status,
        },
    })
}

fn answer(event: &Value) -> AnswerFacts {
    let lines = number(event, "lines");
    match &event["answer"] {
        Value::String(answer) => {
            AnswerFacts::Text(printable(answer.as_bytes(), LONGEST), text(event, "n"))
        }
        Value::Array(rows) => {
            let row = |row: &Value| {
                let value = row.get(0)?.as_str()?;
                Some((printable(value.as_bytes(), 80), row.get(1)?.as_str()?.parse().ok()?))
            };
            AnswerFacts::Histogram(rows.iter().filter_map(row).collect())
        }
        _ => lines.map_or(AnswerFacts::None, |lines| AnswerFacts::Lines(lines, Vec::new())),
    }
}

/// Events that are rare and explain what the charts show.
fn remark(page: &mut ReportPage, event: &Value, kind: &str) {
    let field = |field: &str| text(event, field).unwrap_or_default();
    let seat = seat(event);
    let remark = match kind {
        "fewer_workers" => format!(
            "{} of {} workers could be started: {}: {}.",
            event["started"],
            event["wanted"],
            field("call"),
            field("cause")
        ),
        "not_replaced" => {
            format!("Worker {seat} was not replaced: {}: {}.", field("call"), field("cause"))
        }
        "garbage" => format!("Bytes on the result pipe were no frame: {}.", field("what")),
        "stuck" => {
            let since = shown::seconds(event["since_s"].as_f64().unwrap_or(0.0));
            let (first, last) = (field("first"), field("last"));
            let numbers = if first == last { first } else { format!("{first}..={last}") };
            format!("Worker {seat} was at {numbers} for more than {since}.")
        }
        "ends_early" => format!("The run was told to end early: {}.", field("why")),
        "agent_refused" => format!("An agent was refused: {}.", field("reason")),
        "journal_given_up" => format!("No journal was kept: {}.", field("reason")),
        _ => return,
    };
    page.note(remark);
}
