//! Where is a file saved, and under which name?

use drydock::commands::Form;
use drydock::reference::Reference;
use js_sys::{Function, Object, Promise, Reflect, global};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{FileSystemDirectoryHandle, FileSystemFileHandle};

use crate::disk;
use crate::jobs::{Problem, ProblemKind};

/// Longest part of a name that is taken from an image.
const NAME: usize = 80;

/// Where a file is saved.
#[derive(Clone, Debug)]
pub enum Goal {
    /// In the file that the user has chosen.
    Chosen(FileSystemFileHandle),
    /// Where the browser puts its downloads, under this name.
    Download(String),
    /// In this folder, which is new.
    Folder(FileSystemDirectoryHandle),
}

/// Whether this browser lets a page write into a folder.
#[must_use]
pub fn can_write_folders() -> bool {
    picker("showDirectoryPicker").is_some()
}

impl Goal {
    /// Lets the user choose a place for a new folder; must be called at a click. `None` when the
    /// user thought better of it.
    ///
    /// # Errors
    /// When the browser can't write folders, or there is something of that name already.
    pub async fn choose_folder(name: &str) -> Result<Option<Self>, Problem> {
        let refused = || {
            let headline = "The browser does not let this page write a folder.";
            Problem::new(ProblemKind::Content, headline).advise("Save a tar instead.")
        };
        let options = Object::new();
        let writes = Reflect::set(&options, &"mode".into(), &"readwrite".into());
        writes.map_err(|_| refused())?;
        let asked = picker("showDirectoryPicker").ok_or_else(refused)?;
        let asked = asked.call1(&global(), &options).map_err(|_| refused())?;
        let above: FileSystemDirectoryHandle = match JsFuture::from(Promise::from(asked)).await {
            Ok(folder) => folder.unchecked_into(),
            Err(error) if disk::error_name(&error) == "AbortError" => return Ok(None),
            Err(_) => return Err(refused()),
        };
        let folder = disk::new_folder(&above, name).await?;
        Ok(Some(Self::Folder(folder)))
    }

    /// Lets the user choose a place, in browsers that can; must be called at a click. `None` when
    /// the user thought better of it.
    pub async fn choose(name: &str) -> Option<Self> {
        let download = Some(Self::Download(name.to_owned()));
        let Some(asked) = ask(name) else { return download };
        match JsFuture::from(asked).await {
            Ok(file) => Some(Self::Chosen(file.unchecked_into())),
            Err(error) if disk::error_name(&error) == "AbortError" => None,
            // Not here: in a frame, or by a policy.
            Err(_) => download,
        }
    }
}

/// Opens the browser's window for choosing a place; it is in no bindings yet.
fn ask(name: &str) -> Option<Promise> {
    let options = Object::new();
    Reflect::set(&options, &"suggestedName".into(), &JsValue::from_str(name)).ok()?;
    picker("showSaveFilePicker")?.call1(&global(), &options).ok()?.dyn_into().ok()
}

fn picker(name: &str) -> Option<Function> {
    Reflect::get(&global(), &name.into()).ok()?.dyn_into().ok()
}

/// The name of the file that an image is saved in: `debian-12.oci.tar`.
#[must_use]
pub fn file_name(reference: &Reference, form: Form, platform: Option<&str>) -> String {
    let repository = reference.repository.as_str();
    let mut name = repository.rsplit('/').next().unwrap_or(repository).to_owned();
    let version = match (&reference.tag, &reference.digest) {
        (Some(tag), _) => Some(tag.to_string()),
        (None, Some(digest)) => Some(digest.short().to_owned()),
        (None, None) => None,
    };
    for part in [version.as_deref(), platform].into_iter().flatten() {
        name.push('-');
        name.push_str(part);
    }
    let safe = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let name: String = name.chars().map(safe).take(NAME).collect();
    let kind = match form {
        Form::Layout | Form::Folder => "oci",
        Form::DockerSave => "docker",
        Form::Legacy => "legacy",
        Form::RootFs => "rootfs",
    };
    let name = format!("{}.{kind}", name.trim_matches(['.', '-']));
    if form == Form::Folder { name } else { format!("{name}.tar") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files() {
        for (reference, form, platform, name) in [
            ("ghcr.io/owner/app:1.4", Form::Layout, None, "app-1.4.oci.tar"),
            (
                "debian:12",
                Form::DockerSave,
                Some("linux/arm64/v8"),
                "debian-12-linux-arm64-v8.docker.tar",
            ),
            ("debian:12", Form::RootFs, Some("../\u{202e}x"), "debian-12-..--x.rootfs.tar"),
        ] {
            let reference = Reference::parse(reference).expect("reference");
            assert_eq!(file_name(&reference, form, platform), name);
        }
        let pinned = format!("a.io/b@sha256:{}", "0123456789ab".repeat(6).get(..64).expect("64"));
        let pinned = Reference::parse(&pinned).expect("reference");
        assert_eq!(file_name(&pinned, Form::Layout, None), "b-0123456789ab.oci.tar");
    }
}
