//! `evenly verify`: report of the numbers that several journals cover together.

use crate::answer::Answer;
use crate::answer_format::Format;
use crate::closed_stdout;
use crate::exit::ExitOutcome;
use crate::failures::FailedInterval;
use crate::files;
use crate::intervals::half_open;
use crate::report::{JobFields, VERSION, line, write_out};
use crate::resume;
use crate::resume_line::ResumeLine;
use crate::verify_arguments::VerifyArguments;
use crate::windows;
use evenly::internal::quoted;
use evenly::journal::{self, Together};
use evenly::{Aggregate, Cause, Interval, Value};
use serde::Serialize;
use std::path::PathBuf;

/// Most parts or journals that a message names.
const NAMED: usize = 8;

/// Reads the journals, prints the report, and merges the journals if `--merge` is given.
pub(crate) fn verify(arguments: &VerifyArguments) -> Result<(), ExitOutcome> {
    let VerifyArguments { files: paths, merge, partial, windows, format } = arguments;
    files::of_verify(arguments).map_err(ExitOutcome::Usage)?;
    closed_stdout::check_stdout()?;
    let (together, is_merged) = match merge {
        Some(into) if *partial => (journal::merge(paths, into)?, true),
        Some(into) => evenly::internal::merge_finished_parts(paths, into)?,
        None => (journal::verify(paths)?, true),
    };
    match (format, windows) {
        (Format::Text, false) => write_out(&text(&together))?,
        (Format::Json, false) => write_out(&json(&together))?,
        (Format::Text, true) => windows::write_text(paths)?,
        (Format::Json, true) => windows::write_json(paths, &json(&together))?,
    }
    if !together.is_complete() {
        let mut lacking = lacking(&together, paths);
        if let Some(into) = merge.as_ref().filter(|_| !is_merged) {
            lacking +=
                &format!("; {} is not written (--partial writes it all the same)", quoted(into));
        }
        return Err(ExitOutcome::Incomplete(lacking));
    }
    answer(&together).map(drop).map_err(ExitOutcome::NoAnswer)
}

/// Why it is not complete, and what next.
fn lacking(together: &Together, paths: &[PathBuf]) -> String {
    let (file, again) = match paths {
        [path] => (quoted(path), resume::line(path)),
        _ => ("FILE".to_owned(), resume::line(&paths[0]).of_any()),
    };
    let (goes_on, of_parts) = (again.with(partial(together)), of_parts(together, &again));
    let missing = match paths {
        _ if !of_parts.is_empty() => format!("done ({of_parts})"),
        [path] => match evenly::internal::journal_user(path) {
            Some(pid) => format!(
                "done (a running job works on it: pid {pid}; evenly status {pid} shows how far it is)"
            ),
            None => format!("done ({goes_on} goes on)"),
        },
        _ => format!(
            "done ({goes_on} goes on with one of them; a gap between their ranges needs a run of its own)"
        ),
    };
    let is_unknown = together.failures.iter().any(|failure| failure.cause == Cause::Unknown);
    let settles = if is_unknown {
        format!("; evenly settle {file} ITEMS done|retry decides about those of unknown fate")
    } else {
        String::new()
    };
    let failed = format!("failed ({} tries them again{settles})", again.with(" --retry-failed"));
    let counted = |numbers: u128, what: &str| (numbers > 0).then(|| format!("{numbers} {what}"));
    let not_done = match below(together) {
        Some(first) => Some(format!("those from {first} on are not all {missing}")),
        None => counted(together.missing, &format!("not {missing}")),
    };
    let all = [
        not_done,
        counted(together.failed, &failed),
        counted(together.double, "in more than one journal (each n may be in one only)"),
    ];
    let all: Vec<String> = all.into_iter().flatten().collect();
    format!("not complete: of the numbers, {}{}", all.join(", "), again.needs())
}

/// What to do about parts that are missing or not complete; nothing if the journals are not of parts.
fn of_parts(together: &Together, again: &ResumeLine) -> String {
    let listed = |names: Vec<String>, all: u64| {
        let more = all.saturating_sub(NAMED as u64);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}", names.join(", "))
    };
    let mut steps = Vec::new();
    if together.missing_parts > 0 {
        let names = together.absent.iter().take(NAMED).map(ToString::to_string).collect();
        let names = listed(names, together.missing_parts);
        steps.push(format!(
            "no journal is of part {names}: run it with --part, or name its journal"
        ));
    }
    if !together.unfinished.is_empty() {
        let names = together.unfinished.iter().take(NAMED).map(quoted).collect();
        let names = listed(names, together.unfinished.len() as u64);
        steps
            .push(format!("a part is not complete in {names}: {} goes on with it", again.with("")));
    }
    steps.join("; ")
}

/// The lowest number that is not done, of items without an end.
fn below(together: &Together) -> Option<i64> {
    let is_open_ended = together.fingerprint.items.is_open_ended();
    together.gaps.first().filter(|_| is_open_ended).map(Interval::first)
}

/// An interval as `A..B`, or as `A..` if it reaches the end of items without an end.
fn shown(interval: Interval, together: &Together) -> String {
    let is_open = together.fingerprint.items.is_open_ended() && interval.last() == i64::MAX;
    if is_open { format!("{}..", interval.first()) } else { half_open(interval) }
}

