//! Crash report frame: encoded without allocation, so that a signal handler can write it.

use super::{CHECKSUM, FrameKind, HEAD, MAGIC, VERSION};
use crate::lease::WorkerId;
use crate::partial::Cause;
use xxhash_rust::xxh3::xxh3_64;

/// Length of a crash report in bytes.
pub const CRASH_REPORT_LEN: usize = HEAD + FrameKind::CrashReport.entry_len() + CHECKSUM;

/// The frame in which a worker says that it is at `n` while something ends it; `cause` is what, where
/// the way it ends does not say so.
///
/// A signal handler may call this: it computes, and does nothing else.
#[must_use]
pub fn crash_report(worker: WorkerId, n: i64, cause: Option<Cause>) -> [u8; CRASH_REPORT_LEN] {
    let (code, detail) = cause.map_or((0, 0), Cause::code);
    let mut frame = [0; CRASH_REPORT_LEN];
    frame[..2].copy_from_slice(&MAGIC);
    frame[2] = VERSION;
    frame[3] = FrameKind::CrashReport as u8;
    frame[4..8].copy_from_slice(&(CRASH_REPORT_LEN as u32).to_le_bytes());
    frame[8..12].copy_from_slice(&worker.0.to_le_bytes());
    frame[24..32].copy_from_slice(&n.to_le_bytes());
    frame[32..36].copy_from_slice(&code.to_le_bytes());
    frame[36..40].copy_from_slice(&detail.to_le_bytes());
    let checksum = xxh3_64(&frame[..CRASH_REPORT_LEN - CHECKSUM]);
    frame[CRASH_REPORT_LEN - CHECKSUM..].copy_from_slice(&checksum.to_le_bytes());
    frame
}
