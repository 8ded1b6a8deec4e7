//! Credit: how much each worker may send of what must wait for the numbers below.
//!
//! A worker begins with [`CREDIT`] bytes and gets back what has been passed on. Who holds the lowest
//! number that is in anybody's hands gets more whenever it needs it: it is what the others wait for.

use crate::lease::WorkerId;
use crate::worker::CREDIT;
use alloc::vec::Vec;

/// What is told at once: a message for each line would cost more than the line.
const LEAST: u64 = CREDIT as u64 / 4;

/// The accounts of all workers.
#[derive(Debug, Default)]
pub(crate) struct Credits {
    /// By name.
    accounts: Vec<Account>,
    /// How many of them are used up.
    waiting: usize,
}

#[derive(Clone, Copy, Debug)]
struct Account {
    granted: u64,
    received: u64,
    merged: u64,
}

impl Account {
    fn is_used_up(self) -> bool {
        self.received >= self.granted
    }
}

impl Credits {
    /// The next worker joins.
    pub(crate) fn join(&mut self) {
        self.accounts.push(Account { granted: CREDIT as u64, received: 0, merged: 0 });
    }

    /// A worker has sent so much.
    pub(crate) fn receive(&mut self, worker: WorkerId, bytes: u64) {
        if let Some(account) = self.accounts.get_mut(worker.0 as usize) {
            let was_used_up = account.is_used_up();
            account.received += bytes;
            self.waiting += usize::from(account.is_used_up() && !was_used_up);
        }
    }

    /// So much of it has been passed on, or dropped. What to grant for it now.
    pub(crate) fn merge(&mut self, worker: WorkerId, bytes: u64) -> Option<u64> {
        let account = self.accounts.get_mut(worker.0 as usize)?;
        account.merged += bytes;
        let more = (account.merged + CREDIT as u64).saturating_sub(account.granted);
        if more < LEAST {
            return None;
        }
        self.grant(worker, more);
        Some(more)
    }

    /// Whether anybody waits.
    pub(crate) fn is_anybody_waiting(&self) -> bool {
        self.waiting > 0
    }

    /// A worker is gone, and waits no more.
    pub(crate) fn leave(&mut self, worker: WorkerId) {
        self.grant(worker, 1 << 60);
    }

    /// What to grant to the one that the others wait for, if it waits itself.
    pub(crate) fn extend(&mut self, worker: WorkerId) -> Option<u64> {
        let account = self.accounts.get(worker.0 as usize)?;
        if !account.is_used_up() {
            return None;
        }
        let more = account.received - account.granted + CREDIT as u64;
        self.grant(worker, more);
        Some(more)
    }

    fn grant(&mut self, worker: WorkerId, more: u64) {
        if let Some(account) = self.accounts.get_mut(worker.0 as usize) {
            let was_used_up = account.is_used_up();
            account.granted += more;
            self.waiting -= usize::from(was_used_up && !account.is_used_up());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: WorkerId = WorkerId(0);

    #[test]
    fn what_was_passed_on_comes_back_in_quarters() {
        let mut credits = Credits::default();
        credits.join();
        credits.receive(ONE, 3 * LEAST);
        assert_eq!(credits.merge(ONE, LEAST - 1), None);
        assert_eq!(credits.merge(ONE, 1), Some(LEAST));
        assert!(!credits.is_anybody_waiting());
    }

    #[test]
    fn whoever_is_waited_for_gets_more_than_its_share_once() {
        let mut credits = Credits::default();
        credits.join();
        assert_eq!(credits.extend(ONE), None);
        credits.receive(ONE, 5 * LEAST);
        assert!(credits.is_anybody_waiting());
        assert_eq!(credits.extend(ONE), Some(5 * LEAST));
        assert!(!credits.is_anybody_waiting());
        assert_eq!(credits.merge(ONE, 5 * LEAST), None);
        assert_eq!(credits.merge(ONE, LEAST), Some(LEAST));
    }
}
