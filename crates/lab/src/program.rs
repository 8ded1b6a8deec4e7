//! One run of a compiled program: its output, its end, and the verdict if it stands still.

use crate::error::LabError;
use evenly_inspect::{Event, Language, Look, Started, say};
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A program that is to stand still has this long after the first look, if it could go on.
const AFTER_LOOK: Duration = Duration::from_secs(5);
/// No program runs longer.
const LONGEST: Duration = Duration::from_secs(30);

/// What a program did.
#[derive(Debug)]
pub(crate) struct Run {
    /// What it wrote to standard output and standard error.
    pub(crate) output: String,
    /// Its end, or none if it was ended.
    pub(crate) status: Option<ExitStatus>,
    /// The report of `evenly inspect`, if nothing moved for a second, and its last sentence alone.
    pub(crate) report: Option<Report>,
    /// The names of the verdicts of that report.
    pub(crate) verdicts: Vec<&'static str>,
}

/// What `evenly inspect` says of a program.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) text: String,
    pub(crate) summary: String,
}

/// Runs a program until it ends, or never can, or `requests` can be read: the descriptor of the signals that ask for
/// the end. One that `ends` by itself may stand still on its way.
pub(crate) fn run(
    program: &Path,
    ends: bool,
    language: Language,
    requests: Option<BorrowedFd<'_>>,
) -> Result<Run, LabError> {
    // A file and not a pipe: a pipe to this process would stand in the report.
    let path = program.with_extension("output");
    // Of an earlier run.
    let _ = fs::remove_file(&path);
    let output = OpenOptions::new().create(true).append(true).open(&path);
    let output = output.map_err(LabError::Folder)?;
    let errors = output.try_clone().map_err(LabError::Folder)?;
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(output).stderr(errors);
    let requests = requests.map(|requests| requests.try_clone_to_owned()).transpose();
    let requests = requests.map_err(LabError::Start)?;
    let mut started = Started::spawn(&mut command).map_err(LabError::Start)?;
    if let Some(requests) = requests {
        started = started.until_readable(requests);
    }
    let run = watch(&mut started, ends, language);
    started.end();
    let mut run = run?;
    run.output = String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).into_owned();
    Ok(run)
}

fn watch(started: &mut Started, ends: bool, language: Language) -> Result<Run, LabError> {
    let mut run = Run { output: String::new(), status: None, report: None, verdicts: Vec::new() };
    let mut limit = Instant::now() + LONGEST;
    loop {
        match started.next_event_until(limit).map_err(LabError::Start)? {
            Event::Quiet(pids) => {
                // A process may have ended meanwhile: then there is a next event.
                let Ok(look) = Look::at(&pids) else { continue };
                let roles = roles(&look, started.pid(), language);
                let look = look.with_roles(roles);
                if !ends {
                    limit = limit.min(Instant::now() + AFTER_LOOK);
                }
                if run.verdicts.is_empty() {
                    let findings = &look.verdict().findings;
                    let (text, summary) = (look.text(language), look.summary(language));
                    run.report = Some(Report { text, summary });
                    run.verdicts = findings.iter().map(|finding| finding.kind.name()).collect();
                    if findings.iter().any(|finding| finding.kind.never_wakes()) {
                        return Ok(run);
                    }
                }
            }
            Event::Ended(status) => {
                run.status = Some(status);
                return Ok(run);
            }
            Event::Late => return Ok(run),
            Event::EndRequested => return Err(LabError::Stopped),
        }
    }
}

/// What a report calls the processes, which are gone when it is read.
fn roles(look: &Look, parent: u32, language: Language) -> BTreeMap<u32, String> {
    let children: Vec<u32> = look.children(parent).collect();
    let is_only = children.len() == 1;
    let child = |(number, pid): (usize, u32)| {
        let role = match is_only {
            true => say!(language, "the child", "el hijo"),
            false => say!(language, "child {number}", "el hijo {number}"),
        };
        (pid, role)
    };
    let parent = (parent, say!(language, "the parent", "el padre"));
    (1..).zip(children).map(child).chain([parent]).collect()
}
