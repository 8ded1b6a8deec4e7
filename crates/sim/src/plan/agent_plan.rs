//! Plan of the agents of a run: machines, links, and fault rates.
//!
//! It is drawn by a generator of its own, so that a seed without agents makes the run that it made
//! before there were any.

use evenly_testkit::random::Random;

/// The agents of a run; none in most.
#[derive(Clone, Debug, Default)]
pub(crate) struct Party {
    pub(crate) machines: Vec<Machine>,
    /// The most chunks that one of them may hold.
    pub(crate) window: usize,
    /// What a connection holds of each direction, and how long it takes at most.
    pub(crate) socket: usize,
    pub(crate) latency_ns: u64,
    /// How often an agent reports what is done of chunks that are not.
    pub(crate) report_ns: u64,
    /// How datagrams suffer: lost and repeated ones in a million, and how late they are at most.
    pub(crate) lose: u32,
    pub(crate) repeat: u32,
    pub(crate) late_ns: u64,
    pub(crate) trouble: Trouble,
    /// Whether nothing but numbers kills the workers of agents.
    pub(crate) are_workers_spared: bool,
}

/// One machine with an agent on it.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    /// By seat: what its worker takes for a thousandth of the cost.
    pub(crate) slowness: Vec<u64>,
    /// Whether it is reached by datagrams, and not by a stream.
    pub(crate) is_by_datagrams: bool,
    pub(crate) comes_ns: u64,
    /// Whether it comes back after each loss, and is never stopped for ever.
    pub(crate) is_faithful: bool,
}

/// What befalls each machine in phase one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trouble {
    /// How often, about; never if 0.
    pub(crate) every_ns: u64,
    /// How often each kind is drawn.
    pub(crate) weights: [u64; KINDS.len()],
    /// Of stops, in a million: how many are for ever. Of losses: how many.
    pub(crate) for_ever: u32,
}

/// A kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
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

/// All kinds, in the order of [`Trouble::weights`].
const KINDS: [Kind; 6] =
    [Kind::Lose, Kind::Stop, Kind::Cut, Kind::Break, Kind::Leave, Kind::Garbage];

const SECOND: u64 = 1_000_000_000;

impl Party {
    pub(crate) fn draw(random: &mut Random, is_faulty: bool) -> Self {
        let count = random.between(1, 4) as usize;
        let machine = |random: &mut Random| Machine {
            slowness: (0..random.between(1, 4))
                .map(|_| random.pick(&[900, 1000, 1000, 1500, 4000]))
                .collect(),
            is_by_datagrams: random.once_in(2),
            comes_ns: if random.once_in(2) { 1 } else { random.magnitude(1, SECOND) },
            is_faithful: !random.once_in(3),
        };
        let machines = (0..count).map(|_| machine(random)).collect();
        let mut party = Self {
            machines,
            window: random.magnitude(1, 8192) as usize,
            socket: random.magnitude(4096, 1 << 16) as usize,
            latency_ns: random.magnitude(1_000, 50_000_000),
            report_ns: random.pick(&[1_000_000, 100_000_000, 100_000_000]),
            ..Self::default()
        };
        if is_faulty {
            party.lose = random.pick(&[0, 10_000, 100_000, 500_000]);
            party.repeat = random.pick(&[0, 10_000, 200_000]);
            party.late_ns = random.magnitude(100_000, 4 * SECOND);
            party.are_workers_spared = random.once_in(3);
            party.trouble.for_ever = random.pick(&[0, 200_000, 1_000_000]);
            let one = random.below(2 * KINDS.len() as u64) as usize;
            for (kind, weight) in party.trouble.weights.iter_mut().enumerate() {
                // Often one kind alone, else any of them.
                let among =
                    if one < KINDS.len() { u64::from(kind == one) } else { random.below(4) };
                *weight = among;
            }
        }
        party
    }

    /// How often something befalls a machine, now that it is known how long a run takes.
    pub(crate) fn draw_pace(&mut self, random: &mut Random, until_ns: u64) {
        let is_any = self.trouble.weights.iter().any(|weight| *weight > 0);
        if is_any && !random.once_in(5) {
            let longest_ns = (until_ns / 2).max(2_000_000);
            self.trouble.every_ns = random.magnitude(longest_ns / 100, longest_ns);
        }
    }
}

impl Trouble {
    /// A kind, as often as its weight says.
    pub(crate) fn pick(&self, random: &mut Random) -> Kind {
        let mut left = random.below(self.weights.iter().sum::<u64>().max(1));
        for (kind, weight) in KINDS.iter().zip(&self.weights) {
            if left < *weight {
                return *kind;
            }
            left -= weight;
        }
        Kind::Cut
    }
}
