//! Run of a job from its plan to its answer: builds the job, delivers the answer, reports failures.

use crate::answer::Answer;
use crate::answer_lines::AnswerLines;
use crate::array;
use crate::closed_stdout;
use crate::dry_run;
use crate::events::RunEnd;
use crate::exit::ExitOutcome;
use crate::failures::{self, FailureTexts};
use crate::flaky;
use crate::items::{shown, span};
use crate::messages::Volume;
use crate::observers::Observers;
use crate::plan::Plan;
use crate::report::{self, Delivery};
use crate::status::StatusSocket;
use crate::stderr;
use crate::stdout_writer::{Limits, WaitLimit, write_all};
use crate::unfinished;
use crate::wiring::{self, WiringView};
use crate::wiring_options::Wiring;
use evenly::observe::Unfinished;
use evenly::{Aggregate, Failure, Interval, Job, Key, Report, Value};
use std::ffi::OsString;

/// Runs the job of a plan, which was called by these words, and delivers its answer.
pub(crate) fn ask(mut plan: Plan, words: Vec<OsString>) -> Result<(), ExitOutcome> {
    say_hints(&plan);
    if plan.is_dry_run {
        return report::write_out(&dry_run::text(&mut plan));
    }
    closed_stdout::check_stdout()?;
    if plan.wiring.as_ref().is_some_and(|wiring| wiring.is_class) {
        return wiring::class::run(plan, &words);
    }
    let mut observers = Observers::open(&plan).map_err(ExitOutcome::Usage)?;
    let addresses = plan.listen.iter().chain(plan.on.calls());
    let keys = plan.key.to_listen(addresses).map_err(ExitOutcome::Usage)?;
    let launches = plan.on.launches(&plan.key, &plan.listen).map_err(ExitOutcome::Usage)?;
    let mut delivery = Delivery {
        aggregate: plan.aggregate,
        function: plan.function.name().to_owned(),
        condition: plan.function.condition().map(ToOwned::to_owned),
        rerun: plan.rerun().of_journal(plan.journal.file(), plan.aggregate),
        volume: plan.volume,
        items: plan.items.clone(),
        format: plan.format,
        is_partial: plan.is_partial,
        deadline: plan.limits.deadline,
        former: None,
    };
    let lines = AnswerLines::of(&delivery);
    let journaling = plan.journal.clone();
    let from_environment = plan.batch.as_ref().map(|batch| &*batch.from_environment);
    let words = array::with_id(words, &*plan.function, from_environment.unwrap_or_default());
    let wiring = plan.wiring.clone();
    let port = StatusSocket::new(&plan, &words, observers.shared_journal(journaling.file()));
    let mut job = job(plan, keys, &observers, lines.as_ref()).status_port(Box::new(port));
    for launch in launches {
        job = evenly::internal::launching(job, launch);
    }
    if let Some(journal) = journaling.journal(words) {
        job = job.journal(journal);
    }
    let result = job.run_observed(&mut observers);
    observers.progress.end();
    let begun = observers.journal.take();
    let is_kept = begun.is_some() || journaling.file().is_some();
    delivery.former = observers.former.take();
    let descriptions = observers.failures.take_descriptions();
    let outcome = match result {
        Ok(report) => {
            say_failures(&delivery, &report.failures, report.failed, &descriptions);
            say_flaky(&delivery, &report.flaky, report.flaky_numbers);
            let outcome = deliver(&delivery, &report, lines.as_ref());
            observers.close(&RunEnd::Finished(&delivery, &report), outcome)
        }
        Err(error) => {
            let unfinished = observers.unfinished.take();
            let unfinished = unfinished.as_ref();
            let (lowest, failed) = known_failures(&mut observers, unfinished);
            say_failures(&delivery, &lowest, failed, &descriptions);
            if let Some(unfinished) = unfinished {
                say_flaky(&delivery, &unfinished.flaky, unfinished.flaky_numbers);
            }
            let (outcome, why) = unfinished::stopped(&delivery, &error, (unfinished, is_kept));
            deliver_stopped(&delivery, (&lowest, unfinished), &outcome, lines.as_ref());
            observers.close(
                &RunEnd::Stopped { delivery: &delivery, why: &why, unfinished },
                Err(outcome),
            )
        }
    };
    journaling.end(begun, &outcome);
    outcome.and_then(|()| wiring.as_ref().map_or(Ok(()), Wiring::outcome))
}

