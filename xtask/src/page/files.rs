//! The files of the page, as Trunk names and links them: the server and the script that starts a worker go by these names.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256, Sha384};

use super::bindgen::Bound;
use super::html::{Asset, Line, Program};
use super::split::{self, Cut};
use crate::paths;

/// Where the server has them, as in Trunk.toml.
const FOLDER: &str = "/-/assets/";

/// The part that links to images need at once (`www/src/pages/parts.rs`).
const FIRST: &str = "image";

/// Names the files of that part for `www/assets/boot.js`.
pub(super) const FIRST_META: &str = "drydock-image";

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
            Asset::File(path) => {
                let (name, bytes) = source(path)?;
                self.add(name, bytes);
                String::new()
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
        let (file, bytes) = source(path)?;
        let (stem, extension) = file.rsplit_once('.').unwrap_or((&file, "bin"));
        let name = format!("{stem}-{}.{extension}", short_digest(&bytes));
        let integrity = integrity(&bytes);
        Ok((self.add(name, bytes), integrity))
    }

    /// The page asks for the worker by name, so its files have no digest in theirs.
    fn worker(&mut self, name: &str, bound: Bound) {
        self.add(format!("{name}.js"), bound.script);
        self.add(format!("{name}_bg.wasm"), bound.wasm);
    }

    fn main(&mut self, name: &str, bound: Bound, preloads: &mut String) -> String {
        let mut digest = short_digest(&[bound.script.as_slice(), &bound.wasm].concat());
        let mut program = bound.script;
        if let Some(parts) = bound.parts {
            let script = self.parts(name, parts, preloads);
            digest = short_digest(&[digest.as_bytes(), script.as_bytes()].concat());
            let (theirs, ours) = (split::script_name(name), format!("{name}-{digest}_parts.js"));
            // Each of the two scripts asks for the other one, so both bear the digest of both. What
            // the program itself calls the script it is given stays.
            let import = |name: &str| format!("from \"./{name}\"");
            program =
                String::from_utf8_lossy(&program).replace(&import(&theirs), &import(&ours)).into();
            let script = script.replace(&format!("./{name}.js"), &format!("./{name}-{digest}.js"));
            preloads.push_str(&module_preload(&self.add_script(ours, script.into_bytes())));
        }
        let hashed = format!("{name}-{digest}");
        let program = self.add_script(format!("{hashed}.js"), program);
        preloads.push_str(&module_preload(&program));
        // Browsers look at no integrity of what `fetch` asks for, and say so in the console.
        let wasm = self.add(format!("{hashed}_bg.wasm"), bound.wasm);
        preloads.push_str(&format!(
            r#"    <link rel="preload" href="{wasm}" crossorigin="anonymous" as="fetch" type="application/wasm">
"#
        ));
        let (script, _) = program;
        format!(
            r#"<script type="module">
import init, * as bindings from '{script}';
const wasm = await init({{ module_or_path: '{wasm}' }});
window.wasmBindings = bindings;
dispatchEvent(new CustomEvent("TrunkApplicationStarted", {{detail: {{wasm}}}}));
</script>"#
        )
    }

    /// Adds the parts of a program, and returns the script that loads them.
    fn parts(&mut self, name: &str, parts: Cut, preloads: &mut String) -> String {
        let mut script = parts.script;
        let mut first = Vec::new();
        for (theirs, bytes) in parts.files {
            let stem = theirs.trim_end_matches(".wasm");
            let ours = format!("{name}-{stem}-{}.wasm", short_digest(&bytes));
            script = script.replace(&format!("./{theirs}"), &format!("./{ours}"));
            let link = self.add(ours, bytes);
            if parts.needs.get(FIRST).is_some_and(|needed| needed.contains(&theirs)) {
                first.push(link);
            }
        }
        preloads.push_str(&format!(
            "    <meta name=\"{FIRST_META}\" content=\"{}\">\n",
            first.join(" ")
        ));
        script
    }

    /// Adds a script and returns the link to it and its digest for `integrity`.
    fn add_script(&mut self, name: String, bytes: Vec<u8>) -> (String, String) {
        let integrity = integrity(&bytes);
        (self.add(name, bytes), integrity)
    }

    /// Adds a file and returns the link to it.
    fn add(&mut self, name: String, bytes: Vec<u8>) -> String {
        let link = format!("{FOLDER}{name}");
        self.0.push((name, bytes));
        link
    }
}

/// The name of a file of `www`, and what is in it.
fn source(path: &str) -> Result<(String, Vec<u8>)> {
    let source = paths::root().join("www").join(path);
    let bytes = fs::read(&source).with_context(|| format!("can't read {}", source.display()))?;
    let name = Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok((name, bytes))
}

fn module_preload((link, integrity): &(String, String)) -> String {
    format!(
        r#"    <link rel="modulepreload" href="{link}" crossorigin="anonymous" integrity="{integrity}">
"#
    )
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
    use super::{Bound, Cut, Files};
    use crate::page::html::{self, Line};

    fn files() -> Files {
        let lines: Vec<Line> =
            html::parse(include_str!("../../../www/index.html")).expect("www/index.html");
        Files::of(&lines, |program| Ok(bound(program))).expect("files")
    }

    /// A program in two parts, of which images need one.
    fn bound(program: &html::Program) -> Bound {
        let parts = Cut {
            script: "import { initSync } from \"./app.js\"; fetch(\"./split_image.wasm\"); fetch(\"./split_more.wasm\");".to_owned(),
            files: ["split_image.wasm", "split_more.wasm"]
                .map(|name| (name.to_owned(), name.into()))
                .into(),
            needs: [("image".to_owned(), vec!["split_image.wasm".to_owned()])].into(),
        };
        Bound {
            script:
                "import * as parts from \"./app_parts.js\"\nimports = { \"./app_parts.js\": parts }"
                    .into(),
            wasm: b"\0asm".to_vec(),
            parts: (!program.is_worker).then_some(parts),
        }
    }

    fn text(files: &Files, wanted: impl Fn(&str) -> bool) -> String {
        let (_, bytes) = files.0.iter().find(|(name, _)| wanted(name)).expect("the file");
        String::from_utf8_lossy(bytes).into_owned()
    }

    #[test]
    fn scripts_and_parts_name_each_other_as_they_are_called() {
        let files = files();
        let program = text(&files, |name| {
            name.starts_with("app-") && name.ends_with(".js") && !name.ends_with("_parts.js")
        });
        let parts = text(&files, |name| name.ends_with("_parts.js"));
        assert!(program.contains("{ \"./app_parts.js\": parts }"), "{program}");
        let (import, _) = program.split_once('\n').expect("two lines");
        let named = import.split('"').chain(parts.split('"'));
        let named: Vec<&str> = named.filter_map(|text| text.strip_prefix("./")).collect();
        assert_eq!(named.len(), 4, "{program} {parts}");
        for name in named {
            assert!(files.0.iter().any(|(file, _)| file == name), "{name} is no file");
        }
    }

    #[test]
    fn the_page_says_which_files_images_need() {
        let html = text(&files(), |name| name == "index.html");
        let (_, meta) = html.split_once("drydock-image\" content=\"").expect("the element");
        let named = meta.split('"').next().unwrap_or_default();
        assert!(named.starts_with("/-/assets/app-split_image-"), "{named}");
        assert!(!named.contains(' '), "{named}");
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
        for name in ["worker_start.js", "worker.js", "worker_bg.wasm"] {
            assert!(files().0.iter().any(|(file, _)| file == name), "{name}");
        }
    }
}
