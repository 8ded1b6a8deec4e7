//! `--wiring=class`: the exercise of the class, seen from the parent of its primary.

mod captions;

use super::roles::Roles;
use super::{WiringView, json};
use crate::answer_format::Format;
use crate::exit::ExitOutcome;
use crate::plan::Plan;
use crate::report::{self, JobFields, VERSION};
use crate::stderr;
use captions::caption;
use evenly::internal::{Exercise, ExerciseError, ExerciseStage, ExerciseWatcher, Processes};
use evenly::{Aggregate, Items, ProcessEnd};
use serde::Serialize;
use std::ffi::OsString;

/// Options that the exercise has. It has no chunks, no journal and no agents.
const OPTIONS: [&str; 11] = [
    "-j",
    "--workers",
    "--jobs",
    "--wiring",
    "--step",
    "--lang",
    "--format",
    "-q",
    "--quiet",
    "--color",
    "--progress",
];

/// The signal of a write into a pipe without a reader (signal(7)).
const SIGPIPE: i32 = 13;

/// JSON object of the exercise.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    #[serde(flatten)]
    asked: JobFields<'a>,
    answer: Option<String>,
    complete: bool,
    workers: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// The question of an exercise, for its JSON object.
#[derive(Clone)]
struct Question {
    function: String,
    condition: Option<String>,
    items: Items,
    workers: u32,
}

impl Question {
    /// The object with an answer, or with the reason for its absence.
    fn document(&self, answer: Result<u64, &str>) -> String {
        let asked = JobFields::new(Aggregate::Count, &self.function, &self.items);
        report::line(&Document {
            version: VERSION,
            asked: asked.under(self.condition.as_deref()),
            answer: answer.ok().map(|count| count.to_string()),
            complete: answer.is_ok(),
            workers: self.workers,
            error: answer.err(),
        })
    }
}

/// Refuses what the exercise has not.
fn check(plan: &Plan, words: &[OsString]) -> Result<(u32, (i64, i64)), String> {
    let advice =
        "it is the exercise of the class: evenly count FUNCTION A..B [-j N] --wiring=class";
    let refused = |what: &str| format!("--wiring=class does not have {what}; {advice}");
    if plan.aggregate != Aggregate::Count {
        return Err(refused("this verb"));
    }
    if plan.function.command().is_some() {
        return Err(refused("commands"));
    }
    let unknown = words.iter().skip(1).filter_map(|word| word.to_str()).find(|word| {
        let name = word.split('=').next().unwrap_or_default();
        let is_option = word.strip_prefix('-').is_some_and(|rest| {
            rest.starts_with(|first: char| first == '-' || first.is_ascii_alphabetic())
        });
        is_option && !OPTIONS.contains(&name) && !word.starts_with("-j")
    });
    if let Some(unknown) = unknown {
        return Err(refused(&evenly::printable(unknown.as_bytes(), 80)));
    }
    let range = plan.items.as_range().and_then(|range| match range.interval() {
        Some(range) => Some((range.first(), range.last().checked_add(1)?)),
        None => Some((0, 0)),
    });
    let range = range.ok_or_else(|| refused("such a range"))?;
    let workers = plan.workers.ok_or_else(|| refused("a run without workers"))?;
    Ok((workers.get(), range))
}

/// Runs the exercise; its primary prints the answer.
pub(crate) fn run(plan: Plan, words: &[OsString]) -> Result<(), ExitOutcome> {
    let (workers, range) = check(&plan, words).map_err(ExitOutcome::Usage)?;
    let Some(wiring) = plan.wiring else { return Ok(()) };
    let pictures = wiring.clone();
    let question = (plan.format == Format::Json).then(|| Question {
        function: plan.function.name().to_owned(),
        condition: plan.function.condition().map(ToOwned::to_owned),
        items: plan.items,
        workers,
    });
    let mut view = WiringView::new(wiring, plan.format);
    let mut exercise = Exercise::new(workers, range, plan.function);
    if let Some(question) = question.clone() {
        exercise = exercise.with_answer(move |count| question.document(Ok(count)));
    }
    match exercise.run(&mut view) {
        Ok(ProcessEnd::Exit(0)) => pictures.outcome(),
        Ok(ProcessEnd::Signal(SIGPIPE)) => Err(ExitOutcome::BrokenPipe),
        Ok(end) | Err(ExerciseError::Ended(end)) => {
            let why = format!("the primary of the exercise {end}; no answer");
            if let Some(question) = question {
                report::write_out(&question.document(Err(&why)))?;
            }
            Err(ExitOutcome::NoAnswer(why))
        }
        Err(error) => Err(ExitOutcome::Usage(error.to_string())),
    }
}

impl ExerciseWatcher for WiringView {
    fn at_stage(&mut self, stage: ExerciseStage, processes: &Processes) {
        self.waits = false;
        let language = self.language();
        if stage == ExerciseStage::WorkerEnded {
            self.closed += 1;
            if self.format == Format::Text && self.is_among_many(processes) {
                return;
            }
        }
        let taken = Roles::of(processes, language).and_then(|roles| Ok((roles.picture()?, roles)));
        let (snapshot, roles) = match taken {
            Ok(taken) => taken,
            Err(error) => {
                stderr::show(&format!("evenly: the wiring cannot be shown: {error}\n"));
                return;
            }
        };
        let caption = caption(stage, processes, language);
        if self.format == Format::Json {
            let name = json::exercise_name(stage);
            stderr::show(&json::stage(name, &caption, &snapshot, &roles));
        }
        if stage == ExerciseStage::WorkerEnded {
            self.show_leaving(&caption, &snapshot, &roles);
            self.wait_if(self.closed == processes.workers.len());
            return;
        }
        let details = match stage {
            ExerciseStage::RangesWritten => super::captions::ranges(&roles),
            _ => String::new(),
        };
        self.show_text(&caption, &details, snapshot, &roles);
        self.wait_if(true);
    }

    fn may_go_on(&mut self) -> bool {
        self.has_been_seen()
    }
}
