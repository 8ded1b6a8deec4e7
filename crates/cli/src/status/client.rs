//! Reads the answers of running jobs, and removes the sockets of dead ones.

use super::directory;
use super::document::StatusDocument;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use std::fs;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Time for the answer of one job.
const PATIENCE: Duration = Duration::from_secs(2);

/// Longest answer, in bytes.
const LONGEST: u64 = 1 << 20;

/// A socket that no process listens at is removed when it is this old: a job binds before it listens.
const STALE: Duration = Duration::from_secs(10);

/// A job that runs.
pub(super) struct RunningJob {
    pub(super) pid: u32,
    /// Its answer; `None` if it gives none in time.
    pub(super) document: Option<StatusDocument>,
}

impl RunningJob {
    /// Whether it writes this journal.
    pub(super) fn writes(&self, journal: &Path) -> bool {
        let wanted = journal.canonicalize().ok();
        let own = self.document.as_ref().and_then(StatusDocument::journal);
        wanted.is_some() && own.and_then(|own| Path::new(own).canonicalize().ok()) == wanted
    }
}

/// All jobs of this user that have a socket, by process number.
pub(super) fn running() -> Vec<RunningJob> {
    let directories =
        directory::candidates().into_iter().filter(|path| directory::is_private(path));
    let entries = directories.filter_map(|path| fs::read_dir(path).ok()).flatten().flatten();
    let mut jobs: Vec<RunningJob> = entries.filter_map(|entry| ask(&entry.path())).collect();
    jobs.sort_by_key(|job| job.pid);
    jobs.dedup_by_key(|job| job.pid);
    jobs
}

/// Asks the job of a socket; `None` if there is no such job.
fn ask(path: &Path) -> Option<RunningJob> {
    let name = path.file_name()?.to_str()?;
    let pid: u32 = name.strip_suffix(".sock")?.parse().ok()?;
    let mut document = None;
    match connect(path) {
        Ok(mut socket) => {
            let mut answer = String::new();
            let read = socket.by_ref().take(LONGEST).read_to_string(&mut answer);
            if read.is_ok() {
                document = serde_json::from_str(&answer).ok();
            }
            if read.is_ok() && answer.is_empty() {
                // The job ended, or refuses this user.
                return None;
            }
        }
        Err(Errno::CONNREFUSED) => {
            remove_if_stale(path, pid);
            return None;
        }
        // Its queue of connections is full: it does not answer.
        Err(Errno::AGAIN) => {}
        Err(_) => return None,
    }
    Some(RunningJob { pid, document })
}

/// Connects without waiting for a job whose queue of connections is full.
fn connect(path: &Path) -> Result<UnixStream, Errno> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)?;
    let socket = UnixStream::from(socket);
    let is_ready =
        socket.set_nonblocking(false).and_then(|()| socket.set_read_timeout(Some(PATIENCE)));
    is_ready.map_err(|_| Errno::IO)?;
    Ok(socket)
}

/// Removes the socket of a process that is dead.
fn remove_if_stale(path: &Path, pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    let is_dead = pid.is_none_or(|pid| {
        rustix::process::test_kill_process(pid).is_err_and(|cause| cause == Errno::SRCH)
    });
    let age = fs::symlink_metadata(path).and_then(|found| found.modified());
    let is_old = age.is_ok_and(|since| since.elapsed().is_ok_and(|age| age > STALE));
    if is_dead || is_old {
        // Another process may have removed it.
        let _ = fs::remove_file(path);
    }
}

/// A line for each job below a line of titles.
pub(super) fn table(jobs: &[RunningJob]) -> String {
    let mut text = "pid\tdone\tfailed\trate\tleft\tworkers\tcall\n".to_owned();
    for job in jobs {
        let columns = job.document.as_ref().map(|document| document.columns().join("\t"));
        let columns = columns.unwrap_or_else(|| "does not answer\t-\t-\t-\t-\t-".to_owned());
        text += &format!("{}\t{columns}\n", job.pid);
    }
    text
}
