//! Strangers and invalid datagrams: no answer, no state, no harm.

use super::Datagrams;
use super::house::{House, arrived, turn};
use crate::secure::Key;
use crate::secure::noise::{Dialer, Initiator, NoiseSession, Sealer};
use crate::transport::conformance::{Event, bytes, pack};
use crate::transport::datagram::DATAGRAM_FRAME;
use crate::transport::{Gone, Listener, Registry, Transport};
use evenly_core::channel::Channel;
use evenly_core::datagram::{Content, Datagram, LONGEST};
use evenly_core::frame::Malformed;
use proptest::prelude::*;
use std::net::UdpSocket;
use std::time::Duration;

/// A stranger with a bare socket.
struct Stranger(UdpSocket);

impl Stranger {
    fn at(house: &House) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(house.ends.address.resolve().unwrap()[0]).unwrap();
        socket.set_nonblocking(true).unwrap();
        Self(socket)
    }

    fn say(&self, datagram: &[u8]) {
        self.0.send(datagram).unwrap();
    }

    fn hear(&self) -> Option<Vec<u8>> {
        let mut room = [0; 2048];
        let length = self.0.recv(&mut room).ok()?;
        Some(room[..length].to_vec())
    }

    /// Lets itself in by hand; gives its session, how it seals, and its number.
    fn join(&self, house: &mut House) -> (u64, Sealer, usize) {
        let (session, mut initiator, datagram) = hello(&house.ends.key().unwrap());
        self.say(&datagram);
        let [Event::Hello { peer, .. }] = house.settle()[..] else { panic!() };
        house.listener.admit(peer, b"welcome", house.now_ns).unwrap();
        let answer = self.hear().unwrap();
        let Some(Datagram { content: Content::Answer(answer), .. }) = Datagram::parse(&answer)
        else {
            panic!()
        };
        initiator.hear(answer, &mut [0; 64]).unwrap();
        let sealer = initiator.finish().and_then(NoiseSession::into_sealer).unwrap();
        (session, sealer, peer)
    }
}

/// A hello with this key, and how to go on.
fn hello(key: &Key) -> (u64, Initiator, Vec<u8>) {
    let (mut message, mut datagram) = (vec![], vec![]);
    let initiator = Initiator::hello((key, Dialer::Agent), b"hello", &mut message).unwrap();
    let session = u64::from_le_bytes(*message.first_chunk().unwrap());
    Datagram { session, content: Content::Hello(&message) }.write(&mut datagram);
    (session, initiator, datagram)
}

fn sealed(session: u64, counter: u64, sealer: &Sealer, plain: &[u8]) -> Vec<u8> {
    let mut datagram = vec![];
    let content = Content::Sealed { counter, sealed: &[] };
    Datagram { session, content }.write(&mut datagram);
    sealer.seal(counter, plain, &mut datagram).unwrap();
    datagram
}

/// The first segment that carries this frame, as an agent would send it.
fn segment(frame: &[u8]) -> Vec<u8> {
    let (mut channel, mut segment) = (Channel::new(DATAGRAM_FRAME), vec![]);
    assert!(channel.send(frame) && channel.poll_transmit(1, &mut segment));
    segment
}

fn house() -> House {
    House::open(Datagrams::udp(&super::thread_name(), "127.0.0.1"))
}

#[test]
fn a_peer_with_another_key_gets_no_answer_and_leaves_no_state() {
    let mut house = house();
    let other = Key::make(&house.ends.scratch.path("other")).unwrap();
    let stranger = Stranger::at(&house);
    let (_, _, datagram) = hello(&other);
    for _ in 0..10 {
        stranger.say(&datagram);
    }
    assert_eq!(house.settle(), []);
    assert_eq!(house.listener.take_strangers(), 10);
    assert_eq!(house.listener.take_strangers(), 0);
    assert!(stranger.hear().is_none());
    assert!(house.listener.next_due_ns().is_none());
    // And a peer that uses the name of another session, with the right key.
    let (_, _, mut datagram) = hello(&house.ends.key().unwrap());
    datagram[1] ^= 1;
    stranger.say(&datagram);
    assert_eq!(house.settle(), []);
    assert_eq!(house.listener.take_strangers(), 1);
    assert!(stranger.hear().is_none());
}

