//! Checked value of `--junit`.

use crate::arguments::JobArguments;
use crate::output_tails::OutputTails;
use evenly::Range;
use std::path::{Path, PathBuf};

/// Most test cases where each n is one: readers of such files hold all of them in memory.
const MOST_CASES: u128 = 100_000;

/// The checked option: the file, and where the last lines of failed commands are kept until the end.
#[derive(Clone, Debug)]
pub(crate) struct JunitOptions {
    path: PathBuf,
    tails: Option<OutputTails>,
}

impl JunitOptions {
    /// Checks the option.
    ///
    /// # Errors
    /// One line with the reason: there would be too many test cases.
    pub(crate) fn resolve(
        arguments: &JobArguments,
        tails: Option<OutputTails>,
        (range, is_per_number): (Range, bool),
    ) -> Result<Option<Self>, String> {
        let Some(path) = arguments.call.junit.clone() else { return Ok(None) };
        if is_per_number && range.len() > MOST_CASES {
            return Err(format!(
                "--junit has a test case for each n, and its readers do not take {}; the most is {MOST_CASES}; use \
                 --events FILE, or a command with {{start}} and {{end}}",
                range.len()
            ));
        }
        Ok(Some(Self { path, tails }))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the last lines of failed commands are kept until the end.
    pub(crate) fn tails(&self) -> Option<&OutputTails> {
        self.tails.as_ref()
    }
}
