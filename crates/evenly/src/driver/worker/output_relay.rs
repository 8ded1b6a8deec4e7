//! Relay of the standard output of an ended command to the primary, before the answer of its numbers.
//!
//! Output up to 16 MiB goes with the answer. What is in a file goes in parts, as far as the worker has credit: a worker
//! whose output is not read waits here.

use super::command_output::CommandOutput;
use super::command_runner::CommandRunner;
use super::early_exit::EarlyExit;
use super::session::WorkerSession;
use super::stderr_relay::named;
use super::wait::wait;
use crate::function::MOST_OUTPUT;
use crate::process::system_call::SystemCall;
use evenly_core::Interval;
use rustix::io::Errno;
use std::io::{Read, Seek};

/// Bytes that are read from the file at once.
const PART: usize = 64 << 10;

/// Passes on what does not go with the answer. A worker that has to exit gets no credit any more: it passes on at most
/// [`MOST_OUTPUT`] bytes of the file, and a line on standard error says how much is left out.
pub(super) fn pass_on_output(
    session: &mut WorkerSession<'_>,
    runner: &mut CommandRunner,
    output: &mut CommandOutput,
    numbers: Interval,
) -> Result<(), EarlyExit> {
    output.pass_last_line(session, false)?;
    let is_exiting = runner.is_exiting();
    let mut tags = runner.command().line_tags(numbers);
    let Some((file, len)) = output.file_to_pass_on() else { return Ok(()) };
    let most = if is_exiting { MOST_OUTPUT as u64 } else { u64::MAX };
    let in_file = |error: std::io::Error| {
        EarlyExit::Failed(
            SystemCall::OUTPUT_FILE,
            Errno::from_io_error(&error).unwrap_or(Errno::IO),
        )
    };
    file.rewind().map_err(in_file)?;
    let mut part = vec![0; PART];
    let mut rest = file.take(most.min(len));
    loop {
        let count = rest.read(&mut part).map_err(in_file)?;
        while !is_exiting && !session.worker().has_credit() {
            wait(session, runner, [], None)?;
        }
        let text = if count == 0 { tags.end().to_vec() } else { tags.add(&part[..count]) };
        session.worker().pass_text(&text, true);
        session.send_at_once()?;
        if count == 0 {
            break;
        }
    }
    if let Some(left_out @ 1..) = len.checked_sub(most) {
        let of = named(numbers);
        let message =
            format!("evenly: {left_out} more bytes of output for {of} left out: the run ends\n");
        runner.stderr().write(message.as_bytes());
    }
    Ok(())
}
