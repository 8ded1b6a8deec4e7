//! `--joblog`: log with one line for each chunk, in the columns of GNU parallel.
//!
//! A chunk that one worker did in several pieces is one line. The chunk of a lost worker has a line with the signal or
//! status that ended the worker, and another line when it is done: the lines with status 0 and signal 0 cover exactly
//! the numbers that have a value.

use crate::logfile::{LogFile, Mode};
use crate::rerun::Rerun;
use evenly::observe::{Loss, Observation, Observer, Piece};
use evenly::{Cause, Interval, ProcessEnd};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// The first line, as GNU parallel writes it.
const HEADER: &str = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand";

/// Signal in the line of a silent worker, as if SIGSTOP had ended it (signal(7)).
const SIGNAL_STOP: i32 = 19;
/// Signal in the line of a lost agent: its connection hung up.
const SIGNAL_HUP: i32 = 1;

/// Observer that writes the job log.
pub(crate) struct JobLog {
    lines: LogLines,
    chunks: Chunks,
}

/// The file, with its header on demand.
struct LogLines {
    file: LogFile,
    lacks_header: bool,
}

impl LogLines {
    fn add(&mut self, line: &str) {
        if std::mem::take(&mut self.lacks_header) {
            self.file.add(HEADER);
        }
        self.file.add(line);
    }
}

impl JobLog {
    /// Opens it. LogLines that are appended to others have no header of their own; their `Seq` begins
    /// at 1 again.
    ///
    /// # Errors
    /// One line that says why it cannot be opened.
    pub(crate) fn open(path: &Path, mode: Mode, rerun: Rerun) -> Result<Self, String> {
        let file = LogFile::open("--joblog", path, mode)?;
        let lacks_header = !file.goes_on();
        let mut lines = LogLines { file, lacks_header };
        if mode == Mode::Overwrite {
            lines.file.add(HEADER);
            lines.lacks_header = false;
        }
        Ok(Self { lines, chunks: Chunks::new(rerun) })
    }

    /// Lets lines reach the file: the job has begun.
    pub(crate) fn release(&mut self) {
        self.lines.file.release();
    }

    /// Whether the file is as it was before the call.
    pub(crate) fn is_untouched(&self) -> bool {
        self.lines.file.is_untouched()
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// One line that says why not all of it could be written.
    pub(crate) fn close(mut self) -> Result<(), String> {
        self.chunks.finish(&mut |line| self.lines.add(line));
        self.lines.file.close()
    }
}

/// Refuses to append to a file that begins with something else than the header of a job log.
///
/// # Errors
/// One line that names the file.
pub(crate) fn refuse_foreign(path: &Path) -> Result<(), String> {
    let is_file = std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    let Some(file) = is_file.then(|| File::open(path).ok()).flatten() else { return Ok(()) };
    let mut begin = Vec::new();
    // One byte more than the header, for the end of its line.
    let most = HEADER.len() as u64 + 1;
    if file.take(most).read_to_end(&mut begin).is_err() || begin.is_empty() {
        return Ok(());
    }
    match begin.strip_suffix(b"\n") {
        Some(line) if line == HEADER.as_bytes() => Ok(()),
        _ => Err(format!(
            "cannot append to '{}' for --joblog: its first line is not the header of a job log; name another file",
            path.display()
        )),
    }
}

impl Observer for JobLog {
    fn observe(&mut self, observation: &Observation<'_>) {
        match observation {
            Observation::Done(piece) => {
                // An unset clock is no reason to stop.
                let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
                self.chunks.take(piece, now.unwrap_or_default(), &mut |line| self.lines.add(line));
                self.lines.file.look_after();
            }
            Observation::AgentJoined(agent) => {
                self.chunks.seat(agent.worker, &agent.machine, &mut |line| self.lines.add(line));
            }
            Observation::Paused => self.lines.file.flush(),
            _ => self.lines.file.look_after(),
        }
    }
}

/// Joins pieces of a chunk into lines.
struct Chunks {
    rerun: Rerun,
    /// By worker: the part of its chunk that is done.
    open: Vec<Option<LogLine>>,
    /// By worker: the machine of an agent, in one word.
    hosts: BTreeMap<usize, String>,
    /// Number of lines so far.
    lines: u64,
}

/// Consecutive numbers for one line.
#[derive(Clone, Copy)]
struct LogLine {
    attempt: u8,
    interval: Interval,
    /// Since the epoch.
    began: Duration,
    took: Duration,
    lost: Option<Loss>,
}

impl Chunks {
    fn new(rerun: Rerun) -> Self {
        Self { rerun, open: vec![], hosts: BTreeMap::new(), lines: 0 }
    }

