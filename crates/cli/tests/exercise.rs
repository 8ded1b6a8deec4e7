//! Tests of the exercises of the class, in Rust and in C: with pipes, with sockets of every domain and type, and their
//! faults. Most of their time they wait, so the tests of `--wiring` over sockets run beside them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "exercise/faults.rs"]
mod faults;
#[path = "exercise/pipes.rs"]
mod pipes;
mod support;
#[path = "exercise/wiring.rs"]
mod wiring;

use rustix::event::{PollFd, PollFlags, poll};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{ChildStderr, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use support::classroom::{Exercise, in_both_languages};
use support::{PATIENCE, Running, stderr};

/// More numbers than a run can count while the test looks at it.
const LONG: &str = "0 100000000000000";

const STREAMS: [&str; 2] = ["unix stream", "internet stream"];
const DATAGRAMS: [&str; 2] = ["unix datagram", "internet datagram"];

/// A directory of its own for each test, removed afterwards.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("evenly-exercise-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// An address of this domain that is free.
    fn place(&self, domain_and_type: &str) -> String {
        if domain_and_type.starts_with("unix") {
            return format!("{}/board", self.0.display());
        }
        "127.0.0.1:0".to_owned()
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn client(exercise: &Exercise, domain_and_type: &str, place: &str) -> Running {
    exercise.start(&format!("client {domain_and_type} {place}"))
}

/// A server that waits for its clients.
struct Server {
    running: Running,
    said: BufReader<ChildStderr>,
    place: String,
}

impl Server {
    fn new(exercise: &Exercise, domain_and_type: &str, place: &str, numbers: &str) -> Self {
        let mut running = exercise.start(&format!("server {domain_and_type} {place} {numbers}"));
        let said = BufReader::new(running.child().stderr.take().unwrap());
        let mut server = Self { running, said, place: String::new() };
        let line = server.next_line();
        let place = line.strip_prefix("exercise_sockets: waits at ").expect(&line);
        server.place = place.split_once(", clients to come: ").unwrap().0.to_owned();
        server
    }

    /// The next thing it says, without the end of the line; nothing if it has ended.
    fn next_line(&mut self) -> String {
        if self.said.buffer().is_empty() {
            let said = self.said.get_ref().as_fd();
            let mut table = [PollFd::from_borrowed_fd(said, PollFlags::IN)];
            let patience = PATIENCE.try_into().unwrap();
            assert_eq!(poll(&mut table, Some(&patience)).unwrap(), 1, "it says nothing");
        }
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Waits for its end. Standard error is what was not yet taken of it.
    fn output(mut self) -> Output {
        let mut output = self.running.output();
        self.said.read_to_end(&mut output.stderr).unwrap();
        output
    }

    /// Waits for its end, which must be without an answer, and gives what it said about it.
    fn failure(self) -> String {
        let output = self.output();
        assert_eq!((output.status.code(), &output.stdout[..]), (Some(1), &b""[..]), "{output:?}");
        stderr(&output)
    }
}

/// What a process counted. It must have ended well.
fn count(output: &Output) -> u64 {
    assert!(output.status.success(), "{output:?}");
    str::from_utf8(&output.stdout).unwrap().trim_end().parse().unwrap()
}

in_both_languages! {
    "exercise_sockets":
    every_domain_and_type_gives_the_answer
    ranges_of_any_length_are_covered
    a_message_is_read_whole_and_a_short_buffer_loses_the_rest
    bad_arguments_of_the_exercise_are_refused
}

fn every_domain_and_type_gives_the_answer(exercise: &Exercise) {
    for domain_and_type in STREAMS.iter().chain(&DATAGRAMS) {
        for clients in [1, 3] {
            let scratch = Scratch::new();
            let numbers = format!("{clients} -7 1000000");
            let server =
                Server::new(exercise, domain_and_type, &scratch.place(domain_and_type), &numbers);
            let clients: Vec<_> =
                (0..clients).map(|_| client(exercise, domain_and_type, &server.place)).collect();
            let counts: Vec<u64> =
                clients.into_iter().map(|client| count(&client.output())).collect();
            let answer = count(&server.output());
            assert_eq!(answer, 500_003, "{domain_and_type}");
            assert_eq!(counts.iter().sum::<u64>(), answer, "{domain_and_type}: {counts:?}");
            let fair = answer / counts.len() as u64;
            assert!(counts.iter().all(|count| count.abs_diff(fair) <= 1), "{counts:?}");
            assert_eq!(scratch.files(), [""; 0], "{domain_and_type} leaves files");
        }
    }
}

fn ranges_of_any_length_are_covered(exercise: &Exercise) {
    for (numbers, answer) in
        [("3 0 0", 0), ("5 0 3", 2), ("2 9223372036854775797 9223372036854775807", 5)]
    {
        let scratch = Scratch::new();
        let server = Server::new(exercise, "unix stream", &scratch.place("unix"), numbers);
        let clients = numbers[..1].parse().unwrap();
        let clients: Vec<_> =
            (0..clients).map(|_| client(exercise, "unix stream", &server.place)).collect();
        for client in clients {
            count(&client.output());
        }
        assert_eq!(count(&server.output()), answer, "{numbers}");
    }
}

fn a_message_is_read_whole_and_a_short_buffer_loses_the_rest(exercise: &Exercise) {
    for domain_and_type in DATAGRAMS {
        let scratch = Scratch::new();
        let server =
            Server::new(exercise, domain_and_type, &scratch.place(domain_and_type), "1 0 100");
        // The next message that the server reads is the count, and not the rest of the hello.
        assert_eq!(count(&client(exercise, domain_and_type, &server.place).output()), 50);
        let output = server.output();
        assert_eq!(count(&output), 50);
        let said = stderr(&output);
        let lost = "a buffer of 8 took \"hello, w\", the other 19 bytes are lost";
        assert!(said.contains("client 1 sent 27 bytes from ") && said.contains(lost), "{said}");
    }
}

fn bad_arguments_of_the_exercise_are_refused(exercise: &Exercise) {
    let long = "x".repeat(108);
    for words in [
        "",
        "server",
        "server unix stream",
        "waiter unix stream board",
        "server pipe stream board",
        "server unix letter board",
        &format!("server unix stream {long}"),
        "server internet stream localhost:7000",
        "server internet stream 127.0.0.1",
        "server internet stream 127.0.0.1:70000",
        "server internet stream 127.0.0.1:0 0",
        "server internet stream 127.0.0.1:0 1 5",
        "server internet stream 127.0.0.1:0 1 5 4",
        "client internet stream 127.0.0.1:0 1",
    ] {
        let output = exercise.run(words);
        assert_eq!(output.status.code(), Some(2), "{words}: {output:?}");
        let said = stderr(&output);
        assert!(said.starts_with("exercise_sockets: usage: "), "{said}");
        assert!(said.contains("107 bytes") && said.matches('\n').count() == 1, "{said}");
    }
}
