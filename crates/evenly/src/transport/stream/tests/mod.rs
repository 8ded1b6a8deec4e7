//! Streams over real sockets: the tests of every transport, and what only sockets can do wrong.

mod connecting;
mod crowds;
mod ends;
mod faults;
mod speed;
mod strangers;

use super::{StdioEnds, StreamConnector, StreamListener};
use crate::scratch::Scratch;
use crate::secure::Key;
use crate::secure::noise::Dialer;
use crate::transport::conformance::{Fixture, Primary, conforms_as_listener};
use crate::transport::{Address, Registry, Transport};
use evenly_core::frame::PIPE_FRAME;
use evenly_testkit::stepped_relay::{Mischief, Relay};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::rc::Rc;

/// Where one test listens, with a key of its own.
struct Streams {
    scratch: Scratch,
    place: Rc<RefCell<SharedPath>>,
}

/// State that changes while the fixture shares it.
struct SharedPath {
    /// With its port once the primary listens.
    address: Address,
    /// The fault of the path for connections from now on.
    mischief: Option<Mischief>,
    relays: Vec<Relay>,
}

impl Streams {
    fn new(scratch: Scratch, address: &str) -> Self {
        let address = address.parse().unwrap();
        let place = SharedPath { address, mischief: None, relays: vec![] };
        Self { scratch, place: Rc::new(RefCell::new(place)) }
    }

    fn unix(test: &str) -> Self {
        let scratch = Scratch::new(&format!("unix-{test}"));
        let address = format!("unix:{}", scratch.path("socket").display());
        Self::new(scratch, &address)
    }

    fn tcp(test: &str, host: &str) -> Self {
        let scratch = Scratch::new(&format!("tcp-{test}"));
        Key::make(&scratch.path("key")).unwrap();
        Self::new(scratch, &format!("tcp:{host}:0"))
    }

    fn key(&self) -> Key {
        Key::read(&self.scratch.path("key")).unwrap()
    }

    fn address(&self) -> Address {
        self.place.borrow().address.clone()
    }

    /// A listener; from now on it is where one connects.
    fn listener(&self, registry: Registry) -> StreamListener {
        // Another port each time: another process may have taken an old one.
        let address = self.address().with_port(0);
        let keys = if address.needs_key() { vec![self.key()] } else { vec![] };
        let listener =
            StreamListener::listen(&address, (keys, Dialer::Agent), registry, &mut |_| {}).unwrap();
        self.place.borrow_mut().address = listener.bound().clone();
        listener
    }

    fn connector(&self, registry: Registry, hello: &[u8], now_ns: u64) -> StreamConnector {
        let mut address = self.address();
        let place = &mut *self.place.borrow_mut();
        if let Some(mischief) = place.mischief {
            let relay = Relay::new(address.socket(), mischief);
            address = format!("tcp:{}", relay.address()).parse().unwrap();
            place.relays.push(relay);
        }
        let key = address.needs_key().then(|| self.key());
        StreamConnector::connect(
            &address,
            key.as_ref().map(|key| (key, Dialer::Agent)),
            hello,
            registry,
            now_ns,
        )
        .unwrap()
    }
}

impl Address {
    fn socket(&self) -> SocketAddr {
        self.resolve().unwrap()[0]
    }
}

impl Fixture for Streams {
    fn listen(&mut self, registry: Registry, _peers: usize) -> Primary {
        Primary::Listener(Box::new(self.listener(registry)))
    }

    fn connect(&mut self, registry: Registry, hello: &[u8], now_ns: u64) -> Box<dyn Transport> {
        Box::new(self.connector(registry, hello, now_ns))
    }

    fn limit(&self) -> usize {
        PIPE_FRAME
    }
}

mod unix {
    super::conforms_as_listener!(super::Streams::unix(&super::thread_name()));
}

mod tcp {
    super::conforms_as_listener!(super::Streams::tcp(&super::thread_name(), "127.0.0.1"));
}

mod tcp6 {
    super::conforms_as_listener!(super::Streams::tcp(&super::thread_name(), "[::1]"));
}

/// Agents whose connection is two descriptors of one socket, as another program gives them their standard streams.
struct StdioAgents(Streams);

impl Fixture for StdioAgents {
    fn listen(&mut self, registry: Registry, peers: usize) -> Primary {
        self.0.listen(registry, peers)
    }

    fn connect(&mut self, registry: Registry, hello: &[u8], now_ns: u64) -> Box<dyn Transport> {
        let socket = UnixStream::connect(self.0.scratch.path("socket")).unwrap();
        let ends = StdioEnds::new(socket.try_clone().unwrap().into(), socket.into()).unwrap();
        Box::new(StreamConnector::over_stdio(ends, hello, registry, now_ns).unwrap())
    }

    fn limit(&self) -> usize {
        self.0.limit()
    }
}

mod stdio {
    super::conforms_as_listener!(super::StdioAgents(super::Streams::unix(&format!(
        "io-{}",
        super::thread_name()
    ))));
}

/// That of the test, in a form for a file.
fn thread_name() -> String {
    let name = std::thread::current().name().unwrap().to_owned();
    let short: Vec<&str> = name.rsplit("::").take(2).collect();
    short.join("-").chars().take(60).collect()
}
