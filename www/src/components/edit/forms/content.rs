//! Files that become a layer, or several.

use std::collections::BTreeSet;
use std::sync::Arc;

use drydock::edit::{
    Action, BaseAnnotations, Edit, LayerEdit, LayerInput, NewFiles, Packing, Time,
};
use drydock::layer::write::NewEntry;
use leptos::prelude::*;

use super::{Form, TakesFiles};
use crate::components::edit::check;
use crate::components::edit::fields::{CheckLine, Remark, Segments, TextLine};
use crate::components::edit::files::{FilesPicker, Picked};
use crate::components::edit::pickers::{BasePicker, PackingPicker, TimeLine};
use crate::components::edit::scope::On;
use crate::components::edit::{Executable, FormContext, Times, Wanted, placed};
use crate::components::format;

/// Files, where they are put, and how.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FilesForm {
    /// The entries of the edit that is changed; they stay unless other files are chosen.
    kept: Option<Arc<[NewEntry]>>,
    picked: Picked,
    windows: bool,
    destination: String,
    /// Whether the names of folders that were chosen are left out.
    contents: bool,
    owner: String,
    file_mode: String,
    directory_mode: String,
    directories: bool,
    executable: Executable,
    keep_times: bool,
    time: String,
    packing: Packing,
    base: BaseAnnotations,
    layer_per_top: bool,
}

impl FilesForm {
    pub(super) fn new(context: &FormContext, edit: Option<&Edit>, picked: Picked) -> Self {
        let (kept, packing, base) = match edit.map(|edit| &edit.action) {
            Some(Action::Layers(LayerEdit::Add {
                layer: LayerInput::Files { entries, packing },
                base,
            })) => (Some(Arc::clone(entries)), *packing, *base),
            _ => (None, Packing::default(), BaseAnnotations::default()),
        };
        Self {
            kept,
            picked,
            windows: context.is_windows(),
            destination: "/".to_owned(),
            contents: false,
            owner: "0:0".to_owned(),
            file_mode: "0644".to_owned(),
            directory_mode: "0755".to_owned(),
            directories: false,
            executable: Executable::default(),
            keep_times: true,
            time: "1970-01-01T00:00:00Z".to_owned(),
            packing,
            base,
            layer_per_top: false,
        }
    }

    fn keeps(&self) -> bool {
        self.kept.is_some() && self.picked.is_empty()
    }

    /// Where the first file is put.
    fn example(&self) -> String {
        match self.picked.paths().next() {
            Some(path) => {
                let place = placed(&self.destination, path, self.contents);
                format!("{path} becomes /{place}.")
            }
            None => String::new(),
        }
    }

    /// What the closed part holds.
    fn details(&self) -> String {
        let times = if self.keep_times { "times as on disk" } else { "one time" };
        format!(
            "{}, files {}, directories {}, {times}, {}",
            self.owner, self.file_mode, self.directory_mode, self.packing
        )
    }

    /// A place that two files would have. Without their folders' names they may.
    fn doubled(&self) -> Option<String> {
        if !self.contents || self.layer_per_top || self.picked.tops().len() < 2 {
            return None;
        }
        let mut places = BTreeSet::new();
        let mut all = self.picked.paths().map(|path| placed(&self.destination, path, true));
        all.find(|place| !places.insert(place.clone()))
    }
}

impl Form for FilesForm {
    fn edit(&self, on: &On) -> Result<Vec<Wanted>, String> {
        let (packing, base) = (self.packing, self.base);
        if let Some(entries) = self.kept.as_ref().filter(|_| self.keeps()) {
            let layer = LayerInput::Files { entries: Arc::clone(entries), packing };
            return Ok(vec![on.edit(Action::Layers(LayerEdit::Add { layer, base }))?]);
        }
        if self.picked.is_empty() {
            return Err("Choose files or a folder, or drop them here.".to_owned());
        }
        let destination = self.destination.trim();
        check::absolute(destination, self.windows)?;
        let (uid, gid) = check::owner(self.owner.trim())?;
        let times = match self.keep_times {
            true => Times::Keep,
            false => Times::Fixed(check::time(self.time.trim())?.unix()),
        };
        if let Some(place) = self.doubled() {
            return Err(format!(
                "Two files would be /{}; keep the folders' names.",
                format::visible(&place)
            ));
        }
        let rules = NewFiles {
            destination: destination.to_owned(),
            contents: self.contents,
            uid,
            gid,
            file_mode: check::mode(self.file_mode.trim())?,
            directory_mode: check::mode(self.directory_mode.trim())?,
            directories: self.directories,
            executable: self.executable,
            times,
            layer_per_top: self.layer_per_top,
        };
        let (chosen, scope) = (self.picked.files(), on.scope()?);
        Ok(vec![Wanted::Files { chosen, rules, packing, base, scope }])
    }
}

impl TakesFiles for FilesForm {
    fn picked(&mut self) -> &mut Picked {
        &mut self.picked
    }
}

