//! Options of sbatch(1): on the command line, and as directives in a script.

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};
use std::ffi::OsString;

/// Whether an option has a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    Value,
    /// `--option` or `--option=VALUE`.
    Either,
}

/// What an option is for here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// It does what it does under Slurm.
    Used,
    /// Without it, the same would happen.
    Silent,
    /// It means nothing on one machine.
    Meaningless,
}

/// An option.
struct Declared {
    long: &'static str,
    short: Option<char>,
    takes: Takes,
    role: Role,
    help: &'static str,
}

const fn used(long: &'static str, short: Option<char>, help: &'static str) -> Declared {
    Declared { long, short, takes: Takes::Value, role: Role::Used, help }
}

const fn other(long: &'static str, short: Option<char>, takes: Takes, role: Role) -> Declared {
    Declared { long, short, takes, role, help: "" }
}

use Role::{Meaningless, Silent};
use Takes::{Either, Nothing, Value};

const OPTIONS: &[Declared] = &[
    used("array", Some('a'), "The tasks: 0-15, 1,3,5-9, 0-100:4; with %4 at most 4 at a time"),
    used("job-name", Some('J'), "Name of the job [default: that of the script]"),
    used(
        "output",
        Some('o'),
        "File for the output of a task, with %A %a %j %x %u %N [default: slurm-%A_%a.out]",
    ),
    used("error", Some('e'), "File for its standard error [default: that of --output]"),
    used("open-mode", None, "Whether these files are truncated or appended to: truncate or append"),
    used("cpus-per-task", Some('c'), "CPUs for each task; fewer tasks run at a time"),
    used("ntasks", Some('n'), "Processes that each task may start, each with its CPUs"),
    used("ntasks-per-node", None, "Processes that each task may start, without --ntasks"),
    used("time", Some('t'), "Longest time for each task: minutes, MM:SS, HH:MM:SS, D-HH:MM:SS"),
    used("mem", None, "Most memory for each task: 500M, 4G; megabytes without a letter"),
    used("mem-per-cpu", None, "Most memory for each task, for each of its CPUs"),
    used("chdir", Some('D'), "Directory in which tasks run"),
    used(
        "export",
        None,
        "Variables that tasks get: ALL, NONE, or names and NAME=VALUE with commas",
    ),
    used("partition", Some('p'), "The value of SLURM_JOB_PARTITION"),
    used("wrap", None, "Run this line of sh in the place of a script"),
    Declared {
        long: "parsable",
        short: None,
        takes: Nothing,
        role: Role::Used,
        help: "Print only the id of the job, in the place of 'Submitted batch job ID'",
    },
    other("wait", Some('W'), Nothing, Silent),
    other("requeue", None, Nothing, Silent),
    other("no-requeue", None, Nothing, Silent),
    other("quiet", Some('Q'), Nothing, Silent),
    other("verbose", Some('v'), Nothing, Silent),
    other("comment", None, Value, Silent),
    other("account", Some('A'), Value, Meaningless),
    other("acctg-freq", None, Value, Meaningless),
    other("batch", None, Value, Meaningless),
    other("bb", None, Value, Meaningless),
    other("begin", Some('b'), Value, Meaningless),
    other("clusters", Some('M'), Value, Meaningless),
    other("constraint", Some('C'), Value, Meaningless),
    other("contiguous", None, Nothing, Meaningless),
    other("core-spec", Some('S'), Value, Meaningless),
    other("cores-per-socket", None, Value, Meaningless),
    other("cpu-freq", None, Value, Meaningless),
    other("deadline", None, Value, Meaningless),
    other("dependency", Some('d'), Value, Meaningless),
    other("distribution", Some('m'), Value, Meaningless),
    other("exclude", Some('x'), Value, Meaningless),
    other("exclusive", None, Either, Meaningless),
    other("extra-node-info", Some('B'), Value, Meaningless),
    other("get-user-env", None, Either, Meaningless),
    other("gpus", Some('G'), Value, Meaningless),
    other("gpus-per-node", None, Value, Meaningless),
    other("gpus-per-task", None, Value, Meaningless),
    other("gpu-bind", None, Value, Meaningless),
    other("gres", None, Value, Meaningless),
    other("gres-flags", None, Value, Meaningless),
    other("hint", None, Value, Meaningless),
    other("hold", Some('H'), Nothing, Meaningless),
    other("kill-on-invalid-dep", None, Value, Meaningless),
    other("licenses", Some('L'), Value, Meaningless),
    other("mail-type", None, Value, Meaningless),
    other("mail-user", None, Value, Meaningless),
    other("mem-bind", None, Value, Meaningless),
    other("mem-per-gpu", None, Value, Meaningless),
    other("mincpus", None, Value, Meaningless),
    other("nice", None, Either, Meaningless),
    other("ignore-pbs", None, Nothing, Silent),
    other("no-kill", Some('k'), Either, Meaningless),
    other("nodefile", Some('F'), Value, Meaningless),
    other("nodelist", Some('w'), Value, Meaningless),
    other("nodes", Some('N'), Value, Meaningless),
    other("overcommit", Some('O'), Nothing, Meaningless),
    other("ntasks-per-core", None, Value, Meaningless),
    other("ntasks-per-gpu", None, Value, Meaningless),
    other("ntasks-per-socket", None, Value, Meaningless),
    other("oversubscribe", Some('s'), Nothing, Meaningless),
    other("priority", None, Value, Meaningless),
    other("profile", None, Value, Meaningless),
    other("propagate", None, Either, Meaningless),
    other("qos", Some('q'), Value, Meaningless),
    other("reboot", None, Nothing, Meaningless),
    other("reservation", None, Value, Meaningless),
    other("signal", None, Value, Meaningless),
    other("sockets-per-node", None, Value, Meaningless),
    other("spread-job", None, Nothing, Meaningless),
    other("switches", None, Value, Meaningless),
    other("thread-spec", None, Value, Meaningless),
    other("threads-per-core", None, Value, Meaningless),
    other("time-min", None, Value, Meaningless),
    other("tmp", None, Value, Meaningless),
    other("tres-per-task", None, Value, Meaningless),
    other("use-min-nodes", None, Nothing, Meaningless),
    other("wckey", None, Value, Meaningless),
];

