//! Running the job of a call, here or in another process.

use super::answer::{END_OF_LINES, Found, decode, encode};
use super::borrowing_job::BorrowingJob;
use super::failed::{CallError, Failed, FailedNumbers};
use super::integer::Integer;
use crate::error::Error;
use crate::function::Function;
use crate::job::Job;
use crate::observe::Observer;
use crate::output::{Collected, Writer};
use crate::relaunch::{self, OutcomeReader, OutcomeWriter, Place};
use evenly_core::{Aggregate, Range, RangeError, Value};
use std::io::{BufRead, BufReader, Read, Write};
use std::marker::PhantomData;
use std::panic::Location;

/// A call ended without an answer.
#[derive(Debug)]
pub(super) enum NoAnswer {
    Range(RangeError),
    Job(Error),
}

impl NoAnswer {
    /// The other process sent what is no line.
    pub(super) fn cut_off() -> Self {
        Self::Job(Error::Elsewhere("a line of the answer is cut off".to_owned()))
    }
}

impl<T: Integer, A> From<NoAnswer> for CallError<T, A> {
    fn from(why: NoAnswer) -> Self {
        match why {
            NoAnswer::Range(error) => Self::Range(error),
            NoAnswer::Job(error) => Self::Job(error),
        }
    }
}

/// What a call found, over the numbers that did not fail.
pub(super) struct Answered<T> {
    found: Found,
    lines: Vec<u8>,
    types: PhantomData<T>,
}

impl<T: Integer> Answered<T> {
    /// The answer that `read` makes of the value and the lines.
    pub(super) fn map<A>(
        self,
        read: impl FnOnce(&Value, &[u8]) -> A,
    ) -> Result<A, CallError<T, A>> {
        let answer = read(&self.found.value, &self.lines);
        with_failures(&self.found, answer)
    }
}

impl<T: Integer> Answered<T> {
    /// The numbers that failed, and how many there are.
    pub(super) fn into_failures(self) -> (Vec<FailedNumbers<T>>, u128) {
        let Found { failures, failed, descriptions, .. } = &self.found;
        (FailedNumbers::all_of(failures, descriptions), *failed)
    }
}

/// The answer, or an error with it if numbers failed.
fn with_failures<T: Integer, A>(found: &Found, partial: A) -> Result<A, CallError<T, A>> {
    if found.failed == 0 {
        return Ok(partial);
    }
    let failures = FailedNumbers::all_of(&found.failures, &found.descriptions);
    Err(CallError::Failed(Failed { failures, count: found.failed, partial }))
}

/// A job without its function, and who observes it.
pub(super) struct Question<'a> {
    pub(super) job: Job,
    /// Whether the range is one.
    pub(super) range: Result<Range, RangeError>,
    pub(super) observer: Option<Box<dyn Observer + 'a>>,
}

impl<'a> Question<'a> {
    /// Runs the job and waits for its end.
    pub(super) fn ask<T: Integer>(
        self,
        aggregate: Aggregate,
        function: Box<dyn Function + 'a>,
        call: &'static Location<'static>,
    ) -> Result<Answered<T>, NoAnswer> {
        let range = self.range.map_err(NoAnswer::Range)?;
        let place = relaunch::place(call, None).map_err(NoAnswer::Job)?;
        let job = BorrowingJob::new(self.job, aggregate, function, self.observer);
        match place {
            Place::Here => {
                let output = Collected::default();
                let found = job.output(Box::new(output.clone())).run();
                let lines = output.take();
                found.map(|report| Answered { found: report.into(), lines, types: PhantomData })
            }
            Place::Elsewhere(reader) => read(reader, range, aggregate),
            Place::Instead(writer) => stream(job, range, writer, OutcomeWriter::finish),
        }
        .map_err(NoAnswer::Job)
    }

