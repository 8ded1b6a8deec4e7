//! Bytes for one agent that wait for room in its packer, so that a slow connection costs a bounded amount of memory.

use crate::error::{Error, system};
use crate::function::{Command, Form, Lines};
use crate::job::Job;
use evenly_core::frame::Packer;
use evenly_core::{Interval, Items, WorkerId};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

/// A packer with fewer bytes has room for more.
const MOST_PACKED: usize = 256 << 10;

/// Bytes that are packed at once.
const PIECE: usize = 16 << 10;

/// What waits to be packed for one agent.
#[derive(Debug, Default)]
pub(super) struct AgentFeed {
    /// How much of the supplement is packed; `None` before the first frame of the agent.
    supplement: Option<usize>,
    is_full: bool,
    /// Blocks of lines and what is not packed of each, in this order.
    parts: VecDeque<(usize, Range<u64>)>,
    /// Which blocks of lines the agent has or will get, one bit for each.
    blocks: Vec<u64>,
    /// Frames that follow the parts.
    behind: Option<Packer>,
}

/// The lines that the numbers of a job stand for.
pub(super) struct LinesToSend {
    command: Rc<Command>,
    items: Items,
}

impl LinesToSend {
    /// `None` if commands of the job need no text of a line.
    pub(super) fn of(job: &Job) -> Option<Self> {
        let command = job.function.command()?;
        let needs_texts = command.lines().is_some() && command.form() == Form::PerNumber;
        needs_texts.then(|| Self { command, items: job.items.clone() })
    }

    fn lines(&self) -> Option<&Lines> {
        self.command.lines()
    }
}

impl AgentFeed {
    /// Begins to send the supplement, if there is one; whether it does.
    pub(super) fn begin(&mut self, supplement: &[u8]) -> bool {
        let begins = self.supplement.is_none() && !supplement.is_empty();
        if begins {
            (self.supplement, self.is_full) = (Some(0), true);
        }
        begins
    }

    /// Queues the blocks of lines of these positions that the agent has not; whether something waits. Frames behind
    /// them are of at most `limit` bytes.
    pub(super) fn queue(
        &mut self,
        to_send: &LinesToSend,
        positions: impl IntoIterator<Item = Interval>,
        limit: usize,
    ) -> bool {
        let Some(lines) = to_send.lines() else { return false };
        let runs = positions.into_iter().flat_map(|positions| to_send.items.runs(positions));
        for block in runs.flat_map(|run| lines.blocks_of(run)) {
            let (word, bit) = (block / 64, 1 << (block % 64));
            if word >= self.blocks.len() {
                self.blocks.resize(word + 1, 0);
            }
            if self.blocks[word] & bit == 0 {
                self.blocks[word] |= bit;
                self.parts.push_back((block, lines.bytes_of(block)));
            }
        }
        if self.has_lines_waiting() && self.behind.is_none() {
            self.behind = Some(Packer::new(WorkerId(0), limit));
        }
        self.has_lines_waiting()
    }

    /// Whether lines wait. Then frames are packed [behind them](Self::packer_behind).
    pub(super) fn has_lines_waiting(&self) -> bool {
        !self.parts.is_empty()
    }

    /// Where frames that follow the lines are packed.
    pub(super) fn packer_behind(&mut self) -> Option<&mut Packer> {
        self.behind.as_mut()
    }

    /// Whether nothing of the supplement waits.
    pub(super) fn is_empty(&self) -> bool {
        !self.is_full
    }

    /// Whether more can be packed there.
    pub(super) fn has_room(packer: &Packer) -> bool {
        packer.len() < MOST_PACKED
    }

    /// Packs as much as there is room for; whether something still waits.
    ///
    /// # Errors
    /// If the file of lines is not what it was when the job began, or cannot be read.
    pub(super) fn fill(
        &mut self,
        packer: &mut Packer,
        supplement: &[u8],
        lines: Option<&LinesToSend>,
    ) -> Result<bool, Error> {
        if let Some(packed) = &mut self.supplement {
            while *packed < supplement.len() && Self::has_room(packer) {
                let end = supplement.len().min(*packed + PIECE);
                packer.supplement(&supplement[*packed..end]);
                *packed = end;
            }
            self.is_full = *packed < supplement.len();
        }
        if let Some(lines) = lines.and_then(LinesToSend::lines) {
            self.fill_lines(packer, lines)?;
        }
        Ok(self.is_full || self.has_lines_waiting())
    }

    fn fill_lines(&mut self, packer: &mut Packer, lines: &Lines) -> Result<(), Error> {
        let mut room = [0; PIECE];
        while let Some((block, part)) = self.parts.front_mut().filter(|_| Self::has_room(packer)) {
            let is_begun = part.start > lines.bytes_of(*block).start;
            if !is_begun && !lines.is_unchanged(*block).map_err(system("pread"))? {
                return Err(changed(lines));
            }
            let most = usize::try_from(part.end - part.start).unwrap_or(PIECE).min(PIECE);
            let count = lines.read(part.start, &mut room[..most]).map_err(|error| {
                system("pread")(Errno::from_io_error(&error).unwrap_or(Errno::IO))
            })?;
            if count == 0 {
                return Err(changed(lines));
            }
            packer.lines(part.start, &room[..count]);
            part.start += count as u64;
            if part.is_empty() {
                self.parts.pop_front();
            }
        }
        if let Some(behind) = self.behind.as_mut().filter(|_| self.parts.is_empty()) {
            behind.seal(0);
            packer.append(behind);
            behind.clear();
        }
        Ok(())
    }
}

fn changed(lines: &Lines) -> Error {
    Error::FileChanged { path: lines.named().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenly_core::WorkerId;
    use evenly_core::frame::{Body, Frame, PIPE_FRAME};

    #[test]
    fn a_supplement_is_packed_whole_and_never_more_than_there_is_room_for() {
        let supplement: Vec<u8> = (0..=250).cycle().take(1_000_000).collect();
        let mut packer = Packer::new(WorkerId(0), PIPE_FRAME);
        let mut feed = AgentFeed::default();
        assert!(feed.begin(&supplement) && !feed.begin(&supplement) && !feed.is_empty());
        let mut read = Vec::new();
        loop {
            let goes_on = feed.fill(&mut packer, &supplement, None).unwrap();
            assert!(packer.len() < MOST_PACKED + 2 * PIECE, "{}", packer.len());
            for bytes in packer.frames() {
                match Frame::whole(bytes, PIPE_FRAME).unwrap().body {
                    Body::Supplement(part) => read.extend_from_slice(part),
                    body => panic!("{body:?}"),
                }
            }
            packer.clear();
            if !goes_on {
                break;
            }
        }
        assert!(read == supplement && feed.is_empty() && !feed.begin(&supplement));
    }

    #[test]
    fn nothing_waits_for_an_agent_without_a_supplement() {
        let mut feed = AgentFeed::default();
        assert!(!feed.begin(&[]) && feed.is_empty());
    }
}
