//! Tests of the processes of a run: descriptor tables, idle processor time, end, and leftovers.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::{Duration, Instant};
use support::{
    children_of, cpu_ticks, descriptors, evenly, in_foreground, is_alive, kill, start,
    start_command, stderr, until,
};

/// Long enough to be looked at and killed: about a minute of work for two workers.
const LONG: &str = "count prime 0..1e12 --progress none";

#[test]
fn a_worker_has_exactly_its_five_descriptors() {
    // A stray that the shell or a build tool left open must not reach a worker either.
    let stray = File::open("/dev/zero").unwrap();
    rustix::io::fcntl_setfd(stray.as_fd(), rustix::io::FdFlags::empty()).unwrap();
    let running = start(&format!("{LONG} -j 3"));
    let mut results = vec![];
    for worker in running.workers(3) {
        let table = descriptors(worker);
        let numbers: Vec<u32> = table.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4]);
        assert_eq!(table[0].1, "/dev/null");
        assert_eq!(table[1].1, table[2].1, "what a function prints goes to standard error");
        assert!(table[3].1.starts_with("pipe:") && table[4].1.starts_with("pipe:"));
        results.push(table[4].1.clone());
    }
    results.dedup();
    assert_eq!(results.len(), 1, "the result pipe is shared");
    let mut pipes: Vec<String> =
        running.workers(3).into_iter().map(|worker| descriptors(worker)[3].1.clone()).collect();
    pipes.append(&mut results);
    let held = || {
        let primary = descriptors(running.pid());
        let ends = |pipe: &String| primary.iter().filter(|(_, target)| target == pipe).count();
        pipes.iter().map(ends).collect::<Vec<_>>()
    };
    // Right after the last fork the primary still holds the ends of its workers.
    until("the primary keeps one end of each pipe", || (held() == [1; 4]).then_some(()));
}

#[test]
fn workers_die_with_a_killed_primary() {
    let running = start(&format!("{LONG} -j 4"));
    let workers = running.workers(4);
    kill("KILL", running.pid());
    // The promise is a second; looking takes a moment, too.
    std::thread::sleep(Duration::from_secs(1));
    let alive: Vec<_> = workers.into_iter().filter(|worker| is_alive(*worker)).collect();
    assert!(alive.is_empty(), "{alive:?} live on");
}

#[test]
fn waiting_processes_use_no_processor_time() {
    // No negative number is prime: that part is done at once, and parts are not divided again.
    let running = start("count prime -1e12..1e12 --split static -j 2 --progress none");
    let workers = running.workers(2);
    let pids = [running.pid(), workers[0], workers[1]];
    // The parts of both workers have begun, and one has ended.
    until("one worker has nothing left to do", || {
        let before = pids.map(cpu_ticks);
        std::thread::sleep(Duration::from_millis(300));
        (1..=2).any(|worker| cpu_ticks(pids[worker]) == before[worker]).then_some(())
    });
    let (before, began) = (pids.map(cpu_ticks), Instant::now());
    let used = || {
        let used: Vec<u64> =
            pids.map(cpu_ticks).iter().zip(before).map(|(after, before)| after - before).collect();
        (used[0], used[1].min(used[2]), used[1].max(used[2]))
    };
    std::thread::sleep(Duration::from_secs(2));
    let (primary, idle, _) =
        until("one worker is busy", || Some(used()).filter(|(_, _, busy)| *busy >= 20));
    // The busy one reports some fifty times a second, which wakes the primary for microseconds.
    let seconds = began.elapsed().as_secs();
    assert!(primary <= 2 * seconds, "the primary used {primary} ticks in {seconds} s");
    assert!(idle <= seconds.div_ceil(2), "the idle worker used {idle} ticks in {seconds} s");
}

#[test]
fn killed_workers_cost_no_number() {
    let running = start("count prime 0..5e8 --split fixed:1e4 -j 3");
    let mut kills = 0;
    while kills < 40 {
        for worker in children_of(running.pid()).into_iter().take(1 + kills % 3) {
            if is_alive(worker) {
                // It may have ended by itself since.
                let _ = std::process::Command::new("kill")
                    .args(["-9", &worker.to_string()])
                    .stderr(Stdio::null())
                    .status();
                kills += 1;
            }
        }
        std::thread::sleep(Duration::from_millis(10));
        if !is_alive(running.pid()) {
            break;
        }
    }
    let output = running.output();
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "26355867\n");
    let losses = said.lines().filter(|line| line.contains("killed by signal 9; ")).count();
    assert!(losses >= 5, "{losses} losses were told: {said}");
    assert!(said.lines().all(|line| line.starts_with("evenly: worker ")), "{said}");
}

