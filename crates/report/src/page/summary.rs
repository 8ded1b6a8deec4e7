//! The head of the page: question, state, answer, key figures, and where the time went.

use super::chart::key;
use super::html::escaped;
use super::numbers::{RunNumbers, rates};
use crate::report_page::ReportPage;
use crate::run_outcome::{AnswerFacts, RunOutcome};
use crate::shown::{self, counted};
use std::fmt::Write;

/// Characters of items in the title.
const LONGEST_ITEMS: usize = 120;

/// The question, as it is typed.
pub(crate) fn question(page: &ReportPage) -> String {
    let Some((command, function)) = &page.job else {
        return match &page.sources.joblog {
            Some(name) => format!("job log {name}"),
            None => "evenly".to_owned(),
        };
    };
    let items = page.items.as_ref().map(ToString::to_string).unwrap_or_default();
    let items = evenly_core::printable(items.as_bytes(), LONGEST_ITEMS);
    let condition = page.condition.as_ref();
    let condition = condition.filter(|condition| !function.contains(&***condition));
    let condition = condition.map(|it| format!(" --where '{it}'")).unwrap_or_default();
    // A command stands behind its items.
    if function.starts_with("-- ") {
        return format!("evenly {command} {items}{condition} {function}");
    }
    let is_word = function.chars().all(|it| it.is_alphanumeric() || "_-:./@#".contains(it));
    let quote = if is_word { "" } else { "'" };
    format!("evenly {command} {quote}{function}{quote} {items}{condition}")
}

pub(crate) fn section(page: &ReportPage) -> String {
    let numbers = RunNumbers::of(page);
    let mut text = format!("<header>\n<h1>{}</h1>\n", escaped(&question(page)));
    let (class, state, detail) = state(page, &numbers);
    let _ =
        writeln!(text, "<p><span class=\"state {class}\">{state}</span>{}</p>", escaped(&detail));
    // The lines of these are failures, or output that is not kept.
    let has_lines =
        page.job.as_ref().is_none_or(|(command, _)| !["failures", "run"].contains(&&**command));
    if has_lines {
        text.push_str(&answer(&page.answer, &numbers));
    }
    text.push_str(&cards(page, &numbers));
    text.push_str(&shares(page));
    let sentences = sentences(page);
    if !sentences.is_empty() {
        text.push_str("<ul>\n");
        for sentence in sentences {
            let _ = writeln!(text, "<li>{}</li>", escaped(&sentence));
        }
        text.push_str("</ul>\n");
    }
    text.push_str("</header>\n");
    text
}

/// Class, word and sentence for the state of the run.
fn state(page: &ReportPage, numbers: &RunNumbers) -> (&'static str, &'static str, String) {
    let failed = || counted(numbers.failed, "number failed", "numbers failed");
    let missing = numbers.missing.filter(|missing| *missing > 0);
    let missing = || {
        missing
            .map(|it| counted(it, "number is not done", "numbers are not done"))
            .unwrap_or_default()
    };
    match &page.outcome {
        Some(RunOutcome::Ended { why, error, status, .. }) => {
            let error = error.clone().unwrap_or_else(&missing);
            return ("bad", "Ended early", format!("{why}, exit status {status}. {error}"));
        }
        Some(RunOutcome::StoppedAtFailure { n, cause, status }) => {
            return (
                "bad",
                "Stopped",
                format!("at {n}, which failed: {cause}; exit status {status}."),
            );
        }
        Some(RunOutcome::NotRecorded) if numbers.is_complete != Some(true) => {
            let detail = format!(
                "The events have no end: the run is at work, or it was killed. {}",
                missing()
            );
            return ("warn", "No end", detail);
        }
        _ => {}
    }
    if page.items.as_ref().is_some_and(evenly_core::Items::is_empty) {
        return ("good", "Complete", "The range is empty: there was nothing to do.".to_owned());
    }
    match numbers.is_complete {
        Some(true) => ("good", "Complete", String::new()),
        Some(false) if numbers.missing.unwrap_or(0) > 0 => {
            let also = if numbers.failed > 0 { format!("; {}", failed()) } else { String::new() };
            let resume = match &page.journal {
                Some(facts) => format!(". To go on: {}", facts.resume),
                None => String::new(),
            };
            ("warn", "Not complete", format!("{}{also}{resume}", missing()))
        }
        Some(false) if numbers.failed > 0 => {
            ("bad", "Failures", format!("{}; all others are done.", failed()))
        }
        Some(false) => ("warn", "Not complete", String::new()),
        None => ("", "Job log", "It does not say how the run ended.".to_owned()),
    }
}

