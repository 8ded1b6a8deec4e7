//! Size of the program, and the time and crates of its build.

use std::collections::BTreeSet;
use std::fs;
use std::time::Instant;

use super::findings::Findings;
use crate::paths::Paths;
use crate::table::{Table, significant};

pub(crate) fn measure(paths: &Paths) -> Result<Findings, String> {
    let binary = fs::metadata(&paths.evenly).map_err(|error| error.to_string())?.len();
    let (others, ours) = crates(paths)?;
    let clean_build_s = clean_build_s(paths)?;

    let mut table = Table::new("Size: the binary, its crates, its build", "", &["figure", "value"]);
    let mut row = |name: &str, value: String| table.rows.push(vec![name.into(), value]);
    row("binary", format!("{} MiB", significant(binary as f64 / f64::from(1 << 20))));
    row("crates in it, ours", ours.to_string());
    row("crates in it, of others", others.to_string());
    row("clean release build", format!("{} s", significant(clean_build_s)));
    Ok(Findings { table, failures: Vec::new() })
}

/// How many crates the binary is made of: those of others, and those of this workspace, which
/// cargo prints with their path.
fn crates(paths: &Paths) -> Result<(usize, usize), String> {
    let mut cargo = paths.cargo();
    cargo.args(["tree", "-p", "evenly-cli", "-e", "normal", "--prefix", "none"]);
    let output = cargo.output().map_err(|error| format!("cannot run cargo: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo tree: {}", String::from_utf8_lossy(&output.stderr).trim_end()));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    // A crate that was printed before comes again with a mark.
    let names: BTreeSet<&str> = text.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    let ours = names.iter().filter(|name| name.contains(" (/")).count();
    Ok((names.len() - ours, ours))
}

/// Builds the release binary into an empty target directory. What it depends on is downloaded
/// before the clock starts.
fn clean_build_s(paths: &Paths) -> Result<f64, String> {
    let target = paths.bench.join("clean");
    let remove = || match fs::remove_dir_all(&target) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{}: {error}", target.display()))
        }
        _ => Ok(()),
    };
    let fetched = paths.cargo().args(["fetch", "--quiet"]).status();
    if !fetched.is_ok_and(|status| status.success()) {
        return Err("cargo fetch failed".into());
    }
    remove()?;
    let started = Instant::now();
    paths.cargo_build("evenly-cli", &target, "")?;
    let elapsed = started.elapsed();
    remove()?;
    Ok(elapsed.as_secs_f64())
}
