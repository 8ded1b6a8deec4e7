//! A client and a server that wait for a process left in the background.

use super::world::{World, end};
use crate::facts::{Activity, Call, Descriptor, Interest, IoWait, Object};
use crate::finding::Kind;
use std::collections::BTreeSet;

/// `ssh HOST 'sleep 60 &'`: the server polls the output of the command and the connection, and the client polls the
/// connection. Both polls have a limit.
#[test]
fn a_connection_that_waits_for_a_background_process() {
    let polls = |interests: &[(i32, Object)]| {
        let interest = |(fd, object): &(i32, Object)| Interest {
            fd: *fd,
            object: object.clone(),
            to_write: false,
        };
        let interests = interests.iter().map(interest).collect();
        Activity::Io(IoWait {
            call: Call::Poll("poll"),
            interests,
            ends_by_itself: true,
            length: None,
        })
    };
    let socket = |fd, inode| Descriptor {
        number: fd,
        object: Object::Socket(inode),
        reads: true,
        writes: true,
    };
    let client = polls(&[(3, Object::Socket(21))]);
    let server = polls(&[(4, Object::Socket(22)), (9, Object::Pipe(1)), (11, Object::Pipe(2))]);
    let table = [socket(4, 22), end(9, "r", 1), end(11, "r", 2)];
    let world = |parent, does| {
        World::default()
            .process((10, 9, "ssh"), &[socket(3, 21)], client.clone())
            .process((30, 20, "sshd"), &table, server.clone())
            .process((20, 1, "sshd"), &[], Activity::Sleeps)
            .process((40, parent, "sleep"), &[end(1, "w", 1), end(2, "w", 2)], does)
            .socket(21, false, Some(22))
            .socket(22, false, Some(21))
    };
    let left = world(1, Activity::Sleeps);
    let finding = &left.verdict().findings[0];
    assert_eq!((finding.kind, finding.subject), (Kind::InheritedOutput, 30));
    assert_eq!(finding.also, BTreeSet::from([10]));
    let ends: Vec<_> = finding.ends.iter().map(|end| (end.pid, end.fd)).collect();
    assert_eq!(ends, [(40, 1), (40, 2)]);
    // A command that has not ended is no mistake, and neither is one that computes.
    assert_eq!(world(30, Activity::Sleeps).kinds(), []);
    assert_eq!(world(1, Activity::Runs).kinds(), []);
}
