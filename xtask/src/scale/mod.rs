//! `cargo xtask scale`: what the engine of a primary costs with 100 to 100 000 simulated agents.
//!
//! Each size runs in a process of its own, because memory that one engine has freed would be used by the next.

mod fleet;
mod plot;
mod report;
mod run;

use clap::Args;
use std::process::{Command, ExitCode};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Numbers of agents
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "100,1000,10000,100000")]
    agents: Vec<usize>,
    /// Write the table into docs/scale.md, and the plots beside it
    #[arg(long)]
    write: bool,
    /// Measure one size in this process, and print its figures
    #[arg(long, hide = true, value_name = "N", conflicts_with_all = ["agents", "write"])]
    alone: Option<usize>,
}

pub(crate) fn main(arguments: &Arguments) -> ExitCode {
    match (arguments.alone, cfg!(debug_assertions)) {
        // Assertions look at more than the engine has to.
        (None, true) => again_without_assertions(),
        (Some(agents), _) => {
            end(run::measure(agents).map(|found| print!("{}", report::raw(&found))))
        }
        (None, false) => end(measure_all(arguments)),
    }
}

fn end(outcome: Result<(), String>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask scale: {error}");
            ExitCode::FAILURE
        }
    }
}

fn again_without_assertions() -> ExitCode {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["run", "--quiet", "--release", "--package", "xtask", "--"]);
    match command.args(std::env::args_os().skip(1)).status() {
        Ok(status) => ExitCode::from(status.code().unwrap_or(1) as u8),
        Err(error) => end(Err(format!("cargo: {error}"))),
    }
}

fn measure_all(arguments: &Arguments) -> Result<(), String> {
    let mut found = Vec::new();
    for agents in arguments.agents.iter().copied().filter(|agents| *agents > 2) {
        found.push((agents, measure_alone(agents)?));
    }
    print!("{}", report::table(&found, crate::table::Style::Text));
    if arguments.write { report::write(&found) } else { Ok(()) }
}

/// Measures one size in another process.
fn measure_alone(agents: usize) -> Result<run::Measured, String> {
    let program = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
    let mut command = Command::new(program);
    let output = command.args(["scale", "--alone", &agents.to_string()]).output();
    let output = output.map_err(|error| format!("cannot start a measurement: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    match report::parse(&text).filter(|_| output.status.success()) {
        Some(measured) => Ok(measured),
        None => Err(format!("{agents} agents: {}; {}", output.status, said.trim())),
    }
}
