//! Starts this program once more, for one call, and waits until it has reached the call.

use super::error::RelaunchError;
use super::helper::Helper;
use super::occurrence::Occurrence;
use super::outcome::{self, OutcomeReader, Process, channel, tag};
use super::token::{self, PROGRAM, VARIABLE};
use super::{descriptors, libtest};
use crate::error::{Error, cannot_start};
use crate::process::ProcessEnd;
use crate::process::sys::spawn::{Launch, Launcher, SpawnError};
use crate::process::sys::{SignalSet, block_signals};
use evenly_core::printable;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{FileType, Mode, OFlags, fcntl_setfl, fstat, major, minor, open};
use rustix::io::Errno;
use std::ffi::{CString, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;

/// The least number of the channel's descriptor, so that descriptors which the program expects at low numbers stay there.
const HIGH: i32 = 200;

/// Bytes of standard error that an error shows, and that are kept for it.
const SHOWN: usize = 300;
const KEPT: usize = 8192;

/// Starts the program again; the outcome of its job, once it has reached the call.
///
/// The program gets the arguments and the environment with which this process was started, or the arguments for one
/// test. Until it reaches the call, its standard output goes to /dev/null, and the end of its standard error is
/// kept for the error.
pub(super) fn start(call: &Occurrence, threads: u64) -> Result<OutcomeReader, Error> {
    let arguments = libtest::arguments().ok_or_else(|| RelaunchError::NotInTestThread {
        call: call.to_string(),
        threads,
        thread: None,
    })?;
    let (ours, theirs) = channel()?;
    // With a low limit on descriptors any number does.
    let theirs = match rustix::io::fcntl_dupfd_cloexec(&theirs, HIGH) {
        Ok(high) => high,
        Err(_) => theirs,
    };
    descriptors::send(&ours, b"o", &[rustix::stdio::stdout(), rustix::stdio::stderr()])
        .map_err(cannot_start("sendmsg"))?;
    let token = token::token(&theirs, call)
        .ok_or(Errno::NOENT)
        .map_err(cannot_start("stat /proc/self/exe"))?;
    let (errors, their_errors) =
        rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(cannot_start("pipe2"))?;
    fcntl_setfl(&errors, OFlags::NONBLOCK).map_err(cannot_start("fcntl"))?;
    let null = file(c"/dev/null", OFlags::RDWR)?;
    let input = input(&null)?;
    let program = CString::new(PROGRAM).unwrap_or_default();
    let inherited = environment();
    let launch = Launch {
        program: &program,
        arguments: &arguments,
        environment: [
            &inherited,
            &CString::new(format!("{VARIABLE}={token}")).map_or(vec![], |text| vec![text]),
        ],
        input: Some(input.as_fd()),
        output: null.as_fd(),
        errors: their_errors.as_fd(),
        mask: block_signals(SignalSet::of(&[])).map_err(cannot_start("sigprocmask"))?,
        directory: None,
        kept: Some(theirs.as_fd()),
        stops_to_be_seen: false,
    };
    let (_, pidfd) = Launcher::new().launch(&launch).map_err(|refused| match refused {
        SpawnError::Process(cause) => cannot_start("clone")(cause),
        SpawnError::Program(cause) => cannot_start("execve /proc/self/exe")(cause),
    })?;
    drop((theirs, their_errors));
    let helper = Helper::new(pidfd);
    reached(ours, helper, &errors, call, threads)
}

/// Waits until the second start is at the call.
fn reached(
    channel: OwnedFd,
    mut helper: Helper,
    errors: &OwnedFd,
    call: &Occurrence,
    threads: u64,
) -> Result<OutcomeReader, Error> {
    let mut text = Vec::new();
    loop {
        let mut fds = [
            PollFd::new(&channel, PollFlags::IN),
            PollFd::new(&helper, PollFlags::IN),
            PollFd::new(errors, PollFlags::IN),
        ];
        rustix::io::retry_on_intr(|| poll(&mut fds, None)).map_err(cannot_start("poll"))?;
        let [is_news, has_ended] = [0, 1].map(|index| !fds[index].revents().is_empty());
        read_text(errors, &mut text);
        if is_news || has_ended {
            break;
        }
    }
    let receive = |buffer: &mut [u8]| -> Result<usize, Error> {
        outcome::receive(&channel, Some(&helper), buffer).map_err(cannot_start("read"))
    };
    let (mut head, mut count) = ([0], [0; 8]);
    let is_whole = receive(&mut head)? == 1
        && (head[0] == tag::REACHED || receive(&mut count)? == count.len());
    match head[0] {
        tag::REACHED if is_whole => Ok(OutcomeReader::new(channel, Process::Child(helper))),
        tag::OTHER if is_whole => {
            Err(RelaunchError::OtherRequest { call: call.to_string(), threads }.into())
        }
        tag::THREADS | tag::THREADS_EARLIER if is_whole => Err(RelaunchError::StillThreads {
            call: call.to_string(),
            threads,
            again: u64::from_le_bytes(count),
            is_earlier: head[0] == tag::THREADS_EARLIER,
        }
        .into()),
        _ => {
            let (call, end) = (call.to_string(), helper.end());
            // Without a test of that name, libtest succeeds.
            if end == Some(ProcessEnd::Exit(0))
                && let Some(thread) = libtest::name_of_no_test()
            {
                return Err(
                    RelaunchError::NotInTestThread { call, threads, thread: Some(thread) }.into()
                );
            }
            read_text(errors, &mut text);
            Err(RelaunchError::NotReached { call, threads, end, text: shown(&text) }.into())
        }
    }
}

/// Reads what is there and keeps the end of it.
fn read_text(errors: &OwnedFd, text: &mut Vec<u8>) {
    let mut block = [0; 4096];
    while let Ok(count @ 1..) = rustix::io::read(errors, &mut block) {
        text.extend_from_slice(&block[..count]);
        text.drain(..text.len().saturating_sub(KEPT));
    }
}

/// The last panic in standard error without its backtrace, or the end of standard error, as one line.
fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let text = text.rsplit_once("stack backtrace:").map_or(&*text, |(before, _)| before);
    let panic =
        text.rfind(" panicked at ").map(|at| text[..at].rfind('\n').map_or(0, |end| end + 1));
    let start = panic.unwrap_or_else(|| end_of(text));
    let lines: Vec<_> =
        text[start..].lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    printable(lines.join("; ").as_bytes(), SHOWN)
}

