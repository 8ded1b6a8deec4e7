//! Rows 23 and 24: signals as people expect them, by kill(1) and from a terminal.

use crate::support::{
    self, EVENLY, evenly, in_foreground, is_alive, kill, run, start_command, state_and_parent,
    stderr, until,
};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Minutes of work in numbers that take so long that draining shows.
const SLOW: &str = "count test:slow=3000000 0..1000 -j 2 --split fixed:1 --progress none";

fn nobody_left(workers: &[u32]) {
    // Reaped before the primary ended, so not even a zombie is left.
    assert!(workers.iter().all(|worker| state_and_parent(*worker).is_none()));
}

pub(crate) fn first_drains_second_kills() {
    let running = in_foreground(SLOW);
    let workers = running.workers(2);
    std::thread::sleep(Duration::from_millis(300));
    let began = Instant::now();
    kill("TERM", running.pid());
    let output = running.output();
    assert_eq!(output.status.signal(), Some(15));
    let took = began.elapsed();
    assert!((1..5).contains(&took.as_secs()), "the numbers in work are finished: {took:?}");
    assert!(
        stderr(&output).contains("SIGTERM: the workers finish the numbers they are at"),
        "{output:?}"
    );
    nobody_left(&workers);

    let running = in_foreground(SLOW);
    let workers = running.workers(2);
    std::thread::sleep(Duration::from_millis(300));
    let began = Instant::now();
    kill("INT", running.pid());
    std::thread::sleep(Duration::from_millis(100));
    kill("INT", running.pid());
    let output = running.output();
    assert_eq!(output.status.signal(), Some(2));
    assert!(began.elapsed() < Duration::from_secs(1));
    assert_eq!(stderr(&output), "evenly: stopped by SIGINT; there is no answer\n");
    nobody_left(&workers);

    // A number that takes longer than anybody waits is not finished.
    let running = in_foreground("count test:hang@1 0..10 -j 2 --progress none");
    let workers = running.workers(2);
    // One that has not begun it would give it back.
    std::thread::sleep(Duration::from_millis(300));
    let began = Instant::now();
    kill("TERM", running.pid());
    let output = running.output();
    assert_eq!(output.status.signal(), Some(15));
    assert!((4..8).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    nobody_left(&workers);
}

pub(crate) fn hangup() {
    let running = in_foreground("count prime 0..1e12 -j 2 --progress none");
    let workers = running.workers(2);
    kill("HUP", running.pid());
    let output = running.output();
    assert_eq!(output.status.signal(), Some(1), "{output:?}");
    assert_eq!(stderr(&output), "evenly: stopped by SIGHUP; there is no answer\n");
    nobody_left(&workers);

    let mut command = Command::new("nohup");
    command.arg(EVENLY).args("count prime 0..1e9 -j 2 --progress none".split(' '));
    command.stdin(Stdio::null());
    let running = start_command(command);
    running.workers(2);
    kill("HUP", running.pid());
    let output = running.output();
    assert_eq!(output.stdout, b"50847534\n", "{output:?}");
}

/// A program in the foreground of a terminal of its own, with a shell behind it that waits for it:
/// what python's pty does in C is in no library of ours.
fn on_terminal(script: &str, words: &str) -> String {
    let prelude = "
import os, pty, select, signal, subprocess, sys, time
words = sys.argv[1:]
signal.alarm(60)
# As from a shell, whoever runs the tests.
for sent in (signal.SIGINT, signal.SIGHUP, signal.SIGTSTP): signal.signal(sent, signal.SIG_DFL)
told, tell = os.pipe()
shell, terminal = pty.fork()
if shell == 0:
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.execv(words[0], words)
    os.write(tell, b'%d\\n' % pid)
    while True:
        status = os.waitpid(pid, os.WUNTRACED)[1]
        os.write(tell, b'%d\\n' % status)
        if not os.WIFSTOPPED(status): os._exit(0)
os.close(tell)
told = os.fdopen(told)
pid = int(told.readline())
status = lambda: int(told.readline())
said = b''
def listen(seconds, wanted=None):
    global said
    until = time.monotonic() + seconds
    while time.monotonic() < until and not (wanted and wanted in said):
        if select.select([terminal], [], [], 0.05)[0]:
            try: said += os.read(terminal, 4096)
            except OSError: return
def children(of):
    return [int(child) for child in open(f'/proc/{of}/task/{of}/children').read().split()]
def state(of):
    return open(f'/proc/{of}/stat').read().rsplit(') ', 1)[1][0]
";
    let output = Command::new("python3")
        .args(["-c", &format!("{prelude}{script}"), EVENLY])
        .args(words.split(' '))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn on_a_terminal() {
    // Ctrl-C: the terminal signals the foreground group, which is the primary alone.
    let script = "
listen(1.0, b'left')
workers = children(pid)
before = subprocess.run(['stty', '-a'], stdin=terminal, capture_output=True).stdout
os.write(terminal, b'\\x03')
listen(10, b'no answer')
after = subprocess.run(['stty', '-a'], stdin=terminal, capture_output=True).stdout
ended = status()
left = [worker for worker in workers if os.path.exists(f'/proc/{worker}')]
print(len(workers), os.WTERMSIG(ended), before == after, left, said.count(b'no answer'))
print(b'\\x1b[?25l' in said and b'\\x1b[?25h' not in said)
";
    let said = on_terminal(script, "count prime 0..1e12 -j 2");
    assert_eq!(said, "2 2 True [] 1\nFalse\n");
}

pub(crate) fn paused_and_resumed() {
    let running = in_foreground("count test:slow=1000 0..6000 -j 2 --progress none --deadline 10s");
    let workers = running.workers(2);
    std::thread::sleep(Duration::from_millis(200));
    kill("TSTP", running.pid());
    let is_stopped = |pid: u32| state_and_parent(pid).is_some_and(|(state, _)| state == 'T');
    until("all are stopped", || {
        (is_stopped(running.pid()) && workers.iter().all(|worker| is_stopped(*worker)))
            .then_some(())
    });
    // Longer than a stopped worker may keep what it holds, and with the rest longer than the deadline.
    std::thread::sleep(Duration::from_secs(8));
    assert!(is_alive(running.pid()));
    kill("CONT", running.pid());
    let output = running.output();
    assert_eq!(output.stdout, b"3000\n", "{output:?}");
    assert_eq!(stderr(&output), "");
}

pub(crate) fn paused_on_a_terminal() {
    // Ctrl-Z needs somebody who waits for it: python is the shell here.
    let script = "
listen(1.0, b'left')
workers = children(pid)
os.write(terminal, b'\\x1a')
stopped = status()
time.sleep(0.2)
states = [state(worker) for worker in workers]
os.kill(pid, signal.SIGCONT)
listen(30, b'2000\\r')
print(os.WIFSTOPPED(stopped), states, status())
";
    let said = on_terminal(script, "count test:slow=1000 0..4000 -j 2");
    assert_eq!(said, "True ['T', 'T'] 0\n");
}

pub(crate) fn status_on_request() {
    let running = in_foreground("count test:slow=1000 0..2000 -j 2 --progress none");
    running.workers(2);
    std::thread::sleep(Duration::from_millis(300));
    kill("USR1", running.pid());
    let output = running.output();
    assert_eq!(output.stdout, b"1000\n");
    let said = stderr(&output);
    assert!(said.starts_with("evenly: ") && said.contains(" of 2000 numbers ("), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

pub(crate) fn deadline() {
    let began = Instant::now();
    let output = run("count test:hang@1 0..1000 -j 2 --deadline 1s --progress none");
    assert_eq!(output.status.code(), Some(124), "{output:?}");
    assert_eq!(output.stdout, b"");
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(stderr(&output).contains("the deadline of 1 s passed"), "{output:?}");
    let in_time = evenly("count even 0..1e6 --deadline 1m").output().unwrap();
    assert_eq!(in_time.stdout, b"500000\n");
    assert_eq!(support::stderr(&in_time), "");
}
