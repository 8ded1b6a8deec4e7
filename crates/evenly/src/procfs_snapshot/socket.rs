//! Sockets of processes: state, addresses and holders.
//!
//! From the tables of proc_net(5), those of the network namespace that each process lives in
//! (network_namespaces(7)); what these do not tell about sockets of the domain unix, the other end and
//! the bytes that wait, comes from sock_diag(7). A socket that neither lists is shown as held, with
//! nothing known about it. No byte is read or written, and no socket is connected to anything.

use super::process::{self, ProcRead};
use super::socket_model::{SocketEntries, SocketView};
use super::{PipeEnd, ProcessView, Target, ViewError, own_socket, socket_diag, socket_table};
use std::collections::BTreeMap;

/// Every socket that these processes hold, in the order in which they are met.
pub(super) fn held_by(processes: &[ProcessView]) -> Result<Vec<SocketView>, ViewError> {
    let mut sockets: Vec<SocketView> = Vec::new();
    let mut places = BTreeMap::new();
    let mut namespaces: Vec<Namespace> = Vec::new();
    for process in processes {
        let before = sockets.len();
        for entry in &process.descriptors {
            let Target::Socket(inode) = entry.target else { continue };
            let place = *places.entry(inode).or_insert_with(|| {
                sockets.push(SocketView::unknown(inode));
                sockets.len() - 1
            });
            sockets[place].holders.push(PipeEnd { pid: process.pid, descriptor: entry.number });
        }
        if sockets.len() > before {
            Namespace::of(process.pid, &mut namespaces);
        }
    }
    for namespace in namespaces {
        namespace.describe(&mut sockets)?;
    }
    let unlisted = sockets.iter_mut().filter(|socket| socket.kind.is_none());
    unlisted.for_each(own_socket::describe);
    join(&mut sockets);
    Ok(sockets)
}

/// A network namespace, by one of the processes that live there.
struct Namespace {
    link: Option<std::path::PathBuf>,
    pid: u32,
}

impl Namespace {
    /// Notes that of a process, unless it is known.
    fn of(pid: u32, known: &mut Vec<Self>) {
        let link = std::fs::read_link(format!("/proc/{pid}/ns/net")).ok();
        if !known.iter().any(|namespace| namespace.link == link) {
            known.push(Self { link, pid });
        }
    }

    /// Adds what its tables say.
    fn describe(&self, sockets: &mut [SocketView]) -> Result<(), ViewError> {
        let mut known = SocketEntries::new();
        for (file, read) in socket_table::FILES {
            let path = format!("/proc/{}/net/{file}", self.pid);
            // A kernel without IPv6 has no table for it.
            if let ProcRead::Here(table) = process::file(&path)? {
                let is_wanted = |inode| sockets.iter().any(|socket| socket.inode == inode);
                read(&table, &is_wanted, &mut known);
            }
        }
        let own = std::fs::read_link("/proc/self/ns/net").ok();
        if own.is_some() && own == self.link {
            socket_diag::complete(&mut known);
        }
        for socket in sockets {
            if let Some(entry) = known.remove(&socket.inode) {
                socket.learn(entry);
            }
        }
        Ok(())
    }
}

/// The other ends that are in the same picture: between internet sockets, each has the address that the
/// other is connected to; within the machine the kernel told the number, and the address is there.
fn join(sockets: &mut [SocketView]) {
    for one in 0..sockets.len() {
        let socket = &sockets[one];
        let Some(kind) = socket.kind else { continue };
        let others = sockets.iter().filter(|other| other.inode != socket.inode);
        if let Some(inode) = socket.peer_inode {
            let address = others.into_iter().find(|other| other.inode == inode);
            if let Some(address) = address.and_then(|other| other.own.clone()) {
                sockets[one].peer = Some(address);
            }
        } else if kind.is_internet() && socket.own.is_some() && socket.peer.is_some() {
            let mut others = others.filter(|other| {
                other.kind == Some(kind) && other.own == socket.peer && other.peer == socket.own
            });
            sockets[one].peer_inode = others.next().map(|other| other.inode);
        }
    }
}
