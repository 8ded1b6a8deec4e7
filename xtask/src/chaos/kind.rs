//! The kinds of harm, by the names under which they are selected.

use std::time::Duration;

/// One kind of harm that is done to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// SIGKILL to a worker.
    Kill,
    /// Another fatal signal to a worker.
    Signal,
    /// SIGSTOP to a worker, and SIGCONT after a while.
    Stop,
    /// SIGSTOP to a worker, for ever.
    Freeze,
    /// SIGKILL to all workers at once.
    All,
    /// SIGSTOP to the primary, and SIGCONT after some 100 ms.
    Pause,
    /// SIGTSTP to the primary, and SIGCONT when it has stopped.
    Tstp,
    /// SIGINT or SIGTERM to the primary: the run must end by it.
    Interrupt,
    /// SIGHUP to the primary: the run must end by it.
    Hangup,
    /// SIGKILL to the primary: its workers must be gone a second later.
    Primary,
}

impl Kind {
    pub(crate) const EVERY: [Self; 10] = [
        Self::Kill,
        Self::Signal,
        Self::Stop,
        Self::Freeze,
        Self::All,
        Self::Pause,
        Self::Tstp,
        Self::Interrupt,
        Self::Hangup,
        Self::Primary,
    ];

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

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::EVERY.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it ends the run. The others are done again and again, and the run goes on.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        for kind in Kind::EVERY {
            assert_eq!(Kind::named(kind.name()), Some(kind));
        }
        assert_eq!(Kind::named("Kill"), None);
    }
}
