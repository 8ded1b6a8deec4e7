//! Row 37: agents and primaries of other versions, and peers that violate the protocol.

use crate::support::process::Process;
use crate::support::site::{Site, Transport};
use crate::support::wire::{beginning, framed, hello, hello_from, say_hello};
use evenly_core::LeaseId;
use evenly_core::frame::{Body, Heartbeat, Packer, Unpacker};
use evenly_core::hello::{PROGRAM, PROTOCOL};
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};

pub(crate) fn another_agent(site: &Site) {
    let (mut primary, address) =
        site.primary(Transport::Unix, "count even 0..100000 -j 0 --split fixed:10");
    let path = address.strip_prefix("unix:").unwrap();
    let us = format!("this is evenly {PROGRAM} (protocol {PROTOCOL})");
    for (protocol, program) in [(PROTOCOL + 8, PROGRAM), (PROTOCOL, "0.0.77"), (0, "99.1.2")] {
        let both = format!("it is evenly {program} (protocol {protocol}); {us}");
        let (mut socket, is_admitted, answer) = say_hello(path, &hello(protocol, program));
        assert!(!is_admitted);
        assert!(String::from_utf8_lossy(&answer).contains(&both), "{answer:?}");
        assert_eq!(socket.read(&mut [0; 8]).unwrap(), 0, "it is closed");
        primary.line(&format!("{address} was refused: {both}"));
    }
    let (_, is_admitted, _) = say_hello(path, b"who knows what");
    assert!(!is_admitted);
    primary.line("was refused: it does not speak the protocol of evenly");

    let mut with_command = hello(PROTOCOL, PROGRAM);
    let program = with_command.len() - 1 - 5 - 33;
    with_command[program] = 1;
    let (_, is_admitted, _) = say_hello(path, &with_command);
    assert!(!is_admitted);
    primary.line("the agent was started with a program of its own, and this job asks for even, which needs no program");

    speak_nonsense(&mut primary, path);
    let agent = site.agent(&address, "-j 1");
    primary.ended().answers("50000\n");
    agent.ended().answers("");
}

/// A peer of another version that comes again and again costs a few lines.
pub(crate) fn refused_a_hundred_times(site: &Site) {
    let (mut primary, address) = site.primary(Transport::Unix, "count even 0..1000 -j 0");
    let path = address.strip_prefix("unix:").unwrap();
    for _ in 0..100 {
        let (_, is_admitted, _) = say_hello(path, &hello(PROTOCOL, "0.0.77"));
        assert!(!is_admitted);
    }
    primary.lines(" was refused: it is evenly 0.0.77", 20);
    site.agent(&address, "-j 1").ended().answers("");
    let ended = primary.ended();
    ended.answers("500\n");
    // One more for each minute that all of it takes.
    let lines = ended.stderr.matches(" was refused").count();
    assert!((20..30).contains(&lines), "{lines} lines: {ended:?}");
}

/// Those of our version who say what cannot be are sent away, and what they had is done by others.
fn speak_nonsense(primary: &mut Process, path: &str) {
    for round in 0..3 {
        let (mut socket, is_admitted, _) = say_hello(path, &hello(PROTOCOL, PROGRAM));
        assert!(is_admitted);
        let mut packer = Packer::new(evenly_core::WorkerId(0), 4096);
        packer.heartbeat(Heartbeat::OfAgent);
        packer.seal(0);
        socket.write_all(packer.bytes()).unwrap();
        let (first, length) = first_chunk(&mut socket);
        packer.clear();
        match round {
            0 => {
                // A name that never was is taken for one that is long settled, and counts nothing.
                packer.answer(LeaseId(first.0 + (1 << 50)), 1);
                packer.answer(first, length + 1);
            }
            1 => packer.withdraw(first, 0),
            _ => {}
        }
        packer.seal(1);
        let bytes = if packer.is_empty() { &[0xff; 64] } else { packer.bytes() };
        socket.write_all(bytes).unwrap();
        let mut rest = vec![];
        let _ = socket.read_to_end(&mut rest);
        let said = if round == 2 { " is gone: it sent " } else { " was sent away: " };
        let line = primary.lines("evenly: agent 1 (pid 4711 ", 2 * round + 2).remove(2 * round + 1);
        assert!(line.contains(said) && line.contains(" reclaimed ("), "{line}");
    }
}

