//! Last lines of the output of failed commands, which the workers leave in files until the report is written.

use evenly::function::ResultFiles;
use std::fs::{DirBuilder, File, remove_dir_all};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Most bytes of one output in the report.
const MOST: u64 = 4096;

/// Directory with the result files of failed commands.
#[derive(Clone, Debug)]
pub(crate) struct OutputTails {
    directory: PathBuf,
    /// Whether the directory is there for the report only.
    is_temporary: bool,
}

impl OutputTails {
    /// Reads the files that `--results` writes to this directory.
    pub(crate) fn of_results(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), is_temporary: false }
    }

    /// Tails in a temporary directory, which is removed at the end.
    pub(crate) fn temporary() -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let name = format!("evenly-junit-{}-{}", std::process::id(), now.as_nanos());
        Self { directory: std::env::temp_dir().join(name), is_temporary: true }
    }

    /// The result files that workers write for a temporary directory.
    pub(crate) fn files(&self) -> ResultFiles {
        ResultFiles::new(self.directory.clone()).failures_only().last_bytes(MOST as usize)
    }

    /// Makes a temporary directory, for this user only.
    ///
    /// # Errors
    /// One line that says why it cannot be made.
    pub(crate) fn open(&self) -> Result<OpenTails, String> {
        if !self.is_temporary {
            return Ok(OpenTails(self.clone()));
        }
        let made = DirBuilder::new().mode(0o700).create(&self.directory);
        made.map(|()| OpenTails(self.clone())).map_err(|cause| {
            let directory = self.directory.display();
            format!("cannot make the directory '{directory}' for --junit: {cause}; set TMPDIR to another directory")
        })
    }
}

/// The directory of a running job. Dropped, it removes a temporary one.
pub(crate) struct OpenTails(OutputTails);

impl Drop for OpenTails {
    fn drop(&mut self) {
        if self.0.is_temporary {
            let _ = remove_dir_all(&self.0.directory);
        }
    }
}

impl OpenTails {
    /// The last lines of the standard output and standard error of a run; empty where there are none.
    pub(crate) fn read(&self, run: &str) -> [Vec<u8>; 2] {
        ["stdout", "stderr"].map(|name| {
            let path = self.0.directory.join(run).join(name);
            last_lines(&path).unwrap_or_default()
        })
    }
}

/// The last [`MOST`] bytes of a file, from the beginning of a line on if there is one.
fn last_lines(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let skipped = length.saturating_sub(MOST);
    file.seek(SeekFrom::Start(skipped))?;
    let mut tail = Vec::new();
    file.take(MOST).read_to_end(&mut tail)?;
    if skipped > 0
        && let Some(end) = tail.iter().position(|byte| *byte == b'\n')
        && end + 1 < tail.len()
    {
        tail.drain(..=end);
    }
    Ok(tail)
}
