//! How the texts of /proc are read, on texts written here. The kernel is not asked.

use std::path::PathBuf;

use super::activity::{BlockingCall, CALLS, asleep};
use super::process::{Stat, access, target};
use super::{Access, Activity, Target};

#[test]
fn stat_lines_with_odd_names() {
    let name = |line: &str| Stat::parse(line.as_bytes()).map(|stat| (stat.name, stat.parent));
    let line = "12 (a) R 7 (b) S 3 4 5 0 -1 4194304 90";
    assert_eq!(name(line), Some(("a) R 7 (b".to_owned(), 3)));
    assert_eq!(name("1 (two\nlines) T 9 1 1 0 -1 64"), Some(("two\nlines".to_owned(), 9)));
    assert_eq!(name("1 () R 0 1 1 0 -1 64"), Some((String::new(), 0)));
    assert_eq!(name("1 (cut) R"), None);
    assert_eq!(name("1 )( R 0 1 1 0 -1 64"), None);
    let kernel_thread = Stat::parse(b"2 (\xffthread) S 0 0 0 0 -1 2129984").unwrap();
    assert!(kernel_thread.has_no_table());
    assert_eq!(kernel_thread.name, "\u{fffd}thread");
}

#[test]
fn links_of_a_table() {
    let of = |text: &str| target(PathBuf::from(text));
    assert_eq!(of("pipe:[77]"), Target::Pipe(77));
    assert_eq!(of("socket:[5]"), Target::Socket(5));
    assert_eq!(of("anon_inode:[eventpoll]"), Target::Anonymous("[eventpoll]".to_owned()));
    assert_eq!(of("anon_inode:inotify"), Target::Anonymous("inotify".to_owned()));
    assert_eq!(of("net:[4026531840]"), Target::Anonymous("net:[4026531840]".to_owned()));
    assert_eq!(of("/dev/pts/0"), Target::Device("/dev/pts/0".to_owned()));
    assert_eq!(of("/dev/shm/x"), Target::File("/dev/shm/x".to_owned()));
    assert_eq!(of("/tmp/pipe:[77]"), Target::File("/tmp/pipe:[77]".to_owned()));
}

#[test]
fn access_modes_of_fdinfo() {
    assert_eq!(access("pos:\t0\nflags:\t0100000\n"), Some(Access::Read));
    assert_eq!(access("pos:\t0\nflags:\t02000001\n"), Some(Access::Write));
    assert_eq!(access("flags:\t02004002\nmnt_id:\t9\n"), Some(Access::Both));
    assert_eq!(access("flags:\t012000000\n"), Some(Access::Neither));
    assert_eq!(access("pos:\t0\n"), None);
}

#[test]
fn a_sleep_is_described_by_its_call_else_by_its_kernel_function() {
    let place = |place: &str| asleep(None, || Some(place.to_owned()));
    assert_eq!(place("anon_pipe_read"), Activity::Reading { descriptor: None });
    assert_eq!(place("ep_poll"), Activity::Polling { call: "epoll_wait" });
    assert_eq!(place("futex_wait"), Activity::Sleeping { detail: "futex_wait".to_owned() });
    assert_eq!(place("0"), Activity::Sleeping { detail: String::new() });
    assert_eq!(asleep(Some("running\n"), || None), Activity::Running);
    assert_eq!(asleep(Some("-1 0x7f 0x0\n"), || None), Activity::Sleeping { detail: "".into() });
    let unknown = Activity::Sleeping { detail: "system call 9999".to_owned() };
    assert_eq!(asleep(Some("9999 0x1 0x0\n"), || None), unknown);
    let (number, _) = CALLS.iter().find(|(_, call)| *call == BlockingCall::Read).unwrap();
    let garbage_above = format!("{number} 0xdeadbeef00000003 0x0");
    assert_eq!(asleep(Some(&garbage_above), || None), Activity::Reading { descriptor: Some(3) });
}

#[test]
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn system_call_numbers_are_those_of_this_architecture() {
    let mut expected = vec![
        (libc::SYS_read, BlockingCall::Read),
        (libc::SYS_readv, BlockingCall::Read),
        (libc::SYS_recvfrom, BlockingCall::Read),
        (libc::SYS_recvmsg, BlockingCall::Read),
        (libc::SYS_write, BlockingCall::Write),
        (libc::SYS_writev, BlockingCall::Write),
        (libc::SYS_sendto, BlockingCall::Write),
        (libc::SYS_sendmsg, BlockingCall::Write),
        (libc::SYS_epoll_pwait, BlockingCall::Poll("epoll_wait")),
        (libc::SYS_epoll_pwait2, BlockingCall::Poll("epoll_wait")),
        (libc::SYS_ppoll, BlockingCall::Poll("poll")),
        (libc::SYS_pselect6, BlockingCall::Poll("select")),
        (libc::SYS_wait4, BlockingCall::Wait),
        (libc::SYS_waitid, BlockingCall::Wait),
        (libc::SYS_clone, BlockingCall::Poll("clone")),
    ];
    #[cfg(target_arch = "x86_64")]
    expected.extend([
        (libc::SYS_epoll_wait, BlockingCall::Poll("epoll_wait")),
        (libc::SYS_poll, BlockingCall::Poll("poll")),
        (libc::SYS_select, BlockingCall::Poll("select")),
        (libc::SYS_vfork, BlockingCall::Poll("vfork")),
    ]);
    let known = |number, call| CALLS.contains(&(u64::try_from(number).unwrap(), call));
    for &(number, call) in &expected {
        assert!(known(number, call), "{call:?} is {number}");
    }
    assert_eq!(CALLS.len(), expected.len());
}
