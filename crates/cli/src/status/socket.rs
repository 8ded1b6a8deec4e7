//! The socket of a running job: one answer for each connection of the same user, without reading a byte.
//!
//! The job never waits here. A client that does not read gets what fits the buffer of its connection, and the
//! connection is closed.

use super::directory;
use super::document::{JobDescription, StatusDocument};
use crate::plan::Plan;
use crate::report::line;
use evenly::internal::quoted;
use evenly::observe::{Status, StatusPort};
use std::cell::RefCell;
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Answers in one go, before the job looks after its workers again.
const MOST_AT_ONCE: usize = 16;

/// The socket, and what the job says of itself.
pub(crate) struct StatusSocket {
    job: JobDescription,
    /// The journal, also one that begins while the job runs.
    journal: Rc<RefCell<Option<PathBuf>>>,
    open: Option<(UnixListener, PathBuf)>,
}

impl StatusSocket {
    /// For a job that was called by these words.
    pub(crate) fn new(
        plan: &Plan,
        words: &[OsString],
        journal: Rc<RefCell<Option<PathBuf>>>,
    ) -> Self {
        let words = words.iter().map(quoted);
        let call = std::iter::once("evenly".to_owned()).chain(words).collect::<Vec<_>>().join(" ");
        let job = JobDescription {
            call,
            directory: std::env::current_dir().ok(),
            has_end: !plan.items.is_open_ended(),
            unit: plan.rerun().unit(),
        };
        Self { job, journal, open: None }
    }
}

impl StatusPort for StatusSocket {
    fn open(&mut self) -> Option<BorrowedFd<'_>> {
        let path = directory::socket_in(&directory::make()?, std::process::id());
        let listener = bind(&path).ok()?;
        self.open = Some((listener, path));
        self.open.as_ref().map(|(listener, _)| listener.as_fd())
    }

    fn answer(&mut self, status: &Status) -> bool {
        let Some((listener, _)) = &self.open else { return false };
        let document = StatusDocument::new(&self.job, self.journal.borrow().clone(), status);
        let answer = line(&document);
        for _ in 0..MOST_AT_ONCE {
            match listener.accept() {
                Ok((client, _)) => send(client, &answer),
                Err(cause) => match cause.kind() {
                    io::ErrorKind::WouldBlock => return true,
                    io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted => {}
                    // Without a descriptor for it, the connection would wake the job for ever.
                    _ => {
                        self.close();
                        return false;
                    }
                },
            }
        }
        true
    }
}

impl StatusSocket {
    fn close(&mut self) {
        if let Some((_, path)) = self.open.take() {
            // It may be gone with its directory.
            let _ = fs::remove_file(path);
        }
    }
}

impl Drop for StatusSocket {
    fn drop(&mut self) {
        self.close();
    }
}

/// Binds the socket; one that a dead process with this number left is replaced.
fn bind(path: &Path) -> io::Result<UnixListener> {
    let listener = match UnixListener::bind(path) {
        Err(cause) if cause.kind() == io::ErrorKind::AddrInUse => {
            let is_refused = |cause: io::Error| cause.kind() == io::ErrorKind::ConnectionRefused;
            // In another pid namespace a process may have the same number.
            if !UnixStream::connect(path).is_err_and(is_refused) {
                return Err(cause);
            }
            fs::remove_file(path)?;
            UnixListener::bind(path)?
        }
        bound => bound?,
    };
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Sends the answer to a process of the same user, or of root. What does not fit is lost with the connection.
fn send(mut client: UnixStream, answer: &str) {
    let own = rustix::process::geteuid();
    let peer = rustix::net::sockopt::socket_peercred(&client);
    let is_allowed = peer.is_ok_and(|peer| peer.uid == own || peer.uid.is_root());
    if is_allowed && client.set_nonblocking(true).is_ok() {
        let _ = client.write(answer.as_bytes());
    }
}
