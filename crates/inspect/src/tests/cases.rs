//! Each verdict on the facts that lead to it.

use super::world::{WAIT, World, end, futex, io, read, write};
use crate::facts::{Activity, Call, Descriptor, Object};
use crate::finding::{Kind, Link};
use crate::wakers::Outside;
use std::collections::BTreeSet;

const FULL: u64 = 65536;

#[test]
fn a_reader_that_holds_the_only_write_end() {
    let world = World::default()
        .process((10, 1, "ej3"), &[end(7, "r", 1), end(8, "w", 1)], read(7, 1))
        .zombie(11, 10, "ej3");
    let verdict = world.verdict();
    assert_eq!(world.kinds(), [Kind::OwnWriteEnd]);
    assert_eq!((verdict.findings[0].subject, verdict.findings[0].ends[0].fd), (10, 8));
}

#[test]
fn siblings_that_hold_each_others_write_ends() {
    let worker = [end(3, "r", 1), end(4, "w", 1), end(6, "w", 2), end(8, "w", 3)];
    let other = [end(5, "r", 2), end(4, "w", 1), end(6, "w", 2), end(8, "w", 3)];
    let world = World::default()
        .process((10, 1, "ej3"), &[end(7, "r", 3)], read(7, 3))
        .process((11, 10, "ej3"), &worker, read(3, 1))
        .process((12, 10, "ej3"), &other, read(5, 2));
    let verdict = world.verdict();
    assert_eq!(world.kinds(), [Kind::InheritedWriteEnds]);
    assert_eq!(verdict.findings[0].also, BTreeSet::from([10]));
    assert_eq!(verdict.findings[0].links.len(), 2);
}

#[test]
fn children_that_have_ended_and_are_not_waited_for() {
    let world = World::default()
        .process((10, 1, "ej3"), &[], Activity::Signal)
        .zombie(11, 10, "ej3")
        .zombie(12, 10, "ej3");
    assert_eq!(world.kinds(), [Kind::NotWaitedFor]);
    assert_eq!(world.verdict().findings[0].others, BTreeSet::from([11, 12]));
    // While a child lives, the parent may wait for all of them later.
    let world = world.process((13, 10, "ej3"), &[], Activity::Runs);
    assert_eq!(world.kinds(), []);
}

#[test]
fn a_neighbour_with_a_mistake_of_its_own_is_no_part_of_the_verdict() {
    let world = World::default()
        .process((10, 1, "sleep"), &[end(1, "w", 1)], Activity::Sleeps)
        .process((20, 1, "logger"), &[end(0, "r", 1)], Activity::Signal)
        .zombie(21, 20, "child");
    assert_eq!(world.kinds(), []);
    assert_eq!(world.verdict().waits, [(10, Outside::Timer)]);
}

#[test]
fn two_writers_of_long_messages() {
    let long = |length| {
        World::default()
            .process((10, 1, "mix"), &[end(3, "r", 1)], Activity::Sleeps)
            .process((11, 10, "mix"), &[end(4, "w", 1)], write(4, 1, length))
            .process((12, 10, "mix"), &[end(4, "w", 1)], write(4, 1, length))
    };
    assert_eq!(long(4097).kinds(), [Kind::LongWrites]);
    assert_eq!(long(4096).kinds(), []);
}

#[test]
fn a_parent_that_waits_before_it_reads() {
    let world = World::default()
        .process((10, 1, "ej3"), &[end(7, "r", 3)], WAIT)
        .process((11, 10, "ej3"), &[end(8, "w", 3)], write(8, 3, 200_000))
        .process((12, 10, "ej3"), &[end(8, "w", 3)], write(8, 3, 200_000))
        .channel(Object::Pipe(3), |pipe| pipe.waiting = Some(FULL));
    assert_eq!(world.kinds(), [Kind::WaitBeforeRead]);
    assert_eq!(world.verdict().findings[0].links.len(), 3);
}

#[test]
fn a_parent_that_waits_before_it_closes() {
    let world = World::default()
        .process((10, 1, "sh"), &[end(5, "w", 1)], Activity::Children { only: Some(11) })
        .process((11, 10, "cat"), &[end(0, "r", 1)], read(0, 1));
    assert_eq!(world.kinds(), [Kind::WaitBeforeClose]);
}

#[test]
fn two_pipes_that_are_both_full() {
    let world = World::default()
        .process((10, 1, "a"), &[end(4, "w", 1), end(5, "r", 2)], write(4, 1, 1))
        .process((11, 10, "b"), &[end(3, "r", 1), end(6, "w", 2)], write(6, 2, 1));
    assert_eq!(world.kinds(), [Kind::BothFill]);
    assert_eq!(world.verdict().findings[0].links.len(), 2);
}

