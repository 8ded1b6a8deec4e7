//! Over the range: which numbers are done, and what they cost.

use super::chart::{ChartAxis, Picture, figure, key, ticks};
use super::html;
use super::numbers::RunNumbers;
use super::summary::interval;
use crate::chunk_times::RangeCell;
use crate::report_page::ReportPage;
use crate::shown;

/// Heights of failures that would be too low to be seen.
const LEAST_FAILED: f64 = 0.16;
/// Costs that differ more than this are drawn on a logarithmic scale.
const LINEAR: f64 = 60.0;

pub(crate) fn section(page: &ReportPage) -> String {
    if page.range.is_empty() {
        return String::new();
    }
    let (first, last) = page.range.ends();
    let axis = ChartAxis::new(first, last);
    let mut body = coverage(page, axis);
    body.push_str(&cost(page, axis));
    let label = |position: i128| {
        let at = |items: &evenly_core::Items| items.at(i64::try_from(position).ok()?);
        let number = page.items.as_ref().and_then(at).map_or(position, i128::from);
        shown::short(number)
    };
    let labels = axis.labels(&ticks(first, last, &[]), last, label);
    body.push_str(&labels);
    let bins = page.range.iter().count();
    let is_range = page.items.as_ref().is_none_or(|items| items.as_range().is_some());
    let lead = format!(
        "From the lowest to the highest {}, in {}.",
        if is_range { "number" } else { "item, one after the other" },
        shown::counted(bins as u128, "step", "steps of equal length")
    );
    html::section("Over the range", &lead, &body)
}

fn title(page: &ReportPage, first: i128, last: i128) -> String {
    let ends = i64::try_from(first).ok().zip(i64::try_from(last).ok());
    ends.map(|ends| page.numbers_at(ends)).map_or_else(String::new, |(a, b)| interval(a, b))
}

fn coverage(page: &ReportPage, axis: ChartAxis) -> String {
    let numbers = RunNumbers::of(page);
    let is_known = page.journal.is_some() || page.sources.joblog.is_some();
    // Events say which numbers failed, and at the end that all others are done.
    let rest_is_done = !is_known
        && page.items.as_ref().is_some_and(|items| !items.is_open_ended())
        && numbers.missing == Some(0);
    let mut picture = Picture::new(axis);
    for (first, last, cell) in page.range.iter() {
        let width = (last - first + 1) as f64;
        let failed = cell.failed / width;
        let done = if rest_is_done { 1.0 - failed } else { cell.done / width };
        // A part of a step is no whole one.
        let done = if done > 0.999_999 { 1.0 } else { done };
        let high = if failed > 0.0 { failed.max(LEAST_FAILED) } else { 0.0 };
        let mut text = title(page, first, last);
        if is_known || rest_is_done {
            text.push_str(&format!(": {} done", shown::percent(done.min(1.0))));
        }
        if cell.failed > 0.0 {
            text.push_str(&format!(", {} failed", shown::count(cell.failed.max(1.0))));
        }
        picture.bar("done", (first, last), (high.min(done), done.max(high)), &text);
        picture.bar("failed", (first, last), (0.0, high), &text);
    }
    let mut keys = String::new();
    if is_known || rest_is_done {
        keys.push_str(&key("done", "done"));
    }
    if !page.failures.is_empty() {
        keys.push_str(&key("failed", "failed"));
    }
    if numbers.missing != Some(0) {
        let text = if is_known { "not done" } else { "not known to be done" };
        keys.push_str(&key("hole", text));
    }
    let plot =
        picture.plot("strip", &["", "done", ""], "which parts of the range are done and failed");
    figure("Coverage", &keys, &plot)
}

fn cost(page: &ReportPage, axis: ChartAxis) -> String {
    let mean = |cell: &RangeCell| cell.seconds / cell.timed;
    let means = page.range.iter().filter(|(.., cell)| cell.timed > 0.0);
    let means: Vec<f64> = means.map(|(.., cell)| mean(cell)).filter(|mean| *mean > 0.0).collect();
    let highest = means.iter().copied().fold(0.0, f64::max);
    let lowest = means.iter().copied().fold(f64::INFINITY, f64::min);
    if means.is_empty() {
        return String::new();
    }
    let is_logarithmic = highest / lowest > LINEAR;
    // On the logarithmic scale the lowest is a third of a decade above the bottom.
    let bottom = lowest / 2.0;
    let height = |cost: f64| match is_logarithmic {
        true => (cost.max(bottom) / bottom).ln() / (highest / bottom).ln(),
        false => cost / highest,
    };
    let mut picture = Picture::new(axis);
    for (first, last, cell) in page.range.iter().filter(|(.., cell)| cell.timed > 0.0) {
        let text = format!(
            "{}: mean {}, in the dearest chunk {} each",
            title(page, first, last),
            shown::seconds(mean(cell)),
            shown::seconds(cell.dearest)
        );
        picture.bar("rate", (first, last), (0.0, height(mean(cell)).max(0.01)), &text);
    }
    let floor = if is_logarithmic { shown::seconds(bottom) } else { "0".to_owned() };
    let detail = format!(
        "mean of each step, {} to {}{}",
        shown::seconds(lowest),
        shown::seconds(highest),
        if is_logarithmic { "; logarithmic scale" } else { "" }
    );
    let plot = picture.plot(
        "",
        &[&shown::seconds(highest), &floor],
        "what a number costs along the range",
    );
    figure("Cost of a number", &detail, &plot)
}