/// Prints the hints of the plan.
fn say_hints(plan: &Plan) {
    if plan.volume != Volume::Quiet {
        for hint in &plan.hints {
            stderr::say_at_last(&format!("evenly: {hint}\n"));
        }
    }
}

fn job(plan: Plan, keys: Vec<Key>, observers: &Observers, lines: Option<&AnswerLines>) -> Job {
    let mut job = Job::new(plan.aggregate, plan.items, plan.function);
    job = job.policy(plan.policy).keys(keys).halt(plan.halt);
    job = match plan.workers {
        Some(workers) => job.workers(workers),
        None => job.no_workers(),
    };
    if let Some(seed) = plan.shuffle {
        job = job.shuffled(seed);
    }
    for address in plan.on.calls() {
        job = job.call(address.clone());
    }
    for address in plan.listen {
        job = job.listen(address);
    }
    if let Some(lines) = lines {
        job = job.output(lines.output());
    }
    if plan.is_partial {
        job = job.despite_failures();
    }
    if let Some(per_second) = plan.max_rate {
        job = job.max_rate(per_second);
    }
    job = plan.times.apply(plan.limits.apply(job));
    if let Some(wiring) = plan.wiring {
        job = evenly::internal::at_stages(job, Box::new(WiringView::new(wiring, plan.format)));
    }
    observers.attach(job)
}

/// Lists the lowest numbers that failed, each with the line that runs it again. The verb failures prints that line for one
/// of them only, except with `-v`.
fn say_failures(
    delivery: &Delivery,
    lowest: &[Failure],
    failed: u128,
    descriptions: &FailureTexts,
) {
    if failed == 0 {
        return;
    }
    let is_verbose = delivery.volume == Volume::Verbose;
    if delivery.is_about_failures() && !is_verbose {
        if delivery.volume != Volume::Quiet
            && let Some(lowest) = lowest.first()
        {
            let counted = failures::counted(failed, delivery.rerun.unit());
            let wanted = delivery.aggregate.first().filter(|first| failed == first.get().into());
            let wanted = wanted.map_or_else(String::new, |first| format!(" (--first {first})"));
            let first = Interval::single(lowest.interval.first());
            let again = delivery.rerun.closed(first);
            stderr::say_at_last(&format!("evenly: {counted}{wanted}; one alone: {again}\n"));
        }
        return;
    }
    let listed = failures::listed((lowest, is_verbose), failed, descriptions, &delivery.rerun);
    stderr::say_at_last(&listed);
}

/// Lists the numbers that passed at a later try.
fn say_flaky(delivery: &Delivery, flaky: &[Failure], numbers: u128) {
    if delivery.volume != Volume::Quiet {
        let is_verbose = delivery.volume == Volume::Verbose;
        stderr::say_at_last(&flaky::text(flaky, numbers, &delivery.rerun, is_verbose));
    }
}

/// Writes the answer and returns its outcome.
fn deliver(
    delivery: &Delivery,
    report: &Report,
    lines: Option<&AnswerLines>,
) -> Result<(), ExitOutcome> {
    let limits = Limits::new(delivery.deadline, report.time_left);
    let answer = match Answer::of(delivery.aggregate, report, |n| delivery.rerun.named(n)) {
        Ok(answer) => answer,
        Err(why) => {
            let text = delivery.whole_without_answer(report, &why);
            write_all(&text, &WaitLimit::Limited(limits))?;
            return Err(ExitOutcome::NoAnswer(why));
        }
    };
    match lines {
        Some(lines) => lines.end(&delivery.tail(report), limits)?,
        None => write_all(&delivery.whole(report, &answer), &WaitLimit::Limited(limits))?,
    }
    if report.unknown > 0 {
        return Err(ExitOutcome::FateUnknown(fate_unknown(delivery, report)));
    }
    if !delivery.is_complete(report) {
        return Err(ExitOutcome::SomeFailed(some_failed(delivery, report)));
    }
    if answer.has_no_value() && delivery.volume != Volume::Quiet {
        stderr::say_at_last(&format!("evenly: {}\n", no_value(delivery)));
    }
    if answer.is_no() { Err(ExitOutcome::No) } else { Ok(()) }
}

