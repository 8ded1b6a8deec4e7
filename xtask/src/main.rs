//! `cargo xtask`: benchmarks, simulations and checks for developers.

#![expect(clippy::print_stdout, reason = "its commands print tables")]

mod bench;
mod chaos;
mod circles;
mod features;
mod paths;
mod scale;
mod sim;
mod table;

use clap::Parser;
use std::process::ExitCode;

/// Benchmarks, simulations and checks for developers of evenly
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
enum Command {
    /// Compare the speed of evenly with that of other programs, in alternating runs
    Bench(bench::Options),
    /// Run evenly under faults (killed, stopped, signalled processes) and check its answers
    Chaos(chaos::Options),
    /// Check that no files of a crate import each other in a circle
    Circles(circles::Arguments),
    /// Build the library with none and with each of its features, and count the crates it compiles
    Features,
    /// Measure what the engine of a primary costs with very many simulated agents
    Scale(scale::Arguments),
    /// Simulate whole runs of the core from seeds, and print each seed that fails
    Sim(sim::Arguments),
    /// Become a program that ends with the process that starts it (for chaos)
    #[command(hide = true)]
    ChaosLaunch(chaos::launch::Arguments),
}

fn main() -> ExitCode {
    match Command::parse() {
        Command::Bench(options) => bench::main(&options),
        Command::Chaos(options) => chaos::main(options),
        Command::Circles(arguments) => circles::main(&arguments),
        Command::Features => features::main(),
        Command::Scale(arguments) => scale::main(&arguments),
        Command::Sim(arguments) => sim::main(&arguments),
        Command::ChaosLaunch(arguments) => chaos::launch::main(&arguments),
    }
}
