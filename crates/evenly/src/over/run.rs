//! Running the job of a call, here or in another process.

use super::accumulator;
use super::answer::{END_OF_LINES, Found, decode, encode};
use super::borrowing_job::BorrowingJob;
use super::called::{Called, OfClosure};
use super::failed::{CallError, Failed, FailedNumbers};
use super::integer::Integer;
use super::settings;
use crate::error::Error;
use crate::function::predicate;
use crate::job::Job;
use crate::observe::Observer;
use crate::output::{Collected, Output, Writer};
use crate::relaunch::{self, OutcomeReader, OutcomeWriter, Place, Request, Work};
use evenly_core::{Aggregate, Range, RangeError, Value};
use std::io::{BufRead, BufReader, Read};
use std::marker::PhantomData;
use std::os::fd::OwnedFd;
use std::panic::Location;
use std::path::PathBuf;

/// A call ended without an answer.
#[derive(Debug)]
pub(super) enum NoAnswer {
    Range(RangeError),
    Job(Error),
    /// The closure captures values that its journal cannot compare.
    UnnamedCaptures(PathBuf),
}

impl NoAnswer {
    /// The other process sent what is no line.
    pub(super) fn cut_off() -> Self {
        Self::Job(Error::Elsewhere("a line of the answer is cut off".to_owned()))
    }
}

impl From<Error> for NoAnswer {
    fn from(error: Error) -> Self {
        Self::Job(error)
    }
}

impl<T: Integer, A> From<NoAnswer> for CallError<T, A> {
    fn from(why: NoAnswer) -> Self {
        match why {
            NoAnswer::Range(error) => Self::Range(error),
            NoAnswer::Job(error) => Self::Job(error),
            NoAnswer::UnnamedCaptures(journal) => Self::UnnamedCaptures { journal },
        }
    }
}

/// What a call found, over the numbers that did not fail.
pub(super) struct Answered {
    found: Found,
    lines: Vec<u8>,
}

impl Answered {
    pub(super) fn value(&self) -> &Value {
        &self.found.value
    }

    /// The answer that `read` makes of the value and the lines.
    pub(super) fn map<T: Integer, A>(
        self,
        read: impl FnOnce(&Value, &[u8]) -> A,
    ) -> Result<A, CallError<T, A>> {
        let answer = read(&self.found.value, &self.lines);
        with_failures(&self.found, answer)
    }

    /// The numbers that failed, and how many there are.
    pub(super) fn into_failures<T: Integer>(self) -> (Vec<FailedNumbers<T>>, u128) {
        let Found { failures, failed, descriptions, .. } = &self.found;
        (FailedNumbers::all_of(failures, descriptions), *failed)
    }
}

/// The answer, or an error with it if numbers failed.
pub(super) fn with_failures<T: Integer, A>(
    found: &Found,
    partial: A,
) -> Result<A, CallError<T, A>> {
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
    /// The file of its journal.
    pub(super) journal: Option<PathBuf>,
    /// A digest of the values that its closure captures.
    pub(super) captures: Option<String>,
}

