//! Carries out a command.

use crate::arguments::{Arguments, Command};
use crate::bar::Watcher;
use crate::events::Events;
use crate::exit::Outcome;
use crate::failures::{self, Failures};
use crate::joblog::JobLog;
use crate::join;
use crate::keys;
use crate::logfile;
use crate::plan::Plan;
use crate::report::{self, Delivery};
use crate::rerun::Rerun;
use crate::stderr;
use crate::wiring::WiringView;
use clap::CommandFactory;
use evenly::function::BUILTINS;
use evenly::observe::{Observation, Observer};
use evenly::{Job, Key, Report};
use std::time::Duration;

/// Carries out a command, up to what it writes to standard output.
pub(crate) fn command(command: Command) -> Result<(), Outcome> {
    match command {
        Command::Count(arguments) => count(Plan::resolve(&arguments)?),
        Command::Join(arguments) => join::join(&arguments),
        Command::Keygen { file } => {
            Key::make(&file).map(drop).map_err(|error| Outcome::Usage(error.to_string()))
        }
        Command::Functions => report::write_out(&functions()),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "evenly", &mut script);
            report::write_out(&String::from_utf8_lossy(&script))
        }
        Command::Man { command } => report::write_out(&manual_page(command.as_deref())?),
    }
}

fn count(plan: Plan) -> Result<(), Outcome> {
    if plan.is_dry_run {
        return report::write_out(&report::dry_run(&plan));
    }
    let keys = keys::to_listen(&plan.listen, &plan.key_files).map_err(Outcome::Usage)?;
    let mut eyes = Eyes::open(&plan).map_err(Outcome::Usage)?;
    let Plan { range, format, is_partial, .. } = plan;
    let function = plan.function.name().to_owned();
    let rerun = Rerun::new("count", &function);
    let delivery = Delivery { function, range, format, is_partial };
    let result = job(plan, keys, &eyes).run_observed(&mut eyes);
    eyes.watcher.end();
    let listed = eyes.failures.listed(&rerun);
    if !listed.is_empty() {
        stderr::say_at_last(&listed);
    }
    let (report, outcome) = match result {
        Ok(report) => {
            let outcome = deliver(&delivery, &report);
            (Some(report), outcome)
        }
        Err(error) => (None, Err(error.into())),
    };
    eyes.close(&delivery, report.as_ref(), outcome)
}

fn job(plan: Plan, keys: Vec<Key>, eyes: &Eyes) -> Job {
    let mut job =
        Job::count(plan.range, plan.function).policy(plan.policy).keys(keys).halt(plan.halt);
    job = match plan.workers {
        Some(workers) => job.workers(workers),
        None => job.no_workers(),
    };
    for address in plan.listen {
        job = job.listen(address);
    }
    if let Some(deadline) = plan.deadline {
        job = job.deadline(deadline);
    }
    if let Some(retries) = plan.retries {
        job = job.retries(retries);
    }
    if let Some(period) = eyes.period() {
        job = job.progress_every(period);
    }
    if eyes.wiring.is_some() {
        job = job.stand_still_at_stages();
    }
    if eyes.joblog.is_some() {
        job = job.tell_pieces();
    }
    job
}

/// Writes the answer, and says whether it is one.
fn deliver(delivery: &Delivery, report: &Report) -> Result<(), Outcome> {
    report::write_out(&report::answer(delivery, report))?;
    if report.failures.is_empty() {
        return Ok(());
    }
    let failed = failures::counted(&report.failures);
    Err(Outcome::SomeFailed(if delivery.is_partial {
        format!("{failed}; the answer is that of the others")
    } else {
        format!("{failed}; the answer is withheld (--partial gives that of the others)")
    }))
}

/// Everything that watches a job.
struct Eyes {
    watcher: Watcher,
    failures: Failures,
    wiring: Option<WiringView>,
    joblog: Option<JobLog>,
    events: Option<Events>,
}

impl Eyes {
    /// Opens all files that are written while the job runs.
    fn open(plan: &Plan) -> Result<Self, String> {
        let rerun = || Rerun::new("count", plan.function.name());
        let joblog = plan.joblog.as_ref().map(|path| JobLog::open(path, rerun()));
        let events = plan.events.as_ref().map(|path| Events::open(path, plan));
        Ok(Self {
            watcher: Watcher::new(plan),
            failures: Failures::default(),
            wiring: plan.wiring.map(|wiring| WiringView::new(wiring, plan.format)),
            joblog: joblog.transpose()?,
            events: events.transpose()?,
        })
    }

    /// How often the most eager of them wants to know how far the job is.
    fn period(&self) -> Option<Duration> {
        // The job log writes out its lines then.
        let joblog = self.joblog.as_ref().map(|_| logfile::PERIOD);
        let events = self.events.as_ref().map(Events::period);
        [self.watcher.period(), joblog, events].into_iter().flatten().min()
    }

    /// Closes the files. A file that is not complete makes the outcome incomplete, unless it is worse
    /// already.
    fn close(
        self,
        delivery: &Delivery,
        report: Option<&Report>,
        mut outcome: Result<(), Outcome>,
    ) -> Result<(), Outcome> {
        if let Some(joblog) = self.joblog {
            outcome = and_closed(outcome, joblog.close());
        }
        if let Some(events) = self.events {
            let report = report.map(|report| (report, delivery.value(report)));
            let so_far = outcome.as_ref().err().unwrap_or(&Outcome::Done);
            let closed = events.close(report, so_far);
            outcome = and_closed(outcome, closed);
        }
        outcome
    }
}

fn and_closed(outcome: Result<(), Outcome>, closed: Result<(), String>) -> Result<(), Outcome> {
    match (outcome, closed) {
        (outcome, Ok(())) => outcome,
        (Ok(()), Err(message)) => Err(Outcome::Incomplete(message)),
        (Err(outcome), Err(message)) => {
            stderr::say_at_last(&format!("evenly: {message}\n"));
            Err(outcome)
        }
    }
}

impl Observer for Eyes {
    fn may_go_on(&mut self) -> bool {
        self.wiring.as_ref().is_none_or(WiringView::may_go_on)
    }

    fn observe(&mut self, observation: &Observation<'_>) {
        if let (Observation::Stage(stage, layout), Some(wiring)) = (observation, &mut self.wiring) {
            wiring.show(*stage, layout);
            return;
        }
        self.watcher.observe(observation);
        self.failures.observe(observation);
        if let Some(joblog) = &mut self.joblog {
            joblog.observe(observation);
        }
        if let Some(events) = &mut self.events {
            events.observe(observation);
        }
    }
}

fn functions() -> String {
    let mut text = String::new();
    for builtin in BUILTINS {
        let (name, summary, (range, count)) = (builtin.name, builtin.summary, builtin.example);
        let example = format!("evenly count {name} {range}");
        text += &format!("{name:<8}{summary:<28}{example:<30}{count}\n");
    }
    text
}

fn manual_page(name: Option<&str>) -> Result<String, Outcome> {
    let mut command = Arguments::command();
    command.build();
    let page = match name {
        None => command,
        Some(name) => match command.find_subcommand(name) {
            Some(found) => found.clone(),
            None => {
                let names = command.get_subcommands().map(clap::Command::get_name);
                let names = crate::usage::listed(names);
                return Err(Outcome::Usage(format!("no command '{name}'; there are {names}")));
            }
        },
    };
    let mut roff = Vec::new();
    clap_mangen::Man::new(page).render(&mut roff).map_err(|_| Outcome::Bug)?;
    Ok(String::from_utf8_lossy(&roff).into_owned())
}
