//! What goes to standard output: the answer and nothing else, as text or as JSON.

use crate::arguments::Format;
use crate::exit::Outcome;
use crate::failures::Failed;
use crate::plan::Plan;
use evenly::{Policy, Range, Report};
use rustix::io::Errno;
use serde::Serialize;
use std::num::NonZeroU32;

/// Writes all of `text` to standard output.
///
/// # Errors
/// If nobody reads it any more, which ends the program quietly; or if it cannot be written.
pub(crate) fn write_out(text: &str) -> Result<(), Outcome> {
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        // Not through std, which takes a descriptor that cannot be written for /dev/null.
        match rustix::io::retry_on_intr(|| rustix::io::write(rustix::stdio::stdout(), rest)) {
            Ok(written) => rest = &rest[written..],
            Err(Errno::PIPE) => return Err(Outcome::BrokenPipe),
            Err(error) => {
                let advice = "make room, or redirect standard output elsewhere";
                let message = format!("cannot write the answer: {error}; {advice}");
                return Err(Outcome::Incomplete(message));
            }
        }
    }
    Ok(())
}

/// The JSON form of an answer. Integers are strings: they outgrow what JSON readers hold.
#[derive(Serialize)]
struct Answer<'a> {
    version: u32,
    command: &'static str,
    function: &'a str,
    range: [String; 2],
    /// `None`: some n failed, and nobody asked for a part of the answer.
    answer: Option<String>,
    complete: bool,
    failures: Vec<Failed>,
    workers: usize,
    losses: u64,
    stale_answers: u64,
    elapsed_s: f64,
}

/// How an answer is to be delivered.
pub(crate) struct Delivery {
    pub(crate) function: String,
    pub(crate) range: Range,
    pub(crate) format: Format,
    /// Whether an answer over the other numbers will do where some failed.
    pub(crate) is_partial: bool,
}

impl Delivery {
    /// The answer, unless it is withheld because some n failed.
    pub(crate) fn value(&self, report: &Report) -> Option<String> {
        let is_given = report.failures.is_empty() || self.is_partial;
        is_given.then(|| report.answer.to_string())
    }
}

/// What is written of a job in which every n was tried. Of an answer that is withheld there is
/// nothing as text, and JSON says that there is none.
pub(crate) fn answer(delivery: &Delivery, report: &Report) -> String {
    let answer = delivery.value(report);
    match delivery.format {
        Format::Text => answer.map(|answer| format!("{answer}\n")).unwrap_or_default(),
        Format::Json => line(&Answer {
            version: 1,
            command: "count",
            function: &delivery.function,
            range: ends(delivery.range),
            answer,
            complete: report.failures.is_empty(),
            failures: report.failures.iter().map(Failed::from).collect(),
            workers: report.workers,
            losses: report.losses,
            stale_answers: report.stale_answers,
            elapsed_s: report.elapsed.as_secs_f64(),
        }),
    }
}

/// The JSON form of a dry run.
#[derive(Serialize)]
struct DryRun<'a> {
    version: u32,
    command: &'static str,
    dry_run: bool,
    function: &'a str,
    range: [String; 2],
    numbers: String,
    workers: u32,
    pipes: u64,
    split: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    listen: Vec<String>,
}

/// What a job would do.
pub(crate) fn dry_run(plan: &Plan) -> String {
    let Plan { range, workers, policy, .. } = plan;
    let function = plan.function.name();
    let workers = workers.map_or(0, NonZeroU32::get);
    let listen: Vec<String> = plan.listen.iter().map(ToString::to_string).collect();
    let pipes = u64::from(workers) + 1;
    let numbers = range.len().to_string();
    if plan.format == Format::Json {
        let (version, command, dry_run) = (1, "count", true);
        let (range, split) = (ends(*range), split(*policy));
        return line(&DryRun {
            version,
            command,
            dry_run,
            function,
            range,
            numbers,
            workers,
            pipes,
            split,
            listen,
        });
    }
    let mut text = format!("count   {function}(n) for {numbers} numbers, n in {range}\n");
    text += &format!("workers {workers}, forked\n");
    text += &format!("pipes   {pipes}: one to each worker, one from all of them\n");
    for address in &listen {
        text += &format!("agents  may join at {address}\n");
    }
    text += &format!("chunks  {}\n", chunks(*policy));
    if *policy == Policy::Static {
        const SHOWN: u32 = 8;
        for worker in 0..workers.min(SHOWN) {
            text += &format!("        worker {}: {}\n", worker + 1, range.part(worker, workers));
        }
        if workers > SHOWN {
            text += &format!("        and {} more\n", workers - SHOWN);
        }
    }
    text
}

pub(crate) fn split(policy: Policy) -> String {
    match policy {
        Policy::Fixed(len) => format!("fixed:{len}"),
        other => other.name().to_owned(),
    }
}

fn chunks(policy: Policy) -> String {
    match policy {
        Policy::Timed => "timed: about 100 ms each as measured, shorter near the end".to_owned(),
        Policy::Static => "static: one equal range to each worker".to_owned(),
        Policy::Guided => "guided: what remains, divided by twice the workers".to_owned(),
        Policy::Fixed(len) => format!("fixed: {len} numbers each"),
    }
}

pub(crate) fn ends(range: Range) -> [String; 2] {
    [range.start().to_string(), range.end().to_string()]
}

/// One object on one line.
pub(crate) fn line(object: &impl Serialize) -> String {
    // Plain structs of strings and numbers: there is nothing that could fail.
    let mut text = serde_json::to_string(object).unwrap_or_default();
    text.push('\n');
    text
}