/// The words behind the options, for clap.
const CALL: &str = "call";

/// Names that options of evenly have on the command line.
const OF_EVENLY: [&str; 3] = ["quiet", "verbose", "deadline"];
const LETTERS_OF_EVENLY: [char; 2] = ['q', 'v'];

/// An option that was given.
#[derive(Clone, Debug)]
struct Given {
    long: &'static str,
    /// Empty for an option without a value.
    value: String,
    /// The environment variable that has it, if it is in none of the words.
    variable: Option<&'static str>,
}

/// Options that were given, in their order in the table.
#[derive(Clone, Debug, Default)]
pub(crate) struct SlurmOptions(Vec<Given>);

impl SlurmOptions {
    fn find(&self, long: &str) -> Option<&Given> {
        self.0.iter().find(|given| given.long == long)
    }

    /// The value of an option; of one without a value, an empty one.
    pub(crate) fn value(&self, long: &str) -> Option<&str> {
        self.find(long).map(|given| &*given.value)
    }

    /// What a message calls an option: the environment variable that has it, or the option.
    pub(super) fn name(&self, long: &str) -> String {
        let variable = self.find(long).and_then(|given| given.variable);
        variable.map_or_else(|| format!("--{long}"), str::to_owned)
    }

    /// Adds an option from the environment.
    pub(super) fn add_of_environment(
        &mut self,
        long: &'static str,
        value: String,
        variable: &'static str,
    ) {
        self.0.push(Given { long, value, variable: Some(variable) });
    }

    /// The options from the environment, as words of a call.
    pub(super) fn words_of_environment(&self) -> Vec<String> {
        let given = self.0.iter().filter(|given| given.variable.is_some());
        given.map(|Given { long, value, .. }| format!("--{long}={value}")).collect()
    }

