//! What is sealed is opened by the other end only, and only as it was sealed.

use super::Key;
use super::noise::{Dialer, Forged, HANDSHAKE, Initiator, LONGEST, NoiseSession, Responder, TAG};
use crate::scratch::Scratch;
use proptest::prelude::*;

fn keys<const COUNT: usize>(name: &str) -> [Key; COUNT] {
    let scratch = Scratch::new(&format!("noise-{name}"));
    std::array::from_fn(|number| Key::make(&scratch.path(&number.to_string())).unwrap())
}

/// Both ends of a session: the agent's and the primary's.
fn session(key: &Key) -> (NoiseSession, NoiseSession) {
    let (mut hello, mut answer, mut payload) = (vec![], vec![], [0; 64]);
    let mut agent = Initiator::hello((key, Dialer::Agent), b"hello", &mut hello).unwrap();
    assert_eq!(hello.len(), HANDSHAKE + 5);
    let (primary, length) =
        Responder::hear((std::slice::from_ref(key), Dialer::Agent), &hello, &mut payload).unwrap();
    assert_eq!(&payload[..length], b"hello");
    let primary = primary.answer(b"welcome", &mut answer).unwrap();
    assert_eq!(answer.len(), HANDSHAKE + 7);
    let length = agent.hear(&answer, &mut payload).unwrap();
    assert_eq!(&payload[..length], b"welcome");
    (agent.finish().unwrap(), primary)
}

#[test]
fn two_keys_are_good_at_once_and_no_other() {
    let [old, new, other] = keys("two");
    let (mut payload, ours) = ([0; 64], [old, new]);
    for key in &ours {
        let mut hello = vec![];
        Initiator::hello((key, Dialer::Agent), b"", &mut hello).unwrap();
        assert!(matches!(
            Responder::hear((&ours, Dialer::Agent), &hello, &mut payload),
            Ok((_, 0))
        ));
    }
    let mut hello = vec![];
    Initiator::hello((&other, Dialer::Agent), b"", &mut hello).unwrap();
    assert_eq!(Responder::hear((&ours, Dialer::Agent), &hello, &mut payload).unwrap_err(), Forged);
    assert_eq!(Responder::hear((&[], Dialer::Agent), &hello, &mut payload).unwrap_err(), Forged);
}

#[test]
fn a_hello_to_a_primary_opens_nothing_at_an_agent_and_a_call_opens_nothing_at_a_primary() {
    let keys: [Key; 1] = keys("dialers");
    for (dialer, other) in [(Dialer::Agent, Dialer::Primary), (Dialer::Primary, Dialer::Agent)] {
        let (mut hello, mut payload) = (vec![], [0; 64]);
        Initiator::hello((&keys[0], dialer), b"", &mut hello).unwrap();
        assert!(Responder::hear((&keys, dialer), &hello, &mut payload).is_ok());
        assert_eq!(Responder::hear((&keys, other), &hello, &mut payload).unwrap_err(), Forged);
    }
}

#[test]
fn an_answer_that_was_forged_does_not_spoil_the_true_one() {
    let [key] = keys("answer");
    let (mut hello, mut answer, mut payload) = (vec![], vec![], [0; 64]);
    let mut agent = Initiator::hello((&key, Dialer::Agent), b"", &mut hello).unwrap();
    let (primary, _) = Responder::hear((&[key], Dialer::Agent), &hello, &mut payload).unwrap();
    let primary = primary.answer(b"welcome", &mut answer).unwrap();
    for byte in 0..answer.len() {
        let mut forged = answer.clone();
        forged[byte] ^= 1;
        assert_eq!(agent.hear(&forged, &mut payload), Err(Forged));
    }
    assert_eq!(agent.hear(&[], &mut payload), Err(Forged));
    agent.hear(&answer, &mut payload).unwrap();
    let mut agent = agent.finish().unwrap().into_records().unwrap();
    let mut sealed = vec![];
    agent.seal(b"frame", &mut sealed).unwrap();
    let mut primary = primary.into_records().unwrap();
    assert_eq!(primary.open(&sealed, &mut payload), Ok(5));
}

#[test]
fn a_handshake_that_is_not_over_gives_no_session() {
    let [key] = keys("early");
    let agent = Initiator::hello((&key, Dialer::Agent), b"", &mut vec![]).unwrap();
    assert!(agent.finish().is_err());
}

#[test]
fn who_repeats_a_hello_cannot_open_the_answer_to_it() {
    let [key] = keys("replay");
    let keys = [key];
    let (mut hello, mut payload) = (vec![], [0; 64]);
    Initiator::hello((&keys[0], Dialer::Agent), b"hello", &mut hello).unwrap();
    let answers: Vec<_> = (0..2)
        .map(|_| {
            let (primary, _) =
                Responder::hear((&keys, Dialer::Agent), &hello, &mut payload).unwrap();
            let mut answer = vec![];
            primary.answer(b"welcome", &mut answer).unwrap();
            answer
        })
        .collect();
    // Nor does it learn anything from two answers: each is made with an ephemeral key of its own.
    assert_ne!(answers[0], answers[1]);
}

