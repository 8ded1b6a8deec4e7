//! Start allowance of a run with a rate limit: counts the numbers or chunks that may start now. `scheduler` keeps to it.

/// How much may be handed out now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    pub(super) counts: Counts,
    /// Below zero where chunks came back that had to go out again whole.
    pub(super) left: i128,
}

/// What an allowance counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// Numbers, which begin one by one.
    Numbers,
    /// Chunks, each of which begins as a whole.
    Chunks,
}

impl Allowance {
    pub(super) fn is_used_up(self) -> bool {
        self.left <= 0
    }

    pub(super) fn use_up(&mut self, numbers: u128) {
        self.left -= match self.counts {
            // No interval is longer than 2^64.
            Counts::Numbers => numbers as i128,
            Counts::Chunks => 1,
        };
    }
}

/// How long a chunk may be that should have `wanted` numbers.
pub(super) fn most_allowed(allowance: Option<Allowance>, wanted: u128) -> u128 {
    match allowance {
        Some(Allowance { counts: Counts::Numbers, left }) => wanted.min(left.max(1) as u128),
        _ => wanted,
    }
}

/// Rules of a run that hands out nothing twice.
#[derive(Clone, Copy, Debug)]
pub(super) struct AtMostOnce {
    pub(super) counts: Counts,
    /// Whether workers say that a number starts, before it does.
    pub(super) are_starts_said: bool,
}
