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
//! Usage: `exercise [WORKERS [FIRST END]]`, where END is the first number that no longer counts.
//! Read it from the top: the steps come first, the wrappers of the system calls last.

#![expect(unsafe_code, reason = "the exercise is about the system calls themselves")]

use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::process::ExitCode;

/// A pipe is a one-way buffer in the kernel. Bytes written into one end are read from the other,
/// first in, first out. Each end is an entry in the descriptor table of every process that has it.
struct Pipe {
    read_end: OwnedFd,
    write_end: OwnedFd,
}

/// The order to a worker: count the even n with `first <= n < end`.
struct Range {
    first: i64,
    end: i64,
}

fn main() -> ExitCode {
    let Some((workers, range)) = read_arguments() else {
        eprintln!("exercise: usage: exercise [WORKERS [FIRST END]], WORKERS >= 1, FIRST <= END");
        return ExitCode::from(2);
    };

    // However `primary` ends, its pipes are closed when it returns. So every worker meets end of
    // file and leaves, even after a failure half-way, and waiting for them cannot last for ever.
    let mut children = Vec::new();
    let answer = primary(workers, &range, &mut children);

    // 8. Wait for every child, or it stays a zombie, and check its exit status.
    let all_ended_well = wait_for_all(&children);

    // 9. The answer, if every worker did its part. Half an answer is no answer.
    let answer = answer.and_then(|count| {
        if all_ended_well { Ok(count) } else { Err(io::Error::other("a worker was lost")) }
    });
    match answer.and_then(|count| writeln!(io::stdout(), "{count}")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("exercise: no answer: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The primary process: it makes the pipes and the workers, sends the ranges, adds up the results.
fn primary(workers: usize, range: &Range, children: &mut Vec<libc::pid_t>) -> io::Result<u64> {
    // 1. Make the n+1 pipes: one to each worker for its range, and one for all the results.
    //    This comes before the first fork, because a child inherits only what is already open.
    let mut range_pipes = Vec::new();
    for _ in 0..workers {
        range_pipes.push(pipe()?);
    }
    let result_pipe = pipe()?;

    // 2. Make the workers. fork copies this process and its descriptor table, and returns twice:
    //    0 in the child, the child's pid in the primary.
    for number in 0..workers {
        match fork()? {
            0 => be_worker(number, range_pipes, result_pipe),
            child => children.push(child),
        }
    }

    // 3. Close the ends that are not ours. The primary writes ranges and reads results. If it
    //    kept the write end of the result pipe, it would wait for its own end of file for ever.
    close(result_pipe.write_end);
    let mut range_ends = Vec::new();
    for pipe in range_pipes {
        close(pipe.read_end);
        range_ends.push(pipe.write_end);
    }

    // 4. Write each worker its range, and close: nothing more will come through this pipe.
    for (number, range_end) in range_ends.into_iter().enumerate() {
        let part = part_of(range, number, workers);
        write_numbers(&range_end, &[part.first.to_ne_bytes(), part.end.to_ne_bytes()])?;
        close(range_end);
    }

    // 7. Add up the results until end of file. It comes when no write end is open any more: ours
    //    is closed since step 3, and each worker's is closed when that worker has ended.
    let (mut count, mut results) = (0, 0);
    while let Some([result]) = read_numbers(&result_pipe.read_end)? {
        count += u64::from_ne_bytes(result);
        results += 1;
    }
    if results < workers {
        let message = format!("{results} results came from {workers} workers");
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
    }
    Ok(count)
}

/// A worker leaves by `_exit` and never returns into the copy of the primary that it is: it would
/// go on with the primary's loop and fork workers of its own.
fn be_worker(number: usize, range_pipes: Vec<Pipe>, result_pipe: Pipe) -> ! {
    match worker(number, range_pipes, result_pipe) {
        Ok(()) => exit_now(0),
        Err(error) => {
            // Not eprintln!, which panics when stderr is broken, and a panic is another way back.
            let _ = writeln!(io::stderr(), "exercise: worker {number}: {error}");
            exit_now(1)
        }
    }
}

/// A worker: one range in, one count out.
fn worker(number: usize, mut range_pipes: Vec<Pipe>, result_pipe: Pipe) -> io::Result<()> {
    // 3. Close the ends that are not ours, which fork copied too. We keep the read end of our own
    //    range pipe and the write end of the result pipe. A write end kept by mistake, ours or
    //    a sibling's, would hide the end of file from the reader of that pipe.
    let our_pipe = range_pipes.swap_remove(number);
    close(our_pipe.write_end);
    for pipe in range_pipes {
        close(pipe.read_end);
        close(pipe.write_end);
    }
    close(result_pipe.read_end);

    // 5. Read our range. read blocks until the primary writes. End of file instead of a range
    //    means that the primary gave up before it came to us: then there is nothing to do.
    let Some([first, end]) = read_numbers(&our_pipe.read_end)? else { return Ok(()) };
    close(our_pipe.read_end);

    // 6. Count the even numbers by testing each, and write the count to the result pipe. All the
    //    workers write there, but a write of up to PIPE_BUF bytes is never mixed with another.
    let mut count: u64 = 0;
    for n in i64::from_ne_bytes(first)..i64::from_ne_bytes(end) {
        if n % 2 == 0 {
            count += 1;
        }
    }
    write_numbers(&result_pipe.write_end, &[count.to_ne_bytes()])
}

/// The part of `range` for one worker; the parts join without a gap and differ by at most 1.
/// In 128 bits, because the length of a range of 64-bit numbers may need 65.
fn part_of(range: &Range, number: usize, workers: usize) -> Range {
    let (first, end) = (i128::from(range.first), i128::from(range.end));
    let cut = |i: usize| (first + (end - first) * i as i128 / workers as i128) as i64;
    Range { first: cut(number), end: cut(number + 1) }
}

/// Waits for each child and names those that did not end by themselves with status 0.
fn wait_for_all(children: &[libc::pid_t]) -> bool {
    let mut all_ended_well = true;
    for (number, &child) in children.iter().enumerate() {
        let end = match wait_for(child) {
            Ok(status) if libc::WIFSIGNALED(status) => {
                format!("was killed by signal {}", libc::WTERMSIG(status))
            }
            Ok(status) if libc::WEXITSTATUS(status) == 0 => continue,
            Ok(status) => format!("ended with status {}", libc::WEXITSTATUS(status)),
            Err(error) => format!("cannot be waited for: {error}"),
        };
        eprintln!("exercise: worker {number} (pid {child}) {end}");
        all_ended_well = false;
    }
    all_ended_well
}

fn read_arguments() -> Option<(usize, Range)> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let arguments: Option<Vec<_>> = arguments.iter().map(|argument| argument.to_str()).collect();
    let (workers, first, end) = match arguments?.as_slice() {
        [] => (4, 0, 1_000_000),
        [workers] => (workers.parse().ok()?, 0, 1_000_000),
        [workers, first, end] => (workers.parse().ok()?, first.parse().ok()?, end.parse().ok()?),
        _ => return None,
    };
    (workers >= 1 && first <= end).then_some((workers, Range { first, end }))
}

// The system calls. Each one that fails becomes an error with the name of the call; each one that
// a signal interrupted (EINTR) is made again.

fn pipe() -> io::Result<Pipe> {
    let mut ends = [0; 2];
    // SAFETY: `ends` has room for the two descriptors that the kernel writes there.
    system_call("pipe", || unsafe { libc::pipe(ends.as_mut_ptr()) } as isize)?;
    // SAFETY: both descriptors are new and open, and have no other owner.
    let [read_end, write_end] = ends.map(|end| unsafe { OwnedFd::from_raw_fd(end) });
    Ok(Pipe { read_end, write_end })
}

fn fork() -> io::Result<libc::pid_t> {
    // SAFETY: this process has one thread, so the child inherits no lock that another thread holds.
    Ok(system_call("fork", || unsafe { libc::fork() } as isize)? as libc::pid_t)
}

fn close(end: OwnedFd) {
    // SAFETY: `end` was the owner of this descriptor and is gone, so no code can use it again.
    // Ignore the result: Linux has closed it in any case, and a pipe has nothing to flush.
    unsafe { libc::close(end.into_raw_fd()) };
}

/// Reads N numbers, however the kernel divides their bytes; `None` if it is end of file instead.
fn read_numbers<const N: usize>(end: &OwnedFd) -> io::Result<Option<[[u8; 8]; N]>> {
    let mut numbers = [[0; 8]; N];
    let mut filled = 0;
    while filled < 8 * N {
        let rest = &mut numbers.as_flattened_mut()[filled..];
        // SAFETY: the kernel writes at most `rest.len()` bytes, all of them inside `rest`.
        filled += match system_call("read", || unsafe {
            libc::read(end.as_raw_fd(), rest.as_mut_ptr().cast(), rest.len())
        })? {
            0 if filled == 0 => return Ok(None),
            0 => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a message is cut off")),
            length => length as usize,
        };
    }
    Ok(Some(numbers))
}

/// Writes all the numbers. If no reader is left this is an error (EPIPE), and not the end of this
/// process by SIGPIPE, because a Rust program ignores that signal from its start.
fn write_numbers(end: &OwnedFd, numbers: &[[u8; 8]]) -> io::Result<()> {
    let mut rest = numbers.as_flattened();
    while !rest.is_empty() {
        // SAFETY: the kernel reads at most `rest.len()` bytes, all of them inside `rest`.
        let written = system_call("write", || unsafe {
            libc::write(end.as_raw_fd(), rest.as_ptr().cast(), rest.len())
        })?;
        rest = &rest[written as usize..];
    }
    Ok(())
}

fn wait_for(child: libc::pid_t) -> io::Result<libc::c_int> {
    let mut status = 0;
    // SAFETY: the kernel writes one status into `status`.
    system_call("waitpid", || unsafe { libc::waitpid(child, &raw mut status, 0) } as isize)?;
    Ok(status)
}

fn exit_now(status: libc::c_int) -> ! {
    // SAFETY: _exit ends this process at once; nothing that was inherited is dropped or flushed.
    unsafe { libc::_exit(status) }
}

fn system_call(name: &str, mut call: impl FnMut() -> isize) -> io::Result<isize> {
    loop {
        let result = call();
        if result >= 0 {
            return Ok(result);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(io::Error::new(error.kind(), format!("{name}: {error}")));
        }
    }
}
