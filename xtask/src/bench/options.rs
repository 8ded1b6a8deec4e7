//! Arguments of `cargo xtask bench`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// A subject of the benchmark: one table, or a few.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Section {
    Compute,
    Expression,
    Commands,
    Chunks,
    Library,
    Closures,
    Output,
    Dispatch,
    Agents,
    Startup,
    Prime,
    Theory,
    Questions,
    Culprit,
    Journal,
    Memory,
    Size,
}

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Measure 3 rounds instead of 5, with less work in each
    #[arg(long)]
    pub(crate) quick: bool,
    /// Print the tables as markdown
    #[arg(long)]
    pub(crate) markdown: bool,
    /// Measure size too: the binary, its crates, the time of a clean build
    #[arg(long)]
    build: bool,
    /// Workers in compute, dispatch and prime
    #[arg(long, value_name = "N", default_value = "2", value_parser = workers)]
    pub(crate) workers: usize,
    /// Measure this program instead of building target/release/evenly
    #[arg(long, value_name = "PATH")]
    pub(crate) evenly: Option<PathBuf>,
    /// Measure evenly beside the evenly of this revision, and no section that is not named
    #[arg(long, value_name = "REV")]
    pub(crate) against: Option<String>,
    /// What to measure [default: all but size]
    #[arg(value_name = "SECTION")]
    sections: Vec<Section>,
}

impl Options {
    /// Rounds in which each contender is measured, after one to warm up.
    pub(crate) fn rounds(&self) -> usize {
        if self.quick { 3 } else { 5 }
    }

    /// The sections to measure, in order.
    pub(crate) fn sections(&self) -> Vec<Section> {
        let mut sections = self.sections.clone();
        if sections.is_empty() && self.against.is_none() {
            sections.extend(Section::value_variants().iter().filter(|one| **one != Section::Size));
        }
        if self.build && !sections.contains(&Section::Size) {
            sections.push(Section::Size);
        }
        sections
    }
}

fn workers(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|workers| *workers >= 1)
        .ok_or_else(|| "not a number from 1".to_owned())
}
