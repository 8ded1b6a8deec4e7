//! A snapshot as plain text, made for teaching: which process holds which end, and what changed since the last stage.
//!
//! Nothing here asks the kernel anything; the same snapshots and labels give the same text. No colour, no character
//! beyond ASCII in English but `…` and `→`.

use super::changes::Changes;
use super::elide::{self, Row};
use super::table::{self, Cell};
use evenly::internal::procfs_snapshot::{
    Activity, Descriptor, PipeEnd, PipeView, ProcessView, Snapshot, Target,
};
use evenly_inspect::{Language, say};

/// Longer names of files lose their beginning.
const FILE_COLUMNS: usize = 28;

/// Descriptor tables with more entries than this take a while to read.
const CROWDED: usize = 9;

/// A narrower page has no room for the capacity of pipes and for long words.
const NARROW: usize = 72;

/// What the caller calls things. `None` for what it does not know: that gets its number.
#[derive(Clone, Copy)]
pub(super) struct Labels<'a> {
    /// The role of a process, such as `primary` or `worker 2`.
    pub(super) process: &'a dyn Fn(u32) -> Option<String>,
    /// The purpose of a pipe, such as `to worker 2` or `results`.
    pub(super) pipe: &'a dyn Fn(u64) -> Option<String>,
    /// The purpose of a socket, such as `to agent 3`.
    pub(super) socket: &'a dyn Fn(u64) -> Option<String>,
    /// Where a process stands that runs, because it takes the picture, or that is stopped to be seen.
    pub(super) doing: &'a dyn Fn(u32) -> Option<String>,
    /// Whether no process is meant to write into a pipe, so that it is not at its end when none does.
    pub(super) is_unused: &'a dyn Fn(u64) -> bool,
}

/// One stage to draw.
pub(super) struct Page<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) changes: Changes<'a>,
    pub(super) labels: Labels<'a>,
    pub(super) language: Language,
    pub(super) columns: usize,
}

