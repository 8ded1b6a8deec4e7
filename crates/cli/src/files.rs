//! Check that no two options of a call name the same file, before any file is opened for writing.
//!
//! Two options that write to one file destroy what both write; an option that writes to a file which
//! another one reads destroys the input.

use crate::arguments::JobArguments;
use crate::items::parse_items;
use crate::verify_arguments::VerifyArguments;
use evenly::internal::quoted;
use evenly::{Address, Key};
use std::ffi::OsString;
use std::fs::Metadata;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Files that SQLite and the lock put beside a journal.
const BESIDE_JOURNAL: [&str; 4] = [".lock", "-journal", "-wal", "-shm"];
/// The kernel follows this many links in one name (path_resolution(7)).
const MOST_LINKS: usize = 40;

/// A file that the call uses.
struct NamedFile {
    /// What the message calls it.
    name: String,
    is_written: bool,
    is_standard: bool,
    identity: Identity,
}

/// What makes two names lead to one file.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Identity {
    /// A file that exists: its file system and inode.
    Inode(u64, u64),
    /// One that does not exist yet: its directory, and its name there.
    Entry(u64, u64, OsString),
}

/// Refuses a job whose options name one file twice, where one of them writes to it.
///
/// # Errors
/// One line that names both options and the file.
pub(crate) fn of_job<'a>(
    arguments: &JobArguments,
    listen: &'a [Address],
    calls: impl Iterator<Item = &'a Address>,
) -> Result<(), String> {
    let mut used = Vec::new();
    if let Some(log) = &arguments.call.joblog {
        used.extend(log_file("--joblog", joblog_path(log).0));
    }
    if let Some(junit) = &arguments.call.junit {
        used.extend(log_file("--junit", junit));
    }
    if let Some(events) = &arguments.call.events {
        used.extend(log_file("--events", events));
    }
    used.extend(arguments.call.wiring.pictures().filter_map(|path| written("--wiring", &path)));
    if let Some(journal) = &arguments.journal.file {
        used.extend(journal_files("--journal", journal));
    }
    for address in listen {
        used.extend(address.path().and_then(|path| written("--listen", path)));
    }
    used.extend(arguments.items.from.iter().filter_map(|path| read("--from", path)));
    used.extend(arguments.depends.iter().filter_map(|path| read("--depends", path)));
    used.extend(arguments.lines.iter().filter_map(|path| read("--lines", path)));
    used.extend(arguments.lines0.iter().filter_map(|path| read("--lines0", path)));
    used.extend(arguments.call.key_file.iter().filter_map(|path| read("--key-file", path)));
    if arguments.call.key_file.is_empty()
        && arguments.call.key_variable.key_env.is_none()
        && listen.iter().chain(calls).any(Address::needs_key)
        && let Ok(path) = Key::default_path()
    {
        used.extend(written("the key file", &path));
    }
    if let Some((file, _)) = arguments.lib.as_deref().and_then(|lib| lib.rsplit_once(':')) {
        used.extend(read("--lib", Path::new(file)));
    }
    // A program from PATH has no slash in its name.
    let program = arguments.cmd.first().map(Path::new);
    used.extend(
        program
            .filter(|path| path.components().count() > 1)
            .and_then(|path| read("the command", path)),
    );
    used.extend(standard_streams());
    compare(&used)
}

/// Refuses a journal that is given twice, and to merge journals into one of themselves or into standard output.
///
/// # Errors
/// One line that names both and the file.
pub(crate) fn of_verify(arguments: &VerifyArguments) -> Result<(), String> {
    let identities: Vec<_> = arguments.files.iter().map(|path| (path, identity(path))).collect();
    for (index, (one, identity)) in identities.iter().enumerate() {
        let again =
            identities[..index].iter().find(|(_, before)| identity.is_some() && before == identity);
        if let Some((before, _)) = again {
            let (before, one) = (before.display(), one.display());
            return Err(if before.to_string() == one.to_string() {
                format!("the journal '{one}' is given twice; name each journal once")
            } else {
                format!(
                    "the journals '{before}' and '{one}' are the same file; name each journal once"
                )
            });
        }
    }
    let Some(into) = &arguments.merge else { return Ok(()) };
    let swapped = |what: &str, new: String, files: Vec<&PathBuf>| {
        let files: Vec<_> = files.into_iter().map(quoted).collect();
        format!(
            "'{}' {what}, and the word behind --merge is the new file; write: evenly verify --merge {new} {}",
            into.display(),
            files.join(" ")
        )
    };
    if into.to_str().is_some_and(|word| parse_items(word).is_ok()) {
        let files = arguments.files.iter().collect();
        return Err(swapped("is a range", "NEW".to_owned(), files));
    }
    let is_missing = |file: &&PathBuf| !file.exists();
    if let Some(new) = arguments.files.iter().find(is_missing).filter(|_| into.exists()) {
        let files = arguments.files.iter().filter(|file| *file != new);
        return Err(swapped("exists", quoted(new), std::iter::once(into).chain(files).collect()));
    }
    let mut used = journal_files("--merge", into);
    used.extend(arguments.files.iter().filter_map(|path| read("the journal", path)));
    used.extend(standard_streams());
    compare(&used)
}

