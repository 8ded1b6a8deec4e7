//! Functions that the calling program registers by name.

use super::{Function, Kind, Program};
use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use evenly_core::{Interval, Tally};
use std::cell::OnceCell;
use std::fs::File;
use std::io::{self, Read};
use std::rc::Rc;

/// Functions that this program knows by name.
///
/// A job over a closure cannot have agents, because nothing says whether another process has the same closure. A job
/// over a function of such a table can: its agent is the same executable on another machine, and
/// has the table too (`Join::with_functions`, with the feature `sockets`). Both compare a digest of their executables. A journal keeps that
/// digest, and another executable cannot resume it.
///
/// ```
/// use evenly::function::Functions;
/// use evenly::{Job, Range};
///
/// let mut functions = Functions::new();
/// functions.add("square", |n| n >= 0 && n.isqrt().pow(2) == n);
/// let square = functions.get("square").expect("it was added");
/// let report = Job::count(Range::new(0, 1_000_000)?, square).run()?;
/// assert_eq!(report.answer.to_string(), "1000");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Functions {
    all: Vec<(String, Maker)>,
    executable: Rc<OnceCell<[u8; 32]>>,
}

/// Makes a function once more: an agent needs it again for each primary that it joins.
type Maker = Rc<dyn Fn() -> Box<dyn Function>>;

impl Functions {
    /// A table without functions.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The function of this name, ready for a job.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Box<dyn Function>> {
        let (_, make) = self.all.iter().find(|(known, _)| known == name)?;
        Some(Box::new(Registered { function: make(), executable: self.executable.clone() }))
    }

    /// The names, in the order in which they were added.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|(name, _)| &**name)
    }

    /// Adds a function; another one of this name is replaced.
    pub(crate) fn insert(&mut self, name: String, make: Maker) {
        self.all.retain(|(known, _)| *known != name);
        self.all.push((name, make));
    }

    /// What an agent with these functions says of itself: nothing if there are none.
    pub(crate) fn offer(&self) -> Option<(Program, String)> {
        if self.all.is_empty() {
            return None;
        }
        let path = std::env::current_exe().unwrap_or_default();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Some((program(&self.executable), name))
    }
}

/// A function of the table.
struct Registered {
    function: Box<dyn Function>,
    executable: Rc<OnceCell<[u8; 32]>>,
}

impl Function for Registered {
    fn name(&self) -> &str {
        self.function.name()
    }

    fn kind(&self) -> Kind {
        self.function.kind()
    }

    fn says_at(&self) -> bool {
        self.function.says_at()
    }

    fn may_capture(&self) -> bool {
        self.function.may_capture()
    }

    fn program(&self) -> Program {
        program(&self.executable)
    }

    fn is_of_executable(&self) -> bool {
        true
    }

    fn is_known_to_agents(&self) -> bool {
        true
    }

    fn begin(&mut self) -> io::Result<()> {
        self.function.begin()
    }

    fn take_errors(&mut self) -> Vec<(i64, String)> {
        self.function.take_errors()
    }

    fn fold(&mut self, slice: Interval, tally: &mut Tally) -> i64 {
        self.function.fold(slice, tally)
    }
}

/// The executable of this process, by its digest, which is computed once.
fn program(executable: &OnceCell<[u8; 32]>) -> Program {
    Program::Executable(*executable.get_or_init(|| digest().unwrap_or_else(|_| different())))
}

/// The digest that `b2sum -l 256` prints for the executable of this process.
fn digest() -> io::Result<[u8; 32]> {
    // The link leads to the file that was started, even if another one has its name by now (proc(5)).
    let mut file = File::open("/proc/self/exe")?;
    let mut hasher = Blake2b::<U32>::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finalize().into()),
            Ok(length) => hasher.update(&buffer[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Stands for an executable that cannot be read: never the same as another one.
fn different() -> [u8; 32] {
    let mut bytes = [0; 32];
    // Without random bytes, the process number.
    let random = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty());
    if random.is_err() {
        bytes[..4].copy_from_slice(&std::process::id().to_le_bytes());
    }
    bytes
}
