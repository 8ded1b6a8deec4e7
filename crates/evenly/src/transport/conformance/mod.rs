//! Conformance suite: rules that every transport must keep, written against the traits.
//!
//! A [`Fixture`] makes the two ends. They share a process here, but no epoll, and nothing else but
//! what they send. A new transport adds a fixture and a line at the bottom.

pub(crate) mod bench;
mod pipes;
pub(crate) mod suite;

use super::{Listener, Registry, Transport};

pub(crate) use bench::{Bench, Event, bytes, pack};

/// Makes the ends of one transport.
pub(crate) trait Fixture {
    /// The transport of a primary with at most this many peers.
    fn listen(&mut self, registry: Registry, peers: usize) -> Primary;

    /// The end of an agent that says hello.
    fn connect(&mut self, registry: Registry, hello: &[u8], now_ns: u64) -> Box<dyn Transport>;

    /// The longest frame.
    fn limit(&self) -> usize;
}

/// The end of a primary.
pub(crate) enum Primary {
    /// One where peers are let in.
    Listener(Box<dyn Listener>),
    /// One whose peers are there from the start. They have no hello, and that one is gone is learnt
    /// elsewhere.
    Fixed(Box<dyn Transport>),
}

/// The tests that a transport passes, each by its name.
macro_rules! conforms {
    ($fixture:expr; $($test:ident),* $(,)?) => {
        $(
            #[test]
            fn $test() {
                $crate::transport::conformance::suite::$test(&mut $fixture);
            }
        )*
    };
}

/// All of them, for a transport whose peers are let in.
macro_rules! conforms_as_listener {
    ($fixture:expr) => {
        $crate::transport::conformance::conforms! {
            $fixture;
            frames_of_all_sizes_arrive_in_order_both_ways,
            messages_of_many_peers_are_not_mixed_up,
            a_slow_reader_loses_nothing_and_stops_no_other_peer,
            a_slow_primary_loses_nothing,
            nothing_is_ready_when_nothing_happens,
            hello_and_welcome_arrive_as_they_were_said,
            a_refused_peer_learns_why,
            no_peer_sends_before_it_is_admitted,
            what_was_packed_before_the_end_arrives,
            a_primary_that_closes_is_an_end_behind_its_frames,
            a_vanished_peer_is_gone_once,
            a_primary_that_vanishes_is_gone_once,
            a_number_is_given_again_only_after_its_peer_is_gone,
            the_side_that_closes_gets_no_event,
        }
    };
}

/// Those for a transport whose peers are there from the start.
macro_rules! conforms_as_fixed {
    ($fixture:expr) => {
        $crate::transport::conformance::conforms! {
            $fixture;
            frames_of_all_sizes_arrive_in_order_both_ways,
            messages_of_many_peers_are_not_mixed_up,
            a_slow_reader_loses_nothing_and_stops_no_other_peer,
            a_slow_primary_loses_nothing,
            nothing_is_ready_when_nothing_happens,
        }
    };
}

pub(crate) use {conforms, conforms_as_fixed, conforms_as_listener};

mod memory {
    use super::{Fixture, Primary};
    use crate::transport::memory::{MemoryConnector, MemoryListener, Rendezvous};
    use crate::transport::{Registry, Transport};
    use evenly_core::frame::PIPE_FRAME;

    struct Memory(u64, Option<Rendezvous>);

    impl Fixture for Memory {
        fn listen(&mut self, registry: Registry, _peers: usize) -> Primary {
            let (listener, rendezvous) = MemoryListener::new(registry, self.0);
            self.1 = Some(rendezvous);
            Primary::Listener(Box::new(listener))
        }

        fn connect(&mut self, registry: Registry, hello: &[u8], _: u64) -> Box<dyn Transport> {
            self.0 += 1;
            let rendezvous = self.1.as_ref().unwrap();
            Box::new(MemoryConnector::connect(rendezvous, hello, registry, self.0))
        }

        fn limit(&self) -> usize {
            PIPE_FRAME
        }
    }

    super::conforms_as_listener!(Memory(1, None));
}
