//! Where the page comes from: environment, fingerprint, sources, and what none of them knows.

use super::html::{self, escaped};
use super::numbers::rates;
use crate::report_page::ReportPage;
use std::fmt::Write;

pub(crate) fn section(page: &ReportPage) -> String {
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut put = |key: &str, value: &str| {
        if !value.is_empty() {
            rows.push((key.to_owned(), value.to_owned()));
        }
    };
    if let Some(journal) = &page.journal {
        put("command", &journal.command);
        put("function", &journal.function);
        put("program", &journal.program);
        let key = if journal.items.as_range().is_some() { "range" } else { "items" };
        put(key, &evenly_core::printable(journal.items.to_string().as_bytes(), 400));
        put("part", journal.part.as_deref().unwrap_or_default());
        put("version of evenly", &journal.version);
        if journal.changes > 0 {
            put("accepted changes", &journal.changes.to_string());
        }
        if let Some((words, directory)) = &journal.call {
            put("call", words);
            put("directory", directory);
        }
    }
    for (key, value) in &page.environment {
        put(key, value);
    }
    for (key, name) in [
        ("journal", &page.sources.journal),
        ("events", &page.sources.events),
        ("job log", &page.sources.joblog),
    ] {
        put(key, name.as_deref().unwrap_or_default());
    }
    let mut table = String::from("<div class=table><table class=facts><tbody>\n");
    for (key, value) in rows {
        let _ = writeln!(table, "<tr><th>{key}</th><td class=code>{}</td></tr>", escaped(&value));
    }
    table.push_str("</tbody></table></div>\n");
    html::section("Environment and fingerprint", "", &table)
}

/// What the sources do not have, and which option records it.
pub(crate) fn unknown(page: &ReportPage) -> String {
    let sources = &page.sources;
    let (_, _, sum) = rates(page);
    let mut lines: Vec<&str> = Vec::new();
    if sources.events.is_none() {
        lines.push(
            "When workers started, waited and were lost, and lines that run failures of any command again: \
             <code>--events FILE</code> records it.",
        );
    }
    if page.chunks.is_empty() {
        lines.push(
            "What numbers cost, how busy workers were, and which chunks were the slowest: <code>--joblog FILE</code> \
             records it.",
        );
    }
    if !page.chunks.is_empty() && page.chunks.useful_micros + page.chunks.wasted_micros == 0 {
        lines.push(
            "What numbers cost and how busy workers were: each chunk took less than the millisecond in which the job log \
             counts. Longer chunks (<code>--chunk</code>) are measured.",
        );
    }
    if sources.journal.is_none() && sources.joblog.is_none() {
        lines.push(
            "Which numbers are done while the run is not complete: <code>--journal FILE</code> or \
             <code>--joblog FILE</code> records it.",
        );
    }
    if sources.events.is_some() && sum <= 0.0 {
        lines.push("Throughput: the run was shorter than the second between two progress events.");
    }
    if sources.journal.is_none() {
        lines.push(
            "The fingerprint (digest of the program, version, call) and the lowest lines of an answer: \
             <code>--journal FILE</code> records them.",
        );
    }
    if lines.is_empty() {
        return String::new();
    }
    let items: String = lines.iter().map(|line| format!("<li>{line}</li>\n")).collect();
    let body = format!(
        "<ul>{items}</ul>\n<p>Name several files of one run to put them on one page: \
         <code>evenly report JOURNAL EVENTS JOBLOG -o report.html</code></p>\n"
    );
    html::section("Not known from these files", "", &body)
}
