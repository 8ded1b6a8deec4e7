//! A snapshot as plain text, made for teaching: who holds which end is seen at a glance.
//!
//! Nothing here asks the kernel anything; the same snapshot and labels give the same text. At most
//! 100 columns wide, no colour, no character beyond ASCII but `…` and `→`.

use super::table::{self, Cell};
use super::{
    Access, Activity, Descriptor, PipeEnd, PipeView, ProcessView, Snapshot, Target, elide,
    elide::Row,
};

/// Longer names of files lose their beginning.
const FILE_COLUMNS: usize = 28;

/// Longer words on what a process is doing lose their end.
const ACTIVITY_COLUMNS: usize = 36;

/// Descriptor tables with more entries than this take a while to read.
const CROWDED: usize = 9;

/// What the caller calls things. `None` for what it does not know: that gets its number.
#[derive(Clone, Copy)]
pub struct Labels<'a> {
    /// The role of a process, such as `primary` or `worker 2`.
    pub process: &'a dyn Fn(u32) -> Option<String>,
    /// The purpose of a pipe, such as `to worker 2` or `results`.
    pub pipe: &'a dyn Fn(u64) -> Option<String>,
    /// The purpose of a socket, such as `to agent 3`.
    pub socket: &'a dyn Fn(u64) -> Option<String>,
}

/// Writes a snapshot as tables, processes, pipes and sockets if there are any, and says what to watch out for.
///
/// Unless `everything` is asked for, long tables and lists leave out their middle and say how much:
/// only what is like something shown is left out, so an odd one never hides there.
#[must_use]
pub fn render(snapshot: &Snapshot, labels: Labels<'_>, everything: bool) -> String {
    let text = Text { snapshot, labels, everything };
    let mut out = String::new();
    text.processes(&mut out);
    out.push('\n');
    text.pipes(&mut out);
    text.sockets(&mut out);
    text.remarks(&mut out);
    out
}

pub(super) struct Text<'a> {
    pub(super) snapshot: &'a Snapshot,
    labels: Labels<'a>,
    pub(super) everything: bool,
}

