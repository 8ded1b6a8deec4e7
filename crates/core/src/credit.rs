//! Credit: how much each worker may send of what must wait for the numbers below.
//!
//! A worker is given [`CREDIT`] bytes and gets back what has been passed on. Who holds the lowest
//! number that is in anybody's hands gets more whenever it needs it: it is what the others wait for.
//!
//! What a lost worker sent and nobody could pass on waits still. Whoever joins next inherits it, and is
//! given so much less; otherwise memory would grow with each loss.

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

/// What is told at once, as a part of the credit: a message for each line would cost more than the line.
const PARTS: u64 = 4;

/// The accounts of all workers.
#[derive(Debug)]
pub(crate) struct Credits {
    /// What each begins with.
    credit: u64,
    /// By name.
    accounts: Vec<Account>,
    /// How many of them are used up.
    waiting: usize,
    /// Lost workers of which something waits and that nobody has inherited.
    estates: Vec<WorkerId>,
    /// How much was sent for how many numbers, lately.
    bytes: u64,
    numbers: u128,
}

/// A chunk should take no more of a worker's credit than one in so many parts: whoever is not at the
/// lowest number could do no more than one in that time.
const CHUNKS: u128 = 4;

/// What was sent is forgotten by half after so many times the credit: what numbers send may change.
const LATELY: u64 = 16;

#[derive(Clone, Copy, Debug)]
struct Account {
    granted: u64,
    received: u64,
    merged: u64,
    /// To whom it belongs now.
    heir: Option<WorkerId>,
}

impl Account {
    fn is_used_up(self) -> bool {
        self.received >= self.granted
    }
}

impl Default for Credits {
    fn default() -> Self {
        Self::of(CREDIT as u64)
    }
}

impl Credits {
    /// Accounts of workers that begin with so much.
    pub(crate) fn of(credit: u64) -> Self {
        Self { credit, accounts: Vec::new(), waiting: 0, estates: Vec::new(), bytes: 0, numbers: 0 }
    }

    /// The next worker joins: what it may send at first.
    pub(crate) fn join(&mut self) -> u64 {
        let heir = Some(WorkerId(self.accounts.len() as u32));
        let left = self.estates.pop().and_then(|lost| self.accounts.get_mut(lost.0 as usize));
        let waits = left.map_or(0, |left| {
            left.heir = heir;
            left.received - left.merged
        });
        let given = self.credit.saturating_sub(waits);
        let granted = waits + given;
        let account = Account { granted, received: waits, merged: 0, heir: None };
        self.waiting += usize::from(account.is_used_up());
        self.accounts.push(account);
        given
    }

    /// How many numbers a chunk should have at most.
    pub(crate) fn most(&self) -> u128 {
        match u128::from(self.bytes) {
            0 => u128::MAX,
            bytes => (self.numbers * (u128::from(self.credit) / CHUNKS) / bytes).max(1),
        }
    }

    /// So many numbers are done.
    #[inline]
    pub(crate) fn count(&mut self, numbers: u128) {
        self.numbers += numbers;
    }

    /// A worker has sent so much.
    pub(crate) fn receive(&mut self, worker: WorkerId, bytes: u64) {
        self.bytes += bytes;
        if self.bytes >= LATELY * self.credit {
            self.bytes /= 2;
            self.numbers /= 2;
        }
        if let Some(account) = self.accounts.get_mut(worker.0 as usize) {
            let was_used_up = account.is_used_up();
            account.received += bytes;
            self.waiting += usize::from(account.is_used_up() && !was_used_up);
        }
    }

    /// So much of it has been passed on, or dropped. What to grant for it now.
    pub(crate) fn merge(&mut self, worker: WorkerId, bytes: u64) -> Option<(WorkerId, u64)> {
        let worker = self.owner(worker);
        let account = self.accounts.get_mut(worker.0 as usize)?;
        account.merged += bytes;
        let more = (account.merged + self.credit).saturating_sub(account.granted);
        if more < self.credit / PARTS {
            return None;
        }
        self.grant(worker, more);
        Some((worker, more))
    }

    /// Who has the account of a worker now: the last of its heirs, found at once the next time.
    fn owner(&mut self, worker: WorkerId) -> WorkerId {
        let heir_of = |accounts: &[Account], one: WorkerId| accounts.get(one.0 as usize)?.heir;
        let mut owner = worker;
        while let Some(heir) = heir_of(&self.accounts, owner) {
            owner = heir;
        }
        let mut one = worker;
        while let Some(heir) = heir_of(&self.accounts, one) {
            self.accounts[one.0 as usize].heir = Some(owner);
            one = heir;
        }
        owner
    }

    /// Whether anybody waits.
    pub(crate) fn is_anybody_waiting(&self) -> bool {
        self.waiting > 0
    }

    /// A worker is gone, and waits no more. What waits of it is for an heir.
    pub(crate) fn leave(&mut self, worker: WorkerId) {
        self.grant(worker, 1 << 60);
        if self.accounts.get(worker.0 as usize).is_some_and(|left| left.received > left.merged) {
            self.estates.push(worker);
        }
    }

    /// What to grant to the one that the others wait for, if it waits itself.
    pub(crate) fn extend(&mut self, worker: WorkerId) -> Option<u64> {
        let account = self.accounts.get(worker.0 as usize)?;
        if !account.is_used_up() {
            return None;
        }
        // Less than an agent would spend on other chunks.
        let more = account.received - account.granted + self.credit / PARTS;
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

    const LEAST: u64 = CREDIT as u64 / PARTS;
    const ONE: WorkerId = WorkerId(0);

    #[test]
    fn what_was_passed_on_comes_back_in_quarters() {
        let mut credits = Credits::default();
        credits.join();
        credits.receive(ONE, 3 * LEAST);
        assert_eq!(credits.merge(ONE, LEAST - 1), None);
        assert_eq!(credits.merge(ONE, 1), Some((ONE, LEAST)));
        assert!(!credits.is_anybody_waiting());
    }

    #[test]
    fn a_chunk_takes_a_part_of_the_credit() {
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
    fn whoever_is_waited_for_gets_more_than_its_share_once() {
        let mut credits = Credits::default();
        credits.join();
        assert_eq!(credits.extend(ONE), None);
        credits.receive(ONE, 5 * LEAST);
        assert!(credits.is_anybody_waiting());
        // As much as it is behind, and a quarter.
        assert_eq!(credits.extend(ONE), Some(2 * LEAST));
        assert!(!credits.is_anybody_waiting());
        assert_eq!(credits.merge(ONE, 2 * LEAST), None);
        assert_eq!(credits.merge(ONE, LEAST), Some((ONE, LEAST)));
    }

    #[test]
    fn whoever_comes_next_inherits_what_waits_of_the_lost() {
        let mut credits = Credits::default();
        assert_eq!(credits.join(), CREDIT as u64);
        credits.receive(ONE, 3 * LEAST);
        credits.leave(ONE);
        let (two, three) = (WorkerId(1), WorkerId(2));
        assert_eq!(credits.join(), LEAST);
        credits.receive(two, LEAST);
        assert!(credits.is_anybody_waiting());
        credits.leave(two);
        // However many are lost, what waits is no more than one could have sent.
        assert_eq!(credits.join(), 0);
        assert!(credits.is_anybody_waiting());
        assert_eq!(credits.merge(ONE, 3 * LEAST), Some((three, 3 * LEAST)));
        assert_eq!(credits.merge(two, LEAST), Some((three, LEAST)));
        assert!(!credits.is_anybody_waiting());
        credits.leave(three);
        assert_eq!(credits.join(), CREDIT as u64, "nothing is left to inherit");
    }
}
