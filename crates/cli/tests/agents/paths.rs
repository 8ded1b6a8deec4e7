//! Row 35: files at the path of a unix socket, and the users that may connect to it.

use crate::support::site::{Site, Transport, listens_at};
use crate::support::{EVENLY, PATIENCE, kill};
use rustix::process::Uid;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;

/// The socket of a killed primary is replaced.
pub(crate) fn stale_file(site: &Site) {
    drop(UnixListener::bind(site.path("socket")).unwrap());
    assert!(site.path("socket").exists());
    for _ in 0..2 {
        let (primary, address) = site.primary(Transport::Unix, "count even 0..100 -j 0");
        kill("KILL", primary.pid());
        assert_eq!(primary.ended().status, 137);
        assert!(site.path("socket").exists());
        let (primary, _) = site.primary(Transport::Unix, "count even 0..100 -j 0");
        let agent = site.agent(&address, "-j 1");
        primary.ended().answers("50\n");
        agent.ended().answers("");
        assert!(!site.path("socket").exists());
    }
}

pub(crate) fn long_path(site: &Site) {
    let room = 107 - site.own("").as_os_str().len();
    let path = site.own(&"x".repeat(room));
    assert_eq!(path.as_os_str().len(), 107);
    let words = "count even 0..100 -j 0 --progress none";
    let mut primary = site.start(&format!("{words} --listen unix:{}", path.display()));
    let agent = site.agent(&listens_at(&mut primary), "-j 1");
    primary.ended().answers("50\n");
    agent.ended().answers("");
    for (kind, most) in [("unix", 107), ("unixgram", 90)] {
        let longer = format!("{kind}:{}", site.own(&"x".repeat(room + most - 106)).display());
        let said = too_long(kind, most);
        for words in [format!("count even 0..9 --listen {longer}"), format!("join {longer}")] {
            let ended = site.start(&words).ended();
            ended.failed(2, &said);
            assert!(ended.stderr.contains(&longer[kind.len() + 1..]), "{ended:?}");
        }
    }
}

/// What is said of a path that is a byte longer than an address of this kind takes.
pub(crate) fn too_long(kind: &str, most: usize) -> String {
    format!(
        "has {} bytes, and an address of {kind}: at most {most}; choose a shorter one",
        most + 1
    )
}

/// The path is in use by another primary, which goes on undisturbed; or it is a file that is no socket; or its
/// directory does not exist.
pub(crate) fn taken(site: &Site) {
    let (first, address) = site.primary(Transport::Unix, "count even 0..100 -j 0");
    for _ in 0..3 {
        let second = site.start(&format!("count even 0..9 -j 1 --listen {address}")).ended();
        second.failed(2, "another process listens there; end it, or choose another path");
        assert_eq!(second.stdout, "");
    }
    let agent = site.agent(&address, "-j 1");
    first.ended().answers("50\n");
    agent.ended().answers("");

    fs::write(site.own("file"), "precious").unwrap();
    let address = format!("unix:{}", site.own("file").display());
    let ended = site.start(&format!("count even 0..9 -j 1 --listen {address}")).ended();
    ended.failed(2, "a file is there that is not a socket");
    assert_eq!(fs::read(site.own("file")).unwrap(), b"precious");

    let address = format!("unix:{}", site.path("nowhere/socket").display());
    let ended = site.start(&format!("count even 0..9 -j 1 --listen {address}")).ended();
    ended.failed(2, "choose a path whose directory exists");
}

/// Connects as another user, which a thread can be by itself, and says something; how many bytes came
/// back before the end.
pub(crate) fn as_a_stranger(path: &Path) -> Result<usize, ErrorKind> {
    let path = path.to_owned();
    let stranger = std::thread::spawn(move || {
        rustix::thread::set_thread_uid(Uid::from_raw(61237)).unwrap();
        let mut socket = UnixStream::connect(path).map_err(|error| error.kind())?;
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        // It may be closed before that.
        let _ = socket.write_all(b"\x04\x00evil");
        match socket.read(&mut [0; 64]) {
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(0),
            read => Ok(read.unwrap()),
        }
    });
    stranger.join().unwrap()
}

/// Only the owner can open the socket; with wider permissions, the primary checks the user of each peer.
pub(crate) fn of_another(site: &Site) {
    let as_another = ["setpriv", "--reuid", "61237", "--regid", "61237", "--clear-groups"];
    let path = site.path("socket");
    let (mut primary, address) = site.primary(Transport::Unix, "count even 0..100 -j 0");
    assert_eq!(as_a_stranger(&path), Err(ErrorKind::PermissionDenied));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(as_a_stranger(&path), Ok(0));
    primary.line("refused 1 attempt to join without a valid hello; ");
    let agent = site.agent(&address, "-j 1");
    primary.ended().answers("50\n");
    agent.ended().answers("");

    // The other way round: the primary is of another user. Root may open any file, and its agent
    // turns away from who listens there.
    let theirs = site.own("theirs");
    fs::create_dir(&theirs).unwrap();
    fs::set_permissions(&theirs, fs::Permissions::from_mode(0o777)).unwrap();
    let binary = site.own("evenly");
    fs::copy(EVENLY, &binary).unwrap();
    let path = theirs.join("socket");
    let mut command = Command::new(as_another[0]);
    command.args(&as_another[1..]).arg(&binary);
    command.args("count even 0..100 -j 0 --progress none --listen".split(' '));
    command.arg(format!("unix:{}", path.display()));
    command.env("XDG_CONFIG_HOME", site.configuration());
    let mut primary = crate::support::process::Process::start(command);
    let address = listens_at(&mut primary);
    let ours = site.agent(&address, "-j 1").ended();
    ours.failed(2, "Permission denied");
    let mut socket = UnixStream::connect(&path).unwrap();
    assert_eq!(socket.read(&mut [0; 8]).unwrap_or(0), 0, "only root may join a primary of root");
    kill("TERM", primary.pid());
    assert_eq!(primary.ended().status, 143);
    assert!(!path.exists());
}
