//! Files that are attached as an artifact.

use drydock::edit::{Action, AttachEdit, AttachTo, AttachedFile, Edit};
use leptos::prelude::*;

use super::platform::Suggestions;
use super::{Form, TakesFiles};
use crate::components::edit::check;
use crate::components::edit::fields::{Remark, Segments, TextLine};
use crate::components::edit::files::{FilesPicker, Picked};
use crate::components::edit::rows::{Naming, TableRows};
use crate::components::edit::scope::On;
use crate::components::edit::table::Table;
use crate::components::edit::{FormContext, Wanted};
use crate::components::format;

const ANNOTATION: Naming = Naming { noun: "An annotation", name: "Name", value: Some("Value") };

/// Types that artifacts often have.
const TYPES: &[&str] = &[
    "application/spdx+json",
    "application/vnd.cyclonedx+json",
    "application/vnd.in-toto+json",
    "application/sarif+json",
    "application/openvex+json",
    "text/markdown",
    "text/plain",
];

/// An artifact: its files, what it is, and what it is about.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AttachForm {
    is_index: bool,
    /// The files of the edit that is changed; they stay unless others are chosen.
    kept: Option<Vec<AttachedFile>>,
    picked: Picked,
    artifact_type: String,
    annotations: Table,
    to: AttachTo,
}

impl AttachForm {
    pub(super) fn new(context: &FormContext, edit: Option<&Edit>, picked: Picked) -> Self {
        let is_index = context.is_index;
        let Some(Action::Attach(attach)) = edit.map(|edit| &edit.action) else {
            return Self {
                is_index,
                kept: None,
                artifact_type: guess(&picked).unwrap_or_default().to_owned(),
                picked,
                annotations: Table::default(),
                to: AttachTo::Root,
            };
        };
        Self {
            is_index,
            kept: Some(attach.files.clone()),
            picked,
            artifact_type: attach.artifact_type.to_string(),
            annotations: Table::of(attach.annotations.clone()),
            to: attach.to,
        }
    }

    /// What stays of the edit that is changed.
    fn kept(&self) -> String {
        let kept = self.kept.as_ref().filter(|_| self.picked.is_empty());
        kept.map(|files| format::plural(files.len(), "file", "files"))
            .map(|files| {
                format!("The {files} of the artifact stay; files chosen here take their place.")
            })
            .unwrap_or_default()
    }
}

impl Form for AttachForm {
    fn edit(&self, on: &On) -> Result<Vec<Wanted>, String> {
        let files = self.kept.as_ref().filter(|_| self.picked.is_empty());
        if files.is_none() && self.picked.is_empty() {
            return Err("Choose a file, or drop it here.".to_owned());
        }
        let artifact_type = check::artifact_type(self.artifact_type.trim())?;
        let annotations = self.annotations.entries(ANNOTATION.noun)?.into_iter().collect();
        let on = if self.is_scoped() { on.clone() } else { On { all: true, ..on.clone() } };
        let to = self.to;
        Ok(vec![match files.cloned() {
            Some(files) => {
                on.edit(Action::Attach(AttachEdit { to, artifact_type, files, annotations }))?
            }
            None => {
                let (chosen, scope) = (self.picked.files(), on.scope()?);
                Wanted::Attach { chosen, artifact_type, annotations, to, scope }
            }
        }])
    }

    fn is_scoped(&self) -> bool {
        self.to == AttachTo::Images
    }
}

impl TakesFiles for AttachForm {
    fn picked(&mut self) -> &mut Picked {
        &mut self.picked
    }
}

/// What a file probably is, by its name.
fn guess(picked: &Picked) -> Option<&'static str> {
    const ENDS: [(&str, &str); 8] = [
        (".spdx.json", "application/spdx+json"),
        (".spdx", "text/spdx"),
        (".cdx.json", "application/vnd.cyclonedx+json"),
        (".intoto.jsonl", "application/vnd.in-toto+json"),
        (".sarif", "application/sarif+json"),
        (".vex.json", "application/openvex+json"),
        (".md", "text/markdown"),
        (".txt", "text/plain"),
    ];
    let name = picked.paths().next()?.to_lowercase();
    ENDS.into_iter().find(|(end, _)| name.ends_with(end)).map(|(_, media_type)| media_type)
}

