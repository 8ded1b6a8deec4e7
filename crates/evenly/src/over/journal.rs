//! Journals of calls, and what must be the same for a call to go on with one.

use super::call::Over;
use super::integer::Integer;
use super::run::{NoAnswer, Question};
use crate::error::cannot_start;
use crate::journal::Journal;
use blake2::{Blake2b512, Digest};
use rustix::io::Errno;
use std::hash::{Hash, Hasher};
use std::path::PathBuf;

impl<T: Integer> Over<'_, T> {
    /// Keeps what is done in this file, and goes on with what it has; see [`journal`](crate::journal). A program that is
    /// killed and started again does only the numbers that are not in the file.
    ///
    /// The file is for this call in this build of the program: another build is refused, because its closure may be
    /// another. A closure that captures values needs [`captures`](Self::captures) besides, and is refused without it.
    ///
    /// ```
    /// let path = std::env::temp_dir().join(format!("threes-{}.journal", std::process::id()));
    /// let divisor = 7;
    /// let count = || evenly::over(0..100_000_u32).journal(&path).captures(&divisor).count(|n| n % divisor == 3);
    /// // The second call finds everything in the file.
    /// assert_eq!((count()?, count()?), (14_286, 14_286));
    /// std::fs::remove_file(&path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn journal(mut self, path: impl Into<PathBuf>) -> Self {
        self.question.journal = Some(path.into());
        self
    }

    /// Names the values that the closure captures, for a [journal](Self::journal): a file that was made with other values is
    /// refused. Several are a tuple, `&(a, b)`; `f64` has `to_bits()`. `&()` says that the answer does not depend on what is
    /// captured, such as the path of a log.
    pub fn captures(mut self, values: &(impl Hash + ?Sized)) -> Self {
        let mut digest = HashedDigest(Blake2b512::new());
        values.hash(&mut digest);
        self.question.captures = Some(hexadecimal(digest.0));
        self
    }
}

impl Question<'_> {
    /// Gives the job its journal, if there is one, for closures of this size.
    pub(super) fn keep_journal(&mut self, closure_size: usize) -> Result<(), NoAnswer> {
        let Some(path) = &self.journal else { return Ok(()) };
        if closure_size > 0 && self.captures.is_none() {
            return Err(NoAnswer::UnnamedCaptures(path.clone()));
        }
        let program = std::fs::read("/proc/self/exe").map_err(|error| {
            let cause = Errno::from_io_error(&error).unwrap_or(Errno::IO);
            cannot_start("read /proc/self/exe")(cause)
        })?;
        let program = hexadecimal(Blake2b512::new_with_prefix(program));
        self.job.journal = Some(Journal::at(path).resume().program(program));
        Ok(())
    }
}

/// The first 16 bytes of a digest.
fn hexadecimal(digest: Blake2b512) -> String {
    digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Takes what a value hashes into a digest that no other value has.
struct HashedDigest(Blake2b512);

impl Hasher for HashedDigest {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Nothing asks for it.
    fn finish(&self) -> u64 {
        0
    }
}
