//! `evenly sbatch`: an array script of Slurm with its own `#SBATCH` lines, on this machine.
//!
//! `options` has the options of sbatch(1), `directives` reads them from a script, `environment` from variables. `array_spec` and `values` read their
//! values. The script becomes a job as that of `run`, over its tasks.

mod array_spec;
mod directives;
mod environment;
pub(crate) mod options;
mod values;

use crate::arguments::{CliCommand, JobArguments, SbatchArguments};
use crate::array::recorded_id;
use crate::batch::{Batch, RerunLine};
use crate::exit::ExitOutcome;
use crate::own;
use crate::parse;
use crate::plan::resolve_workers;
use array_spec::{ArraySpec, parse_array_spec};
use evenly::function::{ArrayJob, ArraySystem, BatchScript, Exported};
use evenly::internal::quoted;
use evenly::{Interval, Range};
use options::{Role, SlurmOptions};
use std::ffi::OsString;
use std::io::{IsTerminal, Read};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use values::{parse_mebibytes, parse_time};

/// What `--wrap` puts before its line, as Slurm does.
const WRAP: &str = "#!/bin/sh\n# This script was created by evenly sbatch --wrap.\n\n";

impl SbatchArguments {
    /// The job of these arguments.
    ///
    /// # Errors
    /// One line that names the option or the line of the script, and what is wrong with it.
    pub(crate) fn into_job(self) -> Result<JobArguments, ExitOutcome> {
        self.resolve().map_err(ExitOutcome::Usage)
    }

    fn resolve(mut self) -> Result<JobArguments, String> {
        if self.call.has_agents() {
            return Err("sbatch runs on this machine; for agents use evenly run --as slurm --listen, or leave \
                        --listen and --on out"
                .to_owned());
        }
        // The command line replaces the environment, and that replaces the script.
        self.slurm = self.slurm.or(environment::read_environment()?);
        let (words, text) = self.script()?;
        let options = match self.slurm.value("wrap") {
            Some(_) => self.slurm.clone(),
            None => {
                let script = words[0].display();
                let directives = directives::read_directives(&text);
                self.slurm.clone().or(directives.map_err(|cause| format!("'{script}', {cause}"))?)
            }
        };
        let spec = parsed(&options, "array", parse_array_spec)?;
        let (whole, id) = match &self.array_of {
            Some(typed) => parse_array_of(typed)?,
            None => (spec.clone(), self.job_id),
        };
        let id = id.or_else(|| self.journal.continued().and_then(recorded_id));
        let (job, hints) = self.array_job(&options, whole.as_ref(), id)?;
        let directory = working_directory(&options)?;
        let script = self.batch_script(&options, &directory, &text, spec.is_some())?;
        let from_environment = self.slurm.words_of_environment();
        let rerun = self.rerun_line(whole.as_ref(), job.id(), &words);
        let submitted = match options.value("parsable") {
            Some(_) => format!("{}\n", job.id()),
            None => format!("Submitted batch job {}\n", job.id()),
        };
        self.limit(&options, spec.as_ref())?;
        let tasks = spec.map_or_else(|| "0..1".to_owned(), |spec| spec.items.to_string());
        let mut arguments = job_of_run(&tasks)?;
        arguments.cmd = words;
        arguments.batch = Some(Batch { job, script, submitted, hints, rerun, from_environment });
        arguments.at_most_once = self.at_most_once;
        arguments.journal = self.journal;
        arguments.call = self.call;
        Ok(arguments)
    }

    /// The words of the command, and the bytes of the script.
    fn script(&self) -> Result<(Vec<OsString>, Vec<u8>), String> {
        if let Some(line) = self.slurm.value("wrap") {
            if let Some(script) = &self.script {
                let script = quoted(script);
                return Err(format!(
                    "--wrap is the script, and {script} is another; leave one of them out"
                ));
            }
            return Ok((vec!["wrap".into()], format!("{WRAP}{line}\n").into_bytes()));
        }
        let Some(script) = self.script.clone() else { return script_of_standard_input() };
        let text = std::fs::read(&script)
            .map_err(|cause| format!("cannot read the script {}: {cause}", quoted(&script)))?;
        let words = std::iter::once(script).chain(self.args.iter().cloned());
        Ok((words.collect(), text))
    }

