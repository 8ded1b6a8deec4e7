//! A coprocess at work: its process, its pipes, and the chunks in its hands.

use super::super::Leave;
use super::super::commands::Shop;
use super::super::errand::{Read, read_some};
use super::super::errors::Gathered;
use super::super::memory::Appetite;
use crate::process::call::{Call, in_call};
use crate::process::command::Running;
use evenly_core::Interval;
use rustix::event::PollFlags;
use rustix::io::Errno;
use std::collections::VecDeque;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// A coprocess at work, with the ends of its pipes that are ours.
pub(super) struct Partner {
    pub(super) running: Running,
    pub(super) input: OwnedFd,
    pub(super) output: OwnedFd,
    pub(super) errors: Option<OwnedFd>,
    pub(super) said: Gathered,
    /// The chunks that it was asked for and has not answered, in that order; and up to which byte of its input
    /// each is asked.
    pub(super) asked: VecDeque<Interval>,
    pub(super) ends: VecDeque<u64>,
    /// How many bytes of input were made for it, and how many it had taken when it was last heard.
    pub(super) input_made: u64,
    pub(super) input_taken: u64,
    /// What is not written yet, and what is read and not used.
    pub(super) to_write: Vec<u8>,
    pub(super) read: Vec<u8>,
    pub(super) used: usize,
    pub(super) has_answered: bool,
    /// When it was found to have closed its output: it will never answer.
    pub(super) mute_since: Option<Instant>,
    /// When it was found to have closed its input: it reads no more of it.
    pub(super) deaf_since: Option<Instant>,
    /// How much memory it has, if that is limited.
    pub(super) appetite: Option<Appetite>,
    /// How many answers of it are in the tally.
    pub(super) answers: u64,
}

impl Partner {
    pub(super) fn put(&mut self, numbers: Interval) {
        let (start, end) = (numbers.first(), i128::from(numbers.last()) + 1);
        let before = self.to_write.len();
        // A vector takes everything.
        let _ = writeln!(self.to_write, "{start} {end}");
        self.input_made += (self.to_write.len() - before) as u64;
        self.asked.push_back(numbers);
        self.ends.push_back(self.input_made);
    }

    /// Writes what there is room for. Whether it still reads, its end will tell.
    pub(super) fn write(&mut self) -> Result<(), Leave> {
        let mut written = 0;
        while written < self.to_write.len() {
            match rustix::io::write(&self.input, &self.to_write[written..]) {
                Ok(count) => written += count,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                Err(Errno::PIPE) => {
                    self.deaf_since.get_or_insert_with(Instant::now);
                    break;
                }
                Err(cause) => return Err(Leave::Failed(Call::WRITE, cause)),
            }
        }
        self.to_write.drain(..written);
        Ok(())
    }

    /// What to wait for: its end, what it says on both pipes, and room in its own.
    pub(super) fn watched(&self) -> [Option<(BorrowedFd<'_>, PollFlags)>; 4] {
        // poll(2) reports `POLLERR` unasked: no process can read the input any more.
        let wanted = if self.to_write.is_empty() { PollFlags::empty() } else { PollFlags::OUT };
        let room = self.deaf_since.is_none().then(|| (self.input.as_fd(), wanted));
        [
            Some((self.running.as_fd(), PollFlags::IN)),
            self.errors.as_ref().map(|errors| (errors.as_fd(), PollFlags::IN)),
            self.mute_since.is_none().then(|| (self.output.as_fd(), PollFlags::IN)),
            room,
        ]
    }

    /// Reads once; whether something came.
    pub(super) fn read_answers(&mut self) -> Result<bool, Leave> {
        self.read.drain(..self.used);
        self.used = 0;
        let read = read_some(&self.output, &mut self.read)?;
        match read {
            // What it had not even read when it said this, it has not answered with it.
            Read::Some => {
                let unread =
                    rustix::io::ioctl_fionread(&self.input).map_err(in_call(Call::READ))?;
                self.input_taken = self.input_made - self.to_write.len() as u64 - unread;
            }
            Read::End => drop(self.mute_since.get_or_insert_with(Instant::now)),
            Read::Nothing => {}
        }
        Ok(read == Read::Some)
    }

    pub(super) fn has_too_much_memory(&mut self) -> bool {
        self.appetite.as_mut().is_some_and(|it| it.is_too_large(&self.running))
    }

    /// Whether it has closed its input before it had read all of the first line that it has not answered.
    pub(super) fn reads_no_more(&self) -> bool {
        if self.deaf_since.is_none() {
            return false;
        }
        // What it left unread is still in the pipe.
        let unread = rustix::io::ioctl_fionread(&self.input).unwrap_or(0);
        let taken = self.input_made - self.to_write.len() as u64 - unread;
        self.ends.front().is_some_and(|end| *end > taken)
    }

    pub(super) fn has_line(&self) -> bool {
        self.read[self.used..].contains(&b'\n')
    }

    /// The next line of what was read.
    pub(super) fn next_line(&mut self) -> Option<(usize, usize)> {
        let end = self.used + self.read[self.used..].iter().position(|byte| *byte == b'\n')? + 1;
        let line = (self.used, end);
        self.used = end;
        Some(line)
    }

    /// Whether it has said something that it was not asked for. Then it is not known which answer is for
    /// what.
    pub(super) fn has_said_more(&mut self) -> bool {
        self.asked.is_empty() && (self.read_answers().is_err() || self.used < self.read.len())
    }

    pub(super) fn hear_errors(&mut self, shop: &mut Shop, numbers: Interval) {
        if let Some(errors) = &self.errors
            && self.said.read(errors) == Read::End
        {
            self.errors = None;
        }
        shop.errors.put(self.said.take_lines(), numbers);
    }

    /// Ends it: `SIGTERM` to its process group, and what is left of that is killed after the grace.
    pub(super) fn end_in_grace(&mut self, shop: &mut Shop, numbers: Interval) {
        let began = Instant::now();
        self.running.ask_to_end(shop.grace);
        while began.elapsed() < shop.grace
            && (matches!(self.running.has_ended(), Ok(false)) || self.running.has_left_others())
        {
            self.hear_errors(shop, numbers);
            // Its answers are not wanted any more; it must not wait for room.
            self.read.clear();
            self.used = 0;
            let _ = read_some(&self.output, &mut self.read);
            std::thread::sleep(Duration::from_millis(1));
        }
        self.hear_errors(shop, numbers);
    }

    /// Ends it; how many other chunks it had in hand.
    pub(super) fn dismiss(mut self, shop: &mut Shop, numbers: Interval) -> usize {
        self.end_in_grace(shop, numbers);
        let _ = self.running.kill();
        if let Some(errors) = &self.errors {
            self.said.read(errors);
        }
        shop.errors.put(self.said, numbers);
        self.asked.len().saturating_sub(1)
    }
}
