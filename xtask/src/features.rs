//! `cargo xtask features`: builds the library with none and with each of its features alone.

use std::process::{Command, ExitCode};

/// The most crates of others that a program compiles which counts with a closure.
const MOST_CRATES: usize = 25;

/// The crates of this workspace that the library consists of.
const OURS: [&str; 2] = ["evenly", "evenly-core"];

pub(crate) fn main() -> ExitCode {
    match check() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask features: {error}");
            ExitCode::FAILURE
        }
    }
}

fn check() -> Result<(), String> {
    let crates = foreign_crates()?;
    println!("{} crates of others without a feature:", crates.len());
    println!("  {}", crates.join(", "));
    if crates.len() > MOST_CRATES {
        return Err(format!(
            "at most {MOST_CRATES} are allowed; put the new ones behind a feature"
        ));
    }
    let mut features = vec![String::new()];
    features.extend(names(&manifest()?));
    if features.len() < 2 {
        return Err("no features found in crates/evenly/Cargo.toml".to_owned());
    }
    for feature in features {
        println!("clippy with {}", if feature.is_empty() { "no feature" } else { &feature });
        let library = ["clippy", "--quiet", "--package", "evenly", "--features", &feature];
        cargo(&[&library[..], &["--", "--deny", "warnings"]].concat())?;
    }
    Ok(())
}

/// The crates that cargo compiles for a program that depends on the library without a feature.
fn foreign_crates() -> Result<Vec<String>, String> {
    let tree = ["tree", "--package", "evenly", "--edges", "normal,build", "--prefix", "none"];
    let printed = cargo(&[&tree[..], &["--format", "{p}"]].concat())?;
    let mut crates: Vec<String> = printed
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (name, version) = (words.next()?, words.next()?);
            (!OURS.contains(&name)).then(|| format!("{name} {version}"))
        })
        .collect();
    crates.sort_unstable();
    crates.dedup();
    Ok(crates)
}

/// The manifest of the library.
fn manifest() -> Result<String, String> {
    let path = "crates/evenly/Cargo.toml";
    std::fs::read_to_string(path).map_err(|error| format!("cannot read {path}: {error}"))
}

/// The features in a manifest, without `default`.
fn names(manifest: &str) -> Vec<String> {
    let section = manifest.lines().skip_while(|line| *line != "[features]").skip(1);
    let section = section.take_while(|line| !line.starts_with('['));
    let keys = section.filter_map(|line| line.split_once(" = ").map(|(key, _)| key.to_owned()));
    keys.filter(|key| key != "default").collect()
}

/// Runs cargo and returns its standard output.
fn cargo(arguments: &[&str]) -> Result<String, String> {
    let call = format!("cargo {}", arguments.join(" "));
    let run = Command::new("cargo").args(arguments).stderr(std::process::Stdio::inherit()).output();
    let output = run.map_err(|error| format!("cannot run {call}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{call}: {}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn every_feature_but_the_default_is_found() {
        let manifest = "[features]\ndefault = []\na = [\n    \"b\",\n]\nb = []\n\n[lib]\nc = 1\n";
        assert_eq!(names(manifest), ["a", "b"]);
    }
}
