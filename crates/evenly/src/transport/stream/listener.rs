//! Stream transport of a primary: one listening socket, many connections.

use super::listening_socket::ListeningSocket;
use super::peer::{StreamPeer, StreamPeerStage};
use super::{LINGER_NS, LISTENING_KEY};
use crate::secure::Key;
use crate::secure::noise::Dialer;
use crate::silence::Silence;
use crate::transport::admission::Admission;
use crate::transport::peer_table::PeerTable;
use crate::transport::{
    Address, AfterCall, Arrival, Gone, ListenError, Listener, Registry, Transport, TransportError,
    failed,
};
use evenly_core::frame::Packer;
use rustix::event::epoll::EventFlags;
use std::os::fd::OwnedFd;

/// A listening socket and its connections.
#[derive(Debug)]
pub(crate) struct StreamListener {
    /// `None`: its peers are connections that the caller [adopts](Self::without_socket).
    pub(super) listening: Option<ListeningSocket>,
    /// With the port that the system chose.
    pub(super) address: Address,
    pub(super) admission: Admission,
    pub(super) registry: Registry,
    pub(super) peers: PeerTable<StreamPeer>,
    /// A peer whose end `next` has returned. It is removed when nothing of it is borrowed.
    leaving: Option<u32>,
    pub(super) most_connections: usize,
    pub(super) silence: Silence,
    /// Until when no connection is accepted.
    pub(super) crowded_until_ns: Option<u64>,
    /// The time of the last call.
    pub(super) now_ns: u64,
}

impl StreamListener {
    /// Listens at an address: at a path without keys, over the network with one or two of them.
    /// Its peers dial in the role of `dialer`. `after_call` sees the socket as it is made.
    pub(crate) fn listen(
        address: &Address,
        (keys, dialer): (Vec<Key>, Dialer),
        registry: Registry,
        after_call: AfterCall<'_>,
    ) -> Result<Self, ListenError> {
        debug_assert_eq!(address.needs_key(), !keys.is_empty());
        let (listening, bound) = ListeningSocket::listen(address, after_call)?;
        registry
            .add(&listening, LISTENING_KEY, EventFlags::IN)
            .map_err(ListenError::system(address, "epoll_ctl"))?;
        Ok(Self::of(Some(listening), bound, Admission::new(keys, dialer), registry))
    }

    /// Listens nowhere: its peers are agents that this process has started, whose standard input and output is a socket.
    pub(crate) fn without_socket(silence: Silence, registry: Registry) -> Self {
        let mut listener =
            Self::of(None, Address::STDIO, Admission::new(Vec::new(), Dialer::Agent), registry);
        listener.silence = silence;
        listener
    }

    fn of(
        listening: Option<ListeningSocket>,
        address: Address,
        admission: Admission,
        registry: Registry,
    ) -> Self {
        Self {
            listening,
            address,
            admission,
            registry,
            peers: PeerTable::default(),
            leaving: None,
            most_connections: usize::MAX,
            silence: Silence::default(),
            crowded_until_ns: None,
            now_ns: 0,
        }
    }

    /// Gives peers the times of this limit of silence.
    ///
    /// # Errors
    /// If the system does not accept a limit for the socket.
    pub(crate) fn with_silence(mut self, silence: Silence) -> Result<Self, ListenError> {
        let set = self.listening.as_ref().map_or(Ok(()), |socket| socket.set_silence(silence));
        set.map_err(ListenError::system(&self.address, "setsockopt"))?;
        self.silence = silence;
        Ok(self)
    }

    /// Where it listens, with the port that the system chose.
    pub(crate) fn bound(&self) -> &Address {
        &self.address
    }

    /// Closes a connection.
    pub(super) fn remove(&mut self, number: u32) {
        if let Some(peer) = self.peers.remove(number) {
            self.registry.remove(&peer.socket);
        }
    }

