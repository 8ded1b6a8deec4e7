//! A running coprocess: its process, its pipes, and the chunks that it has not answered yet.

use super::command_pipes::{PipeRead, pipe_from_command, pipe_to_command, read_some};
use super::command_run::CommandRun;
use super::command_runner::CommandRunner;
use super::early_exit::EarlyExit;
use super::launch::launch;
use super::memory_watch::MemoryWatch;
use super::session::WorkerSession;
use super::stderr_relay::CapturedStderr;
use crate::function::MOST_OUTPUT;
use crate::process::ProcessEnd;
use crate::process::command::Running;
use crate::process::system_call::{SystemCall, in_call};
use evenly_core::Interval;
use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::process::Pid;
use std::collections::VecDeque;
use std::io::Write;
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// Time for a coprocess to end after it has closed its input or its output, or after end of file.
pub(super) const GRACE: Duration = Duration::from_millis(500);

/// The coprocess printed a line for which it has read no chunk. Later answers can no longer be matched to chunks.
pub(super) const UNASKED: EarlyExit = EarlyExit::Failed(SystemCall::ANSWER, Errno::PROTO);

/// A chunk that was written to the coprocess and has no answer yet.
struct Asked {
    chunk: Interval,
    /// Position in the input of the coprocess after the line of the chunk.
    end: u64,
}

/// A running coprocess with the worker's ends of its pipes.
pub(super) struct Coprocess {
    running: Running,
    input: OwnedFd,
    output: OwnedFd,
    errors: Option<OwnedFd>,
    captured: CapturedStderr,
    /// Chunks without an answer, in the order of their lines.
    asked: VecDeque<Asked>,
    /// Bytes of input made for it.
    input_made: u64,
    /// Bytes of input that it had read when it last printed something.
    input_taken: u64,
    /// Bytes that are made and not written.
    to_write: Vec<u8>,
    /// Bytes that were read, of which the first `used` are done.
    read: Vec<u8>,
    used: usize,
    /// When the worker found its output closed: it will never answer.
    output_closed: Option<Instant>,
    /// When the worker found its input closed: it reads no more chunks.
    input_closed: Option<Instant>,
    memory: Option<MemoryWatch>,
    /// Number of its answers in the tally.
    answers: u64,
}

impl Coprocess {
    /// Starts a coprocess. Its environment has the numbers and the attempt of `run`.
    pub(super) fn start(
        session: &mut WorkerSession<'_>,
        runner: &mut CommandRunner,
        run: &CommandRun,
    ) -> Result<Self, EarlyExit> {
        let (from, input) = pipe_to_command()?;
        let (output, to) = pipe_from_command()?;
        let (errors, err) = pipe_from_command()?;
        let fds = (Some(from.as_fd()), Some(to.as_fd()), err.as_fd());
        let memory = MemoryWatch::start(runner.memory_limit());
        let running = launch(session, runner, run, fds)?;
        Ok(Self {
            running,
            input,
            output,
            errors: Some(errors),
            captured: CapturedStderr::default(),
            asked: VecDeque::new(),
            input_made: 0,
            input_taken: 0,
            to_write: Vec::new(),
            read: Vec::new(),
            used: 0,
            output_closed: None,
            input_closed: None,
            memory,
            answers: 0,
        })
    }

    pub(super) fn pid(&self) -> Option<Pid> {
        self.running.pid()
    }

    /// Adds the line of a chunk to its input.
    pub(super) fn ask(&mut self, chunk: Interval) {
        let (start, end) = (chunk.first(), i128::from(chunk.last()) + 1);
        let before = self.to_write.len();
        // A write to a vector does not fail.
        let _ = writeln!(self.to_write, "{start} {end}");
        self.input_made += (self.to_write.len() - before) as u64;
        self.asked.push_back(Asked { chunk, end: self.input_made });
    }

    /// As [`ask`](Self::ask), unless the chunk is waiting for its answer already.
    pub(super) fn ask_once(&mut self, chunk: Interval) {
        if !self.asked.iter().any(|asked| asked.chunk == chunk) {
            self.ask(chunk);
        }
    }

