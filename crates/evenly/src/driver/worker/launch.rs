//! Start of a command, with retries while the system refuses it for a moment.

use super::command_run::CommandRun;
use super::command_runner::{CommandRunner, StandardFds};
use super::early_exit::EarlyExit;
use super::session::WorkerSession;
use super::wait::wait;
use crate::process::command::Running;
use rustix::io::Errno;
use std::time::Duration;

/// Most attempts to start a command, and the pause between two of them. An attempt fails for a moment when another
/// process is writing the program file (ETXTBSY), or when there are too many processes (EAGAIN, ENOMEM).
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// Starts a command. Handles frames during the pauses.
pub(super) fn launch(
    session: &mut WorkerSession<'_>,
    runner: &mut CommandRunner,
    run: &CommandRun,
    fds: StandardFds<'_>,
) -> Result<Running, EarlyExit> {
    let mut tries = 0;
    loop {
        tries += 1;
        let (call, cause) = match runner.start(run, fds) {
            Ok(running) => return Ok(running),
            Err(failed) => failed,
        };
        let is_momentary = matches!(cause, Errno::AGAIN | Errno::NOMEM | Errno::TXTBSY);
        if !is_momentary || tries >= TRIES {
            return Err(EarlyExit::Failed(call, cause));
        }
        wait(session, runner, [], Some(PAUSE))?;
    }
}