#[test]
fn a_hello_that_comes_again_gets_the_same_answer_and_no_second_place() {
    let mut house = house();
    let (stranger, echo) = (Stranger::at(&house), Stranger::at(&house));
    let (_, _, datagram) = hello(&house.ends.key().unwrap());
    stranger.say(&datagram);
    stranger.say(&datagram);
    let [Event::Hello { peer, .. }] = house.settle()[..] else { panic!() };
    assert!(stranger.hear().is_none());
    house.listener.admit(peer, b"welcome", house.now_ns).unwrap();
    let answer = stranger.hear().unwrap();
    assert!(answer.len() < datagram.len());
    for _ in 0..3 {
        echo.say(&datagram);
    }
    assert_eq!(house.settle(), []);
    let same = || Some(answer.clone());
    assert_eq!([(); 4].map(|()| echo.hear()), [same(), same(), same(), None]);
    assert!(stranger.hear().is_none());
    // It sends nothing sealed, so after ten seconds it has not been here; nor can it come back.
    assert_eq!(house.pass(Duration::from_secs(9)), []);
    assert_eq!(house.pass(Duration::from_secs(1)), [Event::Gone { peer, why: Gone::Silent }]);
    assert_eq!(house.listener.take_strangers(), 1);
    echo.say(&datagram);
    assert_eq!(house.settle(), []);
    assert!(echo.hear().is_none());
    assert!(house.listener.next_due_ns().is_none());
}

#[test]
fn datagrams_of_any_size_do_no_harm() {
    let mut house = house();
    let stranger = Stranger::at(&house);
    let (session, sealer, peer) = stranger.join(&mut house);
    let sizes = [0, 1, 8, 9, 16, 17, 18, LONGEST - 1, LONGEST, LONGEST + 1, 9000, 65507];
    for kind in 0..=4 {
        for size in sizes {
            let mut datagram = vec![kind; size];
            stranger.say(&datagram);
            // With the name of a session that there is.
            if size >= 9 {
                datagram[1..9].copy_from_slice(&session.to_le_bytes());
                stranger.say(&datagram);
            }
            assert_eq!(house.settle(), [], "{size} bytes of kind {kind}");
        }
    }
    assert!(house.listener.take_strangers() > 0);
    assert!(stranger.hear().is_none());
    let mut packer = evenly_core::frame::Packer::new(evenly_core::WorkerId(0), DATAGRAM_FRAME);
    pack(&mut packer, 3, 40);
    stranger.say(&sealed(session, 5, &sealer, &segment(packer.bytes())));
    let frame = Event::Frame { peer, number: 3, bytes: bytes(3, 40) };
    assert_eq!(house.settle(), [frame]);
}

#[test]
fn what_is_sealed_counts_once_and_only_as_it_was_sealed() {
    let mut house = house();
    let (stranger, thief) = (Stranger::at(&house), Stranger::at(&house));
    let (session, sealer, peer) = stranger.join(&mut house);
    let mut packer = evenly_core::frame::Packer::new(evenly_core::WorkerId(0), DATAGRAM_FRAME);
    pack(&mut packer, 3, 40);
    let datagram = sealed(session, 9, &sealer, &segment(packer.bytes()));
    for bit in 0..datagram.len() * 8 {
        let mut forged = datagram.clone();
        forged[bit / 8] ^= 1 << (bit % 8);
        thief.say(&forged);
        if bit % 64 == 0 {
            assert_eq!(house.settle(), []);
        }
    }
    assert_eq!(house.settle(), []);
    let here = house.listener.address(peer);
    stranger.say(&datagram);
    assert_eq!(house.settle(), [Event::Frame { peer, number: 3, bytes: bytes(3, 40) }]);
    // Who repeats it from elsewhere is not taken for the agent.
    thief.say(&datagram);
    assert_eq!(house.settle(), []);
    assert_eq!(house.listener.address(peer), here);
    assert!(thief.hear().is_none());
    // Sealed nonsense ends the session: the peer holds the key and speaks another protocol.
    stranger.say(&sealed(session, 10, &sealer, b"nonsense"));
    let why = Gone::Malformed(Malformed::Segment);
    assert_eq!(house.settle(), [Event::Gone { peer, why }]);
}

