//! Frames under every cut, every flipped bit and any bytes at all.

use super::*;
use crate::aggregate::Value;
use crate::interval::Interval;
use crate::lease::{Assignment, LeaseId, MAX_LEASES, WorkerId};
use crate::partial::{Cause, Failure, Partial};
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

const WORKER: WorkerId = WorkerId(7);

fn assignment(first: i64, len: i64, lease: u64) -> Assignment {
    let interval = Interval::new(first, first - 1 + len).unwrap();
    Assignment { lease: LeaseId(lease), interval }
}

/// Everything the frames in `bytes` say, fed in pieces of `piece` bytes.
fn read_assignments(bytes: &[u8], piece: usize) -> Result<Vec<Assignment>, Malformed> {
    let mut unpacker = Unpacker::new(PIPE_FRAME, PIPE_FRAME);
    let mut all = vec![];
    for piece in bytes.chunks(piece) {
        unpacker.room()[..piece.len()].copy_from_slice(piece);
        unpacker.filled(piece.len());
        while let Some(frame) = unpacker.next_frame()? {
            assert_eq!(frame.worker, WORKER);
            let Body::Assignments(assignments) = frame.body else { panic!("{frame:?}") };
            assert_eq!(assignments.iter().count(), assignments.len());
            all.extend(assignments.iter());
        }
    }
    assert!(!unpacker.is_inside_frame());
    Ok(all)
}

fn one_frame() -> Vec<u8> {
    let mut packer = Packer::new(WORKER, PIPE_FRAME);
    packer.answer(LeaseId(3), 5);
    packer.seal(11);
    packer.bytes().to_vec()
}

fn open_one(bytes: &[u8]) -> Result<bool, Malformed> {
    let mut unpacker = Unpacker::new(PIPE_FRAME, PIPE_FRAME);
    unpacker.room()[..bytes.len()].copy_from_slice(bytes);
    unpacker.filled(bytes.len());
    unpacker.next_frame().map(|frame| frame.is_some())
}

#[test]
fn the_format_is_pinned_byte_by_byte() {
    // A change here is a change of the wire: raise VERSION and say so in the changelog.
    let expected_head = [
        b'e', b'v', 3, 2, 45, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 11, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0,
        0, 0, 0, 0, 1, 0, 0, 1, 5,
    ];
    let frame = one_frame();
    assert_eq!(frame[..37], expected_head);
    assert_eq!(frame[37..], xxhash_rust::xxh3::xxh3_64(&expected_head).to_le_bytes());
}

#[test]
fn the_bytes_of_a_crash_report_are_pinned() {
    let frame = crash_report(WORKER, -2, Some(Cause::Timeout));
    let expected_head = [
        b'e', b'v', 3, 9, 48, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 254, 255,
        255, 255, 255, 255, 255, 255, 3, 0, 0, 0, 0, 0, 0, 0,
    ];
    assert_eq!(frame[..40], expected_head);
    assert_eq!(frame[40..], xxhash_rust::xxh3::xxh3_64(&expected_head).to_le_bytes());
    for (n, cause) in [(0, None), (i64::MIN, Some(Cause::Memory)), (7, Some(Cause::Signal(11)))] {
        let bytes = crash_report(WORKER, n, cause);
        let frame = Frame::whole(&bytes, PIPE_FRAME).unwrap();
        assert_eq!((frame.worker, frame.busy_ns), (WORKER, 0));
        let Body::CrashReport { n: said, cause: of } = frame.body else { panic!("{frame:?}") };
        assert_eq!((said, of), (n, cause));
    }
}

#[test]
fn a_crash_report_with_an_unknown_cause_is_refused() {
    let mut bytes = crash_report(WORKER, 1, None);
    bytes[32] = 77;
    let checksum = xxhash_rust::xxh3::xxh3_64(&bytes[..40]);
    bytes[40..].copy_from_slice(&checksum.to_le_bytes());
    assert_eq!(Frame::whole(&bytes, PIPE_FRAME).unwrap_err(), Malformed::Entry);
}

fn description_frame(text: &str) -> Vec<u8> {
    let mut packer = Packer::new(WORKER, PIPE_FRAME);
    packer.describe(Description { n: -2, cause: Cause::Garbage, text });
    packer.bytes().to_vec()
}