    /// All of them, with their roles.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, &str, Role)> {
        self.0.iter().map(|Given { long, value, .. }| {
            let declared = OPTIONS.iter().find(|declared| declared.long == *long);
            (*long, &**value, declared.map_or(Role::Silent, |declared| declared.role))
        })
    }

    /// These, and others for what is not among them.
    pub(super) fn or(mut self, others: Self) -> Self {
        let new = others.0.into_iter().filter(|given| self.find(given.long).is_none());
        let new: Vec<Given> = new.collect();
        self.0.extend(new);
        self
    }

    /// Reads the words of directives.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(super) fn of_words(words: Vec<String>) -> Result<Self, String> {
        let command = declare(Command::new("sbatch"), true);
        let command = command.no_binary_name(true).infer_long_args(true).disable_help_flag(true);
        let command = command.disable_version_flag(true).args_override_self(true);
        let matches = command.try_get_matches_from(words).map_err(|error| {
            first_line(&error).replace("unexpected argument", "unknown directive")
        })?;
        Ok(Self::collect(&matches, true))
    }

    /// Reads options of sbatch and the words behind them, which begin with the first that is no option.
    ///
    /// # Errors
    /// What is wrong with the options.
    pub(crate) fn before_call(words: &[OsString]) -> Result<(Self, Vec<OsString>), String> {
        let call = Arg::new(CALL).num_args(0..).trailing_var_arg(true).allow_hyphen_values(true);
        let call = call.value_parser(ValueParser::os_string());
        let mut command = declare(Command::new("sbatch"), true).arg(call);
        command = command.no_binary_name(true).disable_help_flag(true).disable_version_flag(true);
        let matches = command.args_override_self(true).try_get_matches_from(words);
        let matches = matches.map_err(|error| first_line(&error))?;
        let call = matches.get_many::<OsString>(CALL).into_iter().flatten().cloned().collect();
        Ok((Self::collect(&matches, true), call))
    }

    fn collect(matches: &ArgMatches, is_directive: bool) -> Self {
        let given = OPTIONS.iter().filter_map(|declared| {
            let id = declared.long;
            if !is_directive && OF_EVENLY.contains(&id) {
                return None;
            }
            let is_flag = declared.takes == Takes::Nothing;
            let value = match matches.try_get_one::<String>(id) {
                Ok(value) => value.cloned(),
                Err(_) if is_flag => {
                    let is_set = matches.try_get_one::<bool>(id).ok().flatten() == Some(&true);
                    is_set.then(String::new)
                }
                Err(_) => None,
            };
            Some(Given { long: declared.long, value: value?, variable: None })
        });
        Self(given.collect())
    }
}

/// The first line of an error, which names the option.
fn first_line(error: &Error) -> String {
    let text = error.render().to_string();
    text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

fn declare(mut command: Command, is_directive: bool) -> Command {
    for Declared { long, short, takes, role, help } in OPTIONS {
        if !is_directive && OF_EVENLY.contains(long) {
            continue;
        }
        let mut arg = Arg::new(*long).long(*long).hide(*role != Role::Used).help(*help);
        if let Some(short) =
            short.filter(|short| is_directive || !LETTERS_OF_EVENLY.contains(short))
        {
            arg = arg.short(short);
        }
        arg = match takes {
            Takes::Nothing => arg.action(ArgAction::SetTrue),
            Takes::Value => arg.allow_hyphen_values(true).value_parser(ValueParser::string()),
            Takes::Either => arg
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("")
                .value_parser(ValueParser::string()),
        };
        let name = if long.starts_with("mem") { "SIZE" } else { "VALUE" };
        command = command.arg(if *takes == Takes::Nothing { arg } else { arg.value_name(name) });
    }
    command
}

impl Args for SlurmOptions {
    fn augment_args(command: Command) -> Command {
        declare(command, false)
    }

    fn augment_args_for_update(command: Command) -> Command {
        declare(command, false)
    }
}

impl FromArgMatches for SlurmOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Ok(Self::collect(matches, false))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::collect(matches, false);
        Ok(())
    }
}
