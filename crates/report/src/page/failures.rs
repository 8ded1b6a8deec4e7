//! Failures by cause, with the lines that run the lowest of them again; numbers that passed at a later try.

use super::html::{self, escaped};
use super::summary::interval;
use crate::causes::{CauseTable, MOST_SHOWN};
use crate::report_page::ReportPage;
use crate::shown::{self, counted};
use std::fmt::Write;

pub(crate) fn section(page: &ReportPage) -> String {
    let mut text = String::new();
    if !page.failures.is_empty() {
        let numbers = page.failures.numbers();
        let lead = format!(
            "{}. For each cause the lowest {MOST_SHOWN}, and the line that runs each again.",
            counted(numbers, "number failed", "numbers failed")
        );
        let again = page.journal.as_ref().map(|facts| {
            let again = escaped(&facts.retry_failed);
            format!("<p>All of them: <code>{again}</code></p>\n")
        });
        let body = causes(&page.failures) + &again.unwrap_or_default();
        text.push_str(&html::section("Failures by cause", &lead, &body));
    }
    if !page.flaky.is_empty() {
        let lead = "A try of these numbers failed, and a later one passed. Their values count.";
        text.push_str(&html::section("Numbers that passed later", lead, &causes(&page.flaky)));
    }
    text
}

fn causes(table: &CauseTable) -> String {
    let mut text = String::new();
    let all = table.numbers() as f64;
    for (cause, row) in table.rows() {
        let share = if table.rows().len() > 1 {
            format!(", {}", shown::percent(row.numbers as f64 / all))
        } else {
            String::new()
        };
        let _ = writeln!(
            text,
            "<div class=cause><h3>{} <span class=where>{}{share}</span></h3>",
            escaped(cause),
            counted(row.numbers, "number", "numbers")
        );
        let mut lines = String::new();
        for (first, (last, rerun)) in &row.lowest {
            let line = match rerun {
                Some(rerun) => escaped(rerun),
                None => interval(*first, *last),
            };
            let _ = writeln!(lines, "{line}");
        }
        let more = row.times.saturating_sub(row.lowest.len() as u64);
        let _ = write!(text, "<pre>{}</pre>", lines.trim_end());
        if more > 0 {
            let more = counted(more.into(), "other place", "other places");
            let _ = write!(text, "<p class=where>and {more}</p>");
        }
        text.push_str("</div>\n");
    }
    text
}
