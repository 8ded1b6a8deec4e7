//! One run of a command: started, waited for, ended; what it put out is gathered on the way.

use super::commands::Shop;
use super::errors::Gathered;
use super::memory::Appetite;
use super::{Leave, Seat};
use crate::function::{Form, MOST_OUTPUT};
use crate::process::End;
use crate::process::call::{Call, in_call};
use crate::process::command::Running;
use crate::process::sys::spawn::{Launch, Refused};
use evenly_core::frame::Unpacker;
use evenly_core::{Aggregate, Cause, Interval};
use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::Signal;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// What a command is run for.
pub(super) struct Errand {
    pub(super) numbers: Interval,
    pub(super) attempt: u32,
}

/// How often, and after which pause, something is started again that could not be just now: a program that
/// is being written, or one process too many.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// Period of looking whether processes of an ended command have ended, too.
const LOOK: Duration = Duration::from_millis(10);

/// What came of one run of a command.
pub(super) struct Executed {
    /// How the command ended, or why it was ended.
    pub(super) end: Result<End, Cause>,
    /// Its standard output.
    pub(super) output: Vec<u8>,
    /// Its standard error, which the caller passes on or drops.
    pub(super) errors: Gathered,
}

/// Time for processes of an ended command to end after they have closed its output.
const SETTLING: Duration = Duration::from_millis(50);

/// What a command left in its process group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeftBehind {
    /// Processes that held its output after the grace.
    HoldsOutput,
    /// Processes that hold none of its output.
    Silent,
}

/// How its time is counted: in so many parts, and no more of one however long it seems to have been. Then we
/// were stopped meanwhile.
const TICKS: u32 = 8;

/// What a command may still take.
pub(super) struct Timer {
    limit: Option<Duration>,
    spent: Duration,
    looked: Instant,
}

impl Timer {
    pub(super) fn start(limit: Option<Duration>) -> Self {
        Self { limit, spent: Duration::ZERO, looked: Instant::now() }
    }

    /// How long to wait before looking at it again.
    pub(super) fn next(&self) -> Option<Duration> {
        let limit = self.limit?;
        Some((limit / TICKS).min(limit.saturating_sub(self.spent)).max(Duration::from_micros(100)))
    }

    /// Whether the time is over.
    pub(super) fn is_over(&mut self) -> bool {
        let Some(limit) = self.limit else { return false };
        let passed = self.looked.elapsed();
        self.looked += passed;
        self.spent += passed.min(limit / TICKS + Duration::from_millis(10));
        self.spent >= limit
    }
}

/// A command at work, with the ends of its pipes that are ours.
struct AtWork {
    running: Running,
    output: Option<OwnedFd>,
    errors: Option<OwnedFd>,
}

