//! Carries out a command.

use crate::arguments::{Arguments, Command};
use crate::bar::Watcher;
use crate::exit::Outcome;
use crate::plan::Plan;
use crate::report;
use crate::wiring::WiringView;
use clap::CommandFactory;
use evenly::Job;
use evenly::function::BUILTINS;
use evenly::observe::{Observation, Observer};

/// Carries out a command, up to what it writes to standard output.
pub(crate) fn command(command: Command) -> Result<(), Outcome> {
    match command {
        Command::Count(arguments) => count(Plan::resolve(&arguments)?),
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
    let Plan { range, policy, workers, format, wiring, .. } = plan;
    let mut eyes = Eyes {
        watcher: Watcher::new(&plan),
        wiring: wiring.map(|wiring| WiringView::new(wiring, format)),
    };
    let function_name = plan.function.name().to_owned();
    let mut job = Job::count(range, plan.function).policy(policy).workers(workers);
    if let Some(period) = eyes.watcher.period() {
        job = job.progress_every(period);
    }
    if eyes.wiring.is_some() {
        job = job.stand_still_at_stages();
    }
    let outcome = job.run_observed(&mut eyes);
    eyes.watcher.end();
    let report = outcome?;
    if !report.failures.is_empty() {
        let numbers: u128 = report.failures.iter().map(|failure| failure.interval.len()).sum();
        return Err(Outcome::SomeFailed(format!("{numbers} numbers failed; there is no answer")));
    }
    report::write_out(&report::answer(&function_name, range, &report, format))
}

/// Everything that watches a job.
struct Eyes {
    watcher: Watcher,
    wiring: Option<WiringView>,
}

impl Observer for Eyes {
    fn observe(&mut self, observation: &Observation<'_>) {
        match (observation, &mut self.wiring) {
            (Observation::Stage(stage, layout), Some(wiring)) => wiring.show(*stage, layout),
            _ => self.watcher.observe(observation),
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
