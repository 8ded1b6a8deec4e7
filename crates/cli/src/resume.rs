//! `evenly resume`: rebuilds the interrupted call from its journal.

use crate::arguments::{CallArguments, CliCommand, JobArguments, ResumeArguments};
use crate::exit::ExitOutcome;
use crate::files;
use crate::journal_options::JournalArguments;
use crate::lines;
use crate::option::{Replace, replace_fields};
use crate::parse;
use crate::resume_line::ResumeLine;
use evenly::journal::{self, RecordedCall};
use std::ffi::OsString;
use std::path::{Path, PathBuf, absolute};

/// The interrupted call, changed to continue its journal with the options of this call, and the words in which the user gave it.
///
/// # Errors
/// If no journal is found, if it does not contain its call, or if the directory of that call is gone.
pub(crate) fn resume(
    arguments: ResumeArguments,
) -> Result<(CliCommand, Vec<OsString>), ExitOutcome> {
    let file = match arguments.file {
        Some(file) => file,
        None => journal::latest(&journal::directory()?)?,
    };
    let Some(recorded) = evenly::internal::command_line(&file)? else {
        return Err(ExitOutcome::Usage(format!(
            "the journal '{0}' does not contain its call; repeat the call with --journal '{0}' --resume",
            file.display()
        )));
    };
    let RecordedCall { words, directory, items, part } = recorded;
    let cannot = |cause: std::io::Error| {
        let (file, directory) = (file.display(), directory.display());
        ExitOutcome::Usage(format!(
            "cannot resume '{file}' in '{directory}': {cause}; create that directory again"
        ))
    };
    let mut call = arguments.call;
    make_absolute(&mut call).map_err(cannot)?;
    let file = file.canonicalize().map_err(cannot)?;
    // Relative paths in the call are relative to the directory of the interrupted run.
    std::env::set_current_dir(&directory).map_err(cannot)?;
    let name = OsString::from("evenly");
    let mut command = parse::parse(std::iter::once(name).chain(words.iter().cloned()))?;
    if arguments.format.is_some() && matches!(command, CliCommand::Run(_) | CliCommand::Sbatch(_)) {
        return Err(ExitOutcome::Usage(format!(
            "--format is not for the run of '{}': evenly run passes on the output of commands; leave it out",
            file.display()
        )));
    }
    let journal = JournalArguments {
        file: Some(file),
        resume: true,
        // Another run may have finished the job and removed the journal; then this call must not begin a new one.
        is_expected: true,
        retry_failed: arguments.retry_failed,
        accept_change: arguments.accept_change,
    };
    if let CliCommand::Sbatch(sbatch) = &mut command {
        sbatch.journal = journal;
        sbatch.call.replace_by(call);
        return Ok((command, words));
    }
    let Some(job) = job(&mut command) else { return Err(ExitOutcome::Bug) };
    job.journal = journal;
    job.partial |= arguments.partial.partial;
    job.format = arguments.format;
    // A file of items may have changed, standard input is gone, and another sample would be drawn.
    job.items.recorded = Some(items);
    // The environment of `--part auto` is another one now.
    job.items.recorded_part = part;
    job.call.replace_by(call);
    Ok((command, words))
}

/// The line that continues a journal, by the call that the journal contains.
pub(crate) fn line(file: &Path) -> ResumeLine {
    let words = match evenly::internal::command_line(file) {
        Ok(Some(recorded)) => recorded.words,
        Ok(None) => return ResumeLine::of_program(file),
        Err(_) => return ResumeLine::new(file, false),
    };
    let name = OsString::from("evenly");
    let mut command = parse::parse(std::iter::once(name).chain(words)).ok();
    let job = command.as_mut().and_then(job);
    ResumeLine::new(file, job.is_some_and(|job| lines::are_piped(job)))
}

/// Makes the paths of this call independent of the working directory.
fn make_absolute(call: &mut CallArguments) -> std::io::Result<()> {
    if let Some(log) = &mut call.joblog {
        let (path, appends) = files::joblog_path(log);
        let path = absolute(path)?;
        *log = if appends { prefixed("+", &path) } else { path };
    }
    for path in call.events.iter_mut().chain(&mut call.junit).chain(&mut call.key_file) {
        *path = absolute(&*path)?;
    }
    for place in &mut call.on {
        if let Some(file) = place.strip_prefix('@').filter(|file| !file.is_empty())
            && let Some(path) = absolute(file)?.to_str()
        {
            *place = format!("@{path}");
        }
    }
    for address in &mut call.listen {
        if let Some((kind @ ("unix" | "unixgram"), path)) = address.split_once(':')
            && !path.is_empty()
            && let Some(path) = absolute(path)?.to_str()
        {
            *address = format!("{kind}:{path}");
        }
    }
    Ok(())
}

fn prefixed(sign: &str, path: &Path) -> PathBuf {
    let mut prefixed = OsString::from(sign);
    prefixed.push(path);
    prefixed.into()
}

impl Replace for CallArguments {
    fn replace_by(&mut self, later: Self) {
        let limits = &later.limits;
        // A way to cut the range excludes the others.
        if [&later.split, &later.chunk, &limits.chunk_time, &limits.chunk_max, &limits.chunk_min]
            .into_iter()
            .any(Option::is_some)
        {
            (self.split, self.chunk) = (None, None);
            (self.limits.chunk_time, self.limits.chunk_max) = (None, None);
            self.limits.chunk_min = None;
        }
        replace_fields!(
            self, later but [quiet, verbose, key_file, key_variable]:
            workers, on, advertise, listen, split, chunk, shuffle, max_rate, start, limits, halt, times, joblog, junit,
            events, progress, dry_run, wiring,
        );
        if quiet || verbose {
            (self.quiet, self.verbose) = (quiet, verbose);
        }
        // A key that this call names replaces the key of the earlier call, of either kind.
        if key_variable.key_env.is_some() || !key_file.is_empty() {
            (self.key_file, self.key_variable) = (key_file, key_variable);
        }
    }
}

/// The job arguments of a verb that has a range.
fn job(command: &mut CliCommand) -> Option<&mut JobArguments> {
    match command {
        CliCommand::Count(truth) | CliCommand::Any(truth) | CliCommand::All(truth) => {
            Some(&mut truth.question.job)
        }
        CliCommand::Sum(question)
        | CliCommand::Min(question)
        | CliCommand::Max(question)
        | CliCommand::Mean(question)
        | CliCommand::Map(question) => Some(&mut question.job),
        CliCommand::Hist(hist) => Some(&mut hist.question.job),
        CliCommand::Failures(failures) => Some(&mut failures.question.job),
        CliCommand::Find(find) => Some(&mut find.truth.question.job),
        CliCommand::Run(run) => Some(&mut run.job),
        CliCommand::Join(_)
        | CliCommand::Agent(_)
        | CliCommand::Resume(_)
        | CliCommand::Sbatch(_)
        | CliCommand::SlurmScript(_)
        | CliCommand::Verify(_)
        | CliCommand::Inspect(_)
        | CliCommand::Report(_)
        | CliCommand::Settle(_)
        | CliCommand::Status(_)
        | CliCommand::Keygen { .. }
        | CliCommand::Key { .. }
        | CliCommand::Functions
        | CliCommand::Completions { .. }
        | CliCommand::Lab(_)
        | CliCommand::Man { .. } => None,
    }
}
