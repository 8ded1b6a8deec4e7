//! Snapshot of a process with its children and the pipes between them.

use super::process::{self, ProcRead};
use super::{Access, Target, ViewError};
use std::collections::BTreeMap;

/// A process with its children, and the pipes between them: which of its pipes is for what can be told
/// from who holds which ends of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Family {
    /// Its children, by number: the order in which they were forked, unless numbers wrapped around.
    pub children: Vec<Child>,
    /// The inodes of the pipes that it can read and a child can write.
    pub from_children: Vec<u64>,
}

/// A child of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// Its number.
    pub pid: u32,
    /// The inodes of the pipes that its parent can write and, of all the children, it alone can read.
    pub from_parent: Vec<u64>,
}

impl Family {
    /// Looks at the tables of a process and of its children. Those that we may not read, or no more, show
    /// no pipe.
    ///
    /// # Errors
    /// As [`Snapshot::take`](super::Snapshot::take).
    pub fn of(parent: u32) -> Result<Self, ViewError> {
        process::check_proc()?;
        let mut pids = Vec::new();
        for pid in process::all()? {
            if process::stat(pid)?.is_some_and(|stat| stat.parent == parent) {
                pids.push(pid);
            }
        }
        let (readable, writable) = ends(parent)?;
        let mut from_children = Vec::new();
        let mut readers: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
        for &pid in &pids {
            let (reads, writes) = ends(pid)?;
            for inode in reads.into_iter().filter(|inode| writable.contains(inode)) {
                readers.entry(inode).or_default().push(pid);
            }
            let back = writes.into_iter().filter(|inode| readable.contains(inode));
            from_children.extend(back);
        }
        from_children.sort_unstable();
        from_children.dedup();
        let only_for = |pid| {
            let pipes = readers.iter().filter(move |(_, readers)| readers[..] == [pid]);
            pipes.map(|(inode, _)| *inode).collect()
        };
        let children = pids.iter().map(|&pid| Child { pid, from_parent: only_for(pid) }).collect();
        Ok(Self { children, from_children })
    }
}

/// The inodes of the pipes that a process can read, and of those that it can write.
fn ends(pid: u32) -> Result<(Vec<u64>, Vec<u64>), ViewError> {
    let mut ends = (Vec::new(), Vec::new());
    let is_pipe = |target: &Target| matches!(target, Target::Pipe(_));
    let ProcRead::Here(table) = process::table(pid, is_pipe)? else { return Ok(ends) };
    for entry in table {
        let Target::Pipe(inode) = entry.target else { continue };
        match entry.access {
            Access::Read => ends.0.push(inode),
            Access::Write => ends.1.push(inode),
            Access::Both => {
                ends.0.push(inode);
                ends.1.push(inode);
            }
            Access::Neither => {}
        }
    }
    Ok(ends)
}
