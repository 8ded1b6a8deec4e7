//! `cargo xtask circles`: check that no files of a crate import each other in a circle.

mod graph;
mod imports;

use clap::Args;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use graph::Graph;
use imports::Module;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Check these crates [default: all below crates/, and xtask]
    #[arg(value_name = "DIRECTORY")]
    crates: Vec<PathBuf>,
}

pub(crate) fn main(arguments: &Arguments) -> ExitCode {
    let circles = match find(arguments) {
        Ok(circles) => circles,
        Err(error) => {
            eprintln!("xtask circles: {error}");
            return ExitCode::from(2);
        }
    };
    if circles == 0 {
        return ExitCode::SUCCESS;
    }
    eprintln!(
        "xtask circles: {circles} circles; move what two files need of each other into a third, below both"
    );
    ExitCode::FAILURE
}

/// Prints every circle with the imports between its files, and returns the number of circles.
fn find(arguments: &Arguments) -> Result<usize, String> {
    let mut crates = arguments.crates.clone();
    if crates.is_empty() {
        crates = directories(Path::new("crates"))?;
        crates.push(PathBuf::from("xtask"));
    }
    let mut circles = 0;
    for directory in crates {
        let source = directory.join("src");
        let mut modules = BTreeMap::new();
        read(&source, &source, &mut modules)?;
        let graph = Graph::of(&modules);
        for circle in graph.circles() {
            circles += 1;
            println!("circle of {} files in {}:", circle.len(), source.display());
            for (from, to, names) in graph.ties(&circle) {
                println!("  {from} imports {} from {to}", names.join(", "));
            }
        }
    }
    Ok(circles)
}

fn directories(parent: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", parent.display());
    let entries = std::fs::read_dir(parent).map_err(failed)?;
    let mut found: Vec<PathBuf> =
        entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    found.retain(|path| path.is_dir());
    found.sort();
    Ok(found)
}

/// Reads every file below `directory` except those of tests, by its module path.
fn read(
    root: &Path,
    directory: &Path,
    modules: &mut BTreeMap<Vec<String>, Module>,
) -> Result<(), String> {
    let failed = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let entries = std::fs::read_dir(directory).map_err(|error| failed(directory, error))?;
    for entry in entries {
        let path = entry.map_err(|error| failed(directory, error))?.path();
        if path.is_dir() {
            read(root, &path, modules)?;
            continue;
        }
        let Some(name) = imports::module_path(root, &path) else { continue };
        let text = std::fs::read_to_string(&path).map_err(|error| failed(&path, error))?;
        modules.insert(name, Module::parse(&text));
    }
    Ok(())
}
