//! The environment variable by which a second start of a program knows for which call it was made.

use super::occurrence::Occurrence;
use crate::process::sys::relaunched::adopt_socket;
use rustix::fs::{fstat, stat};
use rustix::process::{getpid, getppid};
use rustix::rand::{GetRandomFlags, getrandom};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::OnceLock;

/// Its name.
pub(super) const VARIABLE: &str = "EVENLY_SECOND_START";

/// The program of this process. The link leads to the file that runs, even if another has taken its path.
pub(super) const PROGRAM: &str = "/proc/self/exe";

/// The call for which this process was started, and the channel to the process that made it.
pub(super) struct Wanted {
    pub(super) occurrence: Occurrence,
    pub(super) channel: OwnedFd,
    /// The [random number](chance) of that process.
    chance: u64,
}

/// What the variable says to a second start that `channel` leads to; `None` if /proc is not there.
///
/// Children of the second start inherit the variable. Another parent, another program, or a descriptor that is not
/// this socket shows that it is not meant for them.
pub(super) fn token(channel: &OwnedFd, occurrence: &Occurrence) -> Option<String> {
    let (socket, program) = (fstat(channel).ok()?, stat(PROGRAM).ok()?);
    Some(format!(
        "{} {} {} {} {} {} {} {} {}",
        getpid().as_raw_nonzero(),
        channel.as_raw_fd(),
        socket.st_ino,
        program.st_dev,
        program.st_ino,
        occurrence.before,
        occurrence.request,
        chance(),
        occurrence.place
    ))
}

/// A random number, which is the same in a second start of this program.
pub(crate) fn chance() -> u64 {
    static CHANCE: OnceLock<u64> = OnceLock::new();
    *CHANCE.get_or_init(|| match wanted() {
        Some(wanted) => wanted.chance,
        None => {
            let mut bytes = [0; 8];
            // Without random numbers of the kernel, any number that varies.
            match getrandom(&mut bytes, GetRandomFlags::empty()) {
                Ok(8) => u64::from_ne_bytes(bytes),
                _ => std::process::id().into(),
            }
        }
    })
}

/// The call for which this process was started, if it is a second start.
pub(super) fn wanted() -> Option<&'static Wanted> {
    static WANTED: OnceLock<Option<Wanted>> = OnceLock::new();
    WANTED.get_or_init(|| parsed(std::env::var(VARIABLE).ok()?.as_str())).as_ref()
}

fn parsed(token: &str) -> Option<Wanted> {
    let mut words = token.splitn(9, ' ');
    let mut number = || words.next()?.parse::<u64>().ok();
    let (parent, descriptor, inode) = (number()?, number()?, number()?);
    let (device, file, before, request) = (number()?, number()?, number()?, number()?);
    let chance = number()?;
    let place = words.next()?.to_owned();
    let program = stat(PROGRAM).ok()?;
    let is_ours = getppid()
        .is_some_and(|pid| u64::try_from(pid.as_raw_nonzero().get()) == Ok(parent))
        && (program.st_dev, program.st_ino) == (device, file);
    let channel = is_ours.then(|| adopt_socket(descriptor.try_into().ok()?, inode))??;
    Some(Wanted { occurrence: Occurrence { place, before, request }, channel, chance })
}
