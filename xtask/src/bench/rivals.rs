//! Rival programs: those that the benchmark builds, and those that are installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::options::Section;
use crate::paths::{Paths, first_line, installed};

/// The program of each rival, or nothing where it is not installed.
#[derive(Default)]
pub(crate) struct Rivals {
    /// The exercise in C, `-O2`.
    pub(crate) exercise_o2: Option<PathBuf>,
    /// The exercise in C, `-O3 -march=native`.
    pub(crate) exercise_o3: Option<PathBuf>,
    pub(crate) pipe_records: Option<PathBuf>,
    pub(crate) ping_pong: Option<PathBuf>,
    /// What starts processes, what is started, and what answers lines.
    pub(crate) spawn: Option<PathBuf>,
    pub(crate) trivial: Option<PathBuf>,
    pub(crate) coprocess: Option<PathBuf>,
    /// One loop over a function of a library, and two such libraries.
    pub(crate) library: Option<PathBuf>,
    pub(crate) residue: Option<PathBuf>,
    pub(crate) collatz: Option<PathBuf>,
    /// Primes by trial division with OpenMP, and by forked processes that take one chunk at a time.
    pub(crate) skew: Option<PathBuf>,
    /// Calls of the library over closures.
    pub(crate) closures: Option<PathBuf>,
    pub(crate) rayon_default: Option<PathBuf>,
    pub(crate) rayon_native: Option<PathBuf>,
    /// Loops of number theory in Rust.
    pub(crate) known_results: Option<PathBuf>,
    pub(crate) parallel: Option<PathBuf>,
    pub(crate) xargs: Option<PathBuf>,
}

impl Rivals {
    /// Builds what these sections need.
    pub(crate) fn build(paths: &Paths, sections: &[Section]) -> Result<Self, String> {
        let needed = |wanted: &[Section]| sections.iter().any(|section| wanted.contains(section));
        let mut rivals =
            Self { parallel: gnu_parallel(), xargs: installed("xargs"), ..Self::default() };

        if let Some(compiler) = ["cc", "gcc", "clang"].into_iter().find_map(installed) {
            let c = |source, name, flags| build_c(paths, &compiler, source, name, flags).map(Some);
            rivals.exercise_o2 = c("exercise.c", "exercise-O2", &["-O2"])?;
            rivals.exercise_o3 = c("exercise.c", "exercise-O3", &["-O3", "-march=native"])?;
            rivals.pipe_records = c("pipe_records.c", "pipe_records", &["-O2"])?;
            rivals.ping_pong = c("ping_pong.c", "ping_pong", &["-O2"])?;
            rivals.spawn = c("spawn.c", "spawn", &["-O2"])?;
            rivals.trivial = c("trivial.c", "true", &["-O2"])?;
            rivals.coprocess = c("coprocess.c", "coprocess", &["-O2"])?;
            if needed(&[Section::Closures]) {
                rivals.skew = c("skew.c", "skew", &["-O2", "-fopenmp"])?;
            }
            if needed(&[Section::Library]) {
                const SHARED: [&str; 3] = ["-O2", "-shared", "-fPIC"];
                let collatz = "../../../examples/lib/collatz.c";
                rivals.library = c("library.c", "library", &["-O2"])?;
                rivals.residue = c("residue.c", "residue.so", &SHARED)?;
                rivals.collatz = c(collatz, "collatz.so", &SHARED)?;
            }
        }
        if needed(&[Section::Compute, Section::Expression, Section::Dispatch, Section::Closures]) {
            let rayon = build_rayon(paths, "rayon-default", "")?;
            rivals.closures = Some(rayon.with_file_name("closures"));
            rivals.rayon_default = Some(rayon);
        }
        if needed(&[Section::Questions]) {
            rivals.known_results = Some(build_known_results(paths)?);
        }
        if needed(&[Section::Compute]) {
            let native = build_rayon(paths, "rayon-native", "-C target-cpu=native")?;
            rivals.rayon_native = Some(native);
        }
        Ok(rivals)
    }
}

/// GNU parallel, and not the program of the same name in moreutils.
fn gnu_parallel() -> Option<PathBuf> {
    installed("parallel").filter(|p| first_line(p, &["--version"]).starts_with("GNU parallel"))
}

fn build_c(
    paths: &Paths,
    compiler: &Path,
    source: &str,
    name: &str,
    flags: &[&str],
) -> Result<PathBuf, String> {
    let program = paths.bench.join(name);
    let source = paths.root.join("bench/compare/c").join(source);
    let mut command = Command::new(compiler);
    command.args(flags).arg("-o").arg(&program).arg(&source);
    match command.status() {
        Ok(status) if status.success() => Ok(program),
        Ok(status) => Err(format!("compiling {} failed ({status})", source.display())),
        Err(error) => Err(format!("cannot run {}: {error}", compiler.display())),
    }
}

/// The loops are one file: the compiler alone builds it.
fn build_known_results(paths: &Paths) -> Result<PathBuf, String> {
    let program = paths.bench.join("known_results");
    let source = paths.root.join("bench/compare/known_results.rs");
    let mut command = Command::new("rustc");
    command.args(["--edition", "2024", "-C", "opt-level=3", "-o"]).arg(&program).arg(&source);
    match command.status() {
        Ok(status) if status.success() => Ok(program),
        Ok(status) => Err(format!("compiling {} failed ({status})", source.display())),
        Err(error) => Err(format!("cannot run rustc: {error}")),
    }
}

/// Each set of flags has its own target directory, or each would undo the other's build.
fn build_rayon(paths: &Paths, directory: &str, rustflags: &str) -> Result<PathBuf, String> {
    let target = paths.bench.join(directory);
    paths.cargo_build("evenly-compare", &target, rustflags)?;
    Ok(target.join("release").join("rayon"))
}
