//! Over time: throughput, workers with work, and the timeline of each worker with its losses.

use super::chart::{ChartAxis, Picture, figure, key, ticks};
use super::html::{self, escaped, table};
use super::numbers::rates;
use crate::report_page::ReportPage;
use crate::run_clock::TimeCell;
use crate::shown::{self, counted};

const SECOND: i128 = 1_000_000;
const MINUTE: i128 = 60 * SECOND;
const HOUR: i128 = 60 * MINUTE;
/// Steps of the time axis that are no decimal numbers of seconds.
const STEPS: [i128; 12] = [
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    HOUR,
    3 * HOUR,
    12 * HOUR,
    24 * HOUR,
    168 * HOUR,
];
/// Losses of a lane that have a title each.
const MOST_LOSSES: usize = 24;
/// Lines between calls that are drawn.
const MOST_CALLS: usize = 40;

pub(crate) fn section(page: &ReportPage) -> String {
    let length = page.clock.length();
    if length <= 0 {
        return String::new();
    }
    let axis = ChartAxis::new(0, length - 1);
    let mut body = throughput(page, axis);
    body.push_str(&busy(page, axis));
    body.push_str(&timeline(page, axis));
    if body.is_empty() {
        return String::new();
    }
    let steps = if length > 20 * SECOND { &STEPS[..] } else { &[] };
    let label = |micros: i128| shown::seconds((micros as f64 / 1e6 * 1000.0).round() / 1000.0);
    body.push_str(&axis.labels(&ticks(0, length, steps), length, label));
    body.push_str(&losses(page));
    let mut lead = page
        .clock
        .began()
        .filter(|unix| *unix > 0)
        .map_or_else(String::new, |unix| format!("The run began on {}. ", shown::utc(unix)));
    if page.clock.calls() > 1 {
        lead.push_str(&format!(
            "Its {} calls follow each other here without the time between them; a dashed line is the start of one.",
            page.clock.calls()
        ));
    }
    html::section("Over time", &lead, &body)
}

