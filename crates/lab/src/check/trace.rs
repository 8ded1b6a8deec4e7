//! The calls that a program made, as `watch.c` notes them in a file of 32-bit integers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

/// Integers of the head, of a record, and the number of records.
const HEAD: usize = 16;
const RECORD: usize = 6;
const RECORDS: usize = 20_000;
/// Places in the head.
const NEXT: usize = 4;
const ROOT: usize = 5;
const FORKS: usize = 6;
/// `watch.c` lets no fork beyond this one succeed.
pub(crate) const MOST_FORKS: i32 = 200;
/// The permission bits of an end that is open for writing only (`O_WRONLY`).
const WRITES: i32 = 1;

/// A system call that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Pipe = 0,
    Fork = 1,
    Read = 2,
    Write = 3,
}

/// The kinds of records besides calls.
const WAIT: i32 = 4;
const SCAN: i32 = 5;
const END: i32 = 6;
const FAILED: i32 = 7;
const CRASH: i32 = 8;

/// Which process makes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Parent = 0,
    Worker = 1,
}

/// A failure to inject: the `at`-th of these calls of all processes of the role returns -1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) call: Call,
    pub(crate) role: Role,
    pub(crate) at: i32,
    pub(crate) errno: i32,
}

/// Makes the file for a run.
pub(crate) fn prepare(path: &Path, failure: Option<Failure>) -> io::Result<()> {
    let mut head = [0_i32; 4];
    head[0] = -1;
    if let Some(Failure { call, role, at, errno }) = failure {
        head = [call as i32, role as i32, at, errno];
    }
    let bytes: Vec<u8> = head.iter().flat_map(|number| number.to_ne_bytes()).collect();
    fs::write(path, bytes)?;
    let file = fs::OpenOptions::new().write(true).open(path)?;
    file.set_len((4 * (HEAD + RECORD * RECORDS)) as u64)
}

/// A call: the number of a pipe, `record[3]`, is for people who read the file.
#[derive(Clone, Copy, Debug)]
struct Record {
    pid: i32,
    kind: i32,
    a: i32,
    c: i32,
}

/// The calls of all processes of a run, in the order in which they were noted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    root: i32,
    forks: i32,
    records: Vec<Record>,
}

/// An open end of a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PipeEnd {
    pub(crate) fd: i32,
    pub(crate) writes: bool,
}

impl Trace {
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let bytes = fs::read(path)?;
        let numbers: Vec<i32> = bytes
            .chunks_exact(4)
            .map(|four| i32::from_ne_bytes(four.try_into().unwrap_or_default()))
            .collect();
        let head = |at: usize| numbers.get(at).copied().unwrap_or(0);
        let count = usize::try_from(head(NEXT)).unwrap_or(0).min(RECORDS);
        let records = numbers.get(HEAD..).unwrap_or_default().chunks_exact(RECORD).take(count);
        let records = records
            .filter(|record| record[0] != 0)
            .map(|record| Record { pid: record[0], kind: record[1], a: record[2], c: record[4] })
            .collect();
        Ok(Self { root: head(ROOT), forks: head(FORKS), records })
    }

    fn of(&self, kind: i32) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |record| record.kind == kind)
    }

    /// Whether the program was linked with `watch.c` and has begun.
    pub(crate) fn has_begun(&self) -> bool {
        self.root != 0
    }

    /// Pipes that the parent made, and pipes that others made.
    pub(crate) fn pipes(&self) -> (usize, usize) {
        let by_parent = self.of(Call::Pipe as i32).filter(|record| record.pid == self.root);
        let by_parent = by_parent.count();
        (by_parent, self.of(Call::Pipe as i32).count() - by_parent)
    }

    /// Processes that were forked, by the parent and by others.
    pub(crate) fn forked(&self) -> (BTreeSet<i32>, usize) {
        let all = self.of(Call::Fork as i32);
        let own: BTreeSet<i32> =
            all.filter(|record| record.pid == self.root).map(|record| record.a).collect();
        let others = self.of(Call::Fork as i32).count() - own.len();
        (own, others)
    }

    /// Whether it wanted more processes than it was allowed to fork.
    pub(crate) fn forked_too_many(&self) -> bool {
        self.forks > MOST_FORKS
    }

    /// Children for which the parent has waited.
    pub(crate) fn waited(&self) -> BTreeSet<i32> {
        let waits = self.of(WAIT).filter(|record| record.pid == self.root);
        waits.map(|record| record.a).collect()
    }

    /// Whether a process of this role reads pipes by read(2), and whether one of those calls returned end of file.
    pub(crate) fn reads(&self, role: Role) -> (bool, bool) {
        let is_parent = role == Role::Parent;
        let all = self.of(Call::Read as i32);
        let all = all.filter(|record| (record.pid == self.root) == is_parent);
        let results: Vec<i32> = all.map(|record| record.c).collect();
        (!results.is_empty(), results.contains(&0))
    }

    /// The longest write into a pipe.
    pub(crate) fn longest_write(&self) -> i32 {
        self.of(Call::Write as i32).map(|record| record.c).max().unwrap_or(0)
    }

    /// Whether the failure that was asked for has happened.
    pub(crate) fn has_failed(&self) -> bool {
        self.of(FAILED).next().is_some()
    }

    /// Whether the parent has forked after that failure.
    pub(crate) fn forks_after_failure(&self) -> bool {
        let mut later = self.records.iter().skip_while(|record| record.kind != FAILED);
        later.any(|record| record.kind == Call::Fork as i32 && record.pid == self.root)
    }

    /// The first signal of a mistake (`SIGSEGV` and the like) that ended a process, and whose it was: what other
    /// processes did afterwards may follow from it.
    pub(crate) fn crash(&self) -> Option<(Role, i32)> {
        let first = self.of(CRASH).next()?;
        let role = if first.pid == self.root { Role::Parent } else { Role::Worker };
        Some((role, first.a))
    }

    /// The address of the instruction of that signal, if it is one of the program.
    pub(crate) fn crash_address(&self) -> Option<i32> {
        Some(self.of(CRASH).next()?.c).filter(|&address| address > 0)
    }

    /// The processes that the parent forked, in this order.
    pub(crate) fn workers(&self) -> impl Iterator<Item = u32> {
        let own = self.of(Call::Fork as i32).filter(|record| record.pid == self.root);
        own.map(|record| record.a.cast_unsigned())
    }

    /// The ends of pipes that each child of the parent had before its first write to a pipe, or, if it never wrote,
    /// before its last noted read.
    pub(crate) fn ends(&self) -> BTreeMap<i32, Vec<PipeEnd>> {
        let mut all = BTreeMap::new();
        for child in self.forked().0 {
            let own = self.records.iter().filter(|record| record.pid == child);
            let mut ends: Option<Vec<PipeEnd>> = None;
            let mut has_written = false;
            for record in own {
                match (record.kind, &mut ends) {
                    (SCAN, _) if has_written => break,
                    (SCAN, _) => {
                        has_written = record.a == Call::Write as i32;
                        ends = Some(Vec::new());
                    }
                    (END, Some(ends)) => {
                        ends.push(PipeEnd { fd: record.a, writes: record.c == WRITES });
                    }
                    _ => {}
                }
            }
            all.extend(ends.map(|ends| (child, ends)));
        }
        all
    }
}
