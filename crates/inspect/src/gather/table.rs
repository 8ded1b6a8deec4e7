//! Descriptor tables from /proc/PID/fd.

use crate::facts::{Descriptor, Object};
use crate::gather::stat::{bracketed, field};
use evenly_core::printable::printable;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

/// The names of FIFOs and files.
pub(super) type Names = BTreeMap<Object, String>;

/// The table of a process; `None` if it may not be read.
pub(super) fn table(pid: u32, names: &mut Names) -> Option<Vec<Descriptor>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(format!("/proc/{pid}/fd")).ok()?.flatten() {
        let Some(number) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A descriptor that was closed meanwhile is no part of the table.
        let Ok(link) = fs::read_link(entry.path()) else { continue };
        let Ok(itself) = fs::symlink_metadata(entry.path()) else { continue };
        let object = object(pid, number, &link, names);
        // The permissions of the link are the access mode of the descriptor (proc_pid_fd(5)).
        let (reads, writes) = (itself.mode() & 0o400 != 0, itself.mode() & 0o200 != 0);
        all.push(Descriptor { number, reads, writes, object });
    }
    all.sort_by_key(|entry| entry.number);
    Some(all)
}

fn object(pid: u32, number: i32, link: &Path, names: &mut Names) -> Object {
    let shown = printable(link.as_os_str().as_bytes(), 200);
    let info = || fs::read_to_string(format!("/proc/{pid}/fdinfo/{number}")).unwrap_or_default();
    if let Some(inode) = bracketed(&shown, "pipe") {
        return Object::Pipe(inode);
    }
    if let Some(inode) = bracketed(&shown, "socket") {
        return Object::Socket(inode);
    }
    if let Some(kind) = shown.strip_prefix("anon_inode:") {
        return match kind {
            "[eventpoll]" => Object::Epoll,
            "[eventfd]" => {
                let id = field(&info(), "eventfd-id").and_then(|id| id.parse().ok());
                id.map_or(Object::Other(shown.clone()), Object::Event)
            }
            "[timerfd]" | "[signalfd]" | "inotify" | "[fanotify]" | "[pidfd]" => {
                Object::Kernel(kind.trim_matches(['[', ']']).to_owned())
            }
            _ => Object::Other(shown),
        };
    }
    if matches!(shown.as_str(), "/dev/ptmx" | "/dev/pts/ptmx")
        && let Some(index) = field(&info(), "tty-index")
    {
        return Object::Controller(format!("/dev/pts/{index}"));
    }
    let is_terminal = ["/dev/pts/", "/dev/tty", "/dev/console"];
    if is_terminal.iter().any(|prefix| shown.starts_with(prefix)) {
        return Object::Terminal(shown);
    }
    let Ok(file) = fs::metadata(format!("/proc/{pid}/fd/{number}")) else {
        return Object::Other(shown);
    };
    let object = if file.file_type().is_fifo() {
        Object::Fifo(file.dev(), file.ino())
    } else if file.is_file() || file.is_dir() {
        Object::File(file.dev(), file.ino())
    } else {
        return Object::Other(shown);
    };
    names.insert(object.clone(), shown);
    object
}
