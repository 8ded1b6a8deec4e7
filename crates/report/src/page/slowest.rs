//! The slowest chunks, and what each machine did.

use super::html::{self, escaped, table};
use super::summary::interval;
use crate::report_page::ReportPage;
use crate::shown;

pub(crate) fn section(page: &ReportPage) -> String {
    let mut text = String::new();
    let slowest = page.chunks.slowest();
    if slowest.len() > 1 && slowest[0].micros > 0 {
        let has_hosts = page.chunks.hosts.keys().any(|host| !host.is_empty() && host != ":");
        let row = |chunk: &crate::chunk_times::SlowChunk| {
            let seconds = chunk.micros as f64 / 1e6;
            vec![
                shown::seconds(seconds),
                shown::seconds(seconds / chunk.numbers.max(1) as f64),
                escaped(&chunk.host),
                match &chunk.command {
                    Some(command) => escaped(command),
                    None => interval(chunk.first, chunk.last),
                },
            ]
        };
        let rows: Vec<_> = slowest.iter().map(row).collect();
        let (what, column) = if page.has_windows {
            ("windows", "$window")
        } else {
            ("chunks", "$line that runs it again")
        };
        let body = if !has_hosts {
            let rows: Vec<_> = rows
                .into_iter()
                .map(|row| vec![row[0].clone(), row[1].clone(), row[3].clone()])
                .collect();
            table(&["#time", "#each number", column], &rows)
        } else {
            table(&["#time", "#each number", "host", column], &rows)
        };
        text.push_str(&html::section(&format!("The slowest {what}"), "", &body));
    }
    text.push_str(&machines(page));
    text
}

fn machines(page: &ReportPage) -> String {
    if !page.machines.is_empty() {
        let rows: Vec<Vec<String>> = page
            .machines
            .iter()
            .map(|row| row.iter().map(|cell| escaped(cell)).collect())
            .collect();
        let body = table(&["machine", "#workers", "#numbers", "#busy", "#losses"], &rows);
        return html::section("Machines", "", &body);
    }
    if page.chunks.hosts.len() < 2 {
        return String::new();
    }
    let rows = page.chunks.hosts.iter().map(|(host, row)| {
        vec![
            if host == ":" { "this machine".to_owned() } else { escaped(host) },
            shown::count(row.numbers),
            shown::grouped(row.chunks.into()),
            shown::seconds(row.micros as f64 / 1e6),
            shown::grouped(row.losses.into()),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let body = table(&["machine", "#numbers", "#chunks", "#time in chunks", "#losses"], &rows);
    html::section("Machines", "", &body)
}
