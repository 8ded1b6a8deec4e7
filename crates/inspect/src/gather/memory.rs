//! Arguments of a system call that lie in the memory of the process: paths, addresses, lists of descriptors.

use std::fs::File;
use std::os::unix::fs::FileExt;

/// Most descriptors that are read of one poll(2) or select(2).
const MOST: u64 = 4096;

/// The memory of a process (proc_pid_mem(5)). Reading it does not stop the process.
pub(super) struct Memory(Option<File>);

impl Memory {
    pub(super) fn of(pid: u32) -> Self {
        Self(File::open(format!("/proc/{pid}/mem")).ok())
    }

    fn read(&self, address: u64, length: u64) -> Option<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(length).ok()?];
        self.0.as_ref()?.read_exact_at(&mut bytes, address).ok()?;
        Some(bytes)
    }

    pub(super) fn word(&self, address: u64) -> Option<u32> {
        let bytes = self.read(address, 4)?;
        Some(u32::from_ne_bytes(*bytes.first_chunk()?))
    }

    pub(super) fn long(&self, address: u64) -> Option<u64> {
        let bytes = self.read(address, 8)?;
        Some(u64::from_ne_bytes(*bytes.first_chunk()?))
    }

    /// A text that ends with a zero.
    pub(super) fn text(&self, address: u64) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        for at in 0..4096 {
            // Byte by byte: the next page may not exist.
            match self.read(address.checked_add(at)?, 1)?.first()? {
                0 => return Some(text),
                byte => text.push(*byte),
            }
        }
        None
    }

    /// The name in a `sockaddr_un`, as sock_diag(7) gives it.
    pub(super) fn unix_name(&self, address: u64, length: u64) -> Option<Vec<u8>> {
        let bytes = self.read(address, length.min(110))?;
        let family = u16::from_ne_bytes(*bytes.first_chunk()?);
        let name = bytes.get(2..)?;
        if i32::from(family) != libc::AF_UNIX || name.is_empty() {
            return None;
        }
        let end = name.iter().skip(1).position(|&byte| byte == 0).filter(|_| name[0] != 0);
        Some(name[..end.map_or(name.len(), |end| end + 1)].to_vec())
    }

    /// The descriptors of poll(2), each with the events that it waits for.
    pub(super) fn poll_set(&self, address: u64, count: u64) -> Option<Vec<(i32, u32)>> {
        if count == 0 {
            return Some(Vec::new());
        }
        let bytes = self.read(address, (count <= MOST).then_some(count * 8)?)?;
        let entry = |entry: &[u8]| {
            let fd = i32::from_ne_bytes(*entry.first_chunk()?);
            let events = u16::from_ne_bytes(*entry.get(4..)?.first_chunk()?);
            Some((fd, u32::from(events)))
        };
        let all = bytes.chunks_exact(8).filter_map(entry);
        Some(all.filter(|&(fd, _)| fd >= 0).collect())
    }

    /// The descriptors of select(2), with the events of poll(2).
    pub(super) fn select_sets(&self, count: u64, sets: [u64; 3]) -> Option<Vec<(i32, u32)>> {
        if count > MOST {
            return None;
        }
        let mut all = Vec::new();
        let events = [libc::POLLIN as u32, libc::POLLOUT as u32, libc::POLLIN as u32];
        for (address, events) in sets.into_iter().zip(events).filter(|&(address, _)| address != 0) {
            let bits = self.read(address, count.div_ceil(64) * 8)?;
            let is_set =
                |fd: u64| bits.get(fd as usize / 8).is_some_and(|byte| byte >> (fd % 8) & 1 == 1);
            all.extend((0..count).filter(|&fd| is_set(fd)).map(|fd| (fd as i32, events)));
        }
        Some(all)
    }
}
