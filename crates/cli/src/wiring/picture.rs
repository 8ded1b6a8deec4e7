//! A stage as a picture: the primary at the left, the other processes at the right, pipes and sockets between them.
//!
//! Each process is a box with its descriptor table. A line leads from each end to its pipe; its arrow has the direction
//! of the bytes. What is new is green, what was closed is red and struck out.

mod document;

pub(super) use document::Album;

use super::changes::{GONE, NEW, SAME};
use super::elide::{self, Row};
use super::page::{Page, pipe_shape, process_shape};
use evenly::internal::procfs_snapshot::{
    Activity, Descriptor, PipeView, ProcessView, SocketView, Target,
};
use evenly_inspect::say;
use std::fmt::Write;

/// Width of a picture.
pub(super) const WIDTH: usize = 1200;
const BOX: usize = 356;
const LEFT: usize = 4;
const RIGHT: usize = WIDTH - BOX - LEFT;
const MIDDLE: usize = WIDTH / 2;
/// Width and height of a pipe.
const PIPE: (usize, usize) = (236, 66);
const HEADER: usize = 56;
const ROW: usize = 22;
const GAP: usize = 20;
/// Characters of a row.
const CHARACTERS: usize = 38;
/// Colours that follow each other, `--p0` and so on.
const COLOURS: usize = 6;

/// A drawn stage.
pub(super) struct Frame {
    /// The number of the stage and its call.
    pub(super) title: String,
    pub(super) meaning: String,
    pub(super) forgotten: String,
    pub(super) body: String,
    pub(super) height: usize,
}

/// Most rows of one table.
const MOST_ROWS: usize = 16;

/// A row of a table.
struct TableRow {
    mark: char,
    text: String,
    /// The pipe or socket that it leads to, unless it was closed.
    channel: Option<u64>,
    writes: bool,
    reads: bool,
}

/// Where a line ends at a box.
struct Anchor {
    channel: u64,
    y: usize,
    is_left: bool,
    /// Bytes go from the process into the channel.
    writes: bool,
    reads: bool,
    is_new: bool,
}

/// What is drawn between the processes.
struct Channel {
    /// Its inode, or those of the two sockets of a connection.
    inodes: Vec<u64>,
    name: String,
    /// Bytes, and the capacity if it has one.
    waiting: Option<(u32, Option<u32>)>,
    note: String,
    is_at_end: bool,
    is_new: bool,
}

