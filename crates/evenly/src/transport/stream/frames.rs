//! Frames of one stream connection in both directions, sealed or not.

use super::receive_buffer::{MOST, MOST_IN_RECORD, ReceiveBuffer, begin_record};
use super::socket::{Wire, receive};
use crate::secure::noise::{Forged, Records, TAG};
use crate::transport::Gone;
use evenly_core::WorkerId;
use evenly_core::frame::{Malformed, PIPE_FRAME, Packer, Unpacker};
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;

/// The most that one read takes where nothing is sealed.
const READ_AT_ONCE: usize = 64 << 10;

/// Packed frames for the other end, and frames that came from it. The caller owns the socket.
#[derive(Debug)]
pub(super) struct StreamFrames {
    pub(super) packer: Packer,
    pub(super) unpacker: Unpacker,
    sealing: Option<Sealing>,
    /// What goes out before anything that is packed, from `sent` on: a message of the beginning, or
    /// records.
    out: Vec<u8>,
    sent: usize,
    /// Whether there was no room for all of it.
    is_blocked: bool,
    /// Why nothing can be sent any more.
    broken: Option<Errno>,
    /// Why nothing more is read. What was read before counts.
    over: Option<Gone>,
    end: StreamEnd,
    /// Whether the other end said its end while ours is still being said.
    has_heard_end: bool,
}

#[derive(Debug)]
struct Sealing {
    records: Records,
    received: ReceiveBuffer,
}

/// How much of the end has been said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StreamEnd {
    NotYet,
    /// Once everything packed is sent.
    Wanted,
    /// The record that says so is on its way, where there are records.
    Sealed,
    Sent,
}

impl StreamFrames {
    /// A connection that begins with these bytes.
    pub(super) fn new(beginning: Vec<u8>) -> Self {
        Self {
            packer: Packer::new(WorkerId(0), PIPE_FRAME),
            unpacker: Unpacker::new(PIPE_FRAME, READ_AT_ONCE),
            sealing: None,
            out: beginning,
            sent: 0,
            is_blocked: false,
            broken: None,
            over: None,
            end: StreamEnd::NotYet,
            has_heard_end: false,
        }
    }

    /// Seals and opens everything from now on.
    pub(super) fn seal_with(&mut self, records: Records) {
        self.sealing = Some(Sealing { records, received: ReceiveBuffer::new() });
        self.unpacker = Unpacker::new(PIPE_FRAME, MOST);
    }

    /// Whether it waits for room to send the rest.
    pub(super) fn is_blocked(&self) -> bool {
        self.is_blocked
    }

    /// What is waited for. An end that was read would be ready for ever.
    pub(super) fn wanted(&self) -> EventFlags {
        let is_read = self.over.is_none() && !self.has_heard_end;
        let read = if is_read { EventFlags::IN } else { EventFlags::empty() };
        let write = if self.is_blocked { EventFlags::OUT } else { EventFlags::empty() };
        read | write
    }

    /// Sends what is packed, as far as there is room.
    pub(super) fn write(&mut self, socket: &impl Wire) {
        self.packer.seal(0);
        if self.broken.is_none() {
            match self.write_out(socket) {
                Ok(()) => self.is_blocked = false,
                Err(Errno::AGAIN) => self.is_blocked = true,
                Err(cause) => self.broken = Some(cause),
            }
        }
        if self.broken.is_some() {
            // What arrived before is still read, and then its end says the same.
            self.packer.clear();
            self.out = Vec::new();
            self.sent = 0;
            self.is_blocked = false;
        }
    }

    fn write_out(&mut self, socket: &impl Wire) -> Result<(), Errno> {
        loop {
            let mut used = 0;
            let written = self.write_packed(socket, &mut used);
            // Once for all that went out: what is left is moved.
            self.packer.consume(used);
            written?;
            match (self.end, &mut self.sealing) {
                (StreamEnd::NotYet | StreamEnd::Sent, _) => return Ok(()),
                (StreamEnd::Wanted, Some(sealing)) => {
                    begin_record(&mut self.out, 0);
                    sealing.records.seal(&[], &mut self.out)?;
                    self.end = StreamEnd::Sealed;
                }
                (StreamEnd::Wanted | StreamEnd::Sealed, _) => {
                    socket.send_end();
                    self.end = StreamEnd::Sent;
                }
            }
        }
    }

