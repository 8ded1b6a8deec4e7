//! Programs that start agents on other machines: started with back-off, their standard error passed on, reaped.
//!
//! Each is in a process group of its own, so that Ctrl-C reaches the primary only. The standard input and output of a
//! program with a [`Bootstrap`](crate::launch::Bootstrap) is a socket: first a dialogue with the shell there, then the connection of the agent.

mod bootstrap;
mod program;
mod remote_stderr;

use crate::launch::Launch;
use crate::transport::{EpollToken, Listener, Registry, TransportError, failed};
use bootstrap::{BootstrapSession, Said};
use program::{RunningProgram, STEP_LIMIT, ended};
use remote_stderr::RemoteStderr;
use rustix::event::epoll::EventFlags;
use rustix::process::Pid;
use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// The longest pause between two starts.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A program that ran for this long with an agent has not failed to start.
const HAS_WORKED: Duration = Duration::from_secs(60);

/// Time for a program to end after the job, before it is killed.
const GRACE: Duration = Duration::from_secs(2);

/// Descriptors of one program in epoll.
const KEYS: u32 = 3;
const EXIT: u32 = 0;
const STDERR: u32 = 1;
const SOCKET: u32 = 2;

/// All programs of a job. Dropped, it ends those that still run.
#[derive(Debug)]
pub(super) struct Launcher {
    hosts: Vec<Host>,
    registry: Registry,
    is_over: bool,
    news: VecDeque<News>,
    /// Whether the caller has learnt that nothing works yet.
    has_told_waiting: bool,
}

/// What the caller passes on.
#[derive(Debug)]
pub(super) enum News {
    /// A program ended, or could not be started. `again`: after this time it is started again.
    Failed { name: String, why: String, again: Option<Duration> },
    /// A line for the user from the other machine.
    Wrote { name: String, text: String },
    /// The connection of an agent that begins.
    Connected { name: String, socket: OwnedFd },
    /// Every program has failed, and these are tried again.
    Waiting { names: Vec<String> },
}

#[derive(Debug)]
struct Host {
    launch: Launch,
    state: HostState,
    /// Starts in a row that led to no agent for long.
    failures: u32,
    /// The last reason of a failure, which observers hear once.
    told: Option<String>,
    stderr: RemoteStderr,
}

#[derive(Debug)]
enum HostState {
    /// It is started at this time.
    Waiting(Duration),
    Running(Box<RunningProgram>),
    /// It is not started again.
    GivenUp,
}

impl Launcher {
    /// These programs, which know at which of the listeners their agents join; `None` if there are none.
    pub(super) fn joining_at(
        listeners: &[Box<dyn Listener>],
        launches: &[Launch],
        registry: Registry,
    ) -> Option<Self> {
        let listening = listeners.iter().filter_map(|one| one.listens_at()?.parse().ok());
        let listening: Vec<_> = listening.collect();
        let launches: Vec<_> = launches.iter().map(|launch| launch.resolved(&listening)).collect();
        (!launches.is_empty()).then(|| Self::new(&launches, registry))
    }

    fn new(launches: &[Launch], registry: Registry) -> Self {
        let hosts = launches.iter().map(|launch| Host {
            launch: launch.clone(),
            state: HostState::Waiting(Duration::ZERO),
            failures: 0,
            told: None,
            stderr: RemoteStderr::new(),
        });
        let (hosts, news) = (hosts.collect(), VecDeque::new());
        Self { hosts, registry, is_over: false, news, has_told_waiting: false }
    }

    /// How many descriptors the programs need: that of the exit, standard error, the connection, and those of a start.
    pub(super) fn most_descriptors(&self) -> usize {
        self.hosts.len() * KEYS as usize + 4
    }

