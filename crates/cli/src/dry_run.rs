//! `--dry-run`: description of a plan, as text or JSON.

use crate::answer_format::Format;
use crate::first_commands::{Order, first_commands};
use crate::function_names::builtin;
use crate::items;
use crate::junit_options::JunitOptions;
use crate::plan::Plan;
use crate::report::{JobFields, VERSION, line, split};
use crate::size::size;
use evenly::function::Form;
use evenly::{Policy, Range, TimeLimit};
use serde::Serialize;
use std::num::NonZeroU32;

/// Most parts of the static policy that are listed.
const SHOWN: u32 = 8;

/// The JSON form.
#[derive(Serialize)]
struct DryRun<'a> {
    version: u32,
    #[serde(flatten)]
    asked: JobFields<'a>,
    dry_run: bool,
    /// `None`: the items have no end.
    numbers: Option<String>,
    /// As in `--part`.
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<String>,
    workers: u32,
    pipes: u64,
    split: String,
    /// Seed of the order of work.
    #[serde(skip_serializing_if = "Option::is_none")]
    shuffle: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    listen: Vec<String>,
    /// The other machines on which agents are started.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    on: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_s: Option<f64>,
    /// In percent of the median.
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_percent: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grace_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retries: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    journal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    joblog: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    junit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<String>,
    /// Those that are part of the fingerprint.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<String>,
    /// The first of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    commands: Vec<String>,
}

/// The description of a plan.
pub(crate) fn text(plan: &mut Plan) -> String {
    let order = Order {
        policy: plan.policy,
        workers: plan.workers.map_or(0, NonZeroU32::get),
        shuffle: plan.shuffle,
    };
    let first = plan.function.command().filter(|command| command.form() != Form::Coprocess);
    let first = first.map(|one| first_commands(&one, &mut *plan.function, &plan.items, order));
    let (commands, note) = first.map_or((Vec::new(), None), |first| (first.commands, first.note));
    let plan = &*plan;
    let workers = plan.workers.map_or(0, NonZeroU32::get);
    let pipes = u64::from(workers) + 1;
    let listen: Vec<String> = plan.listen.iter().map(ToString::to_string).collect();
    let files = plan.function.files();
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let numbers = (!plan.items.is_open_ended()).then(|| plan.items.len().to_string());
    if plan.format == Format::Json {
        let asked = JobFields::new(plan.aggregate, plan.function.name(), &plan.items)
            .under(plan.function.condition());
        let split = split(plan.policy);
        let (version, dry_run) = (VERSION, true);
        return line(&DryRun {
            version,
            asked,
            dry_run,
            numbers,
            part: plan.part.as_ref().map(|part| part.part().to_string()),
            workers,
            pipes,
            split,
            shuffle: plan.shuffle.map(|seed| seed.to_string()),
            listen,
            on: plan.on.names(),
            timeout_s: match plan.limits.timeout {
                Some(TimeLimit::Fixed(timeout)) => Some(timeout.as_secs_f64()),
                Some(TimeLimit::OfMedian(_)) | None => None,
            },
            timeout_percent: match plan.limits.timeout {
                Some(TimeLimit::OfMedian(percent)) => Some(percent.get()),
                Some(TimeLimit::Fixed(_)) | None => None,
            },
            memory: plan.limits.memory.map(|bytes| bytes.to_string()),
            deadline_s: plan.limits.deadline.map(|deadline| deadline.as_secs_f64()),
            grace_s: plan.limits.grace.map(|grace| grace.as_secs_f64()),
            max_rate: plan.max_rate,
            retries: plan.limits.retries,
            journal: plan.journal.file().map(|file| file.display().to_string()),
            joblog: plan.joblog.as_ref().map(|file| file.display().to_string()),
            junit: plan.junit.as_ref().map(|junit| junit.path().display().to_string()),
            events: plan.events.as_ref().map(|file| file.display().to_string()),
            files,
            commands,
        });
    }
    let mut text = format!("{}\n", question(plan, numbers.as_deref()));
    text += &format!("workers {workers}, forked\n");
    text += &format!("pipes   {pipes}: one to each worker, one from all of them\n");
    for address in &listen {
        text += &format!("agents  may join at {address}\n");
    }
    for host in plan.on.started() {
        text += &format!("agents  are started by {host}\n");
    }
    for address in plan.on.calls() {
        text += &format!("agents  are called at {address}\n");
    }
    text += &format!("chunks  {}\n", chunks(plan));
    if let Some(seed) = plan.shuffle {
        text += &format!("order   shuffled by the seed {seed}\n");
    }
    if let Some(limits) = limits(plan) {
        text += &format!("limits  {limits}\n");
    }
    if let Some(deadline) = plan.limits.deadline {
        text += &format!("ends    after {} (--deadline)\n", humantime::format_duration(deadline));
    }
    if let Some(grace) = plan.limits.grace {
        text += &format!("grace   {} between TERM and KILL\n", humantime::format_duration(grace));
    }
    if let Some(rate) = plan.max_rate {
        text += &format!("rate    at most {rate} starts a second\n");
    }
    if let Some(retries) = plan.limits.retries {
        text += &format!("retries {retries}\n");
    }
    if let Some(file) = plan.journal.file() {
        text += &format!("journal {}\n", file.display());
    }
    let joblog = plan.joblog.as_deref();
    let junit = plan.junit.as_ref().map(JunitOptions::path);
    for (name, file) in [("joblog", joblog), ("junit", junit), ("events", plan.events.as_deref())] {
        if let Some(file) = file {
            text += &format!("{name:<7} {}\n", file.display());
        }
    }
    for file in &files {
        let file = evenly::printable(file.as_bytes(), 4096);
        text += &format!("file    {file}: part of the fingerprint\n");
    }
    if let Some(note) = note {
        text += &format!("commands {note}\n");
    }
    for command in &commands {
        text += &format!("command {}\n", evenly::printable(command.as_bytes(), 4096));
    }
    if plan.policy == Policy::Static {
        for worker in 0..workers.min(SHOWN) {
            let part = plan.items.positions().part(worker, workers);
            text += &format!("        worker {}: {}\n", worker + 1, shown_part(plan, part));
        }
        if workers > SHOWN {
            text += &format!("        and {} more\n", workers - SHOWN);
        }
    }
    text
}

