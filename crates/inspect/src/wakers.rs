//! Which processes can wake a thread, and which threads no process can wake.

use crate::facts::{Activity, Call, Facts, Holders, Interest, IoWait, Object};
use std::collections::{BTreeMap, BTreeSet};

/// A thread: its process and its number.
pub type ThreadId = (u32, u32);

/// What can wake a thread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wakers {
    /// Something that is no process of the list: time, a person, the network, or what is not known.
    pub outside: Option<Outside>,
    /// Processes that can wake it.
    pub processes: BTreeSet<u32>,
}

/// What wakes a thread, other than a process that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outside {
    /// It does not wait: it computes.
    Nothing,
    /// A disk or another device.
    Disk,
    /// The other side of a network connection.
    Network,
    /// A client that connects.
    Client,
    /// A person at the terminal.
    Terminal,
    /// Time.
    Timer,
    /// A signal.
    Signal,
    /// A signal that lets it continue.
    Continue,
    /// The debugger that holds it.
    Debugger,
    /// A process that opens the other end of a FIFO.
    Partner,
    /// A process whose descriptors cannot be read, or a descriptor on its way in a message.
    Hidden,
    /// Something that /proc does not show.
    Unknown,
}

impl Wakers {
    fn outside(cause: Outside) -> Self {
        Self { outside: Some(cause), processes: BTreeSet::new() }
    }

    fn add(&mut self, other: Self) {
        self.outside = self.outside.or(other.outside);
        self.processes.extend(other.processes);
    }
}

/// What can wake a thread of process `pid` that does this.
#[must_use]
pub fn wakers(facts: &Facts, holders: &Holders<'_>, pid: u32, does: &Activity) -> Wakers {
    match does {
        Activity::Runs => Wakers::outside(Outside::Nothing),
        Activity::Disk => Wakers::outside(Outside::Disk),
        Activity::Stopped => Wakers::outside(Outside::Continue),
        Activity::Traced => Wakers::outside(Outside::Debugger),
        Activity::Sleeps => Wakers::outside(Outside::Timer),
        Activity::Signal => Wakers::outside(Outside::Signal),
        Activity::Unknown(_) => Wakers::outside(Outside::Unknown),
        Activity::OpensFifo { .. } => Wakers::outside(Outside::Partner),
        Activity::Ended => Wakers::default(),
        Activity::Io(wait) => of_io(facts, holders, wait),
        Activity::Children { only } => of_children(facts, pid, *only),
        Activity::Futex(wait) => Wakers {
            outside: if wait.is_timed {
                Some(Outside::Timer)
            } else {
                (!wait.is_private).then_some(Outside::Unknown)
            },
            processes: BTreeSet::from([pid]),
        },
        Activity::FileLock { object, .. } => {
            let known = facts.channels.get(object).map(|channel| &channel.lock_holders);
            let processes = known.cloned().unwrap_or_default();
            Wakers { outside: processes.is_empty().then_some(Outside::Hidden), processes }
        }
        Activity::Connects { listener, .. } => {
            let Some(listener) = listener else { return Wakers::outside(Outside::Network) };
            let processes: BTreeSet<u32> =
                holders.readers(listener).iter().map(|end| end.pid).collect();
            Wakers { outside: processes.is_empty().then_some(Outside::Hidden), processes }
        }
    }
}

fn of_children(facts: &Facts, parent: u32, only: Option<u32>) -> Wakers {
    let mut wakers = Wakers::default();
    for (pid, child) in facts.children(parent) {
        if only.is_some_and(|only| only != pid) {
            continue;
        }
        if child.is_zombie {
            // The wait returns with it in a moment.
            wakers.outside = Some(Outside::Nothing);
        }
        wakers.processes.insert(pid);
    }
    if wakers.processes.is_empty() {
        wakers.outside = Some(Outside::Unknown);
    }
    wakers
}

fn of_io(facts: &Facts, holders: &Holders<'_>, wait: &IoWait) -> Wakers {
    let mut wakers = Wakers::default();
    if wait.call == Call::Accept {
        wakers.outside = Some(Outside::Client);
    } else if wait.ends_by_itself {
        wakers.outside = Some(Outside::Timer);
    } else if wait.interests.is_empty() {
        let is_poll = matches!(wait.call, Call::Poll(_));
        wakers.outside = Some(if is_poll { Outside::Signal } else { Outside::Unknown });
    }
    for interest in &wait.interests {
        wakers.add(of_interest(facts, holders, interest));
    }
    wakers
}

fn of_interest(facts: &Facts, holders: &Holders<'_>, interest: &Interest) -> Wakers {
    let object = &interest.object;
    let channel = facts.channels.get(object);
    match object {
        Object::Kernel(_) => return Wakers::outside(Outside::Timer),
        Object::Epoll | Object::Other(_) | Object::File(..) => {
            return Wakers::outside(Outside::Unknown);
        }
        Object::Socket(_) => {
            let socket = channel.and_then(|channel| channel.socket.as_ref());
            if socket.is_none_or(|socket| socket.listens || socket.peer.is_none()) {
                let cause = match socket {
                    None => Outside::Unknown,
                    Some(socket) if socket.listens => Outside::Client,
                    Some(socket) if socket.kind.starts_with("unix") => Outside::Hidden,
                    Some(_) => Outside::Network,
                };
                return Wakers::outside(cause);
            }
        }
        _ => {}
    }
    let Some(source) = facts.source(object) else { return Wakers::outside(Outside::Unknown) };
    let ends = if interest.to_write { holders.readers(&source) } else { holders.writers(&source) };
    let processes: BTreeSet<u32> = ends.iter().map(|end| end.pid).collect();
    let outside = match object {
        _ if !processes.is_empty() => None,
        Object::Terminal(_) => Some(Outside::Terminal),
        _ => Some(Outside::Hidden),
    };
    Wakers { outside, processes }
}

/// Who waits for whom.
#[derive(Debug)]
pub struct Waits {
    /// What can wake each thread that has not ended.
    pub wakers: BTreeMap<ThreadId, Wakers>,
    /// The threads that no thread outside this set can wake.
    pub stuck: BTreeSet<ThreadId>,
}

impl Waits {
    /// Takes all threads that wait for processes only, and removes again and again each that a process with a
    /// thread outside the set can wake. The rest never wakes.
    #[must_use]
    pub fn of(facts: &Facts, holders: &Holders<'_>) -> Self {
        let mut all = BTreeMap::new();
        for (&pid, process) in &facts.processes {
            for thread in &process.threads {
                if thread.does != Activity::Ended {
                    let wakers = wakers(facts, holders, pid, &thread.does);
                    all.insert((pid, thread.tid), wakers);
                }
            }
        }
        let waits_inside = |(_, wakers): &(&ThreadId, &Wakers)| wakers.outside.is_none();
        let mut stuck: BTreeSet<ThreadId> =
            all.iter().filter(waits_inside).map(|(&thread, _)| thread).collect();
        loop {
            let awake: BTreeSet<u32> =
                all.keys().filter(|thread| !stuck.contains(thread)).map(|&(pid, _)| pid).collect();
            let before = stuck.len();
            stuck.retain(|thread| all[thread].processes.is_disjoint(&awake));
            if stuck.len() == before {
                return Self { wakers: all, stuck };
            }
        }
    }

    /// The processes that can wake some thread of this one.
    #[must_use]
    pub fn wakers_of(&self, pid: u32) -> BTreeSet<u32> {
        let own = self.wakers.range((pid, 0)..=(pid, u32::MAX));
        own.flat_map(|(_, wakers)| wakers.processes.iter().copied()).collect()
    }
}
