//! Reads a job log (`--joblog`): the columns of GNU parallel, one line for each chunk.

use crate::chunk_times::SlowChunk;
use crate::line_reader::{LogLine, each_line};
use crate::report_page::ReportPage;
use crate::shown;
use crate::source_error::SourceError;
use evenly_core::{Interval, Items, printable};
use std::io::BufRead;

/// Characters of a command that are kept.
const LONGEST_COMMAND: usize = 400;

/// One line.
struct JobLine<'a> {
    seq: u64,
    host: &'a str,
    /// Microseconds since 1970.
    began: i128,
    micros: i128,
    is_counted: bool,
    numbers: Interval,
    command: &'a str,
}

impl ReportPage {
    /// Adds the job log of the run (`--joblog`).
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn read_joblog(&mut self, name: &str, log: impl BufRead) -> Result<(), SourceError> {
        read(self, name, log)
    }
}

/// Adds all lines to the page.
fn read(page: &mut ReportPage, name: &str, log: impl BufRead) -> Result<(), SourceError> {
    page.sources.joblog = Some(name.to_owned());
    let has_events = page.sources.events.is_some();
    let mut unreadable = 0;
    let mut is_header = true;
    let read = each_line(log, |line| {
        let line = match line {
            _ if std::mem::take(&mut is_header) => return Ok(()),
            LogLine::Whole(line) => std::str::from_utf8(line).ok().and_then(JobLine::parse),
            // A line that is cut may have lost the end of its range.
            LogLine::Cut(_) => {
                page.note(format!("The last line of '{name}' is cut, and left out."));
                return Ok(());
            }
            LogLine::TooLong => None,
        };
        match line {
            Some(line) => take(page, &line, has_events),
            None => unreadable += 1,
        }
        Ok(())
    });
    read.map_err(|cause| SourceError::Read { name: name.to_owned(), cause })?;
    if unreadable > 0 {
        let lines = shown::counted(unreadable, "line", "lines");
        page.note(format!("{lines} of '{name}' could not be read, and are left out."));
    }
    Ok(())
}

fn take(page: &mut ReportPage, line: &JobLine<'_>, has_events: bool) {
    if !has_events {
        // The line of another call that appended.
        if line.seq == 1 || !page.clock.has_calls() {
            page.clock.begin_call(line.began);
        }
        page.clock.extend_to_unix(line.began + line.micros);
    }
    let Some(positions) = page.positions(line.numbers) else {
        page.foreign += 1;
        return;
    };
    if line.is_counted {
        page.cover_by_log(positions);
    }
    let chunk = SlowChunk {
        micros: line.micros,
        first: positions.first(),
        last: positions.last(),
        numbers: positions.len(),
        host: printable(line.host.as_bytes(), 80),
        command: Some(printable(line.command.as_bytes(), LONGEST_COMMAND)),
    };
    page.add_chunk(chunk, line.began, line.is_counted);
}

impl<'a> JobLine<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut columns = line.splitn(9, '\t');
        let mut next = || columns.next().map(str::trim);
        let (seq, host) = (next()?.parse().ok()?, next()?);
        let micros = |text: &str| {
            let seconds: f64 = text.parse().ok()?;
            (0.0..1e13).contains(&seconds).then_some((seconds * 1e6) as i128)
        };
        let (began, took) = (micros(next()?)?, micros(next()?)?);
        let (_, _) = (next()?, next()?);
        let (exit, signal) = (next()?, next()?);
        let command = next()?;
        let numbers = items_of(command)?.hull()?;
        let is_counted = exit == "0" && signal == "0";
        Some(Self { seq, host, began, micros: took, is_counted, numbers, command })
    }
}

/// The items in the line that runs a chunk again: the last word before the command or the comment that is a set of
/// items. That of a batch script is the value of `--array`, where Slurm writes A-B for A..=B.
fn items_of(command: &str) -> Option<Items> {
    let end = [" -- ", " # "].iter().filter_map(|mark| command.find(mark)).min();
    let words = command[..end.unwrap_or(command.len())].split_ascii_whitespace();
    let items = |word: &str| match word.strip_prefix("--array=") {
        Some(array) => array.replace('-', "..=").parse().ok(),
        None if word.contains("..") => word.parse().ok(),
        None => None,
    };
    words.rev().find_map(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_items_of_a_line_are_found_in_every_form() {
        for (command, hull) in [
            ("evenly count odd 0..500", (0, 499)),
            ("evenly count 'sum(k, 1..n) % 2' -5..=7 --timeout 2s", (-5, 7)),
            ("evenly run 4..=12:4 -- sh -c 'echo 1..2'", (4, 12)),
            ("evenly run 3..4 --lines f -- cat {} # text 1..9", (3, 3)),
            ("sbatch --array=7-11:4,90-92 job.sh", (7, 92)),
        ] {
            let items = items_of(command).unwrap().hull().unwrap();
            assert_eq!((items.first(), items.last()), hull, "{command}");
        }
        assert!(items_of("evenly run -- echo 1..2").is_none());
    }

    #[test]
    fn a_line_has_the_columns_of_gnu_parallel() {
        let line = "7\t:\t1700000000.250\t     0.250\t0\t0\t0\t9\tevenly count even 0..1000";
        let line = JobLine::parse(line).unwrap();
        assert_eq!((line.seq, line.began), (7, 1_700_000_000_250_000));
        assert_eq!((line.micros, line.is_counted), (250_000, false));
        assert!(JobLine::parse("Seq\tHost").is_none());
        assert!(JobLine::parse("1\t:\tnan\t0\t0\t0\t0\t0\tevenly count even 0..1").is_none());
    }
}
