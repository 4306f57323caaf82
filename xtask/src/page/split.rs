//! Cuts what the first view does not need out of a program, into files that the browser loads later.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use walrus::ModuleConfig;
use wasm_split_cli_support::Options;

/// A program and what was cut out of it, before it is bound to JavaScript.
pub(super) struct Cut {
    /// The script that loads the parts; the program asks for it, and it for the program's own.
    pub(super) script: String,
    /// The parts by the names that the script has for them.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// For each part the files that it is made of.
    pub(super) needs: BTreeMap<String, Vec<String>>,
}

/// The script that loads the parts of a program.
pub(super) fn script_name(program: &str) -> String {
    format!("{program}_parts.js")
}

/// Cuts `compiled`, which was linked with `--emit-relocs`, and writes what stays to `main`.
pub(super) fn cut(compiled: &Path, program: &str, main: &Path, work: &Path) -> Result<Cut> {
    let bytes = fs::read(compiled).with_context(|| format!("can't read {}", compiled.display()))?;
    let (script, module) = (format!("./{}", script_name(program)), format!("./{program}.js"));
    let mut options = Options::new(&bytes);
    options.output_dir = work;
    options.main_out_path = main;
    options.link_name = &script;
    options.main_module = &module;
    let made = wasm_split_cli_support::transform(options)
        .map_err(|error| anyhow!("{} can't be cut into parts: {error:#}", compiled.display()))?;
    let mut files = BTreeMap::new();
    for path in &made.split_modules {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = fs::read(path).with_context(|| format!("can't read {}", path.display()))?;
        let bytes = compact(&bytes).with_context(|| format!("can't read {}", path.display()))?;
        files.insert(name, bytes);
    }
    let needs = made
        .prefetch_map
        .into_iter()
        .map(|(part, files)| (part, files.iter().map(|file| format!("{file}.wasm")).collect()))
        .collect();
    Ok(Cut { script: fs::read_to_string(work.join(script_name(program)))?, files, needs })
}

/// Written anew without the names of functions, which are half of a part, and with its numbers in
/// as few bytes as they need, which the linker has not done for the sake of its notes.
fn compact(wasm: &[u8]) -> Result<Vec<u8>> {
    let mut config = ModuleConfig::new();
    config.generate_name_section(false).generate_producers_section(false);
    Ok(config.parse(wasm)?.emit_wasm())
}

#[cfg(test)]
mod tests {
    use walrus::{Module, ModuleConfig};

    use super::compact;

    #[test]
    fn a_part_without_names_is_still_one() {
        let mut module = Module::with_config(ModuleConfig::new());
        let memory = module.memories.add_local(false, false, 1, None, None);
        module.memories.get_mut(memory).name = Some("a memory with a long name".to_owned());
        module.exports.add("memory", memory);
        let named = module.emit_wasm();
        let compacted = compact(&named).expect("a module");
        assert!(compacted.len() < named.len(), "{} {}", compacted.len(), named.len());
        let again = Module::from_buffer(&compacted).expect("a module");
        assert_eq!(again.exports.iter().count(), 1);
        assert!(compact(b"no module").is_err());
    }
}
