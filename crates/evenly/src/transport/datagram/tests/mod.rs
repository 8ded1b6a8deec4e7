//! Datagrams over real sockets: the tests of every transport, and what only datagrams can do wrong.

mod house;
mod paths;
mod speed;
mod strangers;
mod within;

use super::{DATAGRAM_FRAME, DatagramConnector, DatagramListener};
use crate::scratch::Scratch;
use crate::secure::Key;
use crate::secure::noise::Dialer;
use crate::transport::conformance::{Fixture, Primary, conforms_as_listener};
use crate::transport::{Address, Listener, Registry, Transport};

/// Where one test listens, with a key of its own.
struct Datagrams {
    scratch: Scratch,
    address: Address,
}

impl Datagrams {
    fn unixgram(test: &str) -> Self {
        let scratch = Scratch::new(&format!("ug-{test}"));
        let address = format!("unixgram:{}", scratch.path("s").display()).parse().unwrap();
        Self { scratch, address }
    }

    fn udp(test: &str, host: &str) -> Self {
        let scratch = Scratch::new(&format!("udp-{test}"));
        Key::make(&scratch.path("key")).unwrap();
        Self { scratch, address: format!("udp:{host}:0").parse().unwrap() }
    }

    fn key(&self) -> Option<Key> {
        self.address.needs_key().then(|| Key::read(&self.scratch.path("key")).unwrap())
    }

    /// A listener; from now on it is where one connects.
    fn listener(&mut self, registry: Registry) -> DatagramListener {
        let keys = self.key().into_iter().collect();
        let listener =
            DatagramListener::listen(&self.address, (keys, Dialer::Agent), registry, &mut |_| {})
                .unwrap();
        self.address = listener.listens_at().unwrap().parse().unwrap();
        listener
    }

    fn connector(&self, registry: Registry, hello: &[u8], now_ns: u64) -> DatagramConnector {
        DatagramConnector::connect(
            &self.address,
            self.key().as_ref().map(|key| (key, Dialer::Agent)),
            hello,
            registry,
            now_ns,
        )
        .unwrap()
    }
}

impl Fixture for Datagrams {
    fn listen(&mut self, registry: Registry, _peers: usize) -> Primary {
        Primary::Listener(Box::new(self.listener(registry)))
    }

    fn connect(&mut self, registry: Registry, hello: &[u8], now_ns: u64) -> Box<dyn Transport> {
        Box::new(self.connector(registry, hello, now_ns))
    }

    fn limit(&self) -> usize {
        DATAGRAM_FRAME
    }
}

mod unixgram {
    super::conforms_as_listener!(super::Datagrams::unixgram(&super::thread_name()));
}

mod udp {
    super::conforms_as_listener!(super::Datagrams::udp(&super::thread_name(), "127.0.0.1"));
}

mod udp6 {
    super::conforms_as_listener!(super::Datagrams::udp(&super::thread_name(), "[::1]"));
}

/// That of the test, in a form for a short file name.
fn thread_name() -> String {
    let name = std::thread::current().name().unwrap().to_owned();
    let mut short: Vec<&str> = name.rsplit("::").take(2).collect();
    short.reverse();
    short.join("-").chars().take(40).collect()
}