    /// Takes a piece that was told at `now`, since the epoch, and writes the lines that it completes.
    fn take(&mut self, piece: &Piece, now: Duration, write: &mut impl FnMut(&str)) {
        let Piece { worker, attempt, interval, lost, is_end, took, .. } = *piece;
        if self.open.len() < worker {
            self.open.resize(worker, None);
        }
        let began = now.saturating_sub(took);
        let mut line = LogLine { attempt, interval, began, took, lost };
        if let Some(before) = self.open[worker - 1].take() {
            match before.followed_by(line) {
                Some(joined) => line = joined,
                None => self.write(worker, before, write),
            }
        }
        if is_end {
            self.write(worker, line, write);
        } else {
            self.open[worker - 1] = Some(line);
        }
    }

    /// An agent takes the place of `worker`.
    fn seat(&mut self, worker: usize, machine: &str, write: &mut impl FnMut(&str)) {
        // The numbers of the previous agent in this slot were done on its machine.
        if let Some(line) = self.open.get_mut(worker - 1).and_then(Option::take) {
            self.write(worker, line, write);
        }
        self.hosts.insert(worker, machine.to_owned());
    }

    /// Writes the done parts of unfinished chunks.
    fn finish(&mut self, write: &mut impl FnMut(&str)) {
        for (worker, line) in (1..).zip(std::mem::take(&mut self.open)) {
            line.into_iter().for_each(|line| self.write(worker, line, write));
        }
    }

