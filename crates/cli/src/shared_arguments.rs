//! Options that several commands have in the same words.

use crate::exit::ExitOutcome;
use crate::messages::Volume;
use crate::number::parse_count;
use crate::option::option;
use clap::{Args, ValueEnum};
use evenly_inspect::Language;
use std::num::NonZeroU64;

// Of find and failures.
#[derive(Debug, Args)]
pub(crate) struct FirstArguments {
    /// Print only the K lowest; the numbers above them are not tested
    #[arg(long, value_name = "K", allow_hyphen_values = true)]
    first: Option<String>,
}

impl FirstArguments {
    pub(crate) fn resolve(&self) -> Result<Option<NonZeroU64>, ExitOutcome> {
        option("first", self.first.as_deref(), parse_count)
    }
}

// Of the verbs that give an answer, and of resume.
#[derive(Debug, Args)]
pub(crate) struct PartialArguments {
    /// If some n fail, print the answer over the others (the exit status is still 3)
    #[arg(long)]
    pub(crate) partial: bool,
}

// Of jobs and agents.
#[derive(Debug, Args)]
pub(crate) struct KeyVariableArguments {
    /// Read the key from this environment variable, which has the text of `evenly key show --text`; for containers
    #[arg(long, value_name = "VAR", conflicts_with = "key_file")]
    pub(crate) key_env: Option<String>,
}

// Of join and agent.
#[derive(Debug, Args)]
pub(crate) struct AgentWorkersArguments {
    /// Workers on this machine: N, or N% of the CPUs that this process may use, or +N or -N: N more or
    /// fewer than these CPUs, at least 1 [default: 100%]
    #[arg(short = 'j', long, alias = "jobs", value_name = "N", allow_negative_numbers = true)]
    pub(crate) workers: Option<String>,
}

// Of join and agent.
#[derive(Debug, Args)]
pub(crate) struct AgentMessagesArguments {
    /// Print only errors on standard error
    #[arg(short, long)]
    quiet: bool,
    /// Print more on standard error: started workers, failed attempts
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
}

impl AgentMessagesArguments {
    pub(crate) fn volume(&self) -> Volume {
        Volume::of(self.quiet, self.verbose)
    }
}

// Of inspect, lab and lab check.
#[derive(Debug, Args)]
pub(crate) struct LanguageArguments {
    /// Language of the texts: en or es [default: that of LC_ALL, LC_MESSAGES or LANG]
    #[arg(long, value_enum, value_name = "LANGUAGE", hide_possible_values = true)]
    lang: Option<LanguageArgument>,
}

impl LanguageArguments {
    pub(crate) fn chosen(&self) -> Language {
        LanguageArgument::chosen(self.lang)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LanguageArgument {
    En,
    Es,
}

impl LanguageArgument {
    /// The language of `--lang`, or that of the environment.
    pub(crate) fn chosen(given: Option<Self>) -> Language {
        match given {
            Some(Self::En) => Language::English,
            Some(Self::Es) => Language::Spanish,
            None => Language::of_environment(),
        }
    }
}
