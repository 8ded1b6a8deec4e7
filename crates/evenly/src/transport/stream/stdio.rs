//! Stdio connector: an agent's connection over two pipes or a socket, its standard input and output.

use super::frames::StreamFrames;
use super::message::{self, Message, MessageProgress};
use super::socket::Wire;
use super::{ANSWER_NS, LINGER_NS, LONGEST_HELLO};
use crate::transport::{AddressError, Arrival, Gone, Registry, Transport, TransportError, failed};
use evenly_core::frame::Packer;
use rustix::event::epoll::EventFlags;
use rustix::fs::{FileType, Mode, OFlags, fcntl_getfl, fcntl_setfl, fstat};
use rustix::io::{Errno, fcntl_dupfd_cloexec, retry_on_intr, write};
use rustix::stdio::{dup2_stdin, dup2_stdout, stderr, stdin, stdout};
use std::cell::RefCell;
use std::os::fd::OwnedFd;

/// The primary is peer 0.
const PRIMARY: usize = 0;
const INPUT_KEY: u32 = 0;
const OUTPUT_KEY: u32 = 1;

/// The lowest descriptor for a copy: workers and commands have 0 to 4.
const LOWEST: i32 = 5;

/// The two directions of a connection.
#[derive(Debug)]
pub(crate) struct StdioEnds {
    input: OwnedFd,
    /// Closed when the end is sent: a pipe has no other way to say it.
    output: RefCell<Option<OwnedFd>>,
}

impl StdioEnds {
    /// Takes the standard streams of this process away from everything else in it. From then on 0 is
    /// `/dev/null` and 1 is standard error, for this process and for those that it makes.
    ///
    /// # Errors
    /// If they are no pipes and no sockets, or a system call fails.
    pub(crate) fn take() -> Result<Self, AddressError> {
        let unusable = |call| move |cause| AddressError::stdio_unusable(call, cause);
        for stream in [stdin(), stdout()] {
            let stat = fstat(stream).map_err(unusable("fstat"))?;
            let kind = FileType::from_raw_mode(stat.st_mode);
            if !matches!(kind, FileType::Fifo | FileType::Socket) {
                return Err(AddressError::StdioIsNoConnection);
            }
        }
        let input = fcntl_dupfd_cloexec(stdin(), LOWEST).map_err(unusable("fcntl F_DUPFD"))?;
        let output = fcntl_dupfd_cloexec(stdout(), LOWEST).map_err(unusable("fcntl F_DUPFD"))?;
        let null = rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
        dup2_stdin(null.map_err(unusable("open /dev/null"))?).map_err(unusable("dup2"))?;
        dup2_stdout(stderr()).map_err(unusable("dup2"))?;
        Self::new(input, output).map_err(unusable("fcntl F_SETFL"))
    }

    /// A connection of these descriptors, which no longer block.
    pub(crate) fn new(input: OwnedFd, output: OwnedFd) -> Result<Self, Errno> {
        for end in [&input, &output] {
            fcntl_setfl(end, fcntl_getfl(end)? | OFlags::NONBLOCK)?;
        }
        Ok(Self { input, output: RefCell::new(Some(output)) })
    }
}

impl Wire for StdioEnds {
    fn input(&self) -> &OwnedFd {
        &self.input
    }

    fn send(&self, bytes: &[u8]) -> Result<usize, Errno> {
        match &*self.output.borrow() {
            // This process ignores SIGPIPE.
            Some(output) => retry_on_intr(|| write(output, bytes)),
            None => Err(Errno::PIPE),
        }
    }

    fn send_end(&self) {
        if let Some(output) = self.output.take() {
            // Where it is a socket, the input is another descriptor of it. A pipe has no such call.
            let _ = rustix::net::shutdown(&output, rustix::net::Shutdown::Write);
        }
    }
}