#[test]
fn a_description_is_pinned_and_cut_between_characters() {
    let frame = description_frame("ab");
    let expected_head = [
        b'e', b'v', 3, 10, 50, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 254, 255,
        255, 255, 255, 255, 255, 255,
    ];
    assert_eq!(frame[..32], expected_head);
    let long = "\u{e9}".repeat(MAX_TEXT);
    for (text, read) in [("ab", "ab"), (&*long, &long[..MAX_TEXT])] {
        let bytes = description_frame(text);
        let Body::Description(description) = Frame::whole(&bytes, PIPE_FRAME).unwrap().body else {
            panic!("{bytes:?}")
        };
        assert_eq!(description, Description { n: -2, cause: Cause::Garbage, text: read });
    }
    assert!(description_frame("").is_empty());
}

#[test]
fn a_description_that_cannot_be_is_refused() {
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = description_frame("ab");
        bytes.truncate(bytes.len() - CHECKSUM);
        change(&mut bytes);
        let length = (bytes.len() + CHECKSUM) as u32;
        bytes[4..8].copy_from_slice(&length.to_le_bytes());
        let checksum = xxhash_rust::xxh3::xxh3_64(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        Frame::whole(&bytes, PIPE_FRAME).map(|_| ())
    };
    assert_eq!(with(&|_| {}), Ok(()));
    assert_eq!(with(&|bytes| bytes[40] = 0xff), Err(Malformed::Entry), "no UTF-8");
    assert_eq!(with(&|bytes| bytes[32] = 77), Err(Malformed::Entry), "no cause");
    assert_eq!(with(&|bytes| bytes.truncate(40)), Err(Malformed::Entry), "no text");
    assert_eq!(with(&|bytes| bytes.truncate(30)), Err(Malformed::Entry), "no number");
    assert_eq!(with(&|bytes| bytes.resize(41 + MAX_TEXT, b'x')), Err(Malformed::Entry), "too long");
}

#[test]
fn numbers_that_recovered_are_read_back_and_impossible_ones_are_refused() {
    let recovered = |first, last| {
        let interval = Interval::new(first, last).unwrap();
        Failure { interval, cause: Cause::Exit(7) }
    };
    let mut packer = Packer::new(WorkerId(1), PIPE_FRAME);
    let all = [recovered(-3, -3), recovered(10, 19)];
    all.into_iter().for_each(|one| packer.recovered(one));
    packer.seal(0);
    let Body::Recovered(read) = Frame::whole(packer.bytes(), PIPE_FRAME).unwrap().body else {
        panic!("another kind");
    };
    assert!(read.iter().eq(all));
    let mut body = packer.bytes()[HEAD..HEAD + 24].to_vec();
    assert!(open_one(&frame_of(FrameKind::Recovered, &body)).is_ok());
    body[8] = body[8].wrapping_sub(1);
    assert!(open_one(&frame_of(FrameKind::Recovered, &body)).is_err(), "it is reversed");
    body[8] = body[8].wrapping_add(1);
    body[16] = 0xff;
    assert!(open_one(&frame_of(FrameKind::Recovered, &body)).is_err(), "an unknown cause");
}

#[test]
fn every_flipped_bit_is_noticed() {
    let frame = one_frame();
    for bit in 0..frame.len() * 8 {
        let mut flipped = frame.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        // A longer length waits for bytes that never come; everything else is malformed.
        assert_ne!(open_one(&flipped), Ok(true), "bit {bit}");
    }
}

#[test]
fn a_beginning_is_not_malformed_and_not_a_frame() {
    let frame = one_frame();
    for cut in 0..frame.len() {
        assert_eq!(open_one(&frame[..cut]), Ok(false), "cut at {cut}");
    }
}

#[test]
fn impossible_heads_are_refused_by_name() {
    let with = |at: usize, byte: u8| {
        let mut frame = one_frame();
        frame[at] = byte;
        open_one(&frame)
    };
    assert_eq!(with(0, b'X'), Err(Malformed::Magic));
    assert_eq!(with(2, 1), Err(Malformed::Version { found: 1 }));
    assert_eq!(with(3, 200), Err(Malformed::Kind { found: 200 }));
    assert_eq!(with(4, 31), Err(Malformed::Length { length: 31 }));
    let mut withdrawal = one_frame();
    withdrawal[3] = 4;
    assert_eq!(
        open_one(&withdrawal),
        Err(Malformed::Length { length: 45 }),
        "not of whole entries"
    );
    assert_eq!(with(4, 0), Err(Malformed::Length { length: 0 }));
    assert_eq!(with(7, 255), Err(Malformed::Length { length: 45 | 255 << 24 }));
    assert_eq!(open_one(b"GET / HTTP"), Err(Malformed::Magic));
}

