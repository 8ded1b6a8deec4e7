//! Form in which `run` passes on the standard output of a command: tags, whole lines while it runs, and the most bytes.

/// How the standard output of a command is passed on.
#[derive(Clone, Debug, Default)]
pub(super) struct OutputForm {
    /// Whether each line begins with its number (`--tag`).
    pub(super) is_tagged: bool,
    /// Whether whole lines are passed on while the command runs (`--line-buffer`).
    pub(super) has_live_lines: bool,
    /// The most bytes (`--max-output`).
    pub(super) most: Option<u64>,
}

/// Puts the tag of a run before each line of an output that comes in pieces.
#[derive(Debug)]
pub(crate) struct LineTags {
    /// The tag with its tab; `None` without `--tag`.
    tag: Option<Vec<u8>>,
    is_in_line: bool,
}

impl LineTags {
    /// Tags with this name of a run; none without a name.
    pub(super) fn new(name: Option<Vec<u8>>) -> Self {
        let tag = name.map(|mut name| {
            name.push(b'\t');
            name
        });
        Self { tag, is_in_line: false }
    }

    /// The next piece, with tags.
    pub(crate) fn add(&mut self, piece: &[u8]) -> Vec<u8> {
        let Some(tag) = &self.tag else { return piece.to_vec() };
        let mut tagged = Vec::with_capacity(piece.len() * 2);
        for line in piece.split_inclusive(|byte| *byte == b'\n') {
            if !self.is_in_line {
                tagged.extend_from_slice(tag);
            }
            tagged.extend_from_slice(line);
            self.is_in_line = !line.ends_with(b"\n");
        }
        tagged
    }

    /// What ends the last line, so that the tag of the next command begins a line.
    pub(crate) fn end(&mut self) -> &'static [u8] {
        if core::mem::take(&mut self.is_in_line) { b"\n" } else { b"" }
    }
}
