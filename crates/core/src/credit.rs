//! Credit-based flow control for answers that must be written in the order of the numbers.
//!
//! A worker may send [`CREDIT`] bytes, and gets credit back for bytes that the primary has written. The worker that
//! holds the lowest number gets more when it runs out, because all others wait for it.
//!
//! Bytes of a lost worker may still wait for lower numbers. The next worker to join is charged for them: otherwise the
//! memory of the primary would grow with each loss.

use crate::lease::WorkerId;
use alloc::vec::Vec;

/// Bytes of lines that a worker may send before the primary has merged them: enough to keep a primary busy while the
/// worker learns that it may go on. Next to nothing in the tests of this crate, so that they use it up.
pub const CREDIT: i64 = if cfg!(test) { 640 } else { 4 << 20 };

/// Bytes of lines that are worth a report of their own.
pub(crate) const MUCH: usize = much(CREDIT);

/// The same for another credit.
pub(crate) const fn much(credit: i64) -> usize {
    credit as usize / 64
}

/// Credit goes back in quarters of [`CREDIT`]: a message for each line would cost more than the line.
const PARTS: u64 = 4;

/// Credit accounts of all workers.
#[derive(Debug)]
pub(crate) struct Credits {
    /// Bytes that each worker may send at first.
    credit: u64,
    /// By name.
    accounts: Vec<Account>,
    /// Accounts without credit left.
    waiting: usize,
    /// Lost workers whose bytes still wait; the next worker to join is charged for one of them.
    orphaned: Vec<WorkerId>,
    /// Bytes that were sent lately, and the numbers that they are about.
    bytes: u64,
    numbers: u128,
}

/// A chunk should use at most a quarter of the credit of its worker. With more, a worker above the lowest number could
/// finish only one chunk before it must wait.
const CHUNKS: u128 = 4;

/// The running average of bytes per number is halved each time that 16 times the credit was sent, so that it follows a
/// change in the size of the output.
const LATELY: u64 = 16;

/// Granted to the account of a lost worker, which sends nothing any more.
const CLOSED: u64 = 1 << 60;

#[derive(Clone, Copy, Debug)]
struct Account {
    granted: u64,
    received: u64,
    merged: u64,
    /// The worker that was charged for this account after its worker was lost.
    successor: Option<WorkerId>,
}

impl Account {
    fn is_used_up(self) -> bool {
        self.received >= self.granted
    }

    /// Whether its worker has no credit left, or has some only because it got more than its share to go on with the
    /// lowest number.
    fn is_overdrawn(self, credit: u64) -> bool {
        let is_extended = self.granted < CLOSED && self.granted > self.merged + credit;
        self.is_used_up() || is_extended
    }
}

impl Default for Credits {
    fn default() -> Self {
        Self::of(CREDIT as u64)
    }
}

impl Credits {
    /// Accounts of workers that may send `credit` bytes at first.
    pub(crate) fn of(credit: u64) -> Self {
        Self {
            credit,
            accounts: Vec::new(),
            waiting: 0,
            orphaned: Vec::new(),
            bytes: 0,
            numbers: 0,
        }
    }

    /// Opens the account of the next worker; the bytes that it may send at first.
    pub(crate) fn join(&mut self) -> u64 {
        let successor = Some(WorkerId(self.accounts.len() as u32));
        let left = self.orphaned.pop().and_then(|lost| self.accounts.get_mut(lost.0 as usize));
        let waits = left.map_or(0, |left| {
            left.successor = successor;
            left.received - left.merged
        });
        let given = self.credit.saturating_sub(waits);
        let granted = waits + given;
        let account = Account { granted, received: waits, merged: 0, successor: None };
        self.waiting += usize::from(account.is_overdrawn(self.credit));
        self.accounts.push(account);
        given
    }

    /// The most numbers that a chunk should have.
    pub(crate) fn most(&self) -> u128 {
        match u128::from(self.bytes) {
            0 => u128::MAX,
            bytes => (self.numbers * (u128::from(self.credit) / CHUNKS) / bytes).max(1),
        }
    }

    /// Notes that numbers are done.
    #[inline]
    pub(crate) fn count(&mut self, numbers: u128) {
        self.numbers += numbers;
    }

    /// Notes bytes that a worker sent.
    pub(crate) fn receive(&mut self, worker: WorkerId, bytes: u64) {
        self.bytes += bytes;
        if self.bytes >= LATELY * self.credit {
            self.bytes /= 2;
            self.numbers /= 2;
        }
        if let Some(account) = self.accounts.get_mut(worker.0 as usize) {
            let was_overdrawn = account.is_overdrawn(self.credit);
            account.received += bytes;
            self.waiting += usize::from(account.is_overdrawn(self.credit) && !was_overdrawn);
        }
    }

    /// Notes bytes of a worker that were written or dropped; the worker to grant credit to now, and how much.
    pub(crate) fn merge(&mut self, worker: WorkerId, bytes: u64) -> Option<(WorkerId, u64)> {
        let worker = self.owner(worker);
        let account = self.accounts.get_mut(worker.0 as usize)?;
        let was_overdrawn = account.is_overdrawn(self.credit);
        account.merged += bytes;
        self.waiting -= usize::from(was_overdrawn && !account.is_overdrawn(self.credit));
        let more = (account.merged + self.credit).saturating_sub(account.granted);
        if more < self.credit / PARTS {
            return None;
        }
        self.grant(worker, more);
        Some((worker, more))
    }