/// The option with which the numbers that are not done are done. A run of `find` or `map` ends at its lowest
/// failure.
fn partial(together: &Together) -> &'static str {
    let has_lines =
        matches!(together.fingerprint.aggregate, Aggregate::Find { .. } | Aggregate::Map);
    let (failure, gap) = (together.failures.first(), together.gaps.first());
    match failure.zip(gap) {
        Some((failure, gap)) if has_lines && failure.interval < *gap => " --partial",
        _ => "",
    }
}

/// A key, a tab and a value on each line.
fn text(together: &Together) -> String {
    let asked = &together.fingerprint;
    let mut text = String::new();
    let mut put = |key: &str, value: &dyn std::fmt::Display| text += &format!("{key}\t{value}\n");
    put("command", &asked.aggregate.name());
    put("function", &asked.function);
    if !asked.program.is_empty() {
        put("program", &asked.program);
    }
    // Written as they are typed: a range without an end is `A..`.
    put(if asked.items.as_range().is_some() { "range" } else { "items" }, &asked.items);
    if let Some(part) = &asked.part {
        put("part", part);
    }
    if together.changes > 0 {
        put("changes", &together.changes);
    }
    put("done", &together.done);
    put("failed", &together.failed);
    match below(together) {
        Some(first) => put("missing", &format!("{first}..")),
        None => put("missing", &together.missing),
    }
    put("double", &together.double);
    match answer(together) {
        // Numbers that are in two journals have no value.
        Ok(None) if together.value.is_none() => {}
        Ok(None) | Err(_) => put("answer", &"-"),
        Ok(Some(answer)) => match answer.lines() {
            // Failures are counted above.
            Some(_) if matches!(asked.aggregate, Aggregate::Failures { .. }) => {}
            Some(_) => put("lines", &together.lines),
            None => put("answer", &answer.text().trim_end().replace('\n', "\nanswer\t")),
        },
    }
    for (key, intervals) in [("gap", &together.gaps), ("overlap", &together.overlaps)] {
        for interval in intervals {
            put(key, &shown(*interval, together));
        }
    }
    for part in &together.absent {
        put("absent", part);
    }
    for (path, other) in &together.repeated {
        put("repeated", &format!("{}\t{}", quoted(path), quoted(other)));
    }
    for failure in &together.failures {
        put("failure", &format!("{}\t{}", half_open(failure.interval), failure.cause));
    }
    for flaky in &together.flaky {
        put("flaky", &format!("{}\t{}", half_open(flaky.interval), flaky.cause));
    }
    text
}

/// What all that is done comes to; `None` if that is not known. Of `any` and `all` it is known when every
/// number up to the lowest that decides it is done.
///
/// # Errors
/// One line, if it cannot be written.
fn answer(together: &Together) -> Result<Option<Answer<'_>>, String> {
    let Some(value) = &together.value else { return Ok(None) };
    let (lines, failed) = (together.lines, together.failed);
    if matches!(value, Value::Witness(_)) && !together.is_complete() {
        return Ok(None);
    }
    let asked = (together.fingerprint.aggregate, value);
    Answer::from_value(asked, lines, failed, |n| n.to_string()).map(Some)
}

#[derive(Serialize)]
struct Verification<'a> {
    version: u32,
    #[serde(flatten)]
    asked: JobFields<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    program: &'a str,
    /// The part that one journal is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<String>,
    complete: bool,
    answer: Option<crate::answer::AnswerJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    lines: String,
    done: String,
    failed: String,
    /// `None`: the items have no end, so it is all from `complete_below` on.
    missing: Option<String>,
    /// The lowest number that is not done, of items without an end.
    #[serde(skip_serializing_if = "Option::is_none")]
    complete_below: Option<String>,
    double: String,
    changes: usize,
    gaps: Vec<[String; 2]>,
    overlaps: Vec<[String; 2]>,
    /// Parts that no journal is of, the lowest of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    absent: Vec<String>,
    /// Journals that another journal of the same part makes superfluous, each before the other.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    repeated: Vec<[String; 2]>,
    failures: Vec<FailedInterval>,
    flaky: Vec<FailedInterval>,
}

fn json(together: &Together) -> String {
    let asked = &together.fingerprint;
    let answer = answer(together).ok().flatten();
    let ends = |intervals: &[Interval]| {
        let ends =
            |interval: &Interval| [interval.first().to_string(), interval.last().to_string()];
        intervals.iter().map(ends).collect()
    };
    line(&Verification {
        version: VERSION,
        asked: JobFields::new(asked.aggregate, &asked.function, &asked.items),
        program: &asked.program,
        complete: together.is_complete(),
        n: answer.as_ref().and_then(Answer::n),
        answer: answer.as_ref().and_then(Answer::json),
        lines: together.lines.to_string(),
        done: together.done.to_string(),
        failed: together.failed.to_string(),
        missing: below(together).is_none().then(|| together.missing.to_string()),
        complete_below: below(together).map(|first| first.to_string()),
        double: together.double.to_string(),
        changes: together.changes,
        gaps: ends(&together.gaps),
        overlaps: ends(&together.overlaps),
        part: asked.part.as_ref().map(|part| part.part().to_string()),
        absent: together.absent.iter().map(ToString::to_string).collect(),
        repeated: {
            let names = together.repeated.iter();
            names.map(|(one, other)| [one, other].map(|path| path.display().to_string())).collect()
        },
        failures: together.failures.iter().map(FailedInterval::from).collect(),
        flaky: together.flaky.iter().map(FailedInterval::from).collect(),
    })
}