/// A connection to the primary that started this process.
#[derive(Debug)]
pub(crate) struct StdioConnector {
    stage: StdioStage,
    /// `None` after the end.
    ends: Option<StdioEnds>,
    frames: StreamFrames,
    answer: Vec<u8>,
    registry: Registry,
    /// Whether epoll watches the input and the output.
    watched: [bool; 2],
    /// When the stage must be over.
    due_ns: Option<u64>,
    /// The time of the last call.
    now_ns: u64,
}

/// Stage of the connection.
#[derive(Debug)]
enum StdioStage {
    /// The hello is on its way, and the answer has not arrived.
    Waiting(Message),
    /// The answer is there, and `next` has not returned it.
    Answered { is_admitted: bool },
    /// Frames go both ways.
    Admitted,
    /// The rest of the packed frames is being sent, then the end.
    Ending,
    /// It is over, and `next` has not returned that.
    Gone(Gone),
    /// It is over.
    Over,
}

impl StdioConnector {
    /// Says hello to the primary.
    pub(crate) fn connect(
        ends: StdioEnds,
        hello: &[u8],
        registry: Registry,
        now_ns: u64,
    ) -> Result<Self, TransportError> {
        debug_assert!(hello.len() <= LONGEST_HELLO);
        let mut beginning = vec![];
        message::append(&mut beginning, hello);
        let mut connector = Self {
            stage: StdioStage::Waiting(Message::new(3, LONGEST_HELLO)),
            ends: Some(ends),
            frames: StreamFrames::new(beginning),
            answer: Vec::new(),
            registry,
            watched: [false; 2],
            due_ns: Some(now_ns + ANSWER_NS),
            now_ns,
        };
        connector.write()?;
        Ok(connector)
    }

    /// Sends what is packed, and waits for what can be done next.
    fn write(&mut self) -> Result<(), TransportError> {
        let Some(ends) = &self.ends else { return Ok(()) };
        self.frames.write(ends);
        self.watch()
    }

    /// Watches each end for what can be done with it. An end that was read, or a pipe without a reader, would be ready
    /// for ever, so it is removed.
    fn watch(&mut self) -> Result<(), TransportError> {
        let Some(ends) = &self.ends else { return Ok(()) };
        let wanted = self.frames.wanted();
        let output = ends.output.borrow();
        let sides = [
            (Some(&ends.input), INPUT_KEY, EventFlags::IN),
            (output.as_ref(), OUTPUT_KEY, EventFlags::OUT),
        ];
        for ((descriptor, key, flag), watched) in sides.into_iter().zip(&mut self.watched) {
            // A closed descriptor has left epoll.
            let Some(descriptor) = descriptor else {
                *watched = false;
                continue;
            };
            match (wanted.contains(flag), *watched) {
                (true, false) => {
                    self.registry.add(descriptor, key, flag).map_err(failed("epoll_ctl"))?;
                }
                (false, true) => self.registry.remove(descriptor),
                _ => {}
            }
            *watched = wanted.contains(flag);
        }
        Ok(())
    }

    /// Closes the connection.
    fn forget_ends(&mut self) {
        if let Some(ends) = self.ends.take() {
            self.registry.remove(&ends.input);
            if let Some(output) = &*ends.output.borrow() {
                self.registry.remove(output);
            }
        }
        self.due_ns = None;
    }

    fn lose(&mut self, why: Gone) {
        self.forget_ends();
        self.stage = StdioStage::Gone(why);
    }

    /// Reads what is there of the answer.
    fn hear_answer(&mut self) {
        let (Some(ends), StdioStage::Waiting(message)) = (&self.ends, &mut self.stage) else {
            return;
        };
        let why = match message.read(&ends.input) {
            MessageProgress::More => return,
            MessageProgress::Whole => {
                let (head, body) = message.parts();
                if let word @ (0 | 1) = head[0] {
                    self.answer.extend_from_slice(body);
                    self.stage = StdioStage::Answered { is_admitted: word == 1 };
                    self.due_ns = None;
                    return;
                }
                Gone::Forged
            }
            MessageProgress::TooLong => Gone::Forged,
            MessageProgress::EndOfFile => Gone::EndOfFile,
            MessageProgress::Broken(cause) => Gone::broken(cause),
        };
        self.lose(why);
    }
}

