//! Crash reports of workers: what ends a worker at a deadly number, and which number it reports.
//!
//! A gasp is one small write into the result pipe, or one frame on a line; it waits for room, and its
//! author may be stopped or killed by another process before it is written, or behind it. In phase one
//! some are never written and some are cut or spoilt. And workers are asked for their number, as one
//! that has too much memory is, whose number is innocent.

use crate::options::{Options, Transport};
use evenly_core::Cause;
use evenly_testkit::random::Random;

/// Signal 11, of which one dies that computes a deadly number, where nothing else is drawn.
pub(crate) const SEGV: Cause = Cause::Signal(11);

/// How workers speak when something ends them; not at all in most runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gasps {
    pub(crate) are_possible: bool,
    /// Of gasps, in a million: never written, and written as what is no frame.
    pub(crate) lose: u32,
    pub(crate) spoil: u32,
    /// Of steps: a worker at work is asked for its number, and ended.
    pub(crate) ask: u32,
    /// How a deadly number ends its worker; and whether that is another way each time.
    pub(crate) salt: u64,
    pub(crate) is_fickle: bool,
}

/// What ends a worker, and at which number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gasp {
    pub(crate) n: i64,
    /// What it says of the cause.
    pub(crate) said: Option<Cause>,
    /// How the process ends.
    pub(crate) cause: Cause,
    /// Whether the number is to blame.
    pub(crate) is_own: bool,
}

impl Gasps {
    pub(crate) fn draw(
        random: &mut Random,
        (transport, is_once): (Transport, bool),
        options: &Options,
    ) -> Self {
        let is_wanted = options.gasps.unwrap_or(random.once_in(2));
        // Where no number is tried twice, workers send no crash reports.
        if !is_wanted || transport == Transport::Raw || is_once {
            return Self::default();
        }
        let salt = random.next();
        let mut gasps = Self { are_possible: true, salt, ..Self::default() };
        gasps.is_fickle = random.once_in(4);
        if options.are_faults_wanted {
            let rate = |random: &mut Random, once_in: u64, rates: &[u32]| {
                if random.once_in(once_in) { random.pick(rates) } else { 0 }
            };
            gasps.lose = rate(random, 3, &[50_000, 300_000, 1_000_000]);
            gasps.spoil = rate(random, 4, &[50_000, 300_000, 1_000_000]);
            gasps.ask = rate(random, 4, &[300, 3_000, 20_000]);
            if transport != Transport::Pipes {
                gasps.spoil = 0;
            }
        }
        gasps
    }

    /// The same where nothing but numbers ends workers.
    pub(crate) fn spared(&self) -> Self {
        Self { lose: 0, spoil: 0, ask: 0, ..self.clone() }
    }

    /// How a deadly number ends its worker.
    pub(crate) fn end_of(&self, n: i64, random: &mut Random) -> Gasp {
        let ends = [
            (SEGV, None),
            (SEGV, None),
            (Cause::Signal(6), None),
            (Cause::Exit(101), None),
            // Ended by itself, behind its word for it.
            (Cause::Signal(9), Some(Cause::Timeout)),
        ];
        let (cause, said) = if !self.are_possible {
            (SEGV, None)
        } else if self.is_fickle {
            random.pick(&ends)
        } else {
            Random::new(self.salt ^ n.cast_unsigned()).pick(&ends)
        };
        Gasp { n, said, cause, is_own: true }
    }
}