#[test]
fn no_frame_exceeds_the_limit() {
    let mut packer = Packer::new(WORKER, PIPE_FRAME);
    for n in 0..10_000 {
        packer.answer(LeaseId(n), 1);
    }
    packer.seal(0);
    let mut unpacker = Unpacker::new(PIPE_FRAME, packer.bytes().len());
    let mut answers = 0;
    assert!(packer.frames().all(|frame| frame.len() <= PIPE_FRAME));
    for bytes in packer.bytes().chunks(PIPE_FRAME) {
        unpacker.room()[..bytes.len()].copy_from_slice(bytes);
        unpacker.filled(bytes.len());
        while let Some(frame) = unpacker.next_frame().unwrap() {
            let Body::Answers(entries) = frame.body else { panic!() };
            answers += entries.iter().count();
        }
    }
    assert_eq!(answers, 10_000);
}

/// A frame of this kind with this body.
fn frame_of(kind: FrameKind, body: &[u8]) -> Vec<u8> {
    let mut frame = one_frame();
    frame.truncate(HEAD);
    frame[3] = kind as u8;
    frame.extend_from_slice(body);
    let length = (frame.len() + CHECKSUM) as u32;
    frame[4..8].copy_from_slice(&length.to_le_bytes());
    let checksum = xxhash_rust::xxh3::xxh3_64(&frame);
    frame.extend_from_slice(&checksum.to_le_bytes());
    frame
}

fn read_answers(bytes: &[u8]) -> Vec<(LeaseId, u64)> {
    let mut unpacker = Unpacker::new(PIPE_FRAME, bytes.len());
    unpacker.room_for(bytes.len())[..bytes.len()].copy_from_slice(bytes);
    unpacker.filled(bytes.len());
    let mut all = vec![];
    while let Some(frame) = unpacker.next_frame().unwrap() {
        let Body::Answers(answers) = frame.body else { panic!("{frame:?}") };
        all.extend(answers.iter());
    }
    all
}

#[test]
fn a_row_of_chunks_takes_one_entry_and_their_answers_a_byte_each() {
    let row: Vec<Assignment> =
        (0..1000).map(|index| assignment(-500 + index * 3, 3, 7000 + index as u64)).collect();
    let mut packer = Packer::new(WORKER, PIPE_FRAME);
    packer.assign(&row);
    packer.seal(0);
    assert_eq!(packer.len(), LEAST + 32);
    assert_eq!(read_assignments(packer.bytes(), PIPE_FRAME), Ok(row.clone()));

    let answers: Vec<(LeaseId, u64)> =
        row.iter().map(|chunk| (chunk.lease, chunk.lease.0 % 4)).collect();
    packer.clear();
    answers.iter().for_each(|(lease, word)| packer.answer(*lease, *word));
    packer.seal(0);
    assert_eq!(packer.len(), LEAST + ANSWER_HEAD + 1000);
    assert_eq!(read_answers(packer.bytes()), answers);
}

#[test]
fn a_row_ends_where_length_neighbour_or_lease_differs() {
    let chunks = [
        assignment(0, 3, 10),
        assignment(3, 3, 11),
        assignment(6, 2, 12),
        assignment(9, 2, 13),
        assignment(11, 2, 15),
        assignment(i64::MAX - 1, 2, u64::MAX),
        assignment(i64::MIN + 1, 2, 0),
    ];
    let mut packer = Packer::new(WORKER, PIPE_FRAME);
    packer.assign(chunks);
    packer.seal(0);
    assert_eq!(packer.len(), LEAST + 6 * 32);
    assert_eq!(read_assignments(packer.bytes(), PIPE_FRAME), Ok(chunks.to_vec()));
}

