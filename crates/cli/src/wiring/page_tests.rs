//! Tests of the text of a snapshot: hand-made snapshots, compared byte by byte, without `/proc`.

use super::changes::Changes;
use super::page::{Labels, Page};
use evenly::internal::procfs_snapshot::{
    Access, Activity, Descriptor, Outsider, PipeEnd, PipeView, ProcessView, Snapshot, Target,
};
use evenly_inspect::Language;

const PRIMARY: u32 = 4711;
const RESULTS: u64 = 900;

fn entry(number: i32, access: Access, target: Target) -> Descriptor {
    Descriptor { number, access, target }
}

fn standard() -> Vec<Descriptor> {
    let null = || Target::Device("/dev/null".to_owned());
    vec![
        entry(0, Access::Read, null()),
        entry(1, Access::Write, null()),
        entry(2, Access::Both, Target::Device("/dev/pts/0".to_owned())),
    ]
}

fn process(pid: u32, activity: Activity, more: Vec<Descriptor>) -> ProcessView {
    let mut descriptors = standard();
    descriptors.extend(more);
    ProcessView {
        pid,
        parent: 1,
        name: "evenly".to_owned(),
        activity,
        descriptors,
        table_hidden: false,
    }
}

fn worker(index: u32) -> ProcessView {
    let ends = vec![
        entry(3, Access::Read, Target::Pipe(u64::from(index))),
        entry(4, Access::Write, Target::Pipe(RESULTS)),
    ];
    process(PRIMARY + index, Activity::Reading { descriptor: Some(3) }, ends)
}

/// The wiring of a run with `workers` workers, once every process has closed what is not its own.
fn wiring(workers: u32) -> Snapshot {
    let number = |index: u32| i32::try_from(3 + 2 * index).unwrap();
    let mut ends = vec![entry(3, Access::Read, Target::Pipe(RESULTS))];
    ends.extend(
        (1..=workers)
            .map(|index| entry(number(index), Access::Write, Target::Pipe(u64::from(index)))),
    );
    let primary = process(PRIMARY, Activity::Polling { call: "epoll_wait" }, ends);
    let assignment = |index: u32| PipeView {
        inode: u64::from(index),
        writers: vec![PipeEnd { pid: PRIMARY, descriptor: number(index) }],
        readers: vec![PipeEnd { pid: PRIMARY + index, descriptor: 3 }],
        bytes_waiting: Some(16),
        capacity: Some(65536),
        has_writer: Some(true),
    };
    let results = PipeView {
        inode: RESULTS,
        writers: (1..=workers)
            .map(|index| PipeEnd { pid: PRIMARY + index, descriptor: 4 })
            .collect(),
        readers: vec![PipeEnd { pid: PRIMARY, descriptor: 3 }],
        bytes_waiting: Some(0),
        capacity: Some(65536),
        has_writer: Some(true),
    };
    Snapshot {
        processes: std::iter::once(primary).chain((1..=workers).map(worker)).collect(),
        pipes: (1..=workers).map(assignment).chain([results]).collect(),
        sockets: vec![],
        outsiders: vec![],
        hidden_processes: 0,
    }
}

/// How a snapshot is drawn.
struct Drawn<'a> {
    before: Option<&'a Snapshot>,
    columns: usize,
    language: Language,
    /// Whether no process is meant to write the result pipe.
    is_unused: bool,
}

const WIDE: Drawn<'_> =
    Drawn { before: None, columns: 100, language: Language::English, is_unused: false };

impl Drawn<'_> {
    fn text(&self, snapshot: &Snapshot) -> String {
        let process = |pid: u32| match pid.checked_sub(PRIMARY)? {
            0 => Some("primary".to_owned()),
            index @ 1..=100 => Some(format!("worker {index}")),
            _ => None,
        };
        let pipe = |inode| match inode {
            RESULTS => Some("results".to_owned()),
            1..=100 => Some(format!("to worker {inode}")),
            _ => None,
        };
        let labels = Labels {
            process: &process,
            pipe: &pipe,
            socket: &|_| None,
            doing: &|pid| (pid == PRIMARY).then(|| "after fork()".to_owned()),
            is_unused: &|inode| self.is_unused && inode == RESULTS,
        };
        let (changes, columns) = (Changes::since(self.before), self.columns);
        let text = Page { snapshot, changes, labels, language: self.language, columns }.text();
        for line in text.lines() {
            assert!(line.chars().count() <= columns, "{line}");
            assert_eq!(line.trim_end(), line);
        }
        text
    }
}

/// Compares, and prints what came as it would have to be written here.
#[track_caller]
fn check(actual: &str, expected: &str) {
    assert!(actual == expected.trim_start_matches('\n'), "this came:\n{actual}");
}