/// Why min, max or mean has no answer although nothing went wrong.
fn no_value(delivery: &Delivery) -> String {
    let (verb, items) = (delivery.aggregate.name(), shown(&delivery.items));
    let unit = delivery.rerun.unit();
    let none = match &delivery.condition {
        Some(condition) => {
            let condition = evenly::printable(condition.as_bytes(), 200);
            format!("no n in {items} satisfies --where '{condition}'")
        }
        None => format!("{items} has no {}", unit.name(2)),
    };
    format!("there is no {verb}: {none}")
}

/// The message about commands of unknown fate.
fn fate_unknown(delivery: &Delivery, report: &Report) -> String {
    let unknown = match report.unknown {
        1 => "1 command may have been started, and is not started again".to_owned(),
        numbers => {
            format!("the commands of {numbers} n may have been started, and are not started again")
        }
    };
    if delivery.is_about_failures() || report.failed == 0 {
        return unknown;
    }
    format!("{unknown}; {}", some_failed(delivery, report))
}

/// The message about the answer of a run in which some numbers failed.
fn some_failed(delivery: &Delivery, report: &Report) -> String {
    let failed = failures::counted(report.failed, delivery.rerun.unit());
    if delivery.is_partial {
        return format!("{failed}; the answer is that of the others");
    }
    let unit = delivery.rerun.unit();
    let not_done = delivery.rest(report.not_done);
    let not_done = not_done.map(|_| format!("; {} not done", unit.counted(report.not_done)));
    let not_done = not_done.unwrap_or_default();
    if let Some(failure) = delivery.stopped_at(report) {
        let stopped =
            format!("{failed}; stopped at the failure of n = {}", failure.interval.first());
        let is_last = span(&delivery.items).end() == i128::from(failure.interval.last()) + 1;
        return match report.not_done {
            0 if is_last => stopped,
            0 => format!("{stopped}; the lines above it are withheld; --partial prints them"),
            _ => format!("{stopped}{not_done}; --partial goes on"),
        };
    }
    match delivery.aggregate {
        Aggregate::Run { .. } => failed,
        _ => {
            let rest = match (report.not_done, &report.answer) {
                (1.., Value::Witness(Some(n))) if !not_done.is_empty() => {
                    format!("{not_done} above n = {n}")
                }
                _ => String::new(),
            };
            format!("{failed}; the answer is withheld (--partial gives that of the others){rest}")
        }
    }
}

/// The lowest numbers that failed in a job that ended early, and how many failed.
fn known_failures(
    observers: &mut Observers,
    unfinished: Option<&Unfinished>,
) -> (Vec<Failure>, u128) {
    match unfinished {
        Some(unfinished) => (unfinished.failures.clone(), unfinished.failed),
        None => {
            let seen = std::mem::take(&mut observers.failures);
            let failed = seen.numbers();
            (seen.into_lowest(), failed)
        }
    }
}

/// Writes what a job that ended early leaves for standard output: the end of its lines, or in JSON an object
/// that says how much is not done.
fn deliver_stopped(
    delivery: &Delivery,
    (failures, unfinished): (&[Failure], Option<&Unfinished>),
    outcome: &ExitOutcome,
    lines: Option<&AnswerLines>,
) {
    // Why the job stopped is worth more than that this, too, could not be written.
    let _ = match (lines, unfinished) {
        (Some(lines), _) => {
            let tail = delivery.tail_of_stopped(failures, unfinished, outcome.message());
            lines.end_early(&tail, unfinished)
        }
        (None, Some(unfinished)) => {
            let text = delivery.whole_of_stopped(failures, unfinished, outcome.message());
            write_all(&text, &WaitLimit::Short)
        }
        (None, None) => Ok(()),
    };
}
