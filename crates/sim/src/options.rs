//! Options of simulated runs: what the caller fixes. The seed decides the rest.

use evenly_core::Aggregate;
use std::fmt;
use std::num::NonZeroU64;

/// How frames travel between the primary and its workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SimTransport {
    /// An assignment pipe to each worker, and one result pipe from all of them.
    Pipes,
    /// A [channel](evenly_core::channel) to and from each worker, over datagrams that are lost,
    /// late, repeated and out of order: no frame is, but any may be very late.
    Datagrams,
    /// The same without a channel: frames are lost, late, repeated and out of order. The core does
    /// not claim to be exact on this; see the test that shows it.
    Raw,
}

/// Every question; find and failures with and without an end.
pub(crate) const KINDS: [Aggregate; 13] = [
    Aggregate::Count,
    Aggregate::Sum,
    Aggregate::Min,
    Aggregate::Max,
    Aggregate::Find { first: None },
    Aggregate::Find { first: Some(NonZeroU64::MIN) },
    Aggregate::Any,
    Aggregate::All,
    Aggregate::Hist,
    Aggregate::Map,
    Aggregate::Failures { first: None },
    Aggregate::Failures { first: Some(NonZeroU64::MIN) },
    Aggregate::Mean,
];

/// How many of them a seed chooses from. Mean merges as a sum does and is simulated if asked for, so that seeds that are
/// written down keep their runs.
pub(crate) const DRAWN: usize = KINDS.len() - 1;

/// The runs that a caller asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SimOptions {
    /// `None`: pipes mostly, datagrams now and then.
    pub transport: Option<SimTransport>,
    /// `None`: agents in half of the runs over pipes.
    pub agents: Option<bool>,
    /// `None`: any. Of find and failures with an end, the end is drawn.
    pub question: Option<Aggregate>,
    /// `None`: in half of the runs workers say at which number they are when something ends them.
    pub crash_reports: Option<bool>,
    /// `None`: in some runs nothing is handed out twice.
    pub once: Option<bool>,
    /// Whether numbers may fail by themselves.
    pub do_numbers_fail: bool,
    /// Whether the values of short ranges are doubles, some of them NaN, unless a truth value is asked for.
    pub are_values_real: bool,
    /// Whether phase one has faults.
    pub are_faults_wanted: bool,
}

impl Default for SimOptions {
    fn default() -> Self {
        Self {
            transport: None,
            agents: None,
            question: None,
            crash_reports: None,
            once: None,
            do_numbers_fail: true,
            are_values_real: false,
            are_faults_wanted: true,
        }
    }
}

impl SimTransport {
    /// The name, as on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pipes => "pipes",
            Self::Datagrams => "datagrams",
            Self::Raw => "raw",
        }
    }

    /// The transport of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Pipes, Self::Datagrams, Self::Raw].into_iter().find(|one| one.name() == name)
    }
}

fn name_of(question: Aggregate) -> &'static str {
    match question {
        Aggregate::Find { first: Some(_) } => "find-first",
        other => other.name(),
    }
}

/// The question of that name.
#[must_use]
pub fn question_of_name(name: &str) -> Option<Aggregate> {
    KINDS.into_iter().find(|question| name_of(*question) == name)
}

impl fmt::Display for SimOptions {
    /// As arguments of `cargo xtask sim`, nothing for the default.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(transport) = self.transport {
            write!(f, " --transport {}", transport.name())?;
        }
        for (choice, name) in
            [(self.agents, "agents"), (self.crash_reports, "crash-reports"), (self.once, "once")]
        {
            match choice {
                Some(true) => write!(f, " --{name}")?,
                Some(false) => write!(f, " --no-{name}")?,
                None => {}
            }
        }
        if let Some(question) = self.question {
            write!(f, " --question {}", name_of(question))?;
        }
        if !self.do_numbers_fail {
            f.write_str(" --no-failures")?;
        }
        if self.are_values_real {
            f.write_str(" --reals")?;
        }
        if !self.are_faults_wanted {
            f.write_str(" --no-faults")?;
        }
        Ok(())
    }
}
