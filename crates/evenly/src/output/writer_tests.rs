//! Writers into real pipes, sockets, devices and files.

use super::{Output, Writer};
use crate::scratch::Scratch;
use proptest::prelude::*;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::fs::File;
use std::io::{PipeReader, Read};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// Lines of all numbers below this.
fn lines(count: usize) -> Vec<u8> {
    (0..count).flat_map(|n| format!("{n}\n").into_bytes()).collect()
}

/// Reads on the side until the end, `most` bytes at a time with a pause after each.
fn reading(
    mut reader: PipeReader,
    most: usize,
    pause: Duration,
) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let (mut all, mut buffer) = (vec![], vec![0; most]);
        loop {
            match reader.read(&mut buffer).unwrap() {
                0 => return all,
                count => all.extend_from_slice(&buffer[..count]),
            }
            std::thread::sleep(pause);
        }
    })
}

/// Waits for room as a job does, until nothing is left.
fn drain<F: AsFd>(writer: &mut Writer<F>) {
    while writer.flush().unwrap() > 0 {
        let descriptor = writer.descriptor().unwrap();
        let mut ends = [PollFd::new(&descriptor, PollFlags::OUT)];
        poll(&mut ends, Some(&Timespec { tv_sec: 10, tv_nsec: 0 })).unwrap();
    }
}

fn failure<T: std::fmt::Debug>(outcome: std::io::Result<T>) -> Errno {
    Errno::from_io_error(&outcome.unwrap_err()).unwrap()
}

#[test]
fn a_full_pipe_blocks_nothing_and_loses_nothing() {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut output = Writer::new(writer);
    let expected = lines(100_000);
    // Nothing reads from the pipe: a call that waits for room never returns.
    for piece in expected.chunks(10_000) {
        output.put(piece).unwrap();
    }
    let left = output.flush().unwrap();
    assert!(left < expected.len() && left > expected.len() - (1 << 17), "{left} left");
    let reading = reading(reader, 1 << 16, Duration::ZERO);
    drain(&mut output);
    drop(output);
    assert!(reading.join().unwrap() == expected);
}

#[test]
fn a_slow_reader_gets_all_of_it_in_order() {
    let (reader, writer) = std::io::pipe().unwrap();
    let reading = reading(reader, 3000, Duration::from_micros(50));
    let mut output = Writer::new(writer);
    let expected = lines(200_000);
    for piece in expected.chunks(77_777) {
        output.put(piece).unwrap();
    }
    drain(&mut output);
    drop(output);
    assert!(reading.join().unwrap() == expected);
}

#[test]
fn what_a_slow_reader_leaves_does_not_pile_up_behind_what_it_took() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut output = Writer::new(writer);
    let mut buffer = vec![0; 1 << 16];
    output.put(&vec![b'x'; 1 << 17]).unwrap();
    for _ in 0..100 {
        output.put(&vec![b'x'; 1 << 16]).unwrap();
        reader.read_exact(&mut buffer).unwrap();
        output.flush().unwrap();
    }
    assert!(output.held() < 1 << 23, "{} bytes held", output.held());
}

#[test]
fn a_reader_that_goes_away_is_an_error_from_then_on() {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut output = Writer::new(writer);
    output.put(&lines(100_000)).unwrap();
    assert!(output.flush().unwrap() > 0);
    drop(reader);
    assert_eq!(failure(output.flush()), Errno::PIPE);
    assert_eq!(failure(output.put(b"1\n")), Errno::PIPE);
    assert_eq!(output.held(), 0);
}

#[test]
fn a_full_device_says_so() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut output = Writer::new(full);
    assert!(output.descriptor().is_none());
    output.put(b"1\n").unwrap();
    assert_eq!(failure(output.flush()), Errno::NOSPC);
}

#[test]
fn what_cannot_be_written_to_says_so() {
    let mut output = Writer::new(File::open("/dev/null").unwrap());
    output.put(b"1\n").unwrap();
    assert_eq!(failure(output.flush()), Errno::BADF);
}

#[test]
fn a_file_takes_everything_at_once() {
    let scratch = Scratch::new("output");
    let path = scratch.path("lines");
    let mut output = Writer::new(File::create(&path).unwrap());
    assert!(output.descriptor().is_none());
    let expected = lines(1_000_000);
    for piece in expected.chunks(1 << 16) {
        output.put(piece).unwrap();
    }
    assert_eq!(output.flush().unwrap(), 0);
    assert!(std::fs::read(&path).unwrap() == expected);
}

#[test]
fn a_socket_is_waited_for_like_a_pipe() {
    let (mut reader, writer) = std::os::unix::net::UnixStream::pair().unwrap();
    let mut output = Writer::new(writer);
    let expected = lines(300_000);
    output.put(&expected).unwrap();
    assert!(output.flush().unwrap() > 0, "there is no reader yet");
    let reading = std::thread::spawn(move || {
        let mut all = vec![];
        reader.read_to_end(&mut all).map(|_| all).unwrap()
    });
    drain(&mut output);
    drop(output);
    assert!(reading.join().unwrap() == expected);
}

#[test]
fn flags_that_others_share_stay_as_they_were() {
    let (_reader, writer) = std::io::pipe().unwrap();
    let before = rustix::fs::fcntl_getfl(&writer).unwrap();
    let mut output = Writer::new(&writer);
    output.put(&lines(100_000)).unwrap();
    assert!(output.flush().unwrap() > 0);
    assert_eq!(rustix::fs::fcntl_getfl(&writer).unwrap(), before);
}

/// A figure, not a claim: `cargo test --release -- --ignored --nocapture bytes_a_second`.
#[test]
#[ignore = "measures"]
#[expect(clippy::print_stdout, reason = "it prints a measurement")]
fn bytes_a_second_into_a_pipe() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let reading = std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while reader.read(&mut buffer).unwrap() > 0 {}
    });
    let mut output = Writer::new(writer);
    let text = vec![b'x'; 64 << 10];
    let started = Instant::now();
    for _ in 0..100_000 {
        output.put(&text).unwrap();
        drain(&mut output);
    }
    drop(output);
    reading.join().unwrap();
    let bytes = 100_000.0 * text.len() as f64;
    println!("{:.2} GB/s", bytes / started.elapsed().as_secs_f64() / 1e9);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    #[test]
    fn pieces_of_any_length_arrive_whole_and_in_order(
        pieces in prop::collection::vec((any::<u8>(), 0usize..200_000), 1..12), most in 1usize..70_000,
    ) {
        let (reader, writer) = std::io::pipe().unwrap();
        let reading = reading(reader, most, Duration::ZERO);
        let mut output = Writer::new(writer);
        let mut expected = vec![];
        for (byte, len) in pieces {
            let piece = vec![byte; len];
            output.put(&piece).unwrap();
            expected.extend_from_slice(&piece);
        }
        drain(&mut output);
        drop(output);
        prop_assert!(reading.join().unwrap() == expected);
    }
}