#[test]
fn rows_that_cannot_be_are_refused() {
    let entry = |first: i64, last: i64, count: u64| {
        [first.to_le_bytes(), last.to_le_bytes(), 5u64.to_le_bytes(), count.to_le_bytes()].concat()
    };
    let open = |entries: &[Vec<u8>]| open_one(&frame_of(FrameKind::Assignments, &entries.concat()));
    assert_eq!(open(&[entry(i64::MAX - 5, i64::MAX - 4, 3)]), Ok(true));
    assert_eq!(open(&[entry(i64::MAX - 5, i64::MAX - 4, 4)]), Err(Malformed::Entry), "too high");
    assert_eq!(open(&[entry(i64::MIN, i64::MAX, 1)]), Ok(true));
    assert_eq!(open(&[entry(i64::MIN, i64::MAX, u64::MAX)]), Err(Malformed::Entry));
    assert_eq!(open(&[entry(2, 1, 1)]), Err(Malformed::Entry), "reversed");
    assert_eq!(open(&[entry(1, 2, 0)]), Err(Malformed::Entry), "none");
    let most = MAX_LEASES as u64;
    assert_eq!(open(&[entry(0, 0, most)]), Ok(true));
    assert_eq!(open(&[entry(0, 0, most), entry(0, 0, 1)]), Err(Malformed::Entry), "too many");
}

#[test]
fn groups_of_answers_that_cannot_be_are_refused() {
    let group = |count: u8, width: u8, words: usize| {
        let mut bytes = vec![0; ANSWER_HEAD + words];
        (bytes[8], bytes[11]) = (count, width);
        bytes
    };
    let open = |groups: &[Vec<u8>]| open_one(&frame_of(FrameKind::Answers, &groups.concat()));
    assert_eq!(open(&[group(3, 1, 3), group(2, 8, 16)]), Ok(true));
    assert_eq!(open(&[group(0, 1, 0)]), Err(Malformed::Entry), "none");
    assert_eq!(open(&[group(3, 3, 9)]), Err(Malformed::Entry), "no width");
    assert_eq!(open(&[group(3, 2, 5)]), Err(Malformed::Entry), "cut off");
    assert_eq!(open(&[group(3, 1, 4)]), Err(Malformed::Entry), "a byte too much");
}

/// Packs a partial, unpacks its parts, and gives them to an assembler except those in `without`.
fn assemble(partial: &Partial, without: Option<usize>) -> Result<Option<Partial>, Malformed> {
    let mut encoded = vec![];
    partial.encode(&mut encoded);
    let mut packer = Packer::new(WORKER, 128);
    packer.partial(LeaseId(9), &encoded, 0);
    packer.seal(0);
    let mut unpacker = Unpacker::new(128, 128);
    let mut assembler = Assembler::default();
    let mut at = 0;
    for bytes in packer.bytes().chunks(100) {
        unpacker.room()[..bytes.len()].copy_from_slice(bytes);
        unpacker.filled(bytes.len());
        while let Some(frame) = unpacker.next_frame().unwrap() {
            let Body::Part(part) = frame.body else { panic!() };
            if without != Some(at)
                && let Some(whole) = assembler.take(WORKER, part)?
            {
                return Ok(Some(whole));
            }
            at += 1;
        }
    }
    Ok(None)
}

#[test]
fn the_room_grows_with_full_reads_and_not_beyond_the_most() {
    let mut unpacker = Unpacker::new(PIPE_FRAME, 65_536);
    let answers = one_frame().repeat(5_000);
    let mut fed = &answers[..];
    let mut most = 0;
    while !fed.is_empty() {
        let room = unpacker.room();
        most = most.max(room.len());
        let now = room.len().min(fed.len());
        room[..now].copy_from_slice(&fed[..now]);
        unpacker.filled(now);
        fed = &fed[now..];
        while unpacker.next_frame().unwrap().is_some() {}
    }
    assert!(!unpacker.is_inside_frame());
    assert!((65_536..=65_536 + PIPE_FRAME).contains(&most), "{most}");
}

#[test]
fn several_pieces_find_room_before_a_frame_is_taken() {
    let at_once = 3 * PIPE_FRAME;
    let mut unpacker = Unpacker::new(PIPE_FRAME, at_once);
    let frames = one_frame().repeat(at_once / one_frame().len());
    for _ in 0..5 {
        for piece in frames.chunks(1000) {
            let room = unpacker.room_for(piece.len());
            room[..piece.len()].copy_from_slice(piece);
            unpacker.filled(piece.len());
        }
        let mut count = 0;
        while unpacker.has_frame() {
            assert!(unpacker.next_frame().unwrap().is_some());
            count += 1;
        }
        assert_eq!(count * one_frame().len(), frames.len());
        assert!(unpacker.next_frame().unwrap().is_none());
    }
}

