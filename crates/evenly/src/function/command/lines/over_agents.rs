//! Lines over agents: the index that an agent gets when it joins, and the blocks that it gets before their numbers.
//!
//! The file of an agent has no name, the size of the file of the primary, and holes where no block has arrived. An
//! agent keeps each block that it got until it leaves, so it needs at most as much room as the file has.
//!
//! ```text
//! size  an index (little-endian)
//!    1  the byte that ends each line
//!    8  the size of the file
//!    8  how many lines there are
//!  24…  each block: offset u64 | number of its first line u64 | hash, 8 bytes
//! ```

use super::{Block, LineEnd, Lines, LinesError, NoText, read_at, unnamed_file};
use evenly_core::items::Run;
use std::cell::OnceCell;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

const HEAD: usize = 17;
const ENTRY: usize = 24;

impl Lines {
    /// The index, for agents.
    pub(crate) fn index(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + ENTRY * self.blocks.len());
        bytes.push(self.end.byte());
        bytes.extend_from_slice(&self.size.to_le_bytes());
        bytes.extend_from_slice(&self.len.to_le_bytes());
        for Block { offset, first, hash } in &self.blocks {
            bytes.extend_from_slice(&offset.to_le_bytes());
            bytes.extend_from_slice(&first.to_le_bytes());
            bytes.extend_from_slice(hash);
        }
        bytes
    }

    /// The lines of a primary that sends this index, none of which has arrived; `None` if it is no index.
    ///
    /// # Errors
    /// If there is no room for a file.
    pub(crate) fn of_index(index: &[u8]) -> Option<Result<Self, LinesError>> {
        let (end, rest) = index.split_first()?;
        let (size, rest) = rest.split_first_chunk()?;
        let (len, rest) = rest.split_first_chunk()?;
        let (entries, left) = rest.as_chunks::<ENTRY>();
        let end = [LineEnd::Newline, LineEnd::Nul].into_iter().find(|it| it.byte() == *end)?;
        let blocks: Vec<Block> = entries.iter().map(block).collect();
        let (size, len) = (u64::from_le_bytes(*size), u64::from_le_bytes(*len));
        let begins = blocks.first().is_none_or(|block| (block.offset, block.first) == (0, 1));
        let ascends = blocks.is_sorted_by(|a, b| a.offset < b.offset && a.first < b.first);
        let ends = match blocks.last() {
            Some(last) => last.offset < size && last.first <= len,
            None => (size, len) == (0, 0),
        };
        if !(left.is_empty() && begins && ascends && ends) {
            return None;
        }
        let file = unnamed_file(&std::env::temp_dir()).map_err(not_copied);
        Some(file.map(|file| Self {
            named: Path::new("lines of the primary").to_owned(),
            end,
            file,
            own: OnceCell::new(),
            stat: None,
            blocks,
            size,
            len,
            digest: [0; 32],
        }))
    }

    /// Whether the file has these bytes.
    pub(crate) fn has_bytes(&self, offset: u64, length: usize) -> bool {
        offset.checked_add(length as u64).is_some_and(|end| end <= self.size)
    }

    /// In an agent: keeps a part of the file for the workers.
    ///
    /// # Errors
    /// If there is no room for it.
    pub(crate) fn store(&self, offset: u64, bytes: &[u8]) -> Result<(), LinesError> {
        self.file.write_all_at(bytes, offset).map_err(not_copied)
    }

    /// The blocks that the lines of a run are in, ascending.
    pub(crate) fn blocks_of(&self, run: Run) -> impl Iterator<Item = usize> + '_ {
        let mut next = u64::try_from(run.first()).ok();
        let (last, step) = (u64::try_from(run.last()).unwrap_or(0), run.step().get());
        std::iter::from_fn(move || {
            let n = next.filter(|n| *n <= last)?;
            let after = self.blocks.partition_point(|block| block.first <= n);
            // The first line of the run that is in a later block.
            next = self.blocks.get(after).and_then(|later| {
                let steps = (later.first - n).div_ceil(step);
                n.checked_add(steps.checked_mul(step)?)
            });
            after.checked_sub(1)
        })
    }

    /// Where a block stands in the file.
    pub(crate) fn bytes_of(&self, block: usize) -> Range<u64> {
        let end = self.blocks.get(block + 1).map_or(self.size, |next| next.offset);
        self.blocks[block].offset..end
    }

    /// Whether a block still has the bytes that were indexed.
    pub(crate) fn is_unchanged(&self, block: usize) -> Result<bool, rustix::io::Errno> {
        match self.beginning(self.blocks[block].first) {
            Ok(_) => Ok(true),
            Err(NoText::Unreadable(cause)) => Err(cause),
            Err(_) => Ok(false),
        }
    }

    /// Reads bytes of the file; 0 at its end.
    pub(crate) fn read(&self, offset: u64, room: &mut [u8]) -> io::Result<usize> {
        read_at(&self.file, room, offset)
    }
}