    /// The worker that is charged for an account now. The path is shortened, so that the next call takes one step.
    fn owner(&mut self, worker: WorkerId) -> WorkerId {
        let successor_of =
            |accounts: &[Account], one: WorkerId| accounts.get(one.0 as usize)?.successor;
        let mut owner = worker;
        while let Some(successor) = successor_of(&self.accounts, owner) {
            owner = successor;
        }
        let mut one = worker;
        while let Some(successor) = successor_of(&self.accounts, one) {
            self.accounts[one.0 as usize].successor = Some(owner);
            one = successor;
        }
        owner
    }

    /// Whether this worker has no credit left.
    pub(crate) fn is_used_up(&self, worker: WorkerId) -> bool {
        self.accounts.get(worker.0 as usize).is_some_and(|account| account.is_used_up())
    }

    /// Whether a worker has no credit left, or more than its share.
    pub(crate) fn is_any_overdrawn(&self) -> bool {
        self.waiting > 0
    }

    /// Closes the account of a lost worker. Bytes of it that wait are charged to a successor.
    pub(crate) fn leave(&mut self, worker: WorkerId) {
        self.grant(worker, CLOSED);
        if self.accounts.get(worker.0 as usize).is_some_and(|left| left.received > left.merged) {
            self.orphaned.push(worker);
        }
    }

    /// The credit to grant to the worker with the lowest number, if it has none left.
    pub(crate) fn extend(&mut self, worker: WorkerId) -> Option<u64> {
        let account = self.accounts.get(worker.0 as usize)?;
        if !account.is_used_up() {
            return None;
        }
        // A small grant: an agent could spend a large one on other chunks.
        let more = account.received - account.granted + self.credit / PARTS;
        self.grant(worker, more);
        Some(more)
    }

    fn grant(&mut self, worker: WorkerId, more: u64) {
        if let Some(account) = self.accounts.get_mut(worker.0 as usize) {
            let was_overdrawn = account.is_overdrawn(self.credit);
            account.granted += more;
            self.waiting -= usize::from(was_overdrawn && !account.is_overdrawn(self.credit));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: u64 = CREDIT as u64 / PARTS;
    const ONE: WorkerId = WorkerId(0);

    #[test]
    fn written_bytes_come_back_as_credit_in_quarters() {
        let mut credits = Credits::default();
        credits.join();
        credits.receive(ONE, 3 * LEAST);
        assert_eq!(credits.merge(ONE, LEAST - 1), None);
        assert_eq!(credits.merge(ONE, 1), Some((ONE, LEAST)));
        assert!(!credits.is_any_overdrawn());
    }

    #[test]
    fn a_chunk_uses_at_most_a_quarter_of_the_credit() {
        let mut credits = Credits::default();
        credits.join();
        credits.count(1000);
        assert_eq!(credits.most(), u128::MAX);
        credits.receive(ONE, 10_000);
        assert_eq!(credits.most(), (CREDIT as u128 / CHUNKS / 10).max(1));
        // Numbers that send nothing make chunks longer again.
        credits.count(9_000);
        assert_eq!(credits.most(), CREDIT as u128 / CHUNKS);
    }

    #[test]
    fn the_worker_at_the_lowest_number_gets_more_than_its_share_once() {
        let mut credits = Credits::default();
        credits.join();
        assert_eq!(credits.extend(ONE), None);
        credits.receive(ONE, 5 * LEAST);
        assert!(credits.is_any_overdrawn());
        // What it has overdrawn, and a quarter.
        assert_eq!(credits.extend(ONE), Some(2 * LEAST));
        // Until its lines are written, it has more than its share.
        assert!(credits.is_any_overdrawn());
        assert_eq!(credits.merge(ONE, 2 * LEAST), None);
        assert!(!credits.is_any_overdrawn());
        assert_eq!(credits.merge(ONE, LEAST), Some((ONE, LEAST)));
    }

    #[test]
    fn the_next_worker_is_charged_for_bytes_of_a_lost_one() {
        let mut credits = Credits::default();
        assert_eq!(credits.join(), CREDIT as u64);
        credits.receive(ONE, 3 * LEAST);
        credits.leave(ONE);
        let (two, three) = (WorkerId(1), WorkerId(2));
        assert_eq!(credits.join(), LEAST);
        credits.receive(two, LEAST);
        assert!(credits.is_any_overdrawn());
        credits.leave(two);
        // However many workers are lost, no more waits than one could have sent.
        assert_eq!(credits.join(), 0);
        assert!(credits.is_any_overdrawn());
        assert_eq!(credits.merge(ONE, 3 * LEAST), Some((three, 3 * LEAST)));
        assert_eq!(credits.merge(two, LEAST), Some((three, LEAST)));
        assert!(!credits.is_any_overdrawn());
        credits.leave(three);
        assert_eq!(credits.join(), CREDIT as u64, "no bytes of a lost worker wait");
    }
}
