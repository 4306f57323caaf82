//! Files and folders that the user chose or dropped. Their content stays on disk until it is read.

use js_sys::{Array, Promise, Reflect};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, DataTransfer, File, FileList, FileSystemDirectoryEntry, FileSystemEntry,
    FileSystemFileEntry,
};

use crate::net::problem::{Problem, ProblemKind};

/// A file that the user chose or dropped.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// Its name, or its path from the folder on that was chosen, that folder's name included.
    pub path: String,
    /// Its content.
    pub blob: Blob,
    /// Its time of last change, in seconds since 1970.
    pub mtime: i64,
}

/// The text of a file that is no longer than `limit` bytes. What is no text has marks in place of it.
///
/// # Errors
/// When it is longer, or has gone.
pub async fn text_of(file: &Chosen, limit: u64) -> Result<String, Problem> {
    if file.blob.size() as u64 > limit {
        let message =
            format!("{} is larger than {limit} bytes, which is more than is read here.", file.path);
        return Err(Problem::new(ProblemKind::Content, message));
    }
    let text = JsFuture::from(file.blob.text()).await.map_err(|_| gone())?;
    Ok(text.as_string().unwrap_or_default())
}

/// Bytes that files have together.
#[must_use]
pub fn size(files: &[Chosen]) -> u64 {
    files.iter().map(|file| file.blob.size() as u64).sum()
}

/// A file that was chosen can't be read.
#[must_use]
pub fn gone() -> Problem {
    let headline =
        "The file can't be read any more: it was changed, moved or deleted since it was chosen.";
    Problem::new(ProblemKind::Content, headline).advise("Choose it again.")
}

/// What was dropped. It must be taken from the event before anything is waited for.
pub struct Dropped(Vec<FileSystemEntry>);

impl Chosen {
    fn new(path: String, file: File) -> Self {
        let mtime = (file.last_modified() / 1000.0).floor() as i64;
        Self { path, blob: file.into(), mtime }
    }
}

/// The files of a field; those of a folder with their paths.
#[must_use]
pub fn of_list(list: &FileList) -> Vec<Chosen> {
    let files = (0..list.length()).filter_map(|at| list.get(at));
    let mut chosen: Vec<Chosen> = files
        .map(|file| {
            let path = Reflect::get(&file, &"webkitRelativePath".into());
            let path = path.ok().and_then(|path| path.as_string()).filter(|path| !path.is_empty());
            Chosen::new(path.unwrap_or_else(|| file.name()), file)
        })
        .collect();
    chosen.sort_by(|a, b| a.path.cmp(&b.path));
    chosen
}

impl Dropped {
    /// Takes what an event carries.
    #[must_use]
    pub fn take(transfer: &DataTransfer) -> Self {
        let items = transfer.items();
        let entries = (0..items.length()).filter_map(|at| items.get(at));
        let entries = entries.filter_map(|item| item.webkit_get_as_entry().ok().flatten());
        Self(entries.collect())
    }

    /// Whether it is no files.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All files, those in folders with their paths, sorted by them. Files that the browser does
    /// not give are left out.
    pub async fn files(self) -> Vec<Chosen> {
        let mut open: Vec<(String, FileSystemEntry)> =
            self.0.into_iter().map(|entry| (entry.name(), entry)).collect();
        let mut chosen = Vec::new();
        while let Some((path, entry)) = open.pop() {
            if entry.is_file() {
                chosen
                    .extend(file(entry.unchecked_into()).await.map(|file| Chosen::new(path, file)));
            } else {
                for child in children(entry.unchecked_into()).await {
                    open.push((format!("{path}/{}", child.name()), child));
                }
            }
        }
        chosen.sort_by(|a, b| a.path.cmp(&b.path));
        chosen
    }
}

async fn file(entry: FileSystemFileEntry) -> Option<File> {
    let file = called_back(|found, failed| {
        entry.file_with_callback_and_callback(found, failed);
    });
    file.await.map(JsValue::unchecked_into)
}

/// A folder is read in portions, until one is empty.
async fn children(folder: FileSystemDirectoryEntry) -> Vec<FileSystemEntry> {
    let reader = folder.create_reader();
    let mut children = Vec::new();
    loop {
        let portion = called_back(|found, failed| {
            let _started = reader.read_entries_with_callback_and_callback(found, failed);
        });
        let portion = portion.await.map(|portion| Array::from(&portion)).unwrap_or_default();
        if portion.length() == 0 {
            return children;
        }
        children.extend(portion.iter().map(JsValue::unchecked_into::<FileSystemEntry>));
    }
}

/// Waits for one of two callbacks; nothing when it is the second.
async fn called_back(start: impl Fn(&js_sys::Function, &js_sys::Function)) -> Option<JsValue> {
    let promise = Promise::new(&mut |resolve, reject| {
        let found = Closure::once_into_js(move |value: JsValue| {
            let _told = resolve.call1(&JsValue::NULL, &value);
        });
        let failed = Closure::once_into_js(move |error: JsValue| {
            let _told = reject.call1(&JsValue::NULL, &error);
        });
        start(found.unchecked_ref(), failed.unchecked_ref());
    });
    JsFuture::from(promise).await.ok()
}
