//! Answer lines of find, map, failures and run on standard output while the job runs, as text or as elements of one
//! JSON object.

mod json;
mod points;
mod texts;

use crate::answer_format::Format;
use crate::exit::ExitOutcome;
use crate::report::Delivery;
use crate::rerun::Rerun;
use crate::stdout_writer::{Limits, WaitLimit, drain};
use evenly::observe::Unfinished;
use evenly::output::{Output, Writer};
use evenly::{Aggregate, Grid};
use json::{ElementForm, JsonLines};
use points::with_points;
use std::borrow::Cow;
use std::cell::RefCell;
use std::io;
use std::os::fd::BorrowedFd;
use std::rc::Rc;
use texts::with_texts;

/// Shared writer of answer lines: the job adds lines, the command line adds the end.
pub(crate) struct AnswerLines(Rc<RefCell<Sink>>);

struct Sink {
    writer: Writer<BorrowedFd<'static>>,
    /// `None`: lines are written as text.
    json: Option<JsonLines>,
    /// The grid whose points stand in lines, if lines begin with numbers of its points.
    grid: Option<Rc<Grid>>,
    /// Builder of the texts behind the numbers of lines, if lines have some.
    texts: Option<Rerun>,
}

impl AnswerLines {
    /// The writer for a verb that writes lines while the job runs; `None` for other verbs.
    pub(crate) fn of(delivery: &Delivery) -> Option<Self> {
        let entry = match delivery.aggregate {
            // What run prints is never JSON.
            Aggregate::Find { .. } | Aggregate::Run { .. } => ElementForm::Number,
            Aggregate::Map => ElementForm::Pair,
            Aggregate::Failures { .. } => ElementForm::Failure,
            _ => return None,
        };
        let is_json = delivery.format == Format::Json;
        let json = is_json.then(|| JsonLines::new(delivery.head(), entry, delivery.rerun.clone()));
        let writer = Writer::new(rustix::stdio::stdout());
        // An object of a failure has the number and the point.
        let has_points = match delivery.aggregate {
            Aggregate::Run { .. } => false,
            Aggregate::Failures { .. } => json.is_none(),
            _ => true,
        };
        let grid = delivery.rerun.grid().filter(|_| has_points);
        // In JSON an answer of find is numbers. The engine adds the texts of failures.
        let has_texts = matches!(delivery.aggregate, Aggregate::Find { .. } | Aggregate::Map)
            && json.is_none()
            && delivery.rerun.has_texts();
        let texts = has_texts.then(|| delivery.rerun.clone());
        Some(Self(Rc::new(RefCell::new(Sink { writer, json, grid, texts }))))
    }

    /// The output for the job.
    pub(crate) fn output(&self) -> Box<dyn Output> {
        Box::new(Input(Rc::clone(&self.0)))
    }

    /// Writes the rest of the buffer, and in JSON the end of the object, also if there was no line.
    ///
    /// # Errors
    /// If it cannot be written, if its reader is gone, or if the deadline or a signal came first.
    pub(crate) fn end(&self, tail: &str, limits: Limits) -> Result<(), ExitOutcome> {
        let mut sink = self.0.borrow_mut();
        if let Some(json) = &mut sink.json {
            let text = json.end(tail);
            sink.writer.put(&text).map_err(|cause| ExitOutcome::not_written(&cause))?;
        }
        drain(&mut sink.writer, &WaitLimit::Limited(limits))
    }

    /// The same for a job that ended early. A job that never began writes nothing.
    ///
    /// # Errors
    /// As [`end`](Self::end).
    pub(crate) fn end_early(
        &self,
        tail: &str,
        unfinished: Option<&Unfinished>,
    ) -> Result<(), ExitOutcome> {
        let mut sink = self.0.borrow_mut();
        if let Some(json) = &mut sink.json
            && (json.has_begun() || unfinished.is_some())
        {
            let text = json.end(tail);
            sink.writer.put(&text).map_err(|cause| ExitOutcome::not_written(&cause))?;
        }
        let is_taken = unfinished.is_none_or(|unfinished| unfinished.is_written);
        drain(&mut sink.writer, if is_taken { &WaitLimit::Short } else { &WaitLimit::None })
    }
}

/// The half of the writer that the job holds.
struct Input(Rc<RefCell<Sink>>);

impl Output for Input {
    fn put(&mut self, lines: &[u8]) -> io::Result<()> {
        let Sink { writer, json, grid, texts } = &mut *self.0.borrow_mut();
        let lines: Cow<'_, [u8]> = match (grid, texts) {
            (Some(grid), _) => with_points(grid, lines).into(),
            (None, Some(rerun)) => with_texts(rerun, lines).into(),
            (None, None) => lines.into(),
        };
        match json {
            None => writer.put(&lines),
            Some(json) => writer.put(json.add(&lines)),
        }
    }

    fn flush(&mut self) -> io::Result<usize> {
        self.0.borrow_mut().writer.flush()
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        // A borrow from the RefCell cannot be returned; the writer always writes to standard output.
        self.0.borrow().writer.descriptor().map(|_| rustix::stdio::stdout())
    }
}
