//! The modules of a crate import each other in no circle, so that each can be understood by what is
//! below it. What a module only hands on (`pub use`) is imported from where it is made.

use std::collections::{BTreeMap, BTreeSet};

use crate::architecture::{code, sources};

type Path = Vec<String>;

#[derive(Default)]
struct Module {
    /// What it imports, or names by its whole path.
    takes: Vec<Path>,
    /// What it hands on, by name.
    hands_on: BTreeMap<String, Path>,
}

struct Modules(BTreeMap<Path, Module>);

impl Modules {
    fn read(folder: &str) -> Self {
        let above = folder.split('/').count();
        let files: BTreeMap<Path, String> = sources(folder)
            .into_iter()
            .filter(|(path, _)| !path.ends_with("tests.rs") && !path.iter().any(|it| it == "tests"))
            .map(|(path, text)| {
                let path = path.with_extension("");
                let parts = path.iter().skip(above).map(|part| part.to_string_lossy().into_owned());
                let parts = parts.filter(|part| !matches!(part.as_str(), "mod" | "lib" | "main"));
                (parts.collect(), code(&text))
            })
            .collect();
        let mut modules: BTreeMap<Path, Module> = BTreeMap::new();
        for (at, text) in &files {
            let mut module = Module::default();
            let mut rest = String::new();
            let mut lines = text.lines();
            while let Some(line) = lines.next() {
                let import = line.trim_start().split_once("use ").filter(|(before, _)| {
                    before.is_empty() || before.starts_with("pub") && before.ends_with([' ', ')'])
                });
                let Some((before, tree)) = import else {
                    rest.extend([line, "\n"]);
                    continue;
                };
                let mut tree = tree.to_owned();
                while !tree.ends_with(';')
                    && let Some(line) = lines.next()
                {
                    tree.push_str(line.trim());
                }
                for path in expand(tree.trim_end_matches(';')) {
                    let Some(path) = absolute(at, &path, &files) else { continue };
                    match path.last().cloned() {
                        Some(name) if !before.is_empty() => {
                            drop(module.hands_on.insert(name, path))
                        }
                        _ => module.takes.push(path),
                    }
                }
            }
            for root in ["crate::", "super::"] {
                for (place, _) in rest.match_indices(root) {
                    let named = rest.get(place..).unwrap_or_default();
                    let end = named.find(|c: char| !(c.is_alphanumeric() || "_:".contains(c)));
                    let named = named.get(..end.unwrap_or(named.len())).unwrap_or_default();
                    module.takes.extend(absolute(at, named.trim_end_matches(':'), &files));
                }
            }
            modules.insert(at.clone(), module);
        }
        Self(modules)
    }

    /// The module in which something is made.
    fn home(&self, path: &[String]) -> Path {
        let len = (0..=path.len()).rev().find(|len| self.0.contains_key(&path[..*len]));
        let (at, rest) = path.split_at(len.unwrap_or(0));
        let handed = rest.first().and_then(|name| self.0.get(at)?.hands_on.get(name));
        match handed.filter(|to| *to != path) {
            Some(to) => self.home(&[to, &rest[1..]].concat()),
            None => at.to_vec(),
        }
    }

    /// Goes on from the last module of the way; the first circle that is found.
    fn circle(&self, way: &mut Vec<Path>, done: &mut BTreeSet<Path>) -> Option<Vec<Path>> {
        let at = way.last()?.clone();
        let takes = self.0.get(&at).into_iter().flat_map(|module| &module.takes);
        for to in takes.map(|path| self.home(path)).filter(|to| *to != at) {
            if let Some(from) = way.iter().position(|before| *before == to) {
                return Some(way[from..].to_vec());
            }
            if !done.contains(&to) {
                way.push(to);
                let found = self.circle(way, done);
                if found.is_some() {
                    return found;
                }
                way.pop();
            }
        }
        done.insert(at);
        None
    }
}

/// The paths of a tree of imports.
fn expand(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((before, inner)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap_or_default().to_owned()];
    };
    let inner = inner.trim_end().trim_end_matches('}');
    let (mut depth, mut start, mut paths) = (0, 0, Vec::new());
    for (at, c) in inner.char_indices().chain([(inner.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let one = inner.get(start..at).unwrap_or_default();
                paths.extend(expand(one).into_iter().map(|path| format!("{before}{path}")));
                start = at + 1;
            }
            _ => {}
        }
    }
    paths
}

/// A path from the root of the library on; `None` for what is of another crate.
fn absolute(at: &[String], path: &str, files: &BTreeMap<Path, String>) -> Option<Path> {
    let mut parts: Path = path.split("::").map(str::to_owned).filter(|it| it != "self").collect();
    let first = parts.first()?.clone();
    match first.as_str() {
        "crate" => Some(parts.split_off(1)),
        "super" => {
            let up = parts.iter().take_while(|part| *part == "super").count();
            Some([&at[..at.len().checked_sub(up)?], &parts[up..]].concat())
        }
        _ => {
            let below = [at, &[first][..]].concat();
            files.contains_key(&below).then(|| [at, &parts[..]].concat())
        }
    }
}

#[track_caller]
fn assert_no_circle(folder: &str) -> Modules {
    let modules = Modules::read(folder);
    let mut done = BTreeSet::new();
    for at in modules.0.keys() {
        let circle = modules.circle(&mut vec![at.clone()], &mut done);
        let names: Vec<String> =
            circle.unwrap_or_default().iter().map(|path| path.join("::")).collect();
        assert!(names.is_empty(), "a circle in {folder}: {}", names.join(" -> "));
    }
    modules
}

#[test]
fn the_library_has_no_circles() {
    let modules = assert_no_circle("src");
    // What is not read would have no circles, either.
    let takes: usize = modules.0.values().map(|module| module.takes.len()).sum();
    assert!(modules.0.len() > 200 && takes > 1000, "{} modules, {takes}", modules.0.len());
    assert!(modules.0.values().any(|module| !module.hands_on.is_empty()));
}

#[test]
fn neither_has_what_it_runs_in_outside_of_a_browser() {
    assert_no_circle("native/src");
    assert_no_circle("proxy/src");
}
