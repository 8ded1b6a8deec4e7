//! Sockets as a table of plain text: who holds which, and between which addresses.

use super::table::{self, Cell};
use super::text::Text;
use super::{SocketState, SocketView, elide, elide::Row};

/// Longer addresses lose the beginning of what follows their kind. On a network only an IPv6 address
/// without a run of zeros is so long.
const ADDRESS_COLUMNS: usize = 42;

impl Text<'_> {
    /// Nothing, if there is no socket.
    pub(super) fn sockets(&self, out: &mut String) {
        let sockets = &self.snapshot.sockets;
        if sockets.is_empty() {
            return;
        }
        out.push('\n');
        let header = ["socket", "held by", "state", "addresses", "waiting"];
        let mut rows = vec![header.map(Cell::line).into()];
        for row in elide::rows(sockets, shape, self.everything) {
            rows.push(match row {
                Row::Shown(socket) => self.socket(socket),
                Row::More { like, left_out } => {
                    let (count, like) = (left_out.len(), self.socket_name(like.inode));
                    vec![Cell::across(&format!("… {count} more like \"{like}\""))]
                }
            });
        }
        table::write(&rows, out);
    }

    fn socket(&self, socket: &SocketView) -> Vec<Cell> {
        let holders = elide::words(self.holders(socket), elide::ENDS, self.everything);
        vec![
            Cell::line(self.socket_name(socket.inode)),
            Cell::list(holders, ", "),
            Cell::line(state(socket.state)),
            Cell::list(self.addresses(socket), " "),
            Cell::list(waiting(socket), ", "),
        ]
    }

    fn holders(&self, socket: &SocketView) -> Vec<String> {
        let holders = socket.holders.iter();
        holders.map(|end| format!("{}:{}", self.name(end.pid), end.descriptor)).collect()
    }

    /// Its own and, if there is another end, that of the other, with who holds it where that is known.
    fn addresses(&self, socket: &SocketView) -> Vec<String> {
        let (own, peer) = (socket.own_address(), socket.peer_address());
        let word = |address: Option<String>| {
            let address = address.unwrap_or_else(|| "unnamed".to_owned());
            shortened(&table::printable(&address))
        };
        let has_peer = matches!(socket.state, SocketState::Connected | SocketState::Connecting)
            || peer.is_some()
            || socket.peer_inode.is_some();
        if !has_peer {
            let is_there = socket.kind.is_some();
            return is_there.then(|| word(own)).into_iter().collect();
        }
        let mut words = vec![word(own), format!("→ {}", word(peer))];
        let others = self.snapshot.sockets.iter();
        let other = others.into_iter().find(|other| Some(other.inode) == socket.peer_inode);
        if let Some(other) = other {
            words.push(format!("({})", self.holders(other).join(", ")));
        }
        words
    }
}

/// An address that is too long keeps its kind and its end.
fn shortened(address: &str) -> String {
    match address.split_once(':') {
        Some((kind, place)) => {
            let columns = ADDRESS_COLUMNS.saturating_sub(kind.len() + 1);
            format!("{kind}:{}", table::cut_start(place, columns))
        }
        None => table::cut_start(address, ADDRESS_COLUMNS),
    }
}

fn state(state: SocketState) -> &'static str {
    match state {
        SocketState::Listening => "listening",
        SocketState::Connecting => "connecting",
        SocketState::Connected => "connected",
        SocketState::Closing => "closing",
        SocketState::Bound => "bound",
        SocketState::Unbound => "unbound",
        SocketState::Unknown => "unknown",
    }
}

fn waiting(socket: &SocketView) -> Vec<String> {
    if let Some(count) = socket.to_accept {
        return vec![format!("{count} to accept")];
    }
    let read = socket.bytes_to_read.map(|bytes| format!("{bytes} bytes"));
    let unsent = socket.bytes_unsent.filter(|bytes| *bytes > 0);
    let words: Vec<_> =
        read.into_iter().chain(unsent.map(|bytes| format!("{bytes} unsent"))).collect();
    if words.is_empty() { vec!["unknown".to_owned()] } else { words }
}

/// Sockets of one shape are of one kind and state, have as many holders, and have something waiting
/// in them, or not.
fn shape(socket: &SocketView) -> impl PartialEq + use<> {
    let waits = |count: Option<u32>| count.map(|count| count > 0);
    let waiting = [socket.to_accept, socket.bytes_to_read, socket.bytes_unsent].map(waits);
    (socket.kind, socket.state, socket.holders.len(), waiting)
}