#[test]
fn two_workers() {
    check(
        &WIDE.text(&wiring(2)),
        "
process   pid   doing                  descriptors
primary   4711  blocked in epoll_wait  0,1 /dev/null  2 /dev/pts/0  3 r results  5 w to worker 1
                                       7 w to worker 2
worker 1  4712  blocked in read of 3   0,1 /dev/null  2 /dev/pts/0  3 r to worker 1  4 w results
worker 2  4713  blocked in read of 3   0,1 /dev/null  2 /dev/pts/0  3 r to worker 2  4 w results

pipe         can write               can read    bytes waiting  write ends
to worker 1  primary:5               worker 1:3  16 of 65536    1 open
to worker 2  primary:7               worker 2:3  16 of 65536    1 open
results      worker 1:4, worker 2:4  primary:3   0 of 65536     2 open
",
    );
}

/// Whether each of these texts is in a picture.
#[track_caller]
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
}

#[test]
fn more_than_four_workers_leave_out_the_middle() {
    let four = WIDE.text(&wiring(4));
    assert!(!four.contains('…'), "{four}");
    let text = WIDE.text(&wiring(64));
    has(
        &text,
        &[
            "15 w to worker 6  17 w to worker 7\n",
            "… 56 more  131 w to worker 64\n",
            "\n… 61 more like worker 2: all blocked in read\nworker 64  4775 ",
            "\n… 61 more like \"to worker 2\": 976 bytes waiting in them\nto worker 64  ",
            "worker 1:4, worker 2:4, worker 3:4, … 60 more, ",
            "worker 64:4",
        ],
    );
    assert!(!text.contains("worker 8 ") && !text.contains("worker 8:"), "{text}");
}

#[test]
fn odd_ones_outsiders_and_ends_are_never_left_out() {
    let mut snapshot = wiring(20);
    snapshot.processes[7].activity = Activity::Stopped;
    snapshot.processes[11].activity = Activity::Zombie;
    snapshot.processes[11].descriptors.clear();
    snapshot.processes[12].descriptors.push(entry(9, Access::Read, Target::Socket(12345)));
    snapshot.processes[13].activity = Activity::Running;
    snapshot.processes[14].activity = Activity::Running;
    snapshot.pipes[10].readers.clear();
    snapshot.pipes[20].writers.push(PipeEnd { pid: 77, descriptor: 251 });
    snapshot.outsiders.push(Outsider { pid: 77, name: "sh\u{1b}[1m".to_owned() });
    has(
        &WIDE.text(&snapshot),
        &[
            "… 14 more like worker 2: 12 blocked in read, 2 running",
            "worker 7   4718  stopped ",
            "worker 11  4722  dead, not yet waited for  none, all closed",
            "  9 socket:[12345]",
            "… 16 more like \"to worker 2\"",
            "to worker 11  primary:25 ",
            "  nobody ",
            "worker 20:4, sh\\x1b[1m(77):251",
            "\nheld from outside by sh\\x1b[1m(77)\n",
        ],
    );
}

#[test]
fn the_last_stages() {
    let mut snapshot = wiring(2);
    snapshot.processes[1].activity = Activity::Zombie;
    snapshot.processes[1].descriptors.clear();
    snapshot.processes[2] = ProcessView {
        pid: 4713,
        parent: 0,
        name: String::new(),
        activity: Activity::Gone,
        descriptors: vec![],
        table_hidden: false,
    };
    for pipe in &mut snapshot.pipes[..2] {
        (pipe.writers, pipe.readers) = (vec![], vec![]);
        (pipe.bytes_waiting, pipe.capacity) = (None, None);
        pipe.has_writer = None;
    }
    snapshot.processes[0].descriptors.truncate(4);
    snapshot.pipes[2].writers.clear();
    snapshot.pipes[2].has_writer = Some(false);
    check(
        &WIDE.text(&snapshot),
        "
process   pid   doing                     descriptors
primary   4711  blocked in epoll_wait     0,1 /dev/null  2 /dev/pts/0  3 r results
worker 1  4712  dead, not yet waited for  none, all closed
worker 2  4713  gone                      none, all closed

pipe     can write  can read   bytes waiting  write ends
results  nobody     primary:3  0 of 65536     0 → end of file
closed by all, so the kernel removed them: to worker 1, to worker 2
",
    );
    snapshot.pipes[2].bytes_waiting = Some(40);
    assert!(WIDE.text(&snapshot).contains("0 → end of file once empty"));
}

