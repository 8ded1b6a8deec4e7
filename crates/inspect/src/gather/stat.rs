//! Parsers of proc_pid_stat(5), proc_pid_syscall(5) and proc_pid_fdinfo(5).

use evenly_core::printable::printable;

/// Flag of kernel threads (`PF_KTHREAD` in linux/sched.h).
const KERNEL_THREAD: u64 = 0x20_0000;

/// The fields of proc_pid_stat(5) that are of use here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) name: String,
    pub(super) state: char,
    pub(super) parent: u32,
    pub(super) is_background: bool,
    pub(super) is_kernel: bool,
    /// User and system time, in ticks.
    pub(super) ticks: u64,
    /// Of a process that has ended: its status as wait(2) gives it.
    pub(super) status: i32,
}

/// Parses a line. The name may contain blanks and parentheses, so the last `)` ends it.
pub(super) fn stat(line: &[u8]) -> Option<Stat> {
    let open = line.iter().position(|&byte| byte == b'(')?;
    let close = line.iter().rposition(|&byte| byte == b')')?;
    let rest = std::str::from_utf8(line.get(close + 1..)?).ok()?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<i64>().ok();
    let (group, terminal, foreground) = (number(2)?, number(4)?, number(5)?);
    Some(Stat {
        name: printable(line.get(open + 1..close)?, 64),
        state: fields.first()?.chars().next()?,
        parent: u32::try_from(number(1)?).ok()?,
        is_background: terminal != 0 && foreground > 0 && foreground != group,
        is_kernel: fields.get(6)?.parse::<u64>().ok()? & KERNEL_THREAD != 0,
        ticks: fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?,
        status: number(49).and_then(|status| i32::try_from(status).ok()).unwrap_or(0),
    })
}

/// The value of `ptrace_scope` of Yama.
pub(super) fn ptrace_scope(text: &str) -> Option<u8> {
    text.trim_ascii().parse().ok()
}

/// A system call with its arguments. `None` if the thread runs, or waits outside of a call.
pub(super) fn system_call(line: &str) -> Option<(i64, [u64; 6])> {
    let mut words = line.split_ascii_whitespace();
    let number = words.next()?.parse().ok().filter(|&number| number >= 0)?;
    let mut arguments = [0; 6];
    for argument in &mut arguments {
        *argument = u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok()?;
    }
    Some((number, arguments))
}

/// The value of a line `NAME: VALUE`.
pub(super) fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = text.lines();
    lines.find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim()))
}

/// The descriptors of an epoll instance, each with its events.
pub(super) fn epoll_targets(text: &str) -> Vec<(i32, u32)> {
    let target = |line: &str| {
        let mut words = line.strip_prefix("tfd:")?.split_ascii_whitespace();
        let fd = words.next()?.parse().ok()?;
        let events = words.nth(1)?;
        Some((fd, u32::from_str_radix(events, 16).ok()?))
    };
    text.lines().filter_map(target).collect()
}

/// The inode of `pipe:[N]` or `socket:[N]`.
pub(super) fn bracketed(link: &str, kind: &str) -> Option<u64> {
    link.strip_prefix(kind)?.strip_prefix(":[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_contain_blanks_and_parentheses() {
        let line = b"12 (a) b (c) S 3 4 5 34816 6 4194304 9 0 0 0 70 8 0 0 20 0 1 0 99";
        let read = stat(line).unwrap();
        assert_eq!((read.name.as_str(), read.state, read.parent), ("a) b (c", 'S', 3));
        assert!(read.is_background && !read.is_kernel);
        assert_eq!((read.ticks, read.status), (78, 0));
        assert_eq!(stat(b"12 (x S 3"), None);
    }

    #[test]
    fn the_last_field_is_the_status_of_a_process_that_has_ended() {
        // proc_pid_stat(5): the state is field 3, the status field 52.
        let before = vec!["0"; 52 - 4].join(" ");
        let read = stat(format!("7 (x) Z {before} 11").as_bytes()).unwrap();
        assert_eq!((read.state, read.status), ('Z', 11));
    }

    #[test]
    fn a_running_thread_has_no_system_call() {
        assert_eq!(system_call("running\n"), None);
        assert_eq!(system_call("-1 0x7f 0x1\n"), None);
        let call = system_call("0 0x3 0x7ffe 0x10 0x0 0x0 0x0 0x7ffd 0x7fff\n").unwrap();
        assert_eq!((call.0, call.1[0], call.1[2]), (0, 3, 16));
    }

    #[test]
    fn epoll_lists_its_descriptors() {
        let text =
            "pos:\t0\nflags:\t02\ntfd:        5 events:       19 data:  5  pos:0 ino:8 sdev:f\n";
        assert_eq!(epoll_targets(text), [(5, 0x19)]);
        assert_eq!(field(text, "pos"), Some("0"));
        assert_eq!(bracketed("pipe:[88]", "pipe"), Some(88));
        assert_eq!(bracketed("pipe:[88]", "socket"), None);
    }
}