#[test]
fn another_version_cannot_be_understood() {
    let [key] = keys("version");
    let other = snow::Builder::new(super::noise::PROTOCOL.parse().unwrap());
    let other = other.prologue(b"evenly 2 agent-primary").unwrap().psk(0, key.bytes()).unwrap();
    let mut hello = [0; HANDSHAKE];
    other.build_initiator().unwrap().write_message(&[], &mut hello).unwrap();
    assert_eq!(Responder::hear((&[key], Dialer::Agent), &hello, &mut [0; 64]).unwrap_err(), Forged);
}

#[test]
fn the_longest_message_goes_both_ways() {
    let [key] = keys("longest");
    let (agent, primary) = session(&key);
    let (mut agent, mut primary) = (agent.into_records().unwrap(), primary.into_records().unwrap());
    let (plain, mut sealed, mut opened) = (vec![7; LONGEST - TAG], vec![], vec![0; LONGEST]);
    for _ in 0..2 {
        sealed.clear();
        agent.seal(&plain, &mut sealed).unwrap();
        assert_eq!(sealed.len(), LONGEST);
        assert_eq!(primary.open(&sealed, &mut opened), Ok(plain.len()));
        std::mem::swap(&mut agent, &mut primary);
    }
    sealed.clear();
    assert!(agent.seal(&vec![7; LONGEST - TAG + 1], &mut sealed).is_err());
    assert!(sealed.is_empty());
}

#[test]
fn a_record_out_of_its_place_is_forged() {
    let [key] = keys("place");
    let (agent, primary) = session(&key);
    let (mut agent, mut primary) = (agent.into_records().unwrap(), primary.into_records().unwrap());
    let (mut one, mut two, mut plain) = (vec![], vec![], [0; 64]);
    agent.seal(b"one", &mut one).unwrap();
    agent.seal(b"two", &mut two).unwrap();
    assert_eq!(primary.open(&two, &mut plain), Err(Forged));
    assert_eq!(agent.open(&one, &mut plain), Err(Forged), "by the end that sealed it");
    assert_eq!(primary.open(&one, &mut plain), Ok(3));
    assert_eq!(primary.open(&one, &mut plain), Err(Forged), "twice");
    assert_eq!(primary.open(&two, &mut plain), Ok(3));
}

#[test]
fn datagrams_are_opened_in_any_order_and_by_their_own_counter() {
    let [key] = keys("datagrams");
    proptest!(|(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..8),
        first in 0..u64::MAX - 10,
        flip: prop::sample::Index,
    )| {
        let (agent, primary) = session(&key);
        let (agent, primary) = (agent.into_sealer().unwrap(), primary.into_sealer().unwrap());
        for (number, message) in messages.iter().enumerate().rev() {
            let counter = first + number as u64;
            let mut sealed = b"head".to_vec();
            agent.seal(counter, message, &mut sealed).unwrap();
            let sealed = sealed.strip_prefix(b"head").unwrap();
            prop_assert_eq!(sealed.len(), message.len() + TAG);
            let mut plain = b"head".to_vec();
            primary.open(counter, sealed, &mut plain).unwrap();
            prop_assert_eq!(plain.strip_prefix(b"head").unwrap(), &message[..]);

            let mut plain = vec![];
            prop_assert!(primary.open(counter + 1, sealed, &mut plain).is_err());
            prop_assert!(agent.open(counter, sealed, &mut plain).is_err());
            prop_assert!(primary.open(counter, &sealed[1..], &mut plain).is_err());
            let mut forged = sealed.to_vec();
            forged[flip.index(sealed.len())] ^= 1;
            prop_assert!(primary.open(counter, &forged, &mut plain).is_err());
            prop_assert!(plain.is_empty());
        }
        prop_assert!(primary.open(first, &[], &mut vec![]).is_err());
    });
}

#[test]
fn any_bytes_are_refused() {
    let keys: [Key; 2] = keys("any");
    proptest!(|(bytes in prop::collection::vec(any::<u8>(), 0..200))| {
        prop_assert!(Responder::hear((&keys, Dialer::Agent), &bytes, &mut [0; 256]).is_err());
    });
}

#[test]
#[ignore = "a measurement"]
fn speed_of_sealing() {
    let [key] = keys("speed");
    for size in [64, 1200, 4096, LONGEST - TAG] {
        let (agent, primary) = session(&key);
        let (mut agent, mut primary) =
            (agent.into_records().unwrap(), primary.into_records().unwrap());
        let (plain, mut opened) = (vec![7; size], vec![0; LONGEST]);
        let rounds = (100_000_000 / size).min(1_000_000);
        let (mut sealing, mut opening) = (std::time::Duration::ZERO, std::time::Duration::ZERO);
        let mut sealed = vec![];
        for _ in 0..rounds {
            let began = std::time::Instant::now();
            sealed.clear();
            agent.seal(&plain, &mut sealed).unwrap();
            sealing += began.elapsed();
            let began = std::time::Instant::now();
            primary.open(&sealed, &mut opened).unwrap();
            opening += began.elapsed();
        }
        let rate = |time: std::time::Duration| (rounds * size) as f64 / time.as_secs_f64() / 1e6;
        eprintln!(
            "{size} bytes: sealed {:.0} MB/s, opened {:.0} MB/s",
            rate(sealing),
            rate(opening)
        );
    }
}
