//! Datagram transport of a primary: one shared socket, many peers.

use super::peer::{DatagramPeer, DatagramPeerStage, PeerAddress};
use super::socket::{ROOM, SharedSocket};
use super::{LINGER_NS, READ_AT_ONCE, SHARED_KEY};
use crate::secure::Key;
use crate::secure::noise::Dialer;
use crate::silence::Silence;
use crate::transport::admission::Admission;
use crate::transport::peer_table::PeerTable;
use crate::transport::{
    Address, AddressKind, AfterCall, Arrival, Gone, ListenError, Listener, Registry, Transport,
    TransportError,
};
use evenly_core::frame::Packer;
use rustix::event::epoll::EventFlags;
use std::collections::HashMap;

/// A bound socket and its peers.
#[derive(Debug)]
pub(crate) struct DatagramListener {
    pub(super) shared: SharedSocket,
    /// With the port that the system chose.
    pub(super) address: Address,
    pub(super) admission: Admission,
    pub(super) registry: Registry,
    pub(super) peers: PeerTable<DatagramPeer>,
    /// The numbers of peers by session.
    pub(super) sessions: HashMap<u64, u32>,
    /// Peers from which something sealed came since datagrams were last sent to them.
    pub(super) touched: Vec<u32>,
    /// Peers that wait for room in the shared socket.
    pub(super) blocked: Vec<u32>,
    /// A peer whose end `next` has returned. It is removed when nothing of it is borrowed.
    leaving: Option<u32>,
    pub(super) room: Vec<u8>,
    pub(super) silence: Silence,
    /// The time of the last call.
    pub(super) now_ns: u64,
}

impl DatagramListener {
    /// Listens at an address: at a path without keys, over the network with one or two of them.
    /// Its peers dial in the role of `dialer`. `after_call` sees the socket as it is made.
    pub(crate) fn listen(
        address: &Address,
        (keys, dialer): (Vec<Key>, Dialer),
        registry: Registry,
        after_call: AfterCall<'_>,
    ) -> Result<Self, ListenError> {
        debug_assert_eq!(address.needs_key(), !keys.is_empty());
        let (shared, bound) = SharedSocket::bind(address, after_call)?;
        registry
            .add(&shared, SHARED_KEY, EventFlags::IN)
            .map_err(ListenError::system(address, "epoll_ctl"))?;
        Ok(Self {
            shared,
            address: bound,
            admission: Admission::new(keys, dialer),
            registry,
            peers: PeerTable::default(),
            sessions: HashMap::new(),
            touched: Vec::new(),
            blocked: Vec::new(),
            leaving: None,
            room: vec![0; ROOM],
            silence: Silence::default(),
            now_ns: 0,
        })
    }

    /// Gives peers the times of this limit of silence.
    pub(crate) fn with_silence(mut self, silence: Silence) -> Self {
        self.silence = silence;
        self
    }

    /// What a peer says: its hello, or its next frame.
    fn said_by(&mut self, number: u32) -> Option<Arrival<'_>> {
        let peer = number as usize;
        match &mut self.peers.get_mut(number)?.stage {
            DatagramPeerStage::Asking(hello) => {
                Some(Arrival::Hello { peer, hello: hello.report() })
            }
            DatagramPeerStage::Admitted(frames) | DatagramPeerStage::Lost(Some(frames), _) => {
                Some(match frames.next_frame()? {
                    Ok(frame) => Arrival::Frame { peer: Some(peer), frame },
                    Err(malformed) => {
                        self.leaving = Some(number);
                        Arrival::Gone { peer, why: Gone::Malformed(malformed) }
                    }
                })
            }
            _ => None,
        }
    }
}

impl Transport for DatagramListener {
    #[inline]
    fn packer(&mut self, peer: usize) -> Option<&mut Packer> {
        let number = peer as u32;
        self.peers.note_dirty(number);
        match &mut self.peers.get_mut(number)?.stage {
            DatagramPeerStage::Admitted(frames) => Some(&mut frames.packer),
            _ => None,
        }
    }

    fn flush(&mut self, now_ns: u64) -> Result<(), TransportError> {
        self.now_ns = now_ns;
        while let Some(number) = self.peers.next_dirty() {
            self.write_to(number)?;
        }
        Ok(())
    }

    /// Datagrams to read, or room for some that could not be sent.
    fn attend(&mut self, key: u32, now_ns: u64) -> Result<(), TransportError> {
        self.now_ns = now_ns;
        if key != SHARED_KEY {
            return self.write_to(key);
        }
        self.receive(READ_AT_ONCE)?;
        self.write_blocked()?;
        self.write_touched()
    }

    fn next(&mut self) -> Option<Arrival<'_>> {
        if let Some(number) = self.leaving.take() {
            self.remove(number);
        }
        let number = self.peers.first_with_news()?;
        let why = match &self.peers.get(number)?.stage {
            DatagramPeerStage::Asking(_) => return self.said_by(number),
            DatagramPeerStage::Admitted(frames) | DatagramPeerStage::Lost(Some(frames), _)
                if frames.has_frame() =>
            {
                return self.said_by(number);
            }
            DatagramPeerStage::Lost(_, why) => *why,
            _ => Gone::EndOfFile,
        };
        self.remove(number);
        Some(Arrival::Gone { peer: number as usize, why })
    }

    fn keep_time(&mut self, now_ns: u64) -> Result<(), TransportError> {
        self.now_ns = now_ns;
        while let Some(number) = self.peers.next_due(now_ns) {
            self.look_at(number)?;
        }
        self.write_touched()
    }

    fn next_due_ns(&self) -> Option<u64> {
        self.peers.next_due_ns()
    }

    fn close(&mut self, peer: usize) {
        let number = peer as u32;
        let until_ns = self.now_ns + LINGER_NS;
        let stage = self.peers.get(number).map(|peer| &peer.stage);
        if matches!(stage, Some(DatagramPeerStage::Ending { .. } | DatagramPeerStage::Refused)) {
            return;
        }
        if let Some(DatagramPeerStage::Admitted(mut frames)) =
            self.advance(number, DatagramPeerStage::Over)
        {
            frames.end();
            self.advance(number, DatagramPeerStage::Ending { frames, until_ns });
            // It is sent with the next flush, at the latest.
            self.peers.note_dirty(number);
        } else {
            self.remove(number);
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

impl Listener for DatagramListener {
    fn admit(&mut self, peer: usize, welcome: &[u8], now_ns: u64) -> Result<(), TransportError> {
        self.answer(peer as u32, true, welcome, now_ns)
    }

    fn refuse(&mut self, peer: usize, refusal: &[u8], now_ns: u64) -> Result<(), TransportError> {
        self.answer(peer as u32, false, refusal, now_ns)
    }

    fn listens_at(&self) -> Option<String> {
        Some(self.address.to_string())
    }

    fn address(&self, peer: usize) -> String {
        match self.peers.get(peer as u32).map(|peer| &peer.place) {
            Some(PeerAddress::Network(place)) => {
                Address::of_peer(AddressKind::Udp, *place).to_string()
            }
            Some(PeerAddress::File(_, path)) => {
                format!("{}:{}", AddressKind::Unixgram, path.display())
            }
            None => self.address.to_string(),
        }
    }
}

impl Drop for DatagramListener {
    fn drop(&mut self) {
        // Closing a descriptor takes it out of epoll only if no child holds a copy (epoll(7)).
        self.registry.remove(&self.shared);
        for peer in self.peers.iter() {
            if let PeerAddress::File(socket, _) = &peer.place {
                self.registry.remove(socket);
            }
        }
    }
}
