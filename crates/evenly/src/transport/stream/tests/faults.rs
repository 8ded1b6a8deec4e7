//! Connections that are cut, damaged or delayed by a relay: what each end reports.

use super::Streams;
use crate::transport::Gone;
use crate::transport::conformance::bench::{bytes, pack};
use crate::transport::conformance::{Bench, Event, Primary};
use evenly_testkit::stepped_relay::{Mischief, TO_AGENT, TO_PRIMARY};
use rustix::io::Errno;
use std::rc::Rc;
use std::time::Duration;

const LENGTHS: [usize; 3] = [5, 0, 60];

/// What came of a short session: the frames at either end, and how it ended there.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    /// By their way.
    frames: [usize; 2],
    ends: [Option<Gone>; 2],
    is_answered: bool,
    strangers: u64,
    passed: [usize; 2],
}

/// The agent sends three frames, the primary three others and then the end.
fn short_session(streams: &mut Streams, mischief: Mischief) -> Outcome {
    streams.place.borrow_mut().mischief = Some(mischief);
    let place = Rc::clone(&streams.place);
    let mut bench = Bench::new(streams, 1);
    let relays = Rc::clone(&place);
    bench.between = Box::new(move || relays.borrow_mut().relays[0].turn());
    bench.connect(b"hello");
    let mut outcome = Outcome::default();
    for step in 0..3 {
        while play(&mut bench, &mut outcome) {}
        match step {
            // Long enough for everything that ends by itself; then the agent vanishes.
            0 => bench.skip(Duration::from_secs(6)),
            1 => {
                outcome.passed = place.borrow().relays[0].passed;
                bench.agents[0] = None;
            }
            _ => {}
        }
    }
    let Some(Primary::Listener(primary)) = &mut bench.primary else { panic!() };
    outcome.strangers = primary.take_strangers();
    assert!(!primary.is_lingering());
    assert_eq!(primary.next_due_ns(), None, "nothing is left of it");
    place.borrow_mut().relays.clear();
    outcome
}

/// Both do their part as far as they can; whether anything has arrived.
fn play(bench: &mut Bench<'_>, outcome: &mut Outcome) -> bool {
    bench.settle();
    let mut has_arrived = false;
    while let Some(event) = bench.side.arrived.pop_front() {
        has_arrived = true;
        match event {
            Event::Hello { peer, hello } => {
                assert_eq!(hello, b"hello");
                bench.admit(peer, b"welcome");
            }
            Event::Frame { peer, .. } => {
                note_frame(&event, &mut outcome.frames[TO_PRIMARY]);
                if outcome.frames[TO_PRIMARY] == LENGTHS.len() {
                    let packer = bench.transport().packer(peer).unwrap();
                    for (number, length) in LENGTHS.into_iter().enumerate() {
                        pack(packer, number as u64, length);
                    }
                    bench.transport().close(peer);
                }
            }
            Event::Gone { why, .. } => assert_eq!(outcome.ends[TO_PRIMARY].replace(why), None),
            Event::Answer { .. } => panic!("{event:?}"),
        }
    }
    while let Some(event) = next_of_agent(bench) {
        has_arrived = true;
        match event {
            Event::Answer { is_admitted, answer } => {
                assert!(is_admitted && answer == b"welcome");
                outcome.is_answered = true;
                for (number, length) in LENGTHS.into_iter().enumerate() {
                    pack(bench.agent(0).0.packer(0).unwrap(), number as u64, length);
                    bench.turn();
                }
            }
            Event::Frame { .. } => note_frame(&event, &mut outcome.frames[TO_AGENT]),
            Event::Gone { why, .. } => assert_eq!(outcome.ends[TO_AGENT].replace(why), None),
            Event::Hello { .. } => panic!("{event:?}"),
        }
    }
    has_arrived
}

fn next_of_agent(bench: &mut Bench<'_>) -> Option<Event> {
    bench.agents[0].as_mut()?.1.arrived.pop_front()
}

/// It must be the next one, to the letter.
fn note_frame(event: &Event, count: &mut usize) {
    let Event::Frame { number, bytes: told, .. } = event else { panic!() };
    assert_eq!((*number as usize, told), (*count, &bytes(*count as u64, LENGTHS[*count])));
    *count += 1;
}

#[test]
fn segments_of_one_byte_are_put_together() {
    let mut streams = Streams::tcp("pieces", "127.0.0.1");
    let whole = short_session(&mut streams, Mischief::Nothing);
    assert_eq!((whole.frames, whole.strangers), ([3, 3], 0));
    assert_eq!(whole.ends, [None, Some(Gone::EndOfFile)]);
    for most in [1, 2, 3, 7] {
        assert_eq!(short_session(&mut streams, Mischief::Pieces(most)), whole);
    }
}

#[test]
fn a_flipped_bit_is_noticed_wherever_it_is() {
    let mut streams = Streams::tcp("flip", "127.0.0.1");
    let whole = short_session(&mut streams, Mischief::Nothing);
    for way in [TO_PRIMARY, TO_AGENT] {
        for place in 0..whole.passed[way] {
            let flip = Mischief::Flip { way, place, bit: place as u8 % 8 };
            let outcome = short_session(&mut streams, flip);
            if way == TO_PRIMARY {
                let end = outcome.ends[TO_PRIMARY];
                assert!(end.is_some() || outcome.strangers == 1, "{flip:?}: {outcome:?}");
                assert!(end != Some(Gone::EndOfFile), "{flip:?}: {outcome:?}");
                assert!(outcome.frames[TO_PRIMARY] < LENGTHS.len(), "{flip:?}: {outcome:?}");
            } else {
                let end = outcome.ends[TO_AGENT];
                let is_orderly = outcome.is_answered && end == Some(Gone::EndOfFile);
                assert!(end.is_some() && !is_orderly, "{flip:?}: {outcome:?}");
            }
        }
    }
}

#[test]
fn a_reset_ends_it_behind_what_has_arrived() {
    let mut streams = Streams::tcp("reset", "127.0.0.1");
    let whole = short_session(&mut streams, Mischief::Nothing);
    for way in [TO_PRIMARY, TO_AGENT] {
        for place in (0..whole.passed[way]).step_by(7) {
            let reset = Mischief::Reset { way, place };
            let Outcome { ends, strangers, frames, .. } = short_session(&mut streams, reset);
            assert!(!matches!(ends[TO_AGENT], None | Some(Gone::Silent)), "{reset:?}: {ends:?}");
            let broken = Some(Gone::broken(Errno::CONNRESET));
            // Or it came before the hello, or when the primary had closed.
            let is_noticed =
                ends[TO_PRIMARY] == broken || strangers == 1 || frames[TO_PRIMARY] == 3;
            assert!(is_noticed, "{reset:?}: {ends:?}, {strangers}");
        }
    }
}

#[test]
fn an_end_forged_on_the_path_is_not_orderly() {
    let mut streams = Streams::tcp("end", "127.0.0.1");
    let whole = short_session(&mut streams, Mischief::Nothing);
    for way in [TO_PRIMARY, TO_AGENT] {
        for place in (0..whole.passed[way]).step_by(7) {
            let end = Mischief::End { way, place };
            let Outcome { ends, is_answered, .. } = short_session(&mut streams, end);
            assert_ne!(ends[TO_PRIMARY], Some(Gone::EndOfFile), "{end:?}");
            let is_orderly = is_answered && ends[TO_AGENT] == Some(Gone::EndOfFile);
            assert!(!is_orderly, "{end:?}: {ends:?}");
        }
    }
}