    /// Sets the epoll events of a peer to what it can do next.
    pub(super) fn watch(&mut self, number: u32) -> Result<(), TransportError> {
        let Some(peer) = self.peers.get_mut(number) else { return Ok(()) };
        let StreamPeerStage::Answered { frames, .. } = &peer.stage else { return Ok(()) };
        let wanted = frames.wanted();
        if wanted != peer.watched {
            peer.watched = wanted;
            let changed = self.registry.modify(&peer.socket, number, wanted);
            changed.map_err(failed("epoll_ctl"))?;
        }
        Ok(())
    }

    /// Sends what is packed for a peer, or continues its end.
    pub(super) fn write_to(&mut self, number: u32) -> Result<(), TransportError> {
        let Some(peer) = self.peers.get_mut(number) else { return Ok(()) };
        if let StreamPeerStage::Answered { frames, is_ending, .. } = &mut peer.stage {
            if !*is_ending {
                frames.write(&peer.socket);
            } else if frames.is_ended(&peer.socket) {
                self.remove(number);
            }
        }
        self.watch(number)
    }
}

impl Transport for StreamListener {
    #[inline]
    fn packer(&mut self, peer: usize) -> Option<&mut Packer> {
        let number = peer as u32;
        self.peers.note_dirty(number);
        match &mut self.peers.get_mut(number)?.stage {
            StreamPeerStage::Answered { frames, is_ending: false, .. } => Some(&mut frames.packer),
            _ => None,
        }
    }

    fn flush(&mut self, now_ns: u64) -> Result<(), TransportError> {
        self.now_ns = now_ns;
        while let Some(number) = self.peers.next_dirty() {
            let stage = self.peers.get(number).map(|peer| &peer.stage);
            if !matches!(stage, Some(StreamPeerStage::Answered { frames, .. }) if frames.is_blocked())
            {
                self.write_to(number)?;
            }
        }
        Ok(())
    }

