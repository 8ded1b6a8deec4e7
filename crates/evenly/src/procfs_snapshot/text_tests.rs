//! Tests of the text of a snapshot: hand-made snapshots, compared byte by byte, without `/proc`.

use super::{
    Access, Activity, Descriptor, Labels, Outsider, PipeEnd, PipeView, ProcessView, Snapshot,
    Target, render,
};

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
    };
    let results = PipeView {
        inode: RESULTS,
        writers: (1..=workers)
            .map(|index| PipeEnd { pid: PRIMARY + index, descriptor: 4 })
            .collect(),
        readers: vec![PipeEnd { pid: PRIMARY, descriptor: 3 }],
        bytes_waiting: Some(0),
        capacity: Some(65536),
    };
    Snapshot {
        processes: std::iter::once(primary).chain((1..=workers).map(worker)).collect(),
        pipes: (1..=workers).map(assignment).chain([results]).collect(),
        sockets: vec![],
        outsiders: vec![],
        hidden_processes: 0,
    }
}

fn text(snapshot: &Snapshot, everything: bool) -> String {
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
    let socket = |inode| (inode < 100).then(|| format!("socket {inode}"));
    let text =
        render(snapshot, Labels { process: &process, pipe: &pipe, socket: &socket }, everything);
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "{line}");
        assert_eq!(line.trim_end(), line);
    }
    text
}

/// Compares, and prints what came as it would have to be written here.
#[track_caller]
fn check(actual: &str, expected: &str) {
    assert!(actual == expected.trim_start_matches('\n'), "this came:\n{actual}");
}

#[test]
fn two_workers() {
    check(
        &text(&wiring(2), false),
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

#[test]
fn many_workers_leave_out_the_middle() {
    check(
        &text(&wiring(64), false),
        r#"
process    pid   doing                  descriptors
primary    4711  blocked in epoll_wait  0,1 /dev/null  2 /dev/pts/0  3 r results  5 w to worker 1
                                        7 w to worker 2  … 61 more  131 w to worker 64
worker 1   4712  blocked in read of 3   0,1 /dev/null  2 /dev/pts/0  3 r to worker 1  4 w results
worker 2   4713  blocked in read of 3   0,1 /dev/null  2 /dev/pts/0  3 r to worker 2  4 w results
… 61 more like worker 2: all blocked in read
worker 64  4775  blocked in read of 3   0,1 /dev/null  2 /dev/pts/0  3 r to worker 64  4 w results

pipe          can write                                       can read     bytes waiting  write ends
to worker 1   primary:5                                       worker 1:3   16 of 65536    1 open
to worker 2   primary:7                                       worker 2:3   16 of 65536    1 open
… 61 more like "to worker 2": 976 bytes waiting in them
to worker 64  primary:131                                     worker 64:3  16 of 65536    1 open
results       worker 1:4, worker 2:4, worker 3:4,             primary:3    0 of 65536     64 open
              worker 4:4, worker 5:4, … 58 more, worker 64:4
"#,
    );
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
    snapshot.hidden_processes = 3;
    check(
        &text(&snapshot, false),
        r#"
process    pid   doing                     descriptors
primary    4711  blocked in epoll_wait     0,1 /dev/null  2 /dev/pts/0  3 r results  5 w to worker 1
                                           7 w to worker 2  … 17 more  43 w to worker 20
worker 1   4712  blocked in read of 3      0,1 /dev/null  2 /dev/pts/0  3 r to worker 1  4 w results
worker 2   4713  blocked in read of 3      0,1 /dev/null  2 /dev/pts/0  3 r to worker 2  4 w results
… 14 more like worker 2: 12 blocked in read, 2 running
worker 7   4718  stopped                   0,1 /dev/null  2 /dev/pts/0  3 r to worker 7  4 w results
worker 11  4722  dead, not yet waited for  none, all closed
worker 12  4723  blocked in read of 3      0,1 /dev/null  2 /dev/pts/0  3 r to worker 12
                                           4 w results  9 socket:[12345]
worker 20  4731  blocked in read of 3      0,1 /dev/null  2 /dev/pts/0  3 r to worker 20
                                           4 w results

pipe          can write                                       can read     bytes waiting  write ends
to worker 1   primary:5                                       worker 1:3   16 of 65536    1 open
to worker 2   primary:7                                       worker 2:3   16 of 65536    1 open
… 16 more like "to worker 2": 256 bytes waiting in them
to worker 11  primary:25                                      nobody       16 of 65536    1 open
to worker 20  primary:43                                      worker 20:3  16 of 65536    1 open
results       worker 1:4, worker 2:4, worker 3:4,             primary:3    0 of 65536     21 open
              worker 4:4, worker 5:4, … 14 more,
              worker 20:4, sh\x1b[1m(77):251

held from outside by  sh\x1b[1m(77)
3 processes may not be looked into: they may hold ends unseen
"#,
    );
}

#[test]
fn everything_is_shown_on_request() {
    let text = text(&wiring(64), true);
    assert!(!text.contains('…'));
    for index in 1..=64 {
        assert!(text.contains(&format!("worker {index}:4")), "{index}");
        assert!(text.contains(&format!("\nto worker {index} ")), "{index}");
    }
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
    }
    snapshot.processes[0].descriptors.truncate(4);
    snapshot.pipes[2].writers.clear();
    check(
        &text(&snapshot, false),
        "
process   pid   doing                     descriptors
primary   4711  blocked in epoll_wait     0,1 /dev/null  2 /dev/pts/0  3 r results
worker 1  4712  dead, not yet waited for  none, all closed
worker 2  4713  gone                      none, all closed

pipe         can write  can read   bytes waiting  write ends
to worker 1  nobody     nobody     unknown        0, pipe is gone
to worker 2  nobody     nobody     unknown        0, pipe is gone
results      nobody     primary:3  0 of 65536     0 → end of file
",
    );
    snapshot.pipes[2].bytes_waiting = Some(40);
    assert!(text(&snapshot, false).contains("0 → end of file once empty"));
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
        &text(&snapshot, false),
        "
process   pid   doing                          descriptors
primary   4711  sleeping in hrtimer_nanosleep  0,1 /dev/null  2 /dev/pts/0  3 r, 4 w to worker 1
                                               5 r, 6 w results  7 r, 8 w pipe:[5000]
                                               9 …/file/with\\ta tab (deleted)  10 [eventpoll]
worker 1  4712  blocked in read of 3           (we may not look)

pipe         can write   can read    bytes waiting  write ends
to worker 1  primary:5   worker 1:3  16 of 65536    1 open
results      worker 1:4  primary:3   0 of 65536     1 open

1 process may not be looked into: it may hold ends unseen
",
    );
}