impl Page<'_> {
    /// The picture, without its words.
    pub(super) fn picture(&self) -> (String, usize) {
        let mut body = String::new();
        let mut anchors = Vec::new();
        let all: Vec<_> = self.snapshot.processes.iter().collect();
        let Some((first, others)) = all.split_first() else { return (body, 0) };
        let right = elide::rows(others, process_shape);
        let heights = right.iter().map(|row| match row {
            Row::Shown(process) => self.height(process),
            Row::More { .. } => 2 * ROW,
        });
        let right_height = heights.sum::<usize>() + GAP * right.len().saturating_sub(1);
        let channels = self.channels();
        let middle_height = channels.len() * (PIPE.1 + GAP);
        let left_height = self.height(first);
        let height = right_height.max(middle_height).max(left_height) + 2 * LEFT;
        let from = |own: usize| LEFT + (height - 2 * LEFT - own) / 2;
        self.process_box(first, (LEFT, from(left_height)), &mut anchors, &mut body);
        let mut y = from(right_height);
        for row in &right {
            match row {
                Row::Shown(process) => {
                    self.process_box(process, (RIGHT, y), &mut anchors, &mut body);
                    y += self.height(process) + GAP;
                }
                Row::More { like, left_out } => {
                    let (count, like) = (left_out.len(), self.name(like.pid));
                    let more = say!(
                        self.language,
                        "… {count} more like {like}",
                        "… {count} más como {like}"
                    );
                    let middle = RIGHT + BOX / 2;
                    let _ = write!(
                        body,
                        r#"<text class="muted" x="{middle}" y="{}" text-anchor="middle">{}</text>"#,
                        y + ROW + 5,
                        escaped(&more)
                    );
                    y += 2 * ROW + GAP;
                }
            }
        }
        let mut lines = String::new();
        let step = (height - 2 * LEFT) / channels.len().max(1);
        for (place, channel) in channels.iter().enumerate() {
            let y = LEFT + step * place + step / 2;
            let colour = place % COLOURS;
            let own = anchors.iter().filter(|anchor| channel.inodes.contains(&anchor.channel));
            for anchor in own {
                line(anchor, y, colour, &mut lines);
            }
            self.channel(channel, y, colour, &mut body);
        }
        (lines + &body, height)
    }

    fn height(&self, process: &ProcessView) -> usize {
        HEADER + ROW * self.rows(process).len() + 8
    }

    /// The rows of a table: entries that refer to the same thing, and their mark. A long table leaves out its middle.
    fn rows(&self, process: &ProcessView) -> Vec<TableRow> {
        let is_new = |entry: &Descriptor| self.changes.is_new_entry(process.pid, entry);
        let groups =
            process.descriptors.chunk_by(|a, b| a.target == b.target && is_new(a) == is_new(b));
        let row = |mark, group: &[Descriptor]| TableRow {
            mark,
            text: self.entries(group),
            channel: group.first().and_then(|entry| match entry.target {
                Target::Pipe(inode) | Target::Socket(inode) if mark != GONE => Some(inode),
                _ => None,
            }),
            writes: group.iter().any(|entry| entry.access.writes()),
            reads: group.iter().any(|entry| entry.access.reads()),
        };
        let mark =
            |group: &[Descriptor]| if group.first().is_some_and(is_new) { NEW } else { SAME };
        let mut rows: Vec<_> = groups.map(|group| row(mark(group), group)).collect();
        if !matches!(process.activity, Activity::Zombie | Activity::Gone) {
            let mut closed = self.changes.closed(process);
            closed.retain(|entry| matches!(entry.target, Target::Pipe(_) | Target::Socket(_)));
            rows.extend(closed.chunk_by(|a, b| a.target == b.target).map(|group| row(GONE, group)));
        }
        if rows.len() > MOST_ROWS {
            let left_out = rows.len() - MOST_ROWS + 1;
            let text = say!(self.language, "… {left_out} more", "… {left_out} más");
            let more = TableRow { mark: SAME, text, channel: None, writes: false, reads: false };
            rows.splice(MOST_ROWS - 2..MOST_ROWS - 2 + left_out, [more]);
        }
        rows
    }

    fn process_box(
        &self,
        process: &ProcessView,
        (x, top): (usize, usize),
        anchors: &mut Vec<Anchor>,
        body: &mut String,
    ) {
        let class = match process.activity {
            Activity::Zombie | Activity::Gone => "box dead",
            Activity::Reading { .. } | Activity::Writing { .. } => "box blocked",
            _ if self.changes.of_process(process) == NEW => "box new",
            _ => "box",
        };
        let height = self.height(process);
        let _ = write!(
            body,
            r#"<rect class="{class}" x="{x}" y="{top}" width="{BOX}" height="{height}" rx="10"/>"#
        );
        let name = self.name(process.pid);
        let _ = write!(
            body,
            r#"<text class="name" x="{}" y="{}">{}</text><text class="muted" x="{}" y="{}" text-anchor="end">pid {}</text>"#,
            x + 14,
            top + 24,
            escaped(&name),
            x + BOX - 14,
            top + 24,
            process.pid
        );
        let doing = shortened(&self.doing(process), CHARACTERS + 6);
        let _ = write!(
            body,
            r#"<text class="doing" x="{}" y="{}">{}</text>"#,
            x + 14,
            top + 44,
            escaped(&doing)
        );
        let is_left = x == LEFT;
        for (place, row) in self.rows(process).iter().enumerate() {
            let y = top + HEADER + ROW * place;
            let (class, sign) = match row.mark {
                NEW => ("row new", "+"),
                GONE => ("row gone", "−"),
                _ => ("row", ""),
            };
            if row.mark != SAME {
                let _ = write!(
                    body,
                    r#"<rect class="{class}" x="{}" y="{y}" width="{}" height="{}" rx="4"/><text class="{class}" x="{}" y="{}">{sign}</text>"#,
                    x + 6,
                    BOX - 12,
                    ROW - 2,
                    x + 12,
                    y + 15
                );
            }
            let _ = write!(
                body,
                r#"<text class="{class}" x="{}" y="{}">{}</text>"#,
                x + 28,
                y + 15,
                escaped(&shortened(&row.text, CHARACTERS))
            );
            let (y, is_new) = (y + ROW / 2 - 1, row.mark == NEW);
            let anchor = row.channel.map(|channel| Anchor {
                channel,
                y,
                is_left,
                writes: row.writes,
                reads: row.reads,
                is_new,
            });
            anchors.extend(anchor);
        }
    }

    /// Pipes and sockets, in their order; the two sockets of a connection are one channel.
    fn channels(&self) -> Vec<Channel> {
        let pipes: Vec<_> = self.snapshot.pipes.iter().filter(|pipe| !pipe.is_gone()).collect();
        let shown = elide::rows(&pipes, pipe_shape).into_iter().filter_map(|row| match row {
            Row::Shown(pipe) => Some(self.pipe_channel(pipe)),
            Row::More { .. } => None,
        });
        let mut channels: Vec<_> = shown.collect();
        for socket in &self.snapshot.sockets {
            let peer = socket.peer_inode.unwrap_or(socket.inode);
            if !channels.iter().any(|channel| channel.inodes.contains(&socket.inode)) {
                channels.push(self.socket_channel(socket, peer));
            }
        }
        channels
    }

    fn pipe_channel(&self, pipe: &PipeView) -> Channel {
        let language = self.language;
        let is_unused = (self.labels.is_unused)(pipe.inode);
        let is_at_end = pipe.writers.is_empty() && pipe.has_writer != Some(true) && !is_unused;
        let note = match pipe.writers.len() {
            0 if is_at_end => {
                say!(language, "0 write ends: end of file", "0 extremos de escritura: fin")
            }
            1 => say!(language, "1 write end", "1 extremo de escritura"),
            count => say!(language, "{count} write ends", "{count} extremos de escritura"),
        };
        Channel {
            inodes: vec![pipe.inode],
            name: self.pipe_name(pipe.inode),
            waiting: pipe.bytes_waiting.map(|bytes| (bytes, pipe.capacity)),
            note,
            is_at_end,
            is_new: self.changes.of_pipe(pipe) == NEW,
        }
    }

    fn socket_channel(&self, socket: &SocketView, peer: u64) -> Channel {
        let other = self.snapshot.sockets.iter().find(|other| other.inode == peer);
        let bytes = [Some(socket), other].into_iter().flatten();
        let bytes = bytes.filter_map(|one| one.bytes_to_read).max();
        Channel {
            inodes: vec![socket.inode, peer],
            name: self.socket_name(socket.inode),
            waiting: bytes.map(|bytes| (bytes, None)),
            note: socket.own_address().unwrap_or_default(),
            is_at_end: false,
            is_new: self.changes.of_socket(socket) == NEW,
        }
    }

    fn channel(&self, channel: &Channel, y: usize, colour: usize, body: &mut String) {
        let (width, height) = PIPE;
        let (x, top) = (MIDDLE - width / 2, y - height / 2);
        let class = if channel.is_new { "pipe new" } else { "pipe" };
        let _ = write!(
            body,
            r#"<rect class="{class}" x="{x}" y="{top}" width="{width}" height="{height}" rx="14" style="stroke:var(--p{colour})"/>"#
        );
        let _ = write!(
            body,
            r#"<text class="name" x="{MIDDLE}" y="{}" text-anchor="middle">{}</text>"#,
            top + 20,
            escaped(&shortened(&channel.name, 26))
        );
        if let Some((bytes, capacity)) = channel.waiting {
            let room = width - 40;
            let capacity = capacity.unwrap_or(bytes).max(1);
            let filled = (bytes as usize * room).div_ceil(capacity as usize).min(room);
            // A few bytes of 64 KiB are visible, too.
            let filled = if bytes > 0 { filled.max(10) } else { 0 };
            let _ = write!(
                body,
                r#"<rect class="gauge" x="{}" y="{}" width="{room}" height="8" rx="4"/><rect x="{}" y="{}" width="{filled}" height="8" rx="4" style="fill:var(--p{colour})"/>"#,
                x + 20,
                top + 28,
                x + 20,
                top + 28
            );
        }
        let bytes = channel.waiting.map_or(String::new(), |(bytes, _)| match bytes {
            1 => "1 byte · ".to_owned(),
            bytes => format!("{bytes} bytes · "),
        });
        let class = if channel.is_at_end { "note end" } else { "note" };
        let _ = write!(
            body,
            r#"<text class="{class}" x="{MIDDLE}" y="{}" text-anchor="middle">{}</text>"#,
            top + 54,
            escaped(&shortened(&format!("{bytes}{}", channel.note), 36))
        );
    }
}

/// A line between a row of a table and the middle of a pipe's side.
fn line(anchor: &Anchor, y: usize, colour: usize, out: &mut String) {
    let (from, to, arrow) = if anchor.is_left {
        (LEFT + BOX, MIDDLE - PIPE.0 / 2, 7)
    } else {
        (RIGHT, MIDDLE + PIPE.0 / 2, -7)
    };
    let bend = (from + to) / 2;
    let class = if anchor.is_new { "line new" } else { "line" };
    let _ = write!(
        out,
        r#"<path class="{class}" d="M{from} {}C{bend} {},{bend} {y},{to} {y}" style="stroke:var(--p{colour})"/>"#,
        anchor.y, anchor.y
    );
    let mut tip = |x: usize, y: usize, back: i32| {
        let _ = write!(out, r#"<path d="M{x} {y}l{back} -5v10z" style="fill:var(--p{colour})"/>"#);
    };
    if anchor.writes {
        tip(to, y, -arrow);
    }
    if anchor.reads {
        tip(from, anchor.y, arrow);
    }
}

fn shortened(text: &str, most: usize) -> String {
    super::table::cut_end(text, most)
}

/// What XML gives a meaning is escaped. Control characters are escaped before, in names.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
