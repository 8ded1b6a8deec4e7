//! Lines of a log, each of bounded length.

use std::io::{self, BufRead, Read};

/// Longest line that is read: an event with a histogram of a million values has about 30 MB.
const LONGEST: u64 = 64 << 20;

/// One line of a log.
pub(crate) enum LogLine<'a> {
    /// Without its end.
    Whole(&'a [u8]),
    /// The last line lacks its end: the log is cut here, or is being written.
    Cut(&'a [u8]),
    /// It is longer than any line of a log. It was skipped.
    TooLong,
}

/// Passes each line to `take`.
pub(crate) fn each_line(
    mut log: impl BufRead,
    mut take: impl FnMut(LogLine<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if log.by_ref().take(LONGEST).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line.last() == Some(&b'\n') {
            line.pop();
            take(LogLine::Whole(&line))?;
        } else if line.len() as u64 == LONGEST {
            skip_line(&mut log)?;
            take(LogLine::TooLong)?;
        } else {
            take(LogLine::Cut(&line))?;
        }
    }
}

fn skip_line(log: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = log.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let read = end.map_or(buffer.len(), |end| end + 1);
        let is_over = end.is_some() || buffer.is_empty();
        log.consume(read);
        if is_over {
            return Ok(());
        }
    }
}
