//! What is done about those who have said hello: read, sent to, waited for, given up.

use super::listener::Listener;
use super::outcome::{Received, Sent};
use super::peers::{Peer, Place, Stage};
use super::{SHARED_KEY, udp, unixgram};
use crate::transport::{Failed, Gone, failed};
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;

/// How many datagrams of somebody to whom nothing can be sent any more may wait to be read.
const LAST_WORDS: usize = 1024;

impl Listener {
    /// Reads what has come, up to so many datagrams.
    pub(super) fn receive(&mut self, most: usize) -> Result<(), Failed> {
        for _ in 0..most {
            match self.shared.receive(&mut self.room)? {
                Received::Datagram(length, origin) => {
                    let room = std::mem::take(&mut self.room);
                    self.hear(&room[..length], origin);
                    self.room = room;
                }
                Received::Nothing => break,
                Received::Hint(_) => {}
            }
        }
        Ok(())
    }

    /// Sends one datagram.
    pub(super) fn send(&self, place: &Place, bytes: &[u8]) -> Sent {
        match place {
            Place::Network(place) => udp::send(&self.shared, Some(place), bytes),
            Place::File(socket, _) => unixgram::send(socket, bytes),
        }
    }

    /// Sends what there is to send to somebody, as far as there is room.
    pub(super) fn write_to(&mut self, number: u32) -> Result<(), Failed> {
        let now_ns = self.now_ns;
        let Self { peers, shared, .. } = self;
        let Some(peer) = peers.get_mut(number) else { return Ok(()) };
        let Peer { stage, place, .. } = peer;
        let (Stage::Admitted(line) | Stage::Ending { line, .. }) = stage else { return Ok(()) };
        let (mut is_full, mut broken) = (false, None);
        while let Some(datagram) = line.datagram(now_ns) {
            let sent = match place {
                Place::Network(place) => udp::send(&*shared, Some(place), datagram),
                Place::File(socket, _) => unixgram::send(socket, datagram),
            };
            match sent {
                Sent::Away(_) => line.sent(),
                Sent::Full => {
                    is_full = true;
                    break;
                }
                Sent::Gone(cause) => {
                    broken = Some(cause);
                    break;
                }
            }
        }
        self.watch(number, is_full)?;
        if let Some(cause) = broken {
            self.break_off(number, cause);
        }
        if let Some(Peer { stage: Stage::Ending { line, .. }, .. }) = self.peers.get(number)
            && line.is_over()
        {
            self.remove(number);
        }
        self.peers.arrange(number);
        Ok(())
    }

    /// Waits for room, or no more.
    fn watch(&mut self, number: u32, is_full: bool) -> Result<(), Failed> {
        let Some(peer) = self.peers.get_mut(number) else { return Ok(()) };
        if peer.is_blocked == is_full {
            return Ok(());
        }
        peer.is_blocked = is_full;
        let room = if is_full { EventFlags::OUT } else { EventFlags::empty() };
        let changed = match &peer.place {
            Place::File(socket, _) => self.registry.modify(socket, number, room),
            Place::Network(_) if is_full => {
                self.blocked.push(number);
                self.registry.modify(&self.shared, SHARED_KEY, EventFlags::IN | room)
            }
            Place::Network(_) => Ok(()),
        };
        changed.map_err(failed("epoll_ctl"))
    }

    /// There is room in the shared socket again, or still not.
    pub(super) fn write_blocked(&mut self) -> Result<(), Failed> {
        if self.blocked.is_empty() {
            return Ok(());
        }
        self.registry
            .modify(&self.shared, SHARED_KEY, EventFlags::IN)
            .map_err(failed("epoll_ctl"))?;
        for number in std::mem::take(&mut self.blocked) {
            if let Some(peer) = self.peers.get_mut(number) {
                peer.is_blocked = false;
                self.write_to(number)?;
            }
        }
        Ok(())
    }

    pub(super) fn write_touched(&mut self) -> Result<(), Failed> {
        while let Some(number) = self.touched.pop() {
            self.write_to(number)?;
        }
        Ok(())
    }

    /// Nothing can be sent to somebody any more. What it sent before may wait to be read.
    fn break_off(&mut self, number: u32, cause: Errno) {
        match self.peers.advance(number, Stage::Over) {
            Some(Stage::Admitted(line)) => {
                self.peers.advance(number, Stage::Broken(line, cause));
            }
            _ => self.remove(number),
        }
    }

    /// Somebody is gone; its last frames are told before.
    pub(super) fn lose(&mut self, number: u32, why: Gone) {
        self.peers.finish_opening(number);
        match self.peers.advance(number, Stage::Over) {
            Some(Stage::Asking { is_told: true, .. }) => {
                self.peers.advance(number, Stage::Lost(None, why));
            }
            Some(Stage::Admitted(line) | Stage::Broken(line, _)) => {
                self.peers.advance(number, Stage::Lost(Some(line), why));
            }
            _ => self.remove(number),
        }
    }

    /// Forgets somebody.
    pub(super) fn remove(&mut self, number: u32) {
        let Some(Peer { place: Place::File(socket, path), .. }) = self.peers.remove(number) else {
            return;
        };
        self.registry.remove(&socket);
        // An agent that was killed could not do it.
        unixgram::remove_if_stale(&path);
    }

    /// Looks at somebody whose time may have come.
    pub(super) fn look_at(&mut self, number: u32) -> Result<(), Failed> {
        let now_ns = self.now_ns;
        let Some(peer) = self.peers.get(number) else { return Ok(()) };
        let is_opening = peer.opening.is_some();
        let is_too_late = peer.opening.as_ref().is_some_and(|opening| opening.until_ns <= now_ns);
        match &peer.stage {
            Stage::Asking { .. } | Stage::Refused if !is_too_late => {}
            Stage::Refused | Stage::Over => self.remove(number),
            Stage::Asking { .. } => self.turn_away(number),
            Stage::Admitted(_) if is_too_late => self.turn_away(number),
            Stage::Admitted(line) if !is_opening && line.silent_ns() <= now_ns => {
                self.lose(number, Gone::Silent);
            }
            Stage::Ending { until_ns, .. } if *until_ns <= now_ns => self.remove(number),
            Stage::Admitted(_) | Stage::Ending { .. } => return self.write_to(number),
            Stage::Broken(_, cause) => {
                let why = Gone::Broken(*cause);
                self.receive(LAST_WORDS)?;
                self.lose(number, why);
            }
            Stage::Lost(..) => {}
        }
        self.peers.arrange(number);
        Ok(())
    }
}
