//! Array jobs: the batch system whose variables each command gets, and the values of these variables.
//!
//! [`System`] is a table of variables; `slurm`, `sge`, `pbs` and `lsf` have one each, after the manuals of these systems.

mod lsf;
mod pbs;
mod sge;
mod slurm;

use super::template::variable;
use crate::process::task_directories::TaskFiles;
use evenly_core::{Interval, Range};
use rustix::rand::{GetRandomFlags, getrandom};
use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// A batch system with array jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArraySystem {
    /// Slurm.
    Slurm,
    /// Grid Engine: Sun's, Univa's, Altair's, Son of Grid Engine.
    Sge,
    /// PBS Professional, `OpenPBS`, and Torque.
    Pbs,
    /// IBM Spectrum LSF.
    Lsf,
}

/// The variables of a batch system.
struct System {
    name: &'static str,
    /// A variable of the caller with such a name is of another job, and is left out.
    prefixes: &'static [&'static str],
    /// Names that begin so and are settings of the system's own commands: they stay.
    kept: &'static [&'static str],
    variables: &'static [Variable],
}

/// A variable, and its value in a task; `None`: the system sets none.
type Variable = (&'static str, fn(&Task<'_>) -> Option<OsString>);

/// One attempt of a task.
struct Task<'a> {
    job: &'a ArrayJob,
    n: i64,
    attempt: u32,
    files: &'a TaskFiles,
}

/// An array job: each of its tasks runs the command for one n.
#[derive(Clone, Debug)]
pub struct ArrayJob {
    system: ArraySystem,
    /// The numbers of all its tasks; `None`: it has none.
    tasks: Option<Interval>,
    /// Whether the tasks were given, and are not those of the job's range.
    are_tasks_given: bool,
    submission: Submission,
    machine: Machine,
}

/// What all tasks of an array job are told about how it was submitted, on every machine.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Submission {
    id: u64,
    cpus: u32,
    name: OsString,
    host: OsString,
    directory: OsString,
}

/// What tasks are told about the machine that they run on, and its user.
#[derive(Clone, Debug)]
struct Machine {
    host: OsString,
    user: OsString,
    uid: u32,
    gid: u32,
}

/// The lowest and the highest id that is drawn. With the number of its task added, an id still fits the 32 bits that
/// programs expect.
const IDS: std::ops::Range<u64> = 1_000_000..1 << 30;

/// The partition, or queue, where a system has them.
const QUEUE: &str = "local";

impl ArraySystem {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Slurm, Self::Sge, Self::Pbs, Self::Lsf];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.table().name
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|system| system.name() == name)
    }

    fn table(self) -> &'static System {
        match self {
            Self::Slurm => &slurm::SLURM,
            Self::Sge => &sge::SGE,
            Self::Pbs => &pbs::PBS,
            Self::Lsf => &lsf::LSF,
        }
    }
}

impl ArrayJob {
    /// An array job with a task for each number of the range, submitted in the working directory, with an id drawn at
    /// random.
    #[must_use]
    pub fn new(system: ArraySystem, range: Range) -> Self {
        let machine = Machine::this();
        let submission = Submission {
            id: draw_id(),
            cpus: 1,
            name: OsString::new(),
            host: machine.host.clone(),
            directory: std::env::current_dir().unwrap_or_default().into_os_string(),
        };
        Self { system, tasks: range.interval(), are_tasks_given: false, submission, machine }
    }

    /// Sets the numbers of its tasks, whatever the range of the job is: so that a task that is run again alone gets the
    /// values that it had.
    #[must_use]
    pub fn tasks(self, tasks: Interval) -> Self {
        Self { tasks: Some(tasks), are_tasks_given: true, ..self }
    }

    /// Sets its id, in the place of one that is drawn at random.
    #[must_use]
    pub fn with_id(mut self, id: u64) -> Self {
        self.submission.id = id;
        self
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.submission.id
    }

    /// Gives it the name of its program, unless it has a name.
    pub(super) fn named_after(mut self, program: &OsStr) -> Self {
        if self.submission.name.is_empty() {
            self.submission.name = Path::new(program).file_name().unwrap_or(program).to_owned();
        }
        self
    }

    /// As the value of `--as`: in a fingerprint without what another run of the same job has of its own.
    pub(super) fn shown(&self, has_tasks: bool, has_id: bool) -> String {
        let mut text = self.system.name().to_owned();
        if let Some(tasks) = self.tasks.filter(|_| has_tasks || self.are_tasks_given) {
            text += &format!(":{tasks}");
        }
        if has_id {
            text += &format!("@{}", self.id());
        }
        text
    }

    /// The submission as one word, for agents.
    pub(super) fn submitted(&self) -> String {
        let Submission { id, cpus, name, host, directory } = &self.submission;
        let texts = [name, host, directory].map(|text| escaped(text));
        format!("{id}:{cpus}:{}", texts.join(":"))
    }

