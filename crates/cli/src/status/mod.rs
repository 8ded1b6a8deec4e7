//! `evenly status`: how far running jobs are, from another terminal.
//!
//! `socket` is the side of the job: a unix socket with one answer for each connection. `client` reads it, `directory`
//! has the files of both, `document` is the answer.

mod client;
mod directory;
mod document;
mod socket;

use crate::answer_format::Format;
use crate::closed_stdout;
use crate::exit::ExitOutcome;
use crate::report::{line, write_out};
use crate::resume;
use crate::status_arguments::StatusArguments;
use crate::stderr;
use crate::verify;
use crate::verify_arguments::VerifyArguments;
use client::RunningJob;
use std::path::Path;

pub(crate) use socket::StatusSocket;

/// Prints the status of one job, or of all jobs of this user.
pub(crate) fn status(arguments: &StatusArguments) -> Result<(), ExitOutcome> {
    closed_stdout::check_stdout()?;
    let jobs = client::running();
    let Some(target) = &arguments.target else { return all(&jobs, arguments.json) };
    if let Some(pid) = target.to_str().and_then(|target| target.parse::<u32>().ok()) {
        return match jobs.iter().find(|job| job.pid == pid) {
            Some(job) => one(job, arguments.json),
            None => Err(ExitOutcome::Usage(format!(
                "no job of this user with the process number {pid} answers; a job answers from its second second \
                 on; evenly status lists all"
            ))),
        };
    }
    let journal = Path::new(target);
    match jobs.iter().find(|job| job.writes(journal)) {
        Some(job) => one(job, arguments.json),
        None => of_journal(journal, arguments.json),
    }
}

fn all(jobs: &[RunningJob], is_json: bool) -> Result<(), ExitOutcome> {
    if jobs.is_empty() {
        stderr::say_at_last("evenly: no job of this user runs for longer than a second\n");
        return Err(ExitOutcome::No);
    }
    if is_json {
        return write_out(&jobs.iter().map(json).collect::<String>());
    }
    write_out(&client::table(jobs))
}

fn one(job: &RunningJob, is_json: bool) -> Result<(), ExitOutcome> {
    let Some(document) = &job.document else {
        return Err(ExitOutcome::Incomplete(format!(
            "the job with the process number {} runs and does not answer; it is stopped or busy (kill -CONT {}, or \
             try again)",
            job.pid, job.pid
        )));
    };
    write_out(&if is_json { line(document) } else { document.text() })
}

fn json(job: &RunningJob) -> String {
    match &job.document {
        Some(document) => line(document),
        None => {
            line(&document::Unanswered { version: document::VERSION, pid: job.pid, answers: false })
        }
    }
}

/// What the journal of a job that does not run covers.
fn of_journal(journal: &Path, is_json: bool) -> Result<(), ExitOutcome> {
    let format = if is_json { Format::Json } else { Format::Text };
    let files = vec![journal.to_path_buf()];
    let arguments = VerifyArguments { files, merge: None, partial: false, windows: false, format };
    match verify::verify(&arguments) {
        // The coverage was asked for, and is printed.
        Err(ExitOutcome::Incomplete(_)) => {
            if let Some(pid) = evenly::internal::journal_user(journal) {
                stderr::say_at_last(&format!(
                    "evenly: the job with the process number {pid} writes this journal and does not answer; a job answers \
                     from its second second on\n"
                ));
                return Ok(());
            }
            let again = resume::line(journal);
            stderr::say_at_last(&format!(
                "evenly: no job that answers writes this journal; to continue: {}{}\n",
                again.with(""),
                again.needs()
            ));
            Ok(())
        }
        outcome => outcome,
    }
}
