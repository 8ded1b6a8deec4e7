//! Job with a listening primary and its agents, for the benchmark.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};

/// A primary that waits for agents, and has said where.
pub(crate) struct Listening {
    pub(crate) primary: Child,
    /// What it says on standard error.
    pub(crate) said: BufReader<ChildStderr>,
    address: String,
    program: std::path::PathBuf,
    keys: std::path::PathBuf,
}

impl Listening {
    /// Starts a primary with these words, which listens at `address`. `place` is a directory for its
    /// key and its socket.
    pub(crate) fn start(
        program: &Path,
        words: &str,
        address: &str,
        paths: &Path,
    ) -> Result<Self, String> {
        let address = address.replace("{}", &paths.display().to_string());
        let mut command = Command::new(program);
        command.args(words.split_whitespace()).args(["--listen", &address]);
        command.env("XDG_CONFIG_HOME", paths);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut primary = command.spawn().map_err(|error| error.to_string())?;
        let Some(stderr) = primary.stderr.take() else { return Err("no stderr".into()) };
        let mut said = BufReader::new(stderr);
        let mut line = String::new();
        said.read_line(&mut line).map_err(|error| error.to_string())?;
        let Some(address) = line.trim_end().strip_prefix("evenly: listening at ") else {
            return Err(format!("the primary says: {line}"));
        };
        let address = address.to_owned();
        let (program, keys) = (program.to_owned(), paths.to_owned());
        Ok(Self { primary, said, address, program, keys })
    }

    /// Starts an agent.
    pub(crate) fn join(&self, words: &str) -> Result<Child, String> {
        let mut command = Command::new(&self.program);
        command.args(["join", "--quiet", &self.address]).args(words.split_whitespace());
        command.env("XDG_CONFIG_HOME", &self.keys);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().map_err(|error| error.to_string())
    }

    /// The next line that the primary says and that has this in it.
    pub(crate) fn wait_for(&mut self, what: &str) -> Result<(), String> {
        let mut line = String::new();
        loop {
            line.clear();
            match self.said.read_line(&mut line) {
                Ok(0) => return Err(format!("the primary never said: {what}")),
                Ok(_) if line.contains(what) => return Ok(()),
                Ok(_) => {}
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    /// Waits for the answer.
    pub(crate) fn answer(self) -> Result<Output, String> {
        // Standard error is not needed.
        let Self { primary, said, .. } = self;
        let output = primary.wait_with_output().map_err(|error| error.to_string())?;
        drop(said);
        Ok(output)
    }
}
