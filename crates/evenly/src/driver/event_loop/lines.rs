//! Line output in the event loop: takes lines of the engine and writes as far as the reader has room.

use super::EventLoop;
use crate::error::Error;
use crate::item::with_texts;
use evenly_core::Aggregate;
use rustix::io::Errno;

impl EventLoop<'_> {
    /// Takes lines of the engine.
    pub(super) fn take_lines(&mut self, lines: &[u8]) -> Result<(), Error> {
        let aggregate = self.job.aggregate;
        let command = self.job.function.command();
        let command = command.filter(|_| matches!(aggregate, Aggregate::Failures { .. }));
        let Some(output) = &mut self.job.output else { return Ok(()) };
        let lines = match &self.numbers {
            None => lines.into(),
            Some(numbers) => numbers.lines(aggregate, lines),
        };
        match command {
            None => output.put(&lines),
            Some(command) => output.put(&with_texts(&command, &lines)),
        }
        .map_err(Error::Output)
    }

    /// Writes the lines that were taken, as far as their reader has room.
    pub(super) fn flush_lines(&mut self) -> Result<(), Error> {
        let Some(output) = &mut self.job.output else { return Ok(()) };
        let unwritten = output.flush().map_err(Error::Output)?;
        self.engine.flushed(unwritten);
        self.line_output.await_room(&**output, unwritten > 0)
    }

    /// Ends the job if the reader of the lines is gone.
    pub(super) fn look_for_a_reader(&mut self) -> Result<(), Error> {
        let Some(output) = &mut self.job.output else { return Ok(()) };
        match output.descriptor() {
            // epoll reports only errors of a descriptor without requested events (epoll_ctl(2)).
            Some(_) if !self.line_output.is_awaited() => Err(Error::Output(Errno::PIPE.into())),
            _ => Ok(()),
        }
    }
}
