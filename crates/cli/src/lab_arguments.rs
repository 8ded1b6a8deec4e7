//! Declaration of the arguments of `evenly lab`.

use crate::examples;
use crate::shared_arguments::LanguageArguments;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct LabArguments {
    #[command(subcommand)]
    pub(crate) command: Option<LabCommand>,
    /// The exercise; without it all exercises are listed
    #[arg(value_name = "EXERCISE")]
    pub(crate) exercise: Option<String>,
    /// Show the exercise without asking for a prediction
    #[arg(long, requires = "exercise", conflicts_with = "source")]
    pub(crate) auto: bool,
    /// Print the program with the mistake, and run nothing: c or rust
    #[arg(
        long,
        value_enum,
        requires = "exercise",
        value_name = "LANGUAGE",
        hide_possible_values = true
    )]
    pub(crate) source: Option<SourceLanguage>,
    /// With --source: print the program without the mistake
    #[arg(long, requires = "source")]
    pub(crate) fixed: bool,
    #[command(flatten)]
    pub(crate) language: LanguageArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LabCommand {
    /// Compile and try your own solution of the exercise of the class, and say what is wrong, a sentence each
    #[command(after_help = examples::LAB_CHECK)]
    Check {
        /// The C file. The program is called as PROGRAM WORKERS N, or PROGRAM WORKERS 0 N, and prints how many numbers of 0..N
        /// are even
        file: PathBuf,
        #[command(flatten)]
        language: LanguageArguments,
    },
}

/// The languages of the programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SourceLanguage {
    C,
    Rust,
}