fn file(path: &std::ffi::CStr, how: OFlags) -> Result<OwnedFd, Error> {
    open(path, how | OFlags::CLOEXEC, Mode::empty()).map_err(cannot_start("open /dev/null"))
}

/// Standard input for a program that may read it before the call: the same file from its start, /dev/null for
/// /dev/null, and otherwise a directory, because a pipe or a terminal cannot be read again, and an empty input would
/// change the job without an error.
fn input(null: &OwnedFd) -> Result<OwnedFd, Error> {
    const NULL: (u32, u32) = (1, 3);
    let Ok(status) = fstat(rustix::stdio::stdin()) else { return copy(null) };
    match FileType::from_raw_mode(status.st_mode) {
        FileType::RegularFile => match file(c"/proc/self/fd/0", OFlags::RDONLY) {
            Ok(again) => Ok(again),
            Err(_) => file(c"/", OFlags::RDONLY),
        },
        FileType::CharacterDevice if (major(status.st_rdev), minor(status.st_rdev)) == NULL => {
            copy(null)
        }
        _ => file(c"/", OFlags::RDONLY),
    }
}

fn copy(descriptor: &OwnedFd) -> Result<OwnedFd, Error> {
    rustix::io::fcntl_dupfd_cloexec(descriptor, 0).map_err(cannot_start("fcntl"))
}

/// The environment with which this process was started, or that of now if /proc does not tell. What the program sets
/// before the call, it sets again.
fn environment() -> Vec<CString> {
    let at_start = std::fs::read("/proc/self/environ").unwrap_or_default();
    let variables: Vec<Vec<u8>> = if at_start.is_empty() {
        let joined =
            |(name, value): (OsString, OsString)| [name.into_vec(), value.into_vec()].join(&b'=');
        std::env::vars_os().map(joined).collect()
    } else {
        at_start.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect()
    };
    let ours = format!("{VARIABLE}=");
    let others =
        variables.into_iter().filter(|text| !text.is_empty() && !text.starts_with(ours.as_bytes()));
    others.filter_map(|text| CString::new(text).ok()).collect()
}

/// Where the last characters begin.
fn end_of(text: &str) -> usize {
    let from = text.len().saturating_sub(SHOWN);
    (from..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}
