//! Fingerprint of a command: its words, and the bytes of the files that it executes or depends on.

use super::super::digest::digest;
use super::super::files::Files;
use super::lines::Lines;
use super::scripts;
use super::template::named_file;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// The files of a command, and what must be the same at both ends.
#[derive(Clone, Debug)]
pub(super) struct CommandFingerprint {
    files: Files,
    digest: [u8; 32],
    /// The same without the lines, which agents get from their primary.
    without_lines: [u8; 32],
}

/// A file that a command depends on cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {cause}", .path.display())]
pub struct UnreadableFile {
    path: PathBuf,
    cause: std::io::Error,
}

impl CommandFingerprint {
    /// Of the words, of the program's file where the first word is its path, and of the scripts of known
    /// interpreters. A program that is found in PATH may be another file on another machine.
    pub(super) fn of(words: &[OsString]) -> Self {
        let (mut files, mut scripts) = (Files::default(), Files::default());
        let program = words.first().filter(|name| name.as_bytes().contains(&b'/'));
        let program = program.and_then(|name| named_file(name.as_bytes()));
        let program = program.filter(|path| files.add(path).is_ok());
        let program = program.and_then(|path| std::fs::read(path).ok()).unwrap_or_default();
        let words: Vec<Vec<u8>> = words.iter().map(|word| word.as_bytes().to_vec()).collect();
        for script in scripts::of(&words) {
            // One that cannot be read is reported by the command itself.
            if scripts.add(&script).is_ok() {
                let _ = files.add(&script);
            }
        }
        let words = words.iter().map(|word| &word[..]);
        let parts = [&b"command"[..], &program].into_iter().chain(words);
        let parts: Vec<&[u8]> = parts.chain(scripts.digests().map(|digest| &digest[..])).collect();
        let digest = digest(&parts);
        Self { files, digest, without_lines: digest }
    }

    /// Of a script with these bytes, and its arguments. No file is compared later.
    pub(super) fn of_text(words: &[OsString], text: &[u8]) -> Self {
        let words = words.iter().map(|word| word.as_bytes());
        let parts: Vec<&[u8]> = [&b"script"[..], text].into_iter().chain(words).collect();
        let digest = digest(&parts);
        Self { files: Files::default(), digest, without_lines: digest }
    }

    /// The same with the bytes of these files, whatever their names.
    pub(super) fn with(mut self, paths: &[PathBuf]) -> Result<Self, UnreadableFile> {
        let mut depends = Files::default();
        for path in paths {
            let unreadable = |cause| UnreadableFile { path: path.clone(), cause };
            depends.add(path).map_err(unreadable)?;
            self.files.add(path).map_err(unreadable)?;
        }
        if !paths.is_empty() {
            for whole in [&mut self.digest, &mut self.without_lines] {
                let digests = depends.digests().map(|digest| &digest[..]);
                let parts: Vec<&[u8]> = [&whole[..]].into_iter().chain(digests).collect();
                *whole = digest(&parts);
            }
        }
        Ok(self)
    }

    /// The same with the lines of which each run gets one.
    pub(super) fn with_lines(mut self, lines: &Lines) -> Self {
        // If the working directory is gone, the file is compared by its bytes at each start of a command.
        let _ = lines.add_to(&mut self.files);
        let option = lines.line_end().option().as_bytes();
        self.digest = digest(&[&self.digest, option, lines.digest()]);
        self
    }

    pub(super) fn files(&self) -> &Files {
        &self.files
    }

    pub(super) fn digest(&self) -> [u8; 32] {
        self.digest
    }

    pub(super) fn digest_without_lines(&self) -> [u8; 32] {
        self.without_lines
    }
}
