//! Directories for tests, removed at the end.

use std::path::PathBuf;

/// An empty directory of its own.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// A name must be used by one test only.
    pub(crate) fn new(name: &str) -> Self {
        let path = evenly_testkit::directory::in_memory()
            .join(format!("evenly-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A path in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// What is in it, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}
