//! The files of the page, as Trunk names and links them: the server and the worker's loader go by these names.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256, Sha384};

use super::bindgen::Bound;
use super::html::{Asset, Line, Program};
use crate::paths;

/// Where the server has them, as in Trunk.toml.
const FOLDER: &str = "/-/assets/";

/// The page, file by file.
#[derive(Default)]
pub(super) struct Files(pub(super) Vec<(String, Vec<u8>)>);

impl Files {
    /// `bound` gives what became of a program.
    pub(super) fn of(lines: &[Line], bound: impl Fn(&Program) -> Result<Bound>) -> Result<Self> {
        let mut files = Self::default();
        let mut html = String::new();
        let mut preloads = String::new();
        for line in lines {
            match line {
                Line::Text(text) if text.trim() == "</head>" => {
                    html.push_str(&preloads);
                    html.push_str(text);
                }
                Line::Text(text) => html.push_str(text),
                Line::Asset { indent, asset } => {
                    html.push_str(indent);
                    html.push_str(&files.element(asset, &bound, &mut preloads)?);
                }
            }
            html.push('\n');
        }
        files.add("index.html".to_owned(), html.into_bytes());
        Ok(files)
    }

    /// Adds the files that an element asks for, and returns what stands in its place.
    fn element(
        &mut self,
        asset: &Asset,
        bound: impl Fn(&Program) -> Result<Bound>,
        preloads: &mut String,
    ) -> Result<String> {
        Ok(match asset {
            Asset::Icon(path) => {
                let (link, integrity) = self.copy(path)?;
                format!(r#"<link rel="icon" href="{link}" integrity="{integrity}"/>"#)
            }
            Asset::Style(path) => {
                let (link, integrity) = self.copy(path)?;
                format!(r#"<link rel="stylesheet" href="{link}" integrity="{integrity}"/>"#)
            }
            Asset::Script(path) => {
                let (link, integrity) = self.copy(path)?;
                format!(r#"<script src="{link}" integrity="{integrity}"></script>"#)
            }
            Asset::Program(program) if program.is_worker => {
                self.worker(&program.name, bound(program)?);
                String::new()
            }
            Asset::Program(program) => self.main(&program.name, bound(program)?, preloads),
        })
    }

    /// A file of `www`, with its digest in the name.
    fn copy(&mut self, path: &str) -> Result<(String, String)> {
        let source = paths::root().join("www").join(path);
        let bytes =
            fs::read(&source).with_context(|| format!("can't read {}", source.display()))?;
        let file = Path::new(path).file_name().unwrap_or_default().to_string_lossy();
        let (stem, extension) = file.rsplit_once('.').unwrap_or((&file, "bin"));
        let name = format!("{stem}-{}.{extension}", short_digest(&bytes));
        let integrity = integrity(&bytes);
        Ok((self.add(name, bytes), integrity))
    }

    /// The page asks for the worker by name, so its files have no digest in theirs.
    fn worker(&mut self, name: &str, bound: Bound) {
        let loader = format!("import init from './{name}.js';await init();");
        self.add(format!("{name}_loader.js"), loader.into_bytes());
        self.add(format!("{name}.js"), bound.script);
        self.add(format!("{name}_bg.wasm"), bound.wasm);
    }

    fn main(&mut self, name: &str, bound: Bound, preloads: &mut String) -> String {
        let digest = short_digest(&[bound.script.as_slice(), &bound.wasm].concat());
        let hashed = format!("{name}-{digest}");
        // Browsers look at no integrity of what `fetch` asks for, and say so in the console.
        let script_integrity = integrity(&bound.script);
        let script = self.add(format!("{hashed}.js"), bound.script);
        let wasm = self.add(format!("{hashed}_bg.wasm"), bound.wasm);
        *preloads = format!(
            r#"    <link rel="modulepreload" href="{script}" crossorigin="anonymous" integrity="{script_integrity}">
    <link rel="preload" href="{wasm}" crossorigin="anonymous" as="fetch" type="application/wasm">
"#
        );
        format!(
            r#"<script type="module">
import init, * as bindings from '{script}';
const wasm = await init({{ module_or_path: '{wasm}' }});
window.wasmBindings = bindings;
dispatchEvent(new CustomEvent("TrunkApplicationStarted", {{detail: {{wasm}}}}));
</script>"#
        )
    }

    /// Adds a file and returns the link to it.
    fn add(&mut self, name: String, bytes: Vec<u8>) -> String {
        let link = format!("{FOLDER}{name}");
        self.0.push((name, bytes));
        link
    }
}

/// Sixteen hexadecimal digits: the server lets browsers keep a file with such a name for ever.
fn short_digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// For the attribute `integrity` (Subresource Integrity section 3.5).
fn integrity(bytes: &[u8]) -> String {
    format!("sha384-{}", STANDARD.encode(Sha384::digest(bytes)))
}

#[cfg(test)]
mod tests {
    use super::{Bound, Files};
    use crate::page::html::{self, Line};

    fn files() -> Files {
        let lines: Vec<Line> =
            html::parse(include_str!("../../../www/index.html")).expect("www/index.html");
        let bound = |program: &html::Program| {
            Ok(Bound { script: program.name.clone().into(), wasm: b"\0asm".to_vec() })
        };
        Files::of(&lines, bound).expect("files")
    }

    #[test]
    fn every_link_has_its_file() {
        let files = files();
        let (_, html) = files.0.iter().find(|(name, _)| name == "index.html").expect("index.html");
        let html = String::from_utf8_lossy(html).into_owned();
        let linked: Vec<&str> =
            html.split(['"', '\'']).filter_map(|text| text.strip_prefix("/-/assets/")).collect();
        assert!(linked.len() > 10, "{html}");
        for link in linked {
            assert!(files.0.iter().any(|(name, _)| name == link), "{link} is no file");
        }
        assert!(!html.contains("data-trunk"), "{html}");
    }

    #[test]
    fn the_worker_is_found_by_name() {
        for name in ["worker_loader.js", "worker.js", "worker_bg.wasm"] {
            assert!(files().0.iter().any(|(file, _)| file == name), "{name}");
        }
    }
}
