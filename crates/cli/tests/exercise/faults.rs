//! Faults between server and client: addresses in use, peers that die, messages that are lost or repeated.

use crate::support::classroom::{Exercise, in_both_languages};
use crate::support::{PATIENCE, cpu_ticks, kill, stderr, until};
use crate::{DATAGRAMS, LONG, STREAMS, Scratch, Server, client, count};
use std::fs;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixListener;
use std::time::Duration;

in_both_languages! {
    "exercise_sockets":
    an_address_in_use_is_refused_and_its_server_not_disturbed
    a_killed_server_can_be_started_again_at_once
    a_socket_file_that_was_left_behind_is_replaced
    a_file_that_is_no_socket_is_not_touched
    a_server_notices_a_dead_client_on_a_stream
    a_client_without_a_range_is_reported
    a_client_notices_a_dead_server_on_a_stream
    a_client_without_a_server_says_so_at_once
    a_lost_datagram_ends_the_wait_with_a_message
    datagrams_that_come_twice_count_once
    a_client_beyond_the_limit_is_refused_on_a_stream
}

fn an_address_in_use_is_refused_and_its_server_not_disturbed(exercise: &Exercise) {
    for domain_and_type in STREAMS.iter().chain(&DATAGRAMS) {
        let scratch = Scratch::new();
        let server =
            Server::new(exercise, domain_and_type, &scratch.place(domain_and_type), "1 0 100");
        let place = &server.place;
        let second = exercise.run(&format!("server {domain_and_type} {place}"));
        assert_eq!(second.status.code(), Some(1), "{second:?}");
        let reason = format!("bind to {place}: Address already in use (os error 98)\n");
        assert_eq!(stderr(&second), format!("exercise_sockets: no answer: {reason}"));
        assert_eq!(count(&client(exercise, domain_and_type, place).output()), 50);
        assert_eq!(count(&server.output()), 50, "{domain_and_type}");
    }
}

fn a_killed_server_can_be_started_again_at_once(exercise: &Exercise) {
    // The kernel of the server that ended first remembers its connection for a minute.
    let mut server = Server::new(exercise, "internet stream", "127.0.0.1:0", &format!("2 {LONG}"));
    let place = server.place.clone();
    let counting = client(exercise, "internet stream", &place);
    assert!(server.next_line().contains("client 1 connected"));
    kill("KILL", server.running.pid());
    server.output();
    drop(counting);
    let server = Server::new(exercise, "internet stream", &place, "1 0 100");
    assert_eq!(count(&client(exercise, "internet stream", &place).output()), 50);
    assert_eq!(count(&server.output()), 50);
}

fn a_socket_file_that_was_left_behind_is_replaced(exercise: &Exercise) {
    for killed in ["unix stream", "unix datagram"] {
        for next in ["unix stream", "unix datagram"] {
            let scratch = Scratch::new();
            let server = Server::new(exercise, killed, &scratch.place(killed), "1");
            kill("KILL", server.running.pid());
            server.output();
            assert_eq!(scratch.files(), ["board"], "the killed server left it");
            let server = Server::new(exercise, next, &scratch.place(next), "1 0 100");
            assert_eq!(count(&client(exercise, next, &server.place).output()), 50);
            assert_eq!(count(&server.output()), 50, "{next} after {killed}");
            assert_eq!(scratch.files(), [""; 0]);
        }
    }
}

fn a_file_that_is_no_socket_is_not_touched(exercise: &Exercise) {
    let scratch = Scratch::new();
    let place = scratch.place("unix");
    fs::write(&place, "precious").unwrap();
    let output = exercise.run(&format!("server unix stream {place}"));
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("Address already in use"), "{output:?}");
    assert_eq!(fs::read_to_string(&place).unwrap(), "precious");
}

fn a_server_notices_a_dead_client_on_a_stream(exercise: &Exercise) {
    for domain_and_type in STREAMS {
        let scratch = Scratch::new();
        let place = scratch.place(domain_and_type);
        let mut server = Server::new(exercise, domain_and_type, &place, &format!("2 {LONG}"));
        let first = client(exercise, domain_and_type, &server.place);
        let line = server.next_line();
        assert!(line.contains("client 1 connected from "), "{line}");
        let second = client(exercise, domain_and_type, &server.place);
        let line = server.next_line();
        assert!(line.contains("client 2 connected from "), "{line}");
        // Killed before it has read its range, it would reset the connection.
        until("the first client counts", || (cpu_ticks(first.pid()) > 1).then_some(()));
        kill("KILL", first.pid());
        let said = server.failure();
        assert_eq!(
            said,
            "exercise_sockets: no answer: client 1: read: end of file, and no count\n"
        );
        assert_eq!(scratch.files(), [""; 0], "{domain_and_type} leaves files");
        drop(second);
    }
}

fn a_client_without_a_range_is_reported(exercise: &Exercise) {
    // Closed with unread bytes in it, a connection is reset, or the write of the range fails.
    let mut server = Server::new(exercise, "internet stream", "127.0.0.1:0", "1");
    drop(TcpStream::connect(&server.place).unwrap());
    assert!(server.next_line().contains("client 1 connected from 127.0.0.1:"));
    let said = server.failure();
    assert!(said.starts_with("exercise_sockets: no answer: client 1: "), "{said}");
}