    /// The array job of a primary at an agent, from the two words that [`shown`](Self::shown) and
    /// [`submitted`](Self::submitted) give. `range` is that of the primary's job.
    pub(super) fn of_words(kind: &str, submitted: &str, range: Option<Interval>) -> Option<Self> {
        let (system, tasks) = match kind.split_once(':') {
            Some((system, tasks)) => (system, Some(parse_tasks(tasks)?)),
            None => (kind, None),
        };
        let mut parts = submitted.split(':');
        let submission = Submission {
            id: parts.next()?.parse().ok()?,
            cpus: parts.next()?.parse().ok()?,
            name: unescaped(parts.next()?)?,
            host: unescaped(parts.next()?)?,
            directory: unescaped(parts.next()?)?,
        };
        Some(Self {
            system: ArraySystem::named(system)?,
            tasks: tasks.or(range),
            are_tasks_given: tasks.is_some(),
            submission,
            machine: Machine::this(),
        })
    }

    /// Whether a variable of the caller is not passed on to tasks: they get their own, or it is of another job.
    pub(super) fn replaces(&self, name: &OsStr) -> bool {
        let System { prefixes, kept, variables, .. } = self.system.table();
        let begins = |prefix: &&str| name.as_bytes().starts_with(prefix.as_bytes());
        let is_there = |other: &str| name.as_bytes() == other.as_bytes();
        (prefixes.iter().any(begins) && !kept.iter().any(|kept| is_there(kept)))
            || variables.iter().any(|(variable, _)| is_there(variable))
    }

    /// The variables of one attempt of a task.
    pub(super) fn variables(&self, n: i64, attempt: u32, files: &TaskFiles) -> Vec<CString> {
        let task = Task { job: self, n, attempt, files };
        let variables = self.system.table().variables.iter();
        variables
            .filter_map(|(name, value)| Some(variable(name.as_bytes(), value(&task)?.as_bytes())))
            .collect()
    }

    /// The lines of the file with one host for each CPU of a task.
    pub(super) fn hosts(&self) -> String {
        format!("{}\n", self.machine.host.to_string_lossy())
            .repeat(self.submission.cpus.min(1 << 16) as usize)
    }

    fn count(&self) -> u128 {
        self.tasks.map_or(0, |tasks| tasks.len())
    }

    fn first(&self) -> i64 {
        self.tasks.map_or(0, |tasks| tasks.first())
    }

    fn last(&self) -> i64 {
        self.tasks.map_or(0, |tasks| tasks.last())
    }

    fn step(&self) -> u64 {
        1
    }
}

impl Task<'_> {
    /// The id of this task alone: the ids of an array's tasks follow its own.
    fn id(&self) -> u64 {
        let position = i128::from(self.n) - i128::from(self.job.first());
        let position = u64::try_from(position).unwrap_or_default();
        self.job.id().saturating_add(1).saturating_add(position)
    }

    fn submission(&self) -> &Submission {
        &self.job.submission
    }

    fn machine(&self) -> &Machine {
        &self.job.machine
    }

    fn directory(&self) -> OsString {
        self.files.directory.clone().into_os_string()
    }
}

impl Machine {
    fn this() -> Self {
        let host = rustix::system::uname().nodename().to_bytes().to_vec();
        let uid = rustix::process::geteuid().as_raw();
        let gid = rustix::process::getegid().as_raw();
        Self { host: OsString::from_vec(host), user: user_name(uid), uid, gid }
    }
}

/// The name of a user: from passwd(5); one that is only known elsewhere as in the environment.
fn user_name(uid: u32) -> OsString {
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let found = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid.to_string()).then(|| name.into())
    });
    let named = || std::env::var_os("USER").or_else(|| std::env::var_os("LOGNAME"));
    found.or_else(named).unwrap_or_else(|| uid.to_string().into())
}

/// Two runs at the same time must not have one id, and may be on two machines: so it is no counter.
fn draw_id() -> u64 {
    let mut random = [0; 8];
    // Without random bytes the process and the time have to do.
    if getrandom(&mut random, GetRandomFlags::empty()).is_err() {
        let since = std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_nanos() as u64);
        random = (since ^ u64::from(std::process::id()) << 40).to_ne_bytes();
    }
    IDS.start + u64::from_ne_bytes(random) % (IDS.end - IDS.start)
}

/// Reads an interval as it is displayed: `0..=9`.
fn parse_tasks(text: &str) -> Option<Interval> {
    let (first, last) = text.split_once("..=")?;
    Interval::new(first.parse().ok()?, last.parse().ok()?)
}

/// A text without spaces and colons.
fn escaped(text: &OsStr) -> String {
    let mut escaped = String::new();
    for byte in text.as_bytes() {
        match byte {
            b'%' | b':' => escaped += &format!("%{byte:02x}"),
            byte if byte.is_ascii_graphic() => escaped.push(char::from(*byte)),
            byte => escaped += &format!("%{byte:02x}"),
        }
    }
    escaped
}

fn unescaped(text: &str) -> Option<OsString> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        bytes.push(if *byte == b'%' {
            let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
            rest = &rest[2..];
            u8::from_str_radix(digits, 16).ok()?
        } else {
            *byte
        });
    }
    Some(OsString::from_vec(bytes))
}

/// A value that every task has.
fn text(text: &str) -> Option<OsString> {
    Some(text.into())
}

/// A number as a value.
fn number(number: impl ToString + Copy) -> Option<OsString> {
    Some(number.to_string().into())
}

#[cfg(test)]
mod tests;