#[test]
fn a_pipe_that_was_made_after_the_fork() {
    let own = |pipe| [end(3, "r", pipe), end(4, "w", pipe)];
    let world = World::default()
        .process((10, 1, "ej3"), &own(1), read(3, 1))
        .process((11, 10, "ej3"), &own(2), Activity::Signal)
        .channel(Object::Pipe(2), |pipe| pipe.waiting = Some(8));
    assert_eq!(world.kinds(), [Kind::PipeMadeAfterFork, Kind::PrivatePipe]);
}

#[test]
fn range_pipes_that_the_parent_did_not_close() {
    let world = World::default()
        .process((10, 1, "ej3"), &[end(4, "w", 1), end(6, "w", 2), end(7, "r", 3)], read(7, 3))
        .process((11, 10, "ej3"), &[end(3, "r", 1), end(8, "w", 3)], read(3, 1))
        .process((12, 10, "ej3"), &[end(5, "r", 2), end(8, "w", 3)], read(5, 2));
    let verdict = world.verdict();
    assert_eq!(world.kinds(), [Kind::ReadEachOther]);
    // The sentence begins with a worker, so that the advice is for the parent.
    let pids: Vec<u32> = verdict.findings[0].links.iter().map(Link::pid).collect();
    assert_eq!(pids, [11, 10]);
    assert_eq!(verdict.findings[0].also, BTreeSet::from([12]));
}

#[test]
fn output_that_a_background_process_inherited() {
    let cat = |parent| {
        World::default().process((10, parent, "cat"), &[end(0, "r", 1)], read(0, 1)).process(
            (parent, 1, "bash"),
            &[],
            WAIT,
        )
    };
    let left = cat(9).process((11, 1, "sleep"), &[end(1, "w", 1)], Activity::Sleeps);
    assert_eq!(left.kinds(), [Kind::InheritedOutput]);
    let sibling = cat(9).process((11, 9, "sleep"), &[end(1, "w", 1)], Activity::Sleeps);
    assert_eq!(sibling.kinds(), []);
    let waits = sibling.verdict().waits;
    assert_eq!(waits, [(11, Outside::Timer)]);
}

#[test]
fn a_write_end_that_no_table_has() {
    let world = World::default().process((10, 1, "cat"), &[end(0, "r", 1)], read(0, 1));
    assert_eq!(world.kinds(), [Kind::HiddenWriteEnd]);
    assert!(!world.verdict().is_wrong());
    let closed = world.channel(Object::Pipe(1), |pipe| pipe.has_writer = Some(false));
    assert_eq!(closed.kinds(), []);
}

#[test]
fn a_process_that_cannot_be_read_is_named_only_if_it_matters() {
    let hidden = |world: World| world.change(11, |process| process.table = None);
    let unknown = || Activity::Unknown(String::new());
    let stuck =
        World::default().process((10, 1, "ej3"), &[end(7, "r", 1), end(8, "w", 1)], read(7, 1));
    let world = hidden(stuck.process((11, 10, "sudo"), &[], unknown()));
    assert_eq!(world.verdict().hidden, BTreeSet::from([11]));
    let well = World::default().process((10, 1, "ej3"), &[], Activity::Sleeps);
    let world = hidden(well.process((11, 10, "sudo"), &[], unknown()));
    assert_eq!(world.verdict().hidden, BTreeSet::new());
    let asked = World::default().process((10, 1, "sudo"), &[], unknown());
    let world = asked.change(10, |process| process.table = None);
    assert_eq!(world.verdict().hidden, BTreeSet::from([10]));
}

#[test]
fn a_program_that_read_much_and_wrote_nothing() {
    let world = |written| {
        World::default()
            .process((10, 9, "grep"), &[end(0, "r", 1), end(1, "w", 2)], read(0, 1))
            .process((11, 9, "tail"), &[end(1, "w", 1)], Activity::Sleeps)
            .process((12, 9, "cat"), &[end(0, "r", 2)], read(0, 2))
            .process((9, 1, "sh"), &[], WAIT)
            .change(10, |grep| grep.io = Some((16265, written)))
    };
    assert_eq!(world(0).kinds(), [Kind::Buffered]);
    assert!(!world(0).verdict().is_wrong());
    assert_eq!(world(1).kinds(), []);
}

#[test]
fn a_pipe_without_a_reader() {
    let world = |number| {
        World::default()
            .process((10, 1, "tail"), &[end(number, "w", 1)], Activity::Sleeps)
            .channel(Object::Pipe(1), |pipe| pipe.has_reader = Some(false))
    };
    assert_eq!(world(1).kinds(), [Kind::ReaderGone]);
    // The program may not use this end, and not know of it.
    assert_eq!(world(251).kinds(), []);
}

