//! Launcher of a run that ends with xtask: sets PR_SET_PDEATHSIG in a second xtask process before exec, since std has
//! no safe hook between fork and exec.

use clap::Args;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

use rustix::process::{
    Resource, Rlimit, Signal, getppid, set_parent_process_death_signal, setrlimit,
};

/// The command of xtask that becomes a run. It is in no usage text.
const COMMAND: &str = "chaos-launch";

/// What the new process is called with.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The process that must live for the program to run
    parent: u32,
    /// The program
    program: PathBuf,
    /// Its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

/// Starts `program` with these words, all of its output captured, and this in its environment and
/// that of every process of the run.
///
/// It ends when the thread that called this does (PR_SET_PDEATHSIG(2const)).
pub(crate) fn start(program: &Path, words: &str, mark: (&str, &str)) -> io::Result<Child> {
    // Not the path of xtask, which may have been built anew meanwhile.
    let mut command = Command::new("/proc/self/exe");
    command.args([COMMAND, &std::process::id().to_string()]);
    command.arg(program).args(words.split_whitespace()).env(mark.0, mark.1);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own, whose parent is in another group of the same session: there SIGTSTP stops
    // (setpgid(2)), and the terminal's Ctrl-C reaches xtask alone.
    command.process_group(0).spawn()
}

/// Becomes the program, unless its parent has ended already.
pub(crate) fn main(arguments: &Arguments) -> ExitCode {
    let prepared = set_parent_process_death_signal(Some(Signal::KILL)).and_then(|()| {
        // Signals that would leave a core file are sent by the thousand.
        setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })
    });
    if let Err(error) = prepared {
        eprintln!("xtask {COMMAND}: {error}");
        return ExitCode::FAILURE;
    }
    let parent = getppid().map(|pid| pid.as_raw_nonzero().get());
    let has_parent = parent.is_some_and(|pid| u32::try_from(pid) == Ok(arguments.parent));
    if !has_parent {
        // It died before it could be arranged that we die with it.
        return ExitCode::FAILURE;
    }
    let error = Command::new(&arguments.program).args(&arguments.words).exec();
    eprintln!("xtask {COMMAND}: {}: {error}", arguments.program.display());
    ExitCode::FAILURE
}
