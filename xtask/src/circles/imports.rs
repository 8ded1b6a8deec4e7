//! Reads the `use` declarations of a source file.

use std::path::Path;

/// One name that a declaration brings in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Import {
    /// The path, the name last: `["super", "frame", "Frame"]`.
    pub(super) path: Vec<String>,
    /// Whether the module passes the name on (`pub use`): then it is an alias, not a dependency.
    pub(super) is_passed_on: bool,
}

/// What a file imports.
#[derive(Clone, Debug, Default)]
pub(super) struct Module {
    pub(super) imports: Vec<Import>,
}

/// The path of the module that a file holds; `None` for tests and for what is no Rust.
pub(super) fn module_path(root: &Path, file: &Path) -> Option<Vec<String>> {
    let relative = file.strip_prefix(root).ok()?.with_extension("");
    if file.extension()? != "rs" {
        return None;
    }
    let mut path: Vec<String> =
        relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if path.iter().any(|part| part == "tests" || part.ends_with("_tests") || part == "conformance")
    {
        return None;
    }
    if matches!(path.last()?.as_str(), "mod" | "lib" | "main") {
        path.pop();
    }
    Some(path)
}

impl Module {
    /// Reads the declarations up to the tests at the end of the file.
    pub(super) fn parse(text: &str) -> Self {
        let mut imports = Vec::new();
        let mut lines = text.lines().peekable();
        let mut is_of_tests = false;
        while let Some(line) = lines.next() {
            let line = line.trim();
            if line == "#[cfg(test)]" {
                is_of_tests = true;
                continue;
            }
            if is_of_tests && line.starts_with("mod ") && line.ends_with('{') {
                break;
            }
            if let Some((visibility, rest)) = declaration(line) {
                let mut tree = rest.to_owned();
                while !tree.contains(';') {
                    let Some(next) = lines.next() else { break };
                    tree.push_str(next.trim());
                }
                if !is_of_tests {
                    let is_passed_on = !visibility.is_empty();
                    let tree = tree.split(';').next().unwrap_or_default();
                    expand(tree, &mut Vec::new(), is_passed_on, &mut imports);
                }
            }
            is_of_tests = is_of_tests && line.starts_with("#[");
        }
        Self { imports }
    }
}

/// Splits `pub(crate) use a::b;` into its visibility and what stands behind `use`.
fn declaration(line: &str) -> Option<(&str, &str)> {
    if let Some(rest) = line.strip_prefix("use ") {
        return Some(("", rest));
    }
    let (visibility, rest) = line.split_once(" use ")?;
    let is_one =
        visibility == "pub" || (visibility.starts_with("pub(") && visibility.ends_with(')'));
    is_one.then_some((visibility, rest))
}

/// Writes out `a::{b, c::{d, self}}` as the paths that it stands for.
fn expand(tree: &str, before: &mut Vec<String>, is_passed_on: bool, imports: &mut Vec<Import>) {
    let tree = tree.trim();
    if tree.is_empty() {
        return;
    }
    let depth = before.len();
    let (head, group) = match tree.split_once('{') {
        Some((head, group)) => (head, group.trim_end().strip_suffix('}')),
        None => (tree, None),
    };
    let head = head.split(" as ").next().unwrap_or_default();
    before
        .extend(head.split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned));
    match group {
        Some(group) => {
            for one in split(group) {
                expand(one, before, is_passed_on, imports);
            }
        }
        None => {
            if before.len() > 1 && before.last().is_some_and(|name| name == "self") {
                before.pop();
            }
            imports.push(Import { path: before.clone(), is_passed_on });
        }
    }
    before.truncate(depth);
}

/// Splits at the commas that stand in no inner group.
fn split(group: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, one) in group.char_indices() {
        match one {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&group[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&group[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        Module::parse(text).imports.iter().map(|import| import.path.join("::")).collect()
    }

    #[test]
    fn groups_are_written_out() {
        let text =
            "use super::frame::{self, Frame};\npub(crate) use crate::a::{b::{c, d as e}, f};";
        let expected = [
            "super::frame",
            "super::frame::Frame",
            "crate::a::b::c",
            "crate::a::b::d",
            "crate::a::f",
        ];
        assert_eq!(paths(text), expected);
        let passed_on: Vec<bool> =
            Module::parse(text).imports.iter().map(|import| import.is_passed_on).collect();
        assert_eq!(passed_on, [false, false, true, true, true]);
    }

    #[test]
    fn a_declaration_may_have_several_lines() {
        assert_eq!(paths("use a::{\n    b,\n    c,\n};\nfn f() {}"), ["a::b", "a::c"]);
    }

    #[test]
    fn tests_are_left_out() {
        let text = "use a::b;\n#[cfg(test)]\nuse c::d;\nuse e::f;\n#[cfg(test)]\nmod tests {\n use g::h;\n}";
        assert_eq!(paths(text), ["a::b", "e::f"]);
    }
}