    /// The array job, and what the user should know about it.
    fn array_job(
        &self,
        options: &SlurmOptions,
        spec: Option<&ArraySpec>,
        id: Option<u64>,
    ) -> Result<(ArrayJob, Vec<String>), String> {
        let mut job = match spec {
            None => ArrayJob::new(ArraySystem::Slurm, Range::from(Interval::single(0))).single(),
            Some(spec) => {
                let job = ArrayJob::new(ArraySystem::Slurm, spec.items.clone()).stepped(spec.step);
                if self.array_of.is_some() { job.tasks(spec.items.clone()) } else { job }
            }
        };
        job = id.into_iter().fold(job, ArrayJob::with_id);
        if let Some(name) = options.value("job-name") {
            job = job.named(name.into());
        }
        if let Some(partition) = options.value("partition") {
            job = job.partition(partition.into());
        }
        if let Some(exported) = options.value("export") {
            job = job.exported(exported.into());
        }
        let (processes, cpus) = cpus(options)?;
        let memory = parsed(options, "mem", parse_mebibytes)?.flatten();
        let per_cpu = parsed(options, "mem-per-cpu", parse_mebibytes)?.flatten();
        job = job.processes(processes, cpus).memory(memory, per_cpu);
        let mut hints = Vec::new();
        let is_meaningless = |(long, value, role): (&'static str, &str, Role)| {
            let is_one_node = long == "nodes" && matches!(value, "1" | "1-1");
            let is_named = role == Role::Meaningless && !is_one_node || long == "partition";
            is_named.then(|| format!("--{long}"))
        };
        let mut named: Vec<String> = options.all().filter_map(is_meaningless).collect();
        named.sort_unstable();
        if !named.is_empty() {
            hints.push(format!("no effect on one machine: {}", named.join(", ")));
        }
        let (wanted, there) = (processes.saturating_mul(cpus), evenly::default_workers().get());
        if wanted > there {
            hints.push(format!(
                "a task asks for {wanted} CPUs, and there are {there}; tasks run one at a time"
            ));
        }
        Ok((job, hints))
    }

    /// The script with its output files and its environment.
    fn batch_script(
        &self,
        options: &SlurmOptions,
        directory: &Path,
        text: &[u8],
        is_array: bool,
    ) -> Result<BatchScript, String> {
        let default = if is_array { "slurm-%A_%a.out" } else { "slurm-%j.out" };
        let output = options.value("output").unwrap_or(default);
        for (option, pattern) in [("output", Some(output)), ("error", options.value("error"))] {
            check_output_directory(option, directory, pattern.unwrap_or_default())?;
        }
        let errors = options.value("error").map(Into::into);
        let script = BatchScript::new(text, output.into(), errors, directory.to_owned());
        let script = match options.value("open-mode") {
            None | Some("truncate" | "t") => script,
            Some("append" | "a") => script.append(),
            Some(other) => {
                let name = options.name("open-mode");
                return Err(format!("bad value '{other}' for {name}: it is truncate or append"));
            }
        };
        Ok(options.value("export").into_iter().fold(script, exported))
    }

    /// Sets the limits of each task, and of the tasks at a time, that the command line does not set in evenly's own
    /// options.
    fn limit(&mut self, options: &SlurmOptions, spec: Option<&ArraySpec>) -> Result<(), String> {
        let (processes, cpus) = cpus(options)?;
        let cpus = processes.saturating_mul(cpus);
        let limits = &mut self.call.limits;
        if let Some(time) = parsed(options, "time", parse_time)?.flatten() {
            limits.timeout.get_or_insert_with(|| format!("{}s", time.as_secs()));
        }
        let memory = parsed(options, "mem", parse_mebibytes)?.flatten();
        let per_cpu = parsed(options, "mem-per-cpu", parse_mebibytes)?.flatten();
        let memory = memory.or_else(|| per_cpu?.checked_mul(cpus.into()));
        if let Some(mebibytes) = memory {
            limits.memory.get_or_insert_with(|| format!("{mebibytes}M"));
        }
        let workers = match self.call.workers.as_deref() {
            typed @ Some(_) => resolve_workers(typed)?.get(),
            None => (evenly::default_workers().get() / cpus).max(1),
        };
        let most = spec.and_then(|spec| spec.limit).unwrap_or(u32::MAX);
        self.call.workers = Some(workers.min(most).to_string());
        Ok(())
    }

    /// The call that runs tasks again: with the options that were typed, and the whole array.
    fn rerun_line(&self, whole: Option<&ArraySpec>, id: u64, words: &[OsString]) -> RerunLine {
        let mut before = format!("{} sbatch", own::call());
        match whole {
            Some(whole) => before += &format!(" --array-of={}@{id}", whole.text),
            None => before += &format!(" --job-id={id}"),
        }
        let repeated =
            |(long, ..): &(&str, &str, Role)| !["array", "wait", "parsable"].contains(long);
        for (long, value, _) in self.slurm.all().filter(repeated) {
            let value =
                if value.is_empty() { String::new() } else { format!("={}", quoted(value)) };
            before += &format!(" --{long}{value}");
        }
        let limits = &self.call.limits;
        let typed =
            [("timeout", &limits.timeout), ("memory", &limits.memory), ("grace", &limits.grace)];
        for (option, value) in typed {
            if let Some(value) = value {
                before += &format!(" --{option} {}", quoted(value));
            }
        }
        let words = if self.script.is_some() { words } else { &[] };
        let behind = words.iter().map(|word| format!(" {}", quoted(word))).collect();
        RerunLine { before, behind, is_array: whole.is_some() }
    }
}