    fn write(&mut self, worker: usize, line: LogLine, write: &mut impl FnMut(&str)) {
        self.lines += 1;
        let (exit, signal) = match line.lost {
            None => (0, 0),
            Some(Loss::Ended(ProcessEnd::Exit(status)) | Loss::Failed(Cause::Exit(status))) => {
                (status, 0)
            }
            Some(Loss::Ended(ProcessEnd::Signal(signal)) | Loss::Failed(Cause::Signal(signal))) => {
                (0, signal)
            }
            Some(Loss::Failed(_)) => (1, 0),
            Some(Loss::Silent) => (0, SIGNAL_STOP),
            // The end of its processes is unknown here.
            Some(Loss::Gone) => (0, SIGNAL_HUP),
        };
        let (began, took) = (line.began.as_secs_f64(), line.took.as_secs_f64());
        let host = self.hosts.get(&worker).map_or(":", String::as_str);
        let (seq, command) = (self.lines, self.rerun.half_open(line.interval));
        let [first, last] = [line.interval.first(), line.interval.last()].map(Interval::single);
        let texts = match (self.rerun.text_of(first), self.rerun.text_of(last)) {
            (Some(first), Some(_)) if line.interval.len() == 1 => format!(" # {first}"),
            (Some(first), Some(last)) => format!(" # {first} … {last}"),
            _ => String::new(),
        };
        write(&format!(
            "{seq}\t{host}\t{began:.3}\t{took:10.3}\t0\t0\t{exit}\t{signal}\t{command}{texts}"
        ));
    }
}

impl LogLine {
    /// Joins both, if `other` follows in the same attempt.
    fn followed_by(self, other: Self) -> Option<Self> {
        let follows = self.interval.last().checked_add(1) == Some(other.interval.first());
        let is_same = follows && self.attempt == other.attempt && other.lost.is_none();
        let interval = Interval::new(self.interval.first(), other.interval.last());
        let interval = interval.filter(|_| is_same)?;
        Some(Self { interval, took: self.took + other.took, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_millis(1_700_000_000_500);

    fn piece(worker: usize, first: i64, last: i64, is_end: bool) -> Piece {
        let interval = Interval::new(first, last).unwrap();
        let (began, took) = (Duration::ZERO, Duration::from_millis(250));
        Piece { worker, attempt: 1, interval, lost: None, is_end, began, took }
    }

    fn lost(worker: usize, first: i64, last: i64, loss: Loss) -> Piece {
        Piece { lost: Some(loss), ..piece(worker, first, last, true) }
    }

    /// The lines that pieces become, the columns from JobRuntime on without those that are 0.
    fn lines(pieces: &[Piece]) -> Vec<String> {
        let mut lines = vec![];
        let mut chunks =
            Chunks::new(Rerun::new("count", evenly::function::named("even").unwrap().typed()));
        let mut write = |line: &str| {
            let columns: Vec<&str> = line.split('\t').collect();
            let [_, ":", _, took, "0", "0", exit, signal, command] = columns[..] else {
                panic!("{line}")
            };
            let command = command.strip_prefix("evenly count even ").unwrap();
            lines.push(format!("{} {exit} {signal} {command}", took.trim_start()));
        };
        pieces.iter().for_each(|piece| chunks.take(piece, NOW, &mut write));
        chunks.finish(&mut write);
        lines
    }

    #[test]
    fn a_line_is_as_gnu_parallel_writes_it() {
        let mut chunks =
            Chunks::new(Rerun::new("count", evenly::function::named("even").unwrap().typed()));
        let mut text = String::new();
        chunks.take(&piece(1, 0, 999, true), NOW, &mut |line| text += line);
        let expected = "1\t:\t1700000000.250\t     0.250\t0\t0\t0\t0\tevenly count even 0..1000";
        assert_eq!(text, expected);
    }

    #[test]
    fn the_machine_of_an_agent_is_in_its_column() {
        let mut chunks =
            Chunks::new(Rerun::new("count", evenly::function::named("even").unwrap().typed()));
        let mut hosts = vec![];
        let mut write = |line: &str| {
            assert_eq!(line.split('\t').count(), 9, "{line}");
            hosts.push(line.split('\t').nth(1).unwrap().to_owned());
        };
        chunks.seat(2, "node#2", &mut write);
        chunks.take(&piece(1, 0, 9, true), NOW, &mut write);
        chunks.take(&piece(2, 10, 19, false), NOW, &mut write);
        chunks.seat(2, "other", &mut write);
        chunks.take(&piece(2, 20, 29, true), NOW, &mut write);
        assert_eq!(hosts, [":", "node#2", "other"]);
    }

    #[test]
    fn the_goes_of_a_chunk_are_one_line() {
        let pieces = [
            piece(1, 0, 9, false),
            piece(2, 100, 109, false),
            piece(1, 10, 19, true),
            piece(2, 110, 149, true),
            piece(1, 20, 29, true),
        ];
        assert_eq!(lines(&pieces), ["0.500 0 0 0..20", "0.500 0 0 100..150", "0.250 0 0 20..30"]);
    }

    #[test]
    fn what_was_done_of_a_lost_chunk_has_a_line_of_its_own() {
        let killed = Loss::Ended(ProcessEnd::Signal(9));
        let pieces = [
            piece(1, 0, 9, false),
            lost(1, 10, 19, killed),
            lost(1, 20, 29, Loss::Ended(ProcessEnd::Exit(101))),
            lost(2, 40, 49, Loss::Silent),
            Piece { attempt: 2, ..piece(2, 10, 19, true) },
        ];
        let expected = [
            "0.250 0 0 0..10",
            "0.250 0 9 10..20",
            "0.250 101 0 20..30",
            "0.250 0 19 40..50",
            "0.250 0 0 10..20",
        ];
        assert_eq!(lines(&pieces), expected);
    }

    #[test]
    fn what_failed_elsewhere_has_a_line_of_its_own() {
        let pieces = [
            piece(1, 0, 9, false),
            lost(1, 10, 10, Loss::Failed(Cause::Signal(11))),
            piece(1, 11, 19, true),
            lost(1, 30, 30, Loss::Failed(Cause::Exit(7))),
        ];
        let expected =
            ["0.250 0 0 0..10", "0.250 0 11 10..11", "0.250 0 0 11..20", "0.250 7 0 30..31"];
        assert_eq!(lines(&pieces), expected);
    }

    #[test]
    fn a_chunk_whose_rest_was_given_back_ends_where_it_was_given_back() {
        let pieces = [piece(1, 0, 9, false), piece(1, 50, 59, true), piece(1, 60, 69, false)];
        assert_eq!(lines(&pieces), ["0.250 0 0 0..10", "0.250 0 0 50..60", "0.250 0 0 60..70"]);
    }
}