impl<'a> Question<'a> {
    /// Runs the job and waits for its end.
    pub(super) fn ask<G: OfClosure + 'a>(
        self,
        aggregate: Aggregate,
        closure: G::Closure,
        call: &'static Location<'static>,
    ) -> Result<Answered, NoAnswer> {
        let mut lines = Collected::default();
        let found = self.run::<G>(aggregate, closure, call, &mut lines)?;
        Ok(Answered { found, lines: lines.take() })
    }

    /// Runs the job, passes its lines to `output` in this process, and waits for its end.
    pub(super) fn run<G: OfClosure + 'a>(
        self,
        aggregate: Aggregate,
        closure: G::Closure,
        call: &'static Location<'static>,
        output: &mut dyn Output,
    ) -> Result<Found, NoAnswer> {
        let (job, place) = self.prepare::<G>(aggregate, closure, call)?;
        let found = match place {
            Place::Here => job.output(Box::new(output)).run().map(Found::from),
            Place::Elsewhere(reader) => Lines::new(reader, aggregate).pass_to(output),
            Place::Instead(writer) => stream(job, writer, OutcomeWriter::finish),
        };
        Ok(found?)
    }

    /// Runs the job in another process, which sends its lines while it runs.
    pub(super) fn begin<G: OfClosure + 'a>(
        self,
        aggregate: Aggregate,
        closure: G::Closure,
        call: &'static Location<'static>,
    ) -> Result<Lines, NoAnswer> {
        let (job, place) = self.prepare::<G>(aggregate, closure, call)?;
        let reader = match place {
            Place::Here => relaunch::fork(|writer| stream(job, writer, OutcomeWriter::send))?,
            Place::Elsewhere(reader) => reader,
            Place::Instead(writer) => stream(job, writer, OutcomeWriter::finish),
        };
        Ok(Lines::new(reader, aggregate))
    }

    /// The job with its function, and where it is done.
    #[cfg_attr(not(feature = "journal"), expect(unused_mut, reason = "no journal is kept"))]
    fn prepare<G: OfClosure + 'a>(
        mut self,
        aggregate: Aggregate,
        closure: G::Closure,
        call: &'static Location<'static>,
    ) -> Result<(BorrowingJob<'a>, Place), NoAnswer> {
        let range = self.range.map_err(NoAnswer::Range)?;
        #[cfg(feature = "journal")]
        self.keep_journal(size_of::<G::Closure>())?;
        let captures = self.captures.map_or(String::new(), |digest| format!(", captures {digest}"));
        let function = Called::<G>::new(format!("closure at {call}{captures}"), closure);
        let entry = relaunch::captureless::<G::Closure, Call<G>>(function.closure());
        let is_whole = settings::is_whole(&self.job) && self.observer.is_none();
        let mut settings = settings::encode(&self.job, range, aggregate).into_bytes();
        if let Some(path) = &self.journal {
            settings.extend_from_slice(format!(" {captures} {}", path.display()).as_bytes());
        }
        let request = Request { settings, entry: entry.filter(|_| is_whole) };
        let place = relaunch::place(call, &request)?;
        Ok((BorrowingJob::new(self.job, aggregate, Box::new(function), self.observer), place))
    }
}

/// The work of a call in a process that was forked before the call.
struct Call<G>(PhantomData<G>);

impl<G: OfClosure> Work<G::Closure> for Call<G> {
    fn work(closure: G::Closure, settings: &[u8], channel: OwnedFd) {
        let writer = OutcomeWriter::new(channel);
        let nothing = Job::count(Range::EMPTY, predicate("", |_| false));
        // It comes from a copy of this program.
        let Some((job, aggregate)) = settings::decode(settings, nothing) else { return };
        let function = Called::<G>::new("closure".to_owned(), closure);
        let job = BorrowingJob::new(job, aggregate, Box::new(function), None);
        stream(job, writer, OutcomeWriter::finish)
    }
}

/// Runs the job, sends its lines as they come, and ends with its outcome.
fn stream<R>(
    job: BorrowingJob<'_>,
    writer: OutcomeWriter,
    end: impl FnOnce(OutcomeWriter, &[u8]) -> R,
) -> R {
    let outcome = match writer.descriptor() {
        Ok(descriptor) => job.output(Box::new(Writer::new(descriptor))).run(),
        Err(error) => Err(Error::Elsewhere(format!("cannot send the answer: {error}"))),
    };
    end(writer, &encode(&outcome.map(Found::from)))
}

/// The lines of a job in another process.
pub(super) struct Lines {
    /// `None` once the outcome is read.
    reader: Option<BufReader<OutcomeReader>>,
    aggregate: Aggregate,
}

impl Lines {
    fn new(reader: OutcomeReader, aggregate: Aggregate) -> Self {
        Self { reader: Some(BufReader::new(reader)), aggregate }
    }

    /// Passes all lines to an output, and reads what follows them.
    fn pass_to(mut self, output: &mut dyn Output) -> Result<Found, Error> {
        let mut line = Vec::new();
        while self.next_line(&mut line) {
            output.put(&line).map_err(Error::Output)?;
            line.clear();
        }
        self.found()
    }

    /// Appends the next line with its newline, or the next [frame](accumulator) of a fold; `false` behind the last one.
    pub(super) fn next_line(&mut self, line: &mut Vec<u8>) -> bool {
        let Some(reader) = &mut self.reader else { return false };
        let is_line = reader
            .fill_buf()
            .is_ok_and(|bytes| bytes.first().is_some_and(|byte| *byte != END_OF_LINES));
        is_line
            && match self.aggregate {
                Aggregate::Run { .. } => accumulator::read_frame(reader, line),
                _ => reader.read_until(b'\n', line),
            }
            .is_ok()
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
