//! Files of unix sockets: which process may replace the file of which, and which files are left at the end.

use super::unix_file::{UnixFile, new_socket};
use super::{Address, ListenError};
use crate::scratch::Scratch;
use rustix::fs::Mode;
use rustix::net::{SocketAddrUnix, SocketType};
use std::path::Path;

fn address(directory: &Scratch) -> Address {
    format!("unix:{}", directory.path("socket").display()).parse().unwrap()
}

fn leave_stale_file(path: &Path, kind: SocketType) {
    rustix::net::bind(new_socket(kind).unwrap(), &SocketAddrUnix::new(path).unwrap()).unwrap();
}

const KINDS: [SocketType; 2] = [SocketType::STREAM, SocketType::DGRAM];

#[test]
fn a_private_file_that_is_removed_at_the_end() {
    let directory = Scratch::new("unix-removed");
    for kind in KINDS {
        let file = UnixFile::bind(&address(&directory), kind).unwrap();
        let stat = rustix::fs::lstat(directory.path("socket")).unwrap();
        assert_eq!(Mode::from_raw_mode(stat.st_mode), Mode::from_raw_mode(0o600));
        assert_eq!(directory.names(), ["socket", "socket.lock"]);
        drop(file);
        assert_eq!(directory.names(), [""; 0]);
    }
}

#[test]
fn a_stale_file_is_replaced_and_a_living_one_is_not() {
    let directory = Scratch::new("unix-stale");
    for (stale, kind) in KINDS.into_iter().zip(KINDS.into_iter().rev()) {
        // As left by a process that was killed: its lock file is there and not held.
        leave_stale_file(&directory.path("socket"), stale);
        std::fs::write(directory.path("socket").with_extension("lock"), "").unwrap();
        let first = UnixFile::bind(&address(&directory), kind).unwrap();
        let error = UnixFile::bind(&address(&directory), kind).unwrap_err();
        assert!(matches!(error, ListenError::InUse { .. }), "{error}");
        let said = error.to_string();
        assert!(said.contains("socket: another process") && said.contains("another path"));
        drop(first);
        UnixFile::bind(&address(&directory), kind).unwrap();
    }
}

#[test]
fn what_another_program_has_there_stays() {
    let directory = Scratch::new("unix-others");
    // It listens without our lock, and its queue may be full or of another type.
    let other = new_socket(SocketType::STREAM).unwrap();
    rustix::net::bind(&other, &SocketAddrUnix::new(directory.path("socket")).unwrap()).unwrap();
    rustix::net::listen(&other, 0).unwrap();
    for kind in [SocketType::STREAM, SocketType::STREAM, SocketType::STREAM, SocketType::DGRAM] {
        let error = UnixFile::bind(&address(&directory), kind).unwrap_err();
        assert!(matches!(error, ListenError::InUse { .. }), "{error}");
    }
    std::fs::remove_file(directory.path("socket")).unwrap();
    // A file is never removed, nor what a link leads to.
    std::fs::write(directory.path("socket"), "text").unwrap();
    let error = UnixFile::bind(&address(&directory), SocketType::STREAM).unwrap_err();
    assert!(matches!(error, ListenError::NotASocket { .. }), "{error}");
    std::fs::rename(directory.path("socket"), directory.path("text")).unwrap();
    std::os::unix::fs::symlink("text", directory.path("socket")).unwrap();
    let error = UnixFile::bind(&address(&directory), SocketType::STREAM).unwrap_err();
    assert!(matches!(error, ListenError::NotASocket { .. }), "{error}");
    assert_eq!(directory.names(), ["socket", "text"]);
}

#[test]
fn a_file_that_replaced_ours_is_not_removed() {
    let directory = Scratch::new("unix-replaced");
    let ours = UnixFile::bind(&address(&directory), SocketType::STREAM).unwrap();
    std::fs::remove_file(directory.path("socket")).unwrap();
    leave_stale_file(&directory.path("socket"), SocketType::STREAM);
    drop(ours);
    assert_eq!(directory.names(), ["socket"]);
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let address: Address = "unix:/nonexistent/socket".parse().unwrap();
    let said = UnixFile::bind(&address, SocketType::STREAM).unwrap_err().to_string();
    for word in ["unix:/nonexistent/socket", "No such file", "directory exists"] {
        assert!(said.contains(word), "{said}");
    }
}

#[test]
fn of_many_at_the_same_time_one_listens() {
    let directory = Scratch::new("unix-race");
    let holders = std::sync::atomic::AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..200 {
                    match UnixFile::bind(&address(&directory), SocketType::STREAM) {
                        Ok(file) => {
                            use std::sync::atomic::Ordering::SeqCst;
                            assert_eq!(holders.fetch_add(1, SeqCst), 0);
                            assert!(directory.path("socket").exists());
                            holders.fetch_sub(1, SeqCst);
                            drop(file);
                        }
                        Err(error) => {
                            assert!(matches!(error, ListenError::InUse { .. }), "{error}");
                        }
                    }
                }
            });
        }
    });
    assert_eq!(directory.names(), [""; 0]);
}
