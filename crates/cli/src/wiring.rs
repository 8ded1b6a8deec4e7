//! `--wiring`: the processes, pipes, sockets and descriptor tables of a job at each stage, on standard error.

mod agent_captions;
mod caption;
mod captions;
mod changes;
pub(crate) mod class;
mod command_captions;
mod command_view;
mod elide;
mod json;
mod page;
mod picture;
mod roles;
mod socket_page;
mod table;

#[cfg(test)]
mod page_tests;
#[cfg(test)]
mod socket_page_tests;

use crate::answer_format::Format;
use crate::page_width;
use crate::stderr;
use crate::wiring_options::Wiring;
use caption::Caption;
use captions::caption;
use changes::Changes;
use evenly::internal::procfs_snapshot::{Activity, Snapshot, SocketView};
use evenly::internal::{Processes, Stage, StageHook};
use evenly_inspect::{Language, say};
use page::{Labels, Page};
use picture::{Album, Frame};
use roles::Roles;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Stage hook that prints the wiring.
pub(crate) struct WiringView {
    wiring: Wiring,
    format: Format,
    columns: usize,
    album: Album,
    /// How many stages were shown.
    shown: u32,
    /// The tables that were shown last.
    before: Option<Snapshot>,
    /// What the kernel had before the primary read from an agent.
    remembered: Option<Snapshot>,
    /// How many assignment pipes were closed at the end.
    closed: usize,
    /// Whether to wait for Enter at the stage that was shown last.
    waits: bool,
    /// Whether standard input has ended, so that no Enter can come.
    has_no_input: bool,
}

/// How many of the first and of the last workers are shown leaving.
const LEAVING_SHOWN: usize = 4;

impl WiringView {
    pub(crate) fn new(wiring: Wiring, format: Format) -> Self {
        Self {
            album: Album::new(wiring.pictures.clone(), wiring.language),
            wiring,
            format,
            columns: page_width::columns(),
            shown: 0,
            before: None,
            remembered: None,
            closed: 0,
            waits: false,
            has_no_input: false,
        }
    }

    fn show(&mut self, stage: Stage, processes: &Processes) {
        if stage == Stage::WriteEndClosed {
            self.closed += 1;
        }
        self.waits = false;
        let is_left_out = stage == Stage::WriteEndClosed
            && self.format == Format::Text
            && self.is_among_many(processes);
        if evenly::internal::end_is_asked_for() || is_left_out {
            return;
        }
        let language = self.language();
        // The answer has been read by now.
        let remembered = self.remembered.take().filter(|_| stage == Stage::AgentAnswered);
        let is_read = stage == Stage::AgentAnswered && remembered.is_none();
        let taken = Roles::of(processes, language)
            .and_then(|roles| Ok((remembered.map_or_else(|| roles.picture(), Ok)?, roles)));
        let (snapshot, roles) = match taken {
            Ok(taken) => taken,
            Err(error) => {
                stderr::show(&format!("evenly: the wiring cannot be shown: {error}\n"));
                return;
            }
        };
        let caption = match is_read {
            true => agent_captions::answer_read(processes, language),
            false => caption(stage, processes, language),
        };
        if self.format == Format::Json {
            stderr::show(&json::stage(json::name(stage), &caption, &snapshot, &roles));
        }
        if stage == Stage::WriteEndClosed {
            self.show_leaving(&caption, &snapshot, &roles);
        } else {
            let details = captions::details(stage, &roles, self.columns);
            self.show_text(&caption, &details, snapshot, &roles);
        }
        // The write ends fall one by one; that is one stage to stop at.
        let is_in_between = stage == Stage::WriteEndClosed && self.closed < processes.workers.len();
        self.wait_if(!is_in_between);
    }

    /// The language of roles and captions.
    fn language(&self) -> Language {
        match self.format {
            // Roles and calls are part of the JSON contract.
            Format::Json => Language::English,
            Format::Text => self.wiring.language,
        }
    }

