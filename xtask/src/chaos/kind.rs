//! Kinds of faults that `cargo xtask chaos` causes, named as in its option `--only`.

use clap::ValueEnum;
use std::time::Duration;

/// Kind of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub(crate) enum Kind {
    /// SIGKILL to a worker
    Kill,
    /// another fatal signal to a worker
    Signal,
    /// SIGSTOP to a worker, SIGCONT within a second or after 6 to 7
    Stop,
    /// SIGSTOP to a worker, for ever
    Freeze,
    /// SIGKILL to all workers at once
    All,
    /// SIGSTOP to the primary, SIGCONT some 100 ms later
    Pause,
    /// SIGTSTP to the primary, SIGCONT when it has stopped: its workers must have stopped too
    Tstp,
    /// SIGINT or SIGTERM to the primary: it must end by it within 7 s
    Interrupt,
    /// SIGHUP to the primary: it must end by it within 7 s
    Hangup,
    /// SIGKILL to the primary: no worker may live 1 s later
    Primary,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Signal => "signal",
            Self::Stop => "stop",
            Self::Freeze => "freeze",
            Self::All => "all",
            Self::Pause => "pause",
            Self::Tstp => "tstp",
            Self::Interrupt => "interrupt",
            Self::Hangup => "hangup",
            Self::Primary => "primary",
        }
    }

    /// Whether it ends the run. The other kinds repeat, and the run continues.
    pub(crate) fn is_end(self) -> bool {
        matches!(self, Self::Interrupt | Self::Hangup | Self::Primary)
    }

    /// The least and the greatest mean pause between two of them; `None` where it is for the caller
    /// to say, or where there is only one.
    pub(crate) fn pauses(self) -> Option<(Duration, Duration)> {
        let (least_ms, greatest_ms) = match self {
            Self::Stop | Self::All => (50, 1000),
            Self::Freeze => (300, 3000),
            Self::Pause | Self::Tstp => (500, 3000),
            Self::Kill | Self::Signal | Self::Interrupt | Self::Hangup | Self::Primary => {
                return None;
            }
        };
        Some((Duration::from_millis(least_ms), Duration::from_millis(greatest_ms)))
    }
}
