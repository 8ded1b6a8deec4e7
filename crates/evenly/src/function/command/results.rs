//! Result files of a command: the output, the error output and the exit status of each run (`--results DIR`).
//!
//! Each file gets its contents under a temporary name, and then its own name. The file `exit` is removed first and comes
//! last: where it exists, the other two are whole and of the same run.

use evenly_core::{Cause, Interval};
use std::fs::{File, create_dir_all, remove_dir, remove_file, rename};
use std::io::{self, Error, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Names of the three files.
const OUTPUT: &str = "stdout";
const ERRORS: &str = "stderr";
const EXIT: &str = "exit";
/// Name of the file with the text of the line that the run was for.
const LINE: &str = "line";

/// Standard output of a run: what is in a file, and then what is in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeptOutput<'a> {
    pub(crate) file: Option<&'a File>,
    pub(crate) memory: &'a [u8],
}

impl KeptOutput<'_> {
    /// Copies its last bytes, at most `most`.
    fn copy_end(self, most: usize, mut to: impl Write) -> Result<(), Error> {
        let Self { file, memory } = self;
        let most_of_file = most.saturating_sub(memory.len()) as u64;
        if let Some(mut file) = file {
            let start = file.seek(SeekFrom::End(0))?.saturating_sub(most_of_file);
            file.seek(SeekFrom::Start(start))?;
            io::copy(&mut file.take(most_of_file), &mut to)?;
        }
        to.write_all(&memory[memory.len().saturating_sub(most)..])
    }
}

/// Directory for the result files of a command, and the runs that get some.
#[derive(Clone, Debug)]
pub struct ResultFiles {
    directory: PathBuf,
    has_failures_only: bool,
    /// Most bytes of each output, from its end.
    most: usize,
}

impl ResultFiles {
    /// Result files of every run in this directory: `N/stdout`, `N/stderr` and `N/exit` for n = N, and
    /// `START..END/…` for a chunk, with END excluded. Existing files are replaced.
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        Self { directory, has_failures_only: false, most: usize::MAX }
    }

    /// Result files of failed runs only. Those that an earlier run left are removed when its numbers succeed.
    #[must_use]
    pub fn failures_only(self) -> Self {
        Self { has_failures_only: true, ..self }
    }

    /// Result files with only the end of each output.
    #[must_use]
    pub fn last_bytes(self, most: usize) -> Self {
        Self { most, ..self }
    }

    /// Writes the files of one run: the text of its line if it has one, its standard output, its standard error, and how
    /// it ended.
    ///
    /// # Errors
    /// If one of them cannot be written.
    pub(crate) fn write(
        &self,
        name: &str,
        (line, output, errors): (Option<&[u8]>, KeptOutput<'_>, &[u8]),
        outcome: Result<(), Cause>,
    ) -> Result<(), Error> {
        let directory = self.directory.join(name);
        if self.has_failures_only && outcome.is_ok() {
            return remove(&directory);
        }
        let errors = KeptOutput { file: None, memory: errors };
        let exit = exit_text(outcome);
        let exit = KeptOutput { file: None, memory: exit.as_bytes() };
        create_dir_all(&directory)?;
        remove_if_there(&directory.join(EXIT))?;
        if let Some(memory) = line {
            let line = KeptOutput { file: None, memory };
            replace(&directory, LINE, |file| line.copy_end(usize::MAX, file))?;
        }
        replace(&directory, OUTPUT, |file| output.copy_end(self.most, file))?;
        replace(&directory, ERRORS, |file| errors.copy_end(self.most, file))?;
        replace(&directory, EXIT, |file| exit.copy_end(usize::MAX, file))
    }
}

/// The name of a run in paths and tags: `7`, or `0..250` for a chunk, with the end excluded. It has digits, dots and
/// minus signs only, so every file system takes it.
pub(super) fn run_name(numbers: Interval, is_chunk: bool) -> String {
    if is_chunk {
        format!("{}..{}", numbers.first(), i128::from(numbers.last()) + 1)
    } else {
        numbers.first().to_string()
    }
}

/// The exit status, so that scripts can compare it as a number; in its place the cause, if the command did not exit.
fn exit_text(outcome: Result<(), Cause>) -> String {
    match outcome {
        Ok(()) => "0\n".to_owned(),
        Err(Cause::Exit(status)) => format!("{status}\n"),
        Err(cause) => format!("{cause}\n"),
    }
}

fn replace(
    directory: &Path,
    name: &str,
    write: impl FnOnce(File) -> Result<(), Error>,
) -> Result<(), Error> {
    // Another worker may write the same file, if this one was stopped for a while.
    let temporary = directory.join(format!(".{name}.{}", std::process::id()));
    let written = File::create(&temporary).and_then(write);
    let written = written.and_then(|()| rename(&temporary, directory.join(name)));
    if written.is_err() {
        let _ = remove_file(&temporary);
    }
    written
}

/// Removes the files of an earlier run, and the directory if nothing else is in it.
fn remove(directory: &Path) -> Result<(), Error> {
    for name in [EXIT, OUTPUT, ERRORS, LINE] {
        remove_if_there(&directory.join(name))?;
    }
    let _ = remove_dir(directory);
    Ok(())
}

fn remove_if_there(path: &Path) -> Result<(), Error> {
    match remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
