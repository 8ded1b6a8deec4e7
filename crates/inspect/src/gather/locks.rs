//! Which processes hold a lock for which another waits.

use crate::facts::{Activity, Facts, Object};
use std::collections::BTreeSet;
use std::fs;

/// Adds the holders of each lock that a thread waits for.
pub(super) fn add_holders(facts: &mut Facts) {
    let threads = facts.processes.values().flat_map(|process| &process.threads);
    let wanted: BTreeSet<Object> = threads
        .filter_map(|thread| match &thread.does {
            Activity::FileLock { object, .. } => Some(object.clone()),
            _ => None,
        })
        .collect();
    for object in wanted {
        let mut holders = BTreeSet::new();
        for (&pid, process) in &facts.processes {
            for entry in process.table.iter().flatten().filter(|entry| entry.object == object) {
                let path = format!("/proc/{pid}/fdinfo/{}", entry.number);
                let info = fs::read_to_string(path).unwrap_or_default();
                if info.lines().any(|line| line.starts_with("lock:") && !line.contains("->")) {
                    holders.insert(pid);
                }
            }
        }
        if holders.is_empty() {
            let table = fs::read_to_string("/proc/locks").unwrap_or_default();
            let found = table.lines().filter_map(|line| holder(line, &object));
            holders.extend(found.filter(|pid| facts.processes.contains_key(pid)));
        }
        if let Some(channel) = facts.channels.get_mut(&object) {
            channel.lock_holders = holders;
        }
    }
}

/// The holder in a line of proc_locks(5), if it is about this file and holds the lock.
fn holder(line: &str, object: &Object) -> Option<u32> {
    let Object::File(device, inode) = object else { return None };
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    if words.get(1) == Some(&"->") {
        return None;
    }
    let pid = words.get(4)?.parse().ok()?;
    let mut place = words.get(5)?.split(':');
    let mut number = |radix| u64::from_str_radix(place.next().unwrap_or(""), radix).ok();
    let (major, minor, found) = (number(16)?, number(16)?, number(10)?);
    let is_it = found == *inode
        && major == u64::from(rustix::fs::major(*device))
        && minor == u64::from(rustix::fs::minor(*device));
    is_it.then_some(pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiting_line_names_no_holder() {
        let file = Object::File(rustix::fs::makedev(0xfe, 1), 77);
        assert_eq!(holder("1: FLOCK  ADVISORY  WRITE 12 fe:01:77 0 EOF", &file), Some(12));
        assert_eq!(holder("1: -> FLOCK  ADVISORY  WRITE 12 fe:01:77 0 EOF", &file), None);
        assert_eq!(holder("1: FLOCK  ADVISORY  WRITE 12 fe:01:78 0 EOF", &file), None);
    }
}
