//! Table of a listener's peers: by number, by deadline, by news. Stream and datagram listeners have one each.

use std::collections::{BTreeSet, VecDeque};

/// What the table asks a peer after each change.
pub(super) trait ListenerPeer {
    /// Whether `next` has something to return about it.
    fn has_news(&self) -> bool;

    /// Whether it counts among [`MOST_UNPROVEN`](super::admission::MOST_UNPROVEN).
    fn is_unproven(&self) -> bool;

    /// Whether the rest of the packed frames is being sent, then the end.
    fn is_ending(&self) -> bool;

    /// When its timers must be checked next.
    fn due_ns(&self) -> Option<u64>;
}

/// The peers by number. The number of a removed peer is used again.
#[derive(Debug)]
pub(super) struct PeerTable<P> {
    slots: Vec<Option<Slot<P>>>,
    free: Vec<u32>,
    /// When timers are checked, with the numbers of their peers.
    alarms: BTreeSet<(u64, u32)>,
    /// Peers that may have news, in order. Some may be gone already.
    news: VecDeque<u32>,
    /// Those that have not proved that they may join, the oldest first.
    unproven: VecDeque<u32>,
    /// Peers whose packers were used since the last flush. Some may be gone already.
    dirty: Vec<u32>,
    ending: usize,
}

/// A peer, and in which lists of the table it is.
#[derive(Debug)]
struct Slot<P> {
    peer: P,
    listed: Listed,
}

#[derive(Debug, Default)]
struct Listed {
    /// Not later than the peer is due.
    alarm_ns: Option<u64>,
    is_news: bool,
    is_unproven: bool,
    is_dirty: bool,
    is_ending: bool,
}

impl<P> Default for PeerTable<P> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            alarms: BTreeSet::new(),
            news: VecDeque::new(),
            unproven: VecDeque::new(),
            dirty: Vec::new(),
            ending: 0,
        }
    }
}

impl<P: ListenerPeer> PeerTable<P> {
    /// Adds a peer; returns its number.
    pub(super) fn add(&mut self, peer: P) -> u32 {
        let number = self.free.pop().unwrap_or(self.slots.len() as u32);
        let slot = Slot { peer, listed: Listed::default() };
        match self.slots.get_mut(number as usize) {
            Some(free) => *free = Some(slot),
            None => self.slots.push(Some(slot)),
        }
        self.refresh(number);
        number
    }

    /// Removes a peer and frees its number.
    pub(super) fn remove(&mut self, number: u32) -> Option<P> {
        let slot = self.slots.get_mut(number as usize)?.take()?;
        if let Some(alarm_ns) = slot.listed.alarm_ns {
            self.alarms.remove(&(alarm_ns, number));
        }
        if slot.listed.is_unproven {
            self.unproven.retain(|unproven| *unproven != number);
        }
        self.ending -= usize::from(slot.listed.is_ending);
        self.free.push(number);
        Some(slot.peer)
    }

    pub(super) fn get(&self, number: u32) -> Option<&P> {
        Some(&self.slots.get(number as usize)?.as_ref()?.peer)
    }

    /// A peer, to be changed in what the table does not ask about, or [refreshed](Self::refresh) afterwards.
    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut P> {
        Some(&mut self.slot_mut(number)?.peer)
    }

    /// Changes a peer. `None` if it is gone.
    pub(super) fn change<T>(&mut self, number: u32, by: impl FnOnce(&mut P) -> T) -> Option<T> {
        let changed = by(self.get_mut(number)?);
        self.refresh(number);
        Some(changed)
    }

    /// Puts a peer that has changed where it belongs. An alarm that is too early stays: `next_due` puts it right, and
    /// most are not early for long.
    pub(super) fn refresh(&mut self, number: u32) {
        let Some(Some(Slot { peer, listed })) = self.slots.get_mut(number as usize) else { return };
        let due_ns = peer.due_ns();
        let is_early = due_ns.is_some() && listed.alarm_ns.is_some() && listed.alarm_ns <= due_ns;
        if !is_early && listed.alarm_ns != due_ns {
            if let Some(alarm_ns) = std::mem::replace(&mut listed.alarm_ns, due_ns) {
                self.alarms.remove(&(alarm_ns, number));
            }
            self.alarms.extend(due_ns.map(|due_ns| (due_ns, number)));
        }
        if !listed.is_news && peer.has_news() {
            listed.is_news = true;
            self.news.push_back(number);
        }
        let was_unproven = std::mem::replace(&mut listed.is_unproven, peer.is_unproven());
        match (was_unproven, listed.is_unproven) {
            (false, true) => self.unproven.push_back(number),
            (true, false) => self.unproven.retain(|unproven| *unproven != number),
            _ => {}
        }
        self.ending -= usize::from(listed.is_ending);
        listed.is_ending = peer.is_ending();
        self.ending += usize::from(listed.is_ending);
    }

    /// A peer whose timers must be checked, and then [refreshed](Self::refresh).
    pub(super) fn next_due(&mut self, now_ns: u64) -> Option<u32> {
        while let Some((alarm_ns, number)) = self.alarms.first().copied()
            && alarm_ns <= now_ns
        {
            self.alarms.pop_first();
            let Some(slot) = self.slot_mut(number) else { continue };
            slot.listed.alarm_ns = None;
            if slot.peer.due_ns().is_some_and(|due_ns| due_ns <= now_ns) {
                return Some(number);
            }
            self.refresh(number);
        }
        None
    }

    pub(super) fn next_due_ns(&self) -> Option<u64> {
        self.alarms.first().map(|(alarm_ns, _)| *alarm_ns)
    }

    /// The first peer that has news.
    pub(super) fn first_with_news(&mut self) -> Option<u32> {
        while let Some(number) = self.news.front().copied() {
            match self.slot_mut(number) {
                Some(slot) if slot.listed.is_news && slot.peer.has_news() => return Some(number),
                Some(slot) => slot.listed.is_news = false,
                None => {}
            }
            self.news.pop_front();
        }
        None
    }

    /// Notes that the packer of a peer is used.
    pub(super) fn note_dirty(&mut self, number: u32) {
        if let Some(Some(slot)) = self.slots.get_mut(number as usize)
            && !slot.listed.is_dirty
        {
            slot.listed.is_dirty = true;
            self.dirty.push(number);
        }
    }

    /// A peer whose packer was used since the last flush.
    pub(super) fn next_dirty(&mut self) -> Option<u32> {
        let number = self.dirty.pop()?;
        if let Some(slot) = self.slot_mut(number) {
            slot.listed.is_dirty = false;
        }
        Some(number)
    }

    /// The peer that has waited longest without a proof that it may join.
    pub(super) fn oldest_unproven(&self) -> Option<u32> {
        self.unproven.front().copied()
    }

    /// How many peers have not proved that they may join.
    pub(super) fn unproven(&self) -> usize {
        self.unproven.len()
    }

    /// How many peers are connected.
    pub(super) fn count(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(super) fn has_ending(&self) -> bool {
        self.ending > 0
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &P> {
        self.slots.iter().flatten().map(|slot| &slot.peer)
    }

    fn slot_mut(&mut self, number: u32) -> Option<&mut Slot<P>> {
        self.slots.get_mut(number as usize)?.as_mut()
    }
}