    /// Process numbers of the programs that run.
    pub(super) fn pids(&self) -> impl Iterator<Item = Pid> + '_ {
        self.running().map(|program| Pid::from_child(&program.child))
    }

    fn running(&self) -> impl Iterator<Item = &RunningProgram> {
        self.hosts.iter().filter_map(|host| match &host.state {
            HostState::Running(program) => Some(&**program),
            HostState::Waiting(_) | HostState::GivenUp => None,
        })
    }

    /// Whether no program runs or will.
    pub(super) fn is_given_up(&self) -> bool {
        self.hosts.iter().all(|host| matches!(host.state, HostState::GivenUp))
    }

    /// Starts nothing more. Programs whose agent has not begun are killed; the others end when their agents do.
    pub(super) fn close(&mut self) {
        self.is_over = true;
        for host in &mut self.hosts {
            match &mut host.state {
                HostState::Waiting(_) => host.state = HostState::GivenUp,
                HostState::Running(program) if !program.has_agent => {
                    let _ = program.child.kill();
                }
                HostState::Running(_) | HostState::GivenUp => {}
            }
        }
    }

    /// Whether every program has ended.
    pub(super) fn is_quiet(&self) -> bool {
        self.running().next().is_none()
    }

    pub(super) fn next_news(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    /// When [`keep_time`](Self::keep_time) has something to do.
    pub(super) fn next_due(&self) -> Option<Duration> {
        let dues = self.hosts.iter().filter_map(|host| match &host.state {
            HostState::Waiting(until) => Some(*until),
            HostState::Running(program) => program.session.as_ref().map(|_| program.step_ends),
            HostState::GivenUp => None,
        });
        dues.min()
    }

    /// Starts what is due, and ends what takes too long.
    pub(super) fn keep_time(&mut self, now: Duration) -> Result<(), TransportError> {
        for index in 0..self.hosts.len() {
            match &mut self.hosts[index].state {
                HostState::Waiting(until) if *until <= now => self.start(index, now)?,
                HostState::Running(program)
                    if program.session.is_some() && program.step_ends <= now =>
                {
                    let why = format!("no answer for {} s", STEP_LIMIT.as_secs());
                    program.end(why, true);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Does what a ready descriptor asks for.
    pub(super) fn attend(
        &mut self,
        token: EpollToken,
        now: Duration,
    ) -> Result<(), TransportError> {
        let (index, which) = ((token.key / KEYS) as usize, token.key % KEYS);
        let Some(host) = self.hosts.get_mut(index) else { return Ok(()) };
        let HostState::Running(program) = &mut host.state else { return Ok(()) };
        match which {
            EXIT => self.reap(index, now),
            STDERR => {
                program.read_stderr(&mut host.stderr, &self.registry, now);
                self.pass_on(index);
            }
            _ => self.go_on(index, now)?,
        }
        Ok(())
    }

    fn start(&mut self, index: usize, now: Duration) -> Result<(), TransportError> {
        let host = &mut self.hosts[index];
        host.stderr.begin(host.failures > 0);
        match RunningProgram::start(&host.launch, now) {
            Ok(program) => {
                let key = index as u32 * KEYS;
                let add = |descriptor: &OwnedFd, which| {
                    self.registry.add(descriptor, key + which, EventFlags::IN)
                };
                let added = add(&program.exit, EXIT)
                    .and_then(|()| program.stderr.as_ref().map_or(Ok(()), |it| add(it, STDERR)))
                    .and_then(|()| {
                        program.session.as_ref().map_or(Ok(()), |it| add(it.socket(), SOCKET))
                    });
                host.state = HostState::Running(Box::new(program));
                added.map_err(failed("epoll_ctl"))
            }
            Err(error) => {
                let program = host.launch.words.first().map(|word| word.to_string_lossy());
                let program = program.unwrap_or_default().into_owned();
                self.fail(index, format!("cannot start {program}: {error}"), now);
                Ok(())
            }
        }
    }

    /// Continues the dialogue with the shell on the other machine.
    fn go_on(&mut self, index: usize, now: Duration) -> Result<(), TransportError> {
        let host = &mut self.hosts[index];
        let HostState::Running(program) = &mut host.state else { return Ok(()) };
        let Some(session) = &mut program.session else { return Ok(()) };
        program.step_ends = now + STEP_LIMIT;
        let name = || host.launch.name.clone();
        loop {
            match session.go_on() {
                Said::Nothing => break,
                Said::Note(text) => self.news.push_back(News::Wrote { name: name(), text }),
                Said::Join => {
                    self.registry.remove(session.socket());
                    program.has_agent = true;
                    let socket = program.session.take().map(BootstrapSession::into_socket);
                    let name = name();
                    self.news.extend(socket.map(|socket| News::Connected { name, socket }));
                    return Ok(());
                }
                Said::Stop(why) => {
                    program.end(why, false);
                    return Ok(());
                }
                Said::Fail(why) => {
                    program.end(why, true);
                    return Ok(());
                }
            }
        }
        if session.is_at_end() {
            // The exit of the program follows; the end of the socket would be ready for ever.
            self.registry.remove(session.socket());
            return Ok(());
        }
        let wanted = session.wanted();
        if wanted != program.watched {
            program.watched = wanted;
            let key = index as u32 * KEYS + SOCKET;
            let changed = self.registry.modify(session.socket(), key, wanted);
            changed.map_err(failed("epoll_ctl"))?;
        }
        Ok(())
    }

    /// Passes on what the standard error of a program has for the user.
    fn pass_on(&mut self, index: usize) {
        let host = &mut self.hosts[index];
        while let Some(text) = host.stderr.next() {
            self.news.push_back(News::Wrote { name: host.launch.name.clone(), text });
        }
    }

    /// Waits for a program that has ended, and says when it is started again.
    fn reap(&mut self, index: usize, now: Duration) {
        let host = &mut self.hosts[index];
        let HostState::Running(program) = &mut host.state else { return };
        let Ok(Some(status)) = program.child.try_wait() else { return };
        program.read_stderr(&mut host.stderr, &self.registry, now);
        let has_agent = program.has_agent;
        host.stderr.end(has_agent, now);
        program.forget(&self.registry);
        let has_worked = has_agent && now.saturating_sub(program.began) >= HAS_WORKED;
        let (why, is_again) = program.problem.take().unwrap_or_else(|| {
            let last = host.stderr.take_last().filter(|_| !has_agent);
            (
                last.map_or_else(
                    || format!("ended: {}", ended(status)),
                    |last| format!("{last} ({})", ended(status)),
                ),
                true,
            )
        });
        if has_worked {
            (host.failures, host.told) = (0, None);
        }
        host.state = HostState::GivenUp;
        self.pass_on(index);
        if self.is_over {
            return;
        }
        if is_again {
            self.fail(index, why, now);
        } else {
            let name = self.hosts[index].launch.name.clone();
            self.news.push_back(News::Failed { name, why, again: None });
            self.tell_waiting();
        }
    }

    /// Schedules the next start.
    fn fail(&mut self, index: usize, why: String, now: Duration) {
        let host = &mut self.hosts[index];
        let pause = Duration::from_secs(1 << host.failures.min(6)).min(LONGEST_PAUSE);
        host.failures += 1;
        host.state = HostState::Waiting(now + pause);
        if host.told.as_ref() != Some(&why) {
            host.told = Some(why.clone());
            let name = host.launch.name.clone();
            self.news.push_back(News::Failed { name, why, again: Some(pause) });
        }
        self.tell_waiting();
    }

    /// Says once that no program has led to an agent, and which are tried again.
    fn tell_waiting(&mut self) {
        let is_failed = |host: &Host| !matches!(host.state, HostState::Running(_));
        let has_tried = |host: &Host| host.failures > 0 || matches!(host.state, HostState::GivenUp);
        if self.has_told_waiting
            || !self.hosts.iter().all(|host| is_failed(host) && has_tried(host))
        {
            return;
        }
        let waiting = |host: &&Host| matches!(host.state, HostState::Waiting(_));
        let names: Vec<_> =
            self.hosts.iter().filter(waiting).map(|host| host.launch.name.clone()).collect();
        if !names.is_empty() {
            self.has_told_waiting = true;
            self.news.push_back(News::Waiting { names });
        }
    }

    /// Waits for the programs to end, for a short time, and kills the rest.
    pub(super) fn end(&mut self) {
        self.close();
        let until = Instant::now() + GRACE;
        for host in &mut self.hosts {
            if let HostState::Running(program) = &mut host.state {
                program.session = None;
                program.stderr = None;
                program.end_by(until);
                program.forget(&self.registry);
                host.state = HostState::GivenUp;
            }
        }
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        self.end();
    }
}
