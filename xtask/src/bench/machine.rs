//! Description of the machine on which the figures were measured.

use std::path::PathBuf;

use crate::paths::{Paths, first_line, installed};
use crate::table::Style;

pub(crate) fn describe(paths: &Paths, style: Style) -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let compiler = ["cc", "gcc", "clang"].into_iter().find_map(installed);
    let facts = [
        ("processor", processor()),
        ("cores", cores.to_string()),
        ("kernel", format!("Linux {}", release.trim())),
        ("evenly", first_line(&paths.evenly, &["--version"])),
        ("rustc", first_line("rustc", &["--version"])),
        ("C", compiler.map_or_else(String::new, |path: PathBuf| first_line(path, &["--version"]))),
        ("rivals", rivals()),
    ];
    let lines = facts.iter().filter(|(_, value)| !value.is_empty());
    match style {
        Style::Text => lines.map(|(name, value)| format!("{name:<10} {value}\n")).collect(),
        Style::Markdown => lines.map(|(name, value)| format!("- {name}: {value}\n")).collect(),
    }
}

/// The model, and the widest vectors, which say more about this work than the model does.
fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = info.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':')).map_or("", |(_, value)| value.trim())
    };
    let flags = field("flags");
    let has = |flag: &str| flags.split(' ').any(|it| it == flag);
    let vectors = match () {
        () if has("avx512f") => ", AVX-512",
        () if has("avx2") => ", AVX2",
        () => "",
    };
    format!("{}{vectors}", field("model name"))
}

/// The versions of those rivals that are installed rather than built.
fn rivals() -> String {
    let version = |program| {
        let line = first_line(installed(program)?, &["--version"]);
        // One of them adds its address.
        Some(line.split(", <").next().unwrap_or_default().to_owned())
    };
    let versions: Vec<String> =
        ["parallel", "xargs", "primesieve"].into_iter().filter_map(version).collect();
    versions.join(", ")
}