    /// The chunks without an answer, in the order in which it gets them.
    pub(super) fn unanswered(&self) -> impl ExactSizeIterator<Item = Interval> + '_ {
        self.asked.iter().map(|asked| asked.chunk)
    }

    /// Number of its answers in the tally.
    pub(super) fn answers(&self) -> u64 {
        self.answers
    }

    /// Counts an answer that is in the tally.
    pub(super) fn count_answer(&mut self) {
        self.answers += 1;
    }

    /// Writes as much input as the pipe has room for.
    pub(super) fn write(&mut self) -> Result<(), EarlyExit> {
        let mut written = 0;
        while written < self.to_write.len() {
            match rustix::io::write(&self.input, &self.to_write[written..]) {
                Ok(count) => written += count,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                Err(Errno::PIPE) => {
                    self.note_closed_input();
                    break;
                }
                Err(cause) => return Err(EarlyExit::Failed(SystemCall::WRITE, cause)),
            }
        }
        self.to_write.drain(..written);
        Ok(())
    }

    /// Notes that no process can read its input any more.
    pub(super) fn note_closed_input(&mut self) {
        self.input_closed.get_or_insert_with(Instant::now);
    }

    /// What to wait for: its end, its standard error, its output, and room in its input.
    pub(super) fn watched(&self) -> [Option<(BorrowedFd<'_>, PollFlags)>; 4] {
        // poll(2) always reports `POLLERR`: no process can read the input any more.
        let wanted = if self.to_write.is_empty() { PollFlags::empty() } else { PollFlags::OUT };
        let room = self.input_closed.is_none().then(|| (self.input.as_fd(), wanted));
        [
            Some((self.running.as_fd(), PollFlags::IN)),
            self.errors.as_ref().map(|errors| (errors.as_fd(), PollFlags::IN)),
            self.output_closed.is_none().then(|| (self.output.as_fd(), PollFlags::IN)),
            room,
        ]
    }

    /// Reads its output once; whether it had printed something.
    pub(super) fn read_answers(&mut self) -> Result<bool, EarlyExit> {
        self.read.drain(..self.used);
        self.used = 0;
        let read = read_some(&self.output, &mut self.read)?;
        match read {
            // It cannot have answered the input that is still in the pipe.
            PipeRead::Data => {
                let unread =
                    rustix::io::ioctl_fionread(&self.input).map_err(in_call(SystemCall::READ))?;
                self.input_taken = self.input_made - self.to_write.len() as u64 - unread;
            }
            PipeRead::EndOfFile => drop(self.output_closed.get_or_insert_with(Instant::now)),
            PipeRead::Empty => {}
        }
        Ok(read == PipeRead::Data)
    }

    /// The next answer in the bytes that were read: its chunk, and the place of its line.
    ///
    /// # Errors
    /// [`UNASKED`] if it printed the line before it had read a chunk for it.
    pub(super) fn next_answer(&mut self) -> Result<Option<(Interval, Range<usize>)>, EarlyExit> {
        let unused = &self.read[self.used..];
        let Some(len) = unused.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
        let line = self.used..self.used + len + 1;
        self.used = line.end;
        match self.asked.pop_front() {
            Some(asked) if asked.end <= self.input_taken => Ok(Some((asked.chunk, line))),
            _ => Err(UNASKED),
        }
    }

    /// The bytes of an answer, until the next read.
    pub(super) fn line(&self, place: Range<usize>) -> &[u8] {
        &self.read[place]
    }

    /// Whether the line that it is printing is longer than an answer may be.
    pub(super) fn has_flooded(&self) -> bool {
        self.read.len() - self.used > MOST_OUTPUT
    }

    /// Whether a whole line is read and not done.
    pub(super) fn has_line(&self) -> bool {
        self.read[self.used..].contains(&b'\n')
    }

    /// Time until the next measurement of its memory, if that is limited.
    pub(super) fn next_memory_check(&self) -> Option<Duration> {
        self.memory.as_ref().map(MemoryWatch::next)
    }

    pub(super) fn is_above_memory_limit(&mut self) -> bool {
        self.memory.as_mut().is_some_and(|memory| memory.is_above_limit(&self.running))
    }

    /// Whether it has closed its output, or its input before it had read the first chunk without an answer.
    pub(super) fn has_closed_a_pipe(&self) -> bool {
        self.output_closed.is_some() || self.reads_no_more()
    }

    /// Whether that happened more than [`GRACE`] ago. Until then it is about to end, and the way it ends is a better
    /// cause of the failure.
    pub(super) fn is_closed_for_good(&self) -> bool {
        let is_long_ago = |since: Instant| since.elapsed() >= GRACE;
        self.output_closed.is_some_and(is_long_ago)
            || (self.input_closed.is_some_and(is_long_ago) && self.reads_no_more())
    }

    /// Whether it has closed its input before it had read the whole line of the first chunk without an answer.
    pub(super) fn reads_no_more(&self) -> bool {
        if self.input_closed.is_none() {
            return false;
        }
        let unread = rustix::io::ioctl_fionread(&self.input).unwrap_or(0);
        let taken = self.input_made - self.to_write.len() as u64 - unread;
        self.asked.front().is_some_and(|asked| asked.end > taken)
    }

    /// Whether it has printed something although all chunks are answered.
    pub(super) fn has_printed_more(&mut self) -> bool {
        self.asked.is_empty() && (self.read_answers().is_err() || self.used < self.read.len())
    }

    /// How it has ended, if it has. Reads the rest of its output first, which may contain an answer.
    pub(super) fn end(&mut self) -> Result<Option<ProcessEnd>, EarlyExit> {
        let end = self.running.end().map_err(in_call(SystemCall::WAITID))?;
        if end.is_some() {
            while !self.has_flooded() && self.read_answers()? {}
        }
        Ok(end)
    }

    /// Passes on whole lines of its standard error.
    pub(super) fn relay_errors(&mut self, runner: &mut CommandRunner, numbers: Interval) {
        if let Some(errors) = &self.errors
            && self.captured.read(errors) == PipeRead::EndOfFile
        {
            self.errors = None;
        }
        runner.pass_on(self.captured.take_lines(), numbers);
    }

    /// Closes its input, and waits for its end for at most [`GRACE`], if it has answered all chunks. Then it must
    /// print nothing more.
    ///
    /// # Errors
    /// [`UNASKED`] if it does.
    pub(super) fn close(mut self, runner: &mut CommandRunner) -> Result<(), EarlyExit> {
        let mut outcome = Ok(());
        let is_idle = self.asked.is_empty();
        let numbers = Interval::single(0);
        let (closed, _) = pipe_from_command()?;
        drop(std::mem::replace(&mut self.input, closed));
        let began = Instant::now();
        while is_idle && began.elapsed() < GRACE && !matches!(self.running.end(), Ok(Some(_))) {
            self.relay_errors(runner, numbers);
            std::thread::sleep(Duration::from_micros(500));
        }
        if is_idle && self.has_printed_more() {
            outcome = Err(UNASKED);
        }
        self.dismiss(runner, numbers, false);
        outcome
    }

    /// Sends `SIGTERM` to its process group, and waits for the end of all processes in it for at most the grace.
    pub(super) fn end_in_grace(&mut self, runner: &mut CommandRunner, numbers: Interval) {
        let began = Instant::now();
        let grace = runner.grace();
        self.running.ask_to_end(grace);
        while began.elapsed() < grace
            && (matches!(self.running.has_ended(), Ok(false)) || self.running.has_left_others())
        {
            self.relay_errors(runner, numbers);
            // Its answers do not count any more, but a full pipe would keep it from ending.
            self.read.clear();
            self.used = 0;
            let _ = read_some(&self.output, &mut self.read);
            std::thread::sleep(Duration::from_millis(1));
        }
        self.relay_errors(runner, numbers);
    }

    /// Ends it with its process group; kills the other processes that it started, if it had too much memory. Returns
    /// the number of chunks without an answer besides `numbers`.
    pub(super) fn dismiss(
        mut self,
        runner: &mut CommandRunner,
        numbers: Interval,
        has_too_much_memory: bool,
    ) -> usize {
        self.end_in_grace(runner, numbers);
        let _ = self.running.kill();
        if let Some(errors) = &self.errors {
            self.captured.read(errors);
        }
        runner.pass_on(self.captured, numbers);
        // This kills what is left of its group.
        drop(self.running);
        if let Some(memory) = self.memory.filter(|_| has_too_much_memory) {
            memory.kill_left_behind(runner.orphans());
        }
        self.asked.len().saturating_sub(1)
    }
}
