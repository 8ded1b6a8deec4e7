//! `cargo xtask COMMAND`: benchmarks, simulations and long checks that are no part of the product.

#![expect(clippy::print_stdout, reason = "its commands print tables")]

mod bench;
mod chaos;
mod circles;
mod features;
mod place;
mod sim;
mod table;

use clap::Parser;
use std::process::ExitCode;

/// Benchmarks, simulations and long checks of evenly
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
enum Command {
    /// Measure evenly beside its peers, alternately, in one run
    Bench(bench::Options),
    /// Cause faults in processes of evenly and compare its answers with known ones
    Chaos(chaos::Options),
    /// Find files that import each other in a circle
    Circles(circles::Arguments),
    /// Build the library with none and with each of its features, and count the crates it compiles
    Features,
    /// Simulate whole runs from seeds
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
        Command::Sim(arguments) => sim::main(&arguments),
        Command::ChaosLaunch(arguments) => chaos::launch::main(&arguments),
    }
}
