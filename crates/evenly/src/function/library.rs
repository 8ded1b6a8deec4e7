//! Functions of a shared library: `int64_t f(int64_t n)` or `double f(int64_t n)` by the conventions of C.
//!
//! Each worker loads the library, never the process that runs the job.
#![expect(unsafe_code, reason = "the type of a symbol of a library cannot be checked")]

mod error;
mod image;
mod load;
mod spec;

use super::digest::digest;
use super::files::Files;
use super::fold::{fold_each, fold_reals};
use super::{Function, Kind, Program, Typed, at, quoted};
pub use error::LibraryError;
use evenly_core::{Aggregate, Interval, Tally};
use image::{Image, NotRead};
use load::{Gives, LibraryFunction, Unusable};
use spec::Spec;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Numbers that are computed between two updates of the tally.
const AT_ONCE: usize = 512;

/// A function of a shared library, from `FILE:SYMBOL`, or from `FILE:SYMBOL:f64` if it gives a `double`.
///
/// FILE without a slash is a file of the working directory. Where a truth is asked for, 0 is false and every
/// other value is true. NaN is a failure of the number.
///
/// This call reads the file and loads it in a child process, as a trial. Workers load a copy of the bytes that
/// were read, so a later change of the file has no effect. The calling process never loads it (dlopen(3)).
/// A crash of the function ends its worker: the number fails, and its message names it.
///
/// # Safety
/// This call and each worker run the initialisers of FILE, and of every library that FILE needs, with the
/// rights of the calling process. Workers then call SYMBOL for numbers of the range, in any order, any number
/// of times. The caller ensures that
/// - SYMBOL is a function `int64_t f(int64_t)` by the conventions of C, or `double f(int64_t)` with `:f64`, defined for
///   every number of the range,
/// - it returns to its caller, or ends the process: it neither unwinds nor jumps out of the call,
/// - neither it nor an initialiser writes to memory that it does not own, or depends on a thread of the
///   calling process (fork(2) copies only the thread that calls it).
///
/// # Errors
/// [`LibraryError`]: `spec` has another form; the file cannot be read; it is no library for this machine, or
/// needs another that is missing; it has no such symbol.
pub unsafe fn library(spec: &str) -> Result<Box<dyn Function>, LibraryError> {
    // SAFETY: the contract is the same.
    unsafe { library_with(spec, &[]) }
}

/// A function of a shared library whose values depend on these files, too. An agent needs files with the same
/// bytes.
///
/// # Safety
/// As [`library`].
///
/// # Errors
/// As [`library`], and if one of these files cannot be read.
pub unsafe fn library_with(
    spec: &str,
    depends: &[PathBuf],
) -> Result<Box<dyn Function>, LibraryError> {
    let Spec { file, symbol, gives } = Spec::of(spec)?;
    let path = Path::new(file);
    let unusable = |why| LibraryError::Unusable { path: path.to_owned(), why };
    let (mut image, bytes, stat) = Image::read(path).map_err(|why| match why {
        NotRead::Unreadable(cause) => unreadable(path)(cause),
        NotRead::Unusable(why) => unusable(why),
    })?;
    image.copy(&bytes);
    load::try_out(&mut image, symbol).map_err(|why| match why {
        Unusable::NoSymbol => {
            LibraryError::NoSymbol { path: path.to_owned(), symbol: symbol.to_owned() }
        }
        Unusable::Because(why) => unusable(why),
    })?;
    let mut files = Files::default();
    for path in depends {
        files.add(path).map_err(unreadable(path))?;
    }
    let named = [path].into_iter().chain(files.named()).map(ToOwned::to_owned).collect();
    let form: &[u8] = match gives {
        Gives::Integer => b"library",
        Gives::Real => b"library f64",
    };
    let parts = [form, symbol.as_bytes(), &bytes].into_iter();
    let parts: Vec<&[u8]> = parts.chain(files.digests().map(|digest| &digest[..])).collect();
    let digest = digest(&parts);
    if !image.is_copied() {
        files.add_read(path, &bytes, &stat).map_err(unreadable(path))?;
    }
    let name = format!("--lib {spec}");
    let symbol = symbol.to_owned();
    Ok(Box::new(Library { name, symbol, gives, image, files, named, digest, function: None }))
}

fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> LibraryError {
    let path = path.to_owned();
    move |cause| LibraryError::Unreadable { path, cause }
}

struct Library {
    name: String,
    symbol: String,
    gives: Gives,
    image: Image,
    /// What can change while the job runs.
    files: Files,
    /// What its digest is of.
    named: Vec<PathBuf>,
    digest: [u8; 32],
    /// Once this process has loaded the library.
    function: Option<LibraryFunction>,
}

impl Function for Library {
    fn name(&self) -> &str {
        &self.name
    }

    fn typed(&self) -> Typed {
        let spec = self.name.trim_start_matches("--lib ");
        Typed { before: format!("--lib {}", quoted(spec)), behind: String::new() }
    }

    fn kind(&self) -> Kind {
        Kind::Integer
    }

    fn says_at(&self) -> bool {
        true
    }

    fn program(&self) -> Program {
        Program::Library(self.digest)
    }

    fn begin(&mut self) -> std::io::Result<()> {
        self.load().map(drop).map_err(|why| {
            let _ =
                writeln!(std::io::stderr(), "evenly: a worker cannot load {}: {why}", self.name);
            rustix::io::Errno::LIBACC.into()
        })
    }

