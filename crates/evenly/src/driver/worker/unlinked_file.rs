//! Temporary file without a name: the kernel removes it when its descriptor is closed, whatever ends the process.

use rustix::fs::{AtFlags, CWD, Mode, OFlags, openat, unlinkat};
use rustix::io::Errno;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::Path;

/// Opens an empty file in `directory` for reading and writing.
pub(super) fn open_unlinked(directory: &Path) -> Result<File, Errno> {
    let flags = OFlags::RDWR | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR;
    let file = match openat(CWD, directory, flags | OFlags::TMPFILE, mode) {
        // Not every file system has such files (open(2), `O_TMPFILE`).
        Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::NOENT | Errno::INVAL) => {
            open_and_unlink(directory, flags | OFlags::CREATE | OFlags::EXCL, mode)
        }
        opened => opened,
    };
    file.map(File::from)
}

fn open_and_unlink(directory: &Path, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
    let path = directory.join(format!(".evenly-output-{}", std::process::id()));
    // A process with the same number may have been killed between the two calls.
    let _ = unlinkat(CWD, &path, AtFlags::empty());
    let file = openat(CWD, &path, flags, mode)?;
    unlinkat(CWD, &path, AtFlags::empty())?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use std::io::{Read, Seek, Write};

    #[test]
    fn either_way_the_file_has_no_name() {
        let scratch = Scratch::new("unlinked");
        let directory = scratch.path("");
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
        let mode = Mode::RUSR | Mode::WUSR;
        let fallback = open_and_unlink(&directory, flags, mode).map(File::from);
        for mut file in [open_unlinked(&directory).unwrap(), fallback.unwrap()] {
            file.write_all(b"text").unwrap();
            file.rewind().unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            assert_eq!((text.as_str(), scratch.names()), ("text", vec![]));
        }
        let missing = open_unlinked(&scratch.path("missing"));
        assert_eq!(missing.unwrap_err(), Errno::NOENT);
    }
}
