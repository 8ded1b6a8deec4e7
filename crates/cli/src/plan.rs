//! Plan of a job: the checked values of its arguments.

use crate::answer_format::Format;
use crate::arguments::{JobArguments, ProgressMode};
use crate::batch::Batch;
use crate::command::{CommandOptions, parse_rate};
use crate::exit::ExitOutcome;
use crate::files;
use crate::halt::parse_halt;
use crate::join_hint;
use crate::journal::Journaling;
use crate::junit_options::JunitOptions;
use crate::keys::KeySource;
use crate::limits::Limits;
use crate::messages::Volume;
use crate::number::parse_number;
use crate::on::On;
use crate::open_ended;
use crate::option::option;
use crate::output_options::OutputOptions;
use crate::question::Question;
use crate::rerun::Rerun;
use crate::shuffle_option;
use crate::suggestions;
use crate::times::Times;
use crate::wiring_options::Wiring;
use evenly::function::{Form, Function};
use evenly::journal::PartOfItems;
use evenly::{Address, AddressError, Aggregate, Grid, Halt, Items, Policy};
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::rc::Rc;

/// A checked call: everything that a job needs before it starts.
pub(crate) struct Plan {
    pub(crate) aggregate: Aggregate,
    pub(crate) items: Items,
    /// Which part of which items these are, if the job is a part.
    pub(crate) part: Option<PartOfItems>,
    /// The grid, if the items are numbers of its points.
    pub(crate) grid: Option<Rc<Grid>>,
    pub(crate) function: Box<dyn Function>,
    /// Hints about words that may not mean what the user expects, one line each.
    pub(crate) hints: Vec<String>,
    pub(crate) policy: Policy,
    /// Seed of the order of work.
    pub(crate) shuffle: Option<u64>,
    /// `None`: no local workers (`-j 0`).
    pub(crate) workers: Option<NonZeroU32>,
    /// The other machines on which agents are started.
    pub(crate) on: On,
    pub(crate) listen: Vec<Address>,
    pub(crate) key: KeySource,
    /// What an agent has to bring, behind the address of `evenly join`.
    pub(crate) join_words: String,
    pub(crate) format: Format,
    pub(crate) progress: ProgressMode,
    pub(crate) volume: Volume,
    pub(crate) is_dry_run: bool,
    /// Starts per second.
    pub(crate) max_rate: Option<f64>,
    pub(crate) limits: Limits,
    pub(crate) times: Times,
    /// `None`: never.
    pub(crate) halt: Option<Halt>,
    pub(crate) is_partial: bool,
    pub(crate) joblog: Option<PathBuf>,
    pub(crate) junit: Option<JunitOptions>,
    pub(crate) events: Option<PathBuf>,
    pub(crate) wiring: Option<Wiring>,
    pub(crate) journal: Journaling,
    /// The batch script that is run, if it is one.
    pub(crate) batch: Option<Batch>,
}

