//! `--wiring`: the processes, pipes, sockets and descriptor tables of a job at each stage, on standard error.

mod captions;
mod json;
mod roles;

use crate::arguments::Format;
use crate::plan::Wiring;
use crate::stderr;
use captions::captions;
use evenly::internal::procfs_snapshot::{self, Labels, Snapshot};
use evenly::internal::{Processes, Stage, StageHook};
use roles::Roles;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Stage hook that prints the wiring.
pub(crate) struct WiringView {
    wiring: Wiring,
    format: Format,
    /// How many stages were shown.
    shown: u32,
    /// How many assignment pipes were closed at the end.
    closed: usize,
    /// Whether to wait for Enter at the stage that was shown last.
    waits: bool,
}

/// How many of the first and of the last workers are shown leaving.
const LEAVING_SHOWN: usize = 4;

impl WiringView {
    pub(crate) fn new(wiring: Wiring, format: Format) -> Self {
        Self { wiring, format, shown: 0, closed: 0, waits: false }
    }

    fn show(&mut self, stage: Stage, processes: &Processes) {
        if stage == Stage::WriteEndClosed {
            self.closed += 1;
        }
        self.waits = false;
        if evenly::internal::end_is_asked_for() || self.is_left_out(stage, processes) {
            return;
        }
        let taken = Roles::of(processes).and_then(|roles| Ok((roles.picture()?, roles)));
        let (snapshot, roles) = match taken {
            Ok(taken) => taken,
            Err(error) => {
                stderr::show(&format!("evenly: the wiring cannot be shown: {error}\n"));
                return;
            }
        };
        match self.format {
            Format::Json => stderr::show(&json::stage(stage, &snapshot, &roles)),
            Format::Text if stage == Stage::WriteEndClosed => {
                self.show_leaving(&snapshot, processes);
            }
            Format::Text => self.show_text(stage, &snapshot, &roles),
        }
        // The write ends fall one by one; that is one stage to stop at.
        let is_in_between = stage == Stage::WriteEndClosed && self.closed < processes.workers.len();
        self.waits = self.wiring == Wiring::StepByStep && !is_in_between;
        if self.waits && rustix::termios::isatty(rustix::stdio::stdin()) {
            stderr::show("\n[Enter] ");
        }
    }

    /// Whether a worker leaves as many others did. No picture is taken then: each costs a look at
    /// every process there is.
    fn is_left_out(&self, stage: Stage, processes: &Processes) -> bool {
        let is_among_many =
            self.closed > LEAVING_SHOWN && self.closed + LEAVING_SHOWN <= processes.workers.len();
        stage == Stage::WriteEndClosed && self.format == Format::Text && is_among_many
    }

    fn show_text(&mut self, stage: Stage, snapshot: &Snapshot, roles: &Roles<'_>) {
        self.shown += 1;
        let (name, meaning) = captions(stage, roles.processes);
        let mut text = format!("\n{}. {name}: {meaning}\n", self.shown);
        text += &captions::details(stage, roles);
        text.push('\n');
        let process = |pid| roles.role(pid);
        let pipe = |inode| roles.purpose(inode);
        let socket = |inode| roles.socket(snapshot, inode);
        let labels = Labels { process: &process, pipe: &pipe, socket: &socket };
        text += &procfs_snapshot::render(snapshot, labels, false);
        text += &captions::elsewhere(roles);
        stderr::show(&text);
    }

    /// One line for each write end of the result pipe that falls away.
    fn show_leaving(&mut self, snapshot: &Snapshot, processes: &Processes) {
        let (closed, workers) = (self.closed, processes.workers.len());
        if closed == 1 {
            self.shown += 1;
            let (name, meaning) = captions(Stage::WriteEndClosed, processes);
            stderr::show(&format!("\n{}. {name}: {meaning}\n\n", self.shown));
        }
        if closed + LEAVING_SHOWN == workers + 1 && closed > LEAVING_SHOWN + 1 {
            stderr::show("…\n");
        }
        let results = snapshot.pipes.get(workers);
        let open = results.map_or(0, |pipe| pipe.writers.len());
        let ends = if open == 1 { "end" } else { "ends" };
        let doing = snapshot.processes.get(closed).map(|process| &process.activity);
        let fate = match doing {
            Some(procfs_snapshot::Activity::Zombie) => "read end of file and left",
            Some(procfs_snapshot::Activity::Gone) => "is gone",
            _ => "was sent end of file",
        };
        stderr::show(&format!("worker {closed} {fate}: results has {open} write {ends} open\n"));
    }
}

impl StageHook for WiringView {
    fn at_stage(&mut self, stage: Stage, processes: &Processes) {
        self.show(stage, processes);
    }

    /// Whether Enter was pressed, or standard input is at its end; waits 100 ms for it.
    fn may_go_on(&mut self) -> bool {
        if !self.waits {
            return true;
        }
        let input = rustix::stdio::stdin();
        let tenth = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
        let mut ends = [PollFd::new(&input, PollFlags::IN)];
        if matches!(poll(&mut ends, Some(&tenth)), Ok(0)) {
            evenly::internal::stop_if_asked();
            return false;
        }
        // Byte by byte, past any buffer: one Enter is one stage. An error or end of file is no
        // reason to stop for ever.
        let mut byte = [0];
        !matches!(rustix::io::read(input, &mut byte), Ok(1) if byte != *b"\n")
    }
}
