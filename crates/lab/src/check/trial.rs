//! One run of a student's program, with a time limit, and with one failing call if one is asked for.

use crate::check::finding::Crash;
use crate::check::trace::{self, Failure, Trace};
use crate::compiler::line_of;
use crate::error::LabError;
use evenly_inspect::finding::Kind;
use evenly_inspect::{Event, Language, Look, Started, say};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::os::fd::BorrowedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// No run takes longer.
const LONGEST: Duration = Duration::from_secs(10);
/// A program that stands still, and could go on, has this long after the first look.
const AFTER_LOOK: Duration = Duration::from_secs(3);
/// Most bytes of its output that are read.
const MOST_OUTPUT: usize = 1 << 20;

/// A compiled program, and the folder for its files.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) program: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) language: Language,
    /// The descriptor of the signals that ask for the end.
    pub(crate) requests: BorrowedFd<'a>,
    /// Whether it is called with the begin of the range, too: `PROGRAM WORKERS 0 N`.
    pub(crate) takes_begin: bool,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Status(i32),
    Signal(i32),
    /// It did not end: what `evenly inspect` says, and the name of its first verdict.
    Never(String, Option<&'static str>),
}

/// What a run did.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) end: End,
    pub(crate) output: String,
    /// What it wrote to standard error.
    pub(crate) errors: String,
    pub(crate) trace: Trace,
    /// The line of the first crash, as `FILE.c:12`.
    pub(crate) place: Option<String>,
}

impl Outcome {
    /// Whether the last line of the output has this number, alone or among words.
    pub(crate) fn has_printed(&self, number: i64) -> bool {
        let last = self.last_line();
        let mut numbers = last.split(|sign: char| !sign.is_ascii_digit() && sign != '-');
        numbers.any(|word| word.parse() == Ok(number))
    }

    /// The first line on standard error, at most 100 characters of it.
    pub(crate) fn first_error(&self) -> String {
        let line = self.errors.lines().map(str::trim).find(|line| !line.is_empty());
        line.unwrap_or_default().chars().take(100).collect()
    }

    pub(crate) fn crash(&self, signal: i32) -> Crash {
        Crash { signal, place: self.place.clone(), said: self.first_error() }
    }

    pub(crate) fn last_line(&self) -> &str {
        self.output.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().trim()
    }
}

impl Subject<'_> {
    /// Runs the program for the range 0..`end` with some workers.
    pub(crate) fn run(
        &self,
        workers: usize,
        end: i64,
        failure: Option<Failure>,
    ) -> Result<Outcome, LabError> {
        let trace_path = self.folder.join("trace");
        trace::prepare(&trace_path, failure).map_err(LabError::Folder)?;
        let output_path = self.folder.join("output");
        // Files and not pipes: all pipes of the program are its own.
        let output = File::create(&output_path).map_err(LabError::Folder)?;
        let errors_path = self.folder.join("errors");
        let errors = File::create(&errors_path).map_err(LabError::Folder)?;
        let mut command = Command::new(&self.program);
        command.arg(workers.to_string());
        command.args(self.takes_begin.then_some("0")).arg(end.to_string());
        command.env("EVENLY_LAB_TRACE", &trace_path);
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let requests = self.requests.try_clone_to_owned().map_err(LabError::Start)?;
        let started = Started::spawn(&mut command).map_err(LabError::Start)?;
        let mut started = started.until_readable(requests);
        let end = self.watch(&mut started, &trace_path);
        started.end();
        let (end, trace) = (end?, Trace::read(&trace_path).map_err(LabError::Folder)?);
        let place = trace.crash_address().and_then(|address| line_of(&self.program, address));
        Ok(Outcome { end, output: tail(&output_path), errors: tail(&errors_path), trace, place })
    }

    /// What a verdict calls the processes, which are gone when it is read.
    fn roles(&self, parent: u32, trace_path: &Path) -> BTreeMap<u32, String> {
        let parent_role = say!(self.language, "the parent", "el padre");
        let trace = Trace::read(trace_path).unwrap_or_default();
        let workers = (1..).zip(trace.workers());
        let worker = |(number, pid): (usize, u32)| {
            (pid, say!(self.language, "worker {number}", "el worker {number}"))
        };
        workers.map(worker).chain([(parent, parent_role)]).collect()
    }

    fn watch(&self, started: &mut Started, trace_path: &Path) -> Result<End, LabError> {
        let mut limit = Instant::now() + LONGEST;
        let mut seen: Option<(String, Option<&'static str>)> = None;
        let parent = started.pid();
        let look = |pids: &BTreeSet<u32>| {
            let look = Look::at(pids).ok()?;
            Some(look.with_roles(self.roles(parent, trace_path)))
        };
        loop {
            match started.next_event_until(limit).map_err(LabError::Start)? {
                Event::Quiet(pids) => {
                    // A process may have ended meanwhile: then there is a next event.
                    let Some(look) = look(&pids) else { continue };
                    limit = limit.min(Instant::now() + AFTER_LOOK);
                    let first = look.verdict().findings.first().map(|finding| finding.kind);
                    let summary = (look.hold_up(self.language), first.map(Kind::name));
                    if first.is_some_and(Kind::never_wakes) {
                        return Ok(End::Never(summary.0, summary.1));
                    }
                    seen.get_or_insert(summary);
                }
                Event::Ended(status) => {
                    return Ok(match (status.code(), status.signal()) {
                        (Some(code), _) => End::Status(code),
                        (None, signal) => End::Signal(signal.unwrap_or_default()),
                    });
                }
                Event::Late => {
                    // It may have moved all the time.
                    let moving = || Some((look(&[parent].into())?.hold_up(self.language), None));
                    let (summary, kind) = seen.or_else(moving).unwrap_or_default();
                    return Ok(End::Never(summary, kind));
                }
                Event::EndRequested => return Err(LabError::Stopped),
            }
        }
    }
}

fn tail(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    let bytes = &bytes[bytes.len().saturating_sub(MOST_OUTPUT)..];
    String::from_utf8_lossy(bytes).into_owned()
}