/// The script from a here-document or a pipe, as sbatch reads it, under the name that Slurm gives it.
fn script_of_standard_input() -> Result<(Vec<OsString>, Vec<u8>), String> {
    let mut text = Vec::new();
    let mut input = std::io::stdin();
    if !input.is_terminal() {
        let read = input.read_to_end(&mut text);
        read.map_err(|cause| format!("cannot read a script from standard input: {cause}"))?;
    }
    if text.is_empty() {
        return Err("no script is given; as in: evenly sbatch job.sh".to_owned());
    }
    Ok((vec!["sbatch".into()], text))
}

/// The value of an option, read by a parser.
fn parsed<T>(
    options: &SlurmOptions,
    long: &str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<T>, String> {
    let Some(value) = options.value(long) else { return Ok(None) };
    let bad = |cause| format!("bad value '{value}' for {}: {cause}", options.name(long));
    parse(value).map(Some).map_err(bad)
}

/// Processes of a task, and CPUs of each.
fn cpus(options: &SlurmOptions) -> Result<(u32, u32), String> {
    let number = |text: &str| {
        let number = text.parse::<NonZeroU32>().map(NonZeroU32::get);
        number.map_err(|_| "it is a number from 1".to_owned())
    };
    let processes = match parsed(options, "ntasks", number)? {
        Some(processes) => processes,
        None => parsed(options, "ntasks-per-node", number)?.unwrap_or(1),
    };
    Ok((processes, parsed(options, "cpus-per-task", number)?.unwrap_or(1)))
}

/// The directory in which tasks run.
fn working_directory(options: &SlurmOptions) -> Result<PathBuf, String> {
    let typed = options.value("chdir").unwrap_or(".");
    let directory = Path::new(typed).canonicalize();
    directory
        .and_then(|path| std::fs::read_dir(&path).map(|_| path))
        .map_err(|cause| format!("bad value '{typed}' for --chdir: {cause}"))
}

/// Refuses an output file whose directory is missing, as far as its name is the same for all tasks.
fn check_output_directory(option: &str, directory: &Path, pattern: &str) -> Result<(), String> {
    let Some(parent) = Path::new(pattern).parent() else { return Ok(()) };
    if parent.to_string_lossy().contains(['%', '\\']) || directory.join(parent).is_dir() {
        return Ok(());
    }
    let parent = quoted(parent);
    Err(format!("the directory {parent} of --{option} does not exist; make it: mkdir -p {parent}"))
}

/// The script with the variables that a value of `--export` names.
fn exported(script: BatchScript, value: &str) -> BatchScript {
    let words: Vec<&str> = value.split(',').filter(|word| !word.is_empty()).collect();
    let mut script = script;
    let mut names = Vec::new();
    for word in &words {
        match word.split_once('=') {
            Some((name, value)) => script = script.set(name.into(), value.into()),
            None => names.push(OsString::from(word)),
        }
    }
    let are_all = names.iter().any(|name| name == "ALL");
    let is_none = |name: &OsString| name == "NONE" || name == "NIL";
    names.retain(|name| !is_none(name));
    if are_all { script } else { script.export(Exported::Only(names)) }
}

/// Reads the whole array and the id of its job.
fn parse_array_of(typed: &str) -> Result<(Option<ArraySpec>, Option<u64>), String> {
    let bad = |cause: &str| format!("bad value '{typed}' for --array-of: {cause}");
    let (spec, id) = typed.split_once('@').ok_or_else(|| bad("it is SPEC@ID"))?;
    let spec = parse_array_spec(spec).map_err(|cause| bad(&cause))?;
    let id = id.parse().map_err(|_| bad("behind @ is no number"))?;
    Ok((Some(spec), Some(id)))
}

/// The arguments of `run` over these items, with all options at their defaults.
fn job_of_run(items: &str) -> Result<JobArguments, String> {
    let words = ["evenly", "run", items, "--", "true"].map(OsString::from);
    match parse::parse(words.into_iter()) {
        Ok(CliCommand::Run(run)) => Ok(run.into_inner().job),
        _ => Err(format!("bad value for --array: {items} are no items")),
    }
}