impl Text<'_> {
    fn processes(&self, out: &mut String) {
        let views = &self.snapshot.processes;
        let mut rows = vec![["process", "pid", "doing", "descriptors"].map(Cell::line).into()];
        for row in elide::rows(views, process_shape, self.everything) {
            rows.push(match row {
                Row::Shown(process) => self.process(process),
                Row::More { like, left_out } => vec![Cell::across(&format!(
                    "… {} more like {}: {}",
                    left_out.len(),
                    self.name(like.pid),
                    counted(left_out.iter().map(|process| verb(&process.activity))),
                ))],
            });
        }
        table::write(&rows, out);
    }

    fn process(&self, process: &ProcessView) -> Vec<Cell> {
        let dead = matches!(process.activity, Activity::Zombie | Activity::Gone);
        let descriptors = if process.table_hidden {
            vec!["(we may not look)".to_owned()]
        } else if process.descriptors.is_empty() {
            vec![if dead { "none, all closed" } else { "none" }.to_owned()]
        } else {
            let groups = process.descriptors.chunk_by(|a, b| a.target == b.target);
            let words = groups.map(|group| self.entries(group)).collect();
            elide::words(words, elide::DESCRIPTORS, self.everything)
        };
        vec![
            Cell::line(self.name(process.pid)),
            Cell::line(process.pid.to_string()),
            Cell::line(table::cut_end(&self.doing(process), ACTIVITY_COLUMNS)),
            Cell::list(descriptors, "  "),
        ]
    }

    /// Neighbours in the table that refer to the same thing, such as `3 r, 4 w results`.
    fn entries(&self, group: &[Descriptor]) -> String {
        let (target, with_access) = match group.first().map(|entry| &entry.target) {
            Some(Target::Pipe(inode)) => (self.pipe_name(*inode), true),
            Some(Target::Socket(inode)) => (self.socket_name(*inode), false),
            Some(Target::File(path) | Target::Device(path)) => {
                (table::cut_start(&table::printable(path), FILE_COLUMNS), false)
            }
            Some(Target::Anonymous(kind)) => (table::printable(kind), false),
            None => return String::new(),
        };
        let number = |entry: &Descriptor| match (with_access, entry.access) {
            (false, _) => entry.number.to_string(),
            (true, Access::Read) => format!("{} r", entry.number),
            (true, Access::Write) => format!("{} w", entry.number),
            (true, Access::Both) => format!("{} rw", entry.number),
            (true, Access::Neither) => format!("{} -", entry.number),
        };
        let numbers: Vec<_> = group.iter().map(number).collect();
        format!("{} {target}", numbers.join(if with_access { ", " } else { "," }))
    }

    /// What it is doing. The pipe it is blocked on stands beside, in its table; only if that is
    /// too long to find it, it is named here as well.
    fn doing(&self, process: &ProcessView) -> String {
        let verb = verb(&process.activity);
        let number = match process.activity {
            Activity::Reading { descriptor } | Activity::Writing { descriptor } => descriptor,
            _ => None,
        };
        let Some(number) = number else { return verb };
        let entry = process.descriptors.iter().find(|entry| entry.number == number);
        match entry.map(|entry| &entry.target) {
            Some(Target::Pipe(inode)) if process.descriptors.len() > CROWDED => {
                format!("{verb} of {number} ({})", self.pipe_name(*inode))
            }
            Some(Target::Socket(inode)) if process.descriptors.len() > CROWDED => {
                format!("{verb} of {number} ({})", self.socket_name(*inode))
            }
            _ => format!("{verb} of {number}"),
        }
    }

    fn pipes(&self, out: &mut String) {
        let header = ["pipe", "can write", "can read", "bytes waiting", "write ends"];
        let mut rows = vec![header.map(Cell::line).into()];
        for row in elide::rows(&self.snapshot.pipes, pipe_shape, self.everything) {
            rows.push(match row {
                Row::Shown(pipe) => self.pipe(pipe),
                Row::More { like, left_out } => {
                    let waiting = left_out.iter().filter_map(|pipe| pipe.bytes_waiting);
                    let waiting: u64 = waiting.map(u64::from).sum();
                    let (count, like) = (left_out.len(), self.pipe_name(like.inode));
                    vec![Cell::across(&format!(
                        "… {count} more like \"{like}\": {waiting} bytes waiting in them"
                    ))]
                }
            });
        }
        table::write(&rows, out);
    }

    fn pipe(&self, pipe: &PipeView) -> Vec<Cell> {
        let waiting = match (pipe.bytes_waiting, pipe.capacity) {
            (Some(bytes), Some(capacity)) => format!("{bytes} of {capacity}"),
            (Some(bytes), None) => bytes.to_string(),
            (None, _) => "unknown".to_owned(),
        };
        let open = match (pipe.writers.len(), pipe.readers.len(), pipe.bytes_waiting) {
            (0, 0, _) => "0, pipe is gone".to_owned(),
            (0, _, Some(0)) => "0 → end of file".to_owned(),
            (0, _, _) => "0 → end of file once empty".to_owned(),
            (count, _, _) => format!("{count} open"),
        };
        vec![
            Cell::line(self.pipe_name(pipe.inode)),
            Cell::list(self.ends(&pipe.writers), ", "),
            Cell::list(self.ends(&pipe.readers), ", "),
            Cell::line(waiting),
            Cell::line(open),
        ]
    }

    fn ends(&self, ends: &[PipeEnd]) -> Vec<String> {
        if ends.is_empty() {
            return vec!["nobody".to_owned()];
        }
        let word = |end: &PipeEnd| format!("{}:{}", self.name(end.pid), end.descriptor);
        let outsider =
            |end: &PipeEnd| self.snapshot.outsiders.iter().any(|other| other.pid == end.pid);
        let (strange, known): (Vec<&PipeEnd>, Vec<&PipeEnd>) =
            ends.iter().partition(|end| outsider(end));
        let mut words =
            elide::words(known.into_iter().map(word).collect(), elide::ENDS, self.everything);
        words.extend(strange.into_iter().map(word)); // never left out: they are what one looks for
        words
    }

    fn remarks(&self, out: &mut String) {
        let outsiders: Vec<_> =
            self.snapshot.outsiders.iter().map(|outsider| self.name(outsider.pid)).collect();
        let hidden = self.snapshot.hidden_processes;
        if !outsiders.is_empty() || hidden > 0 {
            out.push('\n');
        }
        if !outsiders.is_empty() {
            let names = Cell::list(outsiders, ", ");
            table::write(&[vec![Cell::line("held from outside by"), names]], out);
        }
        match hidden {
            0 => {}
            1 => out.push_str("1 process may not be looked into: it may hold ends unseen\n"),
            _ => {
                out.push_str(&hidden.to_string());
                out.push_str(" processes may not be looked into: they may hold ends unseen\n");
            }
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

    fn pipe_name(&self, inode: u64) -> String {
        (self.labels.pipe)(inode).unwrap_or_else(|| format!("pipe:[{inode}]"))
    }
}

/// What a process is doing, without saying on which descriptor.
fn verb(activity: &Activity) -> String {
    match activity {
        Activity::Running => "running".to_owned(),
        Activity::Reading { .. } => "blocked in read".to_owned(),
        Activity::Writing { .. } => "blocked in write".to_owned(),
        Activity::Polling { call } => format!("blocked in {call}"),
        Activity::WaitingForChild => "waiting for a child".to_owned(),
        Activity::Stopped => "stopped".to_owned(),
        Activity::Zombie => "dead, not yet waited for".to_owned(),
        Activity::Sleeping { detail } if detail.is_empty() => "sleeping".to_owned(),
        Activity::Sleeping { detail } => format!("sleeping in {}", table::printable(detail)),
        Activity::Gone => "gone".to_owned(),
    }
}

/// How often each of these words comes, in the order in which they first come.
fn counted(words: impl Iterator<Item = String>) -> String {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for word in words {
        match counts.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1,
            None => counts.push((word, 1)),
        }
    }
    if let [(word, _)] = &counts[..] {
        return format!("all {word}");
    }
    let texts: Vec<_> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    texts.join(", ")
}

/// Processes of one shape may stand for each other: the same rows in their tables, and nothing
/// unusual in what they do. A stopped or dead one is like others of its kind only.
fn process_shape(process: &ProcessView) -> impl PartialEq + use<> {
    let unusual = match &process.activity {
        Activity::Stopped => 1,
        Activity::Zombie => 2,
        Activity::Gone => 3,
        _ => 0,
    };
    let entry =
        |entry: &Descriptor| (entry.number, entry.access, std::mem::discriminant(&entry.target));
    let table: Vec<_> = process.descriptors.iter().map(entry).collect();
    (unusual, process.table_hidden, table)
}

/// Pipes of one shape have as many ends on either side, and are both empty or both not.
fn pipe_shape(pipe: &PipeView) -> impl PartialEq + use<> {
    (pipe.writers.len(), pipe.readers.len(), pipe.bytes_waiting.map(|bytes| bytes > 0))
}
