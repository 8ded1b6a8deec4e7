//! The exercise of the operating systems class: counts the even numbers of a range with several
//! processes, which share no memory and communicate through n+1 pipes.
//!
//! ```text
//!             range pipe 1                      result pipe
//!           ┌──────────────►  worker 1  ──┐
//! primary ──┤      ...           ...      ├──────────────────►  primary
//!           └──────────────►  worker n  ──┘   (one, shared by all)
//!             range pipe n
//! ```
//!
//! Usage: `exercise [WORKERS [[FIRST] END]]`, where END is the first number that no longer counts.
//! `examples/c/exercise.c` has the same steps in C. In Rust `drop` is close(2), SIGPIPE is ignored.

#![expect(unsafe_code, reason = "the exercise is about fork and waitpid, which std does not have")]

use std::io::{self, Error, ErrorKind, PipeReader, PipeWriter, Read, Write};
use std::process::{ExitCode, exit};

/// A pipe is a one-way buffer in the kernel, first in, first out. Each end is an entry in the
/// descriptor table of every process that has it.
type Pipe = (PipeReader, PipeWriter);

fn main() -> ExitCode {
    let Some((workers, first, end)) = read_arguments() else {
        eprintln!("exercise: usage: exercise [WORKERS [[FIRST] END]], WORKERS >= 1, FIRST <= END");
        return ExitCode::from(2);
    };
    // When `primary` fails, its pipes are closed, so its workers read end of file and leave.
    let total = primary(workers, first, end);
    match total.and_then(|total| check("write", writeln!(io::stdout(), "{total}"))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("exercise: no answer: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The primary process: it makes the pipes and the workers, sends the ranges, adds up the results.
fn primary(workers: usize, first: i64, end: i64) -> io::Result<i64> {
    // 1. n pipes for ranges, one for results, before fork: a child inherits what is open already.
    let mut range_pipes: Vec<Pipe> = Vec::new();
    for _ in 0..workers {
        range_pipes.push(check("pipe", io::pipe())?);
    }
    let result_pipe = check("pipe", io::pipe())?;

    // 2. fork copies this process and its descriptor table, and returns twice: 0 in the child, the
    //    child's pid in the primary.
    let mut children = Vec::new();
    for number in 0..workers {
        // SAFETY: this process has one thread, so the child inherits no lock that another holds.
        match unsafe { libc::fork() } {
            -1 => return check("fork", Err(Error::last_os_error())),
            0 => {
                // A worker leaves here, and never goes on in its copy of this loop.
                let result = worker(number, range_pipes, result_pipe)
                    .inspect_err(|error| eprintln!("exercise: worker {}: {error}", number + 1));
                exit(result.is_err().into());
            }
            child => children.push(child),
        }
    }

    // 3. Close the ends that are not ours. With this first one open, step 7 would never end.
    let (mut results, write_end) = result_pipe;
    drop(write_end);
    for (number, (read_end, mut write_end)) in range_pipes.into_iter().enumerate() {
        drop(read_end);
        // 4. Write each worker its range, and close: nothing more will come through this pipe.
        let length = i128::from(end) - i128::from(first); // 128 bits: so that the product fits
        let cut = |i: usize| (i128::from(first) + length * i as i128 / workers as i128) as i64;
        let range = [cut(number).to_ne_bytes(), cut(number + 1).to_ne_bytes()].concat();
        check("write", write_end.write_all(&range))?;
        drop(write_end);
    }

    // 7. Add up the results until end of file, which comes when no write end is open any more:
    //    ours is closed since step 3, and each worker's when that worker has ended.
    let (mut total, mut count) = (0, 0);
    while let Some(result) = read_number(&mut results)? {
        total += result;
        count += 1;
    }

    // 8. Wait for every child, or it stays a zombie, and check its exit status.
    let mut all_ended_well = true;
    for (number, child) in (1..).zip(children) {
        let mut status = 0;
        // SAFETY: the kernel writes one status into `status`.
        if unsafe { libc::waitpid(child, &raw mut status, 0) } < 0 {
            return check("waitpid", Err(Error::last_os_error()));
        }
        if libc::WIFSIGNALED(status) {
            let signal = libc::WTERMSIG(status);
            eprintln!("exercise: worker {number} (pid {child}) was killed by signal {signal}");
        }
        all_ended_well &= status == 0; // A worker that ends with another status has said why.
    }
    // 9. The answer, if every worker did its part. Half an answer is no answer.
    if count < workers || !all_ended_well {
        return Err(Error::other(format!("{count} results came from {workers} workers")));
    }
    Ok(total)
}

/// A worker: one range in, one count out.
fn worker(number: usize, mut range_pipes: Vec<Pipe>, result_pipe: Pipe) -> io::Result<()> {
    // 3. Close the ends that are not ours: a write end kept by mistake would hide end of file.
    let (mut range_end, write_end) = range_pipes.swap_remove(number);
    drop(write_end);
    drop(range_pipes);
    let (read_end, mut result_end) = result_pipe;
    drop(read_end);

    // 5. Read our range. This blocks until it comes. End of file: the primary has given up.
    let Some(first) = read_number(&mut range_end)? else { return Ok(()) };
    let Some(end) = read_number(&mut range_end)? else { return Ok(()) };
    let count = (first..end).filter(|n| n % 2 == 0).count() as i64;
    // 6. Write the count. Up to PIPE_BUF bytes arrive whole, and never mixed with another write.
    check("write", result_end.write_all(&count.to_ne_bytes()))
}

/// Reads 8 bytes, however the kernel divides them; `None` if end of file comes first.
fn read_number(end: &mut PipeReader) -> io::Result<Option<i64>> {
    let mut bytes = [0; 8];
    match end.read_exact(&mut bytes) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        result => check("read", result.map(|()| Some(i64::from_ne_bytes(bytes)))),
    }
}

/// Puts the name of a call before the error that it failed with.
fn check<T>(call: &str, result: io::Result<T>) -> io::Result<T> {
    result.map_err(|error| Error::new(error.kind(), format!("{call}: {error}")))
}

fn read_arguments() -> Option<(usize, i64, i64)> {
    let words = std::env::args_os().skip(1);
    let numbers: Option<Vec<i64>> = words.map(|word| word.to_str()?.parse().ok()).collect();
    let (workers, first, end) = match numbers?[..] {
        [] => (4, 0, 1_000_000),
        [workers] => (workers, 0, 1_000_000),
        [workers, end] => (workers, 0, end),
        [workers, first, end] => (workers, first, end),
        _ => return None,
    };
    (workers >= 1 && first <= end).then_some((workers as usize, first, end))
}