    /// Waits for Enter with `--step`, if the stage is one to stop at.
    fn wait_if(&mut self, is_whole: bool) {
        self.waits = self.wiring.has_steps && is_whole;
        if self.waits && rustix::termios::isatty(rustix::stdio::stdin()) {
            stderr::show("\n[Enter] ");
        }
    }

    /// Whether a worker leaves as many others did. No picture is taken then: each costs a look at
    /// every process there is.
    fn is_among_many(&self, processes: &Processes) -> bool {
        self.closed > LEAVING_SHOWN && self.closed + LEAVING_SHOWN <= processes.workers.len()
    }

    /// Shows the tables of a stage.
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the method itself is for one lifetime only"
    )]
    fn show_text(
        &mut self,
        caption: &Caption,
        details: &str,
        snapshot: Snapshot,
        roles: &Roles<'_>,
    ) {
        self.shown += 1;
        let (language, columns) = (self.wiring.language, self.columns);
        let text = self.with_page(caption, &snapshot, roles, |page| page.text());
        let mut text = format!("\n{}{details}\n{text}", caption.heading(self.shown, columns));
        text += &captions::elsewhere(roles, columns);
        let mut forgotten = caption.if_forgotten(language);
        if self.shown == 2 {
            forgotten = format!("{}\n{forgotten}", legend(language));
        }
        for line in forgotten.lines() {
            text += &format!("\n{}", table::wrapped(line, columns, "   "));
        }
        self.say(&text);
        self.add_picture(caption, &snapshot, roles);
        self.before = Some(snapshot);
    }

    /// Writes a text of the stages, if standard error has them.
    fn say(&self, text: &str) {
        if self.wiring.has_text && self.format == Format::Text {
            stderr::show(text);
        }
    }

    /// Draws a snapshot with the roles of the job.
    fn with_page<T>(
        &self,
        caption: &Caption,
        snapshot: &Snapshot,
        roles: &Roles<'_>,
        draw: impl FnOnce(&Page<'_>) -> T,
    ) -> T {
        let process = |pid| roles.role(pid);
        let pipe = |inode| roles.purpose(inode);
        let socket = |inode| roles.socket(snapshot, inode);
        let doing = |pid| caption.doing(pid, roles.processes);
        let is_unused = |inode| roles.is_unused(inode);
        let labels = Labels {
            process: &process,
            pipe: &pipe,
            socket: &socket,
            doing: &doing,
            is_unused: &is_unused,
        };
        let changes = Changes::since(self.before.as_ref());
        let (language, columns) = (self.wiring.language, self.columns);
        draw(&Page { snapshot, changes, labels, language, columns })
    }

    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the method itself is for one lifetime only"
    )]
    fn add_picture(&mut self, caption: &Caption, snapshot: &Snapshot, roles: &Roles<'_>) {
        if !self.album.is_wanted() {
            return;
        }
        let (body, height) = self.with_page(caption, snapshot, roles, |page| page.picture());
        let frame = Frame {
            title: format!("{}. {}", self.shown, caption.call),
            meaning: sentence(&caption.meaning),
            forgotten: sentence(&caption.if_forgotten(self.wiring.language)),
            body,
            height,
        };
        if let Err(why) = self.album.add(frame) {
            stderr::show(&format!("evenly: {why}\n"));
            self.wiring.has_failed.set(true);
        }
    }

    /// One line for each write end of the result pipe that falls away.
    fn show_leaving(&mut self, caption: &Caption, snapshot: &Snapshot, roles: &Roles<'_>) {
        let processes = roles.processes;
        let language = self.wiring.language;
        let (closed, workers) = (self.closed, processes.workers.len());
        if closed == 1 {
            self.shown += 1;
            let heading = caption.heading(self.shown, self.columns);
            self.say(&format!("\n{heading}\n"));
        }
        if closed + LEAVING_SHOWN == workers + 1 && closed > LEAVING_SHOWN + 1 {
            self.say("…\n");
        }
        let results = snapshot.pipes.get(workers);
        let open = match results.map_or(0, |pipe| pipe.writers.len()) {
            1 => say!(language, "1 write end open", "1 extremo de escritura abierto"),
            open => {
                say!(language, "{open} write ends open", "{open} extremos de escritura abiertos")
            }
        };
        let doing = snapshot.processes.get(closed).map(|process| &process.activity);
        let fate = match doing {
            Some(Activity::Zombie) if caption.is_exit() => say!(language, "ended", "terminó"),
            Some(Activity::Zombie) => {
                say!(language, "read end of file and left", "leyó el fin de archivo y terminó")
            }
            Some(Activity::Gone) => say!(language, "is gone", "ya no está"),
            _ => say!(language, "was sent end of file", "recibió el fin de archivo"),
        };
        let text = say!(
            language,
            "worker {closed} {fate}: results has {open}",
            "worker {closed} {fate}: resultados tiene {open}"
        );
        let mut text = table::wrapped(&text, self.columns, "   ");
        if closed == workers {
            let forgotten = caption.if_forgotten(language);
            text += &format!("\n{}", table::wrapped(&forgotten, self.columns, "   "));
            self.add_picture(caption, snapshot, roles);
        }
        self.say(&text);
    }

    /// Whether Enter was pressed, or standard input is at its end; waits 100 ms for it.
    fn has_been_seen(&mut self) -> bool {
        if !self.waits || self.has_no_input {
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
        match rustix::io::read(input, &mut byte) {
            Ok(1) => byte == *b"\n",
            Err(rustix::io::Errno::INTR) => false,
            Ok(_) | Err(_) => {
                self.lose_input();
                true
            }
        }
    }

    /// Says once that no Enter can come, so that `--step` does not run through in silence.
    fn lose_input(&mut self) {
        if !std::mem::replace(&mut self.has_no_input, true) {
            stderr::show(
                "evenly: --step: standard input has ended, so the other stages do not wait for Enter; \
                 call it in a terminal\n",
            );
        }
    }
}