#[test]
fn all_ends_inherited_and_odd_targets() {
    let mut snapshot = wiring(1);
    let both = |number, inode| {
        [
            entry(number, Access::Read, Target::Pipe(inode)),
            entry(number + 1, Access::Write, Target::Pipe(inode)),
        ]
    };
    let primary = &mut snapshot.processes[0];
    primary.descriptors.truncate(3);
    primary.descriptors.extend([both(3, 1), both(5, RESULTS), both(7, 5000)].concat());
    let path = "/a/long/way/down/to/a/file/with\\ta tab (deleted)".to_owned();
    primary.descriptors.push(entry(9, Access::Read, Target::File(path)));
    primary.descriptors.push(entry(10, Access::Both, Target::Anonymous("[eventpoll]".to_owned())));
    primary.activity = Activity::Sleeping { detail: "hrtimer_nanosleep".to_owned() };
    snapshot.processes[1].table_hidden = true;
    snapshot.processes[1].descriptors.clear();
    snapshot.hidden_processes = 1;
    check(
        &WIDE.text(&snapshot),
        "
process   pid   doing                          descriptors
primary   4711  sleeping in hrtimer_nanosleep  0,1 /dev/null  2 /dev/pts/0  3 r, 4 w to worker 1
                                               5 r, 6 w results  7 r, 8 w pipe:[5000]
                                               9 …/file/with\\ta tab (deleted)  10 [eventpoll]
worker 1  4712  blocked in read of 3           (may not be read)

pipe         can write   can read    bytes waiting  write ends
to worker 1  primary:5   worker 1:3  16 of 65536    1 open
results      worker 1:4  primary:3   0 of 65536     1 open
",
    );
}

#[test]
fn what_changed_is_marked() {
    let mut before = wiring(1);
    before.processes[1].descriptors.push(entry(9, Access::Write, Target::Pipe(1)));
    before.processes[1].activity = Activity::Stopped;
    let mut now = wiring(2);
    now.processes[0].activity = Activity::Running;
    now.pipes[0].bytes_waiting = Some(80);
    let drawn = Drawn { before: Some(&before), columns: 80, ..WIDE };
    has(
        &drawn.text(&now),
        &[
            "  process ",
            "* primary   4711  after fork() ",
            "+7 w to worker 2",
            "* worker 1  4712  blocked in read of 3 ",
            "-9 w to worker 1",
            "+ worker 2  4713  blocked in read of 3 ",
            "* to worker 1 ",
            "16 → 80 of 65536",
            "+ to worker 2 ",
            "* results ",
        ],
    );
    let same = Drawn { before: Some(&now), ..WIDE }.text(&now);
    assert!(!same.contains(['+', '-', '*', '→']), "{same}");
}

#[test]
fn a_narrow_page_has_a_line_for_each_cell_at_worst() {
    has(&Drawn { columns: 60, ..WIDE }.text(&wiring(2)), &["process   pid   doing ", "worker 2:4"]);
    let mut last = wiring(2);
    for pipe in &mut last.pipes {
        (pipe.writers, pipe.has_writer) = (vec![], Some(false));
    }
    for language in [Language::English, Language::Spanish] {
        let drawn = Drawn { columns: 60, language, ..WIDE }.text(&last);
        let then = if language == Language::English { "0, then EOF" } else { "0, luego" };
        has(&drawn, &[then, "0 → EOF"]);
        assert!(!drawn.contains("file") && !drawn.contains("archivo"), "{drawn}");
    }
    let narrow = Drawn { columns: 40, ..WIDE }.text(&wiring(1));
    has(&narrow, &["primary\n  pid ", "worker 1\n  pid ", "  descriptors  0,1 /dev/null"]);
}

#[test]
fn any_width_and_language_fits() {
    let mut before = wiring(12);
    before.processes[3].activity = Activity::Running;
    for columns in 40..=120 {
        for language in [Language::English, Language::Spanish] {
            let drawn = Drawn { before: Some(&before), columns, language, is_unused: false };
            assert!(drawn.text(&wiring(4)).lines().count() > 10);
            assert!(drawn.text(&wiring(64)).contains("worker 64"));
        }
    }
}

#[test]
fn hidden_write_ends_are_mentioned_only_where_they_matter() {
    let mut snapshot = wiring(1);
    snapshot.hidden_processes = 1147;
    assert!(!WIDE.text(&snapshot).contains("1147"));
    snapshot.pipes[1].writers.clear();
    snapshot.pipes[1].has_writer = Some(false);
    let text = WIDE.text(&snapshot);
    assert!(!text.contains("1147") && text.contains("0 → end of file"), "{text}");
    snapshot.pipes[1].has_writer = Some(true);
    let text = WIDE.text(&snapshot);
    assert!(text.contains("1147") && text.contains("hidden"), "{text}");
    assert!(!text.contains("→ end of file"), "{text}");
}

#[test]
fn a_pipe_that_no_worker_writes_is_not_at_its_end() {
    let mut snapshot = wiring(1);
    snapshot.pipes[1].writers.clear();
    snapshot.pipes[1].has_writer = Some(false);
    let text = Drawn { is_unused: true, ..WIDE }.text(&snapshot);
    assert!(text.contains("0: no worker here") && !text.contains("end of file"), "{text}");
}
