//! Plan of an early end: a halt condition, a deadline, and a second signal. A generator of its own draws it.

use crate::options::SimOptions;
use crate::plan::fault_rates::SECOND;
use evenly_core::engine::halt::{Halt, HaltSpeed, HaltThreshold, HaltTrigger};
use evenly_testkit::random::Random;

/// What ends a run early, besides one signal.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct EarlyEnd {
    pub(crate) halt: Option<Halt>,
    pub(crate) deadline_ns: Option<u64>,
    /// Time between the first signal and a second one.
    pub(crate) second_signal_ns: Option<u64>,
}

impl EarlyEnd {
    /// An early end of a run over `total` numbers, whose faults end at `until_ns`.
    pub(crate) fn draw(
        random: &mut Random,
        (total, until_ns): (u128, u64),
        options: &SimOptions,
    ) -> Self {
        if !options.are_faults_wanted {
            return Self::default();
        }
        let is_halted = random.once_in(8);
        let halt = Self::draw_halt(random, total);
        let has_deadline = random.once_in(16);
        let deadline_ns = random.magnitude(1_000, until_ns.max(SECOND));
        let has_second = random.once_in(2);
        let second_ns = random.magnitude(1_000, SECOND);
        Self {
            halt: is_halted.then_some(halt),
            deadline_ns: has_deadline.then_some(deadline_ns),
            second_signal_ns: has_second.then_some(second_ns),
        }
    }

    fn draw_halt(random: &mut Random, total: u128) -> Halt {
        let when = random.pick(&[HaltSpeed::Now, HaltSpeed::Soon]);
        let why = random.pick(&[HaltTrigger::Fail, HaltTrigger::Success, HaltTrigger::Done]);
        let most = u64::try_from(total).unwrap_or(u64::MAX).max(1);
        let numbers = HaltThreshold::Numbers(random.magnitude(1, most).into());
        let percent = HaltThreshold::Percent(random.between(1, 100) as f64);
        let is_short = total < 1 << 32;
        let after = if random.once_in(2) && is_short { percent } else { numbers };
        Halt { when, why, after }
    }
}
