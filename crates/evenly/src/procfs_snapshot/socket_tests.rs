//! Pictures of real sockets of this process, and the lines of tables that it cannot easily bring about.

use super::socket_model::SocketEntries;
use super::{
    PipeEnd, Snapshot, SocketAddress, SocketKind, SocketState, SocketView, Target, socket_diag,
    socket_table,
};
use std::io::Write;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};

/// This process as a picture, and in it these sockets.
fn picture<const N: usize>(sockets: [&dyn AsFd; N]) -> (Snapshot, [SocketView; N]) {
    let snapshot = Snapshot::take(&[std::process::id()], &[]).unwrap();
    let views = sockets.map(|socket| {
        let descriptor = socket.as_fd().as_raw_fd();
        let inode = rustix::fs::fstat(socket.as_fd()).unwrap().st_ino;
        let entry = snapshot.processes[0].descriptors.iter().find(|one| one.number == descriptor);
        assert_eq!(entry.map(|entry| &entry.target), Some(&Target::Socket(inode)));
        let view = snapshot.sockets.iter().find(|view| view.inode == inode).unwrap();
        assert_eq!(view.holders, [PipeEnd { pid: std::process::id(), descriptor }]);
        view.clone()
    });
    (snapshot, views)
}

fn addresses(view: &SocketView) -> (String, String) {
    (view.own_address().unwrap_or_default(), view.peer_address().unwrap_or_default())
}

fn is_connected_to(one: &SocketView, other: &SocketView) {
    assert_eq!((one.state, other.state), (SocketState::Connected, SocketState::Connected));
    assert_eq!((one.peer_inode, other.peer_inode), (Some(other.inode), Some(one.inode)));
}

#[test]
fn tcp_has_its_addresses_and_what_waits() {
    for host in ["127.0.0.1", "::1"] {
        let Ok(listener) = TcpListener::bind((host, 0)) else { continue };
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (_, [waiting]) = picture([&listener]);
        assert_eq!(waiting.to_accept, Some(1));
        let (mut accepted, from) = listener.accept().unwrap();
        accepted.write_all(b"seven..").unwrap();
        let (_, [listening, ours, theirs]) = picture([&listener, &accepted, &client]);
        let at = format!("tcp:{}", listener.local_addr().unwrap());
        let from = format!("tcp:{from}");
        assert_eq!(
            (listening.kind, listening.state),
            (Some(SocketKind::Tcp), SocketState::Listening)
        );
        assert_eq!(addresses(&listening), (at.clone(), String::new()));
        assert_eq!(listening.to_accept, Some(0));
        assert_eq!(addresses(&ours), (at.clone(), from.clone()));
        assert_eq!(addresses(&theirs), (from, at));
        is_connected_to(&ours, &theirs);
        assert_eq!((theirs.bytes_to_read, ours.bytes_to_read), (Some(7), Some(0)));
        drop(accepted);
        let (_, [left]) = picture([&client]);
        assert_eq!(left.state, SocketState::Closing);
    }
}

#[test]
fn unix_streams_have_their_path_and_their_other_end() {
    let directory = crate::scratch::Scratch::new("view-unix");
    let path = directory.path("a board with blanks");
    let listener = UnixListener::bind(&path).unwrap();
    let mut client = UnixStream::connect(&path).unwrap();
    let (accepted, _) = listener.accept().unwrap();
    client.write_all(b"twelve bytes").unwrap();
    let (snapshot, [listening, ours, theirs]) = picture([&listener, &accepted, &client]);
    let at = format!("unix:{}", path.display());
    assert_eq!((listening.kind, listening.state), (Some(SocketKind::Unix), SocketState::Listening));
    assert_eq!((listening.own_address(), listening.to_accept), (Some(at.clone()), Some(0)));
    assert_eq!(addresses(&ours), (at.clone(), String::new()));
    assert_eq!(addresses(&theirs), (String::new(), at));
    is_connected_to(&ours, &theirs);
    assert_eq!((ours.bytes_to_read, theirs.bytes_to_read), (Some(12), Some(0)));
    assert_eq!(snapshot.processes.len(), 1);
}

#[test]
fn datagrams_are_bound_or_connected() {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.connect(server.local_addr().unwrap()).unwrap();
    let (_, [bound, connected]) = picture([&server, &client]);
    assert_eq!((bound.kind, bound.state), (Some(SocketKind::Udp), SocketState::Bound));
    assert_eq!((connected.kind, connected.state), (Some(SocketKind::Udp), SocketState::Connected));
    let at = format!("udp:{}", server.local_addr().unwrap());
    assert_eq!((bound.own_address(), bound.peer_address()), (Some(at.clone()), None));
    assert_eq!(connected.peer_address(), Some(at));

    let directory = crate::scratch::Scratch::new("view-unixgram");
    let path = directory.path("board");
    let server = UnixDatagram::bind(&path).unwrap();
    let client = UnixDatagram::unbound().unwrap();
    let (_, [_, unbound]) = picture([&server, &client]);
    assert_eq!((unbound.kind, unbound.state), (Some(SocketKind::Unixgram), SocketState::Unbound));
    client.connect(&path).unwrap();
    client.send(b"five.").unwrap();
    let (_, [bound, connected]) = picture([&server, &client]);
    let at = format!("unixgram:{}", path.display());
    assert_eq!((bound.state, connected.state), (SocketState::Bound, SocketState::Connected));
    assert_eq!(addresses(&bound), (at.clone(), String::new()));
    assert_eq!(addresses(&connected), (String::new(), at));
    assert_eq!((bound.bytes_to_read, connected.peer_inode), (Some(5), Some(bound.inode)));
}

