//! Memory that processes do not share (proc(5)).
//!
//! A forked worker shares most of its pages with the primary and its neighbours until one of them writes to
//! them. What is its own doing is what only it has: pages that are *private and dirty*, and its part of what
//! is swapped out. The resident size would count what it has inherited, however much that is, and PSS a part
//! of it that depends on how many others live.
//!
//! A command was executed and has inherited nothing, but its processes may have forked from each other. What
//! they have together is the sum of their *proportional* parts (PSS), of which none is counted twice and none
//! left out. Pages of files are in neither: the kernel takes them back when it needs them, and a program may
//! have mapped a file that is larger than the memory.
//!
//! The kernel walks through the page tables to find this out, some 10 µs for each MiB. So it is asked only if
//! the resident size, which it knows, leaves any doubt.

use super::orphans::numbers;
use rustix::process::Pid;
use std::fs::{read_dir, read_to_string};
use std::time::{Duration, Instant};

/// Time between two measurements.
pub(crate) const PERIOD: Duration = Duration::from_millis(100);

/// Measuring takes at most one part in this many of the time; if it takes longer, it is done less often.
const SHARE: u32 = 10;

/// Timer of a check that is done once per period, or less often if the check itself takes long ([`SHARE`]).
#[derive(Clone, Copy, Debug)]
pub(crate) struct PeriodicCheck {
    period: Duration,
    next: Instant,
}

impl PeriodicCheck {
    /// One measurement per `period`.
    pub(crate) fn every(period: Duration) -> Self {
        Self { period, next: Instant::now() + period }
    }

    /// Time until the next check.
    pub(crate) fn next(&self) -> Duration {
        self.next.saturating_duration_since(Instant::now())
    }

    /// Runs the check if it is due, and returns its result.
    pub(crate) fn run_if_due<T>(&mut self, check: impl FnOnce() -> T) -> Option<T> {
        let began = Instant::now();
        if began < self.next {
            return None;
        }
        let found = check();
        self.next = began + self.period.max(began.elapsed() * SHARE);
        Some(found)
    }
}

/// Whether a forked process that has not executed a program has more than `limit` private bytes.
pub(crate) fn of_fork_is_above(limit: u64, pid: Pid) -> bool {
    if !may_be_above(limit, resident(pid)) {
        return false;
    }
    let rollup = rollup(pid);
    let own = || Some(field(&rollup, "Private_Dirty:")? + field(&rollup, "SwapPss:")?);
    own().unwrap_or_else(|| anonymous(pid)) > limit
}

/// Whether these processes have more than `limit` bytes together.
pub(crate) fn of_all_is_above(limit: u64, pids: &[Pid]) -> bool {
    if !may_be_above(limit, pids.iter().map(|pid| resident(*pid)).sum()) {
        return false;
    }
    let part = |pid: &Pid| {
        let rollup = rollup(*pid);
        let fields = ["Pss_Anon:", "Pss_Shmem:", "SwapPss:"].map(|name| field(&rollup, name));
        let sum = fields.into_iter().try_fold(0, |sum, field| Some(sum + field?));
        sum.unwrap_or_else(|| anonymous(*pid))
    };
    pids.iter().map(part).sum::<u64>() > limit
}

/// These processes and all that they have started and is still theirs.
pub(crate) fn with_descendants(mut pids: Vec<Pid>) -> Vec<Pid> {
    let mut at = 0;
    while let Some(pid) = pids.get(at) {
        // Each thread has the children that it has made.
        let threads = read_dir(format!("/proc/{}/task", pid.as_raw_nonzero()));
        let threads = threads.into_iter().flatten().flatten();
        let of_threads: Vec<Pid> = threads
            .flat_map(|thread| {
                let listed = read_to_string(thread.path().join("children")).unwrap_or_default();
                numbers(&listed)
            })
            .collect();
        // A process that changes its parent meanwhile is not counted twice.
        let new: Vec<Pid> = of_threads.into_iter().filter(|pid| !pids.contains(pid)).collect();
        pids.extend(new);
        at += 1;
    }
    pids
}

