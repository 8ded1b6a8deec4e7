//! `--dry-run`: what would be done.

use crate::arguments::Format;
use crate::plan::Plan;
use crate::report::{Asked, VERSION, line, split};
use evenly::{Aggregate, Policy, function};
use serde::Serialize;
use std::num::NonZeroU32;

/// So many parts of the static policy are listed.
const SHOWN: u32 = 8;

/// The JSON form.
#[derive(Serialize)]
struct DryRun<'a> {
    version: u32,
    #[serde(flatten)]
    asked: Asked<'a>,
    dry_run: bool,
    numbers: String,
    workers: u32,
    pipes: u64,
    split: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    listen: Vec<String>,
}

/// What a job would do, as text or as JSON.
pub(crate) fn text(plan: &Plan) -> String {
    let workers = plan.workers.map_or(0, NonZeroU32::get);
    let pipes = u64::from(workers) + 1;
    let listen: Vec<String> = plan.listen.iter().map(ToString::to_string).collect();
    let numbers = plan.range.len().to_string();
    if plan.format == Format::Json {
        let asked = Asked::new(plan.aggregate, plan.function.name(), plan.range);
        let split = split(plan.policy);
        let (version, dry_run) = (VERSION, true);
        let dry = DryRun { version, asked, dry_run, numbers, workers, pipes, split, listen };
        return line(&dry);
    }
    let mut text = format!("{}\n", question(plan, &numbers));
    text += &format!("workers {workers}, forked\n");
    text += &format!("pipes   {pipes}: one to each worker, one from all of them\n");
    for address in &listen {
        text += &format!("agents  may join at {address}\n");
    }
    text += &format!("chunks  {}\n", chunks(plan));
    if plan.policy == Policy::Static {
        for worker in 0..workers.min(SHOWN) {
            let part = plan.range.part(worker, workers);
            text += &format!("        worker {}: {part}\n", worker + 1);
        }
        if workers > SHOWN {
            text += &format!("        and {} more\n", workers - SHOWN);
        }
    }
    text
}

/// What is asked, as `count   even(n) for 10 numbers, n in 0..10`.
fn question(plan: &Plan, numbers: &str) -> String {
    let (command, name, range) = (plan.aggregate.name(), plan.function.name(), plan.range);
    // What has a name is applied to n; an expression says so itself.
    let applied = if function::named(name).is_some() { "(n)" } else { "" };
    let first = match plan.aggregate {
        Aggregate::Find { first: Some(first) } => format!("; the lowest {first}"),
        _ => String::new(),
    };
    format!("{command:<7} {name}{applied} for {numbers} numbers, n in {range}{first}")
}

fn chunks(plan: &Plan) -> String {
    match plan.policy {
        Policy::Timed => {
            let aim = plan.chunk_time.unwrap_or_else(|| plan.function.chunk_time());
            let aim = humantime::format_duration(aim);
            format!("timed: about {aim} each as measured, shorter near the end")
        }
        Policy::Static => "static: one equal range to each worker".to_owned(),
        Policy::Guided => "guided: what remains, divided by twice the workers".to_owned(),
        Policy::Fixed(len) => format!("fixed: {len} numbers each"),
    }
}