/// Refuses to write a page over a file that it is made of.
///
/// # Errors
/// One line that names both and the file.
pub(crate) fn of_report(files: &[PathBuf], output: &Path) -> Result<(), String> {
    let mut used: Vec<_> = written("-o", output).into_iter().collect();
    used.extend(files.iter().filter_map(|path| read("the file", path)));
    compare(&used)
}

/// The path of `--joblog [+]FILE`, and whether what is in the file stays.
pub(crate) fn joblog_path(typed: &Path) -> (&Path, bool) {
    use std::os::unix::ffi::OsStrExt;
    match typed.as_os_str().as_bytes().strip_prefix(b"+") {
        Some(path) if !path.is_empty() => (Path::new(std::ffi::OsStr::from_bytes(path)), true),
        _ => (typed, false),
    }
}

/// The descriptor of this process that a path stands for, where that is standard output or error.
pub(crate) fn standard(path: &Path) -> Option<BorrowedFd<'static>> {
    match path.to_str()? {
        "/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1" => Some(rustix::stdio::stdout()),
        "/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2" => Some(rustix::stdio::stderr()),
        _ => None,
    }
}

/// Where a file is made whose name does not lead to one yet: at the end of its links.
pub(crate) fn target(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match std::fs::read_link(&path) {
            Ok(link) => path = path.parent().unwrap_or(Path::new("")).join(link),
            Err(_) => break,
        }
    }
    path
}

/// Standard output and standard error, where they are regular files.
fn standard_streams() -> Vec<NamedFile> {
    let streams = [("/dev/stdout", "standard output"), ("/dev/stderr", "standard error")];
    let used = streams.into_iter().filter_map(|(path, name)| {
        let stat = rustix::fs::fstat(standard(Path::new(path))?).ok()?;
        let is_file = rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file();
        is_file.then(|| NamedFile {
            name: name.to_owned(),
            is_written: true,
            is_standard: true,
            identity: Identity::Inode(stat.st_dev, stat.st_ino),
        })
    });
    used.collect()
}

/// A log. One that is named as a standard stream is written through that: nothing is destroyed.
fn log_file(option: &str, path: &Path) -> Option<NamedFile> {
    let used = written(option, path)?;
    Some(NamedFile { is_standard: standard(path).is_some(), ..used })
}

/// A journal and the files beside it.
fn journal_files(option: &str, path: &Path) -> Vec<NamedFile> {
    let place = target(path);
    let beside = BESIDE_JOURNAL.iter().filter_map(|suffix| {
        let mut beside = place.canonicalize().unwrap_or_else(|_| place.clone()).into_os_string();
        beside.push(suffix);
        let name = format!("the '{suffix}' file of {option} '{}'", path.display());
        Some(NamedFile {
            name,
            is_written: true,
            is_standard: false,
            identity: identity(Path::new(&beside))?,
        })
    });
    written(option, path).into_iter().chain(beside).collect()
}

fn written(option: &str, path: &Path) -> Option<NamedFile> {
    let name = format!("{option} '{}'", path.display());
    Some(NamedFile { name, is_written: true, is_standard: false, identity: identity(path)? })
}

fn read(option: &str, path: &Path) -> Option<NamedFile> {
    Some(NamedFile { is_written: false, ..written(option, path)? })
}

/// `None` for what several may write to (a terminal, `/dev/null`), and for what cannot be: opening it
/// says why.
fn identity(path: &Path) -> Option<Identity> {
    if let Ok(metadata) = std::fs::metadata(path) {
        return (!is_shared(&metadata)).then(|| Identity::Inode(metadata.dev(), metadata.ino()));
    }
    let target = target(path);
    let name = target.file_name()?.to_owned();
    let directory = target.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = std::fs::metadata(directory.unwrap_or(Path::new("."))).ok()?;
    Some(Identity::Entry(directory.dev(), directory.ino(), name))
}

fn is_shared(metadata: &Metadata) -> bool {
    metadata.file_type().is_char_device()
}

fn compare(used: &[NamedFile]) -> Result<(), String> {
    for (index, one) in used.iter().enumerate() {
        for other in &used[index + 1..] {
            let is_harmless = !(one.is_written || other.is_written)
                || one.is_standard && other.is_standard
                || one.identity != other.identity;
            if !is_harmless {
                let (one, other) = (&one.name, &other.name);
                return Err(format!("{one} and {other} are the same file; give each its own file"));
            }
        }
    }
    Ok(())
}