impl Seat<'_> {
    /// Runs a command to its end: how it ended, and what it wrote. A command that has to end gets `SIGTERM`, the
    /// grace, then `SIGKILL`, with its process group. After the command itself has ended, reads what its group
    /// still writes, for the grace at most. If the worker has to leave meanwhile, `shop.leaving` says so, and the
    /// cause is [`Cause::Unknown`] unless the command had ended.
    pub(super) fn execute(
        &mut self,
        errand: &Errand,
        unpacker: &mut Unpacker,
        shop: &mut Shop,
    ) -> Result<Executed, Leave> {
        let mut appetite = Appetite::watch(shop);
        let mut at_work = self.start(errand, unpacker, shop)?;
        let mut output = Vec::new();
        let mut errors = Gathered::default();
        let mut timer = Timer::start(shop.timeout);
        let mut failed: Option<Cause> = None;
        // Whether the command itself has ended, and whether its process group was asked to end.
        let (mut has_ended, mut is_asked) = (false, false);
        // Since when the group holds no pipe; and what it was ended for after the command.
        let mut silent_since: Option<Instant> = None;
        let mut left_behind: Option<LeftBehind> = None;
        loop {
            let AtWork { running, output: out, errors: err } = &mut at_work;
            let ends = [
                (!has_ended).then(|| running.as_fd()),
                err.as_ref().map(AsFd::as_fd),
                out.as_ref().map(AsFd::as_fd),
            ];
            let watched = ends.map(|end| end.map(|end| (end, PollFlags::IN)));
            let look = (silent_since.is_some() || (has_ended && is_asked)).then_some(LOOK);
            let next = [timer.next(), appetite.as_ref().map(Appetite::next), look];
            let next = next.into_iter().flatten().min();
            let mut is_to_end = false;
            let [ended, erred, has_output] = match self.wait(unpacker, shop, watched, next) {
                Ok(found) => found,
                Err(why @ (Leave::Abandoned | Leave::Asked)) => {
                    shop.leaving = Some(why);
                    is_to_end = !running.has_ended().map_err(in_call(Call::WAITID))?;
                    if is_to_end {
                        failed.get_or_insert(Cause::Unknown);
                    }
                    [PollFlags::empty(); 3]
                }
                Err(why) => return Err(why),
            };
            if !erred.is_empty() {
                err.take_if(|err| errors.read(err) == Read::End);
            }
            if !has_output.is_empty() && read_into(out, &mut output)? == Read::End {
                *out = None;
            }
            if output.len() > MOST_OUTPUT {
                failed.get_or_insert(Cause::Flood);
                is_to_end = true;
                // Other processes that hold the pipe get SIGPIPE.
                *out = None;
            }
            if !has_ended {
                has_ended = (!ended.is_empty() || shop.leaving.is_some())
                    && running.has_ended().map_err(in_call(Call::WAITID))?;
                if has_ended && !is_asked {
                    timer = Timer::start(Some(shop.grace));
                }
            }
            if failed.is_none() && appetite.as_mut().is_some_and(|it| it.is_too_large(running)) {
                failed = Some(Cause::Memory);
                is_to_end = true;
            }
            let is_silent = out.is_none() && err.is_none();
            if has_ended && (is_asked || is_silent) && !running.has_left_others() {
                break;
            }
            if has_ended && is_silent && !is_asked {
                // A filter closes its output just before it ends.
                let since = *silent_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= SETTLING {
                    (left_behind, is_to_end) = (Some(LeftBehind::Silent), true);
                }
            }
            if timer.is_over() {
                if is_asked {
                    running.signal(Signal::KILL);
                    if has_ended {
                        break;
                    }
                    timer = Timer::start(Some(shop.grace));
                } else if has_ended {
                    (left_behind, is_to_end) = (Some(LeftBehind::HoldsOutput), true);
                } else {
                    failed.get_or_insert(Cause::Timeout);
                    is_to_end = true;
                }
            }
            if is_to_end && !is_asked {
                is_asked = true;
                running.ask_to_end(shop.grace);
                timer = Timer::start(Some(shop.grace));
            }
        }
        let running = &mut at_work.running;
        let end = running.end().map_err(in_call(Call::WAITID))?.unwrap_or(End::Signal(0));
        if let Some(what) = left_behind {
            shop.note_left_behind(errand.numbers, what);
        }
        if failed.is_none() && shop.has_hit_the_wall() {
            failed = Some(Cause::Memory);
        }
        if let (Some(appetite), Some(Cause::Memory)) = (&appetite, failed) {
            appetite.clear_away(shop);
        }
        // What the group wrote before it ended is in the pipes. Processes outside of it may still hold them.
        if let Some(err) = &at_work.errors {
            errors.read(err);
        }
        while output.len() <= MOST_OUTPUT && read_into(&at_work.output, &mut output)? == Read::Some
        {
        }
        if output.len() > MOST_OUTPUT {
            failed.get_or_insert(Cause::Flood);
            output.truncate(MOST_OUTPUT);
        }
        Ok(Executed { end: failed.map_or(Ok(end), Err), output, errors })
    }

    fn start(
        &mut self,
        errand: &Errand,
        unpacker: &mut Unpacker,
        shop: &mut Shop,
    ) -> Result<AtWork, Leave> {
        let aggregate = self.worker.tally().aggregate();
        let is_heard = match (shop.command.form(), aggregate) {
            (_, Aggregate::Failures) => false,
            (Form::PerNumber, aggregate) => !aggregate.wants_truth(),
            _ => true,
        };
        let output = if is_heard { Some(pipe_from()?) } else { None };
        let errors = pipe_from()?;
        let to = output.as_ref().map(|(_, to)| to.as_fd());
        let ends = (None, to, errors.1.as_fd());
        let running = self.start_with(errand, ends, unpacker, shop)?;
        Ok(AtWork { running, output: output.map(|(from, _)| from), errors: Some(errors.0) })
    }

    /// Starts a command with these as its standard input, output and error; `None` is /dev/null.
    pub(super) fn start_with(
        &mut self,
        errand: &Errand,
        (input, output, errors): (Option<BorrowedFd<'_>>, Option<BorrowedFd<'_>>, BorrowedFd<'_>),
        unpacker: &mut Unpacker,
        shop: &mut Shop,
    ) -> Result<Running, Leave> {
        let command = std::rc::Rc::clone(&shop.command);
        let program = command.program_for(errand.numbers).map_err(in_call(Call::EXECVE))?;
        let arguments = command.arguments_for(errand.numbers);
        let variables = command.variables_for(errand.numbers, shop.slot + 1, errand.attempt);
        let launch = Launch {
            program: &program,
            arguments: &arguments,
            environment: [command.environment(), &variables],
            input,
            // Our standard input is /dev/null, open for both.
            output: output.unwrap_or(rustix::stdio::stdin()),
            errors,
            mask: shop.mask,
        };
        let mut tries = 0;
        loop {
            tries += 1;
            let (call, cause) = match Running::start(&mut shop.launcher, &launch) {
                Ok(running) => return Ok(running),
                Err(Refused::Program(cause)) => (Call::EXECVE, cause),
                Err(Refused::Process(cause)) => (Call::CLONE, cause),
            };
            let is_passing = matches!(cause, Errno::AGAIN | Errno::NOMEM | Errno::TXTBSY);
            if !is_passing || tries >= TRIES {
                return Err(Leave::Failed(call, cause));
            }
            self.wait(unpacker, shop, [], Some(PAUSE))?;
        }
    }
}

