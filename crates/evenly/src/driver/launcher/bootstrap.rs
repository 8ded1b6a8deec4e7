//! Dialogue with the shell on another machine, until the agent there begins: lines in, the script and files out.

use crate::launch::Bootstrap;
use evenly_core::printable::{LIMIT, printable};
use rustix::event::epoll::EventFlags;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;

/// Lines of the dialogue begin with this.
const MARK: &[u8] = b"evenly-launch ";

/// Most bytes that are read before the agent begins: what a login shell prints counts as well.
const MOST_READ: usize = 64 << 10;

/// Bytes that are read or sent at once.
const PIECE: usize = 64 << 10;

/// The dialogue with one machine.
#[derive(Debug)]
pub(super) struct BootstrapSession {
    socket: OwnedFd,
    bootstrap: Bootstrap,
    sending: Option<Sending>,
    /// The beginning of a line whose end has not arrived.
    partial: Vec<u8>,
    read: usize,
}

/// What is being sent, and how much of it was sent.
#[derive(Clone, Copy, Debug)]
struct Sending {
    source: Source,
    offset: u64,
}

#[derive(Clone, Copy, Debug)]
enum Source {
    Script,
    File(usize),
}

/// What the other machine says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Nothing new, or nothing for the caller.
    Nothing,
    /// Something for the user.
    Note(String),
    /// The agent begins, and the rest of the connection is its own.
    Join,
    /// It cannot work for the job.
    Stop(String),
    /// It cannot now.
    Fail(String),
}

impl BootstrapSession {
    pub(super) fn new(socket: OwnedFd, bootstrap: Bootstrap) -> Self {
        Self { socket, bootstrap, sending: None, partial: Vec::new(), read: 0 }
    }

    pub(super) fn socket(&self) -> &OwnedFd {
        &self.socket
    }

    /// The connection, for the agent.
    pub(super) fn into_socket(self) -> OwnedFd {
        self.socket
    }

    /// What epoll watches for.
    pub(super) fn wanted(&self) -> EventFlags {
        let write = if self.sending.is_some() { EventFlags::OUT } else { EventFlags::empty() };
        EventFlags::IN | write
    }

    /// Whether the other end is closed.
    pub(super) fn is_at_end(&self) -> bool {
        let mut end = [PollFd::new(&self.socket, PollFlags::RDHUP)];
        matches!(poll(&mut end, Some(&Timespec::default())), Ok(1))
    }

    /// Sends and reads what it can, up to the first line for the caller.
    pub(super) fn go_on(&mut self) -> Said {
        if let Err(why) = self.send() {
            return Said::Fail(why);
        }
        loop {
            let line = match self.next_line() {
                Ok(Some(line)) => line,
                Ok(None) => return Said::Nothing,
                Err(said) => return said,
            };
            match self.understand(&line) {
                Said::Nothing => {}
                said => return said,
            }
            if let Err(why) = self.send() {
                return Said::Fail(why);
            }
        }
    }

    /// The next whole line, without its end. What stands behind it stays in the socket: it may be of the agent.
    fn next_line(&mut self) -> Result<Option<Vec<u8>>, Said> {
        let mut room = [0; 4096];
        loop {
            let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
            let seen = match receive(&self.socket, &mut room, flags) {
                // The exit of the program says more.
                Ok(0) | Err(Errno::AGAIN) => return Ok(None),
                Ok(count) => &room[..count],
                Err(cause) => return Err(Said::Fail(format!("recv: {cause}"))),
            };
            let end = seen.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(seen.len(), |end| end + 1);
            let taken = receive(&self.socket, &mut room[..taken], RecvFlags::DONTWAIT).unwrap_or(0);
            self.partial.extend_from_slice(&room[..taken]);
            self.read += taken;
            if self.read > MOST_READ {
                let begun = printable(&self.partial[..self.partial.len().min(LIMIT)], LIMIT);
                return Err(Said::Stop(format!(
                    "it prints more than {} KiB before an agent can begin, as '{begun}'; let its shell start-up files print \
                     nothing without a terminal",
                    MOST_READ >> 10
                )));
            }
            if self.partial.last() == Some(&b'\n') {
                self.partial.pop();
                return Ok(Some(std::mem::take(&mut self.partial)));
            }
        }
    }

    fn understand(&mut self, line: &[u8]) -> Said {
        let Some(line) = line.strip_prefix(MARK) else { return Said::Nothing };
        let (word, text) = match line.iter().position(|byte| *byte == b' ') {
            Some(space) => (&line[..space], &line[space + 1..]),
            None => (line, &[][..]),
        };
        let shown = || printable(text, LIMIT);
        match word {
            b"ready" => {
                self.sending = Some(Sending { source: Source::Script, offset: 0 });
                Said::Nothing
            }
            b"send" => {
                let files = self.bootstrap.files.iter();
                match files.clone().position(|file| file.hash.as_bytes() == text) {
                    Some(index) => {
                        self.sending = Some(Sending { source: Source::File(index), offset: 0 });
                        Said::Nothing
                    }
                    None => Said::Stop(format!("it asks for an unknown file '{}'", shown())),
                }
            }
            b"say" => Said::Note(shown()),
            b"join" => Said::Join,
            b"stop" => Said::Stop(shown()),
            _ => Said::Fail(shown()),
        }
    }

