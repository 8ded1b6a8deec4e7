//! Within a machine: files, users, full queues, and processes that are not there any more.

use super::house::{House, arrived, turn};
use super::{DatagramConnector, Datagrams};
use crate::transport::conformance::{Event, pack};
use crate::transport::{Address, Gone, Listener, Registry, Transport};
use evenly_core::datagram::{Content, Datagram};
use evenly_testkit::needs::lacks;
use rustix::io::Errno;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

fn house() -> House {
    House::open(Datagrams::unixgram(&super::thread_name()))
}

/// An agent that was let in; its registry and its number.
fn agent(house: &mut House) -> (DatagramConnector, Registry, usize) {
    let registry = Registry::new(1).unwrap();
    let mut agent = house.ends.connector(registry.clone(), b"hello", house.now_ns);
    let [Event::Hello { peer, .. }] = house.settle()[..] else { panic!() };
    house.listener.admit(peer, b"", house.now_ns).unwrap();
    turn(&registry, &mut agent, Duration::from_secs(1) / 2, house.now_ns);
    assert!(matches!(arrived(&mut agent)[..], [Event::Answer { is_admitted: true, .. }]));
    (agent, registry, peer)
}

#[test]
fn nothing_is_left_behind() {
    let mut house = house();
    let (one, _, _) = agent(&mut house);
    let (two, _, peer) = agent(&mut house);
    let names = house.ends.scratch.names();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(house.listener.address(peer).starts_with(&format!("{}.", house.ends.address)));
    for name in names.iter().filter(|name| !name.ends_with(".lock")) {
        let mode = std::fs::metadata(house.ends.scratch.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    drop(one);
    assert_eq!(house.ends.scratch.names().len(), 3);
    let House { ends, listener, .. } = house;
    drop(listener);
    assert_eq!(ends.scratch.names().len(), 1);
    drop(two);
    assert!(ends.scratch.names().is_empty());
}

#[test]
fn sockets_of_agents_that_were_killed_are_removed() {
    let ends = Datagrams::unixgram(&super::thread_name());
    let (stale, living) = ("s.0123456789abcdef", "s.fedcba9876543210");
    let others = ["s.0123456789abcde", "s.0123456789ABCDEF", "s.file", "t.0123456789abcdef"];
    for name in [stale].into_iter().chain(others) {
        // A file that is left behind, as by a process that was killed.
        drop(UnixDatagram::bind(ends.scratch.path(name)).unwrap());
    }
    let _living = UnixDatagram::bind(ends.scratch.path(living)).unwrap();
    std::fs::write(ends.scratch.path("s.00000000000000ff"), "no socket").unwrap();
    let house = House::open(ends);
    let names = house.ends.scratch.names();
    assert!(!names.contains(&stale.to_owned()), "{names:?}");
    for kept in others.into_iter().chain([living, "s.00000000000000ff"]) {
        assert!(names.contains(&kept.to_owned()), "{kept} is not in {names:?}");
    }
}

#[test]
fn an_agent_that_is_killed_is_gone_behind_its_last_frames() {
    let mut house = house();
    let (mut agent, registry, peer) = agent(&mut house);
    for number in 0..5 {
        pack(agent.packer(0).unwrap(), number, 30);
    }
    turn(&registry, &mut agent, Duration::ZERO, house.now_ns);
    let file = house.listener.address(peer);
    let file = Path::new(file.strip_prefix("unixgram:").unwrap());
    // Its sockets are closed, and the file stays.
    let aside = house.ends.scratch.path("aside");
    std::fs::rename(file, &aside).unwrap();
    drop(agent);
    std::fs::rename(&aside, file).unwrap();
    pack(house.listener.packer(peer).unwrap(), 1, 9);
    let now_ns = house.now_ns;
    house.listener.flush(now_ns).unwrap();
    let events = house.settle();
    let (gone, frames) = events.split_last().unwrap();
    assert_eq!(frames.len(), 5, "{events:?}");
    assert_eq!(*gone, Event::Gone { peer, why: Gone::broken(Errno::CONNREFUSED) });
    assert!(!file.exists());
}

#[test]
fn a_primary_that_is_not_there_is_named() {
    let ends = Datagrams::unixgram(&super::thread_name());
    let why = |registry: Registry| {
        let mut agent = ends.connector(registry, b"hello", 0);
        arrived(&mut agent)
    };
    let gone = |cause| [Event::Gone { peer: 0, why: Gone::broken(cause) }];
    assert_eq!(why(Registry::new(0).unwrap()), gone(Errno::NOENT));
    drop(UnixDatagram::bind(ends.scratch.path("s")).unwrap());
    assert_eq!(why(Registry::new(0).unwrap()), gone(Errno::CONNREFUSED));
    assert_eq!(ends.scratch.names(), ["s"]);
}

#[test]
fn beside_the_longest_path_there_is_room_for_the_sockets_of_agents() {
    let mut ends = Datagrams::unixgram("longest-path");
    let path = ends.scratch.path(&"x".repeat(90 - ends.scratch.path("").as_os_str().len()));
    assert_eq!(path.as_os_str().len(), 90);
    ends.address = format!("unixgram:{}", path.display()).parse().unwrap();
    let mut house = House::open(ends);
    let (..) = agent(&mut house);
    assert!(format!("unixgram:{}x", path.display()).parse::<Address>().is_err());
}

/// The queue of a socket holds eleven datagrams (unix(7), max_dgram_qlen), and of an unconnected one
/// poll says that there is room all the same: a loop that believes it never ends.
#[test]
fn a_full_queue_is_waited_for_without_turning() {
    let mut house = house();
    let (mut agent, registry, peer) = agent(&mut house);
    for number in 0..100 {
        pack(house.listener.packer(peer).unwrap(), number, 500);
    }
    house.settle();
    // The agent reads nothing. Nothing is ready, and nothing is due but the silence of the agent.
    let times_ready = house.times_ready;
    for _ in 0..20 {
        assert_eq!(house.turn(Duration::from_millis(5)), []);
    }
    assert_eq!(house.times_ready, times_ready);
    assert!(house.listener.next_due_ns().unwrap() > house.now_ns + 1_000_000_000);
    // The other way round the queue of the primary is full, and all of its agents wait.
    for number in 0..100 {
        pack(agent.packer(0).unwrap(), number, 500);
    }
    let (mut up, mut down, mut ready) = (0, 0, 0);
    for _ in 0..40 {
        ready += turn(&registry, &mut agent, Duration::from_millis(5), house.now_ns);
        down += arrived(&mut agent).len();
    }
    assert!(ready <= 4, "ready {ready} times");
    // Then both read, and everything arrives.
    while up < 100 || down < 100 {
        up += house.turn(Duration::from_millis(1)).len();
        turn(&registry, &mut agent, Duration::from_millis(1), house.now_ns);
        down += arrived(&mut agent).len();
        house.now_ns += 1_000_000;
        assert!(house.now_ns < 10_000_000_000, "{up} up, {down} down");
    }
}

const OTHER_USER: &str = "EVENLY_TEST_SOCKET_OF_ANOTHER_USER";

#[test]
#[ignore = "the test below runs it as another user"]
fn as_another_user() {
    let path = std::env::var_os(OTHER_USER).unwrap();
    let (mut hello, content) = (vec![], Content::Hello(b"hello"));
    Datagram { session: 0xabc, content }.write(&mut hello);
    let socket = UnixDatagram::unbound().unwrap();
    assert_eq!(socket.send_to(&hello, path).unwrap(), hello.len());
}

#[test]
fn another_user_is_not_heard_even_where_the_file_lets_it() {
    if lacks(&["root"]) {
        return;
    }
    let mut house = house();
    // Every user may open the socket and its directory.
    let path = house.ends.address.path().unwrap().to_owned();
    for (path, mode) in [(&*path, 0o777), (path.parent().unwrap(), 0o777)] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    // The test binary may be in a directory that other users cannot read.
    let program = house.ends.scratch.path("program");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let test = module_path!().split_once("::").unwrap().1.to_owned() + "::as_another_user";
    let output = Command::new(&program)
        .args(["--ignored", "--exact", &test])
        .env(OTHER_USER, &path)
        .current_dir(house.ends.scratch.path(""))
        .uid(65534)
        .gid(65534)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    assert_eq!(house.settle(), []);
    assert_eq!(house.listener.take_strangers(), 1);
    assert!(house.listener.next_due_ns().is_none());
    // The same from our own user is a hello, as soon as there is a socket to answer to.
    let content = Content::Hello(b"hello");
    let mut hello = vec![];
    Datagram { session: 0xabc, content }.write(&mut hello);
    let ours = UnixDatagram::bind(format!("{}.{:016x}", path.display(), 0xabc)).unwrap();
    ours.send_to(&hello, &path).unwrap();
    assert!(matches!(house.settle()[..], [Event::Hello { .. }]));
}