impl Page<'_> {
    /// Processes, pipes, and sockets if there are any, as tables, and what to watch out for.
    ///
    /// Long tables and lists leave out their middle and say how much: only what is like something shown is left out,
    /// so an odd one never hides there.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        self.processes(&mut out);
        if !self.snapshot.pipes.is_empty() {
            out.push('\n');
            self.pipes(&mut out);
        }
        self.sockets(&mut out);
        self.remarks(&mut out);
        out
    }

    /// A first cell: the name, and the mark of its row.
    pub(super) fn marked(&self, mark: char, name: &str) -> Cell {
        Cell::line(if self.changes.is_first() { name.to_owned() } else { format!("{mark} {name}") })
    }

    pub(super) fn header<const N: usize>(&self, words: &[String; N]) -> Vec<Cell> {
        let mut cells: Vec<_> =
            words.iter().map(|word| Cell::list(table::split(word), " ")).collect();
        cells[0] = self.marked(' ', &words[0]);
        cells
    }

    fn processes(&self, out: &mut String) {
        let language = self.language;
        let views: Vec<_> = self.snapshot.processes.iter().collect();
        let mut rows = vec![self.header(&[
            say!(language, "process", "proceso"),
            "pid".to_owned(),
            say!(language, "doing", "qué hace"),
            say!(language, "descriptors", "descriptores"),
        ])];
        for row in elide::rows(&views, process_shape) {
            rows.push(match row {
                Row::Shown(process) => self.process(process),
                Row::More { like, left_out } => {
                    let (count, like) = (left_out.len(), self.name(like.pid));
                    let verbs = left_out.iter().map(|process| self.verb(&process.activity));
                    let verbs = self.counted(verbs);
                    vec![Cell::across(say!(
                        language,
                        "… {count} more like {like}: {verbs}",
                        "… {count} más como {like}: {verbs}"
                    ))]
                }
            });
        }
        table::write(&rows, self.columns, out);
    }

    fn process(&self, process: &ProcessView) -> Vec<Cell> {
        let language = self.language;
        let is_dead = matches!(process.activity, Activity::Zombie | Activity::Gone);
        let descriptors = if process.table_hidden {
            vec![say!(language, "(may not be read)", "(no se puede leer)")]
        } else if is_dead {
            vec![say!(language, "none, all closed", "ninguno, todos cerrados")]
        } else {
            self.descriptors(process)
        };
        let doing = self.doing(process);
        vec![
            self.marked(self.changes.of_process(process), &self.name(process.pid)),
            Cell::line(process.pid.to_string()),
            Cell::list(table::split(&doing), " "),
            Cell::list(descriptors, "  "),
        ]
    }

    /// The table of a process: what it has, `+` if that is new, and what it closed, behind `-`.
    fn descriptors(&self, process: &ProcessView) -> Vec<String> {
        let language = self.language;
        let is_new = |entry: &Descriptor| self.changes.is_new_entry(process.pid, entry);
        let groups =
            process.descriptors.chunk_by(|a, b| a.target == b.target && is_new(a) == is_new(b));
        let open: Vec<_> = groups
            .map(|group| {
                let mark = if group.first().is_some_and(is_new) { "+" } else { "" };
                format!("{mark}{}", self.entries(group))
            })
            .collect();
        let more = |count: usize| say!(language, "… {count} more", "… {count} más");
        let mut words = elide::words(open, elide::DESCRIPTORS, more);
        if words.is_empty() {
            words.push(say!(language, "none", "ninguno"));
        }
        let closed = self.changes.closed(process);
        let closed = closed.chunk_by(|a, b| a.target == b.target);
        let closed = closed.map(|group| format!("-{}", self.entries(group))).collect();
        let more = |count: usize| say!(language, "-… {count} more", "-… {count} más");
        words.extend(elide::words(closed, elide::CLOSED, more));
        words
    }

    /// Neighbours in the table that refer to the same thing, such as `3 r, 4 w results`.
    pub(super) fn entries(&self, group: &[Descriptor]) -> String {
        let Some(first) = group.first() else { return String::new() };
        let with_access = matches!(first.target, Target::Pipe(_));
        let number =
            |entry: &Descriptor| match (with_access, entry.access.reads(), entry.access.writes()) {
                (false, ..) => entry.number.to_string(),
                (true, true, false) => format!("{} r", entry.number),
                (true, false, true) => format!("{} w", entry.number),
                (true, true, true) => format!("{} rw", entry.number),
                (true, false, false) => format!("{} -", entry.number),
            };
        let numbers: Vec<_> = group.iter().map(number).collect();
        let target = self.target(&first.target);
        format!("{} {target}", numbers.join(if with_access { ", " } else { "," }))
    }

    fn target(&self, target: &Target) -> String {
        match target {
            Target::Pipe(inode) => self.pipe_name(*inode),
            Target::Socket(inode) => self.socket_name(*inode),
            Target::File(path) | Target::Device(path) => {
                table::cut_start(&table::printable(path), FILE_COLUMNS.min(self.columns * 2 / 7))
            }
            Target::Anonymous(kind) => table::printable(kind),
        }
    }

    /// What it is doing. The pipe it is blocked on stands beside, in its table; only if that is
    /// too long to find it, it is named here as well.
    pub(super) fn doing(&self, process: &ProcessView) -> String {
        if matches!(process.activity, Activity::Running | Activity::Stopped)
            && let Some(known) = (self.labels.doing)(process.pid)
        {
            return known;
        }
        let verb = self.verb(&process.activity);
        let number = match process.activity {
            Activity::Reading { descriptor } | Activity::Writing { descriptor } => descriptor,
            _ => None,
        };
        let Some(number) = number else { return verb };
        let of = say!(self.language, "of", "de");
        let entry = process.descriptors.iter().find(|entry| entry.number == number);
        match entry.map(|entry| &entry.target) {
            Some(target @ (Target::Pipe(_) | Target::Socket(_)))
                if process.descriptors.len() > CROWDED =>
            {
                format!("{verb} {of} {number} ({})", self.target(target))
            }
            _ => format!("{verb} {of} {number}"),
        }
    }

    fn pipes(&self, out: &mut String) {
        let language = self.language;
        let (open, gone): (Vec<&PipeView>, Vec<&PipeView>) =
            self.snapshot.pipes.iter().partition(|pipe| !pipe.is_gone());
        let mut rows = vec![self.header(&[
            "pipe".to_owned(),
            say!(language, "can write", "puede escribir"),
            say!(language, "can read", "puede leer"),
            say!(language, "bytes waiting", "bytes esperando"),
            say!(language, "write ends", "extremos de escritura"),
        ])];
        for row in elide::rows(&open, pipe_shape) {
            rows.push(match row {
                Row::Shown(pipe) => self.pipe(pipe),
                Row::More { like, left_out } => {
                    let waiting = left_out.iter().filter_map(|pipe| pipe.bytes_waiting);
                    let waiting: u64 = waiting.map(u64::from).sum();
                    let (count, like) = (left_out.len(), self.pipe_name(like.inode));
                    vec![Cell::across(say!(
                        language,
                        "… {count} more like \"{like}\": {waiting} bytes waiting in them",
                        "… {count} más como \"{like}\": {waiting} bytes esperando en ellos"
                    ))]
                }
            });
        }
        if !open.is_empty() {
            table::write(&rows, self.columns, out);
        }
        let more = |count: usize| say!(language, "… {count} more", "… {count} más");
        let gone = gone.iter().map(|pipe| self.pipe_name(pipe.inode)).collect();
        let gone = elide::words(gone, elide::ENDS, more).join(", ");
        if !gone.is_empty() {
            let text = say!(
                language,
                "closed by all, so the kernel removed them: {gone}",
                "cerrados por todos, así que el kernel los eliminó: {gone}"
            );
            out.push_str(&table::wrapped(&text, self.columns, "  "));
        }
    }

    fn pipe(&self, pipe: &PipeView) -> Vec<Cell> {
        let language = self.language;
        let of = say!(language, "of", "de");
        let now = match (pipe.bytes_waiting, pipe.capacity) {
            (Some(bytes), Some(capacity)) if self.columns >= NARROW => {
                format!("{bytes} {of} {capacity}")
            }
            (Some(bytes), _) => bytes.to_string(),
            (None, _) => say!(language, "unknown", "no se sabe"),
        };
        let mut waiting: Vec<_> =
            self.changes.bytes_before(pipe).map(|bytes| format!("{bytes} →")).into_iter().collect();
        waiting.push(now);
        let open = match (pipe.writers.len(), pipe.bytes_waiting) {
            (0, _) if pipe.has_hidden_writer() => say!(language, "hidden", "oculto"),
            (0, _) if (self.labels.is_unused)(pipe.inode) => {
                say!(language, "0: no worker here", "0: sin workers acá")
            }
            (0, Some(0)) if self.columns < NARROW => "0 → EOF".to_owned(),
            (0, _) if self.columns < NARROW => say!(language, "0, then EOF", "0, luego EOF"),
            (count, _) if self.columns < NARROW => count.to_string(),
            (0, Some(0)) => say!(language, "0 → end of file", "0 → fin de archivo"),
            (0, _) => {
                say!(language, "0 → end of file once empty", "0 → fin de archivo al vaciarse")
            }
            (1, _) => say!(language, "1 open", "1 abierto"),
            (count, _) => say!(language, "{count} open", "{count} abiertos"),
        };
        vec![
            self.marked(self.changes.of_pipe(pipe), &self.pipe_name(pipe.inode)),
            Cell::list(self.ends(&pipe.writers), ", "),
            Cell::list(self.ends(&pipe.readers), ", "),
            Cell::list(waiting, " "),
            Cell::list(table::split(&open), " "),
        ]
    }

    fn ends(&self, ends: &[PipeEnd]) -> Vec<String> {
        if ends.is_empty() {
            return vec![say!(self.language, "nobody", "nadie")];
        }
        let word = |end: &PipeEnd| format!("{}:{}", self.name(end.pid), end.descriptor);
        let outsider =
            |end: &PipeEnd| self.snapshot.outsiders.iter().any(|other| other.pid == end.pid);
        let (strange, known): (Vec<&PipeEnd>, Vec<&PipeEnd>) =
            ends.iter().partition(|end| outsider(end));
        let more = |count: usize| say!(self.language, "… {count} more", "… {count} más");
        let mut words = elide::words(known.into_iter().map(word).collect(), elide::ENDS, more);
        words.extend(strange.into_iter().map(word)); // never left out: they are what one looks for
        words
    }

    fn remarks(&self, out: &mut String) {
        let language = self.language;
        let outsiders: Vec<_> =
            self.snapshot.outsiders.iter().map(|outsider| self.name(outsider.pid)).collect();
        let hidden: Vec<_> =
            self.snapshot.pipes.iter().filter(|pipe| pipe.has_hidden_writer()).collect();
        if !outsiders.is_empty() || !hidden.is_empty() {
            out.push('\n');
        }
        if !outsiders.is_empty() {
            let names = outsiders.join(", ");
            let text =
                say!(language, "held from outside by {names}", "abiertos también por {names}");
            out.push_str(&table::wrapped(&text, self.columns, "  "));
        }
        let count = self.snapshot.hidden_processes;
        for pipe in hidden {
            let name = self.pipe_name(pipe.inode);
            let text = say!(
                language,
                "{name}: the kernel has one more write end, so no end of file comes: it travels in a message, or \
                 belongs to one of {count} processes that may not be looked into",
                "{name}: el kernel tiene otro extremo de escritura, así que no llega el fin de archivo: viaja en un \
                 mensaje, o es de uno de {count} procesos que no se pueden mirar"
            );
            out.push_str(&table::wrapped(&text, self.columns, "  "));
        }
    }

    pub(super) fn socket_name(&self, inode: u64) -> String {
        (self.labels.socket)(inode).unwrap_or_else(|| format!("socket:[{inode}]"))
    }

    /// The role of a process; an outsider goes by its program and its pid.
    pub(super) fn name(&self, pid: u32) -> String {
        (self.labels.process)(pid).unwrap_or_else(|| {
            let outsiders = self.snapshot.outsiders.iter().map(|other| (other.pid, &other.name));
            let processes = self.snapshot.processes.iter().map(|one| (one.pid, &one.name));
            match outsiders.chain(processes).find(|(other, _)| *other == pid) {
                Some((_, name)) if !name.is_empty() => {
                    format!("{}({pid})", table::printable(name))
                }
                _ => format!("pid {pid}"),
            }
        })
    }

    pub(super) fn pipe_name(&self, inode: u64) -> String {
        (self.labels.pipe)(inode).unwrap_or_else(|| format!("pipe:[{inode}]"))
    }

    /// What a process is doing, without saying on which descriptor.
    fn verb(&self, activity: &Activity) -> String {
        let language = self.language;
        match activity {
            Activity::Running => say!(language, "running", "ejecuta"),
            Activity::Reading { .. } => say!(language, "blocked in read", "bloqueado en read"),
            Activity::Writing { .. } => say!(language, "blocked in write", "bloqueado en write"),
            Activity::Polling { call } => {
                say!(language, "blocked in {call}", "bloqueado en {call}")
            }
            Activity::WaitingForChild => {
                say!(language, "waiting for a child", "espera a un hijo")
            }
            Activity::Stopped => say!(language, "stopped", "detenido"),
            Activity::Zombie => {
                say!(language, "dead, not yet waited for", "terminó, falta el wait")
            }
            Activity::Sleeping { detail } if detail.is_empty() => {
                say!(language, "sleeping", "duerme")
            }
            Activity::Sleeping { detail } => {
                let detail = table::printable(detail);
                say!(language, "sleeping in {detail}", "duerme en {detail}")
            }
            Activity::Gone => say!(language, "gone", "ya no está"),
        }
    }

    /// How often each of these words comes, in the order in which they first come.
    fn counted(&self, words: impl Iterator<Item = String>) -> String {
        let mut counts: Vec<(String, usize)> = Vec::new();
        for word in words {
            match counts.iter_mut().find(|(known, _)| *known == word) {
                Some((_, count)) => *count += 1,
                None => counts.push((word, 1)),
            }
        }
        if let [(word, _)] = &counts[..] {
            return say!(self.language, "all {word}", "todos {word}");
        }
        let texts: Vec<_> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
        texts.join(", ")
    }
}

/// Processes of one shape may stand for each other: the same rows in their tables, and nothing
/// unusual in what they do. A stopped or dead one is like others of its kind only.
pub(super) fn process_shape(process: &ProcessView) -> impl PartialEq + use<> {
    let unusual = match &process.activity {
        Activity::Stopped => 1,
        Activity::Zombie => 2,
        Activity::Gone => 3,
        _ => 0,
    };
    // In the exercise, the same end has another number in each worker.
    let entry = |entry: &Descriptor| (entry.access, std::mem::discriminant(&entry.target));
    let table: Vec<_> = process.descriptors.iter().map(entry).collect();
    (unusual, process.table_hidden, table)
}

/// Pipes of one shape have as many ends on either side, and are both empty or both not.
pub(super) fn pipe_shape(pipe: &PipeView) -> impl PartialEq + use<> {
    (pipe.writers.len(), pipe.readers.len(), pipe.bytes_waiting.map(|bytes| bytes > 0))
}
