//! A folder for programs and their output, readable by its owner only, which is removed at the end.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder that is removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

/// Begin of the names of these folders; the number of the process follows.
const PREFIX: &str = "evenly-lab-";

impl Folder {
    /// Makes a folder in the directory for temporary files, and removes those of processes that were killed.
    pub(crate) fn make() -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let parent = std::env::temp_dir();
        remove_abandoned(&parent);
        loop {
            let (pid, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            let path = parent.join(format!("{PREFIX}{pid}-{number}"));
            match fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 1000 => {}
                Err(error) => {
                    let parent = parent.display();
                    return Err(io::Error::new(error.kind(), format!("{parent}: {error}")));
                }
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing is lost if it stays.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Removes the folders of processes that were killed.
pub fn remove_abandoned_folders() {
    remove_abandoned(&std::env::temp_dir());
}

/// Removes folders whose process is gone. Those of other users cannot be removed, and stay.
fn remove_abandoned(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next());
        if let Some(pid) = pid.and_then(|pid| pid.parse::<u32>().ok())
            && !Path::new(&format!("/proc/{pid}")).exists()
            && entry.file_type().is_ok_and(|kind| kind.is_dir())
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_killed_processes_are_removed() {
        let own = Folder::make().unwrap();
        // A number that no process can have (proc(5), pid_max).
        let abandoned = own.path().join(format!("{PREFIX}99999999-0"));
        let used = own.path().join(format!("{PREFIX}{}-0", std::process::id()));
        let other = own.path().join("other-99999999-0");
        for path in [&abandoned, &used, &other] {
            fs::create_dir(path).unwrap();
            fs::write(path.join("file"), "text").unwrap();
        }
        remove_abandoned(own.path());
        assert!(!abandoned.exists() && used.exists() && other.exists());
    }
}
