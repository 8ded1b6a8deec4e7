//! Journal: durable record of the finished numbers of a job, by which a later run continues it.
//!
//! It is an SQLite database: SQLite survives torn writes and a loss of power, and other tools can query
//! it. A run's answers count when they are in it: [`Order::Record`](evenly_core::Order) goes to
//! `JournalWriter::put`, and what `JournalWriter::commit` gives back goes to the supervisor. docs/journal.md has the
//! tables, when a journal is valid, and what becomes of it after each kind of accident.
//!
//! `schema` and `tables` are the rows and their hashes, `connection` how the file is opened, `check` what
//! must hold of it, `checked` one that is not written to yet, `batch`, `begun` and `writer` how it is written, `kept` how it is read back, `verify` several together
//! (`source`, `placement`, `coverage`, `repeated`),
//! `survey` one for a page about its run, `window` the audit of windows, `settle` decisions about `open_windows`, `state` the journals without a given path.

mod batch;
mod begun;
mod check;
mod checked;
mod connection;
mod coverage;
mod discard;
mod error;
mod file_lock;
mod fingerprint;
mod format;
mod kept;
mod merge;
mod merge_lines;
mod open_windows;
mod option;
mod placement;
mod reading;
mod repeated;
mod schema;
mod settle;
mod source;
mod state;
mod survey;
mod tables;
#[cfg(test)]
mod tests;
mod verify;
mod window;
mod writer;

pub use discard::discard;
pub use error::JournalError;
pub(crate) use file_lock::user_of;
use fingerprint::Fingerprint;
pub use fingerprint::{Difference, JournalChange, PartOfItems};
pub use merge::merge;
#[doc(hidden)]
pub use merge::merge_finished_parts;
pub use settle::{SettleDecision, SettledWindows, settle};
pub use state::{directory, latest};
#[doc(hidden)]
pub use survey::{JournalSurvey, SurveyedRow, survey, surveyed_rows};
pub use verify::{Together, verify, windows};
pub use window::WindowAttempt;
pub(crate) use writer::{Committed, JournalWriter};

use crate::function::{Function, Program};
use checked::LockedJournal;
use evenly_core::{Aggregate, Interval, IntervalSet, Items, ItemsPart, Value};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use writer::ResumeTerms;

/// Where the journal of a job is, and on which terms it is gone on with.
///
/// ```no_run
/// use evenly::journal::Journal;
/// use evenly::{Job, Range, function};
///
/// let squares = function::predicate("square", |n| n.isqrt().pow(2) == n);
/// let job = Job::count(Range::new(0, 1_000_000_000_000)?, squares);
/// let report = job.journal(Journal::at("squares.journal").resume()).run()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Journal {
    place: Location,
    terms: ResumeTerms,
    program: String,
    part: Option<PartOfItems>,
    call: Option<(Vec<OsString>, PathBuf)>,
}

#[derive(Clone, Debug)]
enum Location {
    At(PathBuf),
    /// In a file of its own in this directory, made when the run has lasted this long; `None`: in the
    /// [state directory](directory).
    After(Duration, Option<PathBuf>),
}