    /// Sends what is in `out`, then what is packed; how much of the latter was used.
    fn write_packed(&mut self, socket: &impl Wire, used: &mut usize) -> Result<(), Errno> {
        let packed = self.packer.bytes();
        loop {
            while self.sent < self.out.len() {
                self.sent += socket.send(&self.out[self.sent..])?;
            }
            self.out.clear();
            self.sent = 0;
            let rest = &packed[*used..];
            if rest.is_empty() {
                return Ok(());
            }
            match &mut self.sealing {
                None => *used += socket.send(rest)?,
                Some(sealing) => {
                    let record = &rest[..rest.len().min(MOST_IN_RECORD)];
                    begin_record(&mut self.out, record.len());
                    sealing.records.seal(record, &mut self.out)?;
                    *used += record.len();
                }
            }
        }
    }

    /// Reads once, unless there is still something to tell.
    pub(super) fn read(&mut self, socket: &impl Wire) {
        if self.has_news() {
            return;
        }
        let room = match &mut self.sealing {
            None => self.unpacker.room(),
            Some(sealing) => sealing.received.room(),
        };
        match (receive(socket.input(), room), &mut self.sealing) {
            (Ok(0), _) => self.over = Some(self.end_of_file()),
            (Ok(count), None) => self.unpacker.filled(count),
            (Ok(count), Some(sealing)) => {
                sealing.received.filled(count);
                if let Err(Forged) = self.open_records() {
                    self.over = Some(Gone::Forged);
                }
            }
            (Err(Errno::AGAIN), _) => {}
            (Err(cause), _) => self.over = Some(Gone::broken(cause)),
        }
    }

    fn open_records(&mut self) -> Result<(), Forged> {
        let Some(Sealing { records, received }) = &mut self.sealing else { return Ok(()) };
        while let Some(sealed) = received.next() {
            let length = sealed.len().checked_sub(TAG).ok_or(Forged)?;
            let length = records.open(sealed, self.unpacker.room_for(length))?;
            self.unpacker.filled(length);
            if length == 0 {
                self.over = Some(Gone::EndOfFile);
                break;
            }
        }
        Ok(())
    }

    /// What the end of the stream means, where everything was read.
    fn end_of_file(&self) -> Gone {
        match self.broken {
            Some(cause) if cause != Errno::PIPE => Gone::broken(cause),
            // Any host on the path could have forged the FIN.
            _ if self.sealing.is_some() => Gone::broken(Errno::CONNRESET),
            _ => Gone::EndOfFile,
        }
    }

    /// Whether a whole frame or the end of the stream has arrived.
    pub(super) fn has_news(&self) -> bool {
        self.over.is_some() || self.unpacker.has_frame()
    }

    /// Why the other end is gone, if every frame was told.
    pub(super) fn gone(&self) -> Option<Gone> {
        match self.over {
            _ if self.unpacker.has_frame() => None,
            Some(Gone::EndOfFile) if self.unpacker.is_inside_frame() => {
                Some(Gone::Malformed(Malformed::CutOff))
            }
            over => over,
        }
    }

    /// Gives the other end up.
    pub(super) fn give_up(&mut self, why: Gone) {
        self.over.get_or_insert(why);
    }

    /// Sends the end behind everything that is packed.
    pub(super) fn begin_end(&mut self, socket: &impl Wire) {
        if self.end == StreamEnd::NotYet {
            self.end = StreamEnd::Wanted;
        }
        self.write(socket);
    }

    /// Goes on with the end; whether it is over: the other end has read everything and closed its own,
    /// or nothing can be done any more. What it still sends is read and dropped, because closing a
    /// socket with something unread takes back what was sent (RFC 1122, 4.2.2.13).
    pub(super) fn is_ended(&mut self, socket: &impl Wire) -> bool {
        self.write(socket);
        let mut dropped = [0; 16 << 10];
        for _ in 0..16 {
            match receive(socket.input(), &mut dropped) {
                Ok(0) => {
                    self.has_heard_end = true;
                    break;
                }
                Ok(_) => {}
                Err(Errno::AGAIN) => break,
                Err(_) => return true,
            }
        }
        self.broken.is_some() || (self.has_heard_end && self.end == StreamEnd::Sent)
    }
}