#[test]
fn a_lost_static_part_is_done_by_its_successor() {
    let running = start("count prime 0..6e9 --split static -j 2");
    let victim = running.workers(2)[1];
    kill("KILL", victim);
    let output = running.output();
    let said = stderr(&output);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "279545368\n", "{said}");
    let line = format!("evenly: worker 2 (pid {victim}) killed by signal 9; 1 chunk reclaimed (");
    assert!(said.starts_with(&line), "{said}");
}

/// Sends a signal to a running job; it must end by that signal, with no worker left.
fn ends_by(signal: &str, number: i32) {
    let running = in_foreground(&format!("{LONG} -j 3"));
    let workers = running.workers(3);
    kill(signal, running.pid());
    let output = running.output();
    assert_eq!(output.status.signal(), Some(number), "{output:?}");
    assert!(output.stdout.is_empty());
    assert_eq!(stderr(&output), format!("evenly: stopped by SIG{signal}; there is no answer\n"));
    // Reaped before the primary ended, so not even a zombie is left.
    assert!(workers.iter().all(|worker| support::state_and_parent(*worker).is_none()));
}

#[test]
fn an_interrupted_job_ends_by_the_signal_and_leaves_no_process() {
    ends_by("INT", 2);
    ends_by("TERM", 15);
}

#[test]
fn an_ignored_interrupt_stays_ignored() {
    // As a shell starts background commands, and as nohup does for HUP.
    let mut command = std::process::Command::new("sh");
    let script = format!("trap '' INT; exec {} {LONG} -j 1", support::EVENLY);
    command.args(["-c", &script]).stdin(Stdio::null());
    let running = start_command(command);
    running.workers(1);
    kill("INT", running.pid());
    std::thread::sleep(Duration::from_millis(200));
    assert!(is_alive(running.pid()));
    kill("TERM", running.pid());
    assert_eq!(running.output().status.signal(), Some(15));
}

#[test]
fn an_ignored_child_signal_does_not_lose_the_children() {
    // The kernel reaps the children of a process that ignores SIGCHLD. A shell cannot ignore it, but env can.
    let mut command = std::process::Command::new("env");
    command.args(["--ignore-signal=CHLD", "grep", "SigIgn", "/proc/self/status"]);
    let ignored = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let mask = u64::from_str_radix(ignored.split_whitespace().nth(1).unwrap(), 16).unwrap();
    assert_eq!(mask >> 16 & 1, 1, "SIGCHLD, number 17, is ignored: {ignored}");
    let mut command = std::process::Command::new("env");
    command.args(["--ignore-signal=CHLD", support::EVENLY, "count", "even", "0..1e6", "-j", "2"]);
    let output = start_command(command).output();
    assert_eq!(output.stdout, b"500000\n", "{}", stderr(&output));
}

#[test]
fn a_crash_is_named_where_the_caller_blocks_its_signal() {
    let mut command = std::process::Command::new("env");
    command.args(["--block-signal=SEGV", support::EVENLY, "count", "test:crash@500"]);
    command.args(["0..1000", "-j", "2"]);
    let output = start_command(command).output();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = stderr(&output);
    assert!(said.contains("evenly: n = 500 failed: signal 11 (SIGSEGV); rerun: "), "{said}");
}

#[test]
fn a_blocked_stderr_does_not_keep_a_job_from_ending() {
    let (_reader, writer) = full_pipe();
    let mut command = evenly(&format!("{LONG} -j 2"));
    let mut running = command.stdout(Stdio::piped()).stderr(writer).spawn().unwrap();
    until("a worker is there", || children_of(running.id()).first().copied());
    kill("TERM", running.id());
    let status = until("it ends", || running.try_wait().unwrap());
    assert_eq!(status.signal(), Some(15));
}

/// A pipe that takes no byte more.
fn full_pipe() -> (std::io::PipeReader, std::io::PipeWriter) {
    let (reader, writer) = std::io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&writer, true).unwrap();
    while rustix::io::write(&writer, &[b'x'; 4096]).is_ok() {}
    rustix::io::ioctl_fionbio(&writer, false).unwrap();
    (reader, writer)
}

#[test]
fn a_blocked_stderr_does_not_keep_the_wiring_from_ending() {
    let (_reader, writer) = full_pipe();
    let mut command = evenly("count even 0..100 -j 2 --wiring");
    let mut running = command.stdout(Stdio::piped()).stderr(writer).spawn().unwrap();
    // It blocks SIGTERM, number 15, before the first stage.
    until("it has begun", || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", running.id())).ok()?;
        let blocked = status.lines().find(|line| line.starts_with("SigBlk"))?;
        let mask = u64::from_str_radix(blocked.split_whitespace().nth(1)?, 16).ok()?;
        (mask >> 14 & 1 == 1).then_some(())
    });
    kill("TERM", running.id());
    let status = until("it ends", || running.try_wait().unwrap());
    assert_eq!(status.signal(), Some(15));
}

