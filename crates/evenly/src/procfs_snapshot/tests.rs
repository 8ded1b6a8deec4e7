//! Pictures of real processes and pipes. Every child is killed and waited for by its own handle.

use std::io::{Read, Write, pipe};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use evenly_testkit::watch::PATIENCE;
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};

use super::pipe::{handle, open_reader};
use super::{
    Access, Activity, Descriptor, Family, PipeEnd, PipeView, ProcessView, Snapshot, Target,
};

/// A child that is killed and waited for when the test ends, however it ends.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Killed {
    /// `cat`: blocked in read of 0 until its standard input ends.
    fn cat() -> Self {
        let mut command = Command::new("cat");
        let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
        Self(child.expect("cat can be started"))
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).expect("our own child can be signalled");
    }

    /// The picture of it once it does this; states change a moment after their cause.
    fn once(&self, expected: &Activity) -> ProcessView {
        let start = Instant::now();
        loop {
            let snapshot = Snapshot::take(&[self.pid()], &[]).unwrap();
            let process = snapshot.processes.into_iter().next().unwrap();
            if process.activity == *expected {
                return process;
            }
            assert!(start.elapsed() < PATIENCE, "{process:?}, not {expected:?}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn inode(end: &impl std::os::fd::AsFd) -> u64 {
    rustix::fs::fstat(end).unwrap().st_ino
}

fn own(end: &impl AsRawFd) -> PipeEnd {
    PipeEnd { pid: std::process::id(), descriptor: end.as_raw_fd() }
}

fn only_pipe(pids: &[u32], inode: u64) -> PipeView {
    let snapshot = Snapshot::take(pids, &[inode]).unwrap();
    let [pipe] = &snapshot.pipes[..] else { panic!("one pipe was asked for: {snapshot:?}") };
    pipe.clone()
}

/// The ends in this process. Children of other tests may hold copies of all our ends for a moment,
/// between their fork and their exec.
fn ours(ends: &[PipeEnd]) -> Vec<PipeEnd> {
    ends.iter().copied().filter(|end| end.pid == std::process::id()).collect()
}

#[test]
fn own_pipe_has_its_ends_and_its_fill() {
    let (mut reader, mut writer) = pipe().unwrap();
    writer.write_all(b"sixteen bytes...").unwrap();
    let me = std::process::id();
    let view = only_pipe(&[me], inode(&reader));
    assert_eq!(ours(&view.writers), [own(&writer)]);
    assert_eq!(ours(&view.readers), [own(&reader)]);
    let capacity = rustix::pipe::fcntl_getpipe_size(&reader).unwrap();
    assert_eq!(view.capacity, Some(u32::try_from(capacity).unwrap()));
    assert_eq!(view.bytes_waiting, Some(16));

    let mut bytes = [0; 10];
    reader.read_exact(&mut bytes).unwrap();
    let second = writer.try_clone().unwrap();
    let view = only_pipe(&[me], inode(&reader));
    assert_eq!(ours(&view.writers).len(), 2);
    assert_eq!(view.bytes_waiting, Some(6));

    drop((writer, second));
    let view = only_pipe(&[me], inode(&reader));
    assert_eq!((ours(&view.writers), ours(&view.readers)), (vec![], vec![own(&reader)]));
    assert_eq!(view.bytes_waiting, Some(6));
    reader.read_exact(&mut [0; 6]).unwrap();
    assert_eq!(reader.read(&mut bytes).unwrap(), 0, "and the end of file came");
}

#[test]
fn pipe_without_reader_is_asked_through_its_write_end() {
    let (reader, mut writer) = pipe().unwrap();
    writer.write_all(b"abc").unwrap();
    drop(reader);
    let view = only_pipe(&[std::process::id()], inode(&writer));
    assert_eq!(ours(&view.readers), []);
    assert_eq!(view.bytes_waiting, Some(3));
}

#[test]
fn where_ends_may_not_be_copied_a_read_end_is_opened() {
    let (_reader, mut writer) = pipe().unwrap();
    writer.write_all(b"abc").unwrap();
    let opened = open_reader(&handle(own(&writer)).unwrap()).unwrap();
    assert_eq!(rustix::io::ioctl_fionread(&opened), Ok(3));
    assert!(rustix::io::write(&opened, b"d").is_err(), "it is no write end");
}

#[test]
fn end_opened_for_both_counts_on_both_sides() {
    let (reader, _writer) = pipe().unwrap();
    let path = format!("/proc/self/fd/{}", reader.as_raw_fd());
    let both = OwnedFd::from(std::fs::File::options().read(true).write(true).open(path).unwrap());
    let view = only_pipe(&[std::process::id()], inode(&reader));
    assert!(view.writers.contains(&own(&both)) && view.readers.contains(&own(&both)));
}

#[test]
fn pipe_without_holders_is_empty_and_unknown() {
    let view = only_pipe(&[], u64::MAX);
    assert_eq!(
        view,
        PipeView {
            inode: u64::MAX,
            writers: vec![],
            readers: vec![],
            bytes_waiting: None,
            capacity: None,
            has_writer: None
        }
    );
}

#[test]
fn a_write_end_in_flight_is_in_no_table_but_the_kernel_knows_it() {
    use rustix::net::{
        AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags,
        SocketType, sendmsg, socketpair,
    };
    let (reader, writer) = pipe().unwrap();
    let (near, far) =
        socketpair(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None).unwrap();
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut message = SendAncillaryBuffer::new(&mut space);
    let ends = [std::os::fd::AsFd::as_fd(&writer)];
    assert!(message.push(SendAncillaryMessage::ScmRights(&ends)));
    sendmsg(&near, &[std::io::IoSlice::new(b"x")], &mut message, SendFlags::empty()).unwrap();
    let number = inode(&reader);
    drop((writer, near));
    // Children of other tests hold a copy between their fork and their exec.
    let start = Instant::now();
    let hidden = loop {
        let view = only_pipe(&[std::process::id()], number);
        if view.writers.is_empty() {
            break view;
        }
        assert!(start.elapsed() < PATIENCE, "{view:?}");
    };
    assert!(hidden.has_hidden_writer(), "{hidden:?}");
    drop(far);
    let start = Instant::now();
    while only_pipe(&[std::process::id()], number).has_writer != Some(false) {
        assert!(start.elapsed() < PATIENCE);
    }
}

/// Other tests open and close descriptors of this process, so a process of its own runs this one.
#[test]
fn taking_the_picture_leaves_no_trace_in_it() {
    let (_, module) = module_path!().split_once("::").unwrap();
    let name = format!("{module}::alone_in_its_process");
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = command.args(["--ignored", "--exact", &name]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
#[ignore = "started by the test above"]
fn alone_in_its_process() {
    let (_reader, _writer) = pipe().unwrap();
    let me = std::process::id();
    // Asked one by one, because listing them would open one more.
    let is_open = |number: &i32| std::fs::read_link(format!("/proc/self/fd/{number}")).is_ok();
    let before: Vec<_> = (0..1024).filter(is_open).collect();
    for _ in 0..3 {
        let snapshot = Snapshot::take(&[me], &[]).unwrap();
        let table = &snapshot.processes[0].descriptors;
        assert_eq!(table.iter().map(|entry| entry.number).collect::<Vec<_>>(), before);
        assert!(snapshot.pipes.iter().all(|pipe| pipe.bytes_waiting.is_some()));
    }
    assert_eq!((0..1024).filter(is_open).collect::<Vec<_>>(), before);
    // The kernel gives no path of more than a page: that is no error.
    let scratch = crate::scratch::Scratch::new("long-path");
    let (flags, mode) = (OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::RWXU);
    let mut deep = rustix::fs::open(scratch.path("."), flags, mode).unwrap();
    let name = "d".repeat(200);
    for _ in 0..30 {
        rustix::fs::mkdirat(&deep, &name, mode).unwrap();
        deep = rustix::fs::openat(&deep, &name, flags, mode).unwrap();
    }
    let snapshot = Snapshot::take(&[me], &[]).unwrap();
    let table = &snapshot.processes[0].descriptors;
    let found = table.iter().find(|entry| entry.number == deep.as_raw_fd()).unwrap();
    assert_eq!(found.target, Target::Anonymous("[path of more than 4095 bytes]".into()));
}

#[test]
fn child_goes_from_reading_to_gone() {
    let mut child = Killed::cat();
    let stdin = child.0.stdin.take().unwrap();
    let reading = Activity::Reading { descriptor: Some(0) };
    let view = child.once(&reading);
    assert_eq!((view.parent, view.name.as_str()), (std::process::id(), "cat"));
    let first = &view.descriptors[0];
    assert_eq!(
        first,
        &Descriptor { number: 0, access: Access::Read, target: Target::Pipe(inode(&stdin)) }
    );
    assert_eq!(view.descriptors[1].target, Target::Device("/dev/null".to_owned()));

    child.signal(Signal::STOP);
    let stopped = child.once(&Activity::Stopped);
    assert_eq!(stopped.descriptors, view.descriptors, "the stopped keep what they have");
    child.signal(Signal::CONT);
    child.once(&reading);

    child.signal(Signal::KILL);
    let zombie = child.once(&Activity::Zombie);
    assert_eq!((zombie.descriptors, zombie.table_hidden), (vec![], false));
    let readers = only_pipe(&[child.pid()], inode(&stdin)).readers;
    assert!(readers.iter().all(|end| end.pid != child.pid()), "{readers:?}");
    child.0.wait().unwrap();
    assert_eq!(child.once(&Activity::Gone).name, "");
}

#[test]
fn child_is_seen_writing_to_a_full_pipe() {
    let (reader, writer) = pipe().unwrap();
    let mut command = Command::new("cat");
    command.arg("/dev/zero").stdin(Stdio::null()).stdout(writer);
    let child = Killed(command.spawn().unwrap());
    drop(command); // it holds a copy of the write end
    child.once(&Activity::Writing { descriptor: Some(1) });
    let view = only_pipe(&[child.pid()], inode(&reader));
    assert_eq!(view.bytes_waiting, view.capacity);
    assert_eq!(view.writers[0], PipeEnd { pid: child.pid(), descriptor: 1 });
    assert_eq!((ours(&view.writers), ours(&view.readers)), (vec![], vec![own(&reader)]));
}

#[test]
fn busy_child_is_running() {
    let mut command = Command::new("sh");
    let child = Killed(command.args(["-c", "while :; do :; done"]).spawn().unwrap());
    child.once(&Activity::Running);
}

#[test]
fn shell_waits_for_its_child() {
    let mut command = Command::new("sh");
    command.args(["-c", "cat; :"]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut shell = Killed(command.spawn().unwrap());
    shell.once(&Activity::WaitingForChild);
    drop(shell.0.stdin.take()); // the end of file ends cat, and with it the shell
    shell.0.wait().unwrap();
}

#[test]
fn outsider_with_an_end_is_found_and_named() {
    let child = Killed::cat();
    child.once(&Activity::Reading { descriptor: Some(0) });
    let stdin = child.0.stdin.as_ref().unwrap();
    let snapshot = Snapshot::take(&[std::process::id()], &[inode(stdin)]).unwrap();
    assert!(snapshot.pipes[0].readers.contains(&PipeEnd { pid: child.pid(), descriptor: 0 }));
    let outsider = snapshot.outsiders.iter().find(|outsider| outsider.pid == child.pid());
    assert_eq!(outsider.map(|outsider| outsider.name.as_str()), Some("cat"));
    // Asked the other way round, this process is the outsider, with the write end.
    let snapshot = Snapshot::take(&[child.pid()], &[]).unwrap();
    let held = snapshot.pipes.iter().find(|pipe| pipe.inode == inode(stdin)).unwrap();
    assert_eq!(ours(&held.writers), [own(stdin)]);
    assert_eq!(held.bytes_waiting, Some(0));
}

#[test]
fn the_pipes_identify_parent_and_children() {
    let mut command = Command::new("cat");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = Killed(command.spawn().unwrap());
    let to = inode(child.0.stdin.as_ref().unwrap());
    let from = inode(child.0.stdout.as_ref().unwrap());
    // Children of other tests hold copies of all our ends between their fork and their exec.
    let start = Instant::now();
    loop {
        let family = Family::of(std::process::id()).unwrap();
        let seen = family.children.iter().find(|one| one.pid == child.pid()).unwrap();
        if seen.from_parent == [to] && family.from_children.contains(&from) {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "{family:?}");
    }
    child.0.kill().unwrap();
    child.0.wait().unwrap();
    let family = Family::of(std::process::id()).unwrap();
    assert!(family.children.iter().all(|one| one.pid != child.pid()));
    assert_eq!(Family::of(child.pid()).unwrap(), Family::default());
}
