//! `evenly report`: recognises the files of a run, and writes the page about it.

use crate::exit::ExitOutcome;
use crate::files;
use crate::report_arguments::ReportArguments;
use crate::report_journal;
use crate::stderr;
use evenly::internal::quoted;
use evenly_report::{ReportPage, SourceError};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::Path;

/// Bytes that are read at once.
const BUFFER: usize = 1 << 16;
/// The first bytes of an SQLite database.
const SQLITE: &[u8] = b"SQLite format 3\0";
/// The first column of a job log.
const JOBLOG: &[u8] = b"Seq\t";

/// A log that was opened, with what was read of it to recognise it.
type OpenLog = BufReader<File>;

/// The files of one run, by kind.
#[derive(Default)]
struct RunFiles<'a> {
    journal: Option<&'a Path>,
    events: Option<(&'a Path, OpenLog)>,
    joblog: Option<(&'a Path, OpenLog)>,
}

/// Writes the page about a run.
pub(crate) fn report(arguments: &ReportArguments) -> Result<(), ExitOutcome> {
    let ReportArguments { files: paths, output } = arguments;
    files::of_report(paths, output).map_err(ExitOutcome::Usage)?;
    let mut run = RunFiles::default();
    for path in paths {
        run.add(path)?;
    }
    let page = run.page()?.html();
    fs::write(output, &page).map_err(|cause| {
        let output = quoted(output);
        ExitOutcome::Usage(format!(
            "cannot write the page {output}: {cause}; give -o a file that can be written"
        ))
    })?;
    stderr::say_at_last(&format!(
        "evenly: wrote {} ({} kB)\n",
        quoted(output),
        page.len().div_ceil(1000)
    ));
    Ok(())
}

impl<'a> RunFiles<'a> {
    /// Opens a file and finds out what it is.
    fn add(&mut self, path: &'a Path) -> Result<(), ExitOutcome> {
        let shown = quoted(path);
        let refused = |cause: io::Error| {
            ExitOutcome::Usage(format!(
                "cannot read {shown}: {cause}; name a file that can be read"
            ))
        };
        let log = File::open(path).map_err(refused)?;
        let mut log = BufReader::with_capacity(BUFFER, log);
        let begin = log.fill_buf().map_err(refused)?;
        let twice = |kind: &str| {
            ExitOutcome::Usage(format!(
                "{shown} is the second {kind}; a page is about one run, so name one file of each kind"
            ))
        };
        if begin.starts_with(SQLITE) {
            // SQLite opens it by itself, after this descriptor is closed.
            drop(log);
            return match self.journal.replace(path) {
                None => Ok(()),
                Some(_) => Err(twice("journal")),
            };
        }
        let (place, kind) = if begin.starts_with(JOBLOG) {
            (&mut self.joblog, "job log")
        } else if begin.starts_with(b"{") {
            (&mut self.events, "file of events")
        } else {
            let what = if begin.is_empty() {
                "is empty"
            } else {
                "is no journal, no file of events and no job log"
            };
            return Err(ExitOutcome::Usage(format!(
                "{shown} {what}; name a file that a run wrote by --journal, --events or --joblog"
            )));
        };
        match place.replace((path, log)) {
            None => Ok(()),
            Some(_) => Err(twice(kind)),
        }
    }

    /// Reads all of them.
    fn page(self) -> Result<ReportPage, ExitOutcome> {
        let mut page = ReportPage::new();
        let refused = |error: SourceError| ExitOutcome::Usage(error.to_string());
        let rerun = match self.journal {
            Some(path) => Some(report_journal::add_facts(&mut page, path)?),
            None => None,
        };
        if let Some((path, log)) = self.events {
            page.read_events(&named(path), log).map_err(refused)?;
        }
        if let Some((path, log)) = self.joblog {
            page.read_joblog(&named(path), log).map_err(refused)?;
        }
        if let Some((path, rerun)) = self.journal.zip(rerun) {
            report_journal::add_rows(&mut page, path, rerun.as_ref())?;
        }
        Ok(page)
    }
}

fn named(path: &Path) -> String {
    quoted(path)
}
