//! The text of hand-made sockets, to the letter. The kernel is not asked.

use super::changes::Changes;
use super::page::{Labels, Page};
use evenly::internal::procfs_snapshot::{
    Access, Activity, Descriptor, PipeEnd, ProcessView, Snapshot, SocketAddress, SocketKind,
    SocketState, SocketView, Target,
};
use evenly_inspect::Language;

fn socket(inode: u64, holder: (u32, i32), kind: SocketKind, state: SocketState) -> SocketView {
    SocketView {
        inode,
        holders: vec![PipeEnd { pid: holder.0, descriptor: holder.1 }],
        kind: Some(kind),
        state,
        own: None,
        peer: None,
        peer_inode: None,
        bytes_to_read: Some(0),
        bytes_unsent: None,
        to_accept: None,
    }
}

fn internet(address: &str) -> Option<SocketAddress> {
    Some(SocketAddress::Internet(address.parse().unwrap()))
}

fn path(path: &str) -> Option<SocketAddress> {
    Some(SocketAddress::Path(path.to_owned()))
}

fn process(pid: u32, sockets: &[u64]) -> ProcessView {
    let entry = |(number, inode): (i32, &u64)| Descriptor {
        number,
        access: Access::Both,
        target: Target::Socket(*inode),
    };
    ProcessView {
        pid,
        parent: 1,
        name: "evenly".to_owned(),
        activity: Activity::Polling { call: "epoll_wait" },
        descriptors: (5..).zip(sockets).map(entry).collect(),
        table_hidden: false,
    }
}

#[track_caller]
fn check(processes: Vec<ProcessView>, sockets: Vec<SocketView>, expected: &str) {
    let (pipes, outsiders) = (vec![], vec![]);
    let snapshot = Snapshot { processes, pipes, sockets, outsiders, hidden_processes: 0 };
    let process = |pid| (pid == 4711).then(|| "primary".to_owned());
    let socket = |inode| (inode < 20).then(|| format!("to agent {inode}"));
    let labels = Labels {
        process: &process,
        pipe: &|_| None,
        socket: &socket,
        doing: &|_| None,
        is_unused: &|_| false,
    };
    let (changes, language) = (Changes::since(None), Language::English);
    let page = |columns| Page { snapshot: &snapshot, changes, labels, language, columns }.text();
    for columns in 40..100 {
        let text = page(columns);
        assert!(text.lines().all(|line| line.chars().count() <= columns), "too wide:\n{text}");
    }
    let text = page(100);
    assert!(text.lines().all(|line| line.chars().count() <= 100), "too wide:\n{text}");
    assert!(text.contains(expected.trim_start_matches('\n')), "this came:\n{text}");
}

#[test]
fn both_ends_of_connections() {
    let listening = SocketView {
        own: internet("192.0.2.1:7700"),
        to_accept: Some(1),
        ..socket(30, (4711, 5), SocketKind::Tcp, SocketState::Listening)
    };
    let ours = SocketView {
        own: internet("192.0.2.1:7700"),
        peer: internet("192.0.2.7:40112"),
        bytes_unsent: Some(0),
        ..socket(3, (4711, 6), SocketKind::Tcp, SocketState::Connected)
    };
    let inner = SocketView {
        own: path("/tmp/a\u{1b}board"),
        peer_inode: Some(40),
        bytes_to_read: Some(48),
        ..socket(4, (4711, 7), SocketKind::Unix, SocketState::Connected)
    };
    let theirs = SocketView {
        peer: path("/tmp/a\u{1b}board"),
        peer_inode: Some(4),
        ..socket(40, (4800, 5), SocketKind::Unix, SocketState::Connected)
    };
    check(
        vec![process(4711, &[30, 3, 4]), process(4800, &[40])],
        vec![listening, ours, inner, theirs],
        "
primary       4711  blocked in epoll_wait  5 socket:[30]  6 to agent 3  7 to agent 4
evenly(4800)  4800  blocked in epoll_wait  5 socket:[40]

socket       held by         state      addresses                                        waiting
socket:[30]  primary:5       listening  tcp:192.0.2.1:7700                               1 to accept
to agent 3   primary:6       connected  tcp:192.0.2.1:7700 → tcp:192.0.2.7:40112         0 bytes
to agent 4   primary:7       connected  unix:/tmp/a\\x1bboard → unnamed (evenly(4800):5)  48 bytes
socket:[40]  evenly(4800):5  connected  unnamed → unix:/tmp/a\\x1bboard (primary:7)       0 bytes
",
    );
}

#[test]
fn long_and_odd_ones() {
    let v6 = "[2001:db8:1111:2222:3333:4444:5555:6666]:65535";
    let long = SocketView {
        own: internet(v6),
        peer: internet(v6),
        bytes_unsent: Some(1200),
        bytes_to_read: Some(12),
        holders: (0..3).map(|descriptor| PipeEnd { pid: 4711, descriptor }).collect(),
        ..socket(3, (4711, 6), SocketKind::Tcp, SocketState::Closing)
    };
    let bound = SocketView {
        own: path(&format!("/{}/the.board", "directory/".repeat(9))),
        ..socket(31, (4711, 7), SocketKind::Unixgram, SocketState::Bound)
    };
    let unknown = SocketView {
        kind: None,
        bytes_to_read: None,
        ..socket(32, (4711, 8), SocketKind::Udp, SocketState::Unknown)
    };
    check(
        vec![process(4711, &[3, 31, 32])],
        vec![long, bound, unknown],
        "
socket       held by     state    addresses                                     waiting
to agent 3   primary:0,  closing  tcp:…:1111:2222:3333:4444:5555:6666]:65535    12 bytes,
             primary:1,           → tcp:…:1111:2222:3333:4444:5555:6666]:65535  1200 unsent
             primary:2
socket:[31]  primary:7   bound    unixgram:…y/directory/directory//the.board    0 bytes
socket:[32]  primary:8   unknown                                                unknown
",
    );
}

#[test]
fn many_leave_out_the_middle() {
    let sockets: Vec<_> = (1..=15)
        .map(|inode| SocketView {
            own: internet("192.0.2.1:7700"),
            peer: internet("192.0.2.7:40112"),
            ..socket(inode, (4711, 5), SocketKind::Udp, SocketState::Connected)
        })
        .collect();
    check(vec![process(4711, &[1])], sockets, "\n… 12 more like \"to agent 2\"\nto agent 15 ");
}