impl Transport for StdioConnector {
    fn packer(&mut self, peer: usize) -> Option<&mut Packer> {
        debug_assert_eq!(peer, PRIMARY);
        matches!(self.stage, StdioStage::Admitted).then_some(&mut self.frames.packer)
    }

    fn flush(&mut self, now_ns: u64) -> Result<(), TransportError> {
        self.now_ns = now_ns;
        let is_wanted = !self.frames.packer.is_empty() && !self.frames.is_blocked();
        if matches!(self.stage, StdioStage::Admitted) && is_wanted { self.write() } else { Ok(()) }
    }

    fn attend(&mut self, _key: u32, now_ns: u64) -> Result<(), TransportError> {
        self.now_ns = now_ns;
        let Some(ends) = &self.ends else { return Ok(()) };
        match self.stage {
            StdioStage::Waiting(_) => {
                self.write()?;
                self.hear_answer();
                Ok(())
            }
            StdioStage::Admitted => {
                self.frames.read(ends);
                self.write()
            }
            StdioStage::Ending => {
                if self.frames.is_ended(ends) {
                    self.forget_ends();
                    self.stage = StdioStage::Over;
                }
                self.watch()
            }
            StdioStage::Answered { .. } | StdioStage::Gone(_) | StdioStage::Over => Ok(()),
        }
    }

    fn next(&mut self) -> Option<Arrival<'_>> {
        let Self { stage, frames, .. } = self;
        let why = match *stage {
            StdioStage::Answered { is_admitted } => {
                *stage = if is_admitted {
                    StdioStage::Admitted
                } else {
                    StdioStage::Gone(Gone::EndOfFile)
                };
                return Some(Arrival::Answer { is_admitted, answer: &self.answer });
            }
            StdioStage::Admitted if !frames.has_news() => return None,
            StdioStage::Admitted => match frames.gone() {
                Some(why) => why,
                None => match frames.unpacker.next_frame() {
                    Ok(frame) => {
                        return frame.map(|frame| Arrival::Frame { peer: Some(PRIMARY), frame });
                    }
                    Err(malformed) => Gone::Malformed(malformed),
                },
            },
            StdioStage::Gone(why) => why,
            StdioStage::Waiting(_) | StdioStage::Ending | StdioStage::Over => return None,
        };
        *stage = StdioStage::Over;
        // The ends are closed with the next call: what was read from them is still borrowed here.
        self.due_ns = Some(0);
        Some(Arrival::Gone { peer: PRIMARY, why })
    }

    fn keep_time(&mut self, now_ns: u64) -> Result<(), TransportError> {
        self.now_ns = now_ns;
        if self.due_ns.is_some_and(|due_ns| due_ns <= now_ns) {
            match self.stage {
                StdioStage::Waiting(_) => self.lose(Gone::Silent),
                _ => self.forget_ends(),
            }
        }
        Ok(())
    }

    /// What `next` has to return is due at once.
    fn next_due_ns(&self) -> Option<u64> {
        match self.stage {
            StdioStage::Answered { .. } | StdioStage::Gone(_) => Some(0),
            _ => self.due_ns,
        }
    }

    fn close(&mut self, _peer: usize) {
        match (&self.stage, &self.ends) {
            (StdioStage::Admitted, Some(ends)) => {
                self.frames.begin_end(ends);
                self.stage = StdioStage::Ending;
                self.due_ns = Some(self.now_ns + LINGER_NS);
                // Should epoll refuse, then the time limit ends it.
                let _ = self.watch();
            }
            (StdioStage::Ending, _) => {}
            _ => {
                self.forget_ends();
                self.stage = StdioStage::Over;
            }
        }
    }

    fn is_lingering(&self) -> bool {
        matches!(self.stage, StdioStage::Ending) && self.ends.is_some()
    }
}

impl Drop for StdioConnector {
    /// A process that was just forked may hold copies of the descriptors, and then epoll would go on reporting them.
    fn drop(&mut self) {
        self.forget_ends();
    }
}
