//! Plan of the agents of a run: machines, links, and fault rates.
//!
//! A generator of its own draws it: without agents, a seed makes the same run as before agents existed.

use evenly_testkit::random::Random;

/// The agents of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct AgentPlan {
    pub(crate) machines: Vec<AgentMachine>,
    /// Most chunks that an agent may hold.
    pub(crate) window: usize,
    /// Bytes that a connection holds in each direction, and its longest delay.
    pub(crate) socket: usize,
    pub(crate) latency_ns: u64,
    /// How often an agent reports what is done of chunks that are not.
    pub(crate) report_ns: u64,
    /// Lost and repeated datagrams in a million, and their longest delay.
    pub(crate) lose: u32,
    pub(crate) repeat: u32,
    pub(crate) late_ns: u64,
    pub(crate) faults: AgentFaultRates,
    /// Whether nothing but numbers kills the workers of agents.
    pub(crate) are_workers_spared: bool,
}

/// One machine with an agent on it.
#[derive(Clone, Debug)]
pub(crate) struct AgentMachine {
    /// By seat: what its worker takes for a thousandth of the cost.
    pub(crate) slowness: Vec<u64>,
    /// Whether it is reached by datagrams, and not by a stream.
    pub(crate) is_by_datagrams: bool,
    pub(crate) connects_at_ns: u64,
    /// Whether it comes back after each loss, and is never stopped for ever.
    pub(crate) always_returns: bool,
}

/// Faults of each machine in phase one.
#[derive(Clone, Debug, Default)]
pub(crate) struct AgentFaultRates {
    /// Mean interval; 0 for never.
    pub(crate) every_ns: u64,
    /// How often each kind is drawn.
    pub(crate) weights: [u64; AGENT_FAULTS.len()],
    /// Of stops, in a million: how many are for ever. Of losses: how many.
    pub(crate) permanent: u32,
}

/// A kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AgentFault {
    /// The agent is gone with what it had.
    Lose,
    /// It is stopped, with or without its workers.
    Stop,
    /// Nothing comes through for a while.
    Cut,
    /// The connection ends, with what is on its way.
    Break,
    /// The agent leaves by itself.
    Leave,
    /// It says what cannot be.
    Garbage,
}

/// All faults, in the order of [`AgentFaultRates::weights`].
const AGENT_FAULTS: [AgentFault; 6] = [
    AgentFault::Lose,
    AgentFault::Stop,
    AgentFault::Cut,
    AgentFault::Break,
    AgentFault::Leave,
    AgentFault::Garbage,
];

const SECOND: u64 = 1_000_000_000;

impl AgentPlan {
    pub(crate) fn draw(random: &mut Random, is_faulty: bool) -> Self {
        let count = random.between(1, 4) as usize;
        let machine = |random: &mut Random| AgentMachine {
            slowness: (0..random.between(1, 4))
                .map(|_| random.pick(&[900, 1000, 1000, 1500, 4000]))
                .collect(),
            is_by_datagrams: random.once_in(2),
            connects_at_ns: if random.once_in(2) { 1 } else { random.magnitude(1, SECOND) },
            always_returns: !random.once_in(3),
        };
        let machines = (0..count).map(|_| machine(random)).collect();
        let mut agents = Self {
            machines,
            window: random.magnitude(1, 8192) as usize,
            socket: random.magnitude(4096, 1 << 16) as usize,
            latency_ns: random.magnitude(1_000, 50_000_000),
            report_ns: random.pick(&[1_000_000, 100_000_000, 100_000_000]),
            ..Self::default()
        };
        if is_faulty {
            agents.lose = random.pick(&[0, 10_000, 100_000, 500_000]);
            agents.repeat = random.pick(&[0, 10_000, 200_000]);
            agents.late_ns = random.magnitude(100_000, 4 * SECOND);
            agents.are_workers_spared = random.once_in(3);
            agents.faults.permanent = random.pick(&[0, 200_000, 1_000_000]);
            let one = random.below(2 * AGENT_FAULTS.len() as u64) as usize;
            for (kind, weight) in agents.faults.weights.iter_mut().enumerate() {
                // Often one kind alone, else any of them.
                let among =
                    if one < AGENT_FAULTS.len() { u64::from(kind == one) } else { random.below(4) };
                *weight = among;
            }
        }
        agents
    }

    /// How often something befalls a machine, now that it is known how long a run takes.
    pub(crate) fn draw_fault_interval(&mut self, random: &mut Random, until_ns: u64) {
        let is_any = self.faults.weights.iter().any(|weight| *weight > 0);
        if is_any && !random.once_in(5) {
            let longest_ns = (until_ns / 2).max(2_000_000);
            self.faults.every_ns = random.magnitude(longest_ns / 100, longest_ns);
        }
    }
}

impl AgentFaultRates {
    /// A kind, as often as its weight says.
    pub(crate) fn pick(&self, random: &mut Random) -> AgentFault {
        let mut left = random.below(self.weights.iter().sum::<u64>().max(1));
        for (kind, weight) in AGENT_FAULTS.iter().zip(&self.weights) {
            if left < *weight {
                return *kind;
            }
            left -= weight;
        }
        AgentFault::Cut
    }
}
