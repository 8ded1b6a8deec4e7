//! An array job: its system, its tasks, and what it tells them about its submission and its machine.

use evenly_core::Items;
use rustix::rand::{GetRandomFlags, getrandom};
use std::ffi::{OsStr, OsString};
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

/// An array job: each of its tasks runs the command for one n.
#[derive(Clone, Debug)]
pub struct ArrayJob {
    pub(super) system: ArraySystem,
    /// The numbers of all its tasks.
    tasks: Items,
    /// Whether the tasks were given, and are not the items of the job.
    are_tasks_given: bool,
    /// The step in the environment of tasks; `None`: that of the tasks.
    step: Option<u64>,
    pub(super) submission: Submission,
    pub(super) details: Details,
    pub(super) machine: Machine,
}

/// Submission of an array job, as it stands in the environment of all tasks on every machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Submission {
    pub(super) id: u64,
    pub(super) cpus: u32,
    pub(super) name: OsString,
    pub(super) host: OsString,
    pub(super) directory: OsString,
}

/// Machine and user of a task, as they stand in its environment.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    pub(super) host: OsString,
    pub(super) user: OsString,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// What stands only in the environment of tasks of a batch script on this machine.
#[derive(Clone, Debug)]
pub(super) struct Details {
    /// Whether the job has one task, and is no array.
    pub(super) is_single: bool,
    /// Processes that a task may start, each with the CPUs of the submission.
    pub(super) processes: u32,
    pub(super) partition: OsString,
    /// `--mem` and `--mem-per-cpu`, in MiB.
    pub(super) memory: Option<u64>,
    pub(super) memory_per_cpu: Option<u64>,
    /// `--export`.
    pub(super) exported: Option<OsString>,
}

impl Default for Details {
    fn default() -> Self {
        Self {
            is_single: false,
            processes: 1,
            partition: QUEUE.into(),
            memory: None,
            memory_per_cpu: None,
            exported: None,
        }
    }
}

/// The partition, or queue, where a system has them.
pub(super) const QUEUE: &str = "local";

/// The lowest and the highest id that is drawn. With the number of its task added, an id still fits the 32 bits that
/// programs expect.
pub(super) const IDS: std::ops::Range<u64> = 1_000_000..1 << 30;

impl ArraySystem {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Slurm, Self::Sge, Self::Pbs, Self::Lsf];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Slurm => "slurm",
            Self::Sge => "sge",
            Self::Pbs => "pbs",
            Self::Lsf => "lsf",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|system| system.name() == name)
    }
}

impl ArrayJob {
    /// An array job with a task for each item, submitted in the working directory, with an id drawn at random.
    #[must_use]
    pub fn new(system: ArraySystem, tasks: impl Into<Items>) -> Self {
        let machine = Machine::this();
        let submission = Submission {
            id: draw_id(),
            cpus: 1,
            name: OsString::new(),
            host: machine.host.clone(),
            directory: std::env::current_dir().unwrap_or_default().into_os_string(),
        };
        let (tasks, details) = (tasks.into(), Details::default());
        Self { system, tasks, are_tasks_given: false, step: None, submission, details, machine }
    }

    /// Sets the numbers of its tasks, whatever the items of the job are: so that a task that is run again alone gets the
    /// values that it had.
    #[must_use]
    pub fn tasks(self, tasks: impl Into<Items>) -> Self {
        Self { tasks: tasks.into(), are_tasks_given: true, ..self }
    }

    /// Sets the step in the environment of tasks. Without this call it is that of the tasks, or 1 if they have several.
    #[must_use]
    pub fn stepped(self, step: u64) -> Self {
        Self { step: Some(step), ..self }
    }

    /// Sets its id, in the place of one that is drawn at random.
    #[must_use]
    pub fn with_id(mut self, id: u64) -> Self {
        self.submission.id = id;
        self
    }

    /// Gives it a name, in the place of that of its program.
    #[must_use]
    pub fn named(mut self, name: OsString) -> Self {
        self.submission.name = name;
        self
    }

    /// Gives each task processes, and each of these CPUs; one of one without this call.
    #[must_use]
    pub fn processes(mut self, processes: u32, cpus: u32) -> Self {
        (self.details.processes, self.submission.cpus) = (processes.max(1), cpus.max(1));
        self
    }

    /// Makes it a job with one task, which is no array.
    #[must_use]
    pub fn single(mut self) -> Self {
        self.details.is_single = true;
        self
    }

    /// Names its partition.
    #[must_use]
    pub fn partition(mut self, partition: OsString) -> Self {
        self.details.partition = partition;
        self
    }

    /// Tells tasks how much memory they asked for, in MiB: in all, and for each CPU.
    #[must_use]
    pub fn memory(mut self, all: Option<u64>, per_cpu: Option<u64>) -> Self {
        (self.details.memory, self.details.memory_per_cpu) = (all, per_cpu);
        self
    }

    /// Tells tasks which variables they asked for.
    #[must_use]
    pub fn exported(mut self, exported: OsString) -> Self {
        self.details.exported = Some(exported);
        self
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.submission.id
    }

