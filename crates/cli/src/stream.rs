//! Standard output while a job runs: the lines of find, map and failures, as text or inside one JSON
//! object whose beginning and end are written around them.

mod json;

use crate::arguments::Format;
use crate::exit::Outcome;
use crate::report::Delivery;
use evenly::Aggregate;
use evenly::observe::Unfinished;
use evenly::output::{Output, Writer};
use json::{Entry, JsonLines};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::cell::RefCell;
use std::os::fd::BorrowedFd;
use std::rc::Rc;

/// What a job writes its lines to, and what comes after them.
pub(crate) struct Stream(Rc<RefCell<Sink>>);

struct Sink {
    writer: Writer<BorrowedFd<'static>>,
    /// `None`: as text, as they come.
    json: Option<JsonLines>,
}

/// How long to wait for a reader that takes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// For as long as it is there: it gets all of the answer.
    Endless,
    /// For a second: the job has ended early, and should end.
    Short,
    /// Not at all: the job has waited before.
    None,
}

impl Patience {
    /// Whether to wait on after so many tenths of a second in which nothing was taken.
    fn lasts(self, idle_tenths: u32) -> bool {
        match self {
            Self::Endless => true,
            Self::Short => idle_tenths < 10,
            Self::None => false,
        }
    }
}

impl Stream {
    /// One for what is to be delivered, if that is written while the job runs.
    pub(crate) fn of(delivery: &Delivery) -> Option<Self> {
        let entry = match delivery.aggregate {
            // What run prints is never JSON.
            Aggregate::Find { .. } | Aggregate::Run { .. } => Entry::Number,
            Aggregate::Map => Entry::Pair,
            Aggregate::Failures => Entry::Failure,
            _ => return None,
        };
        let is_json = delivery.format == Format::Json;
        let json = is_json.then(|| JsonLines::new(delivery.head(), entry));
        let writer = Writer::new(rustix::stdio::stdout());
        Some(Self(Rc::new(RefCell::new(Sink { writer, json }))))
    }

    /// The end of it that the job writes to.
    pub(crate) fn output(&self) -> Box<dyn Output> {
        Box::new(Input(Rc::clone(&self.0)))
    }

    /// Writes what is left, and in JSON the end of the object: also where no line came.
    ///
    /// # Errors
    /// If it cannot be written, or nobody reads it any more.
    pub(crate) fn end(&self, tail: &str) -> Result<(), Outcome> {
        let mut sink = self.0.borrow_mut();
        if let Some(json) = &mut sink.json {
            let text = json.end(tail);
            sink.writer.put(&text).map_err(Outcome::not_written)?;
        }
        sink.drain(Patience::Endless)
    }

    /// Writes what is left after a job that ended early, in JSON with the end of the object. A job that never
    /// began writes nothing.
    ///
    /// # Errors
    /// As [`end`](Self::end).
    pub(crate) fn end_early(
        &self,
        tail: &str,
        unfinished: Option<&Unfinished>,
    ) -> Result<(), Outcome> {
        let mut sink = self.0.borrow_mut();
        if let Some(json) = &mut sink.json
            && (json.has_begun() || unfinished.is_some())
        {
            let text = json.end(tail);
            sink.writer.put(&text).map_err(Outcome::not_written)?;
        }
        let is_taken = unfinished.is_none_or(|unfinished| unfinished.is_written);
        sink.drain(if is_taken { Patience::Short } else { Patience::None })
    }
}

impl Sink {
    fn drain(&mut self, patience: Patience) -> Result<(), Outcome> {
        let mut left = self.writer.flush().map_err(Outcome::not_written)?;
        let mut idle_tenths = 0;
        while left > 0 && patience.lasts(idle_tenths) {
            self.wait_a_tenth();
            let before =
                std::mem::replace(&mut left, self.writer.flush().map_err(Outcome::not_written)?);
            idle_tenths = if left < before { 0 } else { idle_tenths + 1 };
        }
        Ok(())
    }

    fn wait_a_tenth(&self) {
        let tenth = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
        if let Some(descriptor) = self.writer.descriptor() {
            // What came of it, the next write says.
            let _ = poll(&mut [PollFd::new(&descriptor, PollFlags::OUT)], Some(&tenth));
        }
    }
}

/// The end of a stream that a job has.
struct Input(Rc<RefCell<Sink>>);

impl Output for Input {
    fn put(&mut self, lines: &[u8]) -> Result<(), Errno> {
        let Sink { writer, json } = &mut *self.0.borrow_mut();
        match json {
            None => writer.put(lines),
            Some(json) => writer.put(json.add(lines)),
        }
    }

    fn flush(&mut self) -> Result<usize, Errno> {
        self.0.borrow_mut().writer.flush()
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        // What is borrowed from the shared writer cannot leave it; but it writes to nothing else.
        self.0.borrow().writer.descriptor().map(|_| rustix::stdio::stdout())
    }
}
