//! Lines of several journals, merged in ascending order of their positions.

use super::error::{JournalError, JournalFault};
use super::schema::Hasher;
use super::source::SourceJournal;
use super::tables::{self, Cursor, LinesRow};
use crate::item::{lines_at, position_of_line};
use rusqlite::CachedStatement;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// A line that begins with its common position.
type PlacedLine = (i64, Vec<u8>);

/// Reader of the lines of one journal.
struct LineReader<'s> {
    journal: &'s SourceJournal,
    rows: Cursor<'s, LinesRow>,
    /// Lines of the row that was read last.
    lines: VecDeque<PlacedLine>,
}

/// Passes each line of these journals to `take`, ascending.
pub(super) fn each_line(
    journals: &[SourceJournal],
    mut take: impl FnMut(i64, &[u8]) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    let statements = journals.iter().map(|journal| {
        let statement = tables::all(&journal.connection, "lines");
        statement.map_err(|trouble| trouble.at(&journal.path, "read"))
    });
    let mut statements = statements.collect::<Result<Vec<CachedStatement<'_>>, _>>()?;
    let mut hashers: Vec<Hasher> =
        journals.iter().map(|journal| journal.contents.hasher.clone()).collect();
    let mut readers = Vec::with_capacity(journals.len());
    for ((journal, statement), hasher) in journals.iter().zip(&mut statements).zip(&mut hashers) {
        let rows = journal.reading(|_| Cursor::over(statement.query(())?, hasher))?;
        readers.push(LineReader { journal, rows, lines: VecDeque::new() });
    }
    // The next line of each journal, the lowest first.
    let mut next = BinaryHeap::new();
    for (index, reader) in readers.iter_mut().enumerate() {
        next.extend(reader.next()?.map(|line| Reverse((line, index))));
    }
    while let Some(Reverse(((position, line), index))) = next.pop() {
        take(position, &line)?;
        next.extend(readers[index].next()?.map(|line| Reverse((line, index))));
    }
    Ok(())
}

impl LineReader<'_> {
    fn next(&mut self) -> Result<Option<PlacedLine>, JournalError> {
        while self.lines.is_empty() {
            let Some(row) = self.journal.reading(|_| self.rows.take())? else { return Ok(None) };
            self.lines = self.journal.reading(|journal| placed(journal, &row.text))?;
        }
        Ok(self.lines.pop_front())
    }
}

fn placed(journal: &SourceJournal, text: &[u8]) -> Result<VecDeque<PlacedLine>, JournalFault> {
    let lines = text.split_inclusive(|byte| *byte == b'\n').map(|line| {
        let line = lines_at(line, |position| journal.placement.at(position));
        let (position, _) = position_of_line(&line);
        let wrong = || JournalFault::Wrong("a line without a number".to_owned());
        Ok((position.ok_or_else(wrong)?, line))
    });
    lines.collect()
}
