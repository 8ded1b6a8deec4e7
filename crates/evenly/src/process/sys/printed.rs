//! Outputs that are no answer: workers put the beginning of each on a page that they share with the primary.
//!
//! A failure travels as two words and has no room for text. A worker writes here before it sends the failure, so
//! that the primary finds the text when it hears of the failure. The page has room for 63 outputs in all.

use evenly_core::Interval;
use std::ptr::{self, NonNull};
use std::rc::Rc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// How much of an output is kept, in bytes.
const KEPT: usize = 40;

/// Words of one record: state, number, text. The first record counts the others in its first word.
const RECORD: usize = 8;
const RECORDS: usize = 64;
const BYTES: usize = RECORDS * RECORD * size_of::<AtomicU64>();

/// What was expected in the place of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// An integer.
    Integer,
    /// An integer of 128 bits; an integer that is larger was printed.
    SmallerInteger,
    /// The answer for all numbers of a chunk.
    Answer,
}

/// The beginning of an output that is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    /// The first number that it is about.
    pub(crate) n: i64,
    /// At most the first 40 bytes.
    pub(crate) text: Vec<u8>,
    /// Whether there was more.
    pub(crate) is_cut: bool,
    pub(crate) expected: Expected,
}

/// The page; a clone is the same page.
#[derive(Clone, Debug)]
pub(crate) struct Printed(Rc<Page>);

#[derive(Debug)]
struct Page(NonNull<[AtomicU64; RECORDS * RECORD]>);

impl Printed {
    /// A page that is shared with all processes that are forked from now on; `None` if the kernel gives none.
    pub(crate) fn share() -> Option<Self> {
        let (protection, flags) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        // SAFETY: a new anonymous mapping takes the place of nothing.
        let page = unsafe { libc::mmap(ptr::null_mut(), BYTES, protection, flags, -1, 0) };
        if page == libc::MAP_FAILED {
            return None;
        }
        Some(Self(Rc::new(Page(NonNull::new(page.cast())?))))
    }

    /// Keeps the beginning of an output, if there is room.
    pub(crate) fn keep(&self, n: i64, output: &[u8], expected: Expected) {
        let words = self.0.words();
        let at = words[0].fetch_add(1, Relaxed).saturating_add(1);
        let Some(record) = usize::try_from(at).ok().filter(|at| *at < RECORDS) else { return };
        let record = &words[record * RECORD..][..RECORD];
        let kept = &output[..output.len().min(KEPT)];
        record[1].store(n.cast_unsigned(), Relaxed);
        for (word, bytes) in record[2..].iter().zip(kept.chunks(8)) {
            let mut eight = [0; 8];
            eight[..bytes.len()].copy_from_slice(bytes);
            word.store(u64::from_le_bytes(eight), Relaxed);
        }
        let is_cut = u64::from(kept.len() < output.len());
        let state = 1 | is_cut << 1 | (expected as u64) << 2 | (kept.len() as u64) << 8;
        record[0].store(state, Release);
    }

    /// The output about the lowest of these numbers; of several about one number, the last.
    pub(crate) fn of(&self, numbers: Interval) -> Option<Output> {
        let records = self.0.words().chunks(RECORD).skip(1).rev();
        let outputs = records.filter_map(read);
        outputs
            .filter(|output| numbers.contains(Interval::single(output.n)))
            .min_by_key(|output| output.n)
    }
}

/// What a record holds, if it is written to its end.
fn read(record: &[AtomicU64]) -> Option<Output> {
    let state = record[0].load(Acquire);
    let expected = match (state & 1, state >> 2 & 3) {
        (1, 0) => Expected::Integer,
        (1, 1) => Expected::SmallerInteger,
        (1, 2) => Expected::Answer,
        _ => return None,
    };
    let mut text: Vec<u8> =
        record[2..].iter().flat_map(|word| word.load(Relaxed).to_le_bytes()).collect();
    text.truncate((state >> 8 & 0xff) as usize);
    let n = record[1].load(Relaxed).cast_signed();
    Some(Output { n, text, is_cut: state & 2 != 0, expected })
}

impl Page {
    fn words(&self) -> &[AtomicU64; RECORDS * RECORD] {
        // SAFETY: the mapping is as large as this, aligned to a page, and stays until it is dropped. Its bytes
        // are zeroes at first; every process touches them as atomics alone.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // SAFETY: it was mapped with this length, and nothing refers to it any more.
        unsafe { libc::munmap(self.0.as_ptr().cast(), BYTES) };
    }
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.text.is_empty() {
            f.write_str("printed nothing")?;
        } else {
            let shown = evenly_core::printable(&self.text, KEPT);
            write!(f, "printed '{shown}{}'", if self.is_cut { "…" } else { "" })?;
        }
        f.write_str(match self.expected {
            Expected::Integer => ", which is not an integer",
            Expected::SmallerInteger => ", which is not an integer of 128 bits",
            Expected::Answer => ", which is not an answer for these numbers",
        })
    }
}