/// A chart of one value for each bin of time.
fn bars(
    page: &ReportPage,
    axis: ChartAxis,
    class: &str,
    top: f64,
    values: impl Fn(&TimeCell, f64) -> [(f64, &'static str); 2],
    title: impl Fn(&TimeCell, f64) -> String,
) -> Picture {
    let mut picture = Picture::new(axis);
    for (first, last, cell) in page.time.iter() {
        let micros = (last - first + 1) as f64;
        let from = shown::seconds(first as f64 / 1e6);
        let text = format!("{from}: {}", title(cell, micros));
        let mut low = 0.0;
        for (value, of) in values(cell, micros) {
            let high = low + value / top;
            let of = if of.is_empty() { class } else { of };
            picture.bar(of, (first, last), (low, high), &text);
            low = high;
        }
    }
    for start in page.clock.starts_of_later_calls(MOST_CALLS) {
        picture.line("call", start);
    }
    picture
}

fn throughput(page: &ReportPage, axis: ChartAxis) -> String {
    let (by_chunks, _, sum) = rates(page);
    if sum <= 0.0 {
        return String::new();
    }
    let rate = |cell: &TimeCell, micros: f64| {
        let numbers = if by_chunks { cell.done } else { cell.covered };
        numbers / micros * 1e6
    };
    let rates = page.time.iter().map(|(first, last, cell)| rate(cell, (last - first + 1) as f64));
    let top = rates.fold(0.0, f64::max);
    let picture = bars(
        page,
        axis,
        "done",
        top,
        |cell, micros| [(rate(cell, micros), ""), (0.0, "")],
        |cell, micros| format!("{} done", shown::rate(rate(cell, micros))),
    );
    let mean = sum / (page.clock.length() as f64 / 1e6);
    let source = if by_chunks { "" } else { ", by the progress events of each second" };
    let detail = format!("numbers each second; mean {}{source}", shown::rate(mean));
    let plot = picture.plot("", &[&shown::rate(top), "0"], "numbers done each second over time");
    figure("Throughput", &detail, &plot)
}

fn busy(page: &ReportPage, axis: ChartAxis) -> String {
    // The job log counts in milliseconds.
    if page.chunks.useful_micros + page.chunks.wasted_micros == 0 {
        return String::new();
    }
    // The job log has the time at which the primary heard of a chunk, so neighbouring chunks can seem to overlap.
    let workers = |cell: &TimeCell, micros: f64| {
        let busy = cell.useful + cell.wasted;
        let most = if cell.alive > 0.0 { (cell.alive / busy.max(1.0)).min(1.0) } else { 1.0 };
        (most * cell.useful / micros, most * cell.wasted / micros)
    };
    let top = page.time.iter().map(|(first, last, cell)| {
        let micros = (last - first + 1) as f64;
        if cell.alive > 0.0 { cell.alive / micros } else { (cell.useful + cell.wasted) / micros }
    });
    let top = top.fold(0.1, f64::max);
    let picture = bars(
        page,
        axis,
        "work",
        top,
        |cell, micros| {
            let (useful, wasted) = workers(cell, micros);
            [(useful, "work"), (wasted, "lost")]
        },
        |cell, micros| {
            let (useful, wasted) = workers(cell, micros);
            let all = if cell.alive > 0.0 {
                format!(" of {:.1}", cell.alive / micros)
            } else {
                String::new()
            };
            format!("{:.1}{all} workers in chunks, {wasted:.1} of them in vain", useful + wasted)
        },
    );
    let mut keys = key("work", "in chunks that count");
    if page.chunks.wasted_micros > 0 {
        keys.push_str(&key("lost", "in chunks that failed or were lost"));
    }
    let top = if top < 10.0 { format!("{top:.1}") } else { format!("{top:.0}") };
    let plot = picture.plot("short", &[&top, "0"], "workers that have a chunk over time");
    figure("Workers with work", &keys, &plot)
}

fn timeline(page: &ReportPage, axis: ChartAxis) -> String {
    let lanes: Vec<_> = page.lanes.lanes().collect();
    if lanes.is_empty() {
        return String::new();
    }
    let mut plots = String::new();
    for lane in &lanes {
        let mut picture = Picture::new(axis);
        let cells: Vec<_> = lane.cells.iter().collect();
        let highest =
            cells.iter().map(|(first, last, cell)| cell.alive / (last - first + 1) as f64);
        let highest = highest.fold(1.0, f64::max);
        // Neighbours of one height are one mark.
        let mut run: Option<(i128, i128, i32)> = None;
        let put = |run: Option<(i128, i128, i32)>, picture: &mut Picture| {
            if let Some((first, last, tenths)) = run.filter(|run| run.2 > 0) {
                picture.bar("idle", (first, last), (0.0, f64::from(tenths) / 10.0), "");
            }
        };
        for (first, last, cell) in &cells {
            let share = cell.alive / (last - first + 1) as f64 / highest;
            let tenths = (10.0 * share).ceil() as i32;
            match &mut run {
                Some((_, end, same)) if *same == tenths => *end = *last,
                _ => put(run.replace((*first, *last, tenths)), &mut picture),
            }
        }
        put(run, &mut picture);
        for (first, last, cell) in &cells {
            if cell.silent > 0.0 {
                let from = shown::seconds(*first as f64 / 1e6);
                picture.bar("lost", (*first, *last), (0.35, 0.65), &format!("{from}: silent"));
            }
        }
        let lost: Vec<_> = cells.iter().filter(|(.., cell)| cell.losses > 0).collect();
        if lost.len() > MOST_LOSSES {
            let spans: Vec<_> = lost.iter().map(|(first, last, _)| (*first, *last)).collect();
            let text = counted(lane.losses.into(), "loss", "losses");
            picture.bars("failed", &spans, &format!("{}: {text}", lane.label));
        } else {
            for (first, last, cell) in lost {
                let from = shown::seconds(*first as f64 / 1e6);
                let text = counted(cell.losses.into(), "loss", "losses");
                picture.bar("failed", (*first, *last), (0.0, 1.0), &format!("{from}: {text}"));
            }
        }
        let description = format!("{}, {} losses", lane.label, lane.losses);
        plots.push_str(&picture.plot("lane", &[&escaped(&lane.label)], &description));
    }
    let mut keys = key("idle", "there");
    if page.lanes.losses > 0 {
        keys.push_str(&key("failed", "lost, and replaced"));
    }
    figure("Workers and agents", &keys, &plots)
}

fn losses(page: &ReportPage) -> String {
    let rows = page.lanes.kinds();
    if rows.is_empty() {
        return String::new();
    }
    let at = |micros: i128| shown::seconds(micros as f64 / 1e6);
    let row = |(kind, row): &(&str, &crate::worker_lanes::LossRow)| {
        vec![
            escaped(kind),
            shown::grouped(row.times.into()),
            shown::grouped(row.chunks.into()),
            shown::grouped(i128::try_from(row.numbers).unwrap_or(i128::MAX)),
            if row.times == 1 {
                at(row.first)
            } else {
                format!("{} \u{2013} {}", at(row.first), at(row.last))
            },
        ]
    };
    let rows: Vec<_> = rows.iter().map(row).collect();
    let table = table(&["how it was lost", "#times", "#chunks", "#numbers", "#when"], &rows);
    format!("<h3>Losses: their chunks went to others</h3>\n{table}")
}
