//! Rows 23 and 24: signals from kill(1) and from a terminal.

use crate::support::{
    self, EVENLY, evenly, in_foreground, is_alive, kill, start, start_command, state_and_parent,
    stderr, until,
};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

fn assert_no_process_left(workers: &[u32]) {
    // Reaped before the primary ended, so not even a zombie is left.
    assert!(workers.iter().all(|worker| state_and_parent(*worker).is_none()));
}

/// The numbers in a log of chunks (`--joblog`) that a worker has finished.
fn finished(log: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(log).unwrap();
    let columns = text.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    let ends_well = columns.filter(|columns| columns[6..8] == ["0", "0"]);
    let mut numbers: Vec<String> = ends_well.map(|columns| columns[8].to_owned()).collect();
    numbers.sort_unstable();
    numbers
}

pub(crate) fn first_drains_second_kills() {
    let log = std::env::temp_dir().join(format!("evenly-drains-{}", std::process::id()));
    let words = "-j 2 --split fixed:1 --progress none --joblog";
    let words = format!("{words} {} --drain 1h", log.display());
    // Both workers are at their first number by then, and rest there for two seconds.
    let running = in_foreground(&format!("count test:slow=2000000 0..1000 {words}"));
    let workers = running.workers(2);
    std::thread::sleep(Duration::from_millis(500));
    kill("TERM", running.pid());
    let output = running.output();
    assert_eq!(output.status.signal(), Some(15));
    assert!(
        stderr(&output).contains("SIGTERM: the workers finish the numbers they are at"),
        "{output:?}"
    );
    assert_eq!(finished(&log).len(), 2, "{:?}", std::fs::read_to_string(&log));
    assert_no_process_left(&workers);
    std::fs::remove_file(&log).unwrap();

    // Numbers that never end, and an hour to finish them: only the second signal ends this run.
    let running = in_foreground(&format!("count test:hang@0,1 0..2 {words}"));
    let workers = running.workers(2);
    std::thread::sleep(Duration::from_millis(300));
    kill("INT", running.pid());
    std::thread::sleep(Duration::from_millis(100));
    assert!(is_alive(running.pid()), "the first signal does not end it");
    kill("INT", running.pid());
    let output = running.output();
    assert_eq!(output.status.signal(), Some(2));
    assert!(
        stderr(&output).ends_with("evenly: stopped by SIGINT; there is no answer\n"),
        "{output:?}"
    );
    assert_eq!(finished(&log), Vec::<String>::new());
    assert_no_process_left(&workers);
    std::fs::remove_file(&log).unwrap();

    // A number that takes longer than the time to finish it is not waited for.
    let running = in_foreground("count test:hang@1 0..10 -j 2 --progress none --drain 500ms");
    let workers = running.workers(2);
    // A worker that has not begun the number gives it back.
    std::thread::sleep(Duration::from_millis(300));
    kill("TERM", running.pid());
    let output = running.output();
    assert_eq!(output.status.signal(), Some(15));
    assert_no_process_left(&workers);
}

pub(crate) fn hangup() {
    let running = in_foreground("count prime 0..1e12 -j 2 --progress none");
    let workers = running.workers(2);
    kill("HUP", running.pid());
    let output = running.output();
    assert_eq!(output.status.signal(), Some(1), "{output:?}");
    assert_eq!(stderr(&output), "evenly: stopped by SIGHUP; there is no answer\n");
    assert_no_process_left(&workers);

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
# As from a shell, independent of the parent of the tests.
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
def workers_of(of, count):
    until = time.monotonic() + 30
    while len(children(of)) < count and time.monotonic() < until: time.sleep(0.01)
    return children(of)
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
workers = workers_of(pid, 2)
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
    let running = in_foreground(
        "count test:slow=1000 0..2000 -j 2 --progress none --deadline 4s --silence 500ms",
    );
    let workers = running.workers(2);
    std::thread::sleep(Duration::from_millis(200));
    kill("TSTP", running.pid());
    let is_stopped = |pid: u32| state_and_parent(pid).is_some_and(|(state, _)| state == 'T');
    until("all are stopped", || {
        (is_stopped(running.pid()) && workers.iter().all(|worker| is_stopped(*worker)))
            .then_some(())
    });
    // Longer than the limit of silence, and than the deadline.
    std::thread::sleep(Duration::from_millis(4200));
    assert!(is_alive(running.pid()));
    kill("CONT", running.pid());
    let output = running.output();
    assert_eq!(output.stdout, b"1000\n", "{output:?}");
    assert_eq!(stderr(&output), "");
}

pub(crate) fn paused_on_a_terminal() {
    // Ctrl-Z needs a parent that waits for the stop: python acts as the shell.
    let script = "
listen(1.0, b'left')
workers = workers_of(pid, 2)
os.write(terminal, b'\\x1a')
stopped = status()
# On a busy machine a worker stops when it gets the processor next.
states = []
for _ in range(3000):
    states = [state(worker) for worker in workers]
    if states == ['T', 'T']:
        break
    time.sleep(0.01)
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
    let lines: Vec<&str> = said.lines().collect();
    let [_, titles, row] = lines[..] else { panic!("{said}") };
    assert!(
        titles.starts_with("evenly: machine ") && row.starts_with("evenly: this machine "),
        "{said}"
    );
}

pub(crate) fn deadline() {
    let output = start("count test:hang@1 0..1000 -j 2 --deadline 1s --progress none").output();
    assert_eq!(output.status.code(), Some(124), "{output:?}");
    assert_eq!(output.stdout, b"");
    assert!(stderr(&output).contains("the deadline of 1 s passed"), "{output:?}");
    let in_time = evenly("count even 0..1e6 --deadline 1m").output().unwrap();
    assert_eq!(in_time.stdout, b"500000\n");
    assert_eq!(support::stderr(&in_time), "");
}