impl Plan {
    /// Checks the arguments of a job. `output`: what `run` does with the output of its commands.
    pub(crate) fn resolve(
        aggregate: Aggregate,
        mut output: OutputOptions,
        arguments: &JobArguments,
    ) -> Result<Self, ExitOutcome> {
        let wiring = arguments.call.wiring.resolve().map_err(ExitOutcome::Usage)?;
        let mut listen = addresses(&arguments.call.listen).map_err(ExitOutcome::Usage)?;
        let on = On::resolve(arguments).map_err(ExitOutcome::Usage)?;
        listen.extend(on.listens_at(&listen).and_then(|address| address.parse().ok()));
        // Checked here: `evenly resume --key-file` replaces the key of the interrupted call, which may listen.
        let key = KeySource::of_call(&arguments.call).map_err(ExitOutcome::Usage)?;
        let is_used = !listen.is_empty() || on.calls().next().is_some();
        if let (false, Some(option)) = (is_used, key.option()) {
            let refusal = format!(
                "{option} is only used with --listen ADDR or --on tcp:HOST:PORT or slurm, which are missing"
            );
            return Err(ExitOutcome::Usage(refusal));
        }
        files::of_job(arguments, &listen, on.calls()).map_err(ExitOutcome::Usage)?;
        let workers = match arguments.call.workers.as_deref() {
            Some("0") if arguments.call.has_agents() => None,
            // The node of this process has an agent as well.
            None if on.is_slurm() && on.workers_here().is_none() => None,
            None if on.workers_here().is_some() => on.workers_here().and_then(NonZeroU32::new),
            typed => Some(resolve_workers(typed).map_err(ExitOutcome::Usage)?),
        };
        let limits = arguments.call.limits.resolve()?;
        limits.check().map_err(ExitOutcome::Usage)?;
        let runs_commands = !arguments.cmd.is_empty() && !arguments.coprocess;
        let tails = output.tails(runs_commands && arguments.call.junit.is_some());
        let manner = CommandOptions {
            output,
            start_limits: arguments.call.start.resolve()?,
            repeats: limits.retries.unwrap_or(0),
        };
        let question =
            Question::resolve(aggregate, arguments, manner).map_err(ExitOutcome::Usage)?;
        if let Some(refusal) = question.other_lines {
            return Err(ExitOutcome::Journal(refusal));
        }
        let is_per_number = is_per_number(&*question.function);
        let has_order = question.items.is_open_ended() || arguments.call.shuffle.is_some();
        let policy = resolve_policy(arguments, wiring.is_some() && !has_order)
            .map_err(ExitOutcome::Usage)?;
        let halt = option("halt", arguments.call.halt.as_deref(), parse_halt)?;
        let has_array = arguments.as_kind.is_some();
        let asked = (aggregate, &question.items);
        open_ended::check(asked, (policy, has_array), &limits, halt.flatten())
            .map_err(ExitOutcome::Usage)?;
        let junit = JunitOptions::resolve(
            arguments,
            tails,
            (crate::items::span(&question.items), is_per_number),
        )
        .map_err(ExitOutcome::Usage)?;
        let shuffle =
            shuffle_option::resolve(arguments.call.shuffle.as_deref(), &question.items, policy)
                .map_err(ExitOutcome::Usage)?;
        let (shuffle, shuffle_hint) =
            shuffle.map_or((None, None), |(seed, hint)| (Some(seed), hint));
        let mut hints =
            arguments.batch.as_ref().map_or(question.hints, |batch| batch.hints.clone());
        hints.extend(shuffle_hint);
        // More workers than numbers have nothing to do; --wiring shows as many as are asked for.
        let most = u32::try_from(question.items.len()).unwrap_or(u32::MAX).max(1);
        let is_limited = wiring.is_none();
        let workers = workers.map(|workers| {
            if is_limited { workers.min(NonZeroU32::new(most).unwrap_or(workers)) } else { workers }
        });
        Ok(Self {
            aggregate,
            items: question.items,
            grid: question.grid,
            function: question.function,
            hints,
            policy,
            shuffle,
            workers,
            key,
            join_words: join_hint::words(arguments),
            on,
            listen,
            format: arguments.format.unwrap_or(Format::Text),
            progress: arguments.call.progress.unwrap_or(ProgressMode::Auto),
            volume: Volume::of(arguments.call.quiet, arguments.call.verbose),
            is_dry_run: arguments.call.dry_run,
            max_rate: option("max-rate", arguments.call.max_rate.as_deref(), parse_rate)?,
            limits,
            times: arguments.call.times.resolve()?,
            halt: halt.unwrap_or_else(|| default_halt(aggregate)),
            is_partial: arguments.partial,
            joblog: arguments.call.joblog.clone(),
            junit,
            events: arguments.call.events.clone(),
            wiring,
            journal: Journaling::resolve(arguments)?.of_part(question.part.clone()),
            part: question.part,
            batch: arguments.batch.clone(),
        })
    }
}

impl Plan {
    /// Whether each n has a result of its own, and not each chunk.
    pub(crate) fn has_results_per_number(&self) -> bool {
        is_per_number(&*self.function)
    }

    /// Builder of lines that run some numbers again under the same limits.
    pub(crate) fn rerun(&self) -> Rerun {
        if let Some(batch) = &self.batch {
            return Rerun::of_batch(batch.rerun.clone()).of_items(&self.items);
        }
        let rerun = Rerun::new(self.aggregate.name(), self.function.typed());
        let rerun = rerun.of_grid(self.grid.clone()).of_texts(self.function.command());
        rerun.of_items(&self.items).with_options(&self.limits.repeated())
    }
}

fn is_per_number(function: &dyn Function) -> bool {
    function.command().is_none_or(|command| command.form() == Form::PerNumber)
}

/// The default of `--halt`: `failures` lists all failures, so it has none.
fn default_halt(aggregate: Aggregate) -> Option<Halt> {
    (!matches!(aggregate, Aggregate::Failures { .. })).then(Halt::default)
}

fn addresses(typed: &[String]) -> Result<Vec<Address>, String> {
    let mut addresses: Vec<Address> = Vec::with_capacity(typed.len());
    for typed in typed {
        let address: Address = typed.parse().map_err(|error: AddressError| error.to_string())?;
        address.check_can_be_listened_at().map_err(|error| error.to_string())?;
        if addresses.contains(&address) {
            return Err(format!("--listen {address} is given twice"));
        }
        addresses.push(address);
    }
    Ok(addresses)
}

