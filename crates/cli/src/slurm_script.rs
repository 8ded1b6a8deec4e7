//! `evenly slurm-script`: a script for sbatch that runs one call on the nodes of a Slurm job, and continues from a journal
//! each time it is submitted.

use crate::arguments::JobArguments;
use crate::exit::ExitOutcome;
use crate::job_call::job_call;
use crate::parse;
use crate::plan::Plan;
use crate::sbatch::options::SlurmOptions;
use evenly::Aggregate;
use evenly::internal::quoted;
use std::ffi::{OsStr, OsString};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

/// The script for these words: options of sbatch, and a call.
///
/// # Errors
/// One line that names the option or the call, and what is wrong with it.
pub(crate) fn text(words: &[OsString]) -> Result<String, ExitOutcome> {
    let options = SlurmOptions::before_call(words);
    let (options, call) = options.map_err(|cause| {
        ExitOutcome::Usage(format!("{cause} before the call; see man sbatch for its options"))
    })?;
    check_options(&options).map_err(ExitOutcome::Usage)?;
    let named = call.iter().take(1).map(quoted).collect::<String>();
    if call.is_empty() {
        let example = "evenly slurm-script -N 4 -t 1:00:00 count prime 0..1e12";
        return Err(ExitOutcome::Usage(format!("no call is given; as in: {example}")));
    }
    if named.starts_with('-') {
        return Err(ExitOutcome::Usage(format!(
            "{named} before the call is no option of sbatch; see man sbatch, and write options of evenly behind the \
             name of the question"
        )));
    }
    if named == "sbatch" {
        let refusal =
            "sbatch runs a script on this machine; submit it to Slurm by the sbatch of Slurm";
        return Err(ExitOutcome::Usage(refusal.to_owned()));
    }
    let name = OsString::from("evenly");
    let command = parse::parse(std::iter::once(name).chain(call.iter().cloned()))?;
    let Ok((aggregate, output, mut arguments)) = job_call(command)? else {
        return Err(ExitOutcome::Usage(format!(
            "{named} starts no job that agents can do; slurm-script is for questions, as count, and for run"
        )));
    };
    check(&arguments).map_err(ExitOutcome::Usage)?;
    let added = Added::to(&arguments, aggregate, &call);
    if arguments.call.on.iter().all(|place| !is_slurm(place)) {
        arguments.call.on.push("slurm".to_owned());
    }
    arguments.is_for_script = true;
    // What is wrong with the call is said now, and not when the job begins.
    Plan::resolve(aggregate, output, &arguments)?;
    script(&options, &call, &added).map_err(ExitOutcome::Usage)
}

fn is_slurm(place: &str) -> bool {
    place.split(':').next() == Some("slurm")
}

/// Refuses options that make no single job of the script.
fn check_options(options: &SlurmOptions) -> Result<(), String> {
    if options.value("array").is_some() {
        return Err("--array starts one job for each task, and this script is one job; for an array see --part auto \
                    (docs/clusters.md)"
            .to_owned());
    }
    if options.value("wrap").is_some() {
        return Err("--wrap is a script, and this call prints one; leave it out".to_owned());
    }
    Ok(())
}

/// Refuses a call that another process cannot repeat.
fn check(arguments: &JobArguments) -> Result<(), String> {
    let files = [&arguments.items.from, &arguments.lines, &arguments.lines0];
    if files.into_iter().flatten().any(|file| file == Path::new("-")) {
        return Err(
            "a job of sbatch has no standard input; name a file in the place of -".to_owned()
        );
    }
    Ok(())
}

/// What the script needs beside the words of the call.
struct Added {
    /// Words for the end of the options.
    words: Vec<String>,
    /// What its files are called without an ending.
    stem: String,
    /// Whether a later start prints what the earlier ones did not, and nothing again.
    appends: bool,
}

impl Added {
    fn to(arguments: &JobArguments, aggregate: Aggregate, call: &[OsString]) -> Self {
        // Another call in this directory has other files.
        let mut hasher = DefaultHasher::new();
        call.hash(&mut hasher);
        let stem = format!("evenly-{}-{:08x}", aggregate.name(), hasher.finish() as u32);
        let mut words = Vec::new();
        if !arguments.call.on.iter().any(|place| is_slurm(place)) {
            words.push("--on slurm".to_owned());
        }
        if arguments.journal.file.is_none() {
            words.push(format!("--journal {stem}.journal"));
        }
        if !arguments.journal.resume {
            words.push("--resume".to_owned());
        }
        Self { words, stem, appends: matches!(aggregate, Aggregate::Run { .. }) }
    }
}

/// The text of the script.
fn script(options: &SlurmOptions, call: &[OsString], added: &Added) -> Result<String, String> {
    let Added { words, stem, appends } = added;
    let program = std::env::current_exe();
    let program = program.map_err(|error| format!("cannot find this program: {error}"))?;
    let directory = std::env::current_dir()
        .map_err(|error| format!("cannot say where the job works: getcwd: {error}"))?;
    let has_any = |names: &[&str]| names.iter().any(|name| options.value(name).is_some());
    let mut directives: Vec<(&str, String)> = Vec::new();
    let mut default = |name, value: &str, others: &[&str]| {
        if !has_any(&[name]) && !has_any(others) {
            directives.push((name, value.to_owned()));
        }
    };
    let tasks = ["ntasks", "ntasks-per-socket", "ntasks-per-core"];
    default("job-name", stem, &[]);
    // Two at a time would write one file of answers, and wait for one journal.
    default("dependency", "singleton", &[]);
    default("ntasks-per-node", "1", &tasks);
    let parts = ["cpus-per-task", "ntasks-per-node", "oversubscribe", "mincpus"];
    default("exclusive", "", &[&parts[..], &tasks].concat());
    default("no-kill", "", &[]);
    default("requeue", "", &["no-requeue"]);
    default("signal", "B:TERM@60", &[]);
    let is_in_file = !has_any(&["output"]);
    default("output", &format!("{stem}.log"), &[]);
    default("open-mode", if is_in_file || *appends { "append" } else { "truncate" }, &[]);
    let directory = directory.into_os_string().into_string();
    let directory =
        directory.map_err(|_| "the name of this directory is not valid UTF-8".to_owned())?;
    default("chdir", &directory, &[]);
    directives.extend(options.all().map(|(name, value, _)| (name, value.to_owned())));

    let mut text = String::from("#!/bin/bash\n");
    for (name, value) in directives {
        if value.chars().any(char::is_control) {
            return Err(format!(
                "bad value {} for --{name}: a control character is in it",
                quoted(&value)
            ));
        }
        let value = if value.is_empty() { value } else { format!("={}", quoted(&value)) };
        text += &format!("#SBATCH --{name}{value}\n");
    }
    let answer = match is_in_file {
        true => format!(" {} {stem}.out", if *appends { ">>" } else { ">" }),
        false => String::new(),
    };
    if is_in_file {
        text += &format!("# The answer is in {stem}.out, and messages are in {stem}.log.\n");
    }
    text += "# TERM comes before the time limit: then finished work is in the journal. Submit this script again to continue.\n";
    let end = call.iter().position(|word| word == "--").unwrap_or(call.len());
    let (call, command) = call.split_at(end);
    let shown = |word: &OsString| quoted(OsStr::new(word));
    let line = std::iter::once(quoted(&program)).chain(call.iter().map(shown));
    let line = line.chain(words.iter().cloned()).chain(command.iter().map(shown));
    text += &format!("exec {}{answer}\n", line.collect::<Vec<_>>().join(" "));
    Ok(text)
}
