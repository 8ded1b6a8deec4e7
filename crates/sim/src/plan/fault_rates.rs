//! Fault rates of workers, result pipe, worker links and primary.

/// What breaks in phase one. Rates are in a million steps.
#[derive(Clone, Debug, Default)]
pub(crate) struct FaultRates {
    /// When phase one ends, unless `most` things are broken before.
    pub(crate) until_ns: u64,
    pub(crate) most: u64,
    pub(crate) kill: u32,
    pub(crate) exit: u32,
    pub(crate) stop: u32,
    /// Of stops: how many are for ever.
    pub(crate) permanent: u32,
    pub(crate) garbage: u32,
    /// Of forks.
    pub(crate) refuse: u32,
    /// Of datagrams; and how late they are at most.
    pub(crate) lose: u32,
    pub(crate) repeat: u32,
    pub(crate) late_ns: u64,
    /// Of lines: cut for a while, and lost with their machine.
    pub(crate) cut: u32,
    pub(crate) vanish: u32,
    pub(crate) drain_at_ns: Option<u64>,
    pub(crate) crash_at_ns: Vec<u64>,
}

pub(crate) const SECOND: u64 = 1_000_000_000;

/// No single number takes longer: the bound on the time of a run rests on it.
pub(crate) const MOST_EXPENSIVE_NS: u64 = SECOND / 2;