/// The first line, as `count   even(n) for 10 numbers, n in 0..10`.
fn question(plan: &Plan, numbers: Option<&str>) -> String {
    let (command, name) = (plan.aggregate.name(), plan.function.name());
    let items = items::shown(&plan.items);
    // What has a name is applied to n; an expression says so itself.
    let applied = if builtin(name).is_some() { "(n)" } else { "" };
    let first = plan.aggregate.first();
    let first = first.map_or_else(String::new, |first| format!("; the lowest {first}"));
    let several = plan.rerun().unit().name(2);
    let numbers = numbers.map_or_else(String::new, |numbers| format!("{numbers} {several}, "));
    let part = plan.part.as_ref();
    let part = part.map_or_else(String::new, |part| {
        format!("; part {} of {}", part.part(), items::shown(part.whole()))
    });
    format!("{command:<7} {name}{applied} for {numbers}n in {items}{first}{part}")
}

/// The numbers at a range of positions: all of a range, or from the lowest to the highest.
fn shown_part(plan: &Plan, part: Range) -> String {
    let ends = part.interval().filter(|_| plan.items.as_range().is_none());
    let ends = ends.and_then(|part| plan.items.at(part.first()).zip(plan.items.at(part.last())));
    match ends {
        Some((first, last)) => {
            let counted = plan.rerun().unit().counted(part.len());
            format!("{counted} from {first} to {last}")
        }
        None => part.to_string(),
    }
}

fn chunks(plan: &Plan) -> String {
    match plan.policy {
        Policy::Timed => {
            let aim = plan.limits.chunk_time.unwrap_or_else(|| plan.function.chunk_time());
            let aim = humantime::format_duration(aim);
            format!("timed: about {aim} each as measured, shorter near the end")
        }
        Policy::Static => "static: one equal range to each worker".to_owned(),
        Policy::Guided => "guided: what remains, divided by twice the workers".to_owned(),
        Policy::Fixed(len) => format!("fixed: {len} {} each", plan.rerun().unit().name(2)),
    }
}

/// The limits on the time and memory of a number, if there are any.
fn limits(plan: &Plan) -> Option<String> {
    let time = plan.limits.timeout.map(|timeout| {
        let is_for_chunks =
            plan.function.command().is_some_and(|command| command.form() != Form::PerNumber);
        let what = if is_for_chunks { "chunk" } else { "number" };
        match timeout {
            TimeLimit::Fixed(timeout) => {
                format!("no {what} longer than {}", humantime::format_duration(timeout))
            }
            TimeLimit::OfMedian(percent) => {
                format!("no {what} longer than {percent}% of the median")
            }
        }
    });
    let memory = plan.limits.memory.map(|bytes| {
        let what = if plan.function.command().is_some() { "command" } else { "worker" };
        format!("no {what} with more memory than {}", size(bytes))
    });
    let limits: Vec<String> = time.into_iter().chain(memory).collect();
    (!limits.is_empty()).then(|| limits.join(", "))
}