    fn attend(&mut self, key: u32, now_ns: u64) -> Result<(), TransportError> {
        self.now_ns = now_ns;
        if key == LISTENING_KEY {
            return self.accept();
        }
        // The event may belong to a peer that was removed since.
        let Some(peer) = self.peers.get_mut(key) else { return Ok(()) };
        match &mut peer.stage {
            StreamPeerStage::Arriving(_) => self.hear_hello(key),
            StreamPeerStage::Asking(_) => self.look_at_asking(key),
            StreamPeerStage::Answered { is_ending: true, .. } => return self.write_to(key),
            StreamPeerStage::Answered { frames, .. } => {
                frames.read(&peer.socket);
                let is_blocked = frames.is_blocked();
                self.peers.refresh(key);
                return if is_blocked { self.write_to(key) } else { self.watch(key) };
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Option<Arrival<'_>> {
        if let Some(number) = self.leaving.take() {
            self.remove(number);
        }
        // The peer is found first, because the returned arrival borrows all of `self`.
        let number = self.peers.first_with_news()?;
        // It came in time.
        self.peers.change(number, |peer| peer.due_ns = None);
        let peer = number as usize;
        match &mut self.peers.get_mut(number)?.stage {
            StreamPeerStage::Arriving(_) => None,
            StreamPeerStage::Asking(hello) => Some(Arrival::Hello { peer, hello: hello.report() }),
            StreamPeerStage::Answered { frames, has_joined, .. } => {
                let why = match frames.gone() {
                    Some(why) => why,
                    None => match frames.unpacker.next_frame() {
                        Ok(frame) => {
                            *has_joined = true;
                            return frame.map(|frame| Arrival::Frame { peer: Some(peer), frame });
                        }
                        Err(malformed) => Gone::Malformed(malformed),
                    },
                };
                // A peer that never sent a valid frame may have replayed a recorded hello.
                let is_strange = matches!(why, Gone::Silent | Gone::Forged | Gone::Malformed(_));
                if is_strange && !*has_joined {
                    self.admission.count_stranger();
                }
                self.leaving = Some(number);
                Some(Arrival::Gone { peer, why })
            }
        }
    }

    fn keep_time(&mut self, now_ns: u64) -> Result<(), TransportError> {
        self.now_ns = now_ns;
        if self.crowded_until_ns.is_some_and(|until_ns| until_ns <= now_ns) {
            self.crowded_until_ns = None;
            if let Some(listening) = &self.listening {
                let added = self.registry.add(listening, LISTENING_KEY, EventFlags::IN);
                added.map_err(failed("epoll_ctl"))?;
            }
        }
        while let Some(number) = self.peers.next_due(now_ns) {
            let Some(peer) = self.peers.get_mut(number) else { continue };
            peer.due_ns = None;
            match &mut peer.stage {
                StreamPeerStage::Arriving(_) => self.turn_away(number),
                StreamPeerStage::Asking(_) => {}
                StreamPeerStage::Answered { is_ending: true, .. } => self.remove(number),
                StreamPeerStage::Answered { frames, .. } => frames.give_up(Gone::Silent),
            }
            self.peers.refresh(number);
        }
        Ok(())
    }

    fn next_due_ns(&self) -> Option<u64> {
        [self.peers.next_due_ns(), self.crowded_until_ns].into_iter().flatten().min()
    }

    fn close(&mut self, peer: usize) {
        let number = peer as u32;
        let Some(peer) = self.peers.get_mut(number) else { return };
        match &mut peer.stage {
            StreamPeerStage::Answered { is_ending: true, .. } => {}
            StreamPeerStage::Answered { frames, is_ending, .. } => {
                *is_ending = true;
                frames.begin_end(&peer.socket);
                peer.due_ns = Some(self.now_ns + LINGER_NS);
                self.peers.refresh(number);
                // Should epoll refuse, then the time that was given is what ends it.
                let _ = self.watch(number);
            }
            StreamPeerStage::Arriving(_) | StreamPeerStage::Asking(_) => self.remove(number),
        }
    }

    fn is_lingering(&self) -> bool {
        self.peers.has_ending()
    }

    fn take_strangers(&mut self) -> u64 {
        self.admission.take_strangers()
    }

    fn take_wrong_key(&mut self) -> Option<String> {
        self.admission.take_wrong_key(&self.address)
    }
}

impl Listener for StreamListener {
    fn limit_connections(&mut self, most: usize) {
        self.most_connections = most;
    }

    fn listens_at(&self) -> Option<String> {
        self.listening.as_ref().map(|_| self.bound().to_string())
    }

    fn has_waiting(&self) -> bool {
        self.listening.as_ref().is_some_and(ListeningSocket::has_waiting)
    }

    fn adopt(&mut self, socket: OwnedFd, name: &str, now_ns: u64) -> Result<(), TransportError> {
        self.now_ns = now_ns;
        self.add_adopted(socket, name)
    }

    fn admit(&mut self, peer: usize, welcome: &[u8], now_ns: u64) -> Result<(), TransportError> {
        self.answer(peer, true, welcome, now_ns)
    }

    fn refuse(&mut self, peer: usize, refusal: &[u8], now_ns: u64) -> Result<(), TransportError> {
        self.answer(peer, false, refusal, now_ns)
    }

    fn address(&self, peer: usize) -> String {
        let peer = self.peers.get(peer as u32);
        match peer.map(|peer| (peer.place, &peer.name)) {
            Some((Some(place), _)) => Address::of_peer(self.address.kind(), place).to_string(),
            Some((None, Some(name))) => name.clone(),
            _ => self.address.to_string(),
        }
    }
}

impl Drop for StreamListener {
    /// A process that was just forked may hold copies of the sockets, and then epoll would go on
    /// telling of them.
    fn drop(&mut self) {
        self.listening.iter().for_each(|listening| self.registry.remove(listening));
        for peer in self.peers.iter() {
            self.registry.remove(&peer.socket);
        }
    }
}
