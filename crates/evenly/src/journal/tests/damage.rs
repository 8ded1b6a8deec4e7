//! Rows 17 and 18: a journal cut at each length, and with each bit flipped. Each such file is
//! continued exactly, or refused.

use super::super::error::JournalFault;
use super::*;
use std::fs::{read, write};

/// A small journal with a row in each table that its kind has.
fn small(path: &Path, aggregate: Aggregate) -> Fingerprint {
    let fingerprint = fingerprint(aggregate, 100);
    let words = ["count".into(), "even".into()];
    let call: super::super::writer::ResumeCall<'_> = Some((&words, Path::new("/")));
    let (mut writer, _) =
        JournalWriter::open(path, &fingerprint, call, ResumeTerms::default()).unwrap();
    let value = |first: i64, last: i64| match aggregate {
        Aggregate::Hist => Value::Histogram([(7, interval(first, last).len())].into()),
        Aggregate::Find { .. } => lines(first..=last),
        _ => Value::Count(3),
    };
    put(&mut writer, &[interval(0, 9)], &[10], value(0, 9));
    put(&mut writer, &[interval(20, 29)], &[40], value(20, 29));
    commit(&mut writer);
    if aggregate == Aggregate::Count {
        writer
            .put_windows(vec![windows::window(0, 9, "exit 0"), windows::window(10, 10, "exit 3")]);
        writer.commit(&[interval(50, 52)]).unwrap();
    }
    fingerprint
}

/// What there is to go on with.
fn essence(path: &Path, fingerprint: &Fingerprint) -> Result<String, JournalError> {
    let (mut writer, contents) = JournalWriter::open(path, fingerprint, None, RESUME)?;
    let Some(contents) = contents else { return Ok("fresh".to_owned()) };
    let mut text =
        format!("{:?} {:?} {:?}", contents.pieces, contents.value, contents.fingerprints);
    writer.each_failure(|failed| text += &format!("{failed:?}"))?;
    let read = super::super::window::each(
        &writer.connection,
        &writer.hasher,
        |row| -> Result<(), JournalFault> {
            text += &format!("{:?}", row.window);
            Ok(())
        },
    );
    read.map_err(|trouble| trouble.at(path, "read"))?;
    for (piece, _) in contents.pieces {
        let mut rest = Some(piece);
        while let Some(due) = rest {
            let partial = writer.kept(due)?;
            rest = partial.span().and_then(|span| due.above(span.last()));
            text += &format!("{partial:?}");
        }
    }
    Ok(text)
}

const KINDS: [Aggregate; 3] = [Aggregate::Count, Aggregate::Hist, Aggregate::Find { first: None }];

/// Each bit, or one of every `step`.
fn flip_bits(name: &str, step: usize) {
    for (kind, aggregate) in KINDS.into_iter().enumerate() {
        let scratch = Scratch::new(name);
        let path = scratch.path("j");
        let fingerprint = small(&path, aggregate);
        let sound = read(&path).unwrap();
        let whole = essence(&path, &fingerprint).unwrap();
        let (mut refused, mut passed) = (0, 0);
        for bit in (kind..8 * sound.len()).step_by(step) {
            let mut bytes = sound.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            write(&path, &bytes).unwrap();
            match essence(&path, &fingerprint) {
                Ok(found) => {
                    assert_eq!(
                        found,
                        whole,
                        "bit {} of byte {} of {aggregate:?}",
                        bit % 8,
                        bit / 8
                    );
                    passed += 1;
                }
                Err(error) => {
                    assert!(!error.to_string().contains('\n'), "{error}");
                    assert_eq!(read(&path).unwrap(), bytes, "it was written to: {error}");
                    refused += 1;
                }
            }
        }
        assert!(refused > 100, "{refused} refused, {passed} passed");
    }
}

#[test]
fn row_18_bits_flipped() {
    flip_bits("journal-bits", 61);
}

#[test]
#[ignore = "takes several minutes; a sample of the bits is flipped in every run of the tests"]
fn row_18_every_bit_flipped() {
    flip_bits("journal-every-bit", 1);
}

/// Cut there, it is refused; without a byte it is begun.
#[test]
fn row_17_cut_at_every_length() {
    for aggregate in KINDS {
        let scratch = Scratch::new("journal-cut");
        let path = scratch.path("j");
        let fingerprint = small(&path, aggregate);
        let sound = read(&path).unwrap();
        let whole = essence(&path, &fingerprint).unwrap();
        // Each length takes a whole check; the odd ones tell nothing that their neighbours do not.
        let step = if std::env::var_os("EVENLY_REQUIRE").is_some() { 1 } else { 7 };
        for length in (0..sound.len()).step_by(step) {
            write(&path, &sound[..length]).unwrap();
            match essence(&path, &fingerprint) {
                Ok(found) if length == 0 => assert_eq!(found, "fresh"),
                Ok(found) => assert_eq!(found, whole, "cut at {length}"),
                Err(error) => assert!(!error.to_string().contains('\n'), "{error}"),
            }
        }
    }
}

/// Killed in a commit that makes the file longer: its first page is written, and what it promises is not.
#[test]
fn row_16_a_commit_that_was_begun_is_undone() {
    let scratch = Scratch::new("journal-begun-commit");
    let path = scratch.path("j");
    let fingerprint = small(&path, Aggregate::Count);
    let whole = essence(&path, &fingerprint).unwrap();
    let sound = read(&path).unwrap();
    // SQLite itself writes what undoes the commit; it stays when its file is put back.
    let undo = scratch.path("j-journal");
    let writer = rusqlite::Connection::open(&path).unwrap();
    writer.execute_batch("BEGIN; CREATE TABLE more (a)").unwrap();
    writer.execute_batch("INSERT INTO more VALUES (zeroblob(5000))").unwrap();
    writer.cache_flush().unwrap();
    let (begun, undoing) = (read(&path).unwrap(), read(&undo).unwrap());
    assert!(begun.len() > sound.len() && undoing.len() > 512);
    drop(writer);
    for length in [begun.len(), sound.len() + 512, sound.len()] {
        write(&path, &begun[..length]).unwrap();
        write(&undo, &undoing).unwrap();
        assert_eq!(essence(&path, &fingerprint).unwrap(), whole, "with {length} bytes");
    }
}