/// A pipe from a command: the end to read from, which does not block, and the end to write to.
pub(super) fn pipe_from() -> Result<(OwnedFd, OwnedFd), Leave> {
    let (from, to) = pipe_with(PipeFlags::CLOEXEC).map_err(in_call(Call::PIPE))?;
    // Set on this end alone: the other one's flags are the command's business.
    rustix::io::ioctl_fionbio(&from, true).map_err(in_call(Call::PIPE))?;
    Ok((from, to))
}

/// What came of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    Some,
    /// There is nothing now.
    Nothing,
    /// There is nothing any more.
    End,
}

/// Reads once.
pub(super) fn read_some(from: impl AsFd, bytes: &mut Vec<u8>) -> Result<Read, Leave> {
    bytes.reserve(16 << 10);
    let mut read = || rustix::io::read(&from, rustix::buffer::spare_capacity(bytes));
    match rustix::io::retry_on_intr(&mut read) {
        Ok(0) => Ok(Read::End),
        Ok(_) => Ok(Read::Some),
        Err(Errno::AGAIN) => Ok(Read::Nothing),
        Err(cause) => Err(Leave::Failed(Call::READ, cause)),
    }
}

/// The same of a pipe that may be closed already.
fn read_into(from: &Option<OwnedFd>, bytes: &mut Vec<u8>) -> Result<Read, Leave> {
    from.as_ref().map_or(Ok(Read::End), |from| read_some(from, bytes))
}
