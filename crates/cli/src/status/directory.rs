//! Directory of the sockets of running jobs: private to the user, in the runtime directory if there is one.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// The longest path of a socket in bytes (unix(7)).
const LONGEST_PATH: usize = 107;

/// Where sockets may be, the best place first: `$XDG_RUNTIME_DIR/evenly`, `/run/user/UID/evenly`, and `evenly-UID` in
/// the directory for temporary files. A job that was started without `XDG_RUNTIME_DIR` may use another one than this
/// process.
pub(super) fn candidates() -> Vec<PathBuf> {
    let uid = rustix::process::geteuid().as_raw();
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let runtime = runtime.filter(|path| path.is_absolute()).map(|path| path.join("evenly"));
    let user = PathBuf::from(format!("/run/user/{uid}/evenly"));
    let temporary = std::env::temp_dir().join(format!("evenly-{uid}"));
    let mut all: Vec<PathBuf> = runtime.into_iter().chain([user, temporary]).collect();
    all.dedup();
    all
}

/// The first directory that exists or can be made, and is private.
pub(super) fn make() -> Option<PathBuf> {
    candidates().into_iter().find(|path| {
        // It may exist.
        let _ = DirBuilder::new().mode(0o700).create(path);
        is_private(path) && socket_in(path, u32::MAX).as_os_str().len() <= LONGEST_PATH
    })
}

/// Whether it is a directory of this user that no other user can enter. A link is none.
pub(super) fn is_private(path: &Path) -> bool {
    let uid = rustix::process::geteuid().as_raw();
    fs::symlink_metadata(path)
        .is_ok_and(|found| found.is_dir() && found.uid() == uid && found.mode() & 0o077 == 0)
}

/// The socket of the process with this number.
pub(super) fn socket_in(directory: &Path, pid: u32) -> PathBuf {
    directory.join(format!("{pid}.sock"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_directory_that_others_can_enter_and_a_link_are_refused() {
        let scratch = std::env::temp_dir().join(format!("evenly-status-{}", std::process::id()));
        DirBuilder::new().mode(0o700).create(&scratch).unwrap();
        assert!(is_private(&scratch));
        let link = scratch.join("link");
        symlink(&scratch, &link).unwrap();
        assert!(!is_private(&link));
        fs::set_permissions(&scratch, fs::Permissions::from_mode(0o750)).unwrap();
        assert!(!is_private(&scratch));
        fs::remove_dir_all(&scratch).unwrap();
        assert!(!is_private(&scratch));
    }
}