#[component]
pub(super) fn AttachFields(form: RwSignal<AttachForm>) -> impl IntoView {
    let is_index = form.with_untracked(|form| form.is_index);
    let picked = Memo::new(move |_| form.with(|form| form.picked.clone()));
    // Fills in what is likely when files come, unless something was typed.
    Effect::new(move |_| {
        let guess = picked.with(guess);
        if let Some(guess) = guess
            && form.with_untracked(|form| form.artifact_type.is_empty())
        {
            form.update(|form| guess.clone_into(&mut form.artifact_type));
        }
    });
    let to = is_index.then(|| {
        let options = vec![(AttachTo::Root, "The index"), (AttachTo::Images, "Every image")];
        view! { <Segments name="About" options part=slice!(form.to) /> }
    });
    let remark = "The artifact names the new digest as its subject and is pushed with it. A registry without the list of referrers gets the fallback tag.";
    view! {
        <Remark text=Signal::derive(move || form.with(AttachForm::kept)) />
        <FilesPicker part=slice!(form.picked) />
        <TextLine
            name="Type of the artifact"
            part=slice!(form.artifact_type)
            placeholder="application/spdx+json"
            list="artifact-types"
        />
        <Suggestions id="artifact-types" values=TYPES />
        {to}
        <details class="more">
            <summary>"Annotations"</summary>
            <div class="content">
                <TableRows part=slice!(form.annotations) naming=ANNOTATION />
            </div>
        </details>
        <Remark text=remark />
    }
}

#[cfg(test)]
mod tests {
    use drydock::digest::Digest;
    use drydock::edit::Scope;
    use drydock::media_type::MediaType;

    use super::super::{everywhere, only};
    use super::*;
    use crate::components::edit::files::sample;

    fn picked(paths: &[&str]) -> Picked {
        let mut picked = Picked::default();
        picked.add(sample(paths), |_| 1);
        picked
    }

    #[test]
    fn a_file_is_attached() {
        let mut form = AttachForm::new(&FormContext::default(), None, picked(&["Sbom.SPDX.json"]));
        assert_eq!(form.artifact_type, "application/spdx+json");
        let id = form.annotations.add();
        form.annotations.row_mut(id).unwrap().name = "a".to_owned();
        let wanted = form.edit(&everywhere()).unwrap();
        let [Wanted::Attach { chosen, artifact_type, annotations, to, scope }] = wanted.as_slice()
        else {
            panic!("an artifact is wanted");
        };
        assert_eq!((chosen.len(), artifact_type.as_str()), (1, "application/spdx+json"));
        assert_eq!(annotations.get("a").map(String::as_str), Some(""));
        assert_eq!((*to, scope), (AttachTo::Root, &Scope::All));
    }

    #[test]
    fn what_is_missing_is_said() {
        let form = AttachForm::new(&FormContext::default(), None, picked(&[]));
        assert!(form.edit(&everywhere()).unwrap_err().starts_with("Choose a file"));
        let form = AttachForm::new(&FormContext::default(), None, picked(&["a.bin"]));
        assert!(form.edit(&everywhere()).unwrap_err().starts_with("Type a media type"));
    }

    #[test]
    fn the_scope_counts_for_images_only() {
        let on = On { all: false, ..everywhere() };
        let mut form = AttachForm::new(&FormContext::default(), None, picked(&["a.txt"]));
        assert!(!form.is_scoped() && form.edit(&on).is_ok());
        form.to = AttachTo::Images;
        assert!(form.is_scoped() && form.edit(&on).is_err());
    }

    #[test]
    fn an_edit_that_is_changed_keeps_its_files() {
        let text = MediaType::new("text/plain");
        let file = AttachedFile {
            media_type: text.clone(),
            digest: Digest::sha256(b""),
            size: 0,
            title: None,
        };
        let annotations = [("a".to_owned(), "b".to_owned())].into();
        let attach = AttachEdit {
            to: AttachTo::Images,
            artifact_type: text,
            files: vec![file],
            annotations,
        };
        let edit = Edit::all(Action::Attach(attach));
        let form = AttachForm::new(&FormContext::default(), Some(&edit), Picked::default());
        assert_eq!(only(form.edit(&everywhere())), edit);
    }
}