fn a_client_notices_a_dead_server_on_a_stream(exercise: &Exercise) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let scratch = Scratch::new();
    let path = scratch.place("unix");
    let unix_listener = UnixListener::bind(&path).unwrap();
    let clients =
        [client(exercise, "internet stream", &place), client(exercise, "unix stream", &path)];
    drop((listener.accept().unwrap(), unix_listener.accept().unwrap()));
    for client in clients {
        let output = client.output();
        assert_eq!((output.status.code(), &output.stdout[..]), (Some(1), &b""[..]));
        let said = "exercise_sockets: no answer: read: end of file, and no range\n";
        assert_eq!(stderr(&output), said);
    }
}

fn a_client_without_a_server_says_so_at_once(exercise: &Exercise) {
    let scratch = Scratch::new();
    let path = scratch.place("unix");
    for (domain_and_type, reason) in [
        ("unix stream", "connect to @: No such file or directory (os error 2)"),
        ("unix datagram", "connect to @: No such file or directory (os error 2)"),
        ("internet stream", "connect to @: Connection refused (os error 111)"),
        // Nothing is connected. The kernel answers the hello with ECONNREFUSED: no socket has this port.
        ("internet datagram", "read: Connection refused (os error 111)"),
    ] {
        let place = if domain_and_type.starts_with("unix") { &path } else { "127.0.0.1:1" };
        let output = client(exercise, domain_and_type, place).output();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let reason = reason.replace('@', place);
        assert_eq!(stderr(&output), format!("exercise_sockets: no answer: {reason}\n"));
        assert_eq!(scratch.files(), [""; 0], "{domain_and_type} leaves files");
    }
}

fn a_lost_datagram_ends_the_wait_with_a_message(exercise: &Exercise) {
    let scratch = Scratch::new();
    let servers = DATAGRAMS.map(|domain_and_type| {
        let place = scratch.place(domain_and_type);
        let mut server = Server::new(exercise, domain_and_type, &place, &format!("1 {LONG}"));
        let client = client(exercise, domain_and_type, &server.place);
        assert!(server.next_line().contains("client 1 sent 27 bytes from "));
        assert!(server.next_line().contains("the other 19 bytes are lost"));
        until("the client has its range", || {
            let own_file = format!("board.{}", client.pid());
            (!scratch.files().contains(&own_file)).then_some(())
        });
        kill("KILL", client.pid());
        client.output();
        server
    });
    // Bound, but it never answers.
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let client = client(exercise, "internet datagram", &silent.local_addr().unwrap().to_string());
    let nothing = "Resource temporarily unavailable (os error 11); nothing came for 10 seconds\n";
    for server in servers {
        let said = server.failure();
        assert_eq!(said, format!("exercise_sockets: no answer: client 1: recvfrom: {nothing}"));
    }
    let output = client.output();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(&output), format!("exercise_sockets: no answer: read: {nothing}"));
    assert_eq!(scratch.files(), [""; 0], "not even those who were killed leave files");
}

fn datagrams_that_come_twice_count_once(exercise: &Exercise) {
    let mut server = Server::new(exercise, "internet datagram", "127.0.0.1:0", "2 0 100");
    let bind = || {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.connect(&server.place).unwrap();
        socket
    };
    let (stranger, twice) = (bind(), bind());
    let hello = b"hello, which range is mine?";
    stranger.send(&1000_u64.to_be_bytes()).unwrap();
    assert!(server.next_line().contains("8 bytes from 127.0.0.1:"));
    twice.send(hello).unwrap();
    let mut range = [0; 100];
    assert_eq!(twice.recv(&mut range).unwrap(), 16);
    assert_eq!(range[..16], [0_i64, 50].map(i64::to_be_bytes).concat());
    for message in [&hello[..], &[0; 7], &[], &25_u64.to_be_bytes(), &25_u64.to_be_bytes()] {
        twice.send(message).unwrap();
    }
    assert_eq!(count(&client(exercise, "internet datagram", &server.place).output()), 25);
    let output = server.output();
    assert_eq!(count(&output), 50);
    let said = stderr(&output);
    for length in ["27 bytes", "7 bytes", "0 bytes"] {
        assert!(said.contains(&format!("exercise_sockets: {length} from ")), "{said}");
    }
    twice.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    assert!(twice.recv(&mut range).is_err(), "no second range for a second hello");
}

fn a_client_beyond_the_limit_is_refused_on_a_stream(exercise: &Exercise) {
    for domain_and_type in STREAMS {
        let scratch = Scratch::new();
        let place = scratch.place(domain_and_type);
        let mut server = Server::new(exercise, domain_and_type, &place, &format!("1 {LONG}"));
        let _busy = client(exercise, domain_and_type, &server.place);
        assert!(server.next_line().contains("client 1 connected"));
        let output = until("the server listens no more", || {
            let output = client(exercise, domain_and_type, &server.place).output();
            stderr(&output).contains("connect to ").then_some(output)
        });
        assert_eq!(output.status.code(), Some(1), "{output:?}");
    }
}
