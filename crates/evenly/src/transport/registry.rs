//! Registry of descriptors in one epoll instance, with a token for each.

use rustix::event::epoll;
use rustix::io::Errno;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

/// Token of a descriptor of a transport in epoll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EpollToken {
    /// Which transport.
    pub(crate) transport: u32,
    /// Which of its descriptors, by its own count.
    pub(crate) key: u32,
}

impl EpollToken {
    pub(crate) fn from_data(data: epoll::EventData) -> Self {
        let word = data.u64();
        Self { transport: (word >> 32) as u32, key: word as u32 }
    }

    fn data(self) -> epoll::EventData {
        epoll::EventData::new_u64(u64::from(self.transport) << 32 | u64::from(self.key))
    }
}

/// Where one transport says what it waits for (epoll_ctl(2)).
#[derive(Clone, Debug)]
pub(crate) struct Registry {
    epoll: Rc<OwnedFd>,
    transport: u32,
}

impl Registry {
    /// A place to wait in, as the transport of this number.
    pub(crate) fn new(transport: u32) -> Result<Self, Errno> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        Ok(Self { epoll: Rc::new(epoll), transport })
    }

    /// The same place, for another transport.
    pub(crate) fn also(&self, transport: u32) -> Self {
        Self { epoll: Rc::clone(&self.epoll), transport }
    }

    /// The place to wait in.
    pub(crate) fn epoll(&self) -> &OwnedFd {
        &self.epoll
    }

    /// Waits for a descriptor from now on. Without flags, only for its errors and its hang-up.
    pub(crate) fn add(
        &self,
        descriptor: impl AsFd,
        key: u32,
        wanted: epoll::EventFlags,
    ) -> Result<(), Errno> {
        epoll::add(&*self.epoll, descriptor, self.token(key), wanted)
    }

    /// Waits for something else of a descriptor.
    pub(crate) fn modify(
        &self,
        descriptor: impl AsFd,
        key: u32,
        wanted: epoll::EventFlags,
    ) -> Result<(), Errno> {
        epoll::modify(&*self.epoll, descriptor, self.token(key), wanted)
    }

    /// Stops waiting for a descriptor. That it was not waited for is no error.
    pub(crate) fn remove(&self, descriptor: impl AsFd) {
        let _ = epoll::delete(&*self.epoll, descriptor);
    }

    fn token(&self, key: u32) -> epoll::EventData {
        EpollToken { transport: self.transport, key }.data()
    }
}