#[test]
fn frames_that_are_none_end_the_session() {
    let mut house = house();
    let stranger = Stranger::at(&house);
    let (session, sealer, peer) = stranger.join(&mut house);
    stranger.say(&sealed(session, 0, &sealer, &segment(b"no frame at all, but long enough")));
    let why = Gone::Malformed(Malformed::Magic);
    assert_eq!(house.settle(), [Event::Gone { peer, why }]);
    assert!(house.listener.packer(peer).is_none());
}

#[test]
fn a_flood_of_hellos_costs_no_more_than_256_places() {
    let mut house = house();
    let (key, other) = (house.ends.key().unwrap(), house.ends.scratch.path("other"));
    let other = Key::make(&other).unwrap();
    // From many ports, with a key that is not ours: nothing.
    for _ in 0..600 {
        let stranger = Stranger::at(&house);
        stranger.say(&hello(&other).2);
        assert_eq!(house.turn(Duration::from_millis(20)), []);
        assert!(stranger.hear().is_none());
    }
    assert!(house.listener.next_due_ns().is_none());
    assert_eq!(house.listener.take_strangers(), 600);
    // And with our key, as recorded hellos: the oldest make way for the next.
    let stranger = Stranger::at(&house);
    let (mut living, mut most) = (std::collections::BTreeSet::new(), 0);
    for _ in 0..600 {
        stranger.say(&hello(&key).2);
        for event in house.turn(Duration::from_millis(20)) {
            match event {
                Event::Hello { peer, .. } => {
                    assert!(living.insert(peer));
                    house.listener.admit(peer, b"", house.now_ns).unwrap();
                }
                Event::Gone { peer, why: Gone::Silent } => assert!(living.remove(&peer)),
                other => panic!("{other:?}"),
            }
        }
        most = most.max(living.len());
    }
    assert_eq!((living.len(), most), (256, 256));
    assert!(living.last() <= Some(&256));
    assert_eq!(house.listener.take_strangers(), 600 - 256);
    let gone = house.pass(Duration::from_secs(10));
    assert_eq!(gone.len(), 256);
    assert!(house.listener.next_due_ns().is_none());
}

#[test]
fn an_agent_with_another_key_is_not_answered() {
    let mut house = house();
    let other = Key::make(&house.ends.scratch.path("other")).unwrap();
    let registry = Registry::new(1).unwrap();
    let mut agent = super::DatagramConnector::connect(
        &house.ends.address,
        Some((&other, Dialer::Agent)),
        b"hello",
        registry.clone(),
        0,
    )
    .unwrap();
    let mut now_ns = 0;
    let gone = loop {
        now_ns += 50_000_000;
        turn(&registry, &mut agent, Duration::ZERO, now_ns);
        assert_eq!(house.settle(), []);
        let mut events = arrived(&mut agent);
        if let Some(event) = events.pop() {
            break event;
        }
    };
    assert_eq!(gone, Event::Gone { peer: 0, why: Gone::Silent });
    assert_eq!(now_ns, 10_000_000_000);
    assert!(house.listener.take_strangers() > 10);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn random_bytes_do_no_harm(
        all in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..1300), 1..50),
        kinds in prop::collection::vec(0..5_u8, 50),
    ) {
        thread_local! {
            static HOUSE: std::cell::RefCell<Option<House>> = const { std::cell::RefCell::new(None) };
        }
        HOUSE.with_borrow_mut(|slot| {
            let house = slot.get_or_insert_with(house);
            let stranger = Stranger::at(house);
            for (mut bytes, kind) in all.into_iter().zip(kinds) {
                if let Some(first) = bytes.first_mut() {
                    *first = kind;
                }
                stranger.say(&bytes);
            }
            assert_eq!(house.settle(), []);
            assert!(stranger.hear().is_none());
        });
    }
}
