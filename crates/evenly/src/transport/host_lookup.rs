//! Lookup of the name of a host by a child process: the resolver may block for half a minute (resolv.conf(5)), and the
//! process of a run must not.

use super::{Address, Registry};
use crate::process::replying_child::ReplyingChild;
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use std::net::SocketAddr;

/// Its descriptor in epoll; no connection has this number.
pub(super) const LOOKUP_KEY: u32 = u32::MAX - 1;

/// The longest lookup: twice that of the resolver with its defaults and three servers.
const LONGEST_NS: u64 = 60_000_000_000;

/// Most addresses of a host: they fit the reply.
const MOST: usize = 32;

/// A lookup that runs. Dropped, it is killed.
#[derive(Debug)]
pub(super) struct HostLookup {
    child: ReplyingChild,
    due_ns: u64,
}

impl HostLookup {
    /// Begins the lookup.
    pub(super) fn start(
        address: &Address,
        registry: &Registry,
        now_ns: u64,
    ) -> Result<Self, String> {
        let failed =
            |call| move |cause: Errno| format!("cannot look up its name ({call}: {cause})");
        let asked = address.clone();
        let child = ReplyingChild::fork(move || reply(&asked))
            .map_err(|(call, cause)| failed(call)(cause))?;
        rustix::io::ioctl_fionbio(child.reply(), true).map_err(failed("ioctl"))?;
        registry.add(child.reply(), LOOKUP_KEY, EventFlags::IN).map_err(failed("epoll_ctl"))?;
        Ok(Self { child, due_ns: now_ns + LONGEST_NS })
    }

    /// When the lookup is given up.
    pub(super) fn due_ns(&self) -> u64 {
        self.due_ns
    }

    /// At least one address, or why there is none; `None` while it runs.
    pub(super) fn result(&self, now_ns: u64) -> Option<Result<Vec<SocketAddr>, String>> {
        match self.child.read() {
            Err(Errno::AGAIN) if now_ns < self.due_ns => None,
            Err(Errno::AGAIN) => Some(Err("the lookup of its name has no end".to_owned())),
            Err(cause) => Some(Err(format!("cannot look up its name (read: {cause})"))),
            Ok(bytes) => Some(understood(&String::from_utf8_lossy(&bytes))),
        }
    }

    /// Ends the wait for it.
    pub(super) fn leave(&self, registry: &Registry) {
        registry.remove(self.child.reply());
    }
}

/// The child's reply: a line for each address, or one with the error.
fn reply(address: &Address) -> Vec<u8> {
    let lines: Vec<String> = match address.resolve() {
        Ok(places) => places.iter().take(MOST).map(ToString::to_string).collect(),
        Err(error) => vec![error.to_string()],
    };
    lines.join("\n").into_bytes()
}

fn understood(reply: &str) -> Result<Vec<SocketAddr>, String> {
    let places: Option<Vec<SocketAddr>> = reply.lines().map(|line| line.parse().ok()).collect();
    match places {
        Some(places) if !places.is_empty() => Ok(places),
        Some(_) => Err("the lookup of its name ended without an answer".to_owned()),
        None => Err(reply.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_child_replies_is_understood() {
        for address in ["tcp:127.0.0.1:7", "udp:[::1]:65535"] {
            let address: Address = address.parse().unwrap();
            let places = understood(&String::from_utf8(reply(&address)).unwrap());
            assert_eq!(places, Ok(address.resolve().unwrap()));
        }
        let scoped = "[fe80::1%3]:7\n10.0.0.1:7";
        let places = understood(scoped).unwrap();
        assert_eq!(places.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"), scoped);
        let cause = "cannot find the address of 'pool': no such name";
        assert_eq!(understood(cause), Err(cause.to_owned()));
        understood("").unwrap_err();
    }
}
