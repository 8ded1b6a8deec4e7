//! All that one journal holds, for a page about its run.

use super::error::{JournalError, JournalFault};
use super::reading::windows_of;
use super::source::SourceJournal;
use super::tables::{self, Cursor, LinesRow};
use super::verify::{Together, together};
use super::window::WindowAttempt;
use crate::item::Numbers;
use evenly_core::Failure;
use evenly_core::Interval;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What a journal says beside its rows.
#[derive(Debug)]
pub struct JournalSurvey {
    /// Coverage and answer, in numbers.
    pub together: Together,
    /// The call that made it, and its directory.
    pub call: Option<(Vec<OsString>, PathBuf)>,
    /// The lowest lines of the answer, each without its end.
    pub lowest_lines: Vec<Vec<u8>>,
}

/// A row of a journal, in positions.
#[derive(Debug)]
pub enum SurveyedRow {
    /// Positions that have a value.
    Done(Interval),
    /// Positions that failed, or whose command may have begun.
    Failed(Failure),
    /// An attempt of a window.
    Window(WindowAttempt),
}

/// What a journal says beside its rows, with at most this many lines.
///
/// # Errors
/// If it is not sound.
pub fn survey(path: &Path, most_lines: usize) -> Result<JournalSurvey, JournalError> {
    let (together, journals) = together(&[path.to_owned()], true)?;
    let numbers = Numbers::of(&together.fingerprint.items);
    let aggregate = together.fingerprint.aggregate;
    let mut lowest_lines = Vec::new();
    let mut call = None;
    for journal in &journals {
        call = journal.contents.call.clone();
        journal.reading(|journal| {
            let mut hasher = journal.contents.hasher.clone();
            let mut rows = tables::all(&journal.connection, "lines")?;
            let mut rows: Cursor<'_, LinesRow> = Cursor::over(rows.query(())?, &mut hasher)?;
            while lowest_lines.len() < most_lines
                && let Some(row) = rows.take()?
            {
                let text = match &numbers {
                    Some(numbers) => numbers.lines(aggregate, &row.text).into_owned(),
                    None => row.text,
                };
                let lines = text.split_inclusive(|byte| *byte == b'\n');
                let room = most_lines - lowest_lines.len();
                lowest_lines.extend(lines.take(room).map(|line| line.trim_ascii_end().to_vec()));
            }
            Ok(())
        })?;
    }
    Ok(JournalSurvey { together: together.numbered(), call, lowest_lines })
}

/// Passes each row to `take`: those that are done, those that failed, and the windows.
///
/// # Errors
/// If the journal is not sound.
pub fn surveyed_rows(path: &Path, mut take: impl FnMut(SurveyedRow)) -> Result<(), JournalError> {
    let journal = SourceJournal::open(path)?;
    journal.reading(|journal| {
        journal.done()?.into_iter().for_each(|positions| take(SurveyedRow::Done(positions)));
        journal.own_failed()?.into_iter().for_each(|failure| take(SurveyedRow::Failed(failure)));
        windows_of(&journal.connection, &journal.contents, |window| -> Result<(), JournalFault> {
            take(SurveyedRow::Window(window));
            Ok(())
        })
    })
}
