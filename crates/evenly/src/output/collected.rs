//! Output into memory.

use super::Output;
use std::cell::RefCell;
use std::io;
use std::os::fd::BorrowedFd;
use std::rc::Rc;

/// Keeps all lines in memory; its clones share them. One goes to the job, the caller keeps another
/// to read them.
///
/// ```
/// use evenly::output::{Collected, Output};
///
/// let lines = Collected::default();
/// lines.clone().put(b"2\n3\n").unwrap();
/// assert_eq!(lines.take(), b"2\n3\n");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Collected(Rc<RefCell<Vec<u8>>>);

impl Collected {
    /// What has come so far; what comes later begins anew.
    #[must_use]
    pub fn take(&self) -> Vec<u8> {
        self.0.take()
    }
}

impl Output for Collected {
    fn put(&mut self, lines: &[u8]) -> io::Result<()> {
        self.0.borrow_mut().extend_from_slice(lines);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<usize> {
        Ok(0)
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}
