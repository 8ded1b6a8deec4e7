//! What the arguments mean: a plan that can be carried out, or a line that says why not.

use crate::arguments::{Format, JobArguments, Progress};
use crate::duration::parse_duration;
use crate::exit::Outcome;
use crate::halt::parse_halt;
use crate::number::{parse_number, parse_range};
use crate::told::Volume;
use crate::usage;
use evenly::function::{self, BUILTINS, Function};
use evenly::{Address, AddressError, Halt, Policy, Range};
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::time::Duration;

/// A job that has been understood and found possible, as far as one can tell before it starts.
pub(crate) struct Plan {
    pub(crate) range: Range,
    pub(crate) function: Box<dyn Function>,
    pub(crate) policy: Policy,
    /// `None`: only agents work.
    pub(crate) workers: Option<NonZeroU32>,
    pub(crate) listen: Vec<Address>,
    pub(crate) key_files: Vec<PathBuf>,
    pub(crate) format: Format,
    pub(crate) progress: Progress,
    pub(crate) volume: Volume,
    pub(crate) is_dry_run: bool,
    pub(crate) deadline: Option<Duration>,
    /// `None`: as many as the library thinks best.
    pub(crate) retries: Option<u8>,
    /// `None`: never.
    pub(crate) halt: Option<Halt>,
    pub(crate) is_partial: bool,
    pub(crate) joblog: Option<PathBuf>,
    pub(crate) events: Option<PathBuf>,
    pub(crate) wiring: Option<Wiring>,
}

/// Whether the stages are gone through by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wiring {
    Shown,
    StepByStep,
}

impl Plan {
    /// Understands the arguments of a job.
    pub(crate) fn resolve(arguments: &JobArguments) -> Result<Self, Outcome> {
        let wiring = match (arguments.wiring, arguments.step) {
            (false, _) => None,
            (true, false) => Some(Wiring::Shown),
            (true, true) => Some(Wiring::StepByStep),
        };
        let listen = addresses(&arguments.listen).map_err(Outcome::Usage)?;
        let workers = match arguments.workers.as_deref() {
            Some("0") if !listen.is_empty() => None,
            typed => Some(resolve_workers(typed).map_err(Outcome::Usage)?),
        };
        let (function, range) = resolve_positionals(arguments).map_err(Outcome::Usage)?;
        Ok(Self {
            range,
            function,
            policy: resolve_policy(arguments, wiring).map_err(Outcome::Usage)?,
            workers,
            key_files: arguments.key_file.clone(),
            listen,
            format: arguments.format,
            progress: arguments.progress,
            volume: match (arguments.quiet, arguments.verbose) {
                (true, _) => Volume::Quiet,
                (false, false) => Volume::Normal,
                (false, true) => Volume::Verbose,
            },
            is_dry_run: arguments.dry_run,
            deadline: option("deadline", arguments.deadline.as_deref(), parse_duration)?,
            retries: option("retries", arguments.retries.as_deref(), parse_retries)?,
            halt: option("halt", arguments.halt.as_deref(), parse_halt)?
                .unwrap_or_else(|| Some(Halt::default())),
            is_partial: arguments.partial,
            joblog: arguments.joblog.clone(),
            events: two_files(arguments).map_err(Outcome::Usage)?,
            wiring,
        })
    }
}

fn addresses(typed: &[String]) -> Result<Vec<Address>, String> {
    let mut addresses: Vec<Address> = Vec::with_capacity(typed.len());
    for typed in typed {
        let address = typed.parse().map_err(|error: AddressError| error.to_string())?;
        if addresses.contains(&address) {
            return Err(format!("--listen {address} is given twice"));
        }
        addresses.push(address);
    }
    Ok(addresses)
}

