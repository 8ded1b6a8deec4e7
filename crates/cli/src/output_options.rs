//! Options of `run` about the output of its commands: tags and result files.

use crate::exit::ExitOutcome;
use crate::option::option;
use crate::output_tails::OutputTails;
use crate::size::parse_size;
use clap::{Args, ValueEnum};
use evenly::function::{Command, Form, ResultFiles};
use rustix::fs::{Access, access};
use std::path::{Path, PathBuf};

// The options as they are typed.
#[derive(Debug, Args)]
pub(crate) struct OutputArguments {
    /// Begin each line of CMD, also on standard error, with its n, or its chunk, and a tab
    #[arg(long)]
    pub(crate) tag: bool,
    /// Pass on whole lines while CMD runs. Lines of two commands may follow each other, but no line is mixed with
    /// another. With --keep-order, those of the lowest number. Lines of a try that fails are printed, too
    #[arg(long, visible_alias = "lb")]
    pub(crate) line_buffer: bool,
    /// End a CMD that prints more: its n fails. Without this option there is no limit: output above 16 MiB goes
    /// through a temporary file in TMPDIR
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_output: Option<String>,
    /// Also write the output of each CMD to files: DIR/N/stdout, DIR/N/stderr and DIR/N/exit, or DIR/START..END/…
    /// for a chunk; existing files are replaced
    #[arg(long, value_name = "DIR")]
    pub(crate) results: Option<PathBuf>,
    /// Which runs of CMD get files: all, or those that failed [default: all]
    #[arg(long, value_enum, value_name = "WHICH", requires = "results")]
    pub(crate) results_of: Option<ResultsOf>,
}

/// Runs that get result files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ResultsOf {
    All,
    Failed,
}

/// The checked options.
#[derive(Clone, Debug, Default)]
pub(crate) struct OutputOptions {
    is_tagged: bool,
    has_live_lines: bool,
    max_output: Option<u64>,
    results: Option<ResultFiles>,
    /// The directory of the result files.
    directory: Option<PathBuf>,
    /// Where the report of `--junit` reads the last lines of failed commands.
    tails: Option<OutputTails>,
}

impl OutputArguments {
    /// Checks the options, and changes no file.
    ///
    /// # Errors
    /// One line with the reason: the directory cannot be used.
    pub(crate) fn resolve(self) -> Result<OutputOptions, ExitOutcome> {
        if let Some(directory) = &self.results {
            check_directory(directory).map_err(ExitOutcome::Usage)?;
        }
        let max_output = option("max-output", self.max_output.as_deref(), parse_size)?;
        let directory = self.results.clone();
        let results = self.results.map(|directory| {
            let files = ResultFiles::new(directory);
            match self.results_of {
                Some(ResultsOf::Failed) => files.failures_only(),
                Some(ResultsOf::All) | None => files,
            }
        });
        Ok(OutputOptions {
            is_tagged: self.tag,
            has_live_lines: self.line_buffer,
            max_output,
            results,
            directory,
            tails: None,
        })
    }
}

impl OutputOptions {
    /// Where the report of `--junit` reads the last lines of failed commands, if it is wanted.
    pub(crate) fn tails(&mut self, is_wanted: bool) -> Option<OutputTails> {
        if !is_wanted {
            return None;
        }
        self.tails = Some(match &self.directory {
            Some(directory) => OutputTails::of_results(directory),
            None => OutputTails::temporary(),
        });
        self.tails.clone()
    }

    /// Applies the options to a command. `has_agents`: agents may join the job.
    ///
    /// # Errors
    /// One line with the reason: an option does not fit the command.
    pub(crate) fn apply(self, mut command: Command, has_agents: bool) -> Result<Command, String> {
        if self.is_tagged {
            command = command.tagged();
        }
        let is_coprocess = command.form() == Form::Coprocess;
        if self.has_live_lines {
            if is_coprocess {
                return Err("--line-buffer is for commands that end; a coprocess answers each chunk with one line, \
                            which is passed on at once; leave out --line-buffer"
                    .to_owned());
            }
            command = command.line_buffered();
        }
        if let Some(bytes) = self.max_output {
            if is_coprocess {
                return Err("--max-output is for commands that end; an answer of a coprocess has at most 16 MiB; \
                            leave out --max-output"
                    .to_owned());
            }
            command = command.max_output(bytes);
        }
        let Some(files) = self.results else {
            return Ok(match self.tails {
                Some(tails) => command.results(tails.files()),
                None => command,
            });
        };
        if is_coprocess {
            return Err(
                "--results is for commands that end; a coprocess answers many chunks with one \
                        output; leave one of them out"
                    .to_owned(),
            );
        }
        if has_agents {
            return Err("--results writes files on the machine where a command runs, and agents \
                        have no such option; leave out --listen and --on, or --results"
                .to_owned());
        }
        Ok(command.results(files))
    }
}

/// Checks that files can be made in a directory, or that it can be made.
fn check_directory(directory: &Path) -> Result<(), String> {
    let cannot = |cause: &dyn std::fmt::Display| {
        let directory = evenly::printable(directory.as_os_str().as_encoded_bytes(), 4096);
        format!("cannot write to the directory '{directory}' of --results: {cause}; name another")
    };
    let existing = directory.ancestors().find(|path| path.exists());
    let existing = existing.filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !existing.is_dir() {
        let name = evenly::printable(existing.as_os_str().as_encoded_bytes(), 4096);
        return Err(cannot(&format!("'{name}' is not a directory")));
    }
    let may_write = access(existing, Access::WRITE_OK | Access::EXEC_OK);
    may_write.map_err(|cause| cannot(&std::io::Error::from(cause)))
}
