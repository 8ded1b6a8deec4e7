//! Removal of a directory tree with a fixed number of descriptors, which follows no symbolic link and also removes
//! directories without write permission.

use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// Removes a directory with its contents.
///
/// # Errors
/// Of the last call. What could be removed is removed.
pub(crate) fn remove_tree(path: &Path) -> Result<(), Errno> {
    let directory = open(CWD, path)?;
    remove_contents(&directory);
    rustix::fs::rmdir(path)
}

/// Removes what is in a directory, as far as the system allows it.
pub(crate) fn remove_contents(directory: &OwnedFd) {
    let mut moved = 0;
    // One pass moves the directories of each entry up into `directory`, for the next pass. So neither the stack nor the
    // descriptors grow with the depth of the tree.
    while remove_level(directory, &mut moved) {}
}

/// Removes each entry, of a directory that is not empty only the files. Whether another pass may remove more.
fn remove_level(top: &OwnedFd, moved: &mut u64) -> bool {
    let (mut removed, before) = (false, *moved);
    for name in names(top) {
        removed |= remove_entry(top, &name).is_ok()
            || (move_contents_up(top, &name, moved).is_ok() && remove_entry(top, &name).is_ok());
    }
    removed || *moved > before
}

/// Removes a file or an empty directory.
fn remove_entry(of: &OwnedFd, name: &CStr) -> Result<(), Errno> {
    match rustix::fs::unlinkat(of, name, AtFlags::empty()) {
        Err(Errno::ISDIR | Errno::PERM) => rustix::fs::unlinkat(of, name, AtFlags::REMOVEDIR),
        other => other,
    }
}

/// Removes the files of a directory in `top` and moves its directories to `top`.
fn move_contents_up(top: &OwnedFd, name: &CStr, moved: &mut u64) -> Result<(), Errno> {
    let directory = open(top, name)?;
    for entry in names(&directory) {
        if remove_entry(&directory, &entry).is_ok() {
            continue;
        }
        // A directory gets another `..`, which needs permission to write to it (rename(2)).
        let _ = open(&directory, &*entry);
        // The number is free, except for a name that a command chose on purpose: then the next one is tried.
        while let Ok(to) = CString::new(format!("moved-{moved}")) {
            *moved += 1;
            let flags = rustix::fs::RenameFlags::NOREPLACE;
            match rustix::fs::renameat_with(&directory, &*entry, top, &*to, flags) {
                Err(Errno::EXIST) => {}
                // On a file system without RENAME_NOREPLACE a directory replaces only an empty one.
                Err(Errno::INVAL) => {
                    let _ = rustix::fs::renameat(&directory, &*entry, top, &*to);
                    break;
                }
                _ => break,
            }
        }
    }
    Ok(())
}

/// Opens a directory that is no symbolic link, and gives its owner all permissions for it first.
fn open<P: rustix::path::Arg + Copy>(at: impl AsFd, path: P) -> Result<OwnedFd, Errno> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let found = rustix::fs::openat(&at, path, flags | OFlags::PATH, Mode::empty())?;
    let mode = Mode::from_raw_mode(rustix::fs::fstat(&found)?.st_mode);
    if !mode.contains(Mode::RWXU) {
        // Through the descriptor, so that no symbolic link can take the place of the directory meanwhile.
        use std::os::fd::AsRawFd;
        let itself = format!("/proc/self/fd/{}", found.as_raw_fd());
        rustix::fs::chmod(itself, mode | Mode::RWXU)?;
    }
    rustix::fs::openat(at, path, flags | OFlags::RDONLY, Mode::empty())
}

/// The names of the entries.
pub(super) fn names(directory: &OwnedFd) -> Vec<CString> {
    let Ok(entries) = Dir::read_from(directory) else { return Vec::new() };
    let names = entries.map_while(Result::ok).map(|entry| entry.file_name().to_owned());
    names.filter(|name| !matches!(name.to_bytes(), b"." | b"..")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use std::os::unix::fs::{PermissionsExt, symlink};

    /// Forked children of other tests would hold its directories open, so a process of its own runs this one.
    #[test]
    fn a_deep_tree_is_removed() {
        let (_, module) = module_path!().split_once("::").unwrap();
        let name = format!(
            "{module}::a_deep_tree_with_read_only_directories_is_removed_and_links_are_not_followed"
        );
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        let output = command.args(["--ignored", "--exact", &name]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    }

    #[test]
    #[ignore = "started by the test above"]
    fn a_deep_tree_with_read_only_directories_is_removed_and_links_are_not_followed() {
        let scratch = Scratch::new("remove-tree");
        let kept = scratch.path("kept");
        std::fs::create_dir(&kept).unwrap();
        std::fs::write(kept.join("file"), "x").unwrap();
        let top = scratch.path("top");
        std::fs::create_dir_all(top.join("closed/inner/leaf")).unwrap();
        std::fs::create_dir(top.join("moved-0")).unwrap();
        std::fs::write(top.join("moved-0/file"), "x").unwrap();
        symlink(&kept, top.join("closed/link")).unwrap();
        symlink("missing", top.join("dangling")).unwrap();
        let mut deep = rustix::fs::openat(CWD, &top, OFlags::DIRECTORY, Mode::empty()).unwrap();
        for _ in 0..3000 {
            rustix::fs::mkdirat(&deep, "d", Mode::RWXU).unwrap();
            deep = rustix::fs::openat(&deep, "d", OFlags::DIRECTORY, Mode::empty()).unwrap();
        }
        for closed in ["closed/inner/leaf", "closed/inner", "closed"] {
            let mode = std::fs::Permissions::from_mode(0o500);
            std::fs::set_permissions(top.join(closed), mode).unwrap();
        }
        std::fs::set_permissions(top.join("moved-0"), std::fs::Permissions::from_mode(0o0))
            .unwrap();
        remove_tree(&top).unwrap();
        assert!(!top.exists());
        assert_eq!(std::fs::read(kept.join("file")).unwrap(), b"x");
    }

    #[test]
    fn a_link_to_a_directory_is_refused() {
        let scratch = Scratch::new("remove-link");
        std::fs::create_dir(scratch.path("kept")).unwrap();
        symlink("kept", scratch.path("link")).unwrap();
        assert!(remove_tree(&scratch.path("link")).is_err());
        assert_eq!(scratch.names(), ["kept", "link"]);
    }
}
