//! Graph of the imports between the files of a crate, and its strongly connected components.

use std::collections::{BTreeMap, BTreeSet};

use super::imports::Module;

/// The modules of a crate by their paths.
type Modules = BTreeMap<Vec<String>, Module>;

/// The imported names, by importing module and by defining module.
pub(super) struct Graph {
    edges: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
}

impl Graph {
    pub(super) fn of(modules: &Modules) -> Self {
        let mut edges: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
        for (path, module) in modules {
            let from = edges.entry(named(path)).or_default();
            for import in module.imports.iter().filter(|import| !import.is_passed_on) {
                let Some(target) = absolute(modules, path, &import.path) else { continue };
                let target = defined_in(modules, &target, 0);
                if target != *path {
                    let name = import.path.last().cloned().unwrap_or_default();
                    from.entry(named(&target)).or_default().insert(name);
                }
            }
        }
        Self { edges }
    }

    /// The sets of two or more modules that reach each other.
    pub(super) fn circles(&self) -> Vec<Vec<String>> {
        let reach: BTreeMap<&str, BTreeSet<&str>> =
            self.edges.keys().map(|from| (from.as_str(), self.reached(from))).collect();
        let mut seen = BTreeSet::new();
        let mut circles = Vec::new();
        for from in self.edges.keys().map(String::as_str) {
            let circle: Vec<String> = reach[from]
                .iter()
                .filter(|to| reach.get(*to).is_some_and(|back| back.contains(from)))
                .map(|to| (*to).to_owned())
                .collect();
            if circle.len() > 1 && seen.insert(circle.clone()) {
                circles.push(circle);
            }
        }
        circles
    }

    /// The imports between the modules of a circle.
    pub(super) fn ties<'a>(
        &'a self,
        circle: &'a [String],
    ) -> impl Iterator<Item = (&'a str, &'a str, Vec<&'a str>)> {
        circle.iter().flat_map(move |from| {
            self.edges[from].iter().filter(|(to, _)| circle.contains(to)).map(move |(to, names)| {
                (from.as_str(), to.as_str(), names.iter().map(String::as_str).collect())
            })
        })
    }

    fn reached<'a>(&'a self, from: &'a str) -> BTreeSet<&'a str> {
        let mut reached = BTreeSet::new();
        let mut waiting = vec![from];
        while let Some(from) = waiting.pop() {
            for to in self.edges.get(from).into_iter().flat_map(BTreeMap::keys) {
                if reached.insert(to.as_str()) {
                    waiting.push(to);
                }
            }
        }
        reached
    }
}

fn named(path: &[String]) -> String {
    if path.is_empty() { "the root of the crate".to_owned() } else { path.join("::") }
}

/// The path from the root of the crate; `None` for a path into another crate.
fn absolute(modules: &Modules, module: &[String], path: &[String]) -> Option<Vec<String>> {
    let mut rest = path;
    let mut from = module.to_vec();
    match path.first()?.as_str() {
        "crate" => {
            from.clear();
            rest = &path[1..];
        }
        "self" => rest = &path[1..],
        "super" => {
            while rest.first().is_some_and(|part| part == "super") {
                from.pop()?;
                rest = &rest[1..];
            }
        }
        first => {
            let child = [&from[..], &[first.to_owned()]].concat();
            if !modules.contains_key(&child) {
                return None;
            }
        }
    }
    from.extend(rest.iter().cloned());
    Some(from)
}

/// The module that defines an item: follows re-exports.
fn defined_in(modules: &Modules, item: &[String], depth: usize) -> Vec<String> {
    let mut module = item.to_vec();
    while !module.is_empty() && !modules.contains_key(&module) {
        module.pop();
    }
    // The item is a module, or the re-exports form a loop.
    if module.len() == item.len() || depth > 8 {
        return module;
    }
    let name = &item[module.len()];
    let passes_on = modules[&module]
        .imports
        .iter()
        .find(|import| import.is_passed_on && import.path.last() == Some(name));
    match passes_on.and_then(|import| absolute(modules, &module, &import.path)) {
        Some(target) if target != item => defined_in(modules, &target, depth + 1),
        _ => module,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(files: &[(&str, &str)]) -> Graph {
        let modules = files.iter().map(|(name, text)| {
            let path =
                name.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
            (path, Module::parse(text))
        });
        Graph::of(&modules.collect())
    }

    #[test]
    fn files_that_import_each_other_are_a_circle() {
        let found = graph(&[("", "mod a;"), ("a", "use crate::b::B;"), ("b", "use super::a::A;")]);
        assert_eq!(found.circles(), [["a", "b"]]);
        assert_eq!(found.ties(&found.circles()[0]).count(), 2);
    }

    #[test]
    fn one_way_is_no_circle() {
        assert!(
            graph(&[("", "use a::A;"), ("a", "use super::b::B;"), ("b", "")]).circles().is_empty()
        );
    }

    #[test]
    fn a_name_that_is_passed_on_leads_to_its_file() {
        let facade = [("", ""), ("f", "pub use a::A;"), ("f::a", "use super::B;"), ("f::b", "")];
        assert!(graph(&facade).circles().is_empty());
        let circle = [
            ("", ""),
            ("f", "pub use b::B;"),
            ("f::a", "use super::B;"),
            ("f::b", "use super::a::A;"),
        ];
        assert_eq!(graph(&circle).circles(), [["f::a", "f::b"]]);
    }
}