/// Whether it is worth a closer look. The kernel counts resident pages in parts, one for each processor, and
/// may be behind by some.
fn may_be_above(limit: u64, resident: u64) -> bool {
    resident > limit / 2
}

/// The resident size in bytes, files included; 0 of who is gone.
fn resident(pid: Pid) -> u64 {
    statm(pid).map_or(0, |[resident, _]| resident)
}

/// About how many bytes of it are not those of files, if the kernel does not let us see more: those of a
/// program with the rights of another user.
fn anonymous(pid: Pid) -> u64 {
    statm(pid).map_or(0, |[resident, shared]| resident.saturating_sub(shared))
}

fn statm(pid: Pid) -> Option<[u64; 2]> {
    let text = read_to_string(format!("/proc/{}/statm", pid.as_raw_nonzero())).ok()?;
    let mut pages = text.split(' ').skip(1).map(str::parse::<u64>);
    let mut next = || Some(pages.next()?.ok()? * rustix::param::page_size() as u64);
    Some([next()?, next()?])
}

fn rollup(pid: Pid) -> String {
    read_to_string(format!("/proc/{}/smaps_rollup", pid.as_raw_nonzero())).unwrap_or_default()
}

/// A field of it in bytes.
fn field(rollup: &str, name: &str) -> Option<u64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib << 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;
    use std::process::{Command, Stdio};

    #[test]
    fn what_a_process_has_is_found() {
        let own = rustix::process::getpid();
        assert!(!of_all_is_above(1 << 40, &[own]));
        let hoard = || black_box(vec![1_u8; 64 << 20]);
        // Other tests of this process fork, and share the pages that are there with their children.
        let is_seen = |is_above: &dyn Fn() -> bool| {
            (0..100).any(|_| {
                let _fresh = hoard();
                is_above()
            })
        };
        assert!(is_seen(&|| of_all_is_above(60 << 20, &[own])));
        assert!(is_seen(&|| of_fork_is_above(60 << 20, own)));
    }

    #[test]
    fn of_who_is_gone_it_is_nothing() {
        let mut child = Command::new("true").spawn().unwrap();
        let pid = Pid::from_child(&child);
        child.wait().unwrap();
        assert!(!of_fork_is_above(0, pid) && !of_all_is_above(0, &[pid]));
        assert_eq!(with_descendants(vec![pid]), [pid]);
    }

    #[test]
    fn descendants_are_found_with_theirs() {
        let script = "sh -c 'sleep 1000 & echo ready; wait' & wait";
        let mut shell = Command::new("sh");
        let mut shell = shell.args(["-c", script]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let output = shell.stdout.as_mut().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut line).unwrap();
        let family = with_descendants(vec![Pid::from_child(&shell)]);
        assert_eq!((line.as_str(), family.len()), ("ready\n", 3));
        for pid in family.into_iter().rev() {
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        }
        shell.wait().unwrap();
    }

    #[test]
    fn fields_are_in_bytes() {
        let text = "Rss:   12 kB\nPss_Anon:     7 kB\nSwapPss: 0 kB\n";
        assert_eq!([field(text, "Pss_Anon:"), field(text, "SwapPss:")], [Some(7 << 10), Some(0)]);
        assert_eq!(field(text, "Pss:"), None);
    }

    #[test]
    fn a_check_runs_when_it_is_due_and_less_often_if_it_takes_long() {
        let mut check = PeriodicCheck { period: PERIOD, next: Instant::now() };
        let began = Instant::now();
        assert_eq!(check.run_if_due(|| 7), Some(7));
        assert!(check.next >= began + PERIOD);
        let mut check = PeriodicCheck { period: PERIOD, next: began + Duration::from_secs(3600) };
        assert_eq!(check.run_if_due(|| 7), None);
        assert!(!check.next().is_zero());
        let mut check = PeriodicCheck { period: PERIOD, next: began };
        check.run_if_due(|| std::thread::sleep(PERIOD / 2)).unwrap();
        assert!(check.next >= began + PERIOD * SHARE / 2, "a long check is not repeated at once");
    }
}
