//! The end of an agent: one peer, the primary.

use super::hello::Hello;
use super::line::{Line, Unused};
use super::outcome::{Origin, Received, Sent};
use super::socket::ROOM;
use super::sockets::{FIRST_KEY, Sockets};
use super::{LINGER_NS, READ_AT_ONCE};
use crate::transport::{Arrival, Failed, Gone, Registry, Transport, failed};
use evenly_core::datagram::{Content, Datagram};
use evenly_core::frame::Packer;

/// The only peer.
const PRIMARY: usize = 0;

/// A session with a primary, from the first hello on.
#[derive(Debug)]
pub(crate) struct Connector {
    pub(super) stage: Stage,
    pub(super) sockets: Sockets,
    pub(super) answer: Vec<u8>,
    pub(super) registry: Registry,
    /// Whether there was no room for a datagram.
    is_blocked: bool,
    /// Whether the primary was told to be gone, which ends everything with the next call: what was read
    /// is still borrowed.
    is_leaving: bool,
    room: Vec<u8>,
    /// The last time that was told.
    pub(super) now_ns: u64,
}

/// How far it is.
#[derive(Debug)]
pub(super) enum Stage {
    /// Nothing has been done.
    Beginning,
    /// The hello is said until it is answered.
    Asking(Box<Hello>),
    /// The answer is there and was not told.
    Answered { is_admitted: bool, line: Box<Line> },
    /// Frames go both ways.
    Admitted(Box<Line>),
    /// The primary is told what was packed for it, and then the end.
    Ending { line: Box<Line>, until_ns: u64 },
    /// It is over, which is to be told behind the last frames.
    Lost(Option<Box<Line>>, Gone),
    /// It is over.
    Over,
}

impl Connector {
    pub(super) fn new(registry: Registry, now_ns: u64) -> Self {
        Self {
            stage: Stage::Beginning,
            sockets: Sockets::None,
            answer: Vec::new(),
            registry,
            is_blocked: false,
            is_leaving: false,
            room: vec![0; ROOM],
            now_ns,
        }
    }

    /// Reads what has come.
    fn receive(&mut self, key: u32) -> Result<(), Failed> {
        let mut room = std::mem::take(&mut self.room);
        for _ in 0..READ_AT_ONCE {
            match self.sockets.receive(key, &mut room)? {
                Received::Datagram(length, origin) => self.hear(&room[..length], origin, key),
                Received::Nothing => break,
                Received::Hint(cause) => {
                    if let Stage::Asking(hello) = &mut self.stage {
                        hello.hint = Some(cause);
                    }
                }
            }
        }
        self.room = room;
        Ok(())
    }

    fn hear(&mut self, bytes: &[u8], origin: Origin, key: u32) {
        if matches!(origin, Origin::OtherUser) {
            return;
        }
        let Some(Datagram { session, content }) = Datagram::parse(bytes) else { return };
        let now_ns = self.now_ns;
        match content {
            Content::Hello(_) => {}
            Content::Answer(message) => self.hear_answer(session, message, key),
            Content::Sealed { counter, sealed } => {
                let (Stage::Answered { line, .. }
                | Stage::Admitted(line)
                | Stage::Ending { line, .. }) = &mut self.stage
                else {
                    return;
                };
                if !line.is_of(session) {
                    return;
                }
                let taken = line.take(counter, sealed, now_ns);
                if let Stage::Ending { line, .. } = &mut self.stage {
                    line.discard();
                }
                if let Err(Unused::Malformed(malformed)) = taken {
                    self.lose(Gone::Malformed(malformed));
                }
            }
        }
    }

    /// Sends what there is to send, as far as there is room.
    fn write(&mut self) -> Result<(), Failed> {
        let now_ns = self.now_ns;
        let (Stage::Admitted(line) | Stage::Ending { line, .. }) = &mut self.stage else {
            return Ok(());
        };
        let (mut is_full, mut broken) = (false, None);
        while let Some(datagram) = line.datagram(now_ns) {
            match self.sockets.send(datagram) {
                Sent::Away(_) => line.sent(),
                Sent::Full => {
                    is_full = true;
                    break;
                }
                Sent::Gone(cause) => {
                    broken = Some(cause);
                    break;
                }
            }
        }
        let is_over = line.is_over();
        if is_full != self.is_blocked {
            self.is_blocked = is_full;
            self.sockets.watch(&self.registry, is_full).map_err(failed("epoll_ctl"))?;
        }
        if let Some(cause) = broken {
            // What it sent before may wait to be read.
            self.receive(FIRST_KEY)?;
            self.lose(Gone::Broken(cause));
        }
        if is_over && matches!(self.stage, Stage::Ending { .. }) {
            self.finish();
        }
        Ok(())
    }