fn resolve_policy(arguments: &JobArguments, is_one_range_each: bool) -> Result<Policy, String> {
    let sizes = [
        (&arguments.call.limits.chunk_time, "--chunk-time"),
        (&arguments.call.limits.chunk_max, "--chunk-max"),
        (&arguments.call.limits.chunk_min, "--chunk-min"),
    ];
    let sizes = sizes.into_iter().find(|(given, _)| given.is_some());
    let policy = typed_policy(arguments, is_one_range_each)?;
    match sizes {
        Some((_, option)) if policy != Policy::Timed => Err(format!(
            "{option} is for chunks sized by time; leave out --split and --chunk, or it"
        )),
        _ => Ok(policy),
    }
}

fn typed_policy(arguments: &JobArguments, is_one_range_each: bool) -> Result<Policy, String> {
    if let Some(len) = &arguments.call.chunk {
        return fixed(len).map_err(|cause| format!("bad value '{len}' for --chunk: {cause}"));
    }
    let Some(split) = arguments.call.split.as_deref() else {
        let limits = &arguments.call.limits;
        if [&limits.chunk_time, &limits.chunk_max, &limits.chunk_min]
            .into_iter()
            .any(Option::is_some)
        {
            return Ok(Policy::Timed);
        }
        // --wiring shows the classroom exercise: one range for each worker. With --listen or --on, agents that join later
        // need chunks as well.
        let is_like_the_class = is_one_range_each && !arguments.call.has_agents();
        return Ok(if is_like_the_class { Policy::Static } else { Policy::default() });
    };
    match split {
        "timed" => Ok(Policy::Timed),
        "static" => Ok(Policy::Static),
        "guided" => Ok(Policy::Guided),
        _ => match split.split_once(':') {
            Some(("fixed", len)) => {
                fixed(len).map_err(|cause| format!("bad policy '{split}': {cause}"))
            }
            _ => {
                let names = ["timed", "static", "fixed:N", "guided"];
                let hint = match suggestions::closest(split, names.into_iter()) {
                    Some(close) => format!("did you mean '{close}'?"),
                    None => format!("it is one of {}", suggestions::listed(names.into_iter())),
                };
                Err(format!("unknown policy '{split}'; {hint}"))
            }
        },
    }
}

fn fixed(len: &str) -> Result<Policy, String> {
    let number = parse_number(len)?;
    let len = u64::try_from(number).ok().and_then(NonZeroU64::new);
    len.map(Policy::Fixed).ok_or_else(|| "a chunk holds from 1 to 2^64-1 numbers".to_owned())
}

pub(crate) fn resolve_workers(typed: Option<&str>) -> Result<NonZeroU32, String> {
    let Some(typed) = typed else { return Ok(evenly::default_workers()) };
    const LIMITS: &str = "the number of workers is from 1 to 4294967295";
    const FORMS: &str = "write a number, as 4, 50% or +1";
    let bad = |cause: &str| format!("bad value '{typed}' for --workers: {cause}");
    if let Some(percent) = typed.strip_suffix('%') {
        let percent = parse_number(percent).map_err(|cause| bad(&format!("{cause}; {FORMS}")))?;
        let share = u64::try_from(percent).ok().filter(|percent| (1..=100_000).contains(percent));
        let share = share.ok_or_else(|| bad("a percentage of the CPUs is from 1% to 100000%"))?;
        // At least one, as any share of the CPUs is meant to get the work done.
        let workers =
            (u64::from(evenly::default_workers().get()) * share / 100).clamp(1, u32::MAX.into());
        return Ok(NonZeroU32::new(workers as u32).unwrap_or(NonZeroU32::MIN));
    }
    // As in GNU parallel: `+N` and `-N` are relative to the CPUs, with at least one worker.
    if typed.starts_with(['+', '-']) {
        let number = parse_number(typed.trim_start_matches('+'))
            .map_err(|cause| bad(&format!("{cause}; {FORMS}")))?;
        let workers = i128::from(evenly::default_workers().get()).checked_add(number);
        let workers = workers.and_then(|workers| u32::try_from(workers.max(1)).ok());
        return workers.and_then(NonZeroU32::new).ok_or_else(|| bad(LIMITS));
    }
    let number = parse_number(typed).map_err(|cause| bad(&format!("{cause}; {FORMS}")))?;
    if number == 0 {
        return Err(bad(
            "at least 1 worker is needed here; 0 is for --listen and --on, where agents work",
        ));
    }
    let workers = u32::try_from(number).ok().and_then(NonZeroU32::new);
    workers.ok_or_else(|| bad(LIMITS))
}