fn block(entry: &[u8; ENTRY]) -> Block {
    let mut words = [[0; 8]; 3];
    for (word, bytes) in words.iter_mut().zip(entry.as_chunks::<8>().0) {
        *word = *bytes;
    }
    let [offset, first, hash] = words;
    Block { offset: u64::from_le_bytes(offset), first: u64::from_le_bytes(first), hash }
}

fn not_copied(cause: io::Error) -> LinesError {
    LinesError::NotCopied { directory: std::env::temp_dir(), cause }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use evenly_core::Items;

    fn lines(scratch: &Scratch, bytes: &[u8]) -> Lines {
        let path = scratch.path("items");
        std::fs::write(&path, bytes).unwrap();
        Lines::open(&path, LineEnd::Newline).unwrap()
    }

    #[test]
    fn an_agent_reads_the_texts_of_the_blocks_that_it_got_and_no_others() {
        let scratch = Scratch::new("lines-agent");
        let bytes: Vec<u8> = (1..=1000).flat_map(|n| format!("text {n}\n").into_bytes()).collect();
        let primary = lines(&scratch, &bytes);
        let agent = Lines::of_index(&primary.index()).unwrap().unwrap();
        assert_eq!((agent.len(), agent.line_end()), (1000, LineEnd::Newline));
        assert_eq!(agent.text(300), Err(NoText::Changed));
        let run = |text: &str| {
            let items: Items = text.parse().unwrap();
            let run = items.runs(items.positions().interval().unwrap()).next().unwrap();
            primary.blocks_of(run).collect::<Vec<_>>()
        };
        assert_eq!(run("1..=1000"), [0, 1, 2, 3]);
        assert_eq!(run("256..=257"), [0, 1]);
        assert_eq!(run("100..=1000:400"), [0, 1, 3]);
        assert_eq!(run("300..=301"), [1]);
        let place = primary.bytes_of(1);
        let mut room = vec![0; (place.end - place.start) as usize];
        assert_eq!(primary.read(place.start, &mut room).unwrap(), room.len());
        assert!(agent.has_bytes(place.start, room.len()) && !agent.has_bytes(u64::MAX, 1));
        agent.store(place.start, &room).unwrap();
        assert_eq!(agent.text(300), Ok(b"text 300".to_vec()));
        assert_eq!(agent.text(200), Err(NoText::Changed));
        assert_eq!(primary.is_unchanged(1), Ok(true));
        std::fs::write(scratch.path("items"), b"other").unwrap();
        assert_eq!(primary.is_unchanged(1), Ok(false));
    }

    #[test]
    fn an_index_that_cannot_be_is_refused() {
        let scratch = Scratch::new("lines-index");
        let index = lines(&scratch, b"a\nb\n").index();
        assert!(Lines::of_index(&index).is_some());
        assert!(Lines::of_index(&lines(&scratch, b"").index()).is_some());
        for (at, byte) in [(0, 7), (1, 0), (9, 0), (HEAD, 1), (HEAD + 8, 0)] {
            let mut bad = index.clone();
            bad[at] = byte;
            assert!(Lines::of_index(&bad).is_none(), "{at}");
        }
        (0..index.len()).for_each(|length| assert!(Lines::of_index(&index[..length]).is_none()));
    }
}
