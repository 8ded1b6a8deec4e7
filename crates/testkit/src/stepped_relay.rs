//! Relay for one tcp connection that takes a step when its test says so, and changes, cuts or splits what passes.

use rustix::io::Errno;
use rustix::net::sockopt::{set_socket_linger, set_tcp_nodelay};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// Index of the way from the agent to the primary.
pub const TO_PRIMARY: usize = 0;
/// Index of the way from the primary to the agent.
pub const TO_AGENT: usize = 1;

/// What is done to those that pass.
#[derive(Clone, Copy, Debug)]
pub enum Mischief {
    /// Nothing.
    Nothing,
    /// Passes this number of bytes at each step.
    Pieces(usize),
    /// One bit of the byte at this place, on this way, is another.
    Flip {
        /// The way.
        way: usize,
        /// The byte, from 0.
        place: usize,
        /// The bit, from 0.
        bit: u8,
    },
    /// Resets the connection after this number of bytes in this direction.
    Reset {
        /// The way.
        way: usize,
        /// Bytes that pass before.
        place: usize,
    },
    /// Passes this number of bytes in this direction, then end of file.
    End {
        /// The way.
        way: usize,
        /// Bytes that pass before.
        place: usize,
    },
}

/// The relay, between one agent and its primary.
#[derive(Debug)]
pub struct Relay {
    gate: TcpListener,
    primary: SocketAddr,
    /// The agent's end and the primary's.
    ends: Option<[TcpStream; 2]>,
    mischief: Mischief,
    /// How many bytes have passed, by their way.
    pub passed: [usize; 2],
    /// All of them, as they were said.
    pub said: [Vec<u8>; 2],
}

impl Relay {
    /// A relay to the primary at this address.
    #[must_use]
    pub fn new(primary: SocketAddr, mischief: Mischief) -> Self {
        let gate = TcpListener::bind("127.0.0.1:0").unwrap();
        gate.set_nonblocking(true).unwrap();
        Self { gate, primary, ends: None, mischief, passed: [0; 2], said: [vec![], vec![]] }
    }

    /// Where the agent finds the primary.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.gate.local_addr().unwrap()
    }

    /// Passes on what is there; whether there was anything.
    pub fn turn(&mut self) -> bool {
        if self.ends.is_none()
            && let Ok((agent, _)) = self.gate.accept()
        {
            let primary = TcpStream::connect(self.primary).unwrap();
            for end in [&agent, &primary] {
                end.set_nonblocking(true).unwrap();
                set_tcp_nodelay(end, true).unwrap();
            }
            self.ends = Some([agent, primary]);
        }
        let has_passed = self.pass(TO_PRIMARY);
        self.pass(TO_AGENT) || has_passed
    }

    fn pass(&mut self, way: usize) -> bool {
        let Some(ends) = &mut self.ends else { return false };
        let passed = self.passed[way];
        let most = match self.mischief {
            Mischief::Pieces(most) => most,
            Mischief::Reset { way: cut, place } | Mischief::End { way: cut, place }
                if cut == way =>
            {
                place - passed
            }
            _ => 4096,
        };
        if most == 0 {
            if let Mischief::Reset { .. } = self.mischief {
                // Closing it forgets what is unsent and says so (socket(7), SO_LINGER).
                set_socket_linger(&ends[1], Some(Duration::ZERO)).unwrap();
                set_socket_linger(&ends[0], Some(Duration::ZERO)).unwrap();
            }
            self.ends = None;
            return true;
        }
        let mut bytes = vec![0; most];
        let count = match ends[way].read(&mut bytes) {
            // The end of one side is passed on to the other.
            Ok(0) => {
                let _ = ends[1 - way].shutdown(std::net::Shutdown::Write);
                return false;
            }
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Err(error) => {
                assert_eq!(Errno::from_io_error(&error), Some(Errno::CONNRESET));
                self.ends = None;
                return true;
            }
        };
        self.said[way].extend_from_slice(&bytes[..count]);
        if let Mischief::Flip { way: flipped, place, bit } = self.mischief
            && flipped == way
            && let Some(place) = place.checked_sub(passed).filter(|place| *place < count)
        {
            bytes[place] ^= 1 << bit;
        }
        // Few bytes pass, so there is room; or the other end is gone.
        let _ = ends[1 - way].write_all(&bytes[..count]);
        self.passed[way] += count;
        true
    }
}