    /// Runs the job in another process, which sends its lines while it runs.
    pub(super) fn begin(
        self,
        aggregate: Aggregate,
        function: Box<dyn Function + 'a>,
        call: &'static Location<'static>,
    ) -> Result<Lines, NoAnswer> {
        let range = self.range.map_err(NoAnswer::Range)?;
        let place = relaunch::place(call, None).map_err(NoAnswer::Job)?;
        let job = BorrowingJob::new(self.job, aggregate, function, self.observer);
        let reader = match place {
            Place::Here => relaunch::fork(|writer| {
                stream(job, range, writer, OutcomeWriter::send);
            }),
            Place::Elsewhere(reader) => Ok(reader),
            Place::Instead(writer) => stream(job, range, writer, OutcomeWriter::finish),
        };
        reader.and_then(|reader| Lines::of(reader, range, aggregate)).map_err(NoAnswer::Job)
    }
}

/// Runs the job, sends its lines as they come, and ends with its outcome.
fn stream<R>(
    job: BorrowingJob<'_>,
    range: Range,
    mut writer: OutcomeWriter,
    end: impl FnOnce(OutcomeWriter, &[u8]) -> R,
) -> R {
    let begun = writer.write_all(&header(range)).and_then(|()| writer.descriptor());
    let outcome = match begun {
        Ok(descriptor) => job.output(Box::new(Writer::new(descriptor))).run(),
        Err(error) => Err(Error::Elsewhere(format!("cannot send the answer: {error}"))),
    };
    end(writer, &encode(&outcome.map(Found::from)))
}

/// The range, which the other process sends first.
fn header(range: Range) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(&range.start().to_le_bytes());
    bytes[16..].copy_from_slice(&range.end().to_le_bytes());
    bytes
}

/// Waits for the answer of another process.
fn read<T>(
    reader: OutcomeReader,
    range: Range,
    aggregate: Aggregate,
) -> Result<Answered<T>, Error> {
    let mut lines = Lines::of(reader, range, aggregate)?;
    let mut text = Vec::new();
    while lines.next_line(&mut text) {}
    Ok(Answered { found: lines.found()?, lines: text, types: PhantomData })
}

/// The lines of a job in another process.
pub(super) struct Lines {
    /// `None` once the outcome is read.
    reader: Option<BufReader<OutcomeReader>>,
    aggregate: Aggregate,
}

impl Lines {
    /// Those of a job over this range. A program that is started a second time may ask for another one.
    fn of(reader: OutcomeReader, range: Range, aggregate: Aggregate) -> Result<Self, Error> {
        let mut reader = BufReader::new(reader);
        let mut bytes = [0; 32];
        if reader.read_exact(&mut bytes).is_err() {
            return Err(reader.into_inner().finish());
        }
        if bytes != header(range) {
            let half =
                |at: usize| bytes[at..].first_chunk().map_or(0, |half| i128::from_le_bytes(*half));
            return Err(Error::Elsewhere(format!(
                "the range is another one, {}..={}, in the second start of the program that does this job; take it from \
                 what is the same at each start",
                half(0),
                half(16) - 1
            )));
        }
        Ok(Self { reader: Some(reader), aggregate })
    }

    /// Appends the next line with its newline; `false` behind the last one.
    pub(super) fn next_line(&mut self, line: &mut Vec<u8>) -> bool {
        let Some(reader) = &mut self.reader else { return false };
        let is_line = reader
            .fill_buf()
            .is_ok_and(|bytes| bytes.first().is_some_and(|byte| *byte != END_OF_LINES));
        is_line && reader.read_until(b'\n', line).is_ok()
    }

    /// Reads what follows the lines.
    pub(super) fn found(&mut self) -> Result<Found, Error> {
        let Some(mut reader) = self.reader.take() else {
            return Err(Error::Elsewhere("the answer was read before".to_owned()));
        };
        let mut rest = Vec::new();
        let is_read = reader.read_to_end(&mut rest).is_ok();
        let outcome =
            rest.get(1..).filter(|_| is_read).and_then(|rest| decode(rest, self.aggregate));
        outcome.unwrap_or_else(|| Err(reader.into_inner().finish()))
    }

    /// The error of a call that ended so, if it has one.
    pub(super) fn end<T: Integer>(&mut self) -> Result<(), CallError<T, ()>> {
        let found = self.found().map_err(NoAnswer::Job)?;
        with_failures(&found, ())
    }
}
