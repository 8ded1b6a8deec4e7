//! What the page of `evenly report` takes from a journal.

use crate::answer::{Answer, AnswerJson};
use crate::exit::ExitOutcome;
use crate::items::parse_items;
use crate::own;
use crate::resume;
use evenly::internal::{JournalSurvey, SurveyedRow, quoted, survey, surveyed_rows};
use evenly::journal::{PartOfItems, Together};
use evenly::{Aggregate, Interval, Items, Value, printable};
use evenly_report::{AnswerFacts, JournalFacts, JournalWindow, ReportPage};
use std::ffi::OsString;
use std::path::Path;

/// Lowest lines of an answer that are shown.
const LINES: usize = 20;
/// Characters of a line that are shown.
const LONGEST: usize = 300;
/// Options that belong to the whole run, and whether a value follows.
const OF_THE_RUN: [(&str, bool); 12] = [
    ("--journal", true),
    ("--joblog", true),
    ("--events", true),
    ("--junit", true),
    ("--part", true),
    ("--deadline", true),
    ("--progress", true),
    ("--resume", false),
    ("--retry-failed", false),
    ("--accept-change", false),
    ("--quiet", false),
    ("-q", false),
];

/// The recorded call of a run, cut where its items stand.
pub(crate) struct RecordedRerun {
    before: String,
    behind: String,
}

/// Sets what the journal says beside its rows; the call for lines that run numbers again, if it has one.
pub(crate) fn add_facts(
    page: &mut ReportPage,
    path: &Path,
) -> Result<Option<RecordedRerun>, ExitOutcome> {
    let JournalSurvey { together, call, lowest_lines } = survey(path, LINES)?;
    let fingerprint = &together.fingerprint;
    let words = |words: &[OsString]| {
        let words = words.iter().map(quoted).collect::<Vec<_>>().join(" ");
        format!("{} {words}", own::call())
    };
    let whole = fingerprint.part.as_ref().map_or(&fingerprint.items, PartOfItems::whole);
    let resume = resume::line(path);
    let rerun = call.as_ref().and_then(|(words, _)| RecordedRerun::of(words, whole));
    page.set_journal(
        &quoted(path),
        JournalFacts {
            command: fingerprint.aggregate.name().to_owned(),
            function: printable(fingerprint.function.as_bytes(), LONGEST),
            program: printable(fingerprint.program.as_bytes(), LONGEST),
            version: fingerprint.version.clone(),
            part: fingerprint.part.as_ref().map(ToString::to_string),
            items: fingerprint.items.clone(),
            changes: together.changes,
            resume: resume.with(""),
            retry_failed: resume.with(" --retry-failed"),
            call: call.as_ref().map(|(typed, directory)| (words(typed), quoted(directory))),
            done: together.done,
            failed: together.failed,
            missing: together.missing,
            is_complete: together.is_complete(),
            answer: answer(&together, &lowest_lines),
        },
    );
    Ok(rerun)
}

/// Adds the rows of the journal.
pub(crate) fn add_rows(
    page: &mut ReportPage,
    path: &Path,
    rerun: Option<&RecordedRerun>,
) -> Result<(), ExitOutcome> {
    surveyed_rows(path, |row| match row {
        SurveyedRow::Done(positions) => page.add_done(positions.first(), positions.last()),
        SurveyedRow::Failed(failure) => {
            let positions = failure.interval;
            let numbers = page.numbers_at((positions.first(), positions.last()));
            page.add_failed(
                (positions.first(), positions.last()),
                &failure.cause.to_string(),
                || rerun.map(|rerun| rerun.line(numbers)),
            );
        }
        SurveyedRow::Window(window) => page.add_window(&JournalWindow {
            positions: (window.interval.first(), window.interval.last()),
            times: window.began.zip(window.ended),
            is_done: window.end == "exit 0",
        }),
    })?;
    Ok(())
}

fn answer(together: &Together, lowest_lines: &[Vec<u8>]) -> AnswerFacts {
    let Some(value) = &together.value else { return AnswerFacts::Unknown };
    let aggregate = together.fingerprint.aggregate;
    if matches!(aggregate, Aggregate::Failures { .. } | Aggregate::Run { .. }) {
        return AnswerFacts::None;
    }
    // Whether any number decides is known when all below it are done.
    if matches!(value, Value::Witness(_)) && !together.is_complete() {
        return AnswerFacts::Unknown;
    }
    let asked = (aggregate, value);
    let answer = Answer::from_value(asked, together.lines, together.failed, |n| n.to_string());
    let Ok(answer) = answer else { return AnswerFacts::None };
    if let Some(lines) = answer.lines() {
        let shown = |line: &Vec<u8>| printable(line, LONGEST);
        return AnswerFacts::Lines(lines.into(), lowest_lines.iter().map(shown).collect());
    }
    match answer.json() {
        Some(AnswerJson::One(text)) => AnswerFacts::Text(text, answer.n()),
        Some(AnswerJson::Pairs(rows)) => {
            let row = |[value, count]: [String; 2]| Some((value, count.parse().ok()?));
            AnswerFacts::Histogram(rows.into_iter().filter_map(row).collect())
        }
        None => AnswerFacts::None,
    }
}

impl RecordedRerun {
    /// Cuts a call at its items; `None` if they stand nowhere in it, as those of `--lines` or `--from`.
    fn of(words: &[OsString], items: &Items) -> Option<Self> {
        let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
        let (mut before, mut behind) = (own::call(), String::new());
        let mut is_found = false;
        let mut index = 0;
        while let Some(word) = words.get(index) {
            index += 1;
            let text = word.to_str().unwrap_or_default();
            if index <= end {
                let name = text.split_once('=').map_or(text, |(name, _)| name);
                if let Some((_, has_value)) = OF_THE_RUN.iter().find(|(option, _)| *option == name)
                {
                    index += usize::from(*has_value && name == text);
                    continue;
                }
                if !is_found && parse_items(text).is_ok_and(|typed| typed == *items) {
                    is_found = true;
                    continue;
                }
            }
            let part = if is_found { &mut behind } else { &mut before };
            part.push(' ');
            part.push_str(&quoted(word));
        }
        is_found.then_some(Self { before, behind })
    }

    fn line(&self, (first, last): (i64, i64)) -> String {
        let numbers = Interval::new(first, last).unwrap_or_else(|| Interval::single(first));
        format!("{} {numbers}{}", self.before, self.behind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(call: &str, items: &str) -> Option<String> {
        let words: Vec<OsString> = call.split(' ').map(OsString::from).collect();
        RecordedRerun::of(&words, &items.parse().unwrap()).map(|rerun| rerun.line((7, 7)))
    }

    #[test]
    fn a_call_runs_one_number_again_without_what_belongs_to_the_run() {
        let call = "run 0..1e3 --journal j --retries 2 --joblog=l -q -- sh -c x {} --journal";
        let expected = "evenly run 7..=7 --retries 2 -- sh -c x {} --journal";
        assert_eq!(line(call, "0..1000").as_deref(), Some(expected));
        let expected = "evenly count prime 7..=7 -j 2";
        assert_eq!(line("count prime 0..=99 -j 2", "0..100").as_deref(), Some(expected));
        assert_eq!(line("run --lines f --journal j -- cat {}", "0..100"), None);
    }
}