fn answer(answer: &AnswerFacts, numbers: &RunNumbers) -> String {
    let note = match numbers {
        RunNumbers { is_complete: Some(true), .. } => "",
        RunNumbers { missing: Some(0), .. } => "over the numbers that did not fail",
        _ => "so far, over what is done",
    };
    match answer {
        AnswerFacts::Text(answer, n) => {
            let n = n.as_ref().map(|n| format!(" <small>at n = {}</small>", escaped(n)));
            let note =
                if note.is_empty() { String::new() } else { format!(" <small>{note}</small>") };
            format!("<p class=answer>{}{}{note}</p>\n", escaped(answer), n.unwrap_or_default())
        }
        AnswerFacts::Lines(lines, _) => {
            format!(
                "<p class=answer>{} <small>{note}</small></p>\n",
                counted(*lines, "line", "lines")
            )
        }
        AnswerFacts::Unknown | AnswerFacts::None | AnswerFacts::Histogram(_) => String::new(),
    }
}

fn cards(page: &ReportPage, numbers: &RunNumbers) -> String {
    let mut cards = String::from("<div class=cards>\n");
    let mut card = |class: &str, value: String, what: &str| {
        let _ = writeln!(cards, "<div class=\"{class}\"><b>{value}</b><span>{what}</span></div>");
    };
    if let Some(done) = numbers.done {
        let of = numbers.total.filter(|total| *total > 0 && *total != done);
        let part = of.map(|total| format!(", {}", shown::percent(done as f64 / total as f64)));
        card("", short(done), &format!("numbers done{}", part.unwrap_or_default()));
    }
    if numbers.failed > 0 {
        card("bad", short(numbers.failed), "failed");
    }
    if let Some(missing) = numbers.missing.filter(|missing| *missing > 0) {
        card("warn", short(missing), "not done");
    }
    if numbers.elapsed > 0.0 {
        let calls = page.clock.calls();
        let what = if calls > 1 { format!("in {calls} calls") } else { "elapsed".to_owned() };
        card("", shown::seconds(numbers.elapsed), &what);
    }
    if let Some(rate) = numbers.rate(page) {
        card("", shown::rate(rate), "numbers each second");
    }
    if page.lanes.started > 0 {
        card("", short(page.lanes.most_at_once as u128), "workers and agents at once");
        if page.lanes.losses > 0 {
            card("warn", short(page.lanes.losses.into()), "losses, redone by others");
        }
    }
    if !page.chunks.is_empty() {
        let what = if page.has_windows { "windows" } else { "chunks" };
        card("", short(page.chunks.counted.into()), what);
    }
    cards.push_str("</div>\n");
    cards
}

fn short(number: u128) -> String {
    let number = i128::try_from(number).unwrap_or(i128::MAX);
    if number < 1_000_000_000 { shown::grouped(number) } else { shown::short(number) }
}