    fn files(&self) -> Vec<PathBuf> {
        self.named.clone()
    }

    fn changed_file(&self, thoroughly: bool) -> Option<PathBuf> {
        self.files.changed(thoroughly)
    }

    fn fold(&mut self, slice: Interval, tally: &mut Tally) -> i64 {
        let function = match self.load().expect("it was loaded before, in a trial") {
            LibraryFunction::Integer(function) => Called(function),
            LibraryFunction::Real(function) => {
                return fold_reals(slice, tally, |n| {
                    at(n);
                    // SAFETY: as in `Called::call`, with a double.
                    unsafe { function(n) }
                });
            }
        };
        match tally.aggregate() {
            Aggregate::Count => {
                // What an inclusive range looks at besides is a tenth of what a short function takes.
                let (mut n, mut satisfy) = (slice.first(), 0);
                loop {
                    satisfy += u64::from(function.call(n) != 0);
                    if n == slice.last() {
                        break;
                    }
                    n += 1;
                }
                // A slice has no more than 2^62 numbers.
                tally.count(satisfy, slice.len() as u64);
                slice.last()
            }
            aggregate if aggregate.wants_truth() => {
                fold_each(slice, tally, |n| function.call(n) != 0)
            }
            _ => function.fold_values(slice, tally),
        }
    }
}

impl Library {
    /// The function, in this process.
    fn load(&mut self) -> Result<LibraryFunction, String> {
        match self.function {
            Some(function) => Ok(function),
            None => {
                let function = load::load(&self.image, &self.symbol, self.gives)?;
                self.function = Some(function);
                Ok(function)
            }
        }
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        if self.function.is_some() {
            self.image.keep_open();
        }
    }
}

/// A function that gives an integer, loaded.
#[derive(Clone, Copy)]
struct Called(unsafe extern "C" fn(i64) -> i64);

impl Called {
    #[inline]
    fn call(self, n: i64) -> i64 {
        at(n);
        // SAFETY: it takes and returns an i64, as the caller that named it promised. Everything else that it does
        // happens to this worker process.
        unsafe { (self.0)(n) }
    }

    fn fold_values(self, slice: Interval, tally: &mut Tally) -> i64 {
        let mut values = [0; AT_ONCE];
        let mut rest = Some(slice);
        while let Some((now, later)) = rest.map(|rest| rest.split_front(AT_ONCE as u128)) {
            let values = &mut values[..now.len() as usize];
            for (at, value) in (0..).zip(&mut *values) {
                *value = self.call(now.first() + at);
            }
            tally.numbers(now.first(), values);
            if tally.is_full() {
                return now.last();
            }
            rest = later;
        }
        slice.last()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenly_core::Value;

    fn load(spec: &str) -> Result<Box<dyn Function>, LibraryError> {
        // SAFETY: the specifications of these tests name functions of the C library that take and return an
        // int64_t, or nothing that can be loaded.
        unsafe { library(spec) }
    }

    /// A function that every process has: of the C library, `labs`.
    fn absolute() -> Box<dyn Function> {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let file = maps
            .split_whitespace()
            .find(|word| word.contains("/libc.so") || word.contains("/libc-"));
        load(&format!("{}:labs", file.expect("tests are linked with it"))).unwrap()
    }

    #[test]
    fn values_arrive_in_order_and_nonzero_is_true() {
        let fold = |aggregate, (first, last)| {
            let mut tally = Tally::new(aggregate);
            let slice = Interval::new(first, last).unwrap();
            assert_eq!(absolute().fold(slice, &mut tally), last);
            tally.take_value()
        };
        assert_eq!(fold(Aggregate::Count, (-3, 3)), Value::Count(6));
        let sum: i64 = (-3000..=2000_i64).map(i64::abs).sum();
        let Value::Sum(summed) = fold(Aggregate::Sum, (-3000, 2000)) else { panic!() };
        assert_eq!(summed.number(), Some(sum.into()));
        let Value::Lines { lines, .. } = fold(Aggregate::Find { first: None }, (-3, 3)) else {
            panic!()
        };
        assert_eq!(lines, 6);
        assert_eq!(fold(Aggregate::Failures { first: None }, (-3, 3)), Value::Nothing);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let refused = |spec: &str| load(spec).err().expect(spec).to_string();
        for spec in ["f.so", ":f", "f.so:", ""] {
            assert!(refused(spec).ends_with("as in ./f.so:f"), "{spec}");
        }
        assert!(refused("/nowhere/f.so:f").starts_with("cannot read /nowhere/f.so: No such file"));
        let no_library = refused("/proc/self/status:f");
        assert!(no_library.starts_with("cannot load /proc/self/status: it is no "), "{no_library}");
        assert_eq!(no_library.lines().count(), 1);
    }

    #[test]
    fn another_symbol_is_another_program() {
        let name = absolute().name().to_owned();
        let spec = name.strip_prefix("--lib ").unwrap();
        let other = load(&spec.replace(":labs", ":llabs")).unwrap();
        assert_eq!(absolute().program(), absolute().program());
        assert_ne!(absolute().program(), other.program());
        let refused = load(&spec.replace(":labs", ":labsurd")).err().unwrap().to_string();
        assert!(refused.contains(" has no symbol labsurd; nm -D "), "{refused}");
    }
}