/// Bytes that wait in the sockets of the primary.
fn bytes_from_agents(snapshot: &Snapshot, primary: u32) -> u64 {
    let is_its = |socket: &&SocketView| socket.holders.iter().any(|end| end.pid == primary);
    let sockets = snapshot.sockets.iter().filter(is_its);
    sockets.filter_map(|socket| socket.bytes_to_read).map(u64::from).sum()
}

/// The text with a capital at its beginning.
fn sentence(text: &str) -> String {
    let mut signs = text.chars();
    signs.next().into_iter().flat_map(char::to_uppercase).chain(signs).collect()
}

/// What the marks of the tables mean.
fn legend(language: Language) -> String {
    say!(
        language,
        "+ new, - closed or ended, * changed since the last stage",
        "+ nuevo, - cerrado o terminado, * cambió desde la etapa anterior"
    )
}

impl StageHook for WiringView {
    fn at_stage(&mut self, stage: Stage, processes: &Processes) {
        self.show(stage, processes);
    }

    fn remember(&mut self, processes: &Processes) {
        // Without it the stage shows what the kernel has after the answer was read.
        let taken = Roles::of(processes, self.language()).and_then(|roles| roles.picture());
        let Ok(taken) = taken else { return };
        let primary = processes.primary;
        // An answer is longer than a heartbeat, which can follow it while the job stands still.
        let is_shorter = self.remembered.as_ref().is_some_and(|before| {
            bytes_from_agents(before, primary) > bytes_from_agents(&taken, primary)
        });
        if !is_shorter {
            self.remembered = Some(taken);
        }
    }

    fn may_go_on(&mut self) -> bool {
        self.has_been_seen()
    }
}