#[test]
fn a_long_partial_travels_in_numbered_parts() {
    let covered: Vec<Interval> = (0..50).map(Interval::single).collect();
    let partial = Partial { covered, failed: vec![], value: Value::Count(25) };
    assert_eq!(assemble(&partial, None), Ok(Some(partial.clone())));
    let missing = Err(Malformed::PartOrder { part: 1, expected: 0 });
    assert_eq!(assemble(&partial, Some(0)), missing);
    let missing = Err(Malformed::PartOrder { part: 4, expected: 3 });
    assert_eq!(assemble(&partial, Some(3)), missing);
}

#[test]
fn a_partial_from_a_lost_worker_is_forgotten() {
    let mut assembler = Assembler::default();
    let part = |number, is_last| Part { lease: LeaseId(1), number, is_last, bytes: &[0; 8] };
    assert_eq!(assembler.take(WORKER, part(0, false)), Ok(None));
    assembler.forget(WORKER);
    let expected = Err(Malformed::PartOrder { part: 1, expected: 0 });
    assert_eq!(assembler.take(WORKER, part(1, true)), expected);
}

proptest! {
    #[test]
    fn frames_survive_every_split(
        entries in prop::collection::vec((-1i64 << 40..1 << 40, 1i64..1 << 30, any::<u64>()), 0..400),
        piece in 1usize..5000,
    ) {
        let entries: Vec<Assignment> =
            entries.into_iter().map(|(first, len, lease)| assignment(first, len, lease)).collect();
        let mut packer = Packer::new(WORKER, PIPE_FRAME);
        for several in entries.chunks(1 + piece % 7 * 100) {
            packer.assign(several);
        }
        packer.seal(0);
        prop_assert_eq!(read_assignments(packer.bytes(), piece.min(PIPE_FRAME)), Ok(entries));
    }

    #[test]
    fn answers_survive_whatever_their_order_and_size(
        rows in prop::collection::vec((any::<u64>(), 0u32..64, 1u64..9), 0..400),
    ) {
        let mut packer = Packer::new(WORKER, PIPE_FRAME);
        let mut expected = vec![];
        for (lease, bits, len) in rows {
            for index in 0..len {
                let word = lease.rotate_left(index as u32) >> bits;
                packer.answer(LeaseId(lease.wrapping_add(index)), word);
                expected.push((LeaseId(lease.wrapping_add(index)), word));
            }
        }
        packer.seal(0);
        prop_assert!(packer.frames().all(|frame| frame.len() <= PIPE_FRAME));
        prop_assert_eq!(read_answers(packer.bytes()), expected);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
        let _ = open_one(&bytes);
    }

    #[test]
    fn that_something_is_there_is_known_before(cut in 0usize..=96, flipped: prop::sample::Index) {
        let mut bytes = one_frame().repeat(2);
        let at = flipped.index(bytes.len());
        bytes[at] ^= 1;
        bytes.truncate(cut);
        let mut unpacker = Unpacker::new(PIPE_FRAME, PIPE_FRAME);
        unpacker.room()[..bytes.len()].copy_from_slice(&bytes);
        unpacker.filled(bytes.len());
        let has_frame = unpacker.has_frame();
        prop_assert_eq!(has_frame, !matches!(unpacker.next_frame(), Ok(None)));
    }

    #[test]
    fn no_body_panics_behind_a_good_head(
        kind in 1u8..=13, body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let kind = FrameKind::from_code(kind).unwrap();
        let _ = open_one(&frame_of(kind, &body));
    }
}

#[test]
fn a_whole_frame_is_no_more_and_no_less() {
    let mut packer = Packer::new(WORKER, 64);
    (0..5).for_each(|row| (0..12).for_each(|lease| packer.answer(LeaseId(100 * row + lease), 5)));
    packer.seal(11);
    let frames: Vec<&[u8]> = packer.frames().collect();
    assert_eq!((frames.len(), frames.concat()), (5, packer.bytes().to_vec()));
    assert_eq!(packer.first_frame(), frames[0]);
    for bytes in frames {
        assert!(Frame::whole(bytes, 64).is_ok_and(|frame| frame.worker == WORKER));
        assert!(Frame::whole(bytes, bytes.len() - 1).is_err());
        for len in 0..bytes.len() {
            assert_eq!(Frame::whole(&bytes[..len], 64).unwrap_err(), Malformed::CutOff);
        }
        let longer = [bytes, &[0]].concat();
        let length = longer.len() as u32;
        assert_eq!(Frame::whole(&longer, 64).unwrap_err(), Malformed::Length { length });
    }
}
