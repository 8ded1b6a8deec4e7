//! Four workers count the even numbers of 0..1000. The process may have 10 descriptors.
use std::io::{self, Read, Write};
use std::process::exit;
use std::ptr::null_mut;

// Calls that std does not have. They are unsafe: the compiler does not see what C does.
unsafe extern "C" {
    fn fork() -> i32;
    fn wait(status: *mut i32) -> i32;
    fn setrlimit(resource: u32, limit: *const [u64; 2]) -> i32;
}

const RLIMIT_NOFILE: u32 = 7;
const WORKERS: i64 = 4;

fn main() {
    unsafe { setrlimit(RLIMIT_NOFILE, &[10, 10]) };
    let mut pipes: Vec<_> = (0..WORKERS).map(|_| io::pipe().ok()).collect();
    for (i, pipe) in (0..WORKERS).zip(&mut pipes) {
        if unsafe { fork() } == 0 {
            let count = (250 * i..250 * (i + 1)).filter(|n| n % 2 == 0).count() as i64;
            if let Some((_, results_end)) = pipe {
                let _ = results_end.write_all(&count.to_ne_bytes());
            }
            exit(0);
        }
    }
    let (mut total, mut bytes) = (0, [0; 8]);
    for (mut results, results_end) in pipes.into_iter().flatten() {
        drop(results_end);
        if let Ok(8) = results.read(&mut bytes) {
            total += i64::from_ne_bytes(bytes);
        }
    }
    for _ in 0..WORKERS {
        unsafe { wait(null_mut()) };
    }
    println!("{total}");
}