/// The meaning of an option's value, if it is given.
pub(crate) fn option<T>(
    name: &str,
    typed: Option<&str>,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<T>, Outcome> {
    let Some(typed) = typed else { return Ok(None) };
    let refused = |cause| Outcome::Usage(format!("bad value '{typed}' for --{name}: {cause}"));
    parse(typed).map(Some).map_err(refused)
}

fn parse_retries(text: &str) -> Result<u8, String> {
    let number = parse_number(text)?;
    u8::try_from(number).map_err(|_| "it is from 0 to 255".to_owned())
}

/// The file for events, which is not that of the job log: each would be written over by the other.
fn two_files(arguments: &JobArguments) -> Result<Option<PathBuf>, String> {
    if let (Some(joblog), Some(events)) = (&arguments.joblog, &arguments.events)
        && joblog == events
    {
        let path = events.display();
        return Err(format!("--joblog and --events both name '{path}'; give each its own file"));
    }
    Ok(arguments.events.clone())
}

fn resolve_positionals(arguments: &JobArguments) -> Result<(Box<dyn Function>, Range), String> {
    let Some(name) = &arguments.function else {
        let given = &arguments.range;
        return Err(if function_named(given).is_some() {
            format!("no range given; as in: evenly count {given} 0..1000")
        } else {
            let names = usage::listed(BUILTINS.iter().map(|builtin| builtin.name));
            format!("no function given for {given}; as in: evenly count even {given} ({names})")
        });
    };
    if function_named(&arguments.range).is_some() && parse_range(name).is_ok() {
        let (range, function) = (name, &arguments.range);
        return Err(format!(
            "function and range are swapped; write: evenly count {function} {range}"
        ));
    }
    let function = function_named(name).ok_or_else(|| unknown_function(name))?;
    Ok((function, parse_range(&arguments.range)?))
}

/// A builtin by its name, or applied to n, which is the same.
fn function_named(text: &str) -> Option<Box<dyn Function>> {
    function::named(text.strip_suffix("(n)").unwrap_or(text))
}

fn unknown_function(name: &str) -> String {
    let names = BUILTINS.iter().map(|builtin| builtin.name);
    match usage::closest(name, names) {
        Some(close) => format!("unknown function '{name}'; did you mean '{close}'?"),
        None => format!("unknown function '{name}'; evenly functions lists them"),
    }
}

fn resolve_policy(arguments: &JobArguments, wiring: Option<Wiring>) -> Result<Policy, String> {
    if let Some(len) = &arguments.chunk {
        return fixed(len).map_err(|cause| format!("bad value '{len}' for --chunk: {cause}"));
    }
    let Some(split) = arguments.split.as_deref() else {
        // What is looked at should look like the class: one range to each worker. But then there is
        // nothing left for whoever joins later.
        let is_like_the_class = wiring.is_some() && arguments.listen.is_empty();
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
                let hint = match usage::closest(split, names.into_iter()) {
                    Some(close) => format!("did you mean '{close}'?"),
                    None => format!("it is one of {}", usage::listed(names.into_iter())),
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
    let bad = |cause: &str| format!("bad number of workers '{typed}': {cause}");
    if let Some(percent) = typed.strip_suffix('%') {
        let percent = parse_number(percent).map_err(|cause| bad(&cause))?;
        let share = u64::try_from(percent).ok().filter(|percent| (1..=100_000).contains(percent));
        let share = share.ok_or_else(|| bad("a percentage of the CPUs is from 1% to 100000%"))?;
        // At least one, as any share of the CPUs is meant to get the work done.
        let workers =
            (u64::from(evenly::default_workers().get()) * share / 100).clamp(1, u32::MAX.into());
        return Ok(NonZeroU32::new(workers as u32).unwrap_or(NonZeroU32::MIN));
    }
    let number = parse_number(typed).map_err(|cause| bad(&cause))?;
    if number == 0 {
        return Err(bad("somebody has to do the work; give at least 1, or --listen for agents"));
    }
    let workers = u32::try_from(number).ok().and_then(NonZeroU32::new);
    workers.ok_or_else(|| bad("it is from 1 to 4294967295"))
}
