//! The JavaScript around a wasm file, by the library of the program `wasm-bindgen`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use super::split::Cut;

/// A program as the browser takes it.
pub(super) struct Bound {
    pub(super) script: Vec<u8>,
    pub(super) wasm: Vec<u8>,
    /// What was cut out of it.
    pub(super) parts: Option<Cut>,
}

/// `work` is a folder for what is made on the way. Parts that were cut out of a program need its memory
/// and its table, so these stay exported where `has_parts`.
pub(super) fn bind(compiled: &Path, name: &str, has_parts: bool, work: &Path) -> Result<Bound> {
    let mut output = Bindgen::new()
        .web(true)?
        .keep_lld_exports(has_parts)
        .omit_default_module_path(false)
        // The names of functions are a third of the size, and nothing that runs needs them.
        .remove_name_section(true)
        // Scripts name some closures; of a program in one piece they do as Trunk's.
        .demangle(!has_parts)
        .remove_producers_section(true)
        .input_path(compiled)
        .out_name(name)
        .generate_output()
        .with_context(|| format!("wasm-bindgen can't read {}", compiled.display()))?;
    if output.snippets().values().any(|scripts| !scripts.is_empty())
        || !output.local_modules().is_empty()
        || !output.npm_dependencies().is_empty()
    {
        bail!(
            "{name} brings JavaScript of its own along (`wasm_bindgen(module = …)` or `inline_js`), which xtask/src/page does not put into the page"
        );
    }
    output.emit(work)?;
    let read = |file: String| {
        let path = work.join(file);
        fs::read(&path).with_context(|| format!("wasm-bindgen wrote no {}", path.display()))
    };
    Ok(Bound {
        script: read(format!("{name}.js"))?,
        wasm: read(format!("{name}_bg.wasm"))?,
        parts: None,
    })
}