impl Journal {
    /// In this file, which must not be there yet.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self::new(Location::At(path.into()))
    }

    /// In a file of its own in this directory, if the run lasts longer than this. It should be
    /// [discarded](fn@discard) when it is not needed any more. That it cannot be kept stops no run.
    #[must_use]
    pub fn after(duration: Duration, directory: impl Into<PathBuf>) -> Self {
        Self::new(Location::After(duration, Some(directory.into())))
    }

    /// The same in the [state directory](directory) of the user.
    #[must_use]
    pub fn in_state_directory_after(duration: Duration) -> Self {
        Self::new(Location::After(duration, None))
    }

    fn new(place: Location) -> Self {
        let (terms, program) = (ResumeTerms::default(), String::new());
        Self { place, terms, program, part: None, call: None }
    }

    /// Goes on with it if it is there. The items of the job may have grown: a range that contains the one there, or
    /// other items that go on above those there.
    #[must_use]
    pub fn resume(mut self) -> Self {
        self.terms.resume = true;
        self
    }

    /// Goes on with it, and refuses a file that is missing.
    #[must_use]
    pub fn resume_existing(mut self) -> Self {
        self.terms.is_expected = true;
        self.resume()
    }

    /// Runs the numbers again that failed.
    #[must_use]
    pub fn retry_failed(mut self) -> Self {
        self.terms.retry_failed = true;
        self
    }

    /// Goes on with it although the function is another, or this program. Both stay in it.
    #[must_use]
    pub fn accept_change(mut self) -> Self {
        self.terms.accept_change = true;
        self
    }

    /// What else the answer depends on and is not in the function's name.
    #[must_use]
    pub fn program(mut self, program: impl Into<String>) -> Self {
        self.program = program.into();
        self
    }

    /// Says that the items of the job are this part of others. [`merge`](fn@merge) puts the journals of all parts together.
    #[must_use]
    pub fn part(mut self, part: PartOfItems) -> Self {
        self.part = Some(part);
        self
    }

    /// Keeps the command line that starts this job again, and its directory: see [`command_line`].
    pub(crate) fn with_command_line(mut self, words: Vec<OsString>, directory: PathBuf) -> Self {
        self.call = Some((words, directory));
        self
    }

    /// When it is to be made, unless it is there from the start.
    pub(crate) fn begins_after(&self) -> Option<Duration> {
        match self.place {
            Location::At(_) => None,
            Location::After(duration, _) => Some(duration),
        }
    }

    /// What is run and not computed here has a digest: of the bytes of a library, of the words of a command.
    fn fingerprint(
        &self,
        aggregate: Aggregate,
        items: &Items,
        function: &dyn Function,
    ) -> Fingerprint {
        let digest = match function.program() {
            Program::None => String::new(),
            Program::Command(digest) | Program::Library(digest) | Program::Executable(digest) => {
                digest.iter().map(|byte| format!("{byte:02x}")).collect()
            }
        };
        let program = [&*digest, &*self.program].join(" ");
        let fingerprint =
            Fingerprint::new(aggregate, items.clone(), function.name(), program.trim());
        fingerprint.of_part(self.part.clone())
    }

    fn call_in(&self) -> writer::ResumeCall<'_> {
        self.call.as_ref().map(|(words, directory)| (&words[..], &**directory))
    }

    /// Checks the file of a journal at a path, and writes nothing to it yet; `None` if there is no path
    /// before the journal begins. A signal that asks for the end, or the time `until`, ends that with
    /// [`JournalError::Interrupted`], and so does what [is read](JournalWriter::end_reading) of it later.
    pub(crate) fn check(
        &self,
        aggregate: Aggregate,
        items: &Items,
        function: &dyn Function,
        until: Option<Instant>,
    ) -> Result<Option<CheckedJournal<'_>>, JournalError> {
        let Location::At(path) = &self.place else { return Ok(None) };
        let fingerprint = self.fingerprint(aggregate, items, function);
        let terms = ResumeTerms { until, ..self.terms };
        LockedJournal::new(path, &fingerprint, self.call_in(), terms)
            .map(|checked| Some(CheckedJournal(checked)))
    }

    /// Begins a journal in a file of its own.
    pub(crate) fn begin(
        &self,
        aggregate: Aggregate,
        items: &Items,
        function: &dyn Function,
    ) -> Result<JournalWriter, JournalError> {
        let path = match &self.place {
            Location::At(path) => path.clone(),
            Location::After(_, Some(directory)) => state::new_file(directory)?,
            Location::After(_, None) => state::new_file(&directory()?)?,
        };
        let fingerprint = self.fingerprint(aggregate, items, function);
        Ok(JournalWriter::open(&path, &fingerprint, self.call_in(), ResumeTerms::default())?.0)
    }
}

/// A journal that was checked for a job.
pub(crate) struct CheckedJournal<'a>(LockedJournal<'a>);

impl CheckedJournal<'_> {
    /// Opens it: with what is done already.
    pub(crate) fn begin(self) -> Result<(JournalWriter, Option<Done>), JournalError> {
        let changes = self.0.changes();
        let (writer, contents) = self.0.begin()?;
        Ok((writer, contents.map(|contents| Done::of(contents, changes))))
    }
}

/// What a journal says is done, as far as a run must know it before it begins.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    pub(crate) done: u128,
    pub(crate) failed: u128,
    /// Numbers that are done or failed, and how many lines were found in them.
    pub(crate) pieces: Vec<(Interval, u64)>,
    pub(crate) lowest_failure: Option<i64>,
    pub(crate) value: Value,
    /// What earlier results come from, if that is something else than in this run.
    pub(crate) change: Option<JournalChange>,
}

impl Done {
    /// What is in a journal that had this many accepted changes before this run.
    fn of(contents: check::Contents, changes: usize) -> Self {
        let change = contents.change(contents.changes() > changes);
        let check::Contents { done, failed, pieces, lowest_failure, value, .. } = contents;
        Self { done, failed, pieces, lowest_failure, value, change }
    }

    /// The numbers.
    pub(crate) fn set(&self) -> IntervalSet {
        let mut set = IntervalSet::new();
        for (interval, _) in &self.pieces {
            // They are apart from each other: it was checked.
            let _ = set.insert(*interval);
        }
        set
    }
}

/// The call by which the job of a journal can be asked for again.
#[derive(Debug)]
pub struct RecordedCall {
    /// The words of the call.
    pub words: Vec<OsString>,
    /// The directory it was in.
    pub directory: PathBuf,
    /// The items of its job; of a part, all items.
    pub items: Items,
    /// Which part of the items its job is.
    pub part: Option<ItemsPart>,
}

/// The call in a journal; `None` if the journal does not have it.
///
/// # Errors
/// If it is no sound journal.
pub(crate) fn command_line(path: &Path) -> Result<Option<RecordedCall>, JournalError> {
    let contents = reading::read(path)?.1;
    let fingerprint = contents.fingerprint();
    let part = fingerprint.part.as_ref().map(PartOfItems::part);
    let items = fingerprint.part.as_ref().map_or(&fingerprint.items, PartOfItems::whole).clone();
    let recorded = |(words, directory)| RecordedCall { words, directory, items, part };
    Ok(contents.call.map(recorded))
}
