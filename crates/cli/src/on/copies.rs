//! Files that other machines need, each with its SHA-256: this program, the library, what it depends on.

use evenly::internal::SentFile;
use evenly::internal::quoted;
use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::rc::Rc;

/// Variable that names the program for the hosts in the place of this one, as a static build.
const BINARY: &str = "EVENLY_SSH_BINARY";

/// This program, which may have been replaced or removed since it was started.
const THIS: &str = "/proc/self/exe";

/// The files of one call. Other machines keep them by their hash.
#[derive(Debug, Default)]
pub(super) struct Copies {
    files: Vec<(String, u64)>,
    opened: Rc<[SentFile]>,
    library: Option<String>,
    depends: usize,
}

impl Copies {
    /// Opens and hashes this program or the one that the variable names, the library of `--lib FILE:SYMBOL`, and the files of `--depends`.
    ///
    /// # Errors
    /// One line that names the file.
    pub(super) fn open(lib: Option<&str>, depends: &[impl AsRef<Path>]) -> Result<Self, String> {
        let library =
            lib.map(|spec| split(spec).ok_or_else(|| format!("bad value '{spec}' for --lib")));
        let library = library.transpose()?;
        let program = std::env::var_os(BINARY).filter(|name| !name.is_empty());
        let program = Path::new(program.as_deref().unwrap_or(OsStr::new(THIS)));
        let file = library.map(|(file, _)| Path::new(file));
        let paths = [program].into_iter().chain(file).chain(depends.iter().map(AsRef::as_ref));
        let opened: Vec<_> = paths.map(open).collect::<Result<_, _>>()?;
        Ok(Self {
            files: opened.iter().map(|sent| (sent.hash.clone(), sent.length)).collect(),
            opened: opened.into(),
            library: library.map(|(_, symbol)| symbol.to_owned()),
            depends: depends.len(),
        })
    }

    pub(super) fn files(&self) -> Rc<[SentFile]> {
        Rc::clone(&self.opened)
    }

    /// Hash and length of each.
    pub(super) fn listed(&self) -> impl Iterator<Item = (&str, u64)> {
        self.files.iter().map(|(hash, length)| (&**hash, *length))
    }

    /// The hash of this program.
    pub(super) fn program(&self) -> &str {
        self.files.first().map_or("", |(hash, _)| hash)
    }

    /// The hash of the library, and what stands behind its file in `--lib`.
    pub(super) fn library(&self) -> Option<(&str, &str)> {
        Some((&self.files.get(1)?.0, self.library.as_deref()?))
    }

    /// The hashes of the files of `--depends`.
    pub(super) fn depends(&self) -> impl Iterator<Item = &str> {
        let depends = self.files.len() - self.depends.min(self.files.len());
        self.files[depends..].iter().map(|(hash, _)| &**hash)
    }
}

/// File, and symbol with its type, of `FILE:SYMBOL` or `FILE:SYMBOL:f64`.
fn split(spec: &str) -> Option<(&str, &str)> {
    let of_real = spec.strip_suffix(":f64").and_then(|rest| rest.rsplit_once(':'));
    let of_real = of_real.filter(|(file, _)| Path::new(file).is_file());
    match of_real {
        Some((file, _)) => Some((file, &spec[file.len() + 1..])),
        None => spec.rsplit_once(':'),
    }
}

fn open(path: &Path) -> Result<SentFile, String> {
    let cannot = |cause: &dyn std::fmt::Display| {
        let file = if path == Path::new(THIS) { "this program".into() } else { quoted(path) };
        format!("cannot copy {file} to the hosts of --on: {cause}")
    };
    let file = File::open(path).map_err(|error| cannot(&error))?;
    let length = file.metadata().map_err(|error| cannot(&error))?.len();
    let input = File::open(path).map_err(|error| cannot(&error))?;
    let mut sha256sum = Command::new("sha256sum");
    sha256sum.stdin(Stdio::from(input)).stderr(Stdio::null());
    let output = sha256sum
        .output()
        .map_err(|error| cannot(&format!("sha256sum: {error}; install coreutils")))?;
    let hash = output.stdout.get(..64).filter(|_| output.status.success());
    let hash = hash.and_then(|hash| std::str::from_utf8(hash).ok());
    let hash = hash.ok_or_else(|| cannot(&"sha256sum failed"))?;
    Ok(SentFile { hash: hash.to_owned(), file, length })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_split_from_its_symbol() {
        let program = std::env::current_exe().unwrap();
        let program = program.to_str().unwrap();
        assert_eq!(split("./f.so:f"), Some(("./f.so", "f")));
        assert_eq!(split("./f.so:f64"), Some(("./f.so", "f64")));
        assert_eq!(split(&format!("{program}:f:f64")), Some((program, "f:f64")));
    }

    #[test]
    fn files_have_their_sha256() {
        let path = std::env::temp_dir().join(format!("evenly-copies-{}", std::process::id()));
        std::fs::write(&path, "abc").unwrap();
        let copies = Copies::open(None, &[&path]).unwrap();
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(copies.depends().collect::<Vec<_>>(), [known]);
        assert_eq!(copies.listed().count(), 2);
        assert_ne!(copies.program(), known);
        std::fs::remove_file(&path).unwrap();
        assert!(Copies::open(None, &[&path]).unwrap_err().contains("cannot copy"));
    }
}
