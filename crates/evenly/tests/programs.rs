//! Calls in programs with threads of their own: tokio, a pool of rayon, tracing. This program starts itself as each of
//! them.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by a panic, and prints for its reader"
)]

use rayon::prelude::*;
use std::process::Command;
use std::time::Duration;

/// The program that this process is to be.
const PROGRAM: &str = "EVENLY_TEST_PROGRAM";

type Program = (&'static str, fn(), &'static str);

/// Each program, and what it prints.
const PROGRAMS: &[Program] = &[
    ("a call in a runtime of tokio with one thread", tokio_of_one_thread, "334\n334\n"),
    (
        "a call in a runtime of tokio with several threads, after init",
        tokio_after_init,
        "500\n334\n[0, 2, 4]\n499500\n500\n",
    ),
    (
        "a captured variable in a runtime of tokio with several threads",
        tokio_with_captures,
        "refused\n",
    ),
    ("an idle pool of rayon", idle_rayon, "499500\n334\n499500\n"),
    ("a busy pool of rayon, after init", busy_rayon_after_init, "500\n"),
    ("tracing in several threads, after init", tracing_after_init, "500\n"),
    ("a crash in the process that init forked", crash_after_init, "signal 9\n500\n"),
    ("init leaves nothing behind", init_leaves_nothing, "1 child\n0 more descriptors\n"),
    ("the working directory of the call, after init", directory_after_init, "1\n"),
];

fn main() {
    if let Ok(name) = std::env::var(PROGRAM) {
        let (_, program, _) = PROGRAMS.iter().find(|program| program.0 == name).unwrap();
        return program();
    }
    for (name, _, printed) in PROGRAMS {
        let program = std::env::current_exe().unwrap();
        let output = Command::new(program).env(PROGRAM, name).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {}: {errors}", output.status);
        assert_eq!(String::from_utf8_lossy(&output.stdout), *printed, "{name}: {errors}");
        println!("{name} ... ok");
    }
}

/// A value that the compiler does not know.
fn three() -> u32 {
    std::env::var(PROGRAM).map_or(0, |name| name.len().min(3) as u32)
}

fn print_count(count: evenly::CallResult<u32, u128>) {
    match count {
        Ok(count) => println!("{count}"),
        Err(error) => println!("{error}"),
    }
}

fn tokio_of_one_thread() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let three = three();
    runtime.block_on(async {
        print_count(evenly::count(0..1000_u32, move |n| n % three == 0));
        let call = move || evenly::count(0..1000_u32, move |n| n % three == 0);
        print_count(tokio::task::spawn_blocking(call).await.unwrap());
    });
}

fn runtime_of_several() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(3).enable_all().build().unwrap()
}

/// Keeps threads of a runtime from waiting without a limit, as timers and connections do.
async fn tick() {
    loop {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn tokio_after_init() {
    evenly::init();
    runtime_of_several().block_on(async {
        tokio::spawn(tick());
        print_count(evenly::count(0..1000_u32, |n| n % 2 == 0));
        let call = || evenly::over(0..1000_u32).workers(2).retries(0).count(|n| n % 3 == 0);
        print_count(tokio::task::spawn_blocking(call).await.unwrap());
        let values = evenly::over(0..3_u32).map(|n| n * 2).values().unwrap();
        println!("{:?}", values.map(|value| value.unwrap().1).collect::<Vec<_>>());
        println!("{}", evenly::fold(0..1000_u32, || 0, |sum, n| sum + n, |a, b| a + b).unwrap());
        let calls = [(); 2]
            .map(|()| tokio::task::spawn_blocking(|| evenly::count(0..500_u32, |n| n % 2 == 0)));
        let mut sum = 0;
        for call in calls {
            sum += call.await.unwrap().unwrap();
        }
        println!("{sum}");
    });
}

fn tokio_with_captures() {
    let three = three();
    runtime_of_several().block_on(async {
        tokio::spawn(tick());
        let error = evenly::count(0..1000_u32, move |n| n % three == 0).unwrap_err().to_string();
        let is_clear = error.contains("evenly::init()") && error.contains("current_thread");
        println!("{}", if is_clear { "refused" } else { &error });
    });
}

fn rayon_sum() -> u64 {
    (0..1000_u64).into_par_iter().sum()
}

fn idle_rayon() {
    println!("{}", rayon_sum());
    let three = three();
    // Its threads wait after some rounds in which they look for work.
    std::thread::sleep(Duration::from_millis(300));
    print_count(evenly::count(0..1000_u32, move |n| n % three == 0));
    println!("{}", rayon_sum());
}

fn busy_rayon_after_init() {
    evenly::init();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    rayon::spawn(
        move || while ended.try_recv() != Err(std::sync::mpsc::TryRecvError::Disconnected) {},
    );
    print_count(evenly::count(0..1000_u32, |n| n % 2 == 0));
    drop(end);
}

fn tracing_after_init() {
    evenly::init();
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let logger = std::thread::spawn(move || {
        let mut n = 0;
        while ended.recv_timeout(Duration::from_millis(1))
            == Err(std::sync::mpsc::RecvTimeoutError::Timeout)
        {
            n += 1;
            tracing::info!(n, "a message");
        }
    });
    print_count(evenly::count(0..1000_u32, |n| n % 2 == 0));
    drop(end);
    logger.join().unwrap();
}

/// A thread that keeps a fork from being safe.
fn sleeper() {
    std::thread::spawn(|| std::thread::sleep(Duration::from_secs(600)));
}

fn crash_after_init() {
    evenly::init();
    sleeper();
    // The parent of a worker is the process that does the job.
    let error = evenly::over(0..1000_u32).workers(1).count(|_| {
        let parent = std::os::unix::process::parent_id();
        let sent = Command::new("kill").args(["-KILL", &parent.to_string()]).status();
        sent.is_ok()
    });
    let error = error.unwrap_err().to_string();
    println!("{}", if error.contains("killed by signal 9") { "signal 9" } else { &error });
    print_count(evenly::count(0..1000_u32, |n| n % 2 == 0));
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

fn init_leaves_nothing() {
    evenly::init();
    evenly::init();
    sleeper();
    let before = descriptors();
    for _ in 0..20 {
        assert_eq!(evenly::count(0..1000_u32, |n| n % 2 == 0).unwrap(), 500);
    }
    let values = evenly::over(0..1_000_000_u32).map(|n| n).values().unwrap();
    drop(values);
    let children = std::fs::read_to_string("/proc/thread-self/children").unwrap();
    println!("{} child", children.split_whitespace().count());
    println!("{} more descriptors", descriptors() - before);
}

fn directory_after_init() {
    evenly::init();
    sleeper();
    std::env::set_current_dir("/proc/self").unwrap();
    print_count(evenly::count(0..1_u32, |_| std::path::Path::new("cmdline").exists()));
}