#[test]
fn pairs_and_copies_are_shown() {
    let (one, other) = UnixStream::pair().unwrap();
    let copy = one.try_clone().unwrap();
    let snapshot = Snapshot::take(&[std::process::id()], &[]).unwrap();
    let inode = rustix::fs::fstat(&one).unwrap().st_ino;
    let view = snapshot.sockets.iter().find(|view| view.inode == inode).unwrap();
    let end =
        |socket: &UnixStream| PipeEnd { pid: std::process::id(), descriptor: socket.as_raw_fd() };
    // Another test may have closed a lower number before the copy was made.
    let mut holders = [end(&one), end(&copy)];
    holders.sort_by_key(|holder| holder.descriptor);
    assert_eq!(view.holders, holders);
    assert_eq!(view.peer_inode, Some(rustix::fs::fstat(&other).unwrap().st_ino));
    assert_eq!((view.own.as_ref(), view.peer.as_ref()), (None, None));
}

#[test]
fn addresses_are_read_as_they_lie_in_memory() {
    // As the kernel writes them on this machine.
    let word = |bytes: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(bytes));
    let text = |word: String| socket_table::address(&word).map(|address| address.to_string());
    assert_eq!(text(word([192, 0, 2, 7]) + ":1E14").unwrap(), "192.0.2.7:7700");
    let mapped = [[0; 4], [0; 4], [0, 0, 0xff, 0xff], [192, 0, 2, 7]].map(word).concat();
    assert_eq!(text(mapped + ":0001").unwrap(), "192.0.2.7:1");
    let v6 = [[0x20, 1, 0xd, 0xb8], [0; 4], [0; 4], [0, 0, 0, 1]].map(word).concat();
    assert_eq!(text(v6 + ":FFFF").unwrap(), "[2001:db8::1]:65535");
    for bad in
        ["", ":", "0100007F", "0100007F:", "0100007F:10000", "010007F:1", "é00007F:1", "+100007F:"]
    {
        assert_eq!(text(bad.to_owned()), None, "{bad}");
    }
}

#[test]
fn lines_that_are_none_are_passed_over() {
    let table = b"Num       RefCount Protocol Flags    Type St Inode Path\n\
        0000: 00000002 00000000 00010000 0001 01  11 /a/b  c \n\
        /rest of a path\n\
        0000: 00000003 00000000 00000000 0005 03 12\n\
        0000: 00000003 00000000 00000000 0002 01    13 @abstract\xff\n\
        0000: 00000003 00000000 00000000 0009 01 14 /of/no/type\n\
        0000: 00000003 00000000 0000";
    let mut known = SocketEntries::new();
    socket_table::unix(table, &|_| true, &mut known);
    assert_eq!(known.keys().copied().collect::<Vec<_>>(), [11, 12, 13]);
    assert_eq!(known[&11].state, SocketState::Listening);
    assert_eq!(known[&11].own, Some(SocketAddress::Path("/a/b  c ".to_owned())));
    assert_eq!((known[&12].kind, known[&12].own.as_ref()), (SocketKind::Unixpacket, None));
    assert_eq!(known[&13].own, Some(SocketAddress::Path("@abstract\u{fffd}".to_owned())));
}

#[test]
fn answers_cut_anywhere_are_read_without_harm() {
    let mut answer = vec![0_u8; 60];
    answer[..4].copy_from_slice(&60_u32.to_ne_bytes());
    answer[4..6].copy_from_slice(&20_u16.to_ne_bytes());
    answer[20..24].copy_from_slice(&7_u32.to_ne_bytes());
    answer[32..36].copy_from_slice(&[8_u16.to_ne_bytes(), 2_u16.to_ne_bytes()].concat());
    answer[36..40].copy_from_slice(&9_u32.to_ne_bytes());
    answer[40..44].copy_from_slice(&[20_u16.to_ne_bytes(), 0_u16.to_ne_bytes()].concat());
    answer[44..51].copy_from_slice(b"\0board\0");
    let details = socket_diag::parse(&answer, 7).unwrap();
    assert_eq!(details.peer, Some(9));
    assert_eq!(socket_diag::parse(&answer, 8), None);
    for cut in 0..answer.len() {
        let _ = socket_diag::parse(&answer[..cut], 7);
    }
}