/// Where the time of the workers went: a bar of three parts.
fn shares(page: &ReportPage) -> String {
    let alive: f64 = page.time.iter().map(|(.., cell)| cell.alive).sum();
    let (useful, wasted) = (page.chunks.useful_micros as f64, page.chunks.wasted_micros as f64);
    if page.chunks.is_empty() || useful + wasted <= 0.0 {
        return String::new();
    }
    // Chunks of agents are timed from afar, and may seem to take longer than their workers were there.
    let rest = (alive - useful - wasted).max(0.0);
    let all = useful + wasted + rest;
    let mut bar = String::from(
        "<figure><figcaption><b>Where the time of the workers went</b></figcaption>\n<div class=shares>",
    );
    let mut keys = String::from("<p class=keys>");
    for (class, micros, what) in [
        ("work", useful, "in chunks that count"),
        ("lost", wasted, "in chunks that failed or were lost"),
        ("idle", rest, "waiting, starting, sending"),
    ] {
        if micros > 0.0 {
            let share = micros / all;
            let _ = write!(bar, "<i class={class} style=\"width:{:.3}%\"></i>", 100.0 * share);
            let text =
                format!("{} {what} ({})", shown::percent(share), shown::seconds(micros / 1e6));
            keys.push_str(&key(class, &text));
        }
    }
    if alive == 0.0 {
        keys.push_str("How long workers waited is in events only.");
    }
    format!("{bar}</div>\n{keys}</p></figure>\n")
}

/// What a reader should know first.
fn sentences(page: &ReportPage) -> Vec<String> {
    let mut sentences = Vec::new();
    if let Some(slow) = page.chunks.slowest().first() {
        let mean = page.chunks.useful_micros as f64 / page.chunks.counted.max(1) as f64;
        let times = slow.micros as f64 / mean.max(1.0);
        if times >= 3.0 && page.chunks.counted >= 8 {
            sentences.push(format!(
                "The slowest chunk, {}, took {}: {} times the mean.",
                interval(slow.first, slow.last),
                shown::seconds(slow.micros as f64 / 1e6),
                shown::count(times)
            ));
        }
    }
    if let Some(sentence) = tail(page) {
        sentences.push(sentence);
    }
    if let Some((cause, row)) = page.failures.rows().first()
        && page.failures.rows().len() > 1
    {
        let all = page.failures.numbers() as f64;
        let share = shown::percent(row.numbers as f64 / all);
        sentences.push(format!("Most failures, {share}, are of the cause '{cause}'."));
    }
    for (kind, row) in page.lanes.kinds() {
        sentences.push(format!(
            "{} ({kind}): {} with {} went to others.",
            counted(row.times.into(), "loss", "losses"),
            counted(row.chunks.into(), "chunk", "chunks"),
            counted(row.numbers, "number", "numbers")
        ));
        if sentences.len() > 5 {
            break;
        }
    }
    sentences.extend(page.notes.iter().cloned());
    if page.dropped_notes() > 0 {
        sentences.push(format!("{} more remarks are not shown.", page.dropped_notes()));
    }
    if page.foreign > 0 {
        sentences.push(format!(
            "{} of the logs name numbers outside of the range, and are left out.",
            counted(page.foreign.into(), "line", "lines")
        ));
    }
    sentences
}

/// How long the end of the run took in which few workers had work.
fn tail(page: &ReportPage) -> Option<String> {
    let (by_chunks, ..) = rates(page);
    let cells: Vec<_> = page.time.iter().collect();
    let busy = |(first, last, cell): &(i128, i128, &crate::run_clock::TimeCell)| {
        (cell.useful + cell.wasted) / (last - first + 1) as f64
    };
    let most = cells.iter().map(busy).fold(0.0, f64::max);
    if !by_chunks || most < 1.9 || cells.len() < 20 {
        return None;
    }
    let quiet = cells.iter().rev().take_while(|cell| busy(cell) < most / 2.0).count();
    let share = quiet as f64 / cells.len() as f64;
    let length = quiet as f64 * (cells[0].1 - cells[0].0 + 1) as f64 / 1e6;
    (share > 0.05).then(|| {
        format!(
            "In the last {} ({} of the run) fewer than half of the workers had work.",
            shown::seconds(length),
            shown::percent(share)
        )
    })
}

/// An interval as `A..B`, or one number as itself.
pub(crate) fn interval(first: i64, last: i64) -> String {
    if first == last { first.to_string() } else { format!("{first}..{}", i128::from(last) + 1) }
}
