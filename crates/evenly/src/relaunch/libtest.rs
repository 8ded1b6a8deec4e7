//! Arguments with which a second start comes to the same call: its own, or those of one test.

use super::token::PROGRAM;
use std::ffi::{CString, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::FileExt;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// What libtest reads from the environment, backwards: this text itself must not be found.
const MARK_BACKWARDS: &[u8; 17] = b"SDAERHT_TSET_TSUR";

/// The arguments of the second start.
///
/// libtest gives each test a thread with the name of the test. The second start runs this test alone, so that only the
/// main thread is beside it, and waits. `None` in a thread without a name, which is not that of a test.
pub(super) fn arguments() -> Option<Vec<CString>> {
    let mut arguments = std::env::args_os();
    if !is_in_test() {
        return Some(arguments.filter_map(text).collect());
    }
    let thread = std::thread::current();
    let test = thread.name()?;
    let options = ["--exact", "--test-threads=1", "--nocapture", "--include-ignored"];
    let words = [test].into_iter().chain(options).map(OsString::from);
    Some(arguments.next().into_iter().chain(words).filter_map(text).collect())
}

/// The name of this thread, if it is one of a test binary that has no test of that name.
pub(super) fn name_of_no_test() -> Option<String> {
    let thread = std::thread::current();
    let name = thread.name().filter(|_| is_in_test())?;
    let mut list = Command::new(PROGRAM);
    list.args([name, "--exact", "--list", "--include-ignored"]);
    let listed = list.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let test = format!("{name}: test");
    let has_test = String::from_utf8_lossy(&listed.stdout).lines().any(|line| line == test);
    (listed.status.success() && !has_test).then(|| name.to_owned())
}

fn text(word: OsString) -> Option<CString> {
    CString::new(word.into_vec()).ok()
}

/// Whether this thread is one that libtest or a test has started. A merged doctest runs in the main thread.
pub(super) fn is_in_test() -> bool {
    rustix::thread::gettid() != rustix::process::getpid() && is_libtest()
}

/// Whether the program of this process is a test binary with libtest.
fn is_libtest() -> bool {
    static IS_LIBTEST: OnceLock<bool> = OnceLock::new();
    *IS_LIBTEST
        .get_or_init(|| File::open(PROGRAM).and_then(|file| has_mark(&file)).unwrap_or(false))
}

/// Looks for the mark in the parts of a program that are loaded and not written: code and constants (elf(5)).
fn has_mark(program: &File) -> io::Result<bool> {
    const LOADED: u32 = 1;
    const WRITTEN: u32 = 2;
    let mut head = [0; 64];
    program.read_exact_at(&mut head, 0)?;
    // 64 bits, the lowest byte first: all that the constants below are for.
    if head[..6] != *b"\x7fELF\x02\x01" {
        return Ok(false);
    }
    let half = |at: usize| u64::from(u16::from_le_bytes([head[at], head[at + 1]]));
    let (table, size, count) = (long(&head, 32), half(54), half(56));
    for index in 0..count {
        let mut entry = [0; 56];
        program.read_exact_at(&mut entry, table + index * size)?;
        let word = |at: usize| {
            u32::from_le_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]])
        };
        let is_constant = word(0) == LOADED && word(4) & WRITTEN == 0;
        if is_constant && part_has_mark(program, long(&entry, 8), long(&entry, 32))? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn long(bytes: &[u8], at: usize) -> u64 {
    let mut long = [0; 8];
    long.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(long)
}

fn part_has_mark(program: &File, start: u64, length: u64) -> io::Result<bool> {
    const BLOCK: usize = 1 << 18;
    let (mut at, end) = (start, start + length);
    let mut block = vec![0; BLOCK];
    while at < end {
        let room = usize::try_from(end - at).map_or(BLOCK, |left| left.min(BLOCK));
        program.read_exact_at(&mut block[..room], at)?;
        if is_marked(&block[..room]) {
            return Ok(true);
        }
        // The mark may stand across the end of a block.
        at += room.saturating_sub(MARK_BACKWARDS.len() - 1).max(1) as u64;
        if room < BLOCK {
            break;
        }
    }
    Ok(false)
}

/// Searches with steps as long as the mark where a byte is not in it (Horspool, 1980).
fn is_marked(block: &[u8]) -> bool {
    let length = MARK_BACKWARDS.len();
    let mut steps = [length; 256];
    for (from_end, byte) in MARK_BACKWARDS.iter().enumerate().skip(1).rev() {
        steps[usize::from(*byte)] = from_end;
    }
    let mut end = length;
    while end <= block.len() {
        let window = &block[end - length..end];
        if window.iter().rev().eq(MARK_BACKWARDS.iter()) {
            return true;
        }
        end += steps[usize::from(window[length - 1])];
    }
    false
}
