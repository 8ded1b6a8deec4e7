//! `--wiring`: at each stage of a job, its processes, pipes and descriptor tables as the kernel has
//! them, on standard error.

mod json;

use crate::arguments::Format;
use crate::plan::Wiring;
use crate::stderr;
use evenly::observe::{Layout, Stage};
use evenly::view::{self, Labels, Snapshot};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Shows the stages of a job.
pub(crate) struct WiringView {
    wiring: Wiring,
    format: Format,
    /// How many stages were shown.
    shown: u32,
    /// How many assignment pipes were closed at the end.
    closed: usize,
}

/// Of the workers that leave at the end, so many of the first and of the last are shown.
const LEAVING_SHOWN: usize = 4;

impl WiringView {
    pub(crate) fn new(wiring: Wiring, format: Format) -> Self {
        Self { wiring, format, shown: 0, closed: 0 }
    }

    /// Shows a stage, and stops there if that is wanted. The job stands still meanwhile.
    pub(crate) fn show(&mut self, stage: Stage, layout: &Layout) {
        if stage == Stage::WriteEndClosed {
            self.closed += 1;
        }
        if evenly::end_is_asked_for() || self.is_left_out(stage, layout) {
            return;
        }
        let pids = [layout.primary].into_iter().chain(layout.workers.iter().map(|place| place.pid));
        let pids: Vec<u32> = pids.collect();
        let mut pipes = layout.assignment_pipes.clone();
        pipes.push(layout.result_pipe);
        let snapshot = match Snapshot::take(&pids, &pipes) {
            Ok(snapshot) => snapshot,
            Err(error) => {
                stderr::show(&format!("evenly: the wiring cannot be shown: {error}\n"));
                return;
            }
        };
        match self.format {
            Format::Json => stderr::show(&json::stage(stage, &snapshot, layout)),
            Format::Text if stage == Stage::WriteEndClosed => self.show_leaving(&snapshot, layout),
            Format::Text => self.show_text(stage, &snapshot, layout),
        }
        // The write ends fall one by one; that is one stage to stop at.
        let is_in_between = stage == Stage::WriteEndClosed && self.closed < layout.workers.len();
        if self.wiring == Wiring::StepByStep && !is_in_between {
            self.wait_for_enter();
        }
    }

    /// Whether a worker leaves as many others did. No picture is taken then: each costs a look at
    /// every process there is.
    fn is_left_out(&self, stage: Stage, layout: &Layout) -> bool {
        let is_among_many =
            self.closed > LEAVING_SHOWN && self.closed + LEAVING_SHOWN <= layout.workers.len();
        stage == Stage::WriteEndClosed && self.format == Format::Text && is_among_many
    }

    fn show_text(&mut self, stage: Stage, snapshot: &Snapshot, layout: &Layout) {
        self.shown += 1;
        let (name, meaning) = words(stage);
        let mut text = format!("\n{}. {name}: {meaning}\n", self.shown);
        if stage == Stage::RangesSent {
            text += &ranges(layout);
        }
        text.push('\n');
        let process = |pid| role(layout, pid);
        let pipe = |inode| purpose(layout, inode);
        text += &view::render(snapshot, Labels { process: &process, pipe: &pipe }, false);
        stderr::show(&text);
    }

    /// One line for each write end of the result pipe that falls away.
    fn show_leaving(&mut self, snapshot: &Snapshot, layout: &Layout) {
        let (closed, workers) = (self.closed, layout.workers.len());
        if closed == 1 {
            self.shown += 1;
            let (name, meaning) = words(Stage::WriteEndClosed);
            stderr::show(&format!("\n{}. {name}: {meaning}\n\n", self.shown));
        }
        if closed + LEAVING_SHOWN == workers + 1 && closed > LEAVING_SHOWN + 1 {
            stderr::show("…\n");
        }
        let results = snapshot.pipes.last();
        let open = results.map_or(0, |pipe| pipe.writers.len());
        let ends = if open == 1 { "end" } else { "ends" };
        let doing = snapshot.processes.get(closed).map(|process| &process.activity);
        let fate = match doing {
            Some(view::Activity::Zombie) => "read end of file and left",
            Some(view::Activity::Gone) => "is gone",
            _ => "was sent end of file",
        };
        stderr::show(&format!("worker {closed} {fate}: results has {open} write {ends} open\n"));
    }

    /// Until Enter, end of file on standard input, or a signal that asks the job to end.
    fn wait_for_enter(&self) {
        let input = rustix::stdio::stdin();
        if rustix::termios::isatty(input) {
            stderr::show("\n[Enter] ");
        }
        let tenth = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
        while !evenly::end_is_asked_for() {
            let mut ends = [PollFd::new(&input, PollFlags::IN)];
            if matches!(poll(&mut ends, Some(&tenth)), Ok(0)) {
                evenly::stop_if_asked();
                continue;
            }
            // Byte by byte, past any buffer: one Enter is one stage. An error or end of file is no
            // reason to stop for ever.
            let mut byte = [0];
            match rustix::io::read(input, &mut byte) {
                Ok(1) if byte != *b"\n" => {}
                _ => return,
            }
        }
    }
}

/// What a stage is called, and what is to be seen.
fn words(stage: Stage) -> (&'static str, &'static str) {
    match stage {
        Stage::PipesMade => ("pipes made", "the primary holds both ends of all"),
        Stage::Forked => ("forked", "each worker inherited every end (stopped, to be seen)"),
        Stage::Closed => ("closed", "each keeps the two ends that are its own"),
        Stage::RangesSent => ("ranges sent", "they wait in the pipes until the workers go on"),
        Stage::Results => ("results", "the answers wait in the one shared pipe"),
        Stage::WriteEndClosed => {
            ("write ends fall to 0", "the primary closes the assignment pipes, one by one")
        }
        Stage::EndOfFile => ("end of file", "no write end is open, so the primary's read gave 0"),
        Stage::Waited => ("waited", "every worker was waited for; nothing is left"),
    }
}

fn ranges(layout: &Layout) -> String {
    const SHOWN: usize = 8;
    let sent = |place: &evenly::observe::Place| match place.range {
        Some(range) => format!("{}..={}", range.first(), range.last()),
        None => "nothing".to_owned(),
    };
    let workers = (1..).zip(&layout.workers).take(SHOWN);
    let mut text: String =
        workers.map(|(worker, place)| format!("   worker {worker}: {}\n", sent(place))).collect();
    if layout.workers.len() > SHOWN {
        text += &format!("   … and {} more\n", layout.workers.len() - SHOWN);
    }
    text
}

/// What a process is to the job.
fn role(layout: &Layout, pid: u32) -> Option<String> {
    if pid == layout.primary {
        return Some("primary".to_owned());
    }
    let worker = layout.workers.iter().position(|place| place.pid == pid)?;
    Some(format!("worker {}", worker + 1))
}

/// What a pipe is for.
fn purpose(layout: &Layout, inode: u64) -> Option<String> {
    if inode == layout.result_pipe {
        return Some("results".to_owned());
    }
    let worker = layout.assignment_pipes.iter().position(|pipe| *pipe == inode)?;
    Some(format!("to worker {}", worker + 1))
}
