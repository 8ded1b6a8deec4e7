//! Contender in a section of the benchmark: a command, and its expected answer.

use std::ffi::OsString;
use std::fs::File;
use std::io::ErrorKind::NotFound;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::joined::Listening;

/// What must stand on stdout.
pub(crate) enum Answer {
    /// This integer and nothing else.
    Integer(u128),
    /// Lines of integers, one for each process, that add up to this.
    SumOfLines(u128),
    /// This line and nothing else.
    Line(&'static str),
    /// Nothing: the command only starts processes.
    Nothing,
}

pub(crate) struct Contender {
    pub(crate) name: String,
    /// The reference, evenly itself, to which its peers' ratios are taken.
    pub(crate) is_evenly: bool,
    program: Option<PathBuf>,
    arguments: Vec<OsString>,
    environment: Vec<(&'static str, String)>,
    stdin: Option<PathBuf>,
    /// What it makes, and must not find.
    makes: Option<PathBuf>,
    /// Where an agent with one worker joins, and a directory for what that takes.
    agent: Option<(&'static str, PathBuf)>,
    answer: Answer,
}

impl Contender {
    /// A peer; without a program it is one that is not installed.
    pub(crate) fn peer(
        name: impl Into<String>,
        program: Option<&PathBuf>,
        arguments: &str,
        answer: Answer,
    ) -> Self {
        Self {
            name: name.into(),
            is_evenly: false,
            program: program.cloned(),
            arguments: arguments.split_whitespace().map(OsString::from).collect(),
            environment: Vec::new(),
            stdin: None,
            makes: None,
            agent: None,
            answer,
        }
    }

    /// Evenly with these arguments, which are its name in the table too.
    pub(crate) fn evenly(program: &Path, arguments: &str, answer: Answer) -> Self {
        let name = format!("evenly {arguments}");
        Self { is_evenly: true, ..Self::peer(name, Some(&program.into()), arguments, answer) }
    }

    /// Only if something else is installed, too.
    pub(crate) fn needing(mut self, is_installed: bool) -> Self {
        self.program = self.program.filter(|_| is_installed);
        self
    }

    /// Another name in the table.
    pub(crate) fn named(mut self, name: String) -> Self {
        self.name = name;
        self
    }

    /// Evenly itself, although a shell runs it.
    pub(crate) fn for_reference(mut self) -> Self {
        self.is_evenly = true;
        self
    }

    /// Evenly, too, but not what the others are compared with.
    pub(crate) fn for_comparison(mut self) -> Self {
        self.is_evenly = false;
        self
    }

    /// One more argument, a path that is removed before each run.
    pub(crate) fn file_that_it_makes(mut self, path: PathBuf) -> Self {
        self.makes = Some(path.clone());
        self.argument(path)
    }

    /// More arguments.
    pub(crate) fn arguments(mut self, words: &str) -> Self {
        self.arguments.extend(words.split_whitespace().map(OsString::from));
        self
    }

    /// One more argument, which may be a path.
    pub(crate) fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    pub(crate) fn environment(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// Evenly as a primary that listens at this address, joined there by one agent with one worker.
    pub(crate) fn with_agent(mut self, address: &'static str, paths: PathBuf) -> Self {
        let kind = address.split(':').next().unwrap_or_default();
        self.name = format!("{}, one agent over {kind}", self.name);
        self.is_evenly = false;
        self.agent = Some((address, paths));
        self
    }

    /// Reads this file as stdin, instead of nothing.
    pub(crate) fn stdin(mut self, path: PathBuf) -> Self {
        self.stdin = Some(path);
        self
    }

    pub(crate) fn is_installed(&self) -> bool {
        self.program.is_some()
    }

    /// The command, ready to start; `None` if the contender is not installed.
    pub(crate) fn command(&self) -> Result<Option<Command>, String> {
        let Some(program) = &self.program else { return Ok(None) };
        let mut command = Command::new(program);
        command.args(&self.arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(match &self.stdin {
            None => Stdio::null(),
            Some(path) => {
                File::open(path).map_err(|error| format!("{}: {error}", path.display()))?.into()
            }
        });
        Ok(Some(command))
    }

    /// Runs once, from before the process is made until it has been waited for.
    pub(crate) fn time(&self) -> Result<Duration, String> {
        let failed = |why: String| format!("{}: {why}", self.name);
        let Some(mut command) = self.command().map_err(failed)? else {
            return Err(failed("not installed".into()));
        };
        if let Some(path) = &self.makes {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != NotFound => return Err(failed(error.to_string())),
                _ => {}
            }
        }
        let started = Instant::now();
        let output = match &self.agent {
            Some((address, paths)) => self.output_with_agent(address, paths),
            None => command.output().map_err(|error| error.to_string()),
        };
        let elapsed = started.elapsed();
        let output = output.map_err(failed)?;
        self.check(&output).map_err(failed)?;
        Ok(elapsed)
    }

    fn output_with_agent(&self, address: &str, paths: &Path) -> Result<Output, String> {
        let program = self.program.as_deref().ok_or("not installed")?;
        let words: Vec<_> = self.arguments.iter().map(|word| word.to_string_lossy()).collect();
        let listening = Listening::start(program, &words.join(" "), address, paths)?;
        let mut agent = listening.join("-j 1")?;
        let output = listening.answer();
        agent.wait().map_err(|error| error.to_string())?;
        output
    }

    fn check(&self, output: &Output) -> Result<(), String> {
        let stdout = String::from_utf8_lossy(&output.stdout);
        let stderr = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            let said = stderr.lines().last().unwrap_or("nothing on stderr");
            return Err(format!("{} ({said})", output.status));
        }
        let sum = || stdout.lines().map(str::parse::<u128>).sum::<Result<u128, _>>().ok();
        let right = match self.answer {
            Answer::Integer(integer) => stdout.trim_end() == integer.to_string(),
            Answer::Line(line) => stdout.trim_end() == line,
            Answer::SumOfLines(total) => sum() == Some(total),
            Answer::Nothing => stdout.is_empty(),
        };
        if right { Ok(()) } else { Err(format!("wrong answer `{}`", stdout.trim_end())) }
    }
}
