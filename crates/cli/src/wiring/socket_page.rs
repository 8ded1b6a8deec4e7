//! Sockets as a table of plain text: which process holds which, and between which addresses.

use super::elide::{self, Row};
use super::page::Page;
use super::table::{self, Cell};
use evenly::internal::procfs_snapshot::{SocketState, SocketView};
use evenly_inspect::say;

/// Longer addresses lose the beginning of what follows their kind. On a network only an IPv6 address
/// without a run of zeros is so long.
const ADDRESS_COLUMNS: usize = 42;

impl Page<'_> {
    /// Nothing, if there is no socket.
    pub(super) fn sockets(&self, out: &mut String) {
        let language = self.language;
        let sockets: Vec<_> = self.snapshot.sockets.iter().collect();
        if sockets.is_empty() {
            return;
        }
        out.push('\n');
        let mut rows = vec![self.header(&[
            "socket".to_owned(),
            say!(language, "held by", "lo tiene"),
            say!(language, "state", "estado"),
            say!(language, "addresses", "direcciones"),
            say!(language, "waiting", "esperando"),
        ])];
        for row in elide::rows(&sockets, shape) {
            rows.push(match row {
                Row::Shown(socket) => self.socket(socket),
                Row::More { like, left_out } => {
                    let (count, like) = (left_out.len(), self.socket_name(like.inode));
                    vec![Cell::across(say!(
                        language,
                        "… {count} more like \"{like}\"",
                        "… {count} más como \"{like}\""
                    ))]
                }
            });
        }
        table::write(&rows, self.columns, out);
    }

    fn socket(&self, socket: &SocketView) -> Vec<Cell> {
        let more = |count: usize| say!(self.language, "… {count} more", "… {count} más");
        let holders = elide::words(self.holders(socket), elide::ENDS, more);
        vec![
            self.marked(self.changes.of_socket(socket), &self.socket_name(socket.inode)),
            Cell::list(holders, ", "),
            Cell::line(self.state(socket.state)),
            Cell::list(self.addresses(socket), " "),
            Cell::list(self.waiting(socket), ", "),
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
            let address = address.unwrap_or_else(|| say!(self.language, "unnamed", "sin nombre"));
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

    fn state(&self, state: SocketState) -> String {
        let language = self.language;
        match state {
            SocketState::Listening => say!(language, "listening", "escucha"),
            SocketState::Connecting => say!(language, "connecting", "conectando"),
            SocketState::Connected => say!(language, "connected", "conectado"),
            SocketState::Closing => say!(language, "closing", "cerrando"),
            SocketState::Bound => say!(language, "bound", "con bind"),
            SocketState::Unbound => say!(language, "unbound", "sin bind"),
            SocketState::Unknown => say!(language, "unknown", "no se sabe"),
        }
    }

    fn waiting(&self, socket: &SocketView) -> Vec<String> {
        let language = self.language;
        if let Some(count) = socket.to_accept {
            return vec![say!(language, "{count} to accept", "{count} para accept")];
        }
        let read = socket.bytes_to_read.map(|bytes| format!("{bytes} bytes"));
        let unsent = socket.bytes_unsent.filter(|bytes| *bytes > 0);
        let unsent = unsent.map(|bytes| say!(language, "{bytes} unsent", "{bytes} sin enviar"));
        let words: Vec<_> = read.into_iter().chain(unsent).collect();
        match socket.state {
            _ if !words.is_empty() => words,
            // Nothing can come yet.
            SocketState::Unbound | SocketState::Bound => vec!["-".to_owned()],
            _ => vec![say!(language, "unknown", "no se sabe")],
        }
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

/// Sockets of one shape are of one kind and state, have as many holders, and have something waiting
/// in them, or not.
fn shape(socket: &SocketView) -> impl PartialEq + use<> {
    let waits = |count: Option<u32>| count.map(|count| count > 0);
    let waiting = [socket.to_accept, socket.bytes_to_read, socket.bytes_unsent].map(waits);
    (socket.kind, socket.state, socket.holders.len(), waiting)
}
