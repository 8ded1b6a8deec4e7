//! Everybody who has said hello to a primary: by number, by session, and by what is due.

use super::line::Line;
use crate::secure::noise::Responder;
use crate::transport::Gone;
use rustix::io::Errno;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

/// Somebody who has said hello.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) session: u64,
    pub(super) place: Place,
    pub(super) stage: Stage,
    /// Until something sealed has come.
    pub(super) opening: Option<Box<Opening>>,
    /// When somebody must look at it.
    alarm_ns: Option<u64>,
    /// Whether it stands in the queue of those who have something to tell.
    is_queued: bool,
    /// Whether something was packed for it since the last flush.
    pub(super) is_dirty: bool,
    /// Whether there was no room for a datagram to it.
    pub(super) is_blocked: bool,
}

/// Where somebody is.
#[derive(Debug)]
pub(super) enum Place {
    /// From where the newest valid datagram of the session came.
    Network(SocketAddr),
    /// A socket that is connected to the file of the agent.
    File(OwnedFd, PathBuf),
}

/// What must be known to answer a hello that comes again.
#[derive(Debug)]
pub(super) struct Opening {
    /// The hello as it was sent, and the datagram that answers it, if there is one yet.
    pub(super) message: Vec<u8>,
    pub(super) answer: Vec<u8>,
    /// When it is too late for something sealed.
    pub(super) until_ns: u64,
}

/// How far somebody is.
#[derive(Debug)]
pub(super) enum Stage {
    /// It is to be admitted or refused.
    Asking {
        hello: Vec<u8>,
        /// The handshake, where there is one.
        responder: Option<Box<Responder>>,
        /// Whether the hello was told.
        is_told: bool,
    },
    /// Frames go both ways.
    Admitted(Box<Line>),
    /// Nothing can be sent to it. What it has sent is still to be read.
    Broken(Box<Line>, Errno),
    /// It was refused, and may ask for the answer again.
    Refused,
    /// It is told what was packed for it, and then the end.
    Ending { line: Box<Line>, until_ns: u64 },
    /// It is gone, which is to be told behind its last frames.
    Lost(Option<Box<Line>>, Gone),
    /// Nothing more is to be told.
    Over,
}

impl Peer {
    pub(super) fn line(&mut self) -> Option<&mut Line> {
        match &mut self.stage {
            Stage::Admitted(line) | Stage::Ending { line, .. } => Some(line),
            _ => None,
        }
    }

    /// When somebody must look at it next.
    pub(super) fn due_ns(&self) -> Option<u64> {
        let opening_ns = self.opening.as_ref().map(|opening| opening.until_ns);
        let dues = match &self.stage {
            Stage::Asking { .. } | Stage::Refused => [opening_ns, None, None],
            Stage::Admitted(line) => [opening_ns, line.due_ns(), Some(line.silent_ns())],
            Stage::Ending { line, until_ns } => [line.due_ns(), Some(*until_ns), None],
            Stage::Broken(..) | Stage::Over => [Some(0), None, None],
            Stage::Lost(..) => [None; 3],
        };
        dues.into_iter().flatten().min()
    }

    /// Whether it has something to tell.
    pub(super) fn has_news(&self) -> bool {
        match &self.stage {
            Stage::Asking { is_told, .. } => !is_told,
            Stage::Admitted(line) => line.has_news(),
            Stage::Lost(..) => true,
            Stage::Broken(..) | Stage::Refused | Stage::Ending { .. } | Stage::Over => false,
        }
    }
}

/// All of them. A number is given again once it is free.
#[derive(Debug, Default)]
pub(super) struct Peers {
    slots: Vec<Option<Peer>>,
    free: Vec<u32>,
    sessions: HashMap<u64, u32>,
    alarms: BTreeSet<(u64, u32)>,
    /// Who may have something to tell. Some may have gone since.
    queue: VecDeque<u32>,
    /// Those of whom nothing sealed has come, in the order in which they came.
    opening: VecDeque<u32>,
    /// How many are told the end.
    ending: usize,
}

impl Peers {
    /// Adds somebody who asks to be admitted.
    pub(super) fn add(
        &mut self,
        session: u64,
        place: Place,
        stage: Stage,
        opening: Opening,
    ) -> u32 {
        let number = self.free.pop().unwrap_or(self.slots.len() as u32);
        let peer = Peer {
            session,
            place,
            stage,
            opening: Some(Box::new(opening)),
            alarm_ns: None,
            is_queued: false,
            is_dirty: false,
            is_blocked: false,
        };
        match self.slots.get_mut(number as usize) {
            Some(slot) => *slot = Some(peer),
            None => self.slots.push(Some(peer)),
        }
        self.sessions.insert(session, number);
        self.opening.push_back(number);
        self.arrange(number);
        self.queue(number);
        number
    }

