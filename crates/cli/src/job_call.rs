//! The job of a parsed command: its question and arguments.

use crate::arguments::{CliCommand, FailuresArguments, FindArguments, JobArguments, RunArguments};
use crate::exit::ExitOutcome;
use crate::output_options::OutputOptions;
use evenly::Aggregate;

/// A call that starts a job: its question, what `run` does with output, and its arguments.
pub(crate) type JobCall = (Aggregate, OutputOptions, JobArguments);

/// The job of a command; the command itself, if it starts none of its own.
pub(crate) fn job_call(command: CliCommand) -> Result<Result<JobCall, CliCommand>, ExitOutcome> {
    let mut output = OutputOptions::default();
    let (aggregate, arguments) = match command {
        CliCommand::Count(truth) => (Aggregate::Count, truth.into_inner().into_job()),
        CliCommand::Any(truth) => (Aggregate::Any, truth.into_inner().into_job()),
        CliCommand::All(truth) => (Aggregate::All, truth.into_inner().into_job()),
        CliCommand::Sum(question) => (Aggregate::Sum, question.into_inner().into_job()),
        CliCommand::Min(question) => (Aggregate::Min, question.into_inner().into_job()),
        CliCommand::Max(question) => (Aggregate::Max, question.into_inner().into_job()),
        CliCommand::Hist(hist) => {
            let hist = hist.into_inner();
            (hist.bins.aggregate()?, hist.question.into_job())
        }
        CliCommand::Mean(question) => (Aggregate::Mean, question.into_inner().into_job()),
        CliCommand::Map(question) => (Aggregate::Map, question.into_inner().into_job()),
        CliCommand::Failures(failures) => {
            let FailuresArguments { first, question } = failures.into_inner();
            (Aggregate::Failures { first: first.resolve()? }, question.into_job())
        }
        CliCommand::Find(find) => {
            let FindArguments { first, truth } = find.into_inner();
            (Aggregate::Find { first: first.resolve()? }, truth.into_job())
        }
        CliCommand::Run(run) => {
            let RunArguments { keep_order, output: typed, job } = run.into_inner();
            output = typed.resolve()?;
            (Aggregate::Run { in_order: keep_order }, job)
        }
        CliCommand::Sbatch(sbatch) => {
            (Aggregate::Run { in_order: false }, sbatch.into_inner().into_job()?)
        }
        other => return Ok(Err(other)),
    };
    Ok(Ok((aggregate, output, arguments)))
}
