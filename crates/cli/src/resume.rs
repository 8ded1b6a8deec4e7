//! `evenly resume`: rebuilds the interrupted call from its journal.

use crate::arguments::{Command, JobArguments, ResumeArguments};
use crate::exit::Outcome;
use crate::parse;
use evenly::journal;
use std::ffi::OsString;

/// The interrupted call, changed to continue its journal, and the words in which the user gave it.
///
/// # Errors
/// If no journal is found, if it does not contain its call, or if the directory of that call is gone.
pub(crate) fn resume(arguments: &ResumeArguments) -> Result<(Command, Vec<OsString>), Outcome> {
    let file = match &arguments.file {
        Some(file) => file.clone(),
        None => journal::latest(&journal::directory()?)?,
    };
    let Some((words, directory)) = journal::call(&file)? else {
        return Err(Outcome::Usage(format!(
            "the journal '{0}' does not contain its call; repeat the call with --journal '{0}' --resume",
            file.display()
        )));
    };
    let cannot = |cause: std::io::Error| {
        let (file, directory) = (file.display(), directory.display());
        Outcome::Usage(format!(
            "cannot resume '{file}' in '{directory}': {cause}; create that directory again"
        ))
    };
    let file = file.canonicalize().map_err(cannot)?;
    // Relative paths in the call are relative to the directory of the interrupted run.
    std::env::set_current_dir(&directory).map_err(cannot)?;
    let name = OsString::from("evenly");
    let mut command = parse::parse(std::iter::once(name).chain(words.iter().cloned()))?;
    let Some(job) = job(&mut command) else { return Err(Outcome::Bug) };
    job.journal = Some(file);
    job.resume = true;
    // Another run may have finished the job and removed the journal; then this call must not begin a new one.
    job.expects_journal = true;
    job.retry_failed = arguments.retry_failed;
    job.accept_change = arguments.accept_change;
    job.partial |= arguments.partial;
    job.workers = arguments.workers.clone().or_else(|| job.workers.take());
    job.limits.deadline = arguments.deadline.clone().or_else(|| job.limits.deadline.take());
    if arguments.quiet || arguments.verbose {
        (job.quiet, job.verbose) = (arguments.quiet, arguments.verbose);
    }
    Ok((command, words))
}

/// The job arguments of a verb that has a range.
fn job(command: &mut Command) -> Option<&mut JobArguments> {
    match command {
        Command::Count(truth) | Command::Any(truth) | Command::All(truth) => {
            Some(&mut truth.question.job)
        }
        Command::Sum(question)
        | Command::Min(question)
        | Command::Max(question)
        | Command::Hist(question)
        | Command::Map(question)
        | Command::Failures(question) => Some(&mut question.job),
        Command::Find(find) => Some(&mut find.truth.question.job),
        Command::Run(run) => Some(&mut run.job),
        Command::Join(_)
        | Command::Resume(_)
        | Command::Verify(_)
        | Command::Keygen { .. }
        | Command::Functions
        | Command::Completions { .. }
        | Command::Man { .. } => None,
    }
}
