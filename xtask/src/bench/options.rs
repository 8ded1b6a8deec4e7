//! What was typed after `cargo xtask bench`, and what it means.

use std::path::PathBuf;

pub(crate) const USAGE: &str = "\
usage: cargo xtask bench [OPTIONS] [SECTION...]

sections: compute expression library commands output dispatch agents startup
          prime culprit journal memory size
          (default: all but size)

  --quick          3 rounds instead of 5, and less work in each
  --markdown       print the tables as markdown
  --build          measure size too: binary, crates, time of a clean build
  --workers N      workers in compute, dispatch and prime (default 2)
  --evenly PATH    measure this program instead of building target/release/evenly
  --against REV    evenly beside the evenly of an earlier revision, and no other section unless named
  -h, --help       print this";

/// One subject, one table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Compute,
    Expression,
    Commands,
    Library,
    Output,
    Dispatch,
    Agents,
    Startup,
    Prime,
    Culprit,
    Journal,
    Memory,
    Size,
}

impl Section {
    const ALL: [Self; 13] = [
        Self::Compute,
        Self::Expression,
        Self::Commands,
        Self::Library,
        Self::Output,
        Self::Dispatch,
        Self::Agents,
        Self::Startup,
        Self::Prime,
        Self::Culprit,
        Self::Journal,
        Self::Memory,
        Self::Size,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Compute => "compute",
            Self::Expression => "expression",
            Self::Commands => "commands",
            Self::Library => "library",
            Self::Output => "output",
            Self::Dispatch => "dispatch",
            Self::Agents => "agents",
            Self::Startup => "startup",
            Self::Prime => "prime",
            Self::Culprit => "culprit",
            Self::Journal => "journal",
            Self::Memory => "memory",
            Self::Size => "size",
        }
    }
}

pub(crate) struct Options {
    pub(crate) quick: bool,
    pub(crate) markdown: bool,
    pub(crate) workers: usize,
    pub(crate) evenly: Option<PathBuf>,
    /// A revision of this repository.
    pub(crate) against: Option<String>,
    pub(crate) sections: Vec<Section>,
}

impl Options {
    /// How often each contender is measured, after one round to warm up.
    pub(crate) fn rounds(&self) -> usize {
        if self.quick { 3 } else { 5 }
    }
}

pub(crate) enum Parsed {
    Run(Options),
    Help,
}

pub(crate) fn parse(arguments: &[String]) -> Result<Parsed, String> {
    let mut options = Options {
        quick: false,
        markdown: false,
        workers: 2,
        evenly: None,
        against: None,
        sections: Vec::new(),
    };
    let mut build = false;
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "-h" | "--help" => return Ok(Parsed::Help),
            "--quick" => options.quick = true,
            "--markdown" => options.markdown = true,
            "--build" => build = true,
            "--evenly" => options.evenly = Some(PathBuf::from(value()?)),
            "--against" => options.against = Some(value()?.clone()),
            "--workers" => {
                let text = value()?;
                options.workers = match text.parse() {
                    Ok(workers) if workers >= 1 => workers,
                    _ => return Err(format!("--workers needs a number from 1, not `{text}`")),
                };
            }
            name => match Section::ALL.into_iter().find(|section| section.name() == name) {
                Some(section) => options.sections.push(section),
                None => return Err(format!("neither an option nor a section: `{name}`")),
            },
        }
    }
    if options.sections.is_empty() && options.against.is_none() {
        options.sections.extend(Section::ALL.into_iter().filter(|s| *s != Section::Size));
    }
    if build && !options.sections.contains(&Section::Size) {
        options.sections.push(Section::Size);
    }
    Ok(Parsed::Run(options))
}
