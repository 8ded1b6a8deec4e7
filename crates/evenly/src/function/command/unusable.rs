//! Error of a command line of `run` that is refused before work starts.

use super::obstacle::Obstacle;
use evenly_core::printable;
use evenly_core::printable::LIMIT;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// Why a command cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableCommand {
    /// There is no word in it.
    #[error("no command is given behind --; as in -- ./test {{}}")]
    Empty,
    /// Its first word is empty, as an unset variable of a shell makes it.
    #[error("the command behind -- is an empty word; write a program there, as in -- ./test {{}}")]
    EmptyName,
    /// No number has a place in it.
    #[error("'{command}' has no place for {missing}")]
    NoMark {
        /// The command.
        command: String,
        /// What an item is, and which placeholders it can have.
        missing: String,
    },
    /// A word has a placeholder that no number replaces.
    #[error(
        "unknown placeholder '{placeholder}' in '{command}'; the placeholders are {placeholders}; braces of a \
         program's text can go into a script file"
    )]
    UnknownPlaceholder {
        /// The placeholder.
        placeholder: String,
        /// The command.
        command: String,
        /// Those that it can have, and what each is for.
        placeholders: String,
    },
    /// It has places for single numbers and for chunks.
    #[error(
        "'{command}' has {{}} and {{start}} or {{end}} in it; is it run for each n, or for each chunk?"
    )]
    BothMarks {
        /// The command.
        command: String,
    },
    /// A script for an array job is run for each number, and a coprocess for none.
    #[error("--as is for a command that is run once for each n; '{command}' is not")]
    NoArray {
        /// The command.
        command: String,
    },
    /// The directory in which an array job was submitted does not fit into a message to agents.
    #[error(
        "the path of the working directory is too long to be sent to agents, whose tasks get it (--as); start \
         evenly in a directory with a path below 300 bytes"
    )]
    LongDirectory,
    /// There is no such program.
    #[error("no program '{program}' in PATH; {advice}", advice = instead_of_missing(.program))]
    NotFound {
        /// Its name.
        program: String,
    },
    /// The program cannot be executed.
    #[error("cannot execute '{program}': {cause}")]
    NotExecutable {
        /// Its name or path.
        program: String,
        /// Why.
        cause: Obstacle,
    },
}

impl UnusableCommand {
    /// A program that cannot be executed.
    pub(super) fn not_executable(program: &OsStr, cause: Obstacle) -> Self {
        Self::NotExecutable { program: printable(program.as_bytes(), LIMIT), cause }
    }
}

/// Commands of shells that are no programs.
const BUILTINS: [&str; 20] = [
    "cd", "export", "source", ".", "eval", "exec", "set", "unset", "ulimit", "umask", "read",
    "alias", "for", "while", "if", "case", "[[", "declare", "local", "shift",
];

/// What to write in place of a program that there is not: it may be meant for a shell.
fn instead_of_missing(program: &str) -> String {
    if program.contains('=') {
        return format!("to set a variable write: env {program} CMD");
    }
    if BUILTINS.contains(&program) {
        return format!("it is a command of shells; write: bash -c '{program} …' bash {{}}");
    }
    format!(
        "write a path, as in ./{program}, or install it; a function of a shell needs export -f {program}, and \
         bash -c '{program} \"$1\"' bash {{}}"
    )
}