#[test]
fn a_listener_with_a_full_queue() {
    let listener =
        |number| Descriptor { number, reads: true, writes: true, object: Object::Socket(5) };
    let connects = Activity::Connects { fd: 3, listener: Some(Object::Socket(5)) };
    let world = World::default()
        .process((10, 1, "client"), &[], connects)
        .process((11, 1, "server"), &[listener(4)], Activity::Sleeps)
        .socket(5, true, None)
        .channel(Object::Socket(5), |channel| {
            (channel.waiting, channel.capacity) = (Some(2), Some(1));
        });
    assert_eq!(world.kinds(), [Kind::FullQueue]);
    assert_eq!(world.verdict().findings[0].others, BTreeSet::from([10]));
}

#[test]
fn fifo_stop_and_lock() {
    let opens = Activity::OpensFifo { path: "/tmp/f".to_owned(), to_write: false };
    assert_eq!(World::default().process((10, 1, "cat"), &[], opens).kinds(), [Kind::FifoPartner]);
    let stopped = World::default().process((10, 1, "cat"), &[], Activity::Stopped);
    assert_eq!(stopped.kinds(), [Kind::Stopped]);
    let file = Object::File(1, 2);
    let lock = Activity::FileLock { fd: 9, object: file.clone() };
    let waits = |holder| {
        World::default()
            .process((10, 1, "flock"), &[], lock.clone())
            .process((11, 1, "holder"), &[], holder)
            .channel(file.clone(), |channel| channel.lock_holders = BTreeSet::from([11]))
    };
    assert_eq!(waits(Activity::Sleeps).kinds(), [Kind::LockHeld]);
    assert_eq!(waits(lock.clone()).kinds(), [Kind::Circle]);
}

#[test]
fn threads_that_wait_for_each_other() {
    let world = World::default().process((10, 1, "locks"), &[], futex(Some(11))).thread(
        10,
        11,
        futex(Some(10)),
    );
    assert_eq!(world.kinds(), [Kind::ThreadDeadlock]);
    // A pool of idle threads is well while the first thread can work.
    let idle = World::default().process((10, 1, "pool"), &[], Activity::Signal).thread(
        10,
        11,
        futex(None),
    );
    assert_eq!(idle.kinds(), []);
}

#[test]
fn a_token_of_make_that_is_lost() {
    let pool = |names: [i32; 2]| [end(names[0], "r", 1), end(names[1], "w", 1)];
    let world = World::default()
        .process((10, 1, "make"), &pool([3, 4]), WAIT)
        .process((11, 10, "sh"), &pool([3, 4]), WAIT)
        .process((12, 11, "dd"), &pool([0, 4]), read(0, 1));
    assert_eq!(world.kinds(), [Kind::LostToken]);
}

#[test]
fn sockets_are_followed_to_the_other_end() {
    let socket = |number, inode| Descriptor {
        number,
        reads: true,
        writes: true,
        object: Object::Socket(inode),
    };
    let reads = |fd, inode| io(Call::Read, fd, Object::Socket(inode), false, None);
    let world = World::default()
        .process((10, 1, "client"), &[socket(3, 5)], reads(3, 5))
        .process((11, 1, "server"), &[socket(4, 6)], reads(4, 6))
        .socket(5, false, Some(6))
        .socket(6, false, Some(5));
    assert_eq!(world.kinds(), [Kind::ReadEachOther]);
    let remote = World::default()
        .process((10, 1, "client"), &[socket(3, 5)], reads(3, 5))
        .socket(5, false, None)
        .channel(Object::Socket(5), |channel| channel.socket.as_mut().unwrap().kind = "tcp");
    assert_eq!(remote.kinds(), []);
    assert_eq!(remote.verdict().waits, [(10, Outside::Network)]);
}

#[test]
fn a_terminal_waits_for_the_process_that_controls_it() {
    let entry = |number, object| Descriptor { number, reads: true, writes: true, object };
    let slave = Object::Terminal("/dev/pts/3".to_owned());
    let master = Object::Controller("/dev/pts/3".to_owned());
    let alone = World::default().process(
        (10, 1, "cat"),
        &[entry(0, slave.clone())],
        io(Call::Read, 0, slave.clone(), false, None),
    );
    assert_eq!(alone.verdict().waits, [(10, Outside::Terminal)]);
    let expect = alone.process(
        (11, 1, "expect"),
        &[entry(5, master.clone())],
        io(Call::Read, 5, master, false, None),
    );
    assert_eq!(expect.kinds(), [Kind::ReadEachOther]);
}
