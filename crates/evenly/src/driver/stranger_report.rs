//! Report about peers that did not prove that they may connect: their number, at most once a minute.

use crate::transport::Transport;
use std::time::Duration;

/// Shortest interval between two reports.
const INTERVAL: Duration = Duration::from_secs(60);

/// Peers that were not reported yet.
#[derive(Debug, Default)]
pub(super) struct StrangerReport {
    count: u64,
    /// Address of the last of them that had a wrong key.
    wrong_key: Option<String>,
    /// When they may be reported.
    next: Duration,
}

impl StrangerReport {
    /// Adds those that a transport has counted.
    pub(super) fn collect<T: Transport + ?Sized>(&mut self, transport: &mut T) {
        self.count += transport.take_strangers();
        if let Some(address) = transport.take_wrong_key() {
            self.wrong_key = Some(address);
        }
    }

    /// Their number since the last report, and the address of the last one with a wrong key, if it is time to report them.
    pub(super) fn take(&mut self, now: Duration) -> Option<(u64, Option<String>)> {
        if self.count == 0 || self.next > now {
            return None;
        }
        self.next = now + INTERVAL;
        Some((std::mem::take(&mut self.count), self.wrong_key.take()))
    }
}
