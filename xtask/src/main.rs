//! What the project needs done that is not the product itself: `cargo xtask COMMAND`.

#![expect(clippy::print_stdout, reason = "its commands print tables")]

mod bench;
mod chaos;
mod place;
mod sim;
mod table;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  bench    measure evenly beside its peers (cargo xtask bench --help)
  chaos    do harm to evenly's processes and hold its answers against known ones
           (cargo xtask chaos --help)
  sim      simulate whole runs from seeds (cargo xtask sim --help)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((command, rest)) = arguments.split_first() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match command.as_str() {
        "bench" => bench::main(rest),
        "chaos" => chaos::main(rest),
        chaos::launch::COMMAND => chaos::launch::main(rest),
        "sim" => sim::main(rest),
        "help" | "-h" | "--help" => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        unknown => {
            eprintln!("xtask: no command is named `{unknown}`\n{USAGE}");
            ExitCode::from(2)
        }
    }
}