/// Waits for the first chunk; its name and how many numbers it has.
fn first_chunk(socket: &mut UnixStream) -> (LeaseId, u64) {
    let mut unpacker = Unpacker::new(4096, 4096);
    loop {
        let count = socket.read(unpacker.room()).unwrap();
        assert!(count > 0);
        unpacker.filled(count);
        while let Some(frame) = unpacker.next_frame().unwrap() {
            if let Body::Assignments(assignments) = frame.body
                && let Some(first) = assignments.iter().next()
            {
                return (first.lease, first.interval.len().try_into().unwrap());
            }
        }
    }
}

pub(crate) fn another_primary(site: &Site) {
    let listener = UnixListener::bind(site.own("socket")).unwrap();
    let address = format!("unix:{}", site.own("socket").display());
    let us = format!("this is evenly {PROGRAM} (protocol {PROTOCOL})");
    let theirs = "it is evenly 0.0.77 (protocol 9)";
    let other = beginning(9, "0.0.77");
    let mut refusal = beginning(PROTOCOL, PROGRAM);
    refusal.extend_from_slice(b"\x02\x0a\x00ne\nv\x1b[2Jer");
    let answers: [(&[u8], u8, String); 4] = [
        // In its words an agent would not be understood either; it says what it is before that.
        (&other, 1, format!("cannot understand the primary: {theirs}; {us}")),
        (&other, 0, format!("{theirs}; {us}")),
        (&refusal, 0, format!("{address} refuses this agent: ne\\nv\\x1b[2Jer")),
        (b"who knows what", 1, "it does not speak the protocol of evenly".to_owned()),
    ];
    for (answer, is_admitted, said) in answers {
        let agent = site.agent(&address, "-j 1");
        let (mut socket, _) = listener.accept().unwrap();
        let mut heard = [0; 2];
        socket.read_exact(&mut heard).unwrap();
        let mut heard = vec![0; usize::from(u16::from_le_bytes(heard))];
        socket.read_exact(&mut heard).unwrap();
        assert!(heard.starts_with(&beginning(PROTOCOL, PROGRAM)), "{heard:?}");
        socket.write_all(&[&[is_admitted][..], &framed(answer)].concat()).unwrap();
        let ended = agent.ended();
        ended.failed(2, &said);
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    }
}

/// The name of a machine with control characters is one line, escaped; one that is not UTF-8 is refused. So is
/// one that is longer than it says.
pub(crate) fn a_strange_host(site: &Site) {
    let (mut primary, address) = site.primary(Transport::Unix, "count even 0..1000 -j 0");
    let path = address.strip_prefix("unix:").unwrap();
    for host in [&b"a\xff"[..], b"\xc3"] {
        let (_, is_admitted, _) = say_hello(path, &hello_from(host, PROTOCOL, PROGRAM));
        assert!(!is_admitted, "{host:?}");
    }
    let mut longer = hello_from(b"test", PROTOCOL, PROGRAM);
    longer.extend_from_slice(b"more");
    let (_, is_admitted, _) = say_hello(path, &longer);
    assert!(!is_admitted);
    primary.lines(" was refused: it does not speak the protocol of evenly", 3);

    let host = [&b"a\nevenly: b\x1b[2J"[..], &[b'x'; 230]].concat();
    let (mut socket, is_admitted, _) = say_hello(path, &hello_from(&host, PROTOCOL, PROGRAM));
    assert!(is_admitted);
    let mut packer = Packer::new(evenly_core::WorkerId(0), 4096);
    packer.heartbeat(Heartbeat::OfAgent);
    packer.seal(0);
    socket.write_all(packer.bytes()).unwrap();
    let line = primary.line(" joined with 1 worker");
    assert!(line.contains(r" on a_evenly:_b\x1b[2Jxxx") && line.contains("xxx…, at "), "{line}");
    assert!(line.len() < 250, "{line}");
    drop(socket);

    let agent = site.agent(&address, "-j 1");
    let ended = primary.ended();
    ended.answers("500\n");
    assert!(!ended.stderr.contains('\x1b'), "{ended:?}");
    agent.ended().answers("");
}
