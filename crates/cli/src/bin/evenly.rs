//! The program `evenly`.

use std::process::ExitCode;

fn main() -> ExitCode {
    evenly_cli::main()
}
