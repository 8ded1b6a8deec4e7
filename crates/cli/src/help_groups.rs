//! Groups of commands and of options in help texts.

use clap::Command;

/// Template of `evenly --help`: the commands by what they are for. clap itself has one list of all.
pub(crate) const COMMANDS: &str = "\
{about-with-newline}
{usage-heading} {usage}

Questions:
  count         Count the n that satisfy a function
  sum           Add up the values of a function
  min           Find the smallest value, and the lowest n that gives it
  max           Find the largest value, and the lowest n that gives it
  mean          Compute the mean of the values of a function
  any           Say whether some n satisfies a function; the lowest that does
  all           Say whether all n satisfy a function; the lowest that does not
  find          List the n that satisfy a function, ascending
  map           List the value of a function for each n, ascending
  hist          Count how many n give each value
  failures      List the n that fail, ascending, each with the cause

Commands:
  run           Run a command for each n or each chunk, and print its output
  sbatch        Run an array script of Slurm (#SBATCH lines) on this machine

Journals and running jobs:
  resume        Continue an interrupted run from its journal
  status        Report how far running jobs are: progress, rate, time left
  verify        Report what journals cover: gaps, overlaps, failures, totals
  settle        Decide about commands of unknown fate or that failed
  report        Write a page about a run: coverage, cost, workers, failures

Other machines:
  join          Work, as an agent, for the primary that listens at an address
  agent         Wait, as an agent, for primaries that call by --on
  slurm-script  Print a script for sbatch that runs a call on several nodes
  key           Show the key for another machine, or add that of another one
  keygen        Make a key for agents on other machines, in a new file

Processes and pipes:
  inspect       Say why processes hang: what each waits for, and a verdict
  lab           Show mistakes with processes, pipes and sockets at work

About evenly:
  functions     List the builtin functions and operators, each with an example
  man           Print the manual page of evenly, or of one of its commands
  completions   Print a completion script for a shell

Options:
{options}{after-help}";

/// Headings of the options that several commands have. What only one command has stands under `Options`.
const OPTIONS: [(&str, &[&str]); 9] = [
    (
        "Output of commands",
        &["keep-order", "tag", "line-buffer", "max-output", "results", "results-of"],
    ),
    ("Items", &["from", "grid", "sample", "seed", "where", "part", "lines", "lines0"]),
    ("Commands", &["coprocess", "as", "at-most-once", "depends", "load", "memfree"]),
    ("Journal", &["journal", "resume", "retry-failed", "accept-change"]),
    ("Workers and machines", &["workers", "on", "advertise", "listen", "key-file", "key-env"]),
    (
        "Chunks and pace",
        &["split", "chunk", "shuffle", "max-rate", "chunk-time", "chunk-max", "chunk-min"],
    ),
    ("Limits", &["timeout", "grace", "memory", "deadline", "retries", "halt"]),
    (
        "Logs and messages",
        &["joblog", "junit", "events", "progress", "quiet", "verbose", "dry-run"],
    ),
    ("Wiring", &["wiring", "step", "lang"]),
];

/// Puts the options of a command under their headings.
pub(crate) fn with_headings(command: Command) -> Command {
    command.mut_args(|arg| {
        let is_in =
            |group: &&(&str, &[&str])| arg.get_long().is_some_and(|long| group.1.contains(&long));
        match OPTIONS.iter().find(is_in) {
            Some((heading, _)) => arg.help_heading(*heading),
            None => arg,
        }
    })
}
