//! Row 35 for agents that wait to be called: files at the path of their socket, and the users that may call.

use crate::called::{agent, end, primary};
use crate::paths::{as_a_stranger, too_long};
use crate::support::process::Process;
use crate::support::site::{Site, Transport, listens_at};
use crate::support::{EVENLY, kill};
use crate::{on_site, over};
use libtest_mimic::Trial;
use std::fs;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

/// Sockets with a path.
const PATHS: &[Transport] = &[Transport::Unix, Transport::Unixgram];

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![];
    for (name, test) in [
        ("row_35_called_agent_stale_file", stale_file as fn(&Site, Transport)),
        ("row_35_called_agent_long_path", long_path),
        ("row_35_called_agent_taken", taken),
    ] {
        trials.extend(over(PATHS, name, test));
    }
    let needs = &["root", "setpriv"];
    trials.push(on_site("row_35_called_agent_of_another_user", needs, of_another));
    trials
}

fn at(transport: Transport, path: &Path) -> String {
    format!("{}:{}", transport.name(), path.display())
}

/// The socket of a killed agent is replaced, and that of one that ends in order is removed.
fn stale_file(site: &Site, transport: Transport) {
    let (killed, address) = agent(site, transport, "-j 1");
    let (_, path) = address.split_once(':').unwrap();
    kill("KILL", killed.pid());
    assert_eq!(killed.ended().status, 137);
    assert!(Path::new(path).exists());
    // A primary finds no agent there, and calls until there is one.
    let mut job = primary(site, "count even 0..100", &[&address]);
    job.line("; tries again in 1 s");
    let mut again = site.start(&format!("agent --listen {address} -j 1"));
    assert_eq!(listens_at(&mut again), address);
    job.ended().answers("50\n");
    end(again);
    assert!(!Path::new(path).exists());
}

fn long_path(site: &Site, transport: Transport) {
    // Over unixgram each primary has a socket of its own beside it, with a longer path.
    let most = if transport == Transport::Unix { 107 } else { 90 };
    let path = site.own(&"x".repeat(most - site.own("").as_os_str().len()));
    let mut waiting = site.start(&format!("agent -j 1 --listen {}", at(transport, &path)));
    primary(site, "count even 0..100", &[&listens_at(&mut waiting)]).ended().answers("50\n");
    end(waiting);
    let longer = at(transport, &path) + "x";
    let said = too_long(transport.name(), most);
    site.start(&format!("agent -j 1 --listen {longer}")).ended().failed(2, &said);
    primary(site, "count even 0..100", &[&longer]).ended().failed(2, &said);
}

/// The path is in use by another agent, or is a file that is no socket, or its directory does not exist.
fn taken(site: &Site, transport: Transport) {
    let (first, address) = agent(site, transport, "-j 1");
    let listen = |address: &str| site.start(&format!("agent -j 1 --listen {address}")).ended();
    listen(&address).failed(2, "another process listens there; end it, or choose another path");
    primary(site, "count even 0..100", &[&address]).ended().answers("50\n");
    end(first);
    let file = site.own("file");
    fs::write(&file, "precious").unwrap();
    listen(&at(transport, &file)).failed(2, "a file is there that is not a socket");
    assert_eq!(fs::read(&file).unwrap(), b"precious");
    let nowhere = at(transport, &site.own("nowhere/socket"));
    listen(&nowhere).failed(2, "choose a path whose directory exists");
}

/// Only its own user calls an agent, and a primary takes no agent of another user.
fn of_another(site: &Site) {
    let (mut waiting, address) = agent(site, Transport::Unix, "-j 1");
    let path = Path::new(address.strip_prefix("unix:").unwrap());
    assert_eq!(as_a_stranger(path), Err(ErrorKind::PermissionDenied));
    fs::set_permissions(path, fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(as_a_stranger(path), Ok(0));
    waiting.line("evenly: refused 1 call");
    primary(site, "count even 0..100", &[&address]).ended().answers("50\n");
    end(waiting);

    let theirs = site.own("theirs");
    fs::create_dir(&theirs).unwrap();
    fs::set_permissions(&theirs, fs::Permissions::from_mode(0o777)).unwrap();
    let binary = site.own("evenly");
    fs::copy(EVENLY, &binary).unwrap();
    let path = theirs.join("socket");
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "61237", "--regid", "61237", "--clear-groups"]).arg(&binary);
    command.args(["agent", "-j", "1", "--listen", &at(Transport::Unix, &path)]);
    command.env("XDG_CONFIG_HOME", site.configuration());
    let mut waiting = Process::start(command);
    let address = listens_at(&mut waiting);
    let mut job = primary(site, "count even 0..100", &[&address]);
    job.line("Permission denied");
    kill("TERM", job.pid());
    assert_eq!(job.ended().status, 143);
    let mut socket = UnixStream::connect(&path).unwrap();
    assert_eq!(socket.read(&mut [0; 8]).unwrap_or(0), 0, "root does not call an agent of another");
    kill("TERM", waiting.pid());
    assert_eq!(waiting.ended().status, 143);
    assert!(!path.exists());
}