    pub(super) fn get(&self, number: u32) -> Option<&Peer> {
        self.slots.get(number as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Peer> {
        self.slots.get_mut(number as usize)?.as_mut()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Peer> {
        self.slots.iter().flatten()
    }

    /// Whose session it is, as long as there is one.
    pub(super) fn of_session(&self, session: u64) -> Option<u32> {
        self.sessions.get(&session).copied()
    }

    /// The next stage of somebody; the one before.
    pub(super) fn advance(&mut self, number: u32, stage: Stage) -> Option<Stage> {
        let peer = self.slots.get_mut(number as usize)?.as_mut()?;
        self.ending += usize::from(matches!(stage, Stage::Ending { .. }));
        let before = std::mem::replace(&mut peer.stage, stage);
        self.ending -= usize::from(matches!(before, Stage::Ending { .. }));
        self.arrange(number);
        self.queue(number);
        Some(before)
    }

    /// Something sealed has come, or nothing is waited for: the hello need not be answered again.
    pub(super) fn finish_opening(&mut self, number: u32) {
        if let Some(peer) = self.get_mut(number)
            && peer.opening.take().is_some()
        {
            self.opening.retain(|opening| *opening != number);
        }
    }

    /// Takes somebody out. Its number is free from now on.
    pub(super) fn remove(&mut self, number: u32) -> Option<Peer> {
        self.finish_opening(number);
        let peer = self.slots.get_mut(number as usize)?.take()?;
        if let Some(alarm_ns) = peer.alarm_ns {
            self.alarms.remove(&(alarm_ns, number));
        }
        self.ending -= usize::from(matches!(peer.stage, Stage::Ending { .. }));
        self.sessions.remove(&peer.session);
        self.free.push(number);
        Some(peer)
    }

    /// Sees to it that somebody is looked at in time. An alarm that is too early is left: it is put right
    /// when it is given, and most are not for long.
    pub(super) fn arrange(&mut self, number: u32) {
        let Some(Some(peer)) = self.slots.get_mut(number as usize) else { return };
        let Some(due_ns) = peer.due_ns() else { return };
        if peer.alarm_ns.is_some_and(|alarm_ns| alarm_ns <= due_ns) {
            return;
        }
        if let Some(alarm_ns) = peer.alarm_ns.replace(due_ns) {
            self.alarms.remove(&(alarm_ns, number));
        }
        self.alarms.insert((due_ns, number));
    }

    /// The next alarm that is due. It must be arranged again.
    pub(super) fn next_alarm(&mut self, now_ns: u64) -> Option<u32> {
        let (alarm_ns, number) = *self.alarms.first()?;
        if alarm_ns > now_ns {
            return None;
        }
        self.alarms.pop_first();
        if let Some(peer) = self.get_mut(number) {
            peer.alarm_ns = None;
        }
        Some(number)
    }

    pub(super) fn next_alarm_ns(&self) -> Option<u64> {
        self.alarms.first().map(|(alarm_ns, _)| *alarm_ns)
    }

    /// Notes that somebody may have something to tell.
    pub(super) fn queue(&mut self, number: u32) {
        let Some(Some(peer)) = self.slots.get_mut(number as usize) else { return };
        if !peer.is_queued && peer.has_news() {
            peer.is_queued = true;
            self.queue.push_back(number);
        }
    }

    /// The first who has something to tell.
    pub(super) fn first_with_news(&mut self) -> Option<u32> {
        while let Some(number) = self.queue.front().copied() {
            match self.get_mut(number) {
                Some(peer) if peer.is_queued && peer.has_news() => return Some(number),
                Some(peer) => peer.is_queued = false,
                None => {}
            }
            self.queue.pop_front();
        }
        None
    }

    /// Who has waited longest without having sent anything sealed, if there are so many of them.
    pub(super) fn oldest_of(&self, most: usize) -> Option<u32> {
        self.opening.front().filter(|_| self.opening.len() >= most).copied()
    }

    pub(super) fn has_ending(&self) -> bool {
        self.ending > 0
    }
}
