//! Page about one run: coverage, cost of numbers, workers, throughput, failures and answer.
//!
//! A [`ReportPage`] takes the sources of a run one after the other: its events, its job log, and the rows of its
//! journal. Each line or row goes into a fixed number of bins, so memory and the size of the page do not depend on the
//! size of the run. [`ReportPage::html`] is one page without scripts that loads nothing.
//!
//! The charts are SVG that this crate writes itself. Their colours are variables of the style sheet, so that one page is
//! right on light and dark screens and on paper. Bars stretch with the page, while labels are HTML and keep their size: a
//! picture whose text is a part of it cannot be read on both a phone and a wide screen.

mod causes;
mod chunk_times;
mod event_log;
mod growing_bins;
mod job_log;
mod journal_facts;
mod line_reader;
mod page;
mod report_page;
mod run_clock;
mod run_outcome;
mod shown;
mod source_error;
mod worker_lanes;

pub use journal_facts::{JournalFacts, JournalWindow};
pub use report_page::ReportPage;
pub use run_outcome::AnswerFacts;
pub use source_error::SourceError;