#[test]
fn a_closed_standard_output_ends_the_run_quietly() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = evenly("count even 0..1000");
    let output = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    let output = output.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), Some(13));
    assert_eq!(stderr(&output), "");
}

#[test]
fn a_full_stdout_is_an_error_and_not_an_answer() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = evenly("count even 0..1000").stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(stderr(&output).starts_with("evenly: cannot write the answer: No space left"));
    let read_only = File::open("/dev/null").unwrap();
    let output = evenly("count even 0..1000").stdout(read_only).output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(stderr(&output).starts_with("evenly: cannot write the answer: Bad file descriptor"));
}

#[test]
fn a_blocked_stderr_does_not_stop_the_run() {
    let (_reader, writer) = full_pipe();
    let mut command = evenly("count prime 0..3e9 -j 2 --progress plain");
    let running = command.stdout(Stdio::piped()).stderr(writer).spawn().unwrap();
    let pid = running.id();
    let victim = until("a worker is there", || children_of(pid).first().copied());
    kill("KILL", victim);
    let output = running.wait_with_output().unwrap();
    assert_eq!(output.stdout, b"144449537\n");
}

#[test]
fn few_descriptors_mean_few_workers() {
    let with_limit = |limit: u64, words: &str| {
        let mut command = std::process::Command::new("sh");
        let script = format!("ulimit -n {limit}; exec {} {words}", support::EVENLY);
        command.args(["-c", &script]).stdin(Stdio::null());
        start_command(command).output()
    };
    let output = with_limit(64, "count even 0..1e6 -j 5000");
    let said = stderr(&output);
    assert_eq!(output.stdout, b"500000\n", "{said}");
    assert!(said.contains(" workers instead of 5000: pipe2: "), "{said}");
    assert!(said.contains("ulimit -n") && said.matches('\n').count() == 1, "{said}");

    // Wherever the table ends, there are fewer workers or there is no start.
    for limit in 6..26 {
        for workers in [1, 2, 5] {
            let output = with_limit(limit, &format!("count even 0..1000 -j {workers}"));
            let said = stderr(&output);
            let context = format!("{limit} descriptors, {workers} workers: {said}");
            match output.status.code() {
                Some(0) => assert_eq!(output.stdout, b"500\n", "{context}"),
                Some(2) => assert!(output.stdout.is_empty() && !said.is_empty(), "{context}"),
                other => panic!("{other:?} {context}"),
            }
            let is_right =
                said.is_empty() || said.contains("ulimit -n") && said.lines().count() == 1;
            assert!(is_right, "{context}");
        }
    }
}

#[test]
fn a_soft_limit_is_raised_for_the_primary_and_not_for_workers() {
    let mut command = std::process::Command::new("sh");
    let script = format!("ulimit -S -n 32; exec {} {LONG} -j 40", support::EVENLY);
    command.args(["-c", &script]).stdin(Stdio::null());
    let running = start_command(command);
    for worker in running.workers(40) {
        let limits = std::fs::read_to_string(format!("/proc/{worker}/limits")).unwrap();
        let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
        assert_eq!(files.split_whitespace().nth(3), Some("32"), "{files}");
    }
}

#[test]
fn a_job_of_many_workers_leaves_nothing() {
    let output = support::run("count even 0..1e5 -j 700 --split fixed:3");
    assert_eq!(output.stdout, b"50000\n", "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
}

#[test]
fn a_stopped_worker_does_not_keep_the_end_from_coming() {
    // All is covered by the other; the stopped one cannot read end of file and is killed.
    let running = start("count prime 0..4e9 --split fixed:2e9 -j 3 --progress none --silence 1s");
    let workers = running.workers(3);
    // Three workers, two chunks: the third never gets one.
    kill("STOP", workers[2]);
    let output = running.output();
    assert_eq!(output.stdout, b"189961812\n");
    assert!(!is_alive(workers[2]));
}

#[test]
fn a_stack_limit_that_is_too_low_is_refused_with_a_line() {
    let script = format!("ulimit -s 64; exec {} count 'n % 2 == 0' 0..10", support::EVENLY);
    let output = start_command({
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &script]).stdin(Stdio::null());
        command
    })
    .output();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = "evenly: the stack is limited to 64 KiB, which is too little; \
                raise the limit to 512 KiB or more (ulimit -s 512)\n";
    assert_eq!(stderr(&output), said);
}