    fn finish(&mut self) {
        self.sockets.forget(&self.registry);
        self.stage = Stage::Over;
    }

    /// The primary is gone; its last frames are told before.
    pub(super) fn lose(&mut self, why: Gone) {
        self.sockets.forget(&self.registry);
        self.stage = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Beginning | Stage::Asking(_) => Stage::Lost(None, why),
            Stage::Answered { line, .. } | Stage::Admitted(line) => Stage::Lost(Some(line), why),
            stage @ Stage::Lost(..) => stage,
            Stage::Ending { .. } | Stage::Over => Stage::Over,
        };
    }
}

impl Connector {
    fn tell_answer(&mut self) -> Option<Arrival<'_>> {
        let stage = std::mem::replace(&mut self.stage, Stage::Over);
        let Stage::Answered { is_admitted, line } = stage else { return None };
        if is_admitted {
            self.stage = Stage::Admitted(line);
        } else {
            self.sockets.forget(&self.registry);
            self.stage = Stage::Lost(None, Gone::EndOfFile);
        }
        Some(Arrival::Answer { is_admitted, answer: &self.answer })
    }

    fn tell_frame(&mut self) -> Option<Arrival<'_>> {
        let Self { stage, is_leaving, .. } = self;
        let (Stage::Admitted(line) | Stage::Lost(Some(line), _)) = stage else { return None };
        match line.next_frame()? {
            Ok(frame) => Some(Arrival::Frame { peer: Some(PRIMARY), frame }),
            Err(malformed) => {
                *is_leaving = true;
                Some(Arrival::Gone { peer: PRIMARY, why: Gone::Malformed(malformed) })
            }
        }
    }
}

impl Drop for Connector {
    fn drop(&mut self) {
        // Closing a descriptor takes it out of epoll only if no child holds a copy (epoll(7)).
        self.sockets.forget(&self.registry);
    }
}

impl Transport for Connector {
    #[inline]
    fn packer(&mut self, peer: usize) -> Option<&mut Packer> {
        debug_assert_eq!(peer, PRIMARY);
        match &mut self.stage {
            Stage::Admitted(line) => Some(&mut line.packer),
            _ => None,
        }
    }

    fn flush(&mut self, now_ns: u64) -> Result<(), Failed> {
        self.now_ns = now_ns;
        if self.is_blocked { Ok(()) } else { self.write() }
    }

    fn attend(&mut self, key: u32, now_ns: u64) -> Result<(), Failed> {
        self.now_ns = now_ns;
        self.receive(key)?;
        self.write()
    }

    fn next(&mut self) -> Option<Arrival<'_>> {
        if std::mem::take(&mut self.is_leaving) {
            self.finish();
        }
        let why = match &self.stage {
            Stage::Answered { .. } => return self.tell_answer(),
            Stage::Admitted(line) | Stage::Lost(Some(line), _) if line.has_frame() => {
                return self.tell_frame();
            }
            Stage::Admitted(line) if line.is_at_end() => Gone::EndOfFile,
            Stage::Lost(_, why) => *why,
            _ => return None,
        };
        self.finish();
        Some(Arrival::Gone { peer: PRIMARY, why })
    }

    fn keep_time(&mut self, now_ns: u64) -> Result<(), Failed> {
        self.now_ns = now_ns;
        match &self.stage {
            Stage::Asking(_) => self.say_hello(),
            Stage::Admitted(line) if line.silent_ns() <= now_ns => {
                self.lose(Gone::Silent);
                Ok(())
            }
            Stage::Ending { until_ns, .. } if *until_ns <= now_ns => {
                self.finish();
                Ok(())
            }
            _ => self.write(),
        }
    }

    fn next_due_ns(&self) -> Option<u64> {
        let dues = match &self.stage {
            Stage::Asking(hello) => [Some(hello.due_ns()), None],
            Stage::Admitted(line) => [line.due_ns(), Some(line.silent_ns())],
            Stage::Ending { line, until_ns } => [line.due_ns(), Some(*until_ns)],
            _ => [None; 2],
        };
        dues.into_iter().flatten().min()
    }

    fn close(&mut self, peer: usize) {
        debug_assert_eq!(peer, PRIMARY);
        let until_ns = self.now_ns + LINGER_NS;
        self.stage = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Admitted(mut line) | Stage::Answered { mut line, is_admitted: true } => {
                line.end();
                Stage::Ending { line, until_ns }
            }
            stage @ Stage::Ending { .. } => stage,
            _ => {
                self.sockets.forget(&self.registry);
                Stage::Over
            }
        };
    }

    fn is_lingering(&self) -> bool {
        matches!(self.stage, Stage::Ending { .. })
    }
}