    /// Sends what there is room for.
    fn send(&mut self) -> Result<(), String> {
        let mut room = vec![0; if self.sending.is_some() { PIECE } else { 0 }];
        while let Some(Sending { source, offset }) = self.sending {
            let piece = match source {
                Source::Script => self.bootstrap.script.get(offset as usize..).unwrap_or_default(),
                Source::File(index) => {
                    let sent = &self.bootstrap.files[index];
                    let left = sent.length.saturating_sub(offset).min(PIECE as u64) as usize;
                    let read = sent.file.read_at(&mut room[..left], offset);
                    let read =
                        read.map_err(|error| format!("cannot read a file for it: {error}"))?;
                    if read == 0 && left > 0 {
                        return Err("a file for it became shorter while it was copied".to_owned());
                    }
                    &room[..read]
                }
            };
            if piece.is_empty() {
                self.sending = None;
                break;
            }
            let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
            let sent = rustix::io::retry_on_intr(|| rustix::net::send(&self.socket, piece, flags));
            match sent {
                Ok(count) => self.sending = Some(Sending { source, offset: offset + count as u64 }),
                Err(Errno::AGAIN) => break,
                // Nothing reads it any more. Why is what it printed, or the exit of the program.
                Err(_) => self.sending = None,
            }
        }
        Ok(())
    }
}

fn receive(socket: impl AsFd, room: &mut [u8], flags: RecvFlags) -> Result<usize, Errno> {
    let received =
        rustix::io::retry_on_intr(|| rustix::net::recv(socket.as_fd(), &mut *room, flags));
    received.map(|(count, _)| count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::SentFile;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;
    use std::rc::Rc;

    /// A session whose script is `script`, with a file of 300 000 bytes, and the other end.
    fn session() -> (BootstrapSession, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        // Tests of one process run at the same time: each has a file of its own, without a name.
        let file = rustix::fs::memfd_create("sent", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
        let mut file = std::fs::File::from(file);
        file.write_all(&[7; 300_000]).unwrap();
        let file = SentFile { hash: "abc".to_owned(), file, length: 300_000 };
        let bootstrap = Bootstrap { script: Rc::from(&b"script"[..]), files: Rc::new([file]) };
        (BootstrapSession::new(ours.into(), bootstrap), theirs)
    }

    #[test]
    fn a_machine_gets_the_script_and_the_files_that_it_asks_for() {
        let (mut session, mut theirs) = session();
        theirs.write_all(b"Welcome!\nevenly-launch ready\n").unwrap();
        assert_eq!(session.go_on(), Said::Nothing);
        let mut script = [0; 6];
        theirs.read_exact(&mut script).unwrap();
        assert_eq!(&script, b"script");
        theirs.write_all(b"evenly-launch say no \x1b[31m\nevenly-launch send a").unwrap();
        assert_eq!(session.go_on(), Said::Note(r"no \x1b[31m".to_owned()));
        assert_eq!(session.go_on(), Said::Nothing);
        theirs.write_all(b"bc\n").unwrap();
        let mut file = vec![0; 300_000];
        let mut got = 0;
        while got < file.len() {
            assert_eq!(session.go_on(), Said::Nothing);
            got += theirs.read(&mut file[got..]).unwrap();
        }
        assert!(file.iter().all(|byte| *byte == 7));
        theirs.write_all(b"evenly-launch join\nhello").unwrap();
        assert_eq!(session.go_on(), Said::Join);
        let mut rest = [0; 5];
        UnixStream::from(session.into_socket()).read_exact(&mut rest).unwrap();
        assert_eq!(&rest, b"hello");
    }

    #[test]
    fn a_machine_that_cannot_work_says_why() {
        let (mut session, mut theirs) = session();
        theirs.write_all(b"evenly-launch stop wrong machine\nevenly-launch fail full\n").unwrap();
        assert_eq!(session.go_on(), Said::Stop("wrong machine".to_owned()));
        assert_eq!(session.go_on(), Said::Fail("full".to_owned()));
        theirs.write_all(b"evenly-launch send xyz\n").unwrap();
        assert!(matches!(session.go_on(), Said::Stop(why) if why.contains("'xyz'")));
    }

    #[test]
    fn a_flood_before_the_agent_begins_is_given_up() {
        let (mut session, mut theirs) = session();
        let writer = std::thread::spawn(move || {
            let _ = theirs.write_all(&vec![b'x'; 1 << 20]);
        });
        let said = loop {
            match session.go_on() {
                Said::Nothing => {}
                said => break said,
            }
        };
        assert!(matches!(said, Said::Stop(why) if why.contains("64 KiB")));
        drop(session);
        writer.join().unwrap();
    }
}