    /// Gives it the name of its program, unless it has a name.
    pub(in super::super) fn named_after(mut self, program: &OsStr) -> Self {
        if self.submission.name.is_empty() {
            self.submission.name = Path::new(program).file_name().unwrap_or(program).to_owned();
        }
        self
    }

    /// As the value of `--as`: in a fingerprint without what another run of the same job has of its own.
    pub(in super::super) fn shown(&self, has_tasks: bool, has_id: bool) -> String {
        let mut text = self.system.name().to_owned();
        if has_tasks || self.are_tasks_given {
            text += &match self.tasks.as_range().and_then(|range| range.interval()) {
                Some(tasks) => format!(":{tasks}"),
                None => format!(":{}", self.tasks),
            };
        }
        if has_id {
            text += &format!("@{}", self.id());
        }
        text
    }

    /// The submission as one word, for agents.
    pub(in super::super) fn submitted(&self) -> String {
        let Submission { id, cpus, name, host, directory } = &self.submission;
        let texts = [name, host, directory].map(|text| escaped(text));
        format!("{id}:{cpus}:{}", texts.join(":"))
    }

    /// The array job of a primary at an agent, from the two words that [`shown`](Self::shown) and
    /// [`submitted`](Self::submitted) give. `items` are those of the primary's job.
    pub(in super::super) fn of_words(kind: &str, submitted: &str, items: &Items) -> Option<Self> {
        let (system, tasks) = match kind.split_once(':') {
            Some((system, tasks)) => (system, Some(tasks.parse::<Items>().ok()?)),
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
            are_tasks_given: tasks.is_some(),
            tasks: tasks.unwrap_or_else(|| items.clone()),
            step: None,
            submission,
            details: Details::default(),
            machine: Machine::this(),
        })
    }

    /// What a letter behind a percent sign stands for in the name of an output file.
    pub(in super::super) fn file_name_part(&self, letter: u8, n: i64) -> Option<OsString> {
        // Slurm's NO_VAL, for the index of a job that is no array.
        const NO_INDEX: u32 = u32::MAX - 1;
        match letter {
            b'A' => number(self.id()),
            b'a' if self.details.is_single => number(NO_INDEX),
            b'a' => number(n),
            b'j' | b'J' => number(self.id_of(n)),
            b'x' => Some(self.submission.name.clone()),
            b'u' => Some(self.machine.user.clone()),
            b'N' => Some(self.machine.host.clone()),
            b'n' | b't' => number(0),
            b's' => text("batch"),
            _ => None,
        }
    }

    /// CPUs of a task.
    pub(super) fn cpus(&self) -> u32 {
        self.details.processes.saturating_mul(self.submission.cpus)
    }

    /// The id of a task alone: the ids of an array's tasks follow its own.
    pub(super) fn id_of(&self, n: i64) -> u64 {
        if self.details.is_single {
            return self.id();
        }
        let position = match self.tasks.as_range() {
            Some(_) => i128::from(n) - i128::from(self.first()),
            None => {
                let position = self.tasks.position_of(n).map(i128::from);
                position.map_or(0, |position| position - self.tasks.positions().start())
            }
        };
        let position = u64::try_from(position).unwrap_or_default();
        self.id().saturating_add(1).saturating_add(position)
    }

    /// The lines of the file with one host for each CPU of a task.
    pub(in super::super) fn hosts(&self) -> String {
        format!("{}\n", self.machine.host.to_string_lossy())
            .repeat(self.cpus().min(1 << 16) as usize)
    }

    pub(super) fn count(&self) -> u128 {
        self.tasks.len()
    }

    pub(super) fn first(&self) -> i64 {
        self.tasks.hull().map_or(0, |tasks| tasks.first())
    }

    pub(super) fn last(&self) -> i64 {
        self.tasks.hull().map_or(0, |tasks| tasks.last())
    }

    /// The distance of two tasks, as it stands in their environment: 1 of tasks at different distances.
    pub(super) fn step(&self) -> u64 {
        self.step.unwrap_or_else(|| {
            let mut runs =
                self.tasks.positions().interval().into_iter().flat_map(|all| self.tasks.runs(all));
            let only = runs.next().filter(|_| runs.next().is_none());
            only.map_or(1, |run| run.step().get())
        })
    }
}

/// Two runs at the same time must not have one id, and may be on two machines: so it is no counter.
pub(super) fn draw_id() -> u64 {
    let mut random = [0; 8];
    // Without random bytes the process and the time have to do.
    if getrandom(&mut random, GetRandomFlags::empty()).is_err() {
        let since = std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_nanos() as u64);
        random = (since ^ u64::from(std::process::id()) << 40).to_ne_bytes();
    }
    IDS.start + u64::from_ne_bytes(random) % (IDS.end - IDS.start)
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

impl Machine {
    pub(super) fn this() -> Self {
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

/// A value that every task has.
pub(super) fn text(text: &str) -> Option<OsString> {
    Some(text.into())
}

/// A number as a value.
pub(super) fn number(number: impl ToString + Copy) -> Option<OsString> {
    Some(number.to_string().into())
}