#[component]
pub(super) fn FilesFields(form: RwSignal<FilesForm>, now: Callback<(), Time>) -> impl IntoView {
    let kept = Signal::derive(move || {
        let kept =
            form.with(|form| form.kept.as_ref().filter(|_| form.keeps()).map(|kept| kept.len()));
        let entries = kept.map(|count| format::plural(count, "entry", "entries"));
        entries
            .map(|entries| {
                format!("The {entries} of the layer stay; files chosen here take their place.")
            })
            .unwrap_or_default()
    });
    let new = Memo::new(move |_| form.with(|form| !form.keeps()));
    // Of tens of thousands of files, which are not gone through while something else is typed.
    let picked = Memo::new(move |_| form.with(|form| form.picked.clone()));
    let folders = move || picked.with(|picked| picked.paths().any(|path| path.contains('/')));
    let tops = Memo::new(move |_| picked.with(|picked| picked.tops().len()));
    let several = move || tops.get() > 1;
    let separate =
        Signal::derive(move || format!("A layer for each of the {} at the top", tops.get()));
    view! {
        <Remark text=kept />
        <FilesPicker part=slice!(form.picked) folders=true />
        <Show when=move || new.get()>
            <TextLine name="Directory in the image" part=slice!(form.destination) placeholder="/app" />
            <Show when=folders>
                <CheckLine text="Leave out the folder's own name" part=slice!(form.contents) />
            </Show>
            <Show when=several>
                <CheckLine text=separate part=slice!(form.layer_per_top) />
            </Show>
            <Remark text=Signal::derive(move || form.with(FilesForm::example)) />
        </Show>
        <details class="more">
            <summary>
                "Owner, modes, times and packing"
                <span class="muted">{move || form.with(FilesForm::details)}</span>
            </summary>
            <div class="content">
                <Show when=move || new.get()>
                    <ModeFields form now />
                </Show>
                <PackingPicker part=slice!(form.packing) />
                <BasePicker part=slice!(form.base) />
            </div>
        </details>
    }
}

#[component]
fn ModeFields(form: RwSignal<FilesForm>, now: Callback<(), Time>) -> impl IntoView {
    let executable = vec![
        (Executable::Programs, "Scripts and programs"),
        (Executable::All, "All files"),
        (Executable::None, "None"),
    ];
    let times = vec![(true, "As on disk"), (false, "One for all")];
    view! {
        <div class="fields">
            <TextLine name="Owner and group" part=slice!(form.owner) placeholder="0:0" />
            <TextLine name="Mode of files" part=slice!(form.file_mode) placeholder="0644" />
            <TextLine name="Mode of directories" part=slice!(form.directory_mode) placeholder="0755" />
        </div>
        <CheckLine
            text="Also directories of these names that the image has get this mode and owner"
            part=slice!(form.directories)
        />
        <Segments name="May be executed" options=executable part=slice!(form.executable) />
        <Segments name="Times of last change" options=times part=slice!(form.keep_times) />
        <Show when=move || form.with(|form| !form.keep_times)>
            <TimeLine name="Time" part=slice!(form.time) now />
        </Show>
    }
}

#[cfg(test)]
mod tests {
    use drydock::edit::Scope;

    use super::super::{everywhere, only};
    use super::*;
    use crate::components::edit::files::sample;

    fn form(paths: &[&str]) -> FilesForm {
        let mut picked = Picked::default();
        picked.add(sample(paths), |_| 1);
        FilesForm::new(&FormContext::default(), None, picked)
    }

    #[test]
    fn files_are_handed_on_with_what_was_typed() {
        let mut form = form(&["dist/a.js", "dist/b.js"]);
        form.destination = " /app ".to_owned();
        form.owner = "1000:50".to_owned();
        form.file_mode = "0600".to_owned();
        form.keep_times = false;
        form.time = "1970-01-01T00:00:09Z".to_owned();
        form.packing = Packing::Zstd;
        let wanted = form.edit(&everywhere()).unwrap();
        let [Wanted::Files { chosen, rules, packing, scope, .. }] = wanted.as_slice() else {
            panic!("files are wanted");
        };
        assert_eq!(chosen.len(), 2);
        assert_eq!((&*rules.destination, rules.uid, rules.gid), ("/app", 1000, 50));
        assert_eq!((rules.file_mode, rules.directory_mode), (0o600, 0o755));
        assert_eq!((rules.times, *packing, scope), (Times::Fixed(9), Packing::Zstd, &Scope::All));
    }

    #[test]
    fn where_files_go_is_shown() {
        let mut form = form(&["dist/a.js"]);
        form.destination = "/app/".to_owned();
        assert_eq!(form.example(), "dist/a.js becomes /app/dist/a.js.");
        form.contents = true;
        assert_eq!(form.example(), "dist/a.js becomes /app/a.js.");
    }

    #[test]
    fn nothing_and_nonsense_are_refused() {
        assert!(form(&[]).edit(&everywhere()).unwrap_err().starts_with("Choose files"));
        let good = form(&["a/x", "b/x"]);
        for wrong in [
            FilesForm { destination: "app".into(), ..good.clone() },
            FilesForm { owner: "root".into(), ..good.clone() },
            FilesForm { file_mode: "rw".into(), ..good.clone() },
            FilesForm { directory_mode: "9".into(), ..good.clone() },
            FilesForm { keep_times: false, time: "now".into(), ..good.clone() },
            FilesForm { contents: true, ..good.clone() },
        ] {
            assert!(wrong.edit(&everywhere()).is_err());
        }
        let apart = FilesForm { contents: true, layer_per_top: true, ..good };
        assert!(apart.edit(&everywhere()).is_ok());
    }

    #[test]
    fn an_edit_that_is_changed_keeps_its_files() {
        let layer = LayerInput::Files { entries: [].into(), packing: Packing::None };
        let base = BaseAnnotations::Keep;
        let edit = Edit::all(Action::Layers(LayerEdit::Add { layer, base }));
        let mut form = FilesForm::new(&FormContext::default(), Some(&edit), Picked::default());
        assert_eq!(only(form.edit(&everywhere())), edit);
        form.picked.add(sample(&["a"]), |_| 1);
        assert!(matches!(form.edit(&everywhere()).unwrap().as_slice(), [Wanted::Files { .. }]));
    }
}
