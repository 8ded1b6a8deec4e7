//! Arguments, files and directory with which `--on` starts each agent.

use std::ffi::OsString;
use std::path::PathBuf;

/// What an agent of this call is started with.
#[derive(Clone, Debug, Default)]
pub(super) struct AgentCall {
    pub(super) lib: Option<String>,
    pub(super) depends: Vec<PathBuf>,
    pub(super) cmd: Vec<OsString>,
    pub(super) directory: PathBuf,
    pub(super) silence: Option<String>,
    pub(super) is_verbose: bool,
}

impl AgentCall {
    /// Adds the words of `join` for a machine that has the files of the call under the same paths.
    pub(super) fn push_words(&self, words: &mut Vec<OsString>) {
        words.push(if self.is_verbose { "-v" } else { "-q" }.into());
        if let Some(silence) = &self.silence {
            words.push(format!("--silence={silence}").into());
        }
        if let Some(lib) = &self.lib {
            words.extend(["--lib".into(), lib.into()]);
        }
        for file in &self.depends {
            words.extend(["--depends".into(), file.into()]);
        }
        if !self.cmd.is_empty() {
            words.push("--".into());
            words.extend(self.cmd.iter().cloned());
        }
    }
}
